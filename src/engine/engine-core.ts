/** The engine: a dialect, a pool, and what is compiled. */

import type { CompileOptions } from "../sql/compiled.js";
import { CARTESIAN } from "../sql/compiler/from-linting.js";
import { ArgumentError, InvalidRequestError } from "../sql/errors.js";
import type { Node } from "../sql/node.js";
import { emitWarning } from "../sql/warnings.js";
import { type CachedStatement, CompiledCache } from "./compiled-cache.js";
import { ConnectionCore } from "./connection-core.js";
import type { EngineContext } from "./context.js";
import type { DialectOptions, EngineDialect, IsolationLevel, PoolKind } from "./dialect.js";
import { makeDialect } from "./dialect.js";
import type { DriverConnection } from "./driver.js";
import { ENGINE_EVENTS, EngineDispatch, engineDispatch } from "./engine-events.js";
import { checkEngineOptions, type EngineOptions, type PoolClass } from "./engine-options.js";
import { DatabaseError } from "./errors.js";
import { announceError, DISPATCH, Dispatch } from "./events.js";
import { type ExecutionOptions, mergeOptions, NO_OPTIONS } from "./execution-options.js";
import { Aborted, Awaiting, isOp, isPromise, type Op, type Soon } from "./io.js";
import { type EchoFunction, makeEcho } from "./logging.js";
import { Nursery } from "./nursery.js";
import { NullPool, StaticPool } from "./pool/other-pools.js";
import type { Connector, Pool, ResetOnReturn } from "./pool/pool.js";
import { QueuePool, SinglePool } from "./pool/queue-pool.js";
import type { ConnectionRecord } from "./pool/record.js";
import { makeUrl, type URL } from "./url.js";

const POOLS: Readonly<Record<PoolKind, PoolClass>> = {
  queue: QueuePool,
  null: NullPool,
  static: StaticPool,
  single: SinglePool,
};

const ASYNC_CREATOR =
  "The engine's creator returned a promise, and a synchronous engine cannot wait for it: make it synchronous, or use createAsyncEngine.";

interface Lost {
  readonly pool: Pool;
  readonly record: ConnectionRecord;
}

// Connections that were dropped without being closed come back when they are collected.
const lost = new FinalizationRegistry<Lost>(({ pool, record }) => pool.reclaim(record));
const young = new Nursery<ConnectionCore>((connection) => {
  // One that is just being closed is in good hands.
  if (connection.closed) return;
  lost.register(connection, { pool: connection.engine.pool, record: connection.record }, connection);
});

function warnOfProduct(warning: string): void {
  emitWarning(warning, CARTESIAN.code);
}

export class EngineCore implements EngineContext {
  static readonly [DISPATCH]: Dispatch = engineDispatch;
  readonly [DISPATCH]: Dispatch;
  readonly cache: CompiledCache;
  readonly pool: Pool;
  readonly echo: EchoFunction | null;
  readonly echoRows: boolean;
  readonly hideParameters: boolean;
  readonly name: string;
  options: ExecutionOptions;
  /** What ends with the engine: listeners. */
  readonly endings: Set<() => void>;

  private constructor(
    readonly url: URL,
    readonly dialect: EngineDialect,
    settings: EngineOptions,
    /** The engine of which this one is a copy with other options. */
    readonly parent: EngineCore | null,
  ) {
    this.name = settings.loggingName ?? "athanor.engine";
    this.echo = makeEcho(settings.echo);
    this.echoRows = parent?.echoRows ?? settings.echo === "debug";
    this.hideParameters = settings.hideParameters ?? false;
    const base = mergeOptions(NO_OPTIONS, settings.executionOptions);
    this.options = settings.isolationLevel === undefined ? base : { ...base, isolationLevel: settings.isolationLevel };
    this.checkIsolationLevel(this.options.isolationLevel);
    if (parent === null) {
      this.endings = new Set();
      this.cache = new CompiledCache(dialect, settings.queryCacheSize ?? 500);
      this.pool = this.#makePool(settings);
      if (settings.enableFromLinting ?? true) {
        dialect.onCartesianProduct = warnOfProduct;
      }
    } else {
      this.endings = parent.endings;
      this.cache = parent.cache;
      this.pool = parent.pool;
    }
    const parents = parent === null ? [engineDispatch] : [parent[DISPATCH]];
    this[DISPATCH] = new EngineDispatch("this engine", this.pool[DISPATCH], parents);
  }

  /** Makes an engine; connects to nothing. Throws ArgumentError or NoSuchModuleError. */
  static create(url: string | URL, options: EngineOptions = {}): EngineCore {
    const parsed = makeUrl(url);
    checkEngineOptions(options);
    return new EngineCore(parsed, makeDialect(parsed, options), options, null);
  }

  /** Changes the options of connections to come, in place. */
  updateOptions(options: ExecutionOptions): void {
    this.checkIsolationLevel(options.isolationLevel);
    this.options = mergeOptions(this.options, options);
  }

  /** A copy with other options that shares the pool, the compiled statements and the listeners. */
  withOptions(options: ExecutionOptions): EngineCore {
    return new EngineCore(
      this.url,
      this.dialect,
      {
        echo: this.echo ?? false,
        hideParameters: this.hideParameters,
        loggingName: this.name,
        executionOptions: mergeOptions(this.options, options),
      },
      this,
    );
  }

