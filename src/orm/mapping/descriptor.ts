/** Names of a mapped class that hold no value of their own: they stand for other attributes, on objects and in statements. */

import type { History } from "../history.js";

/** What a descriptor needs of the mapper that has it. */
export interface DescriptorOwner {
  readonly className: string;
  /** What the class itself reads and writes. */
  readonly cls: abstract new (
    ...args: never[]
  ) => object;
}

export abstract class Descriptor {
  /** How `inspect(Class)` calls it. */
  abstract readonly kind: "hybrid" | "hybridMethod" | "synonym" | "composite" | "associationProxy" | "any";

  constructor(
    readonly owner: DescriptorOwner,
    readonly key: string,
  ) {}

  /** `Interval.length`, for messages. */
  get label(): string {
    return `${this.owner.className}.${this.key}`;
  }

  /** The attributes that hold its value, where it can be expired and refreshed by its name. */
  get behind(): readonly string[] {
    return [];
  }

  /** Whether a value is of the class that it makes of its attributes. */
  holds(_value: unknown): boolean {
    return false;
  }

  /** How its value has changed, where attributes hold it. @param of the change of one of them */
  history(_of: (key: string) => History): History | undefined {
    return undefined;
  }

  /** Puts what objects need on the class; called once, where the descriptor is declared. */
  install(_prototype: object): void {}

  /** What it is in a statement, from the attributes of an entity. */
  abstract expression(attrs: Readonly<Record<string, unknown>>): unknown;

  /**
   * The attributes that `update(Class).values({ key: value })` writes for it, with their values.
   * @param row all that is given to the row, by attribute
   * @throws ArgumentError where it cannot be written
   */
  abstract written(
    attrs: Readonly<Record<string, unknown>>,
    value: unknown,
    row: Readonly<Record<string, unknown>>,
  ): Readonly<Record<string, unknown>>;

  /** What `awaitable()` gives for it. @param load gives an attribute of the object, loaded first where it is not */
  async awaited(object: object, load: (key: string) => Promise<unknown>): Promise<unknown> {
    for (const key of this.behind) await load(key);
    return (object as Readonly<Record<string, unknown>>)[this.key];
  }

  /** Whether an object can be given a value under this name. */
  abstract settable(prototype: object): boolean;
}

/** The accessor that a prototype has for a name, its own or inherited. */
export function accessorOf(prototype: object, key: string): PropertyDescriptor | undefined {
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at, key);
    if (found !== undefined) return found;
  }
  return undefined;
}
