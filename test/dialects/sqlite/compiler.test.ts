import { describe, expect, test } from "vitest";
import { compile } from "../../../src/sql/compile.js";
import { CreateIndex, CreateSchema, CreateTable } from "../../../src/sql/ddl/elements.js";
import { bindparam } from "../../../src/sql/elements/bind.js";
import { text } from "../../../src/sql/elements/text.js";
import { CompileError } from "../../../src/sql/errors.js";
import type { Node } from "../../../src/sql/node.js";
import { column } from "../../../src/sql/schema/column-specs.js";
import { Index } from "../../../src/sql/schema/indexes.js";
import { MetaData } from "../../../src/sql/schema/metadata.js";
import { table } from "../../../src/sql/schema/table.js";
import { select } from "../../../src/sql/selectable/select.js";
import { t } from "../../../src/sql/types/t.js";
import { memoryEngine, metadata, users } from "../../engine/support.js";

const engineOf = () => memoryEngine();
const sql = (node: unknown) => compile(node as Node, engineOf().dialect).text;

describe("SQLite's compiler", () => {
  test("writes OFFSET without LIMIT, null-safe comparison and ILIKE in its own words", () => {
    expect(sql(select(users.c.id).offset(5))).toBe("SELECT users.id FROM users LIMIT -1 OFFSET ?");
    expect(sql(select(users.c.id).where(users.c.age.isDistinctFrom(5)))).toBe(
      "SELECT users.id FROM users WHERE users.age IS NOT ?",
    );
    expect(sql(select(users.c.id).where(users.c.age.isNotDistinctFrom(5)))).toBe(
      "SELECT users.id FROM users WHERE users.age IS ?",
    );
    expect(sql(select(users.c.id).where(users.c.name.ilike("%A%")))).toBe(
      "SELECT users.id FROM users WHERE lower(users.name) LIKE lower(?)",
    );
  });

  test("binds a list as one JSON parameter", () => {
    const compiled = compile(select(users.c.id).where(users.c.id.in([1, 2])) as never, engineOf().dialect);
    expect(compiled.text).toBe("SELECT users.id FROM users WHERE users.id IN (SELECT value FROM json_each(?))");
    expect(compiled.params).toHaveLength(1);
  });

  test("leaves FOR UPDATE out", () => {
    expect(sql(select(users.c.id).withForUpdate())).toBe("SELECT users.id FROM users");
  });

  test("[LI-05] upserts, from VALUES and from SELECT", async () => {
    const engine = engineOf();
    await metadata.createAll(engine);
    const upsert = (name: string, age: number) => {
      const insert = users.insert().values({ name, age });
      return insert.onConflictDoUpdate({ indexElements: ["name"], set: { age: insert.excluded.age as never } });
    };
    expect(sql(upsert("a", 1))).toBe(
      "INSERT INTO users (name, age) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET age = excluded.age",
    );
    await engine.execute(upsert("a", 1));
    await engine.execute(upsert("a", 2));
    await engine.execute(users.insert().values({ name: "a", age: 9 }).onConflictDoNothing());
    await engine.execute(
      users
        .insert()
        .fromSelect(["name", "age"], select(users.c.name, users.c.age.add(1)) as never)
        .onConflictDoUpdate({
          indexElements: ["name"],
          set: (excluded: { age: never }) => ({ age: excluded.age }),
        } as never),
    );
    expect(await engine.execute(select(users.c.name, users.c.age)).all()).toEqual([["a", 3]]);
    expect(() => sql(users.insert().values({ name: "a" }).onConflictDoNothing({ constraint: "uq" }))).toThrow(
      CompileError,
    );
  });

  test("executes named parameters that are given late", async () => {
    const engine = engineOf();
    await metadata.createAll(engine);
    await engine.execute(users.insert(), [
      { name: "a", age: 1 },
      { name: "b", age: 2 },
    ]);
    const stmt = select(users.c.name).where(users.c.age.eq(bindparam("age") as never));
    expect(await engine.execute(stmt, { age: 2 }).scalars().all()).toEqual(["b"]);
    await expect(engine.execute(stmt)).rejects.toThrow("parameter age has no value");
  });
});

describe("SQLite's DDL", () => {
  const md = new MetaData();

  test("makes an integer key the row's own id, with AUTOINCREMENT on request only", async () => {
    const plain = table("plain", md, { id: column(t.bigint, { primaryKey: true }), x: column(t.integer) });
    expect(sql(new CreateTable(plain as never))).toBe(
      "CREATE TABLE plain (\n  id INTEGER NOT NULL,\n  x INTEGER,\n  PRIMARY KEY (id)\n)",
    );
    const counted = table("counted", md, { id: column(t.integer, { primaryKey: true }) }, {
      dialectOptions: { sqlite: { autoincrement: true } },
    } as never);
    expect(sql(new CreateTable(counted as never))).toBe(
      "CREATE TABLE counted (\n  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT\n)",
    );
    const engine = memoryEngine({ dialectOptions: { sqlite: { autoincrement: true } } });
    await metadata.createAll(engine);
    await engine.execute(users.insert(), [{ name: "a" }, { name: "b" }]);
    await engine.execute(text("delete from users"));
    expect((await engine.execute(users.insert(), { name: "c" })).insertedPrimaryKey).toEqual([3]);
  });

  test("[LI-06][LI-07] knows WITHOUT ROWID, STRICT, partial indexes and schemas of indexes", async () => {
    const strict = table(
      "strict",
      md,
      {
        a: column(t.string(5), { primaryKey: true }),
        b: column(t.boolean),
        c: column(t.datetime),
        d: column(t.double),
      },
      { dialectOptions: { sqlite: { strict: true, withRowid: false } } } as never,
    );
    const ddl = sql(new CreateTable(strict as never));
    expect(ddl).toBe(
      "CREATE TABLE strict (\n  a TEXT NOT NULL,\n  b INTEGER,\n  c TEXT,\n  d REAL,\n  PRIMARY KEY (a)\n) WITHOUT ROWID, STRICT",
    );
    await memoryEngine().execute(text(ddl));
    const index = new Index("ix", [strict.c.b as never], { where: "b is not null" });
    (strict as never as { addIndex?(i: Index): void }).addIndex?.(index);
    if (index.table !== null)
      expect(sql(new CreateIndex(index))).toBe("CREATE INDEX ix ON strict (b) WHERE b is not null");
    expect(() => sql(new CreateSchema("x"))).toThrow("sqlite has no CREATE SCHEMA");
  });

  test("gives a server default of now the form in which points in time are bound", async () => {
    const { FunctionElement } = await import("../../../src/sql/elements/function-element.js");
    const { dateTimeType } = await import("../../../src/sql/types/temporal.js");
    const own = new MetaData();
    const stamped = table("stamped", own, {
      id: column(t.integer, { primaryKey: true }),
      at: column(t.datetime, { serverDefault: new FunctionElement("now", [], dateTimeType) as never }),
    });
    const engine = engineOf();
    await own.createAll(engine);
    await engine.execute(stamped.insert().values({}));
    const at = (await engine.scalar(select(stamped.c.at))) as Date;
    expect(Math.abs(at.getTime() - Date.now())).toBeLessThan(5000);
    expect(await engine.scalar(select(stamped.c.id).where(stamped.c.at.eq(at)))).toBe(1);
  });
});
