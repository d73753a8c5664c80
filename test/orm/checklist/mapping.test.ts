/** What mappings tell of themselves, and what they leave to the class. */
import { describe, expect, test } from "vitest";
import {
  attrs,
  Column,
  cascadeIterator,
  column,
  createMockEngine,
  ForeignKey,
  func,
  identityKey,
  identityKeyFromRow,
  inspect,
  ManyToOne,
  MetaData,
  mapperFor,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  relationship,
  Synonym,
  select,
  selectinload,
  t,
  table,
  UnmappedClassError,
} from "../../../src/index.js";
import { freshDatabase } from "../../support/database.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("staff", { polymorphicOn: "kind", polymorphicIdentity: "person", info: { menu: "People" } })
class Person {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) kind!: string;
  @Column(t.string(50), { info: { label: "Full name" } }) name!: string;
  @Synonym("name") title!: string;
  @OneToMany(
    () => Note,
    (n) => n.person,
    { info: { widget: "list" }, orderBy: "id" },
  )
  notes!: Note[];
}

@reg.Entity({ polymorphicIdentity: "boss" })
class Boss extends Person {
  @Column(t.integer, { nullable: true }) bonus!: number | null;
}

@reg.Entity("notes")
class Note {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) body!: string;
  @ManyToOne(
    () => Person,
    (p) => p.notes,
  )
  person!: Relation<Person> | null;
}

test("[MA-01] a registry is disposed of, and other classes are mapped under the same names", async () => {
  const first = registry();
  @first.Entity("things")
  class Thing {
    @PrimaryKey() id!: number;
    @Column(t.string(20)) name!: string;
  }
  first.configure();
  expect(first.mappers.map((each) => each.className)).toEqual(["Thing"]);
  const { Session } = await storeFor(first);
  await Session.begin((s) => void s.add(make(Thing, { name: "one" })));
  first.dispose();
  expect(first.mappers).toEqual([]);
  expect(() => mapperFor(Thing)).toThrow(UnmappedClassError);
  first.metadata.clear();
  const Again = (() => {
    @first.Entity("things")
    class Thing {
      @PrimaryKey() id!: number;
      @Column(t.integer) size!: number;
    }
    return Thing;
  })();
  const second = await storeFor(first);
  await second.Session.begin((s) => void s.add(make(Again, { size: 7 })));
  await using s = second.Session();
  expect((await s.scalars(select(Again)).one()).size).toBe(7);
  expect(first.mappers.map((each) => each.cls)).toEqual([Again]);
});

describe("what generic code asks", () => {
  test("[MA-02] a class's attributes are listed by kind with their options, and its hierarchy is walked", () => {
    const mapper = inspect(Person);
    expect(mapper.columnAttributes.map((each) => each.key)).toEqual(["id", "kind", "name"]);
    expect(mapper.relationships.map((each) => [each.key, each.target.cls, each.uselist])).toEqual([
      ["notes", Note, true],
    ]);
    expect(mapper.synonyms.map((each) => each.key)).toEqual(["title"]);
    expect(mapper.composites).toEqual([]);
    expect([...mapper.attributes.keys()]).toEqual(["id", "kind", "name", "notes"]);
    expect(mapper.primaryKey.map((each) => each.key)).toEqual(["id"]);
    const boss = inspect(Boss);
    expect(boss.isA(mapper)).toBe(true);
    expect(mapper.isA(boss)).toBe(false);
    expect([...mapper.selfAndDescendants()].map((each) => each.cls)).toEqual([Person, Boss]);
    expect(boss.inherits).toBe(mapper);
    expect(boss.columnAttributes.map((each) => each.key)).toContain("bonus");
    const note = make(Note, { body: "x" });
    const ann = make(Person, { name: "Ann", notes: [note] });
    expect([...cascadeIterator("save-update", ann)]).toEqual([note]);
  });

  test("[MA-03] the identity key comes from an object, from key values, or from a row", async () => {
    const { Session } = await storeFor(reg);
    const ann = make(Boss, { name: "Ann", notes: [] });
    expect(identityKey(ann)).toBeNull();
    await Session.begin((s) => void s.add(ann));
    const [id] = inspect(ann).identity as [number];
    expect(identityKey(ann)).toEqual([Person, [id]]);
    expect(identityKey(Boss, id)).toEqual([Person, [id]]);
    expect(identityKey(Person, { id })).toEqual([Person, [id]]);
    await using s = Session();
    const row = await s.execute(select(attrs(Person).name, attrs(Person).id)).one();
    expect(identityKeyFromRow(Person, row)).toEqual([Person, [id]]);
    expect(identityKeyFromRow(Person, { id, name: "Ann" })).toEqual([Person, [id]]);
    expect(() => identityKeyFromRow(Person, { name: "Ann" })).toThrow(/primary key of Person is id; "id" is missing/);
  });

  test("[MA-04] data of one's own on columns, tables, relationships, classes, metadata and sessions is kept and read", async () => {
    const mapper = inspect(Person);
    expect(mapper.info).toEqual({ menu: "People" });
    expect(inspect(Boss).info).toEqual({});
    expect(mapper.table.columns.find((each) => each.name === "name")?.info).toEqual({ label: "Full name" });
    expect(mapper.relationship("notes")?.info).toEqual({ widget: "list" });
    mapper.info.seen = true;
    expect(inspect(Person).info).toEqual({ menu: "People", seen: true });
    const md = new MetaData({ info: { owner: "me" } });
    const source = table(
      "source",
      md,
      { id: column(t.integer, { primaryKey: true, info: { a: 1 } }) },
      { info: { b: 2 } },
    );
    expect([md.info, source.info, source.columns[0].info]).toEqual([{ owner: "me" }, { b: 2 }, { a: 1 }]);
    const copy = source.toMetadata(new MetaData());
    expect([copy.info, copy.columns[0].info]).toEqual([{ b: 2 }, { a: 1 }]);
    const { Session } = await storeFor(reg);
    await using s = Session({ info: { user: 7 } });
    expect(s.info).toEqual({ user: 7 });
  });
});

