/** How values travel: integers, floats and truth are loaded as such, everything else as text that its type converts. */
import type { DialectOptions } from "../../engine/dialect.js";
import { ArgumentError } from "../../sql/errors.js";
import {
  BigIntType,
  BinaryType,
  BooleanType,
  FloatType,
  IntegerType,
  NullType,
  NumericType,
  quoteLiteral,
  toHex,
} from "../../sql/types/base.js";
import { DomainType } from "../../sql/types/domain.js";
import { NamedType, TypeDecorator, UserDefinedType } from "../../sql/types/extensible.js";
import { ArrayType, JsonType } from "../../sql/types/structured.js";
import { checkDateTime, checkInterval, DateTimeType, IntervalType } from "../../sql/types/temporal.js";
import {
  type BindProcessor,
  conversionClass,
  type LiteralProcessor,
  plainType,
  type ResultProcessor,
  type SQLType,
  type TypeDialect,
} from "../../sql/types/type.js";
import { arrayText, readArray } from "./array-text.js";
import { readBytes } from "./bytes.js";
import type { LoadKind } from "./load.js";
import { readInterval, readTimestamp, timestampText } from "./time-text.js";

/** A type of PostgreSQL's own whose values are loaded as text and converted by its `resultProcessor`. */
export abstract class TextLoadedType<T> extends UserDefinedType<T> {
  override get lazyResult(): boolean {
    return true;
  }
}

class PostgresBigInt extends BigIntType {
  // loaded as bigint already
  override resultProcessor(): null {
    return null;
  }
}

class PostgresNumeric extends NumericType {
  // every digit is in the text
  override resultProcessor(): null {
    return null;
  }
}

class PostgresFloat extends FloatType {
  override resultProcessor(): null {
    return null;
  }
  override literalProcessor(): LiteralProcessor {
    const finite = super.literalProcessor() as (value: unknown) => string;
    return (value: unknown) => (Number.isFinite(value) ? finite(value) : `'${value}'::double precision`);
  }
}

class PostgresBinary extends BinaryType {
  override get lazyResult(): boolean {
    return true;
  }
  override resultProcessor(): ResultProcessor<Uint8Array> {
    return (value: unknown) => (typeof value === "string" ? readBytes(value) : (value as Uint8Array));
  }
  override literalProcessor(): LiteralProcessor {
    return (value: Uint8Array) => `'\\x${toHex(value)}'::bytea`;
  }
}

class PostgresDateTime extends DateTimeType {
  // A timestamp without time zone passes over the offset, and has the digits of UTC.
  override bindProcessor(): BindProcessor {
    return bindDateTime;
  }
  override resultProcessor(): ResultProcessor<Date> {
    return loadDateTime;
  }
  override literalProcessor(): LiteralProcessor {
    return (value: unknown) => quoteLiteral(bindDateTime(value));
  }
}

function bindDateTime(value: unknown): string {
  return timestampText(checkDateTime(value));
}

function loadDateTime(value: unknown): Date {
  return value instanceof Date ? value : readTimestamp(value as string);
}

class PostgresInterval extends IntervalType {
  override get lazyResult(): boolean {
    return true;
  }
  override bindProcessor(): BindProcessor {
    return bindInterval;
  }
  override resultProcessor(): ResultProcessor<string> {
    return readInterval;
  }
  override literalProcessor(): LiteralProcessor {
    return (value: unknown) => quoteLiteral(bindInterval(value));
  }
}

// PostgreSQL knows no sign before the P.
function bindInterval(value: unknown): string {
  const text = checkInterval(value);
  if (text.startsWith("+")) return text.slice(1);
  if (!text.startsWith("-")) return text;
  return text
    .slice(1)
    .replace(/([+-]?)(\d+(?:\.\d+)?)([YMWDHS])/g, (_all, sign: string, number: string, unit: string) =>
      sign === "-" ? number + unit : `-${number}${unit}`,
    );
}

