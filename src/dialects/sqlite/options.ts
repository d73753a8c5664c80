/** The options of an SQLite URL and engine. */
import type { DialectOptions } from "../../engine/dialect.js";
import { OptionReader } from "../../engine/dialect-options.js";
import type { URL } from "../../engine/url.js";
import { ArgumentError } from "../../sql/errors.js";
import type { BeginMode, SqliteOptions } from "./engine-options.js";
import type { OpenSettings } from "./open.js";

/** The options, read. */
export interface SqliteSettings {
  /** What was read, for the options of a driver. */
  readonly reader: OptionReader;
  readonly open: OpenSettings;
  readonly begin: BeginMode;
  readonly autoincrement: boolean;
  readonly onOpen: SqliteOptions["onOpen"];
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
  const given = (settings.dialectOptions?.["sqlite"] ?? {}) as SqliteOptions;
  // One configuration serves both drivers: what only the other takes is no mistake.
  const elsewhere = ["onOpen", "syncTimeout"];
  const options = new OptionReader("SQLite", url, { ...given }, [...URL_OPTIONS, ...others], elsewhere);
  const mode = options.oneOf("mode", ["ro", "rw", "rwc", "memory"], "rwc");
  const journalMode = options.option("journal_mode") ?? "wal";
  if (!/^[a-z]+$/i.test(journalMode)) {
    throw new ArgumentError(`"${journalMode}" is no journal mode of SQLite; write "wal", "delete", ...`);
  }
  const path = url.database ?? "";
  return {
    reader: options,
    open: {
      path: path === "" || path === ":memory:" || mode === "memory" ? null : path,
      readOnly: mode === "ro",
      mustExist: mode === "ro" || mode === "rw",
      foreignKeys: options.flag("foreign_keys", true),
      busyTimeout: options.milliseconds("busy_timeout", 5000),
      journalMode,
      statementCacheSize: options.number("statement_cache_size", 200),
      connectArgs: settings.connectArgs ?? {},
    },
    begin: options.oneOf("begin", BEGIN_MODES, "lazy"),
    autoincrement: options.flag("autoincrement", false),
    onOpen: given.onOpen,
  };
}
