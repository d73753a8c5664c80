/** How operators make expressions of their operands: types, NULL, lists and patterns. */
import {
  ColumnElement,
  type ElementFactory,
  escapeMark,
  factory,
  type LooseElement,
  type SearchShape,
} from "../element.js";
import { ArgumentError } from "../errors.js";
import type { Node } from "../node.js";
import { negated, type Operator, operators } from "../operators.js";
import { AS_MEMBERS } from "../protocol.js";
import {
  bigIntType,
  booleanType,
  doubleType,
  integerType,
  NumericType,
  nullType,
  numericType,
  stringType,
  textType,
  wideIntegerType,
} from "../types/base.js";
import { describeValue } from "../types/describe-value.js";
import { ArrayType } from "../types/structured.js";
import { dateTimeType, intervalType } from "../types/temporal.js";
import { plainType, type SQLType, type TypeFamily } from "../types/type.js";
import type { MatchOptions } from "../typing.js";
import { BindParameter, bindValue, refuseValue } from "./bind.js";
import { boundType, describeElement, operand, requireCondition, rowBeside } from "./coerce.js";
import {
  Between,
  BinaryExpression,
  BooleanClauseList,
  Cast,
  Collate,
  FALSE,
  False,
  Label,
  NULL,
  Null,
  TRUE,
  True,
  TupleElement,
  TypeCoerce,
  UnaryExpression,
} from "./expression.js";
import { FunctionElement } from "./function-element.js";

const textArray = new ArrayType(textType);

const loose = (element: ColumnElement): LooseElement => element as LooseElement;

/** The type of `left operator right`. */
function resultType(operator: Operator, left: SQLType, right: SQLType): SQLType {
  switch (operator.result) {
    case "boolean":
      return booleanType;
    case "left":
      return left.family === "null" ? right : left;
    case "string":
      return left.family === "string" || left.family === "array" ? left : textType;
    case "arithmetic":
      return arithmeticType(operator, left, right);
    default:
      return nullType;
  }
}

function arithmeticType(operator: Operator, left: SQLType, right: SQLType): SQLType {
  const a = left.family;
  const b = right.family;
  if (a === "null") return right;
  if (b === "null") return left;
  if (operator === operators.div && a === "integer" && b === "integer") return doubleType;
  if (a === "integer" && b === "integer") {
    if (left.visitName === "visitBigInteger" || right.visitName === "visitBigInteger") return bigIntType;
    return left === wideIntegerType || right === wideIntegerType ? wideIntegerType : integerType;
  }
  if (a === "interval" || isTemporal(a) || isTemporal(b)) return timeArithmeticType(operator, left, right);
  if (a === "float" || b === "float") return doubleType;
  if (a === "numeric" || b === "numeric") return a === "numeric" || a === "integer" ? numericType : left;
  return left;
}

const isTemporal = (family: TypeFamily): boolean => family === "date" || family === "datetime" || family === "time";

// Of two points the difference; of a point and an interval another point, with a time of day where either has one.
function timeArithmeticType(operator: Operator, left: SQLType, right: SQLType): SQLType {
  const a = left.family;
  const b = right.family;
  if (a === "interval")
    return operator === operators.add && isTemporal(b) ? timeArithmeticType(operator, right, left) : left;
  if (a === "date" && b === "date") return operator === operators.sub ? integerType : left;
  if (a === "integer") return right;
  if (isTemporal(a) && isTemporal(b)) return operator === operators.sub ? intervalType : dateTimeType;
  return a === "date" && b === "interval" ? dateTimeType : left;
}

function binary(
  left: ColumnElement,
  operator: Operator,
  right: Node,
  options?: { modifier?: string | null; type?: SQLType },
): LooseElement {
  const type =
    options?.type ??
    (operator.result === "boolean"
      ? booleanType
      : resultType(operator, left.type, right instanceof ColumnElement ? right.type : nullType));
  return loose(new BinaryExpression(left, operator, right, type, options?.modifier ?? null));
}

function compareNull(left: ColumnElement, negative: boolean): LooseElement {
  return loose(new BinaryExpression(left, negative ? operators.isNot : operators.is, NULL, booleanType, null));
}

/** The right side of IN: a list becomes one expanding parameter, however long; a query stands as it is. */
function membership(left: ColumnElement, operator: Operator, values: unknown): LooseElement {
  if (values !== null && typeof values === "object") {
    const source = values as { [AS_MEMBERS]?: () => Node };
    if (typeof source[AS_MEMBERS] === "function") return binary(left, operator, source[AS_MEMBERS]());
  }
  if (values instanceof BindParameter) {
    const type = values.type.family === "null" ? left.type : values.type;
    const { value, name, required, callable, hint, literalExecute } = values;
    return binary(left, operator, new BindParameter(value, type, name, true, required, callable, hint, literalExecute));
  }
  if (values instanceof ColumnElement) return binary(left, operator, values);
  const list = Array.isArray(values)
    ? (values as unknown[])
    : values instanceof Set
      ? [...(values as Set<unknown>)]
      : null;
  if (list === null) {
    throw new ArgumentError(
      `${describeElement(left)} IN ... takes an array, a Set or a select of one column, not ${describeValue(values)}.`,
    );
  }
  return binary(left, operator, memberList(left, operator, list));
}

