/** A connection from the pool, its transactions, and how it ends: what `ConnectionCore` runs statements in. */
import { randomUUID } from "node:crypto";
import { AthanorError, errorKind, InvalidRequestError, ResourceClosedError } from "../sql/errors.js";
import { translating } from "../sql/schema-translation.js";
import { warnBeside } from "../sql/warnings.js";
import { concealError } from "./concealed.js";
import type { EngineContext, ErrorContext, TransactionContext } from "./context.js";
import type { EngineDialect, IsolationLevel, SettingValues, TransactionOptions } from "./dialect.js";
import type { DriverConnection, DriverPlan, DriverResult } from "./driver.js";
import { DatabaseError, PendingConnectionRollbackError, StatementError } from "./errors.js";
import { announceError, DISPATCH, type Dispatch } from "./events.js";
import { type ExecutionOptions, mergeOptions } from "./execution-options.js";
import { asOp, type Op, type Soon, tidyStack } from "./io.js";
import { ownError, statementOf } from "./own-error.js";
import { contextOf } from "./plan.js";
import type { ConnectionRecord } from "./pool/record.js";
import { TransactionCore } from "./transaction-core.js";
import { applySettings, settingsOf } from "./transaction-settings.js";
import { LEFT_PREPARED } from "./warnings.js";

type TwophaseStep = NonNullable<EngineDialect["prepareTwophase"]>;

const begunAlready = errorKind(InvalidRequestError, "ATHANOR_CONNECTION_BEGUN", {
  message: () =>
    "This connection has already begun a transaction, by begin() or by its first statement (autobegin); call commit() or " +
    "rollback() first, or beginNested() for a savepoint",
  cause: "begin() was called on a connection that has a transaction. Its first statement begins one by itself.",
  cure: "Call begin() before the first statement, or commit() and rollback() without it; for a part that may fail alone use beginNested().",
});

/** See the file's head. `ConnectionCore` is the only one; statements begin a transaction here where none has. */
export abstract class TransactionalConnection implements TransactionContext {
  /** What statements are compiled for: the engine's dialect, with the schemas of this connection's `schemaTranslateMap`. */
  dialect: EngineDialect;
  /** Options of this connection, over the engine's. See `setOptions()`. */
  options: ExecutionOptions;
  nurseryPlace = -1;
  #record: ConnectionRecord | null;
  /** The record that the connection was made with, which it knows after `close()` too. */
  readonly #origin: ConnectionRecord;
  /** Null once it was lost or given back. */
  protected opened: DriverConnection | null;
  /** Made when somebody asks for it: most connections send nothing that anybody hears. */
  #dispatch: Dispatch | null = null;
  /** The outermost transaction. */
  protected root: TransactionCore | null = null;
  #innermost: TransactionCore | null = null;
  #savepoints = 0;
  /** What the transaction was begun with; undefined is the database's default. */
  #level: IsolationLevel | undefined;

  constructor(
    readonly engine: EngineContext,
    record: ConnectionRecord,
  ) {
    this.options = engine.options;
    this.dialect = translating(engine.dialect, this.options.schemaTranslateMap);
    this.#record = record;
    this.#origin = record;
    this.opened = record.driver;
  }

  /** Runs SQL as it is, in the transaction. */
  abstract runText(plan: DriverPlan, params: readonly unknown[]): Op<DriverResult>;

  // --- state -------------------------------------------------------------------------------------------------------

  get [DISPATCH](): Dispatch {
    this.#dispatch ??= this.engine.connectionDispatch();
    return this.#dispatch;
  }

