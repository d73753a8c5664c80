import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testFolder } from "../../support/test-folder.js";
import { readScenario, SCENARIOS, scenarioFiles } from "../scenario-files.js";

test("folders are searched with the folders in them, in the order of names, and files are taken as given", () => {
  const folder = testFolder();
  mkdirSync(join(folder, "sub"));
  for (const name of ["b.json", "a.json", "sub/c.json", "note.md"]) writeFileSync(join(folder, name), '{"format":1}');
  expect(scenarioFiles([folder])).toEqual(["a.json", "b.json", "sub/c.json"].map((name) => join(folder, name)));
  expect(scenarioFiles([join(folder, "note.md")])).toEqual([join(folder, "note.md")]);
});

test("a scenario of another format is refused", () => {
  const file = join(testFolder(), "x.json");
  writeFileSync(file, '{"format":2}');
  expect(() => readScenario(file)).toThrow("format 1, not 2");
});

test("every scenario of the project has a name of its own and a result for each step", () => {
  const scenarios = scenarioFiles([SCENARIOS]).map(readScenario);
  expect(scenarios.length).toBeGreaterThan(300);
  expect(new Set(scenarios.map((scenario) => scenario.name)).size).toBe(scenarios.length);
  for (const { name, steps, expected } of scenarios) expect(expected.length, name).toBe(steps.length);
});
