/** The errors of the database, under the names of Python's DBAPI, which SQLAlchemy uses. */
import { AthanorError, InvalidRequestError } from "../sql/errors.js";
import { formatParameters } from "./format-parameters.js";

/** What a database error knows beside its message. Fields that the database does not tell are null. */
export interface DatabaseErrorDetails {
  /** The database's own code: an SQLSTATE, or `SQLITE_CONSTRAINT_UNIQUE`. */
  readonly code?: string | null;
  readonly constraint?: string | null;
  readonly schema?: string | null;
  readonly table?: string | null;
  /** The columns concerned; `column` is the first of them. */
  readonly columns?: readonly string[];
  /** What kind of constraint was violated. */
  readonly violation?: "unique" | "foreignKey" | "notNull" | "check" | "exclusion" | null;
  /** The server's detail and hint. */
  readonly detail?: string | null;
  readonly hint?: string | null;
  /** Whether running the transaction again may succeed: serialization failures, deadlocks, a busy database. */
  readonly retryable?: boolean;
  /** Whether the connection was lost while the server was answering COMMIT. */
  readonly commitUncertain?: boolean;
}

/** The statement that failed, for the message. */
export interface StatementContext {
  readonly statement: string | null;
  readonly parameters: unknown;
  readonly hideParameters: boolean;
  readonly isMany?: boolean;
}

/**
 * A statement could not be executed: the root of all errors that carry a statement and its parameters.
 * The error that was first raised is the `cause`.
 */
export class StatementError extends AthanorError {
  /** The SQL text, or null when there was none (while connecting). */
  readonly statement: string | null;
  /** The parameters; undefined when `hideParameters` is on. */
  readonly params: unknown;
  readonly hideParameters: boolean;
  /** What the database said, without the statement. */
  readonly reason: string;

  constructor(reason: string, context: StatementContext | null, cause?: unknown) {
    super(describe(reason, context), cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.statement = context?.statement ?? null;
    this.hideParameters = context?.hideParameters ?? false;
    this.params = this.hideParameters ? undefined : context?.parameters;
  }
}

function describe(reason: string, context: StatementContext | null): string {
  if (context?.statement == null) return reason;
  const lines = [reason, `[SQL: ${context.statement}]`];
  if (context.hideParameters) lines.push("[parameters are hidden by the engine's hideParameters]");
  else if (hasParameters(context.parameters)) {
    lines.push(`[parameters: ${formatParameters(context.parameters, context.isMany === true)}]`);
  }
  return lines.join("\n");
}

function hasParameters(parameters: unknown): boolean {
  if (parameters === undefined || parameters === null) return false;
  return Array.isArray(parameters) ? parameters.length > 0 : Object.keys(parameters as object).length > 0;
}

/** An error that the database or its driver raised; the driver's own error is the `cause`. */
export class DatabaseError extends StatementError {
  readonly code: string | null;
  readonly constraint: string | null;
  readonly schema: string | null;
  readonly table: string | null;
  readonly columns: readonly string[];
  readonly violation: DatabaseErrorDetails["violation"];
  readonly detail: string | null;
  readonly hint: string | null;
  readonly retryable: boolean;
  /**
   * Whether nobody knows if the transaction was committed: the connection was lost after COMMIT had been sent and before the
   * server had answered. Look for the transaction's effects before doing its work again.
   */
  readonly commitUncertain: boolean;
  /** Whether the connection was found dead and has been thrown away with this error. */
  connectionInvalidated = false;

  constructor(reason: string, context: StatementContext | null, cause?: unknown, details: DatabaseErrorDetails = {}) {
    super(reason, context, cause);
    this.code = details.code ?? null;
    this.constraint = details.constraint ?? null;
    this.schema = details.schema ?? null;
    this.table = details.table ?? null;
    this.columns = details.columns ?? [];
    this.violation = details.violation ?? null;
    this.detail = details.detail ?? null;
    this.hint = details.hint ?? null;
    this.retryable = details.retryable ?? false;
    this.commitUncertain = details.commitUncertain ?? false;
  }

  /** The first of the columns concerned. */
  get column(): string | null {
    return this.columns[0] ?? null;
  }

  /** The driver's own error; SQLAlchemy's name for `cause`. */
  get orig(): unknown {
    return this.cause;
  }
}

/** A constraint was violated: unique, foreign key, not null, check, exclusion. */
export class IntegrityError extends DatabaseError {}
/** Something in the database's operation failed: connection lost, disk full, locked, out of memory, cancelled. */
export class OperationalError extends DatabaseError {}
/** The statement is wrong: syntax, a table or column that does not exist, missing privileges. */
export class ProgrammingError extends DatabaseError {}
/** A value does not fit: out of range, too long, malformed. */
export class DataError extends DatabaseError {}
/** The driver was used in a way it does not allow. */
export class InterfaceError extends DatabaseError {}
/** The database is in a state it should not be in: a corrupt file, an aborted transaction. */
export class InternalError extends DatabaseError {}
/** The database cannot do this at all. */
export class NotSupportedError extends DatabaseError {}

/** The constructor of any of the database errors. */
export type DatabaseErrorClass = new (
  reason: string,
  context: StatementContext | null,
  cause?: unknown,
  details?: DatabaseErrorDetails,
) => DatabaseError;

/** A connection or a result was used that has been invalidated and awaits `rollback()`. */
export class PendingConnectionRollbackError extends InvalidRequestError {}

/**
 * Thrown by a handler of the pool's `checkout` that has found the connection dead: it is thrown away, and the handlers are called
 * with another one.
 */
export class DisconnectionError extends AthanorError {}

/** The same, where the other connections of its age are dead as well. */
export class InvalidatePoolError extends DisconnectionError {}

/** Something was asked of a thread that has ended, with its connection or its engine. */
export class AlreadyQuitError extends InvalidRequestError {}

/** An object was given to `execute` that is no statement. */
export class ObjectNotExecutableError extends InvalidRequestError {}

/** `inspect()` was given something that it knows nothing about. */
export class NoInspectionAvailable extends InvalidRequestError {}

export { NoSuchTableError } from "../sql/errors.js";

/** The URL names a dialect or driver that nobody has registered, or whose package is not installed. */
export class NoSuchModuleError extends InvalidRequestError {}
