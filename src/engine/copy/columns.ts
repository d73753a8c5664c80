/** The columns that are copied of a class or table. */

import { Insert } from "../../sql/dml/insert.js";
import type { ColumnElement } from "../../sql/element.js";
import type { Column } from "../../sql/schema/column.js";
import { baseColumn } from "../../sql/selectable/join.js";

/** The columns that are written, in order: those named, or all of the class that are not deferred and not computed. */
export function writableColumns(statement: Insert, names: readonly string[] | undefined, place: string): Column[] {
  if (names !== undefined) return names.map((name) => statement.columnFor(name, place));
  const { entity, table } = statement;
  const all = entity === null ? table.columns : entity.columns.map((element) => baseColumn(element));
  return all.filter((column): column is Column => column?.table === table && column.computed === null);
}

/** The elements that are read, so that what is read can be written again. */
export function readableColumns(target: unknown, names: readonly string[] | undefined): ColumnElement[] {
  const statement = new Insert(target) as Insert;
  const columns = writableColumns(statement, names, "copyTo()");
  const { entity } = statement;
  if (entity === null) return columns;
  return columns.map((column) => entity.columns.find((element) => baseColumn(element) === column) ?? column);
}
