/** Collections as maps, keyed by an attribute of the members or by a function of them. SQLAlchemy: `attribute_keyed_dict`, `keyfunc_mapping`. */
import { ArgumentError, InvalidRequestError } from "../../sql/errors.js";
import { type CollectionKind, CollectionLink, type ToManyAttribute } from "../attributes/to-many-attribute.js";
import { stateOf } from "../stamp.js";
import type { InstanceState } from "../state.js";
import { isNoted, note, wholly } from "../undo.js";
import { addUpserts } from "./upserts.js";

/** Options of keyed collections. */
export interface KeyedOptions {
  /** A member whose key is not set yet is left out of the map, instead of being an error, until its key is set. */
  readonly ignoreUnpopulatedAttribute?: boolean;
}

type KeyOf = (member: object) => unknown;

const rawSet = Map.prototype.set as (this: Map<unknown, object>, key: unknown, value: object) => unknown;
const rawDelete = Map.prototype.delete as (this: Map<unknown, object>, key: unknown) => boolean;

class TrackedMap extends Map<unknown, object> {
  #link: CollectionLink | null = null;

  static expose(storage: Map<unknown, object>, attribute: ToManyAttribute, state: InstanceState): Map<unknown, object> {
    (storage as TrackedMap).#link = new CollectionLink(attribute, state);
    return storage;
  }

  override set(key: unknown, item: object): this {
    const link = this.#link;
    if (link === null) return super.set(key, item);
    const { attribute, state } = link;
    attribute.check(item, state);
    (attribute.kind as KeyedKind).checkKey(item, key, attribute.label);
    if (!attribute.adopt(state, this)) return super.set(key, item);
    return attribute.whole(() => {
      const replaced = this.get(key);
      if (replaced !== undefined && replaced !== item) attribute.removed(state, replaced);
      put(this, key, attribute.added(state, item, replaced === item));
      return this;
    });
  }

  override delete(key: unknown): boolean {
    const link = this.#link;
    const item = this.get(key);
    if (link === null || item === undefined || !link.attribute.adopt(link.state, this)) return super.delete(key);
    const { attribute, state } = link;
    return attribute.whole(() => {
      attribute.removed(state, item);
      take(this, key);
      return true;
    });
  }

  override clear(): void {
    const link = this.#link;
    link?.attribute.beforeClear(link.state, this);
    wholly(() => {
      link?.attribute.noteStorage(link.state, this);
      for (const key of [...this.keys()]) this.delete(key);
    });
  }
}

function put(storage: Map<unknown, object>, key: unknown, item: object): void {
  if (isNoted()) notePlace(storage, key);
  rawSet.call(storage, key, item);
}

function take(storage: Map<unknown, object>, key: unknown): void {
  if (isNoted()) notePlace(storage, key);
  rawDelete.call(storage, key);
}

function notePlace(storage: Map<unknown, object>, key: unknown): void {
  const before = storage.get(key);
  note(() => (before === undefined ? rawDelete.call(storage, key) : rawSet.call(storage, key, before)));
}

addUpserts(TrackedMap.prototype as Map<unknown, unknown>);
Object.defineProperty(TrackedMap.prototype, "constructor", { value: Map, configurable: true, writable: true });

/** A kind of map. */
export class KeyedKind implements CollectionKind<Map<unknown, object>> {
  readonly words = "a Map";

  constructor(
    readonly keyOf: KeyOf,
    /** The attribute of the members that is the key; null where a function makes it. */
    readonly keyAttribute: string | null,
    private readonly options: KeyedOptions,
  ) {}

  create(): Map<unknown, object> {
    return new TrackedMap();
  }
  members(storage: Map<unknown, object>): readonly object[] {
    return [...storage.values()];
  }
  has(storage: Map<unknown, object>, item: object): boolean {
    return keyIn(storage, item) !== undefined;
  }

  add(storage: Map<unknown, object>, item: object): void {
    const key = this.keyOf(item);
    if (key !== undefined) put(storage, key, item);
  }

