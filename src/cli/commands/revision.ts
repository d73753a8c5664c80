import { mkdirSync } from "node:fs";
import { MigrationError, RevisionError } from "../../migrations/errors.js";
import { writeRevision } from "../../migrations/new-revision.js";
import type { RevisionGraph } from "../../migrations/revision-graph.js";
import { type GlobalOptions, Project } from "../project.js";

/** Options of `revision`. */
export interface RevisionOptions extends GlobalOptions {
  readonly message: string;
  readonly head: string;
  readonly splice?: boolean;
  readonly branchLabel?: readonly string[];
  readonly dependsOn?: readonly string[];
  readonly revId?: string;
}

/** Writes a new revision. */
export async function run(options: RevisionOptions): Promise<undefined> {
  const project = await Project.open(options);
  mkdirSync(project.directory, { recursive: true });
  const graph = await project.graph();
  const written = writeRevision(
    project.directory,
    {
      message: options.message,
      down: parentsOf(graph, options),
      labels: options.branchLabel ?? [],
      dependsOn: (options.dependsOn ?? []).map((each) => graph.find(each)),
      ...(options.revId === undefined ? {} : { id: options.revId }),
    },
    project.config,
  );
  await project.config.afterWrite?.(written.path);
  project.out.data({ revision: written.id, path: written.path }, () => project.out.line(`wrote ${written.path}`));
}

/** What a new revision follows. @throws RevisionError when that would open a second head by accident */
function parentsOf(graph: RevisionGraph, options: RevisionOptions): readonly string[] {
  if (options.revId !== undefined && graph.has(options.revId)) {
    throw new RevisionError(`There is a revision ${options.revId} already.`);
  }
  if (options.head === "base") return [];
  const { targets } = graph.resolve(options.head);
  if (targets.length > 1)
    throw new MigrationError(`A revision follows one: "${options.head}" is ${targets.join(", ")}.`);
  for (const id of targets) {
    if (options.splice === true || graph.children(id).length === 0) continue;
    throw new RevisionError(
      `Revision ${id} is no head: ${graph.children(id).join(", ")} ${graph.children(id).length === 1 ? "follows" : "follow"} it already. Follow a head, or say --splice to begin a branch there.`,
    );
  }
  return targets;
}
