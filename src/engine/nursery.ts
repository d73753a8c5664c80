/**
 * Things that are mostly gone a moment after they came: a WeakRef or a registration for finalization costs more than such a
 * thing's whole life, and the garbage collector pays again for each. So the young are held strongly, and only what is still there
 * after a moment is handed on to be held weakly.
 */

/** Milliseconds that a thing is young at the most. */
const YOUTH_MS = 50;

export class Nursery<T> {
  readonly #young: Set<T> = new Set();
  #waiting = false;
  #timer: NodeJS.Timeout | null = null;

  /** @param grown takes what has been there for a moment, and must hold it weakly. */
  constructor(private readonly grown: (thing: T) => void) {}

  add(thing: T): void {
    this.#young.add(thing);
    if (this.#waiting) return;
    this.#waiting = true;
    if (this.#timer === null) this.#timer = setTimeout(() => this.#release(), YOUTH_MS).unref();
    else this.#timer.refresh();
  }

  /** Takes a thing out; false where it has grown up, or never was here. */
  delete(thing: T): boolean {
    return this.#young.delete(thing);
  }

  /** What is young at present. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#young.values();
  }

  #release(): void {
    this.#waiting = false;
    for (const thing of this.#young) this.grown(thing);
    this.#young.clear();
  }
}
