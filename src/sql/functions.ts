import { ColumnElement } from "./element.js";

import { expressionOrBind, requireElement } from "./elements/coerce.js";
import { NULL } from "./elements/expression.js";
import { FunctionElement } from "./elements/function-element.js";
import {
  AggregateOrderBy,
  type FunctionFilter,
  filtered,
  type Over,
  over,
  type WindowOptions,
  WithinGroup,
} from "./elements/window.js";
import { ArgumentError } from "./errors.js";
import { Node, type Parts } from "./node.js";
import type { Sequence } from "./schema/generated.js";
import { ColumnValued, TableValued } from "./selectable/table-valued.js";
import { NamedColumn } from "./selectable/textual.js";
import { bigIntType, booleanType, doubleType, integerType, nullType, numericType, textType } from "./types/base.js";
import { ArrayType, jsonType } from "./types/structured.js";
import { dateTimeType, dateType, timeType } from "./types/temporal.js";
import { plainType, type SQLType } from "./types/type.js";
import type { Condition, Expr, ExprOf, Named, Valued } from "./typing.js";

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
  /** The function in FROM, with columns of the types given. */
  tableValued<const C extends Readonly<Record<string, SQLType<unknown>>>>(
    columns: C,
    options?: { readonly name?: string; readonly withOrdinality?: string; readonly lateral?: boolean },
  ): TableValued<{ readonly [K in keyof C]: C[K] extends SQLType<infer V> ? ExprOf<V | null> & Named<K> : never }>;
  /** The function in FROM, as the one column that it gives. */
  columnValued(name?: string): ExprOf<T extends readonly (infer I)[] ? I : T>;
  /** The same call with another type of its result. */
  returns<U>(type: SQLType<U>): FunctionExpr<U>;
}

class FunctionCall extends FunctionElement {
  over(options: WindowOptions = {}): Over {
    return over(this, options);
  }
  filter(...conditions: Condition[]): FunctionFilter {
    return withWindow(filtered(this, conditions));
  }
  withinGroup(...orderBy: unknown[]): ColumnElement {
    const by = orderBy.map((each) => requireElement(each, "withinGroup()"));
    const type = this.type.family === "null" ? (by[0]?.type ?? nullType) : this.type;
    return withWindow(new WithinGroup(this, by, type));
  }
  aggregateOrderBy(...orderBy: unknown[]): FunctionCall {
    const last = this.args[this.args.length - 1];
    if (last === undefined)
      throw new ArgumentError(`${this.name}(): aggregateOrderBy() needs an argument to order by.`);
    const by = orderBy.map((each) => requireElement(each, "aggregateOrderBy()"));
    return new FunctionCall(
      this.name,
      [...this.args.slice(0, -1), new AggregateOrderBy(last, by)],
      this.type,
      this.schema,
    );
  }
  tableValued(
    columns: Readonly<Record<string, SQLType>>,
    options: { readonly name?: string; readonly withOrdinality?: string; readonly lateral?: boolean } = {},
  ): TableValued {
    const definitions = Object.entries(columns).map(([name, type]) => new NamedColumn(name, plainType(type)));
    const ordinality = options.withOrdinality !== undefined;
    if (options.withOrdinality !== undefined) definitions.push(new NamedColumn(options.withOrdinality, integerType));
    return new TableValued(
      this,
      definitions,
      options.name ?? null,
      options.lateral === true,
      ordinality,
      ordinality,
      false,
    );
  }
  columnValued(name?: string): ColumnElement {
    const type = (this.type as { itemType?: SQLType }).itemType ?? this.type;
    const table = new TableValued(this, [], name ?? null, false, false, false, false);
    return new ColumnValued(table, type);
  }
  returns(type: SQLType): FunctionCall {
    return new FunctionCall(this.name, this.args, plainType(type), this.schema);
  }
}

// FILTER and WITHIN GROUP give expressions that can have OVER and FILTER after them
function withWindow<E extends ColumnElement>(element: E): E {
  return Object.assign(element, {
    over: (options: WindowOptions = {}) => over(element, options),
    filter: (...conditions: Condition[]) => filtered(element, conditions),
  });
}

type TypeRule = SQLType | ((args: readonly ColumnElement[]) => SQLType);

const firstType: TypeRule = (args) => args.find((each) => each.type.family !== "null")?.type ?? nullType;
const sumType: TypeRule = (args) => {
  const type = args[0]?.type ?? nullType;
  return type.family === "integer" && type !== bigIntType ? integerType : type;
};
const averageType: TypeRule = (args) => (args[0]?.type.family === "numeric" ? numericType : doubleType);
const arrayType: TypeRule = (args) => new ArrayType(args[0]?.type ?? nullType);

