/**
 * Puts mapped attributes on a class and brings instances into shape. The attributes are accessors on the prototype over the hidden state; a class
 * field of the same name, which would shadow its accessor, is moved through it after construction.
 */

import { ArgumentError } from "../../sql/errors.js";
import { emptySlots } from "../../sql/slots.js";
import type { Attribute } from "../attributes/attribute.js";
import { MapperConfigurationError, UnmappedInstanceError } from "../errors.js";
import { announceInstance, heard } from "../instance-events.js";
import { readColumn, setAdopter, stamp, stateOf, UNSTAMPED } from "../stamp.js";
import { InstanceState } from "../state.js";
import { constructsNothing, noteOriginal } from "./bare-class.js";
import type { AnyClass } from "./declarations.js";
import type { Mapper } from "./mapper.js";

/** On the prototype of a mapped class: its mapper. */
const MAPPER: unique symbol = Symbol("athanor.mapper");

interface Mapped {
  readonly [MAPPER]?: Mapper;
}

/** The mapper of a class, without its superclasses' unless `inherited`. */
export function mapperOfPrototype(prototype: object, inherited = false): Mapper | undefined {
  if (!inherited && !Object.hasOwn(prototype, MAPPER)) return undefined;
  return (prototype as Mapped)[MAPPER];
}

const declaredHooks: ((cls: AnyClass) => void)[] = [];

/** Has a function called for every class that is declared from now on: other rooms put their protocols on it. */
export function onClassDeclared(hook: (cls: AnyClass) => void): void {
  declaredHooks.push(hook);
}

export function announceClass(cls: AnyClass): void {
  for (const hook of declaredHooks) hook(cls);
}

export function linkPrototype(prototype: object, mapper: Mapper | undefined): void {
  Object.defineProperty(prototype, MAPPER, { value: mapper, configurable: true });
}

/** The state of a mapped object, made at its first use. */
export function ensureState(target: object): InstanceState {
  if (typeof target !== "object" || target === null) throw noObject(target);
  return stateOf(target) ?? makeState(target);
}

/** Refuses what is no object at all. */
export function noObject(value: unknown): ArgumentError {
  const what = typeof value === "function" ? `the class ${value.name}` : value === null ? "null" : typeof value;
  return new ArgumentError(`A mapped object is needed here, not ${what}.`);
}

setAdopter((target) => {
  const mapper = (target as Mapped)[MAPPER];
  return mapper === undefined || Object.hasOwn(target, MAPPER) ? undefined : makeState(target);
});

function makeState(target: object): InstanceState {
  const mapper = (target as Mapped)[MAPPER];
  if (mapper === undefined || Object.hasOwn(target, MAPPER)) {
    const name = target.constructor?.name ?? "object";
    throw new UnmappedInstanceError(
      `${name === "Object" ? "A plain object" : `An instance of ${name}`} is not mapped: decorate its class with @Entity(), map it with registry.mapImperatively(), or make the object with create(Class, { ... }).`,
    );
  }
  mapper.registry.configure();
  adopt(target, mapper);
  return stateOf(target) as InstanceState;
}

const NO_VALUES: readonly unknown[] = [];

/** A state without values for a new object. */
function stampNew(target: object, mapper: Mapper): InstanceState {
  const state = new InstanceState(mapper, target, emptySlots(mapper.columnSlots));
  stamp(target, state);
  mapper.initialize(state);
  return state;
}

/**
 * Moves own fields with a mapped name through their accessors. The fields are deleted in reverse order of definition, and the others put back:
 * only so does the object keep its fast shape.
 *
 * @returns whether there was nothing but mapped fields without a value
 */
