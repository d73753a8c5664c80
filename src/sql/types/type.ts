/** What a type is: how values are checked, bound, read and compared. */
import type { DialectCapabilities } from "../capabilities.js";
import { ArgumentError } from "../errors.js";
import { nextRefId } from "../pieces.js";
import type { JsonCell } from "./json-cell.js";

/** Where the TypeScript type of a value hangs on a {@link SQLType}; never set at run time. */
export declare const TYPE_VALUE: unique symbol;

/** On a callable type (`t.string`): the plain instance behind it. */
export const TYPE_INSTANCE: unique symbol = Symbol("athanor.type");

/** What a type may ask of the dialect it works for. */
export interface TypeDialect {
  readonly name: string;
  readonly capabilities: DialectCapabilities;
  /** The dialect's own implementation of `type`, memoized. */
  typeImpl<T>(type: SQLType<T>): SQLType<T>;
  /** How values of the type travel inside a JSON document. */
  jsonCell(type: SQLType): JsonCell;
}

/** On a type's prototype: operators of its own by method name; null for one that it has not. */
export const TYPE_OPERATORS: unique symbol = Symbol("athanor.type-operators");

/** An operator of a type: what it makes of an expression of that type and the operands. */
export type TypeOperator = (self: never, ...operands: never[]) => unknown;

/** Turns a value into what the driver takes. */
export type BindProcessor = (value: never) => unknown;
/** Turns what the driver gives into a value. */
export type ResultProcessor<T> = (value: never) => T;

/** Gives the placeholder of a value that goes along with a statement; it has the type of text where none is given. */
export type Bound = (value: unknown, type?: SQLType) => string;

/** Renders a value as an SQL literal. */
export type LiteralProcessor = (value: never) => string;

/** Families of types, by which operators choose their result. */
export type TypeFamily =
  | "null"
  | "integer"
  | "numeric"
  | "float"
  | "string"
  | "boolean"
  | "date"
  | "time"
  | "datetime"
  | "interval"
  | "json"
  | "uuid"
  | "binary"
  | "array"
  | "enum"
  | "other";

/**
 * A database type: it owns the DDL name (through the dialect's type compiler), the conversion of values to and from
 * the driver, the comparison of values and their rendering as literals.
 *
 * Types are immutable and can be shared by any number of columns.
 */
export abstract class SQLType<T = unknown> {
  declare readonly [TYPE_VALUE]: T;
  /** Types that stand in on the named dialects; see {@link withVariant}. */
  protected variants: ReadonlyMap<string, SQLType<T>> | null = null;
  /** Names that stand in DDL and CAST by dialect, `*` for all; see {@link spelled}. */
  protected spellings: ReadonlyMap<string, string> | null = null;
  private isConcealed = false;
  private sendsNone = false;
  private keyMemo: number | null = null;

  /** The type compiler's method, e.g. `"visitInteger"`. */
  abstract readonly visitName: string;
  /** Which operators apply and what they result in. */
  abstract readonly family: TypeFamily;

  /** Two types with one key convert and render alike. Subclasses with parameters override {@link describe}. */
  get cacheKey(): number {
    if (this.keyMemo === null) {
      let key = this.describe();
      if (this.variants !== null) {
        for (const [dialect, type] of this.variants) key += `|${dialect}:${type.cacheKey}`;
      }
      if (this.isConcealed) key += "|concealed";
      if (this.sendsNone) key += "|none";
      if (this.spellings !== null) for (const [dialect, name] of this.spellings) key += `|${dialect}=${name}`;
      this.keyMemo = numberOf(key);
    }
    return this.keyMemo;
  }

  /** Everything that tells this type from others of its class, as text. */
  protected describe(): string {
    return this.visitName;
  }

  /**
   * The function that turns a value into what the driver takes, or null when values pass unchanged.
   * It is never called with null.
   */
  bindProcessor(_dialect: TypeDialect): BindProcessor | null {
    return null;
  }

  /** The function that turns a driver's value into ours, or null when it passes unchanged. Never called with null. */
  resultProcessor(_dialect: TypeDialect): ResultProcessor<T> | null {
    return null;
  }

  /** The function that renders a value as an SQL literal, or null when the type has none. Never called with null. */
  literalProcessor(_dialect: TypeDialect): LiteralProcessor | null {
    return null;
  }

  /** Whether an entity may keep the raw value and convert it when it is first read. */
  get lazyResult(): boolean {
    return false;
  }

  /** Whether values are ranges, which other values lie in. */
  get isRange(): boolean {
    return false;
  }

  /** Whether a value may change in place, as JSON and arrays do. */
  get mutable(): boolean {
    return false;
  }

  /** Whether the bind processor is to be given null too, as JSON has a null of its own. */
  get bindsNull(): boolean {
    return false;
  }

  /** Whether two values are the same for change detection. Neither is null. */
  equals(a: T, b: T): boolean {
    return a === b;
  }

  /**
   * The type that a plain value takes when it meets an expression of this type: this type, unless it says otherwise.
   * A `TypeDecorator` may override it.
   */
  coerceComparedValue(_operator: string, _value: unknown): SQLType {
    return this;
  }

  /** @internal The operator that `defineOperators()` gave the type under a name; null for one taken away, else undefined. */
  operator(name: string): TypeOperator | null | undefined {
    return this[TYPE_OPERATORS]?.get(name);
  }
  declare readonly [TYPE_OPERATORS]?: ReadonlyMap<string, TypeOperator | null>;

