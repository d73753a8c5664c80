/** Types of a program's own. */
import { ArgumentError } from "../errors.js";
import { quoteLiteral } from "./base.js";
import {
  type BindProcessor,
  type Bound,
  type LiteralProcessor,
  plainType,
  type ResultProcessor,
  SQLType,
  type TypeDialect,
  type TypeFamily,
  type TypeOperator,
} from "./type.js";

/**
 * A type of your own over another: it converts values on their way in and out.
 *
 * @example
 * class Cents extends TypeDecorator<Money, number> {
 *   readonly impl = t.integer;
 *   override processBindParam(value: Money) { return value.cents; }
 *   override processResultValue(value: number) { return new Money(value); }
 * }
 */
export abstract class TypeDecorator<T, I = unknown> extends SQLType<T> {
  /** The type that the database knows. */
  abstract readonly impl: SQLType<I>;

  /** The type for one dialect; `impl` unless overridden. */
  loadDialectImpl(_dialect: TypeDialect): SQLType<I> {
    return this.impl;
  }
  /** A value as `impl` takes it. Never called with null. */
  processBindParam(value: T, _dialect: TypeDialect): I {
    return value as unknown as I;
  }
  /** A value of `impl` as this type has it. Never called with null. */
  processResultValue(value: I, _dialect: TypeDialect): T {
    return value as unknown as T;
  }
  /** A value as an SQL literal; what `impl` makes of the bound value unless overridden. */
  processLiteralParam(value: T, dialect: TypeDialect): string {
    const impl = dialect.typeImpl(plainType(this.loadDialectImpl(dialect)));
    const render = impl.literalProcessor(dialect) as ((value: unknown) => string) | null;
    const bound: unknown = this.processBindParam(value, dialect);
    return render === null ? String(bound) : render(bound);
  }

  override get visitName(): string {
    return "visitTypeDecorator";
  }
  override get family(): TypeFamily {
    return plainType(this.impl).family;
  }
  /** Two instances with one text are taken for the same type: private fields (`#`) of a subclass must show here, others do. */
  protected override describe(): string {
    return `${identityOf(this.constructor)}${stateOf(this)}`;
  }
  override toString(): string {
    return `${this.constructor.name}(${plainType(this.impl)})`;
  }
  override get lazyResult(): boolean {
    return false;
  }
  override get mutable(): boolean {
    return plainType(this.impl).mutable;
  }
  override operator(name: string): TypeOperator | null | undefined {
    const own = super.operator(name);
    return own === undefined ? plainType(this.impl).operator(name) : own;
  }
  override bindProcessor(dialect: TypeDialect): BindProcessor | null {
    const impl = dialect.typeImpl(plainType(this.loadDialectImpl(dialect)));
    const next = impl.bindProcessor(dialect) as ((value: unknown) => unknown) | null;
    return (value: T) => {
      const bound = this.processBindParam(value, dialect);
      return bound === null || next === null ? bound : next(bound);
    };
  }
  override resultProcessor(dialect: TypeDialect): ResultProcessor<T> | null {
    const impl = dialect.typeImpl(plainType(this.loadDialectImpl(dialect)));
    const first = impl.resultProcessor(dialect) as ((value: unknown) => I) | null;
    return (value: unknown) => this.processResultValue(first === null ? (value as I) : first(value), dialect);
  }
  override literalProcessor(dialect: TypeDialect): LiteralProcessor {
    return (value: T) => this.processLiteralParam(value, dialect);
  }
  override wrapBind(sql: string, dialect: TypeDialect, bound: Bound): string | null {
    return plainType(this.loadDialectImpl(dialect)).wrapBind(sql, dialect, bound);
  }
  override wrapColumn(sql: string, dialect: TypeDialect, bound: Bound): string | null {
    return plainType(this.loadDialectImpl(dialect)).wrapColumn(sql, dialect, bound);
  }
  override equals(a: T, b: T): boolean {
    return a === b || plainType(this.impl as SQLType).equals(a, b);
  }
}

let identities = 0;
const identityByObject = new WeakMap<object, string>();

/** A name that no other class, function or object has. */
function identityOf(owner: object): string {
  let id = identityByObject.get(owner);
  if (id === undefined) {
    id = `${(owner as { readonly name?: unknown }).name ?? ""}~${++identities}`;
    identityByObject.set(owner, id);
  }
  return id;
}

/** What `withVariant()` and the like have said, which a type's key has by itself, and the key. */
const OF_EVERY_TYPE: ReadonlySet<string> = new Set(["keyMemo", "variants", "spellings", "isConcealed", "sendsNone"]);

/** The fields of a type as text. Plain data is compared by what it says, functions and objects of classes are themselves. */
function stateOf(type: SQLType<unknown>): string {
  const own = Object.entries(type).filter(([key]) => !OF_EVERY_TYPE.has(key));
  return JSON.stringify(own, (_key, value: unknown) => {
    if (typeof value === "bigint") return `${value}n`;
    if (value instanceof SQLType) return `type ${plainType(value).cacheKey}`;
    if (typeof value === "function") return identityOf(value);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === null || prototype === Object.prototype ? value : identityOf(value);
  });
}

/**
 * A type of the database that this library does not know: `vector(3)`, `ltree`, `geography`.
 *
 * @example
 * class Vector extends UserDefinedType<number[]> {
 *   constructor(readonly size: number) { super(); }
 *   getColSpec() { return `vector(${this.size})`; }
 * }
 */
export abstract class UserDefinedType<T> extends SQLType<T> {
  /** The type's name in DDL and CAST. */
  abstract getColSpec(dialect: TypeDialect): string;
  override get visitName(): string {
    return "visitUserDefined";
  }
  override get family(): TypeFamily {
    return "other";
  }
  protected override describe(): string {
    return `${identityOf(this.constructor)}${stateOf(this)}`;
  }
  override toString(): string {
    return this.constructor.name;
  }
}

/** A type by its name alone; values pass as they are. */
export class NamedType<T = unknown> extends UserDefinedType<T> {
  constructor(readonly spec: string) {
    super();
  }
  override literalProcessor(): LiteralProcessor {
    return (value: unknown) => {
      if (typeof value === "number" || typeof value === "bigint") return String(value);
      if (typeof value === "boolean") return value ? "true" : "false";
      if (typeof value === "string") return quoteLiteral(value);
      throw new ArgumentError(
        `a value of the type ${this.spec} that is no text, number or boolean cannot be written as a literal. Declare a UserDefinedType with a literalProcessor.`,
      );
    };
  }
  override getColSpec(): string {
    return this.spec;
  }
  protected override describe(): string {
    return `named ${this.spec}`;
  }
  override toString(): string {
    return this.spec;
  }
}
