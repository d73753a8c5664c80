/** An expression: what can be done with it, whatever it is. */
import { ArgumentError } from "./errors.js";
import { Node } from "./node.js";
import { customOperator, type Operator, operators, type ResultRule } from "./operators.js";
import { checkText } from "./types/text-check.js";
import type { SQLType } from "./types/type.js";
import { plainType } from "./types/type.js";
import type {
  CollateOptions,
  ExprOf,
  MatchOptions,
  Named,
  OpOptions,
  SOURCE,
  TextSearchOptions,
  VALUE,
} from "./typing.js";

/** An element whose value type is not followed: it fits wherever a typed expression is asked for. */
export type LooseElement = ColumnElement<never, never>;

/**
 * What the operators construct. The classes are defined in later files, which enter themselves here: an expression's
 * methods make nodes of classes that extend its own.
 */
export interface ElementFactory {
  /** An operand as an element: a value becomes a bound parameter of the type that `owner` gives it. */
  operand(value: unknown, owner: ColumnElement, operator: Operator): ColumnElement;
  binary(left: ColumnElement, operator: Operator, right: Node, options?: BinaryOptions): LooseElement;
  unary(operator: Operator, element: ColumnElement, postfix: boolean): LooseElement;
  compareNull(left: ColumnElement, negative: boolean): LooseElement;
  membership(left: ColumnElement, operator: Operator, values: unknown): LooseElement;
  between(left: ColumnElement, low: unknown, high: unknown, negative: boolean, symmetric: boolean): LooseElement;
  search(left: ColumnElement, part: unknown, how: SearchShape, options?: MatchOptions): LooseElement;
  regexpReplace(left: ColumnElement, pattern: unknown, replacement: unknown, flags?: string): LooseElement;
  label(element: ColumnElement, name: string): LooseElement;
  cast(element: ColumnElement, type: SQLType): LooseElement;
  coerce(element: ColumnElement, type: SQLType): LooseElement;
  collate(element: ColumnElement, name: string, schema: string | null): LooseElement;
  negate(element: ColumnElement): LooseElement;
  conjunction(operator: Operator, elements: readonly unknown[]): LooseElement;
  jsonMember(element: ColumnElement, keys: readonly (string | number)[], text: boolean): LooseElement;
  jsonAs(
    element: ColumnElement,
    as: "string" | "integer" | "float" | "boolean" | "numeric" | "json",
    options?: readonly number[],
  ): LooseElement;
  arrayAt(element: ColumnElement, index: unknown): LooseElement;
  arraySlice(element: ColumnElement, from: unknown, to: unknown): LooseElement;
  quantified(operator: Operator, element: ColumnElement): LooseElement;
  power(base: ColumnElement, exponent: unknown): LooseElement;
  keyList(element: ColumnElement, operator: Operator, keys: unknown): LooseElement;
}

/** What else a binary expression may carry. */
export interface BinaryOptions {
  readonly modifier?: string | null;
  readonly type?: SQLType;
}

/** How a search for a part of a text looks. */
export interface SearchShape {
  readonly before: boolean;
  readonly after: boolean;
  readonly ignoreCase: boolean;
}

/** The character of ESCAPE. @throws ArgumentError for more or less than one */
export function escapeMark(mark: string): string {
  if (typeof mark === "string" && [...mark].length === 1) return checkText(mark);
  throw new ArgumentError(`escape must be one character, not ${JSON.stringify(mark)}.`);
}

/** Filled by the files that define the classes. */
export const factory = {} as ElementFactory;

/**
 * An SQL expression that has a value: a column, a bound value, an operator's result, a function call.
 *
 * At run time every operator is a method of every element; the types (`Expr` and its kin) show those that
 * suit the value.
 */
export abstract class ColumnElement<T = unknown, Src = unknown> extends Node {
  declare readonly [VALUE]: T;
  declare readonly [SOURCE]: Src;
  abstract readonly type: SQLType;

  /** The name under which a row has its value, or null where it has none of its own. */
  get key(): string | null {
    return null;
  }