  hears(name: string): boolean {
    return (this.#dispatch ?? this.engine[DISPATCH]).has(name);
  }

  /** Whether `close()` or `detach` and `close()` have been called. */
  get closed(): boolean {
    return this.#record === null;
  }

  /** Whether the driver connection was thrown away; the next statement outside a transaction opens another. */
  get invalidated(): boolean {
    return this.#record !== null && this.opened === null;
  }

  /** A dictionary that lives as long as the driver connection, across checkouts. */
  get info(): Record<string, unknown> {
    return this.use().info;
  }

  /** The driver connection. Throws when there is none. */
  get driver(): DriverConnection {
    this.use();
    return this.opened ?? this.#invalid();
  }

  /** The pool's record of the connection. */
  get record(): ConnectionRecord {
    return this.use();
  }

  inTransaction(): boolean {
    return this.root?.isActive ?? false;
  }

  inNestedTransaction(): boolean {
    return this.#innermost?.nested ?? false;
  }

  /** The outermost transaction, or null. */
  getTransaction(): TransactionCore | null {
    return this.root;
  }

  /** The innermost savepoint, or null. */
  getNestedTransaction(): TransactionCore | null {
    return this.#innermost?.nested ? this.#innermost : null;
  }

  /** Sets options of this connection. The isolation level can only change between transactions. */
  setOptions(options: ExecutionOptions): void {
    this.use();
    if ((options.isolationLevel !== undefined || options.readOnly !== undefined) && this.root !== null) {
      throw new InvalidRequestError(
        "This connection has already begun a transaction; its isolation level cannot be altered until rollback() or " +
          "commit() is called",
      );
    }
    this.engine.checkIsolationLevel(options.isolationLevel);
    this.putOptions(mergeOptions(this.options, options));
  }

  /** Puts options in the place of those that there are: as they were before somebody borrowed the connection. */
  putOptions(options: ExecutionOptions): void {
    this.options = options;
    this.dialect = translating(this.engine.dialect, options.schemaTranslateMap);
  }

  // --- transactions ------------------------------------------------------------------------------------------------

  /**
   * Begins a transaction.
   * @throws InvalidRequestError when one has begun already, by `begin()` or by the first statement (autobegin)
   */
  *begin(options: TransactionOptions = {}): Op<TransactionCore> {
    const begun = this.beginSoon(options);
    return begun instanceof TransactionCore ? begun : yield* begun;
  }

  /** The same, at once where nothing has to be sent for it. */
  beginSoon(options: TransactionOptions = {}): Soon<TransactionCore> {
    this.use();
    if (this.root !== null) {
      throw begunAlready();
    }
    this.engine.checkIsolationLevel(options.isolationLevel);
    return this.opened === null ? this.#beginAnew(options) : this.#beginRoot(options, false);
  }

  *#beginAnew(options: TransactionOptions): Op<TransactionCore> {
    yield* this.#reconnect();
    const begun = this.#beginRoot(options, false);
    return begun instanceof TransactionCore ? begun : yield* begun;
  }

  /** Sets a savepoint; begins a transaction around it when there is none. */
  *beginNested(): Op<TransactionCore> {
    yield* this.ready();
    if (!this.dialect.capabilities.savepoints) {
      throw new InvalidRequestError(`The ${this.dialect.name} dialect has no savepoints`);
    }
    const name = `sa_savepoint_${++this.#savepoints}`;
    const driver = this.driver;
    yield* asOp(this.control(`SAVEPOINT ${name}`, () => this.engine.dialect.savepoint(driver, name)));
    if (this.hears("savepoint")) this[DISPATCH].fire("savepoint", this, name);
    const transaction = new TransactionCore(this, this.#innermost, name);
    this.#innermost = transaction;
    return transaction;
  }

  /** Commits the transaction, if there is one; the next statement begins another. */
  *commit(): Op<void> {
    this.use();
    if (this.root !== null) yield* this.root.commit();
  }

  /** Rolls the transaction back, if there is one. */
  *rollback(): Op<void> {
    this.use();
    if (this.root !== null) {
      if (this.root.isActive) yield* this.root.rollback();
      else this.#forgetTransactions(this.root);
    }
  }

  /** For TransactionCore: ends a transaction or savepoint and all that are inside it. Null: done at once. */
  endTransaction(transaction: TransactionCore, commit: boolean): Op<void> | null {
    const { savepoint } = transaction;
    let waiting: Op<void> | null = null;
    try {
      // Without a connection, the database has rolled back by itself when that died.
      if (this.opened !== null)
        waiting = savepoint === null ? this.#endRoot(commit) : this.#endSavepoint(savepoint, commit);
      else if (commit) this.#invalid();
    } catch (error) {
      return this.#endFailed(transaction, commit, error);
    }
    if (waiting !== null) return this.#endWaiting(transaction, commit, waiting);
    this.#forgetTransactions(transaction);
    return null;
  }

  *#endWaiting(transaction: TransactionCore, commit: boolean, waiting: Op<void>): Op<void> {
    try {
      yield* waiting;
    } catch (error) {
      yield* this.#endFailed(transaction, commit, error);
    }
    this.#forgetTransactions(transaction);
  }

