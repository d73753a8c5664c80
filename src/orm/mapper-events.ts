/** Events of mapped classes: what a flush does to each object. A listener on a superclass hears its subclasses too. */
import type { ConnectionCore } from "../engine/connection-core.js";
import { Dispatch, registerEventTargets } from "../engine/events.js";
import { mapperOfPrototype } from "./mapping/instrument.js";
import { Mapper } from "./mapping/mapper.js";
import type { MapperEventName } from "./persistence/port.js";
import type { InstanceState } from "./state.js";

/**
 * Handlers of a mapped class's events. They run inside the flush and are synchronous: they may set column attributes of their own object, which
 * become part of its row; changes of relationships wait for the next flush.
 */
export type MapperEvents<E = object> = {
  readonly [N in MapperEventName]: (mapper: Mapper, connection: ConnectionCore, object: E) => void;
};

const NAMES: ReadonlySet<string> = new Set<MapperEventName>([
  "beforeInsert",
  "afterInsert",
  "beforeUpdate",
  "afterUpdate",
  "beforeDelete",
  "afterDelete",
]);

const dispatches = new WeakMap<Mapper, Dispatch>();

function dispatchOf(mapper: Mapper): Dispatch {
  let dispatch = dispatches.get(mapper);
  if (dispatch === undefined) {
    const parents = mapper.inherits === null ? [] : [dispatchOf(mapper.inherits)];
    dispatch = new Dispatch(NAMES, mapper.className, parents);
    dispatches.set(mapper, dispatch);
  }
  return dispatch;
}

registerEventTargets((target) => {
  const mapper =
    target instanceof Mapper
      ? target
      : typeof target === "function" && target.prototype
        ? mapperOfPrototype(target.prototype as object)
        : undefined;
  return mapper === undefined ? null : dispatchOf(mapper);
});

/** Whether anybody listens to the event of this class. */
export function hearsMapperEvent(name: MapperEventName, mapper: Mapper): boolean {
  return dispatchOf(mapper).has(name);
}

/** Tells the listeners of each object's class. */
export function fireMapperEvent(
  name: MapperEventName,
  mapper: Mapper,
  states: readonly InstanceState[],
  connection: ConnectionCore,
): void {
  const dispatch = dispatchOf(mapper);
  for (const state of states) dispatch.fire(name, mapper, connection, state.object);
}
