/** The key by which the rows on the other side of a relationship are found, of one parent. */
import type { Op } from "../../engine/io.js";
import type { Column } from "../../sql/schema/column.js";
import type { LoadSession } from "../load-session.js";
import { mapperOf, type Relationship } from "../mapping/mapper.js";
import type { TypeTag } from "../mapping/type-tag.js";
import { type InstanceState, valuesOf } from "../state.js";
import { type Hash, hashKey, hashValue } from "./found-members.js";
import type { Key } from "./relation-keys.js";
import { loadUnloaded } from "./unloaded.js";

export class ParentKey {
  /** Whether it has one part. */
  readonly single: boolean;
  private readonly toParent: boolean;
  /** Whether it is the parent's primary key of one column. */
  private readonly byIdentity: boolean;
  /** What must hold for a parent that may refer to several classes. */
  private readonly tag: TypeTag | null;

  constructor(
    relationship: Relationship,
    /** Columns of the parent that the rows are found by. */
    readonly local: readonly Column[],
  ) {
    this.single = local.length === 1;
    this.toParent = relationship.direction === "manyToOne";
    this.tag = this.toParent ? relationship.tag : null;
    const [key, ...others] = relationship.parent.primaryKey;
    this.byIdentity = !this.toParent && this.single && others.length === 0 && key.columns.includes(local[0]);
  }

  hash(key: Key): Hash {
    return this.single ? hashValue(key) : hashKey(key as readonly unknown[]);
  }

  /** The keys of parents that are found by their identity, which tells them apart; null where something else has to be asked. */
  identitiesOf(states: readonly InstanceState[]): readonly (string | number)[] | null {
    if (!this.byIdentity) return null;
    const keys: (string | number)[] = new Array(states.length);
    for (let i = 0; i < states.length; i++) {
      const { key } = states[i];
      if (typeof key !== "number" && typeof key !== "string") return null;
      keys[i] = key;
    }
    return keys;
  }

  /** The key of an object's related rows; null where a part of it is NULL, undefined where a part is not loaded. */
  of(state: InstanceState): Key | null | undefined {
    if (this.tag !== null) {
      const here = this.tag.holds(state);
      if (here !== true) return here === false ? null : undefined;
    }
    // The identity is the key that the database has.
    if (this.byIdentity && state.key !== null && typeof state.key !== "object") return state.key;
    if (this.single) return this.#part(state, this.local[0]);
    const values: unknown[] = new Array(this.local.length);
    for (let i = 0; i < values.length; i++) {
      const value = this.#part(state, this.local[i]);
      if (value === undefined || value === null) return value;
      values[i] = value;
    }
    return values;
  }

  #part(state: InstanceState, column: Column): Key | null | undefined {
    const mapper = mapperOf(state);
    const attribute = mapper.attributeOf(column);
    // The rows on the other side know the key that the database has; a foreign key of our own may have been set just now.
    const value = this.toParent ? attribute.peek(state) : attribute.committedValue(state);
    if (value !== undefined || state.key === null) return value as Key | null | undefined;
    const at = mapper.primaryKey.indexOf(attribute);
    return at >= 0 ? (valuesOf(state.key)[at] as Key) : undefined;
  }

  /** The same, with what is not loaded of it loaded first; null too where the row is gone. */
  *fetch(session: LoadSession, state: InstanceState): Op<Key | null> {
    if (this.of(state) === null) return null;
    const mapper = mapperOf(state);
    for (const column of this.tag === null ? this.local : [this.tag.column, ...this.local]) {
      const attribute = mapper.attributeOf(column);
      if (!attribute.isLoaded(state) && !mapper.primaryKey.includes(attribute)) {
        if (state.key === null || !(yield* loadUnloaded(session, state, attribute))) return null;
      }
    }
    return this.of(state) ?? null;
  }
}
