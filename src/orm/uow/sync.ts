/** Copies key values along a relationship, from the row that has them to the row that refers to it. SQLAlchemy: `orm/sync.py`. */
import type { Op } from "../../engine/io.js";
import type { Column } from "../../sql/schema/column.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import { DependencyRuleError, FlushError } from "../errors.js";
import type { Relationship } from "../mapping/mapper.js";
import { type Mapper, mapperOf } from "../mapping/mapper.js";
import type { SyncPair } from "../mapping/relationship-join.js";
import type { InstanceState } from "../state.js";

/** Loads what is not in memory, as the database has it. */
export interface KeyLoader {
  loadForFlush(state: InstanceState, attribute: ColumnAttribute): Op<void>;
  /** Reads an expired object whose key is to be copied. */
  knowSource(state: InstanceState): Op<void>;
}

function keyAttribute(state: InstanceState, column: Column, relationship: Relationship): ColumnAttribute {
  const attribute = mapperOf(state).byColumn.get(column);
  if (attribute !== undefined) return attribute;
  throw new FlushError(
    `${relationship.label}: ${state.describe()} does not map the column ${column.table?.name}.${column.name} that the key comes from.`,
  );
}

/** The value of a column of an object's row, as the object has it now; loaded where it is expired and not part of the identity. */
function* valueFor(state: InstanceState, column: Column, relationship: Relationship, loader: KeyLoader): Op<unknown> {
  const mapper = mapperOf(state);
  const attribute = keyAttribute(state, column, relationship);
  const value = attribute.peek(state);
  if (value !== undefined || state.key === null) return value ?? null;
  if (state.expired && mapper.primaryKey.includes(attribute)) yield* loader.knowSource(state);
  if (!attribute.isLoaded(state)) yield* loader.loadForFlush(state, attribute);
  return attribute.peek(state) ?? null;
}

/** The attributes between which a relationship's keys flow, for objects of two mappers. */
interface KeyFlow {
  readonly source: Mapper;
  readonly dest: Mapper;
  readonly from: readonly ColumnAttribute[];
  readonly to: readonly ColumnAttribute[];
  /** Whether one side holds `bigint` and the other does not. */
  readonly differ: readonly boolean[];
}

const holdsBigint = ({ column }: ColumnAttribute): boolean => column.type.visitName === "visitBigInteger";

/** A key as an attribute holds it: the column that refers may be wider than the one that is referred to, or narrower. */
function heldBy(attribute: ColumnAttribute, value: unknown): unknown {
  if (typeof value === "number") return holdsBigint(attribute) && Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== "bigint" || attribute.column.type.family !== "integer" || holdsBigint(attribute)) return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Copies keys along one relationship. Objects of the same classes follow each other, so that what was worked out last is kept. */
export class KeyCopier {
  #flow: KeyFlow | null = null;

  constructor(private readonly relationship: Relationship) {}

  /** `source`'s keys are written into `dest`, if memory has them all. @returns whether it has; else nothing is written */
  fromMemory(source: InstanceState, dest: InstanceState): boolean {
    const { from, to, differ } = this.#between(source, dest);
    if (source.key !== null) for (const attribute of from) if (attribute.peek(source) === undefined) return false;
    for (let i = 0; i < from.length; i++) {
      const value = from[i].peek(source) ?? null;
      to[i].assign(dest, differ[i] ? heldBy(to[i], value) : value);
    }
    return true;
  }

  #between(source: InstanceState, dest: InstanceState): KeyFlow {
    let flow = this.#flow;
    if (flow === null || flow.source !== source.mapper || flow.dest !== dest.mapper) {
      flow = this.#flowOf(source, dest);
      this.#flow = flow;
    }
    return flow;
  }

  #flowOf(source: InstanceState, dest: InstanceState): KeyFlow {
    const { syncPairs } = this.relationship;
    const mapper = mapperOf(dest);
    const from = syncPairs.map((pair) => keyAttribute(source, pair.source, this.relationship));
    const to = syncPairs.map((pair) => mapper.attributeOf(pair.dest));
    const differ = from.map((each, i) => holdsBigint(each) !== holdsBigint(to[i]));
    return { source: mapperOf(source), dest: mapper, from, to, differ };
  }
}

