/** Names of constraints and indexes: conventions, and names that are too long. */
import { createHash } from "node:crypto";
import { ArgumentError, IdentifierError } from "../errors.js";
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

/**
 * The name of a constraint: its own, what the convention makes, or null for none.
 *
 * @throws IdentifierError for one given by hand that is longer than the database takes
 */
export function constraintName(constraint: Constraint, maxLength: number): string | null {
  const { name } = constraint;
  const convention = conventionOf(constraint.table);
  const template = convention[constraint.kind];
  if (name instanceof Conv) return shorten(name.name, maxLength);
  // a given name stays, unless the convention asks for it
  const asks = template?.includes("%(constraint_name)s") === true;
  if (template !== undefined && asks === (name !== null))
    return shorten(fill(template, constraint, constraint, convention), maxLength);
  return name === null ? null : fitting(name, maxLength);
}

/**
 * The name of an index: its own, or what the convention makes.
 *
 * @throws IdentifierError for one given by hand that is longer than the database takes
 */
export function indexName(index: Index, maxLength: number): string {
  const { name } = index;
  if (name instanceof Conv) return shorten(name.name, maxLength);
  if (name !== null) return fitting(name, maxLength);
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
      return (named as ForeignKeyConstraint).referredTable.name;
  }
  const match = /^(referred_)?column_(\d+)(N|_N)?_(name|key|label)$/.exec(token);
  if (match === null) throw new ArgumentError(`the naming convention has no token %(${token})s.`);
  const columns = match[1] === undefined ? named.columns : (named as ForeignKeyConstraint).refColumns;
  const prefix = table.schema === null ? "" : `${table.schema.replaceAll(".", "_")}_`;
  const text = (column: Column): string =>
    match[4] === "key" ? column.key : match[4] === "label" ? `${prefix}${table.name}_${column.name}` : column.name;
  if (match[3] !== undefined) return columns.map(text).join(match[3] === "_N" ? "_" : "");
  const column = columns[Number(match[2])];
  return column === undefined ? "" : text(column);
}

/**
 * A name that was made by a convention, cut to what the database takes: its beginning and the end of its MD5, which is how
 * SQLAlchemy cuts it, so that both find the same constraint. The database's limit is counted in bytes of UTF-8.
 */
export function shorten(name: string, maxLength: number): string {
  if (bytes(name) <= maxLength) return name;
  return `${beginning(name, maxLength)}_${createHash("md5").update(name).digest("hex").slice(-4)}`;
}

/**
 * Whether a name that a database has is that of a convention, too long for it and cut at another place or with another end:
 * by the server, or by another program.
 */
export function isCutOf(found: string, whole: string, maxLength: number): boolean {
  return bytes(whole) > maxLength && found.startsWith(beginning(whole, maxLength));
}

/** A name that leaves room for a number behind it, cut where it does not. */
export function roomForNumber(name: string, maxLength: number): string {
  return bytes(name) <= maxLength - 6 ? name : beginning(name, maxLength);
}

/** What stays of a name that is cut: eight bytes less than there is room for, and no half characters. */
function beginning(name: string, maxLength: number): string {
  const cut = new TextEncoder().encode(name).slice(0, maxLength - 8);
  return new TextDecoder().decode(cut).replace(/\uFFFD+$/, "");
}

/**
 * A name that was given by hand, which must not be cut in silence.
 *
 * @throws IdentifierError when it is longer than the database takes
 */
export function fitting(name: string, maxLength: number): string {
  if (bytes(name) <= maxLength) return name;
  throw new IdentifierError(
    `the name ${JSON.stringify(name)} is ${bytes(name)} bytes long, and this database takes ${maxLength}. Give a shorter one; that of a constraint or an index is cut to fit where it is written conv(${JSON.stringify(name)}).`,
  );
}

function bytes(name: string): number {
  return new TextEncoder().encode(name).length;
}
