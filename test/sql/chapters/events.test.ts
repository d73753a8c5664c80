import { describe, expect } from "vitest";
import {
  column,
  createAsyncEngine,
  DDL,
  event,
  insert,
  inspect,
  MetaData,
  type SQLType,
  select,
  Table,
  t,
  table,
  text,
} from "../../../src/index.js";
import { chapter } from "./chapter.js";

const metadata = new MetaData();
const things = table("event_things", metadata, { id: column(t.integer, { primaryKey: true }), x: column(t.text) });
const example = chapter(metadata);

describe("connections of a pool", () => {
  example("tell of their lives, from the first to the last", async ({ engine }) => {
    const own = createAsyncEngine(engine.url.renderAsString({ hidePassword: false }), { poolSize: 1 });
    const heard: string[] = [];
    for (const name of ["firstConnect", "connect", "checkout", "reset", "checkin", "close"] as const)
      event.listen(own, name, () => void heard.push(name));
    await own.connect((conn) => conn.execute(text("SELECT 1")));
    await own.connect((conn) => conn.execute(text("SELECT 1")));
    await own.dispose();
    expect(heard).toEqual([
      ...["firstConnect", "connect", "checkout", "reset", "checkin"],
      ...["checkout", "reset", "checkin", "close"],
    ]);
  });
});

describe("statements", () => {
  example("are seen, and replaced, before they are compiled and before they are sent", async ({ connection }) => {
    const heard: unknown[] = [];
    event.listen(connection, "beforeExecute", (_connection, statement) => {
      heard.push(statement.visitName);
      return statement.visitName === "Delete" ? (select(things.c.id) as never) : undefined;
    });
    event.listen(connection, "beforeCursorExecute", (_connection, sql) => ({ statement: `/* seen */ ${sql}` }));
    event.listen(connection, "afterCursorExecute", (_connection, sql, params) => void heard.push(sql, [...params]));
    await connection.execute(things.delete().where(things.c.id.eq(1)));
    expect(heard).toEqual(["Delete", "/* seen */ SELECT event_things.id FROM event_things", []]);
  });

  example("errors are told, and others thrown in their place", async ({ connection }) => {
    class Own extends Error {}
    event.listen(connection, "handleError", ({ originalError, statement }) => {
      expect(originalError).toBeInstanceOf(Error);
      return new Own(`while ${statement}`);
    });
    await expect(connection.execute(text("SELECT nothing FROM nowhere"))).rejects.toThrow(
      "while SELECT nothing FROM nowhere",
    );
  });

  example("transactions and savepoints say when they begin and end", async ({ engine }) => {
    const heard: string[] = [];
    const names = ["begin", "savepoint", "rollbackSavepoint", "releaseSavepoint", "commit", "rollback"] as const;
    await using connection = await engine.connect();
    for (const name of names) event.listen(connection, name, () => void heard.push(name));
    const outer = await connection.begin();
    const inner = await connection.beginNested();
    await inner.rollback();
    await (await connection.beginNested()).commit();
    await outer.commit();
    await connection.begin();
    await connection.rollback();
    expect(heard).toEqual([
      ...["begin", "savepoint", "rollbackSavepoint", "savepoint", "releaseSavepoint", "commit"],
      ...["begin", "rollback"],
    ]);
  });
});

describe("schema", () => {
  example("tables and metadata are heard one by one, or all of them", async ({ engine, connection }) => {
    const own = new MetaData();
    const made = table("heard_one", own, { id: column(t.integer) });
    const heard: string[] = [];
    const every = (target: { readonly name: string }): void => void heard.push(`any ${target.name}`);
    const all = (): void => void heard.push("any metadata");
    event.listen(made, "afterCreate", (target) => {
      heard.push(target.name);
      return new DDL("CREATE INDEX heard_ix ON heard_one (id)");
    });
    event.listen(Table, "afterCreate", every);
    event.listen(MetaData, "beforeCreate", all);
    try {
      await own.createAll(engine);
    } finally {
      event.remove(Table, "afterCreate", every);
      event.remove(MetaData, "beforeCreate", all);
    }
    expect(heard).toEqual(["any metadata", "heard_one", "any heard_one"]);
    await own.dropAll(engine);
    await connection.rollback();
  });

  example("DDL stands in place of a handler, and its condition holds", async ({ engine }) => {
    const own = new MetaData();
    const made = table("heard_ddl", own, { id: column(t.integer) });
    const ddl = new DDL("CREATE INDEX heard_ddl_ix ON heard_ddl (id)");
    event.listen(made, "afterCreate", ddl);
    event.listen(made, "afterCreate", new DDL("no SQL").executeIf({ dialect: "mysql" }));
    await own.createAll(engine);
    expect((await inspect(engine).getIndexes("heard_ddl")).map(({ name }) => name)).toEqual(["heard_ddl_ix"]);
    await own.dropAll(engine);
    expect(event.contains(made, "afterCreate", ddl)).toBe(true);
    event.remove(made, "afterCreate", ddl);
    expect(event.contains(made, "afterCreate", ddl)).toBe(false);
  });

  example("columns that are reflected are changed by one rule for all", async ({ connection }) => {
    await connection.execute(text("CREATE TABLE heard_two (id integer primary key, doc text)"));
    const rule = (info: { readonly name: string }) =>
      info.name === "doc" ? ({ ...info, type: t.json as SQLType, key: "document" } as never) : undefined;
    event.listen(Table, "columnReflect", rule);
    try {
      const md = new MetaData();
      const found = await connection.runSync((sync) => new Table("heard_two", md, [], { autoloadWith: sync }));
      expect(found.column("document").type.family).toBe("json");
      const whole = new MetaData();
      await connection.runSync((sync) => whole.reflect(sync, { only: ["heard_two"] }));
      await connection.execute(
        insert(whole.tables.get("heard_two") as Table).values({ id: 1, document: [1] } as never),
      );
      expect(await connection.scalar(text("SELECT doc FROM heard_two"))).toBe("[1]");
    } finally {
      event.remove(Table, "columnReflect", rule);
    }
  });
});
