/** Names that could mean two things: tables of one name, of which one is in a schema, and tables called what an alias would be. */
import { expect, test } from "vitest";
import {
  and,
  asyncSessionmaker,
  attrs,
  Column,
  exists,
  insert,
  joinedload,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  text,
  update,
} from "../../../src/index.js";
import { freshDatabase } from "../../support/database.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("things")
class Thing {
  @PrimaryKey() id!: number;
  @Column() name!: string;
  @ManyToOne(
    () => Kept,
    (k) => k.things,
  )
  kept!: Relation<Kept> | null;
  @ManyToMany(() => Kept, { secondary: "archive.thing_links" }) links!: Kept[];
}

@reg.Entity("things", { schema: "archive" })
class Kept {
  @PrimaryKey() id!: number;
  @Column() name!: string;
  @OneToMany(
    () => Thing,
    (t) => t.kept,
  )
  things!: Thing[];
}

async function archived() {
  // SQLite has no keys between files.
  const { engine, kind } = await freshDatabase({ engine: { poolSize: 1, maxOverflow: 0 } });
  const postgres = kind === "postgresql";
  await engine.begin(async (conn) => {
    await conn.execute(text(postgres ? "create schema archive" : "attach ':memory:' as archive"));
    for (const [name, more] of [
      ["things", ", kept_id integer"],
      ["archive.things", ""],
    ])
      await conn.execute(text(`create table ${name} (id integer primary key, name text${more})`));
    await conn.execute(text("create table archive.thing_links (thing_id integer, kept_id integer)"));
    await conn.execute(text("insert into archive.things (id, name) values (1, 'b'), (2, 'a')"));
    await conn.execute(text("insert into things (id, name, kept_id) values (1, 'a', 2), (2, 'b', null)"));
    await conn.execute(text("insert into archive.thing_links values (1, 1)"));
  });
  return { engine, Session: asyncSessionmaker(engine, { expireOnCommit: false }) };
}

test("the one without a schema has an alias in a statement that names both: joined, in a subquery, updated, inserted from", async () => {
  const { engine, Session } = await archived();
  await using session = Session();
  using log = recordStatements(engine);
  const [thing, kept] = [attrs(Thing), attrs(Kept)];
  const joined = select({ thing: thing.name, kept: kept.name }).join(thing.kept);
  expect((await session.execute(joined)).all()).toEqual([{ thing: "a", kept: "a" }]);
  expect(log.texts()[0]).toMatch(
    /FROM things AS things_1 JOIN archive\.things ON things_1\.kept_id = archive\.things\.id/,
  );

  // The same id is in both: a subquery that meant its own table would find two.
  const alike = exists(select(kept.id).where(and(kept.id.eq(thing.id), kept.name.eq(thing.name))));
  expect(await session.scalars(select(Thing).where(alike)).all()).toEqual([]);
  await session.execute(
    update(Thing)
      .values({ name: "a" })
      .where(exists(select(kept.id).where(and(kept.id.eq(thing.id), kept.name.eq("a"))))),
  );
  expect((await session.execute(text("select name from things order by id"))).all().map(([name]) => name)).toEqual([
    "a",
    "a",
  ]);
  expect(
    await session
      .scalars(
        select(Thing)
          .where(alike)
          .orderBy((t) => t.id),
      )
      .all(),
  ).toMatchObject([{ id: 2 }]);

  await session.execute(
    insert(Thing).fromSelect(["id", "name"], select(kept.id.add(thing.id).add(1), thing.name).join(thing.kept)),
  );
  expect(await session.scalars(select(Thing).orderBy((t) => t.id)).all()).toMatchObject([
    { id: 1 },
    { id: 2 },
    { id: 4 },
  ]);
});

test("where the one in the schema has an alias, the other needs none; a secondary is in the schema that its name says", async () => {
  const { engine, Session } = await archived();
  await using session = Session();
  using log = recordStatements(engine);
  const [first] = await session
    .scalars(
      select(Thing)
        .options(
          joinedload(Thing, (t) => t.kept),
          joinedload(Thing, (t) => t.links),
        )
        .orderBy((t) => t.id),
    )
    .unique()
    .all();
  expect([first.kept?.name, first.links.map((each) => each.name)]).toEqual(["a", ["b"]]);
  expect(log.texts()[0]).toMatch(/FROM things LEFT OUTER JOIN .*archive\.things AS things_1/);
  expect([...reg.metadata.tables.keys()]).toContain("archive.thing_links");
  const locked = select(Thing)
    .join((t) => t.kept)
    .withForUpdate({ of: Thing });
  expect(await session.scalars(locked).all()).toEqual([first]);
  first.links.push(make(Kept, { id: 7, name: "new" }));
  await session.commit();
  expect(await session.scalar(text("select count(*) from archive.thing_links"))).toBe(2);
});

test("no alias is made up that a table, an alias or a CTE of the statement is called", async () => {
  const own = registry();
  @own.Entity("users")
  class User {
    @PrimaryKey() id!: number;
    @Column() name!: string;
    @ManyToOne(() => User) boss!: Relation<User> | null;
  }
  @own.Entity("users_1")
  class Other {
    @PrimaryKey() id!: number;
    @ManyToOne(() => User) user!: Relation<User> | null;
  }
  const { engine, Session } = await storeFor(own);
  await using session = Session();
  session.add(make(Other, { id: 7, user: make(User, { name: "Ann", boss: make(User, { name: "Bob" }) }) }));
  await session.commit();
  session.expungeAll();
  using log = recordStatements(engine);
  const ofBob = select(Other).where((o) => o.user.has((u) => u.boss.has((b) => b.name.eq("Bob"))));
  const [other] = await session
    .scalars(ofBob.options(joinedload(Other, (o) => o.user).joinedload((u) => u.boss)))
    .all();
  expect([other.id, other.user?.name, other.user?.boss?.name]).toEqual([7, "Ann", "Bob"]);
  expect(log.texts()[0]).toMatch(/FROM users_1 LEFT OUTER JOIN users AS users_2 /);

  const anon = select(attrs(User).name).where(attrs(User).boss.isNull()).cte("anon_1");
  const second = select(attrs(User).name).subquery();
  const beside = select(anon.c.name, second.c.name).join(second, anon.c.name.ne(second.c.name));
  expect((await session.execute(beside)).all().map((row) => [...row])).toEqual([["Bob", "Ann"]]);
});