export function adopt(target: object, mapper: Mapper): boolean {
  const fields = target as Record<string, unknown>;
  const names = Object.keys(target);
  let mapped = 0;
  // A mapped field that a class only declares is undefined: it was never assigned.
  let valued = 0;
  for (let i = 0; i < names.length; i++) {
    const isMapped = mapper.maps(names[i]);
    if (isMapped) mapped++;
    if (!isMapped || fields[names[i]] !== undefined) valued++;
  }
  if (mapped === 0) {
    if (stateOf(target) === undefined) stampNew(target, mapper);
    return names.length === 0;
  }
  const values = valued === 0 ? NO_VALUES : names.map((name) => fields[name]);
  for (let i = names.length - 1; i >= 0; i--) delete fields[names[i]];
  if (stateOf(target) === undefined) stampNew(target, mapper);
  if (valued === 0) return true;
  for (let i = 0; i < names.length; i++) {
    if (values[i] === undefined && mapper.maps(names[i])) continue;
    fields[names[i]] = values[i];
  }
  return false;
}

/** The setters that accessors of attributes have. */
const setters = new WeakMap<object, Attribute>();

/** The accessor of one attribute; inherited by the prototypes of subclasses. */
export function defineAccessor(prototype: object, attribute: Attribute): void {
  function set(this: object, value: unknown): void {
    attribute.set(stateOf(this) ?? stampNew(this, mapperOf(this)), value);
  }
  function get(this: object): unknown {
    const state = stateOf(this);
    if (state !== undefined) return attribute.get(state);
    return this === prototype ? undefined : attribute.get(makeState(this));
  }
  const { plainBit } = attribute;
  Object.defineProperty(prototype, attribute.key, {
    configurable: true,
    enumerable: true,
    get:
      plainBit === null
        ? get
        : function (this: object): unknown {
            const value = readColumn(this, attribute, plainBit);
            return value === UNSTAMPED ? get.call(this) : value;
          },
    set,
  });
  setters.set(set, attribute);
}

/** Whether assigning to the attribute's property is setting the attribute, and nothing of the user's stands before it. */
export function hasOwnAccessor(prototype: object, attribute: Attribute): boolean {
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const descriptor = Object.getOwnPropertyDescriptor(at, attribute.key);
    if (descriptor !== undefined) return descriptor.set !== undefined && setters.get(descriptor.set) === attribute;
  }
  return false;
}

function mapperOf(target: object): Mapper {
  return (target as Mapped)[MAPPER] as Mapper;
}

/**
 * The class that users see: it shares the original's prototype, constructs the original, and then moves shadowing fields.
 * A subclass's constructor passes through it with its own `new.target` and adopts the fields itself.
 */
export function wrapClass<C extends AnyClass>(original: C, mapper: Mapper): C {
  const construct = original as unknown as new (...args: unknown[]) => object;
  /** Whether an object is made by leaving its constructor out; known once one was made with it. */
  let bare: boolean | null = null;
  const Entity = function (this: unknown, ...args: unknown[]): object {
    if (new.target === undefined)
      throw new TypeError(`Class constructor ${original.name} cannot be invoked without 'new'`);
    mapper.registry.configure();
    if (new.target !== (Entity as unknown)) return Reflect.construct(construct, args, new.target);
    let target: object;
    if (bare === true) {
      target = mapper.newInstance();
      stampNew(target, mapper);
    } else {
      target = new construct(...args);
      const wasEmpty = adopt(target, mapper);
      checkFields(target, mapper);
      bare ??= wasEmpty && !mapper.constructs && constructsNothing(original);
    }
    if (heard.init) announceInstance("init", stateOf(target) as InstanceState);
    return target;
  };
  noteOriginal(Entity, original);
  for (const key of Reflect.ownKeys(original)) {
    if (key === "prototype") continue;
    const descriptor = Object.getOwnPropertyDescriptor(original, key) as PropertyDescriptor;
    Object.defineProperty(
      Entity,
      key,
      isStaticField(key, descriptor) ? forward(original, key, descriptor) : descriptor,
    );
  }
  Entity.prototype = original.prototype;
  Object.defineProperty(Entity, "prototype", { writable: false });
  Object.setPrototypeOf(Entity, Object.getPrototypeOf(original));
  Object.defineProperty(original.prototype, "constructor", { value: Entity, writable: true, configurable: true });
  return Entity as unknown as C;
}

