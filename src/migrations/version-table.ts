/** What the database remembers: which revisions it has, and how far an interrupted one came. */
import type { AsyncConnection } from "../engine/async-connection.js";
import { inspect } from "../engine/inspection.js";
import { CreateTable } from "../sql/ddl/elements.js";
import { del } from "../sql/dml/delete.js";
import { insert } from "../sql/dml/insert.js";
import { update } from "../sql/dml/update.js";
import { column } from "../sql/schema/column-specs.js";
import { MetaData } from "../sql/schema/metadata.js";
import { type Table, table } from "../sql/schema/table.js";
import { select } from "../sql/selectable/select.js";
import { t } from "../sql/types/t.js";

/** Where the versions are kept. */
export interface VersionTableOptions {
  /** The table's name; several applications in one database give it different ones. Default `athanor_version`. */
  readonly versionTable?: string | undefined;
  readonly versionTableSchema?: string | null | undefined;
}

/** One row: a revision that the database has, in whole or in part. */
export interface AppliedRevision {
  readonly revision: string;
  /** The digest of the file that was applied; null where there was no file. */
  readonly checksum: string | null;
  readonly appliedAt: Date | null;
  /** What was done of a revision that was interrupted; null for one that is whole. */
  readonly progress: Progress | null;
}

/** How far an interrupted revision came. */
export interface Progress {
  readonly direction: "upgrade" | "downgrade";
  /** The steps that are committed. */
  readonly steps: number;
  /** The step that was under way outside of a transaction. */
  readonly running: string | null;
}

// One column holds both: 3 for an upgrade after three steps, -4 for a downgrade after three.
function encoded({ direction, steps }: Progress): number {
  return direction === "upgrade" ? steps : -1 - steps;
}

function decoded(steps: number | null, running: string | null): Progress | null {
  if (steps === null) return null;
  return steps >= 0 ? { direction: "upgrade", steps, running } : { direction: "downgrade", steps: -1 - steps, running };
}

/** The table of versions, on whichever connection asks. */
export class VersionTable {
  readonly #table;
  readonly name: string;

  constructor(options: VersionTableOptions = {}) {
    this.name = options.versionTable ?? "athanor_version";
    this.#table = table(
      this.name,
      new MetaData(),
      {
        revision: column(t.string(64), { primaryKey: true }),
        checksum: column(t.string(32)),
        applied_at: column(t.datetime({ timezone: true })),
        steps: column(t.integer),
        running: column(t.text),
      },
      { schema: options.versionTableSchema ?? null },
    );
  }

  /** The table itself, for the script that creates it. */
  get table(): Table {
    return this.#table as unknown as Table;
  }

  /** Makes the table where it is not there. */
  async ensure(connection: AsyncConnection): Promise<void> {
    await connection.execute(new CreateTable(this.table, { ifNotExists: true }));
  }

  async exists(connection: AsyncConnection): Promise<boolean> {
    const schema = this.#table.schema;
    return await connection.runSync((sync) => inspect(sync).hasTable(this.name, { schema }));
  }

  /** Every row. Empty when the table is not there. */
  async read(connection: AsyncConnection): Promise<readonly AppliedRevision[]> {
    if (!(await this.exists(connection))) return [];
    const { c } = this.#table;
    const rows = await connection.execute(
      select({
        revision: c.revision,
        checksum: c.checksum,
        appliedAt: c.applied_at,
        steps: c.steps,
        running: c.running,
      }),
    );
    return rows.all().map(({ steps, running, ...row }) => ({ ...row, progress: decoded(steps, running) }));
  }

  /** The statement that says that a revision is applied: in whole, or as far as `progress` tells. */
  applied(revision: { readonly id: string; readonly checksum: string | null }, progress: Progress | null = null) {
    return insert(this.#table).values({
      revision: revision.id,
      checksum: revision.checksum,
      applied_at: new Date(),
      steps: progress === null ? null : encoded(progress),
      running: progress?.running ?? null,
    });
  }

  /** The statement that forgets a revision. */
  forgotten(id: string) {
    return del(this.#table).where(this.#table.c.revision.eq(id));
  }

  /** The statement that says how far a revision came; null: it is whole. */
  progress(id: string, progress: Progress | null) {
    return update(this.#table)
      .where(this.#table.c.revision.eq(id))
      .values({ steps: progress === null ? null : encoded(progress), running: progress?.running ?? null });
  }
}
