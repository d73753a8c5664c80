/** Finds what a database lacks of the classes, and what it has too much. */
import type { AsyncConnection } from "../../engine/async-connection.js";
import { inspect } from "../../engine/inspection.js";
import type { MetaData } from "../../sql/schema/metadata.js";
import { typesOf } from "../../sql/schema/named-types.js";
import type { Table } from "../../sql/schema/table.js";
import { DomainType } from "../../sql/types/domain.js";
import type { MigrateOperation } from "../operations/operation.js";
import { Comparison, type RenameCandidate } from "./compare.js";
import type { ComparedObject, ComparePlugin } from "./compared.js";
import { keyOf } from "./renames.js";
import { seenBy, snapshotOf, takeSnapshot } from "./snapshot.js";

/** Options of a comparison. */
export interface CompareMetadataOptions {
  /** Schemas beside the default one. */
  readonly schemas?: readonly string[] | undefined;
  readonly include?: ((object: ComparedObject) => boolean) | undefined;
  /** Decides whether something that went and something that came are one thing renamed. */
  readonly isRename?: ((candidate: RenameCandidate) => boolean) | undefined;
  /** Changes of a table as one batch; left out: where the database needs it. */
  readonly renderAsBatch?: boolean | undefined;
  /** The table of versions, which is nobody's. */
  readonly versionTable?: string | undefined;
  /** What else is compared. */
  readonly plugins?: readonly ComparePlugin[] | undefined;
  /** May change, drop or add operations. */
  readonly process?: ((operations: readonly MigrateOperation[]) => readonly MigrateOperation[]) | undefined;
}

/**
 * Compares a database with what classes or tables say.
 *
 * Both sides are read back from the same server, the wanted one from a scratch place, so that a difference is one of
 * meaning and not of spelling.
 *
 * @param connection with no transaction open
 * @returns the operations that bring the database there, in order; none when nothing differs
 * @example const drift = await compareMetadata(connection, metadata);
 */
export async function compareMetadata(
  connection: AsyncConnection,
  metadata: MetaData | readonly MetaData[],
  options: CompareMetadataOptions = {},
): Promise<readonly MigrateOperation[]> {
  const metadatas = Array.isArray(metadata) ? (metadata as readonly MetaData[]) : [metadata as MetaData];
  const tables = metadatas.flatMap((each) => each.sortedTables);
  const sequences = metadatas.flatMap((each) => each.sequences);
  const types = typesOf(connection.dialect, metadatas);
  const named = [...tables, ...sequences, ...types].map((each) => each.schema ?? null);
  const main = await inspect(connection).getDefaultSchemaName();
  await connection.rollback();
  const schemas = [...new Set([null, ...(options.schemas ?? []), ...named])].filter(
    (each) => each !== main || each === null,
  );
  const plugins = options.plugins ?? [];
  const wanted = await snapshotOf(connection, metadatas, schemas, plugins, main);
  const now = await takeSnapshot(connection, schemas);
  const seen = await seenBy(plugins, connection, schemas);
  await connection.rollback();
  const own = new Map<string, Table>();
  for (const table of metadatas.flatMap((each) => [...each.tables.values()]))
    own.set(table.schema === main ? table.name : table.fullName, table);
  const domains = new Map<string, DomainType>();
  for (const type of types)
    if (type instanceof DomainType)
      domains.set(keyOf({ name: type.name, schema: type.schema === main ? null : type.schema }), type);
  const { dialect } = connection;
  const canAlter = dialect.capabilities.alterAddConstraint;
  const comparison = new Comparison(now, wanted.snapshot, own, domains, dialect, {
    include: options.include,
    isRename: options.isRename,
    batch: options.renderAsBatch ?? !canAlter,
    ignoredTables: [options.versionTable ?? "athanor_version"],
  });
  const found = plugins.map((each, i) => each.compare(seen[i], wanted.seen[i]));
  const operations = [
    ...found.flatMap((each) => each.before ?? []),
    ...comparison.operations(),
    ...found.flatMap((each) => each.after ?? []),
  ];
  return options.process?.(operations) ?? operations;
}
