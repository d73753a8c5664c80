import type { ColumnKind } from "./format.js";

/** Makes the attribute value that a scalar of a scenario stands for: an ISO string without zone is a time in UTC. */
export function toAttributeValue(kind: ColumnKind | undefined, value: unknown): unknown {
  if (kind === "datetime" && typeof value === "string") return new Date(`${value}Z`);
  return value;
}

/** Renders a scalar for a result. */
export function renderScalar(value: unknown): unknown {
  if (value === undefined) return null;
  if (value instanceof Date) return value.toISOString().slice(0, -1);
  if (typeof value === "bigint") return Number(value);
  return value;
}

/** Compares values for the order of `table` rows: null first, numbers numerically, the rest by their JSON text. */
export function compareForTable(a: unknown, b: unknown): number {
  if (a === null || b === null) return Number(b === null) - Number(a === null);
  if (typeof a === "number" && typeof b === "number") return a - b;
  return compareStrings(JSON.stringify(a), JSON.stringify(b));
}

/** Compares strings by their code units, not by a locale. */
export function compareStrings(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
