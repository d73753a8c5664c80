import { connect, createServer, type Server, type Socket } from "node:net";
import type pg from "pg";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type AsyncConnection,
  type AsyncEngine,
  column,
  event,
  insert,
  MetaData,
  select,
  t,
  table,
  text,
} from "../../../src/index.js";
import { rejection, scratchDatabase } from "./support.js";

const db = scratchDatabase();
const metadata = new MetaData();
const notes = table("notes", metadata, { id: column(t.integer, { primaryKey: true }), body: column(t.text) });

async function setUp(options?: Parameters<typeof db.engine>[0], query?: string): Promise<AsyncEngine> {
  const engine = db.engine(options, query);
  await engine.begin((c) => c.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public")));
  await metadata.createAll(engine);
  return engine;
}

async function pidOf(c: AsyncConnection): Promise<number> {
  return ((await c.getRawConnection()).raw as { processID: number }).processID;
}

async function terminate(pid: number): Promise<void> {
  await db.engine().execute(text("SELECT pg_terminate_backend(:pid)"), { pid });
}

/** A proxy before the server, whose connections can be cut. */
async function proxy(): Promise<{ query: string; cut(): void; freeze(): void }> {
  const target = new URL(db.url);
  const sockets = new Set<Socket>();
  let frozen = false;
  const server: Server = createServer((client) => {
    const upstream = connect(Number(target.port || 5432), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (chunk) => frozen || upstream.write(chunk));
    upstream.on("data", (chunk) => frozen || client.write(chunk));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return {
    query: `?port=${port}`,
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    freeze() {
      frozen = true;
    },
  };
}

describe("a lost connection", () => {
  it("idle in the pool is replaced without anybody noticing, when the pool tests first", async () => {
    const engine = await setUp({ poolSize: 1, maxOverflow: 0, poolPrePing: true });
    const pid = await engine.connect(pidOf);
    await terminate(pid);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await engine.execute(select(notes)).all()).toEqual([]);
  });

  it("idle in the pool is replaced without a test too, once the client has heard of it", async () => {
    const engine = await setUp({ poolSize: 1, maxOverflow: 0 });
    const seen: string[] = [];
    for (const name of ["invalidate", "connect"] as const) event.listen(engine, name, () => seen.push(name));
    await terminate(await engine.connect(pidOf));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await engine.execute(select(notes)).all()).toEqual([]);
    expect(seen).toEqual(["invalidate", "connect"]);
  });

  it("of which the client has not heard is an error once, and the pool recovers", async () => {
    const engine = await setUp({ poolSize: 1, maxOverflow: 0 });
    const c = await engine.connect();
    await terminate(await pidOf(c));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await rejection(c.execute(select(notes)))).toMatchObject({
      name: "OperationalError",
      connectionInvalidated: true,
    });
    await c.close();
    expect(await engine.execute(select(notes)).all()).toEqual([]);
  });

  it("in the middle of a statement is an error, and what was not committed is gone", async () => {
    const engine = await setUp();
    const c = await engine.connect();
    await c.execute(insert(notes).values({ body: "lost" }));
    const pid = await pidOf(c);
    const sleeping = rejection(c.execute(text("SELECT pg_sleep(30)")));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await terminate(pid);
    expect(await sleeping).toMatchObject({ name: "OperationalError", code: "57P01", connectionInvalidated: true });
    expect(c.invalidated).toBe(true);
    await c.rollback();
    expect(await c.execute(select(notes)).all()).toEqual([]);
    await c.close();
  });

  it("in the middle of a stream is an error", async () => {
    const engine = await setUp();
    const c = await engine.connect();
    const stream = await c.stream(text("SELECT generate_series(1, 100000)"));
    await stream.fetchone();
    await terminate(await pidOf(c));
    const reading = (async () => {
      for await (const _row of stream);
    })();
    expect(await rejection(reading)).toMatchObject({ name: "OperationalError" });
    await c.close();
  });

  it("whose network was cut is an error", async () => {
    await setUp();
    const { query, cut } = await proxy();
    const engine = db.engine(undefined, query);
    const c = await engine.connect();
    const sleeping = rejection(c.execute(text("SELECT pg_sleep(30)")));
    await new Promise((resolve) => setTimeout(resolve, 50));
    cut();
    expect(await sleeping).toMatchObject({ name: "OperationalError", connectionInvalidated: true });
    await c.close();
  });
});

