/**
 * What the library knows about one instance of a mapped class: its stored values, its identity, its session, and what has changed since the last
 * flush. The row that came from the driver is the storage: `values` holds one entry for each column attribute in the mapper's order.
 * `undefined` in a slot means "not loaded"; a NULL is `null`.
 */

import type { Op } from "../engine/io.js";
import { keepShape } from "../sql/keep-shape.js";
import { emptySlots } from "../sql/slots.js";
import { Changes } from "./changes.js";
import { announceInstance, heard } from "./instance-events.js";

/** The part of a mapper that a state needs. */
export interface StateMapper {
  readonly className: string;
  readonly columnSlots: number;
  readonly relationSlots: number;
}

/** An attribute as a key into the maps of a state. */
export interface StateAttribute {
  readonly key: string;
}

/** The key of a row whose primary key is not one plain value. `hash` is what maps are keyed by. */
export class CompositeKey {
  constructor(
    readonly hash: string,
    readonly values: readonly unknown[],
  ) {}
}

/** A primary key of one column is kept as its bare value; maps compare it by SameValueZero. */
export type IdentityKey = string | number | bigint | CompositeKey;

/** What tells equal keys of different places apart. */
export type IdentityToken = string | number;

/** What identity maps are keyed by. */
export function hashOf(key: IdentityKey): string | number | bigint {
  return typeof key === "object" ? key.hash : key;
}

/** The primary key values of an identity key, in the order of the mapper's primary key. */
export function valuesOf(key: IdentityKey): readonly unknown[] {
  return typeof key === "object" ? key.values : [key];
}

/** What states and attributes ask of the session that holds them. */
export interface SessionPort {
  /** Modified persistent objects: what a flush looks at, and what keeps them from being collected. */
  readonly modified: Set<InstanceState>;
  /** Called at the first change of an object's state: begins the session's transaction. */
  noteModified(state: InstanceState): void;
  /** Whether a flush is under way, its listeners included: then it is told of each recorded change before that is made. */
  readonly flushing: boolean;
  noteChangeInFlush(state: InstanceState, attribute: StateAttribute, previous: unknown): void;
  contains(state: InstanceState): boolean;
  isPending(state: InstanceState): boolean;
  /** The save-update cascade: brings an object and what hangs on it into the session. */
  saveOrUpdate(state: InstanceState): void;
  /** Takes a pending orphan out of the session. */
  expungeState(state: InstanceState): void;
  /** The state of a row, if it is in the identity map. */
  lookup(base: StateMapper, key: IdentityKey, token?: IdentityToken | null): InstanceState | undefined;
  /** True where attribute access may reach the database: a synchronous session, or inside `runSync`. */
  readonly mayBlock: boolean;
  /** What expired objects last, all at once: `"commit()"`. */
  readonly expiryCause: string | null;
  /** Runs a loading operation to its end at once; only where `mayBlock`. */
  block<T>(op: Op<T>): T;
  /** The operation that loads one attribute of one object. */
  loadAttribute(state: InstanceState, attribute: StateAttribute): Op<unknown>;
  /** The operation that finds out what a relation to one held before it was replaced. */
  loadOriginal(state: InstanceState, attribute: StateAttribute): Op<void>;
}

/** Shared by all objects that one part of one statement loads. */
export interface LoadOrigin {
  /** For each column slot, what turns the driver's value into the attribute's; null where it is the same. */
  readonly converters: readonly (((raw: never) => unknown) | null)[];
  readonly options: LoadedWith | null;
  /** Attributes whose null nobody gave; see unset.ts. Null where it was loaded. */
  readonly unset: ReadonlySet<StateAttribute> | null;
}

/** The loader options in force for an object. */
export interface LoadedWith {
  /** The strategy that an option gives to a relationship by its name. */
  strategyFor(key: string): string | undefined;
  /** The strategy that the options give to the relationships that none of them names; undefined where the mapping decides. */
  readonly strategyForOthers: string | undefined;
}

/** Items appended to or removed from a collection that is not loaded; applied when it loads. */
export interface PendingMutations {
  readonly added: Set<object>;
  readonly removed: Set<object>;
}

/** The parents that an object has or had along tracked relationships: most have one only. */
export class Parents {
  private others: Map<object, InstanceState | false | undefined> | null = null;

  constructor(
    private readonly relationship: object,
    private parent: InstanceState | false | undefined,
  ) {}

  /** The last known parent along a relationship; false: taken from its parent; undefined: nothing is known. */
  along(relationship: object): InstanceState | false | undefined {
    return this.relationship === relationship ? this.parent : this.others?.get(relationship);
  }

  set(relationship: object, parent: InstanceState | false | undefined): void {
    if (this.relationship === relationship) {
      this.parent = parent;
      return;
    }
    this.others ??= new Map();
    this.others.set(relationship, parent);
  }
}

const NONE: readonly StateAttribute[] = [];

