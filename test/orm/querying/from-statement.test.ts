import { describe, expect, expectTypeOf, test } from "vitest";
import {
  aliased,
  attrs,
  Column,
  containsEager,
  func,
  InvalidRequestError,
  inspect,
  literal,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  text,
  union,
  unionAll,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("people")
class Person {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) name!: string;
  @Column(t.timestamp, { nullable: true }) bornAt!: Date | null;
  @OneToMany(
    () => Pet,
    (p) => p.owner,
    { orderBy: "id" },
  )
  pets!: Pet[];
}

@reg.Entity("pets")
class Pet {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) name!: string;
  @ManyToOne(
    () => Person,
    (p) => p.pets,
  )
  owner!: Relation<Person> | null;
}

@reg.Entity("nodes")
class TreeNode {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) name!: string;
  @Column(t.integer, { nullable: true }) parentId!: number | null;
}

async function filled() {
  const store = await storeFor(reg);
  await store.Session.begin((s) => {
    s.addAll([
      make(Person, { name: "Ann", bornAt: new Date("2000-01-02T03:04:05Z"), pets: [make(Pet, { name: "Rex" })] }),
      make(Person, { name: "Bob", pets: [make(Pet, { name: "Tom" }), make(Pet, { name: "Kit" })] }),
      make(Person, { name: "Cid", pets: [] }),
    ]);
  });
  return store;
}

describe("entities from text", () => {
  test("[QS-04] text whose columns are found by their names gives entities of the identity map, with types converted", async () => {
    const { Session } = await filled();
    await using session = Session();
    const known = await session.getOne(Person, 1);
    const statement = select(Person).fromStatement(text("SELECT * FROM people ORDER BY name DESC"));
    const people = await session.scalars(statement).all();
    expectTypeOf(people).toEqualTypeOf<Person[]>();
    expect(people.map((p) => p.name)).toEqual(["Cid", "Bob", "Ann"]);
    expect(people[2]).toBe(known);
    expect(people[2].bornAt).toEqual(new Date("2000-01-02T03:04:05Z"));
  });

  test("[QS-04] text(...).columns(...) ties the text's columns to attributes in their order; the others load when asked for", async () => {
    const { Session } = await filled();
    await using session = Session();
    const p = attrs(Person);
    const statement = text("SELECT name AS x, id AS y FROM people WHERE name = :name").columns(p.name, p.id);
    const bob = await session.scalars(select(Person).fromStatement(statement), { name: "Bob" }).one();
    expect(bob.name).toBe("Bob");
    expect(inspect(bob).unloaded.has("bornAt")).toBe(true);
    await session.runSync(() => expect(bob.bornAt).toBeNull());
  });

  test("[QS-04] a statement without the key is refused, and the message names what it gives", async () => {
    const { Session } = await filled();
    await using session = Session();
    const failed = session.scalars(select(Person).fromStatement(text("SELECT name FROM people"))).all();
    await expect(failed).rejects.toThrow(InvalidRequestError);
    await expect(failed).rejects.toThrow(/no column for the key attribute "id".*Its columns are name/s);
  });

  test("[QS-04] loader options go with it: selectinload by keys, containsEager from the text's own columns", async () => {
    const { engine, Session } = await filled();
    await using session = Session();
    const p = attrs(Person);
    using log = recordStatements(engine);
    const people = await session
      .scalars(
        select(Person)
          .fromStatement(text("SELECT id, name, born_at FROM people ORDER BY id"))
          .options(selectinload(p.pets)),
      )
      .all();
    expect(people.map((one) => one.pets.map((x) => x.name))).toEqual([["Rex"], ["Tom", "Kit"], []]);
    expect(log.count("SELECT")).toBe(2);
    session.expungeAll();
    const pet = attrs(Pet);
    const joined = text(
      "SELECT people.id, people.name, pets.id, pets.name FROM people JOIN pets ON pets.owner_id = people.id ORDER BY pets.id DESC",
    ).columns(p.id, p.name, pet.id, pet.name);
    const result = await session.scalars(select(Person).fromStatement(joined).options(containsEager(p.pets)));
    const owners = result.unique().all();
    expect(owners.map((one) => [one.name, one.pets.map((x) => x.name)])).toEqual([
      ["Bob", ["Kit", "Tom"]],
      ["Ann", ["Rex"]],
    ]);
  });

  test("[QS-04] two entities and a value from one text; and it can be streamed", async () => {
    const { Session } = await filled();
    await using session = Session();
    const [p, pet] = [attrs(Person), attrs(Pet)];
    const joined = text(
      "SELECT people.id, people.name, pets.id, pets.name, 7 AS lucky FROM people JOIN pets ON pets.owner_id = people.id ORDER BY pets.id",
    ).columns(p.id, p.name, pet.id, pet.name, literal(0).label("lucky"));
    const statement = select(Person, Pet, literal(0).label("lucky")).fromStatement(joined);
    const rows = await session.execute(statement).all();
    expect(rows.map(([a, b, c]) => [a.name, b.name, c])).toEqual([
      ["Ann", "Rex", 7],
      ["Bob", "Tom", 7],
      ["Bob", "Kit", 7],
    ]);
    const names: string[] = [];
    for await (const one of await session.streamScalars(
      select(Person).fromStatement(text("SELECT * FROM people ORDER BY id")),
    )) {
      names.push((one as Person).name);
    }
    expect(names).toEqual(["Ann", "Bob", "Cid"]);
  });
});

