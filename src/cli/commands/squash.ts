/** `athanor squash`: one revision in the place of a range. */
import { renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { writeRevision } from "../../migrations/new-revision.js";
import { squashed, squashedBody } from "../../migrations/squash.js";
import { type GlobalOptions, Project } from "../project.js";

/** Options of `squash`. */
export interface SquashOptions extends GlobalOptions {
  readonly message: string;
  readonly revId?: string;
  /** Leaves the files that were replaced, with `_` before their names, so that they are no revisions any more. */
  readonly keep?: boolean;
}

/** Writes one revision that replaces a range. */
export async function run(options: SquashOptions, range: string): Promise<undefined> {
  const project = await Project.open(options);
  const members = squashed(await project.graph(), range);
  const body = squashedBody(members);
  const ids = members.map((each) => each.id);
  const written = writeRevision(
    dirname(members[0]?.path as string),
    {
      message: options.message,
      down: members[0]?.down ?? [],
      replaces: ids,
      body,
      ...(options.revId === undefined ? {} : { id: options.revId }),
    },
    project.config,
  );
  for (const { path } of members) {
    if (path === null) continue;
    if (options.keep === true) renameSync(path, join(dirname(path), `_${basename(path)}`));
    else rmSync(path);
  }
  await project.config.afterWrite?.(written.path);
  project.out.data({ revision: written.id, path: written.path, replaces: ids }, () => {
    project.out.line(`wrote ${written.path}, which replaces ${ids.join(", ")}`);
    project.out.line("A database that has only some of them must be upgraded with their files first.");
  });
}
