/** Writes what the unit of work has ordered. It knows SQL and nothing of order. SQLAlchemy: `orm/persistence.py`. */

import type { ConnectionCore } from "../../engine/connection-core.js";
import { execute } from "../../engine/execute.js";
import { isOp, type Op } from "../../engine/io.js";
import { together } from "../../engine/together.js";
import type { Node } from "../../sql/node.js";
import { FlushError } from "../errors.js";
import { hearsInstance } from "../instance-events.js";
import { type Mapper, mapperOf, type Relationship } from "../mapping/mapper.js";
import { haveSameTables, refuseLost } from "../mapping/object-row.js";
import { PLACE, placeArguments } from "../place.js";
import { hashOf, type IdentityKey, type InstanceState, tokenOf, valuesOf } from "../state.js";
import type { AssociationChanges, FlushContext, Persister } from "../uow/flush-context.js";
import { KEY_TAKEN, WRONG_IDENTITY } from "../warnings.js";
import { writeAssociations } from "./associations.js";
import { deleteStates } from "./delete.js";
import { insertStates } from "./insert.js";
import { MAPPER_EVENTS, type MapperEventName, type PersistSession, type SaveRecord } from "./port.js";
import { postUpdateStates, updateStates } from "./update.js";

/** The events around the saves of a flush. */
interface SaveEvents {
  readonly insert: MapperEventName;
  readonly update: MapperEventName;
}
const BEFORE: SaveEvents = { insert: "beforeInsert", update: "beforeUpdate" };
const AFTER: SaveEvents = { insert: "afterInsert", update: "afterUpdate" };

const NOTHING: readonly Node[] = [];

/** Runs what listeners have answered with. */
function* runAll(statements: readonly Node[], connection: ConnectionCore): Op<void> {
  for (const statement of statements) yield* execute(connection, statement);
}

export class SessionPersister implements Persister {
  constructor(readonly session: PersistSession) {}

  save(base: Mapper, states: readonly InstanceState[], flush: FlushContext): Op<void> | null {
    if (states.length === 0) return null;
    const places = this.session.placed(states);
    return places.length === 1 ? this.#save(base, states, flush) : this.#saveAt(base, places, flush);
  }

