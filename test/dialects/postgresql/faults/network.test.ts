/** A network that fails: a proxy of the test's own before the server cuts connections, or goes silent. */
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type AsyncEngine, asyncSessionmaker, createAsyncEngine, insert, select, text } from "../../../../src/index.js";
import { type TcpProxy, tcpProxy } from "../../../support/tcp-proxy.js";
import { threadedProxy } from "../../../support/threaded-proxy.js";
import { rejection, scratchDatabase } from "../support.js";
import { atRest, inTime, Ledger, makeTables, Part, sleep } from "./support.js";

const db = scratchDatabase();

async function proxied(
  options: Parameters<typeof createAsyncEngine>[1] = {},
  query = "",
  atEnd: typeof onTestFinished = onTestFinished,
): Promise<{ proxy: TcpProxy; engine: AsyncEngine }> {
  const proxy = await tcpProxy(db.url);
  const engine = createAsyncEngine(`${db.url}?port=${proxy.port}${query}`, { poolSize: 3, maxOverflow: 0, ...options });
  atEnd(async () => {
    await engine.dispose({ force: true });
    await proxy[Symbol.asyncDispose]();
  });
  return { proxy, engine };
}

describe("a connection that is cut", () => {
  beforeEach(async () => {
    await makeTables(db.engine());
  });

  test("by RST or FIN under load leaves work whole or undone, and the engine goes on", async () => {
    for (const how of ["reset", "end"] as const) {
      const { proxy, engine } = await proxied();
      const ledger = new Ledger();
      let on = true;
      const loading = ledger.load(engine, 6, () => on);
      for (let round = 0; round < 8; round++) {
        const before = ledger.committed.size;
        while (ledger.committed.size < before + 5) await sleep(2);
        proxy.cut(how);
      }
      on = false;
      await loading;
      expect(ledger.errors.length).toBeGreaterThan(0);
      ledger.checkErrors();
      await ledger.check(db.engine());
      await atRest(engine);
      await makeTables(db.engine());
    }
  });

  test("after any number of bytes of the server's replies, login and COMMIT included, is an error and nothing is half-written", {
    timeout: 30_000,
  }, async () => {
    const ledger = new Ledger();
    let cuts = 0;
    for (let bytes = 1; bytes < 1500; bytes += 23) {
      const { proxy, engine } = await proxied();
      proxy.cutAfter(bytes);
      const before = ledger.errors.length;
      await inTime(ledger.work(engine));
      if (ledger.errors.length > before) cuts++;
      proxy.cutAfter(Number.POSITIVE_INFINITY);
      expect(await engine.scalar(text("SELECT 1"))).toBe(1);
      expect(engine.status()).toMatchObject({ checkedOut: 0, waiting: 0 });
      await engine.dispose();
      await proxy[Symbol.asyncDispose]();
    }
    expect(cuts).toBeGreaterThan(10);
    expect(ledger.committed.size).toBeGreaterThan(3);
    ledger.checkErrors();
    await ledger.check(db.engine());
  });

  test("while COMMIT is answered says that the outcome is uncertain, and the work may have been done", async () => {
    const { proxy, engine } = await proxied();
    // The server gets COMMIT and commits; its answer is lost.
    const loseCommit = (): void => {
      proxy.onRequest = (chunk) => {
        if (!chunk.includes("COMMIT")) return;
        proxy.onRequest = null;
        proxy.cutAfter(1);
      };
    };
    const uncertain = { name: "OperationalError", commitUncertain: true, connectionInvalidated: true };
    loseCommit();
    const writing = engine.begin((c) => c.execute(insert(Part).values({ work: 1, body: "" })));
    expect(await rejection(inTime(writing))).toMatchObject(uncertain);
    proxy.cutAfter(Number.POSITIVE_INFINITY);
    const Session = asyncSessionmaker(engine);
    const session = Session();
    const part = Object.assign(new Part(), { work: 2, body: "" });
    session.add(part);
    await session.flush();
    loseCommit();
    expect(await rejection(inTime(session.commit()))).toMatchObject(uncertain);
    proxy.cutAfter(Number.POSITIVE_INFINITY);
    await session.rollback();
    expect(session.has(part)).toBe(false);
    expect((await session.scalars(select(Part).orderBy((p) => p.work)).all()).map((p) => p.work)).toEqual([1, 2]);
    await session.close();
    await atRest(engine);
  });

  test("in the middle of a stream and of a large reply is an error", async () => {
    const { proxy, engine } = await proxied();
    const c = await engine.connect();
    proxy.cutAfter(200_000);
    const large = c.execute(text("SELECT repeat('x', 1000) FROM generate_series(1, 10000)"));
    expect(await rejection(inTime(large))).toMatchObject({ name: "OperationalError", connectionInvalidated: true });
    await c.rollback();
    proxy.cutAfter(Number.POSITIVE_INFINITY);
    const stream = await c.stream(text("SELECT repeat('x', 1000) FROM generate_series(1, 10000)"), null, {
      yieldPer: 50,
    });
    proxy.cutAfter(300_000);
    expect(await rejection(inTime(stream.all()))).toMatchObject({ name: "OperationalError" });
    proxy.cutAfter(Number.POSITIVE_INFINITY);
    await c.close();
    await atRest(engine);
  });

  test("inside runSync is an error: before a reply, in the middle of it, of a batch, and while COMMIT is answered", async () => {
    const proxy = await threadedProxy(db.url);
    const engine = createAsyncEngine(`${db.url}?port=${proxy.port}`, { poolSize: 1, maxOverflow: 0 });
    onTestFinished(async () => {
      await engine.dispose({ force: true });
      await proxy[Symbol.asyncDispose]();
    });
    const lost = { name: "OperationalError", connectionInvalidated: true };
    for (const bytes of [0, 1, 40, 5000]) {
      await engine.connect(async (c) => {
        await c.execute(text("SELECT 1"));
        await c.runSync((s) => {
          proxy.cutAfter(bytes);
          expect(() => s.execute(text("SELECT repeat('x', 10000)"))).toThrow(
            expect.objectContaining({ ...lost, commitUncertain: false }),
          );
          s.rollback();
        });
        proxy.mend();
      });
      await atRest(engine);
    }
    for (const [bytes, uncertain] of [
      [20, false],
      [1, true],
    ] as const) {
      const session = asyncSessionmaker(engine)();
      await session.runSync((s) => {
        s.addAll(Array.from({ length: 300 }, () => Object.assign(new Part(), { work: 1, body: "" })));
        if (uncertain) s.flush();
        proxy.cutAfter(bytes);
        expect(() => s.commit()).toThrow(expect.objectContaining({ ...lost, commitUncertain: uncertain }));
        s.rollback();
      });
      proxy.mend();
      await session.close();
      await atRest(engine);
      await sleep(50);
      expect(await engine.scalar(text("SELECT count(*) FROM fault_parts"))).toBe(uncertain ? 300 : 0);
    }
  });
});

