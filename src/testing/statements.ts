/** Which statements a block of code sends. */
import { AssertionError } from "node:assert";
import { AsyncEngine, type Engine, type EngineEvents, engineEvent } from "../engine/index.js";

const TRANSACTION_CONTROL = /^\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|START|PRAGMA|SET)\b/i;

interface Recorded<T> {
  readonly statements: readonly string[];
  readonly value: T;
}

async function record<T>(fn: () => T | PromiseLike<T>, engine?: AsyncEngine | Engine): Promise<Recorded<T>> {
  const statements: string[] = [];
  const listener: EngineEvents["beforeCursorExecute"] = (_connection, statement) => {
    if (!TRANSACTION_CONTROL.test(statement)) statements.push(statement);
  };
  // The events of a synchronous engine and of the asynchronous one over it are the same.
  const target = engine ?? AsyncEngine;
  engineEvent.listen(target, "beforeCursorExecute", listener);
  try {
    return { value: await fn(), statements };
  } finally {
    engineEvent.remove(target, "beforeCursorExecute", listener);
  }
}

/**
 * The statements that a function sends, in their order: for a snapshot. What begins and ends transactions is left out; a batch counts once.
 *
 * @param engine only this engine's; default: all engines'
 * @example expect(await statementsOf(() => session.flush())).toMatchInlineSnapshot();
 */
export async function statementsOf(fn: () => unknown, engine?: AsyncEngine | Engine): Promise<readonly string[]> {
  return (await record(fn, engine)).statements;
}

/**
 * Runs a function that must send this many statements, counted as {@link statementsOf} does.
 *
 * @param count how many
 * @param engine only this engine's; default: all engines'
 * @returns what the function returns
 * @throws AssertionError for any other number, with the statements
 * @example const orders = await expectStatements(2, () => listOrders());
 */
export async function expectStatements<T>(
  count: number,
  fn: () => T | PromiseLike<T>,
  engine?: AsyncEngine | Engine,
): Promise<T> {
  const { statements, value } = await record(fn, engine);
  if (statements.length === count) return value;
  const list = statements.map((statement, i) => `\n  ${i + 1}. ${statement}`).join("");
  throw new AssertionError({
    message: `${count} statement${count === 1 ? " was" : "s were"} expected, and ${statements.length} sent:${list}`,
    actual: statements.length,
    expected: count,
    operator: "expectStatements",
    stackStartFn: expectStatements,
  });
}
