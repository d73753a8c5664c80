/** How the rows of two mappers are joined. */
import type { ColumnElement } from "../../sql/element.js";
import { type Node, replaceNodes } from "../../sql/node.js";
import type { Column } from "../../sql/schema/column.js";
import type { Table } from "../../sql/schema/table.js";
import type { FromClause } from "../../sql/selectable/from-clause.js";
import { SelectExtras } from "../../sql/selectable/select-parts.js";
import { RemoteColumn } from "./remote-column.js";

export type Direction = "oneToMany" | "manyToOne" | "manyToMany";

/** Two columns that are equal where the rows belong together. */
export interface ColumnPair {
  readonly local: Column;
  readonly remote: Column;
}

/** A value flows from the source column's row to the destination column's. */
export interface SyncPair {
  readonly source: Column;
  readonly dest: Column;
}

/** How the rows of two mappers are joined. */
export interface RelationshipJoin {
  readonly direction: Direction;
  /** With remote columns marked by RemoteColumn. */
  readonly primaryJoin: ColumnElement;
  /** Parent columns and those of the target, or of the association table. */
  readonly pairs: readonly ColumnPair[];
  readonly secondary: Table | null;
  /** Association table to target; the target's columns are marked. */
  readonly secondaryJoin: ColumnElement | null;
  readonly secondaryPairs: readonly ColumnPair[];
  /** Whether the condition is nothing but these pairs being equal. */
  readonly simple: boolean;
}

/**
 * The condition of a join with others in the place of its columns.
 *
 * @param tables the two sides, and the association table
 * @param local what stands for a column of the near side
 * @param remote what stands for a column of the far side
 */
export function betweenOthers(
  expression: ColumnElement,
  tables: readonly unknown[],
  local: (c: Column) => ColumnElement,
  remote: (c: Column) => ColumnElement,
): ColumnElement {
  const replace = (node: Node): Node | undefined => {
    if (node instanceof RemoteColumn) return remote(node.column);
    if (node.visitName === "AliasedColumn") return node;
    if (node.visitName === "Column") return tables.includes((node as Column).table) ? local(node as Column) : node;
    if (!(node instanceof SelectExtras)) return undefined;
    // A subquery is correlated to what stands for its tables.
    const standing = node.correlated
      .filter((from) => tables.includes(from))
      .map((from) => (local(from.columns[0] as Column) as Column).table as FromClause)
      .filter((from) => !node.correlated.includes(from));
    if (standing.length === 0) return undefined;
    return replaceNodes(node.with({ correlated: [...node.correlated, ...standing] }), replace);
  };
  return replaceNodes(expression, replace);
}
