/** Notifications as an async iterator, from a connection of its own that is made anew when it is lost. */
import { ArgumentError } from "../../sql/errors.js";
import { Fifo } from "../fifo.js";
import { runAsync } from "../io.js";
import type { Channel } from "./channel.js";
import type { ListenerAccess, NotificationDialect, Subscription } from "./dialect.js";

/** Something that was sent on a channel. */
export interface Notification<T = string, Name extends string = string> {
  readonly kind: "notification";
  readonly channel: Name;
  readonly payload: T;
  /** The server's process that sent it: one's own connection has its own number. */
  readonly processId: number;
}

/** A payload that the channel could not read. */
export interface InvalidNotification {
  readonly kind: "invalid";
  readonly channel: string;
  readonly text: string;
  readonly error: unknown;
}

/** A time in which notifications may have been missed: look at the data itself for what changed in it. */
export interface NotificationGap {
  readonly kind: "gap";
  /** Until when it is known that everything was heard: the last heartbeat before, or the beginning. */
  readonly since: Date;
  /** When it heard again. */
  readonly until: Date;
  /** Why it was lost; null where too many notifications waited to be taken. */
  readonly reason: Error | null;
  /** How many were thrown away, because nobody took them in time; what was sent while there was no connection is not counted. */
  readonly dropped: number;
}

/** What a stream gives for its channels. */
export type NotificationEvent<C> =
  | (C extends Channel<infer T, infer Name> ? Notification<T, Name> : never)
  | InvalidNotification
  | NotificationGap;

/** Options of `engine.listen()`. */
export interface NotificationStreamOptions {
  /** Ends the iteration, which throws its reason. */
  readonly signal?: AbortSignal;
  /** Seconds between two looks at whether a silent connection still lives; 0 takes none. Default 30. */
  readonly heartbeat?: number;
  /** How many events may wait to be taken before the oldest are thrown away (which a gap tells). Default 10,000. */
  readonly bufferSize?: number;
  /** The most milliseconds between two attempts to connect again; the first comes after 100. Default 30,000. */
  readonly maxBackoff?: number;
}

const FIRST_BACKOFF_MS = 100;

interface Waiting<E> {
  readonly give: (result: IteratorResult<E, undefined>) => void;
  readonly refuse: (reason: unknown) => void;
}

/**
 * What is sent on some channels, from now on.
 *
 * It connects when it is first asked for an event (or for `ready()`). When that fails, it throws; a connection that is lost later is
 * made again, as often as it takes, and a `gap` says in which time something may have been missed. Breaking out of the loop, `return()`,
 * `await using`, the signal and the engine's `dispose()` end it.
 */
export class NotificationStream<E> implements AsyncIterableIterator<E, undefined>, AsyncDisposable {
  readonly #events = new Fifo<E | NotificationGap>();
  readonly #takers = new Fifo<Waiting<E | NotificationGap>>();
  readonly #stopping = new AbortController();
  readonly #limit: number;
  readonly #heartbeat: number;
  readonly #maxBackoff: number;
  #running: Promise<void> | null = null;
  #ended = false;
  /** The error that ends it, until somebody has got it. */
  #failure: { readonly reason: unknown } | null = null;
  #ready: PromiseWithResolvers<void> = withResolvers();
  /**
   * When it was last known that nothing had been missed: before a question that the server has answered. What is heard may have waited long to be read,
   * and proves less.
   */
  #alive = new Date();
  /** Why the connection is lost; null while it hears. */
  #lost: Error | null = null;
  /** Ends the present sleep. */
  #wake: (() => void) | null = null;
  /** Events that were thrown away since the last one that was taken. */
  #dropped = 0;
  /** A time before the oldest of the events that wait was sent, or of those that were thrown away. */
  #waitingSince = new Date();

