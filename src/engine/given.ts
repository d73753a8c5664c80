/** Driver's objects that the program has made itself, by the engine's `creator` or a handler of `doConnect`. */
import { ArgumentError } from "../sql/errors.js";
import { describeValue } from "../sql/types/describe-value.js";

/**
 * Refuses one that cannot be used.
 *
 * @param wanted what is needed in its place
 * @throws ArgumentError always
 */
export function refuseGiven(given: unknown, wanted: string): never {
  // Text may be a URL with its password.
  const what = typeof given === "string" ? "text" : describeValue(given);
  throw new ArgumentError(`creator, or a handler of doConnect, gave ${what}, and what is needed is ${wanted}.`);
}
