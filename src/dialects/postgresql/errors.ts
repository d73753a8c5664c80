/** The server's errors, and those of pg and the network, understood. */
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
import { unquoted } from "../../sql/identifiers.js";

/** An error message of the server, as pg gives it. */
export interface ServerError extends Error {
  readonly code: string;
  readonly severity?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
  readonly routine?: string;
  /** Where the server was: `COPY items, line 3, column price: "x"`. */
  readonly where?: string;
  /** In a batch: the place of the parameter set that failed. */
  batchIndex?: number;
  /** In a COPY ... FROM: the line of the whole with which the part began that failed. */
  copyLine?: number;
}

// By SQLSTATE, or its class, the first two characters; the same as psycopg's but for those whole codes.
const CLASSES: Readonly<Record<string, DatabaseErrorClass>> = {
  "08": OperationalError,
  "0A": NotSupportedError,
  "20": ProgrammingError,
  "21": ProgrammingError,
  "22": DataError,
  "23": IntegrityError,
  "24": InternalError,
  "25": InternalError,
  // Time-outs that end the session: a lost connection, as by any other way.
  "25P03": OperationalError,
  "25P04": OperationalError,
  "26": OperationalError,
  "27": OperationalError,
  "28": OperationalError,
  "2B": InternalError,
  "2D": InternalError,
  "2F": InternalError,
  "34": OperationalError,
  "38": InternalError,
  "39": InternalError,
  "3B": InternalError,
  "3D": OperationalError,
  "3F": ProgrammingError,
  "40": OperationalError,
  "42": ProgrammingError,
  "44": ProgrammingError,
  "53": OperationalError,
  "54": OperationalError,
  "55": OperationalError,
  "57": OperationalError,
  "58": OperationalError,
  F0: InternalError,
  HV: OperationalError,
  P0: InternalError,
  XX: InternalError,
};

const VIOLATIONS: Readonly<Record<string, NonNullable<DatabaseErrorDetails["violation"]>>> = {
  "23001": "foreignKey",
  "23502": "notNull",
  "23503": "foreignKey",
  "23505": "unique",
  "23514": "check",
  "23P01": "exclusion",
};

/** Whether the error is one that the server sent. */
export function isServerError(error: unknown): error is ServerError {
  return (
    error instanceof Error && "severity" in error && /^[0-9A-Z]{5}$/.test(String((error as { code?: unknown }).code))
  );
}

/** Whether a prepared statement no longer fits: its result has changed, or the server has forgotten it. */
export function isStalePlan(error: unknown): boolean {
  if (!isServerError(error)) return false;
  if (error.code === "26000") return true;
  return error.code === "0A000" && error.routine === "RevalidateCachedQuery";
}

/** Makes one of our error classes of a driver's error; null for what is no driver's error. */
export function translatePostgresError(error: unknown): TranslatedError | null {
  if (isServerError(error)) {
    const errorClass = CLASSES[error.code] ?? CLASSES[error.code.slice(0, 2)] ?? DatabaseError;
    return { errorClass, message: messageOf(error), details: detailsOf(error) };
  }
  if (!(error instanceof Error)) return null;
  const { code } = error as { code?: unknown };
  if (typeof code === "string" && (NETWORK.has(code) || TLS.test(code))) {
    return { errorClass: OperationalError, message: networkMessage(error, code), details: { code: null } };
  }
  const known = OWN_ERRORS.find(([pattern]) => pattern.test(error.message));
  if (known === undefined) return null;
  return { errorClass: known[1], message: error.message + known[2], details: { code: null } };
}

function messageOf(error: ServerError): string {
  let text = error.message;
  if (error.detail !== undefined) text += `\nDETAIL: ${error.detail}`;
  if (error.hint !== undefined) text += `\nHINT: ${error.hint}`;
  if (error.batchIndex !== undefined) text += `\n(in set ${error.batchIndex + 1} of the batch)`;
  if (error.copyLine !== undefined) text += copyPlace(error.where ?? "", error.copyLine);
  if (error.code === "28P01" && /^empty password/.test(error.message)) {
    text += " (the server asks for a password, and the URL has none)";
  }
  if (isStalePlan(error)) {
    text +=
      "\nA prepared statement of this connection was changed under it, by a change of the schema or by a connection pooler. It has been " +
      "dropped: run the transaction again. Behind a transaction pooler set preparedStatements: false.";
  } else if (error.code === "42P05") {
    text += "\nA connection pooler mixes the prepared statements of its clients: set preparedStatements: false.";
  }
  return text;
}

