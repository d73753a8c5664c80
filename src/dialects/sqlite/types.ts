/** How SQLite stores values: integers exactly, dates as text in UTC, truth as 0 and 1, JSON as text. */
import { ArgumentError } from "../../sql/errors.js";
import {
  BigIntType,
  BinaryType,
  BooleanType,
  checkInteger,
  checkNumeric,
  IntegerType,
  NullType,
  NumericType,
  quoteLiteral,
} from "../../sql/types/base.js";
import { TypeDecorator } from "../../sql/types/extensible.js";
import { JsonType } from "../../sql/types/structured.js";
import { checkDateTime, DateTimeType, toDate, utcText } from "../../sql/types/temporal.js";
import { checkText } from "../../sql/types/text-check.js";
import {
  type BindProcessor,
  conversionClass,
  type LiteralProcessor,
  plainType,
  type ResultProcessor,
  type SQLType,
  type TypeDialect,
} from "../../sql/types/type.js";

/** Small numbers come again and again: theirs are made once. */
const SMALL: readonly bigint[] = Array.from({ length: 1024 }, (_, i) => BigInt(i));

// better-sqlite3 binds a number as REAL: 7 / 2 would be 3.5, and 1 in a TEXT column 1.0. A bigint binds as INTEGER, and
// costs no more.
const bindInteger: BindProcessor = (value: unknown) => {
  const whole = checkInteger(value) as number;
  return whole >= 0 && whole < SMALL.length ? SMALL[whole] : BigInt(whole);
};

class SqliteInteger extends IntegerType {
  override bindProcessor(): BindProcessor {
    return bindInteger;
  }
}

class SqliteBoolean extends BooleanType {
  override bindProcessor(): BindProcessor {
    return bindBoolean;
  }
}

const bindBoolean: BindProcessor = (value: unknown) => {
  if (value === true || value === 1) return 1n;
  if (value === false || value === 0) return 0n;
  throw new ArgumentError(`${typeof value === "string" ? JSON.stringify(value) : String(value)} is not true or false.`);
};

/** Digits that a double keeps whatever they are. */
const EXACT_DIGITS = 15;

/** Whether values of the type are kept as text, since a double would lose digits. */
export function isTextNumeric(type: NumericType): boolean {
  return type.precision !== null && type.precision > EXACT_DIGITS;
}

/** A type, or what it decorates, where its values are decimals that are kept as text; else null. */
export function textNumber(type: SQLType, dialect: TypeDialect): NumericType | null {
  let impl = dialect.typeImpl(type);
  while (impl instanceof TypeDecorator) impl = dialect.typeImpl(plainType(impl.loadDialectImpl(dialect) as SQLType));
  return impl instanceof NumericType && isTextNumeric(impl) ? impl : null;
}

/**
 * Decimals. Up to 15 digits a column of NUMERIC affinity keeps them exactly and computes with them; with a greater
 * precision they are text of one form, exact, so that equal ones are the same text. The compiler has them sorted and
 * compared as numbers.
 */
class SqliteNumeric extends NumericType {
  override bindProcessor(): BindProcessor {
    if (!isTextNumeric(this)) return bindNumeric;
    return (value: unknown) => keptDigits(value, this);
  }
  // digits without quotes would become a double on their way
  override literalProcessor(): LiteralProcessor {
    return (value: unknown) =>
      isTextNumeric(this) ? quoteLiteral(keptDigits(value, this)) : String(bindNumeric(value));
  }
  override resultProcessor(): ResultProcessor<string> {
    const { scale } = this;
    return (value: unknown) => {
      if (typeof value === "number")
        return scale === null ? String(Number(value.toPrecision(EXACT_DIGITS))) : value.toFixed(scale);
      return typeof value === "bigint" && scale !== null && scale > 0 ? `${value}.${"0".repeat(scale)}` : String(value);
    };
  }
}

/** The text that a decimal is kept as: without zeros before it, and with as many digits behind the point as the type's scale says or more. */
function keptDigits(value: unknown, { scale }: NumericType): string {
  const text = checkNumeric(value);
  const form = /^([+-]?)0*(\d*)\.?(\d*?)0*$/.exec(text.includes(".") ? text : `${text}.`);
  if (form === null) return text;
  const [, sign, whole = "", part = ""] = form;
  const fraction = part.padEnd(scale ?? 0, "0");
  const shown = fraction === "" ? whole || "0" : `${whole || "0"}.${fraction}`;
  return sign === "-" && /[1-9]/.test(shown) ? `-${shown}` : shown;
}

function bindNumeric(value: unknown): unknown {
  const text = checkNumeric(value);
  const digits = text
    .replace(/[eE].*$/, "")
    .replace(/^[+-]?0*\.?0*/, "")
    .replace(".", "");
  if (text === "NaN" || digits.length > EXACT_DIGITS) {
    throw new ArgumentError(
      `${text} has more than ${EXACT_DIGITS} digits, which SQLite would round. Use t.numeric(precision, scale) with a precision ` +
        `above ${EXACT_DIGITS}, which is stored as text.`,
    );
  }
  const number = Number(text);
  return Number.isSafeInteger(number) ? BigInt(number) : number;
}

