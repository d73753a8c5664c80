/** Migrations: the schema's history, and what moves a database along it. */
export { type CompareMetadataOptions, compareMetadata } from "./autogenerate/autogenerate.js";
export { CodeWriter } from "./autogenerate/code-writer.js";
export type { RenameCandidate } from "./autogenerate/compare.js";
export type { ComparedObject, ComparePlugin, PluginDifference } from "./autogenerate/compared.js";
export { renderBody, renderOperation, renderSafeBody, rendersOperation } from "./autogenerate/render.js";
export { rendersType } from "./autogenerate/render-type.js";
export { type AthanorConfig, type DatabaseConfig, defineConfig } from "./config.js";
export {
  MigrationContext,
  type MigrationProgress,
  type MigrationStatement,
  type MigrationTarget,
  type Recovery,
} from "./context.js";
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
export type { LintFinding } from "./lint/finding.js";
export { type LintOptions, lintRevision } from "./lint/lint.js";
export { MigrateOperation } from "./operations/operation.js";
export { Operations } from "./operations/operations.js";
export { SqlOperation, type SqlStep } from "./operations/sql-operation.js";
export type { FoundObject } from "./plugins/postgresql-catalog.js";
export {
  type PostgresqlFunction,
  type PostgresqlObject,
  type PostgresqlObjectsOptions,
  type PostgresqlPolicy,
  type PostgresqlTrigger,
  postgresqlObjects,
} from "./plugins/postgresql-objects.js";
export type { Revision, RevisionModule } from "./revision.js";
export { type Destination, RevisionGraph } from "./revision-graph.js";
export { type AppliedStep, type MigrationEvent, MigrationRunner, type RunOptions } from "./runner.js";
export { migrationScript } from "./script.js";
export { checksumOf, readRevisions } from "./script-directory.js";
export { migrateTenants, type Tenant, type TenantReport, type TenantsOptions, tenantsBehind } from "./tenants.js";
