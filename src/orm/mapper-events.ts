/**
 * Events of mapped classes: what a flush does to each object, and what happens to objects outside of one. A listener on a superclass, on an abstract base or
 * on a mixin hears the classes below it too.
 */
import type { ConnectionCore } from "../engine/connection-core.js";
import { answersOf, Dispatch, type Handler, type ListenOptions, registerEventTargets } from "../engine/events.js";
import { Node } from "../sql/node.js";
import { heard, type InstanceEventName, setInstanceEventSink } from "./instance-events.js";
import { CLASS_EVENTS, type ClassConfigurationEvents, setConfigurationSink } from "./mapping/configuration-events.js";
import { declaredOn } from "./mapping/declarations.js";
import { mapperOfPrototype } from "./mapping/instrument.js";
import { Mapper } from "./mapping/mapper.js";
import { MAPPER_EVENTS, type MapperEventName } from "./persistence/port.js";
import type { InstanceState } from "./state.js";

/** Handlers of what happens to one object. They are synchronous. */
export interface InstanceEvents<E = object> {
  /** A new object was constructed (not: loaded). */
  init(object: E): void;
  /** An object was made for a row, and its columns are there; its relationships may not be yet. */
  load(object: E): void;
  /** Attributes of an object that was there before were loaded; null where all were overwritten. */
  refresh(object: E, names: readonly string[] | null): void;
  /**
   * A flush has given an object values that it did not have: those that the database makes, and, told of by themselves, those of the program's own `default`
   * and `onupdate`.
   */
  refreshFlush(object: E, names: readonly string[]): void;
  /** Attributes were expired; null for all. */
  expire(object: E, names: readonly string[] | null): void;
  /** `serialize()` writes the object. What the handler puts into `kept` is written with it, and given to `unpickle`. */
  pickle(object: E, kept: Record<string, unknown>): void;
  /** `deserialize()` has made the object, with all its attributes. */
  unpickle(object: E, kept: Record<string, unknown>): void;
}

/**
 * Handlers of a mapped class's events. Those of a flush run inside it and are synchronous: those of `before...` may set column attributes of their own object,
 * which become part of its row (what comes later is not stored, and a warning says so); changes of relationships wait for the next flush. The connection tells of itself (`connection.dialect`); statements that a handler
 * returns, one or several, are executed on it when all objects of the class have been told of.
 *
 * @example event.listen(User, "afterDelete", (_mapper, _connection, user) => insert(audit).values({ what: `user ${user.id} was deleted` }));
 */
export type MapperEvents<E = object> = {
  readonly [N in MapperEventName]: (mapper: Mapper, connection: ConnectionCore, object: E) => unknown;
} & { readonly [N in keyof InstanceEvents<E>]: InstanceEvents<E>[N] } & ClassConfigurationEvents;

const NAMES: ReadonlySet<string> = new Set<MapperEventName | InstanceEventName | keyof ClassConfigurationEvents>([
  ...MAPPER_EVENTS,
  ...(Object.keys(heard) as InstanceEventName[]),
  ...CLASS_EVENTS,
]);

class ClassDispatch extends Dispatch {
  override listen(name: string, handler: Handler, options?: ListenOptions): void {
    super.listen(name, handler, options);
    if (name in heard) heard[name as InstanceEventName] = true;
  }
}

/** Hears all mapped classes. */
const everyClass = new ClassDispatch(NAMES, "Mapper");

const dispatches = new WeakMap<object, ClassDispatch>();

/** The dispatch of a prototype: of a mapped class, an abstract base or a mixin. */
function dispatchOf(prototype: object): ClassDispatch {
  let dispatch = dispatches.get(prototype);
  if (dispatch === undefined) {
    const above = Object.getPrototypeOf(prototype) as object | null;
    const parents = above === null || above === Object.prototype ? [everyClass] : [dispatchOf(above)];
    dispatch = new ClassDispatch(NAMES, (prototype.constructor as { name: string }).name, parents);
    dispatches.set(prototype, dispatch);
  }
  return dispatch;
}

/** What is written as a class, which may be a mixin or a base of mapped ones although nothing is declared on it. */
function isClass(target: unknown): boolean {
  return typeof target === "function" && /^class\b/.test(Function.prototype.toString.call(target));
}

registerEventTargets((target, name) => {
  if (target === Mapper) return everyClass;
  if (target instanceof Mapper) return dispatchOf(target.cls.prototype as object);
  const prototype = typeof target === "function" ? (target.prototype as object | undefined) : undefined;
  if (prototype === undefined) return null;
  const concerns =
    mapperOfPrototype(prototype) !== undefined ||
    declaredOn(prototype).length > 0 ||
    (NAMES.has(name) && isClass(target));
  return concerns ? dispatchOf(prototype) : null;
});

/** Whether anybody listens to the event of this class. */
export function hearsMapperEvent(name: MapperEventName, mapper: Mapper): boolean {
  return dispatchOf(mapper.cls.prototype as object).has(name);
}

/** Tells the listeners of each object's class. @returns the statements that they answer with */
export function fireMapperEvent(
  name: MapperEventName,
  mapper: Mapper,
  states: readonly InstanceState[],
  connection: ConnectionCore,
): readonly Node[] {
  const dispatch = dispatchOf(mapper.cls.prototype as object);
  const said: Node[] = [];
  for (const { object } of states)
    for (const { call } of dispatch.listeners(name) ?? [])
      for (const each of answersOf(dispatch, name, call(mapper, connection, object)))
        if (each instanceof Node) said.push(each);
  return said;
}

/** Listens on behalf of the class itself. */
export function listenInstance(mapper: Mapper, name: InstanceEventName, handler: (object: object) => void): void {
  dispatchOf(mapper.cls.prototype as object).listen(name, handler);
}

setInstanceEventSink(
  (name, { mapper, object }, about) => {
    const dispatch = dispatchOf((mapper as Mapper).cls.prototype as object);
    if (name === "init" || name === "load") dispatch.fire(name, object);
    else dispatch.fire(name, object, about);
  },
  (name, mapper) => dispatchOf((mapper as Mapper).cls.prototype as object).has(name),
);

setConfigurationSink((name, mapper) => {
  const dispatch = dispatchOf(mapper.cls.prototype as object);
  if (dispatch.has(name)) dispatch.fire(name, mapper, mapper.cls);
});
