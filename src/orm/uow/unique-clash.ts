/**
 * Unique values that a flush frees and takes again: a row is deleted and its successor inserted, or one object gives a value up and another takes it.
 * Inserts come before deletes, and updates go by primary key, so that the database would see the value twice; where that shows in memory, and only there,
 * what frees the value goes first. (SQLAlchemy leaves it to the database, which refuses.) So it is with a primary key that passes to an object of another
 * class with tables of its own: an UPDATE of the rows that are there would leave some behind and miss others.
 */
import type { Column } from "../../sql/schema/column.js";
import { UniqueConstraint } from "../../sql/schema/constraints.js";
import type { Table } from "../../sql/schema/table.js";
import { type Mapper, mapperOf, type Relationship } from "../mapping/mapper.js";
import { haveSameTables, keyValue } from "../mapping/object-row.js";
import { stateOf } from "../stamp.js";
import { hashOf, type InstanceState } from "../state.js";
import { memberStates } from "./action-views.js";
import { DeleteAll, DeleteState, SaveAll, SaveState } from "./actions.js";
import type { FlushContext, UniqueClashes } from "./flush-context.js";

const keysOf = new WeakMap<Mapper, readonly (readonly Column[])[]>();

/** The columns of the unique constraints and indexes of a hierarchy's tables. */
export function uniqueKeys(base: Mapper): readonly (readonly Column[])[] {
  let keys = keysOf.get(base);
  if (keys === undefined) {
    const tables = new Set<Table>();
    for (const mapper of base.selfAndDescendants()) for (const table of mapper.tables) tables.add(table);
    keys = [...tables].flatMap((table) => [
      ...table.constraints.filter((each) => each instanceof UniqueConstraint).map((each) => each.columns),
      ...table.indexes
        .filter((index) => index.unique && index.options.where === undefined)
        .map((index) => index.expressions)
        .filter((columns): columns is Column[] => columns.every((column) => column.visitName === "Column")),
    ]);
    keysOf.set(base, keys);
  }
  return keys;
}

/** What frees values and what takes them, as far as memory knows; null where nothing meets. */
export function findClashes(flush: FlushContext): UniqueClashes | null {
  const pairs: [InstanceState, InstanceState][] = [];
  const followed = followedKeys(flush);
  for (const base of flush.bases) {
    const keys = uniqueKeys(base);
    if (keys.length === 0 && base.selfAndDescendants().length === 1) continue;
    const saves = flush.statesOf(base, false);
    if (saves.length === 0) continue;
    const deletes = flush.statesOf(base, true);
    const heirs = heirsOf(flush, deletes, saves);
    for (const [holder, heir] of heirs) {
      if (haveSameTables(mapperOf(holder), mapperOf(heir))) continue;
      heirs.delete(holder);
      pairs.push([holder, heir]);
    }
    for (const columns of keys) pairs.push(...pairsOf(flush, columns, { deletes, saves, heirs, followed }));
  }
  const orderly = withoutCircles(flush, pairs);
  return orderly.length === 0 ? null : new Clashes(flush, orderly);
}

/** What a flush does with the rows of a hierarchy. */
interface Written {
  readonly deletes: readonly InstanceState[];
  readonly saves: readonly InstanceState[];
  /** By the deleted object, the new one that takes over its row. */
  readonly heirs: ReadonlyMap<InstanceState, InstanceState>;
  readonly followed: FollowedKeys;
}

/** Foreign keys that objects take from those that hold them, or lose with them, though their own references have not changed. */
type FollowedKeys = ReadonlyMap<InstanceState, ReadonlyMap<Column, unknown>>;

const holding = new WeakMap<Mapper, readonly Relationship[]>();

/** The relationships of a class that write into columns which are unique at the other end. */
function holdingUnique(mapper: Mapper): readonly Relationship[] {
  let found = holding.get(mapper);
  if (found === undefined) {
    found = mapper.relationships.filter(
      ({ direction, viewonly, target, join }) =>
        direction === "oneToMany" &&
        !viewonly &&
        uniqueKeys(target.base).some((columns) => join.pairs.some(({ remote }) => columns.includes(remote))),
    );
    holding.set(mapper, found);
  }
  return found;
}

