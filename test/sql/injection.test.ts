import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ArgumentError,
  type AsyncConnection,
  type AsyncEngine,
  cacheKeyOf,
  column,
  compile,
  createAsyncEngine,
  func,
  functionNamed,
  insert,
  literal,
  MetaData,
  type Node,
  select,
  sql,
  t,
  table,
  text,
} from "../../src/index.js";
import { scratchDatabase } from "../dialects/postgresql/support.js";

// Whatever SQL, a driver or a format gives a meaning to.
const fragments = [
  "'",
  "''",
  '"',
  '""',
  "`",
  "[",
  "]",
  "\\",
  "\\'",
  '\\"',
  "\\\\",
  "--",
  "-- ",
  "/*",
  "*/",
  "#",
  ";",
  "; DROP TABLE emp; --",
  "' OR '1'='1",
  '" OR 1=1 --',
  "') OR ('a'='a",
  "%",
  "%%",
  "_",
  "%s",
  "%(x)s",
  "?",
  "??",
  "$1",
  "$2",
  "$$",
  "$tag$",
  ":name",
  "::text",
  ":x",
  "@x",
  "E'",
  "U&'",
  "x'",
  "{",
  "}",
  "{0}",
  "$\u007ba}",
  '{"a":1}',
  "$.a",
  "$",
  "[0]",
  "$[0]",
  "\n",
  "\r\n",
  "\t",
  "\u0001",
  "\u001a",
  "\b",
  "\u007f",
  "\u0085",
  "\u00a0",
  "\u2028",
  "\u2019",
  "\uff07",
  "\uff02",
  "\u202e",
  "\u200b",
  "\ufeff",
  "é",
  "e\u0301",
  "ß",
  "İ",
  "漢",
  "😀",
  "\ud83d",
  "\ude00",
  "\u0000",
  "NULL",
  "null",
  "true",
  "select",
  "SELECT",
  "user",
  "a",
  "B",
  "0",
  "-1",
  "1e5",
  " ",
  "  ",
  ".",
  ",",
  "(",
  ")",
  "=",
  "<>",
  "||",
  "&&",
  "|",
  "^",
  "~",
  "!",
  "/",
  "*/ x /*",
  "\\x41",
  "\\u0041",
  "&#39;",
  "%27",
  "..",
  "~~",
  "excluded",
  "rowid",
] as const;

