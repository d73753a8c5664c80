/** Objects from plain input, such as a request's body: only what is mapped and allowed gets in. */
import type { Cls, IsComposite, IsRelation, Kind, PropertyOf, TargetOf } from "../sql/entity.js";
import { ArgumentError, InvalidRequestError } from "../sql/errors.js";
import { describeValue } from "../sql/types/describe-value.js";
import { ColumnAttribute } from "./attributes/column-attribute.js";
import type { RelationAttribute } from "./attributes/relation-attribute.js";
import { ensureState } from "./mapping/instrument.js";
import { type Mapper, mapperOf } from "./mapping/mapper.js";
import { mapperFor } from "./mapping/registry.js";
import { columnRule } from "./schemas/class-rule.js";
import { Findings, REFUSED, ValidationError } from "./schemas/issues.js";
import type { InputValue } from "./schemas/schema-types.js";
import { findState } from "./stamp.js";
import { hashOf, type InstanceState } from "./state.js";

/** Options of `assign` and `fromObject`. */
export interface AssignOptions {
  /** What becomes of names that the class does not map, or that `only` does not allow: an error (the default), or nothing. */
  readonly unknown?: "error" | "ignore";
  /** The attributes that may be set, by name or by path: `["name", "posts.title"]`. Default: all but the primary key of stored objects. */
  readonly only?: readonly string[];
}

/** What plain input may hold for a class: its attributes, with plain objects in place of related ones, and the parts of a composite in place of it. */
export type PlainInput<E> = {
  readonly [K in keyof E]?: IsRelation<E[K]> extends true
    ? Extract<E[K], null | undefined> | PlainRelated<NonNullable<E[K]>, PlainInput<TargetOf<E[K]>>>
    : IsComposite<E[K]> extends true
      ? E[K] | { readonly [P in PropertyOf<NonNullable<E[K]>> & string]: NonNullable<E[K]>[P] }
      : InputValue<E[K]>;
};

/** An entity has what plain input for its class has, so that one type says both. */
type PlainRelated<T, I> =
  Kind<T> extends "one"
    ? I
    : readonly I[] | (T extends ReadonlyMap<infer Key, unknown> ? ReadonlyMap<Key, I> : ReadonlySet<I>);

/**
 * Sets attributes of an entity from a plain object, deep into its relationships: a plain object in a relationship becomes a new entity, or sets the
 * attributes of the loaded member whose primary key it carries. Members of a collection that are not in the input leave it. `undefined` is passed over.
 *
 * Values are checked, and taken from JSON, as a schema of the class does ({@link schemaOf}): dates may be ISO text. Nothing is set unless all is right.
 *
 * @throws ValidationError with all that is wrong with values, by path
 * @throws InvalidRequestError for a name that is not mapped or not allowed (unless they are ignored), and for another primary key of a stored object
 * @throws ArgumentError for a value that a relationship cannot hold
 * @example assign(user, body, { only: ["name", "posts.title"] })
 */
