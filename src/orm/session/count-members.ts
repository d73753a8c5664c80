/** How many members collections have, asked of the database for many parents at once and without loading any. */

import type { Op } from "../../engine/io.js";
import type { Result } from "../../engine/result.js";
import type { ColumnElement } from "../../sql/element.js";
import type { Attrs, Kind, PropertyOf, TargetOf } from "../../sql/entity.js";
import { ArgumentError, InvalidRequestError } from "../../sql/errors.js";
import { func } from "../../sql/functions.js";
import { addTo } from "../../sql/groups.js";
import { Select } from "../../sql/selectable/select.js";
import type { Condition } from "../../sql/typing.js";
import type { ToManyAttribute } from "../attributes/to-many-attribute.js";
import { entityOf } from "../loading/entity.js";
import { type Hash, hashKey } from "../loading/found-members.js";
import { InstrumentedColumn } from "../loading/instrumented-column.js";
import { InstrumentedRelation } from "../loading/instrumented-relation.js";
import { BATCH, keysCondition } from "../loading/keys-condition.js";
import { LoadedOptions } from "../loading/loaded-options.js";
import { OptionDefaults, RelationOption } from "../loading/option-node.js";
import { ParentKey } from "../loading/parent-key.js";
import { readOf } from "../loading/read-of.js";
import { RelationRows } from "../loading/relation-rows.js";
import { mapperOf, type Relationship } from "../mapping/mapper.js";
import { placeArguments } from "../place.js";
import type { InstanceState } from "../state.js";
import { execute } from "./execute.js";
import type { SessionCore } from "./session-core.js";

/** The names of the collections of a class. */
export type CollectionOf<E> = { [K in PropertyOf<E>]: Kind<E[K]> extends "many" ? K : never }[PropertyOf<E>] & string;

/** Options of `count`. */
export interface CountSettings<R> {
  /** Only members that meet this condition. */
  readonly where?: Condition | ((member: Attrs<R>) => Condition);
}

/** The members of a collection of `E`. */
export type MemberOf<E, K extends keyof E> = TargetOf<Exclude<E[K], undefined>>;

/** The relationship of a collection. @throws ArgumentError for another attribute */
export function collectionNamed(core: SessionCore, object: object, name: string): Relationship {
  const mapper = mapperOf(core.stateFor(object));
  const relationship = mapper.relationship(name);
  if (relationship?.uselist === true) return relationship;
  const names = mapper.relationships.filter((each) => each.uselist).map((each) => each.key);
  throw new ArgumentError(
    `count(): ${mapper.className}.${name} is no collection. ${mapper.className} has ${names.length === 0 ? "none" : `these: ${names.join(", ")}`}.`,
  );
}

/** The number of members of each object: they may be of several classes of a hierarchy. */
export function* countEach(
  core: SessionCore,
  objects: Iterable<object>,
  name: string,
  where?: unknown,
): Op<Map<object, number>> {
  const byRelationship = new Map<Relationship, object[]>();
  for (const object of objects) {
    const relationship = collectionNamed(core, object, name);
    addTo(byRelationship, relationship, object);
  }
  const counts = new Map<object, number>();
  for (const [relationship, alike] of byRelationship) {
    const numbers = yield* countMembers(core, alike, relationship, where);
    alike.forEach((object, i) => {
      counts.set(object, numbers[i]);
    });
  }
  return counts;
}

/** The numbers of members, in the order of the objects. */
export function* countMembers(
  core: SessionCore,
  objects: readonly object[],
  relationship: Relationship,
  where?: unknown,
): Op<number[]> {
  const states = objects.map((object) => core.inSession(object, "asked for its members"));
  yield* core.autoflush();
  const counts = new Map<InstanceState, number>();
  const asked: InstanceState[] = [];
  for (const state of states) {
    const known = where === undefined ? inMemory(state, relationship.attribute as ToManyAttribute) : undefined;
    if (known !== undefined) counts.set(state, known);
    else if (state.key !== null) asked.push(state);
    else {
      throw new InvalidRequestError(
        `count(): ${state.describe()} has no row yet, so the database cannot say which of its ${relationship.key} meet a condition. Flush first.`,
      );
    }
  }
  for (const group of core.placed([...new Set(asked)])) {
    for (const [defaults, alike] of byCriteria(group)) yield* ask(core, relationship, alike, defaults, where, counts);
  }
  return states.map((state) => counts.get(state) ?? 0);
}

