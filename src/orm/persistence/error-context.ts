/** Errors of a batch tell whose rows they are about. */
import { DatabaseError } from "../../engine/errors.js";
import type { Op } from "../../engine/io.js";
import type { InstanceState } from "../state.js";

/** Runs a statement of the flush; an error of the database names the class whose rows were written, and carries the objects. */
export function* explainErrors<T>(op: Op<T>, verb: string, states: readonly InstanceState[]): Op<T> {
  try {
    return yield* op;
  } catch (error) {
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
    throw error;
  }
}
