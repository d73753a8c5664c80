/** The transport "worker": blocking calls over TLS, against a server of the test's own that has a certificate signed by itself. */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import {
  type AsyncEngine,
  asyncSessionmaker,
  create,
  createAsyncEngine,
  insert,
  select,
  text,
} from "../../../../src/index.js";
import { CERTIFICATE } from "../../../support/certificate.js";
import { type OwnServer, startOwnServer } from "../../../support/own-postgres.js";
import { type TempFolder, tempFolder } from "../../../support/temp.js";
import { threadedProxy } from "../../../support/threaded-proxy.js";
import { rejection } from "../support.js";
import { atRest, inTime, makeTables, Part, sleep, untilUp } from "./support.js";

let server: OwnServer;
let folder: TempFolder;

beforeAll(async () => {
  folder = tempFolder();
  writeFileSync(folder.file("ca.pem"), CERTIFICATE);
  server = await startOwnServer({ tls: true });
}, 60_000);
afterAll(async () => {
  await server.stop();
  folder[Symbol.dispose]();
});
beforeEach(async () => {
  const engine = createAsyncEngine(server.url);
  await makeTables(engine);
  await engine.dispose();
});

function newEngine(query: string, port = server.port): AsyncEngine {
  const url = server.url.replace(`:${server.port}/`, `:${port}/`).replace("127.0.0.1", "localhost");
  const engine = createAsyncEngine(`${url}?sync_transport=worker&${query}`, { poolSize: 2, maxOverflow: 0 });
  onTestFinished(() => engine.dispose({ force: true }));
  return engine;
}

const isEncrypted = text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
const lost = { name: "OperationalError", connectionInvalidated: true };

