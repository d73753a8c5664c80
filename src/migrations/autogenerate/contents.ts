/** Constraints and indexes as text that says all of them but their names, to be compared. */
import { CheckConstraint, type Constraint } from "../../sql/schema/constraints.js";
import type { Index } from "../../sql/schema/indexes.js";
import { constraintName, indexName } from "../../sql/schema/naming.js";
import type { ReflectedColumn, ReflectedTable } from "../../sql/schema/reflected.js";
import type { Table } from "../../sql/schema/table.js";
import type { Wording } from "./renames.js";

/** How definitions are compared. */
export interface Reading {
  /** The longest name that the database keeps. */
  readonly longest: number;
  /** The text of a CHECK or of a condition or an expression of an index, so that two that differ in nothing are one. */
  readonly checkText: (sql: string) => string;
  /** The type of a column, likewise. */
  readonly typeText: (column: ReflectedColumn, table: ReflectedTable) => string;
}

/** A constraint or an index of a table. */
export interface Content<Made> {
  readonly name: string | null;
  /** All of it but the name. */
  readonly text: string;
  readonly comment: string | null;
  /** The object that makes it, with the name that the database knows it by. */
  readonly made: Made;
}

/**
 * The constraints of a table.
 *
 * @param table the reflected table, as schema objects
 */
export function constraintContents(
  found: ReflectedTable,
  table: Table,
  wording: Wording,
  { longest, checkText }: Reading,
): Content<Constraint>[] {
  const contents: Content<Constraint>[] = [];
  const columns = (names: readonly string[]): string[] => names.map((each) => wording.column(each));
  const add = (name: string | null, made: Constraint | undefined, ...all: readonly unknown[]): void => {
    if (made === undefined) return;
    contents.push({ name, text: canonical([made.kind, ...all]), comment: made.comment, made });
  };
  const byColumns = (kind: Constraint["kind"], names: readonly string[]): Constraint | undefined =>
    table.constraints.find((each) => each.kind === kind && namesOf(each) === names.join());
  const { name: keyName, constrainedColumns, comment: _comment, ...key } = found.primaryKey;
  if (constrainedColumns.length > 0) add(keyName, table.primaryKey, columns(constrainedColumns), key);
  for (const { name, columnNames, comment: _c, ...rest } of found.uniqueConstraints) {
    add(name, named(table, name, longest) ?? byColumns("uq", columnNames), columns(columnNames), rest);
  }
  for (const each of found.foreignKeys) {
    const { name, constrainedColumns: own, options } = each;
    add(name, named(table, name, longest) ?? byColumns("fk", own), columns(own), wording.target(each), options);
  }
  for (const { name, sqltext, comment: _c, ...rest } of found.checkConstraints) {
    const made =
      named(table, name, longest) ??
      table.constraints.find((each) => each instanceof CheckConstraint && String(each.sqltext) === sqltext);
    add(name, made, checkText(wording.sql(sqltext)), rest);
  }
  for (const { name, elements, where, comment: _c, ...rest } of found.excludeConstraints) {
    const parts = elements.map(([part, operator]) => [wording.sql(part), operator]);
    add(name, named(table, name, longest), parts, where === null ? null : wording.sql(where), rest);
  }
  return contents;
}

/**
 * A table whose constraints are not said to be NOT VALID where the classes say so too: the word is of ALTER TABLE, so that a table
 * made of the classes has them valid, and it means no more than that they may be.
 */
export function withoutNotValid(found: ReflectedTable, own: Table, longest: number): ReflectedTable {
  const isSaid = (name: string | null): boolean => named(own, name, longest)?.notValid === true;
  return {
    ...found,
    foreignKeys: found.foreignKeys.map((each) =>
      isSaid(each.name) ? { ...each, options: { ...each.options, notValid: false } } : each,
    ),
    checkConstraints: found.checkConstraints.map((each) => (isSaid(each.name) ? { ...each, notValid: false } : each)),
  };
}

/** The indexes of a table that are no part of a constraint. */
export function indexContents(
  found: ReflectedTable,
  table: Table,
  wording: Wording,
  { longest, checkText }: Reading,
): Content<Index>[] {
  const contents: Content<Index>[] = [];
  const sql = (text: string): string => checkText(wording.sql(text));
  const byPart = <T>(of: Readonly<Record<string, T>> | undefined) =>
    Object.fromEntries(Object.entries(of ?? {}).map(([part, value]) => [sql(part), value]));
  for (const each of found.indexes) {
    if (each.duplicatesConstraint !== null) continue;
    const made = table.indexes.find((index) => indexName(index, longest) === each.name);
    if (made === undefined) continue;
    const { include, ops, collations, collationSchemas, ...more } = each.dialectOptions;
    const text = canonical([
      each.columnNames.map((name) => (name === null ? null : wording.column(name))),
      each.expressions?.map(sql) ?? null,
      each.unique,
      byPart(each.columnSorting),
      each.where === null ? null : sql(each.where),
      include?.map((name) => wording.column(name)),
      byPart(ops),
      byPart(collations),
      byPart(collationSchemas),
      more,
    ]);
    contents.push({ name: each.name, text, comment: made.options.comment ?? null, made });
  }
  return contents;
}

/**
 * The constraint of a table of classes that a found one is, or the found one: it has the name that the database has given
 * to a constraint without one, by which it can be dropped again.
 */
export function asWritten({ name, made }: Content<Constraint>, own: Table, { longest }: Reading): Constraint {
  const written = named(own, name, longest);
  // PostgreSQL makes one constraint of a key and a UNIQUE of the same columns: a key, by the name of the other.
  if (written !== undefined && written.kind === made.kind) return written;
  if (name !== null || made.kind === "ck") return made;
  const alike = own.constraints.filter((each) => each.kind === made.kind && namesOf(each) === namesOf(made));
  return alike.length === 1 ? (alike[0] as Constraint) : made;
}

function named(table: Table, name: string | null, longest: number): Constraint | undefined {
  return name === null ? undefined : table.constraints.find((each) => constraintName(each, longest) === name);
}

function namesOf(constraint: Constraint): string {
  return constraint.columns.map((each) => each.name).join();
}

/** JSON whose keys are in order, and in which what is not said is not there. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each === "bigint") return String(each);
    if (each === null || typeof each !== "object" || Array.isArray(each)) return each ?? null;
    return Object.fromEntries(
      Object.entries(each)
        .filter(([, part]) => part !== undefined && part !== null && part !== false)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  });
}
