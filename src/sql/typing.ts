/** The types of expressions. */
import type { SQLType } from "./types/type.js";

/** Where the value's TypeScript type hangs on an expression; never set at run time. */
export declare const VALUE: unique symbol;
/** Where an expression says which table, alias or class it comes from; never set at run time. */
export declare const SOURCE: unique symbol;
/** Where the type of a statement's rows hangs; never set at run time. */
export declare const ROW: unique symbol;
/** Where the type of a FROM element's columns hangs; never set at run time. */
export declare const COLUMNS: unique symbol;
/** Where a statement says what its loader options do; never set at run time. */
export declare const LOADS: unique symbol;

/** Anything whose rows are `Row`: a select, a set operation, a DML statement with RETURNING. */
export interface RowsOf<out Row> {
  readonly [ROW]: Row;
  readonly [LOADS]?: unknown;
}

/** A query of one column of `T`, as `in` and scalar comparisons take it. */
export type ColumnQuery<T> = RowsOf<readonly [T] | { readonly [name: string]: T }>;

/** What an operator takes on its right: a value, an expression of such a value, or a query of one. */
export type Operand<T> = T | Valued<NonNullable<T> | null> | ColumnQuery<NonNullable<T> | null>;

/** Options of the operators that search for a part of a text. */
export interface MatchOptions {
  /** The character that takes away the meaning of `%` and `_` after it. */
  readonly escape?: string;
  /** Escape `%`, `_` and the escape character in the operand, which must be a plain string. */
  readonly autoescape?: boolean;
}

/** Options of `match()`. */
export interface TextSearchOptions {
  /** The text search configuration, e.g. `"english"`; the database's own where absent. */
  readonly config?: string;
}

/** Options of `collate()`. */
export interface CollateOptions {
  /** The schema that the collation is in. */
  readonly schema?: string;
}

/** A condition, as `where`, `having`, `on` and `and` take it. */
export type Condition = Valued<boolean | null>;

/**
 * The least of an expression: what it is worth and where it is from. Parameters ask for this and not for the whole
 * `Expr`, whose thirty methods would be compared one by one for each new source.
 */
export interface Valued<out T = unknown, out Src = unknown> {
  readonly [VALUE]: T;
  readonly [SOURCE]: Src;
}

/**
 * An SQL expression whose value is a `T`, taken from source `Src`.
 *
 * `Src` is the mapped class, or the name of the alias or table; it makes columns of the outer side of a join nullable.
 */
export interface Expr<out T, out Src = never> extends Valued<T, Src> {
  /** The database type. */
  readonly type: SQLType;
  /** Whether another expression says the same: it has this one's shape, and the same bound values. */
  compare(other: Valued): boolean;

  /** `=`; `IS NULL` for null. */
  eq(other: Operand<T>): BoolExpr<boolean, Src>;
  /** `!=`; `IS NOT NULL` for null. */
  ne(other: Operand<T>): BoolExpr<boolean, Src>;
  lt(other: Operand<NonNullable<T>>): BoolExpr<boolean, Src>;
  le(other: Operand<NonNullable<T>>): BoolExpr<boolean, Src>;
  gt(other: Operand<NonNullable<T>>): BoolExpr<boolean, Src>;
  ge(other: Operand<NonNullable<T>>): BoolExpr<boolean, Src>;
  isNull(): BoolExpr<boolean, Src>;
  isNotNull(): BoolExpr<boolean, Src>;
  is(other: Operand<T | null>): BoolExpr<boolean, Src>;
  isNot(other: Operand<T | null>): BoolExpr<boolean, Src>;
  /** Unequal, where NULL equals NULL. */
  isDistinctFrom(other: Operand<T | null>): BoolExpr<boolean, Src>;
  /** Equal, where NULL equals NULL. */
  isNotDistinctFrom(other: Operand<T | null>): BoolExpr<boolean, Src>;
  /** Membership in a list (of any length, one cached statement) or in a query of one column. */
  in(values: InOperand<T>): BoolExpr<boolean, Src>;
  notIn(values: InOperand<T>): BoolExpr<boolean, Src>;
  between(
    low: Operand<NonNullable<T>>,
    high: Operand<NonNullable<T>>,
    options?: { readonly symmetric?: boolean },
  ): BoolExpr<boolean, Src>;
  notBetween(
    low: Operand<NonNullable<T>>,
    high: Operand<NonNullable<T>>,
    options?: { readonly symmetric?: boolean },
  ): BoolExpr<boolean, Src>;

