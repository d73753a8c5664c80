import { describe, expect, expectTypeOf } from "vitest";
import {
  CreateTable,
  CreateTableAs,
  CreateView,
  column,
  func,
  insert,
  inspect,
  MetaData,
  SchemaColumn,
  select,
  sortTables,
  Table,
  t,
  table,
  text,
  type ValueOf,
} from "../../../src/index.js";
import { chapter, errorOf } from "./chapter.js";

const metadata = new MetaData();
const department = table("departments", metadata, {
  id: column(t.integer, { name: "department_id", primaryKey: true }),
});
const employee = table("employees", metadata, {
  id: column(t.integer, { name: "employee_id", primaryKey: true }),
  name: column(t.string(60), { name: "employee_name", nullable: false, comment: "in full" }),
  dept: column({ name: "employee_dept", foreignKey: department.c.id }),
});
const example = chapter(metadata, async (connection) => {
  await connection.execute(insert(department).values([{ id: 1 }, { id: 2 }]));
  await connection.execute(
    insert(employee).values([
      { id: 1, name: "Ann", dept: 1 },
      { id: 2, name: "Bob", dept: 2 },
    ]),
  );
});

describe("tables and columns", () => {
  example("are reached by key, and know of each other", () => {
    expect(metadata.sortedTables.map((each) => each.name)).toEqual(["departments", "employees"]);
    expect(metadata.tables.get("employees")).toBe(employee);
    expect(employee.columns.map((each) => each.name)).toEqual(["employee_id", "employee_name", "employee_dept"]);
    expect(employee.c.name.name).toBe("employee_name");
    expect(employee.c.name.key).toBe("name");
    expect([employee.c.name.nullable, employee.c.id.primaryKey, employee.c.name.comment]).toEqual([
      false,
      true,
      "in full",
    ]);
    expect(employee.primaryKey.columns).toEqual([employee.c.id]);
    expect(employee.autoincrementColumn).toBe(employee.c.id);
    expect(employee.foreignKeys[0]?.column.table).toBe(department);
    expect(employee.c.dept.table).toBe(employee);
    expect(employee.metadata).toBe(metadata);
    expectTypeOf<ValueOf<typeof employee.c.dept>>().toEqualTypeOf<number | null>();
  });

  example("columns join a table later, at a place of their own", () => {
    const made = table("later", new MetaData(), { a: column(t.integer), c: column(t.integer) });
    made.insertColumn(new SchemaColumn("b", t.integer) as never, 1);
    made.appendColumn(new SchemaColumn("d", t.text) as never);
    expect(made.columns.map((each) => each.name)).toEqual(["a", "b", "c", "d"]);
    expect(made.column("b").table).toBe(made);
  });

  example("a table of one name is defined once, kept or extended", () => {
    const own = new MetaData();
    const one = table("once", own, { id: column(t.integer) });
    expect(errorOf(() => table("once", own, { id: column(t.integer) }))?.message).toContain("{ extendExisting: true }");
    expect(table("once", own, { x: column(t.text) }, { keepExisting: true })).toBe(one);
    table("once", own, { x: column(t.text) }, { extendExisting: true });
    expect(one.columns.map((each) => each.name)).toEqual(["id", "x"]);
    own.remove(one);
    expect(own.tables.size).toBe(0);
  });

  example("a table is copied into other metadata, under other names", () => {
    const own = new MetaData();
    department.toMetadata(own, { name: "departments" });
    const copy = employee.toMetadata(own, { name: "staff", schema: null });
    expect(copy.fullName).toBe("staff");
    expect(copy.c.dept.foreignKeys[0]?.column.table?.metadata).toBe(own);
  });
});

describe("creating and dropping", () => {
  example("one table, with and without looking first", async ({ engine }) => {
    const own = new MetaData();
    const made = table("alone", own, { id: column(t.integer, { primaryKey: true }) });
    await made.create(engine);
    await made.create(engine, { checkfirst: true });
    await expect(made.create(engine, { checkfirst: false })).rejects.toThrow("alone");
    expect(await inspect(engine).hasTable("alone")).toBe(true);
    await made.drop(engine);
    await made.drop(engine);
    await expect(made.drop(engine, { checkfirst: false })).rejects.toThrow("alone");
  });

  example("tables sort by what they refer to", () => {
    const { tables } = sortTables([employee as never, department as never], true);
    expect(tables.map((each) => each.name)).toEqual(["departments", "employees"]);
  });

  example("prefixes, comments and options of a database", async ({ connection, sql, name }) => {
    const own = new MetaData();
    const made = table(
      "temp_one",
      own,
      { id: column(t.integer, { primaryKey: true }), x: column(t.text) },
      {
        prefixes: ["TEMPORARY"],
        comment: "for a while",
        dialectOptions: { sqlite: { strict: true }, postgresql: { onCommit: "DELETE ROWS" } },
      },
    );
    expect(sql(new CreateTable(made as never))).toContain("CREATE TEMPORARY TABLE temp_one");
    expect(sql(new CreateTable(made as never))).toContain(name === "sqlite" ? "STRICT" : "ON COMMIT DELETE ROWS");
    await connection.runSync(own.createAll);
  });
});

