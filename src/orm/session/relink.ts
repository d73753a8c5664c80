/**
 * Brings relationships in memory in step with what a flush has written: a foreign key that was set by hand moves its object from one parent to the
 * other, and a deleted object leaves the collections that hold it. Nothing of it is a change; nothing is loaded.
 */
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import type { ToManyAttribute } from "../attributes/to-many-attribute.js";
import { type Mapper, mapperOf, type Relationship } from "../mapping/mapper.js";
import { allMappers } from "../mapping/registry.js";
import type { InstanceState, SessionPort } from "../state.js";
import { tokenOf } from "../state.js";

/** An object whose foreign key of one relationship changes, with the parent that it had. */
interface Move {
  readonly child: InstanceState;
  readonly relationship: Relationship;
  readonly from: InstanceState | null;
}

/** The session whose objects are brought in step. */
export interface RelinkSession extends SessionPort {
  allStates(): Iterable<InstanceState>;
  /** What the transaction, or the savepoint, has touched and expires when it is rolled back. */
  readonly snapshot: { readonly dirty: Set<InstanceState> } | null;
}

/** What is to be done once the flush is over; made while the old values are still known. */
export class Relinking {
  readonly #moves: Move[] = [];
  readonly #referring: { readonly child: InstanceState; readonly relationship: Relationship }[] = [];
  readonly #deleted: Set<object> = new Set();
  readonly #parents = new Map<Mapper, readonly Relationship[]>();

  constructor(
    private readonly session: RelinkSession,
    states: Iterable<InstanceState>,
  ) {
    for (const state of states) {
      if (state.flushDeletes) this.#deleted.add(state.object);
      else this.#note(state);
    }
  }

  #note(child: InstanceState): void {
    const mapper = mapperOf(child);
    for (const relationship of mapper.relationships) {
      const { direction, pairs } = relationship.join;
      if (direction === "manyToOne" && pairs.some(({ local }) => changes(child, mapper.attributeOf(local))))
        this.#referring.push({ child, relationship });
    }
    for (const relationship of this.#parentsOf(mapper)) {
      const keys = relationship.join.pairs.map(({ remote }) => mapper.attributeOf(remote));
      if (!keys.some((key) => changes(child, key))) continue;
      const before = child.key === null ? [] : keys.map((key) => key.committedValue(child));
      this.#moves.push({ child, relationship, from: this.#parent(relationship, before, child) });
    }
  }

  /** The relationships by which others hold objects of a class by a foreign key of theirs. */
  #parentsOf(mapper: Mapper): readonly Relationship[] {
    let found = this.#parents.get(mapper);
    if (found === undefined) {
      found = allMappers().flatMap((each) =>
        each.relationships.filter(
          (one) =>
            one.parent === each &&
            // Classes of a registry that was never used, or could not be, are not joined yet.
            (one.join as typeof one.join | undefined) !== undefined &&
            !one.viewonly &&
            one.direction === "oneToMany" &&
            one.join.simple &&
            one.attribute.loads &&
            mapper.isA(one.target),
        ),
      );
      this.#parents.set(mapper, found);
    }
    return found;
  }

  /** The parent with these values, if memory has it. */
  #parent(relationship: Relationship, values: readonly unknown[], child: InstanceState): InstanceState | null {
    if (values.length === 0 || values.some((value) => value === null || value === undefined)) return null;
    const { parent, join } = relationship;
    const locals = join.pairs.map(({ local }) => parent.attributeOf(local));
    const ordered = parent.primaryKey.map((key) => values[locals.indexOf(key)]);
    const key = ordered.includes(undefined) ? null : parent.identityKey(ordered);
    return key === null ? null : (this.session.lookup(parent.base, key, tokenOf(child)) ?? null);
  }

  /** Call it when what was written is committed in memory. */
  apply(): void {
    for (const { child, relationship } of this.#referring) this.#refer(child, relationship);
    for (const { child, relationship, from } of this.#moves) {
      const mapper = mapperOf(child);
      const values = relationship.join.pairs.map(({ remote }) => mapper.attributeOf(remote).peek(child));
      const to = this.#parent(relationship, values, child);
      if (from === to) continue;
      if (from !== null) this.#settle(from, relationship, child.object, false);
      if (to !== null) this.#settle(to, relationship, child.object, true);
    }
    if (this.#deleted.size > 0) for (const state of this.session.allStates()) this.#forget(state);
  }

  /** What a relation to one holds follows the foreign key: from memory, else when it is read. */
  #refer(child: InstanceState, relationship: Relationship): void {
    const attribute = relationship.attribute;
    const present = attribute.peek(child);
    if (present === undefined || isPending(child, attribute)) return;
    const target = relationship.fromMemory(child, this.session, false);
    if (target === present) return;
    if (target === undefined) attribute.expire(child);
    else attribute.setCommitted(child, target);
    this.session.snapshot?.dirty.add(child);
  }

  /** Takes a member in or out of a relationship that is loaded. */
  #settle(parent: InstanceState, { attribute }: Relationship, member: object, present: boolean): void {
    if (!attribute.isLoaded(parent) || isPending(parent, attribute)) return;
    if (attribute.uselist) (attribute as ToManyAttribute).settle(parent, member, present);
    else if (present) attribute.setCommitted(parent, member);
    else if (attribute.peek(parent) === member) attribute.setCommitted(parent, null);
    this.session.snapshot?.dirty.add(parent);
  }

  #forget(state: InstanceState): void {
    if (state.refs === null) return;
    for (const relationship of mapperOf(state).relationships) {
      const { attribute } = relationship;
      if (!attribute.loads || !attribute.isLoaded(state) || isPending(state, attribute)) continue;
      for (const member of attribute.loadedMembers(state)) {
        if (!this.#deleted.has(member)) continue;
        if (relationship.direction === "manyToOne") this.#refer(state, relationship);
        else this.#settle(state, relationship, member, false);
      }
    }
  }
}

/** Whether the value in memory differs from that of the row, or there is no row yet. */
function changes(state: InstanceState, attribute: ColumnAttribute): boolean {
  return state.key === null ? attribute.peek(state) != null : attribute.hasNetChange(state);
}

/** What was changed while the flush was under way belongs to the next one. */
function isPending(state: InstanceState, attribute: Relationship["attribute"]): boolean {
  return state.committed?.has(attribute) === true;
}
