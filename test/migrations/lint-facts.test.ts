import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { column, computed, DomainType, func, identity, type SQLType, t, text } from "../../src/index.js";
import { historyOf, lintRevision, type Operations, withOperations } from "../../src/migrations/index.js";
import { databaseKind, openDatabase, type TestDatabase } from "../support/database.js";

/** What a server did to a table: the strongest lock that it held at the end, and whether it wrote the table anew. */
interface Fact {
  readonly lock: string | null;
  readonly rewritten: boolean;
}

const STRENGTH = ["ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "ACCESS EXCLUSIVE"];
const REWRITES = new Set(["add-column-rewrites", "type-rewrites"]);

const existing = (type: SQLType) => ({ existing: { type } });

const cases: Readonly<Record<string, (op: Operations) => unknown>> = {
  "a nullable column": (op) => op.addColumn("users", "x", column(t.integer)),
  "a column with a constant default": (op) =>
    op.addColumn("users", "x", column(t.integer, { nullable: false, serverDefault: "0" })),
  "a column made now": (op) =>
    op.addColumn("users", "x", column(t.datetime, { nullable: false, serverDefault: func.now() })),
  "a column with a value for each row": (op) =>
    op.addColumn("users", "x", column(t.uuid, { serverDefault: text("gen_random_uuid()") })),
  "an identity": (op) => op.addColumn("users", "x", column(t.integer, { nullable: false, identity: identity() })),
  "a stored computed column": (op) =>
    op.addColumn("users", "x", column(t.integer, { computed: computed("age * 2", { persisted: true }) })),
  "a domain without conditions": (op) => op.addColumn("users", "x", column(new DomainType("plain_word", t.text))),
  "a domain with a condition": (op) =>
    op.addColumn("users", "x", column(new DomainType("short_word", t.text, { check: "length(value) < 9" }))),
  "varchar to a longer one": (op) => op.alterColumn("users", "name", { type: t.string(50) }, existing(t.string(20))),
  "varchar to a shorter one": (op) => op.alterColumn("users", "name", { type: t.string(10) }, existing(t.string(20))),
  "varchar to text": (op) => op.alterColumn("users", "name", { type: t.text }, existing(t.string(20))),
  "text to varchar without a limit": (op) => op.alterColumn("users", "bio", { type: t.string }, existing(t.text)),
  "text to varchar with one": (op) => op.alterColumn("users", "bio", { type: t.string(90) }, existing(t.text)),
  "numeric to a wider one": (op) =>
    op.alterColumn("users", "price", { type: t.numeric(12, 2) }, existing(t.numeric(10, 2))),
  "numeric to any": (op) => op.alterColumn("users", "price", { type: t.numeric }, existing(t.numeric(10, 2))),
  "numeric to another scale": (op) =>
    op.alterColumn("users", "price", { type: t.numeric(12, 3) }, existing(t.numeric(10, 2))),
  "integer to bigint": (op) => op.alterColumn("users", "age", { type: t.bigint }, existing(t.integer)),
  "timestamp to a finer one": (op) =>
    op.alterColumn("users", "made", { type: t.datetime }, existing(t.datetime({ precision: 3 }))),
  "timestamp to a coarser one": (op) =>
    op.alterColumn("users", "made", { type: t.datetime({ precision: 0 }) }, existing(t.datetime({ precision: 3 }))),
  "the same cast written out": (op) =>
    op.alterColumn(
      "users",
      "name",
      { type: t.string(60), using: 'CAST("name" AS VARCHAR(60))' },
      existing(t.string(20)),
    ),
  "another value for each row": (op) =>
    op.alterColumn("users", "name", { type: t.string(60), using: "upper(name)" }, existing(t.string(20))),
  "NOT NULL": (op) => op.alterColumn("users", "name", { nullable: false }),
  "another default": (op) => op.alterColumn("users", "age", { serverDefault: "1" }),
  "an index": (op) => op.createIndex("ix_new", "users", ["age"]),
  "an index that goes": (op) => op.dropIndex("ix_old", "users"),
  "a foreign key": (op) => op.createForeignKey("fk", "users", "posts", ["age"], ["id"]),
  "a check": (op) => op.createCheckConstraint("ck", "users", "age < 500"),
  "a check that is not validated": (op) => op.createCheckConstraint("ck", "users", "age < 500", { notValid: true }),
  "a unique constraint": (op) => op.createUniqueConstraint("uq", "users", ["name"]),
  "a column under another name": (op) => op.alterColumn("users", "name", { name: "full_name" }),
  "a column that goes": (op) => op.dropColumn("users", "bio"),
  "a table under another name": (op) => op.renameTable("users", "people"),
  "a table that goes": (op) => op.dropTable("users"),
  "other values of an enum": (op) => op.replaceEnum("mood", ["fine", "sad"]),
  "a domain over another type": (op) => op.replaceDomain("years", t.bigint),
  "a check of a domain": (op) => op.createDomainConstraint("few", "years", "VALUE < 500"),
  "a check of a domain that is not validated": (op) =>
    op.createDomainConstraint("few", "years", "VALUE < 500", { notValid: true }),
  "a check of a domain, validated later": (op) => op.validateDomainConstraint("late", "years"),
  "a domain without NULL": (op) => op.alterDomain("years", { notNull: true }),
  "a default of a domain": (op) => op.alterDomain("years", { default: "1", notNull: false }),
  "a domain that loses a check": (op) => op.dropDomainConstraint("late", "years"),
  "a new value of an enum": (op) => op.addEnumValue("mood", "so so"),
  "SQL: an index": (op) => op.execute("create index ix_new on users (age)"),
  "SQL: a type": (op) => op.execute("alter table users alter column age type bigint"),
  "SQL: a constraint": (op) =>
    op.execute("alter table users add constraint fk foreign key (age) references posts (id)"),
  "SQL: a table out of the log": (op) => op.execute("alter table users set unlogged"),
  "SQL: every row": (op) => op.execute("update users set age = 2"),
};

describe.runIf(databaseKind() === "postgresql")("what lint says of PostgreSQL", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await openDatabase();
    await database.engine.begin(async (conn) => {
      for (const each of [
        "create type mood as enum ('sad', 'fine')",
        "create domain years as integer",
        "alter domain years add constraint late check (value > 0) not valid",
        "create table posts (id integer primary key)",
        `create table users (id integer primary key, name varchar(20), bio text, price numeric(10, 2), age integer,
           made timestamp(3), mood mood, years years default 3)`,
        "create index ix_old on users (price)",
        "insert into posts values (1)",
        "insert into users values (1, 'a', 'b', 1.5, 1, now(), 'sad'), (2, 'b', 'c', 2.5, 1, now(), 'fine')",
      ])
        await conn.execDriverSql(each);
    });
  });
  afterAll(() => database[Symbol.asyncDispose]());

  /** Does it in a transaction that is rolled back. */
  async function fact(upgrade: (op: Operations) => unknown): Promise<Fact> {
    return await database.engine.connect(async (conn) => {
      const scalar = async (sql: string, ...params: unknown[]) => await conn.execDriverSql(sql, params).scalar();
      await conn.begin();
      const id = await scalar("select 'users'::regclass::oid::int");
      const before = await scalar("select relfilenode from pg_class where oid = $1::int", id);
      await withOperations(conn, upgrade);
      const after = await scalar("select relfilenode from pg_class where oid = $1::int", id);
      const locks = await conn
        .execDriverSql("select mode from pg_locks where pid = pg_backend_pid() and relation = $1::int", [id])
        .scalars()
        .all();
      await conn.rollback();
      const held = locks.map((each) =>
        String(each)
          .replace(/Lock$/, "")
          .replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ")
          .toUpperCase(),
      );
      const lock = STRENGTH.filter((each) => held.includes(each)).at(-1) ?? null;
      return { lock, rewritten: after !== null && after !== before };
    });
  }

  test.each(Object.entries(cases))("is what the server does: %s", async (_what, upgrade) => {
    const graph = await historyOf({ revisions: [{ revision: "r1", downRevision: null, upgrade }] });
    const found = await lintRevision(graph.get("r1"), database.engine.dialect, { lockTimeout: 1 });
    const said = found.filter((each) => each.lock !== null && each.rule !== "lock-held");
    const { lock, rewritten } = await fact(upgrade);
    expect(said.some((each) => REWRITES.has(each.rule))).toBe(rewritten);
    for (const each of said) expect(lock).toBe(each.lock);
  });

  test("the rows of a table are told about, where the database has counted them", async () => {
    const { engine } = database;
    await engine.execute(text("create table large as select n from generate_series(1, 3000) n"));
    await engine.execute(text("analyze large"));
    const upgrade = (op: Operations) => {
      op.createIndex("ix_large", "large", ["n"]);
      op.dropTable("never_analyzed");
    };
    const graph = await historyOf({ revisions: [{ revision: "r1", downRevision: null, upgrade }] });
    await engine.connect(async (connection) => {
      const found = await lintRevision(graph.get("r1"), engine.dialect, { connection, lockTimeout: 1 });
      expect(found.map(({ rule, rows }) => [rule, rows])).toEqual([
        ["index-blocks", 3000],
        ["drop-table", null],
      ]);
    });
  });
});
