/** Select lists that are written as an object. */
import { ColumnElement } from "../element.js";
import { Label } from "../elements/expression.js";
import { ArgumentError } from "../errors.js";
import type { Node } from "../node.js";
import { FromClause } from "./from-clause.js";
import { requireSelected } from "./resolve.js";

/** Whether what is selected, or returned, is an object of columns, whose rows are objects with its keys. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (value === null || typeof value !== "object") return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * The elements of an object of columns, under its keys.
 *
 * @param place `select` or `returning`, for messages
 * @throws ArgumentError where there is none, and for a table, which is no single value
 */
export function selectedObject(columns: Readonly<Record<string, unknown>>, place: string): readonly Node[] {
  const keys = Object.keys(columns);
  if (keys.length === 0) throw new ArgumentError(`${place}({}) selects nothing: name at least one column.`);
  return keys.map((key) => {
    const node = requireSelected(columns[key], `${place}({ ${key} })`);
    if (node instanceof FromClause) {
      throw new ArgumentError(
        `${place}({ ${key} }): ${node.describe()} is no single value. Select its columns, or a mapped class.`,
      );
    }
    if (!(node instanceof ColumnElement) || node.key === key) return node;
    return new Label(key, node instanceof Label ? node.element : node);
  });
}
