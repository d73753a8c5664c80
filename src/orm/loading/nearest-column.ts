/** Which of the columns of a subquery stands for one of what it was made of. */
import type { ColumnElement } from "../../sql/element.js";

/** Of the columns that a subquery has of one column, the one that was made of `source` by the fewest steps: an alias of it is further away. */
export function nearestColumn(columns: readonly ColumnElement[], source: ColumnElement): ColumnElement {
  if (columns.length === 1) return columns[0];
  let [found] = columns;
  let least = Number.POSITIVE_INFINITY;
  for (const column of columns) {
    const steps = stepsTo(column, source);
    if (steps < least) [found, least] = [column, steps];
  }
  return found;
}

function stepsTo(column: ColumnElement, source: ColumnElement): number {
  let steps = 0;
  let each = column as { readonly base?: object; readonly element?: object } | undefined;
  for (; each !== undefined; each = each.base ?? each.element) {
    if (each === source) return steps;
    steps++;
  }
  return Number.POSITIVE_INFINITY;
}
