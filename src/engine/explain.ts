/** Asks for plans: the statement is compiled as for its execution, and sent behind the database's word for it. */
import type { Compiled } from "../sql/compiled.js";
import { DMLStatement } from "../sql/dml/dml.js";
import { InvalidRequestError } from "../sql/errors.js";
import { iterate } from "../sql/node.js";
import type { ExplainOptions, QueryPlan } from "../sql/query-plan.js";
import type { ConnectionCore } from "./connection-core.js";
import { NotSupportedError } from "./errors.js";
import { compiledStatement } from "./execute.js";
import type { ExplainDialect } from "./explain-dialect.js";
import type { Op } from "./io.js";
import { planOf } from "./plan.js";

/** The plan of a statement. */
export function* explain(connection: ConnectionCore, statement: unknown, options: ExplainOptions): Op<QueryPlan> {
  const { compiled, params } = compiledStatement(connection, statement, options.params);
  return yield* explainCompiled(connection, compiled, params, options);
}

/** The plan of a statement that is compiled. */
export function* explainCompiled(
  connection: ConnectionCore,
  compiled: Compiled,
  params: readonly unknown[],
  options: ExplainOptions,
): Op<QueryPlan> {
  const { explain: dialect } = connection.engine.dialect;
  if (dialect === undefined) {
    throw new NotSupportedError(`The ${connection.dialect.name} dialect cannot tell the plan of a statement.`, null);
  }
  if (options.analyze !== true) return yield* ask(connection, dialect, compiled, params, options);
  const run = (): Op<QueryPlan> =>
    dialect.analyzes
      ? ask(connection, dialect, compiled, params, options)
      : measured(connection, dialect, compiled, params, options);
  if (!mayWrite(compiled)) return yield* run();
  if ((yield* connection.isolationLevel()) === "AUTOCOMMIT") {
    throw new InvalidRequestError(
      "explain() with analyze runs the statement, and could not undo what it writes under AUTOCOMMIT: begin a transaction, or leave analyze out.",
    );
  }
  const savepoint = yield* connection.beginNested();
  try {
    return yield* run();
  } finally {
    if (savepoint.isActive && !connection.invalidated) yield* savepoint.rollback();
  }
}

function* ask(
  connection: ConnectionCore,
  dialect: ExplainDialect,
  compiled: Compiled,
  params: readonly unknown[],
  options: ExplainOptions,
): Op<QueryPlan> {
  const question = dialect.question(planOf(compiled, connection.dialect), options);
  return dialect.read(yield* connection.runText(question, params));
}

/** The plan with the rows and the time of the whole, which is all that is known where the database measures nothing itself. */
function* measured(
  connection: ConnectionCore,
  dialect: ExplainDialect,
  compiled: Compiled,
  params: readonly unknown[],
  options: ExplainOptions,
): Op<QueryPlan> {
  const plan = yield* ask(connection, dialect, compiled, params, options);
  const started = performance.now();
  const { rows, rowcount } = yield* connection.run(compiled, params);
  const totalTime = Math.round((performance.now() - started) * 1000) / 1000;
  const actual = { rows: compiled.returnsRows ? rows.length : rowcount, loops: 1, startupTime: null, totalTime };
  return plan.ran(actual);
}

/** Whether running it may change anything: a statement that locks rows does not, for this purpose; text may. */
function mayWrite(compiled: Compiled): boolean {
  if (compiled.kind !== "select") return true;
  for (const node of iterate(compiled.statement)) if (node instanceof DMLStatement) return true;
  return false;
}
