/**
 * The kernel of the event system: who listens to what.
 *
 * An object or a class that sends events has a {@link Dispatch}. An object's dispatch has its class's as a parent, so that
 * listening on the class hears all objects, those made later too. Other rooms bring their own event names: they give
 * their objects a `[DISPATCH]`, and an overload of `listen` in their own interface.
 */
import { ArgumentError, InvalidRequestError } from "../sql/errors.js";
import { meantBy } from "../sql/option-rules.js";
import { describeValue } from "../sql/types/describe-value.js";
import { isPromise, type Op, request } from "./io.js";

/** The property under which an object or a class keeps its {@link Dispatch}. */
export const DISPATCH: unique symbol = Symbol("athanor.dispatch");

// A handler's parameters are typed where it is registered.
export type Handler = (...args: any[]) => unknown;

/** How a handler is registered. */
export interface ListenOptions {
  /** Hear one event only. */
  readonly once?: boolean;
  /** Stop listening when this signal is aborted. */
  readonly signal?: AbortSignal;
  /** Put the handler before those already there. */
  readonly insert?: boolean;
  /** On a class: hear its subclasses too. Asked by the rooms that know classes. */
  readonly propagate?: boolean;
  /** On an attribute: the value before is loaded for the handlers of `set`. */
  readonly activeHistory?: boolean;
}

export interface Listener {
  readonly handler: Handler;
  readonly options: ListenOptions;
  /** Calls the handler; takes a once-only one off first. */
  readonly call: Handler;
}

// Counts registrations of the whole process: a dispatch whose stamp differs collects its listeners anew.
let registrations = 0;

/** The listeners of one target, by event name. */
export class Dispatch {
  #own: Map<string, Listener[]> | null = null;
  #merged: Map<string, readonly Listener[] | null> | null = null;
  #stamp = -1;
  /** Whether nobody listens to anything here, which is so for most senders at most times. */
  #silent = false;

  /**
   * @param names the events that the target sends; listening to another name is an error.
   * @param label names the target in messages.
   * @param parents whose listeners are called as well, after the target's own.
   */
  constructor(
    readonly names: ReadonlySet<string>,
    readonly label: string,
    readonly parents: readonly Dispatch[] = [],
  ) {}