function isStaticField(key: PropertyKey, descriptor: PropertyDescriptor): boolean {
  return key !== "name" && key !== "length" && "value" in descriptor && typeof descriptor.value !== "function";
}

/** A static field has one value, whether it is reached by the class or from within the class's own body. */
function forward(original: object, key: PropertyKey, descriptor: PropertyDescriptor): PropertyDescriptor {
  return {
    configurable: true,
    enumerable: descriptor.enumerable,
    get: () => Reflect.get(original, key),
    set: (value: unknown) => {
      Reflect.set(original, key, value);
    },
  };
}

const checked = new WeakSet<Mapper>();

/** Loading does not run the constructor, so fields that only it can make must be announced. */
function checkFields(target: object, mapper: Mapper): void {
  if (checked.has(mapper) || mapper.options.construct !== undefined) return;
  const fields = Object.keys(target).filter((name) => (target as Record<string, unknown>)[name] !== undefined);
  if (fields.length === 0) {
    checked.add(mapper);
    return;
  }
  throw new MapperConfigurationError(
    `${mapper.className} initialises ${fields.map((name) => `"${name}"`).join(", ")}, which ${fields.length === 1 ? "is" : "are"} not mapped. ` +
      `Loading from the database does not run the constructor, so loaded objects would lack ${fields.length === 1 ? "it" : "them"}: ` +
      `write @Entity({ construct: true }) to have the constructor run without arguments, map the field with @Column(), or declare it without an initial value. Where loaded objects may lack it, or a load handler makes it, write @Entity({ construct: false }).`,
  );
}

const STRINGS_AND_COMMENTS = /\/\*[\s\S]*?\*\/|\/\/.*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`/g;

/** A class with `#private` fields cannot be loaded without its constructor. */
export function checkPrivateFields(original: AnyClass, mapper: Mapper): void {
  if (mapper.constructs) return;
  const source = Function.prototype.toString.call(original).replace(STRINGS_AND_COMMENTS, "");
  const found = /(?:^|[{;\s])(?:get\s+|set\s+|async\s+)?(#[A-Za-z_$][\w$]*)\s*(?:[=;(]|$)/m.exec(source);
  if (found === null) return;
  throw new MapperConfigurationError(
    `${mapper.className} has the private member ${found[1]}. Loading from the database does not run the constructor, which alone can make it: ` +
      `write @Entity({ construct: true }) to have the constructor run without arguments.`,
  );
}

const keepsakes = new WeakMap<object, object>();

/** Makes objects for loaded rows: instances that never saw their constructor, unless the class asks for it. */
export function instanceFactory(original: AnyClass, mapper: Mapper): () => object {
  if (mapper.constructs) {
    const construct = original as new () => object;
    return () => {
      const target = new construct();
      removeMapped(target, mapper);
      return target;
    };
  }
  // A constructor of its own on the shared prototype keeps loaded objects on one hidden class.
  function Loaded() {}
  Loaded.prototype = original.prototype;
  const make = Loaded as unknown as new () => object;
  // The engine forgets a hidden class that no object has, and all code that it has compiled for it: one object stays.
  const kept = new make();
  stamp(kept, new InstanceState(mapper, kept, []));
  keepsakes.set(make, kept);
  return () => new make();
}

function removeMapped(target: object, mapper: Mapper): void {
  const fields = target as Record<string, unknown>;
  const names = Object.keys(target);
  const values = names.map((name) => fields[name]);
  for (let i = names.length - 1; i >= 0; i--) delete fields[names[i]];
  for (let i = 0; i < names.length; i++) if (!mapper.maps(names[i])) fields[names[i]] = values[i];
}
