/** Statements that somebody watches or tags: listeners and the log. The fast path does none of this. */
import { shownParameters, shownRows } from "./concealed.js";
import type { ConnectionContext } from "./context.js";
import type { DriverConnection, DriverCursor, DriverManyResult, DriverPlan, DriverResult } from "./driver.js";
import { DISPATCH, refusePromise } from "./events.js";
import type { Op } from "./io.js";
import { contextOf } from "./plan.js";
import { taggedPlan } from "./tags.js";

/** Whether the statements of a connection have to take the long way. */
export function isWatched(connection: ConnectionContext): boolean {
  return (
    connection.engine.echo !== null ||
    connection.options.tags !== undefined ||
    connection.hears("beforeCursorExecute") ||
    connection.hears("afterCursorExecute")
  );
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
  const { sent, values } = announced(connection, plan, params, isMany);
  const started = performance.now();
  let result: DriverResult | DriverManyResult;
  try {
    result = isMany
      ? yield* connection.rawMany(driver, sent, values as readonly (readonly unknown[])[], signal)
      : yield* connection.rawRun(driver, sent, values, signal);
  } catch (error) {
    log(connection, plan, sent, values, isMany, performance.now() - started, -1, undefined, error);
    throw error;
  }
  log(connection, plan, sent, values, isMany, performance.now() - started, result.rowcount, result.rows);
  if (dispatch.has("afterCursorExecute"))
    dispatch.fire("afterCursorExecute", connection, sent.text, values, isMany, result, contextOf(plan));
  return result;
}

/** Opens a cursor between its listeners, and logs it. Gives what was sent, its values, and the cursor. */
export function* watchedCursor(
  connection: ConnectionContext,
  driver: DriverConnection,
  plan: DriverPlan,
  params: readonly unknown[],
  signal: AbortSignal | undefined,
): Op<[DriverPlan, readonly unknown[], DriverCursor]> {
  const { sent, values } = announced(connection, plan, params, false);
  const started = performance.now();
  let cursor: DriverCursor;
  try {
    cursor = yield* connection.rawCursor(driver, sent, values, signal);
  } catch (error) {
    log(connection, plan, sent, values, false, performance.now() - started, -1, undefined, error);
    throw error;
  }
  log(connection, plan, sent, values, false, performance.now() - started, -1, undefined);
  const dispatch = connection[DISPATCH];
  if (dispatch.has("afterCursorExecute")) {
    // The rows are still to be fetched.
    const opened: DriverResult = { rows: [], columns: cursor.columns, rowcount: -1, lastrowid: null };
    dispatch.fire("afterCursorExecute", connection, sent.text, values, false, opened, contextOf(plan));
  }
  return [sent, values, cursor];
}

// Tells the listeners, which may give other SQL or other parameters by returning { statement?, parameters? }.
function announced<P extends Params>(
  connection: ConnectionContext,
  plan: DriverPlan,
  params: P,
  isMany: boolean,
): { readonly sent: DriverPlan; readonly values: P } {
  const dispatch = connection[DISPATCH];
  const { tags } = connection.options;
  let sent = tags === undefined ? plan : taggedPlan(plan, tags);
  let values = params;
  for (const { call } of dispatch.listeners("beforeCursorExecute") ?? []) {
    const changed = call(connection, sent.text, values, isMany, contextOf(plan)) as
      | { statement?: string; parameters?: P }
      | undefined
      | null;
    refusePromise(dispatch, "beforeCursorExecute", changed);
    if (typeof changed?.statement === "string") sent = { ...sent, text: changed.statement, cacheId: 0 };
    if (changed?.parameters !== undefined) values = changed.parameters;
  }
  return { sent, values };
}

const logged = new WeakSet<DriverPlan>();

/** How a statement was come by that no cache of the engine's has: the plans of flushes and of loads by key are kept elsewhere. */
function keptOrigin(plan: DriverPlan): "cached" | "generated" {
  if (logged.has(plan)) return "cached";
  logged.add(plan);
  return "generated";
}

/** @param plan what was to be sent @param sent what listeners made of it */
function log(
  connection: ConnectionContext,
  plan: DriverPlan,
  sent: DriverPlan,
  params: Params,
  isMany: boolean,
  duration: number,
  rowcount: number,
  rows: readonly unknown[] | undefined,
  error?: unknown,
): void {
  const { engine } = connection;
  const { echo } = engine;
  const origin = connection.origin === "raw" && sent.cacheId !== 0 ? keptOrigin(sent) : connection.origin;
  connection.origin = "raw";
  if (echo === null) return;
  const token = connection.options.loggingToken;
  echo({
    kind: "statement",
    engine: engine.name,
    statement: sent.text,
    parameters: engine.hideParameters ? undefined : shownParameters(contextOf(plan), params, isMany),
    isMany,
    origin,
    duration,
    rowcount,
    ...(error === undefined ? {} : { error }),
    ...(engine.echoRows && rows !== undefined ? { rows: shownRows(contextOf(plan), rows) } : {}),
    ...(token === undefined ? {} : { token }),
  });
}
