/** The condition that rows have one of several keys. */
import type { Dialect } from "../../sql/dialect.js";
import type { ColumnElement } from "../../sql/element.js";
import { BindParameter } from "../../sql/elements/bind.js";
import { conjunction } from "../../sql/elements/build.js";
import { TupleElement } from "../../sql/elements/expression.js";
import { operators } from "../../sql/operators.js";

/** `key IN (...)`; for a key of several columns as the database has it best. */
export function keysCondition(
  columns: readonly ColumnElement[],
  keys: readonly (readonly unknown[])[],
  dialect: Dialect,
): ColumnElement {
  if (columns.length === 1) return columns[0].in(keys.map(([value]) => value));
  const rows = keys.map((key) =>
    key.map((value, i) => new BindParameter(value, columns[i].type, null, false, false, null, "pk")),
  );
  if (dialect.capabilities.tupleIn && !dialect.capabilities.arrayParameters)
    return new TupleElement(columns).in(rows.map((row) => new TupleElement(row)));
  return conjunction(
    operators.or,
    rows.map((row) =>
      conjunction(
        operators.and,
        row.map((bind, i) => columns[i].eq(bind)),
      ),
    ),
  );
}
