/** A connection as it runs statements; its transactions and its end are in transactional-connection.ts. */
import type { Compiled, CompileOptions, SchemaTranslateMap } from "../sql/compiled.js";
import { keepShape } from "../sql/keep-shape.js";
import type { Node } from "../sql/node.js";
import type { CachedStatement } from "./compiled-cache.js";
import type { ConnectionContext, ErrorContext, Origin } from "./context.js";
import { CursorCore } from "./cursor-core.js";
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
import { Dispatch } from "./events.js";
import { type ExecutionOptions, mergeOptions } from "./execution-options.js";
import { BREATHE, type Op, request, turnIsLong } from "./io.js";
import { planOf } from "./plan.js";
import type { QueryTags } from "./tags.js";
import { TransactionalConnection } from "./transactional-connection.js";
import { isWatched, watchedCursor, watchedRun } from "./watch.js";

export class ConnectionCore extends TransactionalConnection implements ConnectionContext {
  #watchStamp = -1;
  #watched = false;
  /** How the statement that runs next was come by; only the log reads it. */
  origin: Origin = "raw";

  override putOptions(options: ExecutionOptions): void {
    super.putOptions(options);
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
    const all = map === undefined || options?.schemaTranslateMap ? options : { ...options, schemaTranslateMap: map };
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
    const driver = this.root === null || this.opened === null ? yield* this.ready() : this.opened;
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
    const driver = this.opened;
    if (this.root === null || driver === null || this.#isWatched()) return null;
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
    const driver = this.root === null || this.opened === null ? yield* this.ready() : this.opened;
    if (driver.immediate && turnIsLong()) yield BREATHE;
    const plan = planOf(compiled, this.dialect);
    if (this.#isWatched()) return (yield* watchedRun(this, driver, plan, sets, signal, true)) as DriverManyResult;
    return yield* this.rawMany(driver, plan, sets, signal);
  }

  /** Runs a compiled INSERT, UPDATE or DELETE of one row for many rows, no two of which are the same row of the table. */
  *runRows(compiled: Compiled, rows: ValueRows): Op<DriverManyResult> {
    const driver = this.root === null || this.opened === null ? yield* this.ready() : this.opened;
    if (driver.immediate && turnIsLong()) yield BREATHE;
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
    const driver = this.root === null || this.opened === null ? yield* this.ready() : this.opened;
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
    const driver = yield* this.ready();
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
    const driver = yield* this.ready();
    try {
      return yield* ask(driver);
    } catch (error) {
      return yield* this.fail(error, { plan: null, params: [], isMany: false });
    }
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

  #isWatched(): boolean {
    if (this.#watchStamp !== Dispatch.stamp) {
      this.#watched = isWatched(this);
      this.#watchStamp = Dispatch.stamp;
    }
    return this.#watched;
  }
}

keepShape(new ConnectionCore({ dialect: {}, options: {} } as never, { driver: null } as never));
