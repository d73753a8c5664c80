import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { metRows, standing } from "./report.mjs";

const file = (name: string, ...tests: readonly (readonly [title: string, status: string])[]) => ({
  name: `/x/test/${name}`,
  assertionResults: tests.map(([fullName, status]) => ({ fullName, status })),
});

test("a row is met by a passing test that carries its id, on two databases where tests run for each and the row is not about one", () => {
  const met = metRows({
    testResults: [
      file("sql/a.test.ts", ["[AA-01] [AA-02] once", "passed"], ["[AA-03] no", "failed"], ["[AA-04] not", "pending"]),
      file("orm/b.test.ts", ["[BB-01] both", "passed"], ["[BB-02] [PG-02] one", "passed"]),
      file("orm/b.test.ts", ["[BB-01] both", "passed"], ["[BB-02] [PG-02] one", "skipped"]),
      file("orm/c.test.ts", ["[BB-03] here only", "passed"]),
      file("orm/c.test.ts", ["[BB-03] here only", "failed"]),
    ],
  });
  expect([...met.keys()]).toEqual(["AA-01", "AA-02", "BB-01", "PG-02"]);
});

test("each row of the checklist has an id of its own, a chapter, a weight and a sentence", () => {
  const list = JSON.parse(readFileSync(new URL("features.json", import.meta.url), "utf8")) as Parameters<
    typeof standing
  >[0];
  expect(list.length).toBe(500);
  expect(new Set(list.map((row) => row.id)).size).toBe(500);
  for (const row of list) {
    expect([1, 2, 3]).toContain(row.weight);
    expect(row.holds).not.toBe("");
  }
  expect(standing(list, new Map()).filter((row) => row.state === "later").length).toBeGreaterThan(0);
});
