/**
 * The values that changed attributes had before. Few attributes of an object change between two flushes, so that a list that is searched is faster
 * and smaller than a Map.
 */
export class Changes {
  /** Attribute, value, attribute, value. */
  readonly #pairs: unknown[];

  constructor(attribute: object, previous: unknown) {
    this.#pairs = [attribute, previous];
  }

  get size(): number {
    return this.#pairs.length / 2;
  }

  has(attribute: object): boolean {
    return this.#at(attribute) >= 0;
  }

  get(attribute: object): unknown {
    const at = this.#at(attribute);
    return at < 0 ? undefined : this.#pairs[at + 1];
  }

  /** Records an attribute's value unless there is an earlier one. */
  note(attribute: object, previous: unknown): void {
    if (this.#at(attribute) < 0) this.#pairs.push(attribute, previous);
  }

  delete(attribute: object): void {
    const at = this.#at(attribute);
    if (at >= 0) this.#pairs.splice(at, 2);
  }

  #at(attribute: object): number {
    const pairs = this.#pairs;
    for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === attribute) return i;
    return -1;
  }
}
