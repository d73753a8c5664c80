/** The options of an SQLite URL and engine. */
import type { Database as RawDatabase } from "better-sqlite3";
import { type DialectOptions, flagOption, numberOption } from "../../engine/dialect.js";
import type { URL } from "../../engine/url.js";
import { ArgumentError } from "../../sql/errors.js";
import type { BeginMode } from "./connection.js";
import type { OpenSettings } from "./open.js";

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
  readonly onOpen?: (database: RawDatabase) => void;
  /** `sqlite+worker://` only: seconds that a blocking call waits for the thread. Default 300. */
  readonly syncTimeout?: number;
}

/** The options, read. */
export interface SqliteSettings {
  readonly open: OpenSettings;
  readonly begin: BeginMode;
  readonly autoincrement: boolean;
  readonly onOpen: ((database: RawDatabase) => void) | undefined;
}

const BEGIN_MODES: readonly BeginMode[] = ["lazy", "deferred", "immediate", "exclusive"];

const URL_OPTIONS = [
  "mode",
  "foreign_keys",
  "busy_timeout",
  "journal_mode",
  "statement_cache_size",
  "begin",
  "autoincrement",
];

/**
 * Reads the URL's options and the engine's.
 *
 * @param others names of options that the URL may have beside the usual ones
 * @throws ArgumentError naming what is wrong
 */
export function readSqliteOptions(url: URL, settings: DialectOptions, others: readonly string[]): SqliteSettings {
  if (url.host !== null || url.username !== null) {
    const scheme = url.drivername;
    throw new ArgumentError(
      `"${url}" is no SQLite URL: after ${scheme}:// comes a third slash and the file's path, as in "${scheme}:///app.db" ` +
        `or, absolute, "${scheme}:////var/app.db"; "${scheme}://" is a database in memory`,
    );
  }
  const known = [...URL_OPTIONS, ...others];
  for (const name of Object.keys(url.query)) {
    if (!known.includes(name)) {
      throw new ArgumentError(`SQLite knows no URL option "${name}"; it knows ${known.join(", ")}`);
    }
  }
  const given = (settings.dialectOptions?.["sqlite"] ?? {}) as SqliteOptions;
  const mode = url.option("mode") ?? "rwc";
  if (!["ro", "rw", "rwc", "memory"].includes(mode)) {
    throw new ArgumentError(`The option "mode" of an SQLite URL is ro, rw, rwc or memory, not "${mode}"`);
  }
  const begin = (url.option("begin") ?? given.begin ?? "lazy") as BeginMode;
  if (!BEGIN_MODES.includes(begin)) {
    throw new ArgumentError(`The option "begin" of SQLite is ${BEGIN_MODES.join(", ")}, not "${begin}"`);
  }
  const journalMode = url.option("journal_mode") ?? given.journalMode ?? "wal";
  if (!/^[a-z]+$/i.test(journalMode)) {
    throw new ArgumentError(`"${journalMode}" is no journal mode of SQLite; write "wal", "delete", ...`);
  }
  const path = url.database ?? "";
  return {
    open: {
      path: path === "" || path === ":memory:" || mode === "memory" ? null : path,
      readOnly: mode === "ro",
      mustExist: mode === "ro" || mode === "rw",
      foreignKeys: flagOption(url, "foreign_keys", given.foreignKeys ?? true),
      busyTimeout: numberOption(url, "busy_timeout", given.busyTimeout ?? 5000),
      journalMode,
      statementCacheSize: numberOption(url, "statement_cache_size", given.statementCacheSize ?? 200),
      connectArgs: settings.connectArgs ?? {},
    },
    begin,
    autoincrement: flagOption(url, "autoincrement", given.autoincrement ?? false),
    onOpen: given.onOpen,
  };
}
