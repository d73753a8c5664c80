import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  ArgumentError,
  CompileError,
  column,
  DefaultDialect,
  defaultDialect,
  isType,
  JSON_NULL,
  MetaData,
  plainType,
  type SQLType,
  type StandardSchema,
  StringType,
  select,
  standardCapabilities,
  TypeDecorator,
  t,
  table,
  typeFromMetadata,
  UserDefinedType,
} from "../../src/sql/index.js";
import { bound, qmark, refused, sql, toDriver } from "./fixtures.js";

const name = (type: SQLType<unknown>): string => defaultDialect.typeCompiler.render(type as SQLType);
const back = (type: SQLType<unknown>, value: unknown): unknown => {
  const process = qmark.typeImpl(type).resultProcessor(qmark) as ((value: unknown) => unknown) | null;
  return process === null ? value : process(value);
};
class Plain extends DefaultDialect {
  override readonly name = "plain";
  override readonly capabilities = {
    ...standardCapabilities,
    nativeBoolean: false,
    nativeArray: false,
    nonFiniteFloats: false,
  };
}
const plain = new Plain();

describe("t", () => {
  it("has types that are values and can be called", () => {
    expect(isType(t.string)).toBe(true);
    expect(isType(t.string(5))).toBe(true);
    expect(plainType(t.string)).toBeInstanceOf(StringType);
    expect(typeof plainType(t.string)).toBe("object");
    expect(t.string.maxLength).toBeNull();
    expect(t.string(5).maxLength).toBe(5);
    expect(t.string.cacheKey).not.toBe(t.string(5).cacheKey);
    expect(t.enum(["a", "b"]).cacheKey).not.toBe(t.enum(["a", "c"]).cacheKey);
    expect(t.json).not.toBe(t.jsonb);
    expectTypeOf(t.json<{ a: number }>()).toMatchTypeOf<SQLType<{ a: number }>>();
    expectTypeOf(t.array(t.integer)).toMatchTypeOf<SQLType<number[]>>();
  });

  it.each<[SQLType<unknown>, string]>([
    [t.integer, "INTEGER"],
    [t.smallint, "SMALLINT"],
    [t.bigint, "BIGINT"],
    [t.numeric, "NUMERIC"],
    [t.numeric(10, 2), "NUMERIC(10, 2)"],
    [t.float, "REAL"],
    [t.double, "DOUBLE PRECISION"],
    [t.string, "VARCHAR"],
    [t.string(50), "VARCHAR(50)"],
    [t.string(5, { collation: "C" }), 'VARCHAR(5) COLLATE "C"'],
    [t.char(3), "CHAR(3)"],
    [t.text, "TEXT"],
    [t.boolean, "BOOLEAN"],
    [t.date, "DATE"],
    [t.time, "TIME"],
    [t.datetime, "TIMESTAMP"],
    [t.timestamp({ timezone: true }), "TIMESTAMP WITH TIME ZONE"],
    [t.interval, "INTERVAL"],
    [t.json, "JSON"],
    [t.uuid, "UUID"],
    [t.binary, "BLOB"],
    [t.enum(["ab", "abc"]), "VARCHAR(3)"],
    [t.array(t.integer), "INTEGER[]"],
    [t.array(t.text, { dimensions: 2 }), "TEXT[][]"],
    [t.named("ltree"), "ltree"],
  ])("%# is named %s", (type, text) => {
    expect(name(type)).toBe(text);
  });

  it("is found from what TypeScript emits", () => {
    expect(typeFromMetadata(Number)).toBe(t.integer);
    expect(typeFromMetadata(String)?.visitName).toBe("visitText");
    expect(typeFromMetadata(Boolean)).toBe(t.boolean);
    expect(typeFromMetadata(BigInt)).toBe(t.bigint);
    expect(typeFromMetadata(Date)?.visitName).toBe("visitDateTime");
    expect(typeFromMetadata(Buffer)?.visitName).toBe("visitBinary");
    expect(typeFromMetadata(Object)).toBeNull();
    expect(typeFromMetadata(undefined)).toBeNull();
  });
});

