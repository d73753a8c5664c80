import { expect, test } from "vitest";
import { databaseKind } from "../support/database.js";
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
    test(titleOf(scenario), { timeout: 10_000 }, async () => {
      expectAgreement(scenario, await runScenario(scenario, { ...options, target }), judging);
    });
  }
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
