import { dataOf } from "../describe.js";
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
    const revisions = graph.resolve(expression, applied).targets.map((id) => dataOf(graph.get(id), graph));
    out.data(revisions, () => {
      for (const each of revisions) {
        out.line(`${out.paint("bold", "revision")}    ${each.revision}${each.head ? " (head)" : ""}`);
        out.line(`${out.paint("bold", "follows")}     ${each.downRevision.join(", ") || "<base>"}`);
        if (each.dependsOn.length > 0) out.line(`${out.paint("bold", "depends on")}  ${each.dependsOn.join(", ")}`);
        if (each.branchLabels.length > 0)
          out.line(`${out.paint("bold", "labels")}      ${each.branchLabels.join(", ")}`);
        if (each.replaces.length > 0) out.line(`${out.paint("bold", "replaces")}    ${each.replaces.join(", ")}`);
        out.line(`${out.paint("bold", "file")}        ${each.path ?? "-"}`);
        out.line();
        out.line(`    ${each.message}`);
      }
    });
  } finally {
    await project.close();
  }
}
