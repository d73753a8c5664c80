import { describe, expect, test, vi } from "vitest";
import type { DriverConnection } from "../../src/engine/driver.js";
import { OperationalError } from "../../src/engine/errors.js";
import { asOp, type Op, request, runAsync, runSync } from "../../src/engine/io.js";
import { engineEvent as event } from "../../src/engine/listen.js";
import { AssertionPool, NullPool } from "../../src/engine/pool/other-pools.js";
import type { Connector, PoolOptions } from "../../src/engine/pool/pool.js";
import { QueuePool } from "../../src/engine/pool/queue-pool.js";
import type { ConnectionRecord } from "../../src/engine/pool/record.js";
import { text } from "../../src/sql/elements/text.js";
import { InvalidRequestError, TimeoutError } from "../../src/sql/errors.js";
import { select } from "../../src/sql/selectable/select.js";
import { collectGarbage } from "../support/long-runs.js";
import { fileEngine, memoryEngine, metadata, users } from "./support.js";

interface Fake extends DriverConnection {
  readonly id: number;
  alive: boolean;
  closed: boolean;
}

function fakeConnector(): Connector & { opened: Fake[]; resets: (string | null)[]; failing: boolean; live(): Fake[] } {
  const opened: Fake[] = [];
  const resets: (string | null)[] = [];
  const self = {
    opened,
    resets,
    failing: false,
    live: () => opened.filter((one) => !one.closed),
    *connect(): Op<DriverConnection> {
      yield request<void>(
        () => new Promise((resolve) => setTimeout(resolve, 1)),
        () => {},
      );
      if (self.failing) throw new Error("refused");
      const fake = { id: opened.length + 1, alive: true, closed: false, immediate: false } as unknown as Fake;
      Object.assign(fake, {
        close: () => {
          fake.closed = true;
        },
        closeSync: () => {
          fake.closed = true;
        },
      });
      opened.push(fake);
      return fake;
    },
    *onConnect(): Op<void> {},
    // biome-ignore lint/correctness/useYield: it knows at once
    *ping(connection: DriverConnection): Op<boolean> {
      return (connection as Fake).alive;
    },
    // biome-ignore lint/correctness/useYield: it does it at once
    *reset(connection: DriverConnection, how: string | null): Op<void> {
      if (!(connection as Fake).alive) throw new Error("dead");
      resets.push(how);
    },
  };
  return self;
}

function queuePool(options: PoolOptions = {}) {
  const connector = fakeConnector();
  const pool = new QueuePool(connector, options, () => {});
  return {
    connector,
    pool,
    take: (signal?: AbortSignal) => runAsync(asOp(pool.checkout()), signal),
    give: (record: ConnectionRecord) => runAsync(asOp(pool.checkin(record))),
  };
}

const idOf = (record: ConnectionRecord) => (record.driver as Fake).id;

