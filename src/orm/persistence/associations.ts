/** Rows of association tables. */
import type { ConnectionCore } from "../../engine/connection-core.js";
import type { Op } from "../../engine/io.js";
import { together } from "../../engine/together.js";
import type { Column } from "../../sql/schema/column.js";
import type { Table } from "../../sql/schema/table.js";
import { StaleDataError } from "../errors.js";
import type { Relationship } from "../mapping/mapper.js";
import type { AssociationChanges } from "../uow/flush-context.js";
import { deletePlan, insertPlan, updatePlan, type WritePlan } from "./write-plans.js";

/** Deletes first, then key changes, then new rows. */
export function writeAssociations(
  connection: ConnectionCore,
  { join, label }: Relationship,
  changes: AssociationChanges,
): Op<void> {
  const table = join.secondary as Table;
  const columns = [...join.pairs.map((p) => p.remote), ...join.secondaryPairs.map((p) => p.local)];
  const valuesOf = (rows: readonly Map<object, unknown>[]): unknown[][] =>
    columns.map((column) => rows.map((row) => row.get(column) ?? null));
  const { dialect } = connection;
  const writes: Op<unknown>[] = [];
  if (changes.deletes.length > 0) {
    const plan = deletePlan(dialect, table, columns);
    writes.push(
      runChecked(connection, plan, valuesOf(changes.deletes), changes.deletes.length, table, "delete", label),
    );
  }
  if (changes.updates.length > 0) {
    const plan = updatePlan(dialect, table, columns, columns, []);
    const values = [
      ...valuesOf(changes.updates.map(({ now }) => now)),
      ...valuesOf(changes.updates.map(({ old }) => old)),
    ];
    writes.push(runChecked(connection, plan, values, changes.updates.length, table, "update", label));
  }
  if (changes.inserts.length > 0) {
    const plan = insertPlan(dialect, table, columns as Column[], []);
    writes.push(plan.runRows(connection, valuesOf(changes.inserts), changes.inserts.length, false));
  }
  return together(writes);
}

function* runChecked(
  connection: ConnectionCore,
  plan: WritePlan,
  columns: readonly unknown[][],
  length: number,
  table: Table,
  verb: "delete" | "update",
  label: string,
): Op<void> {
  const { rowcount } = yield* plan.runRows(connection, columns, length, false);
  if (rowcount < 0 || rowcount === length) return;
  throw new StaleDataError(
    `${verb.toUpperCase()} statement on table '${table.name}' expected to ${verb} ${length} row(s); only ${rowcount} were matched (${label}). ` +
      `The association rows were changed by another transaction or by a second relationship over the same table.`,
  );
}
