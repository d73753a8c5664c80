/** Numbers, text, truth and bytes. */
import { ArgumentError } from "../errors.js";
import { describeValue } from "./describe-value.js";
import { checkText } from "./text-check.js";
import {
  type BindProcessor,
  type LiteralProcessor,
  type ResultProcessor,
  SQLType,
  type TypeDialect,
  type TypeFamily,
} from "./type.js";

/** Renders text as an SQL literal in single quotes. */
export function quoteLiteral(text: string): string {
  return `'${checkText(text).replaceAll("'", "''")}'`;
}

/** The type of what has none: NULL, an unknown function. Values pass as they are, after a look at text. */
export class NullType extends SQLType<unknown> {
  override get visitName(): string {
    return "visitNull";
  }
  override get family(): TypeFamily {
    return "null";
  }
  override bindProcessor(): BindProcessor {
    return checkUntyped;
  }
  override literalProcessor(dialect: TypeDialect): LiteralProcessor {
    return (value: unknown) => {
      const type = typeOfValue(value);
      const literal = type === nullType ? null : dialect.typeImpl(type).literalProcessor(dialect);
      if (literal === null) throw new ArgumentError(`${describeValue(value)} cannot be rendered as a literal.`);
      return literal(value as never);
    };
  }
}

function checkUntyped(value: unknown): unknown {
  return typeof value === "string" ? checkText(value) : value;
}

const integerSizes = {
  small: { visitName: "visitSmallInteger", range: 2 ** 15 },
  integer: { visitName: "visitInteger", range: 2 ** 31 },
  wide: { visitName: "visitWideInteger", range: 2 ** 53 },
} as const;

/** Whole numbers that a JavaScript number holds exactly. A fraction or an unsafe number is refused at bind. */
export class IntegerType extends SQLType<number> {
  /** @param size of 32 or 16 bits; `wide` for numbers that need more, as values met in expressions may */
  constructor(readonly size: keyof typeof integerSizes = "integer") {
    super();
  }
  override get visitName(): string {
    return integerSizes[this.size].visitName;
  }
  override get family(): TypeFamily {
    return "integer";
  }
  override bindProcessor(_dialect: TypeDialect): BindProcessor {
    return checkInteger;
  }
  override resultProcessor(_dialect: TypeDialect): ResultProcessor<number> | null {
    return null;
  }
  override literalProcessor(): LiteralProcessor {
    return (value: number) => String(checkInteger(value));
  }
  override coerceComparedValue(_operator: string, value: unknown): SQLType {
    return beside(this, value, this.range);
  }
  /** Values from minus this to this, without it, fit the column. */
  get range(): number {
    return integerSizes[this.size].range;
  }
}

/** A value for an Integer column, or an ArgumentError. */
export function checkInteger(value: unknown): unknown {
  if (typeof value === "number") {
    if (Number.isSafeInteger(value)) return value;
    throw new ArgumentError(
      Number.isInteger(value)
        ? `${value} is beyond 2^53 and not exact as a number. Use t.bigint and a bigint value.`
        : `${value} is not a whole number. Round it, or use t.float or t.numeric.`,
    );
  }
  if (typeof value === "bigint") {
    if (value >= -9007199254740991n && value <= 9007199254740991n) return Number(value);
    throw new ArgumentError(`${value}n is beyond 2^53. Use t.bigint for this column.`);
  }
  // of a path or a form, mostly
  const mend =
    typeof value === "string" && /^-?\d+$/.test(value) ? ` It is text: write Number(${describeValue(value)}).` : "";
  throw new ArgumentError(`${describeValue(value)} is not a whole number.${mend}`);
}

/** Whole numbers of 64 bits, as `bigint`. */
export class BigIntType extends SQLType<bigint> {
  override get visitName(): string {
    return "visitBigInteger";
  }
  override get family(): TypeFamily {
    return "integer";
  }
  override bindProcessor(_dialect: TypeDialect): BindProcessor {
    return checkBigInt;
  }
  override resultProcessor(_dialect: TypeDialect): ResultProcessor<bigint> | null {
    return toBigInt;
  }
  override literalProcessor(): LiteralProcessor {
    return (value: unknown) => String(checkBigInt(value));
  }
  override coerceComparedValue(_operator: string, value: unknown): SQLType {
    return beside(this, value);
  }
}

/** A value for a BigInteger column as `bigint`, or an ArgumentError. */
export function checkBigInt(value: unknown): bigint {
  if (typeof value === "bigint") {
    if (BigInt.asIntN(64, value) === value) return value;
    throw new ArgumentError(`${value}n does not fit into 64 bits. Use t.numeric.`);
  }
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  throw new ArgumentError(`${describeValue(value)} is not a bigint or a whole number below 2^53. Write e.g. 123n.`);
}

