import { differences, told } from "../differences.js";
import { EXIT_DIFFERENT } from "../exit.js";
import { forEachDatabase, type GlobalOptions } from "../project.js";

/** Says whether the database, or each of several, has what the classes say. */
export async function run(options: GlobalOptions): Promise<number> {
  return await forEachDatabase(options, async (project) => {
    const { out } = project;
    const runner = await project.runner();
    const { applied } = await runner.state(project.engine);
    const pending = runner.graph.order.filter((each) => !applied.has(each.id)).map((each) => each.id);
    const found = told(await differences(project));
    out.data({ pending, differences: found }, () => {
      for (const each of pending) out.line(`not applied: ${each}`);
      for (const each of found) out.line(each);
      if (pending.length === 0 && found.length === 0) out.line("The database has what the classes say.");
    });
    return pending.length > 0 || found.length > 0 ? EXIT_DIFFERENT : undefined;
  });
}
