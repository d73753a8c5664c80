import { neutralName, ScenarioError } from "./errors.js";
import type { Step, StepResult } from "./format.js";
import { type Handler, type Handlers, NO_VALUE } from "./handler.js";
import { isPromise, type MaybePromise } from "./maybe-promise.js";
import { objectSteps } from "./steps-objects.js";
import { observingSteps } from "./steps-observe.js";
import { querySteps } from "./steps-query.js";
import { rawSteps } from "./steps-raw.js";
import { sessionSteps } from "./steps-session.js";
import type { World } from "./world.js";

const HANDLERS: Handlers = { ...objectSteps, ...sessionSteps, ...querySteps, ...rawSteps, ...observingSteps };

export function isIO(step: Step): boolean {
  return step.op === "runSync" || handlerOf(step).io === true;
}

function handlerOf(step: Step): Handler {
  const handler = Object.hasOwn(HANDLERS, step.op) ? HANDLERS[step.op] : undefined;
  if (!handler) throw new ScenarioError(`the format has no step ${step.op}`);
  return handler;
}

/** Runs a step. An error of the step is its result; the promise is rejected only by errors of the runner. */
export function executeStep(world: World, step: Step): MaybePromise<StepResult> {
  if (step.op === "runSync") return executeRunSync(world, step);
  const handler = handlerOf(step);
  const finish = (value: unknown): StepResult => {
    world.pin();
    return handler.observes && value !== NO_VALUE ? { value } : null;
  };
  let value: MaybePromise<unknown>;
  try {
    value = handler.run(world, step);
  } catch (error) {
    return failure(error);
  }
  if (!isPromise(value)) return finish(value);
  if (!handler.io) throw new ScenarioError(`the step ${step.op} is not I/O, but gave a promise`);
  if (world.insideRunSync) throw new ScenarioError(`the step ${step.op} gave a promise inside runSync`);
  return value.then(finish, failure);
}

function executeRunSync(world: World, step: Step): MaybePromise<StepResult> {
  const nested = (step.steps as readonly Step[]) ?? [];
  try {
    const results = world.insideRunSync
      ? nested.map((inner) => executeStep(world, inner))
      : world.runSync(step, () => nested.map((inner) => executeStep(world, inner)));
    const finish = (steps: readonly MaybePromise<StepResult>[]): StepResult => ({ steps: steps as StepResult[] });
    return isPromise(results) ? results.then(finish, failure) : finish(results);
  } catch (error) {
    return failure(error);
  }
}

function failure(error: unknown): StepResult {
  if (error instanceof ScenarioError) throw error;
  return { error: neutralName(error) };
}
