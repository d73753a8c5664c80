/**
 * One object for one row in one session. The map is weak: an unmodified object that nobody holds may be collected. A WeakRef costs about as much
 * as the rest of loading a row, so the newest few thousand states are held strongly and weakened in batches as more arrive, some dozens behind one
 * WeakRef; a short session never pays. Dead entries are swept when some thousand have come since the last sweep.
 */
import { type KeyHash, KeyMap } from "./key-map.js";
import { LoadedAlike, type RootedMapper } from "./loaded-alike.js";
import { knownState, moveUnopened, peekState, unopenedValues } from "./stamp.js";
import {
  hashOf,
  type IdentityKey,
  type IdentityToken,
  type InstanceState,
  type StateMapper,
  tokenOf,
} from "./state.js";

/**
 * Objects that came in together and are held weakly together: each of them holds the others, so that they are collected when nobody holds any of
 * them.
 */
export class WeakPage {
  readonly #objects: WeakRef<readonly object[]>;

  constructor(
    readonly family: IdentityFamily,
    objects: readonly object[],
    readonly hashes: readonly KeyHash[],
  ) {
    this.#objects = new WeakRef(objects);
    let alike: LoadedAlike | null = null;
    let moved: LoadedAlike | null = null;
    for (let i = 0; i < objects.length; i++) {
      const object = objects[i];
      const found = peekState(object);
      if (!(found instanceof LoadedAlike)) {
        found.page = objects;
        continue;
      }
      if (found !== alike || moved === null) {
        alike = found;
        moved = found.onPage(objects);
      }
      moveUnopened(object, moved);
    }
  }

  get alive(): boolean {
    return this.#objects.deref() !== undefined;
  }

  find(hash: KeyHash): object | undefined {
    const objects = this.#objects.deref();
    return objects?.[this.hashes.indexOf(hash)];
  }
}

/** What a hierarchy has under a key. */
export type IdentityEntry = object | WeakPage;

/** The entries of one hierarchy. */
export type IdentityFamily = KeyMap<IdentityEntry>;

/** The object of an entry; undefined where there is none, or it was collected. */
export function objectOf(entry: IdentityEntry | undefined, hash: KeyHash): object | undefined {
  return entry instanceof WeakPage ? entry.find(hash) : entry;
}

/** Objects behind one WeakRef: more of them would keep more objects alive for the sake of one. */
const PAGE = 32;

/** So many new weak entries have the map swept; looking whether a page is alive costs little, and a dead entry keeps its place in the map until then. */
const SWEEP_STEP = 16_384;

/** So many states are weakened in one turn at the most. */
const TRIM_STEP = 32_768;

/** From so many on, a stream has what it brought before held weakly. */
const SETTLE_FROM = 2048;

/** The family of no hierarchy. */
const NOBODY: IdentityFamily = new KeyMap();

export class IdentityMap {
  /**
   * How many of the newest states a new map holds strongly. Internal: no option of a session, as no program needs another value. Only tests that
   * want objects to be collected set it (to 0, and back).
   */
  static nursery: number = 32_768;

  readonly #capacity: number = IdentityMap.nursery;
  readonly #families: Map<StateMapper, IdentityFamily> = new Map();
  #places: Map<StateMapper, Map<IdentityToken, StateMapper>> | null = null;
  // Loads and flushes go through many objects of one hierarchy.
  #lastBase: StateMapper | null = null;
  #lastFamily: IdentityFamily = NOBODY;
  #nursery: object[] = [];
  /** States that are not under their keys yet. */
  #inserted: InstanceState[] = [];
  #pages: WeakPage[] = [];
  #weak = 0;
  #sweepAt = SWEEP_STEP;
  #trimming = false;

  /** The state of the object of a key. @param token the place of the row, where equal keys may be of several */
  get(base: StateMapper, key: IdentityKey, token: IdentityToken | null = null): InstanceState | undefined {
    const object = this.objectAt(base, key, token);
    return object === undefined ? undefined : knownState(object);
  }

