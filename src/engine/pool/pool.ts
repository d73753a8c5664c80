/** What all pools have in common: opening, checking, resetting and closing connections, events, figures. */

import { InvalidRequestError } from "../../sql/errors.js";
import { warnBeside } from "../../sql/warnings.js";
import type { DriverConnection } from "../driver.js";
import { DisconnectionError, InvalidatePoolError } from "../errors.js";
import { DISPATCH, Dispatch } from "../events.js";
import { type Op, request, runAsync, type Soon } from "../io.js";
import { LEAK, LEFT_PREPARED } from "../warnings.js";
import { callPlace } from "./call-place.js";
import { ConnectionRecord } from "./record.js";

/** The events of a pool, for `event.listen`. */
export const POOL_EVENTS: ReadonlySet<string> = new Set([
  "connect",
  "firstConnect",
  "checkout",
  "checkin",
  "reset",
  "invalidate",
  "softInvalidate",
  "detach",
  "close",
]);

/** What a connection is put back with when it returns: SQLAlchemy's `reset_on_return`. */
export type ResetOnReturn = "rollback" | "commit" | null;

/** Opens and looks after driver connections; the engine's dialect and its events stand behind it. */
export interface Connector {
  connect(): Op<DriverConnection>;
  onConnect(connection: DriverConnection, info: Record<string, unknown>): Op<void>;
  ping(connection: DriverConnection): Op<boolean>;
  /** Null: done at once. */
  reset(connection: DriverConnection, how: ResetOnReturn): Op<void> | null;
}

/** Options of every pool. Times are in seconds, as in SQLAlchemy. */
export interface PoolOptions {
  /** Connections kept open; 0 sets no bound. Default 5. */
  readonly poolSize?: number;
  /** Connections opened beyond `poolSize` when all are in use, and closed when they return: a steady load is better served by a larger `poolSize`. -1 sets no bound. Default 10. */
  readonly maxOverflow?: number;
  /** Seconds to wait for a connection before TimeoutError. Default 30. */
  readonly poolTimeout?: number;
  /** Seconds after which a connection is replaced at its next checkout; -1 (the default) never. */
  readonly poolRecycle?: number;
  /** Test each connection at checkout, and replace it when it is dead. Default false. */
  readonly poolPrePing?: boolean;
  /** Give out the connection that returned last, so that a server may close idle ones. Default false. */
  readonly poolUseLifo?: boolean;
  /** What ends a transaction that was left open. Default "rollback". */
  readonly poolResetOnReturn?: ResetOnReturn;
  /** Remember where each connection was checked out, for time-outs and leak warnings. Costs a stack at each checkout. */
  readonly poolDebug?: boolean;
}

/** Figures of a pool. */
export interface PoolStatus {
  readonly kind: string;
  readonly size: number;
  /** Open and unused. */
  readonly idle: number;
  readonly checkedOut: number;
  /** Opened beyond `size`. */
  readonly overflow: number;
  /** Calls that wait for a connection. */
  readonly waiting: number;
  readonly disposed: boolean;
}

/** Tells of errors that happen where no caller can be told. */
export type PoolLog = (action: string, error?: unknown) => void;

/** How many connections a handler of `checkout` may find dead before the error is the caller's. */
const CHECKOUT_ATTEMPTS = 3;

/** Hears all pools. */
export const poolDispatch = new Dispatch(POOL_EVENTS, "Pool");

export abstract class Pool {
  static readonly [DISPATCH]: Dispatch = poolDispatch;
  readonly [DISPATCH]: Dispatch = new Dispatch(POOL_EVENTS, "this pool", [poolDispatch]);
  abstract readonly kind: string;
  protected generation = 0;
  protected disposed = false;
  protected readonly out = new Set<ConnectionRecord>();
  #connected = false;
  #drained: (() => void)[] = [];

  protected readonly recycle: number;
  protected readonly prePing: boolean;
  protected readonly resetOnReturn: ResetOnReturn;
  protected readonly debug: boolean;

  constructor(
    protected readonly connector: Connector,
    protected readonly options: PoolOptions,
    protected readonly log: PoolLog,
  ) {
    this.recycle = options.poolRecycle ?? -1;
    this.prePing = options.poolPrePing ?? false;
    this.resetOnReturn = options.poolResetOnReturn === undefined ? "rollback" : options.poolResetOnReturn;
    this.debug = options.poolDebug ?? false;
  }

