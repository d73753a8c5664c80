/** The functions that `func` knows: what they take and give. */
import type { Widened } from "./elements/bind.js";
import type { WindowOptions } from "./elements/window.js";
import type { Sequence } from "./schema/generated.js";
import type { TableValued } from "./selectable/table-valued.js";
import type { TsQuery, TsVector } from "./types/text-search.js";
import type { SQLType } from "./types/type.js";
import type { Condition, ExprOf, Named, Valued } from "./typing.js";

/** What a function takes: expressions and plain values. */
export type Arg = Valued | string | number | boolean | bigint | Date | Uint8Array | null | readonly unknown[] | object;

/** A call of a function: an expression that can also be a window, an aggregate with a filter, a FROM element. */
export type FunctionExpr<T> = ExprOf<T> & FunctionMethods<T>;

/** What the call of a function can become. */
export interface FunctionMethods<T> {
  /** `f() OVER (PARTITION BY ... ORDER BY ... ROWS ...)`. */
  over(options?: WindowOptions): ExprOf<T>;
  /** `f() FILTER (WHERE ...)`. */
  filter(...conditions: Condition[]): FunctionExpr<T>;
  /** `f() WITHIN GROUP (ORDER BY ...)`. */
  withinGroup(...orderBy: Valued[]): FunctionExpr<T>;
  /** `f(argument ORDER BY ...)`. */
  aggregateOrderBy(...orderBy: Valued[]): FunctionExpr<T>;
  /**
   * The function in FROM, with columns of the types given.
   *
   * @example const each = func.jsonEach(docs.c.body).tableValued({ key: t.text })
   */
  tableValued<const C extends Readonly<Record<string, SQLType<unknown>>>, const O extends string = never>(
    columns: C,
    options?: TableValuedOptions<O>,
  ): TableValued<TableValuedColumns<C> & OrdinalityColumn<O>>;
  /** The function in FROM, as the one column that it gives. */
  columnValued(name?: string): ExprOf<T extends readonly (infer I)[] ? I : T>;
  /** One column of the function's composite result: `(f(x)).name`. */
  scalarTableValued<U>(name: string, type: SQLType<U>): ExprOf<U | null>;
  /** The same call with another type of its result. */
  returns<U>(type: SQLType<U>): FunctionExpr<U>;
}

/** Options of `tableValued()`. */
export interface TableValuedOptions<O extends string = string> {
  /** The alias; made up where absent. */
  readonly name?: string;
  /** WITH ORDINALITY: a column of this name counts the rows. */
  readonly withOrdinality?: O;
  readonly lateral?: boolean;
}

/** The columns of a function in FROM. */
export type TableValuedColumns<C> = {
  readonly [K in keyof C]: C[K] extends SQLType<infer V> ? ExprOf<V | null> & Named<K> : never;
};
type OrdinalityColumn<O extends string> = [O] extends [never]
  ? unknown
  : { readonly [K in O]: ExprOf<bigint> & Named<K> };

type Value<X> = X extends Valued<infer T> ? T : X;
type Coalesced<A extends readonly unknown[]> = A extends readonly [infer X, ...infer Rest]
  ? null extends Value<X>
    ? Rest extends readonly []
      ? Widened<Value<X>>
      : NonNullable<Widened<Value<X>>> | Coalesced<Rest>
    : Widened<Value<X>>
  : never;
/** A value as it arrives inside a JSON document: points in time, bytes and exact numbers are text. */
export type JsonOf<T> = T extends Date | bigint | Uint8Array ? string : T;
/** A JSON object of the members given. */
export type JsonObjectOf<R> = { -readonly [K in keyof R]: JsonOf<Widened<Value<R[K]>>> };
type Members = Readonly<Record<string, Arg>>;

type Text = Valued<string | null> | string;
type Num = Valued<number | null> | number;

