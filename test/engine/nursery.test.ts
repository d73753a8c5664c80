import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Nursery, type Young } from "../../src/engine/nursery.js";

class Thing implements Young {
  nurseryPlace = -1;

  constructor(readonly name: string) {}
}

function nurseryOf(...names: string[]) {
  const grown: string[] = [];
  const nursery = new Nursery<Thing>((thing) => grown.push(thing.name));
  const things = names.map((name) => new Thing(name));
  for (const thing of things) nursery.add(thing);
  return { grown, nursery, things, names: () => Array.from(nursery, (thing) => thing.name) };
}

describe("a nursery", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("hands on what is still there after a moment, and nothing that left before", () => {
    const { grown, nursery, things, names } = nurseryOf("stays", "leaves");
    expect(names()).toEqual(["stays", "leaves"]);
    expect(nursery.delete(things[1])).toBe(true);
    vi.runAllTimers();
    expect(grown).toEqual(["stays"]);
    expect(names()).toEqual([]);
    expect(nursery.delete(things[0])).toBe(false);
  });

  it("lets things leave in any order", () => {
    const { nursery, things, names } = nurseryOf("a", "b", "c", "d");
    const [a, b, c, d] = things;
    expect(nursery.delete(b)).toBe(true);
    expect(names().sort()).toEqual(["a", "c", "d"]);
    expect(nursery.delete(d)).toBe(true);
    expect(nursery.delete(a)).toBe(true);
    expect(names()).toEqual(["c"]);
    expect(nursery.delete(b)).toBe(false);
    expect(nursery.delete(c)).toBe(true);
    expect(names()).toEqual([]);
  });

  it("takes in things again after it has handed some on, each once", () => {
    const { grown, nursery, things, names } = nurseryOf("first");
    vi.runAllTimers();
    const second = new Thing("second");
    for (const thing of [second, things[0], second]) nursery.add(thing);
    expect(names()).toEqual(["second", "first"]);
    vi.runAllTimers();
    expect(grown.sort()).toEqual(["first", "first", "second"]);
  });
});
