/** A connection at work: statements, transactions, cursors. Written once; the async and sync faces are thin over it. */
import { randomUUID } from "node:crypto";
import type { Compiled, CompileOptions, SchemaTranslateMap } from "../sql/compiled.js";
import { AthanorError, InvalidRequestError, ResourceClosedError } from "../sql/errors.js";
import { keepShape } from "../sql/keep-shape.js";
import type { Node } from "../sql/node.js";
import { translating } from "../sql/schema-translation.js";
import type { CachedStatement } from "./compiled-cache.js";
import { concealError, shownParameters } from "./concealed.js";
import type { ConnectionContext, EngineContext, ErrorContext, Origin } from "./context.js";
import { CursorCore } from "./cursor-core.js";
import type { EngineDialect, IsolationLevel, SettingValues, TransactionOptions } from "./dialect.js";
import {
  Blocked,
  type DriverConnection,
  type DriverCursor,
  type DriverManyResult,
  type DriverPlan,
  type DriverResult,
  RunManyRequest,
  RunRequest,
  RunRowsRequest,
  takesRows,
  type ValueRows,
} from "./driver.js";
import { DatabaseError, PendingConnectionRollbackError, StatementError } from "./errors.js";
import { announceError, DISPATCH, Dispatch } from "./events.js";
import { type ExecutionOptions, mergeOptions } from "./execution-options.js";
import { Aborted, asOp, BREATHE, type Op, request, type Soon, tidyStack, turnIsLong } from "./io.js";
import { contextOf, planOf } from "./plan.js";
import type { ConnectionRecord } from "./pool/record.js";
import type { QueryTags } from "./tags.js";
import { TransactionCore } from "./transaction-core.js";
import { applySettings, settingsOf } from "./transaction-settings.js";
import { isWatched, watchedCursor, watchedRun } from "./watch.js";

type TwophaseStep = NonNullable<EngineDialect["prepareTwophase"]>;

export class ConnectionCore implements ConnectionContext {
  /** What statements are compiled for: the engine's dialect, with the schemas of this connection's `schemaTranslateMap`. */
  dialect: EngineDialect;
  /** Options of this connection, over the engine's. See `setOptions()`. */
  options: ExecutionOptions;
  #record: ConnectionRecord | null;
  /** The record that the connection was made with, which it knows after `close()` too. */
  readonly #origin: ConnectionRecord;
  #driver: DriverConnection | null;
  /** Made when somebody asks for it: most connections send nothing that anybody hears. */
  #dispatch: Dispatch | null = null;
  #root: TransactionCore | null = null;
  #innermost: TransactionCore | null = null;
  #savepoints = 0;
  /** What the transaction was begun with; undefined is the database's default. */
  #level: IsolationLevel | undefined;
  #watchStamp = -1;
  #watched = false;
  /** How the statement that runs next was come by; only the log reads it. */
  origin: Origin = "raw";

