/** `athanor lint`: what in revisions harms a database in use. */
import { type AsyncConnection, type AsyncEngine, createAsyncEngine, type MetaData } from "../../index.js";
import type { LintFinding } from "../../migrations/lint/finding.js";
import { lintRevision } from "../../migrations/lint/lint.js";
import type { Revision } from "../../migrations/revision.js";
import type { RevisionGraph } from "../../migrations/revision-graph.js";
import { EXIT_DIFFERENT } from "../exit.js";
import { type GlobalOptions, Project } from "../project.js";
import { inRows } from "../reporter.js";

/** Options of `lint`. */
export interface LintCommandOptions extends GlobalOptions {
  /** Lints for this database whatever is configured. */
  readonly dialect?: string;
}

/** Looks at revisions for what harms a database in use: those of the range, all where none is given. */
export async function run(options: LintCommandOptions, range = ":"): Promise<number> {
  const project = await Project.open(options);
  const { out } = project;
  const other = options.dialect === undefined ? null : createAsyncEngine(`${options.dialect}://localhost/lint`);
  try {
    const graph = await project.runnable();
    const wanted = range.includes(":")
      ? between(graph, ...(range.split(":") as [string, string]))
      : graph.resolve(range).targets.map((id) => graph.get(id));
    const { dialect } = other ?? project.engine;
    const metadata = await classes(project);
    const { lockTimeout, lintIgnore: ignore } = project.config;
    const lintAll = async (connection?: AsyncConnection): Promise<readonly LintFinding[]> => {
      const found: LintFinding[] = [];
      for (const each of wanted)
        found.push(...(await lintRevision(each, dialect, { lockTimeout, ignore, metadata, connection })));
      return found;
    };
    const connection = other === null ? await connected(project.engine) : null;
    const findings = await lintAll(connection ?? undefined);
    await connection?.close();
    out.data(findings, () => {
      for (const { revision, rule, operation, table, rows, lock, why, instead } of findings) {
        out.line(`${out.paint("yellow", revision)} ${out.paint("bold", operation)}  [${rule}]`);
        out.line(`    ${lock === null ? "" : `${lock}${inRows(table, rows)}: `}${why}`);
        for (const [i, step] of instead.entries()) out.line(`    ${i + 1}. ${step}`);
        out.line();
      }
      const words = `${findings.length} ${findings.length === 1 ? "finding" : "findings"}`;
      out.line(`${words} in ${wanted.length} ${wanted.length === 1 ? "revision" : "revisions"} on ${dialect.name}.`);
    });
    return findings.length === 0 ? 0 : EXIT_DIFFERENT;
  } finally {
    await other?.dispose();
    await project.close();
  }
}

/** What the classes are mapped to, where the project says which they are. */
async function classes(project: Project): Promise<readonly MetaData[] | undefined> {
  const { entities, metadata } = project.config;
  return entities === undefined && metadata === undefined ? undefined : await project.metadata();
}

/** A connection, or null where no database answers: the rows of the tables are not known then. */
async function connected(engine: AsyncEngine): Promise<AsyncConnection | null> {
  try {
    return await engine.connect();
  } catch {
    return null;
  }
}

function between(graph: RevisionGraph, from: string, to: string): readonly Revision[] {
  const before = from === "" ? new Set<string>() : graph.ancestors(graph.resolve(from).targets);
  return graph.upgradePath(before, graph.resolve(to === "" ? "heads" : to, before));
}