function followedKeys(flush: FlushContext): FollowedKeys {
  const found = new Map<InstanceState, Map<Column, unknown>>();
  const note = (member: InstanceState, column: Column, value: unknown): void => {
    const known = found.get(member);
    if (known === undefined) found.set(member, new Map([[column, value]]));
    // Who takes it in has the last word.
    else if (value !== null || !known.has(column)) known.set(column, value);
  };
  for (const [mapper, states] of flush.byMapper)
    for (const { attribute, join } of holdingUnique(mapper))
      for (const state of states) {
        if (state.key === null || state.flushDeletes || state.committed?.has(attribute) !== true) continue;
        const { added, deleted } = flush.history(state, attribute);
        for (const { local, remote } of join.pairs) {
          const key = mapper.byColumn.get(local);
          for (const member of memberStates(deleted)) note(member, remote, null);
          for (const member of memberStates(added)) note(member, remote, key && keyValue(state, key));
        }
      }
  return found;
}

function pairsOf(
  flush: FlushContext,
  columns: readonly Column[],
  { deletes, saves, heirs, followed }: Written,
): [InstanceState, InstanceState][] {
  const freed = new Map<string, InstanceState>();
  for (const state of deletes) note(freed, state, columns, heirs.get(state) ?? state);
  for (const state of saves)
    if (state.key !== null && changes(state, columns, followed)) note(freed, state, columns, state);
  if (freed.size === 0) return [];
  const pairs: [InstanceState, InstanceState][] = [];
  for (const taker of saves) {
    if (taker.key !== null && !changes(taker, columns, followed)) continue;
    const hash = valuesOf(taker, columns, (state, column) => presentValue(flush, state, column, followed));
    const giver = hash === null ? undefined : freed.get(hash);
    if (giver !== undefined && giver !== taker) pairs.push([giver, taker]);
  }
  return pairs;
}

/** The values that a row has now are freed by what is done with `giver`. */
function note(
  freed: Map<string, InstanceState>,
  state: InstanceState,
  columns: readonly Column[],
  giver: InstanceState,
): void {
  const hash = valuesOf(state, columns, (each, column) => mapperOf(each).byColumn.get(column)?.committedValue(each));
  if (hash !== null) freed.set(hash, giver);
}

function changes(state: InstanceState, columns: readonly Column[], followed: FollowedKeys): boolean {
  const { committed } = state;
  const taken = followed.get(state);
  if (taken !== undefined && columns.some((column) => taken.has(column))) return true;
  if (committed === null) return false;
  const { byColumn, relationships } = mapperOf(state);
  if (columns.some((column) => byColumn.get(column)?.hasNetChange(state) === true)) return true;
  // A foreign key follows from what the object refers to now.
  return relationships.some(
    ({ direction, viewonly, attribute, join }) =>
      direction === "manyToOne" &&
      !viewonly &&
      committed.has(attribute) &&
      join.pairs.some(({ local }) => columns.includes(local)),
  );
}

/** One text for equal values; null where one is not known, or NULL, which is equal to nothing. */
function valuesOf(
  state: InstanceState,
  columns: readonly Column[],
  read: (state: InstanceState, column: Column) => unknown,
): string | null {
  const parts: string[] = [];
  for (const column of columns) {
    const value = read(state, column);
    if (value === null || value === undefined) return null;
    if (value instanceof Date) parts.push(`d${value.getTime()}`);
    else if (typeof value === "object") return null;
    else parts.push(`${typeof value === "bigint" ? "number" : typeof value}${String(value)}`);
  }
  return parts.join("\u0000");
}

