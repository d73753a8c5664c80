import { requestScope } from "athanor/fastify";
import * as forHono from "athanor/hono";
import Fastify from "fastify";
import { Hono } from "hono";
import { stream } from "hono/streaming";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import {
  type AsyncEngine,
  type AsyncScopedSession,
  asyncScopedSession,
  asyncSessionmaker,
  Column,
  create,
  event,
  func,
  insert,
  ManyToOne,
  OneToMany,
  OptionalProps,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
  text,
} from "../../src/index.js";
import { scratchDatabase } from "../dialects/postgresql/support.js";
import { freshDatabase } from "../support/database.js";
import { type AppOptions, type Handler, STARTERS, type StartApp } from "./web-apps.js";

const reg = registry();
const scratch = scratchDatabase();

@reg.Entity("served_users")
class User {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column(t.string(50), { unique: true }) name!: string;
  @OneToMany(
    () => Post,
    (p) => p.author,
  )
  posts!: Post[];
}

@reg.Entity("served_posts")
class Post {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @ManyToOne(
    () => User,
    (u) => u.posts,
  )
  author!: Relation<User> | null;
}

interface Service {
  readonly engine: AsyncEngine;
  readonly db: AsyncScopedSession;
  post(path: string, body?: unknown, signal?: AbortSignal): Promise<Response>;
  /** The names that are stored, seen from outside. */
  names(): Promise<string[]>;
}

let engine: AsyncEngine;

const DATABASES = ["sqlite", "postgresql"] as const;
type Kind = (typeof DATABASES)[number];

async function serve(
  start: StartApp,
  kind: Kind,
  routes: (db: AsyncScopedSession) => Record<string, Handler>,
  options: Partial<AppOptions> = {},
): Promise<Service> {
  engine =
    kind === "sqlite" ? (await freshDatabase({ on: "sqlite", file: true })).engine : scratch.engine({ poolSize: 2 });
  await reg.metadata.dropAll(engine);
  await reg.metadata.createAll(engine);
  const db = asyncScopedSession(asyncSessionmaker(engine));
  const url = await start({ db, routes: routes(db), ...options });
  return {
    engine,
    db,
    post: (path, body = {}, signal) =>
      fetch(url + path, {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json", connection: "close" },
        ...(signal && { signal }),
      }),
    names: async () => (await db.scope(() => db.scalars(select(User).orderBy((u) => u.id)).all())).map((u) => u.name),
  };
}

/** The tables alone, for a test that makes an application of its own. */
async function emptyService(): Promise<{ db: AsyncScopedSession; engine: AsyncEngine }> {
  engine = (await freshDatabase({ on: "sqlite", file: true })).engine;
  await reg.metadata.createAll(engine);
  return { db: asyncScopedSession(asyncSessionmaker(engine)), engine };
}

