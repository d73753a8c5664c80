/** Whom a session serves: which shop, and who is asking. Use cases ask here, and never a request. */

import type { Role, Shop } from "./entities/index.js";
import { db } from "./session.js";
import { Refusal } from "./use-cases/refusals.js";

/** What is known of a shop without a session. */
export type ShopFacts = Pick<Shop, "id" | "slug" | "name" | "motto" | "currency">;

/** What is known of who is asking. It stays true when the session has rolled back. */
export interface Actor {
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
}

/** In place of a shop: for what serves all of them, as the worker of the outbox does. */
export const EVERY_SHOP = Symbol("every shop");

/** What the sessions of a scope carry as their `info`. */
export interface Served {
  shop?: ShopFacts | typeof EVERY_SHOP;
  actor?: Actor | null;
}

/** Who is served by a session, from its `info`. */
export const servedBy = (session: object): Served => (session as { readonly info: Served }).info;

/** Says for the rest of the scope who is served. */
export function serve(served: Served): void {
  Object.assign(db.info, served);
}

/** Runs a function in a scope of its own: what a request is, without one. */
export function scope<T>(served: Served, fn: () => T | PromiseLike<T>): Promise<T> {
  return db.scope(fn, { info: { ...served } });
}

/** The same, and commits at its end. */
export function unitOfWork<T>(served: Served, fn: () => T | PromiseLike<T>): Promise<T> {
  return scope(served, async () => {
    const result = await fn();
    await db.commit();
    return result;
  });
}

export function currentShop(): ShopFacts {
  const { shop } = servedBy(db);
  if (shop === undefined || shop === EVERY_SHOP)
    throw new Error("This use case belongs to a shop: call it in the scope of one.");
  return shop;
}

export function currentActor(): Actor | null {
  return servedBy(db).actor ?? null;
}

/** @throws Refusal when nobody has signed in */
export function requireCustomer(): Actor {
  const actor = currentActor();
  if (actor === null) throw new Refusal("unauthenticated", "Sign in first.");
  return actor;
}

/** @throws Refusal when a clerk has not signed in */
export function requireClerk(): Actor {
  const actor = requireCustomer();
  if (actor.role !== "clerk") throw new Refusal("forbidden", "That is for the people who work here.");
  return actor;
}
