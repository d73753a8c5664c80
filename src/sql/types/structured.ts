/** JSON, enums, arrays and UUIDs. */
import { ArgumentError } from "../errors.js";
import { quoteLiteral, registerValueType, stringType } from "./base.js";
import { describeValue } from "./describe-value.js";
import type { TypeHome } from "./domain.js";
import { describeIssue, type StandardSchema } from "./standard-schema.js";
import { checkText } from "./text-check.js";
import {
  type BindProcessor,
  type LiteralProcessor,
  plainType,
  type ResultProcessor,
  SQLType,
  type TypeDialect,
  type TypeFamily,
} from "./type.js";

/** Options of a JSON type. */
export interface JsonOptions<T> {
  /** Checks, and may change, each value on its way in and out. */
  readonly schema?: StandardSchema<T>;
  /** A JavaScript null is written as SQL NULL (true, the default) or as JSON `null` (false). */
  readonly noneAsNull?: boolean;
}

/** What takes the place of `JSON.stringify` and `JSON.parse`. */
export interface JsonCodec {
  readonly serializer?: ((value: unknown) => string) | undefined;
  readonly deserializer?: ((text: string) => unknown) | undefined;
}

/** The value `null` of JSON, which is not the NULL of SQL: `update(...).values({ data: JSON_NULL })`. */
export const JSON_NULL: unique symbol = Symbol("JSON null");

/** JSON, parsed. */
export class JsonType<T = unknown> extends SQLType<T> {
  constructor(
    readonly binary: boolean = false,
    readonly options: JsonOptions<T> = {},
    private readonly codec: JsonCodec = {},
  ) {
    super();
  }
  /** The same with an engine's own functions, or this type where it has none. */
  coded(codec: JsonCodec): JsonType<T> {
    if (codec.serializer === undefined && codec.deserializer === undefined) return this;
    return new JsonType<T>(this.binary, this.options, codec);
  }
  override get bindsNull(): boolean {
    return this.options.noneAsNull === false;
  }
  override get visitName(): string {
    return this.binary ? "visitJsonb" : "visitJson";
  }
  override get family(): TypeFamily {
    return "json";
  }
  override get lazyResult(): boolean {
    return true;
  }
  override get mutable(): boolean {
    return true;
  }
  protected override describe(): string {
    const { schema, noneAsNull } = this.options;
    return `${this.visitName}${noneAsNull === false ? " null" : ""}${schema === undefined ? "" : ` ${schemaId(schema)}`}`;
  }
  override bindProcessor(_dialect: TypeDialect): BindProcessor {
    return (value: unknown) => this.serialize(value);
  }
  override resultProcessor(_dialect: TypeDialect): ResultProcessor<T> | null {
    return (value: unknown) => this.parse(value);
  }
  override literalProcessor(): LiteralProcessor {
    return (value: unknown) => quoteLiteral(this.serialize(value));
  }
  override equals(a: T, b: T): boolean {
    return sameJson(a, b);
  }

  /** A value as JSON text. @throws ArgumentError for what JSON has not, and for what the schema refuses */
  serialize(value: unknown): string {
    if (value === JSON_NULL || value === null) return "null";
    const checked = this.options.schema === undefined ? value : validate(this.options.schema, value);
    let text: string | undefined;
    try {
      text = (this.codec.serializer ?? JSON.stringify)(checked);
    } catch (error) {
      throw new ArgumentError(`${describeValue(value)} is not JSON: ${(error as Error).message}`, { cause: error });
    }
    if (text === undefined) throw new ArgumentError(`${describeValue(value)} is not JSON.`);
    // JSON.stringify writes lone surrogates and NUL as escapes, which PostgreSQL's jsonb refuses
    if (text.includes("\\u0000")) throw new ArgumentError("a string inside the JSON value holds a NUL character.");
    return text;
  }

  /** JSON text, or what a driver has parsed already, as a value. */
  parse(value: unknown): T {
    const parsed = (typeof value === "string" ? (this.codec.deserializer ?? JSON.parse)(value) : value) as T;
    // JSON's own null is no value of the schema
    return this.options.schema === undefined || parsed === null ? parsed : validate(this.options.schema, parsed);
  }
}

