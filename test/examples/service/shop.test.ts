import { rollBackEachTest } from "athanor/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Book, OutboxEvent, Stock } from "../../../examples/service/entities/index.js";
import { endpoints } from "../../../examples/service/http/api/index.js";
import { EVERY_SHOP, scope, unitOfWork } from "../../../examples/service/scope.js";
import { db, Session } from "../../../examples/service/session.js";
import { attrs, func, select, text, update } from "../../../src/index.js";
import { type Bookshop, bookshop, type Client, newKey } from "./support.js";

const everywhere = <T>(fn: () => Promise<T>): Promise<T> => scope({ shop: EVERY_SHOP }, fn);

/** The number of a book that can be bought, and how many copies there are. */
async function available(client: Client): Promise<{ id: number; onHand: number; priceCents: number }> {
  return (await client.api("GET", "/books?inStock=true&size=1")).json.items[0];
}

describe.each(["sqlite", "postgresql"] as const)("the bookshop on %s", (kind) => {
  const shop: Bookshop = bookshop(kind);
  rollBackEachTest({ beforeEach, afterEach }, () => shop.database.engine, Session);
  afterEach(() => expect(shop.reported.splice(0)).toEqual([]));
  const ann = () => shop.visitor().signIn("ann");
  const clerk = () => shop.visitor().signIn("clerk");

  test("pages of the catalogue show each book once, in order, forwards and backwards", async () => {
    const visitor = shop.visitor();
    for (const order of ["newest", "title", "cheapest", "dearest"]) {
      const seen: number[] = [];
      let last = "";
      for (let after: string | null = ""; after !== null; ) {
        const { json } = await visitor.api("GET", `/books?order=${order}&size=25${after && `&after=${after}`}`);
        seen.push(...json.items.map(({ id }: { id: number }) => id));
        after = json.next;
        if (json.previous !== null) last = json.previous;
      }
      expect(seen).toHaveLength(72);
      expect(new Set(seen).size).toBe(72);
      const { json } = await visitor.api("GET", `/books?order=${order}&size=25&before=${last}`);
      expect(json.items.map(({ id }: { id: number }) => id)).toEqual(seen.slice(25, 50));
      expect(json.next).not.toBeNull();
    }
  });

  test("the search finds books by the beginnings of words of title and author, whatever else was typed", async () => {
    const visitor = shop.visitor();
    const { id, title, byline } = (await visitor.api("GET", "/books?size=1")).json.items[0];
    const words = `${title.split(" ").at(-1).slice(0, 4)} ${byline.split(" ")[0].toUpperCase()}`;
    for (const typed of [words, `  ${words} `, `${words}"'):*&|!()<->%_\\`]) {
      const found = (await visitor.api("GET", `/books?words=${encodeURIComponent(typed)}`)).json.items;
      expect(found.map((each: { id: number }) => each.id)).toContain(id);
      expect(found.length).toBeLessThan(20);
    }
    expect((await visitor.api("GET", "/books?words=%22%27*")).json.items).toHaveLength(24);
  });

  test("an edited title is found by its new words and no more by its old ones", async () => {
    const client = await clerk();
    const { id } = await available(client);
    const { json: book } = await client.api("GET", `/office/books/${id}`);
    await client.api("PATCH", `/office/books/${id}`, { version: book.version, title: "Zymurgy explained" });
    const found = async (word: string) =>
      (await client.api("GET", `/books?words=${word}`)).json.items.map((each: { id: number }) => each.id);
    expect(await found("zymur")).toEqual([id]);
    expect(await found(book.title.replaceAll(/\W+/g, "+"))).not.toContain(id);
  });

  test("the catalogue is narrowed by genre, language, price and stock, all together", async () => {
    const { json } = await shop
      .visitor()
      .api("GET", "/books?language=en&minCents=1500&maxCents=3000&inStock=true&size=100");
    expect(json.items.length).toBeGreaterThan(5);
    for (const { language, priceCents, onHand } of json.items) {
      expect(language).toBe("en");
      expect(priceCents >= 1500 && priceCents <= 3000).toBe(true);
      expect(onHand).toBeGreaterThan(0);
    }
    const one = (await shop.visitor().api("GET", `/books/${json.items[0].id}`)).json;
    const alike = (await shop.visitor().api("GET", `/books?genre=${one.genre.slug}&size=100`)).json.items;
    expect(alike.map((each: { id: number }) => each.id)).toContain(one.id);
    const hers = (await shop.visitor().api("GET", `/books?author=${one.authors[0].id}`)).json.items;
    expect(hers.every((each: { byline: string }) => each.byline.includes(one.authors[0].name))).toBe(true);
  });

  test("an order takes its copies from stock, keeps its prices, and tells of itself in the same transaction", async () => {
    const client = await ann();
    const book = await available(client);
    const { status, json: order } = await client.api(
      "POST",
      "/orders",
      { lines: [{ bookId: book.id, quantity: 1 }] },
      newKey(),
    );
    expect(status).toBe(201);
    expect(order).toMatchObject({
      totalCents: book.priceCents,
      state: "placed",
      lines: [{ bookId: book.id, quantity: 1 }],
    });
    expect((await client.api("GET", `/books/${book.id}`)).json.onHand).toBe(book.onHand - 1);
    const events = await everywhere(() =>
      db.scalars(select(OutboxEvent).where((e) => e.topic.eq("order.placed"))).all(),
    );
    expect(events.map(({ key, payload }) => [key, payload["totalCents"]])).toEqual([
      [`order.placed/${order.reference}`, book.priceCents],
    ]);
  });

  test("who asks for more copies than there are is told which, and nothing is sold", async () => {
    const client = await ann();
    const [first, second] = (await client.api("GET", "/books?inStock=true&size=2")).json.items;
    const lines = [
      { bookId: first.id, quantity: 1 },
      { bookId: second.id, quantity: second.onHand + 1 },
    ];
    const { status, json } = await client.api("POST", "/orders", { lines }, newKey());
    expect(status).toBe(409);
    expect(json.error.short).toEqual([{ bookId: second.id, title: second.title, onHand: second.onHand }]);
    expect((await client.api("GET", `/books/${first.id}`)).json.onHand).toBe(first.onHand);
    expect((await client.api("GET", "/orders")).json.items).toEqual([]);
  });

  test("asked again under the same key, the shop gives the order that was placed, from basket and API", async () => {
    const client = await ann();
    const { id, onHand } = await available(client);
    const key = newKey();
    const order = () => client.api("POST", "/orders", { lines: [{ bookId: id, quantity: 1 }] }, key);
    const [first, second] = [await order(), await order()];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.json).toEqual(first.json);
    await client.api("PUT", `/basket/${id}`, { quantity: 2 });
    const other = newKey();
    const bought = await client.api("POST", "/basket/order", undefined, other);
    expect((await client.api("POST", "/basket/order", undefined, other)).json).toEqual(bought.json);
    expect((await client.api("GET", "/basket")).json).toEqual({ lines: [], totalCents: 0 });
    expect((await client.api("POST", "/basket/order", undefined, newKey())).status).toBe(409);
    expect((await client.api("GET", `/books/${id}`)).json.onHand).toBe(onHand - 3);
  });

  test("a cancelled order gives its copies back, once, and a sent one stays", async () => {
    const client = await ann();
    const { id, onHand } = await available(client);
    const order = async () =>
      (await client.api("POST", "/orders", { lines: [{ bookId: id, quantity: 1 }] }, newKey())).json.reference;
    const cancelled = await order();
    expect((await client.api("DELETE", `/orders/${cancelled}`)).json.state).toBe("cancelled");
    expect((await client.api("DELETE", `/orders/${cancelled}`)).status).toBe(409);
    expect((await client.api("GET", `/books/${id}`)).json.onHand).toBe(onHand);
    const sent = await order();
    expect((await client.api("POST", `/office/orders/${sent}/send`)).status).toBe(403);
    expect((await (await clerk()).api("POST", `/office/orders/${sent}/send`)).json.state).toBe("sent");
    expect((await client.api("DELETE", `/orders/${sent}`)).json.error.message).toBe(`Order ${sent} was sent already.`);
  });

  test("clerks are told once when few copies are left", async () => {
    const client = await ann();
    const { id } = await available(client);
    await everywhere(async () => {
      await db.execute(
        update(Stock)
          .where((s) => s.bookId.eq(id))
          .values({ onHand: 5 }),
      );
      await db.commit();
    });
    for (let i = 0; i < 4; i++) await client.api("POST", "/orders", { lines: [{ bookId: id, quantity: 1 }] }, newKey());
    const event = attrs(OutboxEvent);
    const low = () => db.scalars(select(event.payload).where(event.topic.eq("stock.low"))).all();
    expect(await everywhere(low)).toMatchObject([{ bookId: id, onHand: 3 }]);
  });

  test("reviews have replies, however deep; one that was taken back leaves the replies to it", async () => {
    const [reader, other] = [await ann(), await clerk()];
    const { id } = await available(reader);
    const { json: mine } = await reader.api("POST", `/books/${id}/reviews`, { rating: 4, text: "Good" });
    let to = mine.id;
    for (let depth = 1; depth <= 4; depth++) {
      to = (await (depth % 2 ? other : reader).api("POST", `/reviews/${to}/replies`, { text: `reply ${depth}` })).json
        .id;
    }
    await reader.api("POST", `/books/${id}/reviews`, { rating: 5, text: "Very good" });
    const thread = async () =>
      (await reader.api("GET", `/books/${id}/reviews`)).json.find((each: { id: number }) => each.id === mine.id);
    expect(await thread()).toMatchObject({
      rating: 5,
      text: "Very good",
      writer: "Ann Reader",
      replies: [
        { text: "reply 1", writer: "Cleo Clerk", replies: [{ replies: [{ replies: [{ text: "reply 4" }] }] }] },
      ],
    });
    expect((await reader.api("DELETE", `/reviews/${to - 1}`)).status).toBe(403);
    await reader.api("DELETE", `/reviews/${mine.id}`);
    expect(await thread()).toMatchObject({ text: null, writer: null, replies: [{ text: "reply 1" }] });
    expect((await reader.api("POST", `/reviews/${mine.id}/replies`, { text: "late" })).status).toBe(404);
  });

  test("an edit of a version that is no more is 409 with both versions, and nothing of it is stored", async () => {
    const [one, two] = [await clerk(), await clerk()];
    const { id } = await available(one);
    const { json: book } = await one.api("GET", `/office/books/${id}`);
    const edit = (client: Client, changes: object) =>
      client.api("PATCH", `/office/books/${id}`, { version: book.version, ...changes });
    expect((await edit(one, { title: "First", authors: ["Ada New", book.authors[0]] })).json).toMatchObject({
      title: "First",
      version: book.version + 1,
      authors: expect.arrayContaining(["Ada New", book.authors[0]]),
    });
    const { status, json } = await edit(two, { title: "Second", year: 1999 });
    expect(status).toBe(409);
    expect(json.error).toMatchObject({
      theirs: { title: "First", year: book.year, version: book.version + 1 },
      mine: { title: "Second", year: 1999 },
    });
    expect((await one.api("GET", `/office/books/${id}`)).json).toMatchObject({ title: "First", year: book.year });
    expect((await one.api("GET", `/books/${id}`)).json.byline).toContain("Ada New");
  });

  test("the page of a conflict offers both versions, prefers what each has changed, and saves what is chosen", async () => {
    const client = await clerk();
    const { id } = await available(client);
    const path = `/office/books/${id}`;
    const form = formOf((await client.page(path)).text);
    expect((await client.page(path, { ...form, title: "Theirs", year: "1999" })).status).toBe(303);
    const { status, text } = await client.page(path, { ...form, title: "Mine", blurb: "A blurb of mine" });
    expect(status).toBe(409);
    expect(text).toMatch(/As it is now[\s\S]*Theirs[\s\S]*As you have it[\s\S]*Mine/);
    const offered = formOf(text);
    expect(offered).toMatchObject({ "choice.title": "mine", "choice.year": "theirs", "choice.blurb": "mine" });
    expect((await client.page(`${path}/resolve`, { ...offered, "choice.title": "theirs" })).status).toBe(303);
    expect((await client.api("GET", path)).json).toMatchObject({
      title: "Theirs",
      year: 1999,
      blurb: "A blurb of mine",
    });
    // Meanwhile somebody may have been faster again.
    expect((await client.page(`${path}/resolve`, offered)).status).toBe(409);
  });

  test("every edit of a book can be read later: who, and what from what to what", async () => {
    const client = await clerk();
    const { json: added } = await client.api("POST", "/office/books", {
      title: "New",
      isbn: "9780000000000",
      blurb: "",
      language: "en",
      year: 2001,
      priceCents: 1000,
      genreId: 1,
      authors: ["Ada New"],
      copies: 3,
    });
    const path = `/office/books/${added.id}`;
    await client.api("PATCH", path, { version: 1, title: "Newer", genreId: 2, authors: ["Ada New", "Ben New"] });
    await client.api("PATCH", path, { version: 2, title: "Newer" });
    await client.api("DELETE", path);
    await client.api("POST", `${path}/restore`);
    const history = (await client.api("GET", `${path}/history`)).json;
    expect(history.map((each: { action: string }) => each.action)).toEqual([
      "restored",
      "deleted",
      "edited",
      "created",
    ]);
    expect(history[2]).toMatchObject({
      actor: "Cleo Clerk",
      changes: {
        title: ["New", "Newer"],
        genre: ["Novels", "Crime"],
        authors: ["Ada New", "Ada New, Ben New"],
        byline: ["Ada New", "Ada New, Ben New"],
      },
    });
    expect(history[3].changes).toMatchObject({ title: [null, "New"], authors: [null, "Ada New"] });
  });

  test("a removed book is seen in the office only, keeps its orders, and comes back", async () => {
    const [reader, office] = [await ann(), await clerk()];
    const { id } = await available(reader);
    const { json: order } = await reader.api("POST", "/orders", { lines: [{ bookId: id, quantity: 1 }] }, newKey());
    await reader.api("PUT", `/basket/${id}`, { quantity: 1 });
    expect((await office.api("DELETE", `/office/books/${id}`)).status).toBe(204);
    expect((await reader.api("GET", `/books/${id}`)).status).toBe(404);
    expect((await reader.api("GET", "/basket")).json.lines).toEqual([]);
    expect((await reader.api("POST", "/orders", { lines: [{ bookId: id, quantity: 1 }] }, newKey())).status).toBe(404);
    expect((await reader.api("GET", `/orders/${order.reference}`)).json.lines).toHaveLength(1);
    expect((await office.api("GET", `/office/books/${id}`)).json.removed).toBe(true);
    expect((await office.page("/office/removed")).text).toContain(`/office/books/${id}`);
    await office.api("POST", `/office/books/${id}/restore`);
    expect((await reader.api("GET", `/books/${id}`)).status).toBe(200);
  });

  test("accounts are opened once for an address, signed in by its password, and signed out", async () => {
    const client = shop.visitor();
    const account = { email: "New@Example.com", name: "New", password: "long enough" };
    expect((await client.api("POST", "/customers", account)).json).toMatchObject({
      email: "new@example.com",
      role: "customer",
    });
    expect((await client.api("POST", "/customers", account)).json.error.fields).toEqual({
      email: "That address has an account already.",
    });
    expect((await client.api("POST", "/sign-ins", { ...account, password: "wrong" })).status).toBe(401);
    client.token = (await client.api("POST", "/sign-ins", account)).json.token;
    expect((await client.api("GET", "/customers/me")).json.name).toBe("New");
    expect((await client.api("DELETE", "/sign-ins/current")).status).toBe(204);
    expect((await client.api("GET", "/customers/me")).status).toBe(401);
    expect((await client.page("/sign-up", { ...account })).text).toContain("That address has an account already.");
  });

  test("pages that need a sign-in lead to it and back, and never elsewhere", async () => {
    const client = shop.visitor();
    const { status, headers } = await client.page("/orders");
    expect([status, headers.get("location")]).toEqual([303, "/lantern/sign-in?back=%2Flantern%2Forders"]);
    const fields = { email: "ann@example.com", password: "bookworm" };
    const back = async (to: string) => (await client.page("/sign-in", { ...fields, back: to })).headers.get("location");
    expect(await back("/lantern/orders")).toBe("/lantern/orders");
    for (const elsewhere of ["https://example.com", "//example.com", "/lantern/\\example.com", "/harbour/"])
      expect(await back(elsewhere)).toBe("/lantern/");
  });

  test("a form that does not fit is shown again with what was typed and what is wrong with it", async () => {
    const client = await clerk();
    const { id } = await available(client);
    const form = formOf((await client.page(`/office/books/${id}`)).text);
    const { status, text } = await client.page(`/office/books/${id}`, {
      ...form,
      isbn: "12",
      priceCents: "free",
      title: "Kept & typed",
    });
    expect(status).toBe(422);
    expect(text).toContain('value="Kept &amp; typed"');
    expect(text).toMatch(/13 digits[\s\S]*/);
    expect(text).toContain("A price, as 12.50");
    expect((await client.page("/sign-in", { email: "a@b.c", password: "secret pass" })).text).not.toContain(
      "secret pass",
    );
  });

  test("all orders are streamed as lines of JSON, and the connection is given back", async () => {
    const [reader, office] = [await ann(), await clerk()];
    const { id } = await available(reader);
    for (let i = 0; i < 3; i++) await reader.api("POST", "/orders", { lines: [{ bookId: id, quantity: 1 }] }, newKey());
    const { text, headers } = await office.api("GET", "/office/orders.ndjson");
    expect(headers.get("content-type")).toBe("application/x-ndjson");
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map((each) => each.lines[0].bookId)).toEqual([id, id, id]);
    expect((await reader.api("GET", "/office/orders.ndjson")).status).toBe(403);
  });

  test("the description of the API names every endpoint, and answers are what it says", async () => {
    const { json } = await shop.visitor().api("GET", "/openapi.json");
    expect(json.openapi).toBe("3.1.0");
    const described = Object.entries<object>(json.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(described.sort()).toEqual(endpoints.map(({ method, path }) => `${method} ${path}`).sort());
    const query = json.paths["/books"].get.parameters.find((each: { name: string }) => each.name === "size");
    expect(query).toMatchObject({ in: "query", required: false, schema: { maximum: 100, default: 24 } });
    const client = await ann();
    const { id } = await available(client);
    const answers: [path: string, url: string][] = [
      ["/books", "/books?size=3"],
      ["/books/{id}", `/books/${id}`],
      ["/books/{id}/reviews", "/books/1/reviews"],
      ["/basket", "/basket"],
      ["/orders", "/orders"],
      ["/customers/me", "/customers/me"],
    ];
    for (const [path, url] of answers) {
      const endpoint = endpoints.find((each) => each.method === "get" && each.path === path);
      expect(() => endpoint?.answer?.parse(undefined)).toThrow();
      endpoint?.answer?.parse((await client.api("GET", url)).json);
    }
  });

  test("a session that was told of no shop reads nothing, and one of a shop writes nothing of another", async () => {
    await expect(scope({}, () => db.scalars(select(Book)).all())).rejects.toThrow(
      "No shop was chosen for this session: open its scope with one (scope.ts).",
    );
    const facts = { id: 1, slug: "lantern", name: "", motto: "", currency: "EUR" };
    await expect(scope({ shop: facts }, () => db.scalar(text("select count(*) from books")))).rejects.toThrow(
      "SQL text cannot be narrowed to a shop: write the statement with select(), update() or del().",
    );
    const count = () => db.scalar(select(func.count(attrs(Book).id)));
    const [all, some] = [await everywhere(count), await scope({ shop: facts }, count)];
    expect(Number(some)).toBeLessThan(Number(all));
    await expect(
      unitOfWork({ shop: facts }, async () => {
        const book = await db.scalars(select(Book).limit(1)).one();
        book.shopId = 2;
      }),
    ).rejects.toThrow("A Book of another shop was about to be written.");
  });
});

