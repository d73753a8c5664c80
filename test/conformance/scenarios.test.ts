import { describe, expect, test } from "vitest";
import { databaseName } from "../support/database.js";
import { DIFFERENCES } from "./differences.js";
import { outcomeOf } from "./outcome-of.js";
import { readScenario, SCENARIOS, scenarioFiles } from "./scenario-files.js";
import { judgedScenarios, sampledScenarios, testScenarios } from "./vitest-scenarios.js";
import { projectTarget } from "./vitest-target.js";

describe("agrees with the recorded behaviour of SQLAlchemy", () => {
  // The server runs all of them, of which PGlite is another home.
  testScenarios(databaseName() === "pglite" ? sampledScenarios() : judgedScenarios());
});

describe("differences.md", () => {
  test("lists at most ten scenarios", () => {
    expect(DIFFERENCES.size).toBeLessThanOrEqual(10);
  });

  test("lists only scenarios that do disagree", async () => {
    const listed = scenarioFiles([SCENARIOS])
      .map(readScenario)
      .filter((scenario) => DIFFERENCES.has(scenario.name));
    expect(listed.map((scenario) => scenario.name).sort()).toEqual([...DIFFERENCES].sort());
    for (const scenario of listed) {
      const { hard, crash } = await outcomeOf(scenario, projectTarget());
      expect(crash).toBeUndefined();
      expect(hard, scenario.name).not.toEqual([]);
    }
  });
});
