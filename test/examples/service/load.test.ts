import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { sendLetter } from "../../../examples/service/outbox/letters.js";
import { work } from "../../../examples/service/outbox/worker.js";
import { Session } from "../../../examples/service/session.js";
import { type AsyncEngine, event, text } from "../../../src/index.js";
import { howOften, LONG_RUN, memory } from "../../support/long-runs.js";
import { type OwnServer, startOwnServer } from "../../support/own-postgres.js";
import { audit, drained, type LoadReport, noteStocks, runLoad } from "./load/load.js";
import { type Bookshop, bookshop } from "./support.js";

const CUSTOMERS = 20;
const CONNECTIONS = 50;
const IS_LONG = howOften(0, 1) === 1;

/** Serves the shop with two workers of its outbox, and loads it. */
async function loaded(
  shop: Bookshop,
  size: { readonly seconds: number; readonly amount?: number },
  meanwhile?: () => Promise<void>,
): Promise<LoadReport> {
  const { engine } = shop.database;
  const server = serve({ fetch: shop.app.fetch, port: 0, hostname: "127.0.0.1" });
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const ending = new AbortController();
  // While the database is away, so is its outbox.
  const workers = [1, 2].map(() => work(sendLetter, { signal: ending.signal, lease: 3_000, report: () => {} }));
  const tokens: string[] = [];
  for (let i = 1; i <= CUSTOMERS; i++) {
    const { json } = await shop
      .visitor()
      .api("POST", "/sign-ins", { email: `reader${i}@example.com`, password: "bookworm" });
    tokens.push(json.token);
  }
  const books = (await shop.visitor().api("GET", "/books?size=100")).json.items.map((each: { id: number }) => each.id);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const report = await runLoad({ url, ...size, connections: CONNECTIONS, tokens, books, kind: "mixed" }, meanwhile?.());
  await drained(engine);
  ending.abort();
  await Promise.all(workers);
  return report;
}

/** Waits until customers have ordered, again. */
async function someOrder(engine: AsyncEngine): Promise<void> {
  const count = () => engine.scalar(text("select count(*) from orders")).then(Number, () => null);
  for (let first: number | null = null; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const orders = await count();
    if (first === null) first = orders;
    else if (orders !== null && orders > first) return;
  }
}

/** The books are in order, and every order that was confirmed is there, once. */
async function expectOrder(engine: AsyncEngine, ...reports: readonly LoadReport[]): Promise<void> {
  const confirmed = reports.flatMap((report) => report.confirmed);
  const facts = await audit(engine);
  expect(facts).toMatchObject({ negativeStocks: 0, wrongStocks: 0, wrongSales: 0, wrongTotals: 0, waiting: 0 });
  expect(facts.orders).toBeGreaterThan(0);
  expect([facts.events, facts.letters]).toEqual([facts.orders, facts.orders]);
  expect(facts.lettersTotal).toBe(facts.takings);
  const found = await engine.execute(text("select request_key, reference, total_cents from orders"));
  const stored = new Map(found.all().map((row) => [row[0] as string, row] as const));
  for (const { key, reference, totalCents } of confirmed) expect(stored.get(key)).toEqual([key, reference, totalCents]);
  const known = new Set(reports.flatMap((report) => report.sent));
  expect([...stored.keys()].filter((key) => !known.has(key))).toEqual([]);
  expect(new Set(confirmed.map((each) => each.reference)).size).toBe(confirmed.length);
}

/** Counts sessions that are in a transaction. */
function countOpen(): () => number {
  let open = 0;
  const heard = new AbortController();
  onTestFinished(() => heard.abort());
  event.listen(Session, "afterTransactionCreate", () => void open++, { signal: heard.signal });
  event.listen(Session, "afterTransactionEnd", () => void open--, { signal: heard.signal });
  return () => open;
}

function print(title: string, { requestsPerSecond, p50, p99, max, statuses }: LoadReport): void {
  console.log(
    `${title}: ${requestsPerSecond.toFixed(0)} requests/s, p50 ${p50} ms, p99 ${p99} ms, max ${max} ms; ${JSON.stringify(statuses)}`,
  );
}