export function assign<E extends object>(entity: E, input: PlainInput<E>, options: AssignOptions = {}): E {
  const state = ensureState(entity);
  const assignment = new Assignment(options);
  assignment.take(state, input as Record<string, unknown>, []);
  assignment.perform(`assign(${state.describe()})`);
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
  return assign(new (cls as new () => E)(), input, options);
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

/** What an input comes to: everything is looked at before anything is set. */
class Assignment {
  readonly #rules: Rules;
  readonly #findings = new Findings();
  readonly #steps: (() => void)[] = [];

  constructor(options: AssignOptions) {
    this.#rules = new Rules(options);
  }

  /** Sets what was taken. @throws ValidationError */
  perform(subject: string): void {
    if (this.#findings.issues.length > 0) throw new ValidationError(subject, this.#findings.issues);
    for (const step of this.#steps) step();
  }

  take(state: InstanceState, input: Record<string, unknown>, path: readonly PropertyKey[]): void {
    if (typeof input !== "object" || input === null || Array.isArray(input))
      throw new ArgumentError(`${state.describe()} takes a plain object of attributes, not ${describeValue(input)}.`);
    const mapper = mapperOf(state);
    for (const name of Object.keys(input)) {
      const value = input[name];
      const at = [...path, name];
      const rulePath = pathOf(at);
      if (value === undefined || !this.#rules.admits(mapper, name, rulePath)) continue;
      const descriptor = mapper.descriptors.get(name);
      if (descriptor !== undefined) {
        if (!descriptor.settable(state.object)) throw new InvalidRequestError(`${descriptor.label} cannot be set.`);
        this.#steps.push(() => {
          (state.object as Record<string, unknown>)[name] = value;
        });
        continue;
      }
      const attribute = mapper.attribute(name);
      if (attribute instanceof ColumnAttribute) this.#takeColumn(state, attribute, value, at);
      else this.#relate(state, attribute as RelationAttribute, value, at);
    }
  }

  #takeColumn(state: InstanceState, attribute: ColumnAttribute, value: unknown, path: readonly PropertyKey[]): void {
    if (attribute.hidden && !this.#rules.names(pathOf(path))) {
      throw new InvalidRequestError(`${attribute.label} is hidden, and is set from input only where "only" names it.`);
    }
    if (state.key !== null && mapperOf(state).primaryKey.includes(attribute)) {
      if (attribute.same(attribute.peek(state), value)) return;
      throw new InvalidRequestError(
        `${state.describe()} is stored, and the input gives its "${attribute.key}" as ${JSON.stringify(value)}: a primary key is not assigned from input.`,
      );
    }
    // An expression of the mapping refuses by itself.
    if (!attribute.writable) attribute.set(state, value);
    const taken = this.#checked(attribute, value, path);
    if (taken !== REFUSED) this.#steps.push(() => attribute.set(state, taken));
  }

  #checked(attribute: ColumnAttribute, value: unknown, path: readonly PropertyKey[]): unknown {
    const { column } = attribute;
    const rule = columnRule(attribute);
    if (value === null)
      return column.nullable || column.hasDefault ? null : this.#findings.refuseType(rule.expected, value, path);
    const taken = rule.check(value, path, this.#findings);
    if (!(taken instanceof Promise)) return taken;
    throw new ArgumentError(
      `${attribute.label} has a schema that is asynchronous, and assign() works at once: give it what schemaOf(...).parseAsync(input) gives.`,
    );
  }

  #relate(state: InstanceState, attribute: RelationAttribute, value: unknown, path: readonly PropertyKey[]): void {
    const target = mapperOf(state).relationship(attribute.key)?.target as Mapper;
    const present = new Map<unknown, object>();
    for (const member of attribute.loadedMembers(state)) {
      const { key } = ensureState(member);
      if (key !== null) present.set(hashOf(key), member);
    }
    const made = (item: unknown, at: readonly PropertyKey[]): object => {
      if (typeof item !== "object" || item === null || Array.isArray(item))
        throw new ArgumentError(
          `${attribute.label} takes objects of ${target.className} or plain objects, not ${describeValue(item)}.`,
        );
      if (findState(item) !== undefined) return item;
      const given = item as Record<string, unknown>;
      const key = target.identityKey(target.primaryKey.map((each) => given[each.key]));
      const known = key === null ? undefined : present.get(hashOf(key));
      const object = known ?? new (target.cls as new () => object)();
      this.take(ensureState(object), given, at);
      return object;
    };
    if (!attribute.uselist) {
      const related = value === null ? null : made(value, path);
      this.#steps.push(() => attribute.set(state, related));
      return;
    }
    const items = value instanceof Map ? [...value.values()] : value;
    if (!Array.isArray(items) && !(items instanceof Set))
      throw new ArgumentError(`${attribute.label} is a collection and takes an array, not ${describeValue(value)}.`);
    const members = [...items].map((item, i) => made(item, [...path, i]));
    this.#steps.push(() => attribute.set(state, members));
  }
}

/** The path of an attribute as rules name it: places in collections are left out. */
function pathOf(path: readonly PropertyKey[]): string {
  return path.filter((each) => typeof each === "string").join(".");
}
