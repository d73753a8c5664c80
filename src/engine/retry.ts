/** Work that is run again when the database asks for it. */
import { AthanorError } from "../sql/errors.js";
import type { TransactionOptions } from "./dialect.js";
import type { DatabaseError } from "./errors.js";

/** Options of `transaction(fn)`. */
export interface RetryOptions extends TransactionOptions {
  /** How often `fn` may run again after a serialization failure, a deadlock, a busy database or a row that another has changed (StaleDataError). Default 3. */
  readonly retries?: number;
  /** Milliseconds before the first retry; they double with each, with jitter, up to `maxBackoff`. Default 20. */
  readonly backoff?: number;
  /** The most milliseconds before a retry, jitter left out. Default 2000. */
  readonly maxBackoff?: number;
  /**
   * Ends the waiting for a connection and for a retry, with its reason, and is the signal of the session, where it is one's. A statement of a connection
   * takes a signal of its own.
   */
  readonly signal?: AbortSignal;
}

/**
 * Runs a whole transaction, and again from the start while it fails with an error that says `retryable`.
 *
 * A COMMIT whose outcome is unknown is never retryable: the work may have been done.
 */
export async function retrying<T>(options: RetryOptions, attempt: () => Promise<T>): Promise<T> {
  const { retries = 3, backoff = 20, maxBackoff = 2000, signal } = options;
  for (let failures = 0; ; failures++) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (failures >= retries || !isRetryable(error)) throw error;
    }
    // Those who clashed must not meet again: each waits for a time of its own.
    await pause(Math.min(backoff * 2 ** failures, maxBackoff) * (0.5 + Math.random()), signal);
  }
}

function isRetryable(error: unknown): boolean {
  if (!(error instanceof AthanorError)) return false;
  const { retryable, commitUncertain } = error as Partial<DatabaseError>;
  return retryable === true && commitUncertain !== true;
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    const onAbort = (): void => {
      done();
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      done();
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
