/** The asynchronous session. */
import { AsyncConnection } from "../../engine/async-connection.js";
import { AsyncResult, type AsyncScalarResult } from "../../engine/async-result.js";
import type { CopyStream } from "../../engine/copy/copy-to.js";
import type { CopyBytesOptions, CopyRow, CopyRowsOptions, CopyToOptions, Items } from "../../engine/copy/options.js";
import { BREATHE, isPromise, meaningToBlock, type Op, turnIsLong } from "../../engine/io.js";
import type { JoinedResultPromise, JoinedScalarsPromise } from "../../engine/joined-result.js";
import type { Channel, ChannelLike } from "../../engine/notifications/channel.js";
import type { CursorResult, FirstOf } from "../../engine/result.js";
import { carry, carryScalars, type ResultPromise, type ScalarResultPromise } from "../../engine/result-promise.js";
import type { Cls, Plain } from "../../sql/entity.js";
import { InvalidRequestError } from "../../sql/errors.js";
import { EXPLAIN } from "../../sql/explain.js";
import { keepShape } from "../../sql/keep-shape.js";
import type { JoinsCollection, LoadedRow, LoadingStatement } from "../../sql/load-effects.js";
import type { Node } from "../../sql/node.js";
import type { ExplainOptions, QueryPlan } from "../../sql/query-plan.js";
import type { RowsOf } from "../../sql/typing.js";
import type { GetOptions } from "../loading/identity.js";
import { ensureState } from "../mapping/instrument.js";
import { type Mapper, mapperOf } from "../mapping/mapper.js";
import { identityKey } from "../object-functions.js";
import type { InstanceState } from "../state.js";
import { type ConnectionOptions, connectionWith } from "./connection-options.js";
import { copyIntoSession, copyOfSession } from "./copy.js";
import {
  type CollectionOf,
  type CountSettings,
  collectionNamed,
  countEach,
  countMembers,
  type MemberOf,
} from "./count-members.js";
import { deleteObjects } from "./delete.js";
import { execute, openStream } from "./execute.js";
import type { Params, SessionExecuteOptions } from "./execute-options.js";
import { explainInSession } from "./explain.js";
import type { FlushPlan } from "./flush.js";
import { getMany } from "./get-many.js";
import type { MergeOptions } from "./merge.js";
import type { NaturalKeyValues } from "./natural-key.js";
import { getBy, getManyBy, getOrCreate, merge, naturalKey, presentBy, type Values } from "./natural-keys.js";
import { notifyInSession } from "./notify.js";
import { type BatchLoader, batchOf, SessionQueue } from "./queue.js";
import type { SessionCore } from "./session-core.js";
import { SessionFace } from "./session-face.js";
import { Session } from "./sync-session.js";
import type { SessionTransaction } from "./transaction.js";
import { AsyncSessionTransaction } from "./transaction-faces.js";
import { openSessions } from "./transactional-session.js";
import { type Upserted, type UpsertOptions, upsert } from "./upsert.js";

/** The asynchronous face of a session, if it has one. */
export function asyncFaceOf(core: object): AsyncSession | undefined {
  const { asyncFace } = core as SessionCore;
  return asyncFace instanceof AsyncSession ? asyncFace : undefined;
}

/**
 * A unit of work. Calls take their place when they are made and run one after the other, so that overlapping calls are safe; each gives a promise.
 *
 * @example
 * await using session = Session();
 * session.add(create(User, { name: "Alice" }));
 * await session.commit();
 */
export class AsyncSession extends SessionFace implements AsyncDisposable {
  /** Closes every asynchronous session that is in a transaction. */
  static async closeAll(): Promise<void> {
    await Promise.all(openSessions().map((core) => asyncFaceOf(core)?.close()));
  }

  /** The session of an object, or null. @throws UnmappedInstanceError */
  static objectSession(object: object): AsyncSession | null {
    const { session } = ensureState(object);
    return session === null ? null : (asyncFaceOf(session) ?? null);
  }
  /** The class that an identity belongs to and the primary key values: of an object, or of a class and key values. */
  static readonly identityKey: typeof identityKey = identityKey;

  /** @internal */
  readonly queue: SessionQueue;
  readonly #signal: AbortSignal | undefined;
  #openStreams = 0;
  /** The synchronous session over the same objects and transaction; usable inside `runSync`, and as a target of events. */
  readonly syncSession: Session;

