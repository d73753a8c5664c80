/** DELETE of objects, the table of the subclass first. */

import type { ConnectionCore } from "../../engine/connection-core.js";
import type { Op } from "../../engine/io.js";
import { together } from "../../engine/together.js";
import type { Table } from "../../sql/schema/table.js";
import { FlushError } from "../errors.js";
import { type Mapper, mapperOf } from "../mapping/mapper.js";
import { keyValue, refuseLost } from "../mapping/object-row.js";
import type { InstanceState } from "../state.js";
import { DELETE_COUNT } from "../warnings.js";
import { explained } from "./error-context.js";
import type { PersistSession } from "./port.js";
import { type TableShape, tableShapes } from "./shapes.js";
import { stale } from "./update.js";
import { withoutVersion } from "./version.js";
import { deletePlan } from "./write-plans.js";

/**
 * Deletes the rows of objects of one hierarchy.
 *
 * @throws what the database refuses, with the objects that it was about; StaleDataError where a row has another version; FlushError where it has none
 */
export function* deleteStates(
  session: PersistSession,
  connection: ConnectionCore,
  states: readonly InstanceState[],
): Op<void> {
  // What the WHERE clauses need must be known before the first row of a hierarchy is gone.
  for (const state of states) {
    const { version } = mapperOf(state);
    if (version === null || state.key === null || version.committedValue(state) !== undefined) continue;
    yield* session.loadForFlush(state, version);
  }
  const levels: Map<object, { shape: TableShape; states: InstanceState[] }>[] = [];
  for (const state of states) {
    const mapper = mapperOf(state);
    const shapes = tableShapes(mapper);
    for (let depth = 0; depth < shapes.length; depth++) {
      const shape = shapes[depth];
      if (depth > 0 && goesWithBase(mapper, shape.table)) continue;
      levels[depth] ??= new Map();
      const entry = levels[depth].get(shape.table);
      if (entry === undefined) levels[depth].set(shape.table, { shape, states: [state] });
      else entry.states.push(state);
    }
  }
  const tables = levels.reverse().flatMap((level) => [...level.values()]);
  yield* together(tables.map(({ shape, states: group }) => deleteBatch(session, connection, shape, group)));
}

/** Whether the row of a subclass's table is deleted by the database together with that of the table above. */
function goesWithBase(mapper: Mapper, table: Table): boolean {
  let owner: Mapper | null = mapper;
  for (let at: Mapper | null = mapper; at?.tables.includes(table); at = at.inherits) owner = at;
  for (let at: Mapper | null = owner; at !== null; at = at.inherits)
    if (at.options.passiveDeletes !== undefined) return at.options.passiveDeletes;
  return false;
}

function* deleteBatch(
  session: PersistSession,
  connection: ConnectionCore,
  shape: TableShape,
  states: readonly InstanceState[],
): Op<void> {
  const mapper = mapperOf(states[0]);
  const versioned = mapper.version === null ? undefined : shape.byAttribute.get(mapper.version)?.[0];
  const where = versioned === undefined ? shape.keyColumns : shape.versionedKeyColumns;
  const plan = deletePlan(connection.dialect, shape.table, where);
  const columns: unknown[][] = where.map(() => []);
  for (const state of states) {
    if (state.key === null) refuseLost(state, mapper);
    for (let i = 0; i < shape.key.length; i++) {
      const { attribute } = shape.key[i];
      // Of a new object only the key is known under which it had a row once.
      const unknown = state.key === null && state.committed?.has(attribute) !== true;
      const value = unknown ? null : keyValue(state, attribute);
      if (value === null || value === undefined) {
        throw new FlushError(
          `${state.describe()} cannot be deleted: ${state.key === null ? "it has no row yet" : `its primary key attribute "${attribute.key}" is NULL`}.`,
        );
      }
      columns[i].push(value);
    }
    if (versioned === undefined) continue;
    const version = versioned.attribute.committedValue(state) ?? null;
    if (version === null && state.key !== null) throw withoutVersion(state, versioned.attribute);
    columns[shape.key.length].push(version);
  }
  let rowcount: number;
  try {
    ({ rowcount } = yield* plan.runRows(connection, columns, states.length, false));
  } catch (error) {
    throw explained(error, "DELETE", states);
  }
  if (rowcount < 0 || rowcount === states.length || mapper.options.confirmDeletedRows === false) return;
  if (versioned !== undefined) throw stale(shape, states, rowcount, "DELETE");
  session.warn(DELETE_COUNT, shape.table.name, states.length, rowcount);
}
