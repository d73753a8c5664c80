/** A driver's error as one of ours, with the statement that it came of. */
import { shownParameters } from "./concealed.js";
import type { ErrorContext } from "./context.js";
import type { EngineDialect } from "./dialect.js";
import { DatabaseError, type StatementContext, StatementError } from "./errors.js";
import { Aborted } from "./io.js";
import { contextOf } from "./plan.js";

/** What an error says of its statement. */
export function statementOf(
  { plan, params, isMany, statement }: ErrorContext,
  hideParameters: boolean,
): StatementContext {
  return {
    statement: statement ?? plan?.text ?? null,
    parameters: shownParameters(contextOf(plan), params, isMany),
    hideParameters,
    isMany,
  };
}

/** What is thrown in the place of an error: one of the database by its class, what an abort says of itself, and a StatementError for all else. */
export function ownError(error: unknown, statement: StatementContext, dialect: EngineDialect): unknown {
  if (error instanceof DatabaseError)
    return new (error.constructor as typeof DatabaseError)(error.reason, statement, error.cause, error);
  const translated = dialect.translateError(error);
  if (translated !== null) return new translated.errorClass(translated.message, statement, error, translated.details);
  if (error instanceof Aborted) return error.reason;
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new StatementError(reason, statement, error);
}
