/** The asynchronous face of a connection. */
import { type AsyncDDLBind, type DDLConnection, type DDLOp, RUN_DDL } from "../sql/ddl-runner.js";
import { InvalidRequestError } from "../sql/errors.js";
import { EXPLAIN } from "../sql/explain.js";
import type { Node } from "../sql/node.js";
import type { ExplainOptions, QueryPlan } from "../sql/query-plan.js";
import { AsyncResult, type AsyncScalarResult } from "./async-result.js";
import { AsyncTransaction } from "./async-transaction.js";
import { Connection } from "./connection.js";
import type { ConnectionCore } from "./connection-core.js";
import { type CopyPlace, copyFrom } from "./copy/copy-from.js";
import { CopyStream, copiedQuery, openCopy } from "./copy/copy-to.js";
import type { CopyBytesOptions, CopyRow, CopyRowsOptions, CopyToOptions, Items } from "./copy/options.js";
import { ddlConnection } from "./ddl-connection.js";
import type { EngineDialect, IsolationLevel, TransactionOptions } from "./dialect.js";
import type { DriverConnection } from "./driver.js";
import type { EngineEvents } from "./engine-events.js";
import { DISPATCH, type Dispatch } from "./events.js";
import { execDriverSql, execute, openStream, type Parameters } from "./execute.js";
import type { ExecutionOptions } from "./execution-options.js";
import { explain } from "./explain.js";
import { INSPECT } from "./inspection.js";
import { type AsyncInspector, makeAsyncInspector } from "./inspector.js";
import { BREATHE, isPromise, meaningToBlock, type Op, turnIsLong } from "./io.js";
import type { EVENTS } from "./listen.js";
import type { Channel, ChannelLike } from "./notifications/channel.js";
import { notify } from "./notifications/notify.js";
import { OpQueue } from "./op-queue.js";
import type { CursorResult } from "./result.js";
import { carry, carryScalars, type ScalarResultPromise } from "./result-promise.js";
import { runInThread, type ThreadFunction } from "./run-in-thread.js";
import type { AnyStatement, CursorResultPromise, Executable, ScalarOf } from "./statement-types.js";
import { endPrepared, preparedTransactions } from "./twophase.js";

/**
 * A connection of an asynchronous engine.
 *
 * The first statement begins a transaction by itself; `commit()` makes it last and the next statement begins another;
 * `close()` without it rolls back. Calls that overlap take their turns in the order in which they were made.
 *
 * @example
 * await using conn = await engine.connect();
 * const rows = await conn.execute(select(users.c.id)).all();
 * await conn.commit();
 */
export class AsyncConnection implements AsyncDDLBind {
  declare readonly [EVENTS]?: EngineEvents;
  readonly #queue = new OpQueue();
  #sync: Connection | null = null;

  constructor(
    /** The connection itself, shared with the synchronous face. */
    readonly core: ConnectionCore,
  ) {}

  get [DISPATCH](): Dispatch {
    return this.core[DISPATCH];
  }
  /** What is particular to the database. */
  get dialect(): EngineDialect {
    return this.core.dialect;
  }
  /** Whether `close()` was called. */
  get closed(): boolean {
    return this.core.closed;
  }
  /** Whether the driver connection was lost or thrown away. */
  get invalidated(): boolean {
    return this.core.invalidated;
  }
  /** A dictionary that lives as long as the driver connection. */
  get info(): Record<string, unknown> {
    return this.core.info;
  }
  /** The synchronous connection behind this one; its statements need a driver that can block. */
  get syncConnection(): Connection {
    this.#sync ??= new Connection(this.core);
    return this.#sync;
  }

  // --- statements --------------------------------------------------------------------------------------------------

