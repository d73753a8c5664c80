/**
 * Collections of a user's own class: it says which of its methods take a member in, give one away and go through them. Of a subclass of Array, Set or Map
 * the engine's own methods are heard as well.
 */
import { ArgumentError } from "../../sql/errors.js";
import { type CollectionKind, CollectionLink } from "../attributes/to-many-attribute.js";
import { isNoted, note, wholly } from "../undo.js";
import { arrayKindOf } from "./array.js";

/** A class whose instances can hold the members of a relationship; made without arguments. */
export type CollectionClass = new () => Iterable<object>;

/** The names of the methods that a collection class has for the library. */
interface Roles {
  appender?: PropertyKey;
  remover?: PropertyKey;
  iterator?: PropertyKey;
}

const rolesOf = new WeakMap<object, Roles>();

function role(name: keyof Roles) {
  return (prototype: object, method: string | symbol): void => {
    const roles = rolesOf.get(prototype);
    if (roles === undefined) rolesOf.set(prototype, { [name]: method });
    else roles[name] = method;
  };
}

/**
 * Decorators for the methods of an own collection class. Where they are missing, `add`, `append` or `push` takes in, `delete` or `remove` gives
 * away, and the class is iterated.
 *
 * @example
 * class Shelf { @collection.appender put(book: Book) {...} @collection.remover take(book: Book) {...} @collection.iterator *books() {...} }
 */
export const collection: {
  /** Takes one member in. */
  readonly appender: (prototype: object, method: string | symbol) => void;
  /** Gives one member away. */
  readonly remover: (prototype: object, method: string | symbol) => void;
  /** Goes through the members. */
  readonly iterator: (prototype: object, method: string | symbol) => void;
} = { appender: role("appender"), remover: role("remover"), iterator: role("iterator") };

type Method = (this: object, ...args: unknown[]) => unknown;

function methodOf(cls: CollectionClass, name: keyof Roles, fallbacks: readonly PropertyKey[]): PropertyKey {
  for (let proto: object | null = cls.prototype; proto !== null; proto = Object.getPrototypeOf(proto)) {
    const found = rolesOf.get(proto)?.[name];
    if (found !== undefined) return found;
  }
  const prototype = cls.prototype as Record<PropertyKey, unknown>;
  const found = fallbacks.find((each) => typeof prototype[each] === "function");
  if (found !== undefined) return found;
  throw new ArgumentError(
    `The collection class ${cls.name} has no ${name}: mark one of its methods with @collection.${name}, or call it ${fallbacks.map(String).join(" or ")}.`,
  );
}

const kinds = new WeakMap<CollectionClass, CollectionKind<object>>();

/** The kind of collection that a class makes. @throws ArgumentError naming the class and what it lacks */
export function customKind(cls: CollectionClass): CollectionKind<object> {
  let kind = kinds.get(cls);
  if (kind === undefined) {
    const isArray = Object.prototype.isPrototypeOf.call(Array.prototype, cls.prototype as object);
    kind = isArray ? (arrayKindOf(cls as new () => object[]) as CollectionKind<object>) : makeKind(cls);
    kinds.set(cls, kind);
  }
  return kind;
}

/** Where a method of the engine's own collections has the member that it takes in. */
const TAKING: readonly (readonly [object, PropertyKey, number])[] = [
  [Set.prototype, "add", 0],
  [Map.prototype, "set", 1],
];

