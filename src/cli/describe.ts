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

/** A revision in a line: `a1b2 -> c3d4 (label) (head), message`. */
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
