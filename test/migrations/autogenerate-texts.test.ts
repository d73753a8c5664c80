import { describe, expect, test } from "vitest";
import { pulledModel } from "../../src/cli/pull/model.js";
import { oneModule } from "../../src/cli/pull/modules.js";
import {
  Column,
  checkConstraint,
  column,
  DomainType,
  ForeignKey,
  Index,
  inspect,
  MetaData,
  PrimaryKey,
  primaryKeyConstraint,
  Registry,
  SchemaColumn,
  type SQLType,
  Table,
  t,
  table,
  text,
} from "../../src/index.js";
import { compareMetadata } from "../../src/migrations/index.js";
import { databaseKind, freshDatabase } from "../support/database.js";
import { createExtension } from "../support/extensions.js";
import { described, runGenerated } from "../support/generated-operations.js";

const pg = databaseKind() === "postgresql";
const id = () => column(t.integer, { primaryKey: true });

/** Goes from one metadata to the other and back; nothing may differ at either end. @returns what is written */
async function thereAndBack(from: MetaData, to: MetaData, schemas: readonly string[] = []): Promise<readonly string[]> {
  const { engine } = await freshDatabase({ file: true });
  for (const each of schemas) await engine.execute(text(`create schema ${each}`));
  const compare = (metadata: MetaData) => engine.connect((conn) => compareMetadata(conn, metadata, { schemas }));
  await from.createAll(engine);
  const operations = await compare(to);
  const { upgrade } = await runGenerated(engine, operations, "upgrade");
  expect(described(await compare(to))).toEqual([]);
  await runGenerated(engine, operations, "downgrade");
  expect(described(await compare(from))).toEqual([]);
  return upgrade;
}

