/** Factories of sessions. */
import { AsyncConnection } from "../../engine/async-connection.js";
import { AsyncEngine } from "../../engine/async-engine.js";
import { Connection } from "../../engine/connection.js";
import { Engine } from "../../engine/engine.js";
import { DISPATCH, Dispatch } from "../../engine/events.js";
import { NO_OPTIONS } from "../../engine/execution-options.js";
import { type RetryOptions, retrying } from "../../engine/retry.js";
import { ArgumentError } from "../../sql/errors.js";
import { Table } from "../../sql/schema/table.js";
import type { AnyClass } from "../mapping/declarations.js";
import { warn } from "../warn.js";
import { AsyncSession } from "./async-session.js";
import type { Router } from "./binds.js";
import { SessionCore } from "./session-core.js";
import { SESSION_EVENTS } from "./session-events.js";
import { type Sharding, Shards } from "./sharding.js";
import { Session } from "./sync-session.js";
import type { Bind } from "./transaction.js";
import { type SessionCoreOptions, sessionDispatch } from "./transactional-session.js";

/** Options of sessions, under SQLAlchemy's names. */
export interface SessionOptions<B> extends Partial<SessionCoreOptions> {
  readonly bind?: B;
  /** Classes and tables with an engine of their own; a class also serves its subclasses. */
  readonly binds?: ReadonlyMap<AnyClass | AnyTable, B>;
  /**
   * The session's own routing, asked before `binds` and `bind` for each statement and flush. Its `engines` are those it may answer with: a
   * synchronous stretch (`runSync`) takes their connections beforehand.
   */
  readonly getBind?: Router<B> & { readonly engines?: readonly B[] };
  /** Spreads the session's objects over several databases, in place of `bind` and `binds`. */
  readonly sharding?: Sharding<B>;
}

type AnyTable = Table<unknown, unknown>;

function shardsOf(sharding: Sharding<unknown> | undefined, maker: string): Shards | null {
  if (sharding === undefined) return null;
  const { shards, ...choosers } = sharding;
  const entries = shards instanceof Map ? [...shards] : Object.entries(shards);
  return new Shards(new Map(entries.map(([id, bind]) => [id, coreOf(bind, maker)])), choosers);
}

export interface AsyncSessionOptions extends SessionOptions<AsyncEngine | AsyncConnection> {
  /**
   * Stops the session's operations when it is aborted: those that wait, those to come, and the statement that runs, which is cancelled. What ends
   * work (a commit that has begun, rollback, close) is done all the same.
   *
   * @example const session = Session({ signal: request.signal });
   */
  readonly signal?: AbortSignal;
}
export type SyncSessionOptions = SessionOptions<Engine | Connection>;

const BINDABLE = [AsyncEngine, AsyncConnection, Engine, Connection];

function coreOf(bind: unknown, maker: string): Bind {
  if (BINDABLE.some((kind) => bind instanceof kind)) return (bind as AsyncEngine | AsyncConnection).core;
  throw new ArgumentError(
    `${maker} takes an engine or a connection to bind to, not ${bind === null ? "null" : typeof bind}.`,
  );
}

function makeCore(options: SessionOptions<unknown>, maker: string, parents: readonly Dispatch[]): SessionCore {
  const { bind, binds, getBind, sharding, ...rest } = options;
  const shards = shardsOf(sharding, maker);
  const byClass = new Map<AnyClass, Bind>();
  const byTable = new Map<Table, Bind>();
  for (const [what, each] of binds ?? []) {
    if (what instanceof Table) byTable.set(what as Table, coreOf(each, maker));
    else byClass.set(what as AnyClass, coreOf(each, maker));
  }
  return new SessionCore(
    {
      bind: bind === undefined ? null : coreOf(bind, maker),
      byClass,
      byTable,
      router: getBind === undefined ? null : (request) => answer(getBind(request), maker),
      routed: [...(getBind?.engines ?? []).map((each) => coreOf(each, maker)), ...(shards?.binds.values() ?? [])],
    },
    {
      autoflush: rest.autoflush ?? true,
      expireOnCommit: rest.expireOnCommit ?? true,
      autobegin: rest.autobegin ?? true,
      closeResetsOnly: rest.closeResetsOnly ?? true,
      joinTransactionMode: rest.joinTransactionMode ?? "conditional_savepoint",
      transactionOptions: rest.transactionOptions ?? {},
      executionOptions: rest.executionOptions ?? NO_OPTIONS,
      nPlusOneWatch: rest.nPlusOneWatch ?? false,
      twophase: rest.twophase ?? false,
      info: { ...rest.info },
      warn: rest.warn ?? warn,
    },
    shards,
    parents,
  );
}

