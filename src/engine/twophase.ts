/** Transactions that were prepared and not ended: they outlive their connection and hold their locks until somebody ends them. */
import { InvalidRequestError } from "../sql/errors.js";
import type { ConnectionCore } from "./connection-core.js";
import type { EngineDialect } from "./dialect.js";
import { asOp, type Op } from "./io.js";

type Twophase = Required<Pick<EngineDialect, "preparedTransactions" | "endPrepared">>;

function twophaseOf({ engine: { dialect } }: ConnectionCore): EngineDialect & Twophase {
  if (dialect.preparedTransactions !== undefined && dialect.endPrepared !== undefined)
    return dialect as EngineDialect & Twophase;
  throw new InvalidRequestError(`The ${dialect.name} dialect has no commit in two phases.`);
}

/** The names of those in the connection's database, the oldest first. */
export function* preparedTransactions(connection: ConnectionCore): Op<string[]> {
  const dialect = twophaseOf(connection);
  const driver = yield* connection.reopened();
  try {
    return yield* dialect.preparedTransactions(driver);
  } catch (error) {
    return yield* connection.fail(error, { plan: null, params: [], isMany: false });
  }
}

/** Ends one by its name. */
export function* endPrepared(connection: ConnectionCore, id: string, word: "COMMIT" | "ROLLBACK"): Op<void> {
  const dialect = twophaseOf(connection);
  if (connection.inTransaction()) {
    throw new InvalidRequestError(
      `${word} PREPARED is no part of a transaction, and this connection has begun one: call commit() or rollback() first.`,
    );
  }
  const driver = yield* connection.reopened();
  yield* asOp(connection.control(`${word} PREPARED ${id}`, () => dialect.endPrepared(driver, id, word)));
}
