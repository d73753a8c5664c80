import { dataOf, tell } from "../describe.js";
import { type GlobalOptions, Project } from "../project.js";

/** Tells about a revision. */
export async function run(options: GlobalOptions, expression: string): Promise<undefined> {
  const project = await Project.open(options);
  const { out } = project;
  try {
    const graph = await project.graph();
    const applied = /^current|^[+-]|@[+-]/.test(expression)
      ? (await (await project.runner()).state(project.engine)).applied
      : new Set<string>();
    const revisions = graph.resolve(expression, applied).targets.map((id) => graph.get(id));
    out.data(
      revisions.map((each) => dataOf(each, graph)),
      () => {
        for (const each of revisions) tell(each, { graph, out, verbose: true });
      },
    );
  } finally {
    await project.close();
  }
}
