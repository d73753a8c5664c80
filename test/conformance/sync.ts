import type { Scenario, Step, StepResult } from "./format.js";
import type { Course } from "./run-scenario.js";
import { executeStep } from "./steps.js";

/**
 * The scenario as a synchronous session gives it: implicit I/O succeeds there, so a scenario whose recording holds
 * `ImplicitIO` has another course and is left out.
 */
export function withoutImplicitIO(scenario: Scenario): boolean {
  return !JSON.stringify(scenario.expected).includes('"ImplicitIO"');
}

/** Can all steps run inside one `runSync`? Only those of one session, and none on a connection of its own. */
export function usesOneSession(scenario: Scenario): boolean {
  const fits = (step: Step): boolean =>
    step.op !== "newSession" &&
    (step.session === undefined || step.session === "s") &&
    ((step.steps ?? []) as Step[]).every(fits);
  return scenario.steps.every(fits);
}

/** The course that runs the whole scenario inside one `runSync` of its session. */
export const insideRunSync: Course = async (world, steps, tracer) => {
  const results = await world.runSync({ op: "runSync" }, () =>
    steps.map((step) => {
      tracer.begin();
      const result = executeStep(world, step) as StepResult;
      tracer.end(step);
      return result;
    }),
  );
  return results;
};
