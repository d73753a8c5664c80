/**
 * What to-one and to-many attributes have in common: the events that keep both sides of a relationship and the session's membership in step.
 * An event carries the token of the assignment it began with, so that a chain of back-references ends where it started.
 */

import { ArgumentError, InvalidRequestError } from "../../sql/errors.js";
import { describeValue } from "../../sql/types/describe-value.js";
import type { Cascades } from "../cascades.js";
import { findState, stateOf } from "../stamp.js";
import type { InstanceState, SessionPort, StateMapper } from "../state.js";
import { isNoted, note, wholly } from "../undo.js";
import { Attribute, type Initiator } from "./attribute.js";

/** What began a chain of events: an operation on one attribute. */
export class EventToken implements Initiator {
  constructor(
    readonly attribute: RelationAttribute,
    readonly operation: Initiator["operation"],
  ) {}

  get key(): string {
    return this.attribute.key;
  }
  get label(): string {
    return this.attribute.label;
  }
}

/** What the attribute needs to know of the relationship it belongs to; the mapping room provides it at configuration. */
export interface RelationTraits {
  readonly targetName: string;
  /** The property that the user reads. */
  readonly property: string;
  readonly cascades: Cascades;
  readonly viewonly: boolean;
  /** Whether parents of members are tracked, for orphans: one-to-many, and whatever has a single parent. */
  readonly trackParent: boolean;
  /** Whether an old value must be loaded before it is replaced. */
  activeHistory: boolean;
  readonly singleParent: boolean;
  /** Whether the key in the object's own row says what is related: then an old value need not be known. */
  readonly useGet: boolean;
  /** The other sides that events keep in step. */
  readonly reverse: readonly RelationAttribute[];
  /** Those of them that a member of this class has: classes that share no attributes have their own. */
  reverseFor(mapper: StateMapper): readonly RelationAttribute[];
  /** Whether an object of that mapper may stand here. */
  accepts(mapper: StateMapper): boolean;
  /** Whether the member, an object of the target class, has lost a parent without which it may not exist. */
  isOrphan(member: InstanceState): boolean;
  /**
   * The related object as memory alone can tell: undefined where the database would have to be asked.
   * @param committed by the key that the row has, not by the one that it is to have
   * @param evenExpired whether an expired object will do: its row may be gone
   */
  fromMemory(
    state: InstanceState,
    session: SessionPort,
    committed: boolean,
    evenExpired?: boolean,
  ): object | null | undefined;
  /** Whether the key in the object's own row is NULL because nobody has set it: then nothing is known to be related, and nothing is asked for. */
  keyUnset(state: InstanceState): boolean;
  /** `noload`: the attribute is empty instead of being loaded. */
  neverLoads(state: InstanceState): boolean;
  /** Whether options or mapping say `raiseload`. It holds for who reads, not for what a flush or a cascade must know. */
  refuses(state: InstanceState, sqlNeeded: boolean): boolean;
  /** Throws where it is refused. */
  checkRaise(state: InstanceState, sqlNeeded: boolean): void;
}

export abstract class RelationAttribute extends Attribute {
  traits!: RelationTraits;
  abstract readonly uselist: boolean;
  readonly removeToken: EventToken = new EventToken(this, "remove");
  readonly replaceToken: EventToken = new EventToken(this, "replace");
  readonly bulkToken: EventToken = new EventToken(this, "bulk replace");
  abstract readonly appendToken: EventToken;

  constructor(
    owner: StateMapper,
    key: string,
    slot: number,
    /** Whether it asks more of what it holds than to be of the right class. */
    private readonly choosy: boolean = false,
  ) {
    super(owner, key, slot);
  }

  override get property(): string {
    return this.traits.property;
  }

