/**
 * A map from keys of rows. Whole numbers that follow each other, as those of a table mostly do, stand in one array, which takes a third of the memory of
 * a Map and half of its time; all other keys are in a Map.
 */

/** A key as maps compare it. */
export type KeyHash = string | number | bigint;

/** A shorter run is given up where others come that follow each other. */
const SHORT = 8;
/** So many holes one after the other a run may have, and as many in all beside one for each of its values. */
const HOLES = 16;

export class KeyMap<V> {
  /** The values of the keys from `#first` on; undefined where there is none. None of these keys is among the others. */
  #run: (V | undefined)[] = [];
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
      this.#giveUp();
      this.#first = key;
    }
    const end = key - this.#first + 1;
    while (this.#run.length < end) {
      const each = this.#first + this.#run.length;
      const value = this.#others.size === 0 ? undefined : this.#others.get(each);
      if (value !== undefined) {
        this.#others.delete(each);
        this.#used++;
      }
      this.#run.push(value);
    }
    return true;
  }

  /** The others take what is in the run. */
  #giveUp(): void {
    for (let i = 0; i < this.#run.length; i++) {
      const value = this.#run[i];
      if (value !== undefined) this.#others.set(this.#first + i, value);
    }
    this.#run = [];
    this.#used = 0;
  }
}