  asc(): OrderExpr<T, Src>;
  desc(): OrderExpr<T, Src>;
  nullsFirst(): OrderExpr<T, Src>;
  nullsLast(): OrderExpr<T, Src>;

  /** The expression under a name of its own: `expr AS name`. */
  as<const N extends string>(name: N): Expr<T, Src> & Named<N>;
  /** The same as {@link as}. */
  label<const N extends string>(name: N): Expr<T, Src> & Named<N>;
  /** `CAST(expr AS type)`. */
  readonly cast: Converter<T, Src>;
  /** Takes the expression to be of another type, without a CAST. */
  readonly typeCoerce: Converter<T, Src>;
  /** `DISTINCT expr`, inside an aggregate. */
  distinct(): Expr<T, Src>;
  /** An operator of the database's own: `a.op("<->")(b)`. */
  op<U = unknown>(sql: string, options?: OpOptions<U>): (other: unknown) => ExprOf<U, Src>;
  /** A custom operator that is a condition. */
  boolOp(sql: string, options?: OpOptions): (other: unknown) => BoolExpr<boolean, Src>;
}

/**
 * Another type for an expression's value; null stays possible where it was. (Overloads, and no conditional type over
 * `T`: that keeps `Expr` covariant at a glance for the compiler.)
 */
export interface Converter<T, Src> {
  <U extends string>(type: SQLType<U>): StrExpr<U | (T & null), Src>;
  <U extends number | bigint>(type: SQLType<U>): NumExpr<U | (T & null), Src>;
  <U extends boolean>(type: SQLType<U>): BoolExpr<U | (T & null), Src>;
  <U extends Date>(type: SQLType<U>): DateExpr<U | (T & null), Src>;
  <U>(type: SQLType<U>): Expr<U | (T & null), Src>;
}

/** An expression whose name in rows and subqueries is known. */
export interface Named<out K> {
  readonly key: K;
}

/** What `in` takes: values and expressions, a query of one column, or an expanding parameter. */
export type InOperand<T> =
  | readonly (T | Valued<NonNullable<T> | null>)[]
  | ReadonlySet<T>
  | ColumnQuery<NonNullable<T> | null>
  | Valued<readonly NonNullable<T>[] | null>;

/** Options of a custom operator. */
export interface OpOptions<U = unknown> {
  /** How tightly it binds as an operand of another; 0 (the default) is always put in parentheses. */
  readonly precedence?: number;
  /** The type of its result. */
  readonly returnType?: SQLType<U>;
  /** What it gives for two values that are not null, for `update(User)` and `del(User)` that are matched in memory (`synchronizeSession: "evaluate"`). */
  readonly jsImpl?: (left: never, right: never) => U;
}

/** An expression made for ORDER BY; a plain expression will do there too. */
export interface OrderExpr<T, Src = never> extends Expr<T, Src> {}

