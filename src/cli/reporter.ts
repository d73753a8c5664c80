/** Progress of a run, a line for each revision. */
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
