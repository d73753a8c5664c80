/** Forms: what was sent, checked; and what is shown again when it does not fit. */
import { HTTPException } from "hono/http-exception";
import type { z } from "zod";
import { db } from "../../session.js";
import { Refusal, type RefusalKind } from "../../use-cases/refusals.js";
import type { RequestContext } from "../environment.js";
import { issuesOf, problemOf } from "../problems.js";

export type Values = Readonly<Record<string, string>>;

/** A form as it is shown: what is in its fields, and what is wrong with them. */
export interface FormState {
  readonly values: Values;
  readonly errors: Values;
}

export const EMPTY: FormState = { values: {}, errors: {} };

/** The fields of a form that was sent. */
export async function formValues(c: RequestContext): Promise<Values> {
  if (!/^application\/x-www-form-urlencoded\b/i.test(c.req.header("content-type") ?? "")) {
    throw new HTTPException(415, { message: "That is no form." });
  }
  const values: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(await c.req.text())) {
    if (Object.hasOwn(values, name)) throw new HTTPException(400, { message: `"${name}" is given more than once.` });
    values[name] = value;
  }
  return values;
}

/**
 * Does what a form asks for; when it cannot be done as it is filled in, shows it again with what was wrong.
 *
 * @param act gets what the schema has made of the fields
 * @param again makes the page with the form in it
 */
export async function submit<S extends z.ZodType>(
  c: RequestContext,
  schema: S,
  act: (data: z.output<S>, values: Values) => Response | Promise<Response>,
  again: (form: FormState) => PageContent | Promise<PageContent>,
): Promise<Response> {
  const values = await formValues(c);
  const parsed = schema.safeParse(values);
  if (!parsed.success) return c.html(await again({ values, errors: issuesOf(parsed.error) }), 422);
  try {
    return await act(parsed.data, values);
  } catch (error) {
    if (!(error instanceof Refusal) || !MENDED.has(error.kind)) throw error;
    // What was done until then is taken back, and the page reads the shop as it is.
    await db.rollback();
    return c.html(await again({ values, errors: { [error.field ?? "form"]: error.message } }), problemOf(error).status);
  }
}

/** Refusals after which one fills in the form in another way. */
const MENDED: ReadonlySet<RefusalKind> = new Set(["invalid", "unrecognised", "conflict"]);

/** What `c.html` takes. */
export type PageContent = Parameters<RequestContext["html"]>[0];
