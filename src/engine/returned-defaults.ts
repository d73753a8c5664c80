/** Values that the database made of a row, told beside a result without rows. */
import type { Insert } from "../sql/dml/insert.js";
import type { Update } from "../sql/dml/update.js";
import { BindParameter } from "../sql/elements/bind.js";
import { Node } from "../sql/node.js";
import type { Column } from "../sql/schema/column.js";
import { isGiven } from "./inserted-keys.js";
import { type ResultShape, type Row, rowMaker } from "./row.js";

/** The columns that `returnDefaults()` of a statement is about. */
export function defaultsToReturn(statement: Insert | Update, given: readonly string[]): readonly Column[] | null {
  const asked = statement.defaultsAsked;
  if (asked === null) return null;
  if (asked.length > 0) return asked;
  return statement.table.columns.filter((column) =>
    statement.visitName === "Insert"
      ? madeByInsert(statement as Insert, column, given)
      : madeByUpdate(statement as Update, column, given),
  );
}

function madeByInsert(insert: Insert, column: Column, given: readonly string[]): boolean {
  if (insert.rows.length < 2 && isGiven(insert, column, given)) return false;
  const at = insert.columns.indexOf(column);
  if (at >= 0) return insert.rows.some((row) => !(row[at] instanceof BindParameter));
  if (column.default !== undefined && column.default !== null) return column.default instanceof Node;
  if (column.serverDefault !== null || column.computed !== null || column.identity !== null) return true;
  return insert.table.primaryKey.columns.includes(column);
}

function madeByUpdate(update: Update, column: Column, given: readonly string[]): boolean {
  const set = update.sets.find(([target]) => target === column);
  if (set !== undefined) return !(set[1] instanceof BindParameter);
  if (given.includes(column.key)) return false;
  return column.onupdate instanceof Node || column.serverOnupdate !== null || column.computed !== null;
}

/** The values of the columns asked for, row by row; the raw rows are what RETURNING gave of `returned`. */
export function returnedDefaults(
  rows: readonly (readonly unknown[])[],
  asked: readonly Column[],
  returned: readonly Column[],
): readonly Row[] {
  const shape: ResultShape = { keys: asked.map((column) => column.key), kind: "tuple" };
  const { prototype } = rowMaker(shape);
  const places = asked.map((column) => returned.indexOf(column));
  return rows.map(
    (row) =>
      Object.setPrototypeOf(
        places.map((at) => row[at]),
        prototype,
      ) as Row,
  );
}
