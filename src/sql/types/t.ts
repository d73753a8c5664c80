/** `t`: the types by name. */
import {
  type BigIntType,
  BinaryType,
  type BooleanType,
  bigIntType,
  binaryType,
  booleanType,
  type CollationOptions,
  doubleType,
  type FloatType,
  floatType,
  type IntegerType,
  integerType,
  NumericType,
  numericType,
  StringType,
  smallIntegerType,
  stringType,
  textType,
} from "./base.js";
import { NamedType } from "./extensible.js";
import {
  type ArrayType,
  arrayOf,
  type EnumOptions,
  EnumType,
  type JsonOptions,
  JsonType,
  jsonbType,
  jsonType,
  uuidType,
} from "./structured.js";
import { DateTimeType, dateTimeType, dateType, IntervalType, intervalType, TimeType, timeType } from "./temporal.js";
import { temporalTypes } from "./temporal-values.js";
import { type SQLType, TYPE_INSTANCE } from "./type.js";

// A function whose prototype is the type's instance: it answers as the type, and can be called for one with parameters.
function callable<F extends (...args: never[]) => SQLType, I extends SQLType>(make: F, instance: I): F & I {
  const type = ((...args: never[]) => make(...args)) as F & I;
  // a function's own name and length would hide the type's
  delete (type as { name?: unknown }).name;
  delete (type as { length?: unknown }).length;
  Object.setPrototypeOf(type, instance);
  Object.defineProperty(type, TYPE_INSTANCE, { value: instance });
  return type;
}

/** Values of a TypeScript enum whose members are strings, or an array of them. */
type EnumSource<T extends string> = readonly T[] | Readonly<Record<string, T>>;

function makeEnum<const T extends string>(source: EnumSource<T>, options: EnumOptions = {}): EnumType<T> {
  return new EnumType<T>(
    Array.isArray(source) ? (source as readonly T[]) : Object.values(source as Record<string, T>),
    options,
  );
}

/**
 * The types. Each is a value, and those with parameters can also be called: `t.string`, `t.string(50)`.
 */
export const t = {
  /** 32 bits, as `number`. */
  integer: integerType as IntegerType,
  /** 16 bits, as `number`. */
  smallint: smallIntegerType as IntegerType,
  /** 64 bits, as `bigint`. */
  bigint: bigIntType as BigIntType,
  /** Exact decimal, as text: `t.numeric(10, 2)`. */
  numeric: callable((precision: number, scale?: number) => new NumericType(precision, scale ?? 0), numericType),
  /** The same as `numeric`. */
  decimal: callable((precision: number, scale?: number) => new NumericType(precision, scale ?? 0), numericType),
  /** Single precision, as `number`. */
  float: floatType as FloatType,
  /** The same as `float`. */
  real: floatType as FloatType,
  /** Double precision, as `number`. */
  double: doubleType as FloatType,
  /** VARCHAR: `t.string(50)`. */
  string: callable(
    (length: number, options?: CollationOptions) =>
      new StringType(length, "string", options?.collation ?? null, options?.collationSchema ?? null),
    stringType,
  ),
  /** The same as `string`. */
  varchar: callable((length: number) => new StringType(length), stringType),
  /** CHAR of fixed length. */
  char: (length: number): StringType => new StringType(length, "char"),
  /** Text of any length. */
  text: callable(
    (options: CollationOptions) =>
      new StringType(null, "text", options.collation ?? null, options.collationSchema ?? null),
    textType,
  ),
  boolean: booleanType as BooleanType,
  /** A day, as `"YYYY-MM-DD"`. */
  date: dateType,
  /** A time of day, as `"HH:MM:SS"`. */
  time: callable(
    (options: { readonly timezone?: boolean; readonly precision?: number }) =>
      new TimeType(options.timezone === true, options.precision ?? null),
    timeType,
  ),
  /** A point in time, as `Date`, in UTC. */
  datetime: callable(
    (options: { readonly timezone?: boolean; readonly precision?: number }) =>
      new DateTimeType(options.timezone === true, options.precision ?? null),
    dateTimeType,
  ),
  /** The same as `datetime`. */
  timestamp: callable(
    (options: { readonly timezone?: boolean; readonly precision?: number }) =>
      new DateTimeType(options.timezone === true, options.precision ?? null),
    dateTimeType,
  ),
  /** A length of time, as ISO 8601 text. */
  interval: callable(
    (options: { readonly fields?: string; readonly precision?: number }) =>
      new IntervalType(options.fields ?? null, options.precision ?? null),
    intervalType,
  ),
  /** JSON, parsed: `t.json<Settings>()`, `t.json({ schema: z.object(...) })`. */
  json: callable(
    <T = unknown>(options?: JsonOptions<T>): JsonType<T> => new JsonType<T>(false, options ?? {}),
    jsonType,
  ),
  /** JSON in the database's binary form where it has one. */
  jsonb: callable(
    <T = unknown>(options?: JsonOptions<T>): JsonType<T> => new JsonType<T>(true, options ?? {}),
    jsonbType,
  ),
  uuid: uuidType,
  /** Bytes, as `Uint8Array`. */
  binary: callable((length: number) => new BinaryType(length), binaryType),
  /** One of some texts: `t.enum(["a", "b"])`, `t.enum(Role)`. */
  enum: makeEnum,
  /** An array: `t.array(t.integer)`. */
  array: <T>(item: SQLType<T>, options: { readonly dimensions?: number } = {}): ArrayType<T> =>
    arrayOf(item, options.dimensions ?? null),
  /** Dates and times as `Temporal` objects: `t.temporal.plainDate<Temporal.PlainDate>()`. */
  temporal: temporalTypes,
  /** A type by its name in the database: `t.named<string>("ltree")`. */
  named: <T = unknown>(spec: string): NamedType<T> => new NamedType<T>(spec),
} as const;
