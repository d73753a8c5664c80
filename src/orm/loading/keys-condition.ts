/** The condition that rows have one of several keys. */
import type { Dialect } from "../../sql/dialect.js";
import type { ColumnElement } from "../../sql/element.js";
import { BindParameter } from "../../sql/elements/bind.js";
import { allOf, conjunction } from "../../sql/elements/build.js";
import { TupleElement } from "../../sql/elements/expression.js";
import { operators } from "../../sql/operators.js";

/** How many keys a statement takes where they are written out, and not sent as one parameter. */
export const BATCH = 500;

/** `key IN (...)`; for a key of several columns as the database has it best. */
export function keysCondition(
  columns: readonly ColumnElement[],
  keys: readonly (readonly unknown[])[],
  dialect: Dialect,
): ColumnElement {
  if (columns.length === 1) return columns[0].in(keys.map(([value]) => value));
  const bind = (value: unknown, i: number) => new BindParameter(value, columns[i].type, null, false, false, null, "pk");
  const asTuples = dialect.capabilities.tupleIn && !dialect.capabilities.arrayParameters;
  // A part that is NULL equals nothing.
  if (asTuples && !keys.some((key) => key.includes(null)))
    return new TupleElement(columns).in(keys.map((key) => new TupleElement(key.map(bind))));
  return conjunction(
    operators.or,
    keys.map((key) =>
      allOf(key.map((value, i) => (value === null ? columns[i].isNull() : columns[i].eq(bind(value, i))))),
    ),
  );
}
