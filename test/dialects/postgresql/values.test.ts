import { describe, expect, it } from "vitest";
import { MultirangeType, Range, rangeTypes } from "../../../src/dialects/postgresql/index.js";
import { column, literal, MetaData, type SQLType, select, t, table, text } from "../../../src/index.js";
import { scratchDatabase } from "./support.js";

const db = scratchDatabase();

/** Writes a value into a column of the type and reads it back; both as a typed column and as text() gives it. */
async function roundTrip(
  type: SQLType<never>,
  value: unknown,
): Promise<{ typed: unknown; untyped: unknown; where: number }> {
  const engine = db.engine();
  const metadata = new MetaData();
  const things = table("things", metadata, {
    id: column(t.integer, { primaryKey: true }),
    v: column(type as SQLType<unknown>),
  });
  await metadata.dropAll(engine);
  await metadata.createAll(engine);
  return engine.begin(async (c) => {
    await c.execute(things.insert().values({ v: value }));
    const typed = await c.scalar(select(things.c.v));
    const untyped = await c.scalar(text("SELECT v FROM things"));
    const where =
      (type as { family: string }).family === "json" && (type as unknown as { binary: boolean }).binary === false
        ? 1
        : (await c.execute(select(things.c.id).where(things.c.v.eq(value)))).all().length;
    return { typed, untyped, where };
  });
}

const day = new Date("2024-02-29T12:34:56.789Z");

