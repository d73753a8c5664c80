/** Which classes read a table, for a column that is to go. */
import { allMappers } from "../../orm/mapping/registry.js";
import type { MetaData } from "../../sql/schema/metadata.js";
import type { Table } from "../../sql/schema/table.js";

/** Tells the class that a table is mapped to, or the attribute that a column is: `User`, `User.age`; null where nothing is. */
export function mappedTo(
  metadata: MetaData | readonly MetaData[],
): (table: string, column: string | null) => string | null {
  const metadatas = Array.isArray(metadata) ? (metadata as readonly MetaData[]) : [metadata as MetaData];
  return (name, columnName) => {
    const table = metadatas.map((each) => each.tables.get(name)).find((each) => each !== undefined);
    if (table === undefined) return null;
    const column = table.columns.find((each) => each.name === columnName);
    if (columnName !== null && column === undefined) return null;
    for (const mapper of allMappers()) {
      if (columnName === null && (mapper.tables as readonly unknown[]).includes(table)) return mapper.className;
      const attribute = column === undefined ? undefined : mapper.byColumn.get(column as never);
      if (attribute !== undefined) return `${mapper.className}.${attribute.key}`;
    }
    return columnName === null ? `the table ${(table as Table).fullName}` : `the column ${name}.${columnName}`;
  };
}
