import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { serve } from "@hono/node-server";
import { describe, expect, onTestFinished, test } from "vitest";
import { Random } from "../../../examples/service/seed/random.js";
import { Session } from "../../../examples/service/session.js";
import { type AsyncEngine, event, text } from "../../../src/index.js";
import { howOften, LONG_RUN, memory } from "../../support/long-runs.js";
import { bookshop, newKey } from "./support.js";

const SQL = [
  "'; drop table books; --",
  "1 or 1=1",
  "1; update stocks set on_hand = 0",
  "' union select password_hash from customers --",
  '" or ""="',
  "$1",
  ":id",
  "?",
  "%' or '1'='1",
  "\\'; select pg_sleep(10); --",
  "$" + "{7*7}",
  "{{7*7}}",
  "<script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "../../../../etc/passwd",
];
/** What each seeded password's hash begins with. */
const SALT = Buffer.alloc(16, 1).toString("base64");
const ODD = [
  "",
  " ",
  "\0",
  "a\0b",
  "\uD800",
  "\uFEFF",
  "𝕏".repeat(50),
  "x".repeat(3_000),
  "null",
  "NaN",
  "Infinity",
  "-1",
  "0",
  "1e999",
  "0x10",
  "1.5",
];
const WRONG = [
  null,
  true,
  -1,
  0,
  1.5,
  1e308,
  2 ** 31,
  Number.MAX_SAFE_INTEGER,
  [],
  {},
  [[]],
  { $gt: "" },
  { __proto__: { admin: true } },
  "1",
  ...SQL,
  ...ODD,
];

/** Endpoints that take a body, with one that they would take. */
const BODIES: readonly (readonly [method: string, path: string, body: Record<string, unknown>])[] = [
  ["POST", "/customers", { email: "x@example.com", name: "X", password: "long enough" }],
  ["POST", "/sign-ins", { email: "ann@example.com", password: "bookworm" }],
  ["POST", "/books/1/reviews", { rating: 5, text: "fine" }],
  ["POST", "/reviews/1/replies", { text: "fine" }],
  ["PUT", "/basket/1", { quantity: 1 }],
  ["POST", "/orders", { lines: [{ bookId: 1, quantity: 1 }] }],
  ["PATCH", "/office/books/1", { version: 1, title: "T" }],
  ["POST", "/office/books/1/stock", { copies: 1 }],
  [
    "POST",
    "/office/books",
    {
      title: "T",
      isbn: "9780000000000",
      blurb: "",
      language: "en",
      year: 2000,
      priceCents: 1,
      genreId: 1,
      authors: ["A"],
      copies: 1,
    },
  ],
];
const QUERIES = [
  "words",
  "genre",
  "language",
  "author",
  "minCents",
  "maxCents",
  "inStock",
  "order",
  "after",
  "before",
  "size",
];
const PATHS = ["/books/", "/orders/", "/office/books/", "/reviews/"];
const FORMS = [
  "/sign-in",
  "/sign-up",
  "/books/1/basket",
  "/books/1/reviews",
  "/basket/1",
  "/basket/order",
  "/office/books/1",
  "/office/books/1/resolve",
  "/office/books/new",
];

interface Attack {
  readonly method: string;
  readonly path: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Record<string, string>;
}

class Attacker {
  constructor(
    private readonly random: Random,
    private readonly tokens: readonly string[],
  ) {}

  next(): Attack {
    const kinds = [
      this.#wrongField,
      this.#noJson,
      this.#query,
      this.#path,
      this.#form,
      this.#cursor,
      this.#headers,
      this.#large,
    ];
    const { path, headers, ...attack } = this.random.one(kinds).call(this);
    const shop = this.random.chance(0.97) ? "/lantern" : `/${encodeURIComponent(this.random.one(SQL))}`;
    return {
      ...attack,
      path: shop + path,
      headers: { authorization: `Bearer ${this.random.one(this.tokens)}`, ...headers },
    };
  }

