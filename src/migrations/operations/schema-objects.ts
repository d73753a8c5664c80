/** Schema objects for one operation: a table that stands alone, whose references need no mapped classes. */
import { Column } from "../../sql/schema/column.js";
import type { ColumnSpec, ColumnSpecs } from "../../sql/schema/column-specs.js";
import { type Constraint, ForeignKeyConstraint } from "../../sql/schema/constraints.js";
import type { Index } from "../../sql/schema/indexes.js";
import { MetaData } from "../../sql/schema/metadata.js";
import type { NamingConvention } from "../../sql/schema/naming.js";
import { Table, type TableItem, type TableOptions, table } from "../../sql/schema/table.js";
import { nullType } from "../../sql/types/base.js";

/** What stands behind the columns of `createTable`. */
export type TableArgument = Constraint | Index | TableOptions;

/**
 * A table in a metadata of its own. Tables that its foreign keys refer to stand beside it with the columns referred to,
 * so that the keys can be written.
 */
export function loneTable<const Name extends string, Cols extends ColumnSpecs>(
  name: Name,
  columns: Cols,
  items: readonly TableArgument[] = [],
  namingConvention: NamingConvention | undefined = undefined,
): Table<Cols, Name> {
  const metadata = new MetaData(namingConvention === undefined ? {} : { namingConvention });
  const made = table(name, metadata, columns, ...items);
  standIns(made as unknown as Table);
  return made;
}

/** A table with some of another's columns by name and no more, on which a constraint or an index can be written. */
export function skeleton(
  name: string,
  schema: string | null,
  columnNames: readonly string[],
  items: readonly TableItem[] = [],
  namingConvention: NamingConvention | undefined = undefined,
): Table {
  const metadata = new MetaData(namingConvention === undefined ? {} : { namingConvention });
  const columns = [...new Set(columnNames)].map((each) => new Column(each, nullType));
  const made = new Table(name, metadata, [...columns, ...items], { schema });
  standIns(made as unknown as Table);
  return made as unknown as Table;
}

/** One column as a table's, for ADD COLUMN. */
export function loneColumn(
  tableName: string,
  schema: string | null,
  columnName: string,
  spec: ColumnSpec<unknown> | Column,
  namingConvention: NamingConvention | undefined = undefined,
): { readonly table: Table; readonly column: Column } {
  const given = spec as unknown as Column;
  const column = given.table === null ? given : given.copy();
  if (column.name === "") column.rename(columnName, columnName);
  const made = skeleton(tableName, schema, [], [column as Column<never>], namingConvention);
  return { table: made, column };
}

/** Tables that the foreign keys of a lone table refer to, with no more than the columns referred to. */
export function standIns(owner: Table): void {
  for (const constraint of owner.constraints) {
    if (!(constraint instanceof ForeignKeyConstraint)) continue;
    for (const { target } of constraint.elements) if (typeof target === "string") standIn(owner, target);
  }
}

function standIn(owner: Table, target: string): void {
  const at = target.lastIndexOf(".");
  const fullName = target.slice(0, at);
  const columnName = target.slice(at + 1);
  const metadata = owner.metadata as MetaData;
  const dot = fullName.lastIndexOf(".");
  const schema = dot < 0 ? null : fullName.slice(0, dot);
  let referred = metadata.tables.get(fullName);
  if (referred === undefined)
    referred = new Table(fullName.slice(dot + 1), metadata, [], { schema }) as unknown as Table;
  if (!referred.columns.some((each) => each.name === columnName)) referred.addColumn(new Column(columnName, nullType));
}
