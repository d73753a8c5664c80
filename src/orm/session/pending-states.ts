/**
 * The new objects of a session in the order in which they were added. A Set costs a tenth of a microsecond for each object that goes in and comes out
 * again; here an object carries a flag, and what has left stays in the list until half of it has.
 */
import type { InstanceState } from "../state.js";

export class PendingStates implements Iterable<InstanceState> {
  /** In the order of `insertOrder`. What has left is still here, and what came again stands here twice. */
  #list: InstanceState[] = [];
  #size = 0;
  #lastOrder = 0;
  #cameAgain = false;

  get size(): number {
    return this.#size;
  }

  add(state: InstanceState): void {
    if (state.pending) return;
    if (this.#list.length > 64 && this.#list.length > this.#size * 2) this.#list = this.toArray();
    if (state.insertOrder > 0 && this.#list.length > this.#size) this.#cameAgain = true;
    state.pending = true;
    state.insertOrder = ++this.#lastOrder;
    this.#list.push(state);
    this.#size++;
  }

  /** @returns whether it was there */
  delete(state: InstanceState): boolean {
    if (!state.pending) return false;
    state.pending = false;
    this.#size--;
    if (this.#size === 0) this.#forget();
    return true;
  }

  clear(): void {
    for (const state of this.#list) state.pending = false;
    this.#size = 0;
    this.#forget();
  }

  /** They may leave while they are walked through. */
  [Symbol.iterator](): IterableIterator<InstanceState> {
    return this.toArray()[Symbol.iterator]();
  }

  toArray(): InstanceState[] {
    const list = this.#list;
    if (list.length === this.#size) return list.slice();
    const here = list.filter((state) => state.pending);
    return this.#cameAgain ? lastOccurrences(here) : here;
  }

  #forget(): void {
    this.#list = [];
    this.#cameAgain = false;
  }
}

/** Each object once, where it stands last. */
function lastOccurrences(states: readonly InstanceState[]): InstanceState[] {
  const found: InstanceState[] = [];
  for (let i = states.length - 1; i >= 0; i--) if (states[i].mark()) found.push(states[i]);
  for (const state of found) state.unmark();
  return found.reverse();
}
