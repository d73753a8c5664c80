/**
 * A session's transaction or savepoint: its connections, and the snapshot by which its objects are put back when it is rolled back.
 * SQLAlchemy: `SessionTransaction`.
 */

import { ConnectionCore } from "../../engine/connection-core.js";
import type { TransactionOptions } from "../../engine/dialect.js";
import type { EngineCore } from "../../engine/engine-core.js";
import { type ExecutionOptions, mergeOptions, NO_OPTIONS } from "../../engine/execution-options.js";
import type { Op, Soon } from "../../engine/io.js";
import { TransactionCore } from "../../engine/transaction-core.js";
import type { WarningKind } from "../../sql/catalogue.js";
import { InvalidRequestError, ResourceClosedError } from "../../sql/errors.js";
import { keepShape } from "../../sql/keep-shape.js";
import { FlushError, PendingRollbackError } from "../errors.js";
import { CHANGES_DISCARDED } from "../warnings.js";
import { bothOf, halfCommitted } from "./commit-errors.js";
import { type Membership, Snapshot } from "./membership.js";
import type { SessionEventName } from "./session-events.js";

/** What a session is bound to. */
export type Bind = EngineCore | ConnectionCore;

/** How a session takes part in a transaction that its connection has already; see {@link JoinTransactionMode}. */
export const JOIN_MODES = ["conditional_savepoint", "rollback_only", "control_fully", "create_savepoint"] as const;
/**
 * How a session takes part in a transaction that its connection has already.
 *
 * - `conditional_savepoint`: as `create_savepoint` where the connection is in a savepoint, else as `rollback_only`. The default.
 * - `rollback_only`: a rollback of the session rolls the transaction back, a commit leaves it open.
 * - `control_fully`: both commit and rollback of the session are those of the transaction.
 * - `create_savepoint`: the session works in a savepoint of its own, and leaves the transaction alone.
 */
export type JoinTransactionMode = (typeof JOIN_MODES)[number];

/** One connection of a transaction. */
interface Joined {
  readonly bind: Bind;
  readonly connection: ConnectionCore;
  readonly transaction: TransactionCore;
  readonly shouldCommit: boolean;
  /** The session took the connection from an engine and gives it back. */
  readonly owned: boolean;
  /** What the options of a connection that is not owned were before. */
  readonly before: ExecutionOptions | null;
  /** Whether something may have been written over it. */
  written: boolean;
}

/** What a transaction asks of its session. */
export interface TransactionHost {
  readonly membership: Membership;
  readonly expireOnCommit: boolean;
  readonly joinTransactionMode: JoinTransactionMode;
  readonly transactionOptions: TransactionOptions;
  readonly executionOptions: ExecutionOptions;
  readonly inFlush: boolean;
  readonly hasWritten: boolean;
  readonly twophase: boolean;
  warn<A extends readonly unknown[]>(kind: WarningKind<A>, ...args: A): void;
  transaction: SessionTransaction | null;
  flush(): Op<void>;
  emit(name: SessionEventName, ...args: unknown[]): void;
  /** The outermost transaction has ended. */
  transactionEnded(): void;
  /** Whether anybody listens to an event. */
  hearsEvent(name: SessionEventName): boolean;
  /** Tells the listeners of `afterBegin`, and runs what they answer with. */
  announceBegin(transaction: SessionTransaction, connection: ConnectionCore): Op<void>;
}

type State = "active" | "prepared" | "committed" | "inactive" | "closed";

export class SessionTransaction {
  state: State = "active";
  /** Made by the first change that may have to be undone. */
  #snapshot: Snapshot | null = null;
  /** One for each bind. */
  #joined: Joined[] = [];
  /** Why the transaction can no longer be used: the error of the flush that failed. */
  failure: unknown = null;
  /** The handle that its user has of it. */
  face: object | null = null;

  constructor(
    readonly session: TransactionHost,
    readonly parent: SessionTransaction | null,
    readonly nested: boolean,
    readonly origin: "autobegin" | "begin" | "beginNested",
  ) {}

  /** What changed since the beginning. */
  get snapshot(): Snapshot {
    this.#snapshot ??= new Snapshot();
    return this.#snapshot;
  }

