import type { Step } from "./format.js";
import type { MaybePromise } from "./maybe-promise.js";
import type { World } from "./world.js";

/** One kind of step. */
export interface Handler {
  /** It may be awaited. A step that is not marked so is never awaited, so that implicit I/O is really exercised. */
  readonly io?: boolean;
  /** Its value is its result. */
  readonly observes?: boolean;
  run(world: World, step: Step): MaybePromise<unknown>;
}

export type Handlers = Readonly<Record<string, Handler>>;

/** What a step returns that would observe, but has nothing to show: a raw statement without rows. */
export const NO_VALUE = Symbol("no value");