  *#saveAt(base: Mapper, places: readonly (readonly InstanceState[])[], flush: FlushContext): Op<void> {
    for (const states of places) yield* this.#save(base, states, flush);
  }

  *#save(base: Mapper, states: readonly InstanceState[], flush: FlushContext): Op<void> {
    const sorted = sortStates(states);
    const found = this.session.connectionSoon(mapperOf(sorted[0]), null, placeArguments(sorted[0]));
    const connection = isOp(found) ? yield* found : found;
    const before = this.#announce(base, sorted, connection, BEFORE);
    if (before.length > 0) yield* runAll(before, connection);
    if (base.polymorphicOn !== null) for (const state of sorted) this.#checkDiscriminator(state, mapperOf(state));
    if (this.#areInserts(sorted)) yield* insertStates(connection, sorted);
    else {
      const { inserts, updates } = yield* this.#records(sorted, flush);
      // An UPDATE cannot hit a row that this flush makes, and what it frees an INSERT may take.
      if (updates.length === 0) yield* insertStates(connection, inserts);
      else if (inserts.length === 0) yield* updateStates(this.session, connection, updates);
      else {
        yield* together([updateStates(this.session, connection, updates), insertStates(connection, inserts)]);
      }
    }
    if (base.selfAndDescendants().some(expiresAttributes))
      for (const state of sorted) for (const each of mapperOf(state).expiredByFlush) each.expire(state);
    const after = this.#announce(base, sorted, connection, AFTER);
    if (after.length > 0) yield* runAll(after, connection);
  }

  /** Whether all objects are new and take nobody's row. */
  #areInserts(states: readonly InstanceState[]): boolean {
    for (const state of states)
      if (state.key !== null || this.#holderOfKey(state, mapperOf(state)) !== undefined) return false;
    return true;
  }

  /** What is inserted and what is updated; loads what must be known of stored objects. */
  *#records(
    states: readonly InstanceState[],
    flush: FlushContext,
  ): Op<{ readonly inserts: InstanceState[]; readonly updates: SaveRecord[] }> {
    const inserts: InstanceState[] = [];
    const updates: SaveRecord[] = [];
    for (const state of states) {
      const mapper = mapperOf(state);
      let rowSwitch: InstanceState | null = null;
      if (state.key === null) {
        const existing = this.#holderOfKey(state, mapper);
        if (existing !== undefined) rowSwitch = yield* this.#rowSwitch(state, existing, flush);
      }
      if (state.key === null && rowSwitch === null) {
        inserts.push(state);
        continue;
      }
      const changed = hasNetChange(state);
      if (changed && needsKey(state)) yield* this.session.loadForFlush(state, mapper.primaryKey[0]);
      const source = rowSwitch ?? state;
      if (
        changed &&
        mapper.version !== null &&
        !mapper.version.isLoaded(source) &&
        mapper.version.committedValue(source) === undefined
      ) {
        yield* this.session.loadForFlush(source, mapper.version);
      }
      const version = mapper.version?.committedValue(source);
      updates.push({ state, mapper, rowSwitch, version, cascaded: flush.cascadedKeys(state) });
    }
    return { inserts, updates };
  }

  /** @returns the statements that listeners answer with */
  #announce(
    base: Mapper,
    states: readonly InstanceState[],
    connection: ConnectionCore,
    { insert, update }: SaveEvents,
  ): readonly Node[] {
    if (!this.#hears(base, insert) && !this.#hears(base, update)) return NOTHING;
    const said: Node[] = [];
    for (const [mapper, group] of byMapper(states)) {
      if (this.session.hears(insert, mapper)) {
        const isNew = group.filter((s) => s.key === null);
        if (isNew.length > 0) said.push(...this.session.mapperEvent(insert, mapper, isNew, connection));
      }
      if (this.session.hears(update, mapper)) {
        const stored = group.filter((s) => s.key !== null);
        if (stored.length > 0) said.push(...this.session.mapperEvent(update, mapper, stored, connection));
      }
    }
    return said;
  }

  isHeard(base: Mapper): boolean {
    if (MAPPER_EVENTS.some((event) => this.#hears(base, event))) return true;
    return base.selfAndDescendants().some((mapper) => hearsInstance("refreshFlush", mapper));
  }

  /** Whether anybody listens to an event of a class of the hierarchy. */
  #hears(base: Mapper, event: MapperEventName): boolean {
    for (const mapper of base.selfAndDescendants()) if (this.session.hears(event, mapper)) return true;
    return false;
  }

  /** A discriminator of another class makes a row that will not load as this object; that of a class below may be set where the same table holds its rows. */
  #checkDiscriminator(state: InstanceState, mapper: Mapper): void {
    const { polymorphicOn } = mapper;
    if (polymorphicOn === null || (state.key !== null && !state.committed?.has(polymorphicOn))) return;
    const value = polymorphicOn.peek(state);
    const other = mapper.polymorphicMap.get(value);
    if (value === undefined || value === null || other === undefined) return;
    if (other.isA(mapper) && other.table === mapper.table) return;
    this.session.warn(WRONG_IDENTITY, state.describe(), JSON.stringify(value), other.className, mapper.className);
  }

  /** The object in the identity map under the key of a new one. */
  #holderOfKey(state: InstanceState, mapper: Mapper): InstanceState | undefined {
    refuseLost(state, mapper);
    if (mapper.primaryKey[0].peek(state) == null) return undefined;
    const key = mapper.identityKeyOf(state);
    const holder = key === null ? undefined : this.session.lookup(mapper.base, key, tokenOf(state));
    return holder === state ? undefined : holder;
  }

  /** A new object with the key of one that is deleted in this flush takes over its row. */
  *#rowSwitch(state: InstanceState, existing: InstanceState, flush: FlushContext): Op<InstanceState | null> {
    if (flush.isGone(existing)) return null;
    if (existing.expired && !(yield* this.session.ensurePresent(existing))) return null;
    if (flush.isDeleted(existing)) {
      if (!haveSameTables(mapperOf(state), mapperOf(existing))) throw otherTables(state, existing);
      existing.changeFate(true, true);
      return existing;
    }
    this.session.warn(KEY_TAKEN, state.describe(), existing.describe());
    return null;
  }

  *delete(states: readonly InstanceState[], flush: FlushContext): Op<void> {
    if (states.length === 0) return;
    flush.noteGone(states);
    for (const here of this.session.placed(states)) yield* this.#delete(here);
  }

  *#delete(states: readonly InstanceState[]): Op<void> {
    const sorted = sortStates(states);
    const connection = yield* this.session.connectionFor(mapperOf(sorted[0]), null, placeArguments(sorted[0]));
    for (const state of sorted)
      if (needsKey(state)) yield* this.session.loadForFlush(state, mapperOf(state).primaryKey[0]);
    const groups = byMapper(sorted);
    for (const [mapper, group] of groups)
      yield* runAll(this.session.mapperEvent("beforeDelete", mapper, group, connection), connection);
    yield* deleteStates(this.session, connection, sorted);
    for (const [mapper, group] of groups)
      yield* runAll(this.session.mapperEvent("afterDelete", mapper, group, connection), connection);
  }

  *postUpdate(states: readonly InstanceState[], columns: ReadonlySet<object>): Op<void> {
    if (states.length === 0) return;
    for (const here of this.session.placed(states)) {
      const connection = yield* this.session.connectionFor(mapperOf(here[0]), null, placeArguments(here[0]));
      for (const state of here)
        if (needsKey(state)) yield* this.session.loadForFlush(state, mapperOf(state).primaryKey[0]);
      yield* postUpdateStates(this.session, connection, sortStates(here), columns);
    }
  }

  *associations(relationship: Relationship, changes: AssociationChanges): Op<void> {
    if (changes.inserts.length + changes.deletes.length + changes.updates.length === 0) return;
    for (const [shardId, here] of byPlace(changes)) {
      const place = shardId === undefined ? undefined : { shardId };
      const connection = yield* this.session.connectionFor(relationship.target, null, place);
      yield* writeAssociations(connection, relationship, here);
    }
  }
}

