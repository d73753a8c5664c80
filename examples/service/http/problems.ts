/** Errors as HTTP says them: the one place that knows which status is whose. */
import { DatabaseError, IntegrityError, OperationalError, StaleDataError, TimeoutError } from "athanor";
import { HTTPException } from "hono/http-exception";
import { z } from "zod";
import { EditConflict } from "../use-cases/office.js";
import { OutOfStock, Refusal, type RefusalKind } from "../use-cases/refusals.js";

/** What an answer says went wrong. */
export interface Problem {
  readonly status: 400 | 401 | 403 | 404 | 409 | 411 | 413 | 415 | 422 | 500 | 503;
  /** A sentence for who asked. */
  readonly message: string;
  /** What was wrong with each field. */
  readonly fields?: Readonly<Record<string, string>>;
  /** What else a program may want. */
  readonly details?: Readonly<Record<string, unknown>>;
}

const STATUS: Readonly<Record<RefusalKind, Problem["status"]>> = {
  invalid: 422,
  unrecognised: 401,
  unauthenticated: 401,
  forbidden: 403,
  missing: 404,
  conflict: 409,
};

export function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) return refused(error);
  if (error instanceof z.ZodError)
    return { status: 422, message: "Something in it does not fit.", fields: issuesOf(error) };
  if (error instanceof HTTPException) return { status: error.status as Problem["status"], message: error.message };
  if (error instanceof StaleDataError)
    return { status: 409, message: "Somebody else has changed this in the same moment." };
  if (isUnavailable(error)) return { status: 503, message: "The shop is closed for a moment. Please try again." };
  if (error instanceof IntegrityError) return { status: 409, message: "That goes against what the shop has by now." };
  return { status: 500, message: "Something went wrong, and we will see to it." };
}

function refused(refusal: Refusal): Problem {
  const { kind, message, field } = refusal;
  const details =
    refusal instanceof EditConflict
      ? { theirs: refusal.theirs, mine: refusal.mine }
      : refusal instanceof OutOfStock
        ? { short: refusal.short }
        : undefined;
  return {
    status: STATUS[kind],
    message,
    ...(field !== null && { fields: { [field]: message } }),
    ...(details !== undefined && { details }),
  };
}

/** PostgreSQL's code of a write where only reads are allowed: on a standby that is to take the place of the server. */
const ONLY_READS = "25006";

/** Whether the database, and not the request, is at fault, and the same request may succeed soon. */
function isUnavailable(error: unknown): boolean {
  if (error instanceof TimeoutError) return true;
  if (!(error instanceof DatabaseError)) return false;
  return error instanceof OperationalError || error.connectionInvalidated || error.code === ONLY_READS;
}

/** What each field lacks, by its path. */
export function issuesOf(error: z.ZodError): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const { path, message } of error.issues) fields[path.join(".")] ??= message;
  return fields;
}
