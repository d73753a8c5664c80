/**
 * Collections as arrays. The storage is a plain array; what is handed out is a Proxy over it whose methods run on the storage itself, so that
 * reading costs little, and whose traps see every way to change an array. Events are counted: a member is removed when its last occurrence goes
 * and appended when its first comes, so that `[a[0], a[1]] = [a[1], a[0]]` or a sort moves nobody in or out.
 */

import { InvalidRequestError } from "../../sql/errors.js";
import { type CollectionKind, CollectionLink, type ToManyAttribute } from "../attributes/to-many-attribute.js";
import type { InstanceState } from "../state.js";
import { isNoted, note, wholly } from "../undo.js";

/** An array that was handed out answers it with what stands behind it: a WeakMap of all of them would be gone through at each collection of garbage. */
const ENTRY = Symbol("athanor.collection");

function findEntry(value: object): Traps | undefined {
  return (value as { readonly [ENTRY]?: Traps })[ENTRY];
}

/** How often each member occurs. */
function counted(members: readonly object[]): Map<object, number> {
  const counts = new Map<object, number>();
  for (const member of members) counts.set(member, (counts.get(member) ?? 0) + 1);
  return counts;
}

const arrayMethods = Array.prototype as unknown as Readonly<Record<PropertyKey, unknown>>;
type Method = (this: object, ...args: never[]) => unknown;
const methods: { [name: PropertyKey]: Method } = Object.create(null);

/** Methods that read run natively on the storage. */
for (const name of Object.getOwnPropertyNames(Array.prototype)) {
  const native = arrayMethods[name];
  if (name === "constructor" || typeof native !== "function") continue;
  methods[name] = function (...args) {
    return native.apply(findEntry(this)?.storage ?? this, args);
  };
}
methods[Symbol.iterator] = methods.values;

/** Methods that change any part of an array run on a copy, which the storage then becomes. */
for (const name of ["splice", "sort", "reverse", "fill", "copyWithin"] as const) {
  const native = Array.prototype[name] as (...args: unknown[]) => unknown;
  methods[name] = function (...args) {
    const entry = entryOf(this);
    const next = [...entry.storage];
    const result = native.apply(next, args);
    entry.become(next, name === "splice");
    return result === next ? this : result;
  };
}

/** The common changes at the ends take no copy. */
methods.push = function (...items: object[]) {
  const entry = entryOf(this);
  return entry.insert(entry.storage.length, items);
} as Method;
methods.unshift = function (...items: object[]) {
  return entryOf(this).insert(0, items);
} as Method;
methods.pop = function () {
  const entry = entryOf(this);
  return entry.takeOut(entry.storage.length - 1);
};
methods.shift = function () {
  return entryOf(this).takeOut(0);
};

function entryOf(proxy: object): Traps {
  const entry = findEntry(proxy);
  if (entry === undefined)
    throw new TypeError("This method belongs to a mapped collection and was called on something else.");
  return entry;
}

/** Behind the digits, with which no name of a method begins. */
const AFTER_DIGITS = "9".charCodeAt(0) + 1;

function isIndex(key: PropertyKey): boolean {
  return typeof key === "string" && /^(?:0|[1-9]\d*)$/.test(key);
}

/** What stands behind an array that was handed out. */
class Traps extends CollectionLink implements ProxyHandler<object[]> {
  /** Whether the array has no class of its own, which could have other methods. */
  private readonly plain: boolean;

  constructor(
    readonly storage: object[],
    attribute: ToManyAttribute,
    state: InstanceState,
  ) {
    super(attribute, state);
    this.plain = Object.getPrototypeOf(storage) === Array.prototype;
  }

  /** Whether the storage is (or now becomes) its object's collection; otherwise the array is nobody's, and changes are silent. */
  isLive(): boolean {
    return this.attribute.adopt(this.state, this.storage);
  }

  /** Brings the storage to `next` and fires what that means for each member. @param takes whether members that go are taken out, not overwritten */
  become(next: object[], takes = false): void {
    const { storage, attribute, state } = this;
    if (next.length === storage.length && next.every((item, i) => item === storage[i])) return;
    if (!this.isLive()) {
      storage.length = 0;
      storage.push(...next);
      return;
    }
    for (const item of next) attribute.check(item, state);
    wholly(() => this.#become(next, takes));
  }

  #become(next: object[], takes: boolean): void {
    const { storage, attribute, state } = this;
    const before = counted(storage);
    const after = counted(next);
    attribute.touched(state);
    for (const [item, count] of before) {
      const left = after.get(item) ?? 0;
      for (let i = count; i > Math.max(left, 1); i--) {
        if (takes) attribute.thinned(state, item);
        else attribute.shed(state, item);
      }
      if (left === 0) attribute.removed(state, item);
    }
    const replaced = new Map<object, object>();
    for (const [item, count] of after) {
      for (let i = before.get(item) ?? 0; i < count; i++) {
        const stored = attribute.added(state, item);
        if (stored !== item) replaced.set(item, stored);
      }
    }
    attribute.noteStorage(state, storage);
    storage.length = next.length;
    for (let i = 0; i < next.length; i++) storage[i] = replaced.get(next[i]) ?? next[i];
    attribute.arrange(state, storage);
  }

  /** Puts members in at an end. @returns the length then */
  insert(index: number, items: readonly object[]): number {
    const { storage, attribute, state } = this;
    // The type is checked before an empty collection becomes the object's.
    for (const item of items) attribute.check(item, state);
    if (items.length === 1 && !attribute.refusable) this.#insert(index, items[0]);
    else this.#insertWholly(index, items);
    return storage.length;
  }