function answer(bind: unknown, maker: string): Bind | null {
  return bind === null || bind === undefined ? null : coreOf(bind, `${maker} (getBind)`);
}

/** Makes asynchronous sessions. */
export interface AsyncSessionMaker {
  /** A session; options given here win over the factory's. */
  (options?: Partial<AsyncSessionOptions>): AsyncSession;
  /** A session for one transaction: commits when the function returns, rolls back when it throws, closes in every case. */
  begin<T>(fn: (session: AsyncSession) => T | PromiseLike<T>): Promise<T>;
  /**
   * The same, and again from the start, with a new session, when the database asks for that: after a serialization failure, a
   * deadlock or a busy database. `fn` must not do anything that may not happen twice, and takes what it needs from its session.
   *
   * @param options `retries`, `backoff` in milliseconds, and what the transaction is begun with
   * @example await Session.transaction(async (session) => { ... }, { isolationLevel: "SERIALIZABLE", retries: 10 });
   */
  transaction<T>(fn: (session: AsyncSession) => T | PromiseLike<T>, options?: RetryOptions): Promise<T>;
  /** Changes the options of sessions to come. */
  configure(options: Partial<AsyncSessionOptions>): void;
  readonly [DISPATCH]: Dispatch;
}

/**
 * A factory of asynchronous sessions.
 *
 * @example const Session = asyncSessionmaker(engine, { expireOnCommit: false });
 */
export function asyncSessionmaker(
  bind?: AsyncEngine | AsyncConnection,
  defaults: Partial<AsyncSessionOptions> = {},
): AsyncSessionMaker {
  let settings: AsyncSessionOptions = bind === undefined ? defaults : { ...defaults, bind };
  const dispatch = new Dispatch(SESSION_EVENTS, "this sessionmaker", [sessionDispatch]);
  const make = (options?: Partial<AsyncSessionOptions>): AsyncSession =>
    new AsyncSession(
      makeCore({ ...settings, ...options }, "asyncSessionmaker()", [dispatch]),
      options?.signal ?? settings.signal,
    );
  return Object.assign(make, {
    begin<T>(fn: (session: AsyncSession) => T | PromiseLike<T>): Promise<T> {
      return within(make(), fn);
    },
    async transaction<T>(fn: (session: AsyncSession) => T | PromiseLike<T>, options: RetryOptions = {}): Promise<T> {
      const { isolationLevel, readOnly, deferrable } = options;
      const given = { ...settings.transactionOptions };
      if (isolationLevel !== undefined) given.isolationLevel = isolationLevel;
      if (readOnly !== undefined) given.readOnly = readOnly;
      if (deferrable !== undefined) given.deferrable = deferrable;
      return await retrying(options, () => within(make({ transactionOptions: given }), fn));
    },
    configure(options: Partial<AsyncSessionOptions>): void {
      settings = { ...settings, ...options };
    },
    [DISPATCH]: dispatch,
  });
}

/** Runs a function in a session that is for one transaction. */
async function within<T>(session: AsyncSession, fn: (session: AsyncSession) => T | PromiseLike<T>): Promise<T> {
  try {
    return await session.begin(() => fn(session));
  } finally {
    await session.close();
  }
}

/** Makes synchronous sessions. */
export interface SessionMaker {
  (options?: Partial<SyncSessionOptions>): Session;
  /** A session for one transaction: commits when the function returns, rolls back when it throws, closes in every case. */
  begin<T>(fn: (session: Session) => T): T;
  configure(options: Partial<SyncSessionOptions>): void;
  readonly [DISPATCH]: Dispatch;
}

/** A factory of synchronous sessions, for scripts and desktop programs on SQLite. */
export function sessionmaker(bind?: Engine | Connection, defaults: Partial<SyncSessionOptions> = {}): SessionMaker {
  let settings: SyncSessionOptions = bind === undefined ? defaults : { ...defaults, bind };
  const dispatch = new Dispatch(SESSION_EVENTS, "this sessionmaker", [sessionDispatch]);
  const make = (options?: Partial<SyncSessionOptions>): Session => {
    const core = makeCore({ ...settings, ...options }, "sessionmaker()", [dispatch]);
    // A synchronous session may always block.
    core.syncDepth = 1;
    return new Session(core);
  };
  return Object.assign(make, {
    begin<T>(fn: (session: Session) => T): T {
      const session = make();
      try {
        return session.begin(() => fn(session));
      } finally {
        session.close();
      }
    },
    configure(options: Partial<SyncSessionOptions>): void {
      settings = { ...settings, ...options };
    },
    [DISPATCH]: dispatch,
  });
}
