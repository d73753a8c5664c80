/** Opening a better-sqlite3 database, on whichever thread. */
import { createRequire } from "node:module";
import type { Database as RawDatabase } from "better-sqlite3";
import { NoSuchModuleError } from "../../engine/errors.js";
import { refuseGiven } from "../../engine/given.js";
import { SqliteDatabase } from "./database.js";
import { registerFunctions } from "./functions.js";

/** How a database is opened. Plain data, which can be sent to a thread. */
export interface OpenSettings {
  /** Null is a database in memory. */
  readonly path: string | null;
  readonly readOnly: boolean;
  readonly mustExist: boolean;
  readonly foreignKeys: boolean;
  /** Milliseconds. */
  readonly busyTimeout: number;
  readonly journalMode: string;
  readonly statementCacheSize: number;
  /** Options of the driver, passed on as they are. */
  readonly connectArgs: Readonly<Record<string, unknown>>;
}

/**
 * Opens a database and sets it up.
 *
 * @param given an open better-sqlite3 database in place of one opened from the settings
 * @param onOpen called with the database at the end
 */
export function openDatabase(
  settings: OpenSettings,
  given?: unknown,
  onOpen?: (database: RawDatabase) => void,
): SqliteDatabase {
  const { path, readOnly, foreignKeys, busyTimeout, journalMode, statementCacheSize } = settings;
  const raw = given === undefined ? openRaw(settings) : givenDatabase(given);
  try {
    raw.pragma(`foreign_keys = ${foreignKeys ? "ON" : "OFF"}`);
    raw.pragma(`busy_timeout = ${Math.round(busyTimeout)}`);
    if (path !== null && !readOnly) {
      raw.pragma(`journal_mode = ${journalMode}`);
      if (journalMode.toLowerCase() === "wal") raw.pragma("synchronous = NORMAL");
    }
    registerFunctions(raw);
    onOpen?.(raw);
  } catch (error) {
    raw.close();
    throw error;
  }
  return new SqliteDatabase(raw, statementCacheSize);
}

function givenDatabase(given: unknown): RawDatabase {
  const database = given as Partial<RawDatabase> | null;
  if (typeof database?.prepare === "function" && typeof database.pragma === "function") return given as RawDatabase;
  return refuseGiven(given, "a Database of better-sqlite3");
}

function openRaw({ path, busyTimeout, readOnly, mustExist, connectArgs }: OpenSettings): RawDatabase {
  const Database = loadDriver();
  return new Database(path ?? ":memory:", {
    timeout: busyTimeout,
    readonly: readOnly,
    fileMustExist: mustExist,
    ...connectArgs,
  });
}

type DatabaseClass = new (path: string, options?: Record<string, unknown>) => RawDatabase;

function loadDriver(): DatabaseClass {
  try {
    return createRequire(import.meta.url)("better-sqlite3") as DatabaseClass;
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    const reason =
      code === "MODULE_NOT_FOUND"
        ? "is not installed"
        : `could not be loaded (${(error as Error).message.split("\n")[0]})`;
    throw new NoSuchModuleError(
      `The package "better-sqlite3", which sqlite:// URLs need, ${reason}. Install it with: npm install better-sqlite3`,
      { cause: error },
    );
  }
}
