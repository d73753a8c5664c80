/** The mapped schema as boxes and lines, before it is drawn. */
import type { MetaData } from "../../sql/schema/metadata.js";
import type { Table } from "../../sql/schema/table.js";

/** A column of a box. */
export interface DiagramColumn {
  readonly name: string;
  readonly type: string;
  readonly key: boolean;
  readonly foreign: boolean;
  readonly unique: boolean;
}

/** A table. */
export interface DiagramTable {
  readonly name: string;
  readonly columns: readonly DiagramColumn[];
}

/** A foreign key. */
export interface DiagramLink {
  /** The table that holds the key. */
  readonly from: string;
  readonly to: string;
  readonly columns: readonly string[];
  /** Whether a row may refer to nothing. */
  readonly optional: boolean;
  /** Whether two rows may refer to one. */
  readonly many: boolean;
}

/** Tables by name and the keys between them. */
export interface Diagram {
  readonly tables: readonly DiagramTable[];
  readonly links: readonly DiagramLink[];
}

/** Works out what is drawn of some metadata. @param typeText a type as the database writes it */
export function diagramOf(
  metadatas: readonly MetaData[],
  typeText: (type: Table["columns"][number]["type"]) => string,
): Diagram {
  const all = metadatas.flatMap((each) => [...each.tables.values()]);
  const tables = all.sort((a, b) => (a.fullName < b.fullName ? -1 : 1));
  return {
    tables: tables.map((table) => ({
      name: table.fullName,
      columns: table.columns.map((column) => ({
        name: column.name,
        type: typeText(column.type),
        key: table.primaryKey.columns.includes(column),
        foreign: table.foreignKeyConstraints.some((key) => key.columns.includes(column)),
        unique: table.constraints.some((each) => each.kind === "uq" && isOnly(each.columns, [column])),
      })),
    })),
    links: tables.flatMap((table) =>
      table.foreignKeyConstraints.map((key) => ({
        from: table.fullName,
        to: key.referredTable.fullName,
        columns: key.columns.map((each) => each.name),
        optional: key.columns.some((each) => each.nullable),
        many: !table.constraints.some((each) => /^(pk|uq)$/.test(each.kind) && isOnly(each.columns, key.columns)),
      })),
    ),
  };
}

function isOnly(columns: readonly unknown[], others: readonly unknown[]): boolean {
  return columns.length === others.length && columns.every((each) => others.includes(each));
}