// The types of functions that databases agree on. All others are known by their names alone.
const known: Readonly<Record<string, TypeRule>> = {
  count: integerType,
  sum: sumType,
  avg: averageType,
  min: firstType,
  max: firstType,
  coalesce: firstType,
  nullif: firstType,
  greatest: firstType,
  least: firstType,
  ifnull: firstType,
  abs: firstType,
  round: firstType,
  ceil: firstType,
  floor: firstType,
  sqrt: doubleType,
  power: doubleType,
  random: doubleType,
  length: integerType,
  char_length: integerType,
  octet_length: integerType,
  position: integerType,
  instr: integerType,
  strpos: integerType,
  sign: integerType,
  lower: textType,
  upper: textType,
  trim: textType,
  ltrim: textType,
  rtrim: textType,
  replace: textType,
  substr: textType,
  substring: textType,
  concat: textType,
  concat_ws: textType,
  left: textType,
  right: textType,
  lpad: textType,
  rpad: textType,
  reverse: textType,
  hex: textType,
  md5: textType,
  to_char: textType,
  strftime: textType,
  string_agg: textType,
  group_concat: textType,
  typeof: textType,
  now: dateTimeType,
  current_timestamp: dateTimeType,
  current_date: dateType,
  current_time: timeType,
  date_trunc: dateTimeType,
  row_number: integerType,
  rank: integerType,
  dense_rank: integerType,
  ntile: integerType,
  percent_rank: doubleType,
  cume_dist: doubleType,
  lag: firstType,
  lead: firstType,
  first_value: firstType,
  last_value: firstType,
  nth_value: firstType,
  array_agg: arrayType,
  unnest: firstType,
  array_length: integerType,
  cardinality: integerType,
  json_array_length: integerType,
  jsonb_array_length: integerType,
  json_agg: jsonType,
  jsonb_agg: jsonType,
  json_object_agg: jsonType,
  json_build_object: jsonType,
  json_object: jsonType,
  json_array: jsonType,
  json_group_array: jsonType,
  json_group_object: jsonType,
  bool_and: booleanType,
  bool_or: booleanType,
  every: booleanType,
  percentile_cont: doubleType,
  mode: nullType,
};

const registered = new Map<string, TypeRule>();

/**
 * Says which type a function's result has, for `func.name(...)`.
 *
 * @example registerFunction("st_area", t.double)
 */
export function registerFunction(name: string, type: SQLType | ((args: readonly ColumnElement[]) => SQLType)): void {
  registered.set(
    name.toLowerCase(),
    typeof type === "function" && !("visitName" in type) ? type : plainType(type as SQLType),
  );
}

function call(schema: string | null, name: string, args: readonly unknown[]): FunctionCall {
  const nodes = args.map((each, i) => {
    if (each === null) return NULL;
    if (each instanceof Node && !(each instanceof ColumnElement)) {
      const sequence = each as unknown as Sequence;
      if (sequence.isSequence === true) return new SequenceValue(sequence);
    }
    return expressionOrBind(each, null, name, `func.${name}(), argument ${i + 1}`);
  });
  const rule = registered.get(name.toLowerCase()) ?? (Object.hasOwn(known, name) ? known[name] : undefined) ?? nullType;
  const type = typeof rule === "function" ? rule(nodes) : rule;
  return new FunctionCall(name, nodes, type, schema);
}

/** `nextval('sequence')`. */
export class SequenceValue extends ColumnElement {
  static override readonly parts: Parts = { sequence: "node" };
  override get visitName(): string {
    return "SequenceValue";
  }
  constructor(readonly sequence: Sequence) {
    super();
  }
  get type(): SQLType {
    return integerType;
  }
}

/** The next value of a sequence. */
export function nextValue(sequence: Sequence): ExprOf<number> {
  return new SequenceValue(sequence) as unknown as ExprOf<number>;
}

type Value<X> = X extends Valued<infer T> ? T : X;
type Coalesced<A extends readonly unknown[]> = A extends readonly [infer X, ...infer Rest]
  ? null extends Value<X>
    ? Rest extends readonly []
      ? Widen<Value<X>>
      : NonNullable<Widen<Value<X>>> | Coalesced<Rest>
    : Widen<Value<X>>
  : never;
type Widen<T> = T extends string ? string : T extends number ? number : T extends boolean ? boolean : T;

