/** Collections as sets. Storage and what is handed out are one object: a Set that tells its attribute of each change once it was exposed. */
import { type CollectionKind, CollectionLink, type ToManyAttribute } from "../attributes/to-many-attribute.js";
import type { InstanceState } from "../state.js";

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
    return super.add(attribute.adopt(state, this) ? attribute.added(state, item, this.has(item)) : item);
  }

  override delete(item: object): boolean {
    const link = this.#link;
    if (link !== null && this.has(item) && link.attribute.adopt(link.state, this))
      link.attribute.removed(link.state, item);
    return super.delete(item);
  }

  override clear(): void {
    this.#link?.attribute.beforeClear(this.#link.state, this);
    for (const item of [...this]) this.delete(item);
  }
}

// What users print and compare is a Set; set algebra and copies give plain ones.
Object.defineProperty(TrackedSet.prototype, "constructor", { value: Set, configurable: true, writable: true });

/** `posts!: Set<Post>`. */
export const setKind: CollectionKind<Set<object>> = {
  words: "a Set",
  create: () => new TrackedSet(),
  members: (storage) => [...storage],
  has: (storage, item) => storage.has(item),
  add: (storage, item) => {
    Set.prototype.add.call(storage, item);
  },
  remove: (storage, item) => {
    Set.prototype.delete.call(storage, item);
  },
  expose: TrackedSet.expose,
  read: (value) => (value instanceof Set || Array.isArray(value) ? ([...new Set(value)] as object[]) : null),
};