describe("what a comparison writes", () => {
  test("[AG-10] a new table has its key in the order of the key, and with all that is said of it", async () => {
    const to = new MetaData();
    const part = () => column(t.string(20), { nullable: false });
    table("users", to, { name: part(), host: part() }, primaryKeyConstraint(["host", "name"]));
    table(
      "seats",
      to,
      { row_no: column(t.integer), taken: column(t.boolean) },
      primaryKeyConstraint(["row_no"], pg ? { include: ["taken"] } : {}),
    );
    const made = await thereAndBack(new MetaData(), to);
    expect(made.join("\n")).toContain('primaryKeyConstraint(["host", "name"])');
  });

  test("[AG-10] a key that is to refer to a table made later does not count up by itself, whatever name it has", async () => {
    const to = new MetaData();
    const named = (name: string) => primaryKeyConstraint(["id"], { name });
    table("eggs", to, { id: column(t.integer, { foreignKey: "hens.id" }) }, named("pk_eggs"));
    table("hens", to, { id: id(), egg_id: column(t.integer, { foreignKey: "eggs.id" }) });
    await thereAndBack(new MetaData(), to);
  });

  test("[AG-10] types have what stands in for them elsewhere, the name that they go by, and the rules of their domain", async () => {
    const year = new DomainType<number>("year", t.integer, { check: { year_check: "VALUE > 1900" }, notNull: true });
    const to = new MetaData();
    table("things", to, {
      id: id(),
      name: column(t.string(20).withVariant(t.text, "sqlite")),
      word: column(t.string(20).spelled("NCHAR(20)", "sqlite")),
      born: column(year.withVariant(t.smallint, "sqlite"), { serverDefault: "1950", nullable: false }),
    });
    const made = (await thereAndBack(new MetaData(), to)).join("\n");
    expect(made).toContain('name: column(t.string(20).withVariant(t.text, "sqlite")),');
    expect(made).toContain('word: column(t.string(20).spelled("NCHAR(20)", "sqlite")),');
    expect(made).toContain(
      'new DomainType("year", t.integer, { check: { year_check: "VALUE > 1900" }, notNull: true }).withVariant(t.smallint, "sqlite")',
    );
  });

  test("[AG-02] a default keeps its colons, in quotes and outside of them", async () => {
    const to = new MetaData();
    table("settings", to, {
      id: id(),
      extra: column(t.text, { serverDefault: text('\'{"a": ":x", "at": "12:30"}\'') }),
      at: column(t.text, { serverDefault: text("('a' || ':b')") }),
    });
    await thereAndBack(new MetaData(), to);
  });

  test("[AG-04] what goes from a table that is renamed comes back to it; a class says its names before", async () => {
    const registry = new Registry();
    @registry.Entity("people", {
      renamedFrom: "users",
      tableArgs: [checkConstraint("years > 0", { name: "ck_years" })],
    })
    class Person {
      @PrimaryKey(t.integer)
      id!: number;

      @Column(t.bigint, { renamedFrom: "age" })
      years!: bigint;
    }
    expect(Person.name).toBe("Person");
    registry.configure();
    const from = new MetaData();
    table(
      "users",
      from,
      { id: id(), age: column(t.integer, { nullable: false }), nick: column(t.string(9), { serverDefault: "x" }) },
      checkConstraint("age > 0", { name: "ck_age" }),
    );
    const written = (await thereAndBack(from, registry.metadata)).join("\n");
    expect(written).toContain('op.renameTable("users", "people");');
    expect(written).toContain('"age", { name: "years" }');
  });

  test("[AG-06] views are what their definition says, also those of classes; one without it is somebody else's", async () => {
    const made = (since: number, mapped: boolean): MetaData => {
      const metadata = new MetaData();
      table("days", metadata, { id: id(), mood: column(t.text) });
      if (mapped) new Table("moods", metadata, [], { isView: true });
      const definition = `SELECT id, mood FROM days WHERE id > ${since}`;
      new Table("late_days", metadata, [], { isView: true, definition });
      return metadata;
    };
    const written = await thereAndBack(made(1, false), made(5, false));
    expect(written.map((each) => each.slice(0, 13))).toEqual(['op.dropView("', "op.createView"]);
    const { engine } = await freshDatabase({ file: true });
    await made(1, false).createAll(engine);
    await engine.execute(text("create view moods as select mood from days"));
    const compare = (metadata: MetaData) => engine.connect((conn) => compareMetadata(conn, metadata));
    expect(described(await compare(made(1, true)))).toEqual([]);
    expect(described(await compare(made(1, false)))).toEqual(["drop view moods"]);
  });

  if (!pg) {
    test("[AG-02] SQLite's ways to write a type are one, and a key need not be said to be not null", async () => {
      const { engine } = await freshDatabase();
      await engine.execute(
        text(
          "create table tracks (id integer primary key autoincrement, name nvarchar(20) not null, price decimal(10,2), at timestamp, size int, code character varying(5) collate nocase)",
        ),
      );
      const tracks = (code = t.string(5, { collation: "nocase" })): MetaData => {
        const metadata = new MetaData();
        table(
          "tracks",
          metadata,
          {
            id: id(),
            name: column(t.string(20), { nullable: false }),
            price: column(t.numeric(10, 2)),
            at: column(t.datetime),
            size: column(t.integer),
            code: column(code),
          },
          { dialectOptions: { sqlite: { autoincrement: true } } },
        );
        return metadata;
      };
      const compare = (metadata: MetaData) => engine.connect((conn) => compareMetadata(conn, metadata));
      expect(described(await compare(tracks()))).toEqual([]);
      expect(described(await compare(tracks(t.string(6, { collation: "nocase" }))))).toEqual([
        "alter column tracks.code (type, using)",
      ]);
      expect(described(await compare(tracks(t.string(5))))).toEqual(["alter column tracks.code (type, using)"]);
    });
  } else {
    test("[AG-05] a default, a check and a view name types and tables of another schema", async () => {
      const made = (): MetaData => {
        const metadata = new MetaData();
        const state = t.enum(["new", "paid"], { name: "state", schema: "sales" });
        table(
          "orders",
          metadata,
          { id: id(), state: column(state, { serverDefault: text("'new'::sales.state") }) },
          checkConstraint("state <> 'paid'::sales.state or id > 0", { name: "ck_paid" }),
          { schema: "sales" },
        );
        const definition = "SELECT o.id FROM sales.orders o WHERE o.state = 'new'::sales.state";
        new Table("open_orders", metadata, [], { isView: true, definition, schema: "sales" });
        return metadata;
      };
      await thereAndBack(new MetaData(), made(), ["sales"]);
    });

    test("[AG-05] a collation of another schema is read, made and written with it, for columns, indexes and domains", async () => {
      const { engine } = await freshDatabase();
      const script = `create schema sorts; create collation sorts.plain from "C";
create domain word as text collate sorts.plain;
create table shelves (id integer primary key, name varchar(20) collate sorts.plain, note text, w word);
create index ix_shelves_note on shelves (note collate sorts.plain)`;
      for (const each of script.split(";")) await engine.execute(text(each));
      const metadata = new MetaData();
      await metadata.reflect(engine);
      expect(await engine.connect((conn) => compareMetadata(conn, metadata))).toEqual([]);
      const name = t.string(20, { collation: "plain", collationSchema: "sorts" });
      expect(engine.dialect.typeCompiler.render(name)).toBe('VARCHAR(20) COLLATE sorts."plain"');
      expect((await inspect(engine).getDomains())[0]).toMatchObject({ collation: "plain", collationSchema: "sorts" });
      await engine.execute(text("drop table shelves"));
      await engine.execute(text("drop domain word"));
      const operations = await engine.connect((conn) => compareMetadata(conn, metadata));
      const { upgrade } = await runGenerated(engine, operations, "upgrade");
      expect(upgrade.join("\n")).toContain('t.string(20, { collation: "plain", collationSchema: "sorts" })');
      expect(await engine.connect((conn) => compareMetadata(conn, metadata))).toEqual([]);
      const [index] = await inspect(engine).getIndexes("shelves");
      expect(index?.dialectOptions.collationSchemas).toEqual({ note: "sorts" });
    });

    test("[AG-05] a key of a domain draws from its sequence by its default: it is no serial, which would be an integer", async () => {
      const { engine } = await freshDatabase();
      const script = `create domain uint as bigint check (value >= 0); create sequence states_id_seq;
create table states (id uint not null default nextval('states_id_seq') primary key);
alter sequence states_id_seq owned by states.id`;
      for (const each of script.split(";")) await engine.execute(text(each));
      const metadata = new MetaData();
      await metadata.reflect(engine);
      expect(described(await engine.connect((conn) => compareMetadata(conn, metadata)))).toEqual([]);
      await engine.execute(text("drop table states"));
      await engine.execute(text("drop domain uint"));
      await metadata.createAll(engine);
      await engine.execute(text("insert into states default values"));
      expect((await engine.execute(text("select id from states"))).all()).toHaveLength(1);
    });

    test("[AG-05] a domain that the server or an extension has brought is the name of a type, neither made nor dropped, and its schema is not looked into", async () => {
      const { engine } = await freshDatabase();
      const brought = await createExtension(engine, "lo");
      const metadata = new MetaData();
      await engine.execute(
        text(
          `create table names (id integer primary key, name information_schema.sql_identifier, big ${brought ? "lo" : "oid"})`,
        ),
      );
      await metadata.reflect(engine);
      const { columns } = metadata.tables.get("names") as Table;
      const named = columns.slice(1).map((each) => engine.dialect.typeCompiler.render(each.type));
      expect(named).toEqual(["information_schema.sql_identifier", brought ? "lo" : "oid"]);
      expect(described(await engine.connect((conn) => compareMetadata(conn, metadata)))).toEqual([]);
      await metadata.dropAll(engine);
      await metadata.createAll(engine);
      expect(described(await engine.connect((conn) => compareMetadata(conn, metadata)))).toEqual([]);
    });

    test("what is pulled of types that have but a name is what is read of them: text, and the number of an object; a range is a Range", async () => {
      const { engine } = await freshDatabase();
      await engine.execute(text("create type mood as enum ('ok')"));
      await engine.execute(
        text(
          "create table hosts (id int primary key, ip inet, macs macaddr[] not null, file oid, mood mood, at int4range, spans nummultirange, days daterange[])",
        ),
      );
      await engine.execute(text("insert into hosts values (1, '10.0.0.1', '{08:00:2b:01:02:03}', 5, 'ok')"));
      const metadata = new MetaData();
      await metadata.reflect(engine);
      const pulled = oneModule(pulledModel(metadata, new Map(), new Map()), {
        dialect: engine.dialect,
        namesAll: false,
      });
      for (const said of [
        "  ip!: string | null;",
        "  macs!: string[];",
        "  file!: number | null;",
        "@Column(postgresql.int4range, { nullable: true })\n  at!: Range<number> | null;",
        "  spans!: Range<string>[] | null;",
        "@Column(t.array(postgresql.daterange), { nullable: true })\n  days!: Range<string>[] | null;",
        "postgresql, PrimaryKey, type Range, t }",
        't.enum(["ok"], { name: "mood" })',
      ])
        expect(pulled).toContain(said);
      const hosts = metadata.tables.get("hosts") as Table;
      expect((await engine.execute(hosts.select())).all()).toEqual([
        [1, "10.0.0.1", ["08:00:2b:01:02:03"], 5, "ok", null, null, null],
      ]);
    });

    test("[AG-05] a partition that was attached without defaults, a condition of an index, a key that is not validated and one that counts and refers are as they were found", async () => {
      const { engine } = await freshDatabase();
      for (const each of [
        "create table by_year (y int not null, note text default 'x') partition by list (y)",
        "create table by_year_1 (like by_year)",
        "alter table by_year attach partition by_year_1 for values in (1)",
        "create table steps (id serial primary key, up int, kind varchar(9))",
        "create index ix_steps_kind on steps (up) where kind in ('a', 'b')",
        "alter table steps add foreign key (up) references steps not valid",
        "create table logs (id serial primary key references steps)",
      ])
        await engine.execute(text(each));
      const metadata = new MetaData();
      await metadata.reflect(engine);
      expect(described(await engine.connect((conn) => compareMetadata(conn, metadata)))).toEqual([]);
      const pulled = oneModule(pulledModel(metadata, new Map(), new Map()), {
        dialect: engine.dialect,
        namesAll: false,
      });
      // by its name a comparison knows that it is not to be validated
      expect(pulled).toContain('foreignKeyOptions: { notValid: true, name: conv("steps_up_fkey") }');
      expect(pulled).toContain('@PrimaryKey(t.integer, { foreignKey: "steps.id", autoincrement: true })');
    });

    test("[AG-06] a function and a composite type that a table calls for are the server's own, with their schema", async () => {
      const { engine } = await freshDatabase();
      for (const each of [
        "schema sales",
        "function sales.is_fine(text) returns boolean language sql immutable as 'select $1 is not null'",
        "type sales.pair as (a integer, b integer)",
      ])
        await engine.execute(text(`create ${each}`));
      const metadata = new MetaData();
      await engine.execute(
        text(
          "create table sales.notes (id integer primary key, note text, pairs sales.pair[], constraint fine check (sales.is_fine(note)))",
        ),
      );
      await metadata.reflect(engine, { schema: "sales" });
      const compare = (of: MetaData) => engine.connect((conn) => compareMetadata(conn, of, { schemas: ["sales"] }));
      expect(described(await compare(metadata))).toEqual([]);
      expect(described(await compare(new MetaData()))).toEqual(["drop table sales.notes"]);
    });

    test("the default schema may be named, by the classes or by who compares, and is compared once", async () => {
      const made = (schema: string | null): MetaData => {
        const metadata = new MetaData();
        const state = t.enum(["new", "paid"], { name: "state", schema });
        const orders = table(
          "orders",
          metadata,
          { id: id(), state: column(state, { serverDefault: text("'new'::state") }) },
          { schema },
        );
        table("lines", metadata, { id: id(), order: column(t.integer, { foreignKey: orders.c.id }) }, { schema });
        const definition = "SELECT o.id FROM public.orders o WHERE o.state = 'new'::public.state";
        new Table("open_orders", metadata, [], { isView: true, definition, schema });
        return metadata;
      };
      const { engine } = await freshDatabase();
      await made("public").createAll(engine);
      for (const metadata of [made("public"), made(null)])
        for (const schemas of [[], ["public"]])
          expect(
            described(await engine.connect((conn) => compareMetadata(conn, metadata, { schemas }))),
            JSON.stringify(schemas),
          ).toEqual([]);
    });

    test("what was added as NOT VALID is what a class says so of, validated or not; otherwise it differs", async () => {
      const { engine } = await freshDatabase();
      const made = (notValid: boolean): MetaData => {
        const metadata = new MetaData();
        table("owners", metadata, { id: id() });
        table(
          "things",
          metadata,
          {
            id: id(),
            owner: column(t.integer, {
              foreignKey: new ForeignKey("owners.id", { name: "fk_owner", notValid }),
            }),
          },
          checkConstraint("owner > 0", { name: "ck_owner", notValid }),
        );
        return metadata;
      };
      const compare = (metadata: MetaData) => engine.connect((conn) => compareMetadata(conn, metadata));
      await made(true).createAll(engine);
      expect(described(await compare(made(true)))).toEqual([]);
      for (const each of [
        "drop constraint fk_owner",
        "drop constraint ck_owner",
        "add constraint fk_owner foreign key (owner) references owners (id) not valid",
        "add constraint ck_owner check (owner > 0) not valid",
      ])
        await engine.execute(text(`alter table things ${each}`));
      expect(described(await compare(made(true)))).toEqual([]);
      expect(described(await compare(made(false))).sort()).toEqual([
        "add constraint ck_owner on things",
        "add constraint fk_owner on things",
        "drop constraint ck_owner on things",
        "drop constraint fk_owner on things",
      ]);
    });

    test("an operator class is said by the name of a column or by its attribute", async () => {
      const { engine } = await freshDatabase();
      await engine.execute(text("create table links (id integer primary key, source_url text)"));
      await engine.execute(text("create index by_source on links (source_url text_pattern_ops)"));
      for (const key of ["source_url", "sourceUrl"]) {
        const metadata = new MetaData();
        const ops = { [key]: "text_pattern_ops" };
        const columns = {
          id: column(t.integer, { primaryKey: true, autoincrement: false }),
          sourceUrl: column(t.text, { name: "source_url" }),
        };
        table("links", metadata, columns, new Index("by_source", ["source_url"], { ops }));
        expect(described(await engine.connect((conn) => compareMetadata(conn, metadata)))).toEqual([]);
      }
    });

    test("[AG-05] an enum that no column has had is none of the classes' business", async () => {
      const { engine } = await freshDatabase();
      for (const each of [
        "type of_a_function as enum ('x')",
        "function called(of_a_function) returns void language sql as ''",
      ])
        await engine.execute(text(`create ${each}`));
      expect(described(await engine.connect((conn) => compareMetadata(conn, new MetaData())))).toEqual([]);
    });

    test("[AG-07] what an extension has brought is nobody's to drop", async () => {
      const { engine } = await freshDatabase();
      for (const each of [
        "type unit as enum ('m')",
        "table spatial (id integer primary key, measure unit)",
        "sequence counted",
        "view areas as select 1 as one",
      ])
        await engine.execute(text(`create ${each}`));
      const compare = (metadata = new MetaData()) => engine.connect((conn) => compareMetadata(conn, metadata));
      expect(described(await compare()).sort()).toEqual([
        "drop enum unit",
        "drop sequence counted",
        "drop table spatial",
        "drop view areas",
      ]);
      // As an extension makes them its own; plpgsql is always there, and must be there after this test.
      const lent = ["table spatial", "type unit", "sequence counted", "view areas"];
      for (const each of lent) await engine.execute(text(`alter extension plpgsql add ${each}`));
      try {
        expect(described(await compare())).toEqual([]);
        const reads = new MetaData();
        table("spatial", reads, {
          id: column(t.integer, { primaryKey: true, autoincrement: false }),
          measure: column(t.enum(["m"], { name: "unit" })),
        });
        expect(described(await compare(reads))).toEqual([]);
      } finally {
        for (const each of lent) await engine.execute(text(`alter extension plpgsql drop ${each}`));
      }
    });

    test("[AG-06] the indexes of a view that keeps its rows go and come with it, and by themselves", async () => {
      const made = (type: SQLType, ...on: readonly string[]): MetaData => {
        const metadata = new MetaData();
        table("days", metadata, { id: id(), mood: column(type) });
        const definition = "SELECT id, mood FROM days";
        const columns = [new SchemaColumn("id", t.integer), new SchemaColumn("mood", t.text)];
        const indexes = on.map((each) => new Index(`ix_${each}`, [each], { unique: each === "id" }));
        const view = { isView: true, materialized: true, definition };
        new Table("kept_days", metadata, [...columns, ...indexes] as never, view);
        return metadata;
      };
      const wider = await thereAndBack(made(t.string(9), "id"), made(t.text, "id"));
      expect(wider.filter((each) => /View|Index/.test(each)).map((each) => each.slice(0, 16))).toEqual([
        'op.dropIndex("ix',
        'op.dropView("kep',
        'op.createView("k',
        'op.createIndex("',
      ]);
      expect(await thereAndBack(made(t.text, "id"), made(t.text, "mood"))).toEqual([
        'op.dropIndex("ix_id", "kept_days");',
        'op.createIndex("ix_mood", "kept_days", ["mood"]);',
      ]);
    });

    test("[AG-01] a partition has keys, checks and indexes of its own; a sequence of a serial column is no sequence of its own", async () => {
      const made = (): MetaData => {
        const metadata = new MetaData();
        table(
          "owners",
          metadata,
          { id: column(t.integer, { primaryKey: true, autoincrement: true }) },
          {
            dialectOptions: { postgresql: { autoincrement: "serial" } },
          },
        );
        const columns = () => ({ id: column(t.integer), owner_id: column(t.integer) });
        table("rows", metadata, columns(), { dialectOptions: { postgresql: { partitionBy: "RANGE (id)" } } });
        table(
          "rows_1",
          metadata,
          { ...columns(), owner_id: column(t.integer, { foreignKey: "owners.id" }) },
          checkConstraint("owner_id > 0", { name: "ck_owner" }),
          new Index("ix_rows_1", ["owner_id"]),
          { dialectOptions: { postgresql: { partitionOf: "rows", forValues: "FROM (0) TO (10)" } } },
        );
        return metadata;
      };
      const { engine } = await freshDatabase();
      await made().createAll(engine);
      const found = await engine.connect((conn) => compareMetadata(conn, made()));
      expect(described(found)).toEqual([]);
    });
  }
});
