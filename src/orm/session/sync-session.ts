/** The synchronous session: what `runSync` hands out, and what scripts on SQLite use directly. */

import { Connection } from "../../engine/connection.js";
import { type Op, runSync } from "../../engine/io.js";
import type { JoinedResult, JoinedScalars } from "../../engine/joined-result.js";
import type { Channel, ChannelLike } from "../../engine/notifications/channel.js";
import type { CursorResult, FirstOf, Result, ScalarResult } from "../../engine/result.js";
import type { Cls, Plain } from "../../sql/entity.js";
import { InvalidRequestError } from "../../sql/errors.js";
import { EXPLAIN } from "../../sql/explain.js";
import type { JoinsCollection, LoadingStatement, SyncLoadedRow } from "../../sql/load-effects.js";
import type { Node } from "../../sql/node.js";
import type { ExplainOptions, QueryPlan } from "../../sql/query-plan.js";
import type { RowsOf } from "../../sql/typing.js";
import type { GetOptions } from "../loading/identity.js";
import { ensureState } from "../mapping/instrument.js";
import { identityKey } from "../object-functions.js";
import { type ConnectionOptions, connectionWith } from "./connection-options.js";
import { type CollectionOf, type CountSettings, countEach, type MemberOf } from "./count-members.js";
import { deleteObjects } from "./delete.js";
import { execute } from "./execute.js";
import type { Params, SessionExecuteOptions } from "./execute-options.js";
import { explainInSession } from "./explain.js";
import type { FlushPlan } from "./flush.js";
import type { MergeOptions } from "./merge.js";
import type { NaturalKeyValues } from "./natural-key.js";
import { getBy, getOrCreate, merge, naturalKey, type Values } from "./natural-keys.js";
import { notifyInSession } from "./notify.js";
import type { SessionCore } from "./session-core.js";
import { SessionFace } from "./session-face.js";
import type { SessionTransaction } from "./transaction.js";
import { SyncTransaction } from "./transaction-faces.js";
import { openSessions } from "./transactional-session.js";
import { type Upserted, type UpsertOptions, upsert } from "./upsert.js";

/** The synchronous face of a session, if it has one. */
export function syncFaceOf(core: object): Session | undefined {
  const { face } = core as SessionCore;
  return face instanceof Session ? face : undefined;
}

/**
 * A unit of work whose calls block.
 *
 * @example
 * using session = Session();
 * for (const user of session.scalars(select(User)).all()) console.log(user.posts.length);   // lazy loads just work
 * session.commit();
 */
export class Session extends SessionFace implements Disposable {
  /** The synchronous session of an object, or null. @throws UnmappedInstanceError */
  static objectSession(object: object): Session | null {
    const { session } = ensureState(object);
    return session === null ? null : (syncFaceOf(session) ?? null);
  }
  /** The class that an identity belongs to and the primary key values: of an object, or of a class and key values. */
  static readonly identityKey: typeof identityKey = identityKey;
  /** Closes every synchronous session that is in a transaction. */
  static closeAll(): void {
    // Those that may block by themselves: the synchronous face of an asynchronous session is not one of them.
    for (const core of openSessions()) if ((core as SessionCore).mayBlock) syncFaceOf(core)?.close();
  }

  /** @internal */
  constructor(core: SessionCore) {
    super(core);
    core.face = this;
  }

