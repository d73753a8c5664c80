/** Progress of a run, a line for each revision. */
import type { LintFinding } from "../migrations/lint/finding.js";
import type { MigrationEvent } from "../migrations/runner.js";
import type { Output } from "./output.js";

/** A listener that writes what runs, and how long it took. */
export function reporter(out: Output): (event: MigrationEvent) => void {
  return ({ phase, direction, revision, elapsed, index, total }) => {
    const title = `${out.paint("yellow", revision.id)} ${revision.message}`;
    if (phase === "begin") out.progress(`${out.paint("dim", `[${index}/${total}]`)} ${direction} ${title}`);
    else if (elapsed >= 1000) out.progress(out.paint("dim", `        ${(elapsed / 1000).toFixed(1)} s`));
  };
}

/** A listener that warns, in a line, of what lint has found in a revision that is about to run. */
export function warner(out: Output): (finding: LintFinding) => void {
  return ({ revision, rule, operation, lock, why }) => {
    const words = lock === null ? why : `${why} (${lock})`;
    out.progress(`${out.paint("yellow", `warning [${rule}]`)} ${revision}: ${operation}: ${words}`);
  };
}
