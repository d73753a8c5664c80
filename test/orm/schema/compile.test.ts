import { describe, expect, test } from "vitest";
import {
  type AsyncEngine,
  ColumnElement,
  CompileError,
  cast,
  column,
  compile,
  compiles,
  literal,
  MetaData,
  type SQLType,
  select,
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