  /** One field, or more, of a fitting body is something else, is not there, or is there in surplus. */
  #wrongField(): Attack {
    const { random } = this;
    const [method, path, fitting] = random.one(BODIES);
    const body: Record<string, unknown> = structuredClone(fitting);
    for (const name of random.some(Object.keys(body), random.between(1, 2))) {
      if (random.chance(0.15)) delete body[name];
      else
        body[name] = random.chance(0.1)
          ? [{ bookId: random.one(WRONG), quantity: random.one(WRONG) }]
          : random.one(WRONG);
    }
    if (random.chance(0.2)) Object.assign(body, { id: 1, shopId: 2, role: "clerk", constructor: 1 });
    return {
      method,
      path: `/api${path}`,
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", ...newKey() },
    };
  }

  #noJson(): Attack {
    const { random } = this;
    const [method, path, fitting] = random.one(BODIES);
    const whole = JSON.stringify(fitting);
    const body = random.one([
      whole.slice(0, random.between(0, whole.length - 1)),
      "",
      "[",
      "{".repeat(2000),
      "[".repeat(20_000),
      "\xff\xfe",
      `${whole}${whole}`,
      "<xml/>",
    ]);
    const type = random.one([
      "application/json",
      "application/json",
      "text/plain",
      "multipart/form-data",
      "application/x-www-form-urlencoded",
      "application/json; charset=utf-7",
      "",
    ]);
    return {
      method,
      path: `/api${path}`,
      body,
      headers: {
        "content-type": type,
        "idempotency-key": random.one([...SQL.map(encodeURIComponent), "x", "x".repeat(500)]),
      },
    };
  }

  #query(): Attack {
    const { random } = this;
    const search = Array.from({ length: random.between(1, 4) }, () => {
      const name = random.one(QUERIES);
      const value = encodeURIComponent(random.one([...SQL, ...ODD.filter((each) => each !== "\uD800"), "1"]));
      return random.chance(0.15)
        ? `${name}=1&${name}=${value}`
        : random.chance(0.1)
          ? `${name}=%zz%`
          : `${name}=${value}`;
    });
    return {
      method: "GET",
      path: `${random.one(["/api/books", "/", "/orders", "/office", "/api/office/orders"])}?${search.join("&")}`,
    };
  }

  #path(): Attack {
    const { random } = this;
    const id = random.one([
      "0",
      "-1",
      "99999999999999999999",
      "1e3",
      "%00",
      "%E0%A4%A",
      "NaN",
      "1%20or%201=1",
      "..%2f..%2fetc",
      encodeURIComponent(random.one(SQL)),
    ]);
    return {
      method: random.one(["GET", "DELETE", "PUT", "PATCH", "OPTIONS", "HEAD"]),
      path: `${random.one(["/api", ""])}${random.one(PATHS)}${id}${random.one(["", "/reviews", "/history", "/"])}`,
    };
  }

  #form(): Attack {
    const { random } = this;
    const names = [
      "email",
      "password",
      "name",
      "quantity",
      "rating",
      "text",
      "key",
      "title",
      "authors",
      "isbn",
      "language",
      "year",
      "priceCents",
      "genreId",
      "blurb",
      "version",
      "opened",
      "back",
      "choice.title",
      "mine.title",
      "copies",
    ];
    const fields = new URLSearchParams();
    for (const name of random.some(names, random.between(0, 14)))
      fields.append(name, String(random.one([...SQL, ...ODD.filter((each) => each !== "\uD800"), "1"])));
    if (random.chance(0.1)) fields.append("text", "again");
    const headers = {
      "content-type": "application/x-www-form-urlencoded",
      origin: random.chance(0.8) ? "http://shop.test" : "https://evil.example",
      cookie: `token=${random.one([...this.tokens, encodeURIComponent(random.one(SQL))])}`,
    };
    return { method: "POST", path: random.one(FORMS), body: fields.toString(), headers };
  }

  #cursor(): Attack {
    const { random } = this;
    const made = [
      [random.one(WRONG), 1],
      [1, random.one(WRONG)],
      [{ time: random.one(WRONG) }, 1],
      random.one(WRONG),
      [1, 2, 3],
    ];
    const cursor = Buffer.from(JSON.stringify(random.one(made)) ?? "").toString("base64url");
    return {
      method: "GET",
      path: `/api/books?${random.one(["after", "before"])}=${cursor}&order=${random.one(["newest", "title", "cheapest"])}`,
    };
  }

  #headers(): Attack {
    const { random } = this;
    const token = encodeURIComponent(random.one(SQL));
    const headers = random.one<Record<string, string>>([
      { authorization: `Bearer ${token}` },
      { authorization: "Basic !!!" },
      { authorization: "", cookie: `token=${token}; token=${token}` },
      { accept: "*/*;q=broken", "accept-encoding": "none" },
      { "if-match": '"', "x-forwarded-host": "evil.example", host: "evil.example" },
    ]);
    return {
      method: "GET",
      path: random.one(["/api/customers/me", "/basket", "/api/books/1", "/office/books/1"]),
      headers,
    };
  }

  #large(): Attack {
    const [method, path] = this.random.one(BODIES);
    const body = JSON.stringify({ text: "x".repeat(this.random.between(60_000, 200_000)) });
    return { method, path: `/api${path}`, body, headers: { "content-type": "application/json", ...newKey() } };
  }
}

