/** Where an object's row lives, as a session's routing is told. */
import { type InstanceState, tokenOf } from "./state.js";

/** Marks a row of an association table with the place that it belongs to. */
export const PLACE: object = Object.freeze({});

/** What routing is told of an object; undefined where there is only one place. */
export function placeArguments(state: InstanceState): Readonly<Record<string, unknown>> | undefined {
  const token = tokenOf(state);
  return token === null ? undefined : { shardId: token };
}