function makeKind(cls: CollectionClass): CollectionKind<object> {
  const appender = methodOf(cls, "appender", ["add", "append", "push"]);
  const remover = methodOf(cls, "remover", ["delete", "remove"]);
  const iterator = methodOf(cls, "iterator", [Symbol.iterator]);
  const original = cls.prototype as Record<PropertyKey, Method>;
  const [take, give] = [original[appender], original[remover]];
  const links = new WeakMap<object, CollectionLink>();
  const linkOf = (target: object): CollectionLink | null => {
    const link = links.get(target);
    return link?.attribute.adopt(link.state, target) ? link : null;
  };
  const members = (storage: object): object[] => [
    ...((storage as Record<PropertyKey, Method>)[iterator]() as Iterable<object>),
  ];
  /** The member that is being taken in or given away: the methods that do it may be built on one another. */
  let underWay: unknown;
  const about = <T>(item: unknown, run: () => T): T => {
    const outer = underWay;
    underWay = item;
    try {
      return run();
    } finally {
      underWay = outer;
    }
  };
  const taking = (native: Method, at: number): Method =>
    function (...args) {
      const item = args[at];
      const link = links.get(this);
      if (link === undefined) return native.apply(this, args);
      if (item !== underWay) link.attribute.check(item, link.state);
      if (linkOf(this) === null) return native.apply(this, args);
      const { attribute, state } = link;
      return attribute.whole(() => {
        const replaced = this instanceof Map && at === 1 ? (this.get(args[0]) as object | undefined) : undefined;
        if (replaced !== undefined && replaced !== item) attribute.removed(state, replaced);
        if (item === underWay) return native.apply(this, args);
        const isMember = this instanceof Set && this.has(item);
        args[at] = attribute.added(state, item as object, isMember);
        attribute.noteStorage(state, this);
        return about(args[at], () => native.apply(this, args));
      });
    };
  const giving = (native: Method, itemOf: (target: object, arg: unknown) => unknown): Method =>
    function (...args) {
      const item = itemOf(this, args[0]);
      if (item === undefined || item === underWay || !links.has(this)) return native.apply(this, args);
      const link = members(this).includes(item as object) ? linkOf(this) : null;
      if (link === null) return about(item, () => native.apply(this, args));
      const { attribute, state } = link;
      return attribute.whole(() => {
        attribute.removed(state, item as object);
        attribute.noteStorage(state, this);
        return about(item, () => native.apply(this, args));
      });
    };
  // A subclass of its own: instances that users make themselves stay as they are.
  const Tracked = class extends cls {};
  const tracked: Record<PropertyKey, Method> = {};
  for (const [prototype, name, at] of TAKING) {
    if (!Object.prototype.isPrototypeOf.call(prototype, original)) continue;
    tracked[name] = taking(original[name], at);
    tracked["delete"] = giving(original["delete"], (target, arg) =>
      at === 0 ? arg : (target as Map<unknown, object>).get(arg),
    );
    tracked["clear"] = function () {
      const link = links.has(this) ? linkOf(this) : null;
      link?.attribute.beforeClear(link.state, this);
      return wholly(() => {
        if (link !== null) for (const item of members(this)) link.attribute.removed(link.state, item);
        link?.attribute.noteStorage(link.state, this);
        return original["clear"].call(this);
      });
    };
  }
  tracked[appender] ??= taking(take, 0);
  tracked[remover] ??= giving(give, (_, item) => item);
  for (const name of Reflect.ownKeys(tracked))
    Object.defineProperty(Tracked.prototype, name, { value: tracked[name], configurable: true, writable: true });
  Object.defineProperty(Tracked.prototype, "constructor", { value: cls, configurable: true, writable: true });
  return {
    words: `a ${cls.name}`,
    create: () => new Tracked(),
    members,
    has: (storage, item) => members(storage).includes(item),
    add: (storage, item) => {
      if (isNoted() && !members(storage).includes(item)) note(() => about(item, () => give.call(storage, item)));
      about(item, () => take.call(storage, item));
    },
    remove: (storage, item) => {
      if (isNoted() && members(storage).includes(item)) note(() => about(item, () => take.call(storage, item)));
      about(item, () => give.call(storage, item));
    },
    expose: (storage, attribute, state) => {
      links.set(storage, new CollectionLink(attribute, state));
      return storage;
    },
    read: (value) => {
      if (value instanceof cls) return members(value);
      return Array.isArray(value) ? (value as object[]) : null;
    },
  };
}
