/**
 * `athanor/hono`: a session for each request.
 *
 * Hono is an optional peer dependency.
 */
import type { ServerResponse } from "node:http";
import type { Context, MiddlewareHandler, Next } from "hono";
import type { AsyncScopedSession } from "../../orm/index.js";
import { guardedBody } from "../guarded-body.js";
import { RequestScope, type RequestScopeOptions } from "../request-scope.js";

export { ndjson } from "../ndjson.js";
export type { RequestScopeOptions } from "../request-scope.js";
export { mountPanel } from "./panel.js";

/**
 * A middleware that gives each request a scope of the scoped session: everything that the request calls reaches the same session as `db`.
 *
 * The session commits when the handler has returned and before the response is sent, and rolls back when the handler threw or the status is 400 or more.
 * A body that is read from a cursor of the session (`db.stream()`, opened before the handler returns) keeps it until the body ends, and commits then. The
 * session is closed in every case, and when the client goes away its statement is cancelled first.
 *
 * @param db the scoped session
 * @param options which statuses commit, and options of the sessions
 * @example
 * app.use(requestScope(db));
 * app.post("/users", async (c) => {
 *   const user = create(User, await c.req.json());
 *   db.add(user);
 *   await db.flush();                                   // for its key
 *   return c.json(toObject(user), 201);
 * });
 * app.get("/orders", async (c) => c.body(ReadableStream.from(ndjson(await db.streamScalars(select(Order))))));
 */
export function requestScope(db: AsyncScopedSession, options: RequestScopeOptions<Context> = {}): MiddlewareHandler {
  return (c, next) =>
    new Promise<void>((resolve, reject) => {
      RequestScope.open(db, options, c, (scope) => void handle(scope, c, next).then(resolve, reject));
    });
}

async function handle(scope: RequestScope, c: Context, next: Next): Promise<void> {
  onGone(c, () => scope.abort());
  let isStreamed = false;
  try {
    await next();
    if (c.error !== undefined) scope.fail();
    const { res } = c;
    // The body is asked for last: on Node that makes a web response of one that needs none.
    if (scope.isStreaming && res.body !== null) {
      isStreamed = true;
      const body = guardedBody(
        res.body,
        () => scope.finish(res.status),
        () => scope.end(),
      );
      c.res = new Response(body, res);
    } else await scope.finish(res.status);
  } finally {
    if (!isStreamed) scope.end();
  }
}

/** Calls a function when the client goes away before it has its response. On Node the response tells it, and no signal has to be made. */
function onGone(c: Context, gone: () => void): void {
  const { outgoing } = (c.env ?? {}) as { readonly outgoing?: ServerResponse };
  if (outgoing === undefined) c.req.raw.signal.addEventListener("abort", gone, { once: true });
  else
    outgoing.once("close", () => {
      if (!outgoing.writableFinished) gone();
    });
}