  #insertWholly(index: number, items: readonly object[]): void {
    wholly(() => {
      for (let i = 0; i < items.length; i++) this.#insert(index + i, items[i]);
    });
  }

  #insert(index: number, item: object): void {
    const { storage, attribute, state } = this;
    const live = this.isLive();
    // An append is an event even where the object is there already: it may have been given away meanwhile.
    const stored = live ? attribute.added(state, item) : item;
    if (live) attribute.noteArrangement(state, storage);
    putAt(storage, index, stored);
    attribute.arrange(state, storage);
  }

  rearrange(): void {
    if (this.isLive()) this.attribute.arrange(this.state, this.storage);
  }

  setLength(length: number): void {
    const { storage, attribute, state } = this;
    if (!Number.isInteger(length) || length < 0 || length >= 2 ** 32) throw new RangeError("Invalid array length");
    // An array has holes then, which no collection can have.
    if (length > storage.length) attribute.check(undefined, state);
    if (length >= storage.length) return;
    attribute.beforeClear(state, storage);
    this.become(storage.slice(0, length));
  }

  takeOut(index: number): object | undefined {
    if (this.storage.length === 0) return undefined;
    return this.attribute.refusable ? this.#takeOutWholly(index) : this.#takeOut(index);
  }

  #takeOutWholly(index: number): object {
    return wholly(() => this.#takeOut(index));
  }

  #takeOut(index: number): object {
    const { storage, attribute, state } = this;
    const item = storage[index];
    if (this.isLive()) {
      if (storage.indexOf(item) !== storage.lastIndexOf(item)) attribute.thinned(state, item);
      else attribute.removed(state, item);
      attribute.noteArrangement(state, storage);
    }
    takeAt(storage, index);
    attribute.arrange(state, storage);
    return item;
  }

  get(storage: object[], key: PropertyKey): unknown {
    // What loops ask for at each step is answered first, and without a closure, which would cost each call its memory.
    if (key === "length" || (typeof key === "string" && key.charCodeAt(0) < AFTER_DIGITS))
      return storage[key as keyof typeof storage];
    if (key === ENTRY) return this;
    const method = methods[key];
    if (method !== undefined && (this.plain || storage[key as keyof typeof storage] === arrayMethods[key]))
      return method;
    if (key === "reorder" && this.attribute.kind.arranged !== undefined) return this.rearrange.bind(this);
    return storage[key as keyof typeof storage];
  }

  set(storage: object[], key: PropertyKey, value: unknown): boolean {
    if (isIndex(key)) {
      const index = Number(key);
      const next = [...storage];
      while (next.length < index) next.push(undefined as never);
      next[index] = value as object;
      this.become(next);
      return true;
    }
    if (key === "length") {
      this.setLength(Number(value));
      return true;
    }
    return Reflect.set(storage, key, value);
  }

  defineProperty(storage: object[], key: PropertyKey, descriptor: PropertyDescriptor): boolean {
    if (!isIndex(key) && key !== "length") return Reflect.defineProperty(storage, key, descriptor);
    const { get, set, writable, configurable, enumerable } = descriptor;
    if (get !== undefined || set !== undefined || writable === false) this.#refuseFixed();
    if (key !== "length" && (configurable === false || enumerable === false)) this.#refuseFixed();
    return "value" in descriptor ? this.set(storage, key, descriptor.value) : true;
  }

  /** A frozen array would be half changed at the next `push`, and could not follow what the other side of the relationship does. */
  preventExtensions(): boolean {
    return this.#refuseFixed();
  }

  #refuseFixed(): never {
    throw new InvalidRequestError(
      `${this.attribute.label} of ${this.state.describe()} cannot be frozen, sealed or made read-only in part: it changes with its objects. ` +
        "Freeze a copy: Object.freeze([...collection]).",
    );
  }

  deleteProperty(storage: object[], key: PropertyKey): boolean {
    if (!isIndex(key)) return Reflect.deleteProperty(storage, key);
    const index = Number(key);
    if (index < storage.length) {
      this.become(storage.filter((_, i) => i !== index));
    }
    return true;
  }
}

function putAt(storage: object[], index: number, item: object): void {
  if (isNoted()) noteEntry(storage, index);
  if (index === storage.length) storage.push(item);
  else storage.splice(index, 0, item);
}

function takeAt(storage: object[], index: number): void {
  if (isNoted()) noteExit(storage, index);
  storage.splice(index, 1);
}

function noteEntry(storage: object[], index: number): void {
  note(() => storage.splice(index, 1));
}

function noteExit(storage: object[], index: number): void {
  const item = storage[index];
  note(() => storage.splice(index, 0, item));
}

/** The default kind of collection. */
export const arrayKind: CollectionKind<object[]> = {
  words: "an array",
  create: () => [],
  members: (storage) => storage,
  has: (storage, item) => storage.includes(item),
  add: (storage, item) => {
    putAt(storage, storage.length, item);
  },
  remove: (storage, item) => {
    const index = storage.indexOf(item);
    if (index >= 0) takeAt(storage, index);
  },
  expose: (storage, attribute, state) => new Proxy(storage, new Traps(storage, attribute, state)),
  read: (value) => {
    if (Array.isArray(value)) return (findEntry(value)?.storage ?? value) as object[];
    if (value instanceof Set) return [...value] as object[];
    return null;
  },
};

/** Arrays of a class of one's own: its methods see the array that was handed out, so that what they do is heard. */
export function arrayKindOf(cls: new () => object[]): CollectionKind<object[]> {
  return { ...arrayKind, words: `a ${cls.name} or an array`, create: () => new cls() };
}
