/** Runs a migration without a database, and keeps what it would do as data. */
import type { EngineDialect } from "../../engine/dialect.js";
import type { Query } from "../../sql/selectable/query.js";
import { MigrationContext, type MigrationStatement } from "../context.js";
import { MigrationError } from "../errors.js";
import type { MigrateOperation } from "../operations/operation.js";
import { type BackfillOptions, Operations } from "../operations/operations.js";
import { SqlOperation } from "../operations/sql-operation.js";
import { StatementOperation } from "../operations/statement-operation.js";
import type { RevisionModule } from "../revision.js";
import { ScriptTarget } from "../targets.js";
import type { RecordedStep } from "./step.js";

class RecordingOperations extends Operations {
  readonly steps: RecordedStep[] = [];
  #outside = false;

  #record(step: Partial<RecordedStep>): void {
    this.steps.push({ operation: null, sql: "", rows: null, outside: this.#outside, ...step });
  }

  override invoke(operation: MigrateOperation): Promise<void> {
    // Several changes of one table come here one by one where the database can ALTER.
    if ("operations" in operation) for (const each of operation.operations as MigrateOperation[]) this.invoke(each);
    else if (!operation.isFor(this.dialect)) return Promise.resolve();
    else if (operation instanceof SqlOperation)
      for (const each of operation.does.statements) this.#record({ sql: each });
    else if (operation instanceof StatementOperation && operation.outside) this.#record({ operation, outside: true });
    else this.#record({ operation });
    return Promise.resolve();
  }

  override async execute(statement: MigrationStatement): Promise<null> {
    this.#record({ sql: typeof statement === "string" ? statement : String(statement as unknown as Query) });
    return null;
  }

  override async execDriverSql(statement: string): Promise<void> {
    this.#record({ sql: statement });
  }

  override async bulkInsert(): Promise<void> {}

  override async backfill(tableName: string, _set: string, _where: string, _options?: BackfillOptions): Promise<void> {
    this.#record({ rows: `backfill ${tableName}` });
  }

  override runAsync(): Promise<never> {
    this.#record({ rows: "a data migration" });
    return super.runAsync(() => undefined as never);
  }

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
