/** Errors of a batch tell whose rows they are about. */
import { DatabaseError } from "../../engine/errors.js";
import type { InstanceState } from "../state.js";

/**
 * What a statement of the flush threw; an error of the database names the class whose rows were written, and carries the objects.
 *
 * @returns the same error, to be thrown on
 */
export function explained(error: unknown, verb: string, states: readonly InstanceState[]): unknown {
  if (error instanceof DatabaseError && states.length > 0) {
    const names = [...new Set(states.map((s) => s.mapper.className))].join(", ");
    const who = states.length === 1 ? states[0].describe() : `${states.length} objects of ${names}`;
    error.message = `${error.message}\n[flush: ${verb} of ${who}]`;
    Object.defineProperty(error, "entities", {
      value: states.map((s) => s.object),
      enumerable: false,
      configurable: true,
    });
  }
  return error;
}
