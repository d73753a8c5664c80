import { ArgumentError } from "../errors.js";
import type { Column, TableLike } from "./column.js";
import type { Constraint, ForeignKeyConstraint } from "./constraints.js";
import { Conv } from "./conv.js";
import type { Index } from "./indexes.js";

/** A token of your own in a naming convention. */
export type NamingToken = (item: Constraint | Index, table: TableLike) => string;

/**
 * Names for constraints and indexes that are given none, by kind: templates with `%(token)s`.
 *
 * Tokens: `table_name`, `column_0_name`, `column_0_key`, `column_0_label`, `column_0N_name` (all of them),
 * `column_0_N_name` (all, with underscores), `referred_table_name`, `referred_column_0_name`, `constraint_name`, and
 * functions of your own.
 *
 * @example { pk: "pk_%(table_name)s", fk: "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s" }
 */
export interface NamingConvention {
  readonly pk?: string;
  readonly fk?: string;
  readonly uq?: string;
  readonly ck?: string;
  readonly ex?: string;
  readonly ix?: string;
  readonly [token: string]: string | NamingToken | undefined;
}

/** Indexes are named even without a convention: no database lets them be without a name. */
export const defaultNamingConvention: NamingConvention = { ix: "ix_%(column_0_label)s" };

interface Named {
  readonly name: string | Conv | null;
  readonly table: TableLike | null;
  readonly columns: readonly Column[];
}

/** The name of a constraint: its own, what the convention makes, or null for none. */
export function constraintName(constraint: Constraint, maxLength: number): string | null {
  const convention = conventionOf(constraint.table);
  const template = convention[constraint.kind];
  if (constraint.name instanceof Conv) return shorten(constraint.name.name, maxLength);
  if (typeof template !== "string") return constraint.name === null ? null : shorten(constraint.name, maxLength);
  // a given name stays, unless the convention asks for it
  if (constraint.name !== null && !template.includes("%(constraint_name)s")) return shorten(constraint.name, maxLength);
  if (constraint.name === null && template.includes("%(constraint_name)s")) return null;
  return shorten(fill(template, constraint, constraint, convention), maxLength);
}

/** The name of an index: its own, or what the convention makes. */
export function indexName(index: Index, maxLength: number): string {
  if (index.name !== null) return shorten(String(index.name), maxLength);
  const convention = conventionOf(index.table);
  const template = typeof convention.ix === "string" ? convention.ix : (defaultNamingConvention.ix as string);
  return shorten(fill(template, index, index, convention), maxLength);
}

function conventionOf(table: TableLike | null): NamingConvention {
  const home = table?.metadata as { namingConvention?: NamingConvention } | undefined;
  return home?.namingConvention ?? defaultNamingConvention;
}

function fill(template: string, named: Named, item: Constraint | Index, convention: NamingConvention): string {
  const table = named.table;
  if (table === null)
    throw new ArgumentError("a constraint or an index without a table cannot be named by a convention.");
  return template.replace(/%\((\w+)\)s/g, (_all, token: string) => {
    const own = convention[token];
    if (typeof own === "function") return own(item, table);
    return tokenValue(token, named, table);
  });
}

function tokenValue(token: string, named: Named, table: TableLike): string {
  switch (token) {
    case "table_name":
      return table.name;
    case "constraint_name":
      return String(named.name ?? "");
    case "referred_table_name":
      return (named as unknown as ForeignKeyConstraint).referredTable.name;
  }
  const match = /^(referred_)?column_(\d+)(N|_N)?_(name|key|label)$/.exec(token);
  if (match === null) throw new ArgumentError(`the naming convention has no token %(${token})s.`);
  const columns = match[1] === undefined ? named.columns : (named as unknown as ForeignKeyConstraint).refColumns;
  const text = (column: Column): string =>
    match[4] === "key" ? column.key : match[4] === "label" ? `${table.name}_${column.name}` : column.name;
  if (match[3] !== undefined) return columns.map(text).join(match[3] === "_N" ? "_" : "");
  const column = columns[Number(match[2])];
  return column === undefined ? "" : text(column);
}

/** A generated name cut to the database's limit, its end replaced by a hash of the whole. */
export function shorten(name: string, maxLength: number): string {
  const bytes = new TextEncoder().encode(name).length;
  if (bytes <= maxLength) return name;
  const cut = new TextDecoder("utf-8", { fatal: false }).decode(new TextEncoder().encode(name).slice(0, maxLength - 5));
  return `${cut.replace(/\uFFFD+$/, "")}_${hash(name).toString(16).padStart(8, "0").slice(-4)}`;
}

// FNV-1a
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    value ^= text.charCodeAt(i);
    value = Math.imul(value, 0x01000193) >>> 0;
  }
  return value;
}
