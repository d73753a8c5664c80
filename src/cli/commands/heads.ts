import { dataOf, lineOf } from "../describe.js";
import { type GlobalOptions, Project } from "../project.js";

/** Lists the revisions that nothing follows. */
export async function run(options: GlobalOptions): Promise<undefined> {
  const project = await Project.open(options);
  const graph = await project.graph();
  const heads = graph.heads.map((id) => graph.get(id));
  project.out.data(
    heads.map((each) => dataOf(each, graph)),
    () => {
      for (const each of heads) project.out.line(lineOf(each, graph, project.out));
    },
  );
}