  constructor(
    readonly engine: EngineContext,
    record: ConnectionRecord,
  ) {
    this.options = engine.options;
    this.dialect = translating(engine.dialect, this.options.schemaTranslateMap);
    this.#record = record;
    this.#origin = record;
    this.#driver = record.driver;
  }

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
    return this.#record !== null && this.#driver === null;
  }

  /** A dictionary that lives as long as the driver connection, across checkouts. */
  get info(): Record<string, unknown> {
    return this.#use().info;
  }

  /** The driver connection. Throws when there is none. */
  get driver(): DriverConnection {
    this.#use();
    return this.#driver ?? this.#invalid();
  }

  /** The pool's record of the connection. */
  get record(): ConnectionRecord {
    return this.#use();
  }

  inTransaction(): boolean {
    return this.#root?.isActive ?? false;
  }

  inNestedTransaction(): boolean {
    return this.#innermost?.nested ?? false;
  }

  /** The outermost transaction, or null. */
  getTransaction(): TransactionCore | null {
    return this.#root;
  }

  /** The innermost savepoint, or null. */
  getNestedTransaction(): TransactionCore | null {
    return this.#innermost?.nested ? this.#innermost : null;
  }

  /** Sets options of this connection. The isolation level can only change between transactions. */
  setOptions(options: ExecutionOptions): void {
    this.#use();
    if ((options.isolationLevel !== undefined || options.readOnly !== undefined) && this.#root !== null) {
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
    this.#watchStamp = -1;
  }

  /** Runs an operation with other names for schemas than the connection's own; undefined leaves them as they are. */
  *withSchemas<T>(map: SchemaTranslateMap | undefined, op: () => Op<T>): Op<T> {
    return map === undefined ? yield* op() : yield* this.#with({ schemaTranslateMap: map }, op);
  }

  /** Runs an operation with further query tags; undefined leaves them as they are. */
  *withTags<T>(tags: QueryTags | undefined, op: () => Op<T>): Op<T> {
    return tags === undefined ? yield* op() : yield* this.#with({ tags }, op);
  }

  *#with<T>(options: ExecutionOptions, op: () => Op<T>): Op<T> {
    const before = this.options;
    this.putOptions(mergeOptions(before, options));
    try {
      return yield* op();
    } finally {
      this.putOptions(before);
    }
  }

  // --- statements --------------------------------------------------------------------------------------------------

  /** The compiled form of a statement with the schemas of this connection, from the engine's cache where it is there. */
  cached(node: Node, options?: CompileOptions, useCache = true): CachedStatement {
    const map = this.options.schemaTranslateMap;
    const all = map === undefined ? options : { schemaTranslateMap: map, ...options };
    return this.engine.cached(node, all, useCache);
  }

  /**
   * Runs a compiled statement and gives the driver's raw rows.
   *
   * This is the fast path of everything: on a driver that answers at once it makes no promise, no closure and no event
   * object, and reads no clock unless somebody listens.
   *
   * @param params the driver's values, from `compiled.bind(...)`.
   * @throws DatabaseError with statement and parameters.
   */
  *run(compiled: Compiled, params: readonly unknown[], signal?: AbortSignal): Op<DriverResult> {
    if (signal?.aborted) throw signal.reason;
    const driver = this.#root === null || this.#driver === null ? yield* this.#ready() : this.#driver;
    if (driver.immediate && turnIsLong()) yield BREATHE;
    const plan = planOf(compiled, this.dialect);
    if (this.#isWatched()) return yield* watchedRun(this, driver, plan, params, signal);
    if (driver.immediate) {
      try {
        return driver.runSync(plan, params);
      } catch (error) {
        return yield* this.#afterError(error, plan, params);
      }
    }
    try {
      return yield new RunRequest(driver, plan, params, signal);
    } catch (error) {
      return yield* this.fail(error, { plan, params, isMany: false });
    }
  }

  /**
   * Does of {@link run} what needs no operation, for loops that make many: gives the result of a driver that answers at once, or the request that the
   * caller has to yield. Null where the statement has to take the long way. What is thrown, here or by the request, is for {@link recover}.
   */
  start(compiled: Compiled, params: readonly unknown[]): DriverResult | RunRequest | null {
    const driver = this.#driver;
    if (this.#root === null || driver === null || this.#isWatched()) return null;
    if (!driver.immediate) return new RunRequest(driver, planOf(compiled, this.dialect), params, undefined);
    return turnIsLong() ? null : driver.runSync(planOf(compiled, this.dialect), params);
  }

  /** What becomes of an error of {@link start}: one of ours, or the result after a wait. */
  recover(error: unknown, compiled: Compiled, params: readonly unknown[]): Op<DriverResult> {
    return this.#afterError(error, planOf(compiled, this.dialect), params);
  }

  /** Runs one compiled statement with many parameter sets. */
  *runMany(compiled: Compiled, sets: readonly (readonly unknown[])[], signal?: AbortSignal): Op<DriverManyResult> {
    if (signal?.aborted) throw signal.reason;
    const driver = this.#root === null || this.#driver === null ? yield* this.#ready() : this.#driver;
    if (driver.immediate && turnIsLong()) yield BREATHE;
    const plan = planOf(compiled, this.dialect);
    if (this.#isWatched()) return (yield* watchedRun(this, driver, plan, sets, signal, true)) as DriverManyResult;
    return yield* this.rawMany(driver, plan, sets, signal);
  }

  /** Runs a compiled INSERT, UPDATE or DELETE of one row for many rows, no two of which are the same row of the table. */
  *runRows(compiled: Compiled, rows: ValueRows): Op<DriverManyResult> {
    if (turnIsLong()) yield BREATHE;
    const driver = this.#root === null || this.#driver === null ? yield* this.#ready() : this.#driver;
    // Whoever watches statements sees parameter sets.
    if (!takesRows(driver) || this.#isWatched()) return yield* this.runMany(compiled, rows.toSets());
    const plan = planOf(compiled, this.dialect);
    for (;;) {
      try {
        if (!driver.immediate) return yield new RunRowsRequest(driver, plan, rows, undefined);
        return driver.runRowsSync(plan, rows);
      } catch (error) {
        yield* this.waitIfBlocked(error, { plan, params: rows.toSets(), isMany: true });
      }
    }
  }

  /** Runs SQL as it is. `params` are the driver's own, in its own style. */
  *runText(plan: DriverPlan, params: readonly unknown[], signal?: AbortSignal): Op<DriverResult> {
    if (signal?.aborted) throw signal.reason;
    const driver = this.#root === null || this.#driver === null ? yield* this.#ready() : this.#driver;
    if (driver.immediate && turnIsLong()) yield BREATHE;
    if (this.#isWatched()) return yield* watchedRun(this, driver, plan, params, signal);
    return yield* this.rawRun(driver, plan, params, signal);
  }

  /** The statement itself, without listeners. */
  *rawRun(
    driver: DriverConnection,
    plan: DriverPlan,
    params: readonly unknown[],
    signal?: AbortSignal,
  ): Op<DriverResult> {
    try {
      if (!driver.immediate) return yield new RunRequest(driver, plan, params, signal);
      return driver.runSync(plan, params);
    } catch (error) {
      return yield* this.#afterError(error, plan, params);
    }
  }

  /** The statement itself with many parameter sets, without listeners. */
  *rawMany(
    driver: DriverConnection,
    plan: DriverPlan,
    sets: readonly (readonly unknown[])[],
    signal?: AbortSignal,
  ): Op<DriverManyResult> {
    for (;;) {
      try {
        if (!driver.immediate) return yield new RunManyRequest(driver, plan, sets, signal);
        return driver.runManySync(plan, sets);
      } catch (error) {
        yield* this.waitIfBlocked(error, { plan, params: sets, isMany: true });
      }
    }
  }

  /** Opens a server-side cursor on a compiled statement. `chunk` is how many rows a fetch brings by default. */
  *cursor(compiled: Compiled, params: readonly unknown[], chunk = 1000, signal?: AbortSignal): Op<CursorCore> {
    return yield* this.openCursor(planOf(compiled, this.dialect), params, chunk, signal);
  }

  *openCursor(plan: DriverPlan, params: readonly unknown[], chunk: number, signal?: AbortSignal): Op<CursorCore> {
    if (signal?.aborted) throw signal.reason;
    const driver = yield* this.#ready();
    const [sent, values, cursor] = this.#isWatched()
      ? yield* watchedCursor(this, driver, plan, params, signal)
      : [plan, params, yield* this.rawCursor(driver, plan, params, signal)];
    return new CursorCore(this, driver, cursor, sent, values, chunk, signal);
  }

  /** Opens the cursor itself, without listeners. */
  *rawCursor(
    driver: DriverConnection,
    plan: DriverPlan,
    params: readonly unknown[],
    signal?: AbortSignal,
  ): Op<DriverCursor> {
    for (;;) {
      try {
        if (driver.immediate) return driver.openCursorSync(plan, params);
        return yield request(
          (ambient) => driver.openCursor(plan, params, signal ?? ambient),
          () => driver.openCursorSync(plan, params),
        );
      } catch (error) {
        yield* this.waitIfBlocked(error, { plan, params, isMany: false });
      }
    }
  }

  /** Asks the dialect about the schema, inside this connection's transaction. */
  *reflecting<T>(ask: (driver: DriverConnection) => Op<T>): Op<T> {
    const driver = yield* this.#ready();
    try {
      return yield* ask(driver);
    } catch (error) {
      return yield* this.fail(error, { plan: null, params: [], isMany: false });
    }
  }

  /** The isolation level that is in force in the transaction, or will be in the next one; asks the database where nobody has said it. */
  *isolationLevel(): Op<IsolationLevel> {
    const said = this.#root === null ? this.options.isolationLevel : this.#level;
    const { dialect } = this.engine;
    if (said !== undefined || dialect.readIsolationLevel === undefined) return said ?? dialect.defaultIsolationLevel;
    this.#use();
    if (this.#driver === null) yield* this.#reconnect();
    try {
      return yield* dialect.readIsolationLevel(this.driver);
    } catch (error) {
      return yield* this.fail(error, { plan: null, params: [], isMany: false });
    }
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
    this.#use();
    if (this.#root !== null) {
      throw new InvalidRequestError(
        "This connection has already begun a transaction, by begin() or by its first statement (autobegin); call commit() or " +
          "rollback() first, or beginNested() for a savepoint",
      );
    }
    this.engine.checkIsolationLevel(options.isolationLevel);
    return this.#driver === null ? this.#beginAnew(options) : this.#beginRoot(options, false);
  }

  *#beginAnew(options: TransactionOptions): Op<TransactionCore> {
    yield* this.#reconnect();
    const begun = this.#beginRoot(options, false);
    return begun instanceof TransactionCore ? begun : yield* begun;
  }

  /** Sets a savepoint; begins a transaction around it when there is none. */
  *beginNested(): Op<TransactionCore> {
    yield* this.#ready();
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
    this.#use();
    if (this.#root !== null) yield* this.#root.commit();
  }

  /** Rolls the transaction back, if there is one. */
  *rollback(): Op<void> {
    this.#use();
    if (this.#root !== null) {
      if (this.#root.isActive) yield* this.#root.rollback();
      else this.#forgetTransactions(this.#root);
    }
  }

  /** For TransactionCore: ends a transaction or savepoint and all that are inside it. Null: done at once. */
  endTransaction(transaction: TransactionCore, commit: boolean): Op<void> | null {
    const { savepoint } = transaction;
    let waiting: Op<void> | null = null;
    try {
      // Without a connection, the database has rolled back by itself when that died.
      if (this.#driver !== null)
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
      // A failed commit (deferred constraints, serialization) leaves nothing to commit: the transaction is over.
      yield* this.#rollbackQuietly();
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
    const driver = this.#driver as DriverConnection;
    const event = commit ? "commit" : "rollback";
    if (this.hears(event)) this[DISPATCH].fire(event, this);
    const { dialect } = this.engine;
    return commit
      ? this.control("COMMIT", () => dialect.commit(driver))
      : this.control("ROLLBACK", () => dialect.rollback(driver));
  }

  #endSavepoint(name: string, commit: boolean): Op<void> | null {
    const driver = this.#driver as DriverConnection;
    const event = commit ? "releaseSavepoint" : "rollbackSavepoint";
    if (this.hears(event)) this[DISPATCH].fire(event, this, name);
    const { dialect } = this.engine;
    return commit
      ? this.control(`RELEASE SAVEPOINT ${name}`, () => dialect.releaseSavepoint(driver, name))
      : this.control(`ROLLBACK TO SAVEPOINT ${name}`, () => dialect.rollbackToSavepoint(driver, name));
  }

  *#rollbackQuietly(): Op<void> {
    const driver = this.#driver;
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
    if (this.#root === ended) {
      this.#root = null;
      this.#innermost = null;
    }
  }

  #beginRoot(options: TransactionOptions, implicit: boolean): Soon<TransactionCore> {
    const driver = this.#driver as DriverConnection;
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
      if (transaction.isActive && this.#driver !== null) yield* transaction.rollback();
      throw error;
    }
    return transaction;
  }

  #begun(): TransactionCore {
    const transaction = new TransactionCore(this, null, null);
    this.#root = transaction;
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
    const root = this.#root;
    if (root === null) return this.#giveBack(record);
    // The pool's reset does the rolling back; here the log and the listeners are told.
    if (this.#driver !== null && root.isActive) {
      const waiting = this.#endRoot(false);
      if (waiting !== null) return this.#closeWaiting(record, root, waiting);
    }
    this.#forgetTransactions(root);
    return this.#giveBack(record);
  }

  *#closeWaiting(record: ConnectionRecord, root: TransactionCore, waiting: Op<void>): Op<void> {
    try {
      yield* waiting;
    } catch {
      // The reset will find the connection broken and close it.
    }
    this.#forgetTransactions(root);
    const returning = this.#giveBack(record);
    if (returning !== null) yield* returning;
  }

  #giveBack(record: ConnectionRecord): Op<void> | null {
    this.#driver = null;
    this.engine.unwatch(this);
    return record.detached ? this.engine.closeDetached(record) : this.engine.pool.checkin(record);
  }

  /** Throws the driver connection away. The transaction, if any, must be rolled back before another one is opened. */
  *invalidate(error?: unknown): Op<void> {
    const record = this.#use();
    if (this.#driver === null) return;
    this.#driver = null;
    yield* this.engine.pool.invalidate(record, error);
  }

  /** Takes the connection out of the pool for good: `close()` will close it. */
  detach(): void {
    this.engine.pool.detach(this.#use());
  }

  // --- errors ------------------------------------------------------------------------------------------------------

  /** Turns a driver's error into one of ours, with the statement, and throws it; a dead connection is thrown away. */
  *fail(error: unknown, context: ErrorContext): Op<never> {
    if (error instanceof AthanorError && !(error instanceof DatabaseError && error.statement === null)) throw error;
    const { engine } = this;
    const { dialect } = engine;
    let ours: unknown = error;
    const { plan, params, isMany } = context;
    const known = contextOf(plan);
    concealError(known, params, isMany, error);
    const translated = error instanceof DatabaseError ? null : dialect.translateError(error);
    const statement = {
      statement: context.statement ?? plan?.text ?? null,
      parameters: shownParameters(known, params, isMany),
      hideParameters: engine.hideParameters,
      isMany,
    };
    if (translated !== null) {
      ours = new translated.errorClass(translated.message, statement, error, translated.details);
    } else if (error instanceof DatabaseError) {
      const again = new (error.constructor as typeof DatabaseError)(error.reason, statement, error.cause, error);
      ours = again;
    } else if (error instanceof Aborted) {
      ours = error.reason;
    } else {
      const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      ours = new StatementError(reason, statement, error);
    }
    let disconnect = dialect.isDisconnect(error, this.#driver);
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

  /** Waits for what an immediate driver waits for; any other error is thrown as ours. */
  *waitIfBlocked(error: unknown, context: ErrorContext): Op<void> {
    if (!(error instanceof Blocked)) {
      yield* this.fail(error, context);
      return;
    }
    try {
      yield error.request;
    } catch (refused) {
      yield* this.fail(refused, context);
    }
  }

  *#afterError(error: unknown, plan: DriverPlan, params: readonly unknown[]): Op<DriverResult> {
    let reason = error;
    for (;;) {
      yield* this.waitIfBlocked(reason, { plan, params, isMany: false });
      try {
        return this.driver.runSync(plan, params);
      } catch (again) {
        reason = again;
      }
    }
  }

  // --- inside ------------------------------------------------------------------------------------------------------

  #use(): ConnectionRecord {
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
  *#ready(): Op<DriverConnection> {
    this.#use();
    if (this.#driver === null) {
      if (this.#root !== null) this.#invalid();
      yield* this.#reconnect();
    }
    if (this.#root === null) {
      const begun = this.#beginRoot({}, true);
      if (!(begun instanceof TransactionCore)) yield* begun;
    } else if (!this.#root.isActive) {
      throw new PendingConnectionRollbackError(
        "This transaction is inactive; call rollback() on the connection first.",
      );
    }
    return this.#driver as DriverConnection;
  }

  *#reconnect(): Op<void> {
    const record = this.#use();
    yield* this.engine.pool.reopen(record);
    this.#driver = record.driver;
  }

  #isWatched(): boolean {
    if (this.#watchStamp !== Dispatch.stamp) {
      this.#watched = isWatched(this);
      this.#watchStamp = Dispatch.stamp;
    }
    return this.#watched;
  }
}

/** What the log says of a transaction, without what it adds: `BEGIN` of `BEGIN (implicit)`. */
function wordsOf(action: string): string {
  return action.replace(/ \(.*/, "");
}

keepShape(new ConnectionCore({ dialect: {}, options: {} } as never, { driver: null } as never));