// Without the value, which may be nobody's to see.
function copyPlace(where: string, firstLine: number): string {
  const [, line, column] = /^COPY .*, line (\d+)(?:, column ([^:]+))?/.exec(where) ?? [];
  if (line === undefined) return "";
  return `\n(in line ${firstLine + Number(line) - 1} of what was copied${column === undefined ? "" : `, column ${column}`})`;
}

function detailsOf(error: ServerError): DatabaseErrorDetails {
  return {
    code: error.code,
    constraint: error.constraint ?? null,
    schema: error.schema ?? null,
    table: error.table ?? null,
    columns: error.column !== undefined ? [error.column] : columnsIn(error.detail),
    violation: VIOLATIONS[error.code] ?? null,
    detail: error.detail ?? null,
    hint: error.hint ?? null,
    retryable: error.code === "40001" || error.code === "40P01" || isStalePlan(error),
  };
}

/** The columns of `Key (a, "B c")=(1, 2) already exists.` */
function columnsIn(detail: string | undefined): readonly string[] {
  const list = /^[^(]*\(((?:"(?:[^"]|"")*"|[^)"])*)\)=\(/.exec(detail ?? "")?.[1];
  if (list === undefined) return [];
  const names = list.match(/"(?:[^"]|"")*"|[^,"]+/g) ?? [];
  return names
    .map((name) => name.trim())
    .filter((name) => name !== "")
    .map(unquoted);
}

// Codes of Node's network errors.
const NETWORK = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_NODATA",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "ENOENT",
  "EACCES",
  "ERR_STREAM_DESTROYED",
]);

/** Codes of Node's and OpenSSL's errors in a handshake. */
const TLS = /^(EPROTO|ERR_(SSL|TLS|OSSL)_\w+|\w*CERT\w*|UNABLE_TO_\w+|HOSTNAME_MISMATCH|INVALID_CA)$/;

function networkMessage(error: Error, code: string): string {
  // Of a host with several addresses Node tells one error for each, and no text of its own.
  const { errors } = error as { errors?: readonly Error[] };
  const text = error.message !== "" ? error.message : (errors ?? []).map((each) => each.message).join("; ");
  const message = text === "" ? code : text;
  if (/CERT|VERIFY|ISSUER|HOSTNAME|INVALID_CA/.test(code)) {
    return (
      `The server's TLS certificate is not accepted: ${message}. Give the authority's certificate with sslrootcert=/path/ca.pem, or ` +
      "encrypt without checking by sslmode=require."
    );
  }
  if (/^(EPROTO|ERR_(SSL|OSSL))/.test(code)) {
    const reason = /(?:SSL routines:[^:]*:)?([^:]+)(?::[^:]*ssl[^:]*:\d+:?\s*)?$/.exec(message.trim())?.[1] ?? message;
    return (
      `The server and this program could not agree on TLS: ${reason.trim()}. Either it is no PostgreSQL server, or they share no ` +
      "version of TLS; sslmode=disable connects without it."
    );
  }
  if (/^(read|write) E|ended by the other party/.test(message))
    return `The connection to the server was lost: ${message}`;
  return `Could not reach the server: ${message}`;
}

// pg's own errors, which have no code.
const OWN_ERRORS: readonly (readonly [RegExp, DatabaseErrorClass, string])[] = [
  [/^Connection terminated/, OperationalError, ""],
  [/^timeout expired$/, OperationalError, ": the server did not answer in time (connect_timeout)"],
  [
    /client password must be a string|password must be a (non-empty )?string/i,
    OperationalError,
    " (the server asks for a password, and the URL has none)",
  ],
  [/does not support SSL|establishing an SSL/i, OperationalError, ". Set sslmode=disable to connect without TLS."],
  [/^SASL|SCRAM/, OperationalError, ""],
  [/Client has encountered a connection error|Client was closed/, OperationalError, ""],
  [/^COPY \.\.\. /, NotSupportedError, ""],
  [/socket hang up|Client network socket disconnected/, OperationalError, ""],
  [/Received unexpected|received invalid response/, InterfaceError, ""],
];

/** Whether the error means that the connection is dead. */
export function isPostgresDisconnect(error: unknown): boolean {
  if (isServerError(error)) {
    if (error.severity === "FATAL" || error.severity === "PANIC") return true;
    return error.code.startsWith("08") || error.code === "57P01" || error.code === "57P02" || error.code === "57P05";
  }
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  return (
    (typeof code === "string" && /^(ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|ERR_STREAM_DESTROYED)$/.test(code)) ||
    /^Connection terminated|Client has encountered a connection error|Client was closed/.test(error.message)
  );
}
