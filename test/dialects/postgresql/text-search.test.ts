/** Full-text search over a class: a document computed by the database, its index, queries, ranks and headlines, all typed. */
import { afterAll, beforeAll, expect, expectTypeOf, test } from "vitest";
import {
  type AsyncEngine,
  type AsyncSession,
  asyncSessionmaker,
  attrs,
  type BoolExpr,
  Column,
  computed,
  createAsyncEngine,
  func,
  Index,
  inspect,
  PrimaryKey,
  postgresql,
  registry,
  select,
  type TsVector,
  t,
  text,
} from "../../../src/index.js";
import { rejection, scratchDatabase } from "./support.js";

const db = scratchDatabase();
const reg = registry();

@reg.Entity("ts_articles", { tableArgs: () => [new Index("ix_ts_document", ["document"], { using: "gin" })] })
class Article {
  @PrimaryKey() id!: number;
  @Column(t.text) title!: string;
  @Column(t.text) body!: string;
  @Column(postgresql.tsvector, {
    computed: computed(
      "setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', body), 'B')",
      { persisted: true },
    ),
  })
  readonly document!: TsVector;
}

let engine: AsyncEngine;
let session: AsyncSession;

beforeAll(async () => {
  engine = createAsyncEngine(db.url);
  await reg.metadata.createAll(engine);
  session = asyncSessionmaker(engine)();
  await session.copyFrom(Article, [
    { title: "Cats", body: "The cats are sleeping on the mats" },
    { title: "Dogs", body: "A dog sleeps; a cat watches the dogs" },
    { title: "Birds", body: "Birds fly, and cats look at them" },
    ...Array.from({ length: 500 }, (_, i) => ({ title: `Nothing ${i}`, body: "some other text" })),
  ]);
  await session.commit();
  await engine.execute(text("ANALYZE ts_articles"));
});
afterAll(async () => {
  await session.close();
  await engine.dispose();
});

const a = attrs(Article);
const found = (query: ReturnType<typeof func.toTsquery>) =>
  session
    .scalars(select(a.title).where(a.document.match(query)).orderBy(func.tsRank(a.document, query).desc(), a.id))
    .all();

test("[PG-07] a ranked search of a class by every kind of query, and queries put together", async () => {
  expect(await found(func.toTsquery("english", "cat & !bird"))).toEqual(["Cats", "Dogs"]);
  expect(await found(func.plaintoTsquery("english", "sleeping cat"))).toEqual(["Cats", "Dogs"]);
  expect(await found(func.phrasetoTsquery("english", "dog sleeps"))).toEqual(["Dogs"]);
  expect(await found(func.websearchToTsquery("english", 'fly or "dog sleeps" -mats'))).toEqual(["Dogs", "Birds"]);
  const cat = func.toTsquery("english", "cat");
  const dog = func.toTsquery("english", "dog");
  expect(await found(func.tsqueryAnd(cat, func.tsqueryNot(dog)))).toEqual(["Cats", "Birds"]);
  expect(await found(func.tsqueryOr(dog, func.toTsquery("english", "fly")))).toEqual(["Dogs", "Birds"]);
  expect(await found(func.tsqueryPhrase(dog, func.toTsquery("english", "sleep")))).toEqual(["Dogs"]);
  expect(
    await session.scalars(select(a.title).where(a.document.match("sleep mat", { config: "english" }))).all(),
  ).toEqual(["Cats"]);
  expect(await session.scalars(select(a.title).where(a.document.match("cat").not(), a.id.le(3))).all()).toEqual([]);
  const both = func.toTsvector("english", a.title).concat(func.toTsvector("english", "unicorns"));
  expect(
    await session.scalars(select(a.title).where(both.match(func.toTsquery("english", "unicorn & dog")))).all(),
  ).toEqual(["Dogs"]);
});

test("[PG-07] ranks, headlines and the document come as values; the database's index is used, and reflected", async () => {
  const query = func.websearchToTsquery("english", "cats");
  const rows = await session
    .execute(
      select({
        title: a.title,
        rank: func.tsRankCd(a.document, query, 1),
        head: func.tsHeadline("english", a.body, query, "StartSel=<, StopSel=>"),
      })
        .where(a.document.match(query))
        .orderBy(func.tsRank(a.document, query).desc(), a.id),
    )
    .all();
  expect(rows.map((row) => [row.title, row.head])).toEqual([
    ["Cats", "The <cats> are sleeping on the mats"],
    ["Dogs", "A dog sleeps; a <cat> watches the dogs"],
    ["Birds", "Birds fly, and <cats> look at them"],
  ]);
  expect(rows[0]!.rank).toBeGreaterThan(rows[1]!.rank);
  expect((await session.get(Article, 1))!.document).toBe("'cat':1A,3B 'mat':8B 'sleep':5B");
  await session.execute(text("SET LOCAL enable_seqscan = off"));
  const plan = await select(a.title).where(a.document.match(query)).explain(session);
  expect(plan.toString()).toContain("ix_ts_document");
  await session.rollback();
  const columns = await inspect(engine).getColumns("ts_articles");
  expect(String(columns.find((each) => each.name === "document")?.type)).toBe(String(postgresql.tsvector));
  expect((await rejection(found(func.toTsquery("english", "cat &")))).name).toBe("ProgrammingError");
  await session.rollback();
});

test("[PG-07] documents and queries have their own operators, and not those of text", () => {
  expectTypeOf(a.document.match(func.toTsquery("english", "cat"))).toExtend<BoolExpr<boolean>>();
  expectTypeOf(func.tsRank(a.document, func.toTsquery("cat"))).toHaveProperty("desc");
  const refused = () => {
    // @ts-expect-error: a document is no text
    a.document.like("%cat%");
    // @ts-expect-error: a query is no text
    func.toTsquery("english", "cat").upper();
    // @ts-expect-error: a number is no document
    func.tsRank(a.id, func.toTsquery("english", "cat"));
    // @ts-expect-error: a weight is a letter from A to D
    func.setweight(a.document, "E");
  };
  expect(refused).toBeTypeOf("function");
});