test("[DC-03] an initialiser sets its value at `new`, a column's default at the flush, and neither disturbs the other or a foreign key", async () => {
  const own = registry();
  let made = 0;
  @own.Entity("parents")
  class Parent {
    @PrimaryKey() id!: number;
    @OneToMany(
      () => Child,
      (c) => c.parent,
    )
    children: Child[] = [];
  }
  @own.Entity("children", { construct: true })
  class Child {
    @PrimaryKey() id!: number;
    @Column(t.string(20), { default: "from the column" }) both: string = "from the class";
    @Column(t.integer, { default: () => ++made }) counted!: number;
    @Column({ foreignKey: "parents.id", nullable: true }) parentId!: number | null;
    @ManyToOne(
      () => Parent,
      (p) => p.children,
    )
    parent!: Relation<Parent> | null;
  }
  const { Session } = await storeFor(own, { expireOnCommit: false });
  await using s = Session();
  const parent = new Parent();
  s.add(parent);
  await s.flush();
  const child = new Child();
  expect(child.both).toBe("from the class");
  expect(child.counted).toBeUndefined();
  expect(made).toBe(0);
  child.parentId = parent.id;
  s.add(child);
  await s.commit();
  expect([child.both, child.counted, made, child.parentId]).toEqual(["from the class", 1, 1, parent.id]);
  const bare = new Child();
  bare.both = undefined as never;
  s.add(bare);
  await s.commit();
  expect([bare.both, bare.counted]).toEqual(["from the column", 2]);
  await using other = Session();
  const loaded = await other.scalars(select(Child).where(attrs(Child).id.eq(child.id))).one();
  expect([loaded.both, loaded.counted, loaded.parentId]).toEqual(["from the class", 1, parent.id]);
});

test("[NT-02] a class maps a view for reading, and writing it is refused by the database", async () => {
  const own = registry();
  @own.Entity("sales")
  class Sale {
    @PrimaryKey() id!: number;
    @Column(t.string(20)) shop!: string;
    @Column(t.integer) amount!: number;
  }
  const sale = attrs(Sale);
  own.configure();
  const base = mapperFor(Sale).table;
  const shop = base.column("shop") as never;
  const view = own.metadata.view(
    "totals",
    select({ shop, sales: func.count(base.column("id") as never) })
      .selectFrom(base)
      .groupBy(shop),
  );
  class Total {
    declare shop: string;
    declare sales: number;
  }
  own.mapImperatively(Total, view as never, { primaryKey: ["shop"] });
  const { Session } = await storeFor(own);
  await Session.begin((s) => {
    for (const [shop, amount] of [
      ["north", 1],
      ["south", 2],
      ["south", 3],
    ] as const)
      s.add(make(Sale, { shop, amount }));
  });
  await using s = Session();
  expect((await s.execute(select(sale.shop).distinct()).all()).length).toBe(2);
  const totals = await s.scalars(select(Total).orderBy((total) => total.shop)).all();
  expect(totals.map((each) => [each.shop, Number(each.sales)])).toEqual([
    ["north", 1],
    ["south", 2],
  ]);
  expect(await s.get(Total, "north")).toBe(totals[0]);
  totals[0].sales = 9;
  await expect(s.flush()).rejects.toThrow(/view/);
  await s.rollback();
});

