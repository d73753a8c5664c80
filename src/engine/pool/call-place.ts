/** Where in the user's program something was called. */

/** The folder of this package's own files. */
const OWN = new URL("../..", import.meta.url).href.replace(/^file:\/\//, "");
const FRAMES = 8;

/** The stack of the present call, from the user's own line on: one line for each frame. */
export function callPlace(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 100;
  const frames = (new Error().stack ?? "").split("\n").slice(1);
  Error.stackTraceLimit = limit;
  const theirs = frames.filter((line) => !line.includes(OWN) && !/\(node:|at node:|\(<anonymous>\)/.test(line));
  // In a program that was bundled into one file nothing can be told apart.
  return (theirs.length > 0 ? theirs : frames).slice(0, FRAMES).join("\n");
}
