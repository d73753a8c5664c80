/**
 * A column attribute whose value is changed in place: a JSON object, an array, a set. What is read is a Proxy of the stored value, and of each object within
 * it when that is read; a change at any depth marks the owner as modified. SQLAlchemy: `MutableDict`, `MutableList`, `MutableSet`, with
 * `MutableBase.changed()` at all depths.
 */
import { ArgumentError } from "../../sql/errors.js";
import { Node } from "../../sql/node.js";
import { describeValue } from "../../sql/types/describe-value.js";
import { warn } from "../../sql/warnings.js";
import type { InstanceState } from "../state.js";
import { STALE_VALUE } from "../warnings.js";
import type { Initiator } from "./attribute.js";
import { ColumnAttribute } from "./column-attribute.js";
import { copyOfContainer, isContainer, isScalar, type Owner, proxyOf, rawOf } from "./mutable-value.js";

/** One stored value of one object. */
class Root implements Owner {
  readonly proxies: WeakMap<object, object> = new WeakMap();
  /** Whether another value was assigned in its place. */
  replaced = false;

  constructor(
    readonly state: InstanceState,
    readonly attribute: MutableAttribute,
    readonly value: object,
  ) {}

  changing(): void {
    this.attribute.changing(this);
  }
}

/** The values that were handed out, for as long as they are stored. */
const exposed = new WeakMap<object, Root>();

export class MutableAttribute extends ColumnAttribute {
  override get(state: InstanceState): unknown {
    const value = super.get(state);
    return isContainer(value) ? this.#expose(state, value) : value;
  }

  override set(state: InstanceState, value: unknown, initiator: Initiator | null = null): void {
    const present = state.values[this.slot];
    super.set(state, this.#own(state, value), initiator);
    const root = typeof present === "object" && present !== null ? exposed.get(present) : undefined;
    if (root === undefined) return;
    root.replaced = state.values[this.slot] !== present;
    if (state.committed?.get(this) !== present) return;
    // Whoever has it may go on changing it: what was before is a copy.
    state.commitAttribute(this);
    state.recordOwnChange(this, copyOfContainer(root.value));
  }

  override assign(state: InstanceState, value: unknown): void {
    super.assign(state, this.#own(state, value));
  }

  override setCommitted(state: InstanceState, value: unknown): void {
    super.setCommitted(state, this.#own(state, value));
  }

  #expose(state: InstanceState, value: object): object {
    let root = exposed.get(value);
    if (root === undefined || root.state !== state || root.attribute !== this) {
      root = new Root(state, this, value);
      exposed.set(value, root);
    }
    return proxyOf(value, root);
  }

  /**
   * What is stored for a value: a copy, so that nobody else can change it. What was read from the attribute itself is the value that it has.
   * @throws ArgumentError for an object that cannot be watched
   */
  #own(state: InstanceState, value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    const raw: object = rawOf(value);
    if (value instanceof Node || isScalar(value)) return value;
    if (isContainer(value)) return raw !== value && raw === state.values[this.slot] ? raw : copyOfContainer(raw);
    throw new ArgumentError(
      `${this.label} is mutable: true, which watches plain objects, arrays, Sets and Maps, and was given ${describeValue(value)}, whose changes nobody ` +
        `would see. Give it a plain value, or leave mutable: true out and call flagModified(object, "${this.key}") after a change.`,
    );
  }

  /** Called before a change: keeps what the value was. */
  changing(root: Root): void {
    const { state, value } = root;
    if (state.values[this.slot] !== value) {
      if (!root.replaced) warn(STALE_VALUE, this.label, state.describe());
      return;
    }
    if ((state.key === null || state.committed?.has(this)) && !state.session?.flushing) {
      state.markModified();
      return;
    }
    state.recordChange(this, copyOfContainer(value));
  }
}
