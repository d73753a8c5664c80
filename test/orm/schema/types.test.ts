import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ArgumentError,
  asyncSessionmaker,
  Column,
  column,
  literal,
  MetaData,
  PrimaryKey,
  postgresql,
  Range,
  registry,
  type SQLType,
  select,
  TypeDecorator,
  t,
  table,
} from "../../../src/index.js";
import { databaseKind, freshDatabase, openDatabase, type TestDatabase } from "../../support/database.js";
import { createExtension } from "../../support/extensions.js";

const postgres = databaseKind() === "postgresql";
const SAMPLES = 60;

// Text that a database takes: no NUL, no lone surrogate.
const words = fc
  .string({ unit: "binary", maxLength: 30 })
  .filter((each) => !each.includes("\0") && !/\p{Surrogate}/u.test(each));
const digits = (max: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: max }).map((list) => list.join(""));
const moment = fc.date({
  min: new Date("0100-01-01T00:00:00Z"),
  max: new Date("9999-12-31T23:59:59.999Z"),
  noInvalidDate: true,
});
const day = moment.map((each) => each.toISOString().slice(0, 10));
const clock = fc
  .tuple(fc.integer({ min: 0, max: 86_399 }), fc.integer({ min: 0, max: 999_999 }))
  .map(([seconds, micros]) => {
    const text = new Date(seconds * 1000).toISOString().slice(11, 19);
    return micros === 0 ? text : `${text}.${String(micros).padStart(6, "0").replace(/0+$/, "")}`;
  });
const duration = fc
  .record({ Y: fc.nat(99), M: fc.nat(11), D: fc.nat(30), h: fc.nat(99), m: fc.nat(59), s: fc.nat(59) })
  .map(({ Y, M, D, h, m, s }) => {
    const part = (value: number, unit: string): string => (value === 0 ? "" : `${value}${unit}`);
    const time = part(h, "H") + part(m, "M") + part(s, "S");
    const date = part(Y, "Y") + part(M, "M") + part(D, "D");
    return date === "" && time === "" ? "PT0S" : `P${date}${time === "" ? "" : `T${time}`}`;
  });
const json = fc
  .jsonValue({ maxDepth: 3, stringUnit: "binary" })
  .filter(
    (each) => each !== null && !JSON.stringify(each).includes("\\u0000") && !/\\ud[89a-f]/i.test(JSON.stringify(each)),
  )
  .map((each) => JSON.parse(JSON.stringify(each).replaceAll("-0", "0").replace(/(\d)e/gi, "$1e")) as unknown);
// drivers give Buffers, which are Uint8Arrays
const bytes = fc.uint8Array({ maxLength: 40 }).map((each) => Buffer.from(each));
const exact = (whole: number, scale: number): fc.Arbitrary<string> =>
  fc.tuple(fc.boolean(), digits(whole), digits(scale)).map(([minus, a, b]) => {
    const front = a.replace(/^0+(?=\d)/, "");
    const back = b.padEnd(scale, "0").slice(0, scale);
    const zero = /^0+$/.test(front + back);
    return `${minus && !zero ? "-" : ""}${front}.${back}`;
  });
const single = fc.float({ noNaN: true, noDefaultInfinity: true }).map((each) => (Object.is(each, -0) ? 0 : each));
const real = fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => (Object.is(each, -0) ? 0 : each));
const mood = ["sad", "it's ok", 'so "so"', "ünïcode"] as const;

class Tagged extends TypeDecorator<{ tag: string }, string> {
  readonly impl = t.text;
  override processBindParam(value: { tag: string }): string {
    return `<${value.tag}>`;
  }
  override processResultValue(value: string): { tag: string } {
    return { tag: value.slice(1, -1) };
  }
  override equals(a: { tag: string }, b: { tag: string }): boolean {
    return a.tag === b.tag;
  }
}

type Case = readonly [name: string, type: SQLType<never>, values: fc.Arbitrary<unknown>];

