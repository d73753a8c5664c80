import type { Step, StepResult } from "./format.js";
import { isPromise, type MaybePromise } from "./maybe-promise.js";
import type { Course } from "./run-scenario.js";
import { executeStep, isIO } from "./steps.js";

/**
 * The course that issues steps without awaiting the one before: the session's own queue has to order them. It waits only
 * where a step could not know what to do yet: before a step that is not I/O (its effect is immediate), before one on
 * another session or on the tables (only calls on one session are ordered), and before one that names an object or a
 * savepoint that a waiting step is to bind.
 */
export const together: Course = async (world, steps) => {
  const results: MaybePromise<StepResult>[] = [];
  let open: { session: string; promised: Set<unknown>; waiting: PromiseLike<unknown>[] } | null = null;
  const settle = async () => {
    if (open) await Promise.all(open.waiting);
    open = null;
  };
  for (const step of steps) {
    const session = world.sessionName(step);
    const joins = isQueued(step) && open !== null && open.session === session && !names(step).some(promisedBy(open));
    if (!joins) await settle();
    const result = executeStep(world, step);
    results.push(result);
    if (!isPromise(result)) continue;
    open ??= { session, promised: new Set(), waiting: [] };
    for (const name of binds(step)) open.promised.add(name);
    open.waiting.push(result);
    if (!isQueued(step)) await settle();
  }
  await settle();
  return Promise.all(results);
};

/** Is a step one call on a session, which its queue orders? */
function isQueued(step: Step): boolean {
  return isIO(step) && !["runSync", "rawSql", "table", "beginNested"].includes(step.op);
}

function promisedBy({ promised }: { promised: Set<unknown> }): (name: unknown) => boolean {
  return (name) => promised.has(name);
}

/** The names that a step needs. */
function names(step: Step): unknown[] {
  return [step.obj, step.ref, step.sp, step.a, step.b];
}

/** The names that a step binds. */
function binds(step: Step): unknown[] {
  return [step.as, ...((step.bind ?? []) as unknown[])];
}
