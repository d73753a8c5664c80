/** Objects and the rows that they have. */
import { lostWithRow } from "../attributes/attribute.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import { type InstanceState, valuesOf } from "../state.js";
import { type Mapper, mapperOf } from "./mapper.js";

/** Refuses an object without a row whose key is lost: it was expired when its INSERT was rolled back. */
export function refuseLost(state: InstanceState, mapper: Mapper): void {
  const lost = state.expired && mapper.primaryKey.find((attribute) => !attribute.isLoaded(state));
  if (lost) throw lostWithRow(state, lost);
}

/** The value under which the database knows the row. */
export function keyValue(state: InstanceState, attribute: ColumnAttribute): unknown {
  const index = mapperOf(state).primaryKey.indexOf(attribute);
  if (state.key !== null && index >= 0) return valuesOf(state.key)[index];
  return attribute.committedValue(state);
}

/** Whether rows of the two classes are in the same tables, so that one can become the other by an UPDATE. */
export function haveSameTables(a: Mapper, b: Mapper): boolean {
  return a === b || (a.tables.length === b.tables.length && a.tables.every((table) => b.tables.includes(table)));
}
