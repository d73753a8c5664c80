/** Domains: types of the database over others. */
import { ArgumentError } from "../errors.js";
import {
  type BindProcessor,
  type LiteralProcessor,
  plainType,
  type ResultProcessor,
  SQLType,
  type TypeDialect,
  type TypeFamily,
} from "./type.js";

/** Options of a domain. */
export interface DomainOptions {
  readonly schema?: string | null;
  readonly notNull?: boolean;
  /** DEFAULT, as SQL text. Left out, a domain over another has that one's; null is none. */
  readonly default?: string | null;
  readonly collation?: string | null;
  /** The schema that the collation is in, where it is not found without. */
  readonly collationSchema?: string | null;
  /** Conditions as SQL text, in which VALUE stands for the value; by name where they have one. */
  readonly check?: string | Readonly<Record<string, string>>;
  /** Created and dropped with this metadata, even where no column has it. */
  readonly metadata?: TypeHome;
}

/** Keeps types of the database's own that are made with it. */
export interface TypeHome {
  addType(type: SQLType): void;
}

/**
 * A type of the database's own over another, with rules. It is created with the first table that has it.
 *
 * @example new DomainType("rating", t.integer, { check: { rating_check: "VALUE between 1 and 5" } })
 */
export class DomainType<T = unknown> extends SQLType<T> {
  readonly baseType: SQLType<T>;
  readonly schema: string | null;

  constructor(
    readonly name: string,
    baseType: SQLType<T>,
    readonly options: DomainOptions = {},
  ) {
    super();
    if (name === "") throw new ArgumentError("a domain needs a name.");
    this.baseType = plainType(baseType);
    this.schema = options.schema ?? null;
    options.metadata?.addType(this);
  }
  override get visitName(): string {
    return "visitDomain";
  }
  override get family(): TypeFamily {
    return this.baseType.family;
  }
  protected override describe(): string {
    const { metadata: _metadata, ...rules } = this.options;
    return `domain ${this.schema ?? ""}.${this.name} ${this.baseType.cacheKey} ${JSON.stringify(rules)}`;
  }
  /** The checks with their names; null for one without. */
  get checks(): readonly (readonly [string | null, string])[] {
    const { check } = this.options;
    if (check === undefined) return [];
    return typeof check === "string" ? [[null, check]] : Object.entries(check);
  }
  /** The options that say something, as a definition of the domain has them. */
  get said(): Omit<DomainOptions, "schema" | "metadata"> {
    const { schema: _schema, metadata: _metadata, ...rest } = this.options;
    const isNone = (key: string) => key === "default" && this.baseType instanceof DomainType;
    return Object.fromEntries(
      Object.entries(rest).filter(
        ([key, value]) => (value !== null && value !== undefined && value !== false) || (value === null && isNone(key)),
      ),
    );
  }
  /** Whether it takes no NULL, by a rule of its own or of the domain below. */
  get forbidsNull(): boolean {
    return this.options.notNull === true || (this.baseType instanceof DomainType && this.baseType.forbidsNull);
  }
  override get lazyResult(): boolean {
    return this.baseType.lazyResult;
  }
  override get mutable(): boolean {
    return this.baseType.mutable;
  }
  override bindProcessor(dialect: TypeDialect): BindProcessor | null {
    return dialect.typeImpl(this.baseType).bindProcessor(dialect);
  }
  override resultProcessor(dialect: TypeDialect): ResultProcessor<T> | null {
    return dialect.typeImpl(this.baseType).resultProcessor(dialect);
  }
  override literalProcessor(dialect: TypeDialect): LiteralProcessor | null {
    return dialect.typeImpl(this.baseType).literalProcessor(dialect);
  }
  override equals(a: T, b: T): boolean {
    return this.baseType.equals(a, b);
  }
  // LIKE and arithmetic are those of the type below
  override coerceComparedValue(operator: string, value: unknown): SQLType {
    return operator === "eq" || operator === "ne" ? this : this.baseType.coerceComparedValue(operator, value);
  }
}