/** Functions of the database by name. Any name may be called; those below have types. */
export interface Functions {
  /** `count(*)`, or how many are not NULL. */
  count(element?: Valued): FunctionExpr<number>;
  sum<T>(element: Valued<T>): FunctionExpr<T | null>;
  avg(element: Valued): FunctionExpr<number | null>;
  min<T>(element: Valued<T>): FunctionExpr<T | null>;
  max<T>(element: Valued<T>): FunctionExpr<T | null>;
  /** The first argument that is not NULL. */
  coalesce<const A extends readonly Arg[]>(...args: A): FunctionExpr<Coalesced<A>>;
  nullif<T>(element: Valued<T>, value: T | Valued<T>): FunctionExpr<T | null>;
  abs<T>(element: Valued<T>): FunctionExpr<T>;
  round<T>(element: Valued<T>, digits?: number | Valued<number>): FunctionExpr<T>;
  floor<T>(element: Valued<T>): FunctionExpr<T>;
  ceil<T>(element: Valued<T>): FunctionExpr<T>;
  lower<T extends string | null>(element: Valued<T> | string): FunctionExpr<T>;
  upper<T extends string | null>(element: Valued<T> | string): FunctionExpr<T>;
  trim<T extends string | null>(element: Valued<T> | string): FunctionExpr<T>;
  length<T>(element: Valued<T> | string): FunctionExpr<null extends T ? number | null : number>;
  substr(element: Arg, from: number | Valued<number>, length?: number | Valued<number>): FunctionExpr<string | null>;
  replace(element: Arg, from: Arg, to: Arg): FunctionExpr<string | null>;
  concat(...args: readonly Arg[]): FunctionExpr<string>;
  /** The time of the statement or transaction. */
  now(): FunctionExpr<Date>;
  current_timestamp(): FunctionExpr<Date>;
  current_date(): FunctionExpr<string>;
  current_time(): FunctionExpr<string>;
  random(): FunctionExpr<number>;
  row_number(): FunctionExpr<number>;
  rank(): FunctionExpr<number>;
  dense_rank(): FunctionExpr<number>;
  ntile(buckets: number): FunctionExpr<number>;
  percent_rank(): FunctionExpr<number>;
  cume_dist(): FunctionExpr<number>;
  lag<T>(element: Valued<T>, offset?: number, otherwise?: T): FunctionExpr<T | null>;
  lead<T>(element: Valued<T>, offset?: number, otherwise?: T): FunctionExpr<T | null>;
  first_value<T>(element: Valued<T>): FunctionExpr<T | null>;
  last_value<T>(element: Valued<T>): FunctionExpr<T | null>;
  array_agg<T>(element: Valued<T>): FunctionExpr<T[] | null>;
  string_agg(element: Valued<string | null>, separator: string): FunctionExpr<string | null>;
  group_concat(element: Valued, separator?: string): FunctionExpr<string | null>;
  unnest<T>(array: Valued<readonly T[] | null>): FunctionExpr<T>;
  /** A function in a schema, or any by a name that is not an identifier: `func.in("pg_catalog").version()`. */
  readonly in: (schema: string) => AnyFunctions;
  readonly [name: string]: (...args: never[]) => unknown;
}

/** Functions without known types. */
export interface AnyFunctions {
  readonly [name: string]: <T = unknown>(...args: readonly Arg[]) => FunctionExpr<T>;
}

function namespace(schema: string | null): unknown {
  const made = new Map<string, unknown>();
  return new Proxy(Object.create(null) as object, {
    get(_target, name) {
      if (typeof name !== "string" || name === "then") return undefined;
      let make = made.get(name);
      if (make === undefined) {
        make =
          schema === null && name === "in"
            ? (inner: string) => namespace(inner)
            : (...args: readonly unknown[]) => call(schema, name, args);
        made.set(name, make);
      }
      return make;
    },
    has: () => true,
  });
}

/**
 * SQL functions: `func.lower(u.name)`, `func.count()`. A name without a type here gives an unknown value; say
 * `func.st_area<number>(geom)` through {@link fn}, or register it with `registerFunction`.
 */
export const func = namespace(null) as Functions;

/** The same functions, each callable with a type of your own: `fn.st_area<number>(geom)`. */
export const fn = namespace(null) as AnyFunctions;

/** `GROUPING SETS (...)`, `ROLLUP (...)`, `CUBE (...)`. */
export class Grouping extends ColumnElement {
  static override readonly parts: Parts = { keyword: "name", sets: "nodes" };
  override get visitName(): string {
    return "Grouping";
  }
  constructor(
    readonly keyword: "GROUPING SETS" | "ROLLUP" | "CUBE",
    readonly sets: readonly ColumnElement[],
  ) {
    super();
  }
  get type(): SQLType {
    return nullType;
  }
}

function grouping(keyword: Grouping["keyword"], sets: readonly unknown[]): Expr<unknown> {
  return new Grouping(
    keyword,
    sets.map((each) => requireElement(each, `${keyword.toLowerCase()}()`)),
  ) as unknown as Expr<unknown>;
}

/** `GROUPING SETS ((a, b), (a))`: give `tuple(...)`s. */
export const groupingSets = (...sets: readonly Valued[]): Expr<unknown> => grouping("GROUPING SETS", sets);
/** `ROLLUP (a, b)`. */
export const rollup = (...sets: readonly Valued[]): Expr<unknown> => grouping("ROLLUP", sets);
/** `CUBE (a, b)`. */
export const cube = (...sets: readonly Valued[]): Expr<unknown> => grouping("CUBE", sets);
