import { inspect } from "../../src/index.js";
import { counts } from "./counting.js";
import type { Handlers } from "./handler.js";
import { collection } from "./steps-objects.js";
import { renderScalar } from "./values.js";

/** Steps that look without I/O. */
export const observingSteps: Handlers = {
  attr: {
    observes: true,
    run(world, step) {
      const object = world.object(step.obj);
      const value = object[String(step.attr)];
      if (world.mapping.columnKind(object.constructor.name, String(step.attr))) return renderScalar(value);
      return world.labels.label(value as object | null);
    },
  },
  members: {
    observes: true,
    run(world, step) {
      const members = collection(world, step);
      return step.ordered ? Array.from(members, (m) => world.labels.label(m)) : world.labels.sorted(members);
    },
  },
  state: { observes: true, run: (world, step) => inspect(world.object(step.obj)).state },
  sessionSets: {
    observes: true,
    run(world, step) {
      const session = world.session(step);
      return {
        new: world.labels.sorted(session.new),
        dirty: world.labels.sorted(session.dirty),
        deleted: world.labels.sorted(session.deleted),
      };
    },
  },
  inSession: { observes: true, run: (world, step) => world.session(step).has(world.object(step.obj)) },
  isModified: { observes: true, run: (world, step) => world.session(step).isModified(world.object(step.obj)) },
  same: { observes: true, run: (world, step) => world.labels.get(String(step.a)) === world.labels.get(String(step.b)) },
  isLoaded: {
    observes: true,
    run: (world, step) => !inspect(world.object(step.obj)).unloaded.has(String(step.attr)),
  },
  identity: { observes: true, run: (world, step) => inspect(world.object(step.obj)).identity },
  isActive: { observes: true, run: (world, step) => world.session(step).isActive },
  inTransaction: { observes: true, run: (world, step) => world.session(step).inTransaction() },
  mark: { run: (world) => world.log.reset() },
  counts: { observes: true, run: (world, step) => counts(world.log, step.verbs as readonly string[] | undefined) },
};