  /** The operator that decides about parentheses around this element, or null for one that never needs them. */
  get outerOperator(): Operator | null {
    return null;
  }

  eq(other: unknown): LooseElement {
    if (other === null) return factory.compareNull(this, false);
    return factory.binary(this, operators.eq, factory.operand(other, this, operators.eq));
  }
  ne(other: unknown): LooseElement {
    if (other === null) return factory.compareNull(this, true);
    return factory.binary(this, operators.ne, factory.operand(other, this, operators.ne));
  }
  lt(other: unknown): LooseElement {
    return this.operate(operators.lt, other);
  }
  le(other: unknown): LooseElement {
    return this.operate(operators.le, other);
  }
  gt(other: unknown): LooseElement {
    return this.operate(operators.gt, other);
  }
  ge(other: unknown): LooseElement {
    return this.operate(operators.ge, other);
  }
  isNull(): LooseElement {
    return factory.compareNull(this, false);
  }
  isNotNull(): LooseElement {
    return factory.compareNull(this, true);
  }
  is(other: unknown): LooseElement {
    return other === null ? factory.compareNull(this, false) : this.operate(operators.is, other);
  }
  isNot(other: unknown): LooseElement {
    return other === null ? factory.compareNull(this, true) : this.operate(operators.isNot, other);
  }
  isDistinctFrom(other: unknown): LooseElement {
    return this.operate(operators.isDistinctFrom, other);
  }
  isNotDistinctFrom(other: unknown): LooseElement {
    return this.operate(operators.isNotDistinctFrom, other);
  }
  in(values: unknown): LooseElement {
    return factory.membership(this, operators.in, values);
  }
  notIn(values: unknown): LooseElement {
    return factory.membership(this, operators.notIn, values);
  }
  between(low: unknown, high: unknown, options?: { readonly symmetric?: boolean }): LooseElement {
    return factory.between(this, low, high, false, options?.symmetric === true);
  }
  notBetween(low: unknown, high: unknown, options?: { readonly symmetric?: boolean }): LooseElement {
    return factory.between(this, low, high, true, options?.symmetric === true);
  }

  like(pattern: unknown, options?: { readonly escape?: string }): LooseElement {
    return this.pattern(operators.like, pattern, options);
  }
  notLike(pattern: unknown, options?: { readonly escape?: string }): LooseElement {
    return this.pattern(operators.notLike, pattern, options);
  }
  ilike(pattern: unknown, options?: { readonly escape?: string }): LooseElement {
    return this.pattern(operators.ilike, pattern, options);
  }
  notIlike(pattern: unknown, options?: { readonly escape?: string }): LooseElement {
    return this.pattern(operators.notIlike, pattern, options);
  }
  startsWith(part: unknown, options?: MatchOptions): LooseElement {
    return factory.search(this, part, { before: false, after: true, ignoreCase: false }, options);
  }
  endsWith(part: unknown, options?: MatchOptions): LooseElement {
    return factory.search(this, part, { before: true, after: false, ignoreCase: false }, options);
  }
  /** A part of a text; of an array or a JSON document, its members. */
  contains(part: unknown, options?: MatchOptions): LooseElement {
    const type = this.type;
    if (type.family === "array" || type.family === "json" || type.isRange) {
      return this.operate(operators.contains, part);
    }
    return factory.search(this, part, { before: true, after: true, ignoreCase: false }, options);
  }
  istartsWith(part: unknown, options?: MatchOptions): LooseElement {
    return factory.search(this, part, { before: false, after: true, ignoreCase: true }, options);
  }
  iendsWith(part: unknown, options?: MatchOptions): LooseElement {
    return factory.search(this, part, { before: true, after: false, ignoreCase: true }, options);
  }
  icontains(part: unknown, options?: MatchOptions): LooseElement {
    return factory.search(this, part, { before: true, after: true, ignoreCase: true }, options);
  }
  regexpMatch(pattern: unknown, flags?: string): LooseElement {
    const right = factory.operand(pattern, this, operators.regexpMatch);
    return factory.binary(this, operators.regexpMatch, right, { modifier: flags ?? null });
  }
  regexpReplace(pattern: unknown, replacement: unknown, flags?: string): LooseElement {
    return factory.regexpReplace(this, pattern, replacement, flags);
  }
  match(query: unknown, options?: TextSearchOptions): LooseElement {
    const right = factory.operand(query, this, operators.match);
    return factory.binary(this, operators.match, right, { modifier: options?.config ?? null });
  }
  concat(other: unknown): LooseElement {
    return this.operate(operators.concat, other);
  }

