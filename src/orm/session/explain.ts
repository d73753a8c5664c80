/** The plan of a statement that a session would run: of the SELECT that it makes of entities and options. */
import { explain, explainCompiled } from "../../engine/explain.js";
import type { Op } from "../../engine/io.js";
import type { Node } from "../../sql/node.js";
import type { ExplainOptions, QueryPlan } from "../../sql/query-plan.js";
import { FromStatement } from "../../sql/selectable/from-statement.js";
import { Select } from "../../sql/selectable/select.js";
import { planFor } from "../loading/planner.js";
import { compileOptions } from "../loading/select.js";
import { mapperOfStatement } from "./execute.js";
import type { SessionCore } from "./session-core.js";

export function* explainInSession(session: SessionCore, statement: Node, options: ExplainOptions): Op<QueryPlan> {
  yield* session.autoflush();
  const node = statement instanceof FromStatement ? statement.statement : statement;
  const connection = yield* session.connectionFor(mapperOfStatement(node), node);
  if (!(node instanceof Select)) return yield* explain(connection, node, options);
  const { plan, binds } = planFor(connection, node, compileOptions(connection, node, {}));
  return yield* explainCompiled(connection, plan.compiled, plan.params(binds, options.params), options);
}
