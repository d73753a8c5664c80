import { inspect } from "../../src/index.js";
import { ValueError } from "./errors.js";
import type { Step } from "./format.js";
import type { Handlers } from "./handler.js";
import { toAttributeValue } from "./values.js";
import type { World } from "./world.js";

/** Steps that work on objects: plain property access, never I/O by right. */
export const objectSteps: Handlers = {
  new: {
    run(world, step) {
      const entity = String(step.entity);
      const object = new (world.mapping.entity(entity))();
      for (const [name, value] of Object.entries(fields(step.attrs))) {
        object[name] = toAttributeValue(world.mapping.columnKind(entity, name), value);
      }
      for (const [name, ref] of Object.entries(fields(step.refs))) {
        object[name] = Array.isArray(ref) ? objects(world, ref) : world.labels.get(ref as string | null);
      }
      world.labels.bind(String(step.as), object);
    },
  },
  set: {
    run(world, step) {
      const object = world.object(step.obj);
      const kind = world.mapping.columnKind(object.constructor.name, String(step.attr));
      object[String(step.attr)] = toAttributeValue(kind, step.value);
    },
  },
  setRef: {
    run(world, step) {
      world.object(step.obj)[String(step.attr)] = world.labels.get(step.ref as string | null);
    },
  },
  setCollection: {
    run(world, step) {
      world.object(step.obj)[String(step.attr)] = objects(world, step.refs);
    },
  },
  append: {
    run(world, step) {
      collection(world, step).push(world.object(step.ref));
    },
  },
  removeFrom: {
    run(world, step) {
      const members = collection(world, step);
      const index = members.indexOf(world.object(step.ref));
      if (index < 0) throw new ValueError(`${step.ref} is not in ${step.obj}.${step.attr}`);
      members.splice(index, 1);
    },
  },
  clear: {
    run(world, step) {
      const members = collection(world, step);
      members.splice(0, members.length);
    },
  },
  bindRef: {
    observes: true,
    run(world, step) {
      const object = world.object(step.obj)[String(step.attr)] as object | null;
      world.labels.bind(String(step.as), object ?? null);
      return world.labels.label(object);
    },
  },
  bindMember: {
    observes: true,
    run(world, step) {
      const key = JSON.stringify(step.pk);
      const found = collection(world, step).find((member) => JSON.stringify(inspect(member).identity) === key) ?? null;
      world.labels.bind(String(step.as), found);
      return world.labels.label(found);
    },
  },
};

/** A collection, read as a program would read it. */
export function collection(world: World, step: Step): object[] {
  return world.object(step.obj)[String(step.attr)] as object[];
}

function objects(world: World, names: unknown): object[] {
  return (names as readonly string[]).map((name) => world.object(name));
}

function fields(value: unknown): Record<string, unknown> {
  return (value ?? {}) as Record<string, unknown>;
}
