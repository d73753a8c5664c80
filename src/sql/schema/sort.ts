/** The order in which tables are made. */
import { CircularDependencyError } from "../errors.js";
import type { ForeignKeyConstraint } from "./constraints.js";
import type { Table } from "./table.js";

/** Tables in an order in which they can be created, and the foreign keys that must be added afterwards. */
export interface SortedTables {
  readonly tables: readonly Table[];
  /** Foreign keys to be added by ALTER, since they close a ring of tables or ask for it. */
  readonly deferred: readonly ForeignKeyConstraint[];
}

/**
 * Sorts tables so that a table comes after those that it refers to.
 *
 * Rings of tables are broken by leaving a foreign key out: one that says `useAlter`, else the first of the ring.
 *
 * @param canAlter whether foreign keys can be added later; if not, a ring is kept whole and its order is arbitrary
 */
export function sortTables(tables: readonly Table[], canAlter: boolean): SortedTables {
  const set = new Set<unknown>(tables);
  const deferred: ForeignKeyConstraint[] = [];
  const needs = new Map<Table, Map<Table, ForeignKeyConstraint[]>>();
  for (const table of tables) {
    const edges = new Map<Table, ForeignKeyConstraint[]>();
    for (const key of table.foreignKeyConstraints) {
      const target = key.referredTable as Table;
      if (key.useAlter && canAlter) {
        if (set.has(target)) deferred.push(key);
        continue;
      }
      if (target === table || !set.has(target)) continue;
      const keys = edges.get(target) ?? [];
      keys.push(key);
      edges.set(target, keys);
    }
    for (const other of [...table.dependencies, ...table.parents])
      if (set.has(other) && !edges.has(other)) edges.set(other, []);
    needs.set(table, edges);
  }
  const sorted: Table[] = [];
  const waiting = new Set(tables);
  while (waiting.size > 0) {
    let progress = false;
    for (const table of waiting) {
      const edges = needs.get(table) as Map<Table, ForeignKeyConstraint[]>;
      if ([...edges.keys()].some((each) => waiting.has(each))) continue;
      sorted.push(table);
      waiting.delete(table);
      progress = true;
    }
    if (progress) continue;
    const ring = findRing(waiting, needs);
    const from = ring[0] as Table;
    const to = ring[1 % ring.length] as Table;
    const edges = needs.get(from) as Map<Table, ForeignKeyConstraint[]>;
    if (canAlter) deferred.push(...(edges.get(to) ?? []));
    edges.delete(to);
  }
  return { tables: sorted, deferred };
}

/**
 * The same, refusing rings.
 *
 * @throws CircularDependencyError naming the tables of the ring
 */
export function sortTablesStrictly(tables: readonly Table[]): readonly Table[] {
  const { tables: sorted, deferred } = sortTables(tables, true);
  const forced = deferred.filter((key) => !key.useAlter);
  if (forced.length > 0) {
    const names = forced.map((key) => `${key.table?.fullName} -> ${key.referredTable.fullName}`);
    throw new CircularDependencyError(
      `tables refer to each other in a ring (${names.join(", ")}). Mark one of the foreign keys with useAlter: true.`,
      forced,
    );
  }
  return sorted;
}

function findRing(waiting: ReadonlySet<Table>, needs: ReadonlyMap<Table, ReadonlyMap<Table, unknown>>): Table[] {
  const path: Table[] = [];
  const at = new Map<Table, number>();
  let table = waiting.values().next().value as Table;
  for (;;) {
    const seen = at.get(table);
    if (seen !== undefined) return path.slice(seen);
    at.set(table, path.length);
    path.push(table);
    table = [...(needs.get(table) as ReadonlyMap<Table, unknown>).keys()].find((each) => waiting.has(each)) as Table;
  }
}