/** What only few states need. */
export class StateExtra {
  pending: Map<StateAttribute, PendingMutations> | null = null;
  /** Collections handed out while empty and not yet part of the object. */
  empties: Map<StateAttribute, unknown> | null = null;
  /** Its identity in the session went to another object: it is tied to the session, but no part of it. */
  ousted = false;
  /** A DELETE of its row was flushed and rolled back together with the INSERT before it. */
  deletedBefore = false;
  /** An orphan by an event outside any session: leaves silently at the flush. */
  orphanedOutside = false;
  /** Attributes of which it is known when they expired. */
  expiredBy: string | null = null;
  /** What a later statement said of relationships that the object had not loaded; holds until it expires. */
  saidSince: LoadedWith | null = null;
  /** Where the row lives, beside its key: the shard of a sharded session. */
  identityToken: IdentityToken | null = null;
  /** Attributes whose null is written although the column has a default. */
  sentNulls: Set<StateAttribute> | null = null;
  /** Collections that hold a part of their members: loaded with a condition or a limit. */
  partial: readonly StateAttribute[] = NONE;
  /** Data of the application's own. */
  info: Record<string, unknown> | null = null;

  /** A collection has a part of its members. */
  notePart(collection: StateAttribute): void {
    if (!this.partial.includes(collection)) this.partial = [...this.partial, collection];
  }

  /** A collection has all its members, or is not loaded. */
  noteWhole(collection: StateAttribute): void {
    if (this.partial.length > 0) this.partial = this.partial.filter((each) => each !== collection);
  }
}

const EXPIRED = 1;
const DELETED = 2;
const MODIFIED = 4;
const PENDING = 8;
const IN_FLUSH = 16;
const FLUSH_DELETES = 32;
const FLUSH_LISTS = 64;
const MARKED = 128;
/** From this bit on, one for each of the first relationships; they hold for one flush. */
const LINKED = 256;
const LINKED_SLOTS = 22;

export class InstanceState {
  /** Slots of `values` that hold what the driver gave and convert when first read, a bit each. */
  raw = 0;
  private flags = 0;
  session: SessionPort | null = null;
  /** The identity of the row; null while the object has none. */
  key: IdentityKey | null = null;
  /** Related objects and collections, a slot for each relationship; null while none is loaded. */
  refs: unknown[] | null = null;
  /**
   * The values that changed attributes had at the last flush or load. All that an object without a row has is new, but for attributes that are named
   * here with what they held when it still had one.
   */
  committed: Changes | null = null;
  /** How the object was loaded: converters of raw slots, and the loader options in force for it. */
  origin: LoadOrigin | null = null;
  extra: StateExtra | null = null;
  parents: Parents | null = null;
  /** What the identity map holds weakly together with this one. */
  page: object | null = null;
  /** The position in the order of `add`; 0 for objects that came from the database. */
  insertOrder = 0;

  constructor(
    readonly mapper: StateMapper,
    readonly object: object,
    public values: unknown[],
  ) {}

  get expired(): boolean {
    return (this.flags & EXPIRED) !== 0;
  }
  set expired(on: boolean) {
    this.flags = on ? this.flags | EXPIRED : this.flags & ~EXPIRED;
  }
  /** True once the row's DELETE was flushed, also after the object was detached. */
  get deleted(): boolean {
    return (this.flags & DELETED) !== 0;
  }
  set deleted(on: boolean) {
    this.flags = on ? this.flags | DELETED : this.flags & ~DELETED;
  }
  get modified(): boolean {
    return (this.flags & MODIFIED) !== 0;
  }

  /** Among the new objects of its session. */
  get pending(): boolean {
    return (this.flags & PENDING) !== 0;
  }
  set pending(on: boolean) {
    this.flags = on ? this.flags | PENDING : this.flags & ~PENDING;
  }

  // What the flush under way does with the object: no flush has a map of its objects.

  get inFlush(): boolean {
    return (this.flags & IN_FLUSH) !== 0;
  }
  /** The flush deletes its row. */
  get flushDeletes(): boolean {
    return (this.flags & FLUSH_DELETES) !== 0;
  }
  /** Takes part only as a source or target of keys: no statement of its own. */
  get flushLists(): boolean {
    return (this.flags & FLUSH_LISTS) !== 0;
  }
  enterFlush(deletes: boolean, lists: boolean): void {
    this.flags = (this.flags & (LINKED - 1)) | IN_FLUSH;
    this.changeFate(deletes, lists);
  }
  changeFate(deletes: boolean, lists: boolean): void {
    this.flags =
      (this.flags & ~(FLUSH_DELETES | FLUSH_LISTS)) | (deletes ? FLUSH_DELETES : 0) | (lists ? FLUSH_LISTS : 0);
  }
  leaveFlush(): void {
    this.flags &= ~(IN_FLUSH | FLUSH_DELETES | FLUSH_LISTS);
  }

  /** Whether the flush has given the row the key of what a relationship to one holds. False where that is not known. */
  isLinked(slot: number): boolean {
    return slot < LINKED_SLOTS && (this.flags & (LINKED << slot)) !== 0;
  }
  noteLinked(slot: number, linked: boolean): void {
    if (slot < LINKED_SLOTS) this.flags = linked ? this.flags | (LINKED << slot) : this.flags & ~(LINKED << slot);
  }