/** `source`'s keys are written into `dest`, loaded where memory lacks them. */
export function* populate(
  source: InstanceState,
  dest: InstanceState,
  relationship: Relationship,
  loader: KeyLoader,
): Op<void> {
  for (const { source: from, dest: to } of relationship.syncPairs) {
    const attribute = mapperOf(dest).attributeOf(to);
    attribute.assign(dest, heldBy(attribute, yield* valueFor(source, from, relationship, loader)));
  }
}

/** What a flush remembers of keys that the database changes by itself. */
export interface CascadedKeys {
  readonly session: KeyLoader;
  noteCascaded(state: InstanceState, attribute: ColumnAttribute): void;
}

/** `source`'s keys have changed, and `dest` has them too: where the database makes its row follow, the parts of its own key among them have changed there. */
export function* follow(
  flush: CascadedKeys,
  source: InstanceState,
  dest: InstanceState,
  relationship: Relationship,
): Op<void> {
  yield* populate(source, dest, relationship, flush.session);
  if (!relationship.passiveUpdates) return;
  const { primaryKey } = mapperOf(dest);
  for (const pair of relationship.syncPairs) {
    const attribute = mapperOf(dest).attributeOf(pair.dest);
    if (primaryKey.includes(attribute)) flush.noteCascaded(dest, attribute);
  }
}

/** The keys that `dest` has along a relationship become NULL. A column of its primary key cannot. */
export function clear(dest: InstanceState, { syncPairs, label, tag }: Relationship): void {
  if (tag?.isTakenOver(dest)) return;
  tag?.forget(dest);
  const mapper = mapperOf(dest);
  for (const { dest: to } of syncPairs) {
    const attribute = mapper.attributeOf(to);
    const value = attribute.peek(dest);
    if (isKeyColumn(mapper, to) && value !== null && value !== undefined) {
      const others = syncPairs.filter((pair) => !isKeyColumn(mapper, pair.dest)).map((pair) => pair.dest.name);
      throw new DependencyRuleError(
        `${label}: removing the link would set ${mapper.className}.${attribute.key} to NULL, which is part of the primary key of ${dest.describe()}. ` +
          `Delete the object too (cascade: ["all", "delete-orphan"]), or give it another parent` +
          (others.length === 0
            ? "."
            : `; or, as ${mapper.table.name}.${others.join(", ")} alone can say the link, mark that with foreign() in the primaryJoin of both sides.`),
      );
    }
    attribute.assign(dest, null);
  }
}

/** Whether `dest` has no keys along a relationship. */
export function isCleared(dest: InstanceState, { syncPairs }: Relationship): boolean {
  const mapper = mapperOf(dest);
  return syncPairs.every((pair) => mapper.attributeOf(pair.dest).peek(dest) === null);
}

function isKeyColumn(mapper: Mapper, column: Column): boolean {
  return mapper.primaryKey.some((attribute) => attribute.columns.includes(column)) || column.primaryKey;
}

/** Adds `source`'s keys to a row that is not an object's. */
export function* populateRow(
  source: InstanceState,
  row: Map<object, unknown>,
  pairs: readonly SyncPair[],
  relationship: Relationship,
  loader: KeyLoader,
): Op<void> {
  for (const { source: from, dest: to } of pairs) row.set(to, yield* valueFor(source, from, relationship, loader));
}

/** Adds the keys that `source` had at the last flush. */
export function populateOldRow(source: InstanceState, row: Map<object, unknown>, pairs: readonly SyncPair[]): void {
  for (const { source: from, dest: to } of pairs) {
    row.set(to, mapperOf(source).attributeOf(from).committedValue(source));
  }
}

/** Whether one of the keys that others refer to has changed. */
export function sourceModified(state: InstanceState, pairs: readonly SyncPair[]): boolean {
  for (const { source } of pairs) {
    const attribute = mapperOf(state).byColumn.get(source);
    if (attribute === undefined || state.committed === null || !state.committed.has(attribute)) continue;
    if (attribute.history(state).deleted.length > 0) return true;
  }
  return false;
}
