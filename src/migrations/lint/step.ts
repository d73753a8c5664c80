/** A migration as the linter reads it. */
import type { MigrateOperation } from "../operations/operation.js";

/** One step of a migration: an operation, SQL of its own, or a change of rows. */
export interface RecordedStep {
  readonly operation: MigrateOperation | null;
  /** The text of what `op.execute` is given. */
  readonly sql: string;
  /** What changes the rows of a table, in words. */
  readonly rows: string | null;
  /** Whether it runs outside of the migration's transaction. */
  readonly outside: boolean;
}

/** One step of a safe sequence, to be written into a file. */
export interface SafeStep {
  /** What is done, or null for a step that is only said. */
  readonly operation: MigrateOperation | null;
  /** Rows to be given values: the arguments of `op.backfill`. */
  readonly backfill?: readonly [table: string, set: string, where: string, schema: string | null];
  /** What somebody has to know or to fill in, as lines of a comment. */
  readonly notes: readonly string[];
  readonly outside: boolean;
}
