import { registerDialect } from "../../engine/dialect.js";
import { PostgresqlDialect } from "./dialect.js";

export { postgresqlCapabilities } from "./capabilities.js";
export { PostgresqlDialect } from "./dialect.js";
export type { PostgresqlOptions } from "./options.js";
export { MultirangeType, Range, type RangeBounds, RangeType, rangeTypes } from "./ranges.js";
export type { SyncTransport } from "./wire/link.js";

/** Makes `postgresql://` URLs known. Called once, by the package's entry point. */
export function registerPostgresql(): void {
  for (const scheme of ["postgresql", "postgresql+pg", "postgres", "postgres+pg"]) {
    registerDialect(scheme, (url, options) => new PostgresqlDialect(url, options));
  }
}
