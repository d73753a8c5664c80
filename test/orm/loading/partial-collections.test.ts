import { expect, test } from "vitest";
import {
  attributeKeyedDict,
  Column,
  InvalidRequestError,
  inspect,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("writers")
class Writer {
  @PrimaryKey() id!: number;
  @Column() name!: string;
  @OneToMany(
    () => Text,
    (x) => x.writer,
    { cascade: ["all", "delete-orphan"], orderBy: (x) => x.id },
  )
  texts!: Text[];
}

@reg.Entity("texts")
class Text {
  @PrimaryKey() id!: number;
  @Column(t.integer) year!: number;
  @ManyToOne(
    () => Writer,
    (w) => w.texts,
  )
  writer!: Relation<Writer> | null;
  @ManyToMany(
    () => Topic,
    (x) => x.texts,
    { secondary: "text_topics" },
  )
  topics!: Topic[];
}

@reg.Entity("topics")
class Topic {
  @PrimaryKey() id!: number;
  @Column() name!: string;
  @ManyToMany(
    () => Text,
    (x) => x.topics,
  )
  texts!: Text[];
}

async function filled() {
  const store = await storeFor(reg);
  await store.Session.begin((s) => {
    const topics = [1, 2].map((i) => make(Topic, { name: `T${i}` }));
    for (const [name, count] of [
      ["A", 5],
      ["B", 2],
      ["C", 0],
    ] as const) {
      const texts = Array.from({ length: count }, (_, i) => make(Text, { year: 2000 + ((i * 2) % 5), topics }));
      s.add(make(Writer, { name, texts }));
    }
  });
  return store;
}

const years = (writers: readonly Writer[]): number[][] => writers.map((w) => w.texts.map((x) => x.year));

test("[QR-15] the newest three of each parent are loaded with one statement, in their order", async () => {
  const { engine, Session } = await filled();
  await using session = Session();
  const statements = recordStatements(engine);
  const writers = await session
    .scalars(
      select(Writer)
        .orderBy((w) => w.id)
        .options(selectinload(Writer, (w) => w.texts, { orderBy: (x) => x.year.desc(), limit: 3 })),
    )
    .all();
  expect(years(writers)).toEqual([[2004, 2003, 2002], [2002, 2000], []]);
  expect(statements.statements).toHaveLength(2);
  expect(inspect(writers[0]).attrs.texts.partial).toBe(true);
  expect(writers[0].texts[0].writer).toBe(writers[0]);
});

test("members of certain places are ordered by their key once, whether or not their order names it", async () => {
  const { engine, Session } = await filled();
  await using session = Session();
  using log = recordStatements(engine);
  const byMapping = selectinload(Writer, (w) => w.texts, { limit: 3 });
  const byYear = selectinload(Writer, (w) => w.texts, { limit: 3, orderBy: (x) => x.year });
  for (const option of [byMapping, byYear]) await session.scalars(select(Writer).options(option)).all();
  const ordered = log.statements
    .map(({ text }) => /ORDER BY ([^()]*?)(?: \)| LIMIT|\)|$)/.exec(text)?.[1])
    .filter(Boolean);
  for (const order of ordered) {
    const names = (order as string).split(", ");
    expect(new Set(names).size).toBe(names.length);
  }
  expect(ordered).toHaveLength(2);
});

test("the newest of one parent are its rows, ordered and limited, with a collection of theirs that is joined to them", async () => {
  const { engine, Session } = await filled();
  await using session = Session();
  using log = recordStatements(engine);
  const newest = selectinload(Writer, (w) => w.texts, { orderBy: (x) => x.year.desc(), limit: 2, offset: 1 });
  const named = select(Writer).where((w) => w.name.eq("A"));
  expect(years([await session.scalars(named.options(newest)).one()])).toEqual([[2003, 2002]]);
  expect(log.statements[1].text).toMatch(
    /^SELECT texts\.id, .* FROM texts WHERE texts\.writer_id = \S+ ORDER BY texts\.year DESC, texts\.id LIMIT \S+ OFFSET \S+$/,
  );
  await session.close();
  const { texts } = await session.scalars(named.options(newest.joinedload((x) => x.topics))).one();
  expect(texts.map((x) => [x.year, x.topics.map((y) => y.name).sort()])).toEqual([
    [2003, ["T1", "T2"]],
    [2002, ["T1", "T2"]],
  ]);
  await session.close();
  const topic = await session
    .scalars(
      select(Topic)
        .where((x) => x.name.eq("T1"))
        .options(selectinload(Topic, (x) => x.texts, { orderBy: (x) => [x.year.desc(), x.id], limit: 3 })),
    )
    .one();
  expect(topic.texts.map((x) => x.year)).toEqual([2004, 2003, 2002]);
});

