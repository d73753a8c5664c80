/** Typed construction: `create(User, { ... })`. */
import type { Cls, Create } from "../../sql/entity.js";
import { InvalidRequestError } from "../../sql/errors.js";
import type { Attribute } from "../attributes/attribute.js";
import { ColumnAttribute } from "../attributes/column-attribute.js";
import { RelationAttribute } from "../attributes/relation-attribute.js";
import type { InstanceState } from "../state.js";
import { ensureState, hasOwnAccessor } from "./instrument.js";
import type { Mapper } from "./mapper.js";
import { mapperFor } from "./registry.js";

/**
 * Makes an object of a mapped class and sets its attributes. The class's constructor is called without arguments. A plain object in a relationship
 * becomes a new object of the class there, in the same way.
 *
 * @param cls the class
 * @param values its attributes; those that an INSERT needs are required by the type. What the database or a default makes is named in the class's
 *   `[OptionalProps]`
 * @param options hidden columns that are given all the same
 * @throws InvalidRequestError for a name that is no mapped attribute, with the names there are, and for one that cannot be given
 * @example create(User, { name: "Alice", posts: [{ title: "one" }] })
 */
export function create<E extends object>(cls: Cls<E>, values: Create<E>): E;
export function create<E extends object, const H extends keyof E & string>(
  cls: Cls<E>,
  values: Create<E> & Pick<E, H>,
  options: CreateEntityOptions<H>,
): E;
export function create<E extends object>(cls: Cls<E>, values: object, options?: CreateEntityOptions<string>): E {
  const mapper = mapperFor(cls);
  const given = values as Record<string, unknown>;
  const known = Object.getPrototypeOf(values) === Object.prototype ? last.get(mapper) : undefined;
  const setters =
    known !== undefined && refused(known, options) === undefined ? known : settersOf(mapper, given, options);
  const object = new (cls as new () => E)();
  const state = ensureState(object);
  let i = 0;
  // One walk compares the names with those expected and sets the values: at the first other name the rest is looked up.
  for (const name in given) {
    if (setters.names[i] !== name) {
      if (!Object.hasOwn(given, name)) continue;
      setFrom(i, object, state, given, settersOf(mapper, given, options));
      break;
    }
    put(object, state, name, setters.setters[i++], given[name]);
  }
  return object;
}

function setFrom(
  first: number,
  object: object,
  state: InstanceState,
  given: Record<string, unknown>,
  { names, setters }: Setters,
): void {
  for (let i = first; i < names.length; i++) put(object, state, names[i], setters[i], given[names[i]]);
}

function put(object: object, state: InstanceState, name: string, setter: Setter | null, value: unknown): void {
  if (setter === null) (object as Record<string, unknown>)[name] = value;
  else setter.set(state, value);
}

/** Options of `create`. */
export interface CreateEntityOptions<H extends string> {
  /** Hidden columns that may be given. */
  readonly include: readonly H[];
}

/** What sets one value: an attribute, or what first makes objects of plain ones for it. */
interface Setter {
  set(state: InstanceState, value: unknown): void;
}

/** What sets the values of names; null for what only the property itself can set. */
interface Setters {
  readonly names: readonly string[];
  readonly setters: readonly (Setter | null)[];
  /** The hidden ones among the names; null for none. */
  readonly hidden: readonly string[] | null;
}

/** The first hidden name that was not asked for. */
function refused({ hidden }: Setters, options: CreateEntityOptions<string> | undefined): string | undefined {
  return hidden === null ? undefined : hidden.find((name) => options?.include.includes(name) !== true);
}

/** For the names that a class was given last: objects of one class are mostly made in one place. */
const last = new WeakMap<Mapper, Setters>();

function settersOf(
  mapper: Mapper,
  values: Record<string, unknown>,
  options: CreateEntityOptions<string> | undefined,
): Setters {
  const names = Object.keys(values);
  const setters = names.map((name) => setterOf(mapper, name));
  const hidden = names.filter((name) => isHidden(mapper, name));
  const found = { names, setters, hidden: hidden.length === 0 ? null : hidden };
  const name = refused(found, options);
  if (name !== undefined)
    throw new InvalidRequestError(
      `create(${mapper.className}, ...): "${name}" is hidden, and is given only where it is asked for: create(..., { include: ["${name}"] }). ` +
        "Or assign it to the object.",
    );
  last.set(mapper, found);
  return found;
}

function isHidden(mapper: Mapper, name: string): boolean {
  const attribute = mapper.attributes.get(name);
  return attribute instanceof ColumnAttribute && attribute.hidden;
}

function setterOf(mapper: Mapper, name: string): Setter | null {
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
    return hasOwnAccessor(mapper.cls.prototype as object, attribute) ? nesting(mapper, attribute) : null;
  }
  const descriptor = mapper.descriptors.get(name);
  if (descriptor === undefined) throw mapper.noAttribute(name);
  if (!descriptor.settable(mapper.cls.prototype as object))
    throw new InvalidRequestError(`create(${mapper.className}, ...): "${name}" has no setter and cannot be given.`);
  return null;
}

/** The attribute, but that plain objects given for a relationship to one class become objects of it. */
function nesting(mapper: Mapper, attribute: Attribute): Setter {
  if (!(attribute instanceof RelationAttribute)) return attribute;
  const target = mapper.relationship(attribute.key)?.target as Mapper | undefined;
  if (target === undefined) return attribute;
  return { set: (state, value) => attribute.set(state, entitiesOf(target, value)) };
}

/** What is given for a relationship, with objects in place of plain ones. */
function entitiesOf(target: Mapper, value: unknown): unknown {
  if (Array.isArray(value)) return value.some(isPlain) ? value.map((each) => entityOf(target, each)) : value;
  if (value instanceof Set) return new Set(entitiesOf(target, [...value]) as unknown[]);
  if (value instanceof Map) return new Map([...value].map(([key, each]) => [key, entityOf(target, each)]));
  return entityOf(target, value);
}

function entityOf(target: Mapper, value: unknown): unknown {
  return isPlain(value) ? create(target.cls as Cls<object>, value) : value;
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