  #run<T>(op: Op<T>): T {
    if (!this.core.mayBlock) {
      throw new InvalidRequestError(
        "This synchronous session belongs to a runSync() that has ended, or to a handler of a call that was awaited, which cannot block; use it only inside " +
          "the function given to runSync, and flush and commit there where handlers run statements.",
      );
    }
    return runSync(op);
  }

  /** Writes what has changed. @throws as the asynchronous session's `flush` does */
  flush(): void {
    this.#run(this.core.flush());
  }
  /** Flushes and commits. */
  commit(): void {
    this.#run(this.core.commit());
  }
  /** Rolls back, with all savepoints: what was added is new again, all else expires. Does nothing where no transaction has begun. */
  rollback(): void {
    this.#run(this.core.rollback());
  }
  /** The first phase of a commit in two phases, for a session made with `{ twophase: true }`; `commit()` is the second. */
  prepare(): void {
    this.#run(this.core.prepare());
  }
  /** Rolls back, detaches all objects, gives the connection back. The session can be used again. */
  close(): void {
    this.#run(this.core.close());
  }
  /** The same as {@link close}; the session can be used again even where it was made with `closeResetsOnly: false`. */
  reset(): void {
    this.#run(this.core.reset());
  }
  /** Closes, and throws the connections away instead of giving them back. */
  invalidate(): void {
    this.#run(this.core.close(true));
  }

  /** Begins a transaction; with a function, commits when it returns and rolls back when it throws. */
  begin(): SyncTransaction;
  begin<T>(fn: (session: this) => T): T;
  begin<T>(fn?: (session: this) => T): T | SyncTransaction {
    return this.#within(this.#run(this.core.begin()), fn);
  }

  /** Sets a savepoint; with a function, releases it when it returns and rolls back to it when it throws. */
  beginNested(): SyncTransaction;
  beginNested<T>(fn: (session: this) => T): T;
  beginNested<T>(fn?: (session: this) => T): T | SyncTransaction {
    return this.#within(this.#run(this.core.beginNested()), fn);
  }

  /** The transaction in progress, or null. */
  getTransaction(): SyncTransaction | null {
    return this.#transactionFace(this.core.rootTransaction);
  }
  /** The innermost savepoint in progress, or null. */
  getNestedTransaction(): SyncTransaction | null {
    return this.#transactionFace(this.core.nestedTransaction);
  }

  #transactionFace(transaction: SessionTransaction | null): SyncTransaction | null {
    if (transaction === null) return null;
    return transaction.face instanceof SyncTransaction ? transaction.face : new SyncTransaction(this.core, transaction);
  }

  #within<T>(transaction: SessionTransaction, fn?: (session: this) => T): T | SyncTransaction {
    const face = new SyncTransaction(this.core, transaction);
    if (fn === undefined) return face;
    const block = this.core.enterBlock(transaction);
    try {
      const result = fn(this);
      if (transaction.isOpen) face.commit();
      return result;
    } catch (error) {
      try {
        face[Symbol.dispose]();
      } catch {
        // The error of the function is the one to tell.
      }
      throw error;
    } finally {
      this.core.leaveBlock(block);
    }
  }

  /** Marks an object, and what its delete cascades reach, for deletion. @throws InvalidRequestError for an object that was never stored */
  delete(object: object): void {
    this.#run(deleteObjects(this.core, [object]));
  }
  /** The same for several objects. */
  deleteAll(objects: Iterable<object>): void {
    this.#run(deleteObjects(this.core, [...objects]));
  }
  /** Loads an object's attributes anew: those named, or all columns and eager relationships. @throws InvalidRequestError where its row is gone */
  refresh(object: object, names?: readonly string[], options?: GetOptions): void {
    this.#run(this.core.refresh(object, names, options));
  }
  /** Copies the state of a given object, and what hangs on it, onto this session's own; gives that one. */
  merge<E extends object>(object: E, options?: MergeOptions): E {
    return this.#run(merge(this.core, object, options)) as E;
  }
  /** The object with that primary key, from the identity map or the database, or null. @param ident a value, a tuple, or an object of key attributes */
  get<E extends object>(cls: Cls<E>, ident: unknown, options?: GetOptions): E | null {
    return this.#run(this.core.get(this.core.mapperFor(cls), ident, options)) as E | null;
  }
  /** The same. @throws NoResultFound where there is no such row */
  getOne<E extends object>(cls: Cls<E>, ident: unknown, options?: GetOptions): E {
    return this.#run(this.core.getOne(this.core.mapperFor(cls), ident, options)) as E;
  }
  /** As in the asynchronous session. */
  getBy<E extends object>(cls: Cls<E>, key: NaturalKeyValues<E>, options?: GetOptions): E | null {
    return this.#run(getBy(this.core, ...naturalKey(this.core, cls, key, "getBy"), options)) as E | null;
  }
  /** As in the asynchronous session. */
  getOrCreate<E extends object>(cls: Cls<E>, key: NaturalKeyValues<E>, defaults?: Partial<E> | (() => Partial<E>)): E {
    const [natural, values] = naturalKey(this.core, cls, key, "getOrCreate");
    return this.#run(getOrCreate(this.core, natural, values, defaults as Values | undefined)) as E;
  }
  /** As in the asynchronous session. */
  upsert<E extends object>(cls: Cls<E>, rows: readonly Partial<Plain<E>>[], options: UpsertOptions<E>): Upserted<E>[] {
    const { core } = this;
    return this.#run(
      upsert(core, core.mapperFor(cls), rows as readonly Values[], options as UpsertOptions<object>),
    ) as Upserted<E>[];
  }
  /** As in the asynchronous session. */
  count<E extends object, const K extends CollectionOf<E>>(
    object: E,
    collection: K,
    settings: CountSettings<MemberOf<E, K>> = {},
  ): number {
    return this.#run(countEach(this.core, [object], collection, settings.where)).get(object) as number;
  }
  /** As in the asynchronous session. */
  countEach<E extends object, const K extends CollectionOf<E>>(
    objects: Iterable<E>,
    collection: K,
    settings: CountSettings<MemberOf<E, K>> = {},
  ): Map<E, number> {
    return this.#run(countEach(this.core, objects, collection, settings.where)) as Map<E, number>;
  }
  /** What a flush would do now, step by step, without doing it. */
  explainFlush(): FlushPlan {
    return this.#run(this.core.explainFlush());
  }

  /** Runs a statement; its rows are buffered. Parameters and errors are those of the asynchronous session's `execute`. */
  execute(statement: RowsOf<never>, params?: Params, options?: SessionExecuteOptions): CursorResult<unknown[]>;
  execute<R, L>(
    statement: LoadingStatement<R, L>,
    params?: Params,
    options?: SessionExecuteOptions,
  ): L extends JoinsCollection ? JoinedResult<SyncLoadedRow<R, L>> : Result<SyncLoadedRow<R, L>>;
  execute(statement: object, params?: Params, options?: SessionExecuteOptions): CursorResult<unknown[]>;
  execute(statement: object, params?: Params, options?: SessionExecuteOptions): unknown {
    return this.#run(execute(this.core, statement, params, options));
  }
  /** The first column of all rows: entities, for `select(User)`. */
  scalars<R, L>(
    statement: LoadingStatement<R, L>,
    params?: Params,
    options?: SessionExecuteOptions,
  ): L extends JoinsCollection
    ? JoinedScalars<FirstOf<SyncLoadedRow<R, L>>>
    : ScalarResult<FirstOf<SyncLoadedRow<R, L>>>;
  scalars(statement: object, params?: Params, options?: SessionExecuteOptions): ScalarResult<unknown>;
  scalars(statement: object, params?: Params, options?: SessionExecuteOptions): unknown {
    return this.execute(statement, params, options).scalars();
  }
  /** The first column of the first row, or null. */
  scalar<R, L>(
    statement: LoadingStatement<R, L>,
    params?: Params,
    options?: SessionExecuteOptions,
  ): FirstOf<SyncLoadedRow<R, L>> | null;
  scalar(statement: object, params?: Params, options?: SessionExecuteOptions): unknown;
  scalar(statement: object, params?: Params, options?: SessionExecuteOptions): unknown {
    return this.execute(statement, params, options).scalar();
  }

  /** Sends on a channel, in this session's transaction: it is delivered when that commits. See `connection.notify()`. */
  notify(channel: string, payload?: string): void;
  notify<T>(channel: Channel<T>, payload: T): void;
  notify(channel: ChannelLike, payload: unknown = ""): void {
    this.#run(notifyInSession(this.core, channel, payload));
  }

  [EXPLAIN](statement: Node, options: ExplainOptions): QueryPlan {
    return this.#run(explainInSession(this.core, statement, options));
  }

  /** The connection that statements of this session run on; options as for the asynchronous session. */
  connection(options: ConnectionOptions = {}): Connection {
    return new Connection(this.#run(connectionWith(this.core, options)));
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
