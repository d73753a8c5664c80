import { describe, expect, test } from "vitest";
import {
  checkConstraint,
  column,
  foreignKey,
  Index,
  identity,
  MetaData,
  t,
  table,
  text,
  UniqueConstraint,
} from "../../src/index.js";
import {
  compareMetadata,
  historyOf,
  lintRevision,
  migrate,
  type Operations,
  renderSafeBody,
} from "../../src/migrations/index.js";
import { databaseKind, freshDatabase } from "../support/database.js";
import { described, generatedRevision, runGenerated } from "../support/generated-operations.js";

/** What a table was, and what it is to be: every change of it can be made while it is in use. */
function users(after: boolean): MetaData {
  const metadata = new MetaData();
  table("teams", metadata, { id: column(t.integer, { primaryKey: true }) });
  table(
    "users",
    metadata,
    {
      id: column(t.integer, { primaryKey: true }),
      name: column(t.string(20), { nullable: !after }),
      bio: column(after ? t.text : t.string(100)),
      team_id: column(t.integer, after ? { foreignKey: foreignKey("teams.id", { name: "fk_team" }) } : {}),
      ...(after
        ? {
            age: column(t.integer, { nullable: false, serverDefault: "0" }),
            token: column(t.uuid, { nullable: false, serverDefault: text("gen_random_uuid()") }),
          }
        : {}),
    },
    ...(after
      ? [
          checkConstraint("length(name) > 0", { name: "ck_name" }),
          new UniqueConstraint(["name", "team_id"], { name: "uq_name" }),
          new Index("ix_lower", [text("lower(name)")], { where: "id > 0" }),
        ]
      : [new Index("ix_bio", ["bio"])]),
  );
  return metadata;
}

describe.runIf(databaseKind() === "postgresql")("a safe sequence", () => {
  test("does what the plain one does, there and back, and lint finds nothing in it", async () => {
    const { engine } = await freshDatabase();
    const compare = (to: MetaData) => engine.connect((conn) => compareMetadata(conn, to));
    await users(false).createAll(engine);
    await engine.execute(text("insert into users (name, bio) select n, n from generate_series(1, 12000) n"));
    const operations = await compare(users(true));
    const body = renderSafeBody(operations, engine.dialect);
    const graph = await historyOf({ revisions: [generatedRevision(body)] });
    expect(await lintRevision(graph.order[0] as never, engine.dialect, { lockTimeout: 1 })).toEqual([]);
    expect(body.upgrade.join("\n")).toBe(`await op.autocommitBlock(() => {
  op.dropIndex("ix_bio", "users", { concurrently: true });
});
op.createCheckConstraint("ck_users_name_not_null", "users", '"name" is not null', { notValid: true });
await op.autocommitBlock(() => {
  op.validateConstraint("ck_users_name_not_null", "users");
});
op.alterColumn("users", "name", { nullable: false }, { existing: { nullable: true } });
op.dropConstraint("ck_users_name_not_null", "users");
op.alterColumn("users", "bio", { type: t.text, using: 'CAST("bio" AS text)' }, { existing: { type: t.string(100) } });
op.addColumn("users", "age", column(t.integer, { nullable: false, serverDefault: "0" }));
op.addColumn("users", "token", column(t.uuid));
op.alterColumn("users", "token", { serverDefault: text("gen_random_uuid()") }, { existing: { serverDefault: null } });
await op.autocommitBlock(() => {
  op.backfill("users", '"token" = gen_random_uuid()', '"token" is null');
});
op.createCheckConstraint("ck_users_token_not_null", "users", '"token" is not null', { notValid: true });
await op.autocommitBlock(() => {
  op.validateConstraint("ck_users_token_not_null", "users");
});
op.alterColumn("users", "token", { nullable: false }, { existing: { nullable: true } });
op.dropConstraint("ck_users_token_not_null", "users");
await op.autocommitBlock(() => {
  op.createIndex("uq_name", "users", ["name", "team_id"], { unique: true, concurrently: true });
});
op.constraintFromIndex("uq_name", "users", "uq");
op.createCheckConstraint("ck_name", "users", "length(name) > 0", { notValid: true });
await op.autocommitBlock(() => {
  op.validateConstraint("ck_name", "users");
  op.createIndex("ix_lower", "users", [text("lower(name)")], { concurrently: true, where: "id > 0" });
});
op.createForeignKey("fk_team", "users", "teams", ["team_id"], ["id"], { notValid: true });
await op.autocommitBlock(() => {
  op.validateConstraint("fk_team", "users");
});`);
    await runGenerated(engine, operations, "upgrade", renderSafeBody);
    expect(described(await compare(users(true)))).toEqual([]);
    expect(await engine.scalar(text("select count(distinct token) from users"))).toBe(12_000);
    await runGenerated(engine, operations, "downgrade", renderSafeBody);
    expect(described(await compare(users(false)))).toEqual([]);
  });

  test("what has no safe way stays, with what lint says of it, and what a person has to say is left to them", async () => {
    const { engine } = await freshDatabase();
    const made = (after: boolean): MetaData => {
      const metadata = new MetaData();
      table("users", metadata, {
        id: column((after ? t.bigint : t.integer) as typeof t.integer, { primaryKey: true, identity: identity() }),
        ...(after ? { age: column(t.integer, { nullable: false }) } : { old: column(t.text) }),
      });
      return metadata;
    };
    await made(false).createAll(engine);
    const operations = await engine.connect((conn) => compareMetadata(conn, made(true)));
    expect(renderSafeBody(operations, engine.dialect).upgrade.join("\n")).toBe(`\
// The whole table and its indexes are written anew; readers and writers wait.
// - Add a column of the new type beside "id", and let the program write both.
// - op.backfill("users", ...) for the rows that are there, in op.autocommitBlock().
// - Let the program read the new column, then drop the old one in a later migration.
op.alterColumn("users", "id", { type: t.bigint, using: 'CAST("id" AS bigint)' }, { existing: { type: t.integer } });
op.addColumn("users", "age", column(t.integer));
await op.autocommitBlock(() => {
  // Let the program fill it for new rows, and say here what the rows that are there get:
  // op.backfill("users", '"age" = ...', '"age" is null');
});
op.createCheckConstraint("ck_users_age_not_null", "users", '"age" is not null', { notValid: true });
await op.autocommitBlock(() => {
  op.validateConstraint("ck_users_age_not_null", "users");
});
op.alterColumn("users", "age", { nullable: false }, { existing: { nullable: true } });
op.dropConstraint("ck_users_age_not_null", "users");
// Programs that run still select and insert it, and fail.
// - Deploy the program whose classes do not map it (a column without default must be nullable before).
// - Drop the column in a later migration.
op.dropColumn("users", "old");`);
  });
});