function memberList(left: ColumnElement, operator: Operator, list: readonly unknown[]): ColumnElement {
  if (list.some((item) => item instanceof ColumnElement)) {
    return new TupleElement(list.map((item) => operand(item, left, operators.eq)));
  }
  if (left instanceof TupleElement)
    return new TupleElement(
      list.map((row) =>
        row instanceof ColumnElement ? row : rowBeside(left, row, operators.eq, "IN (...) takes rows"),
      ),
    );
  for (const item of list) {
    if (item === null) {
      throw new ArgumentError(
        `${describeElement(left)} ${operator.sql} (...) holds null, which is equal to nothing. Take it out and add .isNull() with or().`,
      );
    }
    // The words are made for the error only: they have the element compiled.
    refuseValue(item, () => `${describeElement(left)} ${operator.sql} (...)`);
  }
  return new BindParameter(list, listType(left, list), null, true, false, null, left.key);
}

function listType(left: ColumnElement, list: readonly unknown[]): SQLType {
  const first = list[0];
  if (first === undefined) return left.type;
  let type = boundType(first, left, operators.eq);
  if (type === left.type) {
    for (const item of list) {
      const other = boundType(item, left, operators.eq);
      if (other !== type) {
        type = other;
        break;
      }
    }
  }
  return type;
}

function search(left: ColumnElement, part: unknown, shape: SearchShape, options: MatchOptions = {}): LooseElement {
  let escapeWith = options.escape === undefined ? null : escapeMark(options.escape);
  let value: unknown = part;
  if (options.autoescape === true) {
    if (typeof part !== "string") {
      throw new ArgumentError(`${describeElement(left)}: autoescape needs a plain string, not ${describeValue(part)}.`);
    }
    escapeWith ??= "/";
    value = escapeWildcards(part, escapeWith);
  }
  const operator = shape.ignoreCase ? operators.ilike : operators.like;
  let pattern: ColumnElement;
  if (typeof value === "string") {
    // the wildcards are added to the value, so that the database can use an index on a prefix
    const text = `${shape.before ? "%" : ""}${value}${shape.after ? "%" : ""}`;
    pattern = bindValue(text, boundType(text, left, operator), left.key);
  } else {
    let element = operand(value, left, operator);
    if (shape.before) element = binary(bindValue("%", stringType, "percent"), operators.concat, element);
    if (shape.after) element = binary(element, operators.concat, bindValue("%", stringType, "percent"));
    pattern = element;
  }
  return binary(left, operator, pattern, { modifier: escapeWith });
}

/** Takes away the meaning of `%`, `_` and the escape character in a text. */
export function escapeWildcards(text: string, mark: string): string {
  if (mark.length !== 1 || mark === "%" || mark === "_") {
    throw new ArgumentError(`escape must be one character other than % and _, not ${JSON.stringify(mark)}.`);
  }
  return text
    .replaceAll(mark, mark + mark)
    .replaceAll("%", `${mark}%`)
    .replaceAll("_", `${mark}_`);
}

function unary(operator: Operator, element: ColumnElement, postfix: boolean): LooseElement {
  return loose(new UnaryExpression(operator, element, postfix, element.type));
}

function negate(element: ColumnElement): LooseElement {
  if (element instanceof True) return loose(FALSE);
  if (element instanceof False) return loose(TRUE);
  if (element instanceof Null) return loose(NULL);
  if (element instanceof BinaryExpression) {
    const opposite = negated(element.operator);
    if (opposite !== null && element.type === booleanType) {
      return loose(new BinaryExpression(element.left, opposite, element.right, booleanType, element.modifier));
    }
  }
  if (element instanceof Between) {
    return loose(new Between(element.element, element.low, element.high, !element.negative, element.symmetric));
  }
  if (element instanceof UnaryExpression && element.operator === operators.not) return loose(element.element);
  return loose(new UnaryExpression(operators.not, element, false, booleanType));
}

/**
 * Conditions joined by one operator: constants are folded, lists of the same operator flattened, a single condition
 * is given back as it is; none at all is the operator's neutral constant.
 */
export function conjunction(operator: Operator, conditions: readonly unknown[]): LooseElement {
  const clauses: ColumnElement[] = [];
  const isAnd = operator === operators.and;
  for (const value of conditions) {
    const element = requireCondition(value, isAnd ? "and()" : "or()");
    if (element instanceof BooleanClauseList && element.operator === operator) clauses.push(...element.clauses);
    else if (element instanceof (isAnd ? True : False)) continue;
    else if (element instanceof (isAnd ? False : True)) return loose(element);
    else clauses.push(element);
  }
  if (clauses.length === 0) return loose(isAnd ? TRUE : FALSE);
  if (clauses.length === 1) return loose(clauses[0]);
  return loose(new BooleanClauseList(operator, clauses));
}

