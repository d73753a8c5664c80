/** What a registry tells while its classes are mapped: plug-ins hear it and add to them. SQLAlchemy: `MapperEvents`, `RegistryEvents`. */
import { Dispatch } from "../../engine/events.js";
import type { AnyClass } from "./declarations.js";
import type { Mapper } from "./mapper.js";

/** Handlers of the events of one class on its way to being mapped. They are synchronous. */
export interface ClassConfigurationEvents {
  /** A class is about to be mapped: its mapper is there, and has nothing yet. */
  instrumentClass(mapper: Mapper, cls: AnyClass): void;
  /** Its own columns and its table are there; `registry.addProperty()` may give it more. */
  afterMapperConstructed(mapper: Mapper, cls: AnyClass): void;
  /** It is worked out next, at the first use of any class. */
  beforeMapperConfigured(mapper: Mapper, cls: AnyClass): void;
  /** It is worked out: attributes, relationships, and both sides of each. */
  mapperConfigured(mapper: Mapper, cls: AnyClass): void;
}

export const CLASS_EVENTS: readonly (keyof ClassConfigurationEvents)[] = [
  "instrumentClass",
  "afterMapperConstructed",
  "beforeMapperConfigured",
  "mapperConfigured",
];
const REGISTRY_EVENTS: ReadonlySet<string> = new Set([...CLASS_EVENTS, "beforeConfigured", "afterConfigured"]);

/** Hears all registries. */
export const registryDispatch: Dispatch = new Dispatch(REGISTRY_EVENTS, "Registry");

export function newRegistryDispatch(): Dispatch {
  return new Dispatch(REGISTRY_EVENTS, "this registry", [registryDispatch]);
}

type Sink = (name: keyof ClassConfigurationEvents, mapper: Mapper) => void;

let sink: Sink = () => {};

/** Who tells the listeners of classes, their bases and mixins. */
export function setConfigurationSink(to: Sink): void {
  sink = to;
}

export function announceConfiguration(dispatch: Dispatch, name: keyof ClassConfigurationEvents, mapper: Mapper): void {
  if (dispatch.has(name)) dispatch.fire(name, mapper, mapper.cls);
  sink(name, mapper);
}