describe("the transport worker", { timeout: 30_000 }, () => {
  test("blocks for statements, batches, flushes, lazy loads and streams over TLS, in turn with asynchronous calls", async () => {
    const engine = newEngine(`sslmode=verify-full&sslrootcert=${folder.file("ca.pem")}`);
    const session = asyncSessionmaker(engine)();
    expect(await session.scalar(isEncrypted)).toBe(true);
    await session.runSync((s) => {
      expect(s.scalar(isEncrypted)).toBe(true);
      s.addAll(Array.from({ length: 500 }, (_, i) => create(Part, { work: i })));
      s.commit();
      expect(s.scalars(select(Part)).all()).toHaveLength(500);
    });
    session.add(create(Part, { work: -1 }));
    await session.commit();
    const [one] = await session.scalars(select(Part).where((p) => p.work.eq(-1))).all();
    session.expire(one as Part);
    await session.runSync(() => expect(one?.body).toBe(""));
    await session.close();
    await engine.connect(async (c) => {
      await c.runSync((s) => {
        const result = s.execute(text("SELECT generate_series(1, 2500)"), null, { streamResults: true });
        expect(result.scalars().all()).toHaveLength(2500);
        expect(() => s.execute(text("SELECT 1/0"))).toThrow(/division by zero/);
        s.rollback();
      });
    });
    await atRest(engine);
  });

  test("moves 8 MB in both directions, blocking and not", async () => {
    const engine = newEngine("sslmode=require");
    const long = "ä".repeat(4_000_000);
    await engine.connect(async (c) => {
      await c.runSync((s) => expect(s.execute(text("SELECT CAST(:x AS text)"), { x: long }).scalar()).toBe(long));
      expect(await c.execute(text("SELECT CAST(:x AS text)"), { x: long }).scalar()).toBe(long);
    });
  });

  test("works over a plain socket and by sslmode=prefer and allow too", async () => {
    for (const [mode, encrypted] of [
      ["disable", false],
      ["prefer", true],
      ["allow", false],
      ["verify-ca", true],
    ] as const) {
      const root = mode === "verify-ca" ? `&sslrootcert=${folder.file("ca.pem")}` : "";
      const engine = newEngine(`sslmode=${mode}${root}`);
      await engine.connect((c) => c.runSync((s) => expect(s.execute(isEncrypted).scalar()).toBe(encrypted)));
    }
  });

  test("refuses a certificate, a password and a port as the other transports do", async () => {
    expect(await rejection(newEngine("sslmode=verify-full").connect())).toMatchObject({
      name: "OperationalError",
      message: expect.stringMatching(/certificate is not accepted: .*sslrootcert=/),
    });
    expect(await rejection(newEngine("sslmode=require&password=wrong").connect())).toMatchObject({
      name: "OperationalError",
      code: "28P01",
    });
    expect(await rejection(newEngine("sslmode=require&port=1").connect())).toMatchObject({
      name: "OperationalError",
      message: expect.stringMatching(/ECONNREFUSED/),
    });
  });

  test("honours statement_timeout and query_timeout in runSync, after which the connection goes on", async () => {
    for (const [option, expected] of [
      ["statement_timeout", { name: "OperationalError", code: "57014" }],
      ["query_timeout", { name: "OperationalError", message: expect.stringMatching(/cancelled after 150 ms/) }],
    ] as const) {
      const engine = newEngine(`sslmode=require&${option}=150`);
      await engine.connect(async (c) => {
        await c.runSync((s) => {
          const pid = s.execute(text("SELECT pg_backend_pid()")).scalar();
          expect(() => s.execute(text("SELECT pg_sleep(20)"))).toThrow(expect.objectContaining(expected));
          s.rollback();
          expect(s.execute(text("SELECT pg_backend_pid()")).scalar()).toBe(pid);
        });
        expect(c.invalidated).toBe(false);
      });
      await atRest(engine);
    }
  });

  test("cancels an aborted statement over TLS, and keeps the connection", async () => {
    const engine = newEngine("sslmode=require");
    await engine.connect(async (c) => {
      const reason = new Error("enough");
      const controller = new AbortController();
      const sleeping = rejection(c.execute(text("SELECT pg_sleep(20)"), null, { signal: controller.signal }));
      setTimeout(() => controller.abort(reason), 50);
      expect(await inTime(sleeping)).toBe(reason);
      await c.rollback();
      expect(await c.execute(text("SELECT 1")).scalar()).toBe(1);
    });
    await atRest(engine);
  });

  test("a terminated backend and a network that is cut inside runSync are the errors that they are outside", async () => {
    const proxy = await threadedProxy(server.url);
    const engine = newEngine("sslmode=require", proxy.port);
    onTestFinished(() => proxy[Symbol.asyncDispose]());
    await engine.connect(async (c) => {
      await c.runSync((s) => {
        expect(() => s.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))).toThrow(
          expect.objectContaining({ ...lost, code: "57P01" }),
        );
      });
    });
    for (const bytes of [0, 30, 3000]) {
      const c = await engine.connect();
      await c.execute(insert(Part).values({ work: 1, body: "" }));
      await c.runSync((s) => {
        proxy.cutAfter(bytes);
        expect(() => s.execute(text("SELECT repeat('x', 100000)"))).toThrow(expect.objectContaining(lost));
      });
      proxy.mend();
      await c.close();
      await atRest(engine);
    }
    const c = await engine.connect();
    await c.runSync((s) => {
      s.execute(insert(Part).values({ work: 2, body: "" }));
      proxy.cutAfter(1);
      expect(() => s.commit()).toThrow(expect.objectContaining({ ...lost, commitUncertain: true }));
    });
    proxy.mend();
    await c.close();
    await sleep(50);
    expect(await engine.scalar(text("SELECT array_agg(work) FROM fault_parts"))).toEqual([2]);
  });

  test("a server that is killed is an error, blocked for and awaited, and the engine comes back with it", async () => {
    const engine = newEngine("sslmode=require");
    const [a, b] = await Promise.all([engine.connect(), engine.connect()]);
    await a.execute(text("SELECT 1"));
    const sleeping = rejection(b.execute(text("SELECT pg_sleep(20)")));
    await sleep(50);
    await server.kill("SIGKILL");
    await a.runSync((s) => expect(() => s.execute(text("SELECT 1"))).toThrow(expect.objectContaining(lost)));
    expect(await inTime(sleeping)).toMatchObject(lost);
    await Promise.all([a.close(), b.close()]);
    await server.start();
    await untilUp(engine);
    await atRest(engine);
  });
});
