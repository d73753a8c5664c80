/**
 * Which objects a session holds and in which of the five states: the identity map, the new, modified and deleted sets, and the transitions between
 * them. No I/O. What a transaction must be able to undo is noted in its snapshot.
 */

import { InvalidRequestError } from "../../sql/errors.js";
import { keepShape } from "../../sql/keep-shape.js";
import type { Warn } from "../../sql/warnings.js";
import { cascadeStates, eachCascaded } from "../cascade-walk.js";
import { FlushError } from "../errors.js";
import { IdentityMap } from "../identity-map.js";
import { Tie } from "../loaded-alike.js";
import { mapperOf } from "../mapping/mapper.js";
import {
  countsAsDeleted,
  hashOf,
  type IdentityKey,
  type IdentityToken,
  type InstanceState,
  type SessionPort,
  type StateMapper,
  tokenOf,
} from "../state.js";
import { isNoted, note } from "../undo.js";
import { PendingStates } from "./pending-states.js";
import type { TransitionName } from "./session-events.js";

/** What changed since a transaction or savepoint began. */
export class Snapshot {
  /** Objects that became persistent. */
  readonly new: InstanceState[] = [];
  readonly dirty: Set<InstanceState> = new Set();
  #deleted: Set<InstanceState> | null = null;
  #keySwitches: Map<InstanceState, IdentityKey> | null = null;

  get deleted(): Set<InstanceState> {
    this.#deleted ??= new Set();
    return this.#deleted;
  }

  /** The key that an object had before, for objects whose primary key was changed by a flush. */
  get keySwitches(): Map<InstanceState, IdentityKey> {
    this.#keySwitches ??= new Map();
    return this.#keySwitches;
  }
}

/** What membership asks of its session. */
export interface MembershipHost extends SessionPort {
  /** Begins the session's transaction where none is; refuses on a session that may not be used. */
  autobegin(): void;
  /** The snapshot of the innermost transaction, null outside one. */
  readonly snapshot: Snapshot | null;
  transition(name: TransitionName, state: InstanceState): void;
  /** Whether anybody listens to a transition; without a name, to any. */
  hearsTransition(name?: TransitionName): boolean;
  readonly warn: Warn;
}

