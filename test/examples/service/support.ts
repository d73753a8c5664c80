/** The bookshop for tests: a database of each kind with a few books, and the application over it. */
import { randomUUID } from "node:crypto";
import { dropTemplate, workerDatabase } from "athanor/testing";
import type { Hono } from "hono";
import { afterAll, beforeAll } from "vitest";
import { allShops, upgradeSchema } from "../../../examples/service/database.js";
import { createApp } from "../../../examples/service/http/app.js";
import type { Environment } from "../../../examples/service/http/environment.js";
import { PASSWORD, PEOPLE, seed } from "../../../examples/service/seed/seed.js";
import { Session } from "../../../examples/service/session.js";
import type { AsyncEngine } from "../../../src/index.js";
import { findServer } from "../../support/postgres-server.js";
import { tempFolder } from "../../support/temp.js";

export type Kind = "sqlite" | "postgresql";

export interface Database extends AsyncDisposable {
  readonly kind: Kind;
  readonly url: string;
  readonly engine: AsyncEngine;
}

/** Finds or starts a server of PostgreSQL. */
export type FindServer = () => Promise<{ readonly url: string; stop(): Promise<void> }>;

/** A database with the schema and some books, of which all sessions are from now on. */
export async function openBookshop(kind: Kind, books = 120, find: FindServer = findServer): Promise<Database> {
  const folder = tempFolder();
  const server = kind === "postgresql" ? await find() : null;
  const url = server?.url ?? `sqlite:///${folder.file("bookshop.db")}`;
  const template = `bookshop-${randomUUID()}`;
  const database = await workerDatabase({
    url,
    template,
    async build(engine) {
      Session.configure({ bind: engine });
      await upgradeSchema(engine);
      await seed(books);
    },
  });
  await dropTemplate({ url, template });
  Session.configure({ bind: database.engine });
  return {
    kind,
    url: database.url.renderAsString({ hidePassword: false }),
    engine: database.engine,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await server?.stop();
      folder[Symbol.dispose]();
    },
  };
}

export interface Answer<T = any> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON. */
  readonly json: T;
}

/** Asks an application, as a program or as a browser does. */
export class Client {
  token: string | null = null;

  constructor(
    private readonly app: Hono<Environment>,
    /** The slug of the shop. */
    readonly shop: string,
  ) {}

  /** A request of the API. */
  api(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#ask(method, `/${this.shop}/api${path}`, {
      body: body === undefined ? null : JSON.stringify(body),
      headers: {
        ...(this.token !== null && { authorization: `Bearer ${this.token}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
    });
  }

  /** A page; with fields, a form that is sent. */
  page(path: string, fields?: Record<string, string>): Promise<Answer> {
    return this.#ask(fields === undefined ? "GET" : "POST", `/${this.shop}${path}`, {
      body: fields === undefined ? null : new URLSearchParams(fields).toString(),
      headers: {
        ...(this.token !== null && { cookie: `token=${this.token}` }),
        ...(fields !== undefined && {
          "content-type": "application/x-www-form-urlencoded",
          origin: "http://localhost",
        }),
      },
    });
  }

  async signIn(person: "ann" | "clerk"): Promise<this> {
    const { email } = PEOPLE[person === "ann" ? 0 : 1];
    const { json } = await this.api("POST", "/sign-ins", { email, password: PASSWORD });
    this.token = json.token;
    return this;
  }

  async #ask(
    method: string,
    path: string,
    init: { body: string | null; headers: Record<string, string> },
  ): Promise<Answer> {
    const response = await this.app.request(path, { method, ...init });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      get json() {
        return JSON.parse(text);
      },
    };
  }
}

export interface Bookshop {
  readonly database: Database;
  /** Errors that the application did not expect. */
  readonly reported: unknown[];
  readonly app: Hono<Environment>;
  visitor(shop?: string): Client;
}

/** A bookshop for all tests of the block that calls it. */
export function bookshop(kind: Kind, books?: number, find?: FindServer): Bookshop {
  let database: Database;
  let app: Hono<Environment>;
  const reported: unknown[] = [];
  beforeAll(async () => {
    database = await openBookshop(kind, books, find);
    app = createApp({ shops: await allShops(), report: (error) => reported.push(error) });
  });
  afterAll(() => database[Symbol.asyncDispose]());
  return {
    get database() {
      return database;
    },
    reported,
    get app() {
      return app;
    },
    visitor: (shop = "lantern") => new Client(app, shop),
  };
}

/** A key for one order. */
export const newKey = (): Record<string, string> => ({ "idempotency-key": randomUUID() });