// Databases keep objects in an order of their own: the order of keys is no difference.
function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((each, i) => sameJson(each, b[i]));
  }
  const plain = [a, b].every((each) => [Object.prototype, null].includes(Object.getPrototypeOf(each) as null));
  // an object with a toJSON of its own is what it writes
  if (!plain) return JSON.stringify(a) === JSON.stringify(b);
  const [one, other] = [a, b] as [Record<string, unknown>, Record<string, unknown>];
  const keys = Object.keys(one).filter((key) => one[key] !== undefined);
  const others = Object.keys(other).filter((key) => other[key] !== undefined);
  return (
    keys.length === others.length && keys.every((key) => Object.hasOwn(other, key) && sameJson(one[key], other[key]))
  );
}

let schemas = 0;
const schemaIds = new WeakMap<object, number>();
function schemaId(schema: object): number {
  let id = schemaIds.get(schema);
  if (id === undefined) {
    id = ++schemas;
    schemaIds.set(schema, id);
  }
  return id;
}

/** @internal A value as a schema lets it through. @throws ArgumentError with its issues */
export function validate<T>(schema: StandardSchema<T>, value: unknown): T {
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) {
    throw new ArgumentError(
      "the schema of a JSON column validates asynchronously, and values are converted at once. Use a synchronous schema.",
    );
  }
  if (result.issues === undefined) return result.value;
  throw new ArgumentError(`the JSON value does not fit its schema: ${result.issues.map(describeIssue).join("; ")}`);
}

/** A UUID, as text in lower case. */
export class UuidType extends SQLType<string> {
  override get visitName(): string {
    return "visitUuid";
  }
  override get family(): TypeFamily {
    return "uuid";
  }
  override bindProcessor(_dialect: TypeDialect): BindProcessor {
    return checkUuid;
  }
  override literalProcessor(): LiteralProcessor {
    return (value: unknown) => quoteLiteral(checkUuid(value));
  }
  override equals(a: string, b: string): boolean {
    return a === b || String(a).toLowerCase() === String(b).toLowerCase();
  }
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A value for a UUID column in lower case, or an ArgumentError. */
export function checkUuid(value: unknown): string {
  if (typeof value === "string") {
    const text = value.toLowerCase();
    if (uuid.test(text)) return text;
  }
  throw new ArgumentError(`${describeValue(value)} is not a UUID such as "123e4567-e89b-12d3-a456-426614174000".`);
}

/** Options of an enum type. */
export interface EnumOptions {
  /** The type's name in the database, and of its CHECK. */
  readonly name?: string;
  readonly schema?: string | null;
  /** A type of the database's own where it has them (the default), else text. */
  readonly native?: boolean;
  /** A CHECK constraint where the type is text. */
  readonly createConstraint?: boolean;
  /** Refuse other values before they are sent; true where absent. */
  readonly validate?: boolean;
  /** The length of the text column; the longest value where absent. */
  readonly length?: number;
  /** A native type is created and dropped with this metadata, even where no column has it. */
  readonly metadata?: TypeHome;
}

/** One of a set of texts. */
export class EnumType<T extends string = string> extends SQLType<T> {
  // not #private: withVariant() copies
  private readonly allowed: ReadonlySet<string>;
  readonly name: string | null;
  readonly schema: string | null;
  readonly native: boolean;
  readonly length: number;