test("[QR-15] where, offset and the mapping's own order; many-to-many; further options for the members", async () => {
  const { Session } = await filled();
  await using session = Session();
  const writers = await session
    .scalars(
      select(Writer)
        .orderBy((w) => w.id)
        .options(
          selectinload(Writer, (w) => w.texts, { where: (x) => x.year.gt(2000), offset: 1, limit: 2 }).selectinload(
            (x) => x.topics,
            { orderBy: (x) => x.name.desc(), limit: 1 },
          ),
        ),
    )
    .all();
  expect(years(writers)).toEqual([[2004, 2001], [], []]);
  expect(writers[0].texts.map((x) => x.topics.map((y) => y.name))).toEqual([["T2"], ["T2"]]);
  await session.close();
  await using other = Session();
  const all = await other
    .scalars(
      select(Topic)
        .orderBy((x) => x.id)
        .options(selectinload(Topic, (x) => x.texts, { orderBy: (x) => [x.year.desc(), x.id], limit: 2 })),
    )
    .all();
  expect(all.map((topic) => topic.texts.map((x) => x.year))).toEqual([
    [2004, 2003],
    [2004, 2003],
  ]);
});

test("[QR-15] two statements that differ in their numbers give each its own", async () => {
  const { Session } = await filled();
  await using ordered = Session();
  const a = await ordered
    .scalars(
      select(Writer)
        .where((w) => w.name.eq("A"))
        .options(selectinload(Writer, (w) => w.texts, { orderBy: (x) => x.year.desc() })),
    )
    .one();
  expect(a.texts.map((x) => x.year)).toEqual([2004, 2003, 2002, 2001, 2000]);
  expect(inspect(a).attrs.texts.partial).toBe(false);
  await ordered.close();
  for (const limit of [1, 2, 0]) {
    await using session = Session();
    const stmt = select(Writer)
      .where((w) => w.name.eq("A"))
      .options(selectinload(Writer, (w) => w.texts, { limit, where: (x) => x.year.gt(2000 + limit) }));
    const [writer] = await session.scalars(stmt).all();
    expect(writer.texts.map((x) => x.year)).toEqual([[2002], [2004, 2003], []][limit === 0 ? 2 : limit - 1]);
  }
});

async function partialWriter() {
  const store = await filled();
  const session = store.Session();
  const stmt = select(Writer).where((w) => w.name.eq("A"));
  const writer = await session.scalars(stmt.options(selectinload(Writer, (w) => w.texts, { limit: 2 }))).one();
  return { ...store, session, writer, stmt };
}

test("[QR-15] a partial collection takes and gives single members, and refuses to be replaced", async () => {
  const { Session, session, writer } = await partialWriter();
  expect(() => {
    writer.texts = [];
  }).toThrow(/Writer\.texts of Writer\(1\) was loaded in part.*never loaded.*refresh\(object, \["texts"\]\)/s);
  const [gone] = writer.texts;
  writer.texts.splice(0, 1);
  writer.texts.push(make(Text, { year: 2020 }));
  await session.commit();
  await session.close();
  await using other = Session();
  const again = await other.getOne(Writer, 1, { options: [selectinload(Writer, (w) => w.texts)] });
  expect(again.texts.map((x) => x.year)).toEqual([2002, 2004, 2001, 2003, 2020]);
  expect(again.texts.some((x) => x.id === gone.id)).toBe(false);
  await other.close();
});