/** `YYYY-MM-DD HH:MM:SS.SSS` in UTC: it sorts, and compares with SQLite's own functions of time. */
class SqliteDateTime extends DateTimeType {
  override bindProcessor(): BindProcessor {
    return bindDateTime;
  }
  override resultProcessor(): ResultProcessor<Date> {
    return readDateTime;
  }
}

const bindDateTime: BindProcessor = (value: unknown) => utcText(checkDateTime(value));

const ZERO = 48;

/** Reads the text of a point in time. The usual forms are read by position, five times as fast as `new Date(text)`. */
function readDateTime(value: unknown): Date {
  if (typeof value !== "string") {
    // Julian days and seconds of the epoch are SQLite's other forms; ours are never numbers.
    return typeof value === "number" ? new Date(value * 1000) : toDate(value);
  }
  const { length } = value;
  if ((length === 23 || length === 19) && value.charCodeAt(4) === 45 && value.charCodeAt(13) === 58) {
    const time = Date.UTC(
      two(value, 0) * 100 + two(value, 2),
      two(value, 5) - 1,
      two(value, 8),
      two(value, 11),
      two(value, 14),
      two(value, 17),
      length === 23 ? (value.charCodeAt(20) - ZERO) * 100 + two(value, 21) : 0,
    );
    // Date.UTC takes the years 0 to 99 for those of the last century.
    if (!Number.isNaN(time) && value.charCodeAt(0) !== ZERO) return new Date(time);
  }
  return toDate(value);
}

function two(text: string, at: number): number {
  return (text.charCodeAt(at) - ZERO) * 10 + text.charCodeAt(at + 1) - ZERO;
}

/** Values whose type nobody knows: what `text()` is given. */
class SqliteNull extends NullType {
  override bindProcessor(): BindProcessor {
    return bindUntyped;
  }
}

/** Makes what better-sqlite3 can bind of any value that has a natural form in SQLite. */
function bindUntyped(value: unknown): unknown {
  switch (typeof value) {
    case "string":
      return checkText(value);
    case "number":
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value;
    case "boolean":
      return value ? 1n : 0n;
    case "object":
      if (value instanceof Date) return utcText(checkDateTime(value));
      if (Array.isArray(value) || (value !== null && Object.getPrototypeOf(value) === Object.prototype)) {
        return JSON.stringify(value);
      }
      return value;
    default:
      return value;
  }
}

/** What a dialect's types are made with. */
export interface SqliteTypeOptions {
  readonly jsonSerializer?: ((value: unknown) => string) | undefined;
  readonly jsonDeserializer?: ((text: string) => unknown) | undefined;
}

const ADAPTED: ReadonlySet<unknown> = new Set([
  IntegerType,
  BooleanType,
  NumericType,
  DateTimeType,
  NullType,
  BinaryType,
  JsonType,
]);

/** SQLite's own implementation of a type; the type itself where it needs none. */
export function sqliteType(type: SQLType, options: SqliteTypeOptions): SQLType {
  const plain = plainType(type);
  switch (conversionClass(plain, ADAPTED)) {
    case IntegerType:
      return new SqliteInteger((plain as IntegerType).size);
    case BooleanType:
      return new SqliteBoolean();
    case NumericType:
      return new SqliteNumeric((plain as NumericType).precision, (plain as NumericType).scale);
    case DateTimeType:
      return new SqliteDateTime((plain as DateTimeType).timezone, (plain as DateTimeType).precision);
    case NullType:
      return new SqliteNull();
    case BinaryType:
      return new SqliteBinary((plain as BinaryType).maxLength);
    case JsonType:
      return (plain as JsonType<unknown>).coded({
        serializer: options.jsonSerializer,
        deserializer: options.jsonDeserializer,
      });
    default:
      return plain;
  }
}

/** Bytes. What comes from another thread has lost its class on the way, and is the same kind again. */
class SqliteBinary extends BinaryType {
  override resultProcessor(): ResultProcessor<Uint8Array> {
    return asBuffer;
  }
}

function asBuffer(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array) || Buffer.isBuffer(value)) return value as Uint8Array;
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** Whether a column of the type may hold what a number cannot: `always`, `perhaps` (type unknown) or `never`. */
export function bigintNeed(type: SQLType, dialect: TypeDialect): "always" | "perhaps" | "never" {
  const plain = plainType(type).forDialect("sqlite");
  if (plain instanceof TypeDecorator) return bigintNeed(plainType(plain.loadDialectImpl(dialect)), dialect);
  if (plain instanceof BigIntType) return "always";
  return plain.family === "null" || plain.family === "other" ? "perhaps" : "never";
}
