import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type DeveloperPanel, developerPanel, type RequestRecord, type StatementRecord } from "athanor/panel";
import { describe, expect, onTestFinished, test } from "vitest";
import { DISPATCH } from "../../src/engine/events.js";
import { AsyncEngine } from "../../src/engine/index.js";
import {
  type AsyncScopedSession,
  type AsyncSessionMaker,
  asyncScopedSession,
  asyncSessionmaker,
  awaitable,
  Column,
  create,
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
import { type EngineOptions, freshDatabase } from "../support/database.js";
import { type Handler, STARTERS, type StartApp } from "./web-apps.js";

const reg = registry();
const scratch = scratchDatabase();
const HERE = fileURLToPath(import.meta.url);

@reg.Entity("panel_users")
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

@reg.Entity("panel_posts")
class Post {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column() title!: string;
  @ManyToOne(
    () => User,
    (u) => u.posts,
  )
  author!: Relation<User> | null;
}

type Kind = "sqlite" | "postgresql";

interface Watched {
  readonly panel: DeveloperPanel;
  readonly url: string;
  /** Asks a route, and gives what the panel has of it. */
  ask(path: string, signal?: AbortSignal): Promise<RequestRecord>;
  /** A page of the panel. */
  page(path?: string, init?: RequestInit): Promise<string>;
}

async function watched(
  start: StartApp,
  kind: Kind,
  routes: (db: AsyncScopedSession, Session: AsyncSessionMaker) => Record<string, Handler>,
  { engine: engineOptions = {}, enabled = true }: { engine?: EngineOptions; enabled?: boolean } = {},
): Promise<Watched> {
  const engine =
    kind === "sqlite"
      ? (await freshDatabase({ on: "sqlite", file: true, engine: engineOptions })).engine
      : scratch.engine({ poolSize: 2, ...engineOptions });
  await reg.metadata.dropAll(engine);
  await reg.metadata.createAll(engine);
  const Session = asyncSessionmaker(engine);
  await Session.begin((session) =>
    session.addAll(
      ["Ann", "Bob", "Cid", "Dan"].map((name) => create(User, { name, posts: [create(Post, { title: `${name}'s` })] })),
    ),
  );
  const db = asyncScopedSession(Session);
  const panel = developerPanel({ engines: [engine], sessions: [Session], enabled });
  onTestFinished(() => panel.close());
  const url = await start({ db, routes: routes(db, Session), panel });
  return {
    panel,
    url,
    async ask(path, signal) {
      await fetch(url + path, {
        method: "POST",
        body: "{}",
        headers: { "content-type": "application/json" },
        ...(signal && { signal }),
      })
        .then((response) => response.text())
        .catch(() => {});
      const found = () => panel.requests.find((each) => each.url === path);
      for (let turn = 0; found()?.duration == null; turn++) {
        expect(turn).toBeLessThan(500);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return found() as RequestRecord;
    },
    page: async (path = "", init = {}) => (await fetch(`${url}/__athanor${path}`, init)).text(),
  };
}

const statements = ({ steps }: RequestRecord) =>
  steps.filter((step): step is StatementRecord => step.kind === "statement");
const transactions = ({ steps }: RequestRecord) =>
  steps.flatMap((step) => (step.kind === "transaction" ? [step.action] : []));

const lines = readFileSync(HERE, "utf8").split("\n");

/** The number of the line of this file that ends with the comment. */
const line = (comment: string): number => lines.findIndex((each) => each.endsWith(`// ${comment}`)) + 1;

describe.each(STARTERS)("the developer's panel under %s", (_name, start) => {
  describe.each(["sqlite", "postgresql"] as const)("on %s", (kind) => {
    test("shows what a request asks the database, with timings, rows, and the line that asked", async () => {
      const { ask, page } = await watched(start, kind, (db) => ({
        "/users": async () => {
          await db.scalars(select(User).where((u) => u.name.like("%n%"))).all(); // asked here
          await db.execute(text("update panel_posts set title = 'x' where id < 3"));
          return {};
        },
      }));
      const record = await ask("/users");
      expect(record).toMatchObject({ method: "POST", status: 200, sent: 2, aborted: false, findings: [], flushes: [] });
      const [selected, updated] = statements(record) as [StatementRecord, StatementRecord];
      expect(selected).toMatchObject({ parameters: "('%n%')", rows: 2, sets: 1, error: null });
      expect(updated.rows).toBe(2);
      expect(selected.duration).toBeGreaterThan(0);
      expect(selected.at + (selected.duration ?? 0)).toBeLessThanOrEqual(record.duration as number);
      expect(selected.stack[0]).toContain(`${HERE}:${line("asked here")}:`);
      expect(transactions(record)).toEqual(["BEGIN", "COMMIT"]);
      const list = await page();
      expect(list).toMatch(/QueuePool of \d+/);
      expect(list).toContain(`<a href="/__athanor/requests/${record.id}">POST /users</a>`);
      const shown = await page(`/requests/${record.id}`);
      expect(shown).toContain("FROM panel_users");
      expect(shown).toContain("(&#39;%n%&#39;)");
      expect(shown).toContain("panel.test.ts");
      expect(await page("/requests/99999")).toContain("Not here");
    });

    test("finds attributes that are loaded one by one, with the line of code and the loader option that cures them", async () => {
      const { ask, page } = await watched(start, kind, (db) => ({
        "/loads": async () => {
          for (const user of await db.scalars(select(User)).all()) await awaitable(user).posts; // one by one
          return {};
        },
      }));
      const record = await ask("/loads");
      expect(record.findings).toHaveLength(1);
      expect(record.findings[0]).toMatchObject({ kind: "n+1", cure: "options(selectinload(User, (x) => x.posts))" });
      expect(record.findings[0]?.place).toContain(`${HERE}:${line("one by one")}:`);
      expect(await page(`/requests/${record.id}`)).toContain("options(selectinload(User, (x) =&gt; x.posts))");
      expect(await page()).toContain('<span class="badge">n+1</span>');
    });

    test("finds a statement that is sent again and again from one line", async () => {
      const { ask } = await watched(start, kind, (db) => ({
        "/asks": async () => {
          for (const name of ["Ann", "Bob", "Cid"]) {
            await db.scalars(select(User).where((u) => u.name.eq(name))).all(); // again and again
          }
          return {};
        },
      }));
      const { findings } = await ask("/asks");
      expect(findings).toHaveLength(1);
      expect(findings[0]).toMatchObject({
        kind: "repeated",
        message: expect.stringMatching(/^The same statement was sent 3 times: SELECT/),
      });
      expect(findings[0]?.cure).toContain(".where((x) => x.id.in(keys))");
      expect(findings[0]?.place).toContain(`${HERE}:${line("again and again")}:`);
    });

    test("shows what each flush does", async () => {
      const { ask, page } = await watched(start, kind, (db) => ({
        "/writes": async () => {
          const ann = await db.scalars(select(User).where((u) => u.name.eq("Ann"))).one();
          db.add(create(User, { name: "Eve", posts: [create(Post, { title: "first" })] }));
          ann.name = "Anna";
          return {};
        },
      }));
      const record = await ask("/writes");
      expect(record.flushes.map(({ steps }) => steps)).toEqual([
        [
          { action: "insert", subject: "User", objects: ["User"] },
          { action: "update", subject: "User", objects: [expect.stringMatching(/^User\(\d+\)$/)] },
          { action: "insert", subject: "Post", objects: ["Post"] },
        ],
      ]);
      expect(await page(`/requests/${record.id}`)).toMatch(/Flushes[\s\S]*<strong>insert<\/strong> User/);
    });

    test("shows errors of statements, and no parameters where the engine hides them", async () => {
      const { ask, page } = await watched(
        start,
        kind,
        (db) => ({
          "/fails": async () => {
            await db.execute(text("insert into panel_users (name) values (:name)"), { name: "Ann" });
            return {};
          },
        }),
        { engine: { hideParameters: true } },
      );
      const record = await ask("/fails");
      expect(record.status).toBe(500);
      expect(statements(record)[0]).toMatchObject({
        parameters: null,
        rows: null,
        error: expect.stringMatching(/unique/i),
      });
      expect(transactions(record)).toEqual(["BEGIN", "ROLLBACK"]);
      expect(await page(`/requests/${record.id}`)).toMatch(/class="bad">[^<]*(UNIQUE|unique)/);
    });
  });

  test("shows who has a session open, and where it was opened, until it is closed", async () => {
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let inside: () => void = () => {};
    const entered = new Promise<void>((resolve) => {
      inside = resolve;
    });
    const { panel, ask, page } = await watched(start, "sqlite", (db) => ({
      "/holds": async () => {
        await db.scalars(select(User)).all(); // opened here
        inside();
        await held;
        return {};
      },
    }));
    const asked = ask("/holds");
    await entered;
    expect(panel.openSessions).toMatchObject([{ request: "POST /holds" }]);
    expect(panel.openSessions[0]?.stack[0]).toContain(`${HERE}:${line("opened here")}:`);
    expect(await page()).toMatch(/Open sessions[\s\S]*POST \/holds[\s\S]*panel\.test\.ts/);
    release();
    await asked;
    expect(panel.openSessions).toEqual([]);
    expect(await page()).not.toContain("Open sessions");
  });

  test("shows that a client has gone away", async () => {
    const gone = new AbortController();
    const { ask } = await watched(start, "postgresql", (db) => ({
      "/sleeps": async () => {
        setTimeout(() => gone.abort(), 20);
        await db.execute(text("select pg_sleep(60)"));
        return {};
      },
    }));
    const record = await ask("/sleeps", gone.signal);
    expect(record).toMatchObject({ aborted: true, status: null });
  });

  test("takes nothing of a request for HTML, and forgets what it was told to", async () => {
    const { panel, url, page } = await watched(start, "sqlite", () => ({}));
    await fetch(`${url}/%3Cscript%3E?q=<script>alert(1)</script>"'`, { headers: { connection: "close" } });
    const [record] = panel.requests;
    expect(record?.status).toBe(404);
    for (const shown of [await page(), await page(`/requests/${record?.id}`)]) expect(shown).not.toMatch(/<script/);
    const cleared = await fetch(`${url}/__athanor/clear`, { method: "POST", redirect: "manual" });
    expect([cleared.status, cleared.headers.get("location")]).toEqual([303, "/__athanor"]);
    expect(panel.requests).toEqual([]);
  });

  test("is off in production: nothing is served, listened to or kept", async () => {
    const before = process.env["NODE_ENV"];
    process.env["NODE_ENV"] = "production";
    onTestFinished(() => {
      process.env["NODE_ENV"] = before;
    });
    const panel = developerPanel();
    expect(panel.enabled).toBe(false);
    const off = await watched(
      start,
      "sqlite",
      (db) => ({ "/users": async () => ({ body: await db.scalars(select(User)).all() }) }),
      {
        enabled: false,
      },
    );
    const listens = (event: string) =>
      (AsyncEngine as unknown as { [DISPATCH]: { has(name: string): boolean } })[DISPATCH].has(event);
    expect(listens("beforeCursorExecute")).toBe(false);
    expect((await fetch(`${off.url}/__athanor`)).status).toBe(404);
    const answer = await fetch(`${off.url}/users`, {
      method: "POST",
      body: "{}",
      headers: { "content-type": "application/json" },
    });
    expect(await answer.json()).toHaveLength(4);
    expect(off.panel.requests).toEqual([]);
  });
});
