/** Statements that somebody watches: listeners and the log. The fast path does none of this. */
import type { ConnectionContext } from "./context.js";
import type { DriverConnection, DriverManyResult, DriverPlan, DriverResult } from "./driver.js";
import { DISPATCH, refusePromise } from "./events.js";
import type { Op } from "./io.js";

/** Whether the statements of a connection have to take the long way. */
export function isWatched(connection: ConnectionContext): boolean {
  const dispatch = connection[DISPATCH];
  return connection.engine.echo !== null || dispatch.has("beforeCursorExecute") || dispatch.has("afterCursorExecute");
}

type Params = readonly unknown[] | readonly (readonly unknown[])[];

/** Runs a statement between its listeners, and logs it. */
export function* watchedRun(
  connection: ConnectionContext,
  driver: DriverConnection,
  plan: DriverPlan,
  params: Params,
  signal: AbortSignal | undefined,
  isMany = false,
): Op<DriverResult | DriverManyResult> {
  const dispatch = connection[DISPATCH];
  let sent = plan;
  let values = params;
  for (const { call } of dispatch.listeners("beforeCursorExecute") ?? []) {
    // A listener may give other SQL or other parameters by returning { statement?, parameters? }.
    const changed = call(connection, sent.text, values, isMany) as
      | { statement?: string; parameters?: Params }
      | undefined
      | null;
    refusePromise(dispatch, "beforeCursorExecute", changed);
    if (typeof changed?.statement === "string") sent = { ...sent, text: changed.statement, cacheId: 0 };
    if (changed?.parameters !== undefined) values = changed.parameters;
  }
  const started = performance.now();
  let result: DriverResult | DriverManyResult;
  try {
    result = isMany
      ? yield* connection.rawMany(driver, sent, values as readonly (readonly unknown[])[], signal)
      : yield* connection.rawRun(driver, sent, values, signal);
  } catch (error) {
    log(connection, sent, values, isMany, performance.now() - started, -1, undefined, error);
    throw error;
  }
  log(connection, sent, values, isMany, performance.now() - started, result.rowcount, result.rows);
  if (dispatch.has("afterCursorExecute"))
    dispatch.fire("afterCursorExecute", connection, sent.text, values, isMany, result);
  return result;
}

function log(
  connection: ConnectionContext,
  plan: DriverPlan,
  params: Params,
  isMany: boolean,
  duration: number,
  rowcount: number,
  rows: readonly unknown[] | undefined,
  error?: unknown,
): void {
  const { engine } = connection;
  const { echo } = engine;
  const origin = connection.origin;
  connection.origin = "raw";
  if (echo === null) return;
  const token = connection.options.loggingToken;
  echo({
    kind: "statement",
    engine: engine.name,
    statement: plan.text,
    parameters: engine.hideParameters ? undefined : params,
    isMany,
    origin,
    duration,
    rowcount,
    ...(error === undefined ? {} : { error }),
    ...(engine.echoRows && rows !== undefined ? { rows } : {}),
    ...(token === undefined ? {} : { token }),
  });
}
