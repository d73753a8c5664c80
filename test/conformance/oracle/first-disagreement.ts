import { ScenarioError } from "../errors.js";
import type { Scenario, StepResult } from "../format.js";
import { type Disagreement, judge } from "../judge.js";
import { isPromise } from "../maybe-promise.js";
import { type Course, runScenario } from "../run-scenario.js";
import { executeStep } from "../steps.js";
import type { Target } from "../targets.js";

/** The first step of a recorded course that comes out another way, or why the course could not be run; null if it agrees. */
export async function firstDisagreement(scenario: Scenario, target: Target): Promise<Disagreement | string | null> {
  try {
    return judge(scenario, await runScenario(scenario, { target, course: asFarAsItGoes })).hard[0] ?? null;
  } catch (error) {
    return `    ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
}

/** One step after the other, until one names what a step before should have bound: that one came out another way. */
const asFarAsItGoes: Course = async (world, steps) => {
  const results: StepResult[] = [];
  try {
    for (const step of steps) {
      const result = executeStep(world, step);
      results.push(isPromise(result) ? ((await result) as StepResult) : result);
    }
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
  }
  return results;
};