function otherTables(state: InstanceState, existing: InstanceState): FlushError {
  return new FlushError(
    `${state.describe()} has the primary key of ${existing.describe()}, which is deleted in this flush and has its rows in other tables. ` +
      `Flush the deletion before the new object is added.`,
  );
}

/** The rows of an association table by the place that they belong to. */
function byPlace(changes: AssociationChanges): Map<unknown, AssociationChanges> {
  const groups = new Map<unknown, AssociationChanges>();
  const at = (row: Map<object, unknown>): AssociationChanges => {
    const place = row.get(PLACE);
    let group = groups.get(place);
    if (group === undefined) {
      group = { inserts: [], deletes: [], updates: [] };
      groups.set(place, group);
    }
    return group;
  };
  for (const row of changes.inserts) at(row).inserts.push(row);
  for (const row of changes.deletes) at(row).deletes.push(row);
  for (const update of changes.updates) at(update.now).updates.push(update);
  return groups;
}

function byMapper(states: readonly InstanceState[]): Map<Mapper, InstanceState[]> {
  const groups = new Map<Mapper, InstanceState[]>();
  let last: Mapper | null = null;
  let group: InstanceState[] = [];
  for (const state of states) {
    const mapper = mapperOf(state);
    if (mapper !== last) {
      last = mapper;
      const known = groups.get(mapper);
      group = known ?? [];
      if (known === undefined) groups.set(mapper, group);
    }
    group.push(state);
  }
  return groups;
}

/** New objects in the order of `add`, then stored ones by primary key. */
function sortStates(states: readonly InstanceState[]): readonly InstanceState[] {
  if (areNewInOrder(states)) return states;
  const pending: InstanceState[] = [];
  const stored: InstanceState[] = [];
  for (const state of states) (state.key === null ? pending : stored).push(state);
  sortIfNeeded(pending, (a, b) => a.insertOrder - b.insertOrder);
  sortIfNeeded(stored, compareKeys);
  return pending.length === 0 ? stored : pending.concat(stored);
}

function areNewInOrder(states: readonly InstanceState[]): boolean {
  let last = 0;
  for (const { key, insertOrder } of states) {
    if (key !== null || insertOrder < last) return false;
    last = insertOrder;
  }
  return true;
}

/** Objects mostly come in the order that is wanted. */
function sortIfNeeded(states: InstanceState[], compare: (a: InstanceState, b: InstanceState) => number): void {
  for (let i = 1; i < states.length; i++) {
    if (compare(states[i - 1], states[i]) > 0) {
      states.sort(compare);
      return;
    }
  }
}

function compareKeys(a: InstanceState, b: InstanceState): number {
  if (typeof a.key === "number" && typeof b.key === "number") return a.key - b.key;
  const [left, right] = [valuesOf(a.key as IdentityKey), valuesOf(b.key as IdentityKey)];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const [x, y] = [left[i], right[i]] as [number, number];
    if (x < y) return -1;
    if (x > y) return 1;
  }
  const [x, y] = [hashOf(a.key as IdentityKey), hashOf(b.key as IdentityKey)];
  return x === y ? 0 : x < y ? -1 : 1;
}

function expiresAttributes({ expiredByFlush }: Mapper): boolean {
  return expiredByFlush.length > 0;
}

/** A row is written under the key that its object reads: an expired object is loaded for that, with what loads eagerly with it. */
function needsKey(state: InstanceState): boolean {
  return state.key !== null && !mapperOf(state).primaryKey[0].isLoaded(state);
}

function hasNetChange(state: InstanceState): boolean {
  for (const attribute of mapperOf(state).columnAttributes) if (attribute.hasNetChange(state)) return true;
  return false;
}