  /**
   * Wraps the placeholder of a bound value in SQL, e.g. `ST_GeomFromText(?)`; null for none.
   *
   * @param _bound makes a parameter of another value: a passphrase stays out of the SQL so
   */
  wrapBind(_sql: string, _dialect: TypeDialect, _bound: Bound): string | null {
    return null;
  }

  /**
   * Wraps a selected column of this type in SQL, e.g. `ST_AsText(col)`; null for none.
   *
   * @param _bound makes a parameter of another value
   */
  wrapColumn(_sql: string, _dialect: TypeDialect, _bound: Bound): string | null {
    return null;
  }

  /**
   * This type, with another in its place on the dialects named.
   *
   * @example t.string.withVariant(t.text, "sqlite")
   */
  withVariant(type: SQLType<T>, ...dialectNames: readonly [string, ...string[]]): SQLType<T> {
    const copy = this.copied();
    const variants = new Map(copy.variants);
    for (const name of dialectNames) variants.set(name, plainType(type));
    copy.variants = variants;
    return copy;
  }

  /**
   * This type under another name in DDL and CAST: it says exactly what is asked for, and converts values as before.
   *
   * @param name as the database writes it: `"NVARCHAR(120)"`
   * @param dialectNames where it is called so; everywhere where none is named
   * @example t.string(120).spelled("NVARCHAR(120)", "sqlite")
   */
  spelled(name: string, ...dialectNames: readonly string[]): this {
    const copy = this.copied();
    const spellings = new Map(copy.spellings);
    for (const dialect of dialectNames.length === 0 ? ["*"] : dialectNames) spellings.set(dialect, name);
    copy.spellings = spellings;
    return copy as this;
  }

  /** The name that {@link spelled} gave for a dialect, or null. */
  spelling(dialectName: string): string | null {
    return this.spellings?.get(dialectName) ?? this.spellings?.get("*") ?? null;
  }

  /** @internal What `withVariant()` and `spelled()` have said of it, for what writes types down. */
  get adaptations(): {
    readonly variants: ReadonlyMap<string, SQLType>;
    readonly spellings: ReadonlyMap<string, string>;
  } {
    return { variants: this.variants ?? new Map(), spellings: this.spellings ?? new Map() };
  }

  /** Whether values of this type are kept out of logs and error messages. */
  get concealed(): boolean {
    return this.isConcealed;
  }

  /** This type for values that logs and error messages must not show: passwords, tokens. */
  conceal(): SQLType<T> {
    if (this.isConcealed) return this;
    const copy = this.copied();
    copy.isConcealed = true;
    return copy;
  }

  /** Whether a null of an object is a value like others, and not the absence of one that the column's default fills. */
  get shouldEvaluateNone(): boolean {
    return this.sendsNone;
  }

  /**
   * This type for columns with a default where a null that an object was given is to be stored as NULL. What was never set takes the default.
   *
   * @example @Column(t.string(50).evaluatesNone(), { nullable: true, serverDefault: "none yet" }) note!: string | null;
   */
  evaluatesNone(): SQLType<T> {
    if (this.sendsNone) return this;
    const copy = this.copied();
    copy.sendsNone = true;
    return copy;
  }

  private copied(): SQLType<T> {
    const self = plainType(this) as SQLType<T>;
    const copy = Object.assign(Object.create(Object.getPrototypeOf(self)), self) as SQLType<T>;
    copy.keyMemo = null;
    return copy;
  }

  /** The type that stands in on this dialect, or the type itself. */
  forDialect(name: string): SQLType<T> {
    return this.variants === null ? this : (this.variants.get(name) ?? this);
  }

  toString(): string {
    return this.describe();
  }
}

/** The plain instance behind a callable type such as `t.string`; a plain type is given back. */
export function plainType<T>(type: SQLType<T>): SQLType<T> {
  if (typeof type !== "function") return type;
  return type[TYPE_INSTANCE];
}

const CONVERSIONS = ["bindProcessor", "resultProcessor", "literalProcessor", "visitName"] as const;

/**
 * The class among some whose conversions a type has: its own, or one that it extends without conversions of its own.
 *
 * @returns null where there is none
 */
export function conversionClass(type: SQLType, among: ReadonlySet<unknown>): unknown {
  for (let at = Object.getPrototypeOf(type) as object; at !== null; at = Object.getPrototypeOf(at) as object) {
    if (among.has(at.constructor)) return at.constructor;
    if (CONVERSIONS.some((name) => Object.hasOwn(at, name))) return null;
  }
  return null;
}

/** Whether a value is a type, plain or callable. */
export function isType(value: unknown): value is SQLType {
  return value instanceof SQLType;
}

/** `plainType` for input that is not known to be a type. `where` names what the type is for. */
export function requireType<T>(type: SQLType<T>, where: string): SQLType<T> {
  if (type instanceof SQLType) return plainType(type);
  throw new ArgumentError(`${where}: ${String(type)} is not a type. Give one of t.*, e.g. t.integer or t.string(50).`);
}

const typeKeys = new Map<string, number>();

// For good, unlike names: types keep their numbers, and two that are alike have one.
function numberOf(description: string): number {
  let key = typeKeys.get(description);
  if (key === undefined) {
    key = nextRefId();
    typeKeys.set(description, key);
  }
  return key;
}
