/** Expressions with a syntax of their own, and the functions that make them: CASE, CAST, EXTRACT, AND, OR. */
import { ColumnElement, factory } from "../element.js";
import { ArgumentError } from "../errors.js";
import type { Parts } from "../node.js";
import { operators } from "../operators.js";
import { doubleType, integerType, nullType, typeOfValue } from "../types/base.js";
import { plainType, type SQLType } from "../types/type.js";
import type {
  BoolExpr,
  CollateOptions,
  Condition,
  Expr,
  ExprOf,
  Named,
  Operand,
  TupleExpr,
  Valued,
} from "../typing.js";
import type { Widened } from "./bind.js";
import { allOf, conjunction } from "./build.js";
import { expressionOrBind, requireCondition, requireElement } from "./coerce.js";
import { Cast, FALSE, NULL, TRUE, TupleElement } from "./expression.js";

/** `CASE WHEN condition THEN value ... ELSE value END`. */
export class Case extends ColumnElement {
  static override readonly parts: Parts = { subject: "node", whens: "tuples", otherwise: "node", type: "type" };
  override get visitName(): string {
    return "Case";
  }
  constructor(
    readonly subject: ColumnElement | null,
    readonly whens: readonly (readonly [ColumnElement, ColumnElement])[],
    readonly otherwise: ColumnElement | null,
    readonly type: SQLType,
  ) {
    super();
  }
}

/** SQL text that stands for a column or an expression. It is written as it is: never put input into it. */
export class LiteralColumn extends ColumnElement {
  static override readonly parts: Parts = { name: "name", type: "type" };
  override get visitName(): string {
    return "LiteralColumn";
  }
  constructor(
    readonly name: string,
    readonly type: SQLType,
  ) {
    super();
  }
  override get key(): string {
    return this.name;
  }
}

/** `EXTRACT(field FROM element)`. */
export class Extract extends ColumnElement {
  static override readonly parts: Parts = { field: "name", element: "node" };
  override get visitName(): string {
    return "Extract";
  }
  constructor(
    readonly field: string,
    readonly element: ColumnElement,
  ) {
    super();
  }
  get type(): SQLType {
    return FRACTIONS.has(this.field) ? doubleType : integerType;
  }
}

const FRACTIONS: ReadonlySet<string> = new Set(["second", "millisecond", "milliseconds", "epoch", "julian"]);

type Value<X> = X extends Valued<infer T> ? T : X;
/** A value or an expression of any type. */
export type ValueOrExpr = Valued | string | number | boolean | bigint | Date | null;

/**
 * `CASE`, searched or simple.
 *
 * @param whens pairs of a condition and what the expression then is
 * @param options.else what it is otherwise; NULL where absent
 * @param options.value compares this expression with the first of each pair
 * @example caseWhen([[u.age.lt(18), "minor"]], { else: "adult" })
 */
export function caseWhen<const R extends ValueOrExpr, const E extends ValueOrExpr = null>(
  whens: readonly (readonly [Condition | ValueOrExpr, R])[],
  options: { readonly else?: E; readonly value?: Valued } = {},
): ExprOf<Widened<Value<R> | Value<E>>> {
  if (whens.length === 0) throw new ArgumentError("caseWhen() needs at least one pair of a condition and a value.");
  const subject = options.value === undefined ? null : requireElement(options.value, "caseWhen({ value })");
  const results = [...whens.map((pair) => pair[1] as unknown), options.else as unknown];
  let type: SQLType = nullType;
  for (const each of results) {
    if (each instanceof ColumnElement && each.type.family !== "null") {
      type = each.type;
      break;
    }
  }
  const result = (value: unknown): ColumnElement =>
    value === null ? NULL : expressionOrBind(value, type.family === "null" ? null : type, "case", "caseWhen()");
  const pairs = whens.map(([when, then]): [ColumnElement, ColumnElement] => [
    subject === null ? requireCondition(when, "caseWhen()") : factory.operand(when, subject, operators.eq),
    result(then),
  ]);
  const otherwise = options.else === undefined ? null : result(options.else);
  if (type.family === "null") {
    type = pairs.map((pair) => pair[1].type).find((each) => each.family !== "null") ?? otherwise?.type ?? nullType;
  }
  return new Case(subject, pairs, otherwise, type) as unknown as ExprOf<Widened<Value<R> | Value<E>>>;
}

/** `CAST(value AS type)`. */
export function cast<T>(value: ValueOrExpr, type: SQLType<T>): ExprOf<T> {
  const plain = plainType(type);
  const element =
    value === null
      ? NULL
      : expressionOrBind(value, value instanceof ColumnElement ? null : castFrom(value, plain), "param", "cast()");
  return new Cast(element, plain as SQLType, false) as unknown as ExprOf<T>;
}

