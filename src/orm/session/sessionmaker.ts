/** Factories of sessions. */
import { AsyncConnection } from "../../engine/async-connection.js";
import { AsyncEngine } from "../../engine/async-engine.js";
import { Connection } from "../../engine/connection.js";
import { Engine } from "../../engine/engine.js";
import { DISPATCH, Dispatch } from "../../engine/events.js";
import { NO_OPTIONS } from "../../engine/execution-options.js";
import { type RetryOptions, retrying } from "../../engine/retry.js";
import { ArgumentError } from "../../sql/errors.js";
import { type AnyTable, Table } from "../../sql/schema/table.js";
import { emitWarning } from "../../sql/warnings.js";
import type { AnyClass } from "../mapping/declarations.js";
import { AsyncSession } from "./async-session.js";
import type { BindTable, Router } from "./binds.js";
import { SessionCore } from "./session-core.js";
import { SESSION_EVENTS } from "./session-events.js";
import { type Sharding, Shards } from "./sharding.js";
import { Session } from "./sync-session.js";
import { type Bind, JOIN_MODES, type JoinTransactionMode } from "./transaction.js";
import { type SessionCoreOptions, sessionDispatch } from "./transactional-session.js";

/** Options of sessions, under SQLAlchemy's names. */
export interface SessionOptions<B> extends Partial<SessionCoreOptions> {
  /** The engine of all classes and tables that have none of their own, or a connection. */
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

function shardsOf(sharding: Sharding<unknown> | undefined, maker: string): Shards | null {
  if (sharding === undefined) return null;
  const { shards, ...choosers } = sharding;
  const entries = shards instanceof Map ? [...shards] : Object.entries(shards);
  return new Shards(new Map(entries.map(([id, bind]) => [id, coreOf(bind, maker)])), choosers);
}

/** Options of asynchronous sessions. */
export interface AsyncSessionOptions extends SessionOptions<AsyncEngine | AsyncConnection> {
  /**
   * Stops the session's operations when it is aborted: those that wait, those to come, and the statement that runs, which is cancelled. What ends
   * work (a commit that has begun, rollback, close) is done all the same.
   *
   * @example const session = Session({ signal: request.signal });
   */
  readonly signal?: AbortSignal;
}
/** Options of synchronous sessions. */
export type SyncSessionOptions = SessionOptions<Engine | Connection>;

/** The options that say what a session is bound to. */
const BINDING = ["bind", "binds", "getBind", "sharding"] as const;
const BINDABLE = [AsyncEngine, AsyncConnection, Engine, Connection];

function coreOf(bind: unknown, maker: string): Bind {
  if (BINDABLE.some((kind) => bind instanceof kind)) return (bind as AsyncEngine | AsyncConnection).core;
  throw new ArgumentError(
    `${maker} takes an engine or a connection to bind to, not ${bind === null ? "null" : typeof bind}.`,
  );
}

/** What all sessions of one factory have in common, worked out once. */
interface Blueprint {
  readonly binds: BindTable;
  readonly options: SessionCoreOptions;
  readonly shards: Shards | null;
}

function blueprintOf(given: SessionOptions<unknown>, maker: string): Blueprint {
  const { bind, binds, getBind, sharding } = given;
  const shards = shardsOf(sharding, maker);
  const byClass = new Map<AnyClass, Bind>();
  const byTable = new Map<Table, Bind>();
  for (const [what, each] of binds ?? []) {
    if (what instanceof Table) byTable.set(what as Table, coreOf(each, maker));
    else byClass.set(what as AnyClass, coreOf(each, maker));
  }
  return {
    binds: {
      bind: bind === undefined ? null : coreOf(bind, maker),
      byClass,
      byTable,
      router: getBind === undefined ? null : (request) => answer(getBind(request), maker),
      routed: [...(getBind?.engines ?? []).map((each) => coreOf(each, maker)), ...(shards?.binds.values() ?? [])],
    },
    options: coreOptions(given),
    shards,
  };
}

function coreOptions(given: Partial<SessionCoreOptions>): SessionCoreOptions {
  return {
    autoflush: given.autoflush ?? true,
    expireOnCommit: given.expireOnCommit ?? true,
    autobegin: given.autobegin ?? true,
    closeResetsOnly: given.closeResetsOnly ?? true,
    joinTransactionMode: joinModeOf(given.joinTransactionMode ?? "conditional_savepoint"),
    transactionOptions: given.transactionOptions ?? {},
    executionOptions: given.executionOptions ?? NO_OPTIONS,
    nPlusOneWatch: given.nPlusOneWatch ?? false,
    relinkOnFlush: given.relinkOnFlush ?? false,
    twophase: given.twophase ?? false,
    info: given.info ?? {},
    warn: given.warn ?? emitWarning,
  };
}

function joinModeOf(mode: JoinTransactionMode): JoinTransactionMode {
  if (JOIN_MODES.includes(mode)) return mode;
  throw new ArgumentError(
    `joinTransactionMode is ${JSON.stringify(mode)}; it takes ${JOIN_MODES.map((each) => `"${each}"`).join(", ")}.`,
  );
}

/** The settings of a factory, and the cores of its sessions. */
class CoreMaker<Options extends SessionOptions<unknown>> {
  readonly [DISPATCH] = new Dispatch(SESSION_EVENTS, "this sessionmaker", [sessionDispatch]);
  #settings: Options;
  #blueprint: Blueprint | null = null;

