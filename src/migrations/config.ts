/** The settings of a project's migrations, as `athanor.config.ts` gives them. */
import type { AsyncEngine } from "../engine/async-engine.js";
import type { EngineOptions } from "../engine/engine-options.js";
import type { MetaData } from "../sql/schema/metadata.js";
import type { NamingConvention } from "../sql/schema/naming.js";
import type { ComparedObject, ComparePlugin } from "./autogenerate/compared.js";
import { MigrationError } from "./errors.js";
import type { MigrateOperation } from "./operations/operation.js";
import type { RunOptions } from "./runner.js";
import type { Tenant } from "./tenants.js";

type Tenants = Iterable<string | Tenant>;

/** One database of a project. */
export interface DatabaseConfig {
  /** The URL of the database, or a function that gives it: `() => process.env.DATABASE_URL`. */
  readonly url?: string | (() => string | undefined) | undefined;
  readonly engineOptions?: EngineOptions;
  /** Modules whose import maps the entities: paths or globs, relative to the configuration file. */
  readonly entities?: string | readonly string[];
  /** What the entities are mapped to; the default metadata where left out. */
  readonly metadata?: MetaData | readonly MetaData[];
  /** The folder of revision files, relative to the configuration file, or several, whose first gets new files. Default `"migrations"`. */
  readonly migrations?: string | readonly string[];
  readonly versionTable?: string;
  readonly versionTableSchema?: string | null;
  readonly namingConvention?: NamingConvention;
  /** Schemas to compare beside the default one; none where left out. */
  readonly schemas?: readonly string[];
  /** Says which objects are compared; other applications' tables are left alone with it. */
  readonly include?: (object: ComparedObject) => boolean;
  /** What is compared beside tables: functions, triggers, policies. */
  readonly plugins?: readonly ComparePlugin[];
  /** May change, drop or add operations that a comparison has found. */
  readonly process?: (operations: readonly MigrateOperation[]) => readonly MigrateOperation[];
  /** Whether changes of a table are written as a batch, so that one file runs on SQLite and PostgreSQL. */
  readonly renderAsBatch?: boolean;
  readonly transaction?: "each" | "all";
  /** Milliseconds that a statement waits for the lock of a table; the migration is rolled back then, and tried again. */
  readonly lockTimeout?: number;
  /** Milliseconds that one statement may take. */
  readonly statementTimeout?: number;
  /** Milliseconds to wait for another migration of the same database to end; as long as it takes where left out. */
  readonly waitTimeout?: number;
  /** Rules of lint that are accepted in every revision. */
  readonly lintIgnore?: readonly string[];
  /** The tenants that `--tenants` means: names of schemas, or tenants with databases of their own. */
  readonly tenants?: Tenants | ((engine: AsyncEngine) => Tenants | Promise<Tenants>);
  /** Called in the transaction of each migration when it has been applied or undone: to record it elsewhere. */
  readonly onApply?: RunOptions["onApply"];
  /**
   * The name of a revision file, folders included: `{date}`, `{time}`, `{year}`, `{month}`, `{day}`, `{revision}`, `{slug}`.
   * Default `"{date}_{time}_{revision}_{slug}.ts"`.
   */
  readonly fileTemplate?: string;
  /** Called with the path of each file that was written: a formatter, a linter. */
  readonly afterWrite?: (path: string) => unknown;
}

/** A project's settings: one database, or several by name. */
export interface AthanorConfig extends DatabaseConfig {
  readonly databases?: Readonly<Record<string, DatabaseConfig>>;
}

/**
 * The settings of a project, typed.
 *
 * @example
 * export default defineConfig({
 *   url: () => process.env.DATABASE_URL ?? "sqlite:///app.db",
 *   entities: "src/entities/*.ts",
 * });
 */
export function defineConfig(config: AthanorConfig): AthanorConfig {
  return config;
}

const KEYS: Readonly<Record<keyof AthanorConfig, true>> = {
  url: true,
  engineOptions: true,
  entities: true,
  metadata: true,
  migrations: true,
  versionTable: true,
  versionTableSchema: true,
  namingConvention: true,
  schemas: true,
  include: true,
  plugins: true,
  process: true,
  renderAsBatch: true,
  transaction: true,
  lockTimeout: true,
  statementTimeout: true,
  waitTimeout: true,
  lintIgnore: true,
  tenants: true,
  onApply: true,
  fileTemplate: true,
  afterWrite: true,
  databases: true,
};

/** Checks what a configuration file exports. @throws MigrationError naming the file and the key */
export function checkedConfig(value: unknown, file: string): AthanorConfig {
  if (typeof value !== "object" || value === null) {
    throw new MigrationError(
      `${file} exports no configuration. Write \`export default defineConfig({ url, entities })\`.`,
    );
  }
  for (const key of Object.keys(value)) {
    if (key in KEYS) continue;
    throw new MigrationError(
      `${file} has a setting "${key}" that is not known; there are ${Object.keys(KEYS).join(", ")}.`,
    );
  }
  return value as AthanorConfig;
}

/** The settings of one database of a project. @throws MigrationError for a name that it does not have */
export function databaseConfig(config: AthanorConfig, name: string | null): DatabaseConfig {
  const { databases, ...common } = config;
  const names = Object.keys(databases ?? {});
  if (name === null) {
    if (names.length === 0 || common.url !== undefined) return common;
    throw new MigrationError(
      `The configuration has several databases: ${names.join(", ")}. Say which with --database.`,
    );
  }
  const one = databases?.[name];
  if (one !== undefined) return { ...common, ...one };
  throw new MigrationError(
    names.length === 0
      ? `The configuration has one database, and none called "${name}".`
      : `The configuration has no database "${name}"; there are ${names.join(", ")}.`,
  );
}

/** The URL of a database. @throws MigrationError where none is set */
export function urlOf(config: DatabaseConfig): string {
  const url = typeof config.url === "function" ? config.url() : config.url;
  if (url !== undefined && url !== "") return url;
  throw new MigrationError(
    "No database is configured: set `url` in athanor.config.ts (or the environment variable it reads), or pass --url.",
  );
}
