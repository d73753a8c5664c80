import { quoteLiteral } from "../../sql/types/base.js";
import type { BindProcessor, LiteralProcessor, ResultProcessor, TypeDialect } from "../../sql/types/type.js";
import { TextLoadedType } from "./types.js";

/** A type whose values travel as text. */
export class PostgresTextType<T = string> extends TextLoadedType<T> {
  /**
   * @param spec the name in DDL: `"inet"`, `"bit(8)"`
   * @param write makes the text of a value; throws ArgumentError for what is none
   * @param read makes a value of the text
   */
  constructor(
    readonly spec: string,
    private readonly write: (value: unknown) => string,
    private readonly read: ((text: string) => T) | null = null,
  ) {
    super();
  }
  override getColSpec(): string {
    return this.spec;
  }
  protected override describe(): string {
    return `postgresql ${this.spec}`;
  }
  override bindProcessor(_dialect: TypeDialect): BindProcessor {
    return this.write;
  }
  override resultProcessor(_dialect: TypeDialect): ResultProcessor<T> | null {
    const { read } = this;
    return read === null ? null : (value: unknown) => (typeof value === "string" ? read(value) : value) as T;
  }
  override literalProcessor(_dialect: TypeDialect): LiteralProcessor {
    return (value: unknown) => `${quoteLiteral(this.write(value))}::${this.spec}`;
  }
  override get mutable(): boolean {
    return this.read !== null;
  }
  override equals(a: T, b: T): boolean {
    return a === b || (typeof a === "object" && this.write(a) === this.write(b));
  }
}