describe("the queue pool", () => {
  test("closes a connection that is refused when it is opened: for a checkout, outside of the pool, and opened anew", async () => {
    const { pool, take, give, connector } = queuePool();
    const held = await take();
    await runAsync(pool.invalidate(held));
    event.listen(pool, "connect", () => {
      throw new Error("not this one");
    });
    for (const opening of [
      take(),
      runAsync(pool.openApart()),
      runAsync(pool.reopen(held)),
      runAsync(pool.reopen(held)),
    ])
      await expect(opening).rejects.toThrow("not this one");
    expect(connector.live()).toEqual([]);
    await give(held);
    expect(pool.status()).toMatchObject({ checkedOut: 0, overflow: 0 });
  });

  test("[CP-01] opens connections as they are needed and gives the oldest idle one out first", async () => {
    const { pool, take, give, connector } = queuePool();
    expect(connector.opened).toHaveLength(0);
    const [a, b] = [await take(), await take()];
    expect(pool.status()).toMatchObject({ size: 5, idle: 0, checkedOut: 2, overflow: 0 });
    await give(a);
    await give(b);
    expect(idOf(await take())).toBe(1);
    expect(connector.opened).toHaveLength(2);
  });

  test("[CP-01] gives the newest idle one out with poolUseLifo", async () => {
    const { take, give } = queuePool({ poolUseLifo: true });
    const [a, b] = [await take(), await take()];
    await give(a);
    await give(b);
    expect(idOf(await take())).toBe(2);
  });

  test("[CP-01] opens maxOverflow connections beyond its size and closes them when they return", async () => {
    const { pool, take, give, connector } = queuePool({ poolSize: 1, maxOverflow: 2 });
    const all = [await take(), await take(), await take()];
    expect(pool.status()).toMatchObject({ checkedOut: 3, overflow: 2 });
    for (const record of all) await give(record);
    expect(pool.status()).toMatchObject({ idle: 1, checkedOut: 0, overflow: 0 });
    expect(connector.live()).toHaveLength(1);
  });

  test("[CP-01] serves those who wait in the order in which they came", async () => {
    const { take, give } = queuePool({ poolSize: 1, maxOverflow: 0 });
    const first = await take();
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (n) => {
      const record = await take();
      order.push(n);
      await give(record);
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    await give(first);
    // Who comes now must not overtake.
    const late = take().then(async (record) => {
      order.push(4);
      await give(record);
    });
    await Promise.all([...waiting, late]);
    expect(order).toEqual([1, 2, 3, 4]);
  });

  test("[CP-01] says after poolTimeout how many connections are out and since when", async () => {
    const { pool, take } = queuePool({ poolSize: 1, maxOverflow: 1, poolTimeout: 0.03 });
    await take();
    await take();
    const error = await take().catch((one: unknown) => one);
    expect(error).toBeInstanceOf(TimeoutError);
    expect((error as Error).message).toMatch(
      /^QueuePool limit of size 1 overflow 1 reached, connection timed out after 0.03 s: 2 checked out, the oldest since 0\.\d\d s\. Close/,
    );
    expect(pool.status().waiting).toBe(0);
  });

  test("says in debug where the connections were checked out", async () => {
    const { take } = queuePool({ poolSize: 1, maxOverflow: 0, poolTimeout: 0.01, poolDebug: true });
    async function theLeakIsHere() {
      await take();
    }
    await theLeakIsHere();
    await expect(take()).rejects.toThrow("theLeakIsHere");
  });

  test("does not wait in a synchronous call", async () => {
    const { pool, take } = queuePool({ poolSize: 1, maxOverflow: 0 });
    await take();
    expect(() => runSync(asOp(pool.checkout()))).toThrow("a synchronous call cannot wait");
    expect(pool.status().waiting).toBe(0);
  });

  test("lets an aborted call out", async () => {
    const { pool, take, give } = queuePool({ poolSize: 1, maxOverflow: 0 });
    const first = await take();
    const controller = new AbortController();
    const aborted = take(controller.signal);
    const next = take();
    controller.abort(new Error("no longer wanted"));
    await expect(aborted).rejects.toThrow("no longer wanted");
    await give(first);
    expect(idOf(await next)).toBe(1);
    expect(pool.status()).toMatchObject({ checkedOut: 1, waiting: 0 });
  });

  test("gives the place of a connection that could not be opened to the next who waits", async () => {
    const { pool, connector, take, give } = queuePool({ poolSize: 1, maxOverflow: 0 });
    connector.failing = true;
    const [a, b] = await Promise.allSettled([take(), take()]);
    expect([a.status, b.status]).toEqual(["rejected", "rejected"]);
    connector.failing = false;
    await give(await take());
    expect(pool.status()).toMatchObject({ idle: 1, checkedOut: 0, waiting: 0 });
  });

  test("[CP-03] replaces connections older than poolRecycle", async () => {
    const { take, give, connector } = queuePool({ poolRecycle: 0.01 });
    await give(await take());
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(idOf(await take())).toBe(2);
    expect(connector.opened[0]?.closed).toBe(true);
  });

  test("[CP-03] with poolPrePing replaces a dead connection and all of its age", async () => {
    const { take, give, connector } = queuePool({ poolPrePing: true });
    const records = [await take(), await take()];
    for (const record of records) await give(record);
    (connector.opened[0] as Fake).alive = false;
    expect(idOf(await take())).toBe(3);
    expect(idOf(await take())).toBe(4);
    expect(connector.live().map((one) => one.id)).toEqual([3, 4]);
  });

  test("replaces all connections of a generation that was invalidated, in use or not", async () => {
    const { pool, take, give, connector } = queuePool();
    const [a, b] = [await take(), await take()];
    await give(a);
    pool.invalidateGeneration();
    await give(b);
    expect(connector.opened[1]?.closed).toBe(true);
    const fresh = [await take(), await take()];
    expect(fresh.map(idOf).sort()).toEqual([3, 4]);
  });

  test("closes a connection that cannot be reset", async () => {
    const { pool, take, give, connector } = queuePool();
    const record = await take();
    (connector.opened[0] as Fake).alive = false;
    await give(record);
    expect(connector.opened[0]?.closed).toBe(true);
    expect(pool.status()).toMatchObject({ idle: 0, checkedOut: 0 });
    expect(idOf(await take())).toBe(2);
  });

  test("[CP-04] resets as poolResetOnReturn says", async () => {
    for (const how of ["rollback", "commit", null] as const) {
      const { take, give, connector } = queuePool({ poolResetOnReturn: how });
      await give(await take());
      expect(connector.resets).toEqual([how]);
    }
  });

  test("disposed of, refuses those who wait and those who come, and closes what returns", async () => {
    const { pool, take, give, connector } = queuePool({ poolSize: 2, maxOverflow: 0 });
    const [a, b] = [await take(), await take()];
    await give(a);
    const held = await take();
    const waiting = take();
    const settled = waiting.catch((error: unknown) => error);
    await runAsync(pool.dispose());
    expect(await settled).toBeInstanceOf(InvalidRequestError);
    await expect(take()).rejects.toThrow("This engine has been disposed of");
    await give(b);
    await give(held);
    expect(connector.live()).toHaveLength(0);
    expect(pool.status()).toMatchObject({ idle: 0, checkedOut: 0, disposed: true });
  });

  test("disposed of with wait, waits for what is in use", async () => {
    const { pool, take, give, connector } = queuePool();
    const record = await take();
    let returned = false;
    setTimeout(() => {
      returned = true;
      void give(record);
    }, 20);
    await runAsync(pool.dispose({ wait: 5 }));
    expect(returned).toBe(true);
    expect(connector.live()).toHaveLength(0);
  });

  test("disposed of with force, closes what is in use", async () => {
    const { pool, take, connector } = queuePool();
    await take();
    await runAsync(pool.dispose({ force: true }));
    expect(connector.live()).toHaveLength(0);
  });

  test("[CP-07] sends its events", async () => {
    const { pool, take, give } = queuePool();
    const log: string[] = [];
    for (const name of ["firstConnect", "connect", "checkout", "checkin", "reset", "close", "invalidate"] as const) {
      event.listen(pool, name, () => void log.push(name));
    }
    await give(await take());
    const record = await take();
    await runAsync(pool.invalidate(record, new Error("x")));
    await give(record);
    expect(log).toEqual(["firstConnect", "connect", "checkout", "reset", "checkin", "checkout", "invalidate", "close"]);
  });

  test("closes the connection when a checkout handler throws, and stays usable", async () => {
    const { pool, take, connector } = queuePool();
    event.listen(
      pool,
      "checkout",
      () => {
        throw new Error("not you");
      },
      { once: true },
    );
    await expect(take()).rejects.toThrow("not you");
    expect(connector.live()).toHaveLength(0);
    expect(pool.status()).toMatchObject({ checkedOut: 0, idle: 0 });
    expect(idOf(await take())).toBe(2);
  });
});

describe("other pools", () => {
  test("[CP-02] the null pool opens and closes each time", async () => {
    const connector = fakeConnector();
    const pool = new NullPool(connector, {}, () => {});
    await runAsync(asOp(pool.checkin(await runAsync(asOp(pool.checkout())))));
    await runAsync(asOp(pool.checkout()));
    expect(connector.opened.map((one) => one.closed)).toEqual([true, false]);
  });

  test("[CP-02] the assertion pool refuses a second connection", async () => {
    const pool = new AssertionPool(fakeConnector(), {}, () => {});
    await runAsync(asOp(pool.checkout()));
    await expect(runAsync(asOp(pool.checkout()))).rejects.toThrow(
      "A connection is already checked out of this AssertionPool",
    );
  });
});

describe("an engine's connections", () => {
  test("that are lost are thrown away, with the whole generation, and the next statement has a new one", async () => {
    const engine = fileEngine();
    await metadata.createAll(engine);
    await using conn = await engine.connect();
    await conn.execute(users.insert(), { name: "a" });
    (await conn.getRawConnection()).closeSync();
    const error = (await conn.execute(select(users.c.id)).catch((one: unknown) => one)) as OperationalError;
    expect(error).toBeInstanceOf(OperationalError);
    expect(error.connectionInvalidated).toBe(true);
    expect(conn.invalidated).toBe(true);
    await expect(conn.execute(select(users.c.id))).rejects.toThrow(
      "Can't reconnect until the invalid transaction is rolled back",
    );
    await conn.rollback();
    expect(await conn.execute(select(users.c.id)).all()).toEqual([]);
    expect(conn.invalidated).toBe(false);
  });

  test("that were dropped without being closed come back when they are collected, with a warning", async () => {
    const engine = memoryEngine();
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    await (async () => {
      const conn = await engine.connect();
      await conn.execute(text("select 1"));
    })();
    for (let i = 0; i < 50 && engine.status().checkedOut > 0; i++) {
      await collectGarbage();
    }
    expect(engine.status()).toMatchObject({ checkedOut: 0, idle: 1 });
    expect(String(warned.mock.calls[0]?.[0])).toContain("A connection was garbage-collected without being closed");
    warned.mockRestore();
  });

  test("[CP-01] name in debug the place where they were checked out, first of all the user's own line", async () => {
    const engine = memoryEngine({ poolDebug: true });
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    async function theLeakIsHere() {
      await engine.connect();
    }
    await theLeakIsHere();
    await vi.waitFor(async () => {
      await collectGarbage();
      expect(engine.status().checkedOut).toBe(0);
    });
    expect(String(warned.mock.calls[0]?.[0])).toMatch(
      /garbage-collected without being closed.*It was checked out\n *at (async )?theLeakIsHere .*pool\.test\.ts/s,
    );
    warned.mockRestore();
  });

  test("are gone after dispose, which reuse: true only renews", async () => {
    const engine = fileEngine();
    await engine.scalar(text("select 1"));
    await engine.dispose({ reuse: true });
    expect(await engine.scalar(text("select 1"))).toBe(1);
    await engine.dispose();
    await expect(engine.connect()).rejects.toThrow("This engine has been disposed of, and gives no more connections");
  });

  test("can be detached, and are closed by close() then", async () => {
    const engine = fileEngine();
    const conn = await engine.connect();
    const raw = (await conn.getRawConnection()).raw as { open: boolean };
    await conn.detach();
    expect(engine.status().checkedOut).toBe(0);
    expect(await conn.scalar(text("select 1"))).toBe(1);
    await conn.close();
    expect(raw.open).toBe(false);
  });
});
