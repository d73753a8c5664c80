/** The events of pools, engines and connections: names, and what their handlers are called with. */
import type { Node } from "../sql/node.js";
import type { ConnectionCore } from "./connection-core.js";
import type { EngineContext } from "./context.js";
import type { DriverConnection, DriverResult } from "./driver.js";
import { Dispatch } from "./events.js";
import type { ExecutionOptions } from "./execution-options.js";
import type { CursorContext } from "./plan.js";
import { POOL_EVENTS, poolDispatch } from "./pool/pool.js";
import type { ConnectionRecord } from "./pool/record.js";
import type { CursorResult } from "./result.js";
import type { URL } from "./url.js";

/** What a handler of `handleError` may read, and change where it says so. */
export interface ExceptionContext {
  readonly connection: ConnectionCore | null;
  readonly engine: EngineContext;
  readonly statement: string | null;
  readonly parameters: unknown;
  /** The driver's error. */
  readonly originalError: unknown;
  /** The error that will be thrown; a handler replaces it by returning another one. */
  readonly error: unknown;
  /** Whether the connection is dead. May be changed. */
  isDisconnect: boolean;
  /** Whether a disconnect has all other connections replaced too. May be changed. */
  invalidatePoolOnDisconnect: boolean;
}

/** Handlers of pool events. Those of connect, firstConnect, checkout and reset may be asynchronous. */
export interface PoolEvents {
  connect(connection: DriverConnection, record: ConnectionRecord): void | PromiseLike<unknown>;
  firstConnect(connection: DriverConnection, record: ConnectionRecord): void | PromiseLike<unknown>;
  /** May throw DisconnectionError: then another connection takes the place of this one. */
  checkout(connection: DriverConnection, record: ConnectionRecord): void | PromiseLike<unknown>;
  checkin(connection: DriverConnection, record: ConnectionRecord): void;
  reset(
    connection: DriverConnection,
    record: ConnectionRecord,
    state: { readonly reason: "rollback" | "commit" | null },
  ): void | PromiseLike<unknown>;
  invalidate(connection: DriverConnection, record: ConnectionRecord, error: unknown): void;
  softInvalidate(connection: DriverConnection, record: ConnectionRecord, error: unknown): void;
  detach(connection: DriverConnection | null, record: ConnectionRecord): void;
  close(connection: DriverConnection, record: ConnectionRecord): void;
}

/** Handlers of an engine's and a connection's events. All are synchronous but `doConnect`. */
export interface EngineEvents extends PoolEvents {
  /** Gives the driver's own connection object in place of the dialect's way of connecting, when it returns one. */
  doConnect(url: URL): unknown;
  engineConnect(connection: ConnectionCore): void;
  engineDisposed(engine: EngineContext): void;
  beforeExecute(connection: ConnectionCore, statement: Node, params: unknown, options: ExecutionOptions): Node | void;
  afterExecute(
    connection: ConnectionCore,
    statement: Node,
    params: unknown,
    options: ExecutionOptions,
    result: CursorResult<unknown>,
  ): void;
  /** May return other SQL or other parameters. */
  beforeCursorExecute(
    connection: ConnectionCore,
    statement: string,
    parameters: readonly unknown[],
    isMany: boolean,
    context: CursorContext,
  ): { readonly statement?: string; readonly parameters?: readonly unknown[] } | void;
  afterCursorExecute(
    connection: ConnectionCore,
    statement: string,
    parameters: readonly unknown[],
    isMany: boolean,
    result: DriverResult,
    context: CursorContext,
  ): void;
  begin(connection: ConnectionCore): void;
  commit(connection: ConnectionCore): void;
  rollback(connection: ConnectionCore): void;
  savepoint(connection: ConnectionCore, name: string): void;
  releaseSavepoint(connection: ConnectionCore, name: string): void;
  rollbackSavepoint(connection: ConnectionCore, name: string): void;
  /**
   * Around what begins and ends transactions and savepoints, with the words for it: `BEGIN`, `COMMIT`, `ROLLBACK`,
   * `SAVEPOINT sa_savepoint_1`. A dialect may send them later, with the next statement, or not at all. When it fails,
   * `handleError` follows in place of the second.
   */
  beforeTransactionControl(connection: ConnectionCore, statement: string): void;
  afterTransactionControl(connection: ConnectionCore, statement: string): void;
  /** Errors of statements and of connecting, where there is no connection yet. May return an error to be thrown in place of the one given. */
  handleError(context: ExceptionContext): Error | void;
}

/** The names of {@link EngineEvents} that an engine sends itself. */
export const ENGINE_EVENTS: ReadonlySet<string> = new Set([
  "doConnect",
  "engineConnect",
  "engineDisposed",
  "beforeExecute",
  "afterExecute",
  "beforeCursorExecute",
  "afterCursorExecute",
  "begin",
  "commit",
  "rollback",
  "savepoint",
  "releaseSavepoint",
  "rollbackSavepoint",
  "beforeTransactionControl",
  "afterTransactionControl",
  "handleError",
]);

/** A dispatch that hands the pool's events on to the pool's own dispatch: `event.listen(engine, "checkout", ...)`. */
export class EngineDispatch extends Dispatch {
  constructor(
    label: string,
    private readonly pool: Dispatch,
    parents: readonly Dispatch[],
  ) {
    super(ENGINE_EVENTS, label, parents);
  }

  override listen(...args: Parameters<Dispatch["listen"]>): void {
    if (POOL_EVENTS.has(args[0])) this.pool.listen(...args);
    else super.listen(...args);
  }

  protected override get known(): readonly string[] {
    return [...super.known, ...POOL_EVENTS];
  }

  override remove(...args: Parameters<Dispatch["remove"]>): boolean {
    return POOL_EVENTS.has(args[0]) ? this.pool.remove(...args) : super.remove(...args);
  }

  override contains(...args: Parameters<Dispatch["contains"]>): boolean {
    return POOL_EVENTS.has(args[0]) ? this.pool.contains(...args) : super.contains(...args);
  }
}

/** Hears all engines. */
export const engineDispatch: Dispatch = new EngineDispatch("Engine", poolDispatch, []);
