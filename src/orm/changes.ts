import { keepShape } from "../sql/keep-shape.js";

/**
 * The values that changed attributes had before. Few attributes of an object change between two flushes, and most often one: that one has its own
 * place, and the others a list that is searched, which is faster and smaller than a Map.
 */
export class Changes {
  private first: object | null;
  private value: unknown;
  /** Attribute, value, attribute, value. */
  private others: unknown[] | null = null;

  constructor(attribute: object, previous: unknown) {
    this.first = attribute;
    this.value = previous;
  }

  get size(): number {
    return (this.first === null ? 0 : 1) + (this.others === null ? 0 : this.others.length / 2);
  }

  has(attribute: object): boolean {
    return this.first === attribute || this.at(attribute) >= 0;
  }

  get(attribute: object): unknown {
    if (this.first === attribute) return this.value;
    const at = this.at(attribute);
    return at < 0 ? undefined : (this.others as unknown[])[at + 1];
  }

  /** Records an attribute's value unless there is an earlier one. */
  note(attribute: object, previous: unknown): void {
    if (this.has(attribute)) return;
    if (this.first === null) {
      this.first = attribute;
      this.value = previous;
    } else if (this.others === null) this.others = [attribute, previous];
    else this.others.push(attribute, previous);
  }

  delete(attribute: object): void {
    if (this.first === attribute) {
      this.first = null;
      this.value = undefined;
      return;
    }
    const at = this.at(attribute);
    if (at >= 0) (this.others as unknown[]).splice(at, 2);
  }

  private at(attribute: object): number {
    const { others } = this;
    if (others === null) return -1;
    for (let i = 0; i < others.length; i += 2) if (others[i] === attribute) return i;
    return -1;
  }
}

keepShape(new Changes({}, undefined));