/** An expression of text. */
export interface StrExpr<T, Src = never> extends Expr<T, Src> {
  as<const N extends string>(name: N): StrExpr<T, Src> & Named<N>;
  label<const N extends string>(name: N): StrExpr<T, Src> & Named<N>;
  distinct(): StrExpr<T, Src>;
  collate(name: string, options?: CollateOptions): StrExpr<T, Src>;
  like(pattern: Operand<string>, options?: { readonly escape?: string }): BoolExpr<boolean, Src>;
  notLike(pattern: Operand<string>, options?: { readonly escape?: string }): BoolExpr<boolean, Src>;
  /** LIKE without regard to case, on every database. */
  ilike(pattern: Operand<string>, options?: { readonly escape?: string }): BoolExpr<boolean, Src>;
  notIlike(pattern: Operand<string>, options?: { readonly escape?: string }): BoolExpr<boolean, Src>;
  startsWith(part: Operand<string>, options?: MatchOptions): BoolExpr<boolean, Src>;
  endsWith(part: Operand<string>, options?: MatchOptions): BoolExpr<boolean, Src>;
  contains(part: Operand<string>, options?: MatchOptions): BoolExpr<boolean, Src>;
  istartsWith(part: Operand<string>, options?: MatchOptions): BoolExpr<boolean, Src>;
  iendsWith(part: Operand<string>, options?: MatchOptions): BoolExpr<boolean, Src>;
  icontains(part: Operand<string>, options?: MatchOptions): BoolExpr<boolean, Src>;
  regexpMatch(pattern: Operand<string>, flags?: string): BoolExpr<boolean, Src>;
  regexpReplace(pattern: Operand<string>, replacement: Operand<string>, flags?: string): StrExpr<T, Src>;
  /** The database's full text search. */
  match(query: Operand<string>, options?: TextSearchOptions): BoolExpr<boolean, Src>;
  concat(other: Operand<string>): StrExpr<T, Src>;
  /** Text after text. Of a date (`t.date`), the day so many days or an interval later; of a time (`t.time`), later by an interval; of an exact number, the sum. */
  add(other: Operand<string> | number): StrExpr<T, Src>;
  /** Of an exact number: the sum. A float gives a float, `add<number>(...)`. */
  add<U = T>(other: Valued<number | bigint | null>): ExprOf<U, Src>;
  /**
   * Of a date or a time that is text: earlier by days or an interval. What lies between two, `U`, is a number of days for dates and
   * a duration for times: `a.sub<number>(b)`.
   */
  sub<U = string>(other: Operand<string> | number | Valued<number | bigint | null>): ExprOf<U | (T & null), Src>;
  /** Of an exact number (`t.numeric`), whose values are text: times another number. A float gives a float, `mul<number>(...)`. */
  mul<U = T>(other: Operand<string> | number | Valued<number | bigint | null>): ExprOf<U, Src>;
  /** Of an exact number: divided by another. A float gives a float, `div<number>(...)`. */
  div<U = T>(other: Operand<string> | number | Valued<number | bigint | null>): ExprOf<U, Src>;
  /** Of an exact number: what is left when it is divided. */
  mod<U = T>(other: Operand<string> | number | Valued<number | bigint | null>): ExprOf<U, Src>;
  /** Of an exact number: less than nothing by as much. */
  neg(): StrExpr<T, Src>;
}

/** An expression of a number. */
export interface NumExpr<T, Src = never> extends Expr<T, Src> {
  as<const N extends string>(name: N): NumExpr<T, Src> & Named<N>;
  label<const N extends string>(name: N): NumExpr<T, Src> & Named<N>;
  distinct(): NumExpr<T, Src>;
  add(other: Operand<NonNullable<T>>): NumExpr<T, Src>;
  /** With an exact number (`t.numeric`), whose values are text: an exact number. A float gives a float, `add<number>(...)`. */
  add<U = string>(other: Valued<string | null>): ExprOf<U | (T & null), Src>;
  /** With a whole number of another size: one of the larger. A float gives a float, `add<number>(...)`. */
  add<U = bigint>(other: Valued<number | bigint | null>): ExprOf<U | (T & null), Src>;
  sub(other: Operand<NonNullable<T>>): NumExpr<T, Src>;
  /** With an exact number: as `add()` of one. */
  sub<U = string>(other: Valued<string | null>): ExprOf<U | (T & null), Src>;
  /** With a whole number of another size: as `add()` of one. */
  sub<U = bigint>(other: Valued<number | bigint | null>): ExprOf<U | (T & null), Src>;
  mul(other: Operand<NonNullable<T>>): NumExpr<T, Src>;
  /** With an exact number: as `add()` of one. */
  mul<U = string>(other: Valued<string | null>): ExprOf<U | (T & null), Src>;
  /** With a whole number of another size: as `add()` of one. */
  mul<U = bigint>(other: Valued<number | bigint | null>): ExprOf<U | (T & null), Src>;
  /** True division: 7 / 2 is 3.5 on every database, and of large whole numbers too. */
  div(other: Operand<NonNullable<T>> | Valued<number | bigint | null>): NumExpr<number | (T & null), Src>;
  /** By an exact number: as `add()` of one. */
  div<U = string>(other: Valued<string | null>): ExprOf<U | (T & null), Src>;
  /** Division of whole numbers, rounded down: -7 / 2 is -4 on every database. */
  floorDiv(other: Operand<NonNullable<T>>): NumExpr<T, Src>;
  mod(other: Operand<NonNullable<T>>): NumExpr<T, Src>;
  /** By an exact number: as `add()` of one. */
  mod<U = string>(other: Valued<string | null>): ExprOf<U | (T & null), Src>;
  /** By a whole number of another size: as `add()` of one. */
  mod<U = bigint>(other: Valued<number | bigint | null>): ExprOf<U | (T & null), Src>;
  /** This number to the power of another. */
  pow(other: Operand<number>): NumExpr<number | (T & null), Src>;
  neg(): NumExpr<T, Src>;
  bitwiseAnd(other: Operand<NonNullable<T>>): NumExpr<T, Src>;
  bitwiseOr(other: Operand<NonNullable<T>>): NumExpr<T, Src>;
  bitwiseXor(other: Operand<NonNullable<T>>): NumExpr<T, Src>;
  bitwiseNot(): NumExpr<T, Src>;
  bitwiseLshift(other: Operand<NonNullable<T>>): NumExpr<T, Src>;
  bitwiseRshift(other: Operand<NonNullable<T>>): NumExpr<T, Src>;
}

