import { describe, expect, test } from "vitest";
import {
  ArgumentError,
  type AsyncEngine,
  CheckConstraint,
  column,
  DDL,
  event,
  InvalidRequestError,
  inspect,
  MetaData,
  NoSuchTableError,
  select,
  Table,
  t,
  table,
  text,
} from "../../../src/index.js";
import { databaseKind, databaseName, freshDatabase } from "../../support/database.js";
import { load } from "./published/load.js";
import { northwind } from "./published/northwind.js";

const postgres = databaseKind() === "postgresql";

async function northwindEngine(): Promise<AsyncEngine> {
  const { engine } = await freshDatabase();
  await load(engine, northwind(databaseKind()));
  return engine;
}

/** Counts the questions that the dialect is asked: each is one statement on PostgreSQL. */
async function counted<T>(engine: AsyncEngine, run: () => Promise<T>): Promise<{ result: T; statements: number }> {
  let statements = 0;
  const { reflection } = engine.dialect;
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(reflection)).filter((name) => name !== "constructor");
  const patched = reflection as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of names) {
    const original = patched[name];
    if (typeof original !== "function") continue;
    patched[name] = function (this: unknown, ...args: unknown[]) {
      statements++;
      return original.apply(this, args);
    };
  }
  const result = await run();
  for (const name of names) delete patched[name];
  return { result, statements };
}