  /** Whether a change may be refused once it is told of: by who listens, by its kind of collection, or as something would have to be loaded for it. */
  get #mayRefuse(): boolean {
    return this.listeners !== null || this.choosy || this.traits.activeHistory || this.traits.singleParent;
  }

  /** The same of this attribute or of one that has to follow. */
  get refusable(): boolean {
    if (this.#mayRefuse) return true;
    const { reverse } = this.traits;
    for (let i = 0; i < reverse.length; i++) if (reverse[i].#mayRefuse) return true;
    return false;
  }

  /** Runs an operation that is done wholly or not at all. */
  whole<T>(operation: () => T): T {
    return this.refusable ? wholly(operation) : operation();
  }

  /** Lets a related object in, from the other side's event. */
  abstract append(state: InstanceState, item: object, initiator: EventToken): void;

  /** Takes a related object out, from the other side's event; does nothing where it is not there. */
  abstract pop(state: InstanceState, item: object, initiator: EventToken): void;

  /** The members now and, of changed attributes, before: for walks along the graph, from memory. */
  abstract allPending(state: InstanceState): readonly object[];

  /** The related objects in memory. */
  abstract loadedMembers(state: InstanceState): readonly object[];

  /** Whether the attribute was replaced while its old value was not in memory, and nothing but the database can tell it. */
  abstract originalUnknown(state: InstanceState): boolean;

  /**
   * Whether a read needs no database: memory tells, or the options say that it is empty.
   * @throws InvalidRequestError where they say that it may not be loaded
   */
  answers(state: InstanceState): boolean {
    const { session } = state;
    if (session === null || this.isLoaded(state)) return true;
    this.traits.checkRaise(state, false);
    if (this.traits.neverLoads(state)) return true;
    if (!state.expired && this.traits.fromMemory(state, session, false) !== undefined) return true;
    this.traits.checkRaise(state, true);
    return false;
  }

  /** Makes sure that `value` is an object that this relationship can hold, and gives its state. */
  check(value: unknown, state: InstanceState): InstanceState {
    const member = typeof value === "object" && value !== null ? findState(value) : undefined;
    if (member === undefined) {
      const { targetName } = this.traits;
      throw new ArgumentError(
        `${this.label} of ${state.describe()} takes objects of ${targetName}, not ${describeValue(value)}.` +
          (typeof value === "object" && value !== null && !Array.isArray(value)
            ? ` Make one with create(${targetName}, { ... }) or new ${targetName}().`
            : ""),
      );
    }
    if (!this.traits.accepts(member.mapper)) {
      throw new ArgumentError(
        `${this.label} takes objects of ${this.traits.targetName}, not ${member.mapper.className}: ${member.describe()} cannot stand there.`,
      );
    }
    return member;
  }

  hasParent(member: InstanceState, optimistic: boolean): boolean {
    const parent = member.parentAlong(this);
    return parent === undefined ? optimistic : parent !== false;
  }

  protected setParent(member: InstanceState, parent: InstanceState, present: boolean): void {
    if (!this.traits.trackParent) return;
    if (isNoted()) this.#noteParent(member);
    if (present) {
      member.setParent(this, parent);
      return;
    }
    const last = member.parentAlong(this);
    // Given to another parent meanwhile: that one holds it now.
    if (last !== undefined && last !== false && last !== parent && last.key !== parent.key) return;
    member.setParent(this, false);
  }

  #noteParent(member: InstanceState): void {
    const before = member.parentAlong(this);
    note(() => member.setParent(this, before));
  }

  /**
   * The events of a new member, before it is stored; gives the value to store.
   * @param isMember whether the collection, which holds each member once, has it already: it may have been given away meanwhile
   */
  protected fireAppend(state: InstanceState, item: object, initiator: EventToken, isMember = false): object {
    let value = item;
    let member = this.check(value, state);
    if (this.traits.singleParent) this.#checkSingleParent(member, state, initiator, null);
    if (this.listeners !== null) {
      if (isMember) for (const listener of this.listeners.appendWoMutation) listener(state, value, initiator);
      else
        for (const listener of this.listeners.append)
          value = (listener(state, value, initiator) as object | undefined) ?? value;
      if (value !== item) member = this.check(value, state);
    }
    this.cascadeInto(state, member, initiator);
    for (const reverse of this.traits.reverseFor(member.mapper)) {
      if (initiator !== reverse.appendToken && initiator !== reverse.bulkToken)
        reverse.append(member, state.object, initiator);
    }
    this.noteChange(state);
    this.setParent(member, state, true);
    return value;
  }

  /** The events of a member that goes. @param stays whether it is in the collection once more */
  protected fireRemove(state: InstanceState, item: object, initiator: EventToken, stays = false): void {
    const member = stateOf(item);
    if (member === undefined) return;
    this.setParent(member, state, false);
    if (this.listeners !== null) for (const listener of this.listeners.remove) listener(state, item, initiator);
    this.#releaseOrphan(state, member);
    for (const reverse of this.traits.reverseFor(member.mapper)) {
      if (stays && !reverse.uselist) continue;
      const cutoff = reverse.uselist ? reverse.bulkToken : reverse.replaceToken;
      if (initiator !== reverse.removeToken && initiator !== cutoff) reverse.pop(member, state.object, initiator);
    }
    this.noteChange(state);
  }

  /** Records the value before the first change. */
  protected abstract noteChange(state: InstanceState): void;

  /** save-update follows the relationship from the object whose attribute was set, never backwards. */
  protected cascadeInto(state: InstanceState, member: InstanceState, initiator: EventToken): void {
    const { session } = state;
    if (session === null || !this.traits.cascades.saveUpdate || initiator.attribute !== this) return;
    if (!session.contains(member)) session.saveOrUpdate(member);
  }

  #checkSingleParent(
    member: InstanceState,
    state: InstanceState,
    initiator: EventToken,
    previous: object | null | undefined,
  ): void {
    if (initiator.attribute !== this || previous === member.object) return;
    if (!this.hasParent(member, false)) return;
    throw new InvalidRequestError(
      `${member.describe()} is already the ${this.key} of another ${this.owner.className}: ${this.label} has singleParent: true, ` +
        `so ${state.describe()} cannot take it over. Remove it from its parent first.`,
    );
  }

  /** A pending object that lost a parent without which it may not exist leaves the session at once. */
  #releaseOrphan(state: InstanceState, member: InstanceState): void {
    if (!this.traits.cascades.deleteOrphan || !this.traits.isOrphan(member)) return;
    const { session } = state;
    if (session?.isPending(member)) this.#expunge(session, member);
    else if (!member.ext().orphanedOutside) {
      member.ext().orphanedOutside = true;
      note(() => {
        member.ext().orphanedOutside = false;
      });
    }
  }

  #expunge(session: SessionPort, member: InstanceState): void {
    note(() => session.saveOrUpdate(member));
    session.expungeState(member);
  }

  /** The events of a to-one assignment, before it is stored. */
  protected fireReplace(
    state: InstanceState,
    value: object | null,
    previous: object | null | undefined,
    initiator: EventToken,
  ): object | null {
    let replaced = value;
    let member = value === null ? null : this.check(value, state);
    const old = previous ? stateOf(previous) : undefined;
    if (old !== undefined && previous !== value) this.setParent(old, state, false);
    if (member !== null && this.traits.singleParent) this.#checkSingleParent(member, state, initiator, previous);
    if (this.listeners !== null) {
      for (const listener of this.listeners.set) {
        const result = listener(state, replaced, previous, initiator);
        if (result !== undefined) replaced = result as object | null;
      }
      if (replaced !== value) member = replaced === null ? null : this.check(replaced, state);
    }
    if (previous !== replaced) {
      if (member !== null) this.cascadeInto(state, member, initiator);
      if (
        old !== undefined &&
        this.traits.cascades.deleteOrphan &&
        state.session?.isPending(old) &&
        this.traits.isOrphan(old)
      ) {
        this.#expunge(state.session, old);
      }
      for (const reverse of this.traits.reverse) {
        const cutoff = reverse.uselist ? reverse.removeToken : reverse.replaceToken;
        if (old !== undefined && initiator !== cutoff) reverse.pop(old, state.object, this.appendToken);
        if (member !== null && initiator !== reverse.appendToken && initiator !== reverse.bulkToken) {
          reverse.append(member, state.object, initiator);
        }
      }
    }
    this.record(state, previous);
    if (member !== null) this.setParent(member, state, true);
    return replaced;
  }

  /** Whether what the attribute holds comes with the object's row, which is new. What is never written has no changes. */
  protected comesWith(state: InstanceState): boolean {
    return state.key === null && !this.traits.viewonly;
  }

  /** Notes a change for the flush. What is never written makes no object modified. */
  protected record(state: InstanceState, previous: unknown): void {
    if (!this.traits.viewonly) state.recordChange(this, previous);
  }
}
