/**
 * Collections seen through an attribute of their members: what `user.keywords` is where `user.links` holds the objects. The views hold nothing; each
 * operation reads and changes the collection behind them, whose events do the rest.
 */

/** What stands between a view and the objects behind it. */
export interface Association {
  /** The collection behind, as it is now. */
  members(): unknown;
  /** The value of a member. */
  read(member: object): unknown;
  write(member: object, value: unknown): void;
  /** A new member for a value, and for its key in a keyed collection. */
  make(value: unknown, key?: unknown): object;
}

type Native = (this: unknown[], ...args: unknown[]) => unknown;
const CHANGES: ReadonlySet<string> = new Set([
  "push",
  "pop",
  "shift",
  "unshift",
  "splice",
  "sort",
  "reverse",
  "fill",
  "copyWithin",
]);

/** An array of values over an array of objects. */
export function listView(association: Association): unknown[] {
  const behind = (): object[] => association.members() as object[];
  const values = (): unknown[] => behind().map((member) => association.read(member));
  /** Members whose value stays are kept, in the new order; the others are made and dropped. */
  const become = (next: readonly unknown[]): void => {
    const members = behind();
    const left = [...members];
    const made = next.map((value) => {
      const at = left.findIndex((member) => association.read(member) === value);
      return at < 0 ? association.make(value) : (left.splice(at, 1)[0] as object);
    });
    members.splice(0, members.length, ...made);
  };
  const set = (key: PropertyKey, value: unknown): boolean => {
    if (typeof key === "string" && /^\d+$/.test(key)) {
      const members = behind();
      if (Number(key) < members.length) association.write(members[Number(key)], value);
      else become([...values(), value]);
      return true;
    }
    if (key !== "length") return false;
    become(values().slice(0, Number(value)));
    return true;
  };
  const view: unknown[] = new Proxy([] as unknown[], {
    get(_, key) {
      const now = values();
      const found = Reflect.get(now, key) as unknown;
      if (typeof found !== "function") return found;
      if (typeof key !== "string" || !CHANGES.has(key)) return found.bind(now);
      return (...args: unknown[]) => {
        const result = (found as Native).apply(now, args);
        become(now);
        return result === now ? view : result;
      };
    },
    set: (_, key, value) => set(key, value),
    has: (_, key) => Reflect.has(values(), key),
    ownKeys: () => Reflect.ownKeys(values()),
    getOwnPropertyDescriptor: (_, key) => {
      const found = Reflect.getOwnPropertyDescriptor(values(), key);
      return found === undefined || key === "length" ? found : { ...found, configurable: true };
    },
    defineProperty: (_, key, descriptor) => set(key, descriptor.value),
    deleteProperty: (_, key) => {
      become(values().filter((_value, i) => String(i) !== key));
      return true;
    },
  });
  return view;
}

/** A set of values over a set (or an array) of objects. */
export class SetView extends Set<unknown> {
  readonly #association: Association;

  constructor(association: Association) {
    super();
    this.#association = association;
  }

  #members(): object[] {
    return [...(this.#association.members() as Iterable<object>)];
  }
  #values(): Set<unknown> {
    return new Set(this.#members().map((member) => this.#association.read(member)));
  }
  override get size(): number {
    return this.#values().size;
  }
  override has(value: unknown): boolean {
    return this.#values().has(value);
  }
  override add(value: unknown): this {
    if (!this.has(value)) (this.#association.members() as Set<object>).add(this.#association.make(value));
    return this;
  }
  override delete(value: unknown): boolean {
    const member = this.#members().find((each) => this.#association.read(each) === value);
    return member !== undefined && (this.#association.members() as Set<object>).delete(member);
  }
  override clear(): void {
    (this.#association.members() as Set<object>).clear();
  }
  override forEach(call: (value: unknown, key: unknown, set: Set<unknown>) => void, self?: unknown): void {
    for (const value of this.#values()) call.call(self, value, value, this);
  }
  override values(): SetIterator<unknown> {
    return this.#values().values();
  }
  override keys(): SetIterator<unknown> {
    return this.#values().keys();
  }
  override entries(): SetIterator<[unknown, unknown]> {
    return this.#values().entries();
  }
  override [Symbol.iterator](): SetIterator<unknown> {
    return this.values();
  }
}

/** A map of values over a map of objects. */
export class MapView extends Map<unknown, unknown> {
  readonly #association: Association;

  constructor(association: Association) {
    super();
    this.#association = association;
  }

  #members(): Map<unknown, object> {
    return this.#association.members() as Map<unknown, object>;
  }
  #values(): Map<unknown, unknown> {
    return new Map([...this.#members()].map(([key, member]) => [key, this.#association.read(member)]));
  }
  override get size(): number {
    return this.#members().size;
  }
  override has(key: unknown): boolean {
    return this.#members().has(key);
  }
  override get(key: unknown): unknown {
    const member = this.#members().get(key);
    return member === undefined ? undefined : this.#association.read(member);
  }
  override set(key: unknown, value: unknown): this {
    const member = this.#members().get(key);
    if (member === undefined) this.#members().set(key, this.#association.make(value, key));
    else this.#association.write(member, value);
    return this;
  }
  override delete(key: unknown): boolean {
    return this.#members().delete(key);
  }
  override clear(): void {
    this.#members().clear();
  }
  override forEach(call: (value: unknown, key: unknown, map: Map<unknown, unknown>) => void, self?: unknown): void {
    for (const [key, value] of this.#values()) call.call(self, value, key, this);
  }
  override values(): MapIterator<unknown> {
    return this.#values().values();
  }
  override keys(): MapIterator<unknown> {
    return this.#values().keys();
  }
  override entries(): MapIterator<[unknown, unknown]> {
    return this.#values().entries();
  }
  override [Symbol.iterator](): MapIterator<[unknown, unknown]> {
    return this.entries();
  }
}

for (const [view, kind] of [
  [SetView, Set],
  [MapView, Map],
] as const)
  Object.defineProperty(view.prototype, "constructor", { value: kind, configurable: true, writable: true });