describe("values on their way to the driver", () => {
  it.each<[string, SQLType<unknown>, unknown, unknown]>([
    ["integer", t.integer, 5, 5],
    ["integer from bigint", t.integer, 5n, 5],
    ["bigint", t.bigint, 2n ** 60n, 2n ** 60n],
    ["bigint from number", t.bigint, 5, 5n],
    ["numeric", t.numeric, "12.50", "12.50"],
    ["numeric from number", t.numeric, 1.5, "1.5"],
    ["date", t.date, "2024-02-29", "2024-02-29"],
    ["time", t.time, "12:30", "12:30:00"],
    ["uuid", t.uuid, "123E4567-E89B-12D3-A456-426614174000", "123e4567-e89b-12d3-a456-426614174000"],
    ["json", t.json, { a: [1, null] }, '{"a":[1,null]}'],
    ["json null", t.json, JSON_NULL, "null"],
    ["enum", t.enum(["a", "b"]), "a", "a"],
    ["array", t.array(t.bigint), [1, null, 2n], [1n, null, 2n]],
    ["interval", t.interval, "P1DT2H", "P1DT2H"],
  ])("%s", (_name, type, value, expected) => {
    expect(toDriver(type, value)).toEqual(expected);
  });

  it.each<[string, SQLType<unknown>, unknown, string]>([
    ["a fraction for an integer", t.integer, 1.5, "1.5 is not a whole number"],
    ["NaN for an integer", t.integer, Number.NaN, "NaN is not a whole number"],
    ["an unsafe integer", t.integer, 2 ** 53, "beyond 2^53"],
    ["a big bigint for an integer", t.integer, 2n ** 60n, "Use t.bigint"],
    ["a text for an integer", t.integer, "5", '"5" is not a whole number'],
    ["true for an integer", t.integer, true, "true is not a whole number"],
    ["65 bits for a bigint", t.bigint, 2n ** 63n, "does not fit into 64 bits"],
    ["a fraction for a bigint", t.bigint, 1.5, "is not a bigint"],
    ["a word for a numeric", t.numeric, "abc", "is not a decimal number"],
    ["Infinity for a numeric", t.numeric, Number.POSITIVE_INFINITY, "is not a decimal number"],
    ["a number for a string", t.string, 5, "5 is not a string"],
    ["a NUL in a string", t.text, "a\0", "NUL"],
    ["a lone surrogate", t.text, "\ud800", "lone surrogate"],
    ["a Date for a day", t.date, new Date(), "depends on the zone"],
    ["no such day", t.date, "2023-02-29", "is not a day"],
    ["no such time", t.time, "25:00", "is not a time of day"],
    ["an invalid Date", t.datetime, new Date(Number.NaN), "the Date is invalid"],
    ["text for a datetime", t.datetime, "2024-01-01", "is not a Date"],
    ["a wrong enum value", t.enum(["a", "b"]), "c", '"c" is not one of "a", "b"'],
    ["no UUID", t.uuid, "x", "is not a UUID"],
    ["a function as JSON", t.json, () => 1, "is not JSON"],
    ["a NUL inside JSON", t.json, { a: "\0" }, "NUL"],
    ["no array", t.array(t.integer), 5, "is not an array"],
    ["no bytes", t.binary, "abc", "is not a Uint8Array"],
    ["no boolean", t.boolean, "yes", "is not true or false"],
    ["no duration", t.interval, "1 day", "is not a duration"],
  ])("refuse %s", (_name, type, value, text) => {
    refused(() => toDriver(type, value), ArgumentError, text);
  });

  it("follow what the dialect can", () => {
    expect(toDriver(t.boolean, true, plain)).toBe(1);
    expect(toDriver(t.double, Number.NaN)).toBeNaN();
    refused(() => toDriver(t.double, Number.NaN, plain), ArgumentError, "cannot be stored");
    refused(() => plain.typeCompiler.render(t.array(t.integer) as SQLType), CompileError, "plain has no arrays");
  });
});

describe("values from the driver", () => {
  it("become what the type says", () => {
    expect(back(t.bigint, "12345678901234567890")).toBe(12345678901234567890n);
    expect(back(t.numeric, 1.5)).toBe("1.5");
    expect(back(t.json, '{"a":1}')).toEqual({ a: 1 });
    expect(back(t.datetime, "2024-01-02 03:04:05.678")).toEqual(new Date("2024-01-02T03:04:05.678Z"));
    expect(back(t.datetime, "2024-01-02 03:04:05+02")).toEqual(new Date("2024-01-02T01:04:05Z"));
    expect(back(t.array(t.bigint), ["1", null])).toEqual([1n, null]);
  });

  it("are compared by the type", () => {
    expect(t.datetime.equals(new Date(5), new Date(5))).toBe(true);
    expect(t.binary.equals(new Uint8Array([1]), Buffer.from([1]))).toBe(true);
    expect(t.binary.equals(new Uint8Array([1]), new Uint8Array([2]))).toBe(false);
    expect(t.numeric.equals("1.50", "1.5")).toBe(true);
    expect(t.numeric.equals("1.50", "1.51")).toBe(false);
    expect(t.array(t.integer).equals([1, 2], [1, 2])).toBe(true);
    expect(t.json.equals({ a: 1 }, { a: 1 })).toBe(true);
  });
});

