import { dataOf, lineOf } from "../describe.js";
import { EXIT_DIFFERENT } from "../exit.js";
import { type GlobalOptions, Project } from "../project.js";

/** Says where the database is. */
export async function run(options: GlobalOptions & { readonly checkHeads?: boolean }): Promise<number | undefined> {
  const project = await Project.open(options);
  const { out } = project;
  try {
    const runner = await project.runner();
    const { applied, partial } = await runner.state(project.engine);
    const heads = runner.graph.headsOf(applied).map((id) => runner.graph.get(id));
    out.data(
      { current: heads.map((each) => dataOf(each, runner.graph)), interrupted: partial?.revision ?? null },
      () => {
        if (heads.length === 0) out.line("The database has no revision.");
        for (const each of heads) out.line(lineOf(each, runner.graph, out));
        if (partial !== null) out.line(`${partial.revision} was interrupted after ${partial.progress.steps} steps.`);
      },
    );
    const atHead = runner.graph.order.every((each) => applied.has(each.id));
    return options.checkHeads === true && !atHead ? EXIT_DIFFERENT : undefined;
  } finally {
    await project.close();
  }
}