describe.concurrent("a network that is silent", () => {
  test("ends a statement by query_timeout, an aborted one, a close, and a login by connect_timeout", {
    timeout: 40_000,
  }, async ({ onTestFinished }) => {
    const { proxy, engine } = await proxied({ poolSize: 4 }, "&query_timeout=200&connect_timeout=1", onTestFinished);
    const [a, b, idle] = await Promise.all([engine.connect(), engine.connect(), engine.connect()]);
    await Promise.all([a, b, idle].map((c) => c.execute(text("SELECT 1"))));
    proxy.freeze();
    const controller = new AbortController();
    const outcomes = Promise.all([
      rejection(a.execute(text("SELECT 2"))),
      rejection(b.execute(text("SELECT 2"), null, { signal: controller.signal })),
      idle.close(),
      rejection(engine.connect()),
    ]);
    const reason = new Error("not wanted");
    controller.abort(reason);
    const [timedOut, aborted, , refused] = await inTime(outcomes);
    expect(timedOut).toMatchObject({
      name: "OperationalError",
      message: expect.stringMatching(/200 ms .*query_timeout/),
    });
    expect(aborted).toBe(reason);
    expect(refused).toMatchObject({ name: "OperationalError", message: expect.stringMatching(/connect_timeout/) });
    expect([a.invalidated, b.invalidated]).toEqual([true, true]);
    await Promise.all([a.close(), b.close()]);
    proxy.thaw();
    await atRest(engine);
  });

  test("does not hold up a checkout with poolPrePing, nor dispose", { timeout: 40_000 }, async ({ onTestFinished }) => {
    const { proxy, engine } = await proxied({ poolSize: 1, poolPrePing: true }, "&connect_timeout=1", onTestFinished);
    await engine.scalar(text("SELECT 1"));
    proxy.freeze();
    expect(await rejection(inTime(engine.scalar(text("SELECT 1"))))).toMatchObject({ name: "OperationalError" });
    proxy.thaw();
    await engine.scalar(text("SELECT 1"));
    proxy.freeze();
    await inTime(engine.dispose());
    expect(engine.status()).toMatchObject({ idle: 0, checkedOut: 0 });
  });

  test("lets an aborted connect go at once, wherever it is: waiting, logging in", async ({ onTestFinished }) => {
    const { proxy, engine } = await proxied({ poolSize: 1 }, "", onTestFinished);
    proxy.freeze();
    const controller = new AbortController();
    const connecting = Array.from({ length: 3 }, () => rejection(engine.connect({ signal: controller.signal })));
    const executing = rejection(engine.execute(text("SELECT 1"), null, { signal: controller.signal }));
    await sleep(50);
    const started = performance.now();
    controller.abort("gone");
    expect(await inTime(Promise.all([...connecting, executing]))).toEqual(["gone", "gone", "gone", "gone"]);
    expect(performance.now() - started).toBeLessThan(1000);
    expect(engine.status()).toMatchObject({ checkedOut: 0, waiting: 0, idle: 0 });
    proxy.thaw();
    await atRest(engine);
  });

  test("ends a blocking call by syncTimeout", async ({ onTestFinished }) => {
    const { proxy, engine } = await proxied(
      { dialectOptions: { postgresql: { syncTimeout: 0.3 } } },
      "",
      onTestFinished,
    );
    const c = await engine.connect();
    await c.execute(text("SELECT 1"));
    proxy.freeze();
    await c.runSync((s) => {
      expect(() => s.execute(text("SELECT 2"))).toThrow(
        expect.objectContaining({
          name: "OperationalError",
          message: expect.stringMatching(/did not answer within 0.3 s .*syncTimeout/),
          connectionInvalidated: true,
        }),
      );
    });
    await inTime(c.close());
    proxy.thaw();
    await atRest(engine);
  });
});

// By itself: the environment is that of all tests that run at the same time.
test("a network that is silent ends a login by PGCONNECT_TIMEOUT where the URL says nothing", async () => {
  process.env["PGCONNECT_TIMEOUT"] = "0.2";
  const { proxy, engine } = await proxied({ poolSize: 1 });
  delete process.env["PGCONNECT_TIMEOUT"];
  proxy.freeze();
  expect(await rejection(inTime(engine.connect()))).toMatchObject({
    message: expect.stringMatching(/connect_timeout/),
  });
  proxy.thaw();
  await atRest(engine);
});
