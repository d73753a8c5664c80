/** Operations that are aborted at any moment. */
import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AsyncEngine, asyncSessionmaker, create, createAsyncEngine, select, text } from "../../../../src/index.js";
import { rejection, scratchDatabase } from "../support.js";
import { atRest, inTime, makeTables, PARTS, Part } from "./support.js";

const db = scratchDatabase();

beforeAll(async () => {
  const engine = createAsyncEngine(db.url);
  await makeTables(engine);
  await engine.dispose();
});

const reason = new Error("not wanted any more");

/** What is aborted. Each gives what it gives when the signal came too late. */
const operations: Record<string, (engine: AsyncEngine, signal: AbortSignal, work: number) => Promise<unknown>> = {
  async execute(engine, signal, work) {
    const result = await engine.execute(text("SELECT :work, pg_sleep(0.002)"), { work }, { signal });
    expect((result.one() as unknown[])[0]).toBe(work);
  },
  async stream(engine, signal) {
    await using c = await engine.connect({ signal });
    const rows = await c.stream(text("SELECT generate_series(1, 2000)"), null, { signal, yieldPer: 100 });
    let sum = 0;
    for await (const [n] of rows) sum += Number(n);
    expect(sum).toBe(2001000);
  },
  async connect(engine, signal) {
    const c = await engine.connect({ signal });
    await c.close();
  },
  async flush(engine, signal, work) {
    await using session = asyncSessionmaker(engine)();
    for (let i = 0; i < PARTS; i++) session.add(create(Part, { work }));
    await session.flush({ signal });
    await session.commit();
    return work;
  },
  async get(engine, signal) {
    await using session = asyncSessionmaker(engine)();
    expect(await session.get(Part, -1, { signal })).toBe(null);
    expect(
      await session
        .scalars(
          select(Part).where((p) => p.id.eq(-1)),
          undefined,
          { signal },
        )
        .all(),
    ).toEqual([]);
  },
};

describe("an aborted operation", () => {
  beforeEach(async () => {
    await db.engine().execute(text("TRUNCATE fault_parts"));
  });

  test("[XA-12] is rejected with the reason: 1,000 of all kinds leave nothing half-written, half-read or waiting", {
    timeout: 60_000,
  }, async () => {
    const engine = db.engine({ poolSize: 4, maxOverflow: 2 });
    const names = Object.keys(operations);
    const kinds = fc.sample(fc.constantFrom(...names), 1000);
    const delays = fc.sample(fc.noBias(fc.integer({ min: -10, max: 60 })), 1000);
    const written = new Set<number>();
    const counts = { done: 0, aborted: 0 };
    const one = async (i: number): Promise<void> => {
      const controller = new AbortController();
      const kind = kinds[i] as string;
      // A seventh is aborted before it begins, two sevenths never, the others while they wait or run.
      const delay = delays[i] as number;
      const timer = delay <= 0 || delay > 40 ? null : setTimeout(() => controller.abort(reason), delay);
      if (delay <= 0) controller.abort(reason);
      try {
        const work = await operations[kind]?.(engine, controller.signal, i);
        if (kind === "flush") written.add(work as number);
        counts.done++;
      } catch (error) {
        if (error !== reason) throw error;
        counts.aborted++;
      } finally {
        if (timer !== null) clearTimeout(timer);
      }
    };
    // In lanes, so that some wait for a connection and some run.
    const lane = async (first: number): Promise<void> => {
      for (let i = first; i < 1000; i += 20) await one(i);
    };
    await inTime(Promise.all(Array.from({ length: 20 }, (_, first) => lane(first))));
    expect(counts.done + counts.aborted).toBe(1000);
    expect(counts.aborted).toBeGreaterThan(100);
    expect(counts.done).toBeGreaterThan(100);
    const found = await engine.execute(text("SELECT work, count(*) FROM fault_parts GROUP BY work")).all();
    expect(new Map(found.map((row) => [row[0], Number(row[1])]))).toEqual(
      new Map([...written].sort((a, b) => a - b).map((work) => [work, PARTS])),
    );
    await atRest(engine);
  });

  test("[XA-12] stops a flush, a get, a query of a session and a stream on the server, and keeps the connection", async () => {
    const engine = db.engine({ poolSize: 1, maxOverflow: 0 });
    await engine.execute(text("INSERT INTO fault_parts (work, body) VALUES (1, '')"));
    const blocker = await db.engine().connect();
    await blocker.execute(text("LOCK TABLE fault_parts"));
    const pid = await engine.scalar(text("SELECT pg_backend_pid()"));
    const Session = asyncSessionmaker(engine);
    const aborted = async (run: (signal: AbortSignal) => Promise<unknown>): Promise<void> => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(reason), 50);
      expect(await rejection(inTime(run(controller.signal)))).toBe(reason);
    };
    for (const run of [
      (signal: AbortSignal) => Session.begin((s) => s.get(Part, 1, { signal })),
      (signal: AbortSignal) => Session.begin((s) => s.scalars(select(Part), undefined, { signal }).all()),
      (signal: AbortSignal) => Session.begin((s) => s.stream(select(Part), undefined, { signal })),
      (signal: AbortSignal) =>
        Session.begin((s) => {
          s.add(create(Part, { work: 2 }));
          return s.flush({ signal });
        }),
      (signal: AbortSignal) => engine.connect((c) => c.stream(text("TABLE fault_parts"), null, { signal })),
    ])
      await aborted(run);
    await blocker.close();
    expect(await engine.scalar(text("SELECT pg_backend_pid()"))).toBe(pid);
    expect(await engine.scalar(text("SELECT count(*) FROM fault_parts"))).toBe(1);
    await atRest(engine);
  });

  test("[XA-12] any value may be the reason, and a call that waits in a session's queue leaves it", async () => {
    const engine = db.engine({ poolSize: 1, maxOverflow: 0 });
    const session = asyncSessionmaker(engine)();
    const controller = new AbortController();
    const { signal } = controller;
    const first = session.execute(text("SELECT pg_sleep(0.2)"));
    const second = rejection(session.execute(text("SELECT 2"), undefined, { signal }));
    const third = rejection(session.get(Part, 5, { signal }));
    controller.abort("a string");
    expect(await Promise.all([second, third])).toEqual(["a string", "a string"]);
    await first;
    await session.close();
    await atRest(engine);
  });
});
