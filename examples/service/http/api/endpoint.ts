/** One operation of the API: what it takes and gives is said once, for the check, for the types and for the description. */
import type { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { z } from "zod";
import type { Environment, RequestContext } from "../environment.js";

export type Method = "get" | "post" | "put" | "patch" | "delete";

type Schema = z.ZodType;
type Given<S> = S extends Schema ? z.output<S> : undefined;

export interface Endpoint<P = unknown, Q = unknown, H = unknown, B = unknown, R = unknown> {
  readonly method: Method;
  /** With its parameters in braces: `/books/{id}`. */
  readonly path: string;
  readonly summary: string;
  /** Who may use it: the use case sees to it, the description says so. Default: anyone. */
  readonly access?: "customers" | "clerks";
  readonly params?: P;
  readonly query?: Q;
  readonly headers?: H;
  readonly body?: B;
  /** The status of a success. Default 200. */
  readonly status?: 200 | 201 | 204;
  /** What a success answers with; nothing where left out. */
  readonly answer?: R;
  /** Statuses of refusals beyond those that every endpoint has. */
  readonly refusals?: readonly (401 | 403 | 404 | 409)[];
  handle(input: Input<P, Q, H, B>): Promise<R extends Schema ? z.input<R> : void>;
}

export interface Input<P, Q, H, B> {
  readonly params: Given<P>;
  readonly query: Given<Q>;
  readonly headers: Given<H>;
  readonly body: Given<B>;
  readonly token: string | null;
}

/** An endpoint as it is kept in lists, its types forgotten. */
export type AnyEndpoint = Endpoint<
  Schema | undefined,
  Schema | undefined,
  Schema | undefined,
  Schema | undefined,
  Schema | undefined
>;

/** Says what an endpoint is; its handler's types follow from its schemas. */
export function endpoint<
  P extends Schema | undefined = undefined,
  Q extends Schema | undefined = undefined,
  H extends Schema | undefined = undefined,
  B extends Schema | undefined = undefined,
  R extends Schema | undefined = undefined,
>(spec: Endpoint<P, Q, H, B, R>): AnyEndpoint {
  return spec as unknown as AnyEndpoint;
}

/** Puts endpoints into an application. */
export function mount(app: Hono<Environment>, endpoints: readonly AnyEndpoint[]): void {
  for (const { method, path, params, query, headers, body, status = 200, handle } of endpoints) {
    app.on(method.toUpperCase(), path.replaceAll(/\{(\w+)\}/g, ":$1"), async (c) => {
      const answer: unknown = await handle({
        params: params?.parse(c.req.param()),
        query: query?.parse(singleValues(c)),
        headers: headers?.parse(c.req.header()),
        body: body === undefined ? undefined : body.parse(await jsonOf(c)),
        token: c.get("token"),
      } as never);
      return status === 204 ? c.body(null, 204) : c.json(answer as object, status as ContentfulStatusCode);
    });
  }
}

/** The query, in which nothing is said twice: nobody could know which was meant. */
export function singleValues(c: RequestContext): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, [value, ...more]] of Object.entries(c.req.queries())) {
    if (more.length > 0) throw new HTTPException(400, { message: `"${name}" is given more than once.` });
    values[name] = value as string;
  }
  return values;
}

async function jsonOf(c: RequestContext): Promise<unknown> {
  if (!/^application\/json\b/i.test(c.req.header("content-type") ?? "")) {
    throw new HTTPException(415, { message: "The body has to be application/json." });
  }
  try {
    return await c.req.json();
  } catch (cause) {
    throw new HTTPException(400, { message: "The body is no JSON.", cause });
  }
}