// Text that is to become a number is bound as text: making something else of it is the cast's work.
function castFrom(value: unknown, type: SQLType<unknown>): SQLType {
  const natural = typeOfValue(value);
  const reads = type.family === "integer" || type.family === "float" || type.family === "boolean";
  return natural.family === "string" && reads ? natural : (type as SQLType);
}

/** A cast that gives NULL for what cannot be cast, where the database has one. */
export function tryCast<T>(value: ValueOrExpr, type: SQLType<T>): ExprOf<T | null> {
  const element = value === null ? NULL : expressionOrBind(value, null, "param", "tryCast()");
  return new Cast(element, plainType(type) as SQLType, true) as unknown as ExprOf<T | null>;
}

/** Takes an expression or a value to be of a type, with no trace in the SQL. */
export function typeCoerce<T>(value: unknown, type: SQLType<T>): ExprOf<T> {
  const plain = plainType(type) as SQLType;
  const element = value instanceof ColumnElement ? value : expressionOrBind(value, plain, "param", "typeCoerce()");
  return factory.coerce(element, plain) as unknown as ExprOf<T>;
}

/** SQL text as an expression. It is written as it is: never put input into it. */
export function literalColumn<T = unknown>(sql: string, type?: SQLType<T>): ExprOf<T> {
  if (sql.includes("\0")) throw new ArgumentError("literalColumn(): the SQL holds a NUL character.");
  return new LiteralColumn(sql, type === undefined ? nullType : (plainType(type) as SQLType)) as unknown as ExprOf<T>;
}

/** The SQL keyword NULL. */
export function null_(): Expr<null> {
  return NULL as unknown as Expr<null>;
}
/** The SQL constant of truth. */
export function true_(): BoolExpr<boolean> {
  return TRUE as unknown as BoolExpr<boolean>;
}
/** The SQL constant of falsehood. */
export function false_(): BoolExpr<boolean> {
  return FALSE as unknown as BoolExpr<boolean>;
}

/** Conditions of which all must hold; none at all is true. */
export function and(...conditions: readonly Condition[]): BoolExpr<boolean> {
  return allOf(conditions);
}
/** Conditions of which one must hold; none at all is false. */
export function or(...conditions: readonly Condition[]): BoolExpr<boolean> {
  return conjunction(operators.or, conditions);
}
/** The opposite of a condition. */
export function not(condition: Condition): BoolExpr<boolean> {
  return factory.negate(requireCondition(condition, "not()"));
}

/** A row value: `(a, b)`, as `tuple(a, b).in([[1, 2], [3, 4]])` uses it. */
export function tuple<const A extends readonly (Valued | ValueOrExpr)[]>(
  ...elements: A
): TupleExpr<{ -readonly [I in keyof A]: Widened<Value<A[I]>> }> {
  const nodes = elements.map((each) => (each === null ? NULL : expressionOrBind(each, null, "param", "tuple()")));
  return new TupleElement(nodes) as never;
}

const fields = new Set(
  "century day decade dow doy epoch hour isodow isoyear julian microseconds millennium milliseconds minute month quarter second timezone timezone_hour timezone_minute week year".split(
    " ",
  ),
);

/** A part of a date or a time: `extract("year", u.createdAt)`. */
export function extract(field: string, element: Valued): ExprOf<number> {
  const name = field.toLowerCase();
  if (!fields.has(name))
    throw new ArgumentError(`extract(): ${JSON.stringify(field)} is not one of ${[...fields].join(", ")}.`);
  return new Extract(name, requireElement(element, "extract()")) as unknown as ExprOf<number>;
}

/** `element COLLATE name`. */
export function collate<T, Src>(element: Expr<T, Src>, name: string, options: CollateOptions = {}): ExprOf<T, Src> {
  return factory.collate(requireElement(element, "collate()"), name, options.schema ?? null) as unknown as ExprOf<
    T,
    Src
  >;
}

/** `element BETWEEN low AND high`, for an element that has no method of its own. */
export function between<T>(
  element: Valued<T>,
  low: Operand<NonNullable<T>>,
  high: Operand<NonNullable<T>>,
  options?: { readonly symmetric?: boolean },
): BoolExpr<boolean> {
  return requireElement(element, "between()").between(low, high, options);
}

/** `DISTINCT element`, inside an aggregate: `func.count(distinct(sale.c.item))`. */
export function distinct<T>(element: Valued<T>): ExprOf<T> {
  return requireElement(element, "distinct()").distinct() as unknown as ExprOf<T>;
}

/** `~element`. */
export function bitwiseNot<T extends number | bigint | null>(element: Valued<T>): ExprOf<T> {
  return requireElement(element, "bitwiseNot()").bitwiseNot() as unknown as ExprOf<T>;
}

/** `element AS name`. */
export function label<T, const N extends string>(name: N, element: Valued<T>): ExprOf<T> & Named<N> {
  return requireElement(element, "label()").label(name) as unknown as ExprOf<T> & Named<N>;
}