const everywhere: readonly Case[] = [
  ["integer", t.integer as never, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })],
  ["smallint", t.smallint as never, fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 })],
  ["bigint", t.bigint as never, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  ["numeric of few digits", t.numeric(12, 4) as never, exact(8, 4)],
  ["numeric of many digits", t.numeric(40, 12) as never, exact(28, 12)],
  ["double", t.double as never, real],
  ["float", t.float as never, single],
  ["boolean", t.boolean as never, fc.boolean()],
  ["string", t.string(200) as never, words],
  ["text", t.text as never, words],
  ["native enum", t.enum(mood, { name: "mood" }) as never, fc.constantFrom(...mood)],
  [
    "checked enum",
    t.enum(mood, { native: false, createConstraint: true, name: "moody" }) as never,
    fc.constantFrom(...mood),
  ],
  ["date", t.date as never, day],
  ["time", t.time as never, clock],
  ["datetime", t.datetime as never, moment],
  ["datetime with time zone", t.datetime({ timezone: true }) as never, moment],
  ["interval", t.interval as never, duration],
  ["uuid", t.uuid as never, fc.uuid()],
  ["json", t.json as never, json],
  ["jsonb", t.jsonb as never, json],
  ["json where null is a value", t.json({ noneAsNull: false }) as never, fc.option(json)],
  ["binary", t.binary as never, bytes],
  ["a type decorator", new Tagged() as never, words.map((tag) => ({ tag }))],
  ["a variant", t.text.withVariant(t.string(300), "postgresql") as never, words],
  ["another name", t.string(200).spelled(postgres ? "CHARACTER VARYING(200)" : "NVARCHAR(200)") as never, words],
];

const range = fc
  .tuple(fc.option(fc.integer({ min: -1000, max: 1000 })), fc.nat(1000), fc.boolean())
  .map(
    ([lower, more, open]) =>
      new Range<number>(lower, open || lower === null ? null : lower + more + 1, lower === null ? "()" : "[)"),
  );
const byte = fc.integer({ min: 0, max: 255 });

const onlyPostgres: readonly Case[] = [
  ["array of integers", t.array(t.integer) as never, fc.array(fc.option(fc.integer({ min: -99, max: 99 })))],
  ["array of text", t.array(t.text) as never, fc.array(fc.option(words))],
  ["array of datetimes", t.array(t.datetime) as never, fc.array(moment)],
  ["array of enums", t.array(t.enum(mood, { name: "mood" })) as never, fc.array(fc.constantFrom(...mood))],
  ["array of jsonb", t.array(t.jsonb) as never, fc.array(json)],
  ["array of bytes", t.array(t.binary) as never, fc.array(bytes)],
  [
    "array of two dimensions",
    t.array(t.bigint, { dimensions: 2 }) as never,
    fc.array(fc.tuple(fc.bigInt({ min: -9n, max: 9n }), fc.bigInt({ min: -9n, max: 9n })), {
      minLength: 1,
      maxLength: 4,
    }),
  ],
  ["int4range", postgresql.int4range as never, range],
  ["int4multirange", postgresql.int4multirange as never, range.map((each) => [each])],
  ["tstzrange", postgresql.tstzrange as never, moment.map((each) => new Range(each, new Date(each.getTime() + 5)))],
  ["inet", postgresql.inet as never, fc.tuple(byte, byte, byte, byte).map((list) => list.join("."))],
  ["cidr", postgresql.cidr as never, fc.tuple(byte, byte).map(([a, b]) => `${a}.${b}.0.0/16`)],
  [
    "macaddr",
    postgresql.macaddr as never,
    fc
      .array(byte, { minLength: 6, maxLength: 6 })
      .map((list) => list.map((each) => each.toString(16).padStart(2, "0")).join(":")),
  ],
  [
    "bit",
    postgresql.bit(5) as never,
    fc.array(fc.constantFrom("0", "1"), { minLength: 5, maxLength: 5 }).map((list) => list.join("")),
  ],
  [
    "varbit",
    postgresql.varbit(9) as never,
    fc.array(fc.constantFrom("0", "1"), { maxLength: 9 }).map((list) => list.join("")),
  ],
  [
    "hstore",
    postgresql.hstore as never,
    fc
      .dictionary(words, fc.option(words), { noNullPrototype: true })
      .filter((each) => !Object.hasOwn(each, "__proto__")),
  ],
  ["citext", postgresql.citext as never, words],
  ["tsvector", postgresql.tsvector as never, fc.constantFrom("'cat':2 'fat':1", "", "'a':1A")],
  ["tsquery", postgresql.tsquery as never, fc.constantFrom("'cat' & 'fat'", "!'a' | 'b'")],
  ["money", postgresql.money as never, fc.nat(99).map((cents) => `$1.${String(cents).padStart(2, "0")}`)],
  ["oid", postgresql.oid as never, fc.integer({ min: 0, max: 2 ** 32 - 1 })],
  ["regclass", postgresql.regclass as never, fc.constantFrom("pg_class", "pg_type")],
  ["xml", postgresql.xml as never, fc.constantFrom("<a>it's</a>", '<b x="1"/>')],
  ["jsonpath", postgresql.jsonpath as never, fc.constantFrom('$."a"[*]', '$."b"?(@ > 2)')],
  [
    "a domain",
    postgresql.domain("posint", t.integer, { check: { positive: "VALUE > 0" }, notNull: false }) as never,
    fc.integer({ min: 1, max: 1000 }),
  ],
  ["time with time zone", t.time({ timezone: true }) as never, clock.map((each) => `${each}+00`)],
  [
    "interval of fields",
    t.interval({ fields: "day to second", precision: 3 }) as never,
    fc.nat(99).map((n) => `P${n + 1}D`),
  ],
];

