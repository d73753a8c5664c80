/** What `inspect(object)` tells of an entity, without loading anything. */
import type { History } from "./history.js";
import { ensureState } from "./mapping/instrument.js";
import { type Mapper, mapperOf } from "./mapping/mapper.js";
import {
  countsAsDeleted,
  type IdentityToken,
  type InstanceState,
  lifeOf,
  type ObjectState,
  tokenOf,
  valuesOf,
} from "./state.js";
import { isUnset } from "./unset.js";

/** One attribute of one object. */
export class AttributeState {
  constructor(
    readonly object: object,
    readonly key: string,
  ) {}

  /** Whether the attribute is present in memory. */
  get loaded(): boolean {
    const state = ensureState(this.object);
    return mapperOf(state).attribute(this.key).isLoaded(state);
  }
  /** Whether it is a collection that holds a part of its members: its loader had a condition, a limit or an offset. */
  get partial(): boolean {
    const state = ensureState(this.object);
    return state.isPartial(mapperOf(state).attribute(this.key));
  }
  /** The value in memory, undefined where it is not loaded. */
  get loadedValue(): unknown {
    const state = ensureState(this.object);
    return mapperOf(state).attribute(this.key).peek(state);
  }
  /** The value as reading the property gives it: what is not loaded is loaded inside `runSync`, and an error elsewhere. */
  get value(): unknown {
    return (this.object as Record<string, unknown>)[this.key];
  }
  /** Added, unchanged and deleted values since the last flush. */
  get history(): History {
    const state = ensureState(this.object);
    return mapperOf(state).attribute(this.key).history(state);
  }
  /**
   * The same, with what is not in memory loaded first: the attribute itself, or what a relation to one held when it was replaced. This works where
   * reading an attribute loads it: with the synchronous `Session`, and inside `runSync`.
   *
   * @throws MissingSyncContextError elsewhere; DetachedInstanceError where the object belongs to no session
   */
  loadHistory(): History {
    const state = ensureState(this.object);
    return mapperOf(state).attribute(this.key).loadHistory(state);
  }
}

/** The state of one entity. SQLAlchemy: `InstanceState`. */
export class ObjectInspection {
  readonly #state: InstanceState;

  constructor(
    readonly object: object,
    /** Finds the session that the user knows. */
    private readonly sessionFace: (core: object) => unknown,
  ) {
    this.#state = ensureState(object);
  }

  get mapper(): Mapper {
    return mapperOf(this.#state);
  }
  get state(): ObjectState {
    return lifeOf(this.#state);
  }
  get transient(): boolean {
    return this.state === "transient";
  }
  get pending(): boolean {
    return this.state === "pending";
  }
  get persistent(): boolean {
    return this.state === "persistent";
  }
  get deleted(): boolean {
    return this.state === "deleted";
  }
  get detached(): boolean {
    return this.state === "detached";
  }
  /** Whether its row was deleted, also after the object was detached. */
  get wasDeleted(): boolean {
    return countsAsDeleted(this.#state);
  }
  get hasIdentity(): boolean {
    return this.#state.key !== null;
  }
  /** The primary key values of its identity, or null. Known also where the attributes are expired. */
  get identity(): readonly unknown[] | null {
    return this.#state.key === null ? null : [...valuesOf(this.#state.key)];
  }
  /** Where its row lives, in a sharded session: the shard. */
  get identityToken(): IdentityToken | null {
    return tokenOf(this.#state);
  }
  get identityKey(): readonly [unknown, readonly unknown[]] | null {
    return this.identity === null ? null : [this.mapper.base.cls, this.identity];
  }
  get session(): unknown {
    return this.#state.session === null ? null : this.sessionFace(this.#state.session);
  }
  /** Data of your own about this object; it stays with it, and is not stored. */
  get info(): Record<string, unknown> {
    const extra = this.#state.ext();
    extra.info ??= {};
    return extra.info;
  }
  get expired(): boolean {
    return this.#state.expired;
  }
  get modified(): boolean {
    return this.#state.modified;
  }
  /** What is in memory, by name: columns, related objects and collections. */
  get dict(): Readonly<Record<string, unknown>> {
    const loaded: Record<string, unknown> = {};
    for (const [name, attribute] of this.mapper.attributes)
      if (attribute.isLoaded(this.#state)) loaded[name] = attribute.get(this.#state);
    return loaded;
  }
  /** Names of columns that were expired and will be read together, with the next of them that is asked for. */
  get expiredAttributes(): ReadonlySet<string> {
    const names = new Set<string>();
    if (!this.#state.expired) return names;
    for (const attribute of this.mapper.columnAttributes)
      if (!attribute.deferred && !attribute.isLoaded(this.#state)) names.add(attribute.key);
    return names;
  }
  /** The change of one attribute since the last flush, from memory; of a composite or a synonym too. @throws InvalidRequestError for a name that is not mapped */
  getHistory(key: string): History {
    return this.mapper.historyOf(this.#state, key);
  }
  /** Names of attributes that are not in memory, and of columns that were NULL in the object's INSERT as nobody had set them. */
  get unloaded(): ReadonlySet<string> {
    const names = new Set<string>();
    for (const [name, attribute] of this.mapper.attributes)
      if (!attribute.isLoaded(this.#state) || isUnset(this.#state, attribute)) names.add(name);
    return names;
  }
  /** Names of attributes that were not changed since the last flush. */
  get unmodified(): ReadonlySet<string> {
    const names = new Set<string>();
    for (const [name, attribute] of this.mapper.attributes)
      if (!attribute.history(this.#state).hasChanges) names.add(name);
    return names;
  }
  get attrs(): Readonly<Record<string, AttributeState>> {
    return Object.fromEntries(
      [...this.mapper.attributes.keys()].map((key) => [key, new AttributeState(this.object, key)]),
    );
  }
}
