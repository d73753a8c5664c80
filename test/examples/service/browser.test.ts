import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ServerType, serve } from "@hono/node-server";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PASSWORD } from "../../../examples/service/seed/seed.js";
import { bookshop } from "./support.js";

const executable = [
  process.env["ATHANOR_CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
].find((path) => path !== undefined && existsSync(path));
if (executable === undefined) {
  console.log(
    "The bookshop was not tried in a browser: no Chromium is installed (ATHANOR_CHROMIUM=/path/to/chromium names one).",
  );
}

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } } as const;
/** Pictures of the main pages are left here, to be looked at. */
const PICTURES = join(tmpdir(), "athanor-bookshop-pictures");

describe.skipIf(executable === undefined)("the bookshop in a browser", { timeout: 60_000 }, () => {
  const shop = bookshop("sqlite", 130);
  let server: ServerType;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let home: string;
  /** What the browser complained of. */
  const complaints: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executable as string, args: ["--no-sandbox"] });
    server = serve({ fetch: shop.app.fetch, port: 0, hostname: "127.0.0.1" });
    await once(server, "listening");
    home = `http://127.0.0.1:${(server.address() as AddressInfo).port}/lantern/`;
    mkdirSync(PICTURES, { recursive: true });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });
  beforeEach(async () => {
    context = await browser.newContext({ viewport: SIZES.desktop });
    page = await open();
  });
  afterEach(async () => {
    await context.close();
    expect(complaints.splice(0)).toEqual([]);
    expect(shop.reported).toEqual([]);
  });

  async function open(): Promise<Page> {
    const opened = await context.newPage();
    opened.setDefaultTimeout(20_000);
    opened.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    opened.on("pageerror", (error) => complaints.push(String(error)));
    return opened;
  }

  async function signIn(email: string): Promise<void> {
    await page.goto(`${home}sign-in`);
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL(home);
  }

  const titles = (): Promise<string[]> => page.locator(".shelf .title").allTextContents();

  test("one browses, searches, narrows, turns pages, and goes back and forward to where one was", async () => {
    await page.goto(home);
    const first = await titles();
    await page.getByRole("link", { name: "Next →" }).click();
    const second = await titles();
    expect(second).not.toEqual(first);
    await page.getByRole("link", { name: "← Previous" }).click();
    expect(await titles()).toEqual(first);
    await page.goBack();
    expect(await titles()).toEqual(second);
    await page.goForward();
    expect(await titles()).toEqual(first);

    const word = (first[0] as string).split(" ").at(-1) as string;
    await page.getByLabel("Search the catalogue").fill(word);
    await page.getByRole("button", { name: "Search" }).click();
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toContain(word);
    expect(await titles()).toContain(first[0]);
    await page.getByLabel("Order").selectOption("Cheapest first");
    await page.getByLabel("Only what is in stock").check();
    await page.getByRole("button", { name: "Show" }).click();
    expect(await page.getByLabel("Only what is in stock").isChecked()).toBe(true);
    expect(await page.getByLabel("Search the catalogue").inputValue()).toBe(word);
    await page.goBack();
    expect(await page.getByLabel("Only what is in stock").isChecked()).toBe(false);
  });

  test("one buys: from the shelf into the basket, through the sign-in, to an order that is known afterwards", async () => {
    await page.goto(home);
    const book = page.locator(".shelf li", { hasText: "In stock" }).first();
    const title = (await book.locator(".title").textContent()) as string;
    await book.getByRole("link").click();
    await page.getByRole("button", { name: "Add to the basket" }).click();
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Sign in");
    await signIn("ann@example.com");
    await page.getByRole("link", { name: title }).first().click();
    await page.getByLabel("Copies").fill("2");
    await page.getByRole("button", { name: "Add to the basket" }).click();
    expect(await page.locator(".count").textContent()).toBe("2");
    await page.getByLabel(`Copies of ${title}`).fill("1");
    await page.getByRole("button", { name: "Change" }).click();
    expect(await page.locator(".count").textContent()).toBe("1");
    await page.getByRole("button", { name: "Order now" }).click();
    const reference = ((await page.getByRole("heading", { level: 1 }).textContent()) as string).replace("Order ", "");
    expect(await page.getByRole("status").textContent()).toContain("Thank you.");
    // Back is the basket, which is empty now; the order is among one's orders.
    await page.getByRole("link", { name: "Basket" }).click();
    expect(await page.getByRole("main").textContent()).toContain("There is nothing in it.");
    await page.getByRole("link", { name: "Orders" }).click();
    await page.getByRole("link", { name: reference }).click();
    await page.getByRole("button", { name: "Cancel this order" }).click();
    expect(await page.getByRole("main").textContent()).toContain("Cancelled");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.goto(`${home}orders/${reference}`);
    expect(page.url()).toContain("/sign-in?back=");
  });

  test("readers review a book and reply to each other", async () => {
    await signIn("ann@example.com");
    await page.goto(`${home}books/1`);
    await page.getByLabel("Rating").selectOption("4");
    await page.getByLabel("Review", { exact: true }).fill("Read it <twice>.");
    await page.getByRole("button", { name: "Publish" }).click();
    const mine = page.locator("#reviews > .threads > li", { hasText: "Read it <twice>." });
    await mine.locator("summary").first().click();
    await mine.getByLabel("Your reply to Ann Reader").first().fill("And a third time.");
    await mine.getByRole("button", { name: "Send" }).first().click();
    expect(await mine.locator(".threads").textContent()).toContain("And a third time.");
    await mine.getByRole("button", { name: "Take back" }).first().click();
    expect(await page.locator("#reviews > .threads > li", { hasText: "And a third time." }).textContent()).toContain(
      "This was taken back.",
    );
  });

  test("of two clerks who edit one book, the later chooses between both versions, field by field", async () => {
    await signIn("clerk@example.com");
    const book = `${home}office/books/2`;
    await page.goto(book);
    const other = await open();
    await other.goto(book);
    await other.getByLabel("Title").fill("The other's title");
    await other.getByLabel("Year").fill("1999");
    await other.getByRole("button", { name: "Save" }).click();
    await page.getByLabel("Title").fill("My title");
    await page.getByLabel("Blurb").fill("My blurb.");
    await page.getByRole("button", { name: "Save" }).click();
    expect(await page.getByRole("alert").textContent()).toContain("somebody else has saved it");
    // The browser tells of any status from 400 on.
    expect(complaints.splice(0)).toEqual([
      "Failed to load resource: the server responded with a status of 409 (Conflict)",
    ]);
    await picture("conflict");
    const choice = (field: string, whose: string) =>
      page.getByRole("group", { name: field }).getByRole("radio", { name: whose });
    expect(await choice("Title", "As you have it").isChecked()).toBe(true);
    expect(await choice("Year", "As it is now").isChecked()).toBe(true);
    await choice("Title", "As it is now").check();
    await page.getByRole("button", { name: "Save what I have chosen" }).click();
    expect(await page.getByLabel("Title").inputValue()).toBe("The other's title");
    expect(await page.getByLabel("Year").inputValue()).toBe("1999");
    expect(await page.getByLabel("Blurb").inputValue()).toBe("My blurb.");
    expect(await page.locator(".history").textContent()).toMatch(/blurb: .* My blurb\./);
  });

  test("all of it goes by keyboard alone: to the content, through the search, into a book and the basket", async () => {
    await signIn("ann@example.com");
    const { keyboard } = page;
    const focused = () =>
      page.evaluate("document.activeElement?.id || document.activeElement?.textContent?.trim()") as Promise<string>;
    /** Goes on until something has the focus, as one does who sees where it is. */
    async function tabTo(what: string | RegExp): Promise<void> {
      for (let turn = 0; turn < 60; turn++) {
        await keyboard.press("Tab");
        if (typeof what === "string" ? (await focused()) === what : what.test(await focused())) return;
      }
      throw new Error(`the focus never came to ${what}`);
    }
    await page.goto(home);
    await keyboard.press("Tab");
    expect(await focused()).toBe("Skip to the content");
    expect(await page.evaluate("document.activeElement.getBoundingClientRect().top >= 0")).toBe(true);
    await keyboard.press("Enter");
    await tabTo("order");
    const [title] = await page.locator(".shelf li", { hasText: "In stock" }).locator(".title").allTextContents();
    await page.goto(home);
    await tabTo("search");
    await keyboard.type((title as string).split(" ").at(-1) as string);
    await keyboard.press("Enter");
    await page.waitForURL(/words=/);
    await tabTo(new RegExp(title as string));
    // Where the focus is can be seen.
    expect(await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")).toBe("solid");
    await keyboard.press("Enter");
    await page.waitForURL(/\/books\/\d+/);
    await tabTo("quantity");
    await tabTo("Add to the basket");
    await keyboard.press("Enter");
    await page.waitForURL(/\/basket/);
    await tabTo("Order now");
    await keyboard.press("Enter");
    await page.waitForURL(/\/orders\/\w+/);
  });

  test("every page fits a phone and a desktop, names its fields, and has one heading above all", async () => {
    await signIn("clerk@example.com");
    const pages = {
      catalogue: "",
      search: "?words=the&order=title",
      nothing: "?words=zzzz",
      book: "books/1",
      basket: "basket",
      orders: "orders",
      office: "office",
      editing: "office/books/1",
      "new-book": "office/books/new",
      removed: "office/removed",
      outbox: "office/outbox",
      "sign-in": "sign-in",
      "sign-up": "sign-up",
    };
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(home + path);
      for (const size of ["phone", "desktop"] as const) {
        await page.setViewportSize(SIZES[size]);
        expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), `${name} on a ${size}`).toBe(
          true,
        );
        await picture(name, size);
      }
      expect(await page.getByRole("heading", { level: 1 }).count(), name).toBe(1);
      const nameless = await page.evaluate(
        "[...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a')].filter((e) => !(e.labels?.length || e.textContent.trim() || e.ariaLabel)).map((e) => e.outerHTML)",
      );
      expect(nameless, name).toEqual([]);
      const twice = await page.evaluate(
        "[...document.querySelectorAll('[id]')].map((e) => e.id).filter((id, i, all) => all.indexOf(id) !== i)",
      );
      expect(twice, name).toEqual([]);
    }
    console.log(`pictures of the bookshop: ${PICTURES}`);
  });

  async function picture(name: string, size: keyof typeof SIZES = "desktop"): Promise<void> {
    await page.screenshot({ path: join(PICTURES, `${name}-${size}.png`) }).catch(() => {});
  }
});
