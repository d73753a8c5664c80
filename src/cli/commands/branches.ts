import { dataOf, lineOf, tell } from "../describe.js";
import { type GlobalOptions, Project } from "../project.js";

/** Lists the revisions that several follow, with those that do. */
export async function run(options: GlobalOptions & { readonly verbose?: boolean }): Promise<undefined> {
  const project = await Project.open(options);
  const { out } = project;
  const graph = await project.graph();
  const points = graph.branchPoints.map((id) => graph.get(id));
  out.data(
    points.map((each) => ({ ...dataOf(each, graph), children: graph.children(each.id) })),
    () => {
      for (const each of points) {
        tell(each, { graph, out, verbose: options.verbose });
        for (const child of graph.children(each.id)) out.line(`    ${lineOf(graph.get(child), graph, out)}`);
      }
    },
  );
}