  /** @internal */
  constructor(core: SessionCore, signal?: AbortSignal) {
    super(core);
    this.#signal = signal;
    this.queue = new SessionQueue(signal);
    this.syncSession = new Session(core);
    core.asyncFace = this;
  }

  /** @internal Queues an operation. */
  run<T>(op: Op<T>, signal?: AbortSignal): Promise<T> {
    this.#refuseInSync();
    return this.queue.run(op, signal);
  }

  /** Queues what ends work: the session's signal does not stop it. */
  #finish<T>(op: Op<T>): Promise<T> {
    this.#refuseInSync();
    return this.queue.finish(op);
  }

  #refuseInSync(): void {
    if (this.core.syncDepth === 0) return;
    throw new InvalidRequestError(
      "The asynchronous session was called inside runSync(). In there, use the synchronous session that the function is given; nothing of it is awaited.",
    );
  }

  /**
   * Writes what has changed.
   *
   * @param options `signal`: stops waiting and cancels the statement; the transaction has failed then, as by any error of a flush
   * @throws what the database refuses, as an IntegrityError or another DatabaseError; StaleDataError where a row is gone or has another version;
   * FlushError where the objects cannot be written as they are. The transaction is rolled back then, and until `rollback()` the session refuses all
   * else (PendingRollbackError).
   */
  flush(options?: { readonly signal?: AbortSignal }): Promise<void> {
    return this.run(this.core.flush(), options?.signal);
  }
  /**
   * Flushes and commits. Once begun it is not stopped by the session's signal: nobody would know what became of it.
   *
   * @throws what {@link flush} throws; a DatabaseError whose `commitUncertain` is true where nobody can tell whether the commit has happened
   */
  commit(): Promise<void> {
    const signal = this.#signal;
    return signal?.aborted ? Promise.reject(signal.reason) : this.#finish(this.core.commit());
  }
  /** Rolls back, with all savepoints: what was added is new again, all else expires. Does nothing where no transaction has begun. */
  rollback(): Promise<void> {
    return this.#finish(this.core.rollback());
  }
  /** The first phase of a commit in two phases, for a session made with `{ twophase: true }`; `commit()` is the second. */
  prepare(): Promise<void> {
    return this.run(this.core.prepare());
  }
  /** Rolls back, detaches all objects, gives the connection back. The session can be used again. */
  close(): Promise<void> {
    return this.#finish(this.core.close());
  }
  /** The same as {@link close}; the session can be used again even where it was made with `closeResetsOnly: false`. */
  reset(): Promise<void> {
    return this.#finish(this.core.reset());
  }
  /** Closes, and throws the connections away instead of giving them back. */
  invalidate(): Promise<void> {
    return this.#finish(this.core.close(true));
  }

  /**
   * Begins a transaction. With a function, commits when it returns and rolls back when it throws.
   * @throws InvalidRequestError when a transaction has begun already
   */
  begin(): Promise<AsyncSessionTransaction>;
  begin<T>(fn: (session: this) => T | PromiseLike<T>): Promise<T>;
  begin<T>(fn?: (session: this) => T | PromiseLike<T>): Promise<T | AsyncSessionTransaction> {
    return this.#within(this.core.begin(), fn);
  }

  /**
   * Flushes and sets a savepoint. With a function, releases it when it returns and rolls back to it when it throws.
   * @throws InvalidRequestError when functions run side by side, as savepoints lie inside one another
   */
  beginNested(): Promise<AsyncSessionTransaction>;
  beginNested<T>(fn: (session: this) => T | PromiseLike<T>): Promise<T>;
  beginNested<T>(fn?: (session: this) => T | PromiseLike<T>): Promise<T | AsyncSessionTransaction> {
    return this.#within(this.core.beginNested(), fn);
  }

  // The user's function is awaited between the slots, never inside one.
  async #within<T>(
    begin: ReturnType<SessionCore["begin"]>,
    fn?: (session: this) => T | PromiseLike<T>,
  ): Promise<T | AsyncSessionTransaction> {
    const transaction = new AsyncSessionTransaction(this.core, await this.run(begin), (op) => this.#finish(op));
    if (fn === undefined) return transaction;
    const block = this.core.enterBlock(transaction.transaction);
    try {
      const result = await fn(this);
      this.core.endBlock(block);
      // The function may have ended it by itself.
      if (transaction.transaction.isOpen) await transaction.commit();
      return result;
    } catch (error) {
      this.core.crossBlocks(block);
      try {
        await transaction[Symbol.asyncDispose]();
      } catch {
        // The error of the function is the one to tell.
      }
      throw error;
    } finally {
      this.core.leaveBlock(block);
    }
  }

  /**
   * Marks an object, and what its delete cascades reach, for deletion; loads what it must know for that. The next flush writes it.
   *
   * @throws InvalidRequestError for an object that was never stored
   */
  delete(object: object): Promise<void> {
    return this.run(deleteObjects(this.core, [object]));
  }
  /** The same for several objects. */
  deleteAll(objects: Iterable<object>): Promise<void> {
    return this.run(deleteObjects(this.core, [...objects]));
  }
  /**
   * Loads an object's attributes anew: those named, or all columns and eager relationships. Pending changes of them are lost.
   *
   * @throws InvalidRequestError for an object that is not persistent here, an attribute that is not mapped, or a row that is gone
   */
  refresh(object: object, names?: readonly string[], options?: GetOptions): Promise<void> {
    return this.run(this.core.refresh(object, names, options), options?.signal);
  }
  /**
   * Copies the state of a given object, and what hangs on it along merge cascades, onto this session's own.
   *
   * @returns the session's object; the given one stays as it is
   * @throws StaleDataError where the given object has another version than the row
   */
  merge<E extends object>(object: E, options?: MergeOptions): Promise<E> {
    return this.run(merge(this.core, object, options)) as Promise<E>;
  }

  /** Merges several objects; those that they share are merged once. */
  async mergeAll<E extends object>(objects: Iterable<E>, options?: MergeOptions): Promise<E[]> {
    const merged: Promise<E>[] = [];
    for (const object of objects) merged.push(this.merge(object, options));
    return Promise.all(merged);
  }

  /** The transaction in progress, or null. */
  getTransaction(): AsyncSessionTransaction | null {
    return this.#transactionFace(this.core.rootTransaction);
  }
  /** The innermost savepoint in progress, or null. */
  getNestedTransaction(): AsyncSessionTransaction | null {
    return this.#transactionFace(this.core.nestedTransaction);
  }

  #transactionFace(transaction: SessionTransaction | null): AsyncSessionTransaction | null {
    if (transaction === null) return null;
    if (transaction.face instanceof AsyncSessionTransaction) return transaction.face;
    return new AsyncSessionTransaction(this.core, transaction, (op) => this.#finish(op));
  }

  /**
   * The object with that primary key, from the identity map or the database, or null. Gets that are made together run as one statement.
   *
   * @param ident the key's value, a tuple for several columns, or an object of key attributes
   * @param options what is loaded with it, a lock, or `populateExisting`: such a get runs a statement of its own
   * @throws ArgumentError for a key of another form; UnmappedClassError
   */
  get<E extends object>(cls: Cls<E>, ident: unknown, options?: GetOptions): Promise<E | null> {
    try {
      const { core } = this;
      const mapper = core.mapperFor(cls);
      if (options !== undefined) return this.run(core.get(mapper, ident, options), options.signal) as Promise<E | null>;
      this.#refuseInSync();
      const present = this.queue.idle ? core.present(mapper, ident) : undefined;
      if (present !== undefined) return Promise.resolve(present as E);
      return this.queue.batched(new GetLoader(core, mapper), ident) as Promise<E | null>;
    } catch (error) {
      return Promise.reject(error);
    }
  }
  /** The same. @throws NoResultFound where there is no such row */
  getOne<E extends object>(cls: Cls<E>, ident: unknown, options?: GetOptions): Promise<E> {
    return this.get(cls, ident, options).then((found) => found ?? this.core.notFound(this.core.mapperFor(cls), ident));
  }

  /**
   * The object with that natural key: from the identity map where it is there, else from the database, or null. Those asked for together run as one
   * statement.
   *
   * @param key values of attributes that the mapping says are unique together
   * @throws ArgumentError where they are not, or one of them is null
   * @example const user = await session.getBy(User, { email: "ann@example.com" });
   */
  async getBy<E extends object>(cls: Cls<E>, key: NaturalKeyValues<E>, options?: GetOptions): Promise<E | null> {
    const { core } = this;
    const [natural, values] = naturalKey(core, cls, key, "getBy");
    if (options !== undefined)
      return (await this.run(getBy(core, natural, values, options), options.signal)) as E | null;
    this.#refuseInSync();
    const present = this.queue.idle ? presentBy(core, natural, values) : undefined;
    if (present !== undefined) return present as E;
    const loader = batchOf<readonly unknown[], object | null>(natural, (all) => getManyBy(core, natural, all));
    return (await this.queue.batched(loader, values)) as E | null;
  }
  /**
   * The object with that natural key, made and written where there is none. It is right under a race: of several that make the same row at the same
   * time one does, and the others get its row. What else is pending is flushed first. In a transaction that cannot see what others have committed
   * since it began (REPEATABLE READ), losing the race is the IntegrityError that it is.
   *
   * @param defaults the other attributes of a new object, or a function that gives them
   * @throws ArgumentError as {@link getBy} does
   * @example const tag = await session.getOrCreate(Tag, { name: "news" }, { color: "red" });
   */
  async getOrCreate<E extends object>(
    cls: Cls<E>,
    key: NaturalKeyValues<E>,
    defaults?: Partial<E> | (() => Partial<E>),
  ): Promise<E> {
    const [natural, values] = naturalKey(this.core, cls, key, "getOrCreate");
    return (await this.run(getOrCreate(this.core, natural, values, defaults as Values | undefined))) as E;
  }
  /**
   * Inserts rows where they are new by a natural key, and brings those that exist up to date. One row of a key, whoever else writes it; the pending
   * changes of the session are flushed first.
   *
   * @param rows attribute values
   * @returns for each row, in order, its object and whether it was inserted, updated or left as it was
   * @throws ArgumentError where `by` is not unique, or a row lacks it
   * @example for (const { object, outcome } of await session.upsert(User, rows, { by: "email", update: ["name"] })) console.log(object.id, outcome);
   */
  async upsert<E extends object>(
    cls: Cls<E>,
    rows: readonly Partial<Plain<E>>[],
    options: UpsertOptions<E>,
  ): Promise<Upserted<E>[]> {
    const { core } = this;
    return (await this.run(
      upsert(core, core.mapperFor(cls), rows as readonly Values[], options as UpsertOptions<object>),
    )) as Upserted<E>[];
  }

  /**
   * How many members a collection has, without loading them. Counts of the same collection that are asked for together run as one statement.
   *
   * Pending changes are flushed first, where the session flushes by itself. A collection that is loaded whole is counted in memory, with what was added
   * and removed; without autoflush the database does not know of other changes, and is asked all the same.
   *
   * @param settings `where`: only members that meet a condition, as the database has them
   * @throws ArgumentError for an attribute that is no collection, InvalidRequestError for an object of another session
   * @example await session.count(user, "posts"); await session.count(user, "posts", { where: (p) => p.published.eq(true) })
   */
  async count<E extends object, const K extends CollectionOf<E>>(
    object: E,
    collection: K,
    settings: CountSettings<MemberOf<E, K>> = {},
  ): Promise<number> {
    const { core } = this;
    const relationship = collectionNamed(core, object, collection);
    const { where } = settings;
    if (where !== undefined) return (await this.run(countMembers(core, [object], relationship, where)))[0];
    this.#refuseInSync();
    // One that is refused must not spoil the batch of the others.
    core.inSession(object, "asked for its members");
    const loader = batchOf<object, number>(relationship, (objects) => countMembers(core, objects, relationship));
    return this.queue.batched(loader, object);
  }
  /**
   * The same for several objects of one class, with one statement.
   *
   * @returns the number of each object
   * @example const published = await session.countEach(users, "posts", { where: (p) => p.published.eq(true) });
   */
  async countEach<E extends object, const K extends CollectionOf<E>>(
    objects: Iterable<E>,
    collection: K,
    settings: CountSettings<MemberOf<E, K>> = {},
  ): Promise<Map<E, number>> {
    return (await this.run(countEach(this.core, objects, collection, settings.where))) as Map<E, number>;
  }

  /**
   * Runs a statement; its rows are buffered. What is pending is flushed first, where the session flushes by itself.
   *
   * @param params values of the statement's own parameters by name; a list of them runs an INSERT, UPDATE or DELETE for each
   * @param options execution options of this run, over those of the statement and of the session
   * @returns the result: rows are tuples, or objects where the select names its columns; of a statement that gives none, how many it has met
   * @throws ArgumentError for what is no statement; InvalidRequestError; a DatabaseError for what the database refuses
   * @example const rows = await session.execute(select({ name: u.name, posts: func.count(p.id) }).join(u.posts).groupBy(u.id)).all();
   */
  execute(
    statement: RowsOf<never>,
    params?: Params,
    options?: SessionExecuteOptions,
  ): ResultPromise<unknown[], CursorResult<unknown[]>>;
  execute<R, L>(
    statement: LoadingStatement<R, L>,
    params?: Params,
    options?: SessionExecuteOptions,
  ): L extends JoinsCollection ? JoinedResultPromise<LoadedRow<R, L>> : ResultPromise<LoadedRow<R, L>>;
  execute(
    statement: object,
    params?: Params,
    options?: SessionExecuteOptions,
  ): ResultPromise<unknown[], CursorResult<unknown[]>>;
  execute(statement: object, params?: Params, options?: SessionExecuteOptions): unknown {
    return carry(this.run(execute(this.core, statement, params, options), options?.signal));
  }
  /** The first column of all rows: entities, for `select(User)`. Parameters and errors are those of {@link execute}. */
  scalars<R, L>(
    statement: LoadingStatement<R, L>,
    params?: Params,
    options?: SessionExecuteOptions,
  ): L extends JoinsCollection
    ? JoinedScalarsPromise<FirstOf<LoadedRow<R, L>>>
    : ScalarResultPromise<FirstOf<LoadedRow<R, L>>>;
  scalars(statement: object, params?: Params, options?: SessionExecuteOptions): ScalarResultPromise<unknown>;
  scalars(statement: object, params?: Params, options?: SessionExecuteOptions): unknown {
    return carryScalars(this.run(execute(this.core, statement, params, options, true), options?.signal));
  }
  /** The first column of the first row, or null. Parameters and errors are those of {@link execute}. */
  scalar<R, L>(
    statement: LoadingStatement<R, L>,
    params?: Params,
    options?: SessionExecuteOptions,
  ): Promise<FirstOf<LoadedRow<R, L>> | null>;
  scalar(statement: object, params?: Params, options?: SessionExecuteOptions): Promise<unknown>;
  scalar(statement: object, params?: Params, options?: SessionExecuteOptions): unknown {
    return this.execute(statement, params, options).scalar();
  }

  /**
   * Runs a select and reads its rows as they come, from a cursor of the server. Close the result, or read it to its end.
   *
   * @param options `yieldPer`: how many rows are fetched at once, 1000 by default
   * @throws ArgumentError for a statement that is neither a select nor a `fromStatement()`
   * @example for await (const [user] of await session.stream(select(User))) console.log(user.name);
   */
  async stream<R, L>(
    statement: LoadingStatement<R, L>,
    params?: Params,
    options?: SessionExecuteOptions,
  ): Promise<AsyncResult<LoadedRow<R, L>>> {
    const signal = options?.signal;
    const source = await this.run(openStream(this.core, statement, params, options), signal);
    let open = true;
    this.#openStreams++;
    const stream = {
      fetch: (count: number) => this.run(source.fetch(count), signal),
      close: () => {
        if (open) this.#openStreams--;
        open = false;
        return this.#finish(source.close());
      },
    };
    return new AsyncResult<LoadedRow<R, L>>(source.shape, stream, source.yieldPer);
  }
  /** Whether a result of `stream()` is open: neither read to its end nor closed. */
  get isStreaming(): boolean {
    return this.#openStreams > 0;
  }
  /** The same of the first column of each row: entities, for `select(User)`. */
  async streamScalars<R, L>(
    statement: LoadingStatement<R, L>,
    params?: Params,
    options?: SessionExecuteOptions,
  ): Promise<AsyncScalarResult<FirstOf<LoadedRow<R, L>>>> {
    return (await this.stream(statement, params, options)).scalars();
  }

  /**
   * Runs a synchronous function in which attributes load when they are read.
   *
   * @param fn gets the synchronous session; it must not return a promise
   * @throws InvalidRequestError for an asynchronous function, or inside another runSync
   */
  runSync<T>(fn: (session: Session) => T): Promise<T> {
    return this.run(this.#sync(fn));
  }

  *#sync<T>(fn: (session: Session) => T): Op<T> {
    const { core } = this;
    // One after the other they would be all that happens: what blocks is over before anything else has its turn.
    if (turnIsLong()) yield BREATHE;
    yield* core.pinConnections();
    core.syncDepth++;
    let result: T;
    try {
      result = meaningToBlock(() => fn(this.syncSession));
    } finally {
      core.syncDepth--;
    }
    if (isPromise(result)) {
      void Promise.resolve(result).catch(() => {});
      throw new InvalidRequestError(
        "The function given to runSync() returned a promise. It must be synchronous: everything in it blocks, and nothing is awaited.",
      );
    }
    return result;
  }

  /** What a flush would do now, step by step, without doing it. */
  explainFlush(): Promise<FlushPlan> {
    return this.run(this.core.explainFlush());
  }

  /** Sends on a channel, in this session's transaction: it is delivered when that commits. See `connection.notify()`. */
  notify(channel: string, payload?: string): Promise<void>;
  notify<T>(channel: Channel<T>, payload: T): Promise<void>;
  async notify(channel: ChannelLike, payload: unknown = ""): Promise<void> {
    await this.run(notifyInSession(this.core, channel, payload));
  }

  /**
   * Writes rows by COPY, the fastest way into a table, in this session's transaction; objects in memory do not learn of them. Discriminators and first
   * versions are written as for objects. See `connection.copyFrom()`.
   *
   * @throws InvalidRequestError for a class of several tables
   * @example await session.copyFrom(User, readUsers());
   */
  copyFrom<T extends object>(target: T, rows: Items<CopyRow<T>>, options?: CopyRowsOptions): Promise<number>;
  copyFrom(target: object, chunks: Items<Uint8Array | string>, options: CopyBytesOptions): Promise<number>;
  copyFrom(target: object, source: Items<unknown>, options?: CopyRowsOptions): Promise<number> {
    return copyIntoSession(this.core, (op, signal) => this.run(op, signal), target, source, options);
  }

  /**
   * Reads a class, a table or a query by COPY, as bytes: what is pending is flushed first, criteria and handlers of `doOrmExecute` hold, loader options
   * say nothing. See `connection.copyTo()`.
   *
   * @example await pipeline(session.copyTo(User, { format: "csv", header: true }), createWriteStream("users.csv"));
   */
  copyTo(source: object, options: CopyToOptions): CopyStream {
    return copyOfSession(this.core, (op, signal) => this.run(op, signal), source, options);
  }

  [EXPLAIN](statement: Node, options: ExplainOptions): Promise<QueryPlan> {
    return this.run(explainInSession(this.core, statement, options));
  }

  /**
   * The connection that statements of this session run on, in its transaction.
   *
   * @param options the class whose connection it is, what the session's own routing is told, and options that the connection takes before its transaction begins
   */
  async connection(options: ConnectionOptions = {}): Promise<AsyncConnection> {
    return new AsyncConnection(await this.run(connectionWith(this.core, options)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal Loads an attribute of an object together with its siblings. */
  loadBatched(state: InstanceState, key: string): Promise<unknown> {
    const attribute = mapperOf(state).attribute(key);
    const { core } = this;
    const stack = core.watchedStack();
    const loader = batchOf<InstanceState, unknown>(attribute, function* (states) {
      yield* core.loadSiblings(states, attribute, stack);
      return states.map((each) => attribute.get(each));
    });
    return this.queue.batched(loader, state);
  }
}

/** Gets of one class. */
class GetLoader implements BatchLoader<unknown, object | null> {
  constructor(
    private readonly core: SessionCore,
    readonly kind: Mapper,
  ) {}

  loadOne(ident: unknown): Op<object | null> {
    return this.core.get(this.kind, ident);
  }

  loadMany(idents: readonly unknown[]): Op<readonly (object | null | Error)[]> {
    return getMany(this.core, this.kind, idents);
  }
}

keepShape(new GetLoader(null as never, null as never));
keepShape(new AsyncSession({ asyncFace: null, face: null } as never));
