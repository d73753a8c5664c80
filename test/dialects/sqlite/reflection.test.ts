import { beforeEach, describe, expect, test } from "vitest";
import { parseTable } from "../../../src/dialects/sqlite/table-text.js";
import type { AsyncEngine } from "../../../src/engine/async-engine.js";
import { NoInspectionAvailable, NoSuchTableError } from "../../../src/engine/errors.js";
import { inspect } from "../../../src/engine/inspection.js";
import { asyncSessionmaker, automapBase, select, selectinload } from "../../../src/index.js";
import { compareMetadata } from "../../../src/migrations/index.js";
import { text } from "../../../src/sql/elements/text.js";
import { memoryEngine } from "../../engine/support.js";

const SCHEMA = `
create table parents (
  id integer primary key autoincrement,
  code varchar(10) not null unique,
  "odd ""name" text default 'it''s',
  amount numeric(10, 2) not null default 0,
  twice integer generated always as (amount * 2) stored,
  constraint ck_amount check (amount >= 0 and code != 'a,b)')
);
create table pairs (
  a integer not null, b text not null, parent_id integer,
  constraint pk_pairs primary key (a, b),
  constraint uq_parent_b unique (parent_id, b),
  constraint fk_parent foreign key (parent_id) references parents (id) on delete cascade on update set null deferrable initially deferred
) without rowid;
create table kids (id integer primary key, a integer, b text, pid references parents, foreign key (a, b) references pairs (a, b), check (a > 0));
create index ix_kids_a on kids (a desc, b) where a is not null;
create unique index ix_kids_lower on kids (lower(b), a);
create view rich as select * from parents where amount > 100`;

let engine: AsyncEngine;
beforeEach(async () => {
  engine = memoryEngine();
  for (const one of SCHEMA.split(";\n")) await engine.execute(text(one.replaceAll(":", "\\:")));
});

