/**
 * A relationship that holds many objects. The slot holds the collection's storage (for an array a plain array, which the library reads directly),
 * the slot behind it what was handed out to the user, made at first exposure. Storage that is no longer in its slot belongs to nobody: changes to
 * it fire no events.
 */
import { ArgumentError, InvalidRequestError } from "../../sql/errors.js";
import { describeValue } from "../../sql/types/describe-value.js";
import { warn } from "../../sql/warnings.js";
import { History, NO_HISTORY } from "../history.js";
import { stateOf } from "../stamp.js";
import type { InstanceState, StateMapper } from "../state.js";
import { isNoted, note, wholly } from "../undo.js";
import { STALE_VALUE } from "../warnings.js";
import { loadNow } from "./attribute.js";
import { EventToken, RelationAttribute } from "./relation-attribute.js";

/** A kind of collection: array, Set, Map or a user's class. */
export interface CollectionKind<Storage = unknown> {
  /** "an array", for messages. */
  readonly words: string;
  create(): Storage;
  /** The members in order; the storage itself where it is an array. */
  members(storage: Storage): readonly object[];
  /** As `remove`, notes how it is taken back. */
  add(storage: Storage, item: object): void;
  has(storage: Storage, item: object): boolean;
  /** Takes the first occurrence out. */
  remove(storage: Storage, item: object): void;
  /** What the user gets for this storage: changes to it go through `collection`. */
  expose(storage: Storage, attribute: ToManyAttribute, state: InstanceState): object;
  /** The members of a value that is assigned to the attribute, or null where it is no such collection. */
  read(value: unknown, label: string): readonly object[] | null;
  /** Whether a member that no user put there in person may come in; throws where not. */
  admit?(item: object, label: string): void;
  /** After a change: gives the members what follows from their places. */
  arranged?(storage: Storage): void;
}

/** How an exposed collection tells of its changes. A class, as each collection has one: where literals have lived long, V8 makes the next ones old from birth. */
export class CollectionLink {
  constructor(
    readonly attribute: ToManyAttribute,
    readonly state: InstanceState,
  ) {}
}

export class ToManyAttribute extends RelationAttribute {
  readonly uselist = true;
  readonly appendToken: EventToken = new EventToken(this, "append");
  /** Whether the storage is a plain array, so that a loader's array is taken as it is. */
  private readonly takesArrays: boolean;

  constructor(
    owner: StateMapper,
    key: string,
    slot: number,
    readonly kind: CollectionKind,
  ) {
    super(owner, key, slot, kind.admit !== undefined || kind.arranged !== undefined);
    this.takesArrays = Object.getPrototypeOf(kind.create()) === Array.prototype;
  }

  get(state: InstanceState): unknown {
    const { refs } = state;
    if (refs !== null) {
      const exposed = refs[this.slot + 1];
      if (exposed !== undefined) return exposed;
      const storage = refs[this.slot];
      if (storage !== undefined) {
        const made = this.kind.expose(storage, this, state);
        refs[this.slot + 1] = made;
        return made;
      }
    }
    return this.#getUnloaded(state);
  }

