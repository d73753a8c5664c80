/** What the parts of a connection know of each other; interfaces, so that no two files import each other. */
import type { CompileOptions } from "../sql/compiled.js";
import type { Node } from "../sql/node.js";
import type { CachedStatement } from "./compiled-cache.js";
import type { EngineDialect, IsolationLevel } from "./dialect.js";
import type { DriverConnection, DriverCursor, DriverManyResult, DriverPlan, DriverResult } from "./driver.js";
import type { DISPATCH, Dispatch } from "./events.js";
import type { ExecutionOptions } from "./execution-options.js";
import type { Op } from "./io.js";
import type { EchoFunction } from "./logging.js";
import type { Pool } from "./pool/pool.js";
import type { ConnectionRecord } from "./pool/record.js";
import type { URL } from "./url.js";

/** How a statement was come by, for the log. */
export type Origin = "cached" | "generated" | "raw" | "no key";

/** The engine, as its connections see it. */
export interface EngineContext {
  readonly name: string;
  readonly url: URL;
  readonly dialect: EngineDialect;
  readonly options: ExecutionOptions;
  readonly pool: Pool;
  /** Takes the log; null when nothing is logged. */
  readonly echo: EchoFunction | null;
  readonly echoRows: boolean;
  readonly hideParameters: boolean;
  readonly [DISPATCH]: Dispatch;
  /** The compiled form of a statement, from the cache where it is there. */
  cached(node: Node, options?: CompileOptions, useCache?: boolean): CachedStatement;
  /** Makes the dispatch of a connection that somebody listens to, or sends something. */
  connectionDispatch(): Dispatch;
  checkIsolationLevel(level: IsolationLevel | undefined): void;
  closeDetached(record: ConnectionRecord): Op<void>;
  /** Stops looking out for a connection that is dropped without being closed. */
  unwatch(connection: TransactionContext): void;
}

/** What an error is told about its statement. */
export interface ErrorContext {
  readonly plan: DriverPlan | null;
  readonly params: unknown;
  readonly isMany: boolean;
  readonly statement?: string;
}

/** The connection, as its transactions see it. */
export interface TransactionContext {
  readonly engine: EngineContext;
  readonly options: ExecutionOptions;
  readonly closed: boolean;
  readonly invalidated: boolean;
  readonly [DISPATCH]: Dispatch;
  /** Whether anybody listens to an event of the connection. */
  hears(name: string): boolean;
  endTransaction(transaction: object, commit: boolean): Op<void> | null;
  prepareTransaction(id?: string): Op<void>;
  fail(error: unknown, context: ErrorContext): Op<never>;
}

/** The connection, as its cursors and listeners see it. */
export interface ConnectionContext extends TransactionContext {
  origin: Origin;
  /** The driver connection. Throws when there is none. */
  readonly driver: DriverConnection;
  rawRun(c: DriverConnection, plan: DriverPlan, params: readonly unknown[], signal?: AbortSignal): Op<DriverResult>;
  rawMany(
    c: DriverConnection,
    plan: DriverPlan,
    sets: readonly (readonly unknown[])[],
    signal?: AbortSignal,
  ): Op<DriverManyResult>;
  rawCursor(c: DriverConnection, plan: DriverPlan, params: readonly unknown[], signal?: AbortSignal): Op<DriverCursor>;
}
