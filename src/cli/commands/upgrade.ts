import { migrationScript } from "../../migrations/script.js";
import { type GlobalOptions, Project } from "../project.js";
import { reporter, warner } from "../reporter.js";

/** Options of `upgrade` and `downgrade`. */
export interface MoveOptions extends GlobalOptions {
  readonly sql?: boolean;
  readonly resume?: "retry" | "skip";
}

/** Moves the database along its history, or prints how. */
export async function move(direction: "upgrade" | "downgrade", options: MoveOptions, to: string): Promise<undefined> {
  const project = await Project.open(options);
  const { out } = project;
  try {
    const runner = await project.runner({ resume: options.resume, onEvent: reporter(out), onFinding: warner(out) });
    if (options.sql === true) {
      out.raw(await migrationScript(runner.graph, project.engine.dialect, direction, to, project.runOptions()));
      return;
    }
    const done = await runner[direction](project.engine, to);
    out.data({ [direction]: done.map((each) => each.id) }, () => {
      if (done.length === 0) out.line(`Nothing to ${direction}.`);
    });
  } finally {
    await project.close();
  }
}

export const run = (options: MoveOptions, to: string): Promise<undefined> => move("upgrade", options, to);
