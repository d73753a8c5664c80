/** Tests whose work on the database is undone at their end. */
import type { AsyncEngine } from "../engine/index.js";
import type { AsyncSessionMaker } from "../orm/index.js";

/** The hooks of a test framework that {@link rollBackEachTest} needs: those of vitest, `node:test`, Jest. */
export interface TestHooks {
  beforeEach(fn: () => Promise<void>): unknown;
  afterEach(fn: () => Promise<void>): unknown;
}

/**
 * Has sessions of a factory work on one connection, in a transaction that is not committed.
 *
 * @returns rolls back, and gives the factory its engine again
 */
async function begin(engine: AsyncEngine, Session: AsyncSessionMaker): Promise<() => Promise<void>> {
  const connection = await engine.connect();
  try {
    await connection.begin();
  } catch (error) {
    await connection.close();
    throw error;
  }
  Session.configure({ bind: connection, joinTransactionMode: "create_savepoint" });
  return async () => {
    Session.configure({ bind: engine, joinTransactionMode: "conditional_savepoint" });
    await connection.rollback();
    await connection.close();
  };
}

/**
 * Runs a function, then undoes all that sessions of the factory did in it: they work on savepoints of one transaction that is rolled back at the end. So
 * the code under test may commit and roll back as it likes. Sessions that are open at the same time share the connection, and must end in the reverse
 * order of their beginnings, as savepoints do; tests of one engine run one after the other. What goes past the factory (`engine.begin()`) is not undone.
 *
 * @param engine the one that the factory is bound to
 * @example await inTestTransaction(engine, Session, async () => { ... });
 */
export async function inTestTransaction<T>(
  engine: AsyncEngine,
  Session: AsyncSessionMaker,
  fn: () => T | PromiseLike<T>,
): Promise<T> {
  const undo = await begin(engine, Session);
  try {
    return await fn();
  } finally {
    await undo();
  }
}

/**
 * The same for each test of a file.
 *
 * @param hooks `{ beforeEach, afterEach }` of the test framework
 * @param engine the one that the factory is bound to; a function where a hook makes it
 * @example
 * import { afterEach, beforeEach } from "vitest";                 // or from "node:test"
 * rollBackEachTest({ beforeEach, afterEach }, engine, Session);
 */
export function rollBackEachTest(
  hooks: TestHooks,
  engine: AsyncEngine | (() => AsyncEngine),
  Session: AsyncSessionMaker,
): void {
  let undo: (() => Promise<void>) | null = null;
  hooks.beforeEach(async () => {
    undo = await begin(typeof engine === "function" ? engine() : engine, Session);
  });
  hooks.afterEach(async () => {
    const ends = undo;
    undo = null;
    await ends?.();
  });
}