  /** The object of a key, without opening it. */
  objectAt(base: StateMapper, key: IdentityKey, token: IdentityToken | null = null): object | undefined {
    if (this.#inserted.length > 0) this.#enterInserted();
    const hash = hashOf(key);
    return objectOf(this.#families.get(token === null ? base : this.#placeOf(base, token))?.get(hash), hash);
  }

  /** The entries of one hierarchy, for loops over many rows. */
  family(hierarchy: StateMapper, token: IdentityToken | null = null): IdentityFamily {
    if (this.#inserted.length > 0) this.#enterInserted();
    const base = token === null ? hierarchy : this.#placeOf(hierarchy, token);
    if (base !== this.#lastBase) {
      this.#lastFamily = this.#familyOf(base);
      this.#lastBase = base;
    }
    return this.#lastFamily;
  }

  /** What stands for a hierarchy at one place. */
  #placeOf(base: StateMapper, token: IdentityToken): StateMapper {
    this.#places ??= new Map();
    let places = this.#places.get(base);
    if (places === undefined) {
      places = new Map();
      this.#places.set(base, places);
    }
    let place = places.get(token);
    if (place === undefined) {
      place = { className: base.className, columnSlots: 0, relationSlots: 0 };
      places.set(token, place);
    }
    return place;
  }

  #familyOf(base: StateMapper): IdentityFamily {
    let family = this.#families.get(base);
    if (family === undefined) {
      family = new KeyMap();
      this.#families.set(base, family);
    }
    return family;
  }

  /**
   * Puts in the state of a row that was inserted just now. It comes under its key when somebody asks for one: many sessions insert and end.
   */
  addInserted(state: InstanceState): void {
    this.#inserted.push(state);
    if (this.#inserted.length > this.#capacity) this.#enterInserted();
  }

  #enterInserted(): void {
    const states = this.#inserted;
    this.#inserted = [];
    for (const state of states) {
      // It may have lost its key since.
      if (state.key !== null) this.add((state.mapper as RootedMapper).base, state);
    }
  }

  /** Puts a state under its key; whatever was there is replaced. */
  add(base: StateMapper, state: InstanceState): void {
    this.family(base, tokenOf(state)).set(hashOf(state.key as IdentityKey), state.object);
    this.keep(state.object);
  }

  /** Holds an object that has come under its key just now, as long as it is among the newest. */
  keep(object: object): void {
    this.#nursery.push(object);
    if (this.#nursery.length > this.#capacity && !this.#trimming) this.#trimLater();
  }

  /** Once the present turn of the event loop is over: what a session loads and forgets within one is never weakened. */
  #trimLater(): void {
    this.#trimming = true;
    setImmediate(() => {
      this.#trimming = false;
      const newest = this.#capacity >> 1;
      if (this.#nursery.length <= this.#capacity) return;
      this.#weaken(Math.max(newest, this.#nursery.length - TRIM_STEP));
      if (this.#nursery.length > this.#capacity) this.#trimLater();
    }).unref();
  }

  /** A stream goes on to its next part: it leaves no more than some thousand objects behind that are held strongly. */
  settle(): void {
    if (this.#nursery.length >= Math.min(SETTLE_FROM, this.#capacity)) this.#weaken(0);
  }

  /** Takes a state out, if its key is its own. */
  discard(base: StateMapper, state: InstanceState): void {
    if (state.key === null) return;
    const family = this.family(base, tokenOf(state));
    const hash = hashOf(state.key);
    if (objectOf(family.get(hash), hash) === state.object) family.delete(hash);
  }

  /** All but the newest of the nursery are held weakly from now on; modified objects are held by the session itself. */
  #weaken(newest: number): void {
    const old = this.#nursery.length - newest;
    const size = Math.max(1, Math.min(PAGE, this.#capacity >> 5));
    let base: StateMapper | null = null;
    let token: IdentityToken | null = null;
    let page: object[] = [];
    let hashes: KeyHash[] = [];
    for (let i = 0; i < old; i++) {
      const object = this.#nursery[i];
      const found = peekState(object);
      const isOpen = !(found instanceof LoadedAlike);
      const key = isOpen ? found.key : found.keyOf(unopenedValues(object));
      if (key === null) continue;
      const own = (found.mapper as RootedMapper).base;
      const place = isOpen ? tokenOf(found) : null;
      if (page.length === size || own !== base || place !== token) {
        this.#weakenPage(base, token, page, hashes);
        base = own;
        token = place;
        page = [];
        hashes = [];
      }
      const hash = hashOf(key);
      if (this.family(own, place).get(hash) !== object) continue;
      page.push(object);
      hashes.push(hash);
    }
    this.#weakenPage(base, token, page, hashes);
    this.#nursery = this.#nursery.slice(old);
    if (this.#weak > this.#sweepAt) this.sweep();
  }

  #weakenPage(
    base: StateMapper | null,
    token: IdentityToken | null,
    objects: readonly object[],
    hashes: readonly KeyHash[],
  ): void {
    if (base === null || objects.length === 0) return;
    const family = this.family(base, token);
    const page = new WeakPage(family, objects, hashes);
    for (let i = 0; i < hashes.length; i++) family.set(hashes[i], page);
    this.#pages.push(page);
    this.#weak += objects.length;
  }

  /** Forgets entries whose objects were collected. */
  sweep(): void {
    const alive: WeakPage[] = [];
    this.#weak = 0;
    for (const page of this.#pages) {
      if (page.alive) {
        alive.push(page);
        this.#weak += page.hashes.length;
      } else for (const hash of page.hashes) if (page.family.get(hash) === page) page.family.delete(hash);
    }
    this.#pages = alive;
    for (const family of this.#families.values()) family.tidy();
    this.#sweepAt = this.#weak + Math.max(SWEEP_STEP, this.#weak >> 2);
  }

  /** Calls back for all states that there are. Objects that are not opened have none, and no change or relationship. */
  forEachState(found: (state: InstanceState) => void): void {
    for (const state of this.#inserted) found(state);
    // Without the pairs that an iterator of a Map makes.
    const look = (entry: IdentityEntry, hash: KeyHash): void => {
      const object = objectOf(entry, hash);
      if (object === undefined) return;
      const state = peekState(object);
      if (!(state instanceof LoadedAlike)) found(state);
    };
    for (const family of this.#families.values()) family.forEach(look);
  }

  /** All objects that are alive. */
  *objects(): Generator<object> {
    if (this.#inserted.length > 0) this.#enterInserted();
    for (const family of this.#families.values()) {
      for (const [hash, entry] of family) {
        const object = objectOf(entry, hash);
        if (object !== undefined) yield object;
      }
    }
  }

  /** The states of all objects that are alive. */
  *states(): Generator<InstanceState> {
    for (const object of this.objects()) yield knownState(object);
  }

  /** How many objects are present. */
  get size(): number {
    let count = 0;
    for (const _ of this.objects()) count++;
    return count;
  }

  clear(): void {
    this.#lastBase = null;
    this.#families.clear();
    this.#inserted = [];
    this.#nursery = [];
    this.#pages = [];
    this.#weak = 0;
    this.#sweepAt = SWEEP_STEP;
  }
}
