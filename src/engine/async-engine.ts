/** The asynchronous engine. */

import type { CacheFigures } from "../sql/cache.js";
import { type AsyncDDLBind, type DDLConnection, type DDLOp, RUN_DDL } from "../sql/ddl-runner.js";
import { EXPLAIN } from "../sql/explain.js";
import type { Node } from "../sql/node.js";
import type { ExplainOptions, QueryPlan } from "../sql/query-plan.js";
import { AsyncConnection } from "./async-connection.js";
import { CopyStream, copiedQuery, openCopy } from "./copy/copy-to.js";
import type { CopyBytesOptions, CopyRow, CopyRowsOptions, CopyToOptions, Items } from "./copy/options.js";
import type { EngineDialect, TransactionOptions } from "./dialect.js";
import { Engine, onConnection } from "./engine.js";
import { EngineCore } from "./engine-core.js";
import { type EngineEvents, engineDispatch } from "./engine-events.js";
import type { EngineOptions } from "./engine-options.js";
import { AlreadyQuitError } from "./errors.js";
import { DISPATCH, type Dispatch } from "./events.js";
import type { Parameters } from "./execute.js";
import type { ExecutionOptions } from "./execution-options.js";
import { INSPECT } from "./inspection.js";
import { type AsyncInspector, type InspectOptions, makeAsyncInspector } from "./inspector.js";
import { runAsync } from "./io.js";
import type { EVENTS } from "./listen.js";
import type { Channel, ChannelLike } from "./notifications/channel.js";
import { type ChannelFor, listen } from "./notifications/listen.js";
import type { NotificationEvent, NotificationStream, NotificationStreamOptions } from "./notifications/stream.js";
import type { Pool, PoolStatus } from "./pool/pool.js";
import type { CursorResult } from "./result.js";
import { carry } from "./result-promise.js";
import { type RetryOptions, retrying } from "./retry.js";
import type { ThreadFunction } from "./run-in-thread.js";
import type { AnyStatement, CursorResultPromise, Executable, ScalarOf } from "./statement-types.js";
import type { URL } from "./url.js";

/**
 * A database, asynchronously: a pool of connections and a dialect. One for each database, for the life of the program.
 *
 * @example
 * const engine = createAsyncEngine("sqlite:///app.db");
 * await engine.begin(async (conn) => {
 *   await conn.execute(users.insert(), { name: "Alice" });
 * });
 */
export class AsyncEngine implements AsyncDDLBind {
  static readonly [DISPATCH]: Dispatch = engineDispatch;
  declare readonly [EVENTS]?: EngineEvents;
  #sync: Engine | null = null;

  constructor(
    /** The engine itself, shared with the synchronous face. */
    readonly core: EngineCore,
  ) {}

  get [DISPATCH](): Dispatch {
    return this.core[DISPATCH];
  }
  /** The URL that it was made with; printed, it conceals the password. */
  get url(): URL {
    return this.core.url;
  }
  /** What is particular to the database. */
  get dialect(): EngineDialect {
    return this.core.dialect;
  }
  /** Its connections. */
  get pool(): Pool {
    return this.core.pool;
  }
  /** The dialect's name. */
  get name(): string {
    return this.core.dialect.name;
  }
  /** The driver's package. */
  get driver(): string {
    return this.core.dialect.driverName;
  }
  /** The synchronous engine over the same pool. */
  get syncEngine(): Engine {
    this.#sync ??= new Engine(this.core);
    return this.#sync;
  }

  /**
   * Takes a connection out of the pool. With a function: gives it back when the function has ended.
   *
   * @throws TimeoutError when none became free in time; OperationalError when the database cannot be reached
   */
  connect(options?: { readonly signal?: AbortSignal }): Promise<AsyncConnection>;
  connect<T>(fn: (connection: AsyncConnection) => T | PromiseLike<T>): Promise<T>;
  async connect<T>(
    first?: { readonly signal?: AbortSignal } | ((connection: AsyncConnection) => T | PromiseLike<T>),
  ): Promise<AsyncConnection | T> {
    const fn = typeof first === "function" ? first : null;
    const signal = typeof first === "object" ? first.signal : undefined;
    const connection = new AsyncConnection(await runAsync(this.core.connect(), signal));
    if (fn === null) return connection;
    try {
      return await fn(connection);
    } finally {
      await connection.close();
    }
  }

