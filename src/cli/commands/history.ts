import { dataOf, lineOf } from "../describe.js";
import { type GlobalOptions, Project } from "../project.js";

/** Lists a part of the history, newest first. */
export async function run(
  options: GlobalOptions & { readonly range: string; readonly indicateCurrent?: boolean },
): Promise<undefined> {
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
        for (const each of revisions) out.line(lineOf(each, graph, out, current.has(each.id) ? "current" : ""));
      },
    );
  } finally {
    await project.close();
  }
}
