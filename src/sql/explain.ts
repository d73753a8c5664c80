/** Who can be asked for the plan of a statement: engines, connections and sessions of both faces. */
import { ArgumentError } from "./errors.js";
import type { Node } from "./node.js";
import type { ExplainOptions, QueryPlan } from "./query-plan.js";

export const EXPLAIN: unique symbol = Symbol.for("athanor.explain");

/** An asynchronous engine, connection or session. */
export interface AsyncExplainBind {
  [EXPLAIN](statement: Node, options: ExplainOptions): Promise<QueryPlan>;
}

/** A synchronous one. */
export interface SyncExplainBind {
  [EXPLAIN](statement: Node, options: ExplainOptions): QueryPlan;
}

/** Asks a bind. @throws ArgumentError for what is none */
export function explainOn(
  bind: AsyncExplainBind | SyncExplainBind,
  statement: Node,
  options: ExplainOptions,
): Promise<QueryPlan> | QueryPlan {
  if (typeof (bind as Partial<AsyncExplainBind> | null)?.[EXPLAIN] !== "function") {
    throw new ArgumentError("explain() takes an engine, a connection or a session to ask for the plan.");
  }
  return bind[EXPLAIN](statement, options);
}
