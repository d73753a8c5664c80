/** Runs revisions against a database: locked, in transactions, and so that an interrupted run can go on. */
import { AsyncConnection } from "../engine/async-connection.js";
import type { AsyncEngine } from "../engine/async-engine.js";
import { DatabaseError } from "../engine/errors.js";
import { type ContextOptions, MigrationContext } from "./context.js";
import type { MigrationDialect, MigrationLimits, Waiting } from "./dialects/migration-dialect.js";
import { migrationDialect } from "./dialects/registry.js";
import { MigrationError } from "./errors.js";
import { Journal } from "./journal.js";
import type { LintFinding } from "./lint/finding.js";
import { type LintOptions, lintRevision } from "./lint/lint.js";
import { Operations } from "./operations/operations.js";
import type { Revision } from "./revision.js";
import type { RevisionGraph } from "./revision-graph.js";
import { OnlineTarget } from "./targets.js";
import { type AppliedRevision, type Progress, VersionTable, type VersionTableOptions } from "./version-table.js";

/** One revision that was applied or undone. */
export interface MigrationEvent {
  readonly direction: "upgrade" | "downgrade" | "stamp";
  readonly revision: Revision;
  readonly phase: "begin" | "end";
  /** Milliseconds, at the end. */
  readonly elapsed: number;
  /** Its place among those of this run, from 1, and how many they are. */
  readonly index: number;
  readonly total: number;
}

/** A revision that the transaction has just applied or undone. */
export interface AppliedStep {
  readonly direction: "upgrade" | "downgrade";
  readonly revision: Revision;
}

/** Options of a run. */
export interface RunOptions extends VersionTableOptions, ContextOptions, MigrationLimits, Waiting {
  /** A transaction for each migration (the default), or one for all. */
  readonly transaction?: "each" | "all" | undefined;
  /** How often a migration may run again after a lock time-out, a deadlock or a serialization failure. Default 3. */
  readonly retries?: number | undefined;
  /**
   * What to do with the step that was under way outside of a transaction when a run was interrupted: run it again
   * (`"retry"`) or take it for done (`"skip"`). Left out: a step that may safely be run again is, and any other is asked about.
   */
  readonly resume?: "retry" | "skip" | undefined;
  /** Told of each revision before and after it runs. */
  readonly onEvent?: ((event: MigrationEvent) => void) | undefined;
  /**
   * Called in the transaction of each migration when it has been applied or undone, before the commit: what it writes is
   * kept if and only if the migration is.
   */
  readonly onApply?: ((applied: AppliedStep, connection: AsyncConnection) => unknown) | undefined;
  /** Told of each finding of lint before the first revision of an upgrade runs. Left out: nothing is looked at. */
  readonly onFinding?: ((finding: LintFinding) => void) | undefined;
  /** What lint looks with. */
  readonly lintOptions?: Pick<LintOptions, "metadata" | "ignore"> | undefined;
}

/** What a database has, seen from a history. */
export interface DatabaseState {
  readonly rows: ReadonlyMap<string, AppliedRevision>;
  /** The revisions that are applied, in whole. */
  readonly applied: ReadonlySet<string>;
  /** A revision that was interrupted, with what it had done. */
  readonly partial: (AppliedRevision & { readonly progress: Progress }) | null;
}

type Bind = AsyncEngine | AsyncConnection;

/** A run over one connection. */
export class MigrationRunner {
  readonly versions: VersionTable;

  constructor(
    readonly graph: RevisionGraph,
    readonly options: RunOptions = {},
  ) {
    this.versions = new VersionTable(options);
  }

  /** What the database has. @throws MigrationError when it is ahead of the history, or the history was edited */
  async state(bind: Bind): Promise<DatabaseState> {
    return await onConnection(bind, async (connection) => {
      const begun = connection.inTransaction();
      try {
        return this.#understand(await this.versions.read(connection));
      } finally {
        if (!begun) await connection.rollback();
      }
    });
  }