  /** By the object, not by its key: that may have changed since. */
  remove(storage: Map<unknown, object>, item: object): void {
    const found = keyIn(storage, item);
    if (found !== undefined) take(storage, found.key);
  }

  expose(storage: Map<unknown, object>, attribute: ToManyAttribute, state: InstanceState): object {
    return TrackedMap.expose(storage, attribute, state);
  }

  read(value: unknown, label: string): readonly object[] | null {
    if (Array.isArray(value)) return [...new Set(value as object[])];
    if (!(value instanceof Map)) return null;
    for (const [key, item] of value as Map<unknown, object>) this.checkKey(item, key, label);
    return [...(value as Map<unknown, object>).values()];
  }

  /** A member comes in by itself: it must know its key. @throws InvalidRequestError */
  admit(item: object, label: string): void {
    if (this.options.ignoreUnpopulatedAttribute || this.keyOf(item) !== undefined) return;
    const what =
      this.keyAttribute === null ? "the key function gives undefined for it" : `its "${this.keyAttribute}" is not set`;
    throw new InvalidRequestError(
      `${stateOf(item)?.describe()} cannot go into the map ${label}: ${what}. Set it before the object is put there, ` +
        `or give the collection { ignoreUnpopulatedAttribute: true }, which leaves the object out until then.`,
    );
  }

  /** @throws ArgumentError where a member is put under another key than its own */
  checkKey(item: object, key: unknown, label: string): void {
    const own = this.keyOf(item);
    if (own === undefined && this.options.ignoreUnpopulatedAttribute) return;
    if (Object.is(own, key)) return;
    throw new ArgumentError(
      `${label}: the key ${JSON.stringify(key)} is not that of ${stateOf(item)?.describe() ?? "the object"}, which the map keys by ` +
        `${this.keyAttribute === null ? "a function" : `"${this.keyAttribute}"`}: ${own === undefined ? "it is not set" : JSON.stringify(own)}.`,
    );
  }

  /** Puts a member whose key has changed under its new one. */
  rekey(storage: Map<unknown, object>, item: object, key: unknown): void {
    this.remove(storage, item);
    if (key !== undefined && key !== null) rawSet.call(storage, key, item);
  }
}

function keyIn(storage: Map<unknown, object>, item: object): { readonly key: unknown } | undefined {
  for (const [key, value] of storage) if (value === item) return { key };
  return undefined;
}

/**
 * A `Map` keyed by an attribute of its members. When a member's attribute is set to something else, the loaded map follows; a getter may be the key too, of
 * which no change is heard.
 *
 * @example
 * @OneToMany(() => Note, (n) => n.item, { collectionClass: attributeKeyedDict("keyword") }) notes!: Map<string, Note>;
 */
export function attributeKeyedDict(attribute: string, options: KeyedOptions = {}): CollectionKind {
  const keyOf: KeyOf = (member) => {
    const key = (member as Record<string, unknown>)[attribute];
    return key === null ? undefined : key;
  };
  return new KeyedKind(keyOf, attribute, options);
}

/**
 * A `Map` keyed by a function of its members; undefined means that there is no key yet.
 *
 * @example @OneToMany(() => Note, (n) => n.item, { collectionClass: keyfuncMapping((n: Note) => n.text.slice(0, 3)) })
 */
export function keyfuncMapping<E extends object>(
  keyOf: (member: E) => unknown,
  options: KeyedOptions = {},
): CollectionKind {
  return new KeyedKind(keyOf as KeyOf, null, options);
}

/** What a relationship with a keyed collection listens to: the key of a member is set. */
export function followKey(attribute: ToManyAttribute, parentOf: (member: InstanceState) => InstanceState | null) {
  return (member: InstanceState, value: unknown): void => {
    const parent = parentOf(member);
    const storage = parent?.refs?.[attribute.slot];
    if (storage !== undefined)
      (attribute.kind as KeyedKind).rekey(storage as Map<unknown, object>, member.object, value);
  };
}
