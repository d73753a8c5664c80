/** The description of the API, made of what its endpoints say of themselves. */
import { z } from "zod";
import type { ShopFacts } from "../../scope.js";
import type { AnyEndpoint } from "./endpoint.js";
import { failure } from "./views.js";

type Json = Readonly<Record<string, unknown>>;

const WHEN: Readonly<Record<number, string>> = {
  400: "The request cannot be read",
  401: "Nobody has signed in",
  403: "Whoever has signed in may not",
  404: "There is no such thing",
  409: "It goes against what is there by now",
  422: "Something in it does not fit",
  503: "The shop is closed for a moment: try again",
};

/** The document, by OpenAPI 3.1. */
export function describeApi(endpoints: readonly AnyEndpoint[], shop: ShopFacts): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const each of endpoints) {
    paths[each.path] ??= {};
    (paths[each.path] as Record<string, Json>)[each.method] = operation(each);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: shop.name,
      version: "1",
      description: "The API of a bookshop: catalogue, baskets, orders, reviews, and the back office.",
    },
    servers: [{ url: `/${shop.slug}/api` }],
    paths,
    components: {
      schemas: { Failure: schemaOf(failure, "output") },
      securitySchemes: { token: { type: "http", scheme: "bearer", description: "From POST /sign-ins" } },
    },
  };
}

function operation({
  summary,
  access,
  params,
  query,
  headers,
  body,
  status = 200,
  answer,
  refusals,
  method,
  path,
}: AnyEndpoint): Json {
  const statuses = new Set([
    400,
    422,
    503,
    ...(access === undefined ? [] : [401]),
    ...(access === "clerks" ? [403] : []),
    ...(refusals ?? []),
  ]);
  const failures = [...statuses]
    .sort()
    .map((code) => [code, answered(WHEN[code] ?? "", { $ref: "#/components/schemas/Failure" })]);
  return {
    operationId: `${method}${path.replaceAll(/[{}]/g, "").replaceAll(/[/.-](\w)/g, (_, letter: string) => letter.toUpperCase())}`,
    summary,
    ...(access !== undefined && { security: [{ token: [] }] }),
    parameters: [...parameters(params, "path"), ...parameters(query, "query"), ...parameters(headers, "header")],
    ...(body !== undefined && { requestBody: { required: true, content: content(schemaOf(body, "input")) } }),
    responses: {
      [status]: answer === undefined ? { description: "Done" } : answered("Done", schemaOf(answer, "output")),
      ...Object.fromEntries(failures),
    },
  };
}

function parameters(schema: z.ZodType | undefined, place: "path" | "query" | "header"): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(schema, "input") as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, of]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    schema: of,
  }));
}

const answered = (description: string, schema: Json): Json => ({ description, content: content(schema) });
const content = (schema: Json): Json => ({ "application/json": { schema } });

function schemaOf(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}
