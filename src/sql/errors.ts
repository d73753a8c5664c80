/**
 * The errors of the expression language, and the roots that every other room extends.
 *
 * Names are SQLAlchemy's. Each message says what happened, to which table, column or statement, and what to write
 * instead.
 */

/** The root of every error that Athanor raises itself. */
export class AthanorError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A function or method was called with an argument it cannot take. */
export class ArgumentError extends AthanorError {}

/** The call is well-formed, but not possible in the present state. */
export class InvalidRequestError extends AthanorError {}

/** A statement cannot be rendered, at all or by this dialect. */
export class CompileError extends AthanorError {}

/** A column was asked for by a name that the table, subquery or row does not have. */
export class NoSuchColumnError extends InvalidRequestError {}

/** A foreign key names a table or a column that the metadata does not hold. */
export class NoReferencedTableError extends InvalidRequestError {}

/** Things that must come before one another form a ring. */
export class CircularDependencyError extends AthanorError {
  constructor(
    message: string,
    /** What takes part in the ring, in its order. */
    readonly cycle: readonly unknown[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Two tables are to be joined and no foreign key connects them. */
export class NoForeignKeysError extends ArgumentError {}

/** Two tables are to be joined and several foreign keys connect them. */
export class AmbiguousForeignKeysError extends ArgumentError {}

/** A result, connection or transaction was used after it was closed. */
export class ResourceClosedError extends InvalidRequestError {}

/** Exactly one row was required and there was none. */
export class NoResultFound extends InvalidRequestError {}

/** At most one row was required and there were more. */
export class MultipleResultsFound extends InvalidRequestError {}

/** Something did not come in the time allowed for it. */
export class TimeoutError extends AthanorError {}

/** The database has no table or view of that name. */
export class NoSuchTableError extends InvalidRequestError {}
