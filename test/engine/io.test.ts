import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import { type Op, request, runAsync, runSync } from "../../src/engine/io.js";
import { OpQueue } from "../../src/engine/op-queue.js";
import { text } from "../../src/sql/elements/text.js";
import { memoryEngine } from "./support.js";

const later = <T>(value: T, ms = 1) => new Promise<T>((resolve) => setTimeout(() => resolve(value), ms));

function* both(): Op<string> {
  return yield request(
    () => later("async"),
    () => "sync",
  );
}

describe("the trampolines", () => {
  test("run one operation both ways", async () => {
    expect(runSync(both())).toBe("sync");
    expect(await runAsync(both())).toBe("async");
  });

  test("throw errors into the operation, so that its finally and catch blocks run", async () => {
    const seen: string[] = [];
    function* failing(): Op<string> {
      try {
        yield request<never>(
          () => Promise.reject(new Error("lost")),
          () => {
            throw new Error("lost");
          },
        );
      } catch (error) {
        seen.push((error as Error).message);
        return "caught";
      } finally {
        seen.push("finally");
      }
      return "never";
    }
    expect(runSync(failing())).toBe("caught");
    expect(await runAsync(failing())).toBe("caught");
    expect(seen).toEqual(["lost", "finally", "lost", "finally"]);
  });

  test("leave the caller's own line in the stack of an error made after an await", async () => {
    function* deep(): Op<void> {
      yield request<unknown>(
        () => later(1),
        () => 1,
      );
      throw new Error("inside");
    }
    async function myOwnFunction(): Promise<void> {
      await runAsync(deep());
    }
    const error = await myOwnFunction().catch((one: Error) => one);
    expect((error as Error).stack).toContain("myOwnFunction");
  });

  test("leave the caller's own line in the stack of a database error, queued or not", async () => {
    const engine = memoryEngine();
    await using conn = await engine.connect();
    async function callerOfMine(): Promise<unknown> {
      return await conn.execute(text("select * from nowhere")).all();
    }
    const [first, queued] = await Promise.all([
      callerOfMine().catch((one: Error) => one.stack),
      callerOfMine().catch((one: Error) => one.stack),
    ]);
    expect(first).toContain("callerOfMine");
    expect(queued).toContain("callerOfMine");
  });

  test("let a timer fire among thousands of statements that are answered at once", async () => {
    const engine = memoryEngine();
    await using conn = await engine.connect();
    let fired = 0;
    const timer = setInterval(() => fired++, 1);
    const stmt = text("select 1");
    // However slow the machine is, it fires; where nothing gave way, it would not after a million statements.
    for (let i = 0; i < 1_000_000 && fired <= 5; i++) await conn.execute(stmt);
    clearInterval(timer);
    expect(fired).toBeGreaterThan(5);
  });

  test("let a timer fire within one operation of many statements", async () => {
    const engine = memoryEngine();
    await using conn = await engine.connect();
    const { core } = conn;
    const { compiled } = core.engine.cached(text("select 1"));
    let fired = 0;
    const timer = setInterval(() => fired++, 1);
    function* many(): Op<void> {
      for (let i = 0; i < 1_000_000 && fired <= 4; i++) yield* core.run(compiled, []);
    }
    await runAsync(many());
    clearInterval(timer);
    expect(fired).toBeGreaterThan(4);
  });
});

describe("the queue of operations", () => {
  test("runs calls in the order in which they were made, one at a time", async () => {
    const queue = new OpQueue();
    const log: string[] = [];
    function* slow(name: string, ms: number): Op<string> {
      log.push(`${name} begins`);
      yield request<unknown>(
        () => later(0, ms),
        () => 0,
      );
      log.push(`${name} ends`);
      return name;
    }
    const calls = [queue.run(slow("a", 10)), queue.run(slow("b", 1)), queue.run(slow("c", 5))];
    expect(await Promise.all(calls)).toEqual(["a", "b", "c"]);
    expect(log).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
    expect(queue.busy).toBe(false);
  });

  test("goes on after an operation that failed, and gives its error to its caller alone", async () => {
    const queue = new OpQueue();
    // biome-ignore lint/correctness/useYield: it fails before it could
    function* failing(): Op<void> {
      throw new Error("mine");
    }
    const [first, second] = await Promise.allSettled([queue.run(failing()), queue.run(both())]);
    expect(first).toMatchObject({ status: "rejected", reason: { message: "mine" } });
    expect(second).toEqual({ status: "fulfilled", value: "async" });
  });

  test("runs each operation in its caller's async context", async () => {
    const queue = new OpQueue();
    const storage = new AsyncLocalStorage<string>();
    function* who(): Op<string | undefined> {
      yield request<unknown>(
        () => later(0),
        () => 0,
      );
      return storage.getStore();
    }
    const names = ["a", "b", "c"].map((name) => storage.run(name, () => queue.run(who())));
    expect(await Promise.all(names)).toEqual(["a", "b", "c"]);
  });

  test("lets an aborted call out while it waits", async () => {
    const queue = new OpQueue();
    const controller = new AbortController();
    const first = queue.run(both());
    const second = queue.run(both(), controller.signal);
    const third = queue.run(both());
    controller.abort(new Error("no longer wanted"));
    await expect(second).rejects.toThrow("no longer wanted");
    expect(await Promise.all([first, third])).toEqual(["async", "async"]);
    await expect(queue.run(both(), controller.signal)).rejects.toThrow("no longer wanted");
  });
});
