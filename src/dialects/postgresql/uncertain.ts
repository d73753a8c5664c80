/** Errors of transactions of which nobody knows whether they were committed, or that wait on the server for somebody to end them. */
import { DatabaseError, type DatabaseErrorDetails, OperationalError } from "../../engine/errors.js";
import { isServerError, translatePostgresError } from "./errors.js";

/** COMMIT was sent, and the connection lost before its answer. */
export function uncertainCommit(error: unknown): OperationalError {
  return failure(
    "The outcome of COMMIT is uncertain: the connection was lost before the server had answered, so that the transaction may or may not have been " +
      "committed. Look for its effects before doing its work again.",
    error,
    { commitUncertain: true },
  );
}

/** The same of a statement that commits itself. */
export function uncertainStatement(error: unknown): OperationalError {
  return failure(
    "The outcome of this statement is uncertain: under AUTOCOMMIT it commits itself, and the connection was lost before the server had answered, so that " +
      "it may or may not have been carried out. Look for its effects before sending it again.",
    error,
    { commitUncertain: true },
  );
}

/** PREPARE TRANSACTION was sent, and the connection lost before its answer: nothing is committed, but something may be left behind. */
export function perhapsPrepared(id: string, error: unknown): OperationalError {
  return failure(
    `The connection was lost before the server had said that the transaction was prepared as ${id}. It is not committed; but where recoverTwophase() of ` +
      "another connection names it, it waits there with its locks: end it by rollbackPrepared().",
    error,
    { leftPrepared: [id] },
  );
}

/**
 * A prepared transaction could not be ended.
 *
 * @param lost whether the connection was, so that the server may have ended it all the same
 */
export function leftPrepared(id: string, word: "COMMIT" | "ROLLBACK", lost: boolean, error: unknown): OperationalError {
  const [done, end] =
    word === "COMMIT" ? ["committed", "commitPrepared() or rollbackPrepared()"] : ["rolled back", "rollbackPrepared()"];
  const text = lost
    ? `The connection was lost before the server had said that the prepared transaction ${id} was ${done}. Where recoverTwophase() of another ` +
      `connection still names it, it waits there with its locks: end it by ${end}.`
    : `The prepared transaction ${id} could not be ${done}, and waits on the server with its locks: end it by ${end}.`;
  return failure(text, error, { commitUncertain: word === "COMMIT", leftPrepared: [id] });
}

function failure(message: string, error: unknown, details: DatabaseErrorDetails): OperationalError {
  const why = error instanceof DatabaseError ? error.reason : (translatePostgresError(error)?.message ?? String(error));
  return new OperationalError(`${message} (${why})`, null, error, {
    ...details,
    code: isServerError(error) ? error.code : null,
  });
}
