import { expect, test } from "vitest";
import { filterWarnings } from "../../src/index.js";
import { databaseKind, databaseName } from "../support/database.js";
import { whyNotJudged } from "./differences.js";
import type { Scenario, StepResult } from "./format.js";
import { type JudgeOptions, judge } from "./judge.js";
import { describeDisagreement } from "./report.js";
import { type RunOptions, runScenario } from "./run-scenario.js";
import { readScenario, SCENARIOS, scenarioFiles } from "./scenario-files.js";
import { projectTarget } from "./vitest-target.js";

/** The project's own scenarios that gate on this database. */
export function judgedScenarios(): Scenario[] {
  return scenarioFiles([SCENARIOS])
    .map(readScenario)
    .filter((scenario) => whyNotJudged(scenario, databaseKind()) === null);
}

/** Milliseconds for each; the first on PGlite starts it. */
const PATIENCE = databaseName() === "pglite" ? 60_000 : 10_000;

/** On a server each third of them only. */
const SAMPLE = 3;

/**
 * The scenarios for one more way of running them. On a server, where each makes its tables for itself, it is a sample: all of them run there once, and
 * every way with all of them on SQLite.
 */
export function sampledScenarios(): Scenario[] {
  const all = judgedScenarios();
  return databaseKind() === "sqlite" ? all : all.filter((_, i) => i % SAMPLE === 0);
}

/** Makes a test of each scenario. */
export function testScenarios(
  scenarios: readonly Scenario[],
  options: Omit<RunOptions, "target"> = {},
  judging: JudgeOptions = {},
): void {
  const target = projectTarget();
  for (const scenario of scenarios) {
    test(titleOf(scenario), { timeout: PATIENCE }, async () => {
      using _ = withoutWarnings();
      expectAgreement(scenario, await runScenario(scenario, { ...options, target }), judging);
    });
  }
}

/** Scenarios are what SQLAlchemy was recorded doing, much of it with its own warnings of the same: their sense has tests of its own. */
export function withoutWarnings(): Disposable {
  return filterWarnings("ignore", {
    code: ["NOT_IN_SESSION", "KEY_TAKEN", "MERGE_PENDING", "OVERLAPS", "DELETE_COUNT", "CHANGES_DISCARDED"].map(
      (each) => `ATHANOR_${each}`,
    ),
  });
}

/** Fails with the first step whose result disagrees with the recording. */
export function expectAgreement(scenario: Scenario, results: readonly StepResult[], judging: JudgeOptions = {}): void {
  const [first] = judge(scenario, results, judging).hard;
  expect(first === undefined ? "agrees" : describeDisagreement(first)).toBe("agrees");
}

/** The title of a scenario's test. */
export function titleOf({ name, description }: Scenario): string {
  return description ? `${name}: ${description}` : name;
}
