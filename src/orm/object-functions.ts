/** Functions over single objects, under SQLAlchemy's names: their session, identity and history, and changes of their state by hand. */

import type { PropertyOf } from "../sql/entity.js";
import { InvalidRequestError } from "../sql/errors.js";
import type { Attribute, Initiator as AttributeInitiator } from "./attributes/attribute.js";
import { ColumnAttribute } from "./attributes/column-attribute.js";
import { cascadeStates } from "./cascade-walk.js";
import type { CascadeOperation } from "./cascades.js";
import type { History } from "./history.js";
import type { AnyClass } from "./mapping/declarations.js";
import { ensureState } from "./mapping/instrument.js";
import { mapperOf } from "./mapping/mapper.js";
import { mapperFor } from "./mapping/registry.js";
import { countsAsDeleted, type InstanceState, lifeOf, type ObjectState, valuesOf } from "./state.js";

function attributeOf(object: object, key: string): { readonly state: InstanceState; readonly attribute: Attribute } {
  const state = ensureState(object);
  return { state, attribute: mapperOf(state).attribute(key) };
}

/**
 * The class that an identity belongs to and its primary key values: of an object, or of a class and key values.
 *
 * @returns null for an object whose key attributes are not set
 * @throws UnmappedInstanceError, UnmappedClassError
 */
export function identityKey(object: object): readonly [AnyClass, readonly unknown[]] | null;
export function identityKey(cls: AnyClass, ident: unknown): readonly [AnyClass, readonly unknown[]];
export function identityKey(
  subject: object | AnyClass,
  ident?: unknown,
): readonly [AnyClass, readonly unknown[]] | null {
  if (typeof subject === "function") {
    const mapper = mapperFor(subject);
    return [mapper.base.cls, mapper.keyValues(ident)];
  }
  const state = ensureState(subject);
  const key = state.key ?? mapperOf(state).identityKeyOf(state);
  return key === null ? null : [mapperOf(state).base.cls, valuesOf(key)];
}

/**
 * The identity of the row that a result's row, or a plain object, stands for. SQLAlchemy: `identity_key(cls, row=...)`.
 *
 * @param row has the key's attributes under their names, among others
 * @throws ArgumentError naming the attribute that is missing; UnmappedClassError
 * @example identityKeyFromRow(User, (await session.execute(select(u.name, u.id))).first())
 */
export function identityKeyFromRow(cls: AnyClass, row: object): readonly [AnyClass, readonly unknown[]] {
  const mapper = mapperFor(cls);
  const values = "_mapping" in row ? (row._mapping as Record<string, unknown>) : (row as Record<string, unknown>);
  return [
    mapper.base.cls,
    mapper.keyValues(Object.fromEntries(mapper.primaryKey.map(({ key }) => [key, values[key]]))),
  ];
}

/**
 * The objects that an operation on `object` reaches along the cascades of its relationships, from memory, each once, without the object itself.
 * SQLAlchemy: `Mapper.cascade_iterator`.
 *
 * @param operation the cascade that is followed
 * @example [...cascadeIterator("save-update", user)]
 */
export function* cascadeIterator(
  operation: Exclude<CascadeOperation, "delete">,
  object: object,
): IterableIterator<object> {
  for (const state of cascadeStates(ensureState(object), operation)) if (state.object !== object) yield state.object;
}

/** In which of the five states of its life the object is, as `inspect(object).state` says it. @throws UnmappedInstanceError */
export function objectState(object: object): ObjectState {
  return lifeOf(ensureState(object));
}

/** Whether the object's row was deleted by a flush, also after the object was detached. @throws UnmappedInstanceError */
export function wasDeleted(object: object): boolean {
  return countsAsDeleted(ensureState(object));
}

/**
 * The change of one attribute since the last flush or load, from memory; nothing is loaded. Of a composite or a synonym it is made of what they stand for.
 *
 * @throws InvalidRequestError for a name that is not mapped
 */
export function getHistory<E extends object>(object: E, key: PropertyOf<E> & string): History {
  const state = ensureState(object);
  return mapperOf(state).historyOf(state, key);
}

/**
 * Has the next flush write an attribute although its value is the same: for a value that was changed in place.
 *
 * @throws InvalidRequestError where the attribute is not loaded
 * @example user.settings.theme = "dark"; flagModified(user, "settings");
 */
export function flagModified<E extends object>(object: E, key: PropertyOf<E> & string): void {
  const { state, attribute } = attributeOf(object, key);
  if (!attribute.isLoaded(state)) {
    throw new InvalidRequestError(
      `"${attribute.label}" cannot be flagged as modified: it is not loaded on ${state.describe()}. Load it, or set it.`,
    );
  }
  for (const listener of attribute.listeners?.modified ?? []) listener(state);
  if (!(attribute instanceof ColumnAttribute)) {
    state.markModified();
    return;
  }
  if (attribute.hasNetChange(state)) return;
  state.commitAttribute(attribute);
  // With no value before, any value is a change.
  state.recordChange(attribute, undefined);
}

/** Puts an object among `session.dirty` without a change: listeners of a flush see it, and nothing is written for it. */
export function flagDirty(object: object): void {
  ensureState(object).markModified();
}

/**
 * Gives an attribute a value as if it had been loaded: no event, no history, nothing to flush. A collection takes an array of its members.
 *
 * @example setCommittedValue(user, "posts", postsFromElsewhere);
 */
export function setCommittedValue<E extends object, K extends PropertyOf<E> & string>(
  object: E,
  key: K,
  value: E[K] | readonly object[],
): void {
  const { state, attribute } = attributeOf(object, key);
  if (attribute instanceof ColumnAttribute || !(attribute as unknown as { readonly uselist: boolean }).uselist) {
    attribute.setCommitted(state, value);
    return;
  }
  if (value === null || value === undefined || typeof (value as Iterable<object>)[Symbol.iterator] !== "function") {
    throw new InvalidRequestError(`"${attribute.label}" is a collection: setCommittedValue() takes its members.`);
  }
  const given = value instanceof Map ? value.values() : (value as Iterable<object>);
  attribute.setCommitted(state, [...given]);
}

/**
 * Sets an attribute with all its events, whatever the instance's own property does.
 *
 * @param initiator what its listeners are told that it began with: a listener of another attribute hands on its own, by which they know each other
 */
export function setAttribute<E extends object, K extends PropertyOf<E> & string>(
  object: E,
  key: K,
  value: E[K],
  initiator?: AttributeInitiator,
): void {
  const { state, attribute } = attributeOf(object, key);
  attribute.set(state, value, initiator);
}

/** The value of an attribute, loaded where that is allowed. */
export function getAttribute<E extends object, K extends PropertyOf<E> & string>(object: E, key: K): E[K] {
  const { state, attribute } = attributeOf(object, key);
  return attribute.get(state) as E[K];
}
