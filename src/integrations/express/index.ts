/**
 * `athanor/express`: a session for each request.
 *
 * Express is an optional peer dependency.
 */
import type { Request, RequestHandler, Response } from "express";
import type { AsyncScopedSession } from "../../orm/index.js";
import { endWith } from "../node-response.js";
import { RequestScope, type RequestScopeOptions } from "../request-scope.js";

export { ndjson } from "../ndjson.js";
export type { RequestScopeOptions } from "../request-scope.js";
export { mountPanel } from "./panel.js";

/**
 * A middleware that gives each request a scope of the scoped session: everything that the request calls reaches the same session as `db`.
 *
 * The session commits before the response is sent (one that is written in parts: before its end), and rolls back when the status is 400 or more. A commit
 * that fails goes to the error handlers. The session is closed in every case, and when the client goes away its statement is cancelled first. An error
 * handler that answers an error with a status under 400 calls `db.rollback()`, unless what was done before the error is to stay.
 *
 * @param db the scoped session
 * @param options which statuses commit, and options of the sessions
 * @example
 * app.use(requestScope(db));
 * app.post("/users", async (req, res) => {
 *   const user = create(User, { name: req.body.name });
 *   db.add(user);
 *   await db.flush();                                   // for its key
 *   res.status(201).json(user);
 * });
 * app.get("/orders", async (_req, res) => {
 *   res.type("application/x-ndjson");
 *   await pipeline(ndjson(await db.streamScalars(select(Order))), res);
 * });
 */
export function requestScope(db: AsyncScopedSession, options: RequestScopeOptions<Request> = {}): RequestHandler {
  return (request, response, next) => {
    RequestScope.open(db, options, request, (scope) => {
      endWith(response, scope);
      finishBeforeEnd(response, scope, next);
      next();
    });
  };
}

/** Express has no hook between a handler and its response, but all ways to send one come to `end()`. */
function finishBeforeEnd(response: Response, scope: RequestScope, next: (error: unknown) => void): void {
  const end = response.end;
  let ending = false;
  const finish = async (args: unknown[]): Promise<void> => {
    try {
      await scope.finish(response.statusCode);
    } catch (error) {
      response.end = end;
      if (response.headersSent) {
        response.destroy(error as Error);
        return;
      }
      // What the handler said of its response does not hold for the error's.
      for (const name of response.getHeaderNames()) if (/^(content-|etag$)/.test(name)) response.removeHeader(name);
      response.status(500);
      next(error);
      return;
    }
    response.end = end;
    response.end(...(args as Parameters<Response["end"]>));
  };
  response.end = ((...args: unknown[]) => {
    if (!ending) void finish(args);
    ending = true;
    return response;
  }) as Response["end"];
}