describe("cancelling", () => {
  it("an aborted statement ends with the reason, on the server too, and the connection goes on", async () => {
    const engine = await setUp({ poolSize: 1, maxOverflow: 0 });
    const c = await engine.connect();
    const pid = await pidOf(c);
    const reason = new DOMException("not wanted any more", "AbortError");
    const started = performance.now();
    const controller = new AbortController();
    const sleeping = rejection(c.execute(text("SELECT pg_sleep(30)"), null, { signal: controller.signal }));
    setTimeout(() => controller.abort(reason), 50);
    expect(await sleeping).toBe(reason);
    expect(performance.now() - started).toBeLessThan(5000);
    await c.rollback();
    expect(await c.execute(select(notes)).all()).toEqual([]);
    expect(await pidOf(c)).toBe(pid);
    await c.close();
  });

  it("the reason of AbortSignal.timeout comes out as it is", async () => {
    const engine = await setUp();
    const c = await engine.connect();
    const signal = AbortSignal.timeout(50);
    const error = await rejection(c.execute(text("SELECT pg_sleep(30)"), null, { signal }));
    expect(error).toBe(signal.reason);
    await c.close();
  });

  it("one aborted before it began is never sent", async () => {
    const engine = await setUp();
    const signal = AbortSignal.abort(new DOMException("no", "AbortError"));
    await expect(engine.execute(insert(notes).values({ body: "x" }), null, { signal })).rejects.toThrow("no");
    expect(await engine.execute(select(notes)).all()).toEqual([]);
  });

  it("200 random aborts leave no connection half-read", async () => {
    const engine = await setUp({ poolSize: 4, maxOverflow: 0 });
    const outcomes = { done: 0, aborted: 0 };
    const work = async (i: number): Promise<void> => {
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(new DOMException("stop", "AbortError")), Math.random() * 12);
      try {
        const result = await engine.execute(
          text("SELECT :i, pg_sleep(:s)"),
          { i, s: Math.random() * 0.01 },
          { signal: controller.signal },
        );
        expect((result.one() as unknown[])[0]).toBe(i);
        outcomes.done++;
      } catch (error) {
        expect((error as Error).name).toBe("AbortError");
        outcomes.aborted++;
      } finally {
        clearTimeout(timer);
      }
    };
    await Promise.all(Array.from({ length: 200 }, (_, i) => work(i)));
    expect(outcomes.done + outcomes.aborted).toBe(200);
    expect(outcomes.aborted).toBeGreaterThan(0);
    expect(await Promise.all(Array.from({ length: 20 }, (_, i) => engine.scalar(text("SELECT :i"), { i })))).toEqual(
      Array.from({ length: 20 }, (_, i) => i),
    );
    expect(engine.status().checkedOut).toBe(0);
  });

  it("queryTimeout cancels by the client's clock, statementTimeout by the server's, as dialectOptions and in runSync", async () => {
    for (const [postgresql, code] of [
      [{ queryTimeout: 100 }, null],
      [{ statementTimeout: 100 }, "57014"],
    ] as const) {
      const engine = await setUp({ poolSize: 1, maxOverflow: 0, dialectOptions: { postgresql } });
      const sleeping = text("SELECT pg_sleep(30)");
      expect(await rejection(engine.execute(sleeping))).toMatchObject({ name: "OperationalError", code });
      await engine.connect((c) =>
        c.runSync((s) => {
          expect(() => s.execute(sleeping)).toThrow(expect.objectContaining({ name: "OperationalError", code }));
          s.rollback();
          expect(s.execute(text("SELECT 1")).scalar()).toBe(1);
        }),
      );
    }
  });

  it("query_timeout cancels, and statement_timeout is the server's own", async () => {
    const engine = await setUp({ poolSize: 1, maxOverflow: 0 }, "?query_timeout=100");
    const error = await rejection(engine.execute(text("SELECT pg_sleep(30)")));
    expect(error).toMatchObject({ name: "OperationalError", message: expect.stringMatching(/cancelled after 100 ms/) });
    expect(await engine.scalar(text("SELECT 1"))).toBe(1);
    const other = await setUp({}, "?statement_timeout=100");
    expect(await rejection(other.execute(text("SELECT pg_sleep(30)")))).toMatchObject({
      name: "OperationalError",
      code: "57014",
    });
  });
});