export class Membership {
  readonly identity: IdentityMap = new IdentityMap();
  readonly new: PendingStates = new PendingStates();
  readonly deleted: Set<InstanceState> = new Set();
  readonly modified: Set<InstanceState> = new Set();
  /** What expired objects last, for the message of who reads one outside a sync context. */
  expiryCause: string | null = null;
  #tie: Tie;
  readonly #isHere = (state: InstanceState): boolean => this.contains(state);
  readonly #enterReached = (state: InstanceState): void => {
    state.unmark();
    this.#enter(state);
  };

  constructor(readonly host: MembershipHost) {
    this.#tie = new Tie(host);
  }

  /** Ties objects to the session that are loaded and not opened. */
  get tie(): Tie {
    return this.#tie;
  }

  /** Whether an object is pending or persistent here. */
  contains(state: InstanceState): boolean {
    if (state.session !== this.host) return false;
    if (state.key === null) return state.pending;
    return (!state.deleted || this.deleted.has(state)) && !isOusted(state);
  }

  get isClean(): boolean {
    return this.new.size === 0 && this.deleted.size === 0 && this.modified.size === 0;
  }

  /** What a flush would have to do with, for messages. */
  unflushed(): string[] {
    const states = new Set([...this.new.toArray(), ...this.modified, ...this.deleted]);
    return [...states].map((state) => state.describe());
  }

  // --- in ----------------------------------------------------------------------------------------------------------

  /** Adds an object and what the save-update cascade reaches from it. */
  saveOrUpdate(state: InstanceState): void {
    if (state.extra !== null) state.extra.orphanedOutside = false;
    this.#enter(state);
    // Listeners may change the graph: it is walked to its end first.
    if (this.host.hearsTransition())
      for (const reached of cascadeStates(state, "save-update", this.#isHere)) this.#enter(reached);
    else eachCascaded(state, "save-update", this.#isHere, this.#enterReached);
  }

  #enter(state: InstanceState): void {
    if (isNoted()) this.#noteEntry(state);
    if (state.key === null) this.#enterNew(state);
    else this.#enterStored(state);
  }

  #noteEntry(state: InstanceState): void {
    const wasHere = this.contains(state);
    const wasDeleted = this.deleted.has(state);
    note(() => {
      if (!wasHere && this.contains(state)) this.expunge([state]);
      if (wasDeleted) this.deleted.add(state);
    });
  }

  #enterNew(state: InstanceState): void {
    const attached = this.#beforeAttach(state);
    this.new.add(state);
    if (!attached || !this.host.hearsTransition()) return;
    this.host.transition("afterAttach", state);
    this.host.transition("transientToPending", state);
  }

  #enterStored(state: InstanceState): void {
    if (countsAsDeleted(state)) {
      const how = state.deleted
        ? "its row is gone or will be with the transaction"
        : "it passes for deleted although that was rolled back, as its INSERT was too";
      throw new InvalidRequestError(
        `${state.describe()} has been deleted; ${how}. Use makeTransient(object) to make a new object of it${state.deleted ? ", or roll back" : ""}.`,
      );
    }
    this.attachForDelete(state);
    this.deleted.delete(state);
  }

  /** Makes sure that no other object has the identity; true when this one is in the identity map. */
  #checkIdentity(state: InstanceState): boolean {
    const present = this.identity.get(mapperOf(state).base, state.key as IdentityKey, tokenOf(state));
    if (present !== undefined && present !== state) {
      throw new InvalidRequestError(
        `${state.describe()} cannot be added: another object with that identity is already present in this session. ` +
          `Use merge() to copy its state onto the one that is there.`,
      );
    }
    return present === state;
  }

  /** Makes sure that the object belongs to no other session; true when it comes in now. */
  #beforeAttach(state: InstanceState): boolean {
    this.host.autobegin();
    if (state.session === this.host) return false;
    if (state.session !== null) throw attachedElsewhere(state);
    if (this.host.hearsTransition()) this.host.transition("beforeAttach", state);
    state.session = this.host;
    return true;
  }

  /** Puts in an object that was loaded just now. */
  attachLoaded(state: InstanceState): void {
    state.session = this.host;
    this.identity.add(mapperOf(state).base, state);
  }

  lookup(base: StateMapper, key: IdentityKey, token: IdentityToken | null = null): InstanceState | undefined {
    return this.identity.get(base, key, token);
  }

  /**
   * Makes sure that objects can be marked for deletion together, before any is.
   *
   * @throws InvalidRequestError where one is of another session, or another object has its identity
   */
  checkDeletable(states: readonly InstanceState[]): void {
    let entering: IdentityMap | null = null;
    for (const state of states) {
      if (state.key === null || (state.session === this.host && !isOusted(state))) continue;
      if (state.session !== null && state.session !== this.host) throw attachedElsewhere(state);
      const { base } = mapperOf(state);
      entering ??= new IdentityMap();
      const present =
        this.identity.get(base, state.key, tokenOf(state)) ?? entering.get(base, state.key, tokenOf(state));
      if (present !== undefined && present !== state) {
        throw new InvalidRequestError(
          `${state.describe()} cannot be deleted: another object with that identity is already present in this session. ` +
            `Delete that one, or what merge() returns for the object that you hold.`,
        );
      }
      entering.add(base, state);
    }
  }

  /** Brings an object in to be deleted: alone, whatever hangs on it. One whose DELETE was flushed already has it sent again. */
  attachForDelete(state: InstanceState): void {
    const present = this.#checkIdentity(state);
    const attached = this.#beforeAttach(state);
    if (!present) this.identity.add(mapperOf(state).base, state);
    if (state.extra !== null) state.extra.ousted = false;
    if (!attached) return;
    if (state.modified) this.modified.add(state);
    this.host.transition("afterAttach", state);
    this.host.transition("detachedToPersistent", state);
  }

  /** Marks an object for deletion; the caller has the cascades. */
  markDeleted(state: InstanceState): void {
    if (state.key === null || this.deleted.has(state)) return;
    this.attachForDelete(state);
    this.deleted.add(state);
  }

  // --- out ---------------------------------------------------------------------------------------------------------

  /** Takes objects out: stored ones are detached, new ones transient again. */
  expunge(states: Iterable<InstanceState>, toTransient = false): void {
    for (const state of states) {
      if (state.session !== this.host) continue;
      const wasPending = this.new.delete(state);
      const wasDeleted = state.deleted;
      if (!wasPending) {
        this.identity.discard(mapperOf(state).base, state);
        this.deleted.delete(state);
        this.host.snapshot?.deleted.delete(state);
      }
      this.modified.delete(state);
      state.session = null;
      if (toTransient && state.key !== null) {
        loseIdentity(state);
        this.host.transition("persistentToTransient", state);
      } else if (wasPending) this.host.transition("pendingToTransient", state);
      else this.host.transition(wasDeleted ? "deletedToDetached" : "persistentToDetached", state);
    }
  }

  /** Takes everything out that is in the identity map or new. */
  expungeAll(): void {
    const { host } = this;
    if (host.hearsTransition("persistentToDetached") || host.hearsTransition("pendingToTransient"))
      this.expunge(this.all());
    else {
      this.#tie.session = null;
      this.#tie = new Tie(host);
      this.identity.forEachState((state) => {
        state.session = null;
      });
      for (const state of this.new) state.session = null;
      this.new.clear();
    }
    // To clear a set makes it anew, empty as it may be.
    if (this.deleted.size > 0) this.deleted.clear();
    if (this.modified.size > 0) this.modified.clear();
    this.identity.clear();
  }

  /** Everything that the session holds, deleted objects of open transactions included. */
  all(): InstanceState[] {
    return [...this.identity.states(), ...this.new.toArray()];
  }

  // --- after a flush -------------------------------------------------------------------------------------------------

  /** Objects that a flush has written are persistent from now on; those that it has deleted are not. */
  registerPersistent(states: readonly InstanceState[]): void {
    const { snapshot } = this.host;
    const heard = this.host.hearsTransition("pendingToPersistent");
    for (let i = 0; i < states.length; i++) {
      const state = states[i];
      if (state.flushDeletes) continue;
      const mapper = mapperOf(state);
      const key = mapper.identityKeyOf(state) ?? state.key;
      if (key === null) {
        throw new FlushError(
          `${state.describe()} has a NULL identity key after its INSERT. If the database makes the key, its column must be known to do so ` +
            `(an autoincrementing integer, an identity, or a server default).`,
        );
      }
      const isNew = state.key === null;
      if (isNew) {
        state.commitAll();
        state.key = key;
      } else if (hashOf(state.key as IdentityKey) !== hashOf(key)) {
        this.identity.discard(mapper.base, state);
        if (snapshot !== null && !snapshot.keySwitches.has(state))
          snapshot.keySwitches.set(state, state.key as IdentityKey);
        state.key = key;
      }
      if (isNew) this.identity.addInserted(state);
      else if (this.identity.get(mapper.base, key, tokenOf(state)) !== state) this.identity.add(mapper.base, state);
      if (state.extra !== null) {
        state.extra.orphanedOutside = false;
        state.extra.empties = null;
      }
      if (!isNew) state.commitAll();
      if (this.new.delete(state)) {
        snapshot?.new.push(state);
        if (heard) this.host.transition("pendingToPersistent", state);
      } else snapshot?.dirty.add(state);
    }
  }

  /** A statement has changed the row of an object: a savepoint that is rolled back expires it. */
  registerAltered(state: InstanceState): void {
    this.host.snapshot?.dirty.add(state);
  }

  /** Objects whose DELETE was flushed; they stay attached until the transaction ends. */
  registerDeleted(states: Iterable<InstanceState>): void {
    for (const state of states) {
      if (state.key === null) {
        // It is still to be inserted, as in SQLAlchemy.
        state.ext().deletedBefore = true;
        continue;
      }
      this.host.snapshot?.deleted.add(state);
      this.identity.discard(mapperOf(state).base, state);
      this.deleted.delete(state);
      this.modified.delete(state);
      state.deleted = true;
      this.host.transition("persistentToDeleted", state);
    }
  }

  // --- at the end of a transaction -----------------------------------------------------------------------------------

  /** Undoes what a transaction or savepoint did to objects. @param dirtyOnly expire only what it touched */
  restore(snapshot: Snapshot, dirtyOnly: boolean): void {
    this.expiryCause = "rollback()";
    const evicted = new Set([...snapshot.new, ...this.new]);
    this.expunge(evicted, true);
    // An object that was expunged since its INSERT has lost its row too.
    for (const state of snapshot.new) if (state.session === null && state.key !== null) loseIdentity(state);
    for (const [state, key] of snapshot.keySwitches) {
      const { base } = mapperOf(state);
      this.identity.discard(base, state);
      if (evicted.has(state)) continue;
      state.key = key;
      this.identity.add(base, state);
    }
    for (const state of new Set([...snapshot.deleted, ...this.deleted])) this.#undelete(state);
    this.deleted.clear();
    if (!dirtyOnly) for (const state of this.identity.states()) state.expireAll();
    else
      this.identity.forEachState((state) => {
        if (state.modified || snapshot.dirty.has(state)) state.expireAll();
      });
  }

  #undelete(state: InstanceState): void {
    this.deleted.delete(state);
    if (state.session !== this.host) return;
    if (state.extra !== null) state.extra.deletedBefore = false;
    if (!state.deleted) return;
    state.deleted = false;
    const { base } = mapperOf(state);
    // Another object may have been loaded for a row that came in its place.
    const holder = this.identity.get(base, state.key as IdentityKey, tokenOf(state));
    if (holder !== undefined && holder !== state) this.#oust(holder);
    this.identity.add(base, state);
    if (state.modified) this.modified.add(state);
    this.host.transition("deletedToPersistent", state);
  }

  /** The object stays with the session as it is, as in SQLAlchemy; what is done to it is not written. */
  #oust(state: InstanceState): void {
    state.ext().ousted = true;
    this.modified.delete(state);
    this.deleted.delete(state);
  }

  /** Expires everything once a transaction is committed; what it has deleted is detached. Without expiry, deleted objects stay as they are. */
  expireAfterCommit(deleted: Iterable<InstanceState>): void {
    this.expiryCause = "commit()";
    for (const state of this.identity.states()) expireUnlessChanged(state);
    for (const state of deleted) {
      if (state.session !== this.host || !state.deleted) continue;
      state.session = null;
      this.host.transition("deletedToDetached", state);
    }
  }

  /** What a released savepoint did is now its parent's. */
  merge(snapshot: Snapshot, parent: Snapshot): void {
    for (const state of snapshot.new) parent.new.push(state);
    for (const state of snapshot.dirty) parent.dirty.add(state);
    for (const state of snapshot.deleted) parent.deleted.add(state);
    for (const [state, key] of snapshot.keySwitches)
      if (!parent.keySwitches.has(state)) parent.keySwitches.set(state, key);
  }
}