/** A condition or another expression of true and false. */
export interface BoolExpr<T, Src = never> extends Expr<T, Src> {
  as<const N extends string>(name: N): BoolExpr<T, Src> & Named<N>;
  label<const N extends string>(name: N): BoolExpr<T, Src> & Named<N>;
  and(...others: Condition[]): BoolExpr<boolean, Src>;
  or(...others: Condition[]): BoolExpr<boolean, Src>;
  not(): BoolExpr<T, Src>;
}

/** An expression of a point in time. */
export interface DateExpr<T, Src = never> extends Expr<T, Src> {
  as<const N extends string>(name: N): DateExpr<T, Src> & Named<N>;
  label<const N extends string>(name: N): DateExpr<T, Src> & Named<N>;
  /** Later by an interval: an expression of one, or an ISO 8601 duration such as `"P1M"`. */
  add(interval: string | Valued): DateExpr<T, Src>;
  /** The interval since another point in time, as an ISO 8601 duration. */
  sub(other: Date | Valued<Date | null>): StrExpr<string | (T & null), Src>;
  /** Earlier by an interval. */
  sub(interval: string | Valued): DateExpr<T, Src>;
}

/** What the objects of `Temporal` have in common. */
export interface TemporalLike {
  readonly [Symbol.toStringTag]: `Temporal.${string}`;
}

/** An expression of an object of `Temporal`. */
export interface TemporalExpr<T, Src = never> extends Expr<T, Src> {
  as<const N extends string>(name: N): TemporalExpr<T, Src> & Named<N>;
  label<const N extends string>(name: N): TemporalExpr<T, Src> & Named<N>;
  /** Later by an interval: a `Temporal.Duration`, an ISO 8601 duration, or an expression of one. */
  add(interval: Valued | TemporalLike | string): TemporalExpr<T, Src>;
  /** Earlier by an interval; of another point in time, what lies between them, `U`: a number of days for dates, else a duration as text. */
  sub<U = T>(other: Valued | TemporalLike | string): ExprOf<U | (T & null), Src>;
}

/** An expression of a JSON value. */
export interface JsonExpr<T, Src = never> extends Expr<T, Src> {
  as<const N extends string>(name: N): JsonExpr<T, Src> & Named<N>;
  label<const N extends string>(name: N): JsonExpr<T, Src> & Named<N>;
  /** A member, as JSON: a key of an object or an index of an array. */
  get<K extends keyof NonNullable<T> & (string | number)>(key: K): JsonMember<NonNullable<T>[K] | null, Src>;
  /** What lies at the end of a path of keys and indexes, as JSON. */
  path<const P extends readonly (string | number)[]>(...keys: P): JsonMember<JsonAt<T, P> | null, Src>;
  /** A member as text. */
  getText<K extends keyof NonNullable<T> & (string | number)>(key: K): StrExpr<string | null, Src>;
  /** Whether another document lies within this one, `@>`. */
  contains(other: unknown): BoolExpr<boolean, Src>;
  /** Whether this document lies within another, `<@`. */
  containedBy(other: unknown): BoolExpr<boolean, Src>;
  /** Whether an object has a key. */
  hasKey(key: Operand<string>): BoolExpr<boolean, Src>;
  /** Whether an object has one of the keys. */
  hasAny(keys: readonly string[] | Valued<readonly string[] | null>): BoolExpr<boolean, Src>;
  /** Whether an object has all of the keys. */
  hasAll(keys: readonly string[] | Valued<readonly string[] | null>): BoolExpr<boolean, Src>;
  /** Whether an SQL/JSON path finds anything, `@?`. */
  pathExists(path: Operand<string>): BoolExpr<boolean, Src>;
  /** What an SQL/JSON path's predicate says, `@@`. */
  pathMatch(path: Operand<string>): BoolExpr<boolean, Src>;
  /** The document without what lies at the end of a path. */
  deletePath(...keys: readonly (string | number)[]): JsonExpr<T, Src>;
  /** Two documents as one; of a key that both have, the other's value. */
  merge(other: unknown): JsonExpr<T, Src>;
}

