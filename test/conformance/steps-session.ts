import { ScenarioError } from "./errors.js";
import type { ScenarioOptions, Step } from "./format.js";
import type { Handlers } from "./handler.js";
import { after } from "./maybe-promise.js";
import type { SavepointFace } from "./sessions.js";
import type { World } from "./world.js";

/** Steps that drive a session, but for those that read. */
export const sessionSteps: Handlers = {
  newSession: {
    run: (world, step) => world.openSession(String(step.session), (step.options ?? {}) as ScenarioOptions),
  },
  add: { run: (world, step) => world.session(step).add(world.object(step.obj)) },
  addAll: {
    run: (world, step) => world.session(step).addAll((step.objs as string[]).map((name) => world.object(name))),
  },
  expunge: { run: (world, step) => world.session(step).expunge(world.object(step.obj)) },
  expungeAll: { run: (world, step) => world.session(step).expungeAll() },
  expire: { run: (world, step) => world.session(step).expire(world.object(step.obj), names(step)) },
  expireAll: { run: (world, step) => world.session(step).expireAll() },

  flush: { io: true, run: (world, step) => world.session(step).flush() },
  commit: { io: true, run: (world, step) => world.session(step).commit() },
  rollback: { io: true, run: (world, step) => world.session(step).rollback() },
  close: { io: true, run: (world, step) => world.session(step).close() },
  delete: { io: true, run: (world, step) => world.session(step).delete(world.object(step.obj)) },
  refresh: { io: true, run: (world, step) => world.session(step).refresh(world.object(step.obj), names(step)) },
  merge: {
    io: true,
    observes: true,
    run: (world, step) =>
      after(world.session(step).merge(world.object(step.obj), { load: step.load !== false }), (merged) => {
        if (step.as !== undefined) world.labels.bind(String(step.as), merged);
        return world.labels.label(merged);
      }),
  },
  beginNested: {
    io: true,
    run: (world, step) =>
      after(world.session(step).beginNested(), (savepoint) => {
        world.savepoints.set(String(step.as), savepoint);
        return world.keepConnection(step);
      }),
  },
  releaseNested: { io: true, run: (world, step) => savepoint(world, step).commit() },
  rollbackNested: { io: true, run: (world, step) => savepoint(world, step).rollback() },
};

function names(step: Step): readonly string[] | undefined {
  return step.attrs as readonly string[] | undefined;
}

function savepoint(world: World, step: Step): SavepointFace {
  const found = world.savepoints.get(String(step.sp));
  if (!found) throw new ScenarioError(`the scenario has begun no savepoint ${step.sp}`);
  return found;
}
