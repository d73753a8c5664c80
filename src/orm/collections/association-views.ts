/**
 * Collections seen through an attribute of their members: what `user.keywords` is where `user.links` holds the objects. The views hold nothing; each
 * operation reads and changes the collection behind them, whose events do the rest.
 */
import { addTo } from "../../sql/groups.js";
import { addUpserts } from "./upserts.js";

/** What stands between a view and the objects behind it. */
export interface Association {
  /** The collection behind, as it is now. */
  members(): unknown;
  /** The value of a member. */
  read(member: object): unknown;
  write(member: object, value: unknown): void;
  /** A new member for a value, and for its key in a keyed collection. */
  make(value: unknown, key?: unknown): object;
  /** Puts a member into the collection, and takes one out, whatever kind it is of. */
  add(member: object): void;
  remove(member: object): void;
}

type Native = (this: unknown[], ...args: unknown[]) => unknown;
const CHANGES: ReadonlySet<string> = new Set(["splice", "sort", "reverse", "fill", "copyWithin"]);

function isIndex(key: PropertyKey): boolean {
  return typeof key === "string" && /^\d+$/.test(key);
}

/** An array of values over an array of objects. */
export function listView(association: Association): unknown[] {
  const behind = (): object[] => association.members() as object[];
  const valueAt = (index: number): unknown => {
    const member = behind().at(index);
    return member === undefined ? undefined : association.read(member);
  };
  const made = (given: readonly unknown[]): object[] => given.map((value) => association.make(value));
  const values = (): unknown[] => behind().map((member) => association.read(member));
  const taken = (index: number, take: (members: object[]) => void): unknown => {
    const value = valueAt(index);
    take(behind());
    return value;
  };
  /** What changes an end of the array leaves the rest alone. */
  const atEnds: Readonly<Record<string, (...given: unknown[]) => unknown>> = {
    push: (...given) => behind().push(...made(given)),
    unshift: (...given) => behind().unshift(...made(given)),
    pop: () => taken(-1, (members) => members.pop()),
    shift: () => taken(0, (members) => members.shift()),
  };
  /** Members whose value stays are kept, in the new order; the others are made and dropped. */
  const become = (next: readonly unknown[]): void => {
    const members = behind();
    const left = new Map<unknown, object[]>();
    for (const member of members) {
      const value = association.read(member);
      addTo(left, value, member);
    }
    const kept = next.map((value) => left.get(value)?.shift() ?? association.make(value));
    members.splice(0, members.length, ...kept);
  };
  const set = (key: PropertyKey, value: unknown): boolean => {
    if (isIndex(key)) {
      const members = behind();
      if (Number(key) < members.length) association.write(members[Number(key)], value);
      else if (Number(key) === members.length) members.push(association.make(value));
      else return false;
      return true;
    }
    if (key !== "length") return false;
    behind().length = Number(value);
    return true;
  };
  const view: unknown[] = new Proxy([] as unknown[], {
    get(_, key) {
      if (key === "length") return behind().length;
      if (isIndex(key)) return valueAt(Number(key));
      if (typeof key === "string" && Object.hasOwn(atEnds, key)) return atEnds[key];
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
    deleteProperty: (_, key) => Reflect.deleteProperty(behind(), key),
  });
  return view;
}

/** A set of values over a set of objects, or over a collection of one's own class. */
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
    if (!this.has(value)) this.#association.add(this.#association.make(value));
    return this;
  }
  override delete(value: unknown): boolean {
    const member = this.#members().find((each) => this.#association.read(each) === value);
    if (member === undefined) return false;
    this.#association.remove(member);
    return true;
  }
  override clear(): void {
    for (const member of this.#members()) this.#association.remove(member);
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

/** What the engine's sets have beside those methods, as set algebra, would ask the view's own, empty storage. */
for (const name of Object.getOwnPropertyNames(Set.prototype)) {
  if (Object.hasOwn(SetView.prototype, name)) continue;
  const native = (Set.prototype as unknown as Record<string, Native>)[name];
  Object.defineProperty(SetView.prototype, name, {
    value: function (this: SetView, ...args: unknown[]) {
      return native.apply(new Set(this) as never, args);
    },
    configurable: true,
    writable: true,
  });
}
addUpserts(MapView.prototype);

for (const [view, kind] of [
  [SetView, Set],
  [MapView, Map],
] as const)
  Object.defineProperty(view.prototype, "constructor", { value: kind, configurable: true, writable: true });
