/** better-sqlite3's errors, understood. */
import type { TranslatedError } from "../../engine/dialect.js";
import {
  DatabaseError,
  type DatabaseErrorClass,
  type DatabaseErrorDetails,
  DataError,
  IntegrityError,
  InterfaceError,
  InternalError,
  NotSupportedError,
  OperationalError,
  ProgrammingError,
} from "../../engine/errors.js";

// By the first part of the code; the longer ones are looked up first.
const CLASSES: readonly (readonly [prefix: string, errorClass: DatabaseErrorClass])[] = [
  ["SQLITE_CONSTRAINT_DATATYPE", IntegrityError],
  ["SQLITE_CONSTRAINT", IntegrityError],
  ["SQLITE_MISMATCH", IntegrityError],
  ["SQLITE_TOOBIG", DataError],
  ["SQLITE_RANGE", InterfaceError],
  ["SQLITE_MISUSE", InterfaceError],
  ["SQLITE_INTERNAL", InternalError],
  ["SQLITE_CORRUPT", DatabaseError],
  ["SQLITE_NOTADB", DatabaseError],
  ["SQLITE_NOLFS", NotSupportedError],
];

// Codes of errors that mean "the statement is wrong", which SQLite does not tell from others.
const WRONG_STATEMENT =
  /^(no such (table|column|function|index|view|module|collation)|near ".*": syntax error|incomplete input|unrecognized token|ambiguous column|table .* already exists|index .* already exists|there is already|duplicate column|.* has no column named|table .* has \d+ columns|\d+ values for \d+ columns|all VALUES must|sub-select returns|row value misused|misuse of|no tables specified|SELECTs to the left and right|foreign key mismatch|wrong number of arguments|cannot modify|a .* clause)/i;

/** Makes one of our error classes of a driver's error; null for what is no driver's error. */
export function translateSqliteError(error: unknown): TranslatedError | null {
  if (!(error instanceof Error)) return null;
  const { message } = error;
  const code = (error as { code?: unknown }).code;
  if (error.constructor.name === "SqliteError" && typeof code === "string") {
    return { errorClass: classOf(code, message), message, details: detailsOf(code, message) };
  }
  if (isSqliteDisconnect(error)) {
    return { errorClass: OperationalError, message, details: { code: null } };
  }
  if (/directory does not exist/.test(message)) {
    return { errorClass: OperationalError, message, details: { code: "SQLITE_CANTOPEN" } };
  }
  // Its own checks throw plain TypeErrors and RangeErrors.
  if (error instanceof TypeError && OWN_CHECKS.test(message)) {
    return { errorClass: InterfaceError, message, details: { code: null } };
  }
  if (error instanceof RangeError && OWN_CHECKS.test(message)) {
    return { errorClass: ProgrammingError, message, details: { code: null } };
  }
  return null;
}

const OWN_CHECKS =
  /SQLite3 can only bind|parameter values were provided|named parameter|database connection is not open|busy executing a query|statement is busy|contains more than one statement|contains no statements|not return data|returns data|You (cannot|may)|bound parameters/i;

function classOf(code: string, message: string): DatabaseErrorClass {
  for (const [prefix, errorClass] of CLASSES) if (code.startsWith(prefix)) return errorClass;
  if (code === "SQLITE_ERROR" && WRONG_STATEMENT.test(message)) return ProgrammingError;
  return OperationalError;
}

const VIOLATIONS: Readonly<Record<string, NonNullable<DatabaseErrorDetails["violation"]>>> = {
  SQLITE_CONSTRAINT_UNIQUE: "unique",
  SQLITE_CONSTRAINT_PRIMARYKEY: "unique",
  SQLITE_CONSTRAINT_ROWID: "unique",
  SQLITE_CONSTRAINT_NOTNULL: "notNull",
  SQLITE_CONSTRAINT_FOREIGNKEY: "foreignKey",
  SQLITE_CONSTRAINT_CHECK: "check",
};

function detailsOf(code: string, message: string): DatabaseErrorDetails {
  const violation = VIOLATIONS[code] ?? null;
  const retryable = code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED");
  const failed = /^([A-Z ]+) constraint failed: (.*)$/s.exec(message)?.[2];
  if (failed === undefined) return { code, violation, retryable };
  if (violation === "check") return { code, violation, retryable, constraint: failed };
  const index = /^index '(.*)'$/.exec(failed)?.[1];
  if (index !== undefined) return { code, violation, retryable, constraint: index };
  // "users.name" or "pairs.a, pairs.b"
  const places = failed.split(", ").map((place) => {
    const dot = place.indexOf(".");
    return dot < 0 ? { table: null, column: place } : { table: place.slice(0, dot), column: place.slice(dot + 1) };
  });
  return {
    code,
    violation,
    retryable,
    table: places[0]?.table ?? null,
    columns: places.map((place) => place.column),
  };
}

/** Whether the error means that the database is gone. */
export function isSqliteDisconnect(error: unknown): boolean {
  return error instanceof TypeError && /database connection is not open/.test(error.message);
}
