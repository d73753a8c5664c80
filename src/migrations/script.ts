/** Migrations as an SQL script, to be run by somebody else (`--sql`). */
import type { EngineDialect } from "../engine/dialect.js";
import { CreateTable } from "../sql/ddl/elements.js";
import { MigrationContext } from "./context.js";
import { MigrationError } from "./errors.js";
import { Operations } from "./operations/operations.js";
import type { Revision } from "./revision.js";
import type { RevisionGraph } from "./revision-graph.js";
import type { RunOptions } from "./runner.js";
import { ScriptTarget } from "./targets.js";
import { VersionTable } from "./version-table.js";

/**
 * The script of a range of the history.
 *
 * @param range `to`, or `from:to`; `base` where no start is given. A downgrade goes from the later to the earlier.
 * @throws MigrationError when a migration needs an answer of the database
 */
export async function migrationScript(
  graph: RevisionGraph,
  dialect: EngineDialect,
  direction: "upgrade" | "downgrade",
  range: string,
  options: RunOptions = {},
): Promise<string> {
  const [start, end] = range.includes(":") ? (range.split(":") as [string, string]) : [null, range];
  if (direction === "downgrade" && start === null) {
    throw new MigrationError(
      `The script of a downgrade needs a start, as no database is asked where it is: "<from>:${range}".`,
    );
  }
  const applied =
    start === null || start === "base" ? new Set<string>() : graph.ancestors(graph.resolve(start).targets);
  const destination = graph.resolve(end === "" ? "head" : end, applied);
  const path =
    direction === "upgrade" ? graph.upgradePath(applied, destination) : graph.downgradePath(applied, destination);
  const versions = new VersionTable(options);
  const target = new ScriptTarget(dialect);
  if (direction === "upgrade" && applied.size === 0) {
    await target.execute(new CreateTable(versions.table, { ifNotExists: true }));
  }
  if (options.transaction === "all") target.write("BEGIN;\n");
  for (const revision of path) await written(revision, direction, target, versions, options);
  if (options.transaction === "all") target.write("COMMIT;\n");
  return target.text;
}

async function written(
  revision: Revision,
  direction: "upgrade" | "downgrade",
  target: ScriptTarget,
  versions: VersionTable,
  options: RunOptions,
): Promise<void> {
  const module = await revision.load();
  target.write(`-- ${direction} ${revision.id}${revision.message === "" ? "" : `: ${revision.message}`}\n`);
  if (options.transaction !== "all") target.write("BEGIN;\n");
  const context = new MigrationContext(target, options);
  const op = new Operations(context);
  if (direction === "upgrade") await module.upgrade(op);
  else if (module.downgrade === undefined) {
    throw new MigrationError(`Revision ${revision.id} (${revision.message}) has no downgrade: it cannot be undone.`);
  } else await module.downgrade(op);
  await context.settled();
  if (direction === "upgrade") await target.execute(versions.applied(revision));
  else await target.execute(versions.forgotten(revision.id));
  if (options.transaction !== "all") target.write("COMMIT;\n");
}
