/** The synchronous face of a connection. */
import { type DDLConnection, type DDLOp, RUN_DDL, type SyncDDLBind } from "../sql/ddl-runner.js";
import { EXPLAIN } from "../sql/explain.js";
import type { Node } from "../sql/node.js";
import type { ExplainOptions, QueryPlan } from "../sql/query-plan.js";
import type { ConnectionCore } from "./connection-core.js";
import { ddlConnection } from "./ddl-connection.js";
import type { EngineDialect, IsolationLevel, TransactionOptions } from "./dialect.js";
import type { DriverConnection } from "./driver.js";
import type { EngineEvents } from "./engine-events.js";
import { DISPATCH, type Dispatch } from "./events.js";
import { execDriverSql, execute, type Parameters } from "./execute.js";
import type { ExecutionOptions } from "./execution-options.js";
import { explain } from "./explain.js";
import { INSPECT } from "./inspection.js";
import { type Inspector, makeInspector } from "./inspector.js";
import { type Op, runSync } from "./io.js";
import type { EVENTS } from "./listen.js";
import type { Channel, ChannelLike } from "./notifications/channel.js";
import { notify } from "./notifications/notify.js";
import type { CursorResult, ScalarResult } from "./result.js";
import type { AnyStatement, Executable, ScalarOf } from "./statement-types.js";
import type { TransactionCore } from "./transaction-core.js";

/** A transaction or savepoint of a synchronous connection; `using` rolls it back unless it was committed. */
export class Transaction {
  constructor(readonly core: TransactionCore) {}

  /** Whether it can be committed. */
  get isActive(): boolean {
    return this.core.isActive;
  }
  /** Whether it is active and its connection is alive. */
  get isValid(): boolean {
    return this.core.isValid;
  }
  /** Whether it is a savepoint. */
  get nested(): boolean {
    return this.core.nested;
  }
  /** Commits, or releases the savepoint. Throws InvalidRequestError when it has ended. */
  commit(): void {
    runSync(this.core.commit());
  }
  /** Rolls back; does nothing when it has ended. */
  rollback(): void {
    runSync(this.core.rollback());
  }
  /** Rolls back unless it has ended. */
  close(): void {
    runSync(this.core.close());
  }
  [Symbol.dispose](): void {
    if (this.core.isActive) this.close();
  }
}

/**
 * A connection, synchronous: what `createEngine` gives, and `conn.runSync(fn)` of an asynchronous one.
 *
 * The first statement begins a transaction; `commit()` makes it last, `close()` without it rolls back.
 */
export class Connection implements SyncDDLBind {
  declare readonly [EVENTS]?: EngineEvents;

