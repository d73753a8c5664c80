/** The options of SQLite engines. Its declarations name no driver: a user need not have the types of one. */

/** When a transaction sends its BEGIN. */
export type BeginMode =
  /** `BEGIN IMMEDIATE` before the first statement that writes: reads before it see what is committed at their time. */
  | "lazy"
  /** `BEGIN` before the first statement: all reads see one state; writing later fails if another wrote in between. */
  | "deferred"
  /** `BEGIN IMMEDIATE` at once: one such transaction at a time. */
  | "immediate"
  | "exclusive";

/** What `onOpen` gets, as far as it is the same with all versions of better-sqlite3: say the driver's own type in its place where you have it. */
export interface RawSqliteDatabase {
  exec(sql: string): unknown;
  pragma(sql: string, options?: { readonly simple?: boolean }): unknown;
  // Methods, so that functions of the driver's own types fit.
  function(name: string, fn: (...values: never[]) => unknown): unknown;
  function(name: string, options: object, fn: (...values: never[]) => unknown): unknown;
  aggregate(name: string, options: object): unknown;
  loadExtension(path: string, entryPoint?: string): unknown;
}

/** Options of the dialect, in the URL or as `dialectOptions: { sqlite: { ... } }`. */
export interface SqliteOptions {
  /** Enforce foreign keys. Default true. */
  readonly foreignKeys?: boolean;
  /** Milliseconds that a writer waits for another one. Default 5000. */
  readonly busyTimeout?: number;
  /** Of databases in files. Default "wal". */
  readonly journalMode?: string;
  /** How many prepared statements each connection keeps. Default 200. */
  readonly statementCacheSize?: number;
  /** When BEGIN is sent; see {@link BeginMode}. Default "lazy". */
  readonly begin?: BeginMode;
  /** Keys are made with AUTOINCREMENT, so that none is used twice. Default false. */
  readonly autoincrement?: boolean;
  /**
   * Called with each new better-sqlite3 database: own functions, extensions, pragmas. With `sqlite+worker://` it runs in the
   * thread, to which it is sent as its text: it sees its argument, globals and `require`, nothing else.
   */
  onOpen?(database: RawSqliteDatabase): void;
  /** `sqlite+worker://` only: seconds that a blocking call waits for the thread. Default 300. */
  readonly syncTimeout?: number;
}

declare module "../../engine/dialect.js" {
  interface OptionsOfDialects {
    readonly sqlite?: SqliteOptions;
  }
}