describe("the inspector of SQLite", () => {
  test("names tables and views, and knows what there is", async () => {
    const inspector = inspect(engine);
    expect(await inspector.getTableNames()).toEqual(["kids", "pairs", "parents"]);
    expect(await inspector.getViewNames()).toEqual(["rich"]);
    expect(await inspector.getViewDefinition("rich")).toBe(
      "CREATE VIEW rich as select * from parents where amount > 100",
    );
    expect(await inspector.getSchemaNames()).toEqual(["main"]);
    expect(await inspector.hasTable("rich")).toBe(true);
    expect(await inspector.hasTable("nothing")).toBe(false);
    expect(await inspector.hasIndex("kids", "ix_kids_a")).toBe(true);
    expect(await engine.hasTable("pairs")).toBe(true);
    expect(await engine.tableNames()).toHaveLength(3);
  });

  test("tells columns with type, nullability, default and computation", async () => {
    const columns = await inspect(engine).getColumns("parents");
    expect(
      columns.map(({ name, typeName, nullable, default: value, primaryKey }) => [
        name,
        typeName,
        nullable,
        value,
        primaryKey,
      ]),
    ).toEqual([
      ["id", "INTEGER", true, null, 1],
      ["code", "varchar(10)", false, null, 0],
      ['odd "name', "TEXT", true, "'it''s'", 0],
      ["amount", "numeric(10, 2)", false, "0", 0],
      ["twice", "INTEGER", true, null, 0],
    ]);
    expect(columns[0]?.autoincrement).toBe(true);
    expect(columns[4]?.computed).toEqual({ sqltext: "amount * 2", persisted: true });
    expect(columns.map((column) => String(column.type))).toEqual([
      "visitInteger",
      "string(10)",
      "text",
      "numeric(10,2)",
      "visitInteger",
    ]);
    expect(await inspect(engine).getColumns("rich")).toHaveLength(5);
  });

  test("tells keys with the names of their constraints", async () => {
    const inspector = inspect(engine);
    expect(await inspector.getPkConstraint("pairs")).toEqual({ name: "pk_pairs", constrainedColumns: ["a", "b"] });
    expect(await inspector.getPkConstraint("parents")).toEqual({ name: null, constrainedColumns: ["id"] });
    expect(await inspector.getForeignKeys("pairs")).toEqual([
      {
        name: "fk_parent",
        constrainedColumns: ["parent_id"],
        referredSchema: null,
        referredTable: "parents",
        referredColumns: ["id"],
        options: { onDelete: "CASCADE", onUpdate: "SET NULL", deferrable: true, initially: "DEFERRED" },
      },
    ]);
    expect(
      (await inspector.getForeignKeys("kids")).map((key) => [
        key.constrainedColumns,
        key.referredTable,
        key.referredColumns,
      ]),
    ).toEqual([
      [["pid"], "parents", ["id"]],
      [["a", "b"], "pairs", ["a", "b"]],
    ]);
  });

  test("[LI-06][LI-07] tells unique and check constraints, and indexes with order, condition and expressions", async () => {
    const inspector = inspect(engine);
    expect(await inspector.getUniqueConstraints("pairs")).toEqual([
      { name: "uq_parent_b", columnNames: ["parent_id", "b"] },
    ]);
    expect(await inspector.getUniqueConstraints("parents")).toEqual([{ name: null, columnNames: ["code"] }]);
    expect(await inspector.getCheckConstraints("parents")).toEqual([
      { name: "ck_amount", sqltext: "amount >= 0 and code != 'a,b)'" },
    ]);
    expect(await inspector.getCheckConstraints("kids")).toEqual([{ name: null, sqltext: "a > 0" }]);
    expect(await inspector.getIndexes("kids")).toMatchObject([
      {
        name: "ix_kids_a",
        columnNames: ["a", "b"],
        unique: false,
        columnSorting: { a: ["desc"] },
        where: "a is not null",
      },
      { name: "ix_kids_lower", columnNames: [null, "a"], unique: true, expressions: ["lower(b)", "a"] },
    ]);
    expect(await inspector.getTableOptions("pairs")).toEqual({ withRowid: false });
    expect(await inspector.getTableComment("pairs")).toBe(null);
  });

  test("tells of many tables at once, keeps its answers, and forgets them when told", async () => {
    const inspector = inspect(engine);
    expect([...(await inspector.getMultiColumns()).keys()]).toEqual(["kids", "pairs", "parents"]);
    expect([...(await inspector.getMultiPkConstraint({ filterNames: ["kids"] })).keys()]).toEqual(["kids"]);
    await engine.execute(text("drop table kids"));
    expect(await inspector.getTableNames()).toHaveLength(3);
    inspector.clearCache();
    expect(await inspector.getTableNames()).toHaveLength(2);
  });

  test("works on a synchronous connection, inside its transaction, and on attached databases", async () => {
    await using conn = await engine.connect();
    await conn.execute(text("attach ':memory:' as other"));
    await conn.execute(text("create table other.extra (id integer primary key)"));
    const found = await conn.runSync((sync) => {
      const inspector = inspect(sync);
      return [
        inspector.getTableNames({ schema: "other" }),
        inspector.getColumns("extra", { schema: "other" }).length,
        inspector.getSchemaNames(),
      ];
    });
    expect(found).toEqual([["extra"], 1, ["main", "other"]]);
  });

  test("tells a key that is NUMERIC without a size as whole numbers, so that it meets the INTEGER that refers to it", async () => {
    for (const each of [
      "create table actors (id numeric not null primary key, name text, fee numeric, height real)",
      "create table parts (actor_id int not null references actors, no decimal, primary key (actor_id, no))",
      "insert into actors values (1, 'Ann', '2.50', 1.625)",
      "insert into parts values (1, 7)",
    ])
      await engine.execute(text(each));
    const base = automapBase();
    await base.prepare(engine, { only: ["actors", "parts"] });
    const Actor = base.class<{ id: number; fee: string; partsCollection: { actor_id: number; no: number }[] }>(
      "actors",
    );
    await using session = asyncSessionmaker(engine)();
    const ann = await session.scalars(select(Actor).options(selectinload(Actor, (a) => a.partsCollection))).one();
    expect([ann.id, ann.fee, ...ann.partsCollection.map((each) => [each.actor_id, each.no])]).toEqual([
      1,
      "2.5",
      [1, 7],
    ]);
    const include = ({ name }: { readonly name: string | null }) => name === "actors" || name === "parts";
    expect(await engine.connect((c) => compareMetadata(c, base.metadata, { include }))).toEqual([]);
  });

  test("says which table there is not, and inspect() what it cannot inspect", async () => {
    await expect(inspect(engine).getColumns("nothing")).rejects.toThrow(NoSuchTableError);
    await expect(inspect(engine).getPkConstraint("nothing")).rejects.toThrow('There is no table or view "nothing"');
    expect(() => inspect({})).toThrow(NoInspectionAvailable);
    expect(() => inspect({})).toThrow("No inspection system is available for Object");
  });
});

describe("the reader of CREATE TABLE", () => {
  test("is not led astray by comments, quotes and parentheses", () => {
    const found = parseTable(`create table "a(b" ( -- a comment, with )
      [x y] text check ([x y] in ('a)', "b,")), /* check (1) */
      \`q\` int constraint "my ""fk" references "p q" (id) not deferrable,
      z int default (1 + (2)), unique ("x y", q), CHECK((z)>0)) strict, without rowid`);
    expect(found.checks).toEqual([
      { name: null, sqltext: "[x y] in ('a)', 'b,')" },
      { name: null, sqltext: "(z)>0" },
    ]);
    expect(found.foreignKeys).toEqual([{ name: 'my "fk', columns: ["q"], table: "p q", deferrable: false }]);
    expect(found.uniques).toEqual([{ name: null, columns: ["x y", "q"] }]);
    expect(found).toMatchObject({ strict: true, withoutRowid: true, autoincrement: false });
    expect(parseTable("").checks).toEqual([]);
    // A schema that is there may have strings in double quotes, which no new one may.
    const legacy = parseTable(
      `create table t ("a" text, b text as ("a" || "x'y" || "lower"(b)), check ("b" <> "z" and rowid > 0 and a = 'q "r"'))`,
    );
    expect(legacy.computed.get("b")).toBe(`"a" || 'x''y' || "lower"(b)`);
    expect(legacy.checks[0]?.sqltext).toBe(`"b" <> 'z' and rowid > 0 and a = 'q "r"'`);
  });
});
