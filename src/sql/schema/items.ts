/** Constraints for `table(...)` and `tableArgs`, as functions. */

import type { BoolExpr } from "../typing.js";
import type { ForeignKey, ForeignKeyOptions, ForeignKeyTarget } from "./column.js";
import {
  CheckConstraint,
  type ConstraintOptions,
  ForeignKeyConstraint,
  PrimaryKeyConstraint,
  UniqueConstraint,
} from "./constraints.js";

/**
 * FOREIGN KEY of several columns.
 *
 * @param columns keys or names of this table's columns
 * @param targets `"table.column"` or columns, in the same order
 * @example foreignKeyConstraint(["order_id", "line"], ["lines.order_id", "lines.number"], { onDelete: "CASCADE" })
 */
export function foreignKeyConstraint(
  columns: readonly string[],
  targets: readonly (ForeignKeyTarget | ForeignKey)[],
  options: ForeignKeyOptions & ConstraintOptions = {},
): ForeignKeyConstraint {
  return new ForeignKeyConstraint(columns, targets, options);
}

/** PRIMARY KEY of columns by key or name, with a name of its own. */
export function primaryKeyConstraint(
  columns: readonly string[],
  options: PrimaryKeyConstraint["options"] = {},
): PrimaryKeyConstraint {
  return new PrimaryKeyConstraint(columns, options);
}

/** UNIQUE over columns by key or name. */
export function uniqueConstraint(...columns: readonly string[]): UniqueConstraint {
  return new UniqueConstraint(columns);
}

/** CHECK of SQL text or a condition. */
export function checkConstraint(
  condition: string | BoolExpr<boolean, unknown>,
  options: ConstraintOptions = {},
): CheckConstraint {
  return new CheckConstraint(condition as string, options);
}