/** Speaks to the server below HTTP: what no client library would send. */
async function raw(port: number, random: Random): Promise<void> {
  const head = "POST /lantern/api/sign-ins HTTP/1.1\r\nHost: shop.test\r\nContent-Type: application/json\r\n";
  const bytes = random.one([
    `${head}Content-Length: 1000\r\n\r\n{"email":`,
    `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}{}{}`,
    `${head}Transfer-Encoding: chunked\r\n\r\nffffffff\r\n{`,
    `${head}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
    "GET /lantern/\0 HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    `GET /lantern/?${"a".repeat(20_000)} HTTP/1.1\r\nHost: shop.test\r\n\r\n`,
    "GET //evil.example/lantern/ HTTP/1.1\r\nHost: a b c\r\n\r\n",
    "GET http://[/ HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    "BREW /lantern/ HTTP/1.1\r\nHost: shop.test\r\n\r\n",
  ]);
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk;
  });
  socket.write(bytes, "latin1");
  await new Promise((resolve) => setTimeout(resolve, random.between(1, 20)));
  socket.destroy();
  expect(answer).not.toMatch(/^HTTP\/1\.1 5/);
}

async function contents(engine: AsyncEngine): Promise<unknown> {
  return (await engine.execute(text("select id, price_cents, isbn from books where shop_id = 2 order by id"))).all();
}

describe.each(["sqlite", "postgresql"] as const)("hostile requests on %s", (kind) => {
  const shop = bookshop(kind);

  test("none is answered with 500, interpreted, or left open", LONG_RUN, async () => {
    const { engine } = shop.database;
    const random = new Random(kind === "sqlite" ? 7 : 8);
    const [ann, clerk] = [await shop.visitor().signIn("ann"), await shop.visitor().signIn("clerk")];
    const tokens = [ann.token, clerk.token, clerk.token, "nobody"] as string[];
    let open = 0;
    const count = (by: number) => () => {
      open += by;
    };
    const heard = new AbortController();
    event.listen(Session, "afterTransactionCreate", count(1), { signal: heard.signal });
    event.listen(Session, "afterTransactionEnd", count(-1), { signal: heard.signal });
    onTestFinished(() => heard.abort());
    const server = serve({ fetch: shop.app.fetch, port: 0, hostname: "127.0.0.1" });
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const untouched = await contents(engine);
    const attacker = new Attacker(random, tokens);
    const statuses = new Map<number, number>();
    const total = howOften(300, 10_000);
    let sent = 0;
    let warm = 0;
    onTestFinished(() => expect(shop.reported).toEqual([]));
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        while (sent < total) {
          if (++sent === Math.floor(total / 4)) warm = (await memory()).heap;
          if (random.chance(0.1)) {
            await raw(port, random);
            continue;
          }
          const { method, path, body, headers } = attacker.next();
          const response = await fetch(`http://127.0.0.1:${port}${path}`, {
            method,
            headers: { ...headers, connection: "close" },
            redirect: "manual",
            ...(body !== undefined && { body }),
            // Some do not wait for the answer.
            ...(random.chance(0.03) && { signal: AbortSignal.timeout(random.between(1, 5)) }),
          }).catch((error: Error) => error);
          if (response instanceof Error) continue;
          const answer = await response.text().catch(() => "");
          statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
          expect(response.status, `${method} ${path} ${String(body).slice(0, 300)}`).toBeLessThan(500);
          // What was sent comes back as text only.
          if (response.headers.get("content-type")?.includes("html")) expect(answer).not.toMatch(/<script|<img/);
          expect(answer).not.toContain(SALT);
        }
      }),
    );
    for (let turn = 0; open > 0 || engine.pool.status().checkedOut > 0; turn++) {
      expect(turn).toBeLessThan(200);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(open).toBe(0);
    expect(await contents(engine)).toEqual(untouched);
    // They have come through the doors, and not only as far as them.
    for (const status of [200, 400, 401, 403, 404, 413, 415, 422])
      expect(statuses.get(status) ?? 0, String(status)).toBeGreaterThan(0);
    if (total > 5000) expect((await memory()).heap - warm).toBeLessThan(20);
  });

  test("SQL and HTML that are sent as text are text: stored and shown to the letter", async () => {
    const client = await shop.visitor().signIn("ann");
    const { id } = (await client.api("GET", "/books?size=1")).json.items[0];
    for (const words of [...SQL, "a\nb", "𝕏 ✓ é", "\\x00", "%s %d {0}"]) {
      await client.api("POST", `/books/${id}/reviews`, { rating: 1, text: words });
      const [newest] = (await client.api("GET", `/books/${id}/reviews`)).json;
      expect(newest.text).toBe(words);
      const { text: page } = await client.page(`/books/${id}`);
      const escaped = words
        .replaceAll("&", "&amp;")
        .replaceAll("<", "&lt;")
        .replaceAll(">", "&gt;")
        .replaceAll('"', "&quot;")
        .replaceAll("'", "&#39;");
      expect(page).toContain(`<p class="text">${escaped}</p>`);
    }
  });
});
