/** `event`: listening to engines, connections, pools and sessions, typed by the target. */
import type { ConnectionCore } from "../engine/connection-core.js";
import { eventKernel, type Handler, type ListenOptions } from "../engine/events.js";
import type { EngineEventApi, EngineEventsOf } from "../engine/listen.js";
import type { Cls, RelAttr } from "../sql/entity.js";
import type { Node } from "../sql/node.js";
import type { Expr } from "../sql/typing.js";
import type { CollectionAttributeEvents, ScalarAttributeEvents } from "./attribute-events.js";
import "./attribute-events.js";
import type { CursorResult, Result } from "../engine/result.js";
import type { Delete } from "../sql/dml/delete.js";
import type { Update } from "../sql/dml/update.js";
import type { MapperEvents } from "./mapper-events.js";
import type { ClassConfigurationEvents } from "./mapping/configuration-events.js";
import type { Mapper } from "./mapping/mapper.js";
import type { Registry } from "./mapping/registry.js";
import type { AsyncSession } from "./session/async-session.js";
import type { FlushPlan } from "./session/flush.js";
import type { ORMExecuteState } from "./session/orm-execute-state.js";
import type { TransitionName } from "./session/session-events.js";
import type { AsyncSessionMaker, SessionMaker } from "./session/sessionmaker.js";
import type { Session } from "./session/sync-session.js";
import type { SessionTransaction } from "./session/transaction.js";
import type { FlushContext } from "./uow/flush-context.js";

type Transitions = { readonly [N in TransitionName]: (session: Session, object: object) => void };

/** Handlers of a session's events. All are synchronous. */
export interface SessionEvents extends Transitions {
  /** May change the session freely: what it adds is part of the flush. */
  beforeFlush(session: Session): void;
  /** A flush is about to run: what it will do, as `explainFlush()` shows it. The plan is made for those who listen. */
  flushPlanned(session: Session, plan: FlushPlan): void;
  /** After the statements of a flush, before its state is taken over. */
  afterFlush(session: Session, flush: FlushContext): void;
  /** After a flush; changes made here are for the next one. */
  afterFlushPostexec(session: Session, flush: FlushContext): void;
  /**
   * A connection has begun its transaction, or a savepoint (`transaction.nested`). Statements that the handler returns are executed there before anything else.
   *
   * @example event.listen(Session, "afterBegin", () => text("SET LOCAL app.tenant = '7'"));
   */
  afterBegin(
    session: Session,
    transaction: SessionTransaction,
    connection: ConnectionCore,
  ): Node | readonly Node[] | void;
  beforeCommit(session: Session): void;
  afterCommit(session: Session): void;
  afterRollback(session: Session): void;
  afterSoftRollback(session: Session, transaction: SessionTransaction): void;
  afterTransactionCreate(session: Session, transaction: SessionTransaction): void;
  afterTransactionEnd(session: Session, transaction: SessionTransaction): void;
  /**
   * Before a statement of `execute()` runs, and before each load that follows from something else. The handler may change the statement, or return
   * a Result that takes the place of the statement's own. One that runs statements itself is a generator function.
   *
   * @example event.listen(Session, "doOrmExecute", (state) => { if (state.isSelect) state.addOptions(withLoaderCriteria(...)); });
   */
  doOrmExecute(state: ORMExecuteState): Result<never> | Generator<unknown, unknown, never> | void;
  /** After `update(User)` with a condition, or by primary key. */
  afterBulkUpdate(session: Session, statement: Update, result: CursorResult<unknown>): void;
  /** After `del(User)` with a condition. */
  afterBulkDelete(session: Session, statement: Delete, result: CursorResult<unknown>): void;
}

/** Handlers of a registry's events: those of all its classes, and of the work as a whole. */
export interface RegistryEvents extends ClassConfigurationEvents {
  /** Classes are worked out next; more may be mapped, and `addProperty()` may give them more. */
  beforeConfigured(registry: Registry): void;
  /** All classes are worked out. */
  afterConfigured(registry: Registry): void;
}

/** Sessions, their factories, and the classes that stand for all sessions. */
export type SessionTarget =
  | AsyncSession
  | Session
  | AsyncSessionMaker
  | SessionMaker
  | typeof AsyncSession
  | typeof Session;

/** Handlers of a relationship: those of a collection, and those of a relation to one. Which of the two it is, its mapping tells. */
type RelationEvents<E, T> = CollectionAttributeEvents<E, T> & Pick<ScalarAttributeEvents<E, T | null>, "set">;

/** The events of a target by name, with their handlers. */
export type EventsOf<T> = [T] extends [never] ? Readonly<Record<string, Handler>> : EventsOfKnown<T>;

type EventsOfKnown<T> = T extends SessionTarget
  ? SessionEvents
  : T extends Registry | typeof Registry
    ? RegistryEvents
    : T extends Mapper | typeof Mapper
      ? MapperEvents
      : T extends RelAttr<infer E, infer Src>
        ? RelationEvents<Src, E>
        : T extends Expr<infer V, infer Src>
          ? ScalarAttributeEvents<Src, V>
          : [EngineEventsOf<T>] extends [never]
            ? T extends Cls<infer E extends object>
              ? MapperEvents<E>
              : never
            : EngineEventsOf<T>;

/** `event.listen`, `event.remove` and `event.contains`. */
export interface EventApi extends Omit<EngineEventApi, "listen"> {
  /**
   * Calls `handler` whenever the target sends the event.
   *
   * @param target an engine, a connection, a pool, a session or a factory of some, a table, a metadata, a registry, a mapped class, or an attribute of one
   *   (`attrs(User).name`); a class stands for all its objects
   * @param options `once`, `signal` to stop listening, `insert` to come before the others
   * @throws ArgumentError when the target sends no such event
   * @example event.listen(Session, "beforeFlush", (session) => { ... });
   * @example event.listen(users, "afterCreate", new DDL("CREATE TRIGGER ...").executeIf({ dialect: "sqlite" }));
   */
  listen<T extends object, N extends keyof EventsOf<T>>(
    target: T,
    name: N,
    handler: EventsOf<T>[N],
    options?: ListenOptions,
  ): void;
}

/**
 * Listening to what happens.
 *
 * @example event.listen(Session, "beforeFlush", (session) => { ... });
 */
export const event: EventApi = eventKernel as EventApi;
