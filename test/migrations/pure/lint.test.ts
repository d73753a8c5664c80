import { afterAll, describe, expect, test } from "vitest";
import {
  column,
  computed,
  createAsyncEngine,
  func,
  identity,
  MetaData,
  registry,
  t,
  table,
  text,
} from "../../../src/index.js";
import {
  historyOf,
  type LintFinding,
  lintRevision,
  type Operations,
  type RevisionModule,
} from "../../../src/migrations/index.js";

const engine = createAsyncEngine("postgresql://nobody@localhost/nowhere");
afterAll(() => engine.dispose());

async function lint(
  upgrade: RevisionModule["upgrade"],
  more: Partial<RevisionModule> = {},
  on = engine,
): Promise<readonly LintFinding[]> {
  const graph = await historyOf({ revisions: [{ revision: "r1", downRevision: null, ...more, upgrade }] });
  return await lintRevision(graph.get("r1"), on.dialect, { lockTimeout: 2_000 });
}

const rules = async (upgrade: RevisionModule["upgrade"]): Promise<readonly string[]> =>
  (await lint(upgrade)).map(({ rule, lock }) => (lock === null ? rule : `${rule}: ${lock}`));

describe("lint", () => {
  test("a finding names the lock, says why and shows the safe sequence", async () => {
    expect(await lint((op) => op.alterColumn("users", "email", { nullable: false }))).toEqual([
      {
        revision: "r1",
        rule: "not-null-scans",
        operation: "alter column users.email (nullable)",
        table: "users",
        rows: null,
        lock: "ACCESS EXCLUSIVE",
        why: "Every row is read to see that none is NULL; readers and writers wait.",
        instead: [
          'op.createCheckConstraint("ck_users_email", "users", "email is not null", { notValid: true });',
          'op.autocommitBlock(() => op.validateConstraint("ck_users_email", "users"));',
          'op.alterColumn("users", "email", { nullable: false }); op.dropConstraint("ck_users_email", "users");',
        ],
      },
    ]);
  });

  const cases: readonly [string, (op: Operations) => unknown, readonly string[]][] = [
    ["a nullable column", (op) => op.addColumn("users", "age", column(t.integer)), []],
    [
      "a column whose default is the same for all rows",
      (op) => {
        op.addColumn("users", "age", column(t.integer, { nullable: false, serverDefault: "0" }));
        op.addColumn("users", "made", column(t.datetime, { nullable: false, serverDefault: func.now() }));
      },
      [],
    ],
    [
      "a column that is required and has no default",
      (op) => op.addColumn("users", "age", column(t.integer, { nullable: false })),
      ["add-not-null: ACCESS EXCLUSIVE"],
    ],
    [
      "columns whose values differ from row to row",
      (op) => {
        op.addColumn("users", "key", column(t.uuid, { serverDefault: text("gen_random_uuid()") }));
        op.addColumn("users", "no", column(t.integer, { identity: identity() }));
        op.addColumn("users", "twice", column(t.integer, { computed: computed("age * 2", { persisted: true }) }));
      },
      Array(3).fill("add-column-rewrites: ACCESS EXCLUSIVE"),
    ],
    [
      "types that are stored otherwise",
      (op) => {
        op.alterColumn("users", "age", { type: t.bigint }, { existing: { type: t.integer } });
        op.alterColumn("users", "name", { type: t.string(10) }, { existing: { type: t.string(20) } });
        op.alterColumn("users", "name", { type: t.text });
      },
      Array(3).fill("type-rewrites: ACCESS EXCLUSIVE"),
    ],
    [
      "types that are stored alike",
      (op) => {
        op.alterColumn("users", "name", { type: t.string(50) }, { existing: { type: t.string(20) } });
        const type = t.string(60);
        op.alterColumn(
          "users",
          "name",
          { type, using: 'CAST("name" AS VARCHAR(60))' },
          { existing: { type: t.string(50) } },
        );
        op.alterColumn("users", "name", { type: t.text }, { existing: { type: t.string(60) } });
        op.alterColumn("users", "price", { type: t.numeric(12, 2) }, { existing: { type: t.numeric(10, 2) } });
        op.alterColumn("users", "price", { type: t.numeric }, { existing: { type: t.numeric(10, 2) } });
        op.alterColumn("users", "made", { type: t.datetime }, { existing: { type: t.datetime({ precision: 3 }) } });
      },
      [],
    ],
    [
      "names that programs use",
      (op) => {
        op.alterColumn("users", "name", { name: "full_name" });
        op.renameTable("users", "people");
        op.dropColumn("people", "age");
        op.dropTable("posts");
      },
      ["rename", "rename", "drop-column", "drop-table"].map((rule) => `${rule}: ACCESS EXCLUSIVE`),
    ],
    [
      "indexes",
      (op) => {
        op.createIndex("ix_a", "users", ["a"]);
        op.createIndex("ix_b", "users", ["b"], { concurrently: true });
        op.dropIndex("ix_c", "users");
      },
      ["index-blocks: SHARE", "concurrently-in-transaction", "drop-index-blocks: ACCESS EXCLUSIVE"],
    ],
    [
      "indexes in their own way",
      (op) =>
        op.autocommitBlock(() => {
          op.createIndex("ix_b", "users", ["b"], { concurrently: true });
          op.dropIndex("ix_c", "users", { concurrently: true });
        }),
      [],
    ],
    [
      "constraints",
      (op) => {
        op.createForeignKey("fk", "posts", "users", ["user_id"], ["id"]);
        op.createCheckConstraint("ck", "users", "age > 0");
        op.createUniqueConstraint("uq", "users", ["email"]);
      },
      [
        "constraint-scans: SHARE ROW EXCLUSIVE",
        "constraint-scans: ACCESS EXCLUSIVE",
        "constraint-builds: ACCESS EXCLUSIVE",
      ],
    ],
    [
      "a validation that keeps the lock of what was added before it",
      (op) => {
        op.createForeignKey("fk", "posts", "users", ["user_id"], ["id"], { notValid: true });
        op.validateConstraint("fk", "posts");
      },
      ["validate-in-transaction: ACCESS EXCLUSIVE"],
    ],
    [
      "the safe sequence for NOT NULL",
      (op) => {
        op.createCheckConstraint("ck", "users", "email is not null", { notValid: true });
        op.autocommitBlock(() => op.validateConstraint("ck", "users"));
        op.alterColumn("users", "email", { nullable: false });
        op.dropConstraint("ck", "users");
      },
      [],
    ],
    [
      "a value of an enum that is used in the transaction that adds it",
      (op) => {
        op.addEnumValue("mood", "so so");
        op.execute("update days set mood = 'so so' where mood is null");
      },
      ["enum-value-in-use"],
    ],
    [
      "SQL of its own",
      (op) => {
        op.execute("create index ix on users (age)");
        op.execute("update users set age = 0");
        op.execute("update users set age = 0 where id = 1");
        op.execute("truncate users");
      },
      ["index-blocks: SHARE", "all-rows-at-once: ROW EXCLUSIVE", "lock-held: SHARE", "locks-table: ACCESS EXCLUSIVE"],
    ],
    [
      "every form of SQL that keeps others out",
      (op) =>
        op.execute(`
          -- alter table users rename to nobody;
          alter table only public.users add constraint fk foreign key (a) references b (id);
          ALTER TABLE "users" ADD CHECK (age > 0), ALTER COLUMN age TYPE bigint;
          alter table users add constraint uq unique (email); alter table users add primary key (id);
          alter table users alter email set not null; alter table users add column age integer not null;
          alter table users drop column age; alter table users rename name to full_name; alter table users set unlogged;
          drop index ix; drop table posts; reindex table users; refresh materialized view totals; vacuum full users;
          lock table users in access exclusive mode`),
      [
        "constraint-scans: SHARE ROW EXCLUSIVE",
        "constraint-scans: ACCESS EXCLUSIVE",
        "type-rewrites: ACCESS EXCLUSIVE",
        "constraint-builds: ACCESS EXCLUSIVE",
        "constraint-builds: ACCESS EXCLUSIVE",
        "not-null-scans: ACCESS EXCLUSIVE",
        "add-not-null: ACCESS EXCLUSIVE",
        "drop-column: ACCESS EXCLUSIVE",
        "rename: ACCESS EXCLUSIVE",
        "type-rewrites: ACCESS EXCLUSIVE",
        "drop-index-blocks: ACCESS EXCLUSIVE",
        "drop-table: ACCESS EXCLUSIVE",
        "index-blocks: SHARE",
        "locks-table: ACCESS EXCLUSIVE",
        "locks-table: ACCESS EXCLUSIVE",
        "locks-table: ACCESS EXCLUSIVE",
      ],
    ],
    [
      "SQL that is safe, and SQL in a string",
      (op) => {
        op.execute("alter table users add constraint fk foreign key (a) references b (id) not valid");
        op.execute(
          "alter table users add constraint uq unique using index ux, alter age set default 1, drop constraint ck",
        );
        op.execute(
          "alter table users alter age drop default, alter age drop not null, add column n integer default 1 not null",
        );
        op.execute("create table fresh (id integer); create index ix on fresh (id); alter table fresh rename to old");
        op.execute("do $x$ begin drop table users; end $x$");
        op.autocommitBlock(() => op.execute("create unique index concurrently ux on users (email)"));
        op.execute("insert into log values ('drop table users; truncate users')");
      },
      [],
    ],
    [
      "rows that are changed while a lock of the same transaction is held",
      (op) => {
        op.addColumn("users", "age", column(t.integer));
        op.execute("update users set age = 0 where age is null");
      },
      ["lock-held: ACCESS EXCLUSIVE"],
    ],
    [
      "rows that are changed in batches, each committed",
      (op) => {
        op.addColumn("users", "age", column(t.integer));
        op.autocommitBlock(() => op.backfill("users", "age = 0", "age is null"));
      },
      [],
    ],
    [
      "a value of an enum that goes under another name, or with its type",
      (op) => {
        op.renameEnumValue("mood", "sad", "blue");
        op.replaceEnum("mood", ["blue"]);
      },
      ["rename", "type-rewrites: ACCESS EXCLUSIVE"],
    ],
    [
      "a rule of a domain, and one over another type",
      (op) => {
        op.createDomain("years", t.integer);
        op.alterDomain("years", { notNull: true });
        op.createDomainConstraint("few", "years", "VALUE < 500");
        op.validateDomainConstraint("few", "years");
        op.replaceDomain("years", t.bigint);
      },
      [
        "constraint-scans: SHARE",
        "constraint-scans: SHARE",
        "constraint-scans: SHARE",
        "type-rewrites: ACCESS EXCLUSIVE",
      ],
    ],
    [
      "what a domain loses, and a check of it for new values only",
      (op) => {
        op.alterDomain("years", { notNull: false, default: "1" });
        op.dropDomainConstraint("few", "years");
        op.createDomainConstraint("few", "years", "VALUE < 500", { notValid: true });
      },
      [],
    ],
    [
      "a table that the revision itself makes",
      (op) => {
        op.createTable("news", { id: column(t.integer, { primaryKey: true }), title: column(t.text) });
        op.createIndex("ix_news", "news", ["title"]);
        op.alterColumn("news", "title", { nullable: false });
        op.createUniqueConstraint("uq", "news", ["title"]);
      },
      [],
    ],
    [
      "a batch, change by change",
      (op) =>
        op.batchAlterTable("users", (batch) => {
          batch.alterColumn("email", { nullable: false });
          batch.createIndex("ix", ["email"]);
        }),
      ["not-null-scans: ACCESS EXCLUSIVE", "index-blocks: SHARE"],
    ],
  ];
  for (const [what, upgrade, expected] of cases) {
    test(`${expected.length === 0 ? "finds nothing in" : "warns of"} ${what}`, async () => {
      expect(await rules(upgrade)).toEqual(expected);
    });
  }

  test("waiting for a lock without a limit is a finding of its own", async () => {
    const revision = {
      revision: "r1",
      downRevision: null,
      upgrade: (op: Operations) => op.dropConstraint("ck", "users"),
    };
    const graph = await historyOf({ revisions: [revision] });
    expect((await lintRevision(graph.get("r1"), engine.dialect)).map((each) => each.rule)).toEqual(["lock-timeout"]);
    expect(await lintRevision(graph.get("r1"), engine.dialect, { lockTimeout: 500 })).toEqual([]);
  });

  test("a column that a class still reads is told from one that only programs in use may read", async () => {
    const metadata = new MetaData();
    const users = table("users", metadata, { id: column(t.integer, { primaryKey: true }), age: column(t.integer) });
    class User {}
    const types = registry({ metadata });
    types.mapImperatively(User, users as never, { properties: { years: users.c.age } });
    types.configure();
    const graph = await historyOf({
      revisions: [
        {
          revision: "r1",
          downRevision: null,
          upgrade(op: Operations) {
            op.dropColumn("users", "age");
            op.dropColumn("users", "gone");
            op.dropTable("users");
          },
        },
      ],
    });
    const found = await lintRevision(graph.get("r1"), engine.dialect, { lockTimeout: 500, metadata });
    expect(found.map(({ rule, why, instead }) => [rule, why, instead[0]])).toEqual([
      [
        "drop-mapped",
        "User.years is mapped to it: the program of this very version selects it, and fails.",
        "Take User.years out of the class.",
      ],
      [
        "drop-column",
        "Programs that run still select and insert it, and fail.",
        "Deploy the program whose classes do not map it (a column without default must be nullable before).",
      ],
      [
        "drop-mapped",
        "User is mapped to it: the program of this very version fails, and its rows are gone.",
        "Take User out of the program.",
      ],
    ]);
  });

  test("rules are accepted for all revisions too", async () => {
    const graph = await historyOf({
      revisions: [{ revision: "r1", downRevision: null, upgrade: (op: Operations) => op.dropTable("users") }],
    });
    const found = await lintRevision(graph.get("r1"), engine.dialect, { ignore: ["drop-table", "lock-timeout"] });
    expect(found).toEqual([]);
  });

  test("a revision accepts a rule by name", async () => {
    expect(await lint((op) => op.dropTable("users"), { lintIgnore: ["drop-table"] })).toEqual([]);
  });

  test("what cannot be known without a database is said", async () => {
    const found = await lint(async (op) => {
      op.createIndex("ix", "users", ["a"]);
      await op.inspect(() => 1);
      op.dropTable("users");
    });
    expect(found.map((each) => each.rule)).toEqual(["index-blocks", "not-readable"]);
  });

  test("on SQLite there is nothing to choose, and nothing is found", async () => {
    const sqlite = createAsyncEngine("sqlite://");
    expect(await lint((op) => op.dropTable("users"), {}, sqlite)).toEqual([]);
    await sqlite.dispose();
  });
});
