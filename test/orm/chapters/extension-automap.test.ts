/** The chapters "Automap" and "Declarative extensions" of SQLAlchemy's ORM documentation, on both databases. */
import { describe, expect, test } from "vitest";
import {
  asyncSessionmaker,
  automapBase,
  Column,
  column,
  create,
  event,
  inspect,
  MetaData,
  PrimaryKey,
  registry,
  select,
  selectinload,
  t,
  table,
  text,
} from "../../../src/index.js";
import { freshDatabase } from "../../support/database.js";

async function database() {
  const { engine } = await freshDatabase();
  for (const sql of [
    'create table "user" (id integer primary key, name varchar(20))',
    'create table address (id integer primary key, email varchar(20), user_id integer references "user" (id))',
    "create table keyword (id integer primary key)",
    'create table user_keyword (user_id integer references "user" (id), keyword_id integer references keyword (id), primary key (user_id, keyword_id))',
    "create table keyless (a integer)",
    `insert into "user" values (1, 'foo')`,
    "insert into address values (1, 'foo@bar.com', 1)",
    "insert into keyword values (5)",
    "insert into user_keyword values (1, 5)",
  ])
    await engine.execute(text(sql));
  return engine;
}

describe("automap", () => {
  test("makes classes of tables with a key, with relationships both ways, and many-to-many over links", async () => {
    const engine = await database();
    const base = automapBase();
    await base.prepare(engine);
    expect(Object.keys(base.classes).sort()).toEqual(["address", "keyword", "user"]);
    const User = base.class<{
      id: number;
      name: string;
      addressCollection: { email: string }[];
      keywordCollection: object[];
    }>("user");
    const Address = base.class<{ id: number; email: string; user: object | null }>("address");
    expect(inspect(Address).relationships.map((r) => [r.key, r.direction])).toEqual([["user", "manyToOne"]]);
    await using session = asyncSessionmaker(engine)();
    const user = await session
      .scalars(
        select(User).options(
          selectinload(User, (u) => u.addressCollection),
          selectinload(User, (u) => u.keywordCollection),
        ),
      )
      .one();
    expect([user.addressCollection.map((a) => a.email), user.keywordCollection.length]).toEqual([["foo@bar.com"], 1]);
    session.add(Object.assign(new Address(), { id: 2, email: "b", user }));
    await session.commit();
    expect(await session.scalar(text("select user_id from address where id = 2"))).toBe(1);
  });

  test("takes tables of a metadata that is there, without a database", () => {
    const metadata = new MetaData();
    table("folder", metadata, { id: column(t.integer, { primaryKey: true }) });
    const base = automapBase({ metadata });
    base.prepare(null);
    expect(Object.keys(base.classes)).toEqual(["folder"]);
  });

  test("completes classes that are written by hand, and names what it makes as it is told", async () => {
    const engine = await database();
    const base = automapBase();
    @base.Entity("user")
    class User {
      declare id: number;
      @Column({ name: "name" }) title!: string;
    }
    await base.prepare(engine);
    expect(Object.keys(base.classes).sort()).toEqual(["User", "address", "keyword"]);
    await using session = asyncSessionmaker(engine)();
    expect((await session.getOne(User, 1)).title).toBe("foo");
    await session.close(); // PGlite has one connection
    const plain = automapBase();
    await plain.prepare(engine, {
      classnameForTable: (name) => name.charAt(0).toUpperCase() + name.slice(1),
      nameForScalarRelationship: (_local, referred) => `the${referred.name}`,
      nameForCollectionRelationship: (_local, referred) => `all${referred.name}`,
      nameForColumn: (_column, _table, byDefault) => (byDefault === "email" ? "mail" : byDefault),
      generateRelationship: (_kind, options, attribute) => (attribute === "allKeyword" ? null : options),
    });
    expect(Object.keys(plain.classes).sort()).toEqual(["Address", "Keyword", "User"]);
    expect([...inspect(plain.classes.Address).attributes.keys()]).toEqual(expect.arrayContaining(["mail", "theUser"]));
    expect(inspect(plain.classes.User).relationships.map((r) => r.key)).toEqual(["allAddress"]);
  });

  test("a handler of columnReflect names columns", async () => {
    const engine = await database();
    const base = automapBase();
    event.listen(base.metadata, "columnReflect", (info) => ({ ...info, key: `attr_${info.name}` }));
    await base.prepare(engine, { only: ["keyword"] });
    expect([...inspect(base.classes.keyword).attributes.keys()]).toContain("attr_id");
  });
});

describe("declarative extensions", () => {
  test("deferred reflection completes classes when it is asked to", async () => {
    const engine = await database();
    const reg = registry({ deferReflection: true });
    @reg.Entity("user")
    class User {
      @PrimaryKey() id!: number;
      declare name: string;
    }
    await reg.prepare(engine);
    await using session = asyncSessionmaker(engine)();
    const found = await session.getOne(User, 1);
    expect(found.name).toBe("foo");
    session.add(create(User, { id: 2, name: "b" }));
    await session.commit();
  });
});