/** The fields of the largest form of a page, as a browser would send them. */
function formOf(html: string): Record<string, string> {
  const forms = [...html.matchAll(/<form[^>]*method="post"[\s\S]*?<\/form>/g)].map(([form]) => form as string);
  const form = forms.sort((a, b) => b.length - a.length)[0] as string;
  const fields: Record<string, string> = {};
  const plain = (text: string) =>
    text
      .replaceAll("&quot;", '"')
      .replaceAll("&#39;", "'")
      .replaceAll("&lt;", "<")
      .replaceAll("&gt;", ">")
      .replaceAll("&amp;", "&");
  for (const [tag, attributes] of form.matchAll(/<input([^>]*)>/g)) {
    const of = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes as string)?.[1];
    if (/type="radio"/.test(tag as string) && !/checked/.test(attributes as string)) continue;
    const name = of("name");
    if (name !== undefined) fields[name] = plain(of("value") ?? "");
  }
  for (const [, name, text] of form.matchAll(/<textarea[^>]*\bname="([^"]*)"[^>]*>([\s\S]*?)<\/textarea>/g)) {
    fields[name as string] = plain(text as string);
  }
  for (const [, name, options] of form.matchAll(/<select[^>]*\bname="([^"]*)"[^>]*>([\s\S]*?)<\/select>/g)) {
    fields[name as string] = /<option value="([^"]*)" selected/.exec(options as string)?.[1] ?? "";
  }
  return fields;
}
