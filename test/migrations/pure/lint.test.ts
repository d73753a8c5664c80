import { afterAll, describe, expect, test } from "vitest";
import { column, computed, createAsyncEngine, func, identity, t, text } from "../../../src/index.js";
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
      ["index-blocks: SHARE", "all-rows-at-once: ROW EXCLUSIVE", "locks-table: ACCESS EXCLUSIVE"],
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
