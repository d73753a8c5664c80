/** The databases that migrations know. */
import { MigrationError } from "../errors.js";
import type { MigrationDialect } from "./migration-dialect.js";
import { postgresqlMigrations } from "./postgresql.js";
import { sqliteMigrations } from "./sqlite.js";

const DIALECTS: Readonly<Record<string, MigrationDialect>> = {
  postgresql: postgresqlMigrations,
  sqlite: sqliteMigrations,
};

/** @throws MigrationError for a dialect that migrations do not know */
export function migrationDialect(name: string): MigrationDialect {
  const found = DIALECTS[name];
  if (found !== undefined) return found;
  throw new MigrationError(`Migrations run on ${Object.keys(DIALECTS).join(" and ")}, not on ${name}.`);
}
