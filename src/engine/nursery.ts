/**
 * Things that are mostly gone a moment after they came: a WeakRef or a registration for finalization costs more than such a
 * thing's whole life, and the garbage collector pays again for each. So the young are held strongly, and only what is still there
 * after a moment is handed on to be held weakly.
 *
 * They stand in an array, and each knows its place. A Set that things enter and leave all the time is copied again and again; each copy is known to the one
 * before it, so that once one of them is in the old generation V8's collector keeps all later ones alive, with everything that was in them when they were
 * copied, until its next full collection.
 */

/** Milliseconds that a thing is young at the most. */
const YOUTH_MS = 50;

/** What can be in a nursery. */
export interface Young {
  /** Its place in the nursery; -1 while it is in none. The nursery's own. */
  nurseryPlace: number;
}

export class Nursery<T extends Young> {
  readonly #young: T[] = [];
  #waiting = false;
  #timer: NodeJS.Timeout | null = null;

  /** @param grown takes what has been there for a moment, and must hold it weakly. */
  constructor(private readonly grown: (thing: T) => void) {}

  add(thing: T): void {
    if (thing.nurseryPlace < 0) {
      thing.nurseryPlace = this.#young.length;
      this.#young.push(thing);
    }
    if (this.#waiting) return;
    this.#waiting = true;
    if (this.#timer === null) this.#timer = setTimeout(() => this.#release(), YOUTH_MS).unref();
    else this.#timer.refresh();
  }

  /** Takes a thing out; false where it has grown up, or never was here. */
  delete(thing: T): boolean {
    const place = thing.nurseryPlace;
    if (place < 0) return false;
    thing.nurseryPlace = -1;
    const last = this.#young.pop() as T;
    if (last === thing) return true;
    this.#young[place] = last;
    last.nurseryPlace = place;
    return true;
  }

  /** What is young at present. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#young.values();
  }

  #release(): void {
    this.#waiting = false;
    for (let thing = this.#young.pop(); thing !== undefined; thing = this.#young.pop()) {
      thing.nurseryPlace = -1;
      this.grown(thing);
    }
  }
}
