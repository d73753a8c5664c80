import { describe, expect, test } from "vitest";
import { type AsyncEngine, column, MetaData, t, table, text } from "../../src/index.js";
import {
  compareMetadata,
  historyOf,
  lintRevision,
  type PostgresqlObject,
  postgresqlObjects,
  renderBody,
} from "../../src/migrations/index.js";
import { revisionText } from "../../src/migrations/new-revision.js";
import { databaseKind, freshDatabase } from "../support/database.js";
import { described, generatedRevision, runGenerated } from "../support/generated-operations.js";

function posts(): MetaData {
  const metadata = new MetaData();
  table("posts", metadata, {
    id: column(t.integer, { primaryKey: true }),
    author: column(t.text, { nullable: false }),
    code: column(t.text, { serverDefault: text("next_code()") }),
    changed: column(t.integer, { nullable: false, serverDefault: "0" }),
  });
  table("logs", metadata, { what: column(t.text) }, { schema: "audit" });
  return metadata;
}

const objects: readonly PostgresqlObject[] = [
  {
    kind: "function",
    name: "next_code",
    returns: "text",
    language: "sql",
    body: "select 'P:' || 1",
    beforeTables: true,
  },
  {
    kind: "function",
    name: "touch",
    returns: "trigger",
    body: "\nbegin\n  new.changed := old.changed + 1; -- `it` costs $".concat("{1}\n  return new;\nend\n"),
  },
  {
    kind: "function",
    name: "total",
    schema: "audit",
    args: "step integer default 1",
    returns: "bigint",
    language: "sql",
    options: "stable",
    body: "select count(*) + step from audit.logs",
  },
  {
    kind: "function",
    name: "note",
    args: "word text",
    returns: null,
    language: "sql",
    body: "insert into audit.logs values (word)",
  },
  {
    kind: "trigger",
    name: "touch",
    on: "posts",
    when: "before update",
    action: "for each row execute function touch()",
  },
  { kind: "policy", name: "own", on: "posts", for: "select", using: "author = current_user" },
  {
    kind: "policy",
    name: "write",
    on: "posts",
    as: "restrictive",
    for: "insert",
    withCheck: "author <> ''",
    force: true,
  },
];

const TITLES = [
  "function next_code()",
  "function touch()",
  "procedure note(IN word text)",
  "function audit.total(step integer)",
  "row security of posts",
  "trigger touch on posts",
  "policy own on posts",
  "policy write on posts",
];

describe.runIf(databaseKind() === "postgresql")("postgresqlObjects", () => {
  const compare = (
    engine: AsyncEngine,
    metadata: MetaData,
    wanted: readonly PostgresqlObject[],
    include?: () => boolean,
  ) =>
    engine.connect((conn) =>
      compareMetadata(conn, metadata, {
        plugins: [postgresqlObjects(wanted, include === undefined ? {} : { include })],
        schemas: ["audit"],
      }),
    );

  test("[AG-06] [AP-05] functions, triggers and policies are made with their tables, found again as they are, and go", async () => {
    const { engine } = await freshDatabase();
    const operations = await compare(engine, posts(), objects);
    expect(
      described(operations)
        .filter((each) => !/table|schema/.test(each))
        .sort(),
    ).toEqual(TITLES.map((each) => `create ${each}`).sort());
    const body = await runGenerated(engine, operations, "upgrade");
    expect(
      body.upgrade.filter((each) => /touch\(\)/.test(each))[0],
    ).toBe(`op.execDriverSql(\`CREATE OR REPLACE FUNCTION touch()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  new.changed := old.changed + 1; -- \\\`it\\\` costs \\\${1}
  return new;
end
$function$\`);`);
    // In a file the code stands further to the right, and the body of the function where it stood.
    const file = revisionText({ message: "x", down: [], id: "x", created: new Date(0), body });
    expect(file).toContain("\n  op.execDriverSql(`CREATE OR REPLACE FUNCTION touch()\n RETURNS trigger\n");
    expect(described(await compare(engine, posts(), objects))).toEqual([]);
    await engine.execute(text("insert into posts (author) values ('ann')"));
    await engine.execute(text("update posts set author = 'bob'"));
    expect(await engine.execute(text("select code, changed from posts")).all()).toEqual([["P:1", 1]]);
    await runGenerated(engine, operations, "downgrade");
    expect(described(await compare(engine, new MetaData(), []))).toEqual([]);
  });

  test("[AG-06] a body, a return type, a trigger and a policy that change are replaced, both ways", async () => {
    const { engine } = await freshDatabase();
    await runGenerated(engine, await compare(engine, posts(), objects), "upgrade");
    await engine.execute(text("delete from athanor_version"));
    const changed = objects.map((each): PostgresqlObject => {
      if (each.name === "total") return { ...each, returns: "integer", body: "select 1" } as PostgresqlObject;
      if (each.kind === "function" && each.name === "touch") return { ...each, body: "begin return new; end" };
      if (each.kind === "trigger") return { ...each, when: "before insert or update" };
      return each.kind === "policy"
        ? { ...each, force: false, ...(each.name === "own" ? { using: "true" } : {}) }
        : each;
    });
    const operations = await compare(engine, posts(), changed);
    expect(described(operations).sort()).toEqual([
      "replace function audit.total(step integer)",
      "replace function touch()",
      "replace policy own on posts",
      "replace row security of posts",
      "replace trigger touch on posts",
    ]);
    await runGenerated(engine, operations, "upgrade");
    expect(described(await compare(engine, posts(), changed))).toEqual([]);
    await runGenerated(engine, operations, "downgrade");
    expect(described(await compare(engine, posts(), objects))).toEqual([]);
    expect(described(await compare(engine, posts(), objects.slice(0, 1), () => false))).toEqual([]);
  });

  test("what they execute is looked at by lint, as other SQL is", async () => {
    const { engine } = await freshDatabase();
    const [operation] = await compare(engine, new MetaData(), [
      { kind: "function", name: "harmless", returns: "void", language: "sql", body: "drop table users" },
    ]).then((found) => found.filter((each) => each.describe().includes("harmless")));
    const graph = await historyOf({ revisions: [generatedRevision(renderBody([operation as never], engine.dialect))] });
    expect(await lintRevision(graph.order[0] as never, engine.dialect)).toEqual([]);
  });
});

test("postgresqlObjects leaves other databases alone", async () => {
  const { engine } = await freshDatabase({ on: "sqlite" });
  const plugins = [postgresqlObjects(objects)];
  expect(await engine.connect((conn) => compareMetadata(conn, new MetaData(), { plugins }))).toEqual([]);
});