  /** Marks the object for a loop that must meet each once; true if it was not marked. Whoever marks takes the marks away before anything else runs. */
  mark(): boolean {
    if ((this.flags & MARKED) !== 0) return false;
    this.flags |= MARKED;
    return true;
  }
  unmark(): void {
    this.flags &= ~MARKED;
  }

  /** The slots of relationships, made at the first use. */
  slots(): unknown[] {
    this.refs ??= emptySlots(this.mapper.relationSlots);
    return this.refs;
  }

  ext(): StateExtra {
    this.extra ??= new StateExtra();
    return this.extra;
  }

  /** `User(1)` with its key, `new User` without one: for messages. */
  describe(): string {
    if (this.key !== null) return `${this.mapper.className}(${valuesOf(this.key).map(String).join(", ")})`;
    return `new ${this.mapper.className}`;
  }

  /**
   * Records that `attribute` changes, before it does; `previous` is its value (a copy where it is a collection). For an object without a row nothing
   * is kept, as all that it has is new; only a flush under way must know what was before.
   */
  recordChange(attribute: StateAttribute, previous: unknown): void {
    const { session } = this;
    if (session?.flushing) session.noteChangeInFlush(this, attribute, previous);
    if (this.key === null) this.markModified();
    else this.recordOwnChange(attribute, previous);
  }

  /** The same for a change that the flush itself makes: keys copied along relationships, defaults, versions. */
  recordOwnChange(attribute: StateAttribute, previous: unknown): void {
    if (this.committed === null) this.committed = new Changes(attribute, previous);
    else this.committed.note(attribute, previous);
    this.markModified();
  }

  markModified(): void {
    if ((this.flags & MODIFIED) !== 0) return;
    this.flags |= MODIFIED;
    if (this.session !== null) this.session.noteModified(this);
  }

  /** Takes the present values as committed. */
  commitAll(): void {
    this.committed = null;
    this.flags &= ~(MODIFIED | EXPIRED);
    if (this.extra !== null) {
      this.extra.pending = null;
      this.extra.expiredBy = null;
    }
    // Objects without a row are among the session's new ones, never among the modified.
    if (this.session !== null && this.key !== null) this.session.modified.delete(this);
  }

  /** Forgets the change of one attribute: its present value counts as committed. */
  commitAttribute(attribute: StateAttribute): void {
    this.committed?.delete(attribute);
  }

  /** Notes what an attribute of an object without a row holds as nothing new. */
  keepAsCommitted(attribute: StateAttribute, value: unknown): void {
    if (this.committed === null) this.committed = new Changes(attribute, value);
    else this.committed.note(attribute, value);
  }

  /** Forgets everything that a load can bring back. The identity stays. */
  expireAll(): void {
    if (this.origin !== null && this.origin.unset !== null) this.origin = null;
    this.values.length = this.mapper.columnSlots;
    this.values.fill(undefined);
    this.raw = 0;
    this.refs = null;
    this.parents = null;
    this.commitAll();
    if (this.extra !== null) {
      this.extra.empties = null;
      this.extra.saidSince = null;
      this.extra.partial = NONE;
    }
    this.expired = true;
    if (heard.expire) announceInstance("expire", this);
  }

  /** The last known parent along a tracked relationship; false: taken from its parent; undefined: nothing is known. */
  parentAlong(relationship: object): InstanceState | false | undefined {
    return this.parents === null ? undefined : this.parents.along(relationship);
  }

  setParent(relationship: object, parent: InstanceState | false | undefined): void {
    if (this.parents === null) this.parents = new Parents(relationship, parent);
    else this.parents.set(relationship, parent);
  }

  /** Whether a collection is loaded in part: with a condition or a limit of its loader. */
  isPartial(attribute: StateAttribute): boolean {
    return this.extra?.partial.includes(attribute) === true;
  }

  pendingFor(attribute: StateAttribute): PendingMutations {
    const extra = this.ext();
    extra.pending ??= new Map();
    let pending = extra.pending.get(attribute);
    if (pending === undefined) {
      pending = { added: new Set(), removed: new Set() };
      extra.pending.set(attribute, pending);
    }
    return pending;
  }
}

/** The place of an object's row; null where there is only one. */
export function tokenOf(state: InstanceState): IdentityToken | null {
  return state.extra === null ? null : state.extra.identityToken;
}

/** The five states of SQLAlchemy's life cycle. */
export type ObjectState = "transient" | "pending" | "persistent" | "deleted" | "detached";

/** In which of them an object is. */
export function lifeOf(state: InstanceState): ObjectState {
  if (state.key === null) return state.session === null ? "transient" : "pending";
  if (state.session === null) return "detached";
  return countsAsDeleted(state) ? "deleted" : "persistent";
}

/**
 * Whether an object passes for deleted: its row's DELETE was flushed, also where a rollback has undone that and the INSERT before it, as in SQLAlchemy.
 * Such an object may be inserted again, and is in its session like any other then.
 */
export function countsAsDeleted(state: InstanceState): boolean {
  return state.deleted || state.extra?.deletedBefore === true;
}

keepShape(new Parents({}, false));
keepShape(new StateExtra());
keepShape(new InstanceState(null as never, {}, []));
