/**
 * What happens to objects outside of a flush, told to whoever listens. The senders are hot: they look at a flag that is false until somebody in the
 * process has listened to the event.
 */
export type InstanceEventName = "init" | "load" | "refresh" | "refreshFlush" | "expire" | "pickle" | "unpickle";

/** Whether anybody has ever listened to an event. */
export const heard: Record<InstanceEventName, boolean> = {
  init: false,
  load: false,
  refresh: false,
  refreshFlush: false,
  expire: false,
  pickle: false,
  unpickle: false,
};

/** The object that it happened to. */
interface Happened {
  readonly mapper: object;
  readonly object: object;
}

/** Names of attributes, null for all; of what is serialised, what is kept with it. */
type About = readonly string[] | Record<string, unknown> | null;

type Sink = (name: InstanceEventName, state: Happened, about: About) => void;

type Hearing = (name: InstanceEventName, mapper: object) => boolean;

let sink: Sink = () => {};
let hearing: Hearing = () => false;

/** Who tells the listeners, and knows whether a class has any. */
export function setInstanceEventSink(to: Sink, hears: Hearing): void {
  sink = to;
  hearing = hears;
}

/** Whether anybody listens to the event of this class. */
export function hearsInstance(name: InstanceEventName, mapper: object): boolean {
  return heard[name] && hearing(name, mapper);
}

/** @param about what the handlers are told beside the object */
export function announceInstance(name: InstanceEventName, state: Happened, about: About = null): void {
  sink(name, state, about);
}
