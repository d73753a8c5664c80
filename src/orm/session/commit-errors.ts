/** Errors of transactions that end on several databases. */
import { DatabaseError, type DatabaseErrorClass, type DatabaseErrorDetails } from "../../engine/errors.js";

/** Two errors as one: each may name what was left behind in its database. */
export function bothOf(first: unknown, second: unknown): unknown {
  if (!(second instanceof DatabaseError)) return first;
  // A listener's, which must not hide what the database says.
  if (!(first instanceof DatabaseError)) return retold(second, `${second.reason}\n${String(first)}`, {});
  const commitUncertain = first.commitUncertain || second.commitUncertain;
  const leftPrepared = [...first.leftPrepared, ...second.leftPrepared];
  const both = retold(first, `${first.reason}\n${second.reason}`, { commitUncertain, leftPrepared });
  both.connectionInvalidated ||= second.connectionInvalidated;
  return both;
}

/** What one database has committed stays, and is not to be done again because another has failed. */
export function halfCommitted(error: unknown): unknown {
  if (!(error instanceof DatabaseError)) return error;
  const reason =
    `${error.reason}\nAnother database of this session had committed its part before, and that stays. Look for its effects before doing the work again; a ` +
    "session with { twophase: true } commits everywhere or nowhere.";
  return retold(error, reason, { commitUncertain: true, retryable: false });
}

function retold(error: DatabaseError, reason: string, changes: DatabaseErrorDetails): DatabaseError {
  const { statement, params, hideParameters } = error;
  const ErrorClass = error.constructor as DatabaseErrorClass;
  const context = { statement, parameters: params, hideParameters };
  const again = new ErrorClass(reason, context, error, { ...error, ...changes });
  again.connectionInvalidated = error.connectionInvalidated;
  return again;
}