describe("runSync", () => {
  it("runs statements, batches and transactions by blocking", async () => {
    const engine = await setUp();
    await engine.connect(async (c) => {
      await c.runSync((s) => {
        s.begin((): void => {
          expect(s.execute(insert(notes).values({ body: "a" })).insertedPrimaryKey).toEqual([1]);
          s.execute(insert(notes), [{ body: "b" }, { body: "c" }]);
        });
        expect(s.execute(select(notes).orderBy(notes.c.id)).all()).toEqual([
          [1, "a"],
          [2, "b"],
          [3, "c"],
        ]);
        expect(() => s.execute(insert(notes).values({ id: 1 }))).toThrow(/duplicate key/);
        s.rollback();
      });
      expect(await c.execute(select(notes.c.id)).all()).toHaveLength(3);
    });
  });

  it("moves 16 MB and more in both directions", async () => {
    const engine = await setUp();
    const long = "ä".repeat(10_000_000);
    await engine.connect(async (c) => {
      await c.runSync((s) => {
        expect(s.execute(text("SELECT CAST(:x AS text) AS x"), { x: long }).scalar()).toBe(long);
        const rows = s.execute(text("SELECT n, repeat('x', 100) FROM generate_series(1, 100000) n")).all();
        expect(rows).toHaveLength(100_000);
      });
      expect(await c.execute(text("SELECT CAST(:x AS text)"), { x: long }).scalar()).toBe(long);
    });
  });

  it("a terminated backend, a timeout of the server and an error are errors, never a hang", async () => {
    const engine = await setUp({}, "?statement_timeout=200");
    const c = await engine.connect();
    await c.runSync((s) => {
      expect(() => s.execute(text("SELECT pg_sleep(30)"))).toThrow(/statement timeout/);
      s.rollback();
      expect(() => s.execute(text("SELECT 1/0"))).toThrow(/division by zero/);
      s.rollback();
      expect(() => s.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))).toThrow(/terminating connection/);
    });
    expect(c.invalidated).toBe(true);
    await c.rollback();
    expect(await c.execute(text("SELECT 1")).scalar()).toBe(1);
    await c.close();
  });

  it("a client known to be dead is an OperationalError before anything is sent", async () => {
    const engine = await setUp();
    const c = await engine.connect();
    await c.execute(text("SELECT 1"));
    const client = (await c.getRawConnection()).raw as pg.Client;
    const ended = new Promise<void>((resolve) => client.once("end", resolve));
    await terminate(await pidOf(c));
    await ended;
    await c.runSync((s) => expect(() => s.execute(text("SELECT 1"))).toThrow(/lost/));
    await c.close();
  });

  it("a connection that was cut or does not answer is an error within the time of syncTimeout", async () => {
    await setUp();
    const { query, freeze } = await proxy();
    const engine = db.engine({ dialectOptions: { postgresql: { syncTimeout: 0.3 } } }, query);
    const c = await engine.connect();
    await c.execute(text("SELECT 1"));
    freeze();
    const started = performance.now();
    await c.runSync((s) => expect(() => s.execute(text("SELECT 2"))).toThrow(/did not answer within 0.3 s/));
    expect(performance.now() - started).toBeLessThan(2000);
    expect(c.invalidated).toBe(true);
    await c.close();
  });

  it("without a transport is an error that names the option", async () => {
    const engine = await setUp({ dialectOptions: { postgresql: { syncTransport: "none" } } });
    await engine.connect(async (c) => {
      await c.runSync((s) => expect(() => s.execute(text("SELECT 1"))).toThrow(/syncTransport is "none"/));
    });
  });

  it("streams through a portal as well", async () => {
    const engine = await setUp();
    await engine.connect(async (c) => {
      await c.runSync((s) => {
        const result = s.execute(text("SELECT generate_series(1, 2500)"), null, { streamResults: true });
        expect(result.scalars().all()).toHaveLength(2500);
      });
    });
  });

  it("goes over a unix socket", async () => {
    const directories = String(await (await setUp()).scalar(text("SHOW unix_socket_directories")));
    const engine = db.engine(undefined, `?host=${directories.split(",")[0]}`);
    const reached = await engine.connect().catch(() => null);
    if (reached === null) return; // no peer authentication for us
    expect(await reached.runSync((s) => s.execute(text("SELECT inet_client_addr()")).scalar())).toBe(null);
    await reached.close();
  });
});
