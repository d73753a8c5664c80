/** A session's transaction: begun at first use, committed and rolled back with its savepoints, on the connections that it takes from its binds. */

import { ConnectionCore } from "../../engine/connection-core.js";
import type { TransactionOptions } from "../../engine/dialect.js";
import { EngineCore } from "../../engine/engine-core.js";
import { answersOf, DISPATCH, Dispatch } from "../../engine/events.js";
import { execute as executeOn } from "../../engine/execute.js";
import type { ExecutionOptions } from "../../engine/execution-options.js";
import type { Op, Soon } from "../../engine/io.js";
import { Nursery } from "../../engine/nursery.js";
import type { WarningKind } from "../../sql/catalogue.js";
import { errorKind, InvalidRequestError } from "../../sql/errors.js";
import { Node } from "../../sql/node.js";
import type { Mapper } from "../mapping/mapper.js";
import { mapperFor } from "../mapping/registry.js";
import type { InstanceState } from "../state.js";
import { allBinds, type BindTable, resolveBind } from "./binds.js";
import type { SessionExecuteOptions } from "./execute-options.js";
import type { Membership, Snapshot } from "./membership.js";
import type { NPlusOneWatchOptions } from "./n-plus-one.js";
import { SESSION_EVENTS, type SessionEventName, TRANSITIONS, type TransitionName } from "./session-events.js";
import type { Shards } from "./sharding.js";
import { type Bind, type JoinTransactionMode, SessionTransaction, type TransactionHost } from "./transaction.js";

/** Options of a session, under SQLAlchemy's names. */
export interface SessionCoreOptions {
  /** Flush before statements, lazy loads and refreshes. Default true. */
  readonly autoflush: boolean;
  /** Expire all objects after a commit. Default true. */
  readonly expireOnCommit: boolean;
  /** Begin a transaction at first use. Default true. */
  readonly autobegin: boolean;
  /** Allow use after close(). Default true. */
  readonly closeResetsOnly: boolean;
  /** How it takes part in a transaction that its connection has already. Default "conditional_savepoint". */
  readonly joinTransactionMode: JoinTransactionMode;
  /** What the session's transactions are begun with: `isolationLevel`, `readOnly`, `deferrable`. Default: as the engine says. */
  readonly transactionOptions: TransactionOptions;
  /**
   * Options of all that the session sends: of its queries, loads and flushes. They go to its connections while it has them.
   *
   * @example asyncSessionmaker(engine, { executionOptions: { schemaTranslateMap: { "": "tenant_7" } } })
   */
  readonly executionOptions: SessionExecuteOptions;
  /** In development: warn of attributes that are loaded for one object after the other. `true` for the defaults. Default false: it costs nothing. */
  readonly nPlusOneWatch: boolean | NPlusOneWatchOptions;
  /**
   * After a flush, relationships in memory follow what it has written: a foreign key that was set by hand moves its object to the other parent, and a
   * deleted object leaves the collections that hold it. Otherwise they do so when they expire or are refreshed, as in SQLAlchemy. Default false.
   */
  readonly relinkOnFlush: boolean;
  /** Commit in two phases on all connections of a transaction. Default false. */
  readonly twophase: boolean;
  /** What the session's `info` begins with. */
  readonly info: Readonly<Record<string, unknown>>;
  /** Where the session's warnings go, with their codes. By default where all do: see `filterWarnings()`. */
  readonly warn: (message: string, code: string) => void;
}

/** Hears all sessions. */
export const sessionDispatch: Dispatch = new Dispatch(SESSION_EVENTS, "Session");

// Weak, so that a session that is dropped in the middle of a transaction gives its connection back.
const open = new Set<WeakRef<TransactionalSession>>();
const opened = new Nursery<TransactionalSession>((session) => {
  session.openReference = new WeakRef(session);
  open.add(session.openReference);
});

/** Sessions that are in a transaction. */
export function openSessions(): TransactionalSession[] {
  const found = [...opened];
  for (const reference of open) {
    const session = reference.deref();
    if (session?.inTransaction()) found.push(session);
    else open.delete(reference);
  }
  return found;
}

