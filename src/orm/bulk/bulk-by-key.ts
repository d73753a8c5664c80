/** `session.execute(update(User), [{ id, ... }, ...])`: many rows by their keys, in batches. */

import type { Op } from "../../engine/io.js";
import { CursorResult } from "../../engine/result.js";
import type { Update } from "../../sql/dml/update.js";
import { ArgumentError } from "../../sql/errors.js";
import { ColumnAttribute } from "../attributes/column-attribute.js";
import { loadByKeys } from "../loading/identity.js";
import type { OrmEntity } from "../loading/orm-entity.js";
import { keysWithin } from "../loading/within-criteria.js";
import { type Mapper, mapperOf } from "../mapping/mapper.js";
import { updateStates } from "../persistence/update.js";
import type { SessionExecuteOptions } from "../session/execute-options.js";
import type { SessionCore } from "../session/session-core.js";
import { type IdentityKey, InstanceState } from "../state.js";
import { changesByItself } from "./own-changes.js";
import { facts, type Named } from "./returning.js";

export function* updateByKey(
  session: SessionCore,
  statement: Update,
  sets: readonly Named[],
  options: SessionExecuteOptions,
): Op<CursorResult<unknown>> {
  const entity = statement.entity as OrmEntity;
  const { mapper } = entity;
  refuseReturning(statement, mapper);
  const given = sets.map((set) => changeOf(mapper, entity.written(set)));
  const connection = yield* session.connectionFor(mapper, statement, options.bindArguments);
  const keys = given.map(({ state }) => mapper.primaryKey.map((each) => state.values[each.slot]));
  const within = new Set(yield* keysWithin(connection, mapper, statement.loadOptions, keys));
  const changes = given.filter((_, i) => within.has(keys[i]));
  const records = yield* connection.withSchemas(options.schemaTranslateMap, function* () {
    yield* readVersions(session, mapper, changes);
    const changed = changes.flatMap(({ state, version }) =>
      state.committed === null ? [] : [{ state, mapper, rowSwitch: null, version, cascaded: null }],
    );
    yield* updateStates(session, connection, changed);
    return changed;
  });
  if (options.synchronizeSession !== false) for (const { state } of changes) bringUpToDate(session, state);
  const result = new CursorResult<unknown>(null, [], facts(records.length));
  session.emit("afterBulkUpdate", statement, result);
  return result;
}

/** @throws ArgumentError */
export function refuseReturning(statement: Update, mapper: Mapper): void {
  if (statement.returningNodes.length === 0) return;
  throw new ArgumentError(
    `update(${mapper.className}) by primary key has no RETURNING: the rows are written in batches. Read the objects afterwards.`,
  );
}

/** A row that is to change: a state of its own, outside the session. */
interface Change {
  readonly state: InstanceState;
  version: unknown;
}

function changeOf(mapper: Mapper, set: Named): Change {
  const state = new InstanceState(mapper, {}, new Array(mapper.columnSlots).fill(undefined));
  const key = mapper.primaryKey.map((attribute) => {
    const value = set[attribute.key];
    if (value !== undefined && value !== null) return value;
    throw new ArgumentError(
      `update(${mapper.className}) by primary key: "${attribute.key}" is ${value === null ? "null" : "missing"} in ${JSON.stringify(Object.keys(set))}. Each object has the whole key: ${mapper.primaryKey.map((a) => a.key).join(", ")}.`,
    );
  });
  state.key = mapper.identityKey(key) as IdentityKey;
  let version: unknown;
  for (const [name, value] of Object.entries(set)) {
    if (value === undefined) continue;
    const attribute = mapper.attribute(name);
    if (!(attribute instanceof ColumnAttribute)) {
      throw new ArgumentError(
        `update(${mapper.className}) by primary key: "${name}" is a relationship. Bulk statements take column attributes: give its foreign key.`,
      );
    }
    state.values[attribute.slot] = value;
    if (attribute === mapper.version) version = value;
    else if (!mapper.primaryKey.includes(attribute)) state.recordOwnChange(attribute, undefined);
  }
  return { state, version };
}

/** A version that the caller does not give is the one that the row has now. */
function* readVersions(session: SessionCore, mapper: Mapper, changes: readonly Change[]): Op<void> {
  const attribute = mapper.version;
  if (attribute === null) return;
  const unknown = changes.filter(({ version }) => version === undefined);
  const missing = unknown.filter(({ state }) => {
    const present = session.lookupRow(state);
    return present === undefined || !attribute.isLoaded(present);
  });
  yield* loadByKeys(
    session,
    mapper,
    missing.map(({ state }) => mapper.primaryKey.map((each) => state.values[each.slot])),
  );
  for (const change of unknown) {
    const present = session.lookupRow(change.state);
    change.version = present === undefined ? null : attribute.committedValue(present);
    change.state.values[attribute.slot] = change.version;
  }
}

/** The session's object of the row has what was written; what the database made of it is loaded when it is read. */
function bringUpToDate(session: SessionCore, written: InstanceState): void {
  const present = session.lookupRow(written);
  if (present === undefined) return;
  session.membership.registerAltered(present);
  const mapper = mapperOf(present);
  for (const attribute of mapperOf(written).columnAttributes) {
    const own = mapper.attributes.get(attribute.key);
    if (!(own instanceof ColumnAttribute) || !own.isLoaded(present)) continue;
    const value = written.values[attribute.slot];
    if (typeof value === "object" && value !== null && "visitName" in value) own.expire(present);
    else if (value !== undefined) own.setCommitted(present, value);
    else if (changesByItself(attribute.column)) own.expire(present);
  }
}
