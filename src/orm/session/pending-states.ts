/**
 * The new objects of a session in the order in which they were added. A Set costs a tenth of a microsecond for each object that goes in and comes out
 * again; here an object carries a flag, and the list is closed up when half of it has left.
 */
import type { InstanceState } from "../state.js";

export class PendingStates implements Iterable<InstanceState> {
  #list: InstanceState[] = [];
  /** The `insertOrder` that each object of the list had when it came in: one that left and came again stands further behind. */
  #orders: number[] = [];
  #size = 0;
  #lastOrder = 0;

  get size(): number {
    return this.#size;
  }

  add(state: InstanceState): void {
    if (state.pending) return;
    state.pending = true;
    state.insertOrder = ++this.#lastOrder;
    this.#list.push(state);
    this.#orders.push(state.insertOrder);
    this.#size++;
  }

  /** @returns whether it was there */
  delete(state: InstanceState): boolean {
    if (!state.pending) return false;
    state.pending = false;
    this.#size--;
    if (this.#size === 0) this.#forget();
    else if (this.#list.length > 64 && this.#list.length > this.#size * 2) this.#closeUp();
    return true;
  }

  clear(): void {
    for (const state of this) state.pending = false;
    this.#size = 0;
    this.#forget();
  }

  /** They may leave while they are walked through. */
  *[Symbol.iterator](): IterableIterator<InstanceState> {
    yield* this.toArray();
  }

  toArray(): InstanceState[] {
    const list = this.#list;
    if (list.length === this.#size) return list.slice();
    return list.filter((state, i) => this.#isHere(state, i));
  }

  #isHere(state: InstanceState, i: number): boolean {
    return state.pending && state.insertOrder === this.#orders[i];
  }

  #forget(): void {
    this.#list = [];
    this.#orders = [];
  }

  #closeUp(): void {
    this.#list = this.toArray();
    this.#orders = this.#list.map((state) => state.insertOrder);
  }
}