  /**
   * A connection with a transaction begun. With a function: commits when its promise resolves, rolls back when it throws,
   * gives the connection back, and resolves to the function's value. Without one the connection rolls back when it is
   * closed, unless `conn.commit()` was called.
   */
  begin(options?: TransactionOptions): Promise<AsyncConnection>;
  begin<T>(fn: (connection: AsyncConnection) => T | PromiseLike<T>, options?: TransactionOptions): Promise<T>;
  async begin<T>(
    first?: TransactionOptions | ((connection: AsyncConnection) => T | PromiseLike<T>),
    options?: TransactionOptions,
  ): Promise<AsyncConnection | T> {
    if (typeof first === "function") {
      return await this.connect((connection) => connection.begin(() => first(connection), options));
    }
    const connection = await this.connect();
    try {
      await connection.begin(first);
    } catch (error) {
      await connection.close();
      throw error;
    }
    return connection;
  }

  /**
   * Runs `fn` in a transaction, and again from the start when the database asks for that: after a serialization failure, a
   * deadlock or a busy database. `fn` must not do anything that may not happen twice.
   */
  async transaction<T>(
    fn: (connection: AsyncConnection) => T | PromiseLike<T>,
    options: RetryOptions = {},
  ): Promise<T> {
    const { signal, ...begin } = options;
    return await retrying(options, async () => {
      const connection = await this.connect(signal === undefined ? {} : { signal });
      try {
        return await connection.begin(() => fn(connection), begin);
      } finally {
        await connection.close();
      }
    });
  }

  /** Executes one statement on a connection of its own, and commits. */
  execute<R>(statement: Executable<R>, params?: Parameters | null, options?: ExecutionOptions): CursorResultPromise<R>;
  execute(
    statement: AnyStatement,
    params?: Parameters | null,
    options?: ExecutionOptions,
  ): CursorResultPromise<unknown[]>;
  execute(statement: unknown, params?: Parameters | null, options?: ExecutionOptions): never {
    return carry(this.#execute(statement, params, options)) as never;
  }

  async #execute(
    statement: unknown,
    params?: Parameters | null,
    options?: ExecutionOptions,
  ): Promise<CursorResult<unknown[]>> {
    const connection = await this.connect(options);
    try {
      return await connection.begin(() => connection.execute(statement as AnyStatement, params, options));
    } finally {
      await connection.close();
    }
  }