  #getUnloaded(state: InstanceState): unknown {
    if (state.key === null) return this.#emptyFor(state);
    if (state.session !== null) this.traits.checkRaise(state, true);
    if (this.traits.neverLoads(state)) this.setCommitted(state, []);
    else loadNow(state, this);
    if (this.isLoaded(state)) return this.get(state);
    return this.#emptyFor(state);
  }

  /** An empty collection that becomes part of the object when something is put into it. */
  #emptyFor(state: InstanceState): unknown {
    const extra = state.ext();
    extra.empties ??= new Map();
    let empty = extra.empties.get(this) as EmptyCollection | undefined;
    if (empty === undefined) {
      const storage = this.kind.create();
      empty = { storage, exposed: this.kind.expose(storage, this, state) };
      extra.empties.set(this, empty);
      this.#announce(state, empty.exposed);
    }
    return empty.exposed;
  }

  /**
   * Whether `storage` is the object's collection; an empty one that was handed out early becomes it now, since it is about to change. A warning says
   * where it was lost to the object, but not by an assignment.
   */
  adopt(state: InstanceState, storage: unknown): boolean {
    if (state.refs?.[this.slot] === storage) {
      this.#checkWhole(state);
      return true;
    }
    const empties = state.extra?.empties;
    const empty = empties?.get(this) as EmptyCollection | undefined;
    if (!empty || empty.storage !== storage || this.isLoaded(state)) {
      if (!replaced.has(storage as object)) warn(STALE_VALUE, this.label, state.describe());
      return false;
    }
    empties?.delete(this);
    this.record(state, undefined);
    const refs = state.slots();
    refs[this.slot] = storage;
    refs[this.slot + 1] = empty.exposed;
    return true;
  }

  /** A part of a collection cannot give its members their places in the whole. */
  #checkWhole(state: InstanceState): void {
    if (this.kind.arranged === undefined || !state.isPartial(this)) return;
    throw new InvalidRequestError(
      `${this.label} of ${state.describe()} was loaded in part (with where, limit or offset), so that the places of its members in the whole are not known. ` +
        `Load it whole before it is changed: refresh(object, ["${this.key}"]).`,
    );
  }

  /** Refuses what is meant for all members where only a part of them is known. @param consequence what it would do */
  refuseForPart(state: InstanceState, consequence: string): void {
    if (!state.isPartial(this)) return;
    throw new InvalidRequestError(
      `${this.label} of ${state.describe()} was loaded in part (with where, limit or offset): ${consequence}. ` +
        `Add and remove single members, or load it whole first: refresh(object, ["${this.key}"]).`,
    );
  }

  /** Before members are taken out for being there, not by name. */
  beforeClear(state: InstanceState, storage: unknown): void {
    if (state.refs?.[this.slot] === storage)
      this.refuseForPart(state, "emptying it or cutting it short would leave the members that were never loaded");
  }

  /** Before a change of the storage as a whole: it is taken back if the operation is refused. */
  noteStorage(state: InstanceState, storage: unknown): void {
    if (!isNoted()) return;
    const before = [...this.kind.members(storage)];
    note(() => {
      for (const item of [...this.kind.members(storage)]) this.kind.remove(storage, item);
      for (const item of before) this.kind.add(storage, item);
      this.arrange(state, storage);
    });
  }

  /** Before a member comes or goes: if that is taken back, the others have their places again. */
  noteArrangement(state: InstanceState, storage: unknown): void {
    if (this.kind.arranged !== undefined) note(() => this.arrange(state, storage));
  }

  /** After a change: members get what follows from their places, unless only a part of them is known. */
  arrange(state: InstanceState, storage: unknown): void {
    if (this.kind.arranged !== undefined && !state.isPartial(this)) this.kind.arranged(storage);
  }

  peek(state: InstanceState): readonly object[] | undefined {
    const storage = state.refs?.[this.slot];
    return storage === undefined ? undefined : this.kind.members(storage);
  }

  isLoaded(state: InstanceState): boolean {
    return state.refs !== null && state.refs[this.slot] !== undefined;
  }

  loadedMembers(state: InstanceState): readonly object[] {
    return this.peek(state) ?? NOBODY;
  }

  /** The storage, made empty for an object without a row; undefined where it is not loaded. */
  #storage(state: InstanceState): unknown {
    const present = state.refs?.[this.slot];
    if (present !== undefined) return present;
    if (state.key !== null) return undefined;
    const empty = state.extra?.empties?.get(this) as EmptyCollection | undefined;
    const storage = empty?.storage ?? this.kind.create();
    if (empty !== undefined) this.adopt(state, storage);
    else {
      this.record(state, undefined);
      state.slots()[this.slot] = storage;
    }
    return storage;
  }

  set(state: InstanceState, value: unknown): void {
    if (value === undefined && state.key === null) return;
    const given = this.kind.read(value, this.label);
    if (given === null) {
      throw new ArgumentError(
        `${this.label} of ${state.describe()} is a collection and takes ${this.kind.words} of ${this.traits.targetName}, not ${describeValue(value)}. ` +
          `To empty it, assign an empty one.`,
      );
    }
    const fresh = this.#growsUnseen(state) ? null : this.#newCollection(state);
    const items = this.#asListenersWant(state, given);
    for (const item of items) {
      this.check(item, state);
      this.kind.admit?.(item, this.label);
    }
    if (fresh === null) {
      this.#fillUnseen(state, items);
      return;
    }
    if (state.refs !== null && value === state.refs[this.slot + 1]) return;
    this.refuseForPart(state, "replacing it would take members for gone that were never loaded");
    if (!this.isLoaded(state) && state.key !== null) {
      if (state.session !== null) this.traits.checkRaise(state, true);
      loadNow(state, this);
    }
    const present = this.peek(state);
    wholly(() => {
      if (present === undefined && state.key === null) this.#fillFirst(state, [...items], fresh);
      else this.#replaceAll(state, present === undefined ? [] : [...present], [...items], fresh);
    });
  }

  /** The members to assign, after listeners have had them. */
  #asListenersWant(state: InstanceState, given: readonly object[]): readonly object[] {
    if (this.listeners === null || this.listeners.bulkReplace.length === 0) return given;
    const values = [...given];
    for (const listener of this.listeners.bulkReplace) listener(state, values, this.bulkToken);
    return values;
  }

  /** Puts a storage in place of what was there. */
  #putStorage(state: InstanceState, { storage, exposed }: NewCollection): void {
    const refs = state.slots();
    const empty = state.extra?.empties?.get(this) as EmptyCollection | undefined;
    const known = refs[this.slot + 1] === undefined ? empty?.storage : refs[this.slot];
    if (isNoted()) this.#noteCollection(state, known as object | undefined);
    if (known !== undefined) replaced.add(known as object);
    refs[this.slot] = storage;
    refs[this.slot + 1] = exposed;
    state.extra?.empties?.delete(this);
  }

  #noteCollection(state: InstanceState, known: object | undefined): void {
    const refs = state.slots();
    const before = [refs[this.slot], refs[this.slot + 1]];
    const empty = state.extra?.empties?.get(this);
    const wasChanged = state.committed?.has(this) === true;
    note(() => {
      [refs[this.slot], refs[this.slot + 1]] = before;
      if (known !== undefined) replaced.delete(known);
      if (empty !== undefined) state.extra?.empties?.set(this, empty);
      if (!wasChanged) state.commitAttribute(this);
    });
  }

  /** An empty collection, of which those are told who listen. */
  #newCollection(state: InstanceState): NewCollection {
    const storage = this.kind.create();
    if (this.listeners === null || this.listeners.initCollection.length === 0) return { storage, exposed: undefined };
    const exposed = this.kind.expose(storage, this, state);
    this.#announce(state, exposed);
    return { storage, exposed };
  }

  #announce(state: InstanceState, exposed: unknown): void {
    for (const listener of this.listeners?.initCollection ?? []) listener(state, exposed);
  }

  /** What users have of the collection that is about to be replaced, where somebody wants to know. */
  #leaving(state: InstanceState): unknown {
    const listened = this.listeners !== null && this.listeners.disposeCollection.length > 0;
    return listened && this.isLoaded(state) ? this.get(state) : undefined;
  }

  #dispose(state: InstanceState, collection: unknown): void {
    if (collection === undefined) return;
    for (const listener of this.listeners?.disposeCollection ?? []) listener(state, collection);
  }

  /** The first members of a new object: all are appended. */
  #fillFirst(state: InstanceState, items: readonly object[], fresh: NewCollection): void {
    const { storage } = fresh;
    this.record(state, undefined);
    this.#putStorage(state, fresh);
    for (const item of items) this.kind.add(storage, this.fireAppend(state, item, this.bulkToken));
    this.arrange(state, storage);
  }

  /** Whether the first members of a new object may be there at once, as nobody can see the collection grow. */
  #growsUnseen(state: InstanceState): boolean {
    if (state.key !== null || state.session !== null || this.isLoaded(state)) return false;
    if (this.listeners !== null || this.traits.singleParent) return false;
    for (const { listeners, traits } of this.traits.reverse)
      if (listeners !== null || traits.activeHistory) return false;
    return true;
  }

  #fillUnseen(state: InstanceState, items: readonly object[]): void {
    const storage = this.#store([...items]);
    this.record(state, undefined);
    this.#putStorage(state, { storage, exposed: undefined });
    for (const item of items) this.fireAppend(state, item, this.bulkToken);
    this.arrange(state, storage);
  }

  /** A member that stays may have left the session meanwhile. */
  #keep(state: InstanceState, item: object): void {
    const member = stateOf(item);
    if (member === undefined) return;
    for (const listener of this.listeners?.appendWoMutation ?? []) listener(state, item, this.bulkToken);
    this.cascadeInto(state, member, this.bulkToken);
  }

  /** Members that stay have no event, new ones are appended, missing ones removed. */
  #replaceAll(state: InstanceState, old: readonly object[], items: readonly object[], made: NewCollection): void {
    const before = new Set(old);
    const fresh = made.storage;
    const leaving = this.#leaving(state);
    this.record(state, old);
    this.#putStorage(state, made);
    for (const item of items)
      this.kind.add(fresh, before.has(item) ? item : this.fireAppend(state, item, this.bulkToken));
    const now = new Set(items);
    for (const item of before) if (now.has(item)) this.#keep(state, item);
    for (const item of before) if (!now.has(item)) this.fireRemove(state, item, this.bulkToken);
    this.arrange(state, fresh);
    this.#dispose(state, leaving);
  }

  /**
   * The event of a member that the user's own collection takes in; gives what to store.
   * @param isMember whether the collection, which holds each member once, has it already
   */
  added(state: InstanceState, item: object, isMember = false): object {
    return this.fireAppend(state, item, this.appendToken, isMember);
  }

  /** The event of a member that the user's own collection gives away. */
  removed(state: InstanceState, item: object): void {
    this.fireRemove(state, item, this.removeToken);
  }

  /** One of several occurrences of a member is overwritten, as in a swap. It stays a member, but a collection on the other side loses an occurrence too. */
  shed(state: InstanceState, item: object): void {
    const member = stateOf(item);
    if (member === undefined) return;
    for (const reverse of this.traits.reverse) if (reverse.uselist) reverse.pop(member, state.object, this.removeToken);
    this.noteChange(state);
  }

  /** One of several occurrences of a member is taken out: an event like any other, but that what the member holds of this object stays. */
  thinned(state: InstanceState, item: object): void {
    this.fireRemove(state, item, this.removeToken, true);
  }

  /** A change of order: no member came or went. */
  touched(state: InstanceState): void {
    this.noteChange(state);
  }

  append(state: InstanceState, item: object, initiator: EventToken): void {
    this.kind.admit?.(item, this.label);
    const storage = this.#storage(state);
    if (storage === undefined) {
      const value = this.fireAppend(state, item, initiator);
      this.queueEntry(state, value);
      return;
    }
    const value = this.fireAppend(state, item, initiator);
    this.noteArrangement(state, storage);
    this.kind.add(storage, value);
    this.arrange(state, storage);
  }

  pop(state: InstanceState, item: object, initiator: EventToken): void {
    const storage = this.#storage(state);
    if (storage === undefined) {
      this.fireRemove(state, item, initiator);
      this.queueExit(state, item);
      return;
    }
    if (!this.kind.has(storage, item)) {
      // A list that is out of date loses its member all the same: who took it away must be heard, as in SQLAlchemy.
      if (Array.isArray(storage)) this.fireRemove(state, item, initiator);
      return;
    }
    this.fireRemove(state, item, initiator);
    this.noteArrangement(state, storage);
    this.kind.remove(storage, item);
    this.arrange(state, storage);
  }

  /** A member that came in while the collection is not loaded. */
  protected queueEntry(state: InstanceState, item: object): void {
    const pending = state.pendingFor(this);
    const [added, removed] = [pending.added.has(item), pending.removed.delete(item)];
    if (!removed) pending.added.add(item);
    if (removed) note(() => pending.removed.add(item));
    else if (!added) note(() => pending.added.delete(item));
  }

  /** A member that went while the collection is not loaded. */
  protected queueExit(state: InstanceState, item: object): void {
    const pending = state.pendingFor(this);
    const [added, removed] = [pending.added.delete(item), pending.removed.has(item)];
    if (!added) pending.removed.add(item);
    if (added) note(() => pending.added.add(item));
    else if (!removed) note(() => pending.removed.delete(item));
  }

  protected noteChange(state: InstanceState): void {
    if ((state.key === null || state.committed?.has(this)) && !state.session?.flushing) {
      state.markModified();
      return;
    }
    const members = this.peek(state);
    this.record(state, members === undefined ? undefined : [...members]);
  }

  /** New members come first, as they are saved first. */
  allPending(state: InstanceState): readonly object[] {
    const current = this.peek(state);
    if (current === undefined) return [];
    const original = state.committed?.get(this) as readonly object[] | undefined;
    if (original === undefined) return current;
    const before = new Set(original);
    const now = new Set(current);
    return [
      ...current.filter((item) => !before.has(item)),
      ...current.filter((item) => before.has(item)),
      ...original.filter((item) => !now.has(item)),
    ];
  }

  history(state: InstanceState): History<object> {
    const current = this.peek(state);
    if (current === undefined) return NO_HISTORY;
    const { committed } = state;
    if (committed === null || !committed.has(this))
      return this.comesWith(state) ? new History([...current], [], []) : new History([], [...current], []);
    const original = committed.get(this) as readonly object[] | undefined;
    if (original === undefined) return new History([...current], [], []);
    const before = new Set(original);
    const now = new Set(current);
    const added: object[] = [];
    const unchanged: object[] = [];
    for (const item of current) (before.has(item) ? unchanged : added).push(item);
    return new History(
      added,
      unchanged,
      original.filter((item) => !now.has(item)),
    );
  }

  override flushHistory(state: InstanceState): History<object> {
    const pending = state.extra?.pending?.get(this);
    if (pending === undefined || this.isLoaded(state)) return this.history(state);
    return new History([...pending.added], [], [...pending.removed]);
  }

  originalUnknown(): boolean {
    return false;
  }

  keepAsCommitted(state: InstanceState): void {
    const present = this.peek(state);
    if (present !== undefined) state.keepAsCommitted(this, [...present]);
  }

  /** Takes loaded members as the collection; appends and removals that waited for the load are applied as changes. */
  setCommitted(state: InstanceState, value: unknown): void {
    const members = value as object[];
    const storage = this.#store(members);
    state.commitAttribute(this);
    const refs = state.slots();
    refs[this.slot] = storage;
    refs[this.slot + 1] = undefined;
    if (this.listeners !== null && this.listeners.initCollection.length > 0) this.#announce(state, this.get(state));
    if (state.key === null) this.keepAsCommitted(state);
    if (state.extra === null) return;
    state.extra.noteWhole(this);
    state.extra.empties?.delete(this);
    const pending = state.extra.pending?.get(this);
    if (pending === undefined) return;
    state.extra.pending?.delete(this);
    if (pending.added.size === 0 && pending.removed.size === 0) return;
    state.recordOwnChange(this, [...members]);
    const present = new Set(members);
    for (const item of pending.added) if (!present.has(item)) this.kind.add(storage, item);
    for (const item of pending.removed) if (present.has(item)) this.kind.remove(storage, item);
    this.arrange(state, storage);
  }

  #store(members: object[]): unknown {
    if (this.takesArrays) return members;
    const storage = this.kind.create();
    // Each object once: a set or a map holds no two.
    for (const member of members) this.kind.add(storage, member);
    return storage;
  }

  /** Takes members as a part of the collection: what else belongs to it is not known. */
  setPart(state: InstanceState, members: object[]): void {
    this.setCommitted(state, members);
    state.ext().notePart(this);
  }

  /** Takes a member in or out as the database has it by now: no event, no change. Whether a part of the collection would have it is not known. */
  settle(state: InstanceState, item: object, present: boolean): void {
    const storage = state.refs?.[this.slot];
    if (storage === undefined || this.kind.has(storage, item) === present) return;
    if (!present) this.kind.remove(storage, item);
    else if (!state.isPartial(this)) this.kind.add(storage, item);
  }

  expire(state: InstanceState): void {
    state.commitAttribute(this);
    state.extra?.pending?.delete(this);
    state.extra?.empties?.delete(this);
    state.extra?.noteWhole(this);
    if (state.refs !== null) {
      state.refs[this.slot] = undefined;
      state.refs[this.slot + 1] = undefined;
    }
  }
}

const NOBODY: readonly object[] = [];

/** Collections that users had when others were assigned in their place. */
const replaced = new WeakSet<object>();

/** A collection that an object is about to have; not yet handed out where nobody has asked for it. */
interface NewCollection {
  readonly storage: unknown;
  readonly exposed: object | undefined;
}

interface EmptyCollection {
  readonly storage: unknown;
  readonly exposed: object;
}
