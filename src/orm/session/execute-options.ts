/** What a session's execute takes beside the statement. */
import { type ExecutionOptions, mergeOptions, NO_OPTIONS } from "../../engine/execution-options.js";
import type { Node } from "../../sql/node.js";
import type { IdentityToken } from "../state.js";

/** Options of a session's execute. */
export interface SessionExecuteOptions extends ExecutionOptions {
  /** Overwrite what is loaded. */
  readonly populateExisting?: boolean;
  /** False runs the statement without flushing before. */
  readonly autoflush?: boolean;
  /** How `update(User)` and `del(User)` tell the session's objects: "auto", "evaluate", "fetch" or false. */
  readonly synchronizeSession?: "auto" | "evaluate" | "fetch" | false;
  /** For `insert(User)` with a list: a null is sent as NULL where the column has a default. Default false. */
  readonly renderNulls?: boolean;
  /**
   * What tells objects apart whose keys are equal: part of the identity of the objects that the statement loads, and those that it changes are the ones
   * that have it. In a sharded session it is the shard.
   *
   * @example session.scalars(select(User), { schemaTranslateMap: { "": "tenant_7" }, identityToken: "tenant_7" })
   */
  readonly identityToken?: IdentityToken;
  /** Where the statement goes: `mapper` names the class whose engine it is, `shardId` the shard; the rest is for the session's own routing (`getBind`). */
  readonly bindArguments?: Readonly<Record<string, unknown>>;
}

/** Parameters by name, or many sets of them. */
export type Params = Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[];

/** The options of one run: those of the call over the statement's own, over the session's. */
export function optionsOf(
  session: { readonly executionOptions: SessionExecuteOptions },
  statement: Node,
  options: SessionExecuteOptions,
): SessionExecuteOptions {
  const own = (statement as { execOptions?: SessionExecuteOptions }).execOptions;
  const base = mergeOptions(session.executionOptions, own);
  return base === NO_OPTIONS ? options : { ...base, ...options };
}
