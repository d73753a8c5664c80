import type { ColumnSpecs } from "./column-specs.js";
import { MetaData } from "./metadata.js";
import { type Table, type TableOptions, table } from "./table.js";

/**
 * A table by its name alone, of no metadata that others share: for one that somebody else defines, with the columns that a statement needs.
 *
 * @param options `schema`, where it is not the database's default
 * @example select(namedTable("user", { id: column(t.integer), name: column(t.text) }))
 */
export function namedTable<const Name extends string, Cols extends ColumnSpecs>(
  name: Name,
  columns: Cols,
  options: Pick<TableOptions, "schema"> = {},
): Table<Cols, Name> {
  return table(name, new MetaData(), columns, options);
}