/** A function that runs in a transaction of its own. */
export class SessionBlock {
  /** Whether the function has returned or thrown, and its transaction has ended. */
  left = false;
  /** Whether a function that began before has ended its savepoint under it. */
  crossed = false;

  constructor(
    readonly transaction: SessionTransaction,
    readonly outer: SessionBlock | null,
  ) {}
}

const NO_ARGUMENTS: Readonly<Record<string, unknown>> = Object.freeze({});

const begunAlready = errorKind(InvalidRequestError, "ATHANOR_SESSION_BEGUN", {
  message: () =>
    "A transaction is already begun on this session: by begin(), or by its first use (autobegin). Commit or roll back first, or use beginNested() for a savepoint.",
  cause: "begin() was called on a session that has a transaction. Its first use begins one by itself.",
  cure: "Call begin() first of all, or not at all; for a part that may fail alone use beginNested().",
});

export abstract class TransactionalSession implements TransactionHost {
  abstract readonly membership: Membership;
  abstract readonly inFlush: boolean;
  /** Whether a flush is writing. */
  abstract readonly flushing: boolean;

  /** Made when somebody asks for it: most sessions send nothing that anybody hears. */
  #dispatch: Dispatch | null = null;
  #info: Record<string, unknown> | null = null;
  #ownsBinds = false;
  #heard = false;
  #heardAt = -1;
  transaction: SessionTransaction | null = null;
  /** What listeners get as the session: its synchronous face. */
  face: object = this;
  /** The asynchronous face, where there is one. */
  asyncFace: object | null = null;
  #closed = false;
  /** The transaction that was begun for its connections alone, as long as nothing has made use of it: to roll it back changes no object. */
  #unused: SessionTransaction | null = null;
  /** The innermost `begin(fn)` or `beginNested(fn)` that is running. */
  #block: SessionBlock | null = null;
  /** Whether the session has written since it was made, closed or reset. */
  hasWritten = false;
  /** How often the session was closed or reset: what is streamed does not outlive that. */
  closings = 0;
  nurseryPlace = -1;
  /** What the list of open sessions holds of this one, once it has been in a transaction for a moment. */
  openReference: WeakRef<TransactionalSession> | null = null;

  /** @param parent the dispatch of the factory that made the session */
  constructor(
    /** Shared by the sessions of a factory. */
    private binds: BindTable,
    readonly options: SessionCoreOptions,
    /** How objects are spread over several databases; null for one that is not sharded. */
    readonly shards: Shards | null = null,
    private readonly parent: Dispatch = sessionDispatch,
  ) {}

  abstract flush(): Op<void>;

