/** Migrations from programs. */
import type { AsyncConnection } from "../engine/async-connection.js";
import type { AsyncEngine } from "../engine/async-engine.js";
import { MigrationContext } from "./context.js";
import { Operations } from "./operations/operations.js";
import { type Revision, type RevisionModule, revisionOf } from "./revision.js";
import { RevisionGraph } from "./revision-graph.js";
import { MigrationRunner, type RunOptions } from "./runner.js";
import { readRevisions } from "./script-directory.js";
import { OnlineTarget } from "./targets.js";

/** Where the history is, and how it runs. */
export interface MigrateOptions extends RunOptions {
  /** The folder of revision files, or several. Default `"migrations"`. */
  readonly directory?: string | readonly string[];
  /** The revisions themselves, in place of a folder: bundled programs have none. */
  readonly revisions?: Iterable<RevisionModule>;
}

/** The history that the options name. */
export async function historyOf(options: MigrateOptions = {}): Promise<RevisionGraph> {
  if (options.revisions !== undefined) return new RevisionGraph([...options.revisions].map(revisionOf));
  return await readRevisions(options.directory ?? "migrations");
}

async function runnerOf(options: MigrateOptions): Promise<MigrationRunner> {
  return new MigrationRunner(await historyOf(options), options);
}

/**
 * Upgrades a database.
 *
 * @param bind an engine, or a connection; in a transaction that is open on it, the migrations are part of it
 * @param options `to` is where: `"head"` (the default), a revision, `"+1"`, `"label@head"`
 * @returns the revisions that were applied; none when the database was there already
 * @throws MigrationError saying which revision failed, at which step, and what was kept
 * @example await migrate(engine, { directory: "migrations" });
 */
export async function migrate(
  bind: AsyncEngine | AsyncConnection,
  options: MigrateOptions & { readonly to?: string } = {},
): Promise<readonly Revision[]> {
  return await (await runnerOf(options)).upgrade(bind, options.to ?? "head");
}

/**
 * Downgrades a database.
 *
 * @param options `to` is where: `"base"`, a revision, `"-1"`
 * @returns the revisions that were undone
 */
export async function downgrade(
  bind: AsyncEngine | AsyncConnection,
  options: MigrateOptions & { readonly to: string },
): Promise<readonly Revision[]> {
  return await (await runnerOf(options)).downgrade(bind, options.to);
}

/** Says that a database is at a place in the history, without running anything: after `createAll`, or for an adopted one. */
export async function stamp(
  bind: AsyncEngine | AsyncConnection,
  options: MigrateOptions & { readonly to?: string | readonly string[]; readonly purge?: boolean } = {},
): Promise<void> {
  const { to = "head" } = options;
  await (await runnerOf(options)).stamp(bind, typeof to === "string" ? [to] : to, options);
}

/** The revisions that an upgrade to `to` (`"heads"` where left out) would apply, in order. */
export async function pending(
  bind: AsyncEngine | AsyncConnection,
  options: MigrateOptions & { readonly to?: string } = {},
): Promise<readonly Revision[]> {
  const runner = await runnerOf(options);
  const { applied } = await runner.state(bind);
  return runner.graph.upgradePath(applied, runner.graph.resolve(options.to ?? "heads", applied));
}

/** Whether the database has every revision. */
export async function isAtHead(bind: AsyncEngine | AsyncConnection, options: MigrateOptions = {}): Promise<boolean> {
  return (await pending(bind, options)).length === 0;
}

/** The revisions that the database is at: the last of each branch. */
export async function currentRevisions(
  bind: AsyncEngine | AsyncConnection,
  options: MigrateOptions = {},
): Promise<readonly Revision[]> {
  const runner = await runnerOf(options);
  const { applied } = await runner.state(bind);
  return runner.graph.headsOf(applied).map((id) => runner.graph.get(id));
}

/**
 * The operations on any connection, outside of a revision.
 *
 * @example
 * await engine.begin((conn) => withOperations(conn, (op) => op.addColumn("users", "age", column(t.integer))));
 */
export async function withOperations<T>(
  connection: AsyncConnection,
  fn: (op: Operations) => T | PromiseLike<T>,
  options: RunOptions = {},
): Promise<T> {
  const context = new MigrationContext(new OnlineTarget(connection, (block) => block()), options);
  const value = await fn(new Operations(context));
  await context.settled();
  return value;
}