describe("JSON with a schema", () => {
  const schema: StandardSchema<{ a: number }> = {
    "~standard": {
      version: 1,
      validate: (value: unknown) =>
        typeof (value as { a?: unknown })?.a === "number"
          ? { value: value as { a: number } }
          : { issues: [{ message: "must be a number", path: ["a"] }] },
    },
  };
  it("checks values both ways", () => {
    const type = t.json({ schema });
    expectTypeOf(type).toMatchTypeOf<SQLType<{ a: number }>>();
    expect(toDriver(type, { a: 1 })).toBe('{"a":1}');
    refused(() => toDriver(type, { a: "x" }), ArgumentError, "does not fit its schema: a: must be a number");
    refused(() => back(type, "{}"), ArgumentError, "a: must be a number");
  });
});

describe("types of your own", () => {
  class Money {
    constructor(readonly cents: number) {}
  }
  class Cents extends TypeDecorator<Money, number> {
    override readonly impl = t.integer;
    override processBindParam(value: Money): number {
      return value.cents;
    }
    override processResultValue(value: number): Money {
      return new Money(value);
    }
  }
  class Vector extends UserDefinedType<number[]> {
    constructor(readonly size: number) {
      super();
    }
    override getColSpec(): string {
      return `vector(${this.size})`;
    }
    override bindProcessor() {
      return (value: number[]) => JSON.stringify(value);
    }
    override wrapColumn(text: string): string {
      return `vec_text(${text})`;
    }
    override wrapBind(text: string): string {
      return `to_vec(${text})`;
    }
  }
  const md = new MetaData();
  const goods = table("goods", md, {
    id: column(t.integer, { primaryKey: true }),
    price: column(new Cents(), { nullable: false }),
    at: column(new Vector(3)),
  });

  it("convert in conditions, inserts and literals", () => {
    expect(bound(select(goods.c.id).where(goods.c.price.eq(new Money(5))))).toEqual([
      "SELECT goods.id FROM goods WHERE goods.price = ?",
      [5],
    ]);
    expect(bound(goods.insert().values({ price: new Money(7) }))).toEqual([
      "INSERT INTO goods (price) VALUES (?)",
      [7],
    ]);
    expect(sql(select(goods.c.id).where(goods.c.price.eq(new Money(5))), { literalBinds: true })).toContain("= 5");
    expect(back(new Cents(), 9)).toEqual(new Money(9));
    expect(name(new Cents())).toBe("INTEGER");
  });

  it("wrap values and columns in SQL", () => {
    expect(bound(select(goods.c.at).where(goods.c.at.eq([1, 2, 3])))).toEqual([
      "SELECT vec_text(goods.at) AS at FROM goods WHERE goods.at = to_vec(?)",
      ["[1,2,3]"],
    ]);
    expect(name(new Vector(3))).toBe("vector(3)");
    expect(new Vector(3).cacheKey).not.toBe(new Vector(4).cacheKey);
  });

  it("vary by dialect", () => {
    const type = t.array(t.integer).withVariant(t.json as SQLType<number[]>, "plain");
    expect(name(type)).toBe("INTEGER[]");
    expect(plain.typeCompiler.render(type as SQLType)).toBe("JSON");
    expect(toDriver(type, [1, 2])).toEqual([1, 2]);
    expect(toDriver(type, [1, 2], plain)).toBe("[1,2]");
    expect(t.string.withVariant(t.text, "plain").cacheKey).not.toBe(t.string.cacheKey);
  });
});

describe("round trips", () => {
  it("give back what went in", () => {
    const check = (type: SQLType<unknown>, values: fc.Arbitrary<unknown>): void => {
      fc.assert(
        fc.property(values, (value) => type.equals(back(type, toDriver(type, value)) as never, value as never)),
      );
    };
    check(t.bigint, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
    check(t.datetime, fc.date({ noInvalidDate: true, min: new Date("0001-01-01"), max: new Date("9999-12-31") }));
    check(
      t.json,
      fc.jsonValue().filter((value) => !JSON.stringify(value).includes("\\u0000") && value !== null),
    );
    check(t.array(t.integer), fc.array(fc.integer()));
    check(t.uuid, fc.uuid());
  });
});