describe("schemas", () => {
  example("of a table, of the metadata, and none", ({ sql }) => {
    const own = new MetaData({ schema: "remote_banks" });
    const info = table("financial_info", own, { id: column(t.integer, { primaryKey: true }) });
    const blank = table("blank", own, { id: column(t.integer, { primaryKey: true }) }, { schema: null });
    const refers = table("refers", own, {
      one: column({ foreignKey: "financial_info.id" }),
      two: column({ foreignKey: "remote_banks.financial_info.id" }),
    });
    expect(own.tables.get("remote_banks.financial_info")).toBe(info);
    expect(blank.fullName).toBe("blank");
    expect(refers.c.one.foreignKeys[0]?.column).toBe(info.c.id);
    expect(refers.c.two.foreignKeys[0]?.column).toBe(info.c.id);
    expect(sql(select(info))).toBe("SELECT remote_banks.financial_info.id FROM remote_banks.financial_info");
  });

  example("under other names at execution", async ({ connection, name }) => {
    const own = new MetaData();
    const made = table("mapped", own, { id: column(t.integer) }, { schema: "per_user" });
    const schema = name === "sqlite" ? "main" : "public";
    const mapped = await connection.executionOptions({ schemaTranslateMap: { per_user: schema } });
    await mapped.runSync(own.createAll);
    await mapped.execute(insert(made).values({ id: 3 }));
    expect(await mapped.scalar(select(made.c.id))).toBe(3);
  });
});

describe("views and tables made of queries", () => {
  example("a view of the metadata, selected from with typed columns", async ({ engine }) => {
    const own = new MetaData();
    const first = own.view("first_names", select(employee.c.id, employee.c.name).where(employee.c.id.lt(2)));
    await own.createAll(engine);
    expectTypeOf<ValueOf<typeof first.c.name>>().toEqualTypeOf<string>();
    const rows = (await engine.execute(select(first).where(first.c.id.gt(0)))).all();
    expect(rows.map((each) => [...each])).toEqual([[1, "Ann"]]);
    await own.dropAll(engine);
  });

  example("views as statements: replaced, temporary, materialized", async ({ connection, sql, name, refuses }) => {
    const query = select(employee.c.name).where(employee.c.name.like("A%"));
    const view = new CreateView("a_names", query);
    expect(sql(view)).toBe(
      "CREATE VIEW a_names AS SELECT employees.employee_name FROM employees WHERE employees.employee_name LIKE 'A%'",
    );
    await connection.execute(view);
    expect((await connection.execute(text("SELECT * FROM a_names"))).all().map((each) => [...each])).toEqual([["Ann"]]);
    expect(sql(new CreateView("b", query, { temporary: true }))).toMatch(/^CREATE TEMPORARY VIEW b/);
    const replaced = new CreateView("b", query, { orReplace: true });
    const kept = new CreateView("b", query, { materialized: true });
    if (name === "sqlite") {
      refuses(kept, "materialized views");
      refuses(replaced, "OR REPLACE");
    } else {
      expect(sql(replaced)).toMatch(/^CREATE OR REPLACE VIEW b/);
      expect(sql(kept)).toMatch(/^CREATE MATERIALIZED VIEW b/);
    }
  });

  example("CREATE TABLE AS: of the metadata, and as a statement", async ({ connection, sql }) => {
    const query = select({ n: func.count(), dept: employee.c.dept }).groupBy(employee.c.dept);
    const own = new MetaData();
    const counts = own.tableAs("counts", query);
    await connection.runSync(own.createAll);
    const rows = await connection.execute(select(counts).orderBy(counts.c.dept));
    expect(rows.all().map((each) => [...each])).toEqual([
      [1, 1],
      [1, 2],
    ]);
    const into = new CreateTableAs("snapshot", query, { temporary: true, ifNotExists: true });
    expect(sql(into)).toMatch(/^CREATE TEMPORARY TABLE IF NOT EXISTS snapshot AS SELECT/);
    await connection.execute(into);
    expect(await connection.scalar(text("SELECT count(*) FROM snapshot"))).toBe(2);
  });
});

describe("reflection", () => {
  example("completes a table whose columns are given in part", async ({ connection }) => {
    await connection.execute(text("CREATE TABLE reflected (id integer primary key, doc text, x integer not null)"));
    const own = new MetaData();
    const made = await connection.runSync(
      (sync) => new Table("reflected", own, [new SchemaColumn("doc", t.json())], { autoloadWith: sync }),
    );
    expect(made.column("doc").type.family).toBe("json");
    expect(made.column("x").nullable).toBe(false);
    expect(made.primaryKey.columns.map((each) => each.name)).toEqual(["id"]);
  });
});