class PostgresArray extends ArrayType<unknown> {
  override bindProcessor(dialect: TypeDialect): BindProcessor {
    const item = this.#item(dialect);
    return (value: unknown) => {
      if (!Array.isArray(value)) throw new ArgumentError(`${String(value)} is not an array.`);
      return arrayText(value, item, this.#depth, this.#delimiter);
    };
  }
  override resultProcessor(dialect: TypeDialect): ResultProcessor<unknown[]> | null {
    const kind = loadKind(this.itemType, dialect);
    // The server says what the elements are. Of types that are not its own it says nothing: those are text.
    if (kind === "natural")
      return (value: unknown) =>
        (typeof value === "string" ? readArray(value, asIs, this.#delimiter) : value) as unknown[];
    const load = LOADERS[kind];
    const convert = dialect.typeImpl(this.itemType).resultProcessor(dialect) as ((value: unknown) => unknown) | null;
    const item = convert === null ? load : (text: string) => convert(load(text));
    return (value: unknown) => (typeof value === "string" ? readArray(value, item) : (value as unknown[]));
  }
  override literalProcessor(dialect: TypeDialect): LiteralProcessor {
    const item = this.#item(dialect);
    return (value: unknown) => quoteLiteral(arrayText(value as unknown[], item, this.#depth, this.#delimiter));
  }
  // An array inside an array of JSON is JSON.
  get #depth(): number {
    return this.dimensions ?? (this.itemType.family === "json" ? 1 : Number.POSITIVE_INFINITY);
  }
  get #delimiter(): string {
    const [name] = this.itemType instanceof NamedType ? (/[^.("]+(?=[("]|$)/.exec(this.itemType.spec) ?? [""]) : [""];
    return DELIMITERS[name.toLowerCase()] ?? ",";
  }
  #item(dialect: TypeDialect): ((value: unknown) => unknown) | null {
    return dialect.typeImpl(this.itemType).bindProcessor(dialect) as ((value: unknown) => unknown) | null;
  }
}

/** What stands between the elements of an array, for types that have a comma in their text. */
const DELIMITERS: Readonly<Record<string, string>> = { box: ";", geometry: ":", geography: ":" };

const asIs = (text: string): string => text;

const LOADERS: Readonly<Record<Exclude<LoadKind, "natural">, (text: string) => unknown>> = {
  text: asIs,
  int: Number,
  bigint: BigInt,
  float: Number,
  bool: (text) => text === "t",
};

const ADAPTED: ReadonlySet<unknown> = new Set([
  BigIntType,
  NumericType,
  FloatType,
  BinaryType,
  DateTimeType,
  IntervalType,
  ArrayType,
  JsonType,
]);

/** PostgreSQL's own implementation of a type; the type itself where it needs none. */
export function postgresqlType(type: SQLType, options: DialectOptions): SQLType {
  const plain = plainType(type);
  switch (conversionClass(plain, ADAPTED)) {
    case BigIntType:
      return new PostgresBigInt();
    case NumericType:
      return new PostgresNumeric((plain as NumericType).precision, (plain as NumericType).scale);
    case FloatType:
      return new PostgresFloat((plain as FloatType).double);
    case BinaryType:
      return new PostgresBinary((plain as BinaryType).maxLength);
    case DateTimeType:
      return new PostgresDateTime((plain as DateTimeType).timezone, (plain as DateTimeType).precision);
    case IntervalType:
      return new PostgresInterval((plain as IntervalType).fields, (plain as IntervalType).precision);
    case ArrayType:
      return new PostgresArray((plain as ArrayType).itemType, (plain as ArrayType).dimensions);
    case JsonType:
      return (plain as JsonType<unknown>).coded({
        serializer: options.jsonSerializer,
        deserializer: options.jsonDeserializer,
      });
    default:
      return plain;
  }
}

/** How a column of the type is loaded. */
export function loadKind(type: SQLType, dialect: TypeDialect): LoadKind {
  const impl = dialect.typeImpl(plainType(type));
  if (impl instanceof TypeDecorator) return loadKind(plainType(impl.loadDialectImpl(dialect)), dialect);
  if (impl instanceof DomainType) return loadKind(impl.baseType, dialect);
  if (impl instanceof IntegerType) return "int";
  if (impl instanceof BigIntType) return "bigint";
  if (impl instanceof FloatType) return "float";
  if (impl instanceof BooleanType) return "bool";
  if (impl instanceof ArrayType) return loadKind(impl.itemType, dialect) === "natural" ? "natural" : "text";
  if (impl instanceof NullType) return "natural";
  if (impl instanceof UserDefinedType) return impl instanceof TextLoadedType ? "text" : "natural";
  return impl.family === "other" ? "natural" : "text";
}
