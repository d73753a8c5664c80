import { type GlobalOptions, Project } from "../project.js";

/** Says that the database is at a revision. */
export async function run(
  options: GlobalOptions & { readonly purge?: boolean; readonly accept?: string },
  revisions: readonly string[],
): Promise<undefined> {
  const project = await Project.open(options);
  const { out } = project;
  try {
    const runner = await project.runner();
    if (options.accept !== undefined) await runner.accept(project.engine, options.accept);
    else await runner.stamp(project.engine, revisions.length === 0 ? ["head"] : revisions, options);
    const { applied } = await runner.state(project.engine);
    const current = runner.graph.headsOf(applied);
    out.data({ current }, () => out.line(current.length === 0 ? "stamped: base" : `stamped: ${current.join(", ")}`));
  } finally {
    await project.close();
  }
}
