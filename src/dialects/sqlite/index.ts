/** The dialect of SQLite: what of it is public, and its registration. */
import { registerDialect } from "../../engine/dialect.js";
import { SqliteDialect } from "./dialect.js";
import { SqliteThreadDialect } from "./thread/dialect.js";

export { SqliteDialect, sqliteCapabilities } from "./dialect.js";
export type { BeginMode, RawSqliteDatabase, SqliteOptions } from "./engine-options.js";

/** Makes `sqlite://` and `sqlite+worker://` URLs known. Called once, by the package's entry point. */
export function registerSqlite(): void {
  registerDialect("sqlite", (url, options) => new SqliteDialect(url, options));
  registerDialect("sqlite+better-sqlite3", (url, options) => new SqliteDialect(url, options));
  registerDialect("sqlite+worker", (url, options) => new SqliteThreadDialect(url, options));
}