  get isActive(): boolean {
    return this.state === "active";
  }

  /** It was neither committed nor rolled back to its end. */
  get isOpen(): boolean {
    return this.state !== "committed" && this.state !== "closed";
  }

  /** Refuses work on a transaction that has failed or ended. */
  check(): void {
    if (this.state === "inactive") {
      const { failure } = this;
      throw new PendingRollbackError(
        `This session's transaction has been rolled back ${failure === null ? "by a savepoint or connection below it" : "due to an error during flush"}. ` +
          `To begin a new transaction, first call rollback()${this.nested ? " on the savepoint" : ""}.` +
          (failure === null ? "" : ` The original error was: ${(failure as Error).message ?? String(failure)}`),
        { cause: failure ?? undefined },
      );
    }
    if (this.state === "prepared") {
      throw new InvalidRequestError(
        "This session's transaction has been prepared: the only things left to do are commit() and rollback().",
      );
    }
    if (this.state === "closed" || this.state === "committed") {
      throw new ResourceClosedError("This transaction is closed: it was committed, rolled back or closed before.");
    }
  }

  /** The connection for a bind, in this transaction; taken at first use. */
  *connectionFor(bind: Bind, options?: ExecutionOptions): Op<ConnectionCore> {
    const found = this.connectionSoon(bind, options);
    return found instanceof ConnectionCore ? found : yield* found;
  }

  /** The same, at once where nothing has to be waited for. */
  connectionSoon(bind: Bind, options?: ExecutionOptions): Soon<ConnectionCore> {
    this.check();
    for (const joined of this.#joined) {
      if (joined.bind !== bind) continue;
      if (this.session.hasWritten && !joined.written) this.#noteWritten(bind);
      const { connection } = joined;
      // Refused by the connection where it comes too late.
      if (options !== undefined) connection.setOptions(options);
      return connection;
    }
    return this.parent === null && !(bind instanceof ConnectionCore)
      ? this.#take(bind, options)
      : this.#join(bind, options);
  }

  #noteWritten(bind: Bind): void {
    for (let each: SessionTransaction | null = this; each !== null; each = each.parent)
      for (const joined of each.#joined) if (joined.bind === bind) joined.written = true;
  }

