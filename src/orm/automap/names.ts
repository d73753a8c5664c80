/** How generated classes and attributes are called, and the hooks that decide otherwise. */
import type { Column } from "../../sql/schema/column.js";
import type { ForeignKeyConstraint } from "../../sql/schema/constraints.js";
import type { Table } from "../../sql/schema/table.js";
import type { RelationshipSpec } from "../mapping/collect.js";
import type { AnyClass, RelationKind } from "../mapping/declarations.js";
import { toCamelCase } from "../mapping/naming.js";

/** What a generated relationship is made with. */
export type GeneratedRelationOptions = RelationshipSpec["options"];

/** Hooks of `automap.prepare()`, under SQLAlchemy's names. Each gets what would be taken without it last. */
export interface AutomapHooks {
  /** The class of a table; its name by default. Null leaves the table without a class. */
  readonly classnameForTable?: (tableName: string, table: Table, byDefault: string) => string | null;
  /** The attribute of a column; its key by default. */
  readonly nameForColumn?: (column: Column, table: Table, byDefault: string) => string;
  /** The attribute of a many-to-one; `customer`, or by the key's columns where several keys lead to one class. */
  readonly nameForScalarRelationship?: (
    localClass: AnyClass,
    referredClass: AnyClass,
    constraint: ForeignKeyConstraint,
    byDefault: string,
  ) => string;
  /** The attribute of a collection: `orderCollection`. */
  readonly nameForCollectionRelationship?: (
    localClass: AnyClass,
    referredClass: AnyClass,
    constraint: ForeignKeyConstraint,
    byDefault: string,
  ) => string;
  /** Options of a relationship; null leaves it out. */
  readonly generateRelationship?: (
    kind: RelationKind,
    options: GeneratedRelationOptions,
    attribute: string,
    localClass: AnyClass,
    referredClass: AnyClass,
  ) => GeneratedRelationOptions | null;
}

/** `OrderDetails`, `order_details` -> `orderDetails`. */
export function attributeName(name: string): string {
  const camel = toCamelCase(name.replace(/[^\p{L}\p{N}_$]+/gu, "_"));
  return `${camel.charAt(0).toLowerCase()}${camel.slice(1)}`;
}

/** The name of a many-to-one by the columns of its key: `reports_to` -> `reportsTo`, `SupportRepId` -> `supportRep`. */
export function nameByColumns(constraint: ForeignKeyConstraint): string {
  const words = constraint.columns.map((column) => column.name.replace(/_id$|(?<=[a-z0-9])I[dD]$/, ""));
  return attributeName(words.join("_"));
}

/** The first of some names, and then those with numbers, that is not taken. */
export function freeName(taken: ReadonlySet<string>, ...candidates: readonly [string, ...string[]]): string {
  const found = candidates.find((name) => name !== "" && !taken.has(name));
  if (found !== undefined) return found;
  const base = candidates[candidates.length - 1] as string;
  for (let n = 2; ; n++) if (!taken.has(`${base}${n}`)) return `${base}${n}`;
}
