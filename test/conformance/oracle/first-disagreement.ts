import type { Scenario } from "../format.js";
import { type Disagreement, judge } from "../judge.js";
import { runScenario } from "../run-scenario.js";
import type { Target } from "../targets.js";

/** The first step of a recorded course that comes out another way, or why the course could not be run; null if it agrees. */
export async function firstDisagreement(scenario: Scenario, target: Target): Promise<Disagreement | string | null> {
  try {
    return judge(scenario, await runScenario(scenario, { target })).hard[0] ?? null;
  } catch (error) {
    return `    ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
}