describe.each(["sqlite", "postgresql"] as const)("the bookshop under load on %s", (kind) => {
  const shop = bookshop(kind, 200);
  beforeAll(() => noteStocks(shop.database.engine));

  test(
    "stock is never negative, money adds up, each order is told of once, and nothing stays open",
    LONG_RUN,
    async () => {
      const { engine } = shop.database;
      const open = countOpen();
      const warmUp = IS_LONG ? [await loaded(shop, { seconds: 20 })] : [];
      const before = await memory();
      const report = await loaded(shop, IS_LONG ? { seconds: 180 } : { seconds: 60, amount: 600 });
      const after = await memory();
      print(`${kind}, heap ${before.heap.toFixed(1)} to ${after.heap.toFixed(1)} MB`, report);
      expect(report.odd).toEqual({});
      expect([report.errors, report.timeouts]).toEqual([0, 0]);
      expect(Object.keys(report.statuses).sort()).toEqual(["200", "201", "409"]);
      await expectOrder(engine, ...warmUp, report);
      expect(open()).toBe(0);
      expect(engine.pool.status()).toMatchObject({ checkedOut: 0, waiting: 0 });
      if (IS_LONG) expect(after.heap - before.heap).toBeLessThan(8);
    },
  );
});

describe("the bookshop on a database that goes away", () => {
  let server: OwnServer;
  const shop = bookshop("postgresql", 200, async () => {
    server = await startOwnServer();
    return { url: server.url, stop: () => server.stop() };
  });
  beforeAll(() => noteStocks(shop.database.engine));

  test(
    "while it restarts requests are refused with 503, then go on; nothing is lost or doubled",
    LONG_RUN,
    async () => {
      const open = countOpen();
      const restarts = howOften(1, 8);
      const pause = howOften(0, 10_000);
      const report = await loaded(shop, { seconds: howOften(50, 180) }, async () => {
        for (let i = 0; i < restarts; i++) {
          await someOrder(shop.database.engine);
          await new Promise((resolve) => setTimeout(resolve, pause));
          await server.kill(i % 2 === 0 ? "SIGINT" : "SIGKILL");
          await new Promise((resolve) => setTimeout(resolve, 200));
          await server.start();
        }
        // An order stands in the database before its customer is told: by the third, the first was.
        for (let i = 0; i < 3; i++) await someOrder(shop.database.engine);
      });
      print("postgresql, restarted", report);
      expect(Object.keys(report.statuses).filter((status) => !["200", "201", "409", "503"].includes(status))).toEqual(
        [],
      );
      expect(report.statuses["503"]).toBeGreaterThan(0);
      expect(JSON.parse(report.odd["503"] as string)).toEqual({
        error: { message: "The shop is closed for a moment. Please try again." },
      });
      expect(report.confirmed.length).toBeGreaterThan(0);
      await expectOrder(shop.database.engine, report);
      expect(open()).toBe(0);
      expect(shop.database.engine.pool.status()).toMatchObject({ checkedOut: 0, waiting: 0 });
    },
  );

  test("while it only reads, as a standby does, what has to write is refused with 503, and the rest goes on", async () => {
    const { engine } = shop.database;
    const only = async (reads: boolean): Promise<void> => {
      const setting = `alter database "${engine.url.database}" set default_transaction_read_only = ${reads ? "on" : "off"}`;
      await engine.begin((conn) => conn.execute(text(setting)), { readOnly: false });
      await engine.dispose({ reuse: true });
    };
    const signIn = () =>
      shop.visitor().api("POST", "/sign-ins", { email: "reader1@example.com", password: "bookworm" });
    await only(true);
    expect((await signIn()).status).toBe(503);
    expect((await shop.visitor().api("GET", "/books")).status).toBe(200);
    await only(false);
    expect((await signIn()).status).toBe(201);
  });
});
