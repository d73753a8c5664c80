/**
 * The order of an asynchronous session's operations: one at a time, in the order of the calls. Loads of one attribute, and gets of one class, that are
 * asked for together are answered by one statement: their batch takes its place at its first load, and any other call on the session closes it.
 */
import DataLoader from "dataloader";
import { type Op, request } from "../../engine/io.js";
import { OpQueue } from "../../engine/op-queue.js";
import { keepShape } from "../../sql/keep-shape.js";

/** Loads what is asked for alone or together. */
export interface BatchLoader<K, V> {
  /** What makes keys alike: those that wait at the same time are loaded together. */
  readonly kind: unknown;
  loadOne(key: K): Op<V>;
  /** Answers the keys of one batch, in their order. */
  loadMany(keys: readonly K[]): Op<readonly (V | Error)[]>;
}

/** The loader of what is loaded alone as a list of one. */
export function batchOf<K, V>(kind: unknown, loadMany: BatchLoader<K, V>["loadMany"]): BatchLoader<K, V> {
  return {
    kind,
    loadMany,
    *loadOne(key) {
      const [answer] = yield* loadMany([key]);
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
}

export class SessionQueue {
  readonly #queue = new OpQueue();
  /** Batches that may still be joined. */
  #batches: Map<unknown, Batch<unknown, unknown>> | null = null;

  /** @param signal stops every operation that may be stopped: all but {@link finish}ing ones */
  constructor(private readonly signal?: AbortSignal) {}

  get idle(): boolean {
    return !this.#queue.busy && this.#queue.waiting === 0;
  }

  /** Gives an operation its place and runs it when its turn comes. */
  run<T>(op: Op<T>, signal?: AbortSignal): Promise<T> {
    return this.#enqueue(op, this.#both(signal));
  }

  /** The same for what ends work, which has to happen whether or not somebody still waits for it. */
  finish<T>(op: Op<T>): Promise<T> {
    return this.#enqueue(op);
  }

  #enqueue<T>(op: Op<T>, signal?: AbortSignal): Promise<T> {
    this.#batches = null;
    return this.#queue.run(op, signal);
  }

  #both(signal: AbortSignal | undefined): AbortSignal | undefined {
    if (this.signal === undefined || signal === undefined) return signal ?? this.signal;
    return AbortSignal.any([this.signal, signal]);
  }

  /** Loads a key together with its like. */
  batched<K, V>(loader: BatchLoader<K, V>, key: K): Promise<V> {
    const open = this.#batches?.get(loader.kind) as Batch<K, V> | undefined;
    if (open !== undefined) return open.join(key);
    this.#batches ??= new Map();
    const batch = new Batch<K, V>(key, loader, this.#batches);
    this.#batches.set(loader.kind, batch as Batch<unknown, unknown>);
    batch.first = this.#queue.run(batch.slot(), this.signal);
    return batch.first;
  }
}

/** What is asked for in the same breath still joins a batch. */
const BREATH = request<void>(
  () => BREATHED,
  () => {},
);
const BREATHED = Promise.resolve();

/** Loads that take one slot of the queue. The first has the slot's own promise, so that a load that stays alone pays for nothing else. */
class Batch<K, V> {
  /** What the first load gives. */
  first: Promise<V> | null = null;
  #begun = false;
  #others: DataLoader<K, V> | null = null;
  #dispatch: () => void = () => {};
  #answer: (keys: readonly K[]) => Promise<readonly (V | Error)[]> = () => Promise.resolve([]);

  constructor(
    private readonly key: K,
    private readonly loader: BatchLoader<K, V>,
    /** Where it is among those that may be joined. */
    private readonly open: Map<unknown, unknown>,
  ) {}

  join(key: K): Promise<V> {
    if (this.#others === null) {
      this.#others = new DataLoader<K, V>((keys) => this.#answer(keys) as Promise<ArrayLike<V | Error>>, {
        cache: false,
        batchScheduleFn: (callback) => {
          this.#dispatch = callback;
        },
      });
      this.first?.catch((error: unknown) => this.#giveUp(error));
    }
    return this.#others.load(key);
  }

  /** Its turn will not come: the signal has taken it out of the queue. */
  #giveUp(error: unknown): void {
    if (this.#begun) return;
    this.open.delete(this.loader.kind);
    const refuse = (): Promise<never> => Promise.reject(error);
    this.#answer = refuse;
    this.#dispatch();
  }

  *slot(): Op<V> {
    this.#begun = true;
    yield BREATH;
    this.open.delete(this.loader.kind);
    if (this.#others === null) return yield* this.loader.loadOne(this.key);
    let others: readonly K[] = [];
    let resolve: (values: readonly (V | Error)[]) => void = () => {};
    let reject: (error: unknown) => void = () => {};
    const answer = (keys: readonly K[]): Promise<readonly (V | Error)[]> => {
      others = keys;
      return new Promise((res, rej) => {
        resolve = res;
        reject = rej;
      });
    };
    this.#answer = answer;
    this.#dispatch();
    try {
      const [first, ...rest] = yield* this.loader.loadMany([this.key, ...others]);
      resolve(rest);
      if (first instanceof Error) throw first;
      return first;
    } catch (error) {
      reject(error);
      throw error;
    }
  }
}

keepShape(new SessionQueue());
keepShape(new Batch<unknown, unknown>(null, null as never, null as never));
