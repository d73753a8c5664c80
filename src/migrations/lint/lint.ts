/** Looks at migrations before they run: what would keep users of the database waiting, or break programs that run. */
import type { AsyncConnection } from "../../engine/async-connection.js";
import type { EngineDialect } from "../../engine/dialect.js";
import type { MetaData } from "../../sql/schema/metadata.js";
import { migrationDialect } from "../dialects/registry.js";
import type { Revision } from "../revision.js";
import type { LintFinding, LintRemark } from "./finding.js";
import { mappedTo } from "./mapped.js";
import { recordedSteps } from "./recording.js";

/** Options of {@link lintRevision}. */
export interface LintOptions {
  /** Milliseconds that the migrations wait for a lock; with them, waiting is no finding. */
  readonly lockTimeout?: number | undefined;
  /** What the classes are mapped to: a column that one of them still reads is told from others. */
  readonly metadata?: MetaData | readonly MetaData[] | undefined;
  /** A database to ask how many rows the tables have. */
  readonly connection?: AsyncConnection | undefined;
  /** Rules that are accepted everywhere. */
  readonly ignore?: readonly string[] | undefined;
}

/**
 * What a revision's upgrade does to a database in use, against the rules of that database.
 *
 * @param options with a connection, the findings tell about how many rows a table has; else no database is asked
 * @returns the findings, in the order of the steps; none on SQLite, whose writers wait for each other anyway
 * @example
 * for (const { operation, why } of await lintRevision(revision, engine.dialect)) console.warn(operation, why);
 */
export async function lintRevision(
  revision: Revision,
  dialect: EngineDialect,
  options: LintOptions = {},
): Promise<readonly LintFinding[]> {
  const { lint, estimatedRows } = migrationDialect(dialect.name);
  if (lint === null) return [];
  const module = await revision.load();
  const { steps, complete } = await recordedSteps(module, dialect);
  const { lockTimeout, metadata, connection, ignore = [] } = options;
  const remarks = [...lint(steps, { lockTimeout, mapped: metadata === undefined ? undefined : mappedTo(metadata) })];
  if (!complete) remarks.push(NOT_READABLE);
  const accepted = new Set([...ignore, ...(module.lintIgnore ?? [])]);
  const found = remarks.filter((each) => !accepted.has(each.rule));
  const tables = [...new Set(found.flatMap((each) => each.table ?? []))];
  const rows = connection === undefined || tables.length === 0 ? new Map() : await estimatedRows(connection, tables);
  return found.map((each) => ({ revision: revision.id, rows: rows.get(each.table ?? "") ?? null, ...each }));
}

const NOT_READABLE: LintRemark = {
  rule: "not-readable",
  operation: "the revision",
  table: null,
  lock: null,
  why: "It asks the database, and what it does after that cannot be known without running it.",
  instead: ["Look at the rest yourself, or write it so that it runs offline too: `if (op.offline) ...`."],
};
