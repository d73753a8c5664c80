/** Runs a migration without a database, and keeps what it would do as data. */

import type { EngineDialect } from "../../engine/dialect.js";
import type { Query } from "../../sql/selectable/query.js";
import { MigrationContext, type MigrationStatement } from "../context.js";
import { MigrationError } from "../errors.js";
import type { MigrateOperation } from "../operations/operation.js";
import { Operations } from "../operations/operations.js";
import type { RevisionModule } from "../revision.js";
import { ScriptTarget } from "../targets.js";

/** One step of a migration: an operation, or SQL of its own. */
export interface RecordedStep {
  readonly operation: MigrateOperation | null;
  /** The text of what `op.execute` is given; null for operations. */
  readonly sql: string | null;
  /** Whether it runs outside of the migration's transaction. */
  readonly outside: boolean;
}

class RecordingOperations extends Operations {
  readonly steps: RecordedStep[] = [];
  #outside = false;

  override invoke(operation: MigrateOperation): Promise<void> {
    // Several changes of one table come here one by one where the database can ALTER.
    if ("operations" in operation) for (const each of operation.operations as MigrateOperation[]) this.invoke(each);
    else this.steps.push({ operation, sql: null, outside: this.#outside });
    return Promise.resolve();
  }

  override async execute(statement: MigrationStatement): Promise<null> {
    const sql = typeof statement === "string" ? statement : String(statement as unknown as Query);
    this.steps.push({ operation: null, sql, outside: this.#outside });
    return null;
  }

  override async bulkInsert(): Promise<void> {}

  override async autocommitBlock(fn: () => unknown): Promise<void> {
    const before = this.#outside;
    this.#outside = true;
    try {
      await fn();
    } finally {
      this.#outside = before;
    }
  }
}

/** The steps of a migration; `complete` is false where it asks the database, and what comes after that is not known. */
export async function recordedSteps(
  module: RevisionModule,
  dialect: EngineDialect,
): Promise<{ readonly steps: readonly RecordedStep[]; readonly complete: boolean }> {
  const op = new RecordingOperations(new MigrationContext(new ScriptTarget(dialect)));
  try {
    await module.upgrade(op);
    await op.context.settled();
    return { steps: op.steps, complete: true };
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error;
    return { steps: op.steps, complete: false };
  }
}
