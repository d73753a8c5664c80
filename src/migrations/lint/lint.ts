/** Looks at migrations before they run: what would keep users of the database waiting, or break programs that run. */
import type { EngineDialect } from "../../engine/dialect.js";
import type { MigrationLimits } from "../dialects/migration-dialect.js";
import { migrationDialect } from "../dialects/registry.js";
import type { Revision } from "../revision.js";
import type { LintFinding } from "./finding.js";
import { recordedSteps } from "./recording.js";

/**
 * What a revision's upgrade does to a database in use, against the rules of that database. No database is asked.
 *
 * @param limits with a `lockTimeout`, waiting for a lock is no finding
 * @returns the findings, in the order of the steps; none on SQLite, whose writers wait for each other anyway
 * @example
 * for (const { operation, why } of await lintRevision(revision, engine.dialect)) console.warn(operation, why);
 */
export async function lintRevision(
  revision: Revision,
  dialect: EngineDialect,
  limits: MigrationLimits = {},
): Promise<readonly LintFinding[]> {
  const { lint } = migrationDialect(dialect.name);
  if (lint === null) return [];
  const module = await revision.load();
  const { steps, complete } = await recordedSteps(module, dialect);
  const remarks = [...lint(steps, limits)];
  if (!complete) {
    remarks.push({
      rule: "not-readable",
      operation: "the revision",
      table: null,
      lock: null,
      why: "It asks the database, and what it does after that cannot be known without running it.",
      instead: ["Look at the rest yourself, or write it so that it runs offline too: `if (op.offline) ...`."],
    });
  }
  const accepted = new Set(module.lintIgnore ?? []);
  return remarks.filter((each) => !accepted.has(each.rule)).map((each) => ({ revision: revision.id, ...each }));
}
