/** The synchronous engine. */

import type { CacheFigures } from "../sql/cache.js";
import { type DDLConnection, type DDLOp, RUN_DDL, type SyncDDLBind } from "../sql/ddl-runner.js";
import { EXPLAIN } from "../sql/explain.js";
import type { Node } from "../sql/node.js";
import type { ExplainOptions, QueryPlan } from "../sql/query-plan.js";
import { Connection } from "./connection.js";
import type { EngineDialect, TransactionOptions } from "./dialect.js";
import type { DriverConnection } from "./driver.js";
import { EngineCore } from "./engine-core.js";
import { type EngineEvents, engineDispatch } from "./engine-events.js";
import type { EngineOptions } from "./engine-options.js";
import { DISPATCH, type Dispatch } from "./events.js";
import type { Parameters } from "./execute.js";
import type { ExecutionOptions } from "./execution-options.js";
import { INSPECT } from "./inspection.js";
import { type InspectOptions, type Inspector, makeInspector } from "./inspector.js";
import { type Op, runSync } from "./io.js";
import type { EVENTS } from "./listen.js";
import type { Pool, PoolStatus } from "./pool/pool.js";
import type { CursorResult } from "./result.js";
import type { AnyStatement, Executable, ScalarOf } from "./statement-types.js";
import type { URL } from "./url.js";

/** An engine whose connections are synchronous: for drivers that can block (SQLite), and behind `runSync`. */
export class Engine implements SyncDDLBind {
  static readonly [DISPATCH]: Dispatch = engineDispatch;
  declare readonly [EVENTS]?: EngineEvents;

  constructor(
    /** The engine itself, shared with the asynchronous face. */
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

  /** Takes a connection; with a function, closes it afterwards. */
  connect(): Connection;
  connect<T>(fn: (connection: Connection) => T): T;
  connect<T>(fn?: (connection: Connection) => T): Connection | T {
    const connection = new Connection(runSync(this.core.connect()));
    if (fn === undefined) return connection;
    try {
      return fn(connection);
    } finally {
      connection.close();
    }
  }
  /** A connection with a transaction begun; with a function, commits when it returns and rolls back when it throws. */
  begin(options?: TransactionOptions): Connection;
  begin<T>(fn: (connection: Connection) => T, options?: TransactionOptions): T;
  begin<T>(first?: TransactionOptions | ((connection: Connection) => T), options?: TransactionOptions): Connection | T {
    if (typeof first === "function")
      return this.connect((connection) => connection.begin(() => first(connection), options));
    const connection = this.connect();
    connection.begin(first);
    return connection;
  }
  /** Executes one statement on a connection of its own and commits. */
  execute<R>(statement: Executable<R>, params?: Parameters | null, options?: ExecutionOptions): CursorResult<R>;
  execute(statement: AnyStatement, params?: Parameters | null, options?: ExecutionOptions): CursorResult<unknown[]>;
  execute(statement: unknown, params?: Parameters | null, options?: ExecutionOptions): never {
    return this.begin((connection) => connection.execute(statement as AnyStatement, params, options)) as never;
  }
  /** The first column of the first row of one statement, or null. */
  scalar<R>(statement: Executable<R>, params?: Parameters | null, options?: ExecutionOptions): ScalarOf<R> | null;
  scalar(statement: AnyStatement, params?: Parameters | null, options?: ExecutionOptions): unknown;
  scalar(statement: unknown, params?: Parameters | null, options?: ExecutionOptions): unknown {
    return this.execute(statement as AnyStatement, params, options).scalar();
  }
  /** Whether there is a table or view of that name. */
  hasTable(table: string, options?: InspectOptions): boolean {
    return this[INSPECT]().hasTable(table, options);
  }
  /** The names of all tables. */
  tableNames(options?: InspectOptions): readonly string[] {
    return this[INSPECT]().getTableNames(options);
  }
  /** An engine with other options over the same pool. */
  executionOptions(options: ExecutionOptions): Engine {
    return new Engine(this.core.withOptions(options));
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
  /** Closes the pool: unused connections now, the others when they return, or at once with `force`. */
  dispose(options?: { force?: boolean; reuse?: boolean }): void {
    runSync(this.core.dispose(options));
  }

  [RUN_DDL]<T>(op: (connection: DDLConnection) => DDLOp<T>): T {
    return this.begin((connection) => connection[RUN_DDL](op));
  }
  [EXPLAIN](statement: Node, options: ExplainOptions): QueryPlan {
    return this.connect((connection) => connection[EXPLAIN](statement, options));
  }
  [INSPECT](): Inspector {
    return makeInspector(this.dialect, (ask) => onConnection(this.core, ask), runSync);
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Asks on a connection of its own. */
export function* onConnection<T>(core: EngineCore, ask: (driver: DriverConnection) => Op<T>): Op<T> {
  const connection = yield* core.connect();
  try {
    return yield* connection.reflecting(ask);
  } finally {
    yield* connection.close();
  }
}

/**
 * Makes a synchronous engine. Nothing is connected before the first use.
 *
 * @example const engine = createEngine("sqlite:///app.db");
 * @throws ArgumentError for a URL that is none; NoSuchModuleError for a dialect that is not known
 */
export function createEngine(url: string | URL, options?: EngineOptions): Engine {
  return new Engine(EngineCore.create(url, options));
}
