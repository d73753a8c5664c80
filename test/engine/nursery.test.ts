import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Nursery } from "../../src/engine/nursery.js";

describe("a nursery", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("hands on what is still there after a moment, and nothing that left before", () => {
    const grown: string[] = [];
    const nursery = new Nursery<string>((thing) => grown.push(thing));
    nursery.add("stays");
    nursery.add("leaves");
    expect([...nursery]).toEqual(["stays", "leaves"]);
    expect(nursery.delete("leaves")).toBe(true);
    vi.runAllTimers();
    expect(grown).toEqual(["stays"]);
    expect([...nursery]).toEqual([]);
    expect(nursery.delete("stays")).toBe(false);
  });

  it("takes in things again after it has handed some on", () => {
    const grown: string[] = [];
    const nursery = new Nursery<string>((thing) => grown.push(thing));
    for (const thing of ["first", "second"]) {
      nursery.add(thing);
      vi.runAllTimers();
    }
    expect(grown).toEqual(["first", "second"]);
  });
});
