import { createAsyncEngine } from "../../index.js";
import type { LintFinding } from "../../migrations/lint/finding.js";
import { lintRevision } from "../../migrations/lint/lint.js";
import type { Revision } from "../../migrations/revision.js";
import type { RevisionGraph } from "../../migrations/revision-graph.js";
import { EXIT_DIFFERENT } from "../exit.js";
import { type GlobalOptions, Project } from "../project.js";

/** Options of `lint`. */
export interface LintOptions extends GlobalOptions {
  /** Lints for this database whatever is configured. */
  readonly dialect?: string;
}

/** Looks at revisions for what harms a database in use: those of the range, all where none is given. */
export async function run(options: LintOptions, range = ":"): Promise<number> {
  const project = await Project.open(options);
  const { out } = project;
  const engine = options.dialect === undefined ? null : createAsyncEngine(`${options.dialect}://localhost/lint`);
  try {
    const { graph } = await project.runner();
    const { dialect } = engine ?? project.engine;
    const wanted = range.includes(":")
      ? between(graph, ...(range.split(":") as [string, string]))
      : graph.resolve(range).targets.map((id) => graph.get(id));
    const findings: LintFinding[] = [];
    for (const each of wanted) findings.push(...(await lintRevision(each, dialect, project.config)));
    out.data(findings, () => {
      for (const { revision, rule, operation, lock, why, instead } of findings) {
        out.line(`${out.paint("yellow", revision)} ${out.paint("bold", operation)}  [${rule}]`);
        out.line(`    ${lock === null ? "" : `${lock}: `}${why}`);
        for (const [i, step] of instead.entries()) out.line(`    ${i + 1}. ${step}`);
        out.line();
      }
      const words = `${findings.length} ${findings.length === 1 ? "finding" : "findings"}`;
      out.line(`${words} in ${wanted.length} ${wanted.length === 1 ? "revision" : "revisions"} on ${dialect.name}.`);
    });
    return findings.length === 0 ? 0 : EXIT_DIFFERENT;
  } finally {
    await engine?.dispose();
    await project.close();
  }
}

function between(graph: RevisionGraph, from: string, to: string): readonly Revision[] {
  const before = from === "" ? new Set<string>() : graph.ancestors(graph.resolve(from).targets);
  return graph.upgradePath(before, graph.resolve(to === "" ? "heads" : to, before));
}
