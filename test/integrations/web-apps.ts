/** The same application on each web framework, listening on a free port. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type ServerType, serve } from "@hono/node-server";
import * as forExpress from "athanor/express";
import * as forFastify from "athanor/fastify";
import * as forHono from "athanor/hono";
import type { DeveloperPanel } from "athanor/panel";
import express from "express";
import Fastify from "fastify";
import { Hono } from "hono";
import { onTestFinished } from "vitest";
import type { AsyncScopedSession } from "../../src/index.js";

/** What a handler answers: a body as JSON, or rows as lines of JSON. */
export type Answer = { readonly status?: number; readonly body?: unknown; readonly rows?: AsyncIterable<unknown> };
export type Handler = (body: unknown) => Answer | Promise<Answer>;

/** Handlers by path, all for POST; an error of theirs is answered with 500 and its message, or with `errorStatus`. */
export interface AppOptions {
  readonly db: AsyncScopedSession;
  readonly routes: Readonly<Record<string, Handler>>;
  readonly errorStatus?: number;
  readonly scope?: forHono.RequestScopeOptions;
  readonly panel?: DeveloperPanel;
}

export type StartApp = (options: AppOptions) => Promise<string>;

const messageOf = (error: unknown) => ({ error: (error as Error).message });

async function startExpress({ db, routes, errorStatus = 500, scope, panel }: AppOptions): Promise<string> {
  const app = express();
  if (panel !== undefined) app.use(forExpress.mountPanel(panel));
  app.use(forExpress.requestScope(db, scope), express.json());
  for (const [path, handler] of Object.entries(routes)) {
    app.post(path, async (request, response) => {
      const { status = 200, body, rows } = await handler(request.body);
      response.status(status);
      if (rows === undefined) response.json(body ?? null);
      else await pipeline(forExpress.ndjson(rows), response).catch(() => {});
    });
  }
  app.use(((error, _request, response, next) => {
    if (response.headersSent) next(error);
    else response.status(errorStatus).json(messageOf(error));
  }) as express.ErrorRequestHandler);
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function startFastify({ db, routes, errorStatus = 500, scope, panel }: AppOptions): Promise<string> {
  const app = Fastify({ forceCloseConnections: true });
  if (panel !== undefined) await app.register(forFastify.mountPanel, { panel });
  await app.register(forFastify.requestScope, { db, ...scope });
  app.setErrorHandler((error, _request, reply) => reply.code(errorStatus).send(messageOf(error)));
  for (const [path, handler] of Object.entries(routes)) {
    app.post(path, async (request, reply) => {
      const { status = 200, body, rows } = await handler(request.body);
      reply.code(status);
      return rows === undefined ? (body ?? null) : Readable.from(forFastify.ndjson(rows));
    });
  }
  onTestFinished(() => app.close());
  return await app.listen({ port: 0, host: "127.0.0.1" });
}

async function startHono({ db, routes, errorStatus = 500, scope, panel }: AppOptions): Promise<string> {
  const app = new Hono();
  if (panel !== undefined) app.use(forHono.mountPanel(panel));
  app.use(forHono.requestScope(db, scope));
  for (const [path, handler] of Object.entries(routes)) {
    app.post(path, async (c) => {
      const { status = 200, body, rows } = await handler(await c.req.json().catch(() => null));
      if (rows !== undefined) return c.body(ReadableStream.from(forHono.ndjson(rows)) as ReadableStream);
      return c.json((body ?? null) as object, status as 200);
    });
  }
  app.onError((error, c) => c.json(messageOf(error), errorStatus as 500));
  let server: ServerType | undefined;
  const port = await new Promise<number>((resolve) => {
    server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, (info) => resolve(info.port));
  });
  onTestFinished(() => void server?.close());
  return `http://127.0.0.1:${port}`;
}

export const STARTERS: readonly (readonly [string, StartApp])[] = [
  ["express", startExpress],
  ["fastify", startFastify],
  ["hono", startHono],
];
