/** Proves in seconds that the service works: on a database in memory, by its own pages and API. */
import { equal, match, ok } from "node:assert/strict";
import { PASSWORD, PEOPLE } from "./seed/seed.js";
import { startService } from "./server.js";

const BOOKS = 400;

export async function check(): Promise<void> {
  const service = await startService({ url: "sqlite://", port: 0, books: BOOKS, workers: 0 });
  try {
    const shop = `${service.url}/lantern`;
    match(await text(`${service.url}/`), /Lantern Books[\s\S]*Harbour/);
    match(await text(`${shop}/?genre=crime&order=title`), /<h1[^>]*>Crime/);
    console.log(`the catalogue is open, with ${BOOKS} books`);

    const token = (
      (await call(`${shop}/api/sign-ins`, "POST", { email: PEOPLE[0].email, password: PASSWORD })) as { token: string }
    ).token;
    const signedIn = { authorization: `Bearer ${token}` };
    const { items } = (await call(`${shop}/api/books?inStock=true&size=1`)) as {
      items: { id: number; onHand: number; priceCents: number }[];
    };
    const [book] = items;
    ok(book);
    const lines = [{ bookId: book.id, quantity: 1 }];
    const key = { ...signedIn, "idempotency-key": "check-0001" };
    const first = (await call(`${shop}/api/orders`, "POST", { lines }, key)) as {
      reference: string;
      totalCents: number;
    };
    const again = (await call(`${shop}/api/orders`, "POST", { lines }, key)) as { reference: string };
    equal(first.reference, again.reference);
    equal(first.totalCents, book.priceCents);
    const after = (await call(`${shop}/api/books/${book.id}`)) as { onHand: number };
    equal(after.onHand, book.onHand - 1);
    equal((await fetch(`${service.url}/harbour/api/orders/${first.reference}`, { headers: signedIn })).status, 401);
    console.log(`order ${first.reference} was placed once, although it was asked for twice, and is of one shop only`);

    const clerk = (await call(`${shop}/api/sign-ins`, "POST", { email: PEOPLE[1].email, password: PASSWORD })) as {
      token: string;
    };
    const office = { authorization: `Bearer ${clerk.token}`, cookie: `token=${clerk.token}` };
    for (let turn = 0; !/Your order/.test(await text(`${shop}/office/outbox`, office)); turn++) {
      ok(turn < 100, "the letter was not sent");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    console.log("the letter about it was sent");
    equal(service.engine.pool.status().checkedOut, 0);
  } finally {
    await service.stop();
  }
}

async function text(url: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(url, { headers });
  equal(response.status, 200, url);
  return await response.text();
}

async function call(
  url: string,
  method = "GET",
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  ok(response.ok, `${method} ${url}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}
