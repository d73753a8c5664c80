// The load on the bookshop, as a process of its own: readers who browse, and customers who buy. Forked with a LoadOrder; ends early at another message; sends
// a LoadReport.
import { randomUUID } from "node:crypto";
import autocannon, { type Request, type Result } from "autocannon";
import { Random } from "../../../../examples/service/seed/random.js";

/** What is asked for. */
export interface LoadOrder {
  readonly url: string;
  /** How long; with `amount`, as long as that takes. */
  readonly seconds: number;
  readonly amount?: number;
  readonly connections: number;
  /** Tokens of customers. */
  readonly tokens: readonly string[];
  /** The books of the shop. */
  readonly books: readonly number[];
  /** `mixed`, or one kind of request alone. */
  readonly kind: "mixed" | "read" | "purchase";
}

/** What has happened. */
export interface LoadReport {
  readonly requestsPerSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Connections that broke, and requests that got no answer in time. */
  readonly errors: number;
  readonly timeouts: number;
  /** Keys of purchases, and the orders that were confirmed under them. */
  readonly sent: readonly string[];
  readonly confirmed: readonly { readonly key: string; readonly reference: string; readonly totalCents: number }[];
  /** Answers other than those that were expected: the first of each status. */
  readonly odd: Readonly<Record<string, string>>;
}

interface Purchase {
  readonly key: string;
  readonly token: string;
  readonly body: string;
}

const EXPECTED = new Set([200, 201, 409]);

class Load {
  readonly random = new Random(1);
  readonly sent: string[] = [];
  readonly confirmed: LoadReport["confirmed"][number][] = [];
  readonly statuses: Record<string, number> = {};
  readonly odd: Record<string, string> = {};
  /** Purchases that got no answer that settles them: they are sent again under their keys, as a client would. */
  readonly open: Purchase[] = [];

  constructor(readonly order: LoadOrder) {}

  get requests(): Request[] {
    const { kind } = this.order;
    const reads = [this.#read(() => `/books?size=20&order=${this.random.one(["newest", "title", "cheapest"])}`)];
    if (kind === "read") return reads;
    if (kind === "purchase") return [this.#purchase()];
    return [
      ...reads,
      this.#read(() => `/books/${this.random.one(this.order.books)}`),
      this.#read(() => `/books?words=${this.random.one(["the", "light", "letters", "win", "a"])}&size=20`),
      this.#purchase(),
      this.#read(() => `/books/${this.random.one(this.order.books)}/reviews`),
    ];
  }

  #read(path: () => string): Request {
    return {
      method: "GET",
      setupRequest: (request) => ({ ...request, path: `/lantern/api${path()}` }),
      onResponse: (status, body) => this.#count(status, body),
    };
  }

  #purchase(): Request {
    return {
      method: "POST",
      setupRequest: (request, context) => {
        const purchase = this.open.pop() ?? this.#newPurchase();
        (context as { purchase: Purchase }).purchase = purchase;
        return { ...request, path: "/lantern/api/orders", headers: headersOf(purchase), body: purchase.body };
      },
      onResponse: (status, body, context) => {
        this.#count(status, body);
        this.settle((context as { purchase: Purchase }).purchase, status, body);
      },
    };
  }

  #newPurchase(): Purchase {
    const { random } = this;
    const lines = random
      .some(this.order.books, random.between(1, 3))
      .map((bookId) => ({ bookId, quantity: random.between(1, 2) }));
    const purchase = { key: randomUUID(), token: random.one(this.order.tokens), body: JSON.stringify({ lines }) };
    this.sent.push(purchase.key);
    return purchase;
  }

  settle(purchase: Purchase, status: number, body: string): void {
    if (status === 201) {
      const { reference, totalCents } = JSON.parse(body) as { reference: string; totalCents: number };
      this.confirmed.push({ key: purchase.key, reference, totalCents });
    } else if (status !== 409) this.open.push(purchase);
  }

  #count(status: number, body: string): void {
    this.statuses[status] = (this.statuses[status] ?? 0) + 1;
    if (!EXPECTED.has(status)) this.odd[status] ??= body.slice(0, 500);
  }
}

const headersOf = ({ key, token }: Purchase): Record<string, string> => ({
  authorization: `Bearer ${token}`,
  "content-type": "application/json",
  "idempotency-key": key,
});

async function run(order: LoadOrder): Promise<LoadReport> {
  const load = new Load(order);
  const running = autocannon({
    url: order.url,
    connections: order.connections,
    duration: order.seconds,
    ...(order.amount !== undefined && { amount: order.amount }),
    timeout: 30,
    requests: load.requests,
  });
  process.once("message", () => (running as unknown as { stop(): void }).stop());
  const result: Result = await running;
  // What is still open is asked for until it is settled.
  for (let turn = 0; load.open.length > 0 && turn < 1000; turn++) {
    const purchase = load.open.pop() as Purchase;
    const response = await fetch(`${order.url}/lantern/api/orders`, {
      method: "POST",
      headers: headersOf(purchase),
      body: purchase.body,
    });
    load.settle(purchase, response.status, await response.text());
    if (!response.ok) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { sent, confirmed, statuses, odd } = load;
  return {
    requestsPerSecond: result.requests.total / result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    max: result.latency.max,
    statuses,
    errors: result.errors,
    timeouts: result.timeouts,
    sent,
    confirmed,
    odd,
  };
}

process.once("message", (order: LoadOrder) => {
  void run(order).then((report) => process.send?.(report, () => process.disconnect()));
});
