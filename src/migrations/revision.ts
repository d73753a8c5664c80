/** A revision: its file, and what stands in it. */
import type { Operations } from "./operations/operations.js";

/** What a revision file exports. */
export interface RevisionModule {
  /** Its identifier, unique in the history. */
  readonly revision: string;
  /** The revision that comes before it; null for the first; several for a merge. */
  readonly downRevision: string | readonly string[] | null;
  /** Names by which the branch that begins here can be addressed: `label@head`. */
  readonly branchLabels?: readonly string[];
  /** Revisions of other branches that must be applied before this one. */
  readonly dependsOn?: string | readonly string[];
  /** What the revision does, in a line. */
  readonly message?: string;
  /** Revisions that this one stands for, after a squash: a database that has all of them has this one. */
  readonly replaces?: readonly string[];
  /** Rules of lint whose findings in this revision are known and accepted. */
  readonly lintIgnore?: readonly string[];
  upgrade(op: Operations): unknown;
  /** Undoes `upgrade`. A revision without it cannot be downgraded. */
  downgrade?(op: Operations): unknown;
}

/** A revision as the history knows it; what it does is loaded when it runs. */
export interface Revision {
  readonly id: string;
  readonly down: readonly string[];
  readonly dependsOn: readonly string[];
  readonly labels: readonly string[];
  readonly replaces: readonly string[];
  readonly message: string;
  /** The file it was read from; null when it was given as an object. */
  readonly path: string | null;
  /** A digest of the file's text (line ends do not count), by which an edit after the fact is noticed; null without a file. */
  readonly checksum: string | null;
  load(): Promise<RevisionModule>;
}

/** One value or several, as a list. */
export function listed(value: string | readonly string[] | null | undefined): readonly string[] {
  if (value === null || value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}

/** A revision that is given as an object instead of a file. */
export function revisionOf(module: RevisionModule): Revision {
  return {
    id: module.revision,
    down: listed(module.downRevision),
    dependsOn: listed(module.dependsOn),
    labels: module.branchLabels ?? [],
    replaces: module.replaces ?? [],
    message: module.message ?? "",
    path: null,
    checksum: null,
    load: async () => module,
  };
}