/** Conditions that all must hold, as {@link conjunction} joins them. */
export function allOf(conditions: readonly unknown[]): LooseElement {
  return conjunction(operators.and, conditions);
}

function isKey(key: unknown): key is string | number {
  return typeof key === "string" || Number.isInteger(key);
}

function jsonMember(element: ColumnElement, keys: readonly (string | number)[], text: boolean): LooseElement {
  for (const key of keys) {
    if (!isKey(key)) {
      throw new ArgumentError(`${describeElement(element)}: ${describeValue(key)} is neither a key nor an index.`);
    }
  }
  if (keys.length === 0) throw new ArgumentError(`${describeElement(element)}: path() needs at least one key.`);
  const type = text ? textType : element.type;
  let result = element;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string | number;
    const last = i === keys.length - 1;
    const right = bindValue(key, typeof key === "number" ? integerType : stringType, "key");
    result = new BinaryExpression(
      result,
      last && text ? operators.jsonGetText : operators.jsonGet,
      right,
      last ? type : element.type,
      null,
    );
  }
  return loose(result);
}

const jsonTargets = {
  string: textType,
  integer: integerType,
  float: doubleType,
  boolean: booleanType,
  numeric: numericType,
} as const;

function jsonAs(
  element: ColumnElement,
  as: keyof typeof jsonTargets | "json",
  options: readonly number[] = [],
): LooseElement {
  if (as === "json") return loose(element);
  const text =
    element instanceof BinaryExpression && element.operator === operators.jsonGet
      ? new BinaryExpression(element.left, operators.jsonGetText, element.right, textType, null)
      : new Cast(element, textType, false);
  if (as === "string") return loose(text);
  const [precision, scale] = options;
  const type = precision === undefined ? jsonTargets[as] : new NumericType(precision, scale ?? 0);
  return loose(new Cast(text, type, false));
}

function itemType(element: ColumnElement): SQLType {
  return (element.type as { itemType?: SQLType }).itemType ?? nullType;
}

function integerOperand(value: unknown): ColumnElement {
  if (value instanceof ColumnElement) return value;
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw new ArgumentError(`${describeValue(value)} is not an array index: the first element is 1.`);
  }
  return bindValue(value, integerType, "index");
}

const built: ElementFactory = {
  operand,
  binary,
  unary,
  compareNull,
  membership,
  between(left, low, high, negative, symmetric) {
    const from = operand(low, left, operators.ge);
    const to = operand(high, left, operators.le);
    return loose(new Between(left, from, to, negative, symmetric));
  },
  search,
  regexpReplace(left, pattern, replacement, flags) {
    const args = [
      left,
      operand(pattern, left, operators.regexpMatch),
      operand(replacement, left, operators.regexpMatch),
    ];
    if (flags !== undefined) args.push(bindValue(flags, stringType, "flags"));
    return loose(new FunctionElement("regexp_replace", args, left.type));
  },
  label(element, name) {
    if (typeof name !== "string" || name === "") throw new ArgumentError("as() needs a name that is not empty.");
    return loose(new Label(name, element instanceof Label ? element.element : element));
  },
  cast: (element, type) => loose(new Cast(element, type, false)),
  coerce: (element, type) =>
    loose(element instanceof BindParameter ? element.withType(plainType(type)) : new TypeCoerce(element, type)),
  collate: (element, name, schema) => loose(new Collate(element, name, schema)),
  negate,
  conjunction,
  jsonMember,
  jsonAs,
  arrayAt: (element, index) =>
    loose(new BinaryExpression(element, operators.getItem, integerOperand(index), itemType(element), null)),
  arraySlice(element, from, to) {
    const bounds = new TupleElement([integerOperand(from), integerOperand(to)]);
    return loose(new BinaryExpression(element, operators.slice, bounds, element.type, null));
  },
  quantified(operator, element) {
    const type = itemType(element);
    return loose(new UnaryExpression(operator, element, false, type === nullType ? element.type : type));
  },
  power(base, exponent) {
    const right = operand(exponent, base, operators.mul);
    return loose(new FunctionElement("power", [base, right], doubleType));
  },
  keyList(element, operator, keys) {
    if (!(keys instanceof ColumnElement) && !(Array.isArray(keys) && keys.every(isKey))) {
      throw new ArgumentError(`${describeElement(element)} ${operator.sql} takes an array of keys.`);
    }
    const right = keys instanceof ColumnElement ? keys : bindValue(keys, textArray, "keys");
    return binary(element, operator, right);
  },
};

Object.assign(factory, built);
