import { registerDialect } from "../../engine/dialect.js";
import { SqliteDialect } from "./dialect.js";

export type { BeginMode } from "./connection.js";
export { SqliteDialect, type SqliteOptions, sqliteCapabilities } from "./dialect.js";

/** Makes `sqlite://` URLs known. Called once, by the package's entry point. */
export function registerSqlite(): void {
  registerDialect("sqlite", (url, options) => new SqliteDialect(url, options));
  registerDialect("sqlite+better-sqlite3", (url, options) => new SqliteDialect(url, options));
}