  add(other: unknown): LooseElement {
    // text is added to text by ||, as SQLAlchemy has it
    return this.operate(this.type.family === "string" ? operators.concat : operators.add, other);
  }
  sub(other: unknown): LooseElement {
    return this.operate(operators.sub, other);
  }
  mul(other: unknown): LooseElement {
    return this.operate(operators.mul, other);
  }
  div(other: unknown): LooseElement {
    return this.operate(operators.div, other);
  }
  floorDiv(other: unknown): LooseElement {
    return this.operate(operators.floorDiv, other);
  }
  mod(other: unknown): LooseElement {
    return this.operate(operators.mod, other);
  }
  pow(other: unknown): LooseElement {
    return factory.power(this, other);
  }
  neg(): LooseElement {
    return factory.unary(operators.neg, this, false);
  }
  bitwiseAnd(other: unknown): LooseElement {
    return this.operate(operators.bitwiseAnd, other);
  }
  bitwiseOr(other: unknown): LooseElement {
    return this.operate(operators.bitwiseOr, other);
  }
  bitwiseXor(other: unknown): LooseElement {
    return this.operate(operators.bitwiseXor, other);
  }
  bitwiseNot(): LooseElement {
    return factory.unary(operators.bitwiseNot, this, false);
  }
  bitwiseLshift(other: unknown): LooseElement {
    return this.operate(operators.bitwiseLshift, other);
  }
  bitwiseRshift(other: unknown): LooseElement {
    return this.operate(operators.bitwiseRshift, other);
  }

  and(...others: readonly unknown[]): LooseElement {
    return factory.conjunction(operators.and, [this, ...others]);
  }
  or(...others: readonly unknown[]): LooseElement {
    return factory.conjunction(operators.or, [this, ...others]);
  }
  not(): LooseElement {
    return factory.negate(this);
  }

  asc(): LooseElement {
    return factory.unary(operators.asc, this, true);
  }
  desc(): LooseElement {
    return factory.unary(operators.desc, this, true);
  }
  nullsFirst(): LooseElement {
    return factory.unary(operators.nullsFirst, this, true);
  }
  nullsLast(): LooseElement {
    return factory.unary(operators.nullsLast, this, true);
  }

  as<const N extends string>(name: N): LooseElement & Named<N> {
    return factory.label(this, name) as LooseElement & Named<N>;
  }
  label<const N extends string>(name: N): LooseElement & Named<N> {
    return factory.label(this, name) as LooseElement & Named<N>;
  }
  cast(type: SQLType): LooseElement {
    return factory.cast(this, plainType(type));
  }
  typeCoerce(type: SQLType): LooseElement {
    return factory.coerce(this, plainType(type));
  }
  distinct(): LooseElement {
    return factory.unary(operators.distinct, this, false);
  }
  collate(name: string, options: CollateOptions = {}): LooseElement {
    return factory.collate(this, name, options.schema ?? null);
  }

  op<U = unknown>(sql: string, options: OpOptions<U> = {}): (other: unknown) => ExprOf<U, never> {
    return this.custom(sql, options, "unknown") as unknown as (other: unknown) => ExprOf<U, never>;
  }
  boolOp(sql: string, options: OpOptions = {}): (other: unknown) => LooseElement {
    return this.custom(sql, options, "boolean");
  }