/** The type at the end of a path of keys and indexes of a JSON value. */
export type JsonAt<T, P extends readonly (string | number)[]> = unknown extends T
  ? unknown
  : P extends readonly [infer K, ...infer Rest extends readonly (string | number)[]]
    ? JsonAt<MemberAt<NonNullable<T>, K>, Rest>
    : T;
type MemberAt<T, K> = K extends keyof T ? T[K] : T extends readonly (infer I)[] ? I : unknown;

/** A member of a JSON value: JSON itself until one of `as...` makes an SQL value of it. */
export interface JsonMember<T, Src = never> extends JsonExpr<T, Src> {
  asString(): StrExpr<string | null, Src>;
  asInteger(): NumExpr<number | null, Src>;
  asFloat(): NumExpr<number | null, Src>;
  asBoolean(): BoolExpr<boolean | null, Src>;
  asNumeric(precision?: number, scale?: number): StrExpr<string | null, Src>;
  asJson<U = T>(): JsonMember<U, Src>;
}

/** An expression of an SQL array. */
export interface ArrayExpr<T, I, Src = never> extends Expr<T, Src> {
  as<const N extends string>(name: N): ArrayExpr<T, I, Src> & Named<N>;
  label<const N extends string>(name: N): ArrayExpr<T, I, Src> & Named<N>;
  /** One element; the first is 1, as the database counts. */
  at(index: Operand<number>): ExprOf<I | null, Src>;
  slice(from: Operand<number>, to: Operand<number>): ExprOf<T, Src>;
  contains(other: Operand<readonly I[]>): BoolExpr<boolean, Src>;
  containedBy(other: Operand<readonly I[]>): BoolExpr<boolean, Src>;
  overlap(other: Operand<readonly I[]>): BoolExpr<boolean, Src>;
  concat(other: Operand<readonly I[]>): ExprOf<T, Src>;
  /** For the right side of a comparison: `literal(3).eq(numbers.any())`. */
  any(): ExprOf<I, Src>;
  all(): ExprOf<I, Src>;
}

/** A row value: `(a, b)`. */
export interface TupleExpr<T extends readonly unknown[], Src = never> extends Expr<T, Src> {
  /** Membership in a list of rows, or in a query of as many columns. */
  in(values: InOperand<T> | TupleMembers<T>): BoolExpr<boolean, Src>;
  notIn(values: InOperand<T> | TupleMembers<T>): BoolExpr<boolean, Src>;
}
type TupleMembers<T extends readonly unknown[]> = RowsOf<
  { readonly [I in keyof T]: NonNullable<T[I]> | null } | { readonly [name: string]: NonNullable<T[number]> | null }
>;

/** What a range's value looks like; the class is a dialect's own. */
export interface RangeLike<out I = unknown> {
  readonly lower: I | null;
  readonly upper: I | null;
  readonly isEmpty: boolean;
}

/** What a range or a multirange is compared with: a range, or several. */
type RangeOperand<T, I> = Operand<NonNullable<T>> | Operand<RangeLike<I>> | Operand<readonly RangeLike<I>[]>;