/** Functions whose types are known. Each can also be called by its name in camelCase. */
export interface KnownFunctions {
  /** `count(*)`, or how many are not NULL. */
  count(element?: Valued): FunctionExpr<number>;
  sum<T>(element: Valued<T>): FunctionExpr<T | null>;
  avg(element: Valued): FunctionExpr<number | null>;
  min<T>(element: Valued<T>): FunctionExpr<T | null>;
  max<T>(element: Valued<T>): FunctionExpr<T | null>;
  /** The first argument that is not NULL. */
  coalesce<const A extends readonly Arg[]>(...args: A): FunctionExpr<Coalesced<A>>;
  nullif<T>(element: Valued<T>, value: T | Valued<T>): FunctionExpr<T | null>;
  greatest<T>(first: Valued<T>, ...others: readonly (T | Valued<T>)[]): FunctionExpr<T>;
  least<T>(first: Valued<T>, ...others: readonly (T | Valued<T>)[]): FunctionExpr<T>;
  abs<T>(element: Valued<T>): FunctionExpr<T>;
  abs(value: number): FunctionExpr<number>;
  round<T>(element: Valued<T>, digits?: Num): FunctionExpr<T>;
  round(value: number, digits?: Num): FunctionExpr<number>;
  floor<T>(element: Valued<T>): FunctionExpr<T>;
  floor(value: number): FunctionExpr<number>;
  ceil<T>(element: Valued<T>): FunctionExpr<T>;
  ceil(value: number): FunctionExpr<number>;
  power(base: Num, exponent: Num): FunctionExpr<number | null>;
  pow(base: Num, exponent: Num): FunctionExpr<number | null>;
  sqrt(element: Num): FunctionExpr<number | null>;
  mod<T>(element: Valued<T>, divisor: T | Valued<T>): FunctionExpr<T | null>;
  lower<T extends string | null>(element: Valued<T> | string): FunctionExpr<T>;
  upper<T extends string | null>(element: Valued<T> | string): FunctionExpr<T>;
  trim<T extends string | null>(element: Valued<T> | string): FunctionExpr<T>;
  length<T>(element: Valued<T> | string): FunctionExpr<null extends T ? number | null : number>;
  char_length<T>(element: Valued<T> | string): FunctionExpr<null extends T ? number | null : number>;
  substr(element: Arg, from: Num, length?: Num): FunctionExpr<string | null>;
  replace(element: Arg, from: Arg, to: Arg): FunctionExpr<string | null>;
  concat(...args: readonly Arg[]): FunctionExpr<string>;
  /** The time of the statement or transaction. */
  now(): FunctionExpr<Date>;
  current_timestamp(): FunctionExpr<Date>;
  current_date(): FunctionExpr<string>;
  current_time(): FunctionExpr<string>;
  localtime(): FunctionExpr<string>;
  localtimestamp(): FunctionExpr<Date>;
  current_user(): FunctionExpr<string>;
  session_user(): FunctionExpr<string>;
  user(): FunctionExpr<string>;
  /** The next value of a sequence. */
  next_value(sequence: Sequence): FunctionExpr<number>;
  random(): FunctionExpr<number>;
  row_number(): FunctionExpr<number>;
  rank(...args: readonly Arg[]): FunctionExpr<number>;
  dense_rank(...args: readonly Arg[]): FunctionExpr<number>;
  ntile(buckets: Num): FunctionExpr<number>;
  percent_rank(...args: readonly Arg[]): FunctionExpr<number>;
  cume_dist(...args: readonly Arg[]): FunctionExpr<number>;
  lag<T>(element: Valued<T>, offset?: number, otherwise?: T): FunctionExpr<T | null>;
  lead<T>(element: Valued<T>, offset?: number, otherwise?: T): FunctionExpr<T | null>;
  first_value<T>(element: Valued<T>): FunctionExpr<T | null>;
  last_value<T>(element: Valued<T>): FunctionExpr<T | null>;
  nth_value<T>(element: Valued<T>, n: number): FunctionExpr<T | null>;
  /** With `withinGroup()`: the value at a fraction of the group, between two where it falls between them; for several fractions an array. */
  percentile_cont(fraction: number): FunctionExpr<number | null>;
  percentile_cont(fractions: readonly number[]): FunctionExpr<number[] | null>;
  /** With `withinGroup()`: the first value at or behind a fraction of the group. Say its type: `func.percentileDisc<string>(0.5)`. */
  percentile_disc<T = unknown>(fraction: number): FunctionExpr<T | null>;
  percentile_disc<T = unknown>(fractions: readonly number[]): FunctionExpr<T[] | null>;
  /** With `withinGroup()`: the value that comes most often. */
  mode<T = unknown>(): FunctionExpr<T | null>;
  /**
   * A JSON object: of members by name, typed, or of names and values in turn.
   *
   * @example func.jsonAgg(func.jsonBuildObject({ id: pet.c.id, name: pet.c.name })) // { id: number; name: string }[] | null
   */
  json_build_object<const R extends Members>(members: R): FunctionExpr<JsonObjectOf<R>>;
  json_build_object(...namesAndValues: readonly Arg[]): FunctionExpr<unknown>;
  jsonb_build_object<const R extends Members>(members: R): FunctionExpr<JsonObjectOf<R>>;
  jsonb_build_object(...namesAndValues: readonly Arg[]): FunctionExpr<unknown>;
  /** The values of a group as a JSON array; where there is none, NULL, or on SQLite an empty array. */
  json_agg<T>(element: Valued<T>): FunctionExpr<JsonOf<T>[] | null>;
  jsonb_agg<T>(element: Valued<T>): FunctionExpr<JsonOf<T>[] | null>;
  array_agg<T>(element: Valued<T>): FunctionExpr<T[] | null>;
  /** The texts of a group with a separator between them, on every database. */
  aggregate_strings(element: Valued<string | null>, separator: string): FunctionExpr<string | null>;
  string_agg(element: Valued<string | null>, separator: string): FunctionExpr<string | null>;
  group_concat(element: Valued, separator?: string): FunctionExpr<string | null>;
  bool_and(element: Condition): FunctionExpr<boolean | null>;
  bool_or(element: Condition): FunctionExpr<boolean | null>;
  unnest<T>(array: Valued<readonly T[] | null> | readonly T[]): FunctionExpr<T>;
  /** Rows of numbers, or of points in time by an interval. */
  generate_series<T extends number | bigint | Date = number>(
    start: T | Valued<T>,
    stop: T | Valued<T>,
    step?: Arg,
  ): FunctionExpr<Widened<T>>;
  /** A document for search. An index serves where it is over the very same expression: the configuration is written into the SQL. */
  to_tsvector(config: Text, document?: Text): FunctionExpr<TsVector>;
  /** Gives the words of a document a weight, by which `ts_rank` counts them. */
  setweight(vector: Valued<TsVector | null>, weight: "A" | "B" | "C" | "D"): FunctionExpr<TsVector>;
  /** A query with operators: `"cat & (dog | !bird)"`. Text that is no query is a DataError. */
  to_tsquery(config: Text, query?: Text): FunctionExpr<TsQuery>;
  /** A query of words that must all be there. */
  plainto_tsquery(config: Text, query?: Text): FunctionExpr<TsQuery>;
  /** A query of words that must follow each other. */
  phraseto_tsquery(config: Text, query?: Text): FunctionExpr<TsQuery>;
  /** A query as people write them to search engines: `"quoted phrase" or -not`. Any text is one. */
  websearch_to_tsquery(config: Text, query?: Text): FunctionExpr<TsQuery>;
  tsquery_and(one: Valued<TsQuery>, other: Valued<TsQuery>): FunctionExpr<TsQuery>;
  tsquery_or(one: Valued<TsQuery>, other: Valued<TsQuery>): FunctionExpr<TsQuery>;
  tsquery_not(query: Valued<TsQuery>): FunctionExpr<TsQuery>;
  /** One behind the other, so many words apart. */
  tsquery_phrase(one: Valued<TsQuery>, other: Valued<TsQuery>, distance?: number): FunctionExpr<TsQuery>;
  /** How well a document answers a query; `normalization` is a sum of PostgreSQL's flags, such as 1 for long documents. */
  ts_rank(vector: Valued<TsVector | null>, query: Valued<TsQuery>, normalization?: number): FunctionExpr<number>;
  /** The same, by how close the words are to each other. */
  ts_rank_cd(vector: Valued<TsVector | null>, query: Valued<TsQuery>, normalization?: number): FunctionExpr<number>;
  /** A part of a text with the words found marked. @param options as PostgreSQL has them: `"MaxFragments=2, StartSel=<mark>, StopSel=</mark>"` */
  ts_headline(document: Text, query: Valued<TsQuery>, options?: string): FunctionExpr<string>;
  ts_headline(config: string, document: Text, query: Valued<TsQuery>, options?: string): FunctionExpr<string>;
}

type Camel<S extends string> = S extends `${infer Head}_${infer Rest}` ? `${Head}${Capitalize<Camel<Rest>>}` : S;
type CamelFunctions = { readonly [K in keyof KnownFunctions as Camel<K>]: KnownFunctions[K] };

/** Functions without known types. */
export interface AnyFunctions {
  readonly [name: string]: <T = unknown>(...args: readonly Arg[]) => FunctionExpr<T>;
}

/** Functions of the database by name. Any name may be called; those of {@link KnownFunctions} have types. */
export type Functions = KnownFunctions &
  CamelFunctions & {
    /** Functions of a schema: `func.in("pg_catalog").version()`. */
    readonly in: (schema: string) => AnyFunctions;
  } & AnyFunctions;