  /**
   * Executes a statement and reads its rows.
   *
   * @param params values by name; a list of them executes the statement for each (executemany)
   * @returns a promise of the result, which has the result's methods: `await conn.execute(stmt).all()`
   * @throws DatabaseError and its kinds, with statement and parameters
   */
  execute<R>(statement: Executable<R>, params?: Parameters | null, options?: ExecutionOptions): CursorResultPromise<R>;
  execute(
    statement: AnyStatement,
    params?: Parameters | null,
    options?: ExecutionOptions,
  ): CursorResultPromise<unknown[]>;
  execute(statement: unknown, params?: Parameters | null, options?: ExecutionOptions): never {
    return carry(this.#queue.run(execute(this.core, statement, params, options), options?.signal)) as never;
  }

  /** The first column of the first row, or null. */
  scalar<R>(
    statement: Executable<R>,
    params?: Parameters | null,
    options?: ExecutionOptions,
  ): Promise<ScalarOf<R> | null>;
  scalar(statement: AnyStatement, params?: Parameters | null, options?: ExecutionOptions): Promise<unknown>;
  async scalar(statement: unknown, params?: Parameters | null, options?: ExecutionOptions): Promise<unknown> {
    return (await this.#queue.run(execute(this.core, statement, params, options), options?.signal)).scalar();
  }

  /** The first column of all rows. */
  scalars<R>(
    statement: Executable<R>,
    params?: Parameters | null,
    options?: ExecutionOptions,
  ): ScalarResultPromise<ScalarOf<R>>;
  scalars(
    statement: AnyStatement,
    params?: Parameters | null,
    options?: ExecutionOptions,
  ): ScalarResultPromise<unknown>;
  scalars(statement: unknown, params?: Parameters | null, options?: ExecutionOptions): ScalarResultPromise<unknown> {
    return carryScalars(this.#scalars(statement, params, options));
  }

  async #scalars(statement: unknown, params?: Parameters | null, options?: ExecutionOptions) {
    return (await this.#queue.run(execute(this.core, statement, params, options), options?.signal)).scalars();
  }

  /** Executes a statement through a server-side cursor. Close the result, or read it to its end. */
  stream<R>(statement: Executable<R>, params?: Parameters | null, options?: ExecutionOptions): Promise<AsyncResult<R>>;
  stream(
    statement: AnyStatement,
    params?: Parameters | null,
    options?: ExecutionOptions,
  ): Promise<AsyncResult<unknown[]>>;
  async stream(statement: unknown, params?: Parameters | null, options?: ExecutionOptions): Promise<never> {
    const queue = this.#queue;
    const { cursor, shape, convert } = await queue.run(
      openStream(this.core, statement, params, options),
      options?.signal,
    );
    const stream = {
      async fetch(count: number): Promise<unknown[]> {
        const rows = await queue.run(cursor.fetch(count), options?.signal);
        convert?.(rows);
        return rows;
      },
      close: () => queue.run(cursor.close()),
    };
    const result = new AsyncResult<unknown>(shape, stream, cursor.chunk);
    return (options?.yieldPer === undefined ? result : result.yieldPer(options.yieldPer)) as never;
  }

  /** The first column of all rows, through a server-side cursor. */
  streamScalars<R>(
    statement: Executable<R>,
    params?: Parameters | null,
    options?: ExecutionOptions,
  ): Promise<AsyncScalarResult<ScalarOf<R>>>;
  streamScalars(
    statement: AnyStatement,
    params?: Parameters | null,
    options?: ExecutionOptions,
  ): Promise<AsyncScalarResult<unknown>>;
  async streamScalars(
    statement: unknown,
    params?: Parameters | null,
    options?: ExecutionOptions,
  ): Promise<AsyncScalarResult<unknown>> {
    return (await this.stream(statement as AnyStatement, params, options)).scalars();
  }

  /** Sends SQL as it is, with the driver's own placeholders. */
  execDriverSql(sql: string, params?: readonly unknown[], options?: ExecutionOptions): CursorResultPromise<unknown[]> {
    return carry(
      this.#queue.run(execDriverSql(this.core, sql, params, options), options?.signal) as Promise<
        CursorResult<unknown[]>
      >,
    );
  }

  // --- transactions ------------------------------------------------------------------------------------------------

  /**
   * Begins a transaction. With a function: commits when its promise resolves, rolls back when it throws, and gives its
   * value; the transaction is the function's argument.
   *
   * @throws InvalidRequestError when a transaction is open already
   */
  begin(options?: TransactionOptions): Promise<AsyncTransaction>;
  begin<T>(fn: (transaction: AsyncTransaction) => T | PromiseLike<T>, options?: TransactionOptions): Promise<T>;
  async begin<T>(
    first?: TransactionOptions | ((transaction: AsyncTransaction) => T | PromiseLike<T>),
    options?: TransactionOptions,
  ): Promise<AsyncTransaction | T> {
    const fn = typeof first === "function" ? first : null;
    const core = await this.#queue.run(
      this.core.begin(fn === null ? (first as TransactionOptions | undefined) : options),
    );
    const transaction = new AsyncTransaction(core, this.#queue);
    return fn === null ? transaction : await within(transaction, fn);
  }

  /** Sets a savepoint, in a transaction that it begins when none is open. With a function as `begin`. */
  beginNested(): Promise<AsyncTransaction>;
  beginNested<T>(fn: (transaction: AsyncTransaction) => T | PromiseLike<T>): Promise<T>;
  async beginNested<T>(fn?: (transaction: AsyncTransaction) => T | PromiseLike<T>): Promise<AsyncTransaction | T> {
    const transaction = new AsyncTransaction(await this.#queue.run(this.core.beginNested()), this.#queue);
    return fn === undefined ? transaction : await within(transaction, fn);
  }

  /** Commits the transaction, if one is open. */
  async commit(): Promise<void> {
    await this.#queue.run(this.core.commit());
  }

  /** Rolls the transaction back, if one is open. */
  async rollback(): Promise<void> {
    await this.#queue.run(this.core.rollback());
  }

  /**
   * The names of the transactions of this database that are prepared and not ended: what a program that died between the two phases has left.
   *
   * @throws InvalidRequestError where the database has no commit in two phases
   */
  async recoverTwophase(): Promise<readonly string[]> {
    return await this.#queue.run(preparedTransactions(this.core));
  }

  /** Commits a prepared transaction by its name, outside of a transaction of this connection's. */
  async commitPrepared(id: string): Promise<void> {
    await this.#queue.run(endPrepared(this.core, id, "COMMIT"));
  }

  /** Rolls a prepared transaction back by its name, outside of a transaction of this connection's. */
  async rollbackPrepared(id: string): Promise<void> {
    await this.#queue.run(endPrepared(this.core, id, "ROLLBACK"));
  }

  /** Gives the connection back to the pool; what was not committed is rolled back. */
  async close(): Promise<void> {
    await this.#queue.run(this.core.close());
  }

  /** Throws the driver connection away; outside a transaction the next statement opens another. */
  async invalidate(error?: unknown): Promise<void> {
    await this.#queue.run(this.core.invalidate(error));
  }

  /** Takes the connection out of the pool for good: `close()` closes it. */
  async detach(): Promise<void> {
    this.core.detach();
  }

  /** Whether a transaction has begun, by `begin()` or by first use. */
  inTransaction(): boolean {
    return this.core.inTransaction();
  }
  /** Whether a savepoint is open. */
  inNestedTransaction(): boolean {
    return this.core.inNestedTransaction();
  }
  /** The transaction that is open, or null. */
  getTransaction(): AsyncTransaction | null {
    const core = this.core.getTransaction();
    return core === null ? null : new AsyncTransaction(core, this.#queue);
  }
  /** The innermost savepoint, or null. */
  getNestedTransaction(): AsyncTransaction | null {
    const core = this.core.getNestedTransaction();
    return core === null ? null : new AsyncTransaction(core, this.#queue);
  }

  // --- the rest ----------------------------------------------------------------------------------------------------

  /** Sets options of this connection and gives it back. The isolation level only changes between transactions. */
  async executionOptions(options: ExecutionOptions): Promise<this> {
    this.core.setOptions(options);
    return this;
  }
  /** The options in force. */
  getExecutionOptions(): ExecutionOptions {
    return this.core.options;
  }
  /** The isolation level that is in force in the transaction, or will be in the next: as the server says, where nobody here has said it. */
  async getIsolationLevel(): Promise<IsolationLevel> {
    return await this.#queue.run(this.core.isolationLevel());
  }
  /** The driver connection of the pool; its `raw` is the driver's own object. */
  async getRawConnection(): Promise<DriverConnection> {
    return this.core.driver;
  }

  /**
   * Calls `fn` with the synchronous face of this connection, while nothing else runs on it.
   *
   * @example const tables = await conn.runSync((sync) => inspect(sync).getTableNames());
   * @throws InvalidRequestError when `fn` returns a promise
   */
  async runSync<T, Args extends unknown[]>(
    fn: (connection: Connection, ...args: Args) => T,
    ...args: Args
  ): Promise<T> {
    return await this.#queue.run(callSync(this.syncConnection, fn, args));
  }

  /**
   * Calls a function beside the database, where that is in a thread (`sqlite+worker://`), with the driver's own object.
   *
   * The function is sent as its text: it sees its arguments, globals and `require`, nothing else from where it is written.
   * Arguments and result are copied. In a transaction, what it does is part of the transaction. A thread in which such a
   * function has run ends with its connection.
   *
   * @example await conn.runInThread((db: Database, size: number) => db.pragma(`cache_size = ${size}`), 4000);
   * @throws AlreadyQuitError when the thread has ended; InvalidRequestError where databases are in no thread; what the function
   * throws
   */
  async runInThread<Raw, Args extends unknown[], T>(
    fn: ThreadFunction<Raw, Args, T>,
    ...args: Args
  ): Promise<Awaited<T>> {
    return (await this.#queue.run(runInThread(this.core, fn, args))) as Awaited<T>;
  }

  /**
   * Sends on a channel, in this connection's transaction: it is delivered when that commits, and not if it does not.
   *
   * @param payload text, or what the channel says
   * @throws NotSupportedError where the database has no notifications; DatabaseError for a payload beyond 8,000 bytes
   */
  notify(channel: string, payload?: string): Promise<void>;
  notify<T>(channel: Channel<T>, payload: T): Promise<void>;
  async notify(channel: ChannelLike, payload: unknown = ""): Promise<void> {
    await this.#queue.run(notify(this.core, channel, payload));
  }

  /**
   * Writes rows by COPY, the fastest way into a table, in this connection's transaction. What the class or table says holds as for `insert()`: attribute
   * names, types, defaults of the program's. Rows come from any iterable, which is asked for more only as they are written.
   *
   * @param source objects of values; with `{ format }` chunks of text or bytes, as of a file
   * @returns how many rows were written
   * @throws ArgumentError for a row that does not fit, with its number; NotSupportedError where the database has no COPY
   * @example await conn.copyFrom(User, readUsers());
   * @example await conn.copyFrom(User, createReadStream("users.csv"), { format: "csv", header: true });
   */
  copyFrom<T extends object>(target: T, rows: Items<CopyRow<T>>, options?: CopyRowsOptions): Promise<number>;
  copyFrom(target: object, chunks: Items<Uint8Array | string>, options: CopyBytesOptions): Promise<number>;
  copyFrom(target: object, source: Items<unknown>, options?: CopyRowsOptions): Promise<number> {
    return copyFrom(this.#copyPlace(), target, source, options);
  }

  /**
   * Reads a class, a table or a query by COPY, as bytes for files and sockets. See {@link CopyStream}.
   *
   * @example await pipeline(conn.copyTo(User, { format: "csv", header: true }), createWriteStream("users.csv"));
   */
  copyTo(source: object, options: CopyToOptions): CopyStream {
    const query = copiedQuery(source, options);
    return new CopyStream({
      open: () => this.#queue.run(openCopy(this.core, query, options), options.signal),
      run: (op) => this.#queue.run(op),
    });
  }

  #copyPlace(): CopyPlace {
    return { run: (op, signal) => this.#queue.run(op(this.core), signal) };
  }

  [RUN_DDL]<T>(op: (connection: DDLConnection) => DDLOp<T>): Promise<T> {
    return this.#queue.run(op(ddlConnection(this.core, this.syncConnection)) as Op<T>);
  }
  [EXPLAIN](statement: Node, options: ExplainOptions): Promise<QueryPlan> {
    return this.#queue.run(explain(this.core, statement, options));
  }
  [INSPECT](): AsyncInspector {
    return makeAsyncInspector(
      this.dialect,
      (ask) => this.core.reflecting(ask),
      (op) => this.#queue.run(op),
    );
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

// An operation, so that it has its turn in the queue.
function* callSync<T, Args extends unknown[]>(
  connection: Connection,
  fn: (connection: Connection, ...args: Args) => T,
  args: Args,
): Op<T> {
  if (turnIsLong()) yield BREATHE;
  const value = meaningToBlock(() => fn(connection, ...args));
  if (isPromise(value)) {
    void Promise.resolve(value).catch(() => {});
    throw new InvalidRequestError(
      "The function given to runSync() returned a promise. Inside runSync everything is synchronous: do not write async or " +
        "await there, or use the connection's own methods outside.",
    );
  }
  return value;
}

async function within<T>(
  transaction: AsyncTransaction,
  fn: (transaction: AsyncTransaction) => T | PromiseLike<T>,
): Promise<T> {
  let value: T;
  try {
    value = await fn(transaction);
  } catch (error) {
    try {
      await transaction.rollback();
    } catch {
      // The error of the function is the one to tell.
    }
    throw error;
  }
  if (transaction.isActive) await transaction.commit();
  return value;
}
