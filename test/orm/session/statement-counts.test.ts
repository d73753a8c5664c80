import { describe, expect, test } from "vitest";
import {
  Column,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("parents")
class Parent {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @Column(t.integer, { nullable: true }) n!: number | null;
  @OneToMany(
    () => Child,
    (c) => c.parent,
    { orderBy: "id", cascade: ["all"] },
  )
  children!: Child[];
  @ManyToMany(
    () => Tag,
    (g) => g.parents,
  )
  tags!: Tag[];
}

@reg.Entity("children")
class Child {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @ManyToOne(
    () => Parent,
    (p) => p.children,
  )
  parent!: Relation<Parent> | null;
}

@reg.Entity("tags")
class Tag {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) label!: string;
  @ManyToMany(
    () => Parent,
    (p) => p.tags,
  )
  parents!: Parent[];
}

const family = (i: number) =>
  make(Parent, { name: `p${i}`, children: [make(Child, { name: `c${i}.1` }), make(Child, { name: `c${i}.2` })] });

async function withFamilies(count: number) {
  const store = await storeFor(reg, { expireOnCommit: false });
  await store.Session.begin((s) => s.addAll(Array.from({ length: count }, (_, i) => family(i))));
  return store;
}

describe("the number of statements", () => {
  test("inserting 1,000 new rows of one class is one batch", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    session.addAll(Array.from({ length: 1_000 }, (_, i) => make(Parent, { name: `p${i}` })));
    using log = recordStatements(engine);
    await session.flush();
    expect(log.rows("INSERT") === 1_000 || log.count("INSERT") <= 3).toBe(true);
    expect(new Set(log.texts()).size).toBeLessThanOrEqual(2);
    expect(log.count("SELECT")).toBe(0);
    expect(log.count()).toBeLessThanOrEqual(3);
  });

  test("inserting a graph is one batch for each class", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    session.addAll(Array.from({ length: 100 }, (_, i) => family(i)));
    using log = recordStatements(engine);
    await session.flush();
    expect(log.count()).toBe(2);
    expect(log.count("INSERT")).toBe(2);
  });

  test("[QR-03] loading 1,000 parents with their children by selectinload is 1 + 2 statements", async () => {
    const { engine, Session } = await withFamilies(1_000);
    await using session = Session();
    using log = recordStatements(engine);
    const parents = await session.scalars(select(Parent).options(selectinload(Parent, (p) => p.children))).all();
    expect(parents).toHaveLength(1_000);
    expect(parents.every((p) => p.children.length === 2)).toBe(true);
    expect(log.count()).toBeLessThanOrEqual(3);
  });

  test("a flush that changes nothing emits none, with 1,000 objects loaded", async () => {
    const { engine, Session } = await withFamilies(500);
    await using session = Session();
    const parents = await session.scalars(select(Parent).options(selectinload(Parent, (p) => p.children))).all();
    using log = recordStatements(engine);
    await session.flush();
    await session.commit();
    expect(log.count()).toBe(0);
    parents[0].name = parents[0].name.slice();
    await session.commit();
    expect(log.count()).toBe(0);
  });

  test("a flush of one change does not touch the others", async () => {
    const { engine, Session } = await withFamilies(100);
    await using session = Session();
    const parents = await session.scalars(select(Parent)).all();
    parents[42].name = "changed";
    using log = recordStatements(engine);
    await session.flush();
    expect(log.count()).toBe(1);
    expect(log.rows("UPDATE")).toBe(1);
  });

  test("updates that set the same columns go as one batch", async () => {
    const { engine, Session } = await withFamilies(100);
    await using session = Session();
    const parents = await session.scalars(select(Parent)).all();
    for (const parent of parents) parent.n = parent.id * 2;
    using log = recordStatements(engine);
    await session.flush();
    expect(log.count()).toBe(1);
    await session.commit();
    await using other = Session();
    expect((await other.scalars(select(Parent)).all()).every((p) => p.n === p.id * 2)).toBe(true);
  });

  test("deletes go as one batch for each class, children first", async () => {
    const { engine, Session } = await withFamilies(50);
    await using session = Session();
    const parents = await session
      .scalars(
        select(Parent).options(
          selectinload(Parent, (p) => p.children),
          selectinload(Parent, (p) => p.tags),
        ),
      )
      .all();
    using log = recordStatements(engine);
    await session.deleteAll(parents);
    await session.flush();
    expect(log.texts("DELETE").map((sql) => /FROM (\w+)/.exec(sql)?.[1])).toEqual(["children", "parents"]);
    expect(log.count()).toBe(2);
  });

  test("delete of many loads the collections that it needs level by level, not one by one", async () => {
    const { engine, Session } = await withFamilies(50);
    await using session = Session();
    const parents = await session.scalars(select(Parent)).all();
    using log = recordStatements(engine);
    await session.deleteAll(parents);
    expect(log.count("SELECT")).toBeLessThanOrEqual(2);
    await session.flush();
    expect(log.count("SELECT")).toBeLessThanOrEqual(2);
    expect(log.count("DELETE")).toBe(2);
  });

  test("new columns are not read back where nothing but the key is generated", async () => {
    const { engine, Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const parent = make(Parent, { name: "x" });
    session.add(parent);
    using log = recordStatements(engine);
    await session.commit();
    expect([parent.id, parent.name, parent.n]).toEqual([1, "x", null]);
    expect(log.count()).toBe(1);
  });

  test("rows with different columns given are one statement for each set of columns", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    for (let i = 0; i < 10; i++) session.add(i % 2 ? make(Parent, { name: "a", n: i }) : make(Parent, { name: "b" }));
    using log = recordStatements(engine);
    await session.flush();
    expect(log.rows("INSERT") >= 2 && log.count("INSERT") <= 10).toBe(true);
    expect((await session.scalars(select(Parent).orderBy((p) => p.id)).all()).map((p) => p.n)).toEqual([
      null,
      1,
      null,
      3,
      null,
      5,
      null,
      7,
      null,
      9,
    ]);
  });

  test("association rows of one relationship go as one batch", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    const tags = Array.from({ length: 10 }, (_, i) => make(Tag, { label: `t${i}` }));
    session.addAll(Array.from({ length: 20 }, (_, i) => make(Parent, { name: `p${i}`, tags: [...tags] })));
    using log = recordStatements(engine);
    await session.flush();
    expect(log.count()).toBe(3);
  });
});
