/** Names of constraints and indexes as operations and files say them: whole. A statement cuts them to what its database takes. */
import type { Constraint } from "../../sql/schema/constraints.js";
import type { Index } from "../../sql/schema/indexes.js";
import { constraintName, indexName } from "../../sql/schema/naming.js";

/** The name of a constraint, or null where it has none. */
export function nameOf(constraint: Constraint): string | null {
  return constraintName(constraint, Number.POSITIVE_INFINITY);
}

/** The name of an index. */
export function nameOfIndex(index: Index): string {
  return indexName(index, Number.POSITIVE_INFINITY);
}

/** How PostgreSQL ends the names of constraints that are given none. */
const ENDINGS = { pk: "pkey", fk: "fkey", uq: "key" } as const;

/**
 * The name that PostgreSQL gives to a constraint that has none; null for a CHECK, whose name depends on how many there
 * are, and where it would have to be cut.
 */
export function serverName({ kind, table, columns }: Constraint): string | null {
  if (!(kind in ENDINGS) || table === null) return null;
  const names = kind === "pk" ? [] : columns.map((each) => each.name);
  const name = [table.name, ...names, ENDINGS[kind as keyof typeof ENDINGS]].join("_");
  return new TextEncoder().encode(name).length < 64 ? name : null;
}
