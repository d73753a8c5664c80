import { describe, expect, it } from "vitest";
import { Range, rangeTypes } from "../../../src/dialects/postgresql/index.js";
import {
  type AsyncEngine,
  CheckConstraint,
  CreateIndex,
  CreateSchema,
  CreateTable,
  column,
  computed,
  ExcludeConstraint,
  foreignKey,
  func,
  Index,
  identity,
  inspect,
  MetaData,
  Sequence,
  select,
  t,
  table,
  text,
  UniqueConstraint,
} from "../../../src/index.js";
import { rejection, scratchDatabase } from "./support.js";

const db = scratchDatabase();

async function clean(engine: AsyncEngine): Promise<void> {
  await engine.begin(async (c) => {
    await c.execute(text("DROP SCHEMA public CASCADE; DROP SCHEMA IF EXISTS other CASCADE; CREATE SCHEMA public"));
  });
}

describe("tables", () => {
  it("a single integer key counts up by itself, as an identity or as a serial", async () => {
    const engine = db.engine();
    await clean(engine);
    const metadata = new MetaData();
    const a = table("a", metadata, { id: column(t.integer, { primaryKey: true }), x: column(t.text) });
    table(
      "b",
      metadata,
      { id: column(t.bigint, { primaryKey: true }) },
      { dialectOptions: { postgresql: { autoincrement: "serial" } } },
    );
    table("c", metadata, { id: column(t.integer, { primaryKey: true, autoincrement: false }) });
    table("d", metadata, { x: column(t.integer, { primaryKey: true }), y: column(t.integer, { primaryKey: true }) });
    await metadata.createAll(engine);
    const columns = async (name: string): Promise<string[]> =>
      (await engine
        .execute(
          text(
            "SELECT coalesce(column_default, identity_generation, '-') FROM information_schema.columns WHERE table_name = :name ORDER BY 1",
          ),
          { name },
        )
        .scalars()
        .all()) as string[];
    expect(await columns("a")).toEqual(["-", "BY DEFAULT"]);
    expect(await columns("b")).toEqual(["nextval('b_id_seq'::regclass)"]);
    expect(await columns("c")).toEqual(["-"]);
    expect(await columns("d")).toEqual(["-", "-"]);
    const result = await engine.execute(a.insert().values({ x: "1" }));
    expect(result.insertedPrimaryKey).toEqual([1]);
    await metadata.dropAll(engine);
    expect(await engine.tableNames()).toEqual([]);
  });

  it("columns have identities, computed values, defaults, sequences and comments", async () => {
    const engine = db.engine();
    await clean(engine);
    const metadata = new MetaData();
    const numbers = new Sequence("numbers", { metadata, start: 100, increment: 5 });
    const things = table(
      "things",
      metadata,
      {
        id: column(t.integer, { primaryKey: true, identity: identity({ always: true, start: 10 }) }),
        width: column(t.integer, { serverDefault: text("3"), comment: "in mm; it's whole" }),
        area: column(t.integer, { computed: computed("width * width") }),
        number: column(t.integer, { default: numbers as never }),
        at: column(t.datetime({ timezone: true }), { serverDefault: func.now() as never }),
        label: column(t.string(5), { serverDefault: "it's" }),
      },
      { comment: "Things" },
    );
    await metadata.createAll(engine);
    await engine.begin(async (c) => {
      const result = await c.execute(things.insert().values({ width: 4 } as never));
      expect(result.insertedPrimaryKey).toEqual([10]);
      await c.execute(things.insert().values({ id: 7 } as never));
      const rows = await c
        .execute(select(things.c.id, things.c.area, things.c.number, things.c.label).orderBy(things.c.id))
        .all();
      expect(rows).toEqual([
        [7, 9, 105, "it's"],
        [10, 16, 100, "it's"],
      ]);
    });
    const inspector = inspect(engine);
    const columns = await inspector.getColumns("things");
    expect(columns.map((each) => [each.name, each.comment])).toContainEqual(["width", "in mm; it's whole"]);
    expect(columns.find((each) => each.name === "id")?.identity).toMatchObject({
      always: true,
      start: 10,
      increment: 1,
    });
    expect(columns.find((each) => each.name === "area")?.computed).toEqual({
      sqltext: "width * width",
      persisted: true,
    });
    expect(columns.find((each) => each.name === "label")?.default).toBe("'it''s'::character varying");
    expect(await inspector.getTableComment("things")).toBe("Things");
    expect(await inspector.getSequenceNames()).toEqual(["numbers"]);
    await metadata.dropAll(engine);
    expect(await inspect(engine).getSequenceNames()).toEqual([]);
  });

  it("[PG-06] an enum is created with the first table that has it, and dropped with the last", async () => {
    const engine = db.engine();
    await clean(engine);
    const first = new MetaData();
    const mood = t.enum(["sad", "it's ok"], { name: "mood" });
    table("one", first, { id: column(t.integer, { primaryKey: true }), m: column(mood) });
    const second = new MetaData();
    const two = table("two", second, {
      id: column(t.integer, { primaryKey: true }),
      m: column(mood),
      all: column(t.array(mood)),
    });
    await first.createAll(engine);
    await second.createAll(engine);
    await engine.begin((c) => c.execute(two.insert().values({ m: "it's ok", all: ["sad"] })));
    expect(await engine.execute(select(two.c.m, two.c.all)).all()).toEqual([["it's ok", ["sad"]]]);
    await first.dropAll(engine);
    expect(await engine.scalar(text("SELECT count(*) FROM pg_type WHERE typname = 'mood'"))).toBe(1);
    await second.dropAll(engine);
    expect(await engine.scalar(text("SELECT count(*) FROM pg_type WHERE typname = 'mood'"))).toBe(0);
  });

  it("DDL is transactional: createAll that fails in the middle leaves nothing", async () => {
    const engine = db.engine();
    await clean(engine);
    const metadata = new MetaData();
    table("aa", metadata, { id: column(t.integer, { primaryKey: true }) });
    table("bb", metadata, { id: column(t.named("nonsense_type"), { primaryKey: true }) });
    expect(await rejection(metadata.createAll(engine))).toMatchObject({ name: "ProgrammingError", code: "42704" });
    expect(await engine.tableNames()).toEqual([]);
  });

  it("[PG-09] an exclusion constraint refuses bookings that overlap", async () => {
    const engine = db.engine();
    await clean(engine);
    const metadata = new MetaData();
    const bookings = table(
      "bookings",
      metadata,
      { id: column(t.integer, { primaryKey: true }), during: column(rangeTypes.int4range) },
      new ExcludeConstraint([["during", "&&"]], { name: "no_overlap" }),
    );
    await metadata.createAll(engine);
    await engine.execute(bookings.insert().values({ during: new Range(1, 5) }));
    const error = await rejection(engine.execute(bookings.insert().values({ during: new Range(4, 6) })));
    expect(error).toMatchObject({
      name: "IntegrityError",
      violation: "exclusion",
      constraint: "no_overlap",
      table: "bookings",
    });
  });

  it("[PG-11] a partitioned table is declared, and its partitions hold the rows", async () => {
    const engine = db.engine();
    await clean(engine);
    const metadata = new MetaData();
    const logs = table(
      "logs",
      metadata,
      { id: column(t.integer, { primaryKey: true, autoincrement: false }), m: column(t.text) },
      { dialectOptions: { postgresql: { partitionBy: "RANGE (id)" } } },
    );
    await metadata.createAll(engine);
    await engine.execute(text("CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (0) TO (10)"));
    await engine.execute(logs.insert().values({ id: 5, m: "x" } as never));
    expect(await engine.scalar(text("SELECT m FROM logs_1"))).toBe("x");
    expect(await inspect(engine).getTableOptions("logs")).toEqual({ partitionBy: "RANGE (id)" });
  });
});

