/** A cache of what was used last. */

/** Figures of a cache, since it was made or cleared. */
export interface CacheFigures {
  readonly size: number;
  readonly hits: number;
  readonly misses: number;
}

/**
 * Keeps the entries used last, at most `capacity` of them.
 *
 * It is kept in two generations: an entry found in the old one moves to the young one, and when the young one is full it
 * becomes the old one. A hit on a hot entry is one map lookup, where moving it to the end of a list on each hit would be
 * three.
 */
export class LRUCache<K, V> {
  #young = new Map<K, V>();
  #old = new Map<K, V>();
  #half: number;
  #hits = 0;
  #misses = 0;

  /**
   * @param capacity how many entries are kept; 0 keeps none.
   * @param evicted is told of each value that leaves for good.
   */
  constructor(
    capacity: number,
    private readonly evicted: ((value: V) => void) | null = null,
  ) {
    this.#half = Math.ceil(capacity / 2);
  }

  /** Keeps at least so many entries from now on. */
  widen(capacity: number): void {
    this.#half = Math.max(this.#half, Math.ceil(capacity / 2));
  }

  get(key: K): V | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) {
      this.#hits++;
      return value;
    }
    const older = this.#old.get(key);
    if (older === undefined) {
      this.#misses++;
      return undefined;
    }
    this.#hits++;
    this.#old.delete(key);
    this.#put(key, older);
    return older;
  }

  set(key: K, value: V): void {
    if (this.#half <= 0) return;
    this.#old.delete(key);
    this.#put(key, value);
  }

  delete(key: K): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  clear(): void {
    const { evicted } = this;
    if (evicted !== null) for (const map of [this.#young, this.#old]) for (const value of map.values()) evicted(value);
    this.#young.clear();
    this.#old.clear();
    this.#hits = 0;
    this.#misses = 0;
  }

  get figures(): CacheFigures {
    return { size: this.#young.size + this.#old.size, hits: this.#hits, misses: this.#misses };
  }

  #put(key: K, value: V): void {
    this.#young.set(key, value);
    if (this.#young.size <= this.#half) return;
    if (this.evicted !== null) for (const gone of this.#old.values()) this.evicted(gone);
    this.#old = this.#young;
    this.#young = new Map();
  }
}
