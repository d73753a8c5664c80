/**
 * `athanor/testing`: for tests under vitest, `node:test` and others like them. It imports no test framework.
 *
 * A set-up file calls {@link registerEqualityTesters} first: test frameworks compare enumerable properties, and an entity has none, so that without it
 * any two entities of a class are equal.
 */
export {
  assertEntitiesEqual,
  type EqualityTester,
  type ExpectWithTesters,
  entityEquality,
  registerEqualityTesters,
  type TesterContext,
} from "./equality.js";
export {
  defineFactory,
  Factory,
  type Overrides,
  type Recipe,
  type RecipeContext,
  type StoringSession,
} from "./factory.js";
export { loadFixtures } from "./fixtures.js";
export { expectStatements, statementsOf } from "./statements.js";
export { inTestTransaction, rollBackEachTest, type TestHooks } from "./test-transaction.js";
export { dropTemplate, type WorkerDatabase, type WorkerDatabaseOptions, workerDatabase } from "./worker-database.js";
