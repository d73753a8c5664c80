/**
 * Two routes of the bookshop written on the bare driver, as one writes them by hand: the same server, the same middleware, checks of what comes in and JSON
 * (the bookshop's own `protect` and `mount`), and named statements. What the whole service has beside them (tenants, soft delete, audit, outbox) is spelled
 * out where these routes need it.
 */
import { createHash, randomInt } from "node:crypto";
import { Hono } from "hono";
import pg from "pg";
import { z } from "zod";
import { type AnyEndpoint, endpoint, mount } from "../../../examples/service/http/api/endpoint.js";
import * as views from "../../../examples/service/http/api/views.js";
import { protect } from "../../../examples/service/http/app.js";
import type { Environment } from "../../../examples/service/http/environment.js";
import * as input from "../../../examples/service/http/input.js";
import { problemOf } from "../../../examples/service/http/problems.js";
import { missing, OutOfStock, Refusal } from "../../../examples/service/use-cases/refusals.js";

interface Shop {
  readonly id: number;
  readonly currency: string;
}

const ORDERS = {
  newest: {
    column: "b.added_at",
    descending: true,
    of: (row: pg.QueryResultRow) => ({ time: (row["added_at"] as Date).getTime() }),
  },
  title: { column: "b.title", descending: false, of: (row: pg.QueryResultRow) => row["title"] as string },
  cheapest: {
    column: "b.price_cents",
    descending: false,
    of: (row: pg.QueryResultRow) => row["price_cents"] as number,
  },
  dearest: { column: "b.price_cents", descending: true, of: (row: pg.QueryResultRow) => row["price_cents"] as number },
} as const;

const asksOnce = z.object({ "idempotency-key": input.requestKey });
const orderBody = z.object({
  lines: z
    .array(z.object({ bookId: input.id, quantity: input.quantity.min(1) }))
    .min(1)
    .max(50),
});
const ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const FEW = 3;

export async function createBareApp(url: string): Promise<{ app: Hono<Environment>; close(): Promise<void> }> {
  const pool = new pg.Pool({ connectionString: url, max: 15 });
  const app = new Hono<Environment>({ strict: false });
  protect(app);
  app.use("/:shop/*", async (c, next) => {
    const [, token] = /^Bearer ([\w-]{1,64})$/.exec(c.req.header("authorization") ?? "") ?? [];
    c.set("token", token ?? null);
    await next();
  });
  app.onError((error, c) => {
    const { status, message, details } = problemOf(error);
    return c.json({ error: { message, ...details } }, status);
  });
  for (const { id, slug, currency } of (await pool.query("select id, slug, currency from shops")).rows) {
    const api = new Hono<Environment>({ strict: false });
    mount(api, [browse(pool, { id, currency }), placeOrder(pool, { id, currency })]);
    app.route(`/${slug}/api`, api);
  }
  return { app, close: () => pool.end() };
}

function browse(pool: pg.Pool, shop: Shop): AnyEndpoint {
  return endpoint({
    method: "get",
    path: "/books",
    summary: "The catalogue",
    query: input.catalogueQuery,
    answer: views.pageOf(views.bookSummary),
    async handle({ query: { order, size, after } }) {
      const { column, descending, of } = ORDERS[order];
      const way = descending ? "desc" : "asc";
      const values: unknown[] = [shop.id, size + 1];
      let beyond = "";
      if (after !== undefined) {
        const [value, id] = JSON.parse(Buffer.from(after, "base64url").toString()) as [unknown, number];
        values.push(typeof value === "object" ? new Date((value as { time: number }).time) : value, id);
        beyond = `and (${column}, b.id) ${descending ? "<" : ">"} ($3, $4)`;
      }
      const { rows } = await pool.query({
        name: `books-${order}-${after === undefined ? "first" : "next"}`,
        text: `select b.id, b.title, b.byline, b.language, b.year, b.price_cents, b.added_at, s.on_hand
          from books b join stocks s on s.book_id = b.id and s.shop_id = $1
          where b.shop_id = $1 and b.deleted_at is null ${beyond} order by ${column} ${way}, b.id ${way} limit $2`,
        values,
      });
      const items = rows.slice(0, size);
      const last = items.at(-1);
      return {
        items: items.map((row) => ({
          id: row.id,
          title: row.title,
          byline: row.byline,
          language: row.language,
          year: row.year,
          priceCents: row.price_cents,
          onHand: row.on_hand,
        })),
        next: rows.length > size ? Buffer.from(JSON.stringify([of(last), last.id])).toString("base64url") : null,
        previous: null,
      };
    },
  });
}