// A fraction or a bigint beside a whole-number column keeps its own type: `age > 2.5`, `id = 2n ** 60n`.
// So does a number that the column could not hold: `small < 100_000` is true, and no error.
function beside(type: SQLType, value: unknown, range = Number.POSITIVE_INFINITY): SQLType {
  if (typeof value === "number") {
    if (!Number.isInteger(value) && Number.isFinite(value)) return doubleType;
    // one that is not exact stays with the column's type, which refuses it
    return Number.isSafeInteger(value) && (value >= range || value < -range) ? wideIntegerType : type;
  }
  return typeof value === "bigint" ? bigIntType : type;
}

const toBigInt = (value: bigint | number | string): bigint => (typeof value === "bigint" ? value : BigInt(value));

/** Exact decimal numbers, as text so that no digit is lost. */
export class NumericType extends SQLType<string> {
  constructor(
    readonly precision: number | null = null,
    readonly scale: number | null = null,
  ) {
    super();
  }
  override get visitName(): string {
    return "visitNumeric";
  }
  override get family(): TypeFamily {
    return "numeric";
  }
  protected override describe(): string {
    return this.precision === null ? "numeric" : `numeric(${this.precision},${this.scale ?? 0})`;
  }
  override bindProcessor(_dialect: TypeDialect): BindProcessor {
    return checkNumeric;
  }
  override resultProcessor(_dialect: TypeDialect): ResultProcessor<string> | null {
    return String;
  }
  override literalProcessor(): LiteralProcessor {
    return (value: unknown) => checkNumeric(value);
  }
  override equals(a: string, b: string): boolean {
    return a === b || normalDecimal(String(a)) === normalDecimal(String(b));
  }
}

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** A value for a Numeric column as text, or an ArgumentError. */
export function checkNumeric(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (typeof value === "string" && (decimal.test(value) || value === "NaN")) return value;
  throw new ArgumentError(`${describeValue(value)} is not a decimal number. Give a string such as "12.50".`);
}

function normalDecimal(text: string): string {
  if (!/^[+-]?\d*\.?\d*$/.test(text)) return text;
  const sign = text.startsWith("-") ? "-" : "";
  const [whole = "", fraction = ""] = text.replace(/^[+-]/, "").split(".");
  const digits = whole.replace(/^0+/, "");
  const rest = fraction.replace(/0+$/, "");
  return digits === "" && rest === "" ? "0" : `${sign}${digits}.${rest}`;
}

/** Binary floating point, single or double. */
export class FloatType extends SQLType<number> {
  constructor(readonly double: boolean) {
    super();
  }
  override get visitName(): string {
    return this.double ? "visitDouble" : "visitFloat";
  }
  override get family(): TypeFamily {
    return "float";
  }
  override bindProcessor(dialect: TypeDialect): BindProcessor {
    return dialect.capabilities.nonFiniteFloats ? checkFloat : checkFiniteFloat;
  }
  override resultProcessor(_dialect: TypeDialect): ResultProcessor<number> | null {
    return toNumber;
  }
  override literalProcessor(): LiteralProcessor {
    return (value: number) => {
      const text = String(checkFiniteFloat(value));
      return /[.e]/.test(text) ? text : `${text}.0`;
    };
  }
  override equals(a: number, b: number): boolean {
    return Object.is(a, b) || a === b;
  }
}

const toNumber = (value: number | string | bigint): number => (typeof value === "number" ? value : Number(value));

function checkFloat(value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  throw new ArgumentError(`${describeValue(value)} is not a number.`);
}

function checkFiniteFloat(value: unknown): number {
  const number = checkFloat(value);
  if (Number.isFinite(number)) return number;
  throw new ArgumentError(`${number} cannot be stored: this database would make NULL or an error of it. Use null.`);
}

/** How a type of text is sorted and compared. */
export interface CollationOptions {
  readonly collation?: string;
  /** The schema that the collation is in, where it is not found without. */
  readonly collationSchema?: string;
}

