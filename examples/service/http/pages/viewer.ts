/** For whom a page is made. */
import { type Actor, currentActor, currentShop, type ShopFacts } from "../../scope.js";
import { basketSize } from "../../use-cases/baskets.js";

export interface Viewer {
  readonly shop: ShopFacts;
  readonly actor: Actor | null;
  /** How many books are in their basket; null where nobody asked. */
  readonly basketSize: number | null;
}

export async function viewer(): Promise<Viewer> {
  const actor = currentActor();
  return { shop: currentShop(), actor, basketSize: actor === null ? null : await basketSize(actor.id) };
}

/** An address in a shop. */
export function to(
  shop: ShopFacts,
  path: string,
  query: Readonly<Record<string, string | number | null | undefined>> = {},
): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  return `/${shop.slug}${path}${search.size > 0 ? `?${search}` : ""}`;
}

const formats = new Map<string, Intl.NumberFormat>();

/** An amount as people read it. */
export function money(cents: number, { currency }: Pick<ShopFacts, "currency">): string {
  let format = formats.get(currency);
  if (format === undefined) {
    format = new Intl.NumberFormat("en", { style: "currency", currency });
    formats.set(currency, format);
  }
  return format.format(cents / 100);
}

const DAY = new Intl.DateTimeFormat("en", { dateStyle: "medium" });
const MOMENT = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

export const day = (date: Date): string => DAY.format(date);
export const moment = (date: Date): string => MOMENT.format(date);