/** The number of a collection that is loaded whole, or of an object that has no row. */
function inMemory(state: InstanceState, attribute: ToManyAttribute): number | undefined {
  if (state.key === null) return attribute.loadedMembers(state).length;
  return attribute.isLoaded(state) && !state.isPartial(attribute) ? attribute.loadedMembers(state).length : undefined;
}

/** By the criteria that hold for the loads of each object. */
function byCriteria(states: readonly InstanceState[]): Map<OptionDefaults, InstanceState[]> {
  const groups = new Map<OptionDefaults, InstanceState[]>();
  for (const state of states) {
    const options = state.origin?.options;
    const defaults = options instanceof LoadedOptions ? options.node.defaults.forLoaders : NONE;
    addTo(groups, defaults, state);
  }
  return groups;
}

const NONE = new OptionDefaults();

/** Asks the database how many members some parents have, and notes what it says. */
function* ask(
  core: SessionCore,
  relationship: Relationship,
  states: readonly InstanceState[],
  defaults: OptionDefaults,
  where: unknown,
  counts: Map<InstanceState, number>,
): Op<void> {
  const option = new RelationOption(relationship.key, NONE);
  const relation = new InstrumentedRelation(entityOf(relationship.parent), relationship);
  if (where !== undefined) option.relation = relation.and(where);
  const rows = new RelationRows(relationship, option, NONE);
  const { statement, keys } = rows.all();
  const { byHash, values } = yield* parentsByKey(core, new ParentKey(relationship, rows.local), states);
  const { mapper } = rows.target;
  const { dialect } = yield* core.connectionFor(mapper, readOf(mapper), placeArguments(states[0]));
  // The member's key is that of the class, so that conditions on the class hold here too.
  const [identity] = mapper.primaryKey;
  const member = new InstrumentedColumn(rows.target, identity, rows.target.elementOf(identity));
  const counted = func.count(member) as unknown as ColumnElement;
  for (let start = 0; start < values.length; start += BATCH) {
    const grouped = new Select([...keys, counted], []).with({
      fromObjects: statement.fromObjects,
      whereCriteria: [...statement.whereCriteria, keysCondition(keys, values.slice(start, start + BATCH), dialect)],
      groupByClauses: keys,
      loadOptions: defaults.criteria,
    });
    const options = { autoflush: false, bindArguments: placeArguments(states[0]) };
    const result = (yield* execute(core, grouped, undefined, options)) as Result<unknown[]>;
    for (const row of result.all()) {
      const count = Number(row[keys.length]);
      for (const state of byHash.get(hashKey(row.slice(0, keys.length))) ?? []) counts.set(state, count);
    }
  }
}

/** The parents by the hash of the key that their members refer to, and each such key once. */
function* parentsByKey(
  core: SessionCore,
  key: ParentKey,
  states: readonly InstanceState[],
): Op<{ readonly byHash: ReadonlyMap<Hash, InstanceState[]>; readonly values: readonly (readonly unknown[])[] }> {
  const byHash = new Map<Hash, InstanceState[]>();
  const values: (readonly unknown[])[] = [];
  for (const state of states) {
    const value = key.of(state) ?? (yield* key.fetch(core, state));
    if (value === null) continue;
    const parts = key.single ? [value] : (value as readonly unknown[]);
    const hash = hashKey(parts);
    if (!byHash.has(hash)) values.push(parts);
    addTo(byHash, hash, state);
  }
  return { byHash, values };
}