  /** Takes a connection of an engine, and begins on it. */
  #take(engine: EngineCore, options: ExecutionOptions | undefined): Soon<ConnectionCore> {
    const connection = engine.connectSoon();
    if (!(connection instanceof ConnectionCore)) return this.#takeWaiting(engine, connection, options);
    try {
      const transaction = this.#beginOn(connection, options);
      if (!(transaction instanceof TransactionCore) || this.session.hearsEvent("afterBegin"))
        return this.#beginWaiting(engine, connection, transaction);
      this.#joined.push(this.#owned(engine, connection, transaction));
      return connection;
    } catch (error) {
      return giveBack(connection, error);
    }
  }

  *#takeWaiting(engine: EngineCore, connecting: Op<ConnectionCore>, options?: ExecutionOptions): Op<ConnectionCore> {
    const connection = yield* connecting;
    let transaction: Soon<TransactionCore>;
    try {
      transaction = this.#beginOn(connection, options);
    } catch (error) {
      return yield* giveBack(connection, error);
    }
    return yield* this.#beginWaiting(engine, connection, transaction);
  }

  #beginOn(connection: ConnectionCore, options: ExecutionOptions | undefined): Soon<TransactionCore> {
    const all = mergeOptions(this.session.executionOptions, options);
    if (all !== NO_OPTIONS) connection.setOptions(all);
    return connection.getTransaction() ?? connection.beginSoon(this.session.transactionOptions);
  }

  *#beginWaiting(engine: EngineCore, connection: ConnectionCore, begun: Soon<TransactionCore>): Op<ConnectionCore> {
    let transaction: TransactionCore;
    try {
      transaction = begun instanceof TransactionCore ? begun : yield* begun;
    } catch (error) {
      return yield* giveBack(connection, error);
    }
    this.#joined.push(this.#owned(engine, connection, transaction));
    yield* this.session.announceBegin(this, connection);
    return connection;
  }

  #owned(bind: Bind, connection: ConnectionCore, transaction: TransactionCore): Joined {
    const { hasWritten: written } = this.session;
    return { bind, connection, transaction, shouldCommit: true, owned: true, before: null, written };
  }

  *#join(bind: Bind, options: ExecutionOptions | undefined): Op<ConnectionCore> {
    const joined =
      this.parent === null
        ? yield* this.#joinOuter(bind as ConnectionCore, options)
        : yield* this.#joinNested(bind, options);
    this.#joined.push(joined);
    yield* this.session.announceBegin(this, joined.connection);
    return joined.connection;
  }

  *#joinNested(bind: Bind, options?: ExecutionOptions): Op<Joined> {
    const connection = yield* (this.parent as SessionTransaction).connectionFor(bind, options);
    const transaction = yield* connection.beginNested();
    const { hasWritten: written } = this.session;
    return { bind, connection, transaction, shouldCommit: true, owned: false, before: null, written };
  }

  /** Takes part in what happens on a connection that somebody else owns. */
  *#joinOuter(connection: ConnectionCore, options?: ExecutionOptions): Op<Joined> {
    const before = connection.options;
    try {
      const all = mergeOptions(this.session.executionOptions, options);
      if (all !== NO_OPTIONS) connection.setOptions(all);
      const outer = connection.getTransaction();
      const joined = { bind: connection, connection, owned: false, before, written: this.session.hasWritten };
      if (outer === null) {
        const transaction = yield* connection.begin(this.session.transactionOptions);
        return { ...joined, transaction, shouldCommit: true };
      }
      let mode = this.session.joinTransactionMode;
      if (mode === "conditional_savepoint")
        mode = connection.inNestedTransaction() ? "create_savepoint" : "rollback_only";
      if (mode === "create_savepoint")
        return { ...joined, transaction: yield* connection.beginNested(), shouldCommit: true };
      const transaction = connection.getNestedTransaction() ?? outer;
      return { ...joined, transaction, shouldCommit: mode === "control_fully" };
    } catch (error) {
      connection.putOptions(before);
      throw error;
    }
  }

  /** The connections in use. */
  get connections(): readonly ConnectionCore[] {
    return this.#joined.map((j) => j.connection);
  }

  /** Flushes and commits; a savepoint is released. */
  *commit(): Op<void> {
    if (this.state !== "prepared") {
      yield* this.#finishWork();
      if (this.session.twophase && !this.nested) yield* this.#prepareConnections();
    }
    if (this.state === "prepared")
      yield* this.#each(({ transaction, shouldCommit }) => (shouldCommit ? transaction.commitSoon() : null));
    else {
      let committed = false;
      for (const { transaction, shouldCommit, written } of this.#joined) {
        if (!shouldCommit) continue;
        try {
          const waiting = transaction.commitSoon();
          if (waiting !== null) yield* waiting;
        } catch (error) {
          throw committed && !this.nested ? halfCommitted(error) : error;
        }
        committed ||= written;
      }
    }
    this.state = "committed";
    // What a handler throws changes nothing about what is committed.
    try {
      this.session.emit("afterCommit");
    } finally {
      const { membership, expireOnCommit } = this.session;
      if (this.nested) membership.merge(this.snapshot, (this.parent as SessionTransaction).snapshot);
      else if (expireOnCommit) membership.expireAfterCommit(this.#snapshot?.deleted ?? []);
      yield* this.close();
    }
  }

  /** What comes before a commit: open savepoints end, what is pending is flushed. */
  *#finishWork(): Op<void> {
    this.check();
    if (this.session.transaction !== this) yield* this.#closeAbove(true);
    this.session.emit("beforeCommit");
    if (this.session.inFlush) return;
    for (let round = 0; !this.session.membership.isClean; round++) {
      if (round === 100)
        throw new FlushError(
          "Over 100 flushes have occurred within commit(): is a handler of afterFlush adding new objects each time?",
        );
      yield* this.session.flush();
    }
  }

  /**
   * The first phase of a commit: each database promises that it can commit.
   * @throws InvalidRequestError for a session without `twophase`, or inside a savepoint
   */
  *prepare(): Op<void> {
    if (!this.session.twophase || this.parent !== null) {
      throw new InvalidRequestError(
        "prepare() is the first phase of a commit in two phases: make the session with { twophase: true }, and call it outside savepoints.",
      );
    }
    yield* this.#finishWork();
    yield* this.#prepareConnections();
  }

  *#prepareConnections(): Op<void> {
    try {
      for (const { transaction, shouldCommit } of this.#joined) if (shouldCommit) yield* transaction.prepare();
    } catch (error) {
      // What was prepared before must not be left behind.
      try {
        yield* this.deactivate(error);
      } catch (another) {
        throw bothOf(error, another);
      }
      throw error;
    }
    this.state = "prepared";
  }

  /**
   * Ends the transactions of all connections, also behind one where that fails: the decision is made, and holds for each.
   * @throws what has failed
   */
  *#each(end: (joined: Joined) => Op<void> | null): Op<void> {
    let failure: unknown = null;
    for (const joined of this.#joined) {
      try {
        const waiting = end(joined);
        if (waiting !== null) yield* waiting;
      } catch (error) {
        failure = failure === null ? error : bothOf(failure, error);
      }
    }
    if (failure !== null) throw failure;
  }

  /** Savepoints inside this transaction that are still open end with it. */
  *#closeAbove(commit: boolean): Op<void> {
    for (let above = this.session.transaction; above !== null && above !== this; above = this.session.transaction) {
      if (commit) yield* above.commit();
      else yield* above.#rollbackAlone();
    }
  }

  /** Rolls back this transaction or savepoint, and whatever is open inside it. */
  *rollback(): Op<void> {
    if (this.state === "closed" || this.state === "committed") this.check();
    yield* this.#closeAbove(false);
    yield* this.#rollbackAlone();
  }

  *#rollbackAlone(): Op<void> {
    let failure: unknown = null;
    let discarded = "";
    if (this.state === "active" || this.state === "prepared") {
      try {
        yield* this.deactivate(null);
      } catch (error) {
        failure = error;
      }
    } else if (!this.session.membership.isClean) {
      // Changes made after the transaction had failed belong to nothing.
      const { membership } = this.session;
      discarded = membership.unflushed().join(", ");
      membership.restore(this.snapshot, this.nested);
    }
    yield* this.close();
    if (discarded !== "") this.session.warn(CHANGES_DISCARDED, discarded);
    this.session.emit("afterSoftRollback", this);
    if (failure !== null) throw failure;
  }

  /** Rolls the database back and puts the objects back; the transaction stays in place until `rollback()`. */
  *deactivate(failure: unknown): Op<void> {
    this.failure = failure;
    try {
      yield* this.#each(({ transaction }) => transaction.rollback());
    } finally {
      this.state = "inactive";
      try {
        this.session.emit("afterRollback");
      } finally {
        this.session.membership.restore(this.snapshot, this.nested);
      }
    }
  }

  /** Gives the connections back. */
  *close(invalidate = false): Op<void> {
    if (this.state === "closed") return;
    const wasOpen = this.state === "active" || this.state === "prepared";
    this.state = "closed";
    this.session.transaction = this.parent;
    if (this.parent === null) this.session.transactionEnded();
    try {
      for (const { connection, transaction, owned, before, shouldCommit } of this.#joined) {
        if (before !== null) connection.putOptions(before);
        if (invalidate) yield* connection.invalidate();
        if (this.nested) {
          if (wasOpen) yield* transaction.close();
        } else if (owned) {
          const waiting = connection.closeSoon();
          if (waiting !== null) yield* waiting;
        } else if (wasOpen && shouldCommit) yield* transaction.close();
      }
    } finally {
      this.#joined = [];
      this.session.emit("afterTransactionEnd", this);
    }
  }

  /** Ends this transaction and all around it without committing. */
  *closeAll(invalidate: boolean): Op<void> {
    yield* this.close(invalidate);
    if (this.parent !== null) yield* this.parent.closeAll(invalidate);
  }
}

/** Closes a connection on which no transaction could be begun. */
function* giveBack(connection: ConnectionCore, error: unknown): Op<never> {
  yield* connection.close();
  throw error;
}

keepShape(new SessionTransaction(null as never, null, false, "autobegin"));