  get [DISPATCH](): Dispatch {
    this.#dispatch ??= new Dispatch(SESSION_EVENTS, "this session", [this.parent]);
    return this.#dispatch;
  }
  /** Whether anybody listens to an event of the session. */
  hearsEvent(name: SessionEventName | TransitionName): boolean {
    return (this.#dispatch ?? this.parent).has(name);
  }

  /** The table of binds, for changes that are this session's alone. */
  ownBinds(): BindTable {
    if (!this.#ownsBinds) {
      const { byClass, byTable } = this.binds;
      this.binds = { ...this.binds, byClass: new Map(byClass), byTable: new Map(byTable) };
      this.#ownsBinds = true;
    }
    return this.binds;
  }

  /** What the user keeps with the session. */
  get info(): Record<string, unknown> {
    this.#info ??= { ...this.options.info };
    return this.#info;
  }

  get expireOnCommit(): boolean {
    return this.options.expireOnCommit;
  }
  get joinTransactionMode(): JoinTransactionMode {
    return this.options.joinTransactionMode;
  }
  get transactionOptions(): TransactionOptions {
    return this.options.transactionOptions;
  }
  get executionOptions(): SessionExecuteOptions {
    return this.options.executionOptions;
  }
  get twophase(): boolean {
    return this.options.twophase;
  }
  get snapshot(): Snapshot | null {
    return this.transaction?.snapshot ?? null;
  }
  emit(name: SessionEventName, ...args: unknown[]): void {
    if (this.hearsEvent(name)) this[DISPATCH].fire(name, this.face, ...args);
  }
  *announceBegin(transaction: SessionTransaction, connection: ConnectionCore): Op<void> {
    if (!this.hearsEvent("afterBegin")) return;
    const dispatch = this[DISPATCH];
    for (const { call } of dispatch.listeners("afterBegin") ?? [])
      for (const statement of answersOf(dispatch, "afterBegin", call(this.face, transaction, connection)))
        if (statement instanceof Node) yield* executeOn(connection, statement);
  }
  transition(name: TransitionName, state: InstanceState): void {
    if (this.hearsEvent(name)) this[DISPATCH].fire(name, this.face, state.object);
  }
  hearsTransition(name?: TransitionName): boolean {
    if (name !== undefined) return this.hearsEvent(name);
    // Asked for each object of a graph.
    if (this.#heardAt !== Dispatch.stamp) this.#listen();
    return this.#heard;
  }
  #listen(): void {
    this.#heard = TRANSITIONS.some((each) => this.hearsEvent(each));
    this.#heardAt = Dispatch.stamp;
  }
  warn<A extends readonly unknown[]>(kind: WarningKind<A>, ...args: A): void {
    this.options.warn(kind.message(...args), kind.code);
  }

  autobegin(): void {
    if (this.transaction !== null) {
      this.#unused = null;
      return;
    }
    if (this.#closed) {
      throw new InvalidRequestError(
        "This session has been permanently closed (closeResetsOnly: false) and cannot be used any more. Make a new one.",
      );
    }
    if (!this.options.autobegin) {
      throw new InvalidRequestError(
        "Autobegin is disabled on this session (autobegin: false); call session.begin() to start a transaction.",
      );
    }
    this.#open("autobegin");
  }

  #open(origin: SessionTransaction["origin"]): SessionTransaction {
    if (this.#block !== null && !this.#block.transaction.isActive) {
      throw new InvalidRequestError(
        "The transaction of this begin(fn) or beginNested(fn) has ended inside the function: it was committed or rolled back. " +
          "Nothing more can be done with the session until the function returns; leave commit() and rollback() to the block.",
      );
    }
    if (this.transaction === null) opened.add(this);
    this.transaction = new SessionTransaction(this, this.transaction, origin === "beginNested", origin);
    this.emit("afterTransactionCreate", this.transaction);
    return this.transaction;
  }

  /** Notes that a function runs in a transaction of its own. */
  enterBlock(transaction: SessionTransaction): SessionBlock {
    this.#block = new SessionBlock(transaction, this.#block);
    return this.#block;
  }

  /** The function has returned. @throws InvalidRequestError when it ran side by side with others */
  endBlock(block: SessionBlock): void {
    const inTurn = this.#block === block && !block.crossed;
    this.crossBlocks(block);
    if (inTurn) return;
    throw new InvalidRequestError(
      "Functions of beginNested(fn) overlap: one has ended while another that began after it was still running. Savepoints of a session lie inside " +
        "one another, so that what the later ones did went with it, and all of it is rolled back. Await one beginNested(fn) before the next, or give each a session of its own.",
    );
  }