  *#endFailed(transaction: TransactionCore, commit: boolean, error: unknown): Op<never> {
    if (commit && transaction.savepoint === null) {
      // A failed commit (deferred constraints, serialization) leaves nothing to commit: the transaction is over. One that is prepared still is: it was
      // a listener that has failed, and what the other databases have committed must not be rolled back here.
      if (this.opened?.prepared == null) yield* this.#rollbackQuietly();
      this.#forgetTransactions(transaction);
    } else if (!commit) this.#forgetTransactions(transaction);
    throw error;
  }

  /** For TransactionCore: the first phase of a commit in two phases. */
  *prepareTransaction(id: string = `athanor_${randomUUID()}`): Op<void> {
    const driver = this.driver;
    const { dialect } = this.engine;
    if (dialect.prepareTwophase === undefined) {
      throw new InvalidRequestError(`The ${dialect.name} dialect has no commit in two phases.`);
    }
    yield* asOp(this.control(`PREPARE TRANSACTION ${id}`, () => (dialect.prepareTwophase as TwophaseStep)(driver, id)));
  }

  #endRoot(commit: boolean): Op<void> | null {
    const driver = this.opened as DriverConnection;
    const event = commit ? "commit" : "rollback";
    if (this.hears(event)) this[DISPATCH].fire(event, this);
    const { dialect } = this.engine;
    return commit
      ? this.control("COMMIT", () => dialect.commit(driver))
      : this.control("ROLLBACK", () => dialect.rollback(driver));
  }

  #endSavepoint(name: string, commit: boolean): Op<void> | null {
    const driver = this.opened as DriverConnection;
    const event = commit ? "releaseSavepoint" : "rollbackSavepoint";
    if (this.hears(event)) this[DISPATCH].fire(event, this, name);
    const { dialect } = this.engine;
    return commit
      ? this.control(`RELEASE SAVEPOINT ${name}`, () => dialect.releaseSavepoint(driver, name))
      : this.control(`ROLLBACK TO SAVEPOINT ${name}`, () => dialect.rollbackToSavepoint(driver, name));
  }

  *#rollbackQuietly(): Op<void> {
    const driver = this.opened;
    if (driver === null) return;
    try {
      yield* asOp(this.control("ROLLBACK", () => this.engine.dialect.rollback(driver)));
    } catch {
      // The error of the commit is the one to tell.
    }
  }

  #forgetTransactions(ended: TransactionCore): void {
    let inner = this.#innermost;
    while (inner !== null && inner !== ended) {
      inner.ended("inactive");
      inner = inner.parent;
    }
    ended.ended("closed");
    // Only when it still was among the open ones: a savepoint may outlive its transaction as an object.
    if (inner === ended) this.#innermost = ended.parent;
    if (this.root === ended) {
      this.root = null;
      this.#innermost = null;
    }
  }

  #beginRoot(options: TransactionOptions, implicit: boolean): Soon<TransactionCore> {
    const driver = this.opened as DriverConnection;
    const isolationLevel = options.isolationLevel ?? this.options.isolationLevel;
    const readOnly = options.readOnly ?? this.options.readOnly;
    const deferrable = options.deferrable ?? this.options.deferrable;
    if (this.hears("begin")) this[DISPATCH].fire("begin", this);
    this.#level = isolationLevel;
    const how =
      isolationLevel === "AUTOCOMMIT" ? "implicit; autocommit, nothing is sent" : implicit ? "implicit" : "explicit";
    const waiting = this.control(`BEGIN (${how})`, () =>
      this.engine.dialect.begin(driver, { isolationLevel, readOnly, deferrable }),
    );
    const settings = settingsOf(this.options.settings, options.settings);
    return waiting === null && settings === null ? this.#begun() : this.#beginWaiting(waiting, settings);
  }

  *#beginWaiting(waiting: Op<void> | null, settings: SettingValues | null): Op<TransactionCore> {
    if (waiting !== null) yield* waiting;
    const transaction = this.#begun();
    if (settings === null) return transaction;
    try {
      yield* applySettings(this, settings, this.#level);
    } catch (error) {
      if (transaction.isActive && this.opened !== null) yield* transaction.rollback();
      throw error;
    }
    return transaction;
  }

  #begun(): TransactionCore {
    const transaction = new TransactionCore(this, null, null);
    this.root = transaction;
    this.#innermost = transaction;
    return transaction;
  }

  /**
   * Runs a statement of transaction control; its errors get the connection's context, the log gets a line.
   * @returns null where it was done at once
   */
  control(action: string, call: () => Op<void> | null): Op<void> | null {
    const { echo } = this.engine;
    if (echo !== null) {
      const token = this.options.loggingToken;
      echo({ kind: "transaction", engine: this.engine.name, action, ...(token === undefined ? {} : { token }) });
    }
    if (this.hears("beforeTransactionControl")) this[DISPATCH].fire("beforeTransactionControl", this, wordsOf(action));
    let waiting: Op<void> | null;
    try {
      waiting = call();
    } catch (error) {
      return this.fail(error, { plan: null, params: [], isMany: false, statement: action });
    }
    if (waiting !== null) return this.#controlWaiting(waiting, action);
    this.#announceControl(action);
    return null;
  }

  *#controlWaiting(waiting: Op<void>, action: string): Op<void> {
    try {
      yield* waiting;
    } catch (error) {
      yield* this.fail(error, { plan: null, params: [], isMany: false, statement: action });
    }
    this.#announceControl(action);
  }

  #announceControl(action: string): void {
    if (this.hears("afterTransactionControl")) this[DISPATCH].fire("afterTransactionControl", this, wordsOf(action));
  }

  /** The isolation level that is in force in the transaction, or will be in the next one; asks the database where nobody has said it. */
  *isolationLevel(): Op<IsolationLevel> {
    const said = this.root === null ? this.options.isolationLevel : this.#level;
    const { dialect } = this.engine;
    if (said !== undefined || dialect.readIsolationLevel === undefined) return said ?? dialect.defaultIsolationLevel;
    const driver = yield* this.reopened();
    try {
      return yield* dialect.readIsolationLevel(driver);
    } catch (error) {
      return yield* this.fail(error, { plan: null, params: [], isMany: false });
    }
  }

  // --- end ---------------------------------------------------------------------------------------------------------

  /** Rolls back what is open and gives the connection back to the pool. Does nothing the second time. */
  *close(): Op<void> {
    const waiting = this.closeSoon();
    if (waiting !== null) yield* waiting;
  }

  /** The same; null where it was done at once. */
  closeSoon(): Op<void> | null {
    const record = this.#record;
    if (record === null) return null;
    this.#record = null;
    const root = this.root;
    if (root === null) return this.#giveBack(record);
    // The pool's reset does the rolling back; here the log and the listeners are told.
    if (this.opened !== null && root.isActive) {
      const waiting = this.#endRoot(false);
      if (waiting !== null) return this.#closeWaiting(record, root, waiting);
    }
    this.#forgetTransactions(root);
    return this.#giveBack(record);
  }

  *#closeWaiting(record: ConnectionRecord, root: TransactionCore, waiting: Op<void>): Op<void> {
    try {
      yield* waiting;
    } catch (error) {
      // The reset will find the connection broken and close it.
      if (error instanceof DatabaseError && error.leftPrepared.length > 0) warnBeside(LEFT_PREPARED, error.reason);
    }
    this.#forgetTransactions(root);
    const returning = this.#giveBack(record);
    if (returning !== null) yield* returning;
  }

  #giveBack(record: ConnectionRecord): Op<void> | null {
    this.opened = null;
    this.engine.unwatch(this);
    return record.detached ? this.engine.closeDetached(record) : this.engine.pool.checkin(record);
  }

  /** Throws the driver connection away. The transaction, if any, must be rolled back before another one is opened. */
  *invalidate(error?: unknown): Op<void> {
    const record = this.use();
    if (this.opened === null) return;
    this.opened = null;
    yield* this.engine.pool.invalidate(record, error);
  }

  /** Takes the connection out of the pool for good: `close()` will close it. */
  detach(): void {
    this.engine.pool.detach(this.use());
  }

  // --- errors ------------------------------------------------------------------------------------------------------

  /** Turns a driver's error into one of ours, with the statement, and throws it; a dead connection is thrown away. */
  *fail(error: unknown, context: ErrorContext): Op<never> {
    if (error instanceof AthanorError && !(error instanceof DatabaseError && error.statement === null)) throw error;
    const { engine } = this;
    concealError(contextOf(context.plan), context.params, context.isMany, error);
    const statement = statementOf(context, engine.hideParameters);
    let ours = ownError(error, statement, engine.dialect);
    let disconnect = engine.dialect.isDisconnect(error, this.opened);
    if (this.hears("handleError")) {
      const facts = {
        connection: this,
        engine,
        statement: statement.statement,
        parameters: statement.parameters,
        originalError: error,
        error: ours,
        isDisconnect: disconnect,
        invalidatePoolOnDisconnect: true,
      };
      announceError(this[DISPATCH], facts);
      ours = facts.error;
      disconnect = facts.isDisconnect;
      if (disconnect && facts.invalidatePoolOnDisconnect) engine.pool.invalidateGeneration(this.#origin);
    } else if (disconnect) engine.pool.invalidateGeneration(this.#origin);
    if (disconnect) {
      if (ours instanceof DatabaseError) ours.connectionInvalidated = true;
      if (this.#record !== null) yield* this.invalidate(ours);
    }
    if (ours instanceof StatementError) tidyStack(ours);
    throw ours;
  }

  // --- inside ------------------------------------------------------------------------------------------------------

  protected use(): ConnectionRecord {
    if (this.#record === null) {
      throw new ResourceClosedError("This connection is closed. Take a new one with engine.connect().");
    }
    return this.#record;
  }

  #invalid(): never {
    throw new PendingConnectionRollbackError(
      "Can't reconnect until the invalid transaction is rolled back: the connection was lost inside a transaction. Call rollback().",
    );
  }

  // A usable driver connection inside a transaction.
  protected *ready(): Op<DriverConnection> {
    this.use();
    if (this.opened === null) yield* this.reopened();
    if (this.root === null) {
      const begun = this.#beginRoot({}, true);
      if (!(begun instanceof TransactionCore)) yield* begun;
    } else if (!this.root.isActive) {
      throw new PendingConnectionRollbackError(
        "This transaction is inactive; call rollback() on the connection first.",
      );
    }
    return this.opened as DriverConnection;
  }

  /**
   * The driver connection, opened anew where it was lost outside of a transaction.
   * @throws PendingConnectionRollbackError where it was lost inside one
   */
  *reopened(): Op<DriverConnection> {
    this.use();
    if (this.opened === null) {
      if (this.root !== null) this.#invalid();
      yield* this.#reconnect();
    }
    return this.driver;
  }

  *#reconnect(): Op<void> {
    const record = this.use();
    yield* this.engine.pool.reopen(record);
    this.opened = record.driver;
  }
}

/** What the log says of a transaction, without what it adds: `BEGIN` of `BEGIN (implicit)`. */
function wordsOf(action: string): string {
  return action.replace(/ \(.*/, "");
}
