/** What an operand may be: expressions, plain values, and what stands for one. */
import { ColumnElement } from "../element.js";
import { ArgumentError } from "../errors.js";
import type { Operator } from "../operators.js";
import { AS_OPERAND, ENTITY } from "../protocol.js";
import { stringType, typeOfValue } from "../types/base.js";
import { describeValue } from "../types/describe-value.js";
import type { SQLType } from "../types/type.js";
import { type BindParameter, bindValue, refuseValue } from "./bind.js";
import { NULL, TupleElement } from "./expression.js";

/** An element that stands for something else in an expression: a select for its scalar subquery. */
export interface OperandSource {
  [AS_OPERAND](): ColumnElement;
}

/**
 * The right side of an operator as an element. A plain value becomes a bound parameter; its type is the left side's,
 * unless that type or the operator says otherwise.
 */
export function operand(value: unknown, owner: ColumnElement, operator: Operator): ColumnElement {
  if (value instanceof ColumnElement) return untyped(value) ? adopt(value as BindParameter, owner, operator) : value;
  if (value === null) {
    switch (operator.name) {
      case "lt":
      case "le":
      case "gt":
      case "ge":
      case "like":
      case "in":
        throw new ArgumentError(
          `${describeElement(owner)} ${operator.sql} NULL is never true. Use isNull() or isNotNull(), or leave the condition out.`,
        );
    }
    return NULL;
  }
  if (typeof value === "object") {
    const source = value as Partial<OperandSource>;
    if (typeof source[AS_OPERAND] === "function") return source[AS_OPERAND]();
  }
  if (owner instanceof TupleElement) return rowBeside(owner, value, operator, `${operator.sql} takes a row`);
  refuseOperand(value, owner, operator);
  return bindValue(value, boundType(value, owner, operator), owner.key);
}

/**
 * A row of values beside a row value.
 *
 * @param what the operator and what it takes, for the error: `= takes a row`
 */
export function rowBeside(owner: TupleElement, row: unknown, operator: Operator, what: string): ColumnElement {
  const { elements } = owner;
  if (!Array.isArray(row) || row.length !== elements.length) {
    throw new ArgumentError(
      `${describeElement(owner)} ${what} of ${elements.length} values, not ${describeValue(row)}.`,
    );
  }
  return new TupleElement(row.map((item, i) => operand(item, elements[i], operator)));
}

/** The type that a plain value takes beside `owner`. */
export function boundType(value: unknown, owner: ColumnElement, operator: Operator): SQLType {
  const type = owner.type;
  if (type.family === "null") return typeOfValue(value);
  switch (operator.name) {
    case "hasKey":
    case "regexpMatch":
    case "match":
    case "jsonPathExists":
    case "jsonPathMatch":
      return stringType;
    default: {
      const found = type.coerceComparedValue(operator.name, value);
      // What is compared with a password may be one.
      return type.concealed ? found.conceal() : found;
    }
  }
}

function refuseOperand(value: unknown, owner: ColumnElement, operator: Operator): void {
  switch (typeof value) {
    case "undefined":
    case "function":
    case "symbol":
      break;
    case "object":
      if (typeof (value as { then?: unknown }).then === "function") break;
      if (isMapped(value as object)) {
        throw new ArgumentError(
          `${describeElement(owner)} ${operator.sql} ...: ${describeValue(value)} is a mapped object, not a value. Compare with one of its key attributes, or use the relationship.`,
        );
      }
      return;
    default:
      return;
  }
  refuseValue(value, `${describeElement(owner)} ${operator.sql} ...`);
}

function isMapped(value: object): boolean {
  const owner = (value as { constructor?: unknown }).constructor;
  return typeof owner === "function" && (owner as { [ENTITY]?: unknown })[ENTITY] != null;
}

function untyped(element: ColumnElement): boolean {
  return element.visitName === "BindParameter" && element.type.family === "null";
}

// bindparam("x") without a type takes the type of the other side; a value that is known may refine it
function adopt(bind: BindParameter, owner: ColumnElement, operator: Operator): BindParameter {
  if (owner.type.family === "null") return bind;
  return bind.withType(bind.value == null ? owner.type : boundType(bind.value, owner, operator));
}

/** An element in the words of an error message: `users.name`, or its SQL. */
export function describeElement(element: ColumnElement): string {
  const text = element.toString();
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

/**
 * A condition as `where`, `having` and `and` take it, or an ArgumentError. `place` names the method.
 */
export function requireCondition(value: unknown, place: string): ColumnElement {
  if (value instanceof ColumnElement) return value;
  if (typeof value === "object" && value !== null) {
    const source = value as Partial<OperandSource>;
    if (typeof source[AS_OPERAND] === "function") return source[AS_OPERAND]();
    if (typeof (value as { then?: unknown }).then === "function") {
      throw new ArgumentError(`${place} got a Promise. Conditions are built without await, and lambdas are not async.`);
    }
  }
  if (typeof value === "boolean") {
    throw new ArgumentError(
      `${place} got ${value}, not an SQL expression. JavaScript's ===, &&, || and ! compare objects, not columns: write u.id.eq(5), and(a, b), or(a, b), not(a). For a constant, use true_() or false_().`,
    );
  }
  if (typeof value === "string") {
    throw new ArgumentError(`${place} got a string. Write text(${JSON.stringify(value)}) if it is SQL.`);
  }
  if (value === undefined) {
    throw new ArgumentError(`${place} got undefined. A lambda must return its condition; leave the call out for none.`);
  }
  throw new ArgumentError(`${place} takes an SQL expression, not ${describeValue(value)}.`);
}

/**
 * An expression where a plain value may stand too (function arguments, CASE results, SET values): a value is bound
 * by `type`, or by its own when that is null.
 */
export function expressionOrBind(
  value: unknown,
  type: SQLType | null,
  hint: string | null,
  place: string,
): ColumnElement {
  if (value instanceof ColumnElement) {
    if (type !== null && untyped(value)) return (value as BindParameter).withType(type);
    return value;
  }
  if (typeof value === "object" && value !== null) {
    const source = value as Partial<OperandSource>;
    if (typeof source[AS_OPERAND] === "function") return source[AS_OPERAND]();
    if (isMapped(value)) {
      throw new ArgumentError(`${place}: ${describeValue(value)} is a mapped object, not a value. Give its key.`);
    }
  }
  refuseValue(value, place);
  return bindValue(value, type === null || type.family === "null" ? typeOfValue(value) : type, hint);
}

/** An expression, and nothing else: for select lists, ORDER BY and GROUP BY. */
export function requireElement(value: unknown, place: string): ColumnElement {
  if (value instanceof ColumnElement) return value;
  if (typeof value === "object" && value !== null) {
    const source = value as Partial<OperandSource>;
    if (typeof source[AS_OPERAND] === "function") return source[AS_OPERAND]();
  }
  if (typeof value === "string") {
    throw new ArgumentError(
      `${place} got the string ${JSON.stringify(value)}. Name a column (users.c.name, u.name), or write text(...) or literalColumn(...) for SQL, literal(...) for a value.`,
    );
  }
  throw new ArgumentError(
    `${place} takes an SQL expression, not ${describeValue(value)}. Bind a value with literal(...).`,
  );
}