let database: TestDatabase;
/** Types whose extension the server has not. */
const absent = new Set<string>();
beforeAll(async () => {
  database = await openDatabase();
  if (!postgres) return;
  for (const name of ["hstore", "citext"]) if (!(await createExtension(database.engine, name))) absent.add(name);
});
afterAll(() => database[Symbol.asyncDispose]());

const ids = "[CT-01] [CT-02] [CT-03] [CT-04] [CT-05] [CT-06] [CT-08] [CT-09] [PG-04] [PG-05] [CX-03]";

describe(`${ids} every value that a type takes comes back the same, bound or written as a literal`, () => {
  test.each(postgres ? [...everywhere, ...onlyPostgres] : everywhere)("%s", async (name, type, arbitrary) => {
    if (absent.has(name)) return;
    const { engine } = database;
    const metadata = new MetaData();
    const things = table(`t_${name.replaceAll(" ", "_")}`, metadata, {
      id: column(t.integer, { primaryKey: true }),
      v: column(type as SQLType<unknown>),
    });
    await metadata.createAll(engine);
    const values = [...fc.sample(arbitrary, { numRuns: SAMPLES }), ...(name.includes("null is") ? [] : [null])];
    const rows = values.map((v, i) => ({ id: i, v }));
    await engine.begin(async (c) => {
      await c.execute(things.insert(), rows as never);
      // the shortest text of a single that the server sends is another double
      const exactly = (list: readonly unknown[]): unknown[] =>
        name === "float" ? list.map((each) => (typeof each === "number" ? Math.fround(each) : each)) : [...list];
      expect(exactly(await c.execute(select(things.c.v).orderBy(things.c.id)).scalars().all())).toEqual(
        exactly(values),
      );
      await c.execute(things.delete().all());
      const script: string[] = [];
      for (const row of rows) {
        script.push(
          things
            .insert()
            .values(row as never)
            .compile(engine, { literalBinds: true }).text,
        );
      }
      for (const statement of script) await c.execDriverSql(statement);
      const back = await c.execute(select(things.c.v).orderBy(things.c.id)).scalars().all();
      expect(exactly(back)).toEqual(exactly(values));
      const given = exactly(values);
      exactly(back).forEach((each, i) => {
        if (each !== null && given[i] !== null) expect(type.equals(each as never, given[i] as never)).toBe(true);
      });
      if (type.family !== "json" && name !== "xml" && name !== "jsonpath") {
        const sample = values.find((each) => each !== null);
        const found = select(things.c.id).where(things.c.v.eq(sample)).orderBy(things.c.id);
        const bound = await c.execute(found).scalars().all();
        expect(bound).toContain(values.indexOf(sample));
        expect((await c.execDriverSql(found.compile(engine, { literalBinds: true }).text)).scalars().all()).toEqual(
          bound,
        );
      }
    });
    await metadata.dropAll(engine);
  });
});

