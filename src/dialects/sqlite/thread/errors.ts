/** Errors that go from thread to thread: a structured clone keeps neither their class nor their fields. */
import { DatabaseError, InterfaceError, NoSuchModuleError, OperationalError } from "../../../engine/errors.js";

/** An error as data. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: string | null;
  /** One of our own classes. */
  readonly ours: keyof typeof OURS | null;
  readonly retryable: boolean;
}

const OURS = { OperationalError, InterfaceError, NoSuchModuleError };
const BUILT_IN: Readonly<Record<string, ErrorConstructor>> = { TypeError, RangeError, ReferenceError, SyntaxError };

/** An error of better-sqlite3 in a thread; its own class stays there. */
class SqliteError extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
    this.name = "SqliteError";
  }
}

/** Takes an error apart. */
export function sendError(error: unknown): SentError {
  if (!(error instanceof Error)) {
    return { name: "Error", message: String(error), stack: undefined, code: null, ours: null, retryable: false };
  }
  const ours = (Object.keys(OURS) as (keyof typeof OURS)[]).find((name) => error instanceof OURS[name]) ?? null;
  const { code } = error as { code?: unknown };
  return {
    name: error.constructor.name,
    message: error instanceof DatabaseError ? error.reason : error.message,
    stack: error.stack,
    code: typeof code === "string" ? code : null,
    ours,
    retryable: error instanceof DatabaseError && error.retryable,
  };
}

/** Puts it together again. Its stack is the thread's. */
export function receiveError(sent: SentError): Error {
  const error = made(sent);
  if (sent.stack !== undefined && sent.ours === null) error.stack = sent.stack;
  return error;
}

function made({ name, message, code, ours, retryable }: SentError): Error {
  if (ours === "NoSuchModuleError") return new NoSuchModuleError(message);
  if (ours !== null) return new OURS[ours](message, null, undefined, { code, retryable });
  if (name === "SqliteError") return new SqliteError(message, code ?? "SQLITE_ERROR");
  const error = new (BUILT_IN[name] ?? Error)(message);
  if (error.name !== name) Object.defineProperty(error, "name", { value: name, configurable: true });
  return code === null ? error : Object.assign(error, { code });
}
