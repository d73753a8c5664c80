/** How far a revision has come, kept in the version table where steps are committed before its end. */
import type { AsyncConnection } from "../engine/async-connection.js";
import type { Recovery, StepJournal } from "./context.js";
import { MigrationError } from "./errors.js";
import type { Revision } from "./revision.js";
import type { Progress, VersionTable } from "./version-table.js";

/** The journal of one run of one revision. */
export class Journal implements StepJournal {
  /** Steps are outside of a transaction now: each is committed as it ends. */
  outside = false;
  /** The step under way, or the last. */
  step = 0;
  current: string | null = null;
  /** Whether the version table has a row of the revision. */
  hasRow: boolean;
  readonly done: number;
  #committed: number;

  constructor(
    private readonly connection: AsyncConnection,
    private readonly versions: VersionTable,
    private readonly revision: Revision,
    private readonly direction: Progress["direction"],
    private readonly before: Progress | null,
    private readonly resume: "retry" | "skip" | undefined,
  ) {
    this.done = before?.steps ?? 0;
    this.#committed = this.done;
    this.hasRow = before !== null || direction === "downgrade";
  }

  /** How many steps are committed. */
  get committed(): number {
    return this.#committed;
  }

  /** A step begins. @returns false when an interrupted run has done it */
  async begin(step: number, what: string, recover: (() => Promise<Recovery>) | null): Promise<boolean> {
    if (step <= this.done) return false;
    this.step = step;
    this.current = what;
    if (!this.outside) return true;
    if (step === this.done + 1 && this.before?.running != null && (await this.#finished(what, recover))) return false;
    await this.#write(what);
    return true;
  }

  /** Whether the step that was under way when the run was interrupted had its effect. */
  async #finished(what: string, recover: (() => Promise<Recovery>) | null): Promise<boolean> {
    if (this.resume !== undefined) return this.resume === "skip";
    const found = recover === null ? "unknown" : await recover();
    if (found !== "unknown") return found === "done";
    throw new MigrationError(
      `The run before was interrupted while it did this outside of a transaction, and nothing tells whether it took effect: ${what}. Look at the database, and ${this.direction} again with --resume skip if it did, or --resume retry if it did not`,
    );
  }

  /** A step has ended. */
  async end(step: number): Promise<void> {
    if (!this.outside) return;
    this.#committed = step;
    await this.#write(null);
  }

  /** Writes down the steps so far, for a commit that comes now. */
  async save(): Promise<void> {
    this.#committed = Math.max(this.step, this.done);
    // A step that an interrupted run was in stays open until it is answered for, also when this run ends before that.
    await this.#write(this.step > this.done ? null : (this.before?.running ?? null));
  }

  async #write(running: string | null): Promise<void> {
    const progress: Progress = { direction: this.direction, steps: this.#committed, running };
    const { revision } = this;
    if (this.hasRow) await this.connection.execute(this.versions.progress(revision.id, progress));
    else await this.connection.execute(this.versions.applied(revision, progress));
    this.hasRow = true;
  }
}