/** The value that a row will have; a foreign key may still stand in the object that it refers to. */
function presentValue(flush: FlushContext, state: InstanceState, column: Column, followed?: FollowedKeys): unknown {
  const mapper = mapperOf(state);
  const attribute = mapper.byColumn.get(column);
  for (const relationship of mapper.relationships) {
    if (relationship.direction !== "manyToOne" || relationship.viewonly) continue;
    const pair = relationship.join.pairs.find(({ local }) => local === column);
    if (
      pair === undefined ||
      relationship.tag?.isTakenOver(state) ||
      !flush.history(state, relationship.attribute).hasChanges
    )
      continue;
    const [member] = relationship.attribute.loadedMembers(state);
    const target = member === undefined ? undefined : stateOf(member);
    if (target === undefined) return null;
    const key = mapperOf(target).byColumn.get(pair.remote);
    return key?.peek(target) ?? (key && keyValue(target, key));
  }
  const taken = followed?.get(state);
  return taken?.has(column) ? taken.get(column) : attribute?.peek(state);
}

/** New objects that will have the keys of deleted ones, by these: they become an UPDATE of the row, which is what frees its values. */
function heirsOf(
  flush: FlushContext,
  deletes: readonly InstanceState[],
  saves: readonly InstanceState[],
): Map<InstanceState, InstanceState> {
  const heirs = new Map<InstanceState, InstanceState>();
  const rows = new Map<unknown, InstanceState>();
  for (const state of deletes) if (state.key !== null) rows.set(hashOf(state.key), state);
  if (rows.size === 0) return heirs;
  for (const state of saves) {
    if (state.key !== null) continue;
    const mapper = mapperOf(state);
    const key = mapper.identityKey(mapper.primaryKey.map(({ column }) => presentValue(flush, state, column)));
    const holder = key === null ? undefined : rows.get(hashOf(key));
    if (holder !== undefined) heirs.set(holder, state);
  }
  return heirs;
}

/** Objects that swap values have no order: they are left to the database. */
function withoutCircles(
  flush: FlushContext,
  pairs: readonly [InstanceState, InstanceState][],
): [InstanceState, InstanceState][] {
  const next = new Map<InstanceState, InstanceState[]>();
  for (const [giver, taker] of pairs) next.set(giver, [...(next.get(giver) ?? []), taker]);
  const leadsTo = (from: InstanceState, to: InstanceState): boolean => {
    const seen = new Set<InstanceState>();
    const stack = [from];
    for (let state = stack.pop(); state !== undefined; state = stack.pop()) {
      if (state === to) return true;
      if (seen.has(state)) continue;
      seen.add(state);
      stack.push(...(next.get(state) ?? []));
    }
    return false;
  };
  return pairs.filter(([giver, taker]) => flush.isDeleted(giver) || !leadsTo(taker, giver));
}

class Clashes implements UniqueClashes {
  readonly early: Set<InstanceState> = new Set();

  constructor(
    flush: FlushContext,
    private readonly pairs: readonly [InstanceState, InstanceState][],
  ) {
    // What is deleted together with an early one is early too.
    const stack = pairs.map(([giver]) => giver).filter((giver) => flush.isDeleted(giver));
    for (let state = stack.pop(); state !== undefined; state = stack.pop()) {
      if (this.early.has(state)) continue;
      this.early.add(state);
      for (const { attribute, direction } of mapperOf(state).relationships) {
        if (direction === "manyToOne") continue;
        for (const reached of memberStates(flush.history(state, attribute).nonAdded()))
          if (flush.isDeleted(reached)) stack.push(reached);
      }
    }
  }

  orderAll(flush: FlushContext): void {
    // Both actions of a hierarchy are broken, or neither: the halves would each delete what is deleted.
    for (const [, taker] of this.pairs) {
      const { base } = mapperOf(taker);
      flush.order([DeleteAll.of(flush, base), SaveAll.of(flush, base)]);
    }
  }

  orderStates(flush: FlushContext): void {
    for (const [giver, taker] of this.pairs) {
      const before = flush.isDeleted(giver) ? DeleteState.of(flush, giver) : SaveState.of(flush, giver);
      flush.order([before, SaveState.of(flush, taker)]);
    }
  }
}
