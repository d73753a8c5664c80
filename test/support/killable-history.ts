/** A history to be killed in, and what must hold of a database wherever it was. As a program it upgrades the URL given. */
import { pathToFileURL } from "node:url";
import { type AsyncEngine, column, createAsyncEngine, inspect, t, text } from "../../src/index.js";
import { type MigrationEvent, migrate, type Operations, type RevisionModule } from "../../src/migrations/index.js";

/** How many revisions there are; each fifth has steps outside of its transaction. */
export const REVISIONS = 30;

const id = (i: number): string => `r${String(i).padStart(3, "0")}`;
const isOutside = (i: number): boolean => i % 5 === 0;

export const killableHistory: readonly RevisionModule[] = Array.from({ length: REVISIONS }, (_, i) => ({
  revision: id(i),
  downRevision: i === 0 ? null : id(i - 1),
  async upgrade(op: Operations) {
    if (i === 0) {
      op.createTable("log", { id: column(t.integer, { primaryKey: true }), what: column(t.text, { nullable: false }) });
    } else op.addColumn("log", `c${i}`, column(t.integer));
    op.execute(`insert into log (what) values ('${id(i)} inside')`);
    if (!isOutside(i)) return;
    await op.autocommitBlock(() => {
      op.createIndex(`ix_log_${i}`, "log", [i === 0 ? "what" : `c${i}`], { concurrently: true });
      op.execute(`insert into log (what) values ('${id(i)} outside')`);
    });
    op.execute(`insert into log (what) values ('${id(i)} after')`);
  },
}));

/** The rows that the whole history writes. */
export function allRows(): readonly string[] {
  return killableHistory
    .flatMap(({ revision }, i) =>
      (isOutside(i) ? ["after", "inside", "outside"] : ["inside"]).map((each) => `${revision} ${each}`),
    )
    .sort();
}

export async function rowsOf(engine: AsyncEngine): Promise<readonly string[]> {
  return (await engine.execute(text("select what from log order by what")).all()).map((row) => String(row[0])).sort();
}

/** Where the version table and the schema disagree: nothing, whenever the process ended. */
export async function disagreements(engine: AsyncEngine): Promise<readonly string[]> {
  const tables = await engine.tableNames();
  if (!tables.includes("athanor_version")) return tables.map((name) => `${name} is there, and no version`);
  const rows = (await engine
    .execute(text("select revision, steps from athanor_version"))
    .all()) as unknown as readonly [string, number | null][];
  const versions = new Map(rows);
  if (!tables.includes("log")) return rows.map(([revision]) => `${revision} is applied, and there is no table`);
  const columns = (await inspect(engine).getColumns("log")).map((each) => each.name);
  const written = new Set(await rowsOf(engine));
  const found: string[] = [];
  for (const [i, { revision }] of killableHistory.entries()) {
    // An interrupted revision has done its first part, in one transaction with its row.
    const begun = versions.has(revision);
    const whole = begun && versions.get(revision) === null;
    if (i > 0 && columns.includes(`c${i}`) !== begun) found.push(`column c${i}`);
    if (written.has(`${revision} inside`) !== begun) found.push(`the first row of ${revision}`);
    if (written.has(`${revision} after`) !== (whole && isOutside(i))) found.push(`the last row of ${revision}`);
  }
  return found;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const engine = createAsyncEngine(process.argv[2] as string);
  const onEvent = ({ phase, revision }: MigrationEvent): void => {
    if (phase === "begin") process.stdout.write(`${revision.id}\n`);
  };
  try {
    await migrate(engine, { revisions: killableHistory, onEvent });
    process.stdout.write("done\n");
  } finally {
    await engine.dispose();
  }
}
