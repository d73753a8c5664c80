import { describe, expect } from "vitest";
import {
  AddConstraint,
  CheckConstraint,
  CreateColumn,
  CreateIndex,
  CreateSchema,
  CreateTable,
  column,
  compiles,
  DDL,
  DropConstraint,
  DropIndex,
  DropSchema,
  DropTable,
  event,
  Index,
  insert,
  MetaData,
  SetColumnComment,
  SetTableComment,
  select,
  type Table,
  t,
  table,
  UniqueConstraint,
} from "../../../src/index.js";
import { chapter } from "./chapter.js";

const example = chapter();

describe("custom DDL", () => {
  example("runs after a table is made, on the databases it is for", async ({ engine, name }) => {
    const own = new MetaData();
    const made = table("with_trigger", own, { id: column(t.integer, { primaryKey: true }), data: column(t.text) });
    const onSqlite = new DDL(
      "CREATE TRIGGER dt_ins AFTER INSERT ON with_trigger BEGIN UPDATE with_trigger SET data = 'ins' WHERE id = NEW.id; END",
    );
    const makeFunction = new DDL(
      "CREATE FUNCTION my_func() RETURNS TRIGGER AS $$ BEGIN NEW.data := 'ins'; RETURN NEW; END; $$ LANGUAGE PLPGSQL",
    );
    const onPostgresql = new DDL(
      "CREATE TRIGGER dt_ins BEFORE INSERT ON with_trigger FOR EACH ROW EXECUTE PROCEDURE my_func()",
    );
    own.attach("afterCreate", onSqlite.executeIf({ dialect: "sqlite" }), made);
    own.attach("afterCreate", makeFunction.executeIf({ dialect: ["postgresql"] }), made);
    own.attach("afterCreate", onPostgresql.executeIf({ when: (dialect) => dialect.name === "postgresql" }), made);
    event.listen(made, "beforeDrop", () => new DDL("SELECT 1"));
    await own.createAll(engine);
    await engine.begin((connection) => connection.execute(insert(made).values({ id: 1, data: "x" })));
    expect(await engine.scalar(select(made.c.data))).toBe("ins");
    await own.dropAll(engine);
    if (name === "postgresql") await engine.execute(new DDL("DROP FUNCTION my_func()"));
  });

  example("a handler of a moment answers with what is to run", async ({ engine }) => {
    const own = new MetaData();
    const made = table("handled", own, { id: column(t.integer), n: column(t.integer) });
    event.listen(made, "afterCreate", () => new DDL("CREATE INDEX own_index ON handled (n)"));
    await own.createAll(engine);
    await engine.execute(new DDL("DROP INDEX own_index"));
    await own.dropAll(engine);
  });
});

describe("the built-in elements", () => {
  const own = new MetaData();
  const made = table(
    "mytable",
    own,
    { col1: column(t.integer), col2: column(t.text, { comment: "c" }) },
    { comment: "all of it" },
  );
  const index = new Index("ix_col1", [made.c.col1]);

  example("are statements that are executed, and text that is printed", async ({ connection, sql }) => {
    await connection.execute(new CreateTable(made as never));
    await connection.execute(new CreateTable(made as never, { ifNotExists: true }));
    await connection.execute(new CreateIndex(index));
    await connection.execute(new DropIndex(index, { ifExists: true }));
    await connection.execute(new DropTable(made as never));
    await connection.execute(new DropTable(made as never, { ifExists: true }));
    expect(sql(new CreateTable(made as never))).toBe("CREATE TABLE mytable ( col1 INTEGER, col2 TEXT )");
  });

  example(
    "schemas, constraints and comments, where the database has them",
    async ({ connection, name, refuses, sql }) => {
      const unique = new UniqueConstraint(["col1"], { name: "uq_col1" });
      made.addConstraint(unique);
      const all = [
        new CreateSchema("chapter_schema", { ifNotExists: true }),
        new DropSchema("chapter_schema", { ifExists: true, cascade: true }),
        new DropConstraint(unique, { ifExists: true }),
        new AddConstraint(unique),
        new SetTableComment(made as never),
        new SetTableComment(made as never, null),
        new SetColumnComment(made as never, "col2", null),
      ];
      if (name === "sqlite") {
        refuses(all[0], "CREATE SCHEMA");
        refuses(all[3], "ADD CONSTRAINT");
        refuses(all[4], "COMMENT ON");
      } else {
        await connection.execute(new CreateTable(made as never));
        for (const each of all) await connection.execute(each);
        expect(sql(all[5])).toBe("COMMENT ON TABLE mytable IS NULL");
      }
      made.constraints.splice(made.constraints.indexOf(unique), 1);
    },
  );

  example("constraints and indexes that only some databases have", ({ sql, name }) => {
    const some = table(
      "some_have",
      new MetaData(),
      { num: column(t.integer), data: column(t.text) },
      new Index("my_pg_index", ["data"]).ddlIf({ dialect: "postgresql" }),
      new CheckConstraint("num > 5").ddlIf({ dialect: "postgresql" }),
    );
    expect(sql(new CreateTable(some as never)).includes("CHECK")).toBe(name === "postgresql");
    expect(some.indexes[0]?.existsOn({ name })).toBe(name === "postgresql");
  });

  example("a column may be written in another way, or left out", ({ sql }) => {
    class Special extends CreateColumn {}
    expect(sql(new Special(made.column("col1") as never))).toBe("col1 INTEGER");
    compiles(CreateColumn, (node: CreateColumn, compiler: { processBuiltin(node: CreateColumn): string }) =>
      node.column.info["left"] === true ? "" : `${compiler.processBuiltin(node)}${node.column.info["tail"] ?? ""}`,
    );
    const custom = table("custom", new MetaData(), {
      x: column(t.integer, { info: { tail: " CHECK (x > 0)" } }),
      xmin: column(t.integer, { info: { left: true } }),
    });
    expect(sql(new CreateTable(custom as unknown as Table))).toBe("CREATE TABLE custom ( x INTEGER CHECK (x > 0) )");
  });
});
