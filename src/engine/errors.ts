/** The errors of the database, under the names of Python's DBAPI, which SQLAlchemy uses. */
import { errorPage, type Page } from "../sql/catalogue.js";
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
  /** Whether the transaction may have been committed all the same, in whole or in part. */
  readonly commitUncertain?: boolean;
  /** Names of transactions that wait on their servers, prepared, or may do so. */
  readonly leftPrepared?: readonly string[];
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
  static override readonly page: Page = errorPage("ATHANOR_STATEMENT", {
    cause:
      "A statement could not be executed: a value could not be converted, or the database refused it. The error that was first raised is the cause.",
    cure: "Read the cause; statement and params hold what was sent (hideParameters hides the values).",
  });

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
  static override readonly page: Page = errorPage("ATHANOR_DATABASE", {
    cause:
      "The database or its driver raised an error that fits none of the narrower classes. The driver's own error is the cause, code its own code.",
    cure: "Look the code up in the database's manual.",
  });

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
   * Whether nobody knows if the transaction was committed: the connection was lost after COMMIT, or under AUTOCOMMIT a statement that writes, had
   * been sent and before the server had answered; or one database of a session had committed its part when another failed. Look for the transaction's
   * effects before doing its work again. Of a transaction that has only read it is said too: what its statements did, the client does not know for sure.
   */
  readonly commitUncertain: boolean;
  /**
   * The names of transactions that were prepared, could not be ended, and wait on their servers with their locks, or may do so: those that
   * `recoverTwophase()` names are to be ended by `commitPrepared()` or `rollbackPrepared()`.
   */
  readonly leftPrepared: readonly string[];
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
    this.leftPrepared = details.leftPrepared ?? [];
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
export class IntegrityError extends DatabaseError {
  static override readonly page: Page = errorPage("ATHANOR_INTEGRITY", {
    cause:
      "A row would break a constraint: unique, foreign key, NOT NULL, CHECK or exclusion. violation, constraint, table and columns say which.",
    cure: "Check before writing where people are to be told; for rows that may be there already use session.upsert(), getOrCreate() or onConflictDoUpdate().",
  });
}
/** Something in the database's operation failed: connection lost, disk full, locked, out of memory, cancelled. */
export class OperationalError extends DatabaseError {
  static override readonly page: Page = errorPage("ATHANOR_OPERATIONAL", {
    cause:
      "The database could not carry the statement out, through no fault of its words: the connection was lost, the server is down, the database is locked, a transaction was refused for the sake of another, the statement was cancelled.",
    cure: "Where retryable is true, run the transaction again: Session.transaction(fn, { retries: 5 }). Where commitUncertain is true, look whether its work was done first.",
  });
}
/** The statement is wrong: syntax, a table or column that does not exist, missing privileges. */
export class ProgrammingError extends DatabaseError {
  static override readonly page: Page = errorPage("ATHANOR_PROGRAMMING", {
    cause:
      "The statement is wrong for this database: its syntax, a table or column that does not exist, a missing privilege.",
    cure: "Compare the statement in the message with the schema; where the schema is behind, run the migrations.",
  });
}
/** A value does not fit: out of range, too long, malformed. */
export class DataError extends DatabaseError {
  static override readonly page: Page = errorPage("ATHANOR_DATA", {
    cause: "A value does not fit its column: out of range, too long, malformed.",
    cure: "Check the value against the column's type before it is written; the driver's error names the column where it can.",
  });
}
/** The driver was used in a way it does not allow. */
export class InterfaceError extends DatabaseError {
  static override readonly page: Page = errorPage("ATHANOR_INTERFACE", {
    cause: "The driver was used in a way it does not allow, such as a blocking call where it needs the event loop.",
    cure: "The message says which call stands in its place.",
  });
}
/** The database is in a state it should not be in: a corrupt file, an aborted transaction. */
export class InternalError extends DatabaseError {
  static override readonly page: Page = errorPage("ATHANOR_INTERNAL", {
    cause: "The database reports a state that it should not be in, such as a transaction that has failed already.",
    cure: "Roll back. If it comes again on a fresh connection, check the server.",
  });
}
/** The database cannot do this at all. */
export class NotSupportedError extends DatabaseError {
  static override readonly page: Page = errorPage("ATHANOR_NOT_SUPPORTED", {
    cause: "The database has not what was asked of it.",
    cure: "Ask engine.dialect.capabilities beforehand, or do it another way on this database.",
  });
}

/** The constructor of any of the database errors. */
export type DatabaseErrorClass = new (
  reason: string,
  context: StatementContext | null,
  cause?: unknown,
  details?: DatabaseErrorDetails,
) => DatabaseError;

/** A connection or a result was used that has been invalidated and awaits `rollback()`. */
export class PendingConnectionRollbackError extends InvalidRequestError {
  static override readonly page: Page = errorPage("ATHANOR_PENDING_CONNECTION_ROLLBACK", {
    cause:
      "A connection was lost, or its transaction failed, while a transaction was open; the work so far is gone and nothing may follow it by mistake.",
    cure: "Call rollback() on the connection, then do the work again from the start.",
  });
}

/**
 * Thrown by a handler of the pool's `checkout` that has found the connection dead: it is thrown away, and the handlers are called
 * with another one.
 */
export class DisconnectionError extends AthanorError {
  static override readonly page: Page = errorPage("ATHANOR_DISCONNECTION", {
    cause:
      "A handler of the pool's event checkout has found a connection dead and thrown this: the pool throws the connection away and tries another. It reaches the caller when all tries have failed.",
    cure: "Look why the database drops its connections; poolPrePing: true does the checking by itself.",
  });
}

/** The same, where the other connections of its age are dead as well. */
export class InvalidatePoolError extends DisconnectionError {
  static override readonly page: Page = errorPage("ATHANOR_INVALIDATE_POOL", {
    cause: "As DisconnectionError, where the handler says that all connections of that age are dead as well.",
    cure: "As for ATHANOR_DISCONNECTION.",
  });
}

/** Something was asked of a thread that has ended, with its connection or its engine. */
export class AlreadyQuitError extends InvalidRequestError {
  static override readonly page: Page = errorPage("ATHANOR_ALREADY_QUIT", {
    cause: "Something was asked of a thread that has ended, with its connection or its engine.",
    cure: "Roll back and go on with another connection, or make a new engine after dispose().",
  });
}

/** An object was given to `execute` that is no statement. */
export class ObjectNotExecutableError extends InvalidRequestError {
  static override readonly page: Page = errorPage("ATHANOR_NOT_EXECUTABLE", {
    cause: "execute() was given something that is no statement, most often a string.",
    cure: 'Write text("...") around SQL, or build the statement with select(), insert(), update(), del().',
  });
}

/** `inspect()` was given something that it knows nothing about. */
export class NoInspectionAvailable extends InvalidRequestError {
  static override readonly page: Page = errorPage("ATHANOR_NO_INSPECTION", {
    cause: "inspect() was given something that it knows nothing about.",
    cure: "Give it an engine, a connection, a mapped class or one of its objects.",
  });
}

export { NoSuchTableError } from "../sql/errors.js";

/** The URL names a dialect or driver that nobody has registered, or whose package is not installed. */
export class NoSuchModuleError extends InvalidRequestError {
  static override readonly page: Page = errorPage("ATHANOR_NO_SUCH_MODULE", {
    cause: "The URL names a dialect or driver that nobody has registered, or whose package is not installed.",
    cure: "The message says which package to install, or lists the dialects there are.",
  });
}
