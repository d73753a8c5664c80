import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AsyncEngine, text } from "../../../src/index.js";
import { howOften, LONG_RUN } from "../../support/long-runs.js";
import { bookshop, type Client, newKey } from "./support.js";

const SHOPS = ["lantern", "harbour"] as const;
type Shop = (typeof SHOPS)[number];

/** Tables whose rows belong to a shop, and a column of each in which the shop's mark is put. */
const MARKED = {
  books: ["title", "byline", "blurb"],
  authors: ["name"],
  genres: ["name"],
  customers: ["name"],
  reviews: ["text"],
} as const;
const OWNED = [
  ...Object.keys(MARKED),
  "stocks",
  "sign_ins",
  "basket_lines",
  "orders",
  "order_lines",
  "audit_entries",
  "outbox_events",
];

const mark = (shop: Shop): string => `~${shop}~`;

/** Writes the mark of its shop into each text that is shown, so that a row is known by sight wherever it turns up. */
async function markRows(engine: AsyncEngine): Promise<void> {
  await engine.begin(async (connection) => {
    for (const [table, columns] of Object.entries(MARKED)) {
      const set = columns.map(
        (column) => `${column} = ${column} || (select '~' || slug || '~' from shops where id = shop_id)`,
      );
      await connection.execute(text(`update ${table} set ${set.join(", ")}`));
    }
  });
}

/** The rows of a shop, table by table. */
async function rowsOf(engine: AsyncEngine, shop: Shop): Promise<Record<string, unknown>> {
  const rows: Record<string, unknown> = {};
  for (const table of OWNED) {
    const found = await engine.execute(
      text(`select * from ${table} where shop_id = (select id from shops where slug = :shop) order by 1, 2, 3`),
      { shop },
    );
    rows[table] = found.all();
  }
  return rows;
}

/** Requests by what they do with numbers and references, which may be those of the other shop. */
const asks: readonly ((
  client: Client,
  id: number,
  reference: string,
) => Promise<{ readonly status: number; readonly text: string }>)[] = [
  (c, id) => c.api("GET", `/books?size=20&author=${id}`),
  (c) => c.api("GET", "/books?size=100&words=the&order=title"),
  (c, id) => c.api("GET", `/books/${id}`),
  (c, id) => c.api("GET", `/books/${id}/reviews`),
  (c, id) => c.api("POST", `/books/${id}/reviews`, { rating: 3, text: `by ${c.shop}` }),
  (c, id) => c.api("POST", `/reviews/${id}/replies`, { text: `by ${c.shop}` }),
  (c, id) => c.api("DELETE", `/reviews/${id}`),
  (c, id) => c.api("PUT", `/basket/${id}`, { quantity: 1 + (id % 2) }),
  (c) => c.api("GET", "/basket"),
  (c) => c.api("POST", "/basket/order", undefined, newKey()),
  (c, id) => c.api("POST", "/orders", { lines: [{ bookId: id, quantity: 1 }] }, newKey()),
  (c) => c.api("GET", "/orders"),
  (c, _, reference) => c.api("GET", `/orders/${reference}`),
  (c, _, reference) => c.api("DELETE", `/orders/${reference}`),
  (c, _, reference) => c.api("POST", `/office/orders/${reference}/send`),
  (c) => c.api("GET", "/office/orders"),
  (c) => c.api("GET", "/office/orders.ndjson"),
  (c, id) => c.api("GET", `/office/books/${id}`),
  (c, id) =>
    c.api("PATCH", `/office/books/${id}`, { version: 1, title: `Edited in ${c.shop}`, genreId: (id % 24) + 1 }),
  (c, id) => c.api("DELETE", `/office/books/${id}`),
  (c, id) => c.api("POST", `/office/books/${id}/restore`),
  (c, id) => c.api("POST", `/office/books/${id}/stock`, { copies: 2 }),
  (c, id) => c.api("GET", `/office/books/${id}/history`),
  (c) => c.page("/?order=title"),
  (c, id) => c.page(`/books/${id}`),
  (c, id) => c.page(`/books/${id}/basket`, { quantity: "1" }),
  (c) => c.page("/basket"),
  (c, _, reference) => c.page(`/orders/${reference}`),
  (c, id) => c.page(`/office/books/${id}`),
  (c) => c.page("/office?words=the"),
  (c) => c.page("/office/removed"),
  (c) => c.page("/office/outbox"),
];

interface Step {
  readonly shop: Shop;
  readonly who: "ann" | "clerk" | "stranger";
  readonly ask: number;
  readonly id: number;
  readonly order: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  shop: fc.constantFrom(...SHOPS),
  // With the token of the other shop, a customer is a stranger.
  who: fc.constantFrom("ann", "ann", "clerk", "clerk", "stranger"),
  ask: fc.nat(asks.length - 1),
  id: fc.integer({ min: 1, max: 130 }),
  order: fc.nat(30),
});

describe.each(["sqlite", "postgresql"] as const)("two tenants on %s", (kind) => {
  const shop = bookshop(kind);

  test("whatever is asked, no answer shows a row of the other shop, and no request changes one", LONG_RUN, async () => {
    const { engine } = shop.database;
    await markRows(engine);
    const people = {} as Record<Shop, Record<Step["who"], Client>>;
    for (const slug of SHOPS) {
      people[slug] = {
        ann: await shop.visitor(slug).signIn("ann"),
        clerk: await shop.visitor(slug).signIn("clerk"),
        stranger: shop.visitor(slug),
      };
    }
    for (const slug of SHOPS)
      people[slug].stranger.token = people[slug === "lantern" ? "harbour" : "lantern"].clerk.token;
    const references: string[] = ["2222222222"];
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 12 }), async (steps) => {
        for (const turn of SHOPS) {
          // All that one shop is asked for leaves the other as it was.
          const other = turn === "lantern" ? "harbour" : "lantern";
          const before = await rowsOf(engine, other);
          for (const { shop: _, who, ask, id, order } of steps.filter((each) => each.shop === turn)) {
            const reference = references[order % references.length] as string;
            const answer = await (asks[ask] as (typeof asks)[number])(people[turn][who], id, reference);
            statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
            expect(answer.status).not.toBe(500);
            expect(answer.text).not.toContain(mark(other));
            const [, placed] = /"reference":"(\w{10})"/.exec(answer.text) ?? [];
            if (placed !== undefined && !references.includes(placed)) references.push(placed);
          }
          expect(await rowsOf(engine, other)).toEqual(before);
        }
      }),
      { numRuns: howOften(12, 500) },
    );
    expect(shop.reported).toEqual([]);
    // The requests have met rows, and not only closed doors.
    expect(statuses.get(200)).toBeGreaterThan(howOften(12, 500));
    expect(statuses.get(201)).toBeGreaterThan(0);
    expect(statuses.get(404)).toBeGreaterThan(0);
  });
});