function attachedElsewhere(state: InstanceState): InvalidRequestError {
  return new InvalidRequestError(
    `${state.describe()} is already attached to another session. Expunge it there first, or use merge() to have a copy of it here.`,
  );
}

/** Whether an object is tied to a session in which another has its identity. */
export function isOusted(state: InstanceState): boolean {
  return state.extra?.ousted === true;
}

/** An object has no row from now on: what it holds was written with the row and counts as nothing new. */
export function loseIdentity(state: InstanceState): void {
  const mapper = mapperOf(state);
  state.key = null;
  if (state.extra !== null) state.extra.ousted = false;
  if (state.deleted) state.ext().deletedBefore = true;
  state.deleted = false;
  // What had expired, or was never read, went with the row.
  if (mapper.columnAttributes.some((attribute) => !attribute.deferred && !attribute.isLoaded(state)))
    state.expired = true;
  for (const attribute of mapper.columnAttributes) attribute.keepAsCommitted(state);
  if (state.refs !== null) for (const { attribute } of mapper.relationships) attribute.keepAsCommitted(state);
}

/** Expires an object, but for attributes that were set since the flush: those belong to the next one. */
function expireUnlessChanged(state: InstanceState): void {
  if (!state.modified || state.committed === null) {
    state.expireAll();
    return;
  }
  for (const attribute of mapperOf(state).attributes.values()) {
    if (!state.committed.has(attribute)) attribute.expire(state);
  }
}

keepShape(new Membership(null as never));
