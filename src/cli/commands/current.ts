/** `athanor current`: where the database is. */
import { tenantsBehind } from "../../migrations/tenants.js";
import { dataOf, tell } from "../describe.js";
import { EXIT_DIFFERENT } from "../exit.js";
import { forEachDatabase, type GlobalOptions, type Project } from "../project.js";
import { tellTenants } from "../reporter.js";

/** Options of `current`. */
export interface CurrentOptions extends GlobalOptions {
  readonly checkHeads?: boolean;
  readonly verbose?: boolean;
  readonly tenants?: boolean;
}

/** Says where the database is, or each of several. */
export async function run(options: CurrentOptions): Promise<number> {
  return await forEachDatabase(options, async (project) => {
    const atHead = options.tenants === true ? await tenants(project) : await database(project, options.verbose);
    return options.checkHeads === true && !atHead ? EXIT_DIFFERENT : undefined;
  });
}

async function database(project: Project, verbose: boolean | undefined): Promise<boolean> {
  const { out } = project;
  const runner = await project.runner();
  const { graph } = runner;
  const { applied, partial } = await runner.state(project.engine);
  const heads = graph.headsOf(applied).map((id) => graph.get(id));
  out.data({ current: heads.map((each) => dataOf(each, graph)), interrupted: partial?.revision ?? null }, () => {
    if (heads.length === 0) out.line("The database has no revision.");
    for (const each of heads) tell(each, { graph, out, verbose });
    if (partial !== null) out.line(`${partial.revision} was interrupted after ${partial.progress.steps} steps.`);
  });
  return graph.order.every((each) => applied.has(each.id));
}

async function tenants(project: Project): Promise<boolean> {
  await project.runnable();
  const options = { ...project.runOptions(), directory: project.directories, to: "heads" };
  const reports = await tenantsBehind(project.engine, await project.tenants(), options);
  tellTenants(project.out, reports);
  return reports.every((each) => each.behind.length === 0 && each.error === null);
}
