/** The JSON API of a shop, and its description at `/openapi.json`. */
import { ndjson } from "athanor/hono";
import { Hono } from "hono";
import { everyOrder } from "../../use-cases/orders.js";
import type { Environment } from "../environment.js";
import { mount } from "./endpoint.js";
import { officeEndpoints } from "./office.js";
import { describeApi } from "./openapi.js";
import { shopEndpoints } from "./shop.js";
import { orderOf } from "./views.js";

export const endpoints = [...shopEndpoints, ...officeEndpoints];

export function createApi(): Hono<Environment> {
  const api = new Hono<Environment>({ strict: false });
  mount(api, endpoints);
  api.get("/openapi.json", (c) => c.json(describeApi(endpoints, c.get("shop"))));
  // All orders as lines of JSON, as they come from the database: however many there are, few are in memory.
  api.get("/office/orders.ndjson", async (c) => {
    const lines = ndjson(await everyOrder(), orderOf);
    return c.body(ReadableStream.from(lines), 200, { "content-type": "application/x-ndjson" });
  });
  return api;
}
