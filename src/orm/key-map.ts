/**
 * A map from keys of rows. Whole numbers that follow each other, as those of a table mostly do, stand in one array, which takes a third of the memory of
 * a Map and half of its time; all other keys are in a Map.
 */

import { emptySlots } from "../sql/slots.js";

/** A key as maps compare it. */
export type KeyHash = string | number | bigint;

/** A shorter run is given up where others come that follow each other. */
const SHORT = 8;
/** So many keys that come together are worth a look at how close to each other they lie. */
const MANY = 64;
/** So many holes one after the other a run may have, and as many in all beside one for each of its values. */
const HOLES = 16;

export class KeyMap<V> {
  /** The values of the keys from `#first` on; undefined where there is none. None of these keys is among the others. */
  #run: (V | undefined)[] = emptySlots(0) as undefined[];
  #first = 0;
  /** How many values are in the run. */
  #used = 0;
  readonly #others: Map<KeyHash, V> = new Map();
  /** The last number that came to the others. */
  #last = Number.NaN;

  get size(): number {
    return this.#used + this.#others.size;
  }

  get(key: KeyHash): V | undefined {
    if (typeof key === "number") {
      const at = key - this.#first;
      if (at >= 0 && at < this.#run.length) {
        const value = this.#run[at];
        if (value !== undefined) return value;
      }
    }
    return this.#others.get(key);
  }

  set(key: KeyHash, value: V): void {
    if (typeof key !== "number") this.#others.set(key, value);
    else {
      const at = key - this.#first;
      if (at === this.#run.length && this.#others.size === 0) {
        this.#run.push(value);
        this.#used++;
      } else if (this.#makePlace(key)) this.#put(key - this.#first, value);
      else {
        this.#last = key;
        this.#others.set(key, value);
      }
    }
  }

  /**
   * Makes place for keys that come next, in any order: whole numbers that lie close together stand in the run then, as those do that come one after the
   * other.
   */
  expect(count: number, keyAt: (i: number) => unknown): void {
    if (count < MANY) return;
    let first = Number.MAX_SAFE_INTEGER;
    let last = Number.MIN_SAFE_INTEGER;
    for (let i = 0; i < count; i++) {
      const key = keyAt(i);
      if (!Number.isSafeInteger(key)) return;
      if ((key as number) < first) first = key as number;
      if ((key as number) > last) last = key as number;
    }
    if (this.#used === 0) this.#startAt(first);
    // Only a run that is shorter than what comes is moved, so that pages which go downwards do not move all again and again.
    else if (first < this.#first && this.#used >= count) return;
    const from = Math.min(first, this.#first);
    const end = Math.max(last + 1, this.#first + this.#run.length);
    if (end - from > 2 * (count + this.#used)) return;
    if (from < this.#first) {
      const moved = this.#run;
      const before = this.#first;
      this.#run = emptySlots(0) as undefined[];
      this.#first = from;
      this.#extend(before);
      for (const value of moved) this.#run.push(value);
    }
    this.#extend(end);
  }

  delete(key: KeyHash): boolean {
    if (typeof key === "number" && this.#run[key - this.#first] !== undefined) {
      this.#put(key - this.#first, undefined);
      return true;
    }
    return this.#others.delete(key);
  }

  forEach(found: (value: V, key: KeyHash) => void): void {
    for (let i = 0; i < this.#run.length; i++) {
      const value = this.#run[i];
      if (value !== undefined) found(value, this.#first + i);
    }
    this.#others.forEach(found);
  }

  *[Symbol.iterator](): Generator<readonly [KeyHash, V]> {
    for (let i = 0; i < this.#run.length; i++) {
      const value = this.#run[i];
      if (value !== undefined) yield [this.#first + i, value];
    }
    yield* this.#others;
  }

  /** Gives memory back after many keys have gone. */
  tidy(): void {
    if (this.#used < this.#run.length >> 2) this.#giveUp();
  }

  #put(at: number, value: V | undefined): void {
    if (this.#run[at] === undefined) this.#used++;
    if (value === undefined) this.#used--;
    this.#run[at] = value;
  }

  /** Whether a key has its place in the run; it grows up to one that is near as long as half of it is in use. */
  #makePlace(key: number): boolean {
    if (!Number.isSafeInteger(key)) return false;
    const at = key - this.#first;
    if (at >= 0 && at < this.#run.length) return true;
    if (at < 0 || at >= Math.min(2 * this.#used, this.#run.length) + HOLES) {
      if (this.#used >= SHORT || (this.#used > 0 && key !== this.#last + 1)) return false;
      this.#startAt(key);
    }
    this.#extend(key + 1);
    return true;
  }

  #startAt(key: number): void {
    this.#giveUp();
    this.#first = key;
  }

  /** Lengthens the run up to the key `end`, which stays outside; others that have their place there now come in. */
  #extend(end: number): void {
    for (let each = this.#first + this.#run.length; each < end; each++) {
      const value = this.#others.size === 0 ? undefined : this.#others.get(each);
      if (value !== undefined) {
        this.#others.delete(each);
        this.#used++;
      }
      this.#run.push(value);
    }
  }

  /** The others take what is in the run. */
  #giveUp(): void {
    for (let i = 0; i < this.#run.length; i++) {
      const value = this.#run[i];
      if (value !== undefined) this.#others.set(this.#first + i, value);
    }
    this.#run = emptySlots(0) as undefined[];
    this.#used = 0;
  }
}
