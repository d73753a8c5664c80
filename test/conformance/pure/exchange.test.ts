import { expect, test } from "vitest";
import { exchangeStrategies, loadsEagerly } from "../exchange.js";
import type { Scenario, Step } from "../format.js";

const scenario = (...steps: Step[]): Scenario => ({
  format: 1,
  name: "n",
  area: "a",
  schema: { entities: {} },
  steps,
  expected: [],
});

test("each eager strategy is exchanged, in nested steps and chains too, and lazy and raise stay", () => {
  const query = (strategy: unknown) => ({ op: "query", entity: "A", load: [{ path: "b.c.d", strategy }] });
  const before = scenario(query(["joined", "lazy", "selectin"]), { op: "runSync", steps: [query("joined")] });
  expect(exchangeStrategies(before, "subquery").steps).toEqual([
    query(["subquery", "lazy", "subquery"]),
    { op: "runSync", steps: [query("subquery")] },
  ]);
  expect(loadsEagerly(before)).toBe(true);
  expect(loadsEagerly(scenario(query("raise"), { op: "flush" }))).toBe(false);
});

test("the load of a merge step is no loader option", () => {
  const merge = { op: "merge", obj: "a", load: false };
  const before = scenario(merge, { ...merge, load: true });
  expect(loadsEagerly(before)).toBe(false);
  expect(exchangeStrategies(before, "joined")).toEqual(before);
});
