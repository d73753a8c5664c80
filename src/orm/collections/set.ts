/** Collections as sets. Storage and what is handed out are one object: a Set that tells its attribute of each change once it was exposed. */
import { type CollectionKind, CollectionLink, type ToManyAttribute } from "../attributes/to-many-attribute.js";
import type { InstanceState } from "../state.js";
import { isNoted, note, wholly } from "../undo.js";

const rawAdd = Set.prototype.add as (this: Set<object>, item: object) => unknown;
const rawDelete = Set.prototype.delete as (this: Set<object>, item: object) => boolean;

class TrackedSet extends Set<object> {
  /** Null until the collection is handed out; changes before that are the library's own. */
  #link: CollectionLink | null = null;

  static expose(storage: Set<object>, attribute: ToManyAttribute, state: InstanceState): Set<object> {
    (storage as TrackedSet).#link = new CollectionLink(attribute, state);
    return storage;
  }

  override add(item: object): this {
    const link = this.#link;
    if (link === null) return super.add(item);
    const { attribute, state } = link;
    attribute.check(item, state);
    if (!attribute.adopt(state, this)) return super.add(item);
    return attribute.whole(() => {
      const stored = attribute.added(state, item, this.has(item));
      put(this, stored);
      return this;
    });
  }

  override delete(item: object): boolean {
    const link = this.#link;
    if (link === null || !this.has(item) || !link.attribute.adopt(link.state, this)) return super.delete(item);
    const { attribute, state } = link;
    return attribute.whole(() => {
      attribute.removed(state, item);
      take(this, item);
      return true;
    });
  }

  override clear(): void {
    const link = this.#link;
    link?.attribute.beforeClear(link.state, this);
    wholly(() => {
      link?.attribute.noteStorage(link.state, this);
      for (const item of [...this]) this.delete(item);
    });
  }
}

function put(storage: Set<object>, item: object): void {
  if (isNoted() && !storage.has(item)) note(() => rawDelete.call(storage, item));
  rawAdd.call(storage, item);
}

/** A member that is put back is the last one. */
function take(storage: Set<object>, item: object): void {
  if (isNoted() && storage.has(item)) note(() => rawAdd.call(storage, item));
  rawDelete.call(storage, item);
}

// What users print and compare is a Set; set algebra and copies give plain ones.
Object.defineProperty(TrackedSet.prototype, "constructor", { value: Set, configurable: true, writable: true });

/** `posts!: Set<Post>`. */
export const setKind: CollectionKind<Set<object>> = {
  words: "a Set",
  create: () => new TrackedSet(),
  members: (storage) => [...storage],
  has: (storage, item) => storage.has(item),
  add: put,
  remove: take,
  expose: TrackedSet.expose,
  read: (value) => (value instanceof Set || Array.isArray(value) ? ([...new Set(value)] as object[]) : null),
};
