/** Revisions as lines for people and as data for programs. */
import type { Revision } from "../migrations/revision.js";
import type { RevisionGraph } from "../migrations/revision-graph.js";
import type { Output } from "./output.js";

/** What JSON says of a revision. */
export interface RevisionData {
  readonly revision: string;
  readonly downRevision: readonly string[];
  readonly dependsOn: readonly string[];
  readonly branchLabels: readonly string[];
  readonly replaces: readonly string[];
  readonly message: string;
  readonly path: string | null;
  readonly head: boolean;
  readonly branchPoint: boolean;
}

/** A revision as data. */
export function dataOf(revision: Revision, graph: RevisionGraph): RevisionData {
  const children = graph.children(revision.id).length;
  return {
    revision: revision.id,
    downRevision: revision.down,
    dependsOn: revision.dependsOn,
    branchLabels: revision.labels,
    replaces: revision.replaces,
    message: revision.message,
    path: revision.path,
    head: children === 0,
    branchPoint: children > 1,
  };
}

/** How revisions are told. */
export interface Telling {
  readonly graph: RevisionGraph;
  readonly out: Output;
  /** All that is known of each, over several lines. */
  readonly verbose?: boolean | undefined;
}

/** Tells a revision: in a line (`a1b2 -> c3d4 (label) (head), message`), or in several. */
export function tell(revision: Revision, { graph, out, verbose = false }: Telling, mark = ""): void {
  if (verbose) tellAll(revision, graph, out, mark);
  else out.line(lineOf(revision, graph, out, mark));
}

/** A revision in a line. */
export function lineOf(revision: Revision, graph: RevisionGraph, out: Output, mark = ""): string {
  const { head, branchPoint } = dataOf(revision, graph);
  const from = revision.down.length === 0 ? "<base>" : revision.down.join(", ");
  const notes = [
    ...revision.labels.map((each) => `(${each})`),
    ...(head ? ["(head)"] : []),
    ...(branchPoint ? ["(branch point)"] : []),
    ...(revision.down.length > 1 ? ["(merge)"] : []),
    ...(mark === "" ? [] : [`(${mark})`]),
  ];
  const note = notes.length === 0 ? "" : ` ${out.paint("cyan", notes.join(" "))}`;
  return `${out.paint("dim", `${from} ->`)} ${out.paint("yellow", revision.id)}${note}, ${revision.message}`;
}

function tellAll(revision: Revision, graph: RevisionGraph, out: Output, mark: string): void {
  const {
    revision: id,
    head,
    branchPoint,
    downRevision,
    dependsOn,
    branchLabels,
    replaces,
    message,
    path,
  } = dataOf(revision, graph);
  const marks = [...(head ? ["head"] : []), ...(branchPoint ? ["branch point"] : []), ...(mark === "" ? [] : [mark])];
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ["revision", [marks.length === 0 ? id : `${id} (${marks.join(", ")})`]],
    ["follows", downRevision.length === 0 ? ["<base>"] : downRevision],
    ["depends on", dependsOn],
    ["labels", branchLabels],
    ["replaces", replaces],
    ["file", [path ?? "-"]],
  ];
  for (const [name, values] of parts) {
    if (values.length > 0) out.line(`${out.paint("bold", name)}${" ".repeat(12 - name.length)}${values.join(", ")}`);
  }
  out.line();
  out.line(`    ${message}`);
  out.line();
}
