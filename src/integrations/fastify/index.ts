/**
 * `athanor/fastify`: a session for each request.
 *
 * Fastify is an optional peer dependency.
 */
import { pipeline, type Readable, Transform } from "node:stream";
import type { FastifyInstance, FastifyPluginCallback, FastifyRequest, RouteOptions } from "fastify";
import type { AsyncScopedSession } from "../../orm/index.js";
import { guardedBody } from "../guarded-body.js";
import { endWith } from "../node-response.js";
import { RequestScope, type RequestScopeOptions } from "../request-scope.js";

export { ndjson } from "../ndjson.js";
export type { RequestScopeOptions } from "../request-scope.js";
export { type FastifyPanelOptions, mountPanel } from "./panel.js";

/** Options of the plugin. */
export interface FastifyRequestScopeOptions extends RequestScopeOptions<FastifyRequest> {
  /** The scoped session. */
  readonly db: AsyncScopedSession;
}

const plugin: FastifyPluginCallback<FastifyRequestScopeOptions> = (fastify, { db, ...options }, done) => {
  const scopes = new WeakMap<FastifyRequest, RequestScope>();
  fastify.addHook("onRoute", (route) => failWhenItThrows(route, (request) => scopes.get(request)?.fail()));
  fastify.addHook("onRequest", (request, reply, next) => {
    RequestScope.open(db, options, request, (scope) => {
      scopes.set(request, scope);
      endWith(reply.raw, scope);
      next();
    });
  });
  // The body was read by events of the socket, which are outside the scope.
  fastify.addHook("preValidation", (request, _reply, next) => {
    const scope = scopes.get(request);
    if (scope === undefined) next();
    else scope.run(next);
  });
  fastify.addHook("onSend", async (request, reply, payload) => {
    const scope = scopes.get(request);
    if (scope === undefined) return payload;
    const finish = (): Promise<void> => scope.finish(reply.statusCode);
    if (scope.isStreaming && isStreamed(payload)) return guarded(payload, finish);
    try {
      await finish();
    } catch (error) {
      // Fastify chooses the status of an error where the handler has chosen none but 200.
      reply.code(200);
      throw error;
    }
    return payload;
  });
  done();
};

/**
 * A plugin that gives each request a scope of the scoped session: everything that the request calls reaches the same session as `db`.
 *
 * The session commits when the handler has returned and before the response is sent, and rolls back when the handler threw or the status is 400 or more.
 * A body that is read from a cursor of the session (`db.stream()`, opened before the handler returns) keeps it until the body ends, and commits then. The
 * session is closed in every case, and when the client goes away its statement is cancelled first. Register it before the routes, on the instance that
 * has them.
 *
 * @example
 * await app.register(requestScope, { db });
 * app.post("/users", async (request, reply) => {
 *   const user = create(User, request.body);
 *   db.add(user);
 *   await db.flush();                                   // for its key
 *   return reply.code(201).send(user);
 * });
 * app.get("/orders", async () => Readable.from(ndjson(await db.streamScalars(select(Order)))));
 */
export const requestScope: FastifyPluginCallback<FastifyRequestScopeOptions> = Object.assign(plugin, {
  // Its hooks are for the instance that registers it, not for one of its own.
  [Symbol.for("skip-override")]: true,
  [Symbol.for("fastify.display-name")]: "athanor",
});

/** An error handler may answer with any status, so that the throw itself has to be seen. */
function failWhenItThrows(route: RouteOptions, fail: (request: FastifyRequest) => void): void {
  const { handler } = route;
  const watched: typeof handler = function (this: FastifyInstance, request, reply) {
    const failed = (error: unknown): never => {
      fail(request);
      throw error;
    };
    let answer: unknown;
    try {
      answer = handler.call(this, request, reply);
    } catch (error) {
      return failed(error);
    }
    return answer instanceof Promise ? answer.then(undefined, failed) : answer;
  };
  route.handler = watched;
}

type Streamed = Readable | ReadableStream<Uint8Array> | Response;

function isStreamed(payload: unknown): payload is Streamed {
  if (typeof payload !== "object" || payload === null) return false;
  return "pipe" in payload || "getReader" in payload || payload instanceof Response;
}

/** The same payload, whose end waits for the commit. */
function guarded(payload: Streamed, finish: () => Promise<void>): Streamed {
  if (payload instanceof Response) {
    return payload.body === null
      ? payload
      : new Response(
          guardedBody(payload.body, finish, () => {}),
          payload,
        );
  }
  if ("getReader" in payload) return guardedBody(payload, finish, () => {});
  const guard = new Transform({
    transform: (chunk, _encoding, pass) => pass(null, chunk),
    flush: (end) => void finish().then(() => end(), end),
  });
  // An error of either side destroys the other, and Fastify reports it.
  return pipeline(payload, guard, () => {});
}