/** Waits until something that happens after the response has happened. */
async function eventually(check: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; !(await check()); turn++) {
    if (turn === 500) throw new Error("it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const idle = () => eventually(() => engine.pool.status().checkedOut === 0);

afterEach(async () => {
  await idle();
});

const addUser =
  (
    db: AsyncScopedSession,
    after: (user: User) => ReturnType<Handler> = (user) => ({ status: 201, body: user }),
  ): Handler =>
  async (body) => {
    const user = create(User, { name: (body as { name: string }).name });
    db.add(user);
    await db.flush();
    return await after(user);
  };

const pathOf = (request: unknown): unknown => {
  const { req, url } = request as { req?: { path?: string }; url?: string };
  return url ?? req?.path;
};

describe.each(STARTERS)("athanor/%s", (name, start) => {
  describe.each(DATABASES)("on %s", (kind) => {
    test("[SX-05] a handler's work is committed before its response is sent", async () => {
      const { post, names } = await serve(start, kind, (db) => ({ "/users": addUser(db) }));
      const response = await post("/users", { name: "Ann" });
      expect(await names()).toEqual(["Ann"]);
      expect(response.status).toBe(201);
      expect(await response.json()).toMatchObject({ id: 1, name: "Ann" });
    });

    test("[SX-05] a handler that throws is rolled back, whatever the error handler answers", async () => {
      const fails = (db: AsyncScopedSession) => ({
        "/fails": addUser(db, () => {
          throw new Error("out of stock");
        }),
      });
      const { post, names } = await serve(start, kind, fails, { errorStatus: name === "express" ? 500 : 200 });
      const response = await post("/fails", { name: "Ann" });
      expect(await response.json()).toEqual({ error: "out of stock" });
      expect(await names()).toEqual([]);
    });

    test("[SX-05] a status of 400 or more rolls back, or the one that commitOn says", async () => {
      const routes = (db: AsyncScopedSession) => ({
        "/refused": addUser(db, () => ({ status: 409 })),
        "/moved": addUser(db, () => ({ status: 302 })),
      });
      const usual = await serve(start, kind, routes);
      expect((await usual.post("/refused", { name: "Ann" })).status).toBe(409);
      await idle();
      expect(await usual.names()).toEqual([]);
      const chosen = await serve(start, kind, routes, { scope: { commitOn: (status) => status === 409 } });
      await chosen.post("/refused", { name: "Ann" });
      expect(await chosen.names()).toEqual(["Ann"]);
    });

    test("[SX-05] a commit that fails is answered as an error, in place of what the handler said", async () => {
      const { post, names } = await serve(start, kind, (db) => ({
        "/twice": () => {
          db.addAll([create(User, { name: "Ann" }), create(User, { name: "Ann" })]);
          return { status: 201, body: { id: 1 } };
        },
      }));
      const response = await post("/twice");
      expect(response.status).toBe(500);
      expect(((await response.json()) as { error: string }).error).toMatch(/unique/i);
      expect(await names()).toEqual([]);
    });

    test("[SX-05] requests at the same time have sessions of their own, also after their bodies were read", async () => {
      const sessions = new Set<unknown>();
      const { post, names } = await serve(start, kind, (db) => ({
        "/users": addUser(db, async (user) => {
          await new Promise((resolve) => setTimeout(resolve, 1));
          expect(db.has(user)).toBe(true);
          sessions.add(db());
          return {};
        }),
      }));
      await Promise.all(["a", "b", "c", "d"].map((each) => post("/users", { name: each })));
      expect((await names()).sort()).toEqual(["a", "b", "c", "d"]);
      expect(sessions.size).toBe(4);
    });

    test("[SX-05] a response that is read from a cursor has the connection as long as it lasts", async () => {
      const { post, engine, db } = await serve(start, kind, (db) => ({
        "/all": async () => ({ rows: await db.streamScalars(select(User), {}, { yieldPer: 100 }) }),
      }));
      await engine.execute(
        insert(User),
        Array.from({ length: 5000 }, (_, i) => ({ name: `user ${i} ${"x".repeat(30)}` })),
      );
      const lines = (await (await post("/all")).text()).trimEnd().split("\n");
      expect(lines).toHaveLength(5000);
      expect(JSON.parse(lines[4999] as string)).toMatchObject({ name: expect.stringContaining("user 4999") });
      await idle();
      expect(await db.scope(() => db.scalar(select(func.count(text("*"))).selectFrom(User)))).toBe(5000);
    });

    test("[SX-05] what is written before a streamed response is committed before its end", async () => {
      const { post, names } = await serve(start, kind, (db) => ({
        "/all": addUser(db, async () => ({ rows: await db.streamScalars(select(User)) })),
      }));
      expect(await (await post("/all", { name: "Ann" })).text()).toContain('"name":"Ann"');
      expect(await names()).toEqual(["Ann"]);
    });

    test("[SX-05] a client that goes away in the middle of a stream gives the connection back", async () => {
      const { post, engine } = await serve(start, kind, (db) => ({
        "/all": async () => ({
          rows: await db.streamScalars(select(User), {}, { yieldPer: 10 }),
        }),
      }));
      await engine.execute(
        insert(User),
        Array.from({ length: 5000 }, (_, i) => ({ name: `user ${i}` })),
      );
      const gone = new AbortController();
      const response = await post("/all", {}, gone.signal);
      await response.body?.getReader().read();
      gone.abort();
      await idle();
    });
  });

  test("[SX-05] a promise that the handler did not await is an error that says so, and nothing is committed", async () => {
    const { post, names } = await serve(start, "postgresql", (db) => ({
      "/forgets": (body) => {
        db.add(create(User, body as { name: string }));
        void db.flush();
        void db
          .scalars(select(User))
          .all()
          .catch(() => {});
        return { status: 201 };
      },
    }));
    const response = await post("/forgets", { name: "Ann" });
    expect(response.status).toBe(500);
    expect(((await response.json()) as { error: string }).error).toBe(
      "The handler was done while an operation of its session was still running, so that its work was rolled back instead of committed: a promise was " +
        "not awaited. Put await before each call of the session (flush, commit, execute, scalars, get, ...), or return its promise.",
    );
    expect(await names()).toEqual([]);
  });

  test("[SX-05] the options of a session may come from its request", async () => {
    const { post } = await serve(
      start,
      "sqlite",
      (db) => ({ "/info": () => ({ body: { info: db.info, autoflush: db.autoflush } }) }),
      { scope: { session: (request) => ({ info: { path: pathOf(request) }, autoflush: false }) } },
    );
    expect(await (await post("/info")).json()).toEqual({ info: { path: "/info" }, autoflush: false });
  });

  test("[SX-05] options that cannot be made of a request are an error of the request", async () => {
    const { post } = await serve(start, "sqlite", (db) => ({ "/users": addUser(db) }), {
      scope: {
        session: () => {
          throw new Error("no such tenant");
        },
      },
    });
    const response = await post("/users", { name: "Ann" });
    expect(await response.json()).toEqual({ error: "no such tenant" });
    expect(response.status).toBe(500);
  });

  test("[SX-05] a signal given for a request is its deadline, beside the client's going away", async () => {
    const { post, names } = await serve(
      start,
      "postgresql",
      (db) => ({ "/sleeps": addUser(db, async () => ({ body: await db.scalar(text("select pg_sleep(60)")) })) }),
      { scope: { session: () => ({ signal: AbortSignal.timeout(50) }) } },
    );
    const response = await post("/sleeps", { name: "Ann" });
    expect(((await response.json()) as { error: string }).error).toMatch(/timeout/);
    expect(await names()).toEqual([]);
  });

  test("[SX-05] a request that asks the database nothing takes no connection and makes no session", async () => {
    const { post, engine } = await serve(start, "sqlite", (db) => ({ "/static": () => ({ body: db.has() }) }));
    let taken = 0;
    event.listen(engine, "checkout", () => {
      taken++;
    });
    expect(await (await post("/static")).json()).toBe(false);
    expect(taken).toBe(0);
  });

  test("[SX-05] work that goes on after the response is told that its scope has ended", async () => {
    let later: Promise<unknown> = Promise.resolve();
    let release: () => void = () => {};
    const { post } = await serve(start, "sqlite", (db) => ({
      "/leaves": () => {
        later = new Promise<void>((resolve) => {
          release = resolve;
        }).then(() => db.scalars(select(User)).all());
        later.catch(() => {});
        return {};
      },
    }));
    await (await post("/leaves")).text();
    await idle();
    await new Promise((resolve) => setTimeout(resolve, 10));
    release();
    await expect(later).rejects.toThrow(
      "The scope of this session has ended (scalars()), and its session is closed. Something of it went on: await every promise before the function given to " +
        "db.scope(), or the request's handler, returns. Work that is to outlive it opens a scope of its own: db.scope(async () => { ... }).",
    );
  });

  test("[SX-05] an entity that is kept past its request says that it belongs to no session", async () => {
    let kept: User | undefined;
    const { post } = await serve(start, "sqlite", (db) => ({
      "/users": addUser(db),
      "/keeps": async () => {
        kept = await db.scalars(select(User)).one();
        return {};
      },
    }));
    await post("/users", { name: "Ann" });
    await (await post("/keeps")).text();
    await idle();
    expect(() => kept?.posts).toThrow(
      /^User\(1\) belongs to no session, so its unloaded attribute "posts" cannot be loaded\. It was expired by a commit or rollback before its session let it go\. Load it before the session ends \(an eager option, refresh\), or give the object back to a session with add\(\) or merge\(\)\.$/,
    );
  });

  test("[SX-05] a relation that was not loaded says with which option to load it", async () => {
    const { post } = await serve(start, "sqlite", (db) => ({
      "/users": addUser(db),
      "/reads": async () => ({ body: (await db.scalars(select(User)).one()).posts.length }),
    }));
    await post("/users", { name: "Ann" });
    const { error } = (await (await post("/reads")).json()) as { error: string };
    expect(error).toMatch(
      /^Attribute "posts" of User\(1\) is not loaded, and reading or replacing it here would need the database without an await\./,
    );
    expect(error).toContain("options(selectinload(User, (x) => x.posts))");
  });

  test("[SX-05] when the client goes away its statement is cancelled, and its work rolled back", async () => {
    let failure: unknown;
    let afterwards: unknown;
    const { post, engine, names } = await serve(start, "postgresql", (db) => ({
      "/sleeps": addUser(db, async () => {
        failure = await db.execute(text("select pg_sleep(60)")).catch((error: unknown) => error);
        await idle();
        try {
          await db.scalar(text("select 1"));
        } catch (error) {
          afterwards = error;
        }
        return {};
      }),
    }));
    const asleep = async () =>
      (await engine.scalar(
        text(
          "select count(*) from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active' and datname = current_database()",
        ),
      )) as number;
    const gone = new AbortController();
    onTestFinished(() => gone.abort());
    const response = post("/sleeps", { name: "Ann" }, gone.signal);
    response.catch(() => {});
    await eventually(async () => Number(await asleep()) === 1);
    gone.abort();
    await expect(response).rejects.toThrow(/abort/);
    await eventually(async () => Number(await asleep()) === 0 && failure !== undefined && afterwards !== undefined);
    // What goes on after it is told the same, and not that a promise was not awaited.
    expect(afterwards).toBe(failure);
    expect(failure).toMatchObject({
      name: "AbortError",
      message: "The client closed the connection before its response was complete.",
    });
    expect(await names()).toEqual([]);
  });
});

test("[SX-05] work whose response was sent past Fastify is warned of, as it was rolled back", async () => {
  const { db, engine: own } = await emptyService();
  const app = Fastify();
  await app.register(requestScope, { db });
  app.post("/past", async (request, reply) => {
    db.add(create(User, { name: "Ann" }));
    if (request.query !== null && "commit" in (request.query as object)) await db.commit();
    reply.hijack();
    reply.raw.end("sent");
  });
  const warnings: string[] = [];
  const listener = (warning: Error) => void warnings.push(warning.message);
  process.on("warning", listener);
  onTestFinished(() => void process.off("warning", listener));
  onTestFinished(() => app.close());
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  expect(await (await fetch(`${url}/past`, { method: "POST" })).text()).toBe("sent");
  await eventually(() => warnings.length > 0);
  expect(warnings).toEqual([
    "A response was sent past the framework (by reply.hijack(), or the raw response), so that nothing decided about the work of its request, and it was " +
      "rolled back. Call await db.commit() before the response is sent.",
  ]);
  expect(await (await fetch(`${url}/past?commit`, { method: "POST" })).text()).toBe("sent");
  await eventually(() => own.pool.status().checkedOut === 0);
  expect(await db.scope(() => db.scalars(select(User)).all())).toHaveLength(1);
  expect(warnings).toHaveLength(1);
});

test("[SX-05] Hono's stream() helper writes rows of a stream that was opened before", async () => {
  const { db, engine: own } = await emptyService();
  await own.execute(insert(User), [{ name: "Ann" }, { name: "Bob" }]);
  const app = new Hono();
  app.use(forHono.requestScope(db));
  app.get("/all", async (c) => {
    const users = await db.streamScalars(select(User).orderBy((u) => u.id));
    return stream(c, async (to) => {
      for await (const user of users) await to.writeln(user.name);
    });
  });
  expect(await (await app.request("/all")).text()).toBe("Ann\nBob\n");
  await eventually(() => own.pool.status().checkedOut === 0);
});
