/** The web application: shops by their address, an API and pages in each, a session for each request. */
import { mountPanel, requestScope } from "athanor/hono";
import type { DeveloperPanel } from "athanor/panel";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { HTTPException } from "hono/http-exception";
import { secureHeaders } from "hono/secure-headers";
import { type ShopFacts, serve } from "../scope.js";
import { db } from "../session.js";
import { signedIn } from "../use-cases/customers.js";
import { missing } from "../use-cases/refusals.js";
import { createApi } from "./api/index.js";
import type { Environment, RequestContext } from "./environment.js";
import { icon, stylesheet } from "./pages/assets.js";
import { createPages } from "./pages/index.js";
import { problemPage } from "./pages/problem.js";
import { shopsPage } from "./pages/shops.js";
import { problemOf } from "./problems.js";

export interface AppOptions {
  /** The shops that are served. */
  readonly shops: readonly ShopFacts[];
  /** The developer's panel, where there is one. */
  readonly panel?: DeveloperPanel;
  /** Gets the errors that nobody expected. Default: the console. */
  readonly report?: (error: unknown) => void;
}

/** What a request that only reads needs: each statement by itself, and no COMMIT. */
const READING = { transactionOptions: { isolationLevel: "AUTOCOMMIT" } } as const;
const BODY_LIMIT = 64 * 1024;

export function createApp({ shops, panel, report = console.error }: AppOptions): Hono<Environment> {
  const app = new Hono<Environment>({ strict: false });
  const bySlug = new Map(shops.map((shop) => [shop.slug, shop]));
  if (panel?.enabled) app.use(mountPanel(panel));
  protect(app);
  app.get("/", (c) => c.html(shopsPage(shops)));
  app.get("/health", (c) => c.text("ok"));
  for (const { path, text, type } of [stylesheet, icon]) {
    app.get(path, (c) =>
      c.body(text, 200, { "content-type": type, "cache-control": "public, max-age=31536000, immutable" }),
    );
  }
  app.use(
    "/:shop/*",
    requestScope(db, {
      session: (c) => ({ info: { shop: bySlug.get(c.req.param("shop") ?? "") }, ...(onlyReads(c) && READING) }),
    }),
    enter(bySlug),
  );
  app.route("/:shop/api", createApi());
  app.route("/:shop", createPages());
  app.notFound((c) => answerProblem(c, missing("page"), report));
  app.onError((error, c) => answerProblem(c, error, report));
  return app;
}

/** What every answer says of itself, and what is not read. */
export function protect(app: Hono<Environment>): void {
  app.use(
    secureHeaders({
      contentSecurityPolicy: { defaultSrc: ["'self'"], formAction: ["'self'"], frameAncestors: ["'none'"] },
    }),
  );
  app.use(limitBody);
}

/** Exports read one cursor for long, which needs a transaction to live in. */
const onlyReads = (c: Context): boolean => isSafe(c) && !c.req.path.endsWith(".ndjson");

const isSafe = ({ req }: Context): boolean => req.method === "GET" || req.method === "HEAD";
const isApi = ({ req }: Context): boolean => /^\/[^/]+\/api\//.test(req.path);

/** Finds out which shop it is and who is asking. */
function enter(bySlug: ReadonlyMap<string, ShopFacts>): MiddlewareHandler<Environment> {
  return async (c, next) => {
    const shop = bySlug.get(c.req.param("shop") ?? "");
    if (shop === undefined) throw missing("shop");
    c.set("shop", shop);
    const token = tokenOf(c);
    c.set("token", token);
    const actor = token === null ? null : await signedIn(token);
    c.set("actor", actor);
    serve({ actor });
    await next();
  };
}

/**
 * A program sends its token as a header, a browser as a cookie: which it sends by itself, whoever has made it ask, so that a cookie alone changes nothing
 * through the API. Forms of pages are checked for where they come from.
 */
function tokenOf(c: RequestContext): string | null {
  const [, bearer] = /^Bearer ([\w-]{1,64})$/.exec(c.req.header("authorization") ?? "") ?? [];
  const token = bearer ?? (isApi(c) && !isSafe(c) ? undefined : getCookie(c, "token"));
  return token !== undefined && /^[\w-]{1,64}$/.test(token) ? token : null;
}

/** Bodies say beforehand how long they are; Node reads no further than that. */
const limitBody: MiddlewareHandler = async (c, next) => {
  if (c.req.header("transfer-encoding") !== undefined)
    throw new HTTPException(411, { message: "Say how long the body is." });
  if (Number(c.req.header("content-length") ?? 0) > BODY_LIMIT) {
    throw new HTTPException(413, { message: `More than ${BODY_LIMIT} bytes are not read.` });
  }
  await next();
};

/** Errors are JSON for programs and pages for people. */
function answerProblem(
  c: RequestContext,
  error: unknown,
  report: (error: unknown) => void,
): Response | Promise<Response> {
  const problem = problemOf(error);
  const { status, message, fields, details } = problem;
  // Who has gone away leaves a request without its database, which is nobody's fault.
  if (status === 500 && !c.req.raw.signal.aborted) report(error);
  if (status === 503) c.header("retry-after", "1");
  if (!isApi(c)) return problemPage(c, problem);
  return c.json({ error: { message, ...(fields && { fields }), ...details } }, status);
}
