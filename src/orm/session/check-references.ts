/**
 * Relations to one of several classes have no foreign key that the database could check. Each flush checks them in its place, once it has written: what new
 * and changed rows refer to must be there, and is held against deletion by others until the transaction ends; what was deleted must not be referred to.
 */
import { IntegrityError } from "../../engine/errors.js";
import { execute } from "../../engine/execute.js";
import type { Op } from "../../engine/io.js";
import type { Column } from "../../sql/schema/column.js";
import { Select } from "../../sql/selectable/select.js";
import { BATCH } from "../loading/keys-condition.js";
import { type Mapper, mapperOf, type Relationship } from "../mapping/mapper.js";
import type { TypeTag } from "../mapping/type-tag.js";
import type { PersistSession } from "../persistence/port.js";
import { placeArguments } from "../place.js";
import { stateOf } from "../stamp.js";
import { type IdentityKey, type InstanceState, valuesOf } from "../state.js";
import type { FlushContext } from "../uow/flush-context.js";

type Places = Pick<PersistSession, "placed" | "connectionFor">;

/** Checks what a flush has written, while the old values are still known; null where nothing is to check. @throws IntegrityError as a foreign key would */
export function checkReferences(session: Places, flush: FlushContext): Op<void> | null {
  for (const { relationships, pointedAt } of flush.byMapper.keys())
    if (relationships.some(isChecked) || pointedAt.some(isChecked)) return check(session, flush);
  return null;
}

function isChecked({ checked }: Relationship): boolean {
  return checked;
}

function* check(session: Places, flush: FlushContext): Op<void> {
  for (const [mapper, states] of flush.byMapper) {
    for (const relationship of mapper.relationships)
      if (relationship.checked) yield* checkWritten(session, flush, relationship, states);
    for (const relationship of mapper.pointedAt)
      if (relationship.checked) yield* checkDeleted(session, relationship, states);
  }
}

/** What one of the classes must have, by key, with the objects that refer to it. */
function* checkWritten(
  session: Places,
  flush: FlushContext,
  relationship: Relationship,
  states: readonly InstanceState[],
): Op<void> {
  const tag = relationship.tag as TypeTag;
  const [{ local }] = relationship.join.pairs;
  const asked: InstanceState[] = [];
  for (const state of states) {
    if (state.flushDeletes || state.flushLists || tag.holds(state) !== true) continue;
    const id = mapperOf(state).attributeOf(local);
    if (state.key !== null && !id.hasNetChange(state) && !tag.attribute(state).hasNetChange(state)) continue;
    if (id.peek(state) != null && !isNew(flush, relationship, state)) asked.push(state);
  }
  const key = keyColumn(relationship.target);
  for (const group of session.placed(asked)) {
    const byKey = new Map<unknown, InstanceState>();
    for (const state of group) byKey.set(String(mapperOf(state).attributeOf(local).peek(state)), state);
    const ids = [...byKey.values()].map((state) => mapperOf(state).attributeOf(local).peek(state));
    for (const batch of batches(ids)) {
      const query = new Select([key], []).with({ whereCriteria: [key.in(batch)] });
      const rows = yield* run(
        session,
        relationship.target,
        group[0],
        query.withForUpdate({ read: true, keyShare: true }),
      );
      for (const id of rows) byKey.delete(String(id));
    }
    for (const [id, state] of byKey) {
      throw violation(
        relationship,
        `${state.describe()} refers to ${relationship.targetName} ${id} along ${labelOf(relationship)}, and there is none: it was never stored, or deleted meanwhile.`,
      );
    }
  }
}

/** Whether the object that is referred to is inserted by this flush. */
function isNew(flush: FlushContext, { attribute }: Relationship, state: InstanceState): boolean {
  const [object] = attribute.loadedMembers(state);
  const target = object === undefined ? undefined : stateOf(object);
  return target !== undefined && target.key === null && flush.has(target);
}

function* checkDeleted(session: Places, relationship: Relationship, states: readonly InstanceState[]): Op<void> {
  const { parent, tag, join } = relationship;
  const deleted = states.filter((state) => state.flushDeletes && state.key !== null);
  const [{ local }] = join.pairs;
  for (const group of session.placed(deleted)) {
    const byKey = new Map(group.map((state) => [String(valuesOf(state.key as IdentityKey)[0]), state]));
    for (const batch of batches(group.map((state) => valuesOf(state.key as IdentityKey)[0]))) {
      const { column, name } = tag as TypeTag;
      const query = new Select([local], []).with({
        whereCriteria: [column.eq(name), local.in(batch)],
      });
      const [id] = yield* run(session, parent, group[0], query.limit(1));
      if (id === undefined) continue;
      const target = byKey.get(String(id)) ?? group[0];
      throw violation(
        relationship,
        `${target.describe()} cannot be deleted: rows of ${parent.table.name} refer to it along ${labelOf(relationship)}. ` +
          `Delete them first; or give ${relationship.targetName} a collection of them, with which they lose it, or go too where its cascade has "delete".`,
      );
    }
  }
}

/** The first column of what a query finds. */
function* run(session: Places, mapper: Mapper, at: InstanceState, query: Select): Op<unknown[]> {
  const connection = yield* session.connectionFor(mapper, null, placeArguments(at));
  const result = yield* execute(connection, query);
  return result.scalars().all();
}

/** The key in the class's own table. */
function keyColumn(mapper: Mapper): Column {
  const [{ columns, column }] = mapper.primaryKey;
  return columns.find((each) => (each.table as unknown) === mapper.table) ?? column;
}

function* batches(keys: readonly unknown[]): Generator<readonly unknown[]> {
  for (let start = 0; start < keys.length; start += BATCH) yield keys.slice(start, start + BATCH);
}

function labelOf({ parent, variant }: Relationship): string {
  return `${parent.className}.${variant?.of}`;
}

function violation({ parent, join, tag }: Relationship, reason: string): IntegrityError {
  const columns = [(tag as TypeTag).column.name, join.pairs[0].local.name];
  return new IntegrityError(reason, null, undefined, { violation: "foreignKey", table: parent.table.name, columns });
}