  /** The listeners of an event, or null when nobody listens: what a sender checks before it makes anything. */
  listeners(name: string): readonly Listener[] | null {
    if (this.silent) return null;
    // A sender that nobody listens to in person has nothing to merge.
    if (this.#own === null && this.parents.length === 1) return (this.parents[0] as Dispatch).listeners(name);
    this.#merged ??= new Map();
    const known = this.#merged.get(name);
    if (known !== undefined) return known;
    const found = [...(this.#own?.get(name) ?? [])];
    for (const parent of this.parents) found.push(...(parent.listeners(name) ?? []));
    const merged = found.length === 0 ? null : found;
    this.#merged.set(name, merged);
    return merged;
  }

  /** Whether nobody listens to any event, here or at a parent. */
  get silent(): boolean {
    if (this.#stamp !== registrations) {
      this.#stamp = registrations;
      this.#merged = null;
      this.#silent = this.#own === null && this.parents.every((parent) => parent.silent);
    }
    return this.#silent;
  }

  /** Whether anybody listens to the event. */
  has(name: string): boolean {
    return this.listeners(name) !== null;
  }

  /** A number that changes whenever anybody starts or stops listening to anything: for senders that cache answers. */
  static get stamp(): number {
    return registrations;
  }

  /** Calls all listeners, which must be synchronous: a promise they return is an error. */
  fire(name: string, ...args: unknown[]): void {
    const listeners = this.listeners(name);
    if (listeners === null) return;
    for (const { call } of listeners) refusePromise(this, name, call(...args));
  }

  /**
   * Calls the listeners in order and passes each the value that the one before returned, as the argument at position
   * `at`; undefined keeps it.
   */
  pipe<T>(name: string, at: number, args: unknown[]): T {
    for (const { call } of this.listeners(name) ?? []) {
      const value = call(...args);
      refusePromise(this, name, value);
      if (value !== undefined) args[at] = value;
    }
    return args[at] as T;
  }

  /** Calls all listeners and waits for those that return a promise; gives the first value that is not undefined. */
  *fireWaiting(name: string, ...args: unknown[]): Op<unknown> {
    let found: unknown;
    for (const { call } of this.listeners(name) ?? []) {
      let value = call(...args);
      if (isPromise(value)) {
        const promise = value;
        value = yield request<unknown>(
          () => promise,
          () => {
            void Promise.resolve(promise).catch(() => {});
            throw new InvalidRequestError(
              `A handler of "${name}" on ${this.label} returned a promise in a synchronous call, which cannot wait for it; ` +
                "make the handler synchronous, or use the asynchronous engine",
            );
          },
        );
      }
      found ??= value;
    }
    return found;
  }

  /** The names that can be listened to here, for messages. */
  protected get known(): readonly string[] {
    return [...this.names];
  }

  /** Starts listening. Throws ArgumentError when the target sends no event of that name. */
  listen(name: string, handler: Handler, options: ListenOptions = {}): void {
    if (!this.names.has(name)) throw this.#noEvent(name);
    const made = this.callable(handler);
    if (made === null)
      throw new ArgumentError(
        `The handler of "${name}" on ${this.label} is a function, and ${describeValue(handler)} is none`,
      );
    if (options.signal?.aborted) return;
    const listener: Listener = {
      handler,
      options,
      call: options.once
        ? (...args) => {
            this.#drop(name, listener);
            return made(...args);
          }
        : made,
    };
    this.#own ??= new Map();
    const list = this.#own.get(name) ?? [];
    this.#own.set(name, options.insert ? [listener, ...list] : [...list, listener]);
    registrations++;
    options.signal?.addEventListener("abort", () => this.#drop(name, listener), { once: true });
  }

  /** What is called for a handler; null for what is none. */
  protected callable(handler: unknown): Handler | null {
    return typeof handler === "function" ? (handler as Handler) : null;
  }

  #noEvent(name: string): ArgumentError {
    const names = [...this.known].sort();
    const meant = meantBy(String(name), names);
    const rest = meant === undefined ? `it sends ${names.join(", ")}` : `it is written "${meant}"`;
    return new ArgumentError(`${this.label} sends no event "${name}"; ${rest}`);
  }

  /** Stops listening; says whether the handler was there. */
  remove(name: string, handler: Handler): boolean {
    const listener = this.#own?.get(name)?.find((one) => one.handler === handler);
    if (listener === undefined) return false;
    this.#drop(name, listener);
    return true;
  }

  /** Whether the handler listens here. */
  contains(name: string, handler: Handler): boolean {
    return this.#own?.get(name)?.some((one) => one.handler === handler) ?? false;
  }

  #drop(name: string, listener: Listener): void {
    const list = this.#own?.get(name);
    if (this.#own !== null && list?.includes(listener)) {
      this.#own.set(
        name,
        list.filter((one) => one !== listener),
      );
      registrations++;
    }
  }
}

/** Throws when a handler of a synchronous event has returned a promise. */
export function refusePromise(dispatch: Dispatch, name: string, value: unknown): void {
  if (!isPromise(value)) return;
  void Promise.resolve(value).catch(() => {});
  throw new InvalidRequestError(
    `A handler of "${name}" on ${dispatch.label} returned a promise; this event is sent inside an operation on the ` +
      "connection, and its handlers must be synchronous",
  );
}

const NOTHING: readonly unknown[] = [];

/** What a handler of a synchronous event has answered with: one thing, or several in a list. Throws where that is a promise. */
export function answersOf(dispatch: Dispatch, name: string, answer: unknown): readonly unknown[] {
  refusePromise(dispatch, name, answer);
  if (answer === undefined) return NOTHING;
  return Array.isArray(answer) ? (answer as unknown[]) : [answer];
}

/** Tells the listeners of `handleError`, who may replace the error and change what they are told. */
export function announceError(dispatch: Dispatch, facts: { error: unknown }): void {
  for (const { call } of dispatch.listeners("handleError") ?? []) {
    const replaced = call(facts);
    refusePromise(dispatch, "handleError", replaced);
    if (replaced instanceof Error) facts.error = replaced;
  }
}

/** Something one can listen to. */
export interface EventTarget {
  readonly [DISPATCH]: Dispatch;
}

type Resolver = (target: unknown, name: string) => Dispatch | readonly Dispatch[] | null;
const resolvers: Resolver[] = [];

/**
 * Teaches `event.listen` targets that have no {@link DISPATCH} of their own (mapped classes, attributes).
 * A resolver gives null for what it does not know; a list registers the handler with each of its dispatches.
 */
export function registerEventTargets(resolver: Resolver): void {
  resolvers.push(resolver);
}

/** The dispatches behind a target. Throws ArgumentError when there is none. */
function dispatchesOf(target: unknown, name: string): readonly Dispatch[] {
  if ((typeof target === "object" && target !== null) || typeof target === "function") {
    const own = (target as Partial<EventTarget>)[DISPATCH];
    if (own !== undefined) return [own];
  }
  for (const resolve of resolvers) {
    const found = resolve(target, name);
    if (found !== null) return found instanceof Dispatch ? [found] : found;
  }
  throw new ArgumentError(
    `No such event "${name}" for the target given: it is neither an engine, a connection, a pool, a session, a mapped class ` +
      "nor one of their classes",
  );
}

/** Untyped registration; the typed face is {@link EngineEventApi} and what other rooms add to it. */
export const eventKernel = {
  listen(target: unknown, name: string, handler: Handler, options?: ListenOptions): void {
    for (const dispatch of dispatchesOf(target, name)) dispatch.listen(name, handler, options);
  },
  remove(target: unknown, name: string, handler: Handler): void {
    let found = false;
    for (const dispatch of dispatchesOf(target, name)) found = dispatch.remove(name, handler) || found;
    if (!found) {
      throw new InvalidRequestError(`The handler given does not listen to "${name}" on this target`);
    }
  },
  contains(target: unknown, name: string, handler: Handler): boolean {
    return dispatchesOf(target, name).some((dispatch) => dispatch.contains(name, handler));
  },
};
