/** Loads the bookshop from a second process, and says afterwards whether its books are in order. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type AsyncEngine, text } from "../../../../src/index.js";
import type { LoadOrder, LoadReport } from "./client.js";

export type { LoadReport } from "./client.js";

const client = fileURLToPath(new URL("client.ts", import.meta.url));

/** Sends the load, and gives what became of it. @param enough ends it early */
export function runLoad(order: LoadOrder, enough?: Promise<void>): Promise<LoadReport> {
  const child = fork(client, { execArgv: ["--import", "@oxc-node/core/register"] });
  return new Promise((resolve, reject) => {
    child.once("message", (report) => resolve(report as LoadReport));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the client ended with ${code} and no report`)));
    child.send(order);
    enough?.then(() => child.connected && child.send("enough"), reject);
  });
}

/** The facts of the books, of which each must be true. */
export interface Audit {
  readonly negativeStocks: number;
  /** Books whose stock and sales are not, together, what there was. */
  readonly wrongStocks: number;
  /** Books whose sales are not what the orders say. */
  readonly wrongSales: number;
  /** Orders whose total is not that of their lines. */
  readonly wrongTotals: number;
  readonly orders: number;
  readonly takings: number;
  /** Events of orders, and the letters that were sent of them. */
  readonly events: number;
  readonly letters: number;
  readonly lettersTotal: number;
  readonly waiting: number;
}

/** Remembers how many copies there are, so that {@link audit} can tell where they went. */
export async function noteStocks(engine: AsyncEngine): Promise<void> {
  await engine.begin(async (connection) => {
    await connection.execute(text("create table stocks_before as select book_id, on_hand, sold from stocks"));
  });
}

const SALES = "coalesce((select sum(l.quantity) from order_lines l where l.book_id = s.book_id), 0)";

export async function audit(engine: AsyncEngine): Promise<Audit> {
  const count = async (sql: string) => Number((await engine.scalar(text(sql))) ?? 0);
  const stocks = "stocks s join stocks_before b on b.book_id = s.book_id";
  return {
    negativeStocks: await count("select count(*) from stocks where on_hand < 0"),
    wrongStocks: await count(`select count(*) from ${stocks} where s.on_hand + s.sold <> b.on_hand + b.sold`),
    wrongSales: await count(`select count(*) from ${stocks} where s.sold - b.sold <> ${SALES}`),
    wrongTotals: await count(
      "select count(*) from orders o where total_cents <> (select sum(quantity * unit_cents) from order_lines l where l.order_id = o.id)",
    ),
    orders: await count("select count(*) from orders"),
    takings: await count("select sum(total_cents) from orders"),
    events: await count("select count(*) from outbox_events where topic = 'order.placed'"),
    letters: await count("select count(*) from letters where event_key like 'order.placed/%'"),
    lettersTotal: await count("select sum(amount_cents) from letters"),
    waiting: await count("select count(*) from outbox_events where delivered_at is null"),
  };
}

/** Waits for the outbox, however the database is. */
export async function drained(engine: AsyncEngine): Promise<void> {
  for (let turn = 0; ; turn++) {
    const waiting = await engine
      .scalar(text("select count(*) from outbox_events where delivered_at is null"))
      .catch(() => null);
    if (Number(waiting ?? 1) === 0) return;
    if (turn === 3000) throw new Error(`${waiting} events were not delivered`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
