/** Entities as plain data: what is loaded is shown, nothing is loaded for it. */
import { InvalidRequestError } from "../sql/errors.js";
import { ToManyAttribute } from "./attributes/to-many-attribute.js";
import { KeyedKind } from "./collections/map.js";
import { type Mapper, mapperOf, type Relationship } from "./mapping/mapper.js";
import { stateOf } from "./stamp.js";
import type { InstanceState } from "./state.js";

/** Options of `toObject`. */
export interface ToObjectOptions {
  /** How many relationships deep related objects are followed; default: as far as they are loaded. An object on its own path is left out. */
  readonly depth?: number;
  /**
   * Only these attributes, by name or by path: `["name", "posts.title"]`. A path takes what leads to it; a relationship alone takes all of its
   * objects' attributes, but for hidden ones, which must be named. What is not loaded stays away all the same.
   */
  readonly include?: readonly string[];
  /** Not these, by name or by path. Wins over `include`. */
  readonly exclude?: readonly string[];
}

/** What paths say at one place: the names, and what they say further on; null says all. */
type Paths = ReadonlyMap<string, Paths | null> | null;

interface Shape {
  readonly depth: number;
  readonly include: Paths;
  readonly exclude: Paths;
}

const EVERYTHING: Shape = { depth: Number.POSITIVE_INFINITY, include: null, exclude: null };

/**
 * A plain object with the loaded attributes of an entity, related objects included. Nothing is loaded. Sets become arrays, keyed collections objects.
 *
 * @throws TypeError for an object that is no entity
 * @throws InvalidRequestError for a path that names no attribute
 * @example toObject(user, { include: ["name", "posts.title"], exclude: ["password"] })
 */
export function toObject(entity: object, options: ToObjectOptions = {}): Record<string, unknown> {
  const state = stateOf(entity);
  if (state === undefined) throw new TypeError("toObject() takes an object of a mapped class.");
  const shape = {
    depth: options.depth ?? Number.POSITIVE_INFINITY,
    include: pathsOf(options.include, state, "include"),
    exclude: pathsOf(options.exclude, state, "exclude"),
  };
  return convert(state, shape, new Set());
}

function pathsOf(paths: readonly string[] | undefined, state: InstanceState, option: string): Paths {
  if (paths === undefined) return null;
  const tree = new Map<string, Paths | null>();
  for (const path of paths) {
    let node = tree;
    let mapper: Mapper | null | undefined = mapperOf(state);
    const names = path.split(".");
    names.forEach((name, i) => {
      // What lies behind a relation to one of several classes is an attribute of some of them.
      if (mapper !== undefined) checkName(mapper, name, path, option);
      mapper = mapper?.descriptors.get(name)?.kind === "any" ? undefined : (mapper?.relationship(name)?.target ?? null);
      const known = node.get(name);
      if (i === names.length - 1) {
        // Of an include the wider path wins, of an exclude too.
        node.set(name, null);
      } else if (known === undefined) {
        const next = new Map<string, Paths | null>();
        node.set(name, next);
        node = next;
      } else if (known !== null) node = known as Map<string, Paths | null>;
      else node = new Map();
    });
  }
  return tree;
}

/** Subclasses may have more than the class that a relationship names. */
function checkName(mapper: Mapper | null, name: string, path: string, option: string): void {
  if (mapper !== null)
    for (const each of mapper.selfAndDescendants())
      if (each.attributes.has(name) || each.descriptors.get(name)?.kind === "any") return;
  throw new InvalidRequestError(
    `toObject(): ${option} names "${path}". ${mapper === null ? `"${name}" would be an attribute of a plain value.` : mapper.noAttribute(name).message}`,
  );
}

function takes({ include, exclude }: Shape, name: string): boolean {
  return (include === null || include.has(name)) && exclude?.get(name) !== null;
}

function further(shape: Shape, name: string): Shape {
  if (shape === EVERYTHING) return EVERYTHING;
  return {
    depth: shape.depth - 1,
    include: shape.include?.get(name) ?? null,
    exclude: shape.exclude?.get(name) ?? null,
  };
}

function convert(state: InstanceState, shape: Shape, path: Set<InstanceState>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const mapper = mapperOf(state);
  path.add(state);
  for (const attribute of mapper.columnAttributes) {
    if (!attribute.repr && shape.include?.get(attribute.key) !== null) continue;
    const value = attribute.peek(state);
    if (value !== undefined && takes(shape, attribute.key)) result[attribute.key] = value;
  }
  if (shape.depth > 0) {
    for (const relationship of mapper.relationships) {
      const { attribute } = relationship;
      const key = shownAs(relationship, state);
      if (key === null || !attribute.isLoaded(state) || !takes(shape, key)) continue;
      const below = further(shape, key);
      const loaded = attribute.loadedMembers(state);
      const members: Record<string, unknown>[] = [];
      const present: object[] = [];
      for (const member of loaded) {
        const reached = stateOf(member) as InstanceState;
        if (path.has(reached)) continue;
        members.push(convert(reached, below, path));
        present.push(member);
      }
      if (attribute instanceof ToManyAttribute) result[key] = collected(attribute, present, members);
      else if (members.length > 0 || loaded.length === 0) result[key] = members[0] ?? null;
    }
  }
  path.delete(state);
  return result;
}

/** A relation to one of several classes is shown under the name of its property, by the one relationship that holds an object or, where none does, by any. */
function shownAs(relationship: Relationship, state: InstanceState): string | null {
  const { attribute, property, tag, rivals } = relationship;
  if (property === attribute.key || attribute.peek(state) != null) return property;
  const hasNone =
    tag === null
      ? rivals.every((rival) => rival.attribute.peek(state) === null)
      : tag.attribute(state).peek(state) == null;
  return hasNone ? property : null;
}

/** An array, or an object where the collection is keyed. */
function collected({ kind }: ToManyAttribute, objects: readonly object[], members: Record<string, unknown>[]): unknown {
  if (!(kind instanceof KeyedKind)) return members;
  return Object.fromEntries(objects.map((object, i) => [String(kind.keyOf(object)), members[i]]));
}

/**
 * `User { id: 1, name: 'Alice' }`: for `console.log` of an entity; related objects are shown one step deep.
 *
 * @param inspect Node's own `util.inspect`, which gives itself to custom inspection
 */
export function describeEntity(
  entity: object,
  options: object,
  inspect: (value: unknown, options: object) => string,
): string {
  const state = stateOf(entity);
  const name = (entity.constructor as { name?: string } | undefined)?.name ?? "entity";
  if (state === undefined) return name;
  return `${name} ${inspect(convert(state, { ...EVERYTHING, depth: 1 }, new Set()), options)}`;
}
