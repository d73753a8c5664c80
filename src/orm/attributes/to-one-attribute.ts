/** A relationship that holds one object or null. */
import { ArgumentError } from "../../sql/errors.js";
import { History, NO_HISTORY } from "../history.js";
import type { InstanceState, StateMapper } from "../state.js";
import { isNoted, note, wholly } from "../undo.js";
import { type Initiator, loadNow, loadOriginalNow } from "./attribute.js";
import { EventToken, RelationAttribute } from "./relation-attribute.js";

export class ToOneAttribute extends RelationAttribute {
  readonly uselist = false;

  constructor(owner: StateMapper, key: string, slot: number) {
    super(owner, key, slot);
  }

  get appendToken(): EventToken {
    return this.replaceToken;
  }

  get(state: InstanceState): unknown {
    const value = state.refs?.[this.slot];
    return value === undefined ? this.#getUnloaded(state) : value;
  }

  peek(state: InstanceState): object | null | undefined {
    return state.refs?.[this.slot] as object | null | undefined;
  }

  #getUnloaded(state: InstanceState): unknown {
    if (state.key === null) return null;
    const { session } = state;
    if (session !== null) {
      this.traits.checkRaise(state, false);
      const known = this.#fromMemory(state, false);
      if (known !== undefined) return known;
      this.traits.checkRaise(state, true);
    }
    loadNow(state, this);
    return this.peek(state) ?? null;
  }

  /** A target that the identity map has, or a key that is null, needs no statement. */
  #fromMemory(state: InstanceState, committed: boolean): object | null | undefined {
    if (state.session === null || state.key === null) return undefined;
    const known = this.traits.neverLoads(state) ? null : this.traits.fromMemory(state, state.session, committed);
    // A read of what nobody has set stores null; to ask what was before an assignment does not, unless that must be known.
    const asked = committed && !this.traits.activeHistory;
    if (known !== undefined && !(asked && known === null && this.traits.keyUnset(state)))
      this.setCommitted(state, known);
    return known;
  }

  /** Takes the related object from the identity map, expired or not. */
  recall(state: InstanceState): void {
    const { session } = state;
    if (session === null || this.isLoaded(state)) return;
    const known = this.traits.fromMemory(state, session, false, true);
    if (known !== undefined && !(known === null && this.traits.keyUnset(state))) this.setCommitted(state, known);
  }

  /** The value before an assignment: loaded only where it must be known. */
  #previous(state: InstanceState): object | null | undefined {
    const present = this.peek(state);
    if (present !== undefined) return present;
    if (state.committed?.has(this)) return undefined;
    if (this.traits.activeHistory && state.key !== null) {
      this.traits.checkRaise(state, false);
      const known = this.#fromMemory(state, true);
      if (known !== undefined) return known;
      loadNow(state, this);
      return this.peek(state);
    }
    return this.#fromMemory(state, true);
  }

  set(state: InstanceState, value: unknown, initiator?: Initiator): void {
    if (value === undefined) this.#unset(state);
    else this.#assign(state, value as object | null, initiator instanceof EventToken ? initiator : this.replaceToken);
  }

  #assign(state: InstanceState, value: object | null, initiator: EventToken): void {
    if (this.refusable) this.#assignWholly(state, value, initiator);
    else this.replace(state, value, initiator);
  }

  #assignWholly(state: InstanceState, value: object | null, initiator: EventToken): void {
    wholly(() => this.replace(state, value, initiator));
  }

  #unset(state: InstanceState): void {
    if (state.key !== null) {
      throw new ArgumentError(
        `${this.label} was set to undefined. Write null to remove the object; ${state.describe()} keeps its value.`,
      );
    }
    if (this.peek(state) != null) this.#assign(state, null, this.replaceToken);
  }

  replace(state: InstanceState, value: object | null, initiator: EventToken, expected?: object): void {
    let previous = this.#previous(state);
    // What is not in memory may be it, if the object has a row.
    if (expected !== undefined && previous !== expected && (previous !== undefined || state.key === null)) return;
    // Nobody has said yet that there is none: saying it is a change.
    if (previous === null && this.peek(state) === undefined) previous = undefined;
    // Where what was before must be known, a new object has had nothing: saying so once more changes nothing.
    if (value === null && state.key === null && this.traits.activeHistory && !state.committed?.has(this))
      state.keepAsCommitted(this, null);
    if (isNoted()) this.#noteSlot(state);
    const replaced = this.fireReplace(state, value, previous, initiator);
    state.slots()[this.slot] = replaced;
  }

  #noteSlot(state: InstanceState): void {
    const before = this.peek(state);
    const wasChanged = state.committed?.has(this) === true;
    note(() => {
      state.slots()[this.slot] = before;
      if (!wasChanged) state.commitAttribute(this);
    });
  }

  append(state: InstanceState, item: object, initiator: EventToken): void {
    this.replace(state, item, initiator);
  }

  pop(state: InstanceState, item: object, initiator: EventToken): void {
    this.replace(state, null, initiator, item);
  }

  protected noteChange(state: InstanceState): void {
    this.record(state, this.peek(state));
  }

  originalUnknown(state: InstanceState): boolean {
    return (
      state.key !== null &&
      !this.traits.useGet &&
      state.committed?.has(this) === true &&
      state.committed.get(this) === undefined
    );
  }

  /** Sets the old value that the database told, and puts back the new one. */
  restore(state: InstanceState, original: unknown, current: unknown): void {
    state.slots()[this.slot] = current;
    state.recordOwnChange(this, original ?? null);
  }

  isLoaded(state: InstanceState): boolean {
    return this.peek(state) !== undefined;
  }

  loadedMembers(state: InstanceState): readonly object[] {
    const value = this.peek(state);
    return value ? [value] : NOBODY;
  }

  allPending(state: InstanceState): readonly object[] {
    const current = this.peek(state);
    const original = state.committed?.get(this) as object | null | undefined;
    if (original && original !== current) return current ? [current, original] : [original];
    return current ? [current] : [];
  }

  history(state: InstanceState): History<object | null> {
    const current = this.peek(state);
    const { committed } = state;
    if (committed === null || !committed.has(this)) {
      if (current === undefined) return NO_HISTORY;
      return this.comesWith(state) ? new History([current], [], []) : new History([], [current], []);
    }
    const original = committed.get(this) as object | null | undefined;
    if (current === original && current !== undefined) return new History([], [current], []);
    return new History(current === undefined ? [] : [current], [], original ? [original] : []);
  }

  override loadHistory(state: InstanceState): History {
    const isReplaced = state.key !== null && this.isLoaded(state) && state.committed?.has(this) === true;
    if (isReplaced && state.committed?.get(this) === undefined) loadOriginalNow(state, this);
    return super.loadHistory(state);
  }

  setCommitted(state: InstanceState, value: unknown): void {
    state.commitAttribute(this);
    state.slots()[this.slot] = value;
    if (state.key === null) this.keepAsCommitted(state);
  }

  keepAsCommitted(state: InstanceState): void {
    const present = this.peek(state);
    if (present !== undefined) state.keepAsCommitted(this, present);
  }

  expire(state: InstanceState): void {
    state.commitAttribute(this);
    if (state.refs !== null) state.refs[this.slot] = undefined;
  }
}

const NOBODY: readonly object[] = [];
