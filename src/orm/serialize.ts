/** Graphs of entities as text, to be taken up by another process: identities, pending changes and what is shared stay as they are. */
import { ArgumentError, InvalidRequestError } from "../sql/errors.js";
import { ColumnAttribute } from "./attributes/column-attribute.js";
import type { RelationAttribute } from "./attributes/relation-attribute.js";
import { announceInstance, heard, hearsInstance } from "./instance-events.js";
import { ensureState } from "./mapping/instrument.js";
import { type Mapper, mapperOf } from "./mapping/mapper.js";
import { defaultRegistry, type Registry } from "./mapping/registry.js";
import { findState, stamp, stateOf } from "./stamp.js";
import { InstanceState, valuesOf } from "./state.js";

/** One entity: others are told by their place in the list. */
interface Entry {
  readonly class: string;
  /** Primary key values of its row; absent while it has none. */
  readonly key?: readonly unknown[];
  readonly columns: Readonly<Record<string, unknown>>;
  readonly relations: Readonly<Record<string, number | null | readonly number[]>>;
  /** The values before changes that are not flushed. */
  readonly before?: Readonly<Record<string, unknown>>;
  readonly relationsBefore?: Readonly<Record<string, number | null | readonly number[]>>;
  readonly expired?: true;
  /** What listeners of `pickle` want to find again. */
  readonly kept?: Readonly<Record<string, unknown>>;
}

interface Document {
  readonly athanor: 1;
  /** What was given: the place of one entity, or a list of places. */
  readonly roots: number | readonly number[];
  readonly entities: readonly Entry[];
}

/**
 * Text of an entity, or of several, with all that is loaded and reachable from them. Nothing is loaded. Objects of a session are written as they
 * are; what comes back is detached.
 *
 * @throws ArgumentError for a value that text cannot hold, naming the attribute
 * @example const text = serialize(user);   // elsewhere: session.add(deserialize<User>(text)), or merge() it
 */
export function serialize(entities: object | readonly object[]): string {
  const states: InstanceState[] = [];
  const places = new Map<InstanceState, number>();
  const placeOf = (object: object): number => {
    const state = ensureState(object);
    let place = places.get(state);
    if (place === undefined) {
      place = states.length;
      places.set(state, place);
      states.push(state);
    }
    return place;
  };
  const roots = Array.isArray(entities) ? (entities as object[]).map(placeOf) : placeOf(entities);
  const list: Entry[] = [];
  // The list grows while it is gone through: depth does not matter.
  for (let i = 0; i < states.length; i++) list.push(entryOf(states[i], placeOf));
  const document: Document = { athanor: 1, roots, entities: list };
  return JSON.stringify(document);
}

function entryOf(state: InstanceState, placeOf: (object: object) => number): Entry {
  const mapper = mapperOf(state);
  const columns: Record<string, unknown> = {};
  const relations: Record<string, number | null | readonly number[]> = {};
  const before: Record<string, unknown> = {};
  const relationsBefore: Record<string, number | null | readonly number[]> = {};
  const refs = (value: unknown): number | null | readonly number[] =>
    Array.isArray(value) ? (value as object[]).map(placeOf) : value === null ? null : placeOf(value as object);
  for (const attribute of mapper.columnAttributes) {
    const value = attribute.peek(state);
    if (value !== undefined) columns[attribute.key] = encode(value, attribute.label);
  }
  for (const { attribute } of mapper.relationships) {
    if (!attribute.isLoaded(state)) continue;
    relations[attribute.key] = refs(attribute.uselist ? [...attribute.loadedMembers(state)] : attribute.peek(state));
  }
  const { committed } = state;
  for (const attribute of committed === null ? [] : mapper.attributes.values()) {
    if (committed?.has(attribute) !== true) continue;
    const value = committed.get(attribute);
    if (attribute instanceof ColumnAttribute)
      before[attribute.key] = value === undefined ? { $: "undefined" } : encode(value, attribute.label);
    else if (value !== undefined) relationsBefore[attribute.key] = refs(value);
  }
  return {
    class: mapper.className,
    ...(state.key === null ? {} : { key: valuesOf(state.key).map((value) => encode(value, mapper.className)) }),
    columns,
    relations,
    ...(Object.keys(before).length === 0 ? {} : { before }),
    ...(Object.keys(relationsBefore).length === 0 ? {} : { relationsBefore }),
    ...(state.expired ? { expired: true as const } : {}),
    ...(hearsInstance("pickle", mapper) ? keptOf(state) : {}),
  };
}

function keptOf(state: InstanceState): Pick<Entry, "kept"> {
  const kept: Record<string, unknown> = {};
  announceInstance("pickle", state, kept);
  return { kept: encode(kept, `What a listener keeps with ${state.describe()}`) as Record<string, unknown> };
}

/** JSON with a mark where it lacks a type: `{ "$": "date", "v": ... }`. */
function encode(value: unknown, label: string): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : { $: "number", v: String(value) };
  if (typeof value === "bigint") return { $: "bigint", v: String(value) };
  if (value instanceof Date) return { $: "date", v: value.getTime() };
  if (value instanceof Uint8Array)
    return { $: Buffer.isBuffer(value) ? "buffer" : "bytes", v: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return value.map((each) => encode(each, label));
  if (value instanceof Set) return { $: "set", v: [...value].map((each) => encode(each, label)) };
  if (value instanceof Map) return { $: "map", v: [...value].map((pair) => encode(pair, label)) };
  if (typeof value === "object") {
    const prototype = Object.getPrototypeOf(value) as unknown;
    if (prototype === Object.prototype || prototype === null) {
      const made = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, encode(each, label)]));
      return "$" in made ? { $: "object", v: made } : made;
    }
  }
  throw new ArgumentError(
    `${label} holds ${typeof value === "object" ? `an instance of ${value.constructor?.name}` : typeof value}, which serialize() cannot write. Give it a value of a plain type first.`,
  );
}