describe("the inspector", () => {
  test("[CR-03] [CX-07] tells of columns, keys, indexes and views, async and under runSync alike", async () => {
    const engine = await northwindEngine();
    const inspector = inspect(engine);
    const asynchronously = {
      tables: await inspector.getTableNames(),
      views: await inspector.getViewNames(),
      columns: (await inspector.getColumns("products")).map((each) => [
        each.name,
        engine.dialect.typeCompiler.render(each.type),
        each.nullable,
      ]),
      key: await inspector.getPkConstraint("order_details"),
      foreign: (await inspector.getForeignKeys("order_details")).map((each) => [
        each.constrainedColumns,
        each.referredTable,
        each.referredColumns,
        each.options,
      ]),
      checks: (await inspector.getCheckConstraints("products")).map((each) => each.name),
      indexes: (await inspector.getIndexes("orders")).map(({ name, columnNames, columnSorting, unique, where }) => ({
        name,
        columnNames,
        columnSorting,
        unique,
        where: where?.toLowerCase(),
      })),
    };
    await using conn = await engine.connect();
    const synchronously = await conn.runSync((sync) => {
      const same = inspect(sync);
      return [same.getTableNames(), same.getViewNames(), same.getPkConstraint("order_details")];
    });
    await conn.close(); // PGlite has one connection
    expect(synchronously).toEqual([asynchronously.tables, asynchronously.views, asynchronously.key]);
    expect(asynchronously.tables).toHaveLength(14);
    expect(asynchronously.views).toEqual(["products_above_average"]);
    expect(asynchronously.columns.slice(0, 3)).toEqual([
      ["product_id", "SMALLINT", false],
      ["product_name", "VARCHAR(40)", false],
      ["supplier_id", "SMALLINT", true],
    ]);
    expect(asynchronously.key.constrainedColumns).toEqual(["order_id", "product_id"]);
    expect(asynchronously.foreign).toContainEqual([["order_id"], "orders", ["order_id"], { onDelete: "CASCADE" }]);
    expect(asynchronously.checks).toEqual(["ck_unit_price"]);
    expect(asynchronously.indexes).toEqual([
      {
        name: "ix_orders_open",
        columnNames: ["order_date", "customer_id"],
        columnSorting: { order_date: ["desc"] },
        unique: false,
        where: "ship_via is null",
      },
    ]);
    expect(await inspector.getIndexes("us_states")).toMatchObject([
      { name: "ux_states_abbr", columnNames: [null], expressions: [expect.stringContaining("lower(")], unique: true },
    ]);
  });

  test("[CR-03] keeps its answers until clearCache, and names the table that there is not", async () => {
    const engine = await northwindEngine();
    const inspector = inspect(engine);
    expect(await inspector.hasTable("extra")).toBe(false);
    expect(await inspector.getTableNames()).not.toContain("extra");
    await engine.execute(text("create table extra (id integer primary key)"));
    expect(await inspector.hasTable("extra")).toBe(false);
    inspector.clearCache();
    expect(await inspector.hasTable("extra")).toBe(true);
    await expect(inspector.getColumns("nothing")).rejects.toThrow('There is no table or view "nothing"');
    await expect(inspector.getIndexes("nothing", { schema: "else" })).rejects.toThrow(NoSuchTableError);
  });

  test("[CR-04] tells of many tables in as many questions as of one", async () => {
    const engine = await northwindEngine();
    const inspector = inspect(engine);
    const { result, statements } = await counted(engine, () => inspector.getMultiColumns());
    expect(statements).toBe(2);
    expect(result.size).toBe(14);
    expect(result.get("orders")?.map((each) => each.name)).toContain("ship_via");
    expect((await inspector.getMultiForeignKeys({ filterNames: ["orders", "region"] })).get("region")).toEqual([]);
    expect([...(await inspector.getMultiColumns({ kind: "view" })).keys()]).toEqual(["products_above_average"]);
    expect((await inspector.getMultiPkConstraint({ kind: "any" })).size).toBe(15);
    const found = new MetaData();
    // PostgreSQL is asked for sequences as well.
    const all = databaseKind() === "postgresql" ? 11 : 10;
    expect((await counted(engine, () => found.reflect(engine))).statements).toBe(all);
  });

  test("[CR-05] knows what there is: tables, indexes, schemas, sequences and types", async () => {
    const engine = await northwindEngine();
    const inspector = inspect(engine);
    expect(await inspector.hasTable("orders")).toBe(true);
    expect(await inspector.hasTable("products_above_average")).toBe(true);
    expect(await inspector.hasIndex("orders", "ix_orders_open")).toBe(true);
    expect(await inspector.hasIndex("orders", "ix_none")).toBe(false);
    expect(await inspector.hasIndex("none", "ix_none")).toBe(false);
    expect(await inspector.hasSchema(postgres ? "public" : "main")).toBe(true);
    expect(await inspector.hasSchema("elsewhere")).toBe(false);
    expect(await inspector.hasSequence("numbers")).toBe(false);
    expect(await inspector.hasType("mood")).toBe(false);
    if (!postgres) return;
    await engine.execute(text("create sequence numbers as smallint increment 5 cycle"));
    await engine.execute(text("create type mood as enum ('sad', 'ok')"));
    inspector.clearCache();
    expect(await inspector.hasSequence("numbers")).toBe(true);
    expect(await inspector.hasType("mood")).toBe(true);
    expect(await inspector.getSequences()).toMatchObject([
      { name: "numbers", typeName: "smallint", increment: 5, maxValue: 32767, cycle: true },
    ]);
  });

  test("[CR-06] tells view definitions, comments, temporary tables and options", async () => {
    const engine = await northwindEngine();
    await engine.begin(async (c) => {
      await c.execute(text("create temporary table mine (id integer primary key)"));
      await c.execute(text("create temporary view glimpse as select 1 as one"));
      const inspector = inspect(c);
      expect(await inspector.getTempTableNames()).toEqual(["mine"]);
      expect(await inspector.getTempViewNames()).toEqual(["glimpse"]);
      expect(await inspector.getTableNames()).not.toContain("mine");
      expect(await inspector.hasTable("mine")).toBe(true);
      expect((await inspector.getColumns("mine")).map((each) => each.name)).toEqual(["id"]);
      expect(await inspector.getViewDefinition("products_above_average")).toMatch(/select.*avg\(/is);
      expect(await inspector.getViewDefinition("orders")).toBeNull();
      expect(await inspector.getMaterializedViewNames()).toEqual([]);
      expect(await inspector.getForeignTableNames()).toEqual([]);
      if (postgres) {
        await c.execute(text("comment on table orders is 'what was ordered'"));
        await c.execute(text("create unlogged table fast (id int) with (fillfactor = 70)"));
      } else {
        await c.execute(
          text("create table fast (id int primary key, x text not null on conflict ignore) without rowid, strict"),
        );
      }
      inspector.clearCache();
      expect(await inspector.getTableComment("orders")).toBe(postgres ? "what was ordered" : null);
      expect(await inspector.getTableOptions("fast")).toEqual(
        postgres ? { unlogged: true, with: { fillfactor: "70" } } : { withRowid: false, strict: true },
      );
    });
  });

  // PGlite has no extension with foreign tables.
  test.runIf(databaseName() === "postgresql")(
    "[PG-16] tells enums and domains with their schemas, materialized views and foreign tables",
    async () => {
      const { engine } = await freshDatabase();
      await load(
        engine,
        `create schema other;
create type mood as enum ('sad', 'it''s ok');
create type other.size as enum ('S', 'L');
create domain posint as integer default 1 not null constraint positive check (value > 0);
create domain other.word as varchar(20) collate "C";
create materialized view kept as select 1 as one;
create extension file_fdw;
create server files foreign data wrapper file_fdw;
create foreign table lines (line text) server files options (filename '/dev/null');
create table things (id posint primary key, m mood, sizes other.size[], w other.word, grid integer[][], code varchar(5) collate "POSIX", at time(3) with time zone, span interval day to second(2))`,
      );
      const inspector = inspect(engine);
      expect(await inspector.getEnums()).toEqual([{ name: "mood", schema: null, labels: ["sad", "it's ok"] }]);
      expect((await inspector.getEnums({ schema: "*" })).map((each) => [each.schema, each.name])).toEqual([
        ["other", "size"],
        [null, "mood"],
      ]);
      expect(await inspector.getDomains()).toMatchObject([
        {
          name: "posint",
          typeName: "integer",
          nullable: false,
          default: "1",
          constraints: [{ name: "positive", check: "VALUE > 0" }],
        },
      ]);
      expect(await inspector.getDomains({ schema: "other" })).toMatchObject([
        { name: "word", schema: "other", collation: "C" },
      ]);
      expect(await inspector.getMaterializedViewNames()).toEqual(["kept"]);
      expect(await inspector.getViewNames()).toEqual([]);
      expect(await inspector.getForeignTableNames()).toEqual(["lines"]);
      expect((await inspector.getColumns("kept")).map((each) => each.name)).toEqual(["one"]);
      expect(await inspector.hasType("size")).toBe(false);
      expect(await inspector.hasType("size", { schema: "other" })).toBe(true);
      const columns = await inspector.getColumns("things");
      expect(columns.map((each) => engine.dialect.typeCompiler.render(each.type))).toEqual([
        "posint",
        "mood",
        "other.size[]",
        "other.word",
        "INTEGER[][]",
        'VARCHAR(5) COLLATE "POSIX"',
        "TIME(3) WITH TIME ZONE",
        "INTERVAL DAY TO SECOND(2)",
      ]);
      const found = new MetaData();
      await found.reflect(engine);
      const target = await freshDatabase();
      await target.engine.execute(text("create schema other"));
      await found.createAll(target.engine);
      expect(await inspect(target.engine).getDomains({ schema: "*" })).toEqual(
        await inspector.getDomains({ schema: "*" }),
      );
      await found.dropAll(target.engine);
      expect(await inspect(target.engine).getDomains({ schema: "*" })).toEqual([]);
      expect(await inspect(target.engine).getEnums({ schema: "*" })).toEqual([]);
    },
  );
});

describe("reflection into a metadata", () => {
  test("[CR-01] takes the tables named, by list or function, with those that they refer to, and views", async () => {
    const engine = await northwindEngine();
    const some = new MetaData();
    await some.reflect(engine, { only: ["orders"] });
    expect([...some.tables.keys()].sort()).toEqual(["customers", "employees", "orders", "shippers"]);
    const alone = new MetaData();
    await alone.reflect(engine, { only: (name) => name.startsWith("order"), resolveFks: false, views: true });
    expect([...alone.tables.keys()].sort()).toEqual(["order_details", "orders"]);
    const views = new MetaData();
    await using conn = await engine.connect();
    await conn.runSync((sync) => views.reflect(sync, { views: true }));
    expect(views.tables.size).toBe(15);
    expect(views.tables.get("products_above_average")?.isView).toBe(true);
    const rows = await conn.execute(select(views.tables.get("products_above_average") as Table)).all();
    expect(rows).toHaveLength(2);
    expect(await conn.runSync(some.reflect)).toBeUndefined();
    expect(some.tables.size).toBe(14);
    await conn.close(); // PGlite has one connection
    await expect(new MetaData().reflect(engine, { only: ["orders", "ordres"] })).rejects.toThrow(
      'Could not reflect: the database has no "ordres".',
    );
    await expect(new MetaData().reflect(engine, { only: ["nothing"] })).rejects.toThrow(InvalidRequestError);
  });

  test("[CR-02] lets columns given beside autoloadWith win, and leaves tables alone that are there", async () => {
    const engine = await northwindEngine();
    const md = new MetaData();
    await using conn = await engine.connect();
    const products = await conn.runSync((sync) =>
      table(
        "products",
        md,
        { name: column(t.string(99), { name: "product_name", nullable: false, info: { mine: true } }) },
        { autoloadWith: sync },
      ),
    );
    expect((products.c.name.type as typeof t.string).maxLength).toBe(99);
    const names = products.columns.map((each) => each.name);
    expect(names).toHaveLength(8);
    expect(names.filter((name) => name === "product_name")).toHaveLength(1);
    expect(products.primaryKey.columns.map((each) => each.name)).toEqual(["product_id"]);
    expect(products.constraints.filter((each) => each instanceof CheckConstraint)).toHaveLength(1);
    const rows = await conn.execute(select(products.c.name).orderBy(products.c.name)).scalars().all();
    expect(rows).toEqual(["Aniseed Syrup", "Chai", "Chang"]);

    await expect(
      conn.runSync((sync) => new Table("nothing", new MetaData(), [], { autoloadWith: sync })),
    ).rejects.toThrow('The database has no table or view "nothing" to take the columns from.');
    await conn.close(); // PGlite has one connection

    const before = products.columns.length;
    await md.reflect(engine);
    expect(products.columns).toHaveLength(before);
    const small = table("region", new MetaData(), { region_id: column(t.integer, { primaryKey: true }) });
    await (small.metadata as MetaData).reflect(engine, { only: ["region"], extendExisting: true });
    expect(small.columns.map((each) => each.name)).toEqual(["region_id", "region_description"]);
    expect(small.column("region_id").type.visitName).toBe("visitInteger");

    expect(() => new Table("shippers", md, [], { schema: null, autoloadWith: engine as never })).toThrow(ArgumentError);
  });

  test("[CM-03] a handler of columnReflect makes what is found fit another database", async () => {
    const engine = await northwindEngine();
    const md = new MetaData();
    event.listen(md, "columnReflect", (info, found) =>
      found.name === "shippers" && info.name === "phone" ? { ...info, type: t.text, comment: "changed" } : undefined,
    );
    await md.reflect(engine, { only: ["shippers"] });
    expect(md.tables.get("shippers")?.column("phone").comment).toBe("changed");
    expect(md.tables.get("shippers")?.column("company_name").comment).toBeNull();
  });

  test("[CL-02] handlers of beforeCreate and afterDrop hear of tables and run statements", async () => {
    const { engine } = await freshDatabase();
    const md = new MetaData();
    const things = table("things", md, { id: column(t.integer, { primaryKey: true }), x: column(t.integer) });
    const heard: string[] = [];
    event.listen(md, "beforeCreate", () => void heard.push("metadata"));
    event.listen(things, "beforeCreate", (target) => void heard.push(`before ${target.name}`));
    event.listen(things, "afterCreate", (target, connection) => {
      connection.execute(target.insert().values({ id: 1, x: 5 }));
      return [
        new DDL("CREATE INDEX ix_mine ON things (x)").executeIf({ dialect: databaseKind() }),
        new DDL("not even SQL").executeIf({ dialect: "another" }),
      ];
    });
    event.listen(things, "afterDrop", () => void heard.push("dropped"));
    await md.createAll(engine);
    expect(await inspect(engine).hasIndex("things", "ix_mine")).toBe(true);
    expect(await engine.execute(select(things.c.x)).scalars().all()).toEqual([5]);
    await md.dropAll(engine);
    expect(heard).toEqual(["metadata", "before things", "dropped"]);
  });
});
