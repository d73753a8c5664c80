/** `athanor history`: the revisions, newest first. */
import { dataOf, tell } from "../describe.js";
import { type GlobalOptions, Project } from "../project.js";

/** Options of `history`. */
export interface HistoryOptions extends GlobalOptions {
  readonly range: string;
  readonly indicateCurrent?: boolean;
  readonly verbose?: boolean;
}

/** Lists a part of the history, newest first. */
export async function run(options: HistoryOptions): Promise<undefined> {
  const project = await Project.open(options);
  const { out } = project;
  try {
    const graph = await project.graph();
    const asks = options.indicateCurrent === true || /current|^[+-]|:[+-]/.test(options.range);
    const applied = asks ? (await (await project.runner()).state(project.engine)).applied : new Set<string>();
    const current = new Set(graph.headsOf(applied));
    const revisions = graph.range(options.range, applied);
    out.data(
      revisions.map((each) => ({ ...dataOf(each, graph), ...(asks ? { current: current.has(each.id) } : {}) })),
      () => {
        const { verbose } = options;
        for (const each of revisions) tell(each, { graph, out, verbose }, current.has(each.id) ? "current" : "");
      },
    );
  } finally {
    await project.close();
  }
}