  constructor(
    readonly values: readonly T[],
    readonly options: EnumOptions = {},
  ) {
    super();
    if (values.length === 0) throw new ArgumentError("an enum type needs at least one value.");
    for (const value of values) {
      if (typeof value !== "string") {
        throw new ArgumentError(
          `the enum value ${describeValue(value)} is not a string. Numeric enums are stored with t.integer.`,
        );
      }
      checkText(value);
    }
    this.allowed = new Set(values);
    this.name = options.name ?? null;
    this.schema = options.schema ?? null;
    this.native = options.native !== false;
    this.length = options.length ?? Math.max(...values.map((value) => value.length));
    if (options.metadata === undefined) return;
    if (this.name === null) throw new ArgumentError("an enum type that belongs to a metadata needs a name.");
    options.metadata.addType(this as SQLType);
  }
  override get visitName(): string {
    return "visitEnum";
  }
  override get family(): TypeFamily {
    return "enum";
  }
  protected override describe(): string {
    return `enum ${this.schema ?? ""}.${this.name ?? ""}${JSON.stringify(this.values)}${this.native}`;
  }
  override bindProcessor(_dialect: TypeDialect): BindProcessor {
    return (value: unknown) => this.check(value);
  }
  override literalProcessor(): LiteralProcessor {
    return (value: unknown) => quoteLiteral(this.check(value));
  }
  override coerceComparedValue(operator: string, _value: unknown): SQLType {
    return /like|regexp|match|concat/i.test(operator) ? stringType : this;
  }
  private check(value: unknown): string {
    if (typeof value === "string" && (this.allowed.has(value) || this.options.validate === false)) return value;
    throw new ArgumentError(
      `${describeValue(value)} is not one of ${this.values.map((each) => JSON.stringify(each)).join(", ")}.`,
    );
  }
}

/** An SQL array. */
export class ArrayType<T = unknown> extends SQLType<T[]> {
  constructor(
    readonly itemType: SQLType<T>,
    readonly dimensions: number | null = null,
  ) {
    super();
  }
  override get visitName(): string {
    return "visitArray";
  }
  override get family(): TypeFamily {
    return "array";
  }
  protected override describe(): string {
    return `${this.itemType.cacheKey}[${this.dimensions ?? ""}]`;
  }
  override get lazyResult(): boolean {
    return true;
  }
  override get mutable(): boolean {
    return true;
  }
  override bindProcessor(dialect: TypeDialect): BindProcessor {
    const item = dialect.typeImpl(this.itemType).bindProcessor(dialect);
    return (value: unknown) => checkArray(value, item as ((value: unknown) => unknown) | null);
  }
  override resultProcessor(dialect: TypeDialect): ResultProcessor<T[]> | null {
    const item = dialect.typeImpl(this.itemType).resultProcessor(dialect);
    return item === null ? null : (value: unknown) => mapArray(value, item as (value: unknown) => unknown) as T[];
  }
  override literalProcessor(dialect: TypeDialect): LiteralProcessor | null {
    const item = dialect.typeImpl(this.itemType).literalProcessor(dialect) as ((value: unknown) => string) | null;
    if (item === null) return null;
    const render = (value: unknown): string =>
      Array.isArray(value) ? `ARRAY[${value.map(render).join(", ")}]` : value === null ? "NULL" : item(value);
    return render;
  }
  override equals(a: T[], b: T[]): boolean {
    if (a === b) return true;
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((each, i) => {
      const other = b[i] as T;
      if (each === null || other === null) return each === other;
      return Array.isArray(each) ? this.equals(each as T[], other as T[]) : this.itemType.equals(each, other);
    });
  }
  override coerceComparedValue(operator: string, value: unknown): SQLType {
    return operator === "eq" || operator === "ne" || Array.isArray(value)
      ? this
      : operator === "concat"
        ? this.itemType
        : this;
  }
}

function checkArray(value: unknown, item: ((value: unknown) => unknown) | null): unknown[] {
  if (!Array.isArray(value)) throw new ArgumentError(`${describeValue(value)} is not an array.`);
  return (value as unknown[]).map((each) =>
    each === null ? null : Array.isArray(each) ? checkArray(each, item) : item === null ? each : item(each),
  );
}

function mapArray(value: unknown, item: (value: unknown) => unknown): unknown[] {
  return (value as unknown[]).map((each) =>
    each === null ? null : Array.isArray(each) ? mapArray(each, item) : item(each),
  );
}

export const jsonType = new JsonType<unknown>();
export const jsonbType = new JsonType<unknown>(true);
export const uuidType = new UuidType();

registerValueType((value) => Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype, jsonType);

/** The plain instance of an item type. */
export function arrayOf<T>(item: SQLType<T>, dimensions: number | null = null): ArrayType<T> {
  return new ArrayType(plainType(item), dimensions);
}
