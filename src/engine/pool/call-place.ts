/** Where in the user's program something was called. */

/** The folder of this package's own files. */
const OWN = new URL("../..", import.meta.url).href.replace(/^file:\/\//, "");
const FRAMES = 8;

function frames(): string[] {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 100;
  const { stack = "" } = new Error();
  Error.stackTraceLimit = limit;
  return stack.split("\n").slice(1);
}

const theirs = (lines: readonly string[]): string[] =>
  lines.filter((line) => !line.includes(OWN) && !/\(node:|at node:|\(<anonymous>\)/.test(line));

/** The stack of the present call, from the user's own line on: one line for each frame. */
export function callPlace(): string {
  const all = frames();
  const known = theirs(all);
  // In a program that was bundled into one file nothing can be told apart.
  return (known.length > 0 ? known : all).slice(0, FRAMES).join("\n");
}

/** The frames of the present call that are the user's, the innermost first, as `file:line:column` or `name (file:line:column)`; none where no stack tells. */
export function userFrames(): string[] {
  return theirs(frames())
    .slice(0, FRAMES)
    .map((line) => line.trim().replace(/^at (?:async )?/, ""));
}
