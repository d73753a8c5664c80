/**
 * The errors of the expression language, and the roots that every other room extends.
 *
 * Names are SQLAlchemy's. Each message says what happened, to which table, column or statement, and what to write
 * instead; each class has a page in the catalogue.
 */
import { errorPage, type Page, type PageText } from "./catalogue.js";

/** Options of an error's constructor. */
export interface AthanorErrorOptions extends ErrorOptions {
  /** The page of this very message, in place of its class's. */
  readonly page?: Page;
}

/** The root of every error that Athanor raises itself. */
export class AthanorError extends Error {
  static readonly page: Page = errorPage("ATHANOR_ERROR", {
    cause:
      "Athanor refuses something and has no narrower class for it. Every other error of its own is a kind of this one.",
    cure: "Catch AthanorError to tell its errors from those of your own code, and read the message.",
  });
  /** The stable code of this kind of error: the heading of its page in `docs/errors.md`. */
  readonly errorCode: string;

  constructor(message: string, options?: AthanorErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.errorCode = (options?.page ?? new.target.page).code;
  }
}

/**
 * A kind of error with a page and words of its own.
 *
 * @returns makes the error for what it is about
 */
export function errorKind<A extends readonly unknown[], E extends AthanorError>(
  type: new (message: string, options?: AthanorErrorOptions) => E,
  code: string,
  { message, ...text }: PageText & { readonly message: (...args: A) => string },
): (...args: A) => E {
  const page = errorPage(code, text);
  return function make(...args) {
    const error = new type(message(...args), { page });
    Error.captureStackTrace(error, make);
    return error;
  };
}

/** A function or method was called with an argument it cannot take. */
export class ArgumentError extends AthanorError {
  static override readonly page: Page = errorPage("ATHANOR_ARGUMENT", {
    cause:
      "A function or method was called with an argument that it cannot take: a value of another kind, a name that does not exist, options that exclude each other.",
    cure: "The message names the argument and what may stand in its place.",
  });
}

/** The call is well-formed, but not possible in the present state. */
export class InvalidRequestError extends AthanorError {
  static override readonly page: Page = errorPage("ATHANOR_INVALID_REQUEST", {
    cause:
      "The call is well-formed, but not possible in the present state of the session, connection, statement or mapping.",
    cure: "The message says what state that is, and which call leads out of it.",
  });
}

/** A statement cannot be rendered, at all or by this dialect. */
export class CompileError extends AthanorError {
  static override readonly page: Page = errorPage("ATHANOR_COMPILE", {
    cause: "A statement holds a construct that the database at hand has no words for, or that is not complete.",
    cure: 'Write it in a way that this database knows. A construct of one\'s own is told how it is written with compiles(Class, "sqlite", ...).',
  });
}

/** A name is longer than the database takes. */
export class IdentifierError extends CompileError {
  static override readonly page: Page = errorPage("ATHANOR_IDENTIFIER", {
    cause:
      "A table, a schema, a constraint or an index was given a name that is longer than the database takes. PostgreSQL would cut it without an error, and the next one that begins alike would clash with it.",
    cure: 'Give a shorter name. Names that a naming convention makes are cut to fit, and so is a name of a constraint or an index that is marked with conv("...").',
  });
}

/** A column was asked for by a name that the table, subquery or row does not have. */
export class NoSuchColumnError extends InvalidRequestError {
  static override readonly page: Page = errorPage("ATHANOR_NO_SUCH_COLUMN", {
    cause: "A table, a subquery or a row has no column of the name or number asked for.",
    cure: "The message lists the columns there are. A column of a subquery has the name of its label.",
  });
}

/** A foreign key names a table or a column that the metadata does not hold. */
export class NoReferencedTableError extends InvalidRequestError {
  static override readonly page: Page = errorPage("ATHANOR_NO_REFERENCED_TABLE", {
    cause: "A foreign key names its target by a string, and the metadata has no table of that name.",
    cure: "Import the module that defines the table before its foreign keys are used, and give both tables the same MetaData; a table of another schema is named with it.",
  });
}

/** Things that must come before one another form a ring. */
export class CircularDependencyError extends AthanorError {
  static override readonly page: Page = errorPage("ATHANOR_CIRCULAR_DEPENDENCY", {
    cause:
      "Things that must come before one another form a ring: tables that refer to each other, or rows that a flush cannot put in order.",
    cure: "Between tables, give one of the foreign keys useAlter: true; between rows, give one of the relationships postUpdate: true.",
  });
  constructor(
    message: string,
    /** What takes part in the ring, in its order. */
    readonly cycle: readonly unknown[] = [],
    options?: AthanorErrorOptions,
  ) {
    super(message, options);
  }
}

/** Two tables are to be joined and no foreign key connects them. */
export class NoForeignKeysError extends ArgumentError {
  static override readonly page: Page = errorPage("ATHANOR_NO_FOREIGN_KEYS", {
    cause: "Two tables are to be joined without a condition, and no foreign key connects them.",
    cure: "Give the condition: join(other, left.eq(right)).",
  });
}

/** Two tables are to be joined and several foreign keys connect them. */
export class AmbiguousForeignKeysError extends ArgumentError {
  static override readonly page: Page = errorPage("ATHANOR_AMBIGUOUS_FOREIGN_KEYS", {
    cause: "Two tables are to be joined without a condition, and several foreign keys connect them.",
    cure: "Say which: give the condition to join(), or foreignKeys to the relationship.",
  });
}

/** A result, connection or transaction was used after it was closed. */
export class ResourceClosedError extends InvalidRequestError {
  static override readonly page: Page = errorPage("ATHANOR_RESOURCE_CLOSED", {
    cause:
      "A result, a connection or a transaction is used after its end. A result ends with first() or one(), and with its connection or its session where it is streamed.",
    cure: "Keep what all() gave instead of asking the result again; take a new connection with engine.connect().",
  });
}

/** Exactly one row was required and there was none. */
export class NoResultFound extends InvalidRequestError {
  static override readonly page: Page = errorPage("ATHANOR_NO_RESULT", {
    cause: "one(), scalarOne() or getOne() was called, and no row was found.",
    cure: "Call oneOrNone(), scalarOneOrNone() or get() where there may be none, and answer null.",
  });
}

/** At most one row was required and there were more. */
export class MultipleResultsFound extends InvalidRequestError {
  static override readonly page: Page = errorPage("ATHANOR_MULTIPLE_RESULTS", {
    cause: "one() or oneOrNone() was called, and several rows were found.",
    cure: "Narrow the statement down to one row; first() takes the first of many. Rows that a join repeats are made one by unique().",
  });
}

/** Something did not come in the time allowed for it. */
export class TimeoutError extends AthanorError {
  static override readonly page: Page = errorPage("ATHANOR_TIMEOUT", {
    cause:
      "Something did not come in the time allowed for it, most often a connection: all of the pool's are in use, by work that is slow or by connections that nobody has closed.",
    cure: "poolDebug: true names the places that hold connections. Close connections and sessions with await using; raise poolSize where the work itself needs more.",
  });
}

/** The database has no table or view of that name. */
export class NoSuchTableError extends InvalidRequestError {
  static override readonly page: Page = errorPage("ATHANOR_NO_SUCH_TABLE", {
    cause: "Columns, keys or indexes of a table are asked for, and the database has no table or view of that name.",
    cure: "inspect(engine).getTableNames() lists those there are; a table outside the default schema is asked for with { schema }.",
  });
}