function placeOrder(pool: pg.Pool, shop: Shop): AnyEndpoint {
  return endpoint({
    method: "post",
    path: "/orders",
    summary: "Order books",
    access: "customers",
    headers: asksOnce,
    body: orderBody,
    status: 201,
    answer: views.orderView,
    async handle({ headers, body, token }) {
      if (token === null) throw new Refusal("unauthenticated", "Sign in first.");
      const client = await pool.connect();
      try {
        await client.query("begin");
        const answer = await order(client, shop, token, headers["idempotency-key"], body.lines);
        await client.query("commit");
        return answer;
      } catch (error) {
        await client.query("rollback").catch(() => {});
        throw error;
      } finally {
        client.release();
      }
    },
  });
}

async function order(
  client: pg.PoolClient,
  shop: Shop,
  token: string,
  key: string,
  lines: readonly { readonly bookId: number; readonly quantity: number }[],
): Promise<z.input<typeof views.orderView>> {
  const quantities = new Map<number, number>();
  for (const { bookId, quantity } of lines) quantities.set(bookId, (quantities.get(bookId) ?? 0) + quantity);
  const customer = (
    await client.query({
      name: "customer",
      text: `select c.id, c.name, c.email, c.role from sign_ins s join customers c on c.id = s.customer_id and c.shop_id = $2
        where s.token_hash = $1 and s.shop_id = $2 and s.expires_at > $3`,
      values: [createHash("sha256").update(token).digest("hex"), shop.id, new Date()],
    })
  ).rows[0];
  if (customer === undefined) throw new Refusal("unauthenticated", "Sign in first.");
  const { rows } = await client.query({
    name: "stocks",
    text: `select s.book_id, s.on_hand, s.sold, b.title, b.price_cents from stocks s join books b on b.id = s.book_id
      and b.deleted_at is null and b.shop_id = $2 where s.book_id = any($1) and s.shop_id = $2 order by s.book_id for update of s`,
    values: [[...quantities.keys()], shop.id],
  });
  if (rows.length < quantities.size) throw missing("book");
  const short = rows.filter((row) => row.on_hand < (quantities.get(row.book_id) as number));
  if (short.length > 0) {
    throw new OutOfStock(
      short.map((row) => ({
        bookId: row.book_id as number,
        title: row.title as string,
        onHand: row.on_hand as number,
      })),
    );
  }
  const sold = rows.map((row, i) => ({
    position: i + 1,
    bookId: row.book_id as number,
    title: row.title as string,
    unitCents: row.price_cents as number,
    quantity: quantities.get(row.book_id) as number,
  }));
  const totalCents = sold.reduce((sum, { quantity, unitCents }) => sum + quantity * unitCents, 0);
  const reference = Array.from({ length: 10 }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
  const now = new Date();
  const tell = (topic: string, about: string, payload: object) =>
    client.query({
      name: "event",
      text: `insert into outbox_events (shop_id, key, topic, payload, created_at, available_at, attempts)
        values ($1, $2, $3, $4, $5, $5, 0)`,
      values: [shop.id, `${topic}/${about}`, topic, JSON.stringify(payload), now],
    });
  const placed = await client.query({
    name: "order",
    text: `insert into orders (shop_id, reference, request_key, state, placed_at, total_cents, customer_id)
      values ($1, $2, $3, 'placed', $4, $5, $6) returning id`,
    values: [shop.id, reference, key, now, totalCents, customer.id],
  });
  await client.query({
    name: "lines",
    text: `insert into order_lines (shop_id, order_id, position, book_id, title, unit_cents, quantity)
      select $1, $2, * from unnest($3::int[], $4::int[], $5::text[], $6::int[], $7::int[])`,
    values: [
      shop.id,
      placed.rows[0].id,
      sold.map((each) => each.position),
      sold.map((each) => each.bookId),
      sold.map((each) => each.title),
      sold.map((each) => each.unitCents),
      sold.map((each) => each.quantity),
    ],
  });
  await client.query({
    name: "sell",
    text: `update stocks s set on_hand = s.on_hand - u.quantity, sold = s.sold + u.quantity
      from unnest($1::int[], $2::int[]) as u (book_id, quantity) where s.book_id = u.book_id`,
    values: [sold.map((each) => each.bookId), sold.map((each) => each.quantity)],
  });
  for (const row of rows) {
    const quantity = quantities.get(row.book_id) as number;
    const onHand = row.on_hand - quantity;
    if (row.on_hand > FEW && onHand <= FEW)
      await tell("stock.low", `${row.book_id}/${row.sold + quantity}`, {
        bookId: row.book_id,
        title: row.title,
        onHand,
      });
  }
  const titles = sold.map(({ title, quantity }) => (quantity === 1 ? title : `${quantity} × ${title}`));
  const { name, email } = customer;
  await tell("order.placed", reference, { reference, name, email, totalCents, currency: shop.currency, titles });
  return {
    reference,
    state: "placed",
    placedAt: now.toISOString(),
    totalCents,
    lines: sold.map(({ bookId, title, quantity, unitCents }) => ({ bookId, title, quantity, unitCents })),
  };
}
