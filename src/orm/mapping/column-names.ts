/** Which property of a class stands for which column, and columns found by the names of their properties. */
import type { Column } from "../../sql/schema/column.js";
import type { Mapper } from "./mapper.js";

/** What the properties of a class have been declared for, until the slots are given out: several classes may map one table. */
const declared = new WeakMap<Mapper, Map<Column, string>>();

/** Notes the property that stands for a column. */
export function nameColumn(mapper: Mapper, column: Column, property: string): void {
  const names = declared.get(mapper) ?? new Map<Column, string>();
  declared.set(mapper, names.set(column, property));
}

/** The property that a class itself declares for a column; undefined where there is none. */
export function propertyOf(mapper: Mapper, column: Column): string | undefined {
  return declared.get(mapper)?.get(column);
}

/** A column of a mapper by attribute or column name, its own table first. */
export function columnNamed(mapper: Mapper, name: string): Column | undefined {
  for (const attribute of mapper.columnAttributes) if (attribute.key === name) return attribute.column;
  for (let at: Mapper | null = mapper; at !== null; at = at.inherits)
    for (const [column, property] of declared.get(at) ?? []) if (property === name) return column;
  for (const table of [...mapper.tables].reverse()) {
    const column = table.columns.find((each) => each.name === name || each.key === name);
    if (column !== undefined) return column;
  }
  return undefined;
}