/** Text, with or without a greatest length. */
export class StringType extends SQLType<string> {
  constructor(
    readonly maxLength: number | null = null,
    readonly kind: "string" | "text" | "char" = "string",
    readonly collation: string | null = null,
    /** The schema that the collation is in, where it is not found without. */
    readonly collationSchema: string | null = null,
  ) {
    super();
  }
  override get visitName(): string {
    return this.kind === "text" ? "visitText" : this.kind === "char" ? "visitChar" : "visitString";
  }
  override get family(): TypeFamily {
    return "string";
  }
  protected override describe(): string {
    let text: string = this.kind;
    if (this.maxLength !== null) text += `(${this.maxLength})`;
    if (this.collation !== null) text += ` collate ${JSON.stringify([this.collationSchema, this.collation])}`;
    return text;
  }
  /**
   * The same with a collation.
   *
   * @param schema the schema that the collation is in, where it is not found without
   */
  collated(collation: string | null, schema: string | null = null): StringType {
    const copy = new StringType(this.maxLength, this.kind, collation, schema);
    copy.spellings = this.spellings;
    return copy;
  }
  override bindProcessor(_dialect: TypeDialect): BindProcessor {
    return checkString;
  }
  override literalProcessor(): LiteralProcessor {
    return (value: string) => quoteLiteral(checkString(value));
  }
}

function checkString(value: unknown): string {
  if (typeof value === "string") return checkText(value);
  throw new ArgumentError(`${describeValue(value)} is not a string.`);
}

/** True and false. */
export class BooleanType extends SQLType<boolean> {
  override get visitName(): string {
    return "visitBoolean";
  }
  override get family(): TypeFamily {
    return "boolean";
  }
  override bindProcessor(dialect: TypeDialect): BindProcessor {
    return dialect.capabilities.nativeBoolean ? checkBoolean : (value: unknown) => (checkBoolean(value) ? 1 : 0);
  }
  override resultProcessor(dialect: TypeDialect): ResultProcessor<boolean> | null {
    return dialect.capabilities.nativeBoolean ? null : toBoolean;
  }
  override literalProcessor(dialect: TypeDialect): LiteralProcessor {
    return (value: unknown) => {
      const flag = checkBoolean(value);
      return dialect.capabilities.nativeBoolean ? (flag ? "true" : "false") : flag ? "1" : "0";
    };
  }
}

const toBoolean = (value: unknown): boolean => (typeof value === "boolean" ? value : Number(value) !== 0);

function checkBoolean(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  if (value === 0 || value === 1) return value === 1;
  throw new ArgumentError(`${describeValue(value)} is not true or false.`);
}

/** Bytes. */
export class BinaryType extends SQLType<Uint8Array> {
  constructor(readonly maxLength: number | null = null) {
    super();
  }
  override get visitName(): string {
    return "visitBinary";
  }
  override get family(): TypeFamily {
    return "binary";
  }
  protected override describe(): string {
    return this.maxLength === null ? "binary" : `binary(${this.maxLength})`;
  }
  override bindProcessor(_dialect: TypeDialect): BindProcessor {
    return checkBinary;
  }
  override literalProcessor(): LiteralProcessor {
    return (value: Uint8Array) => `X'${toHex(checkBinary(value))}'`;
  }
  override get mutable(): boolean {
    return true;
  }
  override equals(a: Uint8Array, b: Uint8Array): boolean {
    if (a === b) return true;
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
    return true;
  }
}

/** Bytes as hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

function checkBinary(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw new ArgumentError(`${describeValue(value)} is not a Uint8Array or Buffer.`);
}

export const nullType = new NullType();
export const integerType = new IntegerType();
/** Whole numbers beyond 32 bits, still as `number`: what 2 ** 40 is in an expression. */
export const wideIntegerType = new IntegerType("wide");
export const smallIntegerType = new IntegerType("small");
export const bigIntType = new BigIntType();
export const numericType = new NumericType();
export const floatType = new FloatType(false);
export const doubleType = new FloatType(true);
export const stringType = new StringType();
export const textType = new StringType(null, "text");
export const booleanType = new BooleanType();
export const binaryType = new BinaryType();

/** Types for values of classes, entered by the files that define them (`Date`, objects as JSON). */
const objectTypes: [(value: object) => boolean, SQLType][] = [[(value) => value instanceof Uint8Array, binaryType]];

/** Says which type a plain object value takes when nothing else decides. The first that matches wins. */
export function registerValueType(matches: (value: object) => boolean, type: SQLType): void {
  objectTypes.push([matches, type]);
}

/** The type of a plain value that meets no typed expression. */
export function typeOfValue(value: unknown): SQLType {
  switch (typeof value) {
    case "string":
      return stringType;
    case "number":
      if (!Number.isSafeInteger(value)) return doubleType;
      return value >= integerType.range || value < -integerType.range ? wideIntegerType : integerType;
    case "bigint":
      return bigIntType;
    case "boolean":
      return booleanType;
    case "object":
      if (value !== null) {
        for (const [matches, type] of objectTypes) if (matches(value)) return type;
      }
      return nullType;
    default:
      return nullType;
  }
}