  /** The savepoints of functions that began behind this one and are still running end with its own. */
  crossBlocks(block: SessionBlock): void {
    for (let above = this.#block; above !== null && above !== block; above = above.outer) above.crossed = true;
  }

  leaveBlock(block: SessionBlock): void {
    block.left = true;
    while (this.#block?.left) this.#block = this.#block.outer;
  }

  // biome-ignore lint/correctness/useYield: operations are generators throughout
  *begin(): Op<SessionTransaction> {
    if (this.transaction !== null) {
      throw begunAlready();
    }
    if (this.#closed) this.autobegin();
    return this.#open("begin");
  }

  *beginNested(): Op<SessionTransaction> {
    this.autobegin();
    (this.transaction as SessionTransaction).check();
    yield* this.flush();
    return this.#open("beginNested");
  }

  *commit(): Op<void> {
    this.autobegin();
    yield* this.#root().commit();
  }

  *rollback(): Op<void> {
    const unused = this.#unused;
    this.#unused = null;
    if (unused !== null && unused === this.transaction) yield* unused.close();
    else if (this.transaction !== null) yield* this.#root().rollback();
  }

  /** The first phase of a commit in two phases. */
  *prepare(): Op<void> {
    this.autobegin();
    yield* this.#root().prepare();
  }

  #root(): SessionTransaction {
    let root = this.transaction as SessionTransaction;
    while (root.parent !== null) root = root.parent;
    return root;
  }

  *close(invalidate = false): Op<void> {
    if (!this.options.closeResetsOnly) this.#closed = true;
    yield* this.reset(invalidate);
  }

  /** What close() does, but for closing it for good. */
  *reset(invalidate = false): Op<void> {
    this.expungeAll();
    this.closings++;
    this.hasWritten = false;
    if (this.transaction !== null) yield* this.transaction.closeAll(invalidate);
  }

  get rootTransaction(): SessionTransaction | null {
    return this.transaction === null ? null : this.#root();
  }
  get nestedTransaction(): SessionTransaction | null {
    return this.transaction?.nested ? this.transaction : null;
  }
  inTransaction(): boolean {
    return this.transaction !== null;
  }
  inNestedTransaction(): boolean {
    return this.transaction?.nested ?? false;
  }
  /** False after a failed flush, until rollback. */
  get isActive(): boolean {
    return this.transaction === null || this.transaction.isActive;
  }

  *connectionFor(
    mapper: Mapper | null,
    statement: Node | null = null,
    bindArguments?: Readonly<Record<string, unknown>>,
    options?: ExecutionOptions,
  ): Op<ConnectionCore> {
    const found = this.connectionSoon(mapper, statement, bindArguments, options);
    return found instanceof ConnectionCore ? found : yield* found;
  }

  /** The same, at once where nothing has to be waited for. */
  connectionSoon(
    mapper: Mapper | null,
    statement: Node | null = null,
    bindArguments?: Readonly<Record<string, unknown>>,
    options?: ExecutionOptions,
  ): Soon<ConnectionCore> {
    this.autobegin();
    return (this.transaction as SessionTransaction).connectionSoon(
      this.bindFor(mapper, statement, bindArguments),
      options,
    );
  }

  bindFor(named: Mapper | null, statement: Node | null = null, bindArguments = NO_ARGUMENTS): Bind {
    const mapper = bindArguments.mapper === undefined ? named : mapperFor(bindArguments.mapper);
    if (this.shards !== null) return this.shards.bindFor(bindArguments.shardId);
    const { router } = this.binds;
    if (router !== null) {
      const { hasWritten, flushing } = this;
      const routed = router({ mapper, statement, flushing, hasWritten, bindArguments, info: this.info });
      if (routed !== null && routed !== undefined) return routed;
    }
    return resolveBind(this.binds, mapper, statement);
  }

  /** Takes a connection for each bind, so that nothing need be opened while the thread is blocked. */
  *pinConnections(): Op<void> {
    if (this.transaction === null) {
      this.autobegin();
      this.#unused = this.transaction;
    }
    // What has failed has no use for one; each call that needs the database says so itself.
    if (!this.isActive) return;
    for (const bind of allBinds(this.binds)) {
      if (bind instanceof EngineCore) yield* (this.transaction as SessionTransaction).connectionFor(bind);
    }
  }

  /** The outermost transaction has ended. */
  transactionEnded(): void {
    if (opened.delete(this) || this.openReference === null) return;
    open.delete(this.openReference);
    this.openReference = null;
  }

  /** Takes everything out, without SQL. */
  expungeAll(): void {
    this.membership.expungeAll();
  }
}