describe("values", () => {
  const cases: [string, SQLType<never>, unknown, unknown?][] = [
    ["integer", t.integer as never, -2147483648],
    ["smallint", t.smallint as never, 32767],
    ["bigint beyond 2^53", t.bigint as never, -9223372036854775808n],
    ["bigint that a number holds", t.bigint as never, 5n, 5],
    ["numeric with every digit", t.numeric(30, 10) as never, "12345678901234567890.0123456789"],
    ["double", t.double as never, 0.1],
    ["infinite double", t.double as never, Number.NEGATIVE_INFINITY],
    ["real", t.float as never, 1.5],
    ["true", t.boolean as never, true],
    ["false", t.boolean as never, false],
    ["text of all kinds", t.text as never, 'it\'s "quoted" \\ and \n ünïcödé 🎈 $1 :x'],
    ["empty text", t.string(10) as never, ""],
    ["date", t.date as never, "2024-02-29"],
    ["time", t.time as never, "23:59:59.123456"],
    ["timestamp", t.datetime as never, day],
    ["timestamp with time zone", t.datetime({ timezone: true }) as never, day],
    ["timestamp before the epoch", t.datetime as never, new Date("1883-11-18T00:00:00.001Z")],
    ["timestamp before our era", t.datetime as never, new Date("-000043-03-15T10:00:00.000Z")],
    ["timestamp after 9999", t.datetime({ timezone: true }) as never, new Date("+012024-01-01T00:00:00.000Z")],
    ["endless timestamp", t.datetime as never, new Date(8.64e15)],
    ["interval", t.interval as never, "P1Y2M3DT4H5M6.5S"],
    ["interval of nothing", t.interval as never, "PT0S"],
    ["negative interval", t.interval as never, "P-1DT-2H-3M"],
    ["uuid", t.uuid as never, "123e4567-e89b-12d3-a456-426614174000"],
    ["jsonb", t.jsonb as never, { a: [1, null, "x'\"\\", { b: true }], n: 1.5 }],
    ["json", t.json as never, [{ z: 1, a: 2 }]],
    ["jsonb text", t.jsonb as never, "just text"],
    ["jsonb number", t.jsonb as never, 42],
    ["bytes", t.binary as never, Buffer.from([0, 1, 92, 39, 255])],
    ["array of integers", t.array(t.integer) as never, [1, null, -3]],
    ["array of text", t.array(t.text) as never, ["a,b", 'say "x"', "\\", "", "NULL", "{}", null, " x ", "ü"]],
    ["array of bigint", t.array(t.bigint) as never, [1n, 9223372036854775807n], [1, 9223372036854775807n]],
    ["array of numeric", t.array(t.numeric(10, 2)) as never, ["1.50", "2.00"]],
    ["array of booleans", t.array(t.boolean) as never, [true, false, null]],
    ["array of doubles", t.array(t.double) as never, [1.5, Number.POSITIVE_INFINITY]],
    ["array of timestamps", t.array(t.datetime({ timezone: true })) as never, [day]],
    [
      "array of a type that has but a name",
      t.array(t.named("macaddr")) as never,
      [["08:00:2b:01:02:03"], [null]],
      "{{08:00:2b:01:02:03},{NULL}}",
    ],
    ["array of dates", t.array(t.date) as never, ["2024-02-29"]],
    ["array of uuid", t.array(t.uuid) as never, ["123e4567-e89b-12d3-a456-426614174000"]],
    ["array of jsonb", t.array(t.jsonb) as never, [{ a: 'x"y' }, [1, 2]]],
    ["array of bytes", t.array(t.binary) as never, [Buffer.from([1, 2, 255])]],
    ["array of intervals", t.array(t.interval) as never, ["P1D", "PT2H"]],
    [
      "nested array",
      t.array(t.integer, { dimensions: 2 }) as never,
      [
        [1, 2],
        [3, null],
      ],
    ],
    ["empty array", t.array(t.integer) as never, []],
    ["enum", t.enum(["sad", "happy day", "it's"], { name: "mood" }) as never, "happy day"],
    ["enum as text", t.enum(["sad", "happy"]) as never, "happy"],
    ["int4range", rangeTypes.int4range as never, new Range(1, 10), "[1,10)"],
    ["range without ends", rangeTypes.int4range as never, new Range<number>(null, null, "()"), "(,)"],
    ["empty range", rangeTypes.int4range as never, Range.empty<number>(), "empty"],
    ["tstzrange", rangeTypes.tstzrange as never, new Range(day, null), '["2024-02-29 12:34:56.789+00",)'],
    ["numrange", rangeTypes.numrange as never, new Range("1.5", "2.5", "(]"), "(1.5,2.5]"],
    ["daterange", rangeTypes.daterange as never, new Range("2024-01-01", "2024-02-01"), "[2024-01-01,2024-02-01)"],
    ["int8range", rangeTypes.int8range as never, new Range(1n, 2n ** 60n), `[1,${2n ** 60n})`],
    [
      "int4multirange",
      new MultirangeType("int4multirange", t.integer) as never,
      [new Range(1, 3), new Range(5, 9)],
      "{[1,3),[5,9)}",
    ],
    ["inet", t.named<string>("inet") as never, "192.168.0.1/24"],
    ["cidr", t.named<string>("cidr") as never, "10.0.0.0/8"],
    ["macaddr", t.named<string>("macaddr") as never, "08:00:2b:01:02:03"],
    ["bit string", t.named<string>("bit(3)") as never, "101"],
    ["tsvector", t.named<string>("tsvector") as never, "'cat':2 'fat':1"],
    ["money", t.named<string>("money") as never, "$1.50"],
  ];
  it.each(cases)("%s goes in and comes back the same", async (name, type, value, natural = value) => {
    const { typed, untyped, where } = await roundTrip(type, value);
    expect(typed).toEqual(value);
    expect(untyped).toEqual(name.startsWith("enum") || name.includes("range") ? (natural as never) : natural);
    expect(where).toBe(1);
  });

  it("boxes in an array have a semicolon between them, as each has commas of its own", async () => {
    const engine = db.engine();
    const metadata = new MetaData();
    const plans = table("plans", metadata, { rooms: column(t.array(t.named("box"))) });
    await metadata.dropAll(engine);
    await metadata.createAll(engine);
    await engine.execute(plans.insert().values({ rooms: ["(2,2),(1,1)", null, "(4,4),(3,3)"] }));
    expect(await engine.scalar(select(plans.c.rooms))).toEqual(["(2,2),(1,1)", null, "(4,4),(3,3)"]);
  });

  it("NULL is null in every type", async () => {
    for (const type of [t.integer, t.bigint, t.datetime, t.jsonb, t.array(t.integer), t.binary]) {
      const engine = db.engine();
      const metadata = new MetaData();
      const things = table("things", metadata, {
        id: column(t.integer, { primaryKey: true }),
        v: column(type as SQLType<unknown>),
      });
      await metadata.dropAll(engine);
      await metadata.createAll(engine);
      await engine.begin(async (c) => {
        await c.execute(things.insert().values({ v: null }));
        expect(await c.execute(select(things.c.v)).all()).toEqual([[null]]);
      });
    }
  });

  it("a timestamp without time zone is UTC, whatever the zones of the machine, the server and the session are", async () => {
    const zone = process.env["TZ"];
    process.env["TZ"] = "America/New_York";
    try {
      for (const query of ["", "?timezone=Asia/Tokyo", "?options=-c%20timezone%3DAsia/Tokyo"]) {
        const engine = db.engine(undefined, query);
        const stamps = table("stamps", new MetaData(), {
          id: column(t.integer, { primaryKey: true }),
          plain: column(t.datetime),
          zoned: column(t.datetime({ timezone: true })),
        });
        await engine.begin(async (c) => {
          await c.execute(text("DROP TABLE IF EXISTS stamps"));
          await c.execute(text("CREATE TABLE stamps (id int primary key, plain timestamp, zoned timestamptz)"));
          await c.execute(stamps.insert().values({ id: 1, plain: day, zoned: day }));
          expect(await c.execute(select(stamps.c.plain, stamps.c.zoned)).all()).toEqual([[day, day]]);
          expect(await c.scalar(text("SELECT plain::text FROM stamps"))).toBe("2024-02-29 12:34:56.789");
          expect(await c.scalar(text("SELECT (zoned AT TIME ZONE 'UTC')::text FROM stamps"))).toBe(
            "2024-02-29 12:34:56.789",
          );
        });
      }
    } finally {
      if (zone === undefined) delete process.env["TZ"];
      else process.env["TZ"] = zone;
    }
  });

  it("now() in a column without time zone is the time in UTC, though the database has another zone", async () => {
    const name = new URL(db.url).pathname.slice(1);
    const engine = db.engine();
    await engine.execute(text(`ALTER DATABASE "${name}" SET timezone = 'Asia/Tokyo'`));
    try {
      expect(await db.engine(undefined, "?timezone=server").scalar(text("SHOW timezone"))).toBe("Asia/Tokyo");
      const read = (await db.engine().scalar(text("SELECT now()::timestamp"))) as Date;
      expect(Math.abs(read.getTime() - Date.now())).toBeLessThan(60_000);
    } finally {
      await engine.execute(text(`ALTER DATABASE "${name}" RESET timezone`));
    }
  });

  it("the parameters of text() have the types of their values", async () => {
    const engine = db.engine();
    const row = await engine.execute(text("SELECT :a, :b, :c, :d, :e, :f, :g"), {
      a: 1,
      b: 1.5,
      c: true,
      d: "x",
      e: day,
      f: null,
      g: 2n ** 60n,
    });
    expect(row.all()).toEqual([[1, 1.5, true, "x", day, null, 2n ** 60n]]);
    expect(
      await engine.scalar(text("SELECT count(*) FROM generate_series(1, 10) n WHERE n = ANY(:list)"), {
        list: [1, 2, 99],
      }),
    ).toBe(2);
    expect(await engine.scalar(text("SELECT CAST(:j AS jsonb) -> 'a'"), { j: { a: [1] } })).toEqual([1]);
  });

  it("a value that does not fit is refused by the server as a DataError, not cut", async () => {
    const engine = db.engine();
    const metadata = new MetaData();
    const words = table("words", metadata, { id: column(t.integer, { primaryKey: true }), w: column(t.string(3)) });
    await metadata.createAll(engine);
    await expect(engine.execute(words.insert().values({ w: "long" }))).rejects.toMatchObject({
      name: "DataError",
      code: "22001",
    });
    await expect(engine.execute(select(literal<string>("long", t.string(3))))).resolves.toBeDefined();
    expect(await engine.scalar(select(literal<string>("long", t.string(3))))).toBe("long");
  });
});
