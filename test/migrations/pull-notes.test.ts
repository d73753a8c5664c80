/** What `athanor pull` keeps beside tables, and what it says that it does not. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { run as pull } from "../../src/cli/commands/pull.js";
import { column, MetaData, Table, t, table, text } from "../../src/index.js";
import { compareMetadata } from "../../src/migrations/index.js";
import { databaseKind, freshDatabase } from "../support/database.js";
import { described, runGenerated } from "../support/generated-operations.js";
import { tempFolder } from "../support/temp.js";

const pg = databaseKind() === "postgresql";

/** Pulls a database that statements make. @returns the notes, and the text of a file */
async function pulled(statements: readonly string[], schemas: readonly string[] = []) {
  const { engine, url } = await freshDatabase({ file: true });
  for (const each of statements) await engine.execute(text(each));
  const folder = tempFolder("athanor-pull-");
  onTestFinished(() => folder[Symbol.dispose]());
  const config = join(folder.path, "athanor.config.mjs");
  writeFileSync(
    config,
    `export default { url: ${JSON.stringify(url)}, entities: [], schemas: ${JSON.stringify(schemas)} };`,
  );
  const said = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  await pull({ config, json: true, out: join(folder.path, "entities") });
  const { notes, files } = JSON.parse(said.mock.calls.map(([each]) => String(each)).join("")) as Record<
    string,
    string[]
  >;
  said.mockRestore();
  const file = (name: string): string => readFileSync(join(folder.path, "entities", name), "utf8");
  return { notes: notes ?? [], files: files ?? [], file, engine };
}

test.runIf(pg)("enums and domains that no column has are kept, and made with the metadata", async () => {
  const { file, files, notes } = await pulled(
    [
      "create type unused as enum ('a', 'b''c')",
      "create type used as enum ('x')",
      "create domain positive as integer constraint positive_check check (value > 0)",
      "create domain positives as positive[] default '{1}'",
      "create schema other",
      "create type other.unused as enum ('z')",
      "create table types (used used)",
      "create domain a_row as types",
      "create domain a_rows as a_row[]",
      "create table other.t (id integer)",
      "create domain b_row as other.t",
    ],
    ["other"],
  );
  expect(notes).toEqual(
    ["a_row", "a_rows", "b_row"].map((each) => `domain ${each} is not written, as it is over the rows of a table`),
  );
  expect(file("all-types.ts")).toBe(`import { DomainType, metadata, t } from "athanor";

export const unused = t.enum(["a", "b'c"], { name: "unused", metadata });

export const positive = new DomainType("positive", t.integer, { check: { positive_check: "VALUE > 0" }, metadata });

export const positives = new DomainType("positives", t.array(new DomainType("positive", t.integer, { check: { positive_check: "VALUE > 0" } })), { default: "'{1}'::positive[]", metadata });

export const otherUnused = t.enum(["z"], { name: "unused", schema: "other", metadata });
`);
  expect(files).toHaveLength(4);
  expect(file("index.ts")).toContain('export * from "./all-types.js";');
});

test.runIf(pg)(
  "what a schema has that no class says is told, and nothing that PostgreSQL or an extension has brought",
  async () => {
    const { notes } = await pulled(
      [
        "create schema x",
        "create table people (id serial primary key, n bigserial)",
        "alter table people rename to users",
        "create table x.plain (id serial primary key, n smallserial, name text)",
        "create table x.a_table_with_a_name_that_is_rather_long (a_key_with_a_name_that_is_rather_long serial primary key)",
        "create table x.a_table_with_a_name_that_is_very_much_longer_than_its_key (id serial primary key)",
        "comment on index x.plain_pkey is 'an index of a constraint'",
        "create table logs (id integer primary key, body text, small text)",
        "create sequence logs_id_seq",
        "alter sequence logs_id_seq owned by logs.id",
        "alter table logs alter id set default nextval('logs_id_seq')",
        "alter table logs alter body set storage external, alter body set statistics 500, alter small set (n_distinct = 4)",
        "alter table logs alter body set compression pglz",
        "alter table logs add constraint ck check (body <> '') not valid",
        "create index by_body on logs (body)",
        "create index by_length on logs (length(body))",
        "alter index by_length alter column 1 set statistics 300",
        "create schema unasked",
        "create table unasked.t (id integer)",
        "create table heirs (more text) inherits (users)",
        "create table own_heirs (id integer, n bigint) inherits (users)",
        "create schema views",
        "create view views.v as select 1 as n",
        "create schema empty",
        "comment on schema x is 'more'",
        "alter table logs cluster on by_body",
        "alter table logs replica identity full",
        "alter table logs enable row level security",
        "create policy own on logs using (id > 0)",
        "create function touch() returns trigger language plpgsql as 'begin return new; end'",
        "create trigger touch before insert on logs for each row execute function touch()",
        "create rule keep as on delete to logs do instead nothing",
        "create view log_ids with (security_barrier) as select id as no from logs",
        "comment on view log_ids is 'numbers'",
        "comment on column log_ids.no is 'one'",
        "comment on column logs.id is 'kept'",
        "create type pair as (a int, b int)",
        "create type reals as range (subtype = float8)",
        "create type nothing as enum ()",
        "create domain word as text",
        "comment on domain word is 'a word'",
        "alter domain word add constraint filled check (value <> '') not valid",
        "create statistics pairs on id, body from logs",
        "create aggregate total(int) (sfunc = int4pl, stype = int)",
        ...Array.from(
          { length: 14 },
          (_, i) => `create function x.f${i + 10}() returns int language sql as 'select 1'`,
        ),
      ],
      ["x"],
    );
    expect(notes).toEqual([
      'view log_ids is a table to select from and no class, as nothing tells its key; say it with --view-key "log_ids=<columns>"',
      "what other schemas hold is not written, --schema takes it: unasked, views",
      "no aggregate is written: total(integer)",
      "CLUSTER ON of tables is not written: logs (by_body)",
      "options of columns are not written: logs.small",
      "comments are written of tables, columns, constraints and indexes only, and not these: type word, view log_ids, view log_ids.no",
      "no composite type is written: pair",
      "COMPRESSION of columns is not written: logs.body",
      "no empty enum is written: nothing",
      "functions are not written, postgresqlObjects() takes them: touch()",
      "columns that tables inherit are their own too where they are made anew: heirs",
      "constraints that are NOT VALID are valid where they are made anew: ck of logs, filled of word",
      "policies are not written, postgresqlObjects() takes them: own on logs",
      "no range type is written: reals",
      "REPLICA IDENTITY of tables is not written: logs",
      "row security of tables is not written, postgresqlObjects() takes it: logs",
      "no rule is written: keep on logs",
      "sequences of serial columns have the usual name, type and numbers where they are made anew: logs.id (logs_id_seq), users.id (people_id_seq), users.n (people_n_seq)",
      "STATISTICS of columns are not written: by_length.length, logs.body",
      "no statistics object is written: pairs",
      "STORAGE of columns is not written: logs.body",
      "triggers are not written, postgresqlObjects() takes them: touch on logs",
      "schema x: comments are written of tables, columns, constraints and indexes only, and not these: index plain_pkey, schema x",
      "schema x: functions are not written, postgresqlObjects() takes them: f10(), f11(), f12(), f13(), f14(), f15(), f16(), f17(), f18(), f19(), f20(), f21() and 2 more",
    ]);
  },
);