  /** The first column of the first row of one statement, or null. */
  scalar<R>(
    statement: Executable<R>,
    params?: Parameters | null,
    options?: ExecutionOptions,
  ): Promise<ScalarOf<R> | null>;
  scalar(statement: AnyStatement, params?: Parameters | null, options?: ExecutionOptions): Promise<unknown>;
  async scalar(statement: unknown, params?: Parameters | null, options?: ExecutionOptions): Promise<unknown> {
    return (await this.#execute(statement, params, options)).scalar();
  }

  /**
   * Calls a function beside the database on a connection of its own: see `AsyncConnection.runInThread`.
   *
   * @example const version = await engine.runInThread((db: Database) => db.pragma("user_version", { simple: true }));
   * @throws AlreadyQuitError after `dispose()`
   */
  async runInThread<Raw, Args extends unknown[], T>(
    fn: ThreadFunction<Raw, Args, T>,
    ...args: Args
  ): Promise<Awaited<T>> {
    if (this.status().disposed) {
      throw new AlreadyQuitError("This engine has been disposed of, and its threads have ended. Make a new engine.");
    }
    return await this.connect((connection) => connection.runInThread(fn, ...args));
  }

  /** Whether there is a table or view of that name. */
  async hasTable(table: string, options?: InspectOptions): Promise<boolean> {
    return await this[INSPECT]().hasTable(table, options);
  }

  /** The names of all tables. */
  async tableNames(options?: InspectOptions): Promise<readonly string[]> {
    return await this[INSPECT]().getTableNames(options);
  }

  /** An engine with other options over the same pool: isolation level, logging token, ... */
  executionOptions(options: ExecutionOptions): AsyncEngine {
    return new AsyncEngine(this.core.withOptions(options));
  }

  /** Changes the options of the connections that this engine gives from now on. */
  updateExecutionOptions(options: ExecutionOptions): void {
    this.core.updateOptions(options);
  }
  /** The options that its connections begin with. */
  getExecutionOptions(): ExecutionOptions {
    return this.core.options;
  }

  /** Figures of the pool. */
  status(): PoolStatus {
    return this.core.pool.status();
  }

  /** How many compiled statements are kept, were found and were not, since the cache was made or cleared. */
  get cacheFigures(): CacheFigures {
    return this.core.cache.figures;
  }

  /** Forgets all compiled statements. */
  clearCompiledCache(): void {
    this.core.cache.clear();
  }

  /**
   * What is sent on some channels from now on, as an async iterator with a connection of its own. A connection that is lost is made
   * again, and an event of the kind `gap` says in which time something may have been missed.
   *
   * @param channels names, or channels with what their payloads are: `channel("orders").json<Order>()`
   * @throws NotSupportedError where the database has no notifications
   * @example
   * for await (const event of engine.listen("orders", { signal })) {
   *   if (event.kind === "notification") console.log(event.payload);
   *   else if (event.kind === "gap") await readAllOrdersSince(event.since);
   * }
   */
  listen<const C extends ChannelLike>(
    channels: C | readonly C[],
    options: NotificationStreamOptions = {},
  ): NotificationStream<NotificationEvent<ChannelFor<C>>> {
    return listen(this.core, channels, options);
  }

  /** Sends on a channel, in a transaction of its own. See `connection.notify()`. */
  notify(channel: string, payload?: string): Promise<void>;
  notify<T>(channel: Channel<T>, payload: T): Promise<void>;
  async notify(channel: ChannelLike, payload: unknown = ""): Promise<void> {
    await this.begin((connection) => connection.notify(channel as never, payload as never));
  }

  /**
   * Writes rows by COPY, in a transaction of its own: all of them, or none. See `connection.copyFrom()`.
   *
   * @example await engine.copyFrom(User, readUsers());
   */
  copyFrom<T extends object>(target: T, rows: Items<CopyRow<T>>, options?: CopyRowsOptions): Promise<number>;
  copyFrom(target: object, chunks: Items<Uint8Array | string>, options: CopyBytesOptions): Promise<number>;
  copyFrom(target: object, source: Items<unknown>, options?: CopyRowsOptions): Promise<number> {
    return this.begin((connection) => connection.copyFrom(target, source as never, options as never));
  }

  /**
   * Reads a class, a table or a query by COPY, on a connection of its own. See `connection.copyTo()`.
   *
   * @example await pipeline(engine.copyTo(User, { format: "csv", header: true }), createWriteStream("users.csv"));
   */
  copyTo(source: object, options: CopyToOptions): CopyStream {
    const query = copiedQuery(source, options);
    const stopped = new AbortController();
    const signal = options.signal === undefined ? stopped.signal : AbortSignal.any([options.signal, stopped.signal]);
    let connection: AsyncConnection | null = null;
    return new CopyStream({
      open: async () => {
        connection = await this.connect({ signal });
        return await runAsync(openCopy(connection.core, query, { ...options, signal }), signal);
      },
      run: (op) => runAsync(op),
      stop: () => stopped.abort(),
      close: async () => connection?.close(),
    });
  }

  /**
   * Closes the pool: unused connections now, the others when they return.
   *
   * @param options `wait`: seconds to wait for connections in use, which are then closed; `force`: close them at once;
   * `reuse`: only replace all connections, and go on.
   */
  async dispose(options?: { wait?: number; force?: boolean; reuse?: boolean }): Promise<void> {
    await runAsync(this.core.dispose(options));
  }

  [RUN_DDL]<T>(op: (connection: DDLConnection) => DDLOp<T>): Promise<T> {
    return this.begin((connection) => connection[RUN_DDL](op));
  }

  [EXPLAIN](statement: Node, options: ExplainOptions): Promise<QueryPlan> {
    return this.connect((connection) => connection[EXPLAIN](statement, options));
  }

  [INSPECT](): AsyncInspector {
    return makeAsyncInspector(this.dialect, (ask) => onConnection(this.core, ask), runAsync);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}

/**
 * Makes an asynchronous engine. Nothing is connected before the first use.
 *
 * @param url `dialect+driver://user:password@host:port/database?option=value`
 * @throws ArgumentError for a URL that is none; NoSuchModuleError for a dialect that is not known
 * @example const engine = createAsyncEngine("sqlite:///app.db", { echo: true });
 */
export function createAsyncEngine(url: string | URL, options?: EngineOptions): AsyncEngine {
  return new AsyncEngine(EngineCore.create(url, options));
}

/**
 * Makes an engine of an object of settings, as read from a configuration file: `url` and the options by their names.
 *
 * @param prefix taken off the names, e.g. `"database."`
 */
export function asyncEngineFromConfig(settings: Readonly<Record<string, unknown>>, prefix = ""): AsyncEngine {
  const options: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(settings)) {
    if (name.startsWith(prefix)) options[name.slice(prefix.length)] = configured(value);
  }
  const { url, ...rest } = options;
  return createAsyncEngine(url as string, rest as EngineOptions);
}

// Environment variables and INI files have text only.
function configured(value: unknown): unknown {
  if (value === "true") return true;
  if (value === "false") return false;
  return typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
}
