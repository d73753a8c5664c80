/** What the checklist says of types: variants, decorators, and what an index serves. */
import { describe, expect, test } from "vitest";
import {
  Column,
  column,
  func,
  Index,
  insert,
  ManyToOne,
  MetaData,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  type SQLType,
  select,
  selectinload,
  TypeDecorator,
  t,
  table,
  text,
  update,
} from "../../../src/index.js";
import { databaseKind, freshDatabase } from "../../support/database.js";
import { make, storeFor } from "../support.js";

const postgres = databaseKind() === "postgresql";

/** A value object that is text in the database. */
class Code {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
}
class CodeType extends TypeDecorator<Code, string> {
  readonly impl = t.string(20);
  override processBindParam(value: Code): string {
    return `c:${value.text}`;
  }
  override processResultValue(value: string): Code {
    return new Code(value.slice(2));
  }
  override equals(a: Code, b: Code): boolean {
    return a.text === b.text;
  }
}

describe("[CT-09] a type of one's own", () => {
  const reg = registry();
  @reg.Entity("shelves")
  class Shelf {
    @PrimaryKey(new CodeType()) code!: Code;
    @Column(new CodeType(), { default: () => new Code("dflt") }) kind!: Code;
    @OneToMany(
      () => Item,
      (item) => item.shelf,
    )
    items!: Item[];
  }
  @reg.Entity("items")
  class Item {
    @PrimaryKey() id!: number;
    @ManyToOne(
      () => Shelf,
      (shelf) => shelf.items,
    )
    shelf!: Relation<Shelf> | null;
  }

  test("converts in keys, the identity map, foreign keys, defaults, filters, lists, updates and results", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const shelf = make(Shelf, { code: new Code("a1"), items: [make(Item, { id: 1 }), make(Item, { id: 2 })] });
    session.add(shelf);
    await session.commit();
    await session.refresh(shelf);
    expect(shelf.kind.text).toBe("dflt");
    expect(await session.execute(text("SELECT code, kind FROM shelves")).all()).toEqual([["c:a1", "c:dflt"]]);
    expect(await session.execute(text("SELECT DISTINCT shelf_code FROM items")).scalars().all()).toEqual(["c:a1"]);
    // one object for one row, by equal keys that are other objects
    expect(await session.get(Shelf, new Code("a1"))).toBe(shelf);
    await session.close();
    await using other = Session();
    const again = await other.scalars(select(Shelf).options(selectinload(Shelf, (s) => s.items))).one();
    expect(await other.get(Shelf, new Code("a1"))).toBe(again);
    expect(again.items.map((item) => item.shelf === again)).toEqual([true, true]);
    const found = select(Shelf).where(
      (s) => s.kind.eq(new Code("dflt")),
      (s) => s.code.in([new Code("x"), new Code("a1")]),
    );
    expect(await other.scalars(found).all()).toEqual([again]);
    const rows = await other.execute(
      update(Shelf)
        .where((s) => s.code.eq(new Code("a1")))
        .values({ kind: new Code("new") })
        .returning(Shelf),
    );
    expect((await rows.scalars().one()).kind).toEqual(new Code("new"));
    again.kind = new Code("new");
    expect(other.isModified(again)).toBe(false);
  });
});

test("[CT-08] a variant stands in for a type on its database, in DDL, in what is bound and in what comes back", async () => {
  const { engine } = await freshDatabase();
  const metadata = new MetaData();
  const list = t.array(t.text).withVariant(t.json as unknown as SQLType<string[]>, "sqlite");
  const things = table("things", metadata, { id: column(t.integer, { primaryKey: true }), tags: column(list) });
  await metadata.createAll(engine);
  await engine.execute(insert(things).values({ id: 1, tags: ["a", "it's"] }));
  expect(await engine.scalar(select(things.c.tags))).toEqual(["a", "it's"]);
  const raw = text(postgres ? "SELECT pg_typeof(tags)::text FROM things" : "SELECT tags FROM things");
  expect(await engine.scalar(raw)).toBe(postgres ? "text[]" : '["a","it\'s"]');
  expect(
    await engine.scalar(
      select(func.count())
        .selectFrom(things)
        .where(things.c.tags.eq(["a", "it's"])),
    ),
  ).toBe(1);
});

test("[CD-02] a key whose default is an SQL expression is known after the insert, alone and in a batch", async () => {
  const { engine } = await freshDatabase();
  const metadata = new MetaData();
  const things = table("things", metadata, {
    code: column(t.text, { primaryKey: true, default: func.lower("ABC").concat(func.length("xy").cast(t.text)) }),
    n: column(t.integer),
  });
  await metadata.createAll(engine);
  expect((await engine.execute(insert(things).values({ n: 1 }))).insertedPrimaryKey).toEqual(["abc2"]);
  await engine.execute(things.delete().all());
  const many = await engine.execute(insert(things).returnDefaults(), [{ n: 1 }]);
  expect(many.insertedPrimaryKeyRows).toEqual([["abc2"]]);
});

test.runIf(postgres)("[PG-03] each operator of jsonb is served by a GIN index", async () => {
  const { engine } = await freshDatabase();
  const metadata = new MetaData();
  const docs = table("docs", metadata, {
    id: column(t.integer, { primaryKey: true }),
    body: column(t.jsonb<{ a?: number; tags?: string[] }>(), { nullable: false }),
  });
  docs.addIndex(new Index("ix_docs_body", [docs.c.body], { using: "gin" }));
  await metadata.createAll(engine);
  await engine.execute(
    insert(docs),
    Array.from({ length: 50 }, (_, id) => ({ id, body: { a: id, tags: [`t${id % 5}`] } })),
  );
  await using c = await engine.connect();
  await c.execute(text("SET LOCAL enable_seqscan = off"));
  const { body } = docs.c;
  for (const [condition, ids] of [
    [body.contains({ a: 7 }), [7]],
    [body.hasKey("nope"), []],
    [body.hasAny(["nope", "a"]), 50],
    [body.hasAll(["a", "tags"]), 50],
    [body.pathExists("$.a ? (@ == 8)"), [8]],
    [body.pathMatch("$.a == 9"), [9]],
  ] as const) {
    const stmt = select(docs.c.id).where(condition).orderBy(docs.c.id);
    const found = await c.execute(stmt).scalars().all();
    if (typeof ids === "number") expect(found).toHaveLength(ids);
    else expect(found).toEqual(ids);
    const plan = await c.execDriverSql(`EXPLAIN ${stmt.compile(engine, { literalBinds: true }).text}`);
    expect(JSON.stringify(await plan.all())).toContain("ix_docs_body");
  }
});
