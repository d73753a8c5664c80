/** Plans of statements for PostgreSQL, and the forms of them that write many rows at once. */
import {
  BatchResult,
  type DriverManyResult,
  type DriverPlan,
  type DriverResult,
  type RowsWrite,
} from "../../engine/driver.js";
import { BULK_FROM, type BulkRows } from "./bulk-rows.js";
import type { LoadKind } from "./load.js";
import { writable } from "./value-text.js";

/** What the dialect knows of a compiled statement beside its text. */
export interface PostgresPlan extends DriverPlan {
  /** How each column is loaded; null where the columns are not known. */
  readonly kinds: readonly LoadKind[] | null;
  readonly columns: readonly string[] | null;
  /** The user's own text, whose parameters have the types of their values. */
  readonly textual: boolean;
  /** How many rows are written at once; null where they go one by one. */
  readonly bulk: BulkRows | null;
}

export function kindsOf(plan: DriverPlan): readonly LoadKind[] | null {
  return (plan as Partial<PostgresPlan>).kinds ?? null;
}

/** How so many rows are written at once; null where they go one by one. */
export function bulkOf(plan: DriverPlan, rows: number): BulkRows | null {
  const { bulk } = plan as Partial<PostgresPlan>;
  return bulk == null || bulk.text === false || rows < BULK_FROM ? null : bulk;
}

/** The plan of many rows; null where there is none, or its text is not known yet. */
export function bulkPlan(plan: DriverPlan, bulk: BulkRows): PostgresPlan | null {
  const { text, cacheId } = bulk;
  if (typeof text !== "string") return null;
  const { comment } = plan;
  return comment === undefined
    ? { ...(plan as PostgresPlan), text, cacheId, bulk: null }
    : { ...(plan as PostgresPlan), text: text + comment, cacheId: 0, bulk: null };
}

export function bulkResult(bulk: BulkRows, result: DriverResult): DriverManyResult {
  const { rows, columns, rowcount, lastrowid } = result;
  bulk.sort(rows);
  return new BatchResult(rows, columns, rowcount, lastrowid, null, null);
}

/** The statement of a write and the sets of values that it is executed with. */
interface Sending {
  readonly plan: DriverPlan;
  readonly sets: readonly (readonly unknown[])[];
  /** One statement for all rows. */
  readonly isWhole: boolean;
}

/** How a write is sent. @throws ArgumentError where a value cannot be */
export function toSend({ plan, rows }: RowsWrite): Sending {
  const bulk = bulkOf(plan, rows.length);
  const whole = bulk === null ? null : bulkPlan(plan, bulk);
  return whole === null || bulk === null
    ? { plan, sets: rows.toSets().map(writable), isWhole: false }
    : { plan: whole, sets: [writable(bulk.parameters(rows))], isWhole: true };
}