  constructor(
    /** The connection itself, shared with the asynchronous face. */
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

  /** Executes a statement; with a list of parameters once for each. Throws DatabaseError and its kinds. */
  execute<R>(statement: Executable<R>, params?: Parameters | null, options?: ExecutionOptions): CursorResult<R>;
  execute(statement: AnyStatement, params?: Parameters | null, options?: ExecutionOptions): CursorResult<unknown[]>;
  execute(statement: unknown, params?: Parameters | null, options?: ExecutionOptions): never {
    return runSync(execute(this.core, statement, params, options)) as never;
  }
  /** The first column of the first row, or null. */
  scalar<R>(statement: Executable<R>, params?: Parameters | null, options?: ExecutionOptions): ScalarOf<R> | null;
  scalar(statement: AnyStatement, params?: Parameters | null, options?: ExecutionOptions): unknown;
  scalar(statement: unknown, params?: Parameters | null, options?: ExecutionOptions): unknown {
    return runSync(execute(this.core, statement, params, options)).scalar();
  }
  /** The first column of all rows. */
  scalars<R>(
    statement: Executable<R>,
    params?: Parameters | null,
    options?: ExecutionOptions,
  ): ScalarResult<ScalarOf<R>>;
  scalars(statement: AnyStatement, params?: Parameters | null, options?: ExecutionOptions): ScalarResult<unknown>;
  scalars(statement: unknown, params?: Parameters | null, options?: ExecutionOptions): ScalarResult<unknown> {
    return runSync(execute(this.core, statement, params, options)).scalars();
  }
  /** Sends SQL as it is, with the driver's own placeholders. */
  execDriverSql(sql: string, params?: readonly unknown[], options?: ExecutionOptions): CursorResult<unknown[]> {
    return runSync(execDriverSql(this.core, sql, params, options)) as CursorResult<unknown[]>;
  }

  /** Begins a transaction; with a function, commits when it returns and rolls back when it throws. */
  begin(options?: TransactionOptions): Transaction;
  begin<T>(fn: (transaction: Transaction) => T, options?: TransactionOptions): T;
  begin<T>(
    first?: TransactionOptions | ((transaction: Transaction) => T),
    options?: TransactionOptions,
  ): Transaction | T {
    if (typeof first !== "function") return new Transaction(runSync(this.core.begin(first)));
    return within(new Transaction(runSync(this.core.begin(options))), first);
  }
  /** Sets a savepoint; with a function, releases it when that returns and rolls back to it when it throws. */
  beginNested(): Transaction;
  beginNested<T>(fn: (transaction: Transaction) => T): T;
  beginNested<T>(fn?: (transaction: Transaction) => T): Transaction | T {
    const transaction = new Transaction(runSync(this.core.beginNested()));
    return fn === undefined ? transaction : within(transaction, fn);
  }
  /** Commits the transaction, if one is open. */
  commit(): void {
    runSync(this.core.commit());
  }
  /** Rolls the transaction back, if one is open. */
  rollback(): void {
    runSync(this.core.rollback());
  }
  /** Gives the connection back; what was not committed is rolled back. */
  close(): void {
    runSync(this.core.close());
  }
  /** Throws the driver connection away. */
  invalidate(error?: unknown): void {
    runSync(this.core.invalidate(error));
  }
  /** Takes the connection out of the pool for good. */
  detach(): void {
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
  getTransaction(): Transaction | null {
    const transaction = this.core.getTransaction();
    return transaction === null ? null : new Transaction(transaction);
  }
  /** The innermost savepoint, or null. */
  getNestedTransaction(): Transaction | null {
    const transaction = this.core.getNestedTransaction();
    return transaction === null ? null : new Transaction(transaction);
  }
  /** Sets options of this connection and gives it back. */
  executionOptions(options: ExecutionOptions): this {
    this.core.setOptions(options);
    return this;
  }
  /** The options in force. */
  getExecutionOptions(): ExecutionOptions {
    return this.core.options;
  }
  /** The isolation level of this connection's transactions. */
  getIsolationLevel(): IsolationLevel {
    return runSync(this.core.isolationLevel());
  }
  /** The driver connection of the pool; its `raw` is the driver's own object. */
  getRawConnection(): DriverConnection {
    return this.core.driver;
  }

  /**
   * Sends on a channel, in this connection's transaction: it is delivered when that commits, and not if it does not.
   *
   * @param payload text, or what the channel says
   * @throws NotSupportedError where the database has no notifications; DatabaseError for a payload beyond 8,000 bytes
   */
  notify(channel: string, payload?: string): void;
  notify<T>(channel: Channel<T>, payload: T): void;
  notify(channel: ChannelLike, payload: unknown = ""): void {
    runSync(notify(this.core, channel, payload));
  }

  [RUN_DDL]<T>(op: (connection: DDLConnection) => DDLOp<T>): T {
    return runSync(op(ddlConnection(this.core, this)) as Op<T>);
  }
  [EXPLAIN](statement: Node, options: ExplainOptions): QueryPlan {
    return runSync(explain(this.core, statement, options));
  }
  [INSPECT](): Inspector {
    return makeInspector(this.dialect, (ask) => this.core.reflecting(ask), runSync);
  }
  [Symbol.dispose](): void {
    this.close();
  }
}

function within<T>(transaction: Transaction, fn: (transaction: Transaction) => T): T {
  let value: T;
  try {
    value = fn(transaction);
  } catch (error) {
    transaction.rollback();
    throw error;
  }
  if (transaction.isActive) transaction.commit();
  return value;
}