describe("what is created is told by the inspector", () => {
  it("columns of all types with their types", async () => {
    const engine = db.engine();
    await clean(engine);
    const metadata = new MetaData();
    const types = {
      a: t.integer,
      b: t.smallint,
      c: t.bigint,
      d: t.numeric(10, 2),
      e: t.double,
      f: t.float,
      g: t.string(50),
      h: t.text,
      i: t.char(3),
      j: t.boolean,
      k: t.date,
      l: t.time,
      m: t.datetime,
      n: t.datetime({ timezone: true, precision: 3 }),
      o: t.interval,
      p: t.json,
      q: t.jsonb,
      r: t.uuid,
      s: t.binary,
      u: t.array(t.string(20)),
      v: t.enum(["x", "y"], { name: "letters" }),
      w: t.array(t.enum(["x", "y"], { name: "letters" })),
      y: rangeTypes.tstzrange,
      z: t.named("inet"),
    };
    table(
      "types",
      metadata,
      Object.fromEntries(Object.entries(types).map(([name, type]) => [name, column(type as never)])),
    );
    await metadata.createAll(engine);
    const render = (type: unknown): string =>
      (engine.dialect.typeCompiler as { render(type: unknown): string }).render(type);
    const found = await inspect(engine).getColumns("types");
    expect(found.map((each) => [each.name, render(each.type).toLowerCase()])).toEqual(
      Object.entries(types).map(([name, type]) => [name, render(type).toLowerCase()]),
    );
  });

  it("keys, constraints and indexes with all their options", async () => {
    const engine = db.engine();
    await clean(engine);
    const metadata = new MetaData();
    table("parents", metadata, {
      x: column(t.integer, { primaryKey: true }),
      y: column(t.integer, { primaryKey: true }),
    });
    const kids = table(
      "kids",
      metadata,
      {
        id: column(t.integer, { primaryKey: true }),
        name: column(t.string(20), { nullable: false }),
        doc: column(t.jsonb),
        boss: column(t.integer, {
          foreignKey: foreignKey("kids.id", {
            name: "fk_boss",
            onDelete: "SET NULL",
            onUpdate: "CASCADE",
            deferrable: true,
            initially: "DEFERRED",
          }),
        }),
      },
      new UniqueConstraint(["name", "boss"], { name: "uq_name_boss" }),
      new CheckConstraint("length(name) > 1 AND name <> ')'", { name: "ck_name" }),
      new Index("ix_doc", ["doc"], { using: "gin", ops: { doc: "jsonb_path_ops" } }),
      new Index("ix_part", ["name"], {
        unique: true,
        where: "boss > 3",
        include: ["boss"],
        with: { fillfactor: 70 },
        nullsNotDistinct: true,
      }),
    );
    kids.addIndex(new Index("ix_lower", [func.lower(kids.c.name) as never, kids.c.boss.desc() as never]));
    await metadata.createAll(engine);
    const inspector = inspect(engine);
    expect(await inspector.getPkConstraint("parents")).toEqual({
      name: "parents_pkey",
      constrainedColumns: ["x", "y"],
    });
    expect(await inspector.getForeignKeys("kids")).toEqual([
      {
        name: "fk_boss",
        constrainedColumns: ["boss"],
        referredSchema: null,
        referredTable: "kids",
        referredColumns: ["id"],
        options: { onDelete: "SET NULL", onUpdate: "CASCADE", deferrable: true, initially: "DEFERRED" },
      },
    ]);
    expect(await inspector.getUniqueConstraints("kids")).toEqual([
      { name: "uq_name_boss", columnNames: ["name", "boss"] },
    ]);
    expect(await inspector.getCheckConstraints("kids")).toEqual([
      { name: "ck_name", sqltext: "(length((name)::text) > 1) AND ((name)::text <> ')'::text)" },
    ]);
    const indexes = await inspector.getIndexes("kids");
    expect(indexes.map((each) => each.name)).toEqual(["ix_doc", "ix_lower", "ix_part", "uq_name_boss"]);
    expect(indexes[0]).toMatchObject({
      columnNames: ["doc"],
      dialectOptions: { using: "gin", ops: { doc: "jsonb_path_ops" } },
    });
    expect(indexes[1]).toMatchObject({
      columnNames: [null, "boss"],
      expressions: ["lower(name::text)", "boss"],
      columnSorting: { boss: ["desc"] },
    });
    expect(indexes[2]).toMatchObject({
      columnNames: ["name"],
      unique: true,
      where: "boss > 3",
      dialectOptions: { include: ["boss"], with: { fillfactor: "70" }, nullsNotDistinct: true },
    });
    expect(indexes[3]).toMatchObject({ duplicatesConstraint: "uq_name_boss" });
    expect(await inspector.hasIndex("kids", "ix_doc")).toBe(true);
    expect(await inspector.hasTable("nobody")).toBe(false);
    expect(await rejection(inspector.getColumns("nobody"))).toMatchObject({ name: "NoSuchTableError" });
  });

  it("schemas, views and temporary tables", async () => {
    const engine = db.engine();
    await clean(engine);
    const metadata = new MetaData({ schema: "other" });
    const users = table("users", metadata, { id: column(t.integer, { primaryKey: true }), "odd Name": column(t.text) });
    table("posts", metadata, {
      id: column(t.integer, { primaryKey: true }),
      user: column(t.integer, { foreignKey: "users.id" }),
    });
    await engine.begin(async (c) => {
      await c.execute(new CreateSchema("other"));
      await metadata.createAll(c);
      await c.execute(users.insert().values({ "odd Name": "x" } as never));
      expect(await c.execute(select(users)).all()).toEqual([[1, "x"]]);
      expect(await c.execute(select(users.c.id).withForUpdate({ of: [users] } as never)).all()).toHaveLength(1);
      await c.execute(
        text(
          "CREATE VIEW other.names AS SELECT id FROM other.users; CREATE MATERIALIZED VIEW kept AS SELECT 1 AS one; CREATE TEMP TABLE mine (x int)",
        ),
      );
      const inspector = inspect(c);
      expect(await inspector.getSchemaNames()).toEqual(["information_schema", "other", "public"]);
      expect(await inspector.getTableNames({ schema: "other" })).toEqual(["posts", "users"]);
      expect(await inspector.getTableNames()).toEqual([]);
      expect(await inspector.getViewNames({ schema: "other" })).toEqual(["names"]);
      expect(await inspector.getViewNames()).toEqual([]);
      expect(await inspector.getMaterializedViewNames()).toEqual(["kept"]);
      expect(await inspector.getTempTableNames()).toEqual(["mine"]);
      expect(await inspector.getViewDefinition("names", { schema: "other" })).toMatch(
        /SELECT (users\.)?id\s+FROM other\.users;/,
      );
      expect((await inspector.getForeignKeys("posts", { schema: "other" }))[0]).toMatchObject({
        referredSchema: "other",
        referredTable: "users",
      });
      expect(await inspector.hasTable("users")).toBe(false);
      expect(await inspector.hasTable("users", { schema: "other" })).toBe(true);
      expect(await inspector.getDefaultSchemaName()).toBe("public");
    });
  });

  it("works inside runSync too", async () => {
    const engine = db.engine();
    await clean(engine);
    const metadata = new MetaData();
    table("synced", metadata, { id: column(t.integer, { primaryKey: true }) });
    await engine.begin(async (c) => {
      await c.runSync((sync) => metadata.createAll(sync));
      expect(await c.runSync((sync) => inspect(sync).getTableNames())).toEqual(["synced"]);
    });
  });

  it("statements of DDL are executed on their own", async () => {
    const engine = db.engine();
    await clean(engine);
    const t1 = table("t1", new MetaData(), { id: column(t.integer, { primaryKey: true }), b: column(t.text) });
    await engine.begin(async (c) => {
      await c.execute(new CreateTable(t1 as never));
      await c.execute(new CreateTable(t1 as never, { ifNotExists: true }));
    });
    const index = new Index("ix_c", ["b"], { concurrently: true });
    t1.addIndex(index);
    await engine.connect(async (c) => {
      await c.executionOptions({ isolationLevel: "AUTOCOMMIT" });
      await c.execute(new CreateIndex(index));
    });
    expect(await inspect(engine).hasIndex("t1", "ix_c")).toBe(true);
  });
});
