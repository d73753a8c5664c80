/** Values that tell of changes made in them: a Proxy over each plain object, array, Set and Map, at all depths. */

/** Whom a value belongs to. */
export interface Owner {
  /** The proxies of the value's parts. */
  readonly proxies: WeakMap<object, object>;
  /** Called before a change. */
  changing(): void;
}

/** What stands behind a proxy. */
const behind = new WeakMap<object, object>();

/** The value itself, where a proxy of it is given. */
export function rawOf<T>(value: T): T {
  return typeof value === "object" && value !== null ? ((behind.get(value) as T | undefined) ?? value) : value;
}

/** Whether a value is watched within: plain objects, arrays, sets and maps. A date or a buffer is a value of its own. */
export function isContainer(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value) as unknown;
  return (
    prototype === Object.prototype || prototype === null || prototype === Set.prototype || prototype === Map.prototype
  );
}

/** Whether an object is a value as a whole, that nobody changes in place. */
export function isScalar(value: object): boolean {
  return value instanceof Date || ArrayBuffer.isView(value);
}

/** A copy of a value: its containers are new ones, at all depths. */
export function copyOfContainer(value: object): object {
  const raw = rawOf(value);
  if (Array.isArray(raw)) return raw.map(copyOf);
  if (raw instanceof Set) return new Set([...raw].map(copyOf));
  if (raw instanceof Map) return new Map([...raw].map(([key, each]) => [key, copyOf(each)]));
  const copy = Object.create(Object.getPrototypeOf(raw) as object | null) as Record<string, unknown>;
  for (const key of Object.keys(raw)) copy[key] = copyOf((raw as Record<string, unknown>)[key]);
  return copy;
}

function copyOf(value: unknown): unknown {
  return isContainer(rawOf(value)) ? copyOfContainer(value as object) : value;
}

/** What is handed out for a container within a value: the same each time. */
export function proxyOf(raw: object, owner: Owner): object {
  let proxy = owner.proxies.get(raw);
  if (proxy === undefined) {
    proxy =
      raw instanceof Set ? watchedSet(raw, owner) : raw instanceof Map ? watchedMap(raw, owner) : watched(raw, owner);
    owner.proxies.set(raw, proxy);
    behind.set(proxy, raw);
  }
  return proxy;
}

function exposedIn(value: unknown, owner: Owner): unknown {
  return isContainer(value) ? proxyOf(value, owner) : value;
}

function watched(raw: object, owner: Owner): object {
  return new Proxy(raw, {
    get: (target, key, receiver) => exposedIn(Reflect.get(target, key, receiver), owner),
    set(target, key, value) {
      const plain: unknown = rawOf(value);
      if (Reflect.get(target, key) === plain && Reflect.has(target, key)) return true;
      owner.changing();
      return Reflect.set(target, key, plain);
    },
    deleteProperty(target, key) {
      if (Reflect.has(target, key)) owner.changing();
      return Reflect.deleteProperty(target, key);
    },
    defineProperty(target, key, descriptor) {
      owner.changing();
      return Reflect.defineProperty(
        target,
        key,
        "value" in descriptor ? { ...descriptor, value: rawOf(descriptor.value as unknown) } : descriptor,
      );
    },
  });
}

/** The methods of sets and maps run on the value itself, as they need its storage; here are those that change it. */
function overlaid(raw: object, own: Readonly<Record<PropertyKey, unknown>>): object {
  return new Proxy(raw, {
    get(target, key) {
      if (Object.hasOwn(own, key)) return own[key];
      const found: unknown = Reflect.get(target, key, target);
      return typeof found === "function" && key !== "constructor" ? (found.bind(target) as unknown) : found;
    },
  });
}

function watchedSet(raw: Set<unknown>, owner: Owner): object {
  const values = function* (): IterableIterator<unknown> {
    for (const value of raw) yield exposedIn(value, owner);
  };
  const set: object = overlaid(raw, {
    has: (value: unknown) => raw.has(rawOf(value)),
    add(value: unknown) {
      if (!raw.has(rawOf(value))) {
        owner.changing();
        raw.add(rawOf(value));
      }
      return set;
    },
    delete(value: unknown) {
      if (!raw.has(rawOf(value))) return false;
      owner.changing();
      return raw.delete(rawOf(value));
    },
    clear() {
      if (raw.size > 0) owner.changing();
      raw.clear();
    },
    forEach(call: (value: unknown, key: unknown, set: object) => void, self?: unknown) {
      for (const value of values()) call.call(self, value, value, set);
    },
    entries: function* () {
      for (const value of values()) yield [value, value];
    },
    values,
    keys: values,
    [Symbol.iterator]: values,
  });
  return set;
}

function watchedMap(raw: Map<unknown, unknown>, owner: Owner): object {
  const entries = function* (): IterableIterator<[unknown, unknown]> {
    for (const [key, value] of raw) yield [key, exposedIn(value, owner)];
  };
  const map: object = overlaid(raw, {
    get: (key: unknown) => exposedIn(raw.get(key), owner),
    set(key: unknown, value: unknown) {
      const plain = rawOf(value);
      if (!raw.has(key) || raw.get(key) !== plain) {
        owner.changing();
        raw.set(key, plain);
      }
      return map;
    },
    delete(key: unknown) {
      if (!raw.has(key)) return false;
      owner.changing();
      return raw.delete(key);
    },
    clear() {
      if (raw.size > 0) owner.changing();
      raw.clear();
    },
    forEach(call: (value: unknown, key: unknown, map: object) => void, self?: unknown) {
      for (const [key, value] of entries()) call.call(self, value, key, map);
    },
    values: function* () {
      for (const [, value] of entries()) yield value;
    },
    entries,
    [Symbol.iterator]: entries,
  });
  return map;
}