  constructor(
    settings: Options,
    private readonly maker: string,
  ) {
    this.#settings = settings;
  }

  get settings(): Options {
    return this.#settings;
  }

  configure(options: Partial<Options>): void {
    this.#settings = { ...this.#settings, ...options };
    this.#blueprint = null;
  }

  /** @param options of one session, over the factory's */
  make(options?: Partial<Options>): SessionCore {
    const own =
      options?.info === undefined ? options : { ...options, info: { ...this.#settings.info, ...options.info } };
    const all = { ...this.#settings, ...own };
    if (options !== undefined && BINDING.some((name) => name in options))
      return this.#build(blueprintOf(all, this.maker));
    this.#blueprint ??= blueprintOf(this.#settings, this.maker);
    if (options === undefined) return this.#build(this.#blueprint);
    // The session of a request has some options of its own, and the factory's engines.
    return this.#build({ ...this.#blueprint, options: coreOptions(all) });
  }

  #build({ binds, options, shards }: Blueprint): SessionCore {
    return new SessionCore(binds, options, shards, this[DISPATCH]);
  }
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
   * deadlock or a busy database; and when another transaction has changed a row since it was loaded (StaleDataError). `fn` must not do anything that may not happen twice, and takes what it needs from its session.
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
 * @param bind the engine of its sessions, or a connection whose transactions they join
 * @param defaults options of all its sessions
 * @throws ArgumentError, with the first session, for a bind or an option that is none
 * @example const Session = asyncSessionmaker(engine, { expireOnCommit: false });
 */
export function asyncSessionmaker(
  bind?: AsyncEngine | AsyncConnection,
  defaults: Partial<AsyncSessionOptions> = {},
): AsyncSessionMaker {
  const given: AsyncSessionOptions = bind === undefined ? defaults : { ...defaults, bind };
  const cores = new CoreMaker(given, "asyncSessionmaker()");
  const make = (options?: Partial<AsyncSessionOptions>): AsyncSession =>
    new AsyncSession(cores.make(options), options?.signal ?? cores.settings.signal);
  return Object.assign(make, {
    begin<T>(fn: (session: AsyncSession) => T | PromiseLike<T>): Promise<T> {
      return within(make(), fn);
    },
    async transaction<T>(fn: (session: AsyncSession) => T | PromiseLike<T>, options: RetryOptions = {}): Promise<T> {
      const { isolationLevel, readOnly, deferrable, settings } = options;
      const transactionOptions = { ...cores.settings.transactionOptions };
      if (isolationLevel !== undefined) transactionOptions.isolationLevel = isolationLevel;
      if (readOnly !== undefined) transactionOptions.readOnly = readOnly;
      if (deferrable !== undefined) transactionOptions.deferrable = deferrable;
      if (settings !== undefined) transactionOptions.settings = settings;
      const signals = [options.signal, cores.settings.signal].filter((each) => each !== undefined);
      const given =
        signals.length === 0 ? { transactionOptions } : { transactionOptions, signal: AbortSignal.any(signals) };
      return await retrying(options, () => within(make(given), fn));
    },
    configure: (options: Partial<AsyncSessionOptions>): void => cores.configure(options),
    [DISPATCH]: cores[DISPATCH],
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
  /** A session; options given here win over the factory's. */
  (options?: Partial<SyncSessionOptions>): Session;
  /** A session for one transaction: commits when the function returns, rolls back when it throws, closes in every case. */
  begin<T>(fn: (session: Session) => T): T;
  /** Changes the options of sessions to come. */
  configure(options: Partial<SyncSessionOptions>): void;
  readonly [DISPATCH]: Dispatch;
}

/**
 * A factory of synchronous sessions, for scripts and desktop programs on SQLite.
 *
 * @param bind the engine of its sessions, or a connection whose transactions they join
 * @param defaults options of all its sessions
 * @example const Session = sessionmaker(createEngine("sqlite:///app.db"));
 */
export function sessionmaker(bind?: Engine | Connection, defaults: Partial<SyncSessionOptions> = {}): SessionMaker {
  const given: SyncSessionOptions = bind === undefined ? defaults : { ...defaults, bind };
  const cores = new CoreMaker(given, "sessionmaker()");
  const make = (options?: Partial<SyncSessionOptions>): Session => {
    const core = cores.make(options);
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
    configure: (options: Partial<SyncSessionOptions>): void => cores.configure(options),
    [DISPATCH]: cores[DISPATCH],
  });
}