test.runIf(pg)(
  "a view that reads itself, or another that reads it, is written without what it selects; one that recurses is whole",
  async () => {
    const { notes, file } = await pulled([
      "create view own as select 1 as id",
      "create or replace view own as select * from own",
      "create view one as select 1 as id",
      "create view other as select id from one",
      "create or replace view one as select id from other",
      "create table base (id integer)",
      "create view ruled as select id from base",
      "create rule ins as on insert to ruled do instead insert into base select new.id from ruled",
      "create view tree as with recursive tree as (select 1 as id union select id + 1 from tree where id < 9) select * from tree",
    ]);
    expect(notes.filter((each) => each.includes("selects"))).toEqual(
      ["one", "other", "own"].map(
        (each) => `view ${each}: what it selects is not written, as it reads itself; migrations leave it alone`,
      ),
    );
    expect(file("own.ts")).not.toContain("definition");
    expect(file("tree.ts")).toContain("WITH RECURSIVE");
  },
);

test.runIf(pg)("a view keeps its options, which a comparison finds", async () => {
  const { file, engine } = await pulled([
    "create table t (id integer primary key)",
    "create view v with (security_barrier) as select id from t with local check option",
    "create materialized view m with (fillfactor = 70) as select id from t",
  ]);
  expect(file("v.ts")).toContain(
    'dialectOptions: { postgresql: { with: { security_barrier: "true", check_option: "local" } } }',
  );
  expect(file("m.ts")).toContain('dialectOptions: { postgresql: { with: { fillfactor: "70" } } }');
  const made = (settings: object) => {
    const wanted = new MetaData();
    table("t", wanted, { id: column(t.integer, { primaryKey: true, autoincrement: false }) });
    const view = { isView: true, definition: "SELECT id FROM t" };
    new Table("v", wanted, [], { ...view, dialectOptions: { postgresql: { with: settings } } });
    const kept = { ...view, materialized: true };
    new Table("m", wanted, [], { ...kept, dialectOptions: { postgresql: { with: { fillfactor: 70 } } } });
    return wanted;
  };
  const compare = (to: MetaData) => engine.connect((conn) => compareMetadata(conn, to));
  const was = made({ security_barrier: true, check_option: "local" });
  const is = made({ security_invoker: true });
  expect(described(await compare(was))).toEqual([]);
  const operations = await compare(is);
  const { upgrade, downgrade } = await runGenerated(engine, operations, "upgrade");
  expect(upgrade.join("\n")).toContain('{ with: { security_invoker: "true" } }');
  expect(downgrade.join("\n")).toContain('{ with: { security_barrier: "true", check_option: "local" } }');
  expect(described(await compare(is))).toEqual([]);
  await runGenerated(engine, operations, "downgrade");
  expect(described(await compare(was))).toEqual([]);
});

test.runIf(!pg)("triggers are told of, which no class says", async () => {
  const { notes } = await pulled([
    "create table t (id integer primary key)",
    "create trigger touch after insert on t begin select 1; end",
  ]);
  expect(notes).toEqual(["triggers are not written: touch on t"]);
});
