/** A server of the test's own that is stopped, restarted and killed while it is worked with. */
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type AsyncEngine, asyncSessionmaker, createAsyncEngine, select, text } from "../../../../src/index.js";
import { type OwnServer, startOwnServer } from "../../../support/own-postgres.js";
import { rejection } from "../support.js";
import { atRest, inTime, Ledger, makeTables, Part, sleep, untilUp } from "./support.js";

let server: OwnServer;

beforeAll(async () => {
  server = await startOwnServer();
}, 60_000);
afterAll(() => server.stop());

function newEngine(options: Parameters<typeof createAsyncEngine>[1] = {}, query = ""): AsyncEngine {
  const engine = createAsyncEngine(server.url + query, { poolSize: 5, maxOverflow: 0, ...options });
  onTestFinished(() => engine.dispose({ force: true }));
  return engine;
}

beforeEach(async () => {
  const engine = createAsyncEngine(server.url);
  await makeTables(engine);
  await engine.dispose();
});

describe("a server that goes away under load", { timeout: 30_000 }, () => {
  for (const [signal, how] of [
    ["SIGINT", "is restarted"],
    ["SIGQUIT", "is stopped in immediate mode"],
    ["SIGKILL", "crashes"],
  ] as const) {
    test(`[CP-03] ${how}: work is done whole or not at all, every call settles, and the engine goes on`, async () => {
      const engine = newEngine();
      await atRest(engine);
      const ledger = new Ledger();
      let on = true;
      const loading = ledger.load(engine, 12, () => on);
      while (ledger.committed.size < 20) await sleep(5);
      await server.kill(signal);
      await sleep(50);
      await server.start();
      await untilUp(engine);
      const before = ledger.committed.size;
      while (ledger.committed.size < before + 20) await sleep(5);
      on = false;
      await loading;
      expect(ledger.errors.length).toBeGreaterThan(0);
      ledger.checkErrors();
      await ledger.check(engine);
      await atRest(engine);
    });
  }

  test("[CP-03] restarted while all connections are idle, costs nobody an error with poolPrePing", async () => {
    const engine = newEngine({ poolPrePing: true });
    await atRest(engine);
    await server.kill("SIGINT");
    await server.start();
    await atRest(engine);
  });

  test("[CP-03] restarted while all connections are idle, costs one statement each at most that was in flight", async () => {
    const engine = newEngine();
    await atRest(engine);
    await server.kill("SIGQUIT");
    await server.start();
    const failed: unknown[] = [];
    for (let i = 0; i < 10; i++) await engine.scalar(text("SELECT 1")).catch((error: unknown) => failed.push(error));
    expect(failed.length).toBeLessThanOrEqual(1);
    await atRest(engine);
  });

  test("that stays away is an error for each call, also for those that wait for a connection, and the engine comes back with it", async () => {
    const engine = newEngine({ poolSize: 2, poolTimeout: 10 });
    await atRest(engine);
    const sleeping = Array.from({ length: 2 }, () => rejection(engine.execute(text("SELECT pg_sleep(30)"))));
    await sleep(100);
    const waiting = Array.from({ length: 20 }, () => rejection(engine.execute(text("SELECT 1"))));
    await server.kill("SIGKILL");
    for (const error of await inTime(Promise.all([...sleeping, ...waiting])))
      expect(error).toMatchObject({ name: "OperationalError" });
    expect(engine.status()).toMatchObject({ checkedOut: 0, waiting: 0 });
    expect(await rejection(engine.connect())).toMatchObject({
      name: "OperationalError",
      message: expect.stringMatching(/ECONNREFUSED .*while connecting to postgresql:\/\/postgres:\*\*\*@127\.0\.0\.1/s),
    });
    await server.start();
    await untilUp(engine);
    await atRest(engine);
  });

  test("in the middle of a flush and of a stream is an error, and the session can be used again after rollback", async () => {
    const engine = newEngine();
    const Session = asyncSessionmaker(engine);
    await using session = Session();
    const parts = Array.from({ length: 2000 }, (_, i) => Object.assign(new Part(), { work: i, body: "x" }));
    session.addAll(parts);
    await session.commit();
    const stream = await session.stream(select(Part), undefined, { yieldPer: 10 });
    await stream.fetchone();
    await server.kill("SIGQUIT");
    await server.start();
    const reading = (async () => {
      for await (const _ of stream);
    })();
    expect(await rejection(inTime(reading))).toMatchObject({ name: "OperationalError", connectionInvalidated: true });
    await session.rollback();
    expect(await session.scalar(text("SELECT count(*) FROM fault_parts"))).toBe(2000);
    session.addAll(Array.from({ length: 500 }, () => Object.assign(new Part(), { work: -1, body: "y".repeat(1000) })));
    await server.kill("SIGKILL");
    const flushing = rejection(session.flush());
    expect(await inTime(flushing)).toMatchObject({ name: "OperationalError" });
    await server.start();
    await untilUp(engine);
    await session.rollback();
    expect(await session.scalar(text("SELECT count(*) FROM fault_parts WHERE work = -1"))).toBe(0);
    await session.close();
    await atRest(engine);
  });

  test("inside runSync is the same error as outside, and not a hang", async () => {
    const engine = newEngine();
    const Session = asyncSessionmaker(engine);
    await using session = Session();
    session.add(Object.assign(new Part(), { work: 1 }));
    await session.commit();
    await session.connection();
    await server.kill("SIGKILL");
    await session.runSync((s) => {
      expect(() => s.scalars(select(Part)).all()).toThrow(
        expect.objectContaining({ name: "OperationalError", connectionInvalidated: true }),
      );
      s.rollback();
      expect(() => s.scalars(select(Part)).all()).toThrow(/login needs the event loop/);
    });
    await server.start();
    await untilUp(engine);
    await session.rollback();
    expect(await session.scalars(select(Part)).all()).toHaveLength(1);
    await session.close();
    await atRest(engine);
  });
});