  /** A member of a JSON value, as JSON. */
  get(key: string | number): LooseElement {
    return factory.jsonMember(this, [key], false);
  }
  path(...keys: readonly (string | number)[]): LooseElement {
    return factory.jsonMember(this, keys, false);
  }
  getText(key: string | number): LooseElement {
    return factory.jsonMember(this, [key], true);
  }
  hasKey(key: unknown): LooseElement {
    return this.operate(operators.hasKey, key);
  }
  asString(): LooseElement {
    return factory.jsonAs(this, "string");
  }
  asInteger(): LooseElement {
    return factory.jsonAs(this, "integer");
  }
  asFloat(): LooseElement {
    return factory.jsonAs(this, "float");
  }
  asBoolean(): LooseElement {
    return factory.jsonAs(this, "boolean");
  }
  asNumeric(...options: readonly number[]): LooseElement {
    return factory.jsonAs(this, "numeric", options);
  }
  asJson(): LooseElement {
    return factory.jsonAs(this, "json");
  }

  /** An element of an array; the first is 1. */
  at(index: unknown): LooseElement {
    return factory.arrayAt(this, index);
  }
  slice(from: unknown, to: unknown): LooseElement {
    return factory.arraySlice(this, from, to);
  }
  containedBy(other: unknown): LooseElement {
    return this.operate(operators.containedBy, other);
  }
  overlap(other: unknown): LooseElement {
    return this.operate(operators.overlap, other);
  }
  hasAny(keys: unknown): LooseElement {
    return factory.keyList(this, operators.hasAny, keys);
  }
  hasAll(keys: unknown): LooseElement {
    return factory.keyList(this, operators.hasAll, keys);
  }
  pathExists(path: unknown): LooseElement {
    return this.operate(operators.jsonPathExists, path);
  }
  pathMatch(path: unknown): LooseElement {
    return this.operate(operators.jsonPathMatch, path);
  }
  deletePath(...keys: readonly (string | number)[]): LooseElement {
    return factory.keyList(this, operators.jsonDeletePath, keys);
  }
  merge(other: unknown): LooseElement {
    return this.operate(operators.jsonMerge, other);
  }

  strictlyLeftOf(other: unknown): LooseElement {
    return this.operate(operators.strictlyLeftOf, other);
  }
  strictlyRightOf(other: unknown): LooseElement {
    return this.operate(operators.strictlyRightOf, other);
  }
  notExtendRightOf(other: unknown): LooseElement {
    return this.operate(operators.notExtendRightOf, other);
  }
  notExtendLeftOf(other: unknown): LooseElement {
    return this.operate(operators.notExtendLeftOf, other);
  }
  adjacentTo(other: unknown): LooseElement {
    return this.operate(operators.adjacentTo, other);
  }
  unionWith(other: unknown): LooseElement {
    return this.operate(operators.rangeUnion, other);
  }
  intersection(other: unknown): LooseElement {
    return this.operate(operators.rangeIntersection, other);
  }
  difference(other: unknown): LooseElement {
    return this.operate(operators.rangeDifference, other);
  }
  any(): LooseElement {
    return factory.quantified(operators.any, this);
  }
  all(): LooseElement {
    return factory.quantified(operators.all, this);
  }

  /** This element, an operator and an operand. A plain value is bound with the type of this side. */
  operate(operator: Operator, other: unknown): LooseElement {
    return factory.binary(this, operator, factory.operand(other, this, operator));
  }

  private pattern(operator: Operator, pattern: unknown, options?: { readonly escape?: string }): LooseElement {
    return factory.binary(this, operator, factory.operand(pattern, this, operator), {
      modifier: options?.escape === undefined ? null : escapeMark(options.escape),
    });
  }

  private custom<U>(sql: string, options: OpOptions<U>, result: ResultRule): (other: unknown) => LooseElement {
    const operator = customOperator(sql, { precedence: options.precedence ?? 0, result, jsImpl: options.jsImpl });
    const type = options.returnType === undefined ? undefined : plainType(options.returnType);
    return (other) =>
      factory.binary(this, operator, factory.operand(other, this, operator), type === undefined ? undefined : { type });
  }
}
