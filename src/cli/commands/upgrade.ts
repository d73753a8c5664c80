/** `athanor upgrade`, and what moves a database along its history in either direction. */
import { migrationScript } from "../../migrations/script.js";
import { migrateTenants } from "../../migrations/tenants.js";
import { forEachDatabase, type GlobalOptions, type Project } from "../project.js";
import { progressReporter, reporter, tellTenants, warner } from "../reporter.js";

/** Options of `upgrade` and `downgrade`. */
export interface MoveOptions extends GlobalOptions {
  readonly sql?: boolean;
  readonly resume?: "retry" | "skip";
  readonly tenants?: boolean;
  /** How many tenants at a time. */
  readonly concurrency?: string;
}

/** Moves the database, or each of several, along its history; or prints how. */
export async function move(direction: "upgrade" | "downgrade", options: MoveOptions, to: string): Promise<number> {
  return await forEachDatabase(options, async (project) => {
    const { out } = project;
    if (options.tenants === true) return await upgradeTenants(project, options, to);
    const runner = await project.runner({
      resume: options.resume,
      onEvent: reporter(out),
      onFinding: warner(out),
      lintOptions: { ignore: project.config.lintIgnore },
      onProgress: progressReporter(out),
    });
    if (options.sql === true) {
      out.raw(await migrationScript(runner.graph, project.engine.dialect, direction, to, project.runOptions()));
      return undefined;
    }
    const done = await runner[direction](project.engine, to);
    out.data({ [direction]: done.map((each) => each.id) }, () => {
      if (done.length === 0) out.line(`Nothing to ${direction}.`);
    });
    return undefined;
  });
}

async function upgradeTenants(project: Project, options: MoveOptions, to: string): Promise<number> {
  const { out } = project;
  await project.runnable();
  const tenants = await project.tenants();
  let done = 0;
  const reports = await migrateTenants(project.engine, tenants, {
    ...project.runOptions({ resume: options.resume }),
    directory: project.directories,
    to,
    ...(options.concurrency === undefined ? {} : { concurrency: Number(options.concurrency) }),
    onTenant: ({ tenant, error }) =>
      out.progress(`${out.paint("dim", `[${++done}/${tenants.length}]`)} ${tenant}${error === null ? "" : " failed"}`),
  });
  tellTenants(out, reports);
  return reports.some((each) => each.error !== null) ? 1 : 0;
}

export const run = (options: MoveOptions, to: string): Promise<number> => move("upgrade", options, to);
