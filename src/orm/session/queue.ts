/**
 * The order of an asynchronous session's operations: one at a time, in the order of the calls. Loads of one attribute, and gets of one class, that are
 * asked for together are answered by one statement: their batch takes its place at its first load, and any other call on the session closes it.
 */
import DataLoader from "dataloader";
import { type Op, request } from "../../engine/io.js";
import { OpQueue } from "../../engine/op-queue.js";

/** Answers the keys of one batch, in their order. */
export type BatchOp<K, V> = (keys: readonly K[]) => Op<readonly (V | Error)[]>;

export class SessionQueue {
  readonly #queue = new OpQueue();
  #batches: Map<unknown, DataLoader<unknown, unknown>> = new Map();

  get idle(): boolean {
    return !this.#queue.busy && this.#queue.waiting === 0;
  }

  /** Gives an operation its place and runs it when its turn comes. */
  run<T>(op: Op<T>, signal?: AbortSignal): Promise<T> {
    if (this.#batches.size > 0) this.#batches = new Map();
    return this.#queue.run(op, signal);
  }

  /** Loads a key together with its like. @param kind what makes keys alike */
  batched<K, V>(kind: unknown, key: K, load: BatchOp<K, V>): Promise<V> {
    let loader = this.#batches.get(kind) as DataLoader<K, V> | undefined;
    if (loader === undefined) {
      loader = this.#loader(kind, load);
      this.#batches.set(kind, loader as unknown as DataLoader<unknown, unknown>);
    }
    return loader.load(key);
  }

  #loader<K, V>(kind: unknown, load: BatchOp<K, V>): DataLoader<K, V> {
    let answer: (keys: readonly K[]) => Promise<readonly (V | Error)[]> = () => Promise.resolve([]);
    let dispatch = (): void => {};
    const batches = this.#batches;
    const slot = function* (): Op<void> {
      // What is asked for in the same breath still joins.
      yield request(
        () => Promise.resolve(),
        () => {},
      );
      batches.delete(kind);
      let keys: readonly K[] = [];
      let resolve: (values: readonly (V | Error)[]) => void = () => {};
      let reject: (error: unknown) => void = () => {};
      answer = (asked) => {
        keys = asked;
        return new Promise((res, rej) => {
          resolve = res;
          reject = rej;
        });
      };
      dispatch();
      try {
        resolve(yield* load(keys));
      } catch (error) {
        reject(error);
      }
    };
    return new DataLoader<K, V>((keys) => answer(keys) as Promise<ArrayLike<V | Error>>, {
      cache: false,
      batchScheduleFn: (callback) => {
        dispatch = callback;
        void this.#queue.run(slot());
      },
    });
  }
}
