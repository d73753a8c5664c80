/** Places for values in a statement, with or without a name. */
import { ColumnElement } from "../element.js";
import { ArgumentError } from "../errors.js";
import { keepShape } from "../keep-shape.js";
import type { BoundValue, KeyContext } from "../key-context.js";
import type { Parts } from "../node.js";
import { nullType, typeOfValue } from "../types/base.js";
import { isType, plainType, type SQLType } from "../types/type.js";
import type { ExprOf, Valued } from "../typing.js";

/** A place for a value in a statement. The value itself is never part of the statement's shape. */
export class BindParameter extends ColumnElement implements BoundValue {
  static override readonly parts: Parts = {};

  override get visitName(): string {
    return "BindParameter";
  }

  constructor(
    readonly value: unknown,
    readonly type: SQLType,
    readonly name: string | null,
    readonly expanding: boolean,
    readonly required: boolean,
    readonly callable: (() => unknown) | null,
    /** What an anonymous parameter is called after, where the dialect names its parameters. */
    readonly hint: string | null,
    /** Written into the SQL as a literal, at each execution. */
    readonly literalExecute: boolean = false,
  ) {
    super();
  }

  override appendKey(context: KeyContext): void {
    if (this.literalExecute) context.cacheable = false;
    context.addBind(this);
  }

  override children(): [] {
    return [];
  }

  override copyReplacing(): this {
    return this;
  }

  /** The same parameter with another value; the shape stays. */
  withValue(value: unknown): BindParameter {
    return new BindParameter(value, this.type, this.name, this.expanding, false, null, this.hint, this.literalExecute);
  }

  /** The same parameter with another type, for one whose type was not known. */
  withType(type: SQLType): BindParameter {
    const { value, name, expanding, required, callable, hint, literalExecute } = this;
    return new BindParameter(value, type, name, expanding, required, callable, hint, literalExecute);
  }
}

/** Makes the anonymous parameter of a plain value. The hot path of every operator. */
export function bindValue(value: unknown, type: SQLType, hint: string | null): BindParameter {
  return new BindParameter(value, type, null, false, false, null, hint);
}

/** Options of {@link bindparam}. */
export interface BindOptions<T> {
  readonly value?: T | null;
  readonly type?: SQLType<T>;
  /** An IN list: its value is an array. */
  readonly expanding?: boolean;
  /** Gives the value when the statement is executed. */
  readonly callable?: () => T | null;
  /** Write the value into the SQL instead of binding it. Such a statement is compiled at each execution, for one set of values. */
  readonly literalExecute?: boolean;
}

/** Options of {@link bindparam} for the list of an IN. */
export interface ExpandingOptions<T> extends Omit<BindOptions<T>, "value" | "callable"> {
  readonly expanding: true;
  readonly value?: readonly T[];
  readonly callable?: () => readonly T[];
}

/**
 * A named parameter, whose value may be given when the statement is executed.
 *
 * @example
 * const stmt = select(users).where(users.c.name.eq(bindparam("name")));
 * await conn.execute(stmt, { name: "Alice" });
 */
export function bindparam<T = unknown>(
  name: string,
  options: { readonly options: ExpandingOptions<T> },
): Valued<readonly T[]>;
export function bindparam<T = unknown>(name: string, options: { readonly options: BindOptions<T> }): ExprOf<T>;
export function bindparam<T>(name: string, type: SQLType<T>): ExprOf<T>;
export function bindparam<T = unknown>(name: string, value?: T | null, type?: SQLType<T>): ExprOf<T>;
export function bindparam(name: string, given?: unknown, type?: SQLType): unknown {
  if (typeof name !== "string" || name === "") {
    throw new ArgumentError("bindparam() needs a name, e.g. bindparam('user_id').");
  }
  if (given !== null && typeof given === "object" && "options" in given) {
    const options = (given as { options: BindOptions<unknown> }).options;
    const known = options.type === undefined ? typeOfValue(options.value) : plainType(options.type);
    const callable = options.callable ?? null;
    const required = options.value === undefined && callable === null;
    const { value, expanding, literalExecute } = options;
    return new BindParameter(value, known, name, expanding === true, required, callable, name, literalExecute === true);
  }
  if (isType(given)) return new BindParameter(undefined, plainType(given), name, false, true, null, name);
  const known = type === undefined ? (given === undefined ? nullType : typeOfValue(given)) : plainType(type);
  return new BindParameter(given, known, name, false, given === undefined, null, name);
}

/**
 * A value as an expression of its own, bound as a parameter.
 *
 * @example select(literal(1).add(literal(2)))
 */
export function literal<T>(value: NoInfer<T> | null, type: SQLType<T>): ExprOf<T>;
export function literal<T>(value: T): ExprOf<Widened<T>>;
export function literal(value: unknown, type?: SQLType): unknown {
  refuseValue(value, "literal()");
  const known = type === undefined ? typeOfValue(value) : plainType(type);
  return new BindParameter(value, known, null, false, false, null, "param");
}

/** `"x"` is a string, 1 a number: a literal's own type says too much about an expression. */
export type Widened<T> = T extends string
  ? string
  : T extends number
    ? number
    : T extends boolean
      ? boolean
      : T extends bigint
        ? bigint
        : T;

/** Throws for what can never be a bound value. `where` names the place, e.g. `users.name = ...`. */
export function refuseValue(value: unknown, where: string | (() => string)): void {
  const fault = faultOf(value);
  if (fault !== null) throw new ArgumentError(`${typeof where === "string" ? where : where()}: ${fault}`);
}

/** What keeps a value from being one; null for nothing. */
function faultOf(value: unknown): string | null {
  switch (typeof value) {
    case "undefined":
      return "the value is undefined. Write null for SQL NULL, or leave the condition out.";
    case "function":
      return `a function${value.name === "" ? "" : ` (${value.name})`} is not a value. Call it, or give an expression.`;
    case "symbol":
      return "a symbol is not a value.";
    case "object":
      return typeof (value as { then?: unknown } | null)?.then === "function"
        ? "the value is a Promise. Await it first."
        : null;
    default:
      return null;
  }
}

keepShape(new BindParameter(null, nullType, null, false, false, null, null));