function decode(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(decode);
  const { $: type, v } = value as { readonly $?: string; readonly v?: unknown };
  switch (type) {
    case undefined:
      return plain(value as Record<string, unknown>);
    case "undefined":
      return undefined;
    case "number":
      return Number(v);
    case "bigint":
      return BigInt(v as string);
    case "date":
      return new Date(v as number);
    case "buffer":
      return Buffer.from(v as string, "base64");
    case "bytes":
      return new Uint8Array(Buffer.from(v as string, "base64"));
    case "set":
      return new Set((v as unknown[]).map(decode));
    case "map":
      return new Map((v as [unknown, unknown][]).map(([key, each]) => [decode(key), decode(each)]));
    case "object":
      return plain(v as Record<string, unknown>);
    default:
      throw new ArgumentError(`deserialize(): there is no type "${type}".`);
  }
}

function plain(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, decode(each)]));
}

/**
 * The entities of a text that `serialize` made: detached where they had a row, else transient, with the changes that were not flushed. One row is one
 * object. Constructors do not run.
 *
 * @param registry where the classes are mapped; the default one if absent
 * @throws InvalidRequestError for classes and attributes that are not mapped here
 */
export function deserialize<T extends object | object[] = object>(
  text: string,
  registry: Registry = defaultRegistry,
): T {
  const document = JSON.parse(text) as Document;
  if (typeof document !== "object" || document === null || document.athanor !== 1)
    throw new ArgumentError("deserialize() takes the text that serialize() made.");
  registry.configure();
  const mappers = new Map<string, Mapper>();
  const states = document.entities.map((entry) => emptyState(mapperNamed(entry.class, registry, mappers), entry));
  // A keyed collection asks its members for their keys: columns come first.
  document.entities.forEach((entry, i) => {
    fillColumns(states[i], entry);
  });
  document.entities.forEach((entry, i) => {
    fillRelations(states[i], entry, states);
  });
  document.entities.forEach(({ kept = {} }, i) => {
    if (heard.unpickle) announceInstance("unpickle", states[i], decode(kept) as Record<string, unknown>);
  });
  const { roots } = document;
  const found = typeof roots === "number" ? states[roots].object : roots.map((place) => states[place].object);
  return found as T;
}

function mapperNamed(name: string, registry: Registry, known: Map<string, Mapper>): Mapper {
  let mapper = known.get(name);
  if (mapper === undefined) {
    const found = registry.mappers.filter((each) => each.className === name);
    if (found.length !== 1) {
      throw new InvalidRequestError(
        found.length === 0
          ? `deserialize(): no class ${name} is mapped in this registry. Import its module first, or give the registry that has it.`
          : `deserialize(): the registry maps ${found.length} classes called ${name}, and the text does not tell which is meant.`,
      );
    }
    [mapper] = found;
    known.set(name, mapper);
  }
  return mapper;
}

function emptyState(mapper: Mapper, entry: Entry): InstanceState {
  const object = mapper.newInstance();
  let state = findState(object);
  if (state === undefined) {
    state = new InstanceState(mapper, object, new Array(mapper.columnSlots).fill(undefined));
    stamp(object, state);
  } else {
    state.commitAll();
    state.values = new Array(mapper.columnSlots).fill(undefined);
    state.refs = null;
  }
  if (entry.key !== undefined) state.key = mapper.identityKey(entry.key.map(decode));
  return state;
}

function fillColumns(state: InstanceState, entry: Entry): void {
  const mapper = mapperOf(state);
  for (const [name, value] of Object.entries(entry.columns)) mapper.attribute(name).setCommitted(state, decode(value));
  for (const [name, value] of Object.entries(entry.before ?? {}))
    state.recordOwnChange(mapper.attribute(name), decode(value));
}

function fillRelations(state: InstanceState, entry: Entry, states: readonly InstanceState[]): void {
  const mapper = mapperOf(state);
  const objects = (refs: number | null | readonly number[]): unknown =>
    refs === null ? null : typeof refs === "number" ? states[refs].object : refs.map((place) => states[place].object);
  for (const [name, refs] of Object.entries(entry.relations)) mapper.attribute(name).setCommitted(state, objects(refs));
  const before = entry.relationsBefore ?? {};
  if (state.key === null) {
    // What a new object has was all set, but for what is named.
    for (const name of Object.keys(entry.relations)) {
      const attribute = mapper.attribute(name) as RelationAttribute;
      state.commitAttribute(attribute);
      adoptMembers(state, attribute);
    }
    state.markModified();
  }
  for (const [name, refs] of Object.entries(before)) state.recordOwnChange(mapper.attribute(name), objects(refs));
  if (entry.expired) state.expired = true;
}

/** Parents are remembered as they would be after the assignments, for orphans. */
function adoptMembers(state: InstanceState, attribute: RelationAttribute): void {
  if (!attribute.traits.trackParent) return;
  for (const member of attribute.loadedMembers(state)) {
    (stateOf(member) as InstanceState).setParent(attribute, state);
  }
}
