import { spawnSync } from "node:child_process";
import { MigrationError } from "../../migrations/errors.js";
import { type GlobalOptions, Project } from "../project.js";

/** Opens the files of revisions in the editor of the environment. */
export async function run(options: GlobalOptions, expression: string): Promise<undefined> {
  const project = await Project.open(options);
  try {
    const graph = await project.graph();
    const applied =
      expression === "current" ? (await (await project.runner()).state(project.engine)).applied : new Set<string>();
    const paths = graph.resolve(expression, applied).targets.flatMap((id) => graph.get(id).path ?? []);
    if (paths.length === 0) throw new MigrationError(`"${expression}" has no file to edit.`);
    const editor = process.env["VISUAL"] || process.env["EDITOR"];
    if (editor === undefined || editor.trim() === "") {
      throw new MigrationError(`No editor is known: set VISUAL or EDITOR, or open ${paths.join(", ")} yourself.`);
    }
    const [program, ...args] = editor.trim().split(/\s+/) as [string, ...string[]];
    const { error, status } = spawnSync(program, [...args, ...paths], { stdio: "inherit" });
    if (error !== undefined) throw new MigrationError(`The editor ${program} cannot be started: ${error.message}`);
    if (status !== 0) throw new MigrationError(`The editor ${program} ended with ${status}.`);
    project.out.data({ edited: paths }, () => {});
  } finally {
    await project.close();
  }
}
