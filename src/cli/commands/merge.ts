/** `athanor merge`: a revision that joins branches. */
import { MigrationError } from "../../migrations/errors.js";
import { writeRevision } from "../../migrations/new-revision.js";
import { type GlobalOptions, Project } from "../project.js";

/** Options of `merge`. */
export interface MergeOptions extends GlobalOptions {
  readonly message: string;
  readonly branchLabel?: readonly string[];
  readonly revId?: string;
  /** The folder of the new file, of several. */
  readonly versionPath?: string;
}

/** Writes a revision that joins branches. */
export async function run(options: MergeOptions, expressions: readonly string[]): Promise<undefined> {
  const project = await Project.open(options);
  const graph = await project.graph();
  const parents = [...new Set(expressions.flatMap((each) => graph.resolve(each).targets))];
  if (parents.length < 2) {
    throw new MigrationError(
      `A merge joins two revisions or more, and "${expressions.join(" ")}" ${parents.length === 0 ? "names none" : `is only ${parents[0]}`}.`,
    );
  }
  const written = writeRevision(
    project.folderFor(options.versionPath),
    {
      message: options.message,
      down: parents,
      labels: options.branchLabel ?? [],
      ...(options.revId === undefined ? {} : { id: options.revId }),
    },
    project.config,
  );
  await project.config.afterWrite?.(written.path);
  project.out.data({ revision: written.id, path: written.path, downRevision: parents }, () => {
    project.out.line(`wrote ${written.path}`);
  });
}
