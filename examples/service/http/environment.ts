/** What the handlers of a request share. */
import type { Context } from "hono";
import type { Actor, ShopFacts } from "../scope.js";

export interface Environment {
  Variables: {
    shop: ShopFacts;
    /** With which the request was signed in. */
    token: string | null;
    actor: Actor | null;
  };
}

export type RequestContext = Context<Environment>;
