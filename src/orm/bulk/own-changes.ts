/** Columns that an UPDATE changes without naming them. */
import type { Column } from "../../sql/schema/column.js";

/** Whether the column has a value of its own at each UPDATE: `onupdate`, `serverOnupdate`, or computed by the database. */
export function changesByItself(column: Column): boolean {
  return column.onupdate !== undefined || column.serverOnupdate !== null || column.computed !== null || column.system;
}
