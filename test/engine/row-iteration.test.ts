import { describe, expect, it } from "vitest";
import { END, RowIteration } from "../../src/engine/row-iteration.js";

/** Rows in parts, of which each has to be waited for. */
function rows(parts: number[][], fail?: Error) {
  let part: number[] = [];
  const stopped: string[] = [];
  const iteration = new RowIteration<number>({
    take: () => part.shift() ?? END,
    fetch: async () => {
      await Promise.resolve();
      const next = parts.shift();
      if (next === undefined && fail !== undefined) throw fail;
      part = next ?? [];
      return part.shift() ?? END;
    },
    stop: async () => {
      await Promise.resolve();
      stopped.push("stopped");
    },
  });
  return { iteration, stopped };
}

describe("for await over rows", () => {
  it("gives all rows in order and stops once at the end", async () => {
    const { iteration, stopped } = rows([[1, 2], [3]]);
    const found: number[] = [];
    for await (const row of iteration) found.push(row);
    expect(found).toEqual([1, 2, 3]);
    expect(stopped).toHaveLength(1);
    expect(await iteration.next()).toEqual({ value: undefined, done: true });
    expect(stopped).toHaveLength(1);
  });

  it("answers calls that overlap one after the other", async () => {
    const { iteration } = rows([[1, 2], [3]]);
    const steps = await Promise.all([iteration.next(), iteration.next(), iteration.next(), iteration.next()]);
    expect(steps.map((step) => step.value)).toEqual([1, 2, 3, undefined]);
  });

  it("stops on break, and gives nothing after it", async () => {
    const { iteration, stopped } = rows([[1, 2, 3]]);
    for await (const row of iteration) if (row === 2) break;
    expect(stopped).toHaveLength(1);
    expect((await iteration.next()).done).toBe(true);
  });

  it("stops when the loop throws, and when a fetch fails", async () => {
    const one = rows([[1]]);
    const loop = async () => {
      for await (const _ of one.iteration) throw new Error("mine");
    };
    await expect(loop()).rejects.toThrow("mine");
    expect(one.stopped).toHaveLength(1);
    const two = rows([[1]], new Error("the server's"));
    const reading = async () => {
      for await (const _ of two.iteration);
    };
    await expect(reading()).rejects.toThrow("the server's");
    expect(two.stopped).toHaveLength(1);
    expect((await two.iteration.next()).done).toBe(true);
  });
});
