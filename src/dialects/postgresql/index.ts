/** The dialect of PostgreSQL: what of it is public, and its registration. */
import { registerDialect } from "../../engine/dialect.js";
import { PgliteDialect } from "./pglite/dialect.js";
import { PostgresqlServerDialect } from "./server-dialect.js";

export { postgresqlCapabilities } from "./capabilities.js";
export { PostgresqlDialect } from "./dialect.js";
export type { Hstore } from "./hstore.js";
export type { PostgresqlOptions } from "./options.js";
export { PostgresTextType, postgresql } from "./own-types.js";
export { Range, type RangeBounds } from "./range.js";
export { MultirangeType, RangeType, rangeTypes } from "./ranges.js";
export type { SyncTransport } from "./wire/link.js";

/** Makes `postgresql://` and `pglite://` URLs known. Called once, by the package's entry point. */
export function registerPostgresql(): void {
  for (const scheme of ["postgresql", "postgresql+pg", "postgres", "postgres+pg"]) {
    registerDialect(scheme, (url, options) => new PostgresqlServerDialect(url, options));
  }
  for (const scheme of ["pglite", "postgresql+pglite"]) {
    registerDialect(scheme, (url, options) => new PgliteDialect(url, options));
  }
}
