/** Migrations: the schema's history, and what moves a database along it. */
export { type AthanorConfig, type ComparedObject, type DatabaseConfig, defineConfig } from "./config.js";
export { MigrationContext, type MigrationStatement, type MigrationTarget, type Recovery } from "./context.js";
export { MigrationError, MultipleHeadsError, RevisionError } from "./errors.js";
export {
  currentRevisions,
  downgrade,
  historyOf,
  isAtHead,
  type MigrateOptions,
  migrate,
  pending,
  stamp,
  withOperations,
} from "./face.js";
export { MigrateOperation } from "./operations/operation.js";
export { Operations } from "./operations/operations.js";
export type { Revision, RevisionModule } from "./revision.js";
export { type Destination, RevisionGraph } from "./revision-graph.js";
export { type MigrationEvent, MigrationRunner, type RunOptions } from "./runner.js";
export { migrationScript } from "./script.js";
export { checksumOf, readRevisions } from "./script-directory.js";
