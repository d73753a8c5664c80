/**
 * A relationship to many that is never in memory: members are queued and flushed, and read with statements of their own. What is queued are the
 * appends and removals that an unloaded collection has anyway.
 */
import { ArgumentError, InvalidRequestError } from "../../sql/errors.js";
import { describeValue } from "../../sql/types/describe-value.js";
import { History, NO_HISTORY } from "../history.js";
import type { InstanceState } from "../state.js";
import { wholly } from "../undo.js";
import { ToManyAttribute } from "./to-many-attribute.js";

/** Makes what the accessor hands out; set by the module that knows statements. */
type Expose = (attribute: WriteOnlyAttribute, state: InstanceState) => object;

let expose: Expose = () => {
  throw new Error("Write-only collections are not installed.");
};

/** Tells the attribute how its collections are made. */
export function installWriteOnly(make: Expose): void {
  expose = make;
}

export class WriteOnlyAttribute extends ToManyAttribute {
  override readonly loads: boolean = false;

  override get(state: InstanceState): unknown {
    const refs = state.slots();
    let made = refs[this.slot + 1];
    if (made === undefined) {
      made = expose(this, state);
      refs[this.slot + 1] = made;
    }
    return made;
  }

  override set(state: InstanceState, value: unknown): void {
    if (value === undefined || value === state.refs?.[this.slot + 1]) return;
    if (state.key !== null) {
      throw new InvalidRequestError(
        `${this.label} of ${state.describe()} is write-only: a collection that is not in memory cannot be replaced. Use its add(), addAll() and remove(), ` +
          `or the statements of its insert(), update() and delete().`,
      );
    }
    if (!Array.isArray(value) && !(value instanceof Set)) {
      throw new ArgumentError(
        `${this.label} of ${state.describe()} is a collection and takes an array or a Set of ${this.traits.targetName} while the object is new, not ${describeValue(value)}.`,
      );
    }
    const items = [...value] as object[];
    for (const item of items) this.check(item, state);
    const kept = new Set(items);
    wholly(() => {
      for (const item of this.queued(state)) if (!kept.has(item)) this.pop(state, item, this.removeToken);
      for (const item of items) this.append(state, item, this.appendToken);
    });
  }

  /** Members that a flush will add. */
  queued(state: InstanceState): readonly object[] {
    const pending = state.extra?.pending?.get(this);
    return pending === undefined ? [] : [...pending.added];
  }

  override append(state: InstanceState, item: object, initiator = this.appendToken): void {
    const value = this.fireAppend(state, item, initiator);
    // Walks along cascades pass by objects that hold nothing.
    state.slots();
    this.queueEntry(state, value);
  }

  override pop(state: InstanceState, item: object, initiator = this.removeToken): void {
    this.fireRemove(state, item, initiator);
    if (state.key !== null || state.extra?.pending?.get(this)?.added.has(item)) this.queueExit(state, item);
  }

  override isLoaded(): boolean {
    return false;
  }
  override peek(): undefined {
    return undefined;
  }
  override loadedMembers(state: InstanceState): readonly object[] {
    return this.queued(state);
  }
  override allPending(state: InstanceState): readonly object[] {
    const pending = state.extra?.pending?.get(this);
    return pending === undefined ? [] : [...pending.added, ...pending.removed];
  }
  override history(state: InstanceState): History<object> {
    const pending = state.extra?.pending?.get(this);
    return pending === undefined ? NO_HISTORY : new History([...pending.added], [], [...pending.removed]);
  }
  /** There is nothing to keep. */
  override setCommitted(): void {}
}
