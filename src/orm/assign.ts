/** Objects from plain input, such as a request's body: only what is mapped and allowed gets in. */
import type { Cls } from "../sql/entity.js";
import { ArgumentError, InvalidRequestError } from "../sql/errors.js";
import { ColumnAttribute } from "./attributes/column-attribute.js";
import { describeValue, type RelationAttribute } from "./attributes/relation-attribute.js";
import { ensureState } from "./mapping/instrument.js";
import { type Mapper, mapperOf } from "./mapping/mapper.js";
import { mapperFor } from "./mapping/registry.js";
import { findState } from "./stamp.js";
import { hashOf, type InstanceState } from "./state.js";

/** Options of `assign` and `fromObject`. */
export interface AssignOptions {
  /** What becomes of names that the class does not map, or that `only` does not allow: an error (the default), or nothing. */
  readonly unknown?: "error" | "ignore";
  /** The attributes that may be set, by name or by path: `["name", "posts.title"]`. Default: all but the primary key of stored objects. */
  readonly only?: readonly string[];
}

/** What plain input may hold for a class: its attributes, with plain objects in place of related ones. */
export type PlainInput<E> = {
  readonly [K in keyof E]?: E[K] extends readonly (infer I)[]
    ? readonly (I extends object ? I | PlainInput<I> : I)[]
    : NonNullable<E[K]> extends Date | Uint8Array | readonly unknown[]
      ? E[K]
      : NonNullable<E[K]> extends object
        ? E[K] | PlainInput<NonNullable<E[K]>>
        : E[K];
};

/**
 * Sets attributes of an entity from a plain object, deep into its relationships: a plain object in a relationship becomes a new entity, or sets the
 * attributes of the loaded member whose primary key it carries. Members of a collection that are not in the input leave it. `undefined` is passed over.
 *
 * @throws InvalidRequestError for a name that is not mapped or not allowed (unless they are ignored), and for another primary key of a stored object
 * @throws ArgumentError for a value that a relationship cannot hold
 * @example assign(user, body, { only: ["name", "posts.title"] })
 */
export function assign<E extends object>(entity: E, input: PlainInput<E>, options: AssignOptions = {}): E {
  take(ensureState(entity), input as Record<string, unknown>, new Rules(options), "");
  return entity;
}

/**
 * A new entity from a plain object: the reverse of `toObject`.
 *
 * @throws as {@link assign} does
 * @example const user = fromObject(User, { name: "Ann", posts: [{ title: "one" }] });
 */
export function fromObject<E extends object>(cls: Cls<E>, input: PlainInput<E>, options: AssignOptions = {}): E {
  mapperFor(cls);
  return assign(new (cls as unknown as new () => E)(), input, options);
}

class Rules {
  readonly #ignores: boolean;
  readonly #only: ReadonlySet<string> | null;

  constructor({ unknown, only }: AssignOptions) {
    this.#ignores = unknown === "ignore";
    // A path allows what leads to it.
    this.#only =
      only === undefined
        ? null
        : new Set(only.flatMap((path) => path.split(".").map((_, i, names) => names.slice(0, i + 1).join("."))));
  }

  /** Whether a path was named. */
  names(path: string): boolean {
    return this.#only?.has(path) === true;
  }

  /** Whether a name is to be set. @throws InvalidRequestError */
  admits(mapper: Mapper, name: string, path: string): boolean {
    if (!mapper.maps(name)) {
      if (this.#ignores) return false;
      throw mapper.noAttribute(name);
    }
    if (this.#only === null || this.#only.has(path)) return true;
    if (this.#ignores) return false;
    throw new InvalidRequestError(
      `${mapper.className}.${name} may not be set here: only ${[...this.#only].join(", ")} may.`,
    );
  }
}

function take(state: InstanceState, input: Record<string, unknown>, rules: Rules, prefix: string): void {
  if (typeof input !== "object" || input === null || Array.isArray(input))
    throw new ArgumentError(`${state.describe()} takes a plain object of attributes, not ${describeValue(input)}.`);
  const mapper = mapperOf(state);
  for (const name of Object.keys(input)) {
    const value = input[name];
    const path = prefix === "" ? name : `${prefix}.${name}`;
    if (value === undefined || !rules.admits(mapper, name, path)) continue;
    const descriptor = mapper.descriptors.get(name);
    if (descriptor !== undefined) {
      if (!descriptor.settable(state.object)) throw new InvalidRequestError(`${descriptor.label} cannot be set.`);
      (state.object as Record<string, unknown>)[name] = value;
      continue;
    }
    const attribute = mapper.attribute(name);
    if (attribute instanceof ColumnAttribute) {
      if (attribute.hidden && !rules.names(path)) {
        throw new InvalidRequestError(
          `${attribute.label} is hidden, and is set from input only where "only" names it.`,
        );
      }
      if (state.key !== null && mapper.primaryKey.includes(attribute)) {
        if (attribute.same(attribute.peek(state), value)) continue;
        throw new InvalidRequestError(
          `${state.describe()} is stored, and the input gives its "${name}" as ${JSON.stringify(value)}: a primary key is not assigned from input.`,
        );
      }
      attribute.set(state, value);
    } else relate(state, attribute as RelationAttribute, value, rules, path);
  }
}

function relate(state: InstanceState, attribute: RelationAttribute, value: unknown, rules: Rules, path: string): void {
  const target = mapperOf(state).relationship(attribute.key)?.target as Mapper;
  const present = new Map<unknown, object>();
  for (const member of attribute.loadedMembers(state)) {
    const { key } = ensureState(member);
    if (key !== null) present.set(hashOf(key), member);
  }
  const made = (item: unknown): object => {
    if (typeof item !== "object" || item === null || Array.isArray(item))
      throw new ArgumentError(
        `${attribute.label} takes objects of ${target.className} or plain objects, not ${describeValue(item)}.`,
      );
    if (findState(item) !== undefined) return item;
    const given = item as Record<string, unknown>;
    const key = target.identityKey(target.primaryKey.map((each) => given[each.key]));
    const known = key === null ? undefined : present.get(hashOf(key));
    const object = known ?? new (target.cls as unknown as new () => object)();
    take(ensureState(object), given, rules, path);
    return object;
  };
  if (!attribute.uselist) {
    attribute.set(state, value === null ? null : made(value));
    return;
  }
  const items = value instanceof Map ? [...value.values()] : value;
  if (!Array.isArray(items) && !(items instanceof Set))
    throw new ArgumentError(`${attribute.label} is a collection and takes an array, not ${describeValue(value)}.`);
  attribute.set(state, [...items].map(made));
}