  /** Takes a connection. Throws TimeoutError, a DatabaseError, or InvalidRequestError after `dispose()`. */
  *connect(): Op<ConnectionCore> {
    const connection = this.connectSoon();
    return connection instanceof ConnectionCore ? connection : yield* connection;
  }

  /** The same, at once where the pool has an unused connection. */
  connectSoon(): Soon<ConnectionCore> {
    const record = this.pool.checkout();
    return isOp(record) || this[DISPATCH].has("engineConnect") ? this.#connectWaiting(record) : this.#connected(record);
  }

  *#connectWaiting(checkout: Soon<ConnectionRecord>): Op<ConnectionCore> {
    let record: ConnectionRecord;
    try {
      record = isOp(checkout) ? yield* checkout : checkout;
    } catch (error) {
      throw this.#heardError(error, this.#connectError(error));
    }
    const connection = this.#connected(record);
    try {
      this[DISPATCH].fire("engineConnect", connection);
    } catch (error) {
      yield* connection.close();
      throw error;
    }
    return connection;
  }

  #connected(record: ConnectionRecord): ConnectionCore {
    const connection = new ConnectionCore(this, record);
    young.add(connection);
    return connection;
  }

  /** The compiled form of a statement, from the cache where it is there. */
  cached(node: Node, options?: CompileOptions, useCache = true): CachedStatement {
    return this.cache.get(node, options, useCache);
  }

  /**
   * Closes the pool. See the faces' `dispose`.
   */
  *dispose(options: { wait?: number; force?: boolean; reuse?: boolean } = {}): Op<void> {
    if (options.reuse === true) {
      yield* this.pool.refresh();
      return;
    }
    for (const end of [...this.endings]) end();
    yield* this.pool.dispose(options);
    if (this.dialect.dispose !== undefined) yield* this.dialect.dispose();
    if (this[DISPATCH].has("engineDisposed")) this[DISPATCH].fire("engineDisposed", this);
  }

  checkIsolationLevel(level: IsolationLevel | undefined): void {
    if (level === undefined || this.dialect.isolationLevels.includes(level)) return;
    throw new ArgumentError(
      `Invalid value "${level}" for isolationLevel. Valid isolation levels for "${this.dialect.name}" are ` +
        this.dialect.isolationLevels.join(", "),
    );
  }

  connectionDispatch(): Dispatch {
    return new Dispatch(ENGINE_EVENTS, "this connection", [this[DISPATCH]]);
  }

  unwatch(connection: ConnectionCore): void {
    if (!young.delete(connection)) lost.unregister(connection);
  }

  /** A connection outside of the pool, and what closes it. */
  *openApart(): Op<{ readonly driver: DriverConnection; readonly close: () => Op<void> }> {
    try {
      const record = yield* this.pool.openApart();
      return { driver: record.driver as DriverConnection, close: () => this.pool.closeApart(record) };
    } catch (error) {
      throw this.#heardError(error, this.#connectError(error));
    }
  }

  *closeDetached(record: ConnectionRecord): Op<void> {
    yield* this.pool.invalidate(record);
  }

  #makePool(settings: EngineOptions): Pool {
    const PoolType = settings.poolClass ?? POOLS[this.dialect.poolKind];
    const { dialect } = this;
    const echoPool = settings.echoPool === true ? (this.echo ?? makeEcho(true)) : this.echo;
    const connector: Connector = {
      connect: () => this.#connectDriver(settings.creator),
      *onConnect(connection: DriverConnection) {
        if (dialect.onConnect !== undefined) yield* dialect.onConnect(connection);
      },
      ping: (connection) => dialect.ping(connection),
      reset: (connection: DriverConnection, how: ResetOnReturn) => dialect.reset(connection, how),
    };
    return new PoolType(connector, settings, (action, error) => {
      const text = error instanceof Error ? `${action}: ${error.message}` : action;
      echoPool?.({ kind: "pool", engine: this.name, action: text });
    });
  }

  *#connectDriver(creator: DialectOptions["creator"]): Op<DriverConnection> {
    let given: unknown = yield* this[DISPATCH].fireWaiting("doConnect", this.url);
    if (given === undefined && creator !== undefined) {
      given = creator();
      if (isPromise(given)) given = yield new Awaiting(given, () => new InvalidRequestError(ASYNC_CREATOR));
    }
    return yield* this.dialect.connect(given);
  }

  // There is no connection yet that could be asked, or invalidated.
  #heardError(originalError: unknown, error: unknown): unknown {
    const dispatch = this[DISPATCH];
    if (!(error instanceof DatabaseError) || !dispatch.has("handleError")) return error;
    const facts = {
      connection: null,
      engine: this,
      statement: null,
      parameters: null,
      originalError,
      error: error as unknown,
      isDisconnect: this.dialect.isDisconnect(originalError, null),
      invalidatePoolOnDisconnect: false,
    };
    announceError(dispatch, facts);
    return facts.error;
  }

  // An error while connecting is a DatabaseError too, with no statement.
  #connectError(error: unknown): unknown {
    if (error instanceof DatabaseError) return error;
    if (error instanceof Aborted) return error.reason;
    const translated = this.dialect.translateError(error);
    if (translated === null) return error;
    return new translated.errorClass(
      `${translated.message} (while connecting to ${this.url})`,
      null,
      error,
      translated.details,
    );
  }
}