test("[MS-02] classes without decorators have relationships, inheritance and eager loads as decorated ones", async () => {
  const md = new MetaData();
  const own = registry({ metadata: md });
  const pets = table("pets", md, {
    id: column(t.integer, { primaryKey: true }),
    kind: column(t.string(10)),
    name: column(t.string(20)),
    tricks: column(t.integer),
  });
  const toys = table("toys", md, {
    id: column(t.integer, { primaryKey: true }),
    petId: column(t.integer, { name: "pet_id", foreignKey: new ForeignKey("pets.id") }),
  });
  class Pet {
    declare id: number;
    declare kind: string;
    declare name: string;
    declare toys: Toy[];
  }
  class Dog extends Pet {
    declare tricks: number;
  }
  class Toy {
    declare id: number;
    declare petId: number;
    declare pet: Relation<Pet> | null;
  }
  own.mapImperatively(Pet, pets as never, {
    polymorphicOn: "kind",
    polymorphicIdentity: "pet",
    excludeProperties: ["tricks"],
    properties: {
      toys: relationship(() => Toy, { backPopulates: "pet", cascade: ["all", "delete-orphan"], orderBy: "id" }),
    },
  });
  own.mapImperatively(Dog, null, { inherits: Pet, polymorphicIdentity: "dog", columns: ["tricks"] });
  own.mapImperatively(Toy, toys as never, { properties: { pet: relationship(() => Pet, { backPopulates: "toys" }) } });
  const { Session } = await storeFor(own);
  const rex = make(Dog, { name: "Rex", tricks: 3, toys: [new Toy(), new Toy()] });
  expect(rex.toys[0].pet).toBe(rex);
  await Session.begin((s) => void s.addAll([rex, make(Pet, { name: "Tom", toys: [] })]));
  await using s = Session();
  const found = await s
    .scalars(
      select(Pet)
        .orderBy((p) => p.id)
        .options(selectinload(Pet, (p) => p.toys)),
    )
    .all();
  expect(found.map((each) => [each.constructor, each.name, each.toys.length])).toEqual([
    [Dog, "Rex", 2],
    [Pet, "Tom", 0],
  ]);
  found[0].toys.shift();
  await s.flush();
  expect(Number(await s.scalar(select(func.count()).selectFrom(toys)))).toBe(1);
  await s.delete(found[0]);
  await s.commit();
  expect(Number(await s.scalar(select(func.count()).selectFrom(toys)))).toBe(0);
});

test("[CE-05] the DDL of a whole metadata is dumped as text with no database", async () => {
  const dump = (url: string, how: "createAll" | "dropAll") => {
    const lines: string[] = [];
    reg.metadata[how](createMockEngine(url, (sql) => void lines.push(sql)));
    return lines;
  };
  const { engine, kind } = await freshDatabase();
  for (const url of ["postgresql://", "sqlite://"]) {
    const made = dump(url, "createAll");
    expect(made.map((line) => line.split("(")[0].trim())).toEqual(["CREATE TABLE staff", "CREATE TABLE notes"]);
    expect(dump(url, "dropAll").map((line) => line.trim())).toEqual(["DROP TABLE notes", "DROP TABLE staff"]);
  }
  // What was dumped is what the database takes.
  for (const line of dump(`${kind}://`, "createAll")) await engine.begin((conn) => conn.execDriverSql(line));
  expect([...(await engine.tableNames())].sort()).toEqual(["notes", "staff"]);
  expect(() => reg.metadata.reflect(createMockEngine("sqlite://", () => {}))).toThrow(
    "A mock engine has no database that could be asked",
  );
});
