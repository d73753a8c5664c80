/** Columns in the terms of the row that an INSERT or UPDATE writes. */
import { ColumnElement } from "../element.js";
import { ArgumentError } from "../errors.js";
import type { Parts } from "../node.js";
import { type Column, Column as ColumnClass } from "../schema/column.js";
import type { ExprOf, Valued } from "../typing.js";

/** What an INSERT or UPDATE writes into another column of the same row. */
export class DMLColumn extends ColumnElement {
  static override readonly parts: Parts = { column: "node" };
  override get visitName(): string {
    return "DMLColumn";
  }
  constructor(readonly column: Column) {
    super();
  }
  get type(): Column["type"] {
    return this.column.type;
  }
}

/**
 * In a value of an INSERT or UPDATE: the value or expression that the statement writes into another column. Where an UPDATE writes nothing there, it is
 * the column itself.
 *
 * @param column of the table, or its attribute of a class
 * @example insert(t).values({ x: func.lower(name), y: fromDmlColumn(t.c.x).concat("!") })
 */
export function fromDmlColumn<T>(column: Valued<T>): ExprOf<T> {
  let each = column as { readonly visitName?: string; readonly element?: unknown };
  while (each?.visitName === "AnnotatedColumn") each = each.element as typeof each;
  if (!((each as unknown) instanceof ColumnClass))
    throw new ArgumentError("fromDmlColumn() takes a column of a table, or an attribute that is mapped to one.");
  return new DMLColumn(each as unknown as Column) as unknown as ExprOf<T>;
}
