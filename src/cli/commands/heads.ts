import { dataOf, tell } from "../describe.js";
import { type GlobalOptions, Project } from "../project.js";

/** Lists the revisions that nothing follows. */
export async function run(options: GlobalOptions & { readonly verbose?: boolean }): Promise<undefined> {
  const project = await Project.open(options);
  const { out } = project;
  const graph = await project.graph();
  const heads = graph.heads.map((id) => graph.get(id));
  out.data(
    heads.map((each) => dataOf(each, graph)),
    () => {
      for (const each of heads) tell(each, { graph, out, verbose: options.verbose });
    },
  );
}