describe("types", () => {
  test("[CT-02] days and times do not shift by the machine's time zone", async () => {
    const program = fileURLToPath(new URL("zones.program.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--import", "@oxc-node/core/register", program, database.kind === "sqlite" ? "sqlite://" : database.url],
      { env: { ...process.env, TZ: "America/New_York" }, encoding: "utf8" },
    );
    const seen = JSON.parse(stdout) as Record<string, unknown>;
    expect(Object.keys(seen)).toEqual(["America/New_York", "Asia/Kolkata", "Pacific/Apia", "UTC"]);
    for (const each of Object.values(seen)) {
      expect(each).toEqual({
        date: "2024-03-10",
        time: "02:30:00",
        local: "2024-03-10T02:30:00.123Z",
        zoned: "2024-03-10T02:30:00.123Z",
        reckoned: ["2024-03-11T02:30:00.123Z", "2024-03-10T00:00:00.000Z", 2, "2024-03-11", "P1DT1H"],
        text: seen["UTC"] === undefined ? null : (seen["UTC"] as { text: string }).text,
      });
    }
  });

  test("[CT-02] Temporal values go in and come back where the runtime has Temporal", async () => {
    const { Temporal } = await import("temporal-polyfill");
    const holder = globalThis as { Temporal?: unknown };
    const before = holder.Temporal;
    const metadata = new MetaData();
    const events = table("temporal_events", metadata, {
      id: column(t.integer, { primaryKey: true }),
      day: column(t.temporal.plainDate<unknown>()),
      at: column(t.temporal.plainTime<unknown>()),
      local: column(t.temporal.plainDateTime<unknown>()),
      instant: column(t.temporal.instant<unknown>()),
      span: column(t.temporal.duration<unknown>()),
      plain: column(t.datetime),
    });
    const { engine } = database;
    await metadata.createAll(engine);
    const row = {
      id: 1,
      day: Temporal.PlainDate.from("2024-02-29"),
      at: Temporal.PlainTime.from("23:59:59.5"),
      local: Temporal.PlainDateTime.from("2024-03-10T02:30:00.125"),
      instant: Temporal.Instant.from("2024-03-10T02:30:00.125Z"),
      span: Temporal.Duration.from("P1DT2H"),
      plain: Temporal.Instant.from("2024-03-10T02:30:00Z") as never,
    };
    try {
      delete holder.Temporal;
      await engine.execute(events.insert().values(row));
      if (before === undefined) {
        await expect(engine.execute(select(events.c.day))).rejects.toThrow("this runtime has no Temporal");
      }
      holder.Temporal = Temporal;
      const found = await engine.execute(select(events)).one();
      expect([...found].map(String)).toEqual([
        "1",
        "2024-02-29",
        "23:59:59.5",
        "2024-03-10T02:30:00.125",
        "2024-03-10T02:30:00.125Z",
        "P1DT2H",
        String(new Date("2024-03-10T02:30:00Z")),
      ]);
      expect(found[1]).toBeInstanceOf(Temporal.PlainDate);
      expect(await engine.scalar(select(events.c.id).where(events.c.day.eq(row.day)))).toBe(1);
      await expect(engine.execute(events.insert().values({ day: "2024-01-01" }))).rejects.toThrow(ArgumentError);
    } finally {
      holder.Temporal = before;
      await metadata.dropAll(engine);
    }
  });

  test("[CT-04] JSON is checked by a Standard Schema on its way in and out: zod and valibot", async () => {
    const { z } = await import("zod");
    const v = await import("valibot");
    const { engine } = database;
    const metadata = new MetaData();
    const settings = table("settings", metadata, {
      id: column(t.integer, { primaryKey: true }),
      zod: column(t.json({ schema: z.object({ theme: z.enum(["dark", "light"]), size: z.number().default(12) }) })),
      valibot: column(t.jsonb({ schema: v.object({ tags: v.array(v.string()) }) })),
    });
    await metadata.createAll(engine);
    await engine.execute(
      settings.insert().values({ id: 1, zod: { theme: "dark", size: 3 }, valibot: { tags: ["a"] } }),
    );
    await engine.execute(settings.insert().values({ id: 2, zod: { theme: "light" } as never }));
    expect(await engine.execute(select(settings.c.zod).orderBy(settings.c.id)).scalars().all()).toEqual([
      { theme: "dark", size: 3 },
      { theme: "light", size: 12 },
    ]);
    await expect(engine.execute(settings.insert().values({ valibot: { tags: [1] } as never }))).rejects.toThrow(
      /the JSON value does not fit its schema: tags\.0: /,
    );
    await metadata.dropAll(engine);
    const strict = t.json({ schema: z.object({ a: z.number() }) });
    const coded = engine.dialect.typeImpl(strict as SQLType);
    expect(() => (coded as unknown as { parse(text: string): unknown }).parse('{"a":"x"}')).toThrow(ArgumentError);
  });

  test("[CT-04] the engine's own JSON functions do not get around the schema", async () => {
    const { z } = await import("zod");
    const { engine } = await freshDatabase({
      engine: {
        jsonSerializer: (value) => JSON.stringify({ wrapped: value }),
        jsonDeserializer: (text) => (JSON.parse(text) as { wrapped: unknown }).wrapped,
      },
    });
    const metadata = new MetaData();
    const things = table("coded", metadata, {
      id: column(t.integer, { primaryKey: true }),
      v: column(t.json({ schema: z.object({ a: z.number() }) })),
    });
    await engine.begin(async (c) => {
      await c.runSync(metadata.createAll);
      await c.execute(things.insert().values({ id: 1, v: { a: 1 } }));
      expect(await c.scalar(select(things.c.v))).toEqual({ a: 1 });
      await expect(c.execute(things.insert().values({ id: 2, v: { a: "x" } as never }))).rejects.toThrow(
        "the JSON value does not fit its schema",
      );
      await c.runSync(metadata.dropAll);
    });
  });

  test("[CT-13] equal values are no change: points in time, bytes, JSON in another order of keys, decimals", async () => {
    const reg = registry();
    @reg.Entity("kept_things")
    class Thing {
      @PrimaryKey() id!: number;
      @Column(t.datetime) at!: Date;
      @Column(t.binary) bytes!: Uint8Array;
      @Column(t.jsonb) data!: unknown;
      @Column(t.numeric(10, 2)) price!: string;
    }
    const { engine } = database;
    await reg.metadata.createAll(engine);
    await using session = asyncSessionmaker(engine)();
    const at = new Date("2024-01-01T00:00:00Z");
    session.add(
      Object.assign(new Thing(), { id: 1, at, bytes: Buffer.from([1, 2]), data: { a: 1, b: [2] }, price: "1.50" }),
    );
    await session.commit();
    const thing = await session.scalars(select(Thing)).one();
    Object.assign(thing, { at: new Date(at), bytes: new Uint8Array([1, 2]), data: { b: [2], a: 1 }, price: "1.5" });
    expect((await session.explainFlush()).toString()).not.toContain("update");
    thing.data = { a: 1, b: [3] };
    expect((await session.explainFlush()).toString()).toContain("update");
    await session.rollback();
    await reg.metadata.dropAll(engine);
  });

  test("[CT-13] a float that differs in its last digits is a change: SQLite keeps eight bytes of it", async () => {
    const reg = registry();
    @reg.Entity("kept_places")
    class Place {
      @PrimaryKey() id!: number;
      @Column(t.float) latitude!: number;
    }
    const { engine } = database;
    await reg.metadata.createAll(engine);
    await using session = asyncSessionmaker(engine)();
    session.add(Object.assign(new Place(), { id: 1, latitude: 52.5200061 }));
    await session.commit();
    const place = await session.scalars(select(Place)).one();
    place.latitude = 52.5200062;
    await session.commit();
    await session.refresh(place);
    expect(place.latitude).toBe(postgres ? 52.520008 : 52.5200062);
    await session.close();
    await reg.metadata.dropAll(engine);
  });

  test("[CT-07] the DDL says exactly what was asked", async () => {
    const { engine } = database;
    const render = (type: SQLType<never>): string => engine.dialect.typeCompiler.render(type as SQLType);
    expect(render(t.string(5).spelled("NVARCHAR(5)") as never)).toBe("NVARCHAR(5)");
    expect(render(t.string(5).spelled("NVARCHAR(5)", "other") as never)).toBe("VARCHAR(5)");
    expect(render(t.integer.spelled("MEDIUMINT") as never)).toBe("MEDIUMINT");
    expect(
      render(t.enum(["a", "bc"]).withVariant(t.enum(["a", "bc"], { length: 9 }), engine.dialect.name) as never),
    ).toBe("VARCHAR(9)");
    expect(render(t.string(5, { collation: postgres ? "C" : "NOCASE" }).spelled("NVARCHAR(5)") as never)).toBe(
      postgres ? 'NVARCHAR(5) COLLATE "C"' : 'NVARCHAR(5) COLLATE "NOCASE"',
    );
  });

  test("[CT-12] types that only PostgreSQL has say what is wrong with a value", () => {
    const bind = (type: SQLType<never>, value: unknown): unknown =>
      (type.bindProcessor(database.engine.dialect) as (value: unknown) => unknown)(value);
    expect(bind(postgresql.vector(3) as never, [1, 2.5, -3])).toBe("[1,2.5,-3]");
    expect(bind(postgresql.vector(2) as never, new Float32Array([1, 2]))).toBe("[1,2]");
    expect(() => bind(postgresql.vector(3) as never, [1])).toThrow("a list of 1 numbers does not fit into vector(3).");
    expect(() => bind(postgresql.bit(3) as never, "01")).toThrow('"01" has 2 bits, and the type bit(3) has 3.');
    expect(() => bind(postgresql.oid as never, -1)).toThrow(ArgumentError);
    expect(() => bind(postgresql.hstore as never, { a: 1 })).toThrow('hstore: the value of "a" is');
    expect(() => bind(postgresql.inet as never, 5)).toThrow("is no value of the type inet");
    void literal;
  });
});
