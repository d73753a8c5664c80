/**
 * One object for one row in one session. The map is weak: an unmodified object that nobody holds may be collected. A WeakRef costs about as much
 * as the rest of loading a row, so the newest few thousand states are held strongly and weakened in batches as more arrive; a short session never
 * pays. Dead entries are swept when the map has doubled since the last sweep.
 */
import { hashOf, type IdentityKey, type InstanceState, type StateMapper } from "./state.js";

type Hash = string | number | bigint;
type Entry = InstanceState | WeakRef<InstanceState>;

/** Below this many weak entries the map is not swept. */
const SWEEP_FROM = 65_536;

export class IdentityMap {
  /**
   * How many of the newest states a new map holds strongly. Internal: no option of a session, as no program needs another value. Only tests that
   * want objects to be collected set it (to 0, and back).
   */
  static nursery: number = 32_768;

  readonly #capacity: number = IdentityMap.nursery;
  readonly #families: Map<StateMapper, Map<Hash, Entry>> = new Map();
  // Loads and flushes go through many objects of one hierarchy.
  #lastBase: StateMapper | null = null;
  #lastFamily: Map<Hash, Entry> = new Map();
  #nursery: InstanceState[] = [];
  #weak = 0;
  #sweepAt = SWEEP_FROM;

  get(base: StateMapper, key: IdentityKey): InstanceState | undefined {
    const entry = this.#families.get(base)?.get(hashOf(key));
    return entry instanceof WeakRef ? entry.deref() : entry;
  }

  /** The entries of one hierarchy, for loops over many rows. */
  family(base: StateMapper): Map<Hash, Entry> {
    if (base !== this.#lastBase) {
      this.#lastFamily = this.#familyOf(base);
      this.#lastBase = base;
    }
    return this.#lastFamily;
  }

  #familyOf(base: StateMapper): Map<Hash, Entry> {
    let family = this.#families.get(base);
    if (family === undefined) {
      family = new Map();
      this.#families.set(base, family);
    }
    return family;
  }

  /** Puts a state under its key; whatever was there is replaced. */
  add(base: StateMapper, state: InstanceState): void {
    this.family(base).set(hashOf(state.key as IdentityKey), state);
    this.#nursery.push(state);
    if (this.#nursery.length > this.#capacity) this.#weaken();
  }

  /** Takes a state out, if its key is its own. */
  discard(base: StateMapper, state: InstanceState): void {
    if (state.key === null) return;
    const family = this.#families.get(base);
    const hash = hashOf(state.key);
    const entry = family?.get(hash);
    if ((entry instanceof WeakRef ? entry.deref() : entry) === state) family?.delete(hash);
  }

  /** The older half of the nursery is held weakly from now on; modified objects are held by the session itself. */
  #weaken(): void {
    const old = this.#nursery.length - (this.#capacity >> 1);
    for (let i = 0; i < old; i++) {
      const state = this.#nursery[i];
      if (state.key === null) continue;
      const family = this.#families.get((state.mapper as StateMapper & { readonly base: StateMapper }).base);
      const hash = hashOf(state.key);
      if (family?.get(hash) === state) {
        family.set(hash, new WeakRef(state));
        this.#weak++;
      }
    }
    this.#nursery = this.#nursery.slice(old);
    if (this.#weak > this.#sweepAt) this.sweep();
  }

  /** Forgets entries whose objects were collected. */
  sweep(): void {
    let alive = 0;
    for (const family of this.#families.values()) {
      for (const [hash, entry] of family) {
        if (!(entry instanceof WeakRef)) continue;
        if (entry.deref() === undefined) family.delete(hash);
        else alive++;
      }
    }
    this.#weak = alive;
    this.#sweepAt = Math.max(SWEEP_FROM, alive * 2);
  }

  /** All states that are alive. */
  *states(): Generator<InstanceState> {
    for (const family of this.#families.values()) {
      for (const entry of family.values()) {
        const state = entry instanceof WeakRef ? entry.deref() : entry;
        if (state !== undefined) yield state;
      }
    }
  }

  /** How many objects are present. */
  get size(): number {
    let count = 0;
    for (const _ of this.states()) count++;
    return count;
  }

  clear(): void {
    this.#lastBase = null;
    this.#families.clear();
    this.#nursery = [];
    this.#weak = 0;
    this.#sweepAt = SWEEP_FROM;
  }
}
