/**
 * Columns that an INSERT left NULL because nobody had given them a value. They read as null, but they do not count as loaded: a query that meets the
 * object fills them with what the row holds by then, or leaves them to be loaded where its statement has no column for them; `merge()` does not copy
 * them, nor take them for known on the object that it finds; and setting one to null is a change. SQLAlchemy: an attribute that
 * is not in the object's `__dict__`.
 *
 * Objects that were inserted alike share one record of it, in the place of the statement that others were loaded by.
 */
import type { InstanceState, LoadOrigin, StateAttribute } from "./state.js";

class InsertedOrigin implements LoadOrigin {
  readonly converters: readonly null[] = [];
  readonly options = null;
  private readonly others: WeakMap<StateAttribute, InsertedOrigin> = new WeakMap();
  // Objects of one class come one after another.
  private lastAttribute: StateAttribute | null = null;
  private lastOrigin: InsertedOrigin | null = null;

  constructor(readonly unset: ReadonlySet<StateAttribute>) {}

  with(attribute: StateAttribute): InsertedOrigin {
    if (this.lastAttribute === attribute && this.lastOrigin !== null) return this.lastOrigin;
    let origin = this.others.get(attribute);
    if (origin === undefined) {
      origin = new InsertedOrigin(new Set([...this.unset, attribute]));
      this.others.set(attribute, origin);
    }
    this.lastAttribute = attribute;
    this.lastOrigin = origin;
    return origin;
  }

  without(attribute: StateAttribute): InsertedOrigin {
    let origin = nothing;
    for (const each of this.unset) if (each !== attribute) origin = origin.with(each);
    return origin;
  }
}

const nothing = new InsertedOrigin(new Set());

/** Notes that the INSERT writes NULL for want of a value. */
export function leaveUnset(state: InstanceState, attribute: StateAttribute): void {
  const { origin } = state;
  if (origin === null) state.origin = nothing.with(attribute);
  else if (origin instanceof InsertedOrigin && !origin.unset.has(attribute)) state.origin = origin.with(attribute);
}

/** The attribute has a value from now on, or will have one by a load. */
export function forgetUnset(state: InstanceState, attribute: StateAttribute): void {
  const { origin } = state;
  if (origin instanceof InsertedOrigin && origin.unset.has(attribute)) state.origin = origin.without(attribute);
}

/** Whether a null of the object is one that nobody gave it. */
export function isUnset(state: InstanceState, attribute: StateAttribute): boolean {
  return state.origin instanceof InsertedOrigin && state.origin.unset.has(attribute);
}

/** A row of the object was met: the attributes count as unloaded, and what the row holds of them is to fill them. */
export function openUnset(state: InstanceState, unset: ReadonlySet<StateAttribute>): void {
  for (const each of unset) {
    const { slot } = each as StateAttribute & { readonly slot: number };
    if (state.values[slot] === null) state.values[slot] = undefined;
  }
}
