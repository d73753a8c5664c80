/** Settings of the server that hold for one transaction: `SET LOCAL`. */
import { ArgumentError, InvalidRequestError } from "../sql/errors.js";
import type { TransactionContext } from "./context.js";
import type { EngineDialect, IsolationLevel, SettingValues, TransactionSettings } from "./dialect.js";
import type { DriverPlan, DriverResult } from "./driver.js";
import type { Op } from "./io.js";

/** Settings with others over them; null where there are none. */
export function settingsOf(
  base: TransactionSettings | undefined,
  over: TransactionSettings | undefined,
): SettingValues | null {
  if (base === undefined && over === undefined) return null;
  const all = { ...valuesOf(base), ...valuesOf(over) };
  return Object.keys(all).length === 0 ? null : all;
}

function valuesOf(settings: TransactionSettings | undefined): SettingValues {
  const values = typeof settings === "function" ? settings() : (settings ?? {});
  if (typeof values !== "object" || values === null || typeof (values as { then?: unknown }).then === "function") {
    throw new ArgumentError(
      'The settings of a transaction are an object, such as { "app.tenant_id": 7 }, or a synchronous function that gives one.',
    );
  }
  for (const [name, value] of Object.entries(values)) {
    if (value === null || ["string", "number", "boolean"].includes(typeof value)) continue;
    throw new ArgumentError(
      `The setting "${name}" of a transaction is ${value === undefined ? "undefined" : `of the type ${typeof value}`}: ` +
        "give it text, a number, a truth value, or null for the server's own.",
    );
  }
  return values;
}

interface Connection extends TransactionContext {
  runText(plan: DriverPlan, params: readonly unknown[]): Op<DriverResult>;
}

/** Gives the transaction that has begun its settings. @throws ArgumentError where the database has none; InvalidRequestError under AUTOCOMMIT */
export function* applySettings(
  connection: Connection,
  settings: SettingValues,
  level: IsolationLevel | undefined,
): Op<void> {
  const dialect: EngineDialect = connection.engine.dialect;
  if (dialect.settingsStatement === undefined) {
    throw new ArgumentError(
      `The ${dialect.name} dialect has no settings of a transaction (${Object.keys(settings)[0]}).`,
    );
  }
  if (level === "AUTOCOMMIT") {
    throw new InvalidRequestError(
      "Settings hold for a transaction, and AUTOCOMMIT has none: take another isolation level.",
    );
  }
  const { plan, params } = dialect.settingsStatement(settings);
  yield* connection.runText(plan, params);
}