/** Ten thousand different texts, the same on every run. */
function hostile(): string[] {
  let seed = 20_241_121;
  const next = (below: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const made = new Set<string>(fragments);
  while (made.size < 10_000) {
    const count = 1 + next(5);
    let text = "";
    for (let i = 0; i < count; i++) text += fragments[next(fragments.length)];
    made.add(text);
  }
  return [...made];
}

const storable = (text: string): boolean =>
  !text.includes("\0") && (text as unknown as { isWellFormed(): boolean }).isWellFormed();
const all = hostile();
const good = all.filter(storable);
const bad = all.filter((each) => !storable(each));
/** Names: not empty, and within PostgreSQL's 63 bytes. */
const names = good.filter((each) => Buffer.byteLength(each) <= 50);

/** Names of which no two differ in case alone. */
function unfolded(items: readonly string[]): string[] {
  const folded = new Set<string>();
  return items.filter((each) => !folded.has(each.toLowerCase()) && folded.add(each.toLowerCase()));
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const made: T[][] = [];
  for (let i = 0; i < items.length; i += size) made.push(items.slice(i, i + size));
  return made;
}

const scratch = scratchDatabase();
const engines: Record<string, AsyncEngine> = {};
beforeAll(() => {
  engines["sqlite"] = createAsyncEngine("sqlite://");
  engines["postgresql"] = createAsyncEngine(scratch.url, { poolSize: 1 });
});
afterAll(async () => {
  for (const engine of Object.values(engines)) await engine.dispose({ force: true });
});

/** The rows of a statement as plain arrays. */
async function rowsOf(connection: AsyncConnection, statement: unknown): Promise<unknown[][]> {
  return (await connection.execute(statement as never).all()).map((row) => [...(row as unknown[])]);
}

/** The statement as text with its values in it, run as it is. */
async function runLiteral(connection: AsyncConnection, dialect: AsyncEngine["dialect"], statement: unknown) {
  return connection.execDriverSql(compile(statement as Node, dialect, { literalBinds: true }).text);
}

test("the strings are ten thousand, and some cannot be stored", () => {
  expect(all).toHaveLength(10_000);
  expect(good.length).toBeGreaterThan(8_000);
  expect(bad.length).toBeGreaterThan(500);
});

describe.each(["sqlite", "postgresql"])("hostile strings on %s", (name) => {
  const engine = (): AsyncEngine => engines[name] as AsyncEngine;

  test("as values: stored and read back to the letter, by one statement", async () => {
    const metadata = new MetaData();
    const kept = table("kept", metadata, { id: column(t.integer, { primaryKey: true }), text: column(t.text) });
    await using c = await engine().connect();
    await metadata.createAll(c as never);
    await c.execute(
      insert(kept),
      good.map((text, id) => ({ id, text })),
    );
    expect((await rowsOf(c, select(kept.c.text).orderBy(kept.c.id))).map((row) => row[0])).toEqual(good);
    // and found again, by equality and in a list
    const found = await rowsOf(c, select(func.count()).selectFrom(kept).where(kept.c.text.in(good)));
    expect(found).toEqual([[good.length]]);
    const texts = new Set(
      good.map((each) => compile(select(kept.c.id).where(kept.c.text.eq(each)), engine().dialect).text),
    );
    expect(texts.size).toBe(1);
  }, 20_000);

  test("what cannot be stored is refused before it is sent, wherever it stands", () => {
    const { dialect } = engine();
    for (const each of bad) {
      const statement = select(literal(each));
      expect(() => compile(statement, dialect).bind(cacheKeyOf(statement).binds), JSON.stringify(each)).toThrow(
        ArgumentError,
      );
      expect(() => compile(statement, dialect, { literalBinds: true })).toThrow(ArgumentError);
      expect(() => compile(select(literal(1).as(each)), dialect)).toThrow(ArgumentError);
      const key = select(literal({}, t.json<Record<string, number>>()).get(each));
      expect(() => compile(key, dialect).bind(cacheKeyOf(key).binds)).toThrow(ArgumentError);
    }
  });

  test("as literals in the text of a statement", async () => {
    await using c = await engine().connect();
    for (const part of chunks(good, 200)) {
      const result = await runLiteral(c, engine().dialect, select(...part.map((each, i) => literal(each).as(`c${i}`))));
      expect([...((await result.all())[0] as unknown[])]).toEqual(part);
    }
  });

  test("as labels: the database gives the very name back", async () => {
    await using c = await engine().connect();
    for (const part of chunks(names, 200)) {
      const result = await runLiteral(c, engine().dialect, select(...part.map((each, i) => literal(i).as(each))));
      expect(result.keys()).toEqual(part);
      expect([...((await result.all())[0] as unknown[])].map(Number)).toEqual(part.map((_each, i) => i));
    }
  });

  test("as names of tables, columns and aliases, and as comments", async () => {
    const metadata = new MetaData();
    await using c = await engine().connect();
    // (an object puts keys that look like numbers first)
    const own = unfolded(names).filter((each) => !/^\d+$/.test(each));
    for (const part of chunks(own, 150)) {
      const specs = Object.fromEntries(part.map((each) => [each, column(t.integer)]));
      const made = table(part[0] as string, metadata, specs, { prefixes: ["TEMPORARY"], comment: part.join("\u0001") });
      await metadata.createAll(c as never, { tables: [made as never], checkfirst: false });
      await c.execute(insert(made).values(Object.fromEntries(part.map((each, i) => [each, i]))));
      const alias = made.alias(part[part.length - 1] as string);
      expect(await rowsOf(c, select(alias as never))).toEqual([part.map((_each, i) => i)]);
      if (name === "postgresql") {
        const comment = text("SELECT obj_description(CAST(:name AS regclass), 'pg_class')").bindparams({
          name: engine().dialect.identifiers.quote(part[0] as string),
        });
        expect(await rowsOf(c, comment)).toEqual([[part.join("\u0001")]]);
      }
    }
  }, 30_000);

  test("as keys of JSON values", async () => {
    await using c = await engine().connect();
    for (const part of chunks(good, 100)) {
      const doc = Object.fromEntries(part.map((each, i) => [each, i]));
      const value = literal(doc, t.json<Record<string, number>>());
      const seen = await rowsOf(
        c,
        select(...part.map((each, i) => value.get(each).asInteger().as(`c${i}`)), value.hasAll(part)),
      );
      expect(seen).toEqual([[...part.map((_each, i) => i), true]]);
    }
  }, 20_000);

  test("as members of JSON objects that a statement makes, and as names in templates", async () => {
    await using c = await engine().connect();
    // SQLite does not find a subquery's column that is called true; PostgreSQL's functions take a hundred arguments
    const own = unfolded(names).filter((each) => !/^(true|false)$/i.test(each));
    for (const part of chunks(own, 45).slice(0, 60)) {
      const members = Object.fromEntries(part.map((each, i) => [each, i]));
      const inner = sql.join(
        part.map((each, i) => sql`${i} AS ${sql.identifier(each)}`),
        sql`, `,
      );
      const outer = sql.join(part.map((each) => sql.identifier("q", each)));
      const made = select(func.jsonBuildObject(members));
      expect(await rowsOf(c, made)).toEqual([[members]]);
      expect(await rowsOf(c, sql`SELECT ${outer} FROM (SELECT ${inner}) AS q`)).toEqual([part.map((_each, i) => i)]);
    }
  }, 20_000);

  test("as operands of LIKE, escaped: they match themselves and nothing else", async () => {
    await using c = await engine().connect();
    const marks = ["/", "!", "^", "'", "\\", "é", "|"];
    for (const part of chunks(good, 80)) {
      const columns = part.flatMap((each, i) => {
        const options = { autoescape: true, escape: marks[i % marks.length] as string };
        const around = literal(`x${each}y`);
        return [
          around.contains(each, options).as(`a${i}`),
          literal(`${each}y`).startsWith(each, options).as(`b${i}`),
          literal(`x${each}`).endsWith(each, options).as(`c${i}`),
          literal("\u00a7").contains(each, options).as(`d${i}`),
        ];
      });
      expect(await rowsOf(c, select(...columns))).toEqual([part.flatMap(() => [true, true, true, false])]);
    }
  }, 20_000);

  test("as values of an enum", async () => {
    const metadata = new MetaData();
    await using c = await engine().connect();
    for (const [at, part] of chunks(names, 500).entries()) {
      const made = table(`moods_${at}`, metadata, {
        id: column(t.integer, { primaryKey: true }),
        mood: column(t.enum(part, { name: `mood_${at}` })),
      });
      await metadata.createAll(c as never, { tables: [made as never], checkfirst: false });
      await c.execute(
        insert(made),
        part.map((mood, id) => ({ id, mood })),
      );
      expect((await rowsOf(c, select(made.c.mood).orderBy(made.c.id))).map((row) => row[0])).toEqual(part);
    }
  }, 20_000);

  test("as names of functions, windows, CTEs, collations and constraints: quoted or refused, never read as SQL", () => {
    const { dialect } = engine();
    const id = column(t.integer);
    table("x", new MetaData(), { id });
    const quoted = (each: string): string => dialect.identifiers.quoteIfNeeded(each);
    for (const each of names.filter((_each, i) => i % 4 === 0)) {
      const odd = !/^[A-Za-z_][A-Za-z0-9_]*$/.test(each);
      if (odd && !each.includes(".")) {
        expect(compile(select(functionNamed(each)), dialect).text).toContain(`${dialect.identifiers.quote(each)}()`);
      }
      expect(compile(select(func.count().over({ name: each })).window(each, {}), dialect).text).toContain(
        `OVER ${quoted(each)} AS count_1 WINDOW ${quoted(each)} AS ()`,
      );
      expect(compile(select(select(literal(1).as("n")).cte(each).c.n), dialect).text).toContain(
        `WITH ${quoted(each)} AS`,
      );
      expect(compile(select(literal("a").collate(each)), dialect).text).toContain(
        `COLLATE ${dialect.identifiers.quote(each)}`,
      );
    }
  });

  test("a LIKE escape of several characters, odd flags and odd fields are refused", () => {
    const { dialect } = engine();
    expect(() => literal("a").contains("b", { autoescape: true, escape: "ab" })).toThrow(ArgumentError);
    expect(() => literal("a").contains("b", { autoescape: true, escape: "%" })).toThrow(ArgumentError);
    for (const each of bad.slice(0, 100))
      expect(() => compile(select(literal("a").like("b", { escape: each })), dialect)).toThrow();
    if (name === "postgresql") {
      expect(() => compile(select(literal("a").regexpMatch("b", "i') OR true --")), dialect)).toThrow(ArgumentError);
    }
  });
});
