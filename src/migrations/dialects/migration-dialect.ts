/** What a migration needs of a database beyond its statements. */
import type { AsyncConnection } from "../../engine/async-connection.js";
import type { EngineDialect } from "../../engine/dialect.js";
import type { Column } from "../../sql/schema/column.js";
import type { ReflectedColumn, ReflectedTable } from "../../sql/schema/reflected.js";
import { StringType } from "../../sql/types/base.js";
import { plainType, type SQLType } from "../../sql/types/type.js";
import type { LintContext, LintRemark } from "../lint/finding.js";
import type { RecordedStep, SafeStep } from "../lint/step.js";
import type { MigrateOperation } from "../operations/operation.js";

/** Limits in milliseconds; undefined leaves the database's own. */
export interface MigrationLimits {
  /** How long a statement waits for the lock of a table. */
  readonly lockTimeout?: number | undefined;
  readonly statementTimeout?: number | undefined;
}

/** How a run waits for another one. */
export interface Waiting {
  /** Milliseconds after which it gives up; undefined: it waits as long as it takes. */
  readonly waitTimeout?: number | undefined;
  /** Told when another run has to end first. */
  readonly onWait?: (() => void) | undefined;
}

/** A table of versions; the schema is the connection's own where it is null. */
export interface VersionPlace {
  readonly name: string;
  readonly schema: string | null;
}

/** One database's ways. */
export interface MigrationDialect {
  /**
   * Waits until no other migration runs on the schema that a table of versions is for. Held until `unlock`, over several
   * transactions, and let go when the process dies.
   *
   * @returns whether the lock was had within `waitTimeout`
   */
  lock(connection: AsyncConnection, versions: VersionPlace, waiting: Waiting): Promise<boolean>;
  unlock(connection: AsyncConnection, versions: VersionPlace): Promise<void>;
  /** The same within the transaction that is open, until its end. */
  lockTransaction(connection: AsyncConnection, versions: VersionPlace): Promise<void>;
  /** Where a schema is made only to be looked at: in a schema of its own that is rolled back, or in a database in memory. */
  readonly scratch: "schema" | "memory";
  /** The text of a CHECK as the database gives it, so that two texts that differ in nothing are one. */
  canonicalCheck(sql: string): string;
  /** The type of a reflected column as text, so that two that mean the same are one. */
  typeText(column: ReflectedColumn, table: ReflectedTable, dialect: EngineDialect): string;
  /** The type of a reflected column as a class says it: without the name that the table has for it where that says no more. */
  plainType(column: Column): SQLType;
  /** What its steps do to a database in use; null where nothing is known of that. */
  readonly lint: ((steps: readonly RecordedStep[], context: LintContext) => readonly LintRemark[]) | null;
  /** Operations in the sequence that keeps nobody waiting; null where there is no other than the one they are in. */
  readonly safe: ((operations: readonly MigrateOperation[]) => readonly SafeStep[]) | null;
  /** The names of what extensions have brought into a schema (null: the default one): tables, views, sequences and types that are nobody's. */
  ofExtensions(connection: AsyncConnection, schema: string | null): Promise<ReadonlySet<string>>;
  /** The names of the views of a schema (null: the default one) that read themselves, which no statement makes at once. */
  readingThemselves(connection: AsyncConnection, schema: string | null): Promise<ReadonlySet<string>>;
  /** What a schema (null: the default one) has that classes do not say, and that is lost where it is made anew of them: a line for each kind. */
  unwritten(connection: AsyncConnection, schema: string | null): Promise<readonly string[]>;
  /** About how many rows tables have, by `schema.name` or name; nothing for those of which the database does not know it. */
  estimatedRows(connection: AsyncConnection, tables: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /**
   * An UPDATE of some rows that fit a condition, to be repeated until none does; null where one UPDATE of all harms nobody.
   *
   * @param table quoted, with its schema
   */
  batchedUpdate(table: string, set: string, where: string, size: number): string | null;
  /** Before the first migration, outside of a transaction. */
  prepare(connection: AsyncConnection, limits: MigrationLimits): Promise<void>;
  /** At the start of each transaction. */
  begun(connection: AsyncConnection, limits: MigrationLimits): Promise<void>;
  /** Before each commit: throws when the rows no longer fit the constraints. */
  verify(connection: AsyncConnection): Promise<void>;
  /** After the last migration, outside of a transaction. */
  restore(connection: AsyncConnection): Promise<void>;
}

/** The collation of a type, as it follows the type in a definition. */
export function collationText(given: SQLType): string {
  const type = plainType(given);
  if (!(type instanceof StringType) || type.collation === null) return "";
  return ` COLLATE ${type.collationSchema === null ? "" : `${type.collationSchema}.`}${type.collation}`;
}