/** An expression of a range of values. */
export interface RangeExpr<T, I, Src = never> extends Expr<T, Src> {
  as<const N extends string>(name: N): RangeExpr<T, I, Src> & Named<N>;
  label<const N extends string>(name: N): RangeExpr<T, I, Src> & Named<N>;
  /** Whether a value or a range lies within. */
  contains(other: RangeOperand<T, I> | Operand<I>): BoolExpr<boolean, Src>;
  containedBy(other: RangeOperand<T, I>): BoolExpr<boolean, Src>;
  overlap(other: RangeOperand<T, I>): BoolExpr<boolean, Src>;
  strictlyLeftOf(other: RangeOperand<T, I>): BoolExpr<boolean, Src>;
  strictlyRightOf(other: RangeOperand<T, I>): BoolExpr<boolean, Src>;
  notExtendRightOf(other: RangeOperand<T, I>): BoolExpr<boolean, Src>;
  notExtendLeftOf(other: RangeOperand<T, I>): BoolExpr<boolean, Src>;
  adjacentTo(other: RangeOperand<T, I>): BoolExpr<boolean, Src>;
  /** What either has. @throws DataError where a gap would be left */
  unionWith(other: Operand<NonNullable<T>>): RangeExpr<T, I, Src>;
  /** What both have. */
  intersection(other: Operand<NonNullable<T>>): RangeExpr<T, I, Src>;
  /** What the other does not have. */
  difference(other: Operand<NonNullable<T>>): RangeExpr<T, I, Src>;
}

/** Where the operators that a type defines for itself hang on its values' type; never set at run time. */
export declare const OPERATORS: unique symbol;

/**
 * A value type whose expressions have operators of their own, beside or instead of the usual ones; `defineOperators()` says what
 * they do. Values are plain `T`s.
 *
 * @example type Vec = WithOperators<number[], { distance(to: number[]): NumExpr<number> }, "lt" | "gt">;
 */
export type WithOperators<T, Ops, Without extends string = never> = T & {
  readonly [OPERATORS]?: { readonly operators: Ops; readonly without: Without };
};

/** The operators that {@link WithOperators} gives to a value type. */
export type OperatorsOf<T> = OPERATORS_KEY extends keyof NonNullable<T>
  ? NonNullable<NonNullable<T>[OPERATORS_KEY]> extends { readonly operators: infer Ops }
    ? Ops
    : unknown
  : unknown;
type OPERATORS_KEY = typeof OPERATORS;
type Without<T, E> =
  NonNullable<NonNullable<T>[OPERATORS_KEY & keyof NonNullable<T>]> extends {
    readonly without: infer Names extends string;
  }
    ? Omit<E, Names>
    : E;

/** Whether a type is `any`, which has every key and is everything. */
export type IsAny<T> = 0 extends 1 & T ? true : false;

/** The expression type of a value type: text, number, condition, date, array, JSON, or plain. What is `any` is taken for JSON. */
export type ExprOf<T, Src = never> = unknown extends T
  ? IsAny<T> extends true
    ? JsonExpr<T, Src>
    : Expr<T, Src>
  : [NonNullable<T>] extends [never]
    ? Expr<T, Src>
    : OPERATORS_KEY extends keyof NonNullable<T>
      ? Without<T, UsualExprOf<T, Src>> & OperatorsOf<T>
      : UsualExprOf<T, Src>;

type UsualExprOf<T, Src> = [NonNullable<T>] extends [string]
  ? StrExpr<T, Src>
  : [NonNullable<T>] extends [number | bigint]
    ? NumExpr<T, Src>
    : [NonNullable<T>] extends [boolean]
      ? BoolExpr<T, Src>
      : [NonNullable<T>] extends [Date]
        ? DateExpr<T, Src>
        : [NonNullable<T>] extends [Uint8Array]
          ? Expr<T, Src>
          : [NonNullable<T>] extends [TemporalLike]
            ? TemporalExpr<T, Src>
            : [NonNullable<T>] extends [readonly RangeLike<infer I>[]]
              ? RangeExpr<T, I, Src>
              : [NonNullable<T>] extends [readonly (infer I)[]]
                ? ArrayExpr<T, I, Src> & JsonExpr<T, Src>
                : [NonNullable<T>] extends [RangeLike<infer I>]
                  ? RangeExpr<T, I, Src>
                  : [NonNullable<T>] extends [object]
                    ? JsonExpr<T, Src>
                    : Expr<T, Src>;

/** The value type of an expression. */
export type ValueOf<X> = X extends Valued<infer T> ? T : never;
/**
 * A row whose values are known by name. An object type does not tell in which order its keys come, so that they are known by place
 * only where there is one.
 */
export type RowByName<R> = IsUnion<keyof R> extends true ? unknown[] & R : [R[keyof R]] & R;
type IsUnion<K, Each = K> = [K] extends [never]
  ? true
  : K extends unknown
    ? [Each] extends [K]
      ? false
      : true
    : never;

/** Spells a computed object type out, so that a hover shows its members. */
export type Simplify<T> = { [K in keyof T]: T[K] } & {};