  #understand(rows: readonly AppliedRevision[]): DatabaseState {
    const byId = new Map(rows.map((row) => [row.revision, row]));
    const applied = new Set<string>();
    let partial: (AppliedRevision & { readonly progress: Progress }) | null = null;
    for (const row of rows) {
      const { progress } = row;
      if (progress !== null) partial = { ...row, progress };
      if (progress?.direction === "upgrade") continue;
      if (this.graph.has(row.revision)) {
        this.#checkUnedited(row);
        applied.add(row.revision);
        continue;
      }
      const squash = this.graph.replacing(row.revision);
      if (squash === null) {
        throw new MigrationError(
          `The database has revision ${row.revision}, which no file describes: it is ahead of these migrations. Deploy the files that it was migrated with, or go back with those before you use these.`,
        );
      }
      const missing = squash.replaces.filter((id) => !byId.has(id));
      if (missing.length > 0) {
        throw new MigrationError(
          `Revision ${squash.id} has replaced ${squash.replaces.length} revisions, and the database has some of them and not ${missing.join(", ")}. Upgrade it with the files from before the squash first.`,
        );
      }
      applied.add(squash.id);
    }
    return { rows: byId, applied, partial };
  }

  #checkUnedited(row: AppliedRevision): void {
    const { checksum, path } = this.graph.get(row.revision);
    if (row.checksum === null || checksum === null || row.checksum === checksum) return;
    throw new MigrationError(
      `Revision ${row.revision} was edited after the database was migrated with it (${path ?? "given"}). Put the old text back and write what you want as a new revision; if only words changed, accept the file with \`athanor stamp --accept ${row.revision}\`.`,
    );
  }

  /** Applies revisions up to a destination. @returns those that were applied by this run */
  async upgrade(bind: Bind, to: string): Promise<readonly Revision[]> {
    return await this.#run(bind, "upgrade", (state) => {
      const destination = this.graph.resolve(to, state.applied);
      return this.graph.upgradePath(state.applied, destination);
    });
  }

  /** Undoes revisions down to a destination. @returns those that were undone by this run */
  async downgrade(bind: Bind, to: string): Promise<readonly Revision[]> {
    return await this.#run(bind, "downgrade", (state) => {
      const destination = this.graph.resolve(to, state.applied);
      return this.graph.downgradePath(state.applied, destination);
    });
  }

  async #run(
    bind: Bind,
    direction: "upgrade" | "downgrade",
    plan: (state: DatabaseState) => readonly Revision[],
  ): Promise<readonly Revision[]> {
    return await this.#locked(bind, async (session) => {
      const state = this.#understand(await this.versions.read(session.connection));
      await session.rest();
      this.#checkPartial(state, direction);
      const path = plan(state);
      const done: Revision[] = [];
      if (path.length === 0) return done;
      const modules = await Promise.all(path.map((each) => each.load()));
      if (direction === "downgrade") {
        for (const [i, each] of path.entries()) {
          if (modules[i]?.downgrade !== undefined) continue;
          throw new MigrationError(
            `Revision ${each.id} (${each.message}) has no downgrade: it cannot be undone. Restore a backup, or write the way back as a new revision.`,
          );
        }
      }
      if (direction === "upgrade") await this.#lint(path, session);
      for (const [i, revision] of path.entries()) {
        const report = { direction, revision, index: i + 1, total: path.length } as const;
        const start = performance.now();
        this.options.onEvent?.({ ...report, phase: "begin", elapsed: 0 });
        await session.revision(
          revision,
          done,
          async (op) => {
            const module = modules[i] as NonNullable<(typeof modules)[number]>;
            if (direction === "upgrade") await module.upgrade(op);
            else await module.downgrade?.(op);
          },
          direction,
          state.partial?.revision === revision.id ? state.partial.progress : null,
        );
        done.push(revision);
        this.options.onEvent?.({ ...report, phase: "end", elapsed: performance.now() - start });
      }
      return done;
    });
  }

  async #lint(path: readonly Revision[], session: RunSession): Promise<void> {
    const { onFinding, lintOptions } = this.options;
    if (onFinding === undefined) return;
    const { connection } = session;
    const options = { lockTimeout: this.options.lockTimeout, ...lintOptions, connection };
    for (const each of path)
      for (const found of await lintRevision(each, connection.dialect, options)) onFinding(found);
    await session.rest();
  }

  #checkPartial({ partial }: DatabaseState, direction: "upgrade" | "downgrade"): void {
    if (partial === null) return;
    const { direction: was, steps } = partial.progress;
    const id = partial.revision;
    if (!this.graph.has(id)) {
      throw new MigrationError(
        `Revision ${id} was interrupted, and no file describes it. Bring its file back, and ${was} again.`,
      );
    }
    if (was !== direction) {
      throw new MigrationError(
        `The ${was} of revision ${id} was interrupted after ${steps} steps. Finish it first: run the ${was} again.`,
      );
    }
    if (partial.checksum !== null && this.graph.get(id).checksum !== partial.checksum) {
      throw new MigrationError(
        `Revision ${id} was interrupted after ${steps} steps and edited since, so that it cannot go on. Put the old text back.`,
      );
    }
  }

  /** Says that the database is at a place in the history, without running anything. */
  async stamp(bind: Bind, to: readonly string[], options: { readonly purge?: boolean } = {}): Promise<void> {
    await this.#locked(bind, async (session) => {
      const { connection } = session;
      const rows = await this.versions.read(connection);
      const known = rows.filter((row) => this.graph.has(row.revision)).map((row) => row.revision);
      const targets = to.flatMap((each) => this.graph.resolve(each, new Set(known)).targets);
      const wanted = this.graph.ancestors(targets);
      // A stamp speaks for the branches that it names; the others stay where they are.
      const related = this.graph.descendants(wanted);
      const all = options.purge === true || targets.length === 0;
      for (const row of rows) {
        if (all || related.has(row.revision) || !this.graph.has(row.revision)) {
          await connection.execute(this.versions.forgotten(row.revision));
        }
      }
      for (const revision of this.graph.order) {
        if (wanted.has(revision.id)) await connection.execute(this.versions.applied(revision));
      }
      await session.commit();
    });
  }

  /** Takes the present text of an applied revision's file for the one that was applied. */
  async accept(bind: Bind, id: string): Promise<void> {
    const revision = this.graph.get(this.graph.find(id));
    await this.#locked(bind, async (session) => {
      await session.connection.execute(this.versions.forgotten(revision.id));
      await session.connection.execute(this.versions.applied(revision));
      await session.commit();
    });
  }

  async #locked<T>(bind: Bind, fn: (session: RunSession) => Promise<T>): Promise<T> {
    return await onConnection(bind, async (connection) => {
      const session = new RunSession(connection, this.versions, this.options);
      let value: T;
      try {
        await session.open();
        value = await fn(session);
        await session.finish();
      } catch (error) {
        // What fails on the way out, of a connection that is lost for example, is not why.
        await session.abandon().catch(() => {});
        await session.close().catch(() => {});
        throw error;
      }
      await session.close();
      return value;
    });
  }
}

