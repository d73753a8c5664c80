import { describe, expect, test } from "vitest";
import {
  type AsyncEngine,
  bindparam,
  ColumnElement,
  CompileError,
  cast,
  column,
  compile,
  compiles,
  func,
  literal,
  MetaData,
  type SQLType,
  select,
  sql,
  TypeDecorator,
  t,
  table,
  text,
  UserDefinedType,
} from "../../../src/index.js";
import { databaseKind, freshDatabase } from "../../support/database.js";

const postgres = databaseKind() === "postgresql";

const md = new MetaData();
const users = table("users", md, {
  id: column(t.integer, { primaryKey: true }),
  name: column(t.text),
  at: column(t.datetime),
  data: column(t.json),
});
const engineOf = async (): Promise<AsyncEngine> => {
  const { engine } = await freshDatabase();
  await md.createAll(engine);
  return engine;
};

describe("compilation to text", () => {
  test("[CX-03] a statement prints with values inlined, and the text runs as it is", async () => {
    const engine = await engineOf();
    const at = new Date("2024-02-29T12:34:56.789Z");
    const insert = users.insert().values({ id: 1, name: "it's; -- \\ :x ?", at, data: { a: "b'\"" } });
    const inlined = insert.compile(engine, { literalBinds: true });
    expect(inlined.params).toEqual([]);
    await engine.begin((c) => c.execDriverSql(inlined.text));
    const query = select(users.c.id, users.c.name)
      .where(users.c.name.like("it's%"), users.c.id.in([1, 2]), users.c.at.le(at))
      .orderBy(users.c.id)
      .limit(3);
    const printed = query.compile(engine, { literalBinds: true }).text;
    expect(printed).toContain("'it''s%'");
    const rows = await engine.begin(async (c) => (await c.execDriverSql(printed)).all());
    expect(rows).toEqual([[1, "it's; -- \\ :x ?"]]);
    expect(await engine.execute(query).all()).toEqual(rows);
    expect(
      users.update().values({ name: null }).where(users.c.id.eq(1)).compile(engine, { literalBinds: true }).text,
    ).toBe("UPDATE users SET name = NULL WHERE users.id = 1");
  });

  test("[CX-03] toSQL() prints what runs when pasted: defaults of the columns, values of parameters, a semicolon", async () => {
    const engine = await engineOf();
    const metadata = new MetaData();
    let made = 0;
    const notes = table("printed_notes", metadata, {
      id: column(t.integer, { primaryKey: true }),
      title: column(t.text),
      slug: column(t.text, {
        default: (context) => String(context.getCurrentParameters().title).toLowerCase(),
        onupdate: (context) => `${context.getCurrentParameters().title} again`,
      }),
      length: column(t.integer, { default: (context) => String(context.getCurrentParameters().slug).length }),
      serial: column(t.integer, { default: () => ++made }),
      state: column(t.string(10), { default: "new" }),
      at: column(t.datetime, { default: func.now() }),
    });
    await metadata.createAll(engine);
    const paste = (sql: string) => engine.begin((c) => c.execDriverSql(sql).then((result) => result.rowcount));
    const rows = notes.insert().values([
      { id: 1, title: "It's" },
      { id: 2, title: "B; --" },
    ]);
    const printed = rows.toSQL(engine);
    expect(printed.endsWith(";")).toBe(true);
    expect(await paste(printed)).toBe(2);
    const all = select(notes.c.title, notes.c.slug, notes.c.length, notes.c.serial, notes.c.state);
    expect(await engine.execute(all.orderBy(notes.c.id)).all()).toEqual([
      ["It's", "it's", 4, 1, "new"],
      ["B; --", "b; --", 5, 2, "new"],
    ]);
    await paste(
      notes
        .update()
        .values({ title: "C" })
        .where(notes.c.id.eq(bindparam("id", t.integer)))
        .toSQL(engine, { id: 2 }),
    );
    expect(await engine.scalar(select(notes.c.slug).where(notes.c.id.eq(2)))).toBe("C again");
    const raw = text("DELETE FROM printed_notes WHERE title = :title -- the first").toSQL(engine, { title: "It's" });
    expect(raw).toBe("DELETE FROM printed_notes WHERE title = 'It''s' -- the first\n;");
    expect(await paste(raw)).toBe(1);
    expect(sql`SELECT ${"x"}`.toSQL(engine)).toBe("SELECT 'x';");
    expect(select(notes.c.id).where(notes.c.id.in([])).toSQL()).toMatch(/;$/);
    expect(() =>
      notes
        .delete()
        .where(notes.c.id.eq(bindparam("id", t.integer)))
        .toSQL(engine),
    ).toThrow("parameter id has no value, so that it cannot be written as a literal. Use params().");
    expect(() => notes.delete().toSQL(engine)).toThrow("Add where(...), or say .all()");
  });

  test("[CX-03] toString is readable without a dialect, and renderPostcompile writes lists out", async () => {
    const engine = await engineOf();
    const query = select(users.c.name).where(users.c.id.in([7, 8, 9]));
    expect(String(query)).toMatch(/^SELECT users\.name\s+FROM users\s+WHERE users\.id IN \(/);
    const written = query.compile(engine, { renderPostcompile: true });
    expect(written.text.match(postgres ? /\$\d+/g : /\?/g)).toHaveLength(3);
    expect(compile(query, engine.dialect).text).toBe(query.compile(engine).text);
    expect(query.compile(engine.dialect).text).toBe(query.compile(engine).text);
  });

  test("[CX-01] [CX-03] constructs of one's own take part in compilation and caching", async () => {
    const engine = await engineOf();
    class Shout extends ColumnElement<string> {
      static override readonly parts = { element: "node" } as const;
      override get visitName(): string {
        return "Shout";
      }
      readonly type = t.text as unknown as SQLType;
      constructor(readonly element: ColumnElement) {
        super();
      }
    }
    compiles(Shout, (node, compiler) => `upper(${compiler.process(node.element)})`);
    compiles(Shout, "sqlite", (node, compiler) => `upper(trim(${compiler.process(node.element)}))`);
    const shout = (value: string): Shout => new Shout(literal(value, t.text) as unknown as ColumnElement);
    expect(await engine.scalar(select(shout("a") as never))).toBe("A");
    expect(await engine.scalar(select(shout("b") as never))).toBe("B");
    expect(select(shout("x") as never).compile(engine, { literalBinds: true }).text).toMatch(
      postgres ? /upper\('x'/ : /upper\(trim\('x'\)\)/,
    );
    class Mute extends ColumnElement<string> {
      override get visitName(): string {
        return "Mute";
      }
      readonly type = t.text as unknown as SQLType;
    }
    expect(() => compile(select(new Mute() as never), engine.dialect)).toThrow(CompileError);
    expect(() => compile(select(new Mute() as never), engine.dialect)).toThrow(/Say how with compiles\(Mute, \.\.\.\)/);
  });

  test("[CT-10] a type wraps values and columns in SQL functions", async () => {
    const engine = await engineOf();
    class Reversed extends TypeDecorator<string, string> {
      readonly impl = t.text;
      override wrapBind(sql: string): string {
        return `upper(${sql})`;
      }
      override wrapColumn(sql: string): string {
        return `lower(${sql})`;
      }
    }
    const metadata = new MetaData();
    const words = table("words", metadata, { id: column(t.integer, { primaryKey: true }), w: column(new Reversed()) });
    await metadata.createAll(engine);
    await engine.execute(words.insert().values({ id: 1, w: "MiXed" }));
    expect(await engine.scalar(text("select w from words"))).toBe("MIXED");
    expect(await engine.scalar(select(words.c.w).where(words.c.w.eq("mixed")))).toBe("mixed");
    await engine.begin((c) => c.execDriverSql(words.insert().values({ id: 2, w: "PriNted" }).toSQL(engine)));
    expect(await engine.scalar(text("select w from words where id = 2"))).toBe("PRINTED");
  });

  test("[CT-12] a type that the library does not know is declared, cast to and reflected by name", async () => {
    const engine = await engineOf();
    class Money extends UserDefinedType<string> {
      getColSpec(): string {
        return postgres ? "money" : "MONEY";
      }
    }
    const metadata = new MetaData();
    table("prices", metadata, {
      id: column(t.integer, { primaryKey: true }),
      price: column(new Money()),
    });
    await metadata.createAll(engine);
    const found = new MetaData();
    await found.reflect(engine, { only: ["prices"] });
    const type = found.tables.get("prices")?.column("price").type as SQLType;
    expect(engine.dialect.typeCompiler.render(type).toLowerCase()).toBe("money");
    expect(compile(select(cast(literal("1"), new Money())), engine.dialect).text).toMatch(/AS money\)/i);
  });
});
