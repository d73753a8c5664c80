/** An attribute that holds the value of one column (or of several that are kept equal, in joined-table inheritance). */
import { ArgumentError } from "../../sql/errors.js";
import { Node } from "../../sql/node.js";
import type { Column } from "../../sql/schema/column.js";
import type { StandardSchema } from "../../sql/types/standard-schema.js";
import type { SQLType } from "../../sql/types/type.js";
import { History, NO_HISTORY } from "../history.js";
import type { ComparatorFactory } from "../mapping/declarations.js";
import type { InstanceState, StateMapper } from "../state.js";
import { forgetUnset, isUnset } from "../unset.js";
import { Attribute, type Initiator, loadNow, lostWithRow } from "./attribute.js";

export interface ColumnAttributeOptions {
  /** Not part of the ordinary SELECT of the class. */
  readonly deferred?: boolean;
  readonly deferredGroup?: string | null;
  /** Reading it where it was not loaded is an error, in a sync context too. */
  readonly deferredRaiseload?: boolean;
  /** Load the old value before it is replaced. */
  readonly activeHistory?: boolean;
  /** False keeps it out of `create()`. */
  readonly init?: boolean;
  /** False keeps it out of printing and JSON. */
  readonly repr?: boolean;
  readonly schema?: StandardSchema;
  /** Operators in place of those of its type. */
  readonly comparator?: ComparatorFactory;
}

export class ColumnAttribute extends Attribute {
  readonly deferred: boolean;
  readonly deferredGroup: string | null;
  readonly deferredRaiseload: boolean;
  activeHistory: boolean;
  readonly init: boolean;
  readonly repr: boolean;
  /** What input for it must fit, beside what its type asks. */
  readonly schema: StandardSchema | null;
  readonly comparator: ComparatorFactory | undefined;
  /** The attribute's bit in `state.raw`; 0 where values are converted as they come. */
  readonly bit: number;

  /** @param columns the columns that this attribute reads (the first) and writes (all), base table first */
  constructor(
    owner: StateMapper,
    key: string,
    slot: number,
    readonly columns: readonly Column[],
    options: ColumnAttributeOptions = {},
    public type: SQLType = columns[0].type,
  ) {
    super(owner, key, slot);
    this.deferred = options.deferred ?? (options.deferredGroup != null || options.deferredRaiseload === true);
    this.deferredRaiseload = options.deferredRaiseload ?? false;
    this.deferredGroup = options.deferredGroup ?? null;
    this.activeHistory = options.activeHistory ?? false;
    this.init = options.init ?? true;
    this.schema = options.schema ?? null;
    this.repr = options.repr ?? !type.concealed;
    this.comparator = options.comparator;
    const isKey = columns.some((c) => c.primaryKey || c.foreignKeys.length > 0);
    this.bit = !isKey && slot < 31 ? 1 << slot : 0;
  }

  override get plainBit(): number | null {
    return this.constructor === ColumnAttribute && this.slot >= 0 ? this.bit : null;
  }

  get column(): Column {
    return this.columns[0];
  }

  /** Whether it is kept out of everything that shows an object, and of input, unless it is asked for by name. */
  get hidden(): boolean {
    return this.type.concealed;
  }

  /** Whether objects may be given a value for it. */
  get writable(): boolean {
    return true;
  }

  override get eagerOption(): string {
    return this.deferred
      ? `options(undefer(${this.owner.className}, (x) => x.${this.key}))`
      : `select(${this.owner.className})`;
  }

  override get whyUnloaded(): string {
    // An expression has no column.
    return (this.columns[0]?.serverOnupdate ?? null) === null
      ? ""
      : " (the database changes it with each UPDATE, so that a flush forgets it; eagerDefaults: true reads it back)";
  }

  get(state: InstanceState): unknown {
    const value = state.values[this.slot];
    if (value === undefined) return this.#getUnloaded(state);
    return (state.raw & this.bit) === 0 ? value : this.#convert(state, value);
  }

  peek(state: InstanceState): unknown {
    const value = state.values[this.slot];
    return (state.raw & this.bit) === 0 || value === undefined ? value : this.#convert(state, value);
  }

