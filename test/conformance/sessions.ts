import {
  type AsyncEngine,
  asyncSessionmaker,
  type Connection,
  type Engine,
  type Select,
  sessionmaker,
} from "../../src/index.js";
import type { ScenarioOptions } from "./format.js";
import type { MaybePromise } from "./maybe-promise.js";

/** What the runner uses of a session: the part that `AsyncSession` and `Session` have in common. */
export interface SessionFace {
  add(object: object): void;
  addAll(objects: readonly object[]): void;
  expunge(object: object): void;
  expungeAll(): void;
  expire(object: object, names?: readonly string[]): void;
  expireAll(): void;
  has(object: object): boolean;
  isModified(object: object): boolean;
  inTransaction(): boolean;
  readonly isActive: boolean;
  readonly new: Iterable<object>;
  readonly dirty: Iterable<object>;
  readonly deleted: Iterable<object>;
  readonly identityMap: { values(): Iterable<object> };
  flush(): MaybePromise<void>;
  commit(): MaybePromise<void>;
  rollback(): MaybePromise<void>;
  close(): MaybePromise<void>;
  delete(object: object): MaybePromise<void>;
  refresh(object: object, names?: readonly string[]): MaybePromise<void>;
  merge(object: object, options?: { load?: boolean }): MaybePromise<object>;
  get(entity: unknown, key: unknown, options?: object): MaybePromise<object | null>;
  scalars(statement: unknown): MaybePromise<ScalarRows>;
  beginNested(): MaybePromise<SavepointFace>;
  connection(): MaybePromise<ConnectionFace>;
}

export interface ScalarRows {
  unique(): ScalarRows;
  all(): object[];
  one(): object;
  oneOrNone(): object | null;
  first(): object | null;
}

export interface SavepointFace {
  commit(): MaybePromise<void>;
  rollback(): MaybePromise<void>;
}

/** What the runner uses of a connection. */
export interface ConnectionFace {
  readonly closed: boolean;
  execute(statement: Select<unknown> | unknown): MaybePromise<RowsFace>;
  execDriverSql(text: string): MaybePromise<RowsFace>;
  commit(): MaybePromise<void>;
  rollback(): MaybePromise<void>;
  close(): MaybePromise<void>;
}

export interface RowsFace {
  readonly returnsRows: boolean;
  all(): unknown[][];
}

/** How a scenario's sessions are made and run. */
export interface SessionHost {
  /** True when no step may be awaited. */
  readonly sync: boolean;
  open(options: ScenarioOptions): SessionFace;
  /** Runs `fn` where implicit I/O is allowed. What it returns is handed on. */
  runSync<T>(session: SessionFace, fn: (session: SessionFace) => T): MaybePromise<T>;
  /** A connection beside the sessions. */
  connect(): MaybePromise<ConnectionFace>;
}

function sessionOptions(options: ScenarioOptions) {
  return { autoflush: options.autoflush ?? true, expireOnCommit: options.expireOnCommit ?? true };
}

/** Sessions as most programs use them. */
export function asyncHost(engine: AsyncEngine): SessionHost {
  return {
    sync: false,
    open: (options) => asyncSessionmaker(engine, sessionOptions(options))() as unknown as SessionFace,
    runSync: (session, fn) => (session as unknown as { runSync<T>(fn: (s: SessionFace) => T): Promise<T> }).runSync(fn),
    connect: () => engine.connect() as unknown as MaybePromise<ConnectionFace>,
  };
}

/** Plain sessions of a synchronous engine, where all I/O is implicit. */
export function syncHost(engine: Engine): SessionHost {
  return {
    sync: true,
    open: (options) => sessionmaker(engine, sessionOptions(options))() as unknown as SessionFace,
    runSync: (session, fn) => fn(session),
    connect: () => engine.connect() as Connection as unknown as ConnectionFace,
  };
}
