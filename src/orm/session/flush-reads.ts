/** Expired objects that a flush must read: those whose keys it copies, and those that took part in it. */
import type { Op } from "../../engine/io.js";
import { addTo } from "../../sql/groups.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import type { LoadSession } from "../load-session.js";
import { loadByKeys } from "../loading/identity.js";
import { type Mapper, mapperOf } from "../mapping/mapper.js";
import { stateOf } from "../stamp.js";
import { type IdentityKey, type InstanceState, tokenOf, valuesOf } from "../state.js";
import type { FlushContext } from "../uow/flush-context.js";
import type { Shards } from "./sharding.js";

/** What these reads ask of the session. */
export interface ReadingSession extends LoadSession {
  readonly shards: Shards | null;
  /** Reads an expired object. @throws ObjectDeletedError where its row is gone */
  loadForFlush(state: InstanceState, attribute: ColumnAttribute): Op<void>;
}

/**
 * An object whose key is copied must have its row: it is read before that, and with it the others of its class that will be asked for the same.
 * @throws ObjectDeletedError
 */
export function* knowSource(session: ReadingSession, flush: FlushContext | null, state: InstanceState): Op<void> {
  const mapper = mapperOf(state);
  const alike = new Map<Mapper, InstanceState[]>([[mapper, [state]]]);
  if (flush !== null) gatherUnknown(referredTo(session, flush, state), alike);
  yield* readGroups(session, new Map([[mapper, alike.get(mapper) as InstanceState[]]]), state);
}

/** An object that took part in a flush is not expired afterwards: what the flush did not need of it is read now. Null where there is nothing to read. */
export function readExpired(session: ReadingSession, flush: FlushContext): Op<void> | null {
  const groups = new Map<Mapper, InstanceState[]>();
  for (const states of flush.byMapper.values()) gatherUnknown(states, groups);
  return groups.size === 0 ? null : readGroups(session, groups);
}

/** The stored objects whose keys the flush may copy. */
function referredTo(session: ReadingSession, flush: FlushContext, but: InstanceState): Iterable<InstanceState> {
  const found = new Set<InstanceState>();
  for (const [mapper, states] of flush.byMapper) {
    for (const { attribute, direction, options } of mapper.relationships) {
      if (direction === "oneToMany" || options.viewonly === true) continue;
      for (const state of states) {
        if (state.flushDeletes || (state.key !== null && state.committed?.has(attribute) !== true)) continue;
        for (const member of attribute.loadedMembers(state)) {
          const target = stateOf(member) as InstanceState;
          if (target !== but && session.contains(target)) found.add(target);
        }
      }
    }
  }
  return found;
}

/** Reads objects with one statement for each class. @param only whose row must be there; without it, all of them */
function* readGroups(
  session: ReadingSession,
  groups: ReadonlyMap<Mapper, readonly InstanceState[]>,
  only?: InstanceState,
): Op<void> {
  for (const [mapper, group] of groups) {
    const [key] = mapper.primaryKey;
    if (group.length > 1 && session.shards === null && group.every((state) => tokenOf(state) === null)) {
      const keys = group.map((state) => valuesOf(state.key as IdentityKey));
      yield* loadByKeys(session, mapper, keys, undefined, group);
    }
    for (const state of only === undefined ? group : [only])
      if (!key.isLoaded(state)) yield* session.loadForFlush(state, key);
  }
}

/** Adds objects whose key attributes are expired to the others of their mapper. */
function gatherUnknown(states: Iterable<InstanceState>, groups: Map<Mapper, InstanceState[]>): void {
  for (const state of states) {
    if (state.key === null || state.flushDeletes) continue;
    const mapper = mapperOf(state);
    if (mapper.primaryKey[0].isLoaded(state)) continue;
    addTo(groups, mapper, state);
  }
}