  constructor(
    private readonly dialect: NotificationDialect,
    private readonly access: ListenerAccess,
    private readonly channels: readonly Channel<unknown>[],
    options: NotificationStreamOptions,
    /** Called at the end. */
    private readonly onEnd: () => void,
  ) {
    this.#limit = numberOf(options, "bufferSize", 10_000, 1);
    this.#heartbeat = numberOf(options, "heartbeat", 30, 0);
    this.#maxBackoff = numberOf(options, "maxBackoff", 30_000, 0);
    // A promise that nobody waits for.
    this.#ready.promise.catch(() => {});
    const { signal } = options;
    if (signal?.aborted) this.#fail(signal.reason);
    else
      signal?.addEventListener("abort", () => this.#fail(signal.reason), { once: true, signal: this.#stopping.signal });
  }

  /** Resolves when the server has heard of all channels: what is sent from then on comes. */
  async ready(): Promise<void> {
    this.#start();
    await this.#ready.promise;
  }

  async next(): Promise<IteratorResult<E, undefined>> {
    this.#start();
    const event = this.#take();
    if (event !== undefined) return { done: false, value: event as E };
    const failure = this.#failure;
    if (failure !== null) {
      this.#failure = null;
      throw failure.reason;
    }
    if (this.#ended) return { done: true, value: undefined };
    return await new Promise((give, refuse) => {
      this.#takers.push({ give: give as Waiting<E | NotificationGap>["give"], refuse });
    });
  }

  /** Ends it and closes its connection. */
  async return(): Promise<IteratorResult<E, undefined>> {
    this.#end();
    await this.#running;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  // --- events ------------------------------------------------------------------------------------------------------

  #hear(name: string, text: string, processId: number): void {
    const channel = this.channels.find((each) => each.name === name);
    if (channel === undefined) return;
    let event: Notification<unknown> | InvalidNotification;
    try {
      event = { kind: "notification", channel: name, payload: channel.parse(text), processId };
    } catch (error) {
      event = { kind: "invalid", channel: name, text, error };
    }
    this.#put(event as E);
  }

  #put(event: E | NotificationGap): void {
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      taker.give({ done: false, value: event });
      return;
    }
    if (this.#events.size === 0) this.#waitingSince = this.#alive;
    if (this.#events.size >= this.#limit) {
      this.#dropped++;
      this.#events.shift();
    }
    this.#events.push(event);
  }

  #take(): E | NotificationGap | undefined {
    if (this.#dropped === 0) return this.#events.shift();
    const dropped = this.#dropped;
    this.#dropped = 0;
    return { kind: "gap", since: this.#waitingSince, until: new Date(), reason: null, dropped };
  }

  #fail(reason: unknown): void {
    if (this.#ended) return;
    this.#ready.reject(reason);
    const taker = this.#takers.shift();
    if (taker === undefined) this.#failure = { reason };
    else taker.refuse(reason);
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#ready.reject(new ArgumentError("The stream of notifications was ended before it was listening."));
    this.#stopping.abort();
    this.#wake?.();
    for (let taker = this.#takers.shift(); taker !== undefined; taker = this.#takers.shift())
      taker.give({ done: true, value: undefined });
    this.onEnd();
  }

  // --- the connection ----------------------------------------------------------------------------------------------

  #start(): void {
    if (!this.#ended) this.#running ??= this.#run();
  }

  /** Listens, and listens again, until the end. It never rejects. */
  async #run(): Promise<void> {
    let lost: Error | null = null;
    for (let failures = 0; !this.#ended; failures++) {
      let subscription: Subscription | null = null;
      try {
        this.#lost = null;
        const begun = new Date();
        subscription = await this.#subscribe();
        if (lost !== null) this.#put({ kind: "gap", since: this.#alive, until: new Date(), reason: lost, dropped: 0 });
        this.#alive = begun;
        this.#ready.resolve();
        failures = 0;
        lost = await this.#watch(subscription);
      } catch (error) {
        if (subscription === null && lost === null) this.#fail(error);
        lost ??= error as Error;
      } finally {
        if (subscription !== null) await this.#close(subscription);
      }
      await this.#sleep(Math.min(FIRST_BACKOFF_MS * 2 ** failures, this.#maxBackoff) * (0.5 + Math.random()));
    }
  }

  async #subscribe(): Promise<Subscription> {
    const names = this.channels.map((each) => each.name);
    const hear = this.#hear.bind(this);
    const lost = (reason: Error): void => {
      if (this.#lost !== null) return;
      this.#lost = reason;
      this.#wake?.();
    };
    return await runAsync(this.dialect.subscribe(this.access, names, hear, lost), this.#stopping.signal);
  }

  /** Waits until the connection is lost, and gives the reason, or until the end. */
  async #watch(subscription: Subscription): Promise<Error | null> {
    for (;;) {
      if (this.#lost === null) await this.#sleep(this.#heartbeat * 1000);
      if (this.#ended || this.#lost !== null) return this.#lost;
      const asked = new Date();
      if (!(await runAsync(subscription.alive()))) return new Error("The connection did not answer");
      this.#alive = asked;
    }
  }

  /** Waits so many milliseconds (0: for ever) or until the connection is lost, or the end. */
  async #sleep(milliseconds: number): Promise<void> {
    if (this.#ended) return;
    await new Promise<void>((resolve) => {
      const timer = milliseconds === 0 ? undefined : setTimeout(resolve, milliseconds);
      const wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#wake = wake;
    });
    this.#wake = null;
  }

  async #close(subscription: Subscription): Promise<void> {
    try {
      await runAsync(subscription.close());
    } catch {
      // It is of no use to anybody any more.
    }
  }
}

function numberOf(
  options: NotificationStreamOptions,
  name: "bufferSize" | "heartbeat" | "maxBackoff",
  byDefault: number,
  least: number,
): number {
  const value = options[name] ?? byDefault;
  if (typeof value === "number" && value >= least) return value;
  throw new ArgumentError(`listen(): ${name} is a number from ${least} up, not ${String(value)}.`);
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
