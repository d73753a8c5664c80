import { ScenarioError } from "./errors.js";
import { compareStrings } from "./values.js";

/** The names that a scenario has given to objects, and how objects are rendered in results. */
export class Labels {
  readonly #objects = new Map<string, object | null>();
  readonly #first = new Map<object, string>();

  constructor(
    /** Names the primary-key attributes of an object, for objects that have no identity yet. */
    private readonly primaryKeyOf: (object: object) => readonly string[],
    /** The identity key of an object; null when it has none. */
    private readonly identityOf: (object: object) => readonly unknown[] | null,
  ) {}

  /** Binds a name. It stays bound to null where there was nothing. */
  bind(name: string, object: object | null): void {
    this.#objects.set(name, object);
    if (object && !this.#first.has(object)) this.#first.set(object, name);
  }

  /** Lets go of objects by their names. */
  release(isDone: (name: string) => boolean): void {
    for (const name of this.#objects.keys()) if (isDone(name)) this.#objects.delete(name);
    for (const [object, name] of this.#first) if (isDone(name)) this.#first.delete(object);
  }

  has(name: string): boolean {
    return this.#objects.has(name);
  }

  /** The object of a name; null for the name null. */
  get(name: string | null | undefined): object | null {
    if (name === null || name === undefined) return null;
    if (!this.#objects.has(name)) throw new ScenarioError(`the scenario has bound no object to the name ${name}`);
    return this.#objects.get(name) ?? null;
  }

  /** The first name bound to this very object, else `Entity(pk)` or `Entity(pk1,pk2)`; null for null. */
  label(object: object | null | undefined): string | null {
    if (object === null || object === undefined) return null;
    const name = this.#first.get(object);
    if (name !== undefined) return name;
    return labelByKey(object.constructor.name, this.identityOf(object) ?? this.#currentKey(object));
  }

  /** The labels of objects, sorted as strings. */
  sorted(objects: Iterable<object>): (string | null)[] {
    return Array.from(objects, (object) => this.label(object)).sort((a, b) => compareStrings(String(a), String(b)));
  }

  #currentKey(object: object): unknown[] {
    return this.primaryKeyOf(object).map((name) => {
      try {
        return (object as Record<string, unknown>)[name];
      } catch {
        return null; // it would have to be loaded
      }
    });
  }
}

/** The label of an object without a name. */
export function labelByKey(entity: string, key: readonly unknown[]): string {
  return `${entity}(${key.map((value) => String(value ?? null)).join(",")})`;
}