/** One connection while it migrates: its lock, its transactions, its place in them. */
class RunSession {
  readonly #dialect: MigrationDialect;
  /** The caller's own transaction is open: nothing is begun or committed here. */
  readonly #joined: boolean;

  constructor(
    readonly connection: AsyncConnection,
    private readonly versions: VersionTable,
    private readonly options: RunOptions,
  ) {
    this.#dialect = migrationDialect(connection.dialect.name);
    this.#joined = connection.inTransaction();
  }

  async open(): Promise<void> {
    const { connection, versions } = this;
    if (this.#joined) {
      await this.#dialect.lockTransaction(connection, versions.table);
      return await versions.ensure(connection);
    }
    if (!(await this.#dialect.lock(connection, versions.table, this.options))) {
      throw new MigrationError(
        `Another migration of this database has been running for ${this.options.waitTimeout} ms. Wait until it has ended, or give a longer waitTimeout.`,
      );
    }
    await this.#dialect.prepare(connection, this.options);
    if (await versions.exists(connection)) return await connection.rollback();
    await connection.rollback();
    await this.#begun();
    await versions.ensure(connection);
    await connection.commit();
  }

  async close(): Promise<void> {
    if (this.#joined) return;
    const { connection } = this;
    try {
      if (!connection.invalidated && !connection.closed) await this.#dialect.restore(connection);
    } finally {
      await this.#dialect.unlock(connection, this.versions.table);
    }
  }

  /** Ends a look around. */
  async rest(): Promise<void> {
    if (!this.#joined) await this.connection.rollback();
  }

  async commit(): Promise<void> {
    if (this.#joined) return;
    await this.#dialect.verify(this.connection);
    await this.connection.commit();
  }

  async finish(): Promise<void> {
    if (!this.#joined && this.connection.inTransaction()) await this.commit();
  }

  async abandon(): Promise<void> {
    if (!this.#joined && !this.connection.invalidated) await this.connection.rollback();
  }

  async #begun(): Promise<void> {
    if (this.#joined) return;
    const { connection } = this;
    if (connection.inTransaction()) return;
    await connection.begin();
    await this.#dialect.begun(connection, this.options);
  }

  /** Runs one revision. */
  async revision(
    revision: Revision,
    done: readonly Revision[],
    run: (op: Operations) => Promise<void>,
    direction: "upgrade" | "downgrade",
    partial: Progress | null,
  ): Promise<void> {
    const { retries = 3 } = this.options;
    for (let attempt = 0; ; attempt++) {
      const journal = new Journal(this.connection, this.versions, revision, direction, partial, this.options.resume);
      await this.#begun();
      try {
        return await this.#perform(revision, run, direction, journal);
      } catch (error) {
        const again =
          attempt < retries && journal.committed === 0 && !this.#joined && this.options.transaction !== "all";
        if (again && error instanceof DatabaseError && (error.retryable || error.code === "55P03")) {
          await this.connection.rollback();
          await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt));
          continue;
        }
        throw this.#failed(revision, direction, journal, done, error);
      }
    }
  }

  async #perform(
    revision: Revision,
    run: (op: Operations) => Promise<void>,
    direction: "upgrade" | "downgrade",
    journal: Journal,
  ): Promise<void> {
    const { connection } = this;
    const target = new OnlineTarget(connection, (fn) => this.#outside(fn, journal));
    const context = new MigrationContext(target, this.options, journal);
    await run(new Operations(context));
    await context.settled();
    for (const old of revision.replaces) await connection.execute(this.versions.forgotten(old));
    if (direction === "downgrade") await connection.execute(this.versions.forgotten(revision.id));
    else if (journal.hasRow) await connection.execute(this.versions.progress(revision.id, null));
    else await connection.execute(this.versions.applied(revision));
    await this.options.onApply?.({ direction, revision }, connection);
    if (this.options.transaction !== "all") await this.commit();
  }

  async #outside(fn: () => Promise<void>, journal: Journal): Promise<void> {
    const { connection } = this;
    if (this.#joined) {
      throw new MigrationError(
        "op.autocommitBlock() needs to commit what was done before, and the migration runs in a transaction of the caller's. Run it on a connection that has none open.",
      );
    }
    await journal.save();
    await this.commit();
    const level = connection.getExecutionOptions().isolationLevel ?? connection.dialect.defaultIsolationLevel;
    await connection.executionOptions({ isolationLevel: "AUTOCOMMIT" });
    journal.outside = true;
    try {
      await fn();
      await connection.commit();
    } finally {
      journal.outside = false;
      if (!connection.invalidated) {
        await connection.rollback();
        await connection.executionOptions({ isolationLevel: level });
      }
    }
    await this.#begun();
  }

  #failed(
    revision: Revision,
    direction: string,
    journal: Journal,
    done: readonly Revision[],
    error: unknown,
  ): MigrationError {
    const all = this.options.transaction === "all" || this.#joined;
    const before =
      done.length === 0
        ? ""
        : all
          ? ` The transaction is rolled back, with ${done.map((each) => each.id).join(", ")} before it.`
          : ` Done in this run before it: ${done.map((each) => each.id).join(", ")}.`;
    const where = journal.current === null ? "" : ` at step ${journal.step} (${journal.current})`;
    const kept =
      journal.committed > 0
        ? ` Its first ${journal.committed} steps are committed; the next ${direction} goes on after them.`
        : " Nothing of it was kept.";
    const reason = (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
    return new MigrationError(
      `The ${direction} of revision ${revision.id}${revision.message === "" ? "" : ` (${revision.message})`} failed${where}: ${reason}.${kept}${before}`,
      { cause: error },
    );
  }
}

async function onConnection<T>(bind: Bind, fn: (connection: AsyncConnection) => Promise<T>): Promise<T> {
  if (bind instanceof AsyncConnection) return await fn(bind);
  return await bind.connect(fn);
}
