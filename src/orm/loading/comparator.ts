/** Operators of an attribute's own, in place of those that its type has. SQLAlchemy: `comparator_factory`. */
import { ColumnElement } from "../../sql/element.js";
import { Label } from "../../sql/elements/expression.js";
import { ArgumentError } from "../../sql/errors.js";
import { AS_OPERAND } from "../../sql/protocol.js";
import { describeValue } from "../../sql/types/describe-value.js";
import type { ComparatorFactory } from "../mapping/declarations.js";

/** An element with the operators that a factory makes for it; what the factory leaves out stays. */
export function withOperators<E extends ColumnElement>(
  element: E,
  plain: ColumnElement,
  factory: ComparatorFactory,
): E {
  for (const [name, operator] of Object.entries(factory(plain as never))) {
    Object.defineProperty(element, name, { value: operator, configurable: true, enumerable: false });
  }
  return element;
}

/** The SQL side of a hybrid, by the hybrid's name in rows and with its operators. @throws ArgumentError where it is no expression */
export function withComparator(
  value: unknown,
  factory: ComparatorFactory | undefined,
  key: string,
  label: string,
): ColumnElement {
  const element = asElement(value);
  if (element === null)
    throw new ArgumentError(`${label}: the SQL side of a hybrid is an expression, not ${describeValue(value)}.`);
  const made = new Label(key, element);
  return factory === undefined ? made : withOperators(made, element, factory);
}

/** An expression, or the scalar subquery that a select is; null for anything else. */
export function asElement(value: unknown): ColumnElement | null {
  if (value instanceof ColumnElement) return value;
  if (typeof value !== "object" || value === null || !(AS_OPERAND in value)) return null;
  return (value as { [AS_OPERAND](): ColumnElement })[AS_OPERAND]();
}
