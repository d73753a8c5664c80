/** What the integrations with web frameworks share: a request's scope, from its first hook to the end of its response. */
import { AsyncResource } from "node:async_hooks";
import type { AsyncScopedSession, AsyncSession, AsyncSessionOptions } from "../orm/index.js";
import { InvalidRequestError } from "../sql/errors.js";
import { warn } from "../sql/warnings.js";
import { CLOSE_FAILED, RESPONSE_LOST } from "./warnings.js";

/** Options of a request scope. `R` is what the framework calls a request. */
export interface RequestScopeOptions<R = unknown> {
  /** Whether a response with this status commits; others roll back. Default: those under 400. A handler that throws rolls back in any case. */
  readonly commitOn?: (status: number) => boolean;
  /**
   * Options of the requests' sessions, over those of the factory; or a function that gives them for each request: `info` for what the request is about,
   * `signal` for a deadline, `transactionOptions` for requests that only read.
   */
  readonly session?: Partial<AsyncSessionOptions> | ((request: R) => Partial<AsyncSessionOptions>);
}

const FORGOTTEN_AWAIT =
  "The handler was done while an operation of its session was still running, so that its work was rolled back instead of committed: a promise was not " +
  "awaited. Put await before each call of the session (flush, commit, execute, scalars, get, ...), or return its promise.";

/** One request. It is closed in every case: by {@link end}, when its response is sent or will never be. */
export class RequestScope {
  readonly #context = new AsyncResource("athanor.request");
  #decided = false;
  #failed = false;
  #ended = false;

  private constructor(
    private readonly db: AsyncScopedSession,
    private readonly commitOn: (status: number) => boolean,
    private readonly client: AbortController,
    private readonly leave: () => void,
  ) {}

  /**
   * Opens the scope of a request.
   *
   * @param begin is called inside it, and so is all that follows from that call
   * @throws what the options' function throws
   */
  static open<R>(
    db: AsyncScopedSession,
    { session, commitOn = (status) => status < 400 }: RequestScopeOptions<R>,
    request: R,
    begin: (scope: RequestScope) => void,
  ): void {
    const client = new AbortController();
    const given = typeof session === "function" ? session(request) : session;
    const signal = given?.signal === undefined ? client.signal : AbortSignal.any([given.signal, client.signal]);
    db.scope(() => new Promise<void>((leave) => begin(new RequestScope(db, commitOn, client, leave))), {
      ...given,
      signal,
    }).catch((error: unknown) => warn(CLOSE_FAILED, String(error)));
  }

  /** Calls a function inside the scope, from wherever. Events of a socket are not in it. */
  run<T>(fn: () => T): T {
    return this.#context.runInAsyncScope(fn);
  }

  /** Whether the response is being read from a cursor of the session. */
  get isStreaming(): boolean {
    return !this.#ended && this.run(() => this.db.has() && this.db.isStreaming);
  }

  /** The handler threw: whatever is answered, its work is rolled back. */
  fail(): void {
    this.#failed = true;
  }

  /**
   * Commits or rolls back, by the response's status; the first call decides.
   * @throws what the commit throws; InvalidRequestError when an operation was not awaited
   */
  async finish(status: number): Promise<void> {
    if (this.#decided || this.#ended) return;
    this.#decided = true;
    const session = this.#session();
    if (session === null) return;
    if (this.#failed || !this.commitOn(status)) return await session.rollback();
    if (!session.queue.idle) {
      await session.rollback();
      throw new InvalidRequestError(FORGOTTEN_AWAIT);
    }
    await session.commit();
  }

  /** The client has gone away: the statement that runs is cancelled, and the session closed. */
  abort(): void {
    this.#decided = true;
    this.client.abort(
      new DOMException("The client closed the connection before its response was complete.", "AbortError"),
    );
    this.end();
  }

  /** Closes the session. What was not committed is rolled back. */
  end(): void {
    if (this.#ended) return;
    if (!this.#decided) this.#warnOfLoss();
    this.#ended = true;
    this.leave();
  }

  #session(): AsyncSession | null {
    return this.run(() => (this.db.has() ? this.db() : null));
  }

  #warnOfLoss(): void {
    const session = this.#session();
    if (session === null) return;
    const hasWritten = session.inTransaction() && session.core.hasWritten;
    if (hasWritten || session.new.size + session.dirty.size + session.deleted.size > 0) warn(RESPONSE_LOST);
  }
}
