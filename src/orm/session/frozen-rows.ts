/** The rows of a frozen result with a session's own objects in place of those that were frozen. */
import type { Op } from "../../engine/io.js";
import type { FrozenResult, Result } from "../../engine/result.js";
import { stateOf } from "../stamp.js";

/** A session that takes in what was loaded elsewhere. */
export interface Merging {
  merge(object: object, options: { readonly load: boolean }): Op<object>;
}

/** @param load look into the database for what each object is now; false takes the frozen state as it is */
export function* mergeFrozenRows(core: Merging, frozen: FrozenResult, load: boolean): Op<Result> {
  const known = new Map<object, object>();
  const value = function* (each: unknown): Op<unknown> {
    if (typeof each !== "object" || each === null || stateOf(each) === undefined) return each;
    let found = known.get(each);
    if (found === undefined) {
      found = yield* core.merge(each, { load });
      known.set(each, found);
    }
    return found;
  };
  const rows: unknown[] = [];
  for (const row of frozen.data) {
    if (frozen.shape.kind === "scalar") {
      rows.push(yield* value(row));
      continue;
    }
    const made: unknown[] = [];
    for (const each of row as readonly unknown[]) made.push(yield* value(each));
    rows.push(made);
  }
  return frozen.withNewRows(rows).thaw() as Result;
}
