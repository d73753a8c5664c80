/** What the rows of a statement hold, for those who build on statements. SQLAlchemy: `column_descriptions`. */
import type { ColumnElement } from "../element.js";
import { EntityElement } from "../entity.js";
import type { Node } from "../node.js";
import type { SQLType } from "../types/type.js";
import { disambiguate, expandColumns } from "./selected-columns.js";

/** One element of each row. */
export interface ColumnDescription {
  /** Its key in the row. */
  readonly name: string;
  /** The class of an object; the type of a column. */
  readonly type: SQLType | object;
  /** What was selected: a class, an alias or an element. */
  readonly expr: unknown;
  /** The class or alias that it is of; null for a plain element. */
  readonly entity: unknown;
  /** Whether that is an alias. */
  readonly aliased: boolean;
}

/** The class or table that INSERT, UPDATE or DELETE is about. */
export interface EntityDescription extends Omit<ColumnDescription, "aliased"> {
  /** The table that is written. */
  readonly table: unknown;
}

function describeEntity(entity: EntityElement, name: string): ColumnDescription {
  const { subject, cls, aliased } = entity.described;
  return { name, type: cls, expr: subject, entity: subject, aliased };
}

function describeColumn(element: ColumnElement, name: string): ColumnDescription {
  const { entity } = element as { readonly entity?: unknown };
  const of = entity instanceof EntityElement ? entity.described : null;
  return { name, type: element.type, expr: element, entity: of?.subject ?? null, aliased: of?.aliased ?? false };
}

/** Each element of a select list, or of RETURNING. */
export function describeColumns(nodes: readonly Node[], rowKeys: readonly string[]): readonly ColumnDescription[] {
  const names = disambiguate(nodes.filter((node) => !(node instanceof EntityElement)));
  let named = 0;
  return nodes.flatMap((node, i) => {
    if (node instanceof EntityElement) return [describeEntity(node, rowKeys[i] ?? node.entityName)];
    return expandColumns([node]).map((element) => describeColumn(element, rowKeys[i] ?? names[named++].key));
  });
}

/** What a statement writes. */
export function describeTarget(entity: EntityElement | null, table: { readonly name: string }): EntityDescription {
  if (entity === null) return { name: table.name, type: table, expr: table, entity: null, table };
  const { aliased: _, ...described } = describeEntity(entity, entity.entityName);
  return { ...described, table };
}