  #getUnloaded(state: InstanceState): unknown {
    if (state.key === null) {
      if (state.expired) throw lostWithRow(state, this);
      return this.listeners === null ? undefined : this.#initial(state, this.listeners.initScalar);
    }
    loadNow(state, this);
    const value = this.peek(state);
    return value === undefined ? null : value;
  }

  /** What listeners give to an attribute of a new object that was never set. */
  #initial(state: InstanceState, listeners: readonly ((state: InstanceState) => unknown)[]): unknown {
    for (const listener of listeners) {
      const value = listener(state);
      if (value === undefined) continue;
      this.assign(state, value);
      return value;
    }
    return undefined;
  }

  /** The raw value of the row becomes the attribute's value, once. */
  #convert(state: InstanceState, raw: unknown): unknown {
    state.raw &= ~this.bit;
    if (raw === null) return null;
    const convert = state.origin?.converters[this.slot];
    const value = convert ? convert(raw as never) : raw;
    state.values[this.slot] = value;
    return value;
  }

  set(state: InstanceState, value: unknown, initiator: Initiator | null = null): void {
    if (value === undefined) {
      this.#unset(state);
      return;
    }
    const { slot } = this;
    let previous = this.peek(state);
    if (previous === undefined && this.activeHistory && state.key !== null && !state.committed?.has(this)) {
      loadNow(state, this);
      previous = this.peek(state);
    }
    if (previous === null && isUnset(state, this)) {
      forgetUnset(state, this);
      previous = undefined;
    }
    let replaced = value;
    if (this.listeners !== null) {
      for (const listener of this.listeners.set) {
        const result = listener(state, replaced, previous, initiator);
        if (result !== undefined) replaced = result;
      }
    }
    state.recordChange(this, previous);
    state.values[slot] = replaced;
    state.raw &= ~this.bit;
  }

  #unset(state: InstanceState): void {
    if (state.key !== null) {
      throw new ArgumentError(
        `${this.label} was set to undefined. Write null for a NULL; ${state.describe()} keeps its value.`,
      );
    }
    state.values[this.slot] = undefined;
    state.commitAttribute(this);
  }

  /** Stores a value that the flush computed (a foreign key, a generated key): an event for the row, but not for listeners. */
  assign(state: InstanceState, value: unknown): void {
    let previous = this.peek(state);
    if (previous === null && (state.key !== null || value !== null) && isUnset(state, this)) {
      forgetUnset(state, this);
      previous = undefined;
    }
    if (previous !== undefined && this.same(previous, value)) return;
    if (state.key === null) state.markModified();
    else state.recordOwnChange(this, previous);
    state.values[this.slot] = value;
    state.raw &= ~this.bit;
  }

  isLoaded(state: InstanceState): boolean {
    return state.values[this.slot] !== undefined;
  }

  same(a: unknown, b: unknown): boolean {
    if (a === b) return true;
    if (a === null || b === null || a === undefined || b === undefined || a instanceof Node || b instanceof Node)
      return false;
    return this.type.equals(a, b);
  }

  history(state: InstanceState): History {
    const current = this.peek(state);
    const { committed } = state;
    if (committed === null || !committed.has(this)) {
      if (current === undefined) return NO_HISTORY;
      return state.key === null ? new History([current], [], []) : new History([], [current], []);
    }
    const previous = committed.get(this);
    if (current === undefined) return previous === undefined ? NO_HISTORY : new History<unknown>([], [], [previous]);
    if (previous === undefined) return new History<unknown>([current], [], []);
    return this.same(previous, current)
      ? new History<unknown>([], [current], [])
      : new History<unknown>([current], [], [previous]);
  }

  /** True for a net change: what an UPDATE would have to write. */
  hasNetChange(state: InstanceState): boolean {
    const { committed } = state;
    const current = this.peek(state);
    if (committed === null || !committed.has(this)) return state.key === null && current !== undefined;
    return current !== undefined && !this.same(committed.get(this), current);
  }

  /** The value as the database has it, as far as it is known. */
  committedValue(state: InstanceState): unknown {
    if (state.committed?.has(this)) {
      const previous = state.committed.get(this);
      if (previous !== undefined) return previous;
    }
    return this.peek(state);
  }

  keepAsCommitted(state: InstanceState): void {
    const present = this.peek(state);
    if (present !== undefined) state.keepAsCommitted(this, present);
  }

  setCommitted(state: InstanceState, value: unknown): void {
    state.commitAttribute(this);
    if (state.origin !== null) forgetUnset(state, this);
    state.values[this.slot] = value;
    state.raw &= ~this.bit;
  }

  expire(state: InstanceState): void {
    state.commitAttribute(this);
    forgetUnset(state, this);
    state.values[this.slot] = undefined;
    state.raw &= ~this.bit;
  }
}
