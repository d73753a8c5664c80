/** Typed construction: `create(User, { ... })`. */
import type { Cls, Create } from "../../sql/entity.js";
import { InvalidRequestError } from "../../sql/errors.js";
import type { Attribute } from "../attributes/attribute.js";
import { ColumnAttribute } from "../attributes/column-attribute.js";
import { stateOf } from "../stamp.js";
import type { InstanceState } from "../state.js";
import { hasOwnAccessor } from "./instrument.js";
import type { Mapper } from "./mapper.js";
import { mapperFor } from "./registry.js";

/**
 * Makes an object of a mapped class and sets its attributes. The class's constructor is called without arguments.
 *
 * @param cls the class
 * @param values its attributes; those that an INSERT needs are required by the type. What the database or a default makes is named in the class's
 *   `[OptionalProps]`
 * @throws InvalidRequestError for a name that is no mapped attribute, with the names there are, and for one that cannot be given
 * @example create(User, { name: "Alice", posts: [] })
 */
export function create<E extends object>(cls: Cls<E>, values: Create<E>): E {
  const mapper = mapperFor(cls);
  const names = Object.keys(values);
  const setters = settersOf(mapper, names);
  const object = new (cls as unknown as new () => E)();
  const state = stateOf(object) as InstanceState;
  for (let i = 0; i < names.length; i++) {
    const value = (values as Record<string, unknown>)[names[i]];
    const setter = setters[i];
    if (setter === null) (object as Record<string, unknown>)[names[i]] = value;
    else setter.set(state, value);
  }
  return object;
}

/** What sets the values of names; null for what only the property itself can set. */
type Setters = readonly (Attribute | null)[];

interface Known {
  readonly names: readonly string[];
  readonly setters: Setters;
}

/** The names that a class was given last: objects of one class are mostly made in one place. */
const last = new WeakMap<Mapper, Known>();

function settersOf(mapper: Mapper, names: readonly string[]): Setters {
  const known = last.get(mapper);
  if (known !== undefined && isSame(known.names, names)) return known.setters;
  const setters = names.map((name) => setterOf(mapper, name));
  last.set(mapper, { names, setters });
  return setters;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function setterOf(mapper: Mapper, name: string): Attribute | null {
  const attribute = mapper.attributes.get(name);
  if (attribute !== undefined) {
    if (attribute instanceof ColumnAttribute) {
      if (!attribute.init)
        throw new InvalidRequestError(
          `create(${mapper.className}, ...): "${name}" is mapped with init: false; assign it to the object.`,
        );
      if (!attribute.writable)
        throw new InvalidRequestError(
          `create(${mapper.className}, ...): "${name}" is an SQL expression and cannot be given.`,
        );
    }
    // A subclass may have put an accessor of its own before it.
    return hasOwnAccessor(mapper.cls.prototype as object, attribute) ? attribute : null;
  }
  const descriptor = mapper.descriptors.get(name);
  if (descriptor === undefined) throw mapper.noAttribute(name);
  if (!descriptor.settable(mapper.cls.prototype as object))
    throw new InvalidRequestError(`create(${mapper.className}, ...): "${name}" has no setter and cannot be given.`);
  return null;
}
