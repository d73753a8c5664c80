/** The ordinary pool, and one of a single connection that its users have in turn. */
import { TimeoutError } from "../../sql/errors.js";
import { Fifo } from "../fifo.js";
import { type Op, request } from "../io.js";
import { type Connector, newRecord, Pool, type PoolLog, type PoolOptions, type PoolStatus } from "./pool.js";
import type { ConnectionRecord } from "./record.js";

interface Waiting {
  readonly give: (record: ConnectionRecord) => void;
  readonly refuse: (error: Error) => void;
}

/**
 * Keeps up to `poolSize` connections, and opens up to `maxOverflow` more under load.
 *
 * Who asks first is served first: a connection that returns is handed to the call that has waited longest, and is never
 * snatched away by one that comes just then.
 */
export class QueuePool extends Pool {
  readonly kind = "QueuePool";
  protected readonly advice: string =
    "Close connections and sessions when done with them, or raise poolSize and maxOverflow.";
  readonly #idle = new Fifo<ConnectionRecord>();
  readonly #waiting = new Fifo<Waiting>();
  /** Records that exist: idle, checked out or being opened. */
  #total = 0;
  readonly #size: number;
  readonly #limit: number;
  readonly #timeout: number;
  readonly #lifo: boolean;

  constructor(connector: Connector, options: PoolOptions, log: PoolLog) {
    super(connector, options, log);
    this.#size = options.poolSize ?? 5;
    const overflow = options.maxOverflow ?? 10;
    this.#limit = this.#size === 0 || overflow < 0 ? Number.POSITIVE_INFINITY : this.#size + overflow;
    this.#timeout = options.poolTimeout ?? 30;
    this.#lifo = options.poolUseLifo ?? false;
  }

  status(): PoolStatus {
    return {
      kind: this.kind,
      size: this.#size,
      idle: this.#idle.size,
      checkedOut: this.out.size,
      overflow: Math.max(0, this.#total - this.#size),
      waiting: this.#waiting.size,
      disposed: this.disposed,
    };
  }

  protected *acquire(): Op<ConnectionRecord> {
    const idle = this.#lifo ? this.#idle.pop() : this.#idle.shift();
    if (idle !== undefined) return idle;
    if (this.#total < this.#limit) {
      this.#total++;
      return newRecord();
    }
    return yield request(
      (signal) => this.#wait(signal),
      () => {
        throw this.#timedOut(0);
      },
    );
  }

  protected acquireAtOnce(): ConnectionRecord | null {
    const next = this.#lifo ? this.#idle.last : this.#idle.first;
    if (next === undefined || !this.isFresh(next)) return null;
    return (this.#lifo ? this.#idle.pop() : this.#idle.shift()) as ConnectionRecord;
  }

  protected release(record: ConnectionRecord): Op<void> | null {
    if (record.detached) return null;
    const next = this.disposed ? undefined : this.#waiting.shift();
    if (next !== undefined) {
      next.give(record);
      return null;
    }
    const surplus = this.#size > 0 && this.#total > this.#size && this.#idle.size + this.out.size >= this.#size;
    if (record.driver === null || this.disposed || surplus) return this.#drop(record);
    this.#idle.push(record);
    return null;
  }

  *#drop(record: ConnectionRecord): Op<void> {
    yield* this.closeDriver(record);
    this.#total--;
  }

  protected forget(_record: ConnectionRecord): void {
    // A place has become free: who waits longest may open a connection in it.
    const next = this.disposed ? undefined : this.#waiting.shift();
    if (next !== undefined) next.give(newRecord());
    else this.#total--;
  }

  protected takeIdle(): ConnectionRecord[] {
    const records: ConnectionRecord[] = [];
    for (let record = this.#idle.shift(); record !== undefined; record = this.#idle.shift()) records.push(record);
    if (this.disposed) this.#total -= records.length;
    return records;
  }

  protected refuseWaiting(error: Error): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) next.refuse(error);
  }

  #wait(signal: AbortSignal | undefined): Promise<ConnectionRecord> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      };
      const waiting: Waiting = {
        give: (record) => {
          done();
          resolve(record);
        },
        refuse: (error) => {
          done();
          reject(error);
        },
      };
      const leave = (error: Error) => {
        if (this.#waiting.remove(waiting)) waiting.refuse(error);
      };
      const onAbort = () => leave(signal?.reason as Error);
      // A timer takes no longer time: it would fire at once.
      const timer =
        this.#timeout * 1000 < 2 ** 31
          ? setTimeout(() => leave(this.#timedOut(this.#timeout)), this.#timeout * 1000)
          : undefined;
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(waiting);
    });
  }

  #timedOut(seconds: number): TimeoutError {
    const waited = seconds > 0 ? `timed out after ${seconds} s` : "and a synchronous call cannot wait";
    return new TimeoutError(
      `QueuePool limit of size ${this.#size} overflow ${this.#limit - this.#size} reached, connection ${waited}: ` +
        `${this.describeHolders(this.advice)}`,
    );
  }
}

/** One connection, which its users have in turn: for databases that have one session. `poolSize` and `maxOverflow` do not apply. */
export class SinglePool extends QueuePool {
  protected override readonly advice =
    "This database has one connection: what holds it must close it, or end its transaction, before another can have it.";

  constructor(connector: Connector, options: PoolOptions, log: PoolLog) {
    super(connector, { ...options, poolSize: 1, maxOverflow: 0 }, log);
  }
}