test("[QR-15] a partial collection is not emptied or cut short either, whatever its kind", async () => {
  const own = registry();
  class Shelf extends Set<Thing> {}
  @own.Entity("owners")
  class Owner {
    @PrimaryKey() id!: number;
    @OneToMany(() => Thing, { orderBy: "id" }) list!: Thing[];
    @OneToMany(() => Thing, { viewonly: true, collectionClass: Set }) set!: Set<Thing>;
    @OneToMany(() => Thing, { viewonly: true, collectionClass: attributeKeyedDict("name") }) map!: Map<string, Thing>;
    @OneToMany(() => Thing, { viewonly: true, collectionClass: Shelf }) shelf!: Shelf;
  }
  @own.Entity("things")
  class Thing {
    @PrimaryKey() id!: number;
    @Column(t.string(5)) name!: string;
    @Column(t.integer, { foreignKey: "owners.id", nullable: true }) ownerId!: number | null;
  }
  const { Session } = await storeFor(own);
  await Session.begin((s) => s.add(make(Owner, { list: ["a", "b", "c"].map((name) => make(Thing, { name })) })));
  await using session = Session();
  const owner = await session
    .scalars(
      select(Owner).options(
        selectinload(Owner, (o) => o.list, { limit: 2 }),
        selectinload(Owner, (o) => o.set, { limit: 2 }),
        selectinload(Owner, (o) => o.map, { limit: 2 }),
        selectinload(Owner, (o) => o.shelf, { limit: 2 }),
      ),
    )
    .one();
  const { list } = owner;
  const words = (name: string) =>
    `Owner.${name} of Owner(1) was loaded in part (with where, limit or offset): emptying it or cutting it short would leave the members that were never loaded. ` +
    `Add and remove single members, or load it whole first: refresh(object, ["${name}"]).`;
  for (const [name, empty] of [
    ["list", () => (list.length = 0)],
    ["list", () => (list.length = 1)],
    ["list", () => Object.defineProperty(list, "length", { value: 0 })],
    ["set", () => owner.set.clear()],
    ["map", () => owner.map.clear()],
    ["shelf", () => owner.shelf.clear()],
  ] as const)
    expect(empty).toThrow(new InvalidRequestError(words(name)));
  expect([list.length, owner.set.size, owner.map.size, owner.shelf.size]).toEqual([2, 2, 2, 2]);
  // A place in the array names a member.
  list[0] = make(Thing, { name: "new" });
  await session.commit();
  expect(
    (await session.execute(text("select name from things where owner_id = 1 order by id")).all()).map(([n]) => n),
  ).toEqual(["b", "c", "new"]);
  await session.refresh(owner, ["list"]);
  owner.list.length = 0;
  await session.commit();
  expect(await session.scalar(text("select count(*) from things where owner_id = 1"))).toBe(0);
});

test("[QR-15] a later load without limits makes it whole, and so does a refresh", async () => {
  const { session, writer, stmt } = await partialWriter();
  await session.scalars(stmt.options(selectinload(Writer, (w) => w.texts))).one();
  expect(writer.texts).toHaveLength(5);
  expect(inspect(writer).attrs.texts.partial).toBe(false);
  writer.texts = writer.texts.slice(0, 1);
  await session.flush();
  await session.close();
});

test("[QR-15] a delete reaches the members that were not loaded", async () => {
  const { Session, session, writer } = await partialWriter();
  await session.delete(writer);
  await session.commit();
  await session.close();
  await using other = Session();
  expect(await other.scalars(select(Text)).all()).toHaveLength(2);
});

test("[QR-15] a partial collection is not merged, and settings that make no sense are refused", async () => {
  const { Session, session, writer } = await partialWriter();
  await session.close();
  await using other = Session();
  await expect(other.merge(writer)).rejects.toThrow("merge(): Writer.texts of Writer(1) was loaded in part");
  const load = (settings: object) => () => selectinload(Writer, (w) => w.texts, settings);
  expect(load({ limit: -1 })).toThrow("Writer.texts: limit is a whole number from 0, not -1.");
  expect(load({ offset: 1.5 })).toThrow("Writer.texts: offset is a whole number from 0");
  expect(load({ orderBy: () => 5 })).toThrow("Writer.texts: orderBy");
  expect(() => selectinload(Text, (x) => x.writer, { limit: 1 } as never)).toThrow(
    "Text.writer holds one object: where, orderBy, limit and offset are for collections.",
  );
});
