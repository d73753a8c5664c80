import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Which part of the long runs is wanted: 1 for all of them, 0 for the short ones. */
const part = Number(process.env["ATHANOR_LONG_RUNS"] ?? 0);

/**
 * How often a long run does its work: a number that takes a few seconds, or with `ATHANOR_LONG_RUNS=1` the full one, which takes
 * minutes. `ATHANOR_LONG_RUNS=0.25` does a quarter of it, to run it in pieces.
 */
export function howOften(small: number, full: number): number {
  return part > 0 ? Math.ceil(full * part) : small;
}

/** A time limit for tests of {@link howOften}, in milliseconds. */
export const LONG_RUN = { timeout: part > 0 ? 3_600_000 : 180_000 };

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

/** Collects garbage, and what becomes garbage by that: finalizers run in turns of their own. */
export async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Megabytes of the heap that are in use once garbage is collected, and of the process as a whole. */
export async function memory(): Promise<{ readonly heap: number; readonly rss: number }> {
  await collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: (heapUsed + external) / 2 ** 20, rss: rss / 2 ** 20 };
}