  /** Finds or opens a connection record; the driver connection in it may be stale still. */
  protected abstract acquire(): Op<ConnectionRecord>;
  /** Takes an unused record whose driver connection is fresh; null where there is none, or it has to be looked for. */
  protected abstract acquireAtOnce(): ConnectionRecord | null;
  /** Takes a record back; null: done at once. */
  protected abstract release(record: ConnectionRecord): Op<void> | null;
  /** Forgets a record that will not come back. */
  protected abstract forget(record: ConnectionRecord): void;
  /** Takes all unused records out, to be closed. */
  protected abstract takeIdle(): ConnectionRecord[];
  /** Tells all who wait that there will be no connection. */
  protected abstract refuseWaiting(error: Error): void;
  abstract status(): PoolStatus;

  /**
   * Takes a connection out of the pool.
   * @throws TimeoutError when none became free in time; InvalidRequestError after `dispose()`
   */
  checkout(): Soon<ConnectionRecord> {
    const atOnce = !this.disposed && !this.prePing && !this[DISPATCH].has("checkout");
    const record = atOnce ? this.acquireAtOnce() : null;
    if (record === null) return this.#checkoutWaiting();
    this.#lend(record);
    return record;
  }

  #lend(record: ConnectionRecord): void {
    record.checkedOut = true;
    record.checkedOutAt = performance.now();
    record.trace = this.debug ? callPlace() : null;
    this.out.add(record);
  }

  *#checkoutWaiting(): Op<ConnectionRecord> {
    if (this.disposed) throw this.disposedError();
    const record = yield* this.acquire();
    try {
      yield* this.makeReady(record);
      // The pool may have been disposed of while the connection was being opened.
      if (this.disposed) throw this.disposedError();
      this.#lend(record);
      if (this[DISPATCH].has("checkout")) yield* this.#announceCheckout(record);
    } catch (error) {
      this.out.delete(record);
      record.checkedOut = false;
      yield* this.closeDriver(record);
      this.forget(record);
      throw error;
    }
    return record;
  }

  // A handler that finds the connection dead gets another one to look at, twice.
  *#announceCheckout(record: ConnectionRecord): Op<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        yield* this[DISPATCH].fireWaiting("checkout", record.driver, record);
        return;
      } catch (error) {
        if (!(error instanceof DisconnectionError) || attempt === CHECKOUT_ATTEMPTS) throw error;
        if (error instanceof InvalidatePoolError) this.invalidateGeneration(record);
        yield* this.invalidate(record, error);
        yield* this.makeReady(record);
      }
    }
  }

  /** Gives a connection back; null: done at once. Never throws: a connection that cannot be reset is closed. */
  checkin(record: ConnectionRecord): Op<void> | null {
    if (!record.checkedOut) return null;
    tellPrepared(record.driver);
    if (record.driver === null || !this[DISPATCH].silent) return this.#checkinWaiting(record, null);
    try {
      const resetting = this.connector.reset(record.driver, this.resetOnReturn);
      if (resetting !== null) return this.#checkinWaiting(record, resetting);
    } catch (error) {
      return this.#checkinBroken(record, error);
    }
    return this.#takeBack(record);
  }

  /** @param resetting what is left of the reset; null where it is not begun */
  *#checkinWaiting(record: ConnectionRecord, resetting: Op<void> | null): Op<void> {
    const dispatch = this[DISPATCH];
    if (record.driver !== null) {
      try {
        if (resetting === null && dispatch.has("reset"))
          yield* dispatch.fireWaiting("reset", record.driver, record, { reason: this.resetOnReturn });
        const rest = resetting ?? this.connector.reset(record.driver, this.resetOnReturn);
        if (rest !== null) yield* rest;
        if (dispatch.has("checkin")) dispatch.fire("checkin", record.driver, record);
      } catch (error) {
        yield* this.#checkinBroken(record, error);
        return;
      }
    }
    const closing = this.#takeBack(record);
    if (closing !== null) yield* closing;
  }

  *#checkinBroken(record: ConnectionRecord, error: unknown): Op<void> {
    this.log("A connection could not be reset when it returned to the pool, and is closed", error);
    yield* this.invalidate(record, error);
    const closing = this.#takeBack(record);
    if (closing !== null) yield* closing;
  }

  /** A record that was reset is free again; null: done at once. */
  #takeBack(record: ConnectionRecord): Op<void> | null {
    record.checkedOut = false;
    record.trace = null;
    this.out.delete(record);
    const isStale = record.driver !== null && (this.disposed || record.generation < this.generation);
    const closing = isStale ? this.#releaseStale(record) : this.release(record);
    if (closing !== null) return this.#afterClosing(closing);
    this.#noticeDrained();
    return null;
  }

  *#releaseStale(record: ConnectionRecord): Op<void> {
    yield* this.closeDriver(record);
    const rest = this.release(record);
    if (rest !== null) yield* rest;
  }

  *#afterClosing(closing: Op<void>): Op<void> {
    yield* closing;
    this.#noticeDrained();
  }

  /** Throws a driver connection away; the record may get a new one at its next checkout. */
  *invalidate(record: ConnectionRecord, error?: unknown, soft = false): Op<void> {
    const dispatch = this[DISPATCH];
    const name = soft ? "softInvalidate" : "invalidate";
    if (record.driver !== null && dispatch.has(name)) dispatch.fire(name, record.driver, record, error);
    yield* this.closeDriver(record);
  }

  /** Opens a connection anew for a record that is checked out and was invalidated. */
  *reopen(record: ConnectionRecord): Op<void> {
    if (this.disposed) throw this.disposedError();
    yield* this.makeReady(record);
  }

  /**
   * After a disconnect: every connection opened before now is replaced at its next checkout or return.
   *
   * @param record the connection that was found dead. When one of its generation was found dead before, nothing happens: the
   * connections opened since then are not to be replaced again.
   */
  invalidateGeneration(record?: ConnectionRecord): void {
    if (record === undefined || record.generation === this.generation) this.generation++;
  }

  /** Takes a checked-out connection out of the pool for good; whoever has it must close it. */
  detach(record: ConnectionRecord): void {
    const dispatch = this[DISPATCH];
    if (dispatch.has("detach")) dispatch.fire("detach", record.driver, record);
    record.detached = true;
    this.out.delete(record);
    this.forget(record);
    this.#noticeDrained();
  }

  /**
   * Closes the pool: unused connections now, the others when they return.
   *
   * @param wait seconds to wait for connections that are in use; those still out afterwards are closed under their users.
   * @param force closes the connections in use as well.
   */
  *dispose({ wait = 0, force = false }: { wait?: number; force?: boolean } = {}): Op<void> {
    this.disposed = true;
    this.refuseWaiting(this.disposedError());
    for (const record of this.takeIdle()) yield* this.closeDriver(record);
    if (wait > 0 && this.out.size > 0) {
      yield request<void>(
        () => this.#untilDrained(wait),
        () => {},
      );
    }
    if (force || wait > 0) {
      for (const record of [...this.out]) yield* this.invalidate(record, this.disposedError());
    }
  }

  /** Closes unused connections and has the rest replaced when they return; the pool stays in use. */
  *refresh(): Op<void> {
    this.generation++;
    for (const record of this.takeIdle()) {
      yield* this.closeDriver(record);
      this.forget(record);
    }
  }

  protected disposedError(): InvalidRequestError {
    return new InvalidRequestError(
      "This engine has been disposed of, and gives no more connections. Make a new engine, or call dispose({ reuse: true }) " +
        "where the pool is only to be emptied.",
    );
  }

  /** Whether the record has a connection that may be given out as it is. */
  protected isFresh(record: ConnectionRecord): boolean {
    if (record.driver === null || record.driver.dead === true || record.generation < this.generation) return false;
    return this.recycle < 0 || performance.now() - record.openedAt <= this.recycle * 1000;
  }

  /** Opens the record's connection where it has none, or has an old or dead one. */
  protected *makeReady(record: ConnectionRecord): Op<void> {
    if (record.driver !== null) {
      if (record.driver.dead === true) yield* this.invalidate(record);
      else if (!this.isFresh(record)) yield* this.closeDriver(record);
      else if (this.prePing && !(yield* this.connector.ping(record.driver))) {
        // What killed this one has killed the others of its age.
        this.invalidateGeneration(record);
        yield* this.invalidate(record);
      }
    }
    if (record.driver === null) yield* this.open(record);
  }

  /** Opens a connection that is none of the pool's: it is not counted, lent, or closed with the others. See `closeApart()`. */
  *openApart(): Op<ConnectionRecord> {
    if (this.disposed) throw this.disposedError();
    const record = newRecord();
    yield* this.open(record);
    return record;
  }

  *closeApart(record: ConnectionRecord): Op<void> {
    yield* this.closeDriver(record);
  }

  /** Opens a connection; one that a handler refuses is closed again. */
  protected *open(record: ConnectionRecord): Op<void> {
    record.generation = this.generation;
    record.info = {};
    const driver: DriverConnection = yield* this.connector.connect();
    record.driver = driver;
    record.openedAt = performance.now();
    try {
      yield* this.#announceOpen(record, driver);
    } catch (error) {
      yield* this.closeDriver(record);
      throw error;
    }
  }

  *#announceOpen(record: ConnectionRecord, driver: DriverConnection): Op<void> {
    yield* this.connector.onConnect(driver, record.info);
    const dispatch = this[DISPATCH];
    if (!this.#connected) {
      this.#connected = true;
      if (dispatch.has("firstConnect")) yield* dispatch.fireWaiting("firstConnect", driver, record);
    }
    if (dispatch.has("connect")) yield* dispatch.fireWaiting("connect", driver, record);
  }

  protected *closeDriver(record: ConnectionRecord): Op<void> {
    const { driver } = record;
    if (driver === null) return;
    record.driver = null;
    tellPrepared(driver);
    const dispatch = this[DISPATCH];
    try {
      if (dispatch.has("close")) dispatch.fire("close", driver, record);
      if (driver.immediate) driver.closeSync();
      else
        yield request<void>(
          () => driver.close(),
          () => driver.closeSync(),
        );
    } catch (error) {
      this.log("A connection could not be closed", error);
    }
  }

  /** A connection whose user forgot it was collected as garbage: it returns by itself. */
  reclaim(record: ConnectionRecord): void {
    if (!record.checkedOut) return;
    const where =
      record.trace === null
        ? " (poolDebug: true says where it was checked out)"
        : `. It was checked out\n${record.trace}`;
    // Nobody's code runs here that an error could be thrown into.
    warnBeside(LEAK, where);
    const returning = this.checkin(record);
    if (returning === null) return;
    void runAsync(returning).catch((error: unknown) => this.log("A lost connection could not return", error));
  }

  /** Who has the connections, for messages. @param advice put before the places where they were checked out, which take many lines */
  protected describeHolders(advice = ""): string {
    const now = performance.now();
    const ages = [...this.out].map((record) => (now - record.checkedOutAt) / 1000).sort((a, b) => b - a);
    const [oldest] = ages;
    const who =
      oldest === undefined
        ? "none is checked out"
        : `${ages.length} checked out, the oldest since ${oldest.toFixed(2)} s`;
    const traces = [...this.out].map(({ trace }) => (trace === null ? "" : `\nchecked out\n${trace}`));
    return `${who}${advice === "" ? "" : `. ${advice}`}${traces.join("")}`;
  }

  #untilDrained(seconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(seconds) ? setTimeout(resolve, seconds * 1000) : undefined;
      this.#drained.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #noticeDrained(): void {
    if (this.out.size > 0) return;
    for (const resolve of this.#drained.splice(0)) resolve();
  }
}

/** A transaction that is prepared outlives what its connection does now, and nobody else may know its name. */
function tellPrepared(driver: DriverConnection | null): void {
  const prepared = driver?.prepared;
  if (prepared === null || prepared === undefined) return;
  warnBeside(
    LEFT_PREPARED,
    `${prepared}. Its connection was given back or thrown away without having ended it. It waits with its locks: end it by commitPrepared() or ` +
      "rollbackPrepared() of another connection.",
  );
}

/** Makes an empty record. */
export function newRecord(): ConnectionRecord {
  return new ConnectionRecord();
}