test("a database with one writer has no other sequence, and says so", async () => {
  const { engine } = await freshDatabase({ on: "sqlite" });
  expect(() => renderSafeBody([], engine.dialect)).toThrow(
    "A safe sequence is for databases that are read and written while they are migrated; sqlite has one writer at a time. Leave --safe out, or write the revision against PostgreSQL.",
  );
});

describe("op.backfill", () => {
  const history = (set: string, where: string) => ({
    revisions: [
      {
        revision: "a1",
        downRevision: null,
        upgrade(op: Operations) {
          op.execute("create table words (id integer, word varchar(20), length integer)");
          op.execute("insert into words (id, word) values (1, 'a'), (2, 'bb'), (3, 'ccc'), (4, 'dddd'), (5, 'eeeee')");
          return op.autocommitBlock(() => op.backfill("words", set, where, { size: 2 }));
        },
      },
    ],
  });

  test("[AR-05] gives values to all rows that are left, in batches where others are let in between", async () => {
    const { engine } = await freshDatabase({ file: true });
    const rows: number[] = [];
    const onProgress = (progress: { rows: number }) => rows.push(progress.rows);
    await migrate(engine, { ...history("length = length(word)", "length is null"), onProgress });
    const found = await engine.execute(text("select length from words order by id")).scalars().all();
    expect(found).toEqual([1, 2, 3, 4, 5]);
    expect(rows).toEqual(databaseKind() === "postgresql" ? [2, 4, 5] : []);
  });

  test.runIf(databaseKind() === "postgresql")("ends with an error where rows that were changed still fit", async () => {
    const { engine } = await freshDatabase();
    await expect(migrate(engine, history("length = 0", "id > 0"))).rejects.toThrow(
      /backfill of words has changed 1\d rows and comes to no end: rows that were changed still fit "id > 0"\. Say a condition/,
    );
  });
});