describe("entities from subqueries, set operations and CTEs", () => {
  test("[QS-05] [NT-03] an alias of a class over a subquery reads entities from it, and two classes from one", async () => {
    const { Session } = await filled();
    await using session = Session();
    const inner = select(Person)
      .where((p) => p.name.ne("Bob"))
      .subquery();
    const other = aliased(Person, inner);
    const people = await session.scalars(select(other).orderBy(other.id)).all();
    expect(people.map((p) => p.name)).toEqual(["Ann", "Cid"]);
    const [p, pet] = [attrs(Person), attrs(Pet)];
    const both = select(Person, Pet).join(p.pets).where(p.name.eq("Bob")).subquery();
    const [a, b] = [aliased(Person, both), aliased(Pet, both)];
    const rows = await session.execute(select(a, b).orderBy(b.id)).all();
    expect(rows.map(([one, two]) => [one.name, two.name])).toEqual([
      ["Bob", "Tom"],
      ["Bob", "Kit"],
    ]);
    expect(pet.id).toBeDefined();
  });

  test("[QS-05] a class and an alias of it are told apart in one subquery, whichever comes first, and at any depth", async () => {
    const { Session } = await filled();
    await using session = Session();
    const [p, other] = [attrs(Person), aliased(Person)];
    const names = async (first: typeof other, second: typeof other) =>
      (await session.execute(select(first.name, second.name).orderBy(first.id, second.id)).all()).map((row) => [
        ...row,
      ]);
    const expected = [
      ["Bob", "Ann"],
      ["Cid", "Ann"],
      ["Cid", "Bob"],
    ];
    const turned = select(other, Person).where(p.id.gt(other.id)).subquery();
    expect(await names(aliased(Person, turned), aliased(other, turned))).toEqual(expected);
    let around = select(Person, other).where(p.id.gt(other.id)).subquery();
    let [a, b] = [aliased(Person, around), aliased(other, around)];
    for (let depth = 0; depth < 2; depth++) {
      around = select(a, b).subquery();
      [a, b] = [aliased(Person, around), aliased(b, around)];
    }
    expect(await names(a, b)).toEqual(expected);
  });

  test("[QS-06] a union gives entities, an identity of two members once as an object", async () => {
    const { Session } = await filled();
    await using session = Session();
    const low = select(Person).where((p) => p.id.le(2));
    const high = select(Person).where((p) => p.id.ge(2));
    const all = await session.scalars(select(Person).fromStatement(unionAll(low, high).orderBy("id"))).all();
    expect(all.map((p) => p.id)).toEqual([1, 2, 2, 3]);
    expect(all[1]).toBe(all[2]);
    const each = aliased(Person, union(low, high).subquery());
    expect((await session.scalars(select(each).orderBy(each.id)).all()).map((p) => p.id)).toEqual([1, 2, 3]);
  });

  test("[QS-07] a recursive CTE yields mapped objects", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.addAll([
      make(TreeNode, { id: 1, name: "root" }),
      make(TreeNode, { id: 2, name: "left", parentId: 1 }),
      make(TreeNode, { id: 3, name: "leaf", parentId: 2 }),
      make(TreeNode, { id: 4, name: "other" }),
    ]);
    await session.flush();
    const node = attrs(TreeNode);
    const start = select(TreeNode)
      .where((n) => n.id.eq(1))
      .cte("tree", { recursive: true });
    const tree = start.unionAll(
      select(TreeNode)
        .join(start, node.parentId.eq((start.c as unknown as { id: typeof node.id }).id))
        .selectFrom(TreeNode),
    );
    const found = aliased(TreeNode, tree);
    const nodes = await session.scalars(select(found).orderBy(found.id)).all();
    expect(nodes.map((n) => n.name)).toEqual(["root", "left", "leaf"]);
    expect(nodes[0]).toBeInstanceOf(TreeNode);
  });

  test("[QS-02] two aliases of a class come back under their names, beside an aggregate", async () => {
    const { Session } = await filled();
    await using session = Session();
    const [a, b] = [aliased(Person, "older"), aliased(Person, "younger")];
    const row = await session
      .execute(
        select(a, b, func.count().label("n"))
          .selectFrom(a)
          .join(b, b.id.eq(a.id.add(1)))
          .groupBy(a.id, a.name, a.bornAt, b.id, b.name, b.bornAt)
          .orderBy(a.id),
      )
      .first();
    expect(row?._fields).toEqual(["older", "younger", "n"]);
    expect([row?.[0].name, row?.[1].name, Number(row?.[2])]).toEqual(["Ann", "Bob", 1]);
  });
});
