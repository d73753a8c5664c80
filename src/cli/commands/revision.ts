/** `athanor revision`: a new revision, empty or with what has changed. */
import { mkdirSync } from "node:fs";
import { renderBody, renderSafeBody } from "../../migrations/autogenerate/render.js";
import { MigrationError, RevisionError } from "../../migrations/errors.js";
import { type RevisionBody, writeRevision } from "../../migrations/new-revision.js";
import type { RevisionGraph } from "../../migrations/revision-graph.js";
import { differences } from "../differences.js";
import { type GlobalOptions, Project } from "../project.js";

/** Options of `revision`. */
export interface RevisionOptions extends GlobalOptions {
  readonly message: string;
  readonly head: string;
  readonly splice?: boolean;
  readonly branchLabel?: readonly string[];
  readonly dependsOn?: readonly string[];
  readonly revId?: string;
  readonly autogenerate?: boolean;
  readonly allowEmpty?: boolean;
  /** Writes the sequence that keeps readers and writers going. */
  readonly safe?: boolean;
  /** The folder of the new file, of several. */
  readonly versionPath?: string;
}

/** Writes a new revision. */
export async function run(options: RevisionOptions): Promise<undefined> {
  const project = await Project.open(options);
  const folder = project.folderFor(options.versionPath);
  for (const each of project.directories) mkdirSync(each, { recursive: true });
  const graph = await project.graph();
  const down = parentsOf(graph, options);
  const generates = options.autogenerate === true || options.safe === true;
  const body = generates ? await generated(project, graph, options.safe === true) : undefined;
  if (body !== undefined && body.upgrade.length === 0 && options.allowEmpty !== true) {
    project.out.data({ revision: null, path: null }, () => {
      project.out.line("Nothing differs: no file was written. --allow-empty writes one.");
    });
    return;
  }
  const written = writeRevision(
    folder,
    {
      message: options.message,
      down,
      labels: options.branchLabel ?? [],
      dependsOn: (options.dependsOn ?? []).map((each) => graph.find(each)),
      ...(options.revId === undefined ? {} : { id: options.revId }),
      ...(body === undefined ? {} : { body }),
    },
    project.config,
  );
  await project.config.afterWrite?.(written.path);
  project.out.data({ revision: written.id, path: written.path }, () => project.out.line(`wrote ${written.path}`));
}

/** What the functions of the revision do. @throws MigrationError when the database is not at the heads of the history */
async function generated(project: Project, graph: RevisionGraph, safe: boolean): Promise<RevisionBody> {
  try {
    const { applied } = await (await project.runner()).state(project.engine);
    if (graph.order.some((each) => !applied.has(each.id))) {
      throw new MigrationError(
        "The database does not have all revisions, so that a comparison would find their changes again. Run `athanor upgrade heads` first.",
      );
    }
    const render = safe ? renderSafeBody : renderBody;
    return render(await differences(project), project.engine.dialect);
  } finally {
    await project.close();
  }
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
