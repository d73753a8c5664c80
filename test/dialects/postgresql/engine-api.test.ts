/** What engines and connections promise, on a server: options that are really in force, hooks, and the faces of one thing. */
import { fork } from "node:child_process";
import type { EventEmitter } from "node:events";
import { Worker } from "node:worker_threads";
import pg from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  AssertionPool,
  AsyncMappingResult,
  AsyncResult,
  AsyncScalarResult,
  asyncSessionmaker,
  createAsyncEngine,
  event,
  NullPool,
  StaticPool,
  Session as SyncSession,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { rejection, scratchDatabase } from "./support.js";

const db = scratchDatabase();
const level = text("SELECT current_setting('transaction_isolation')");
const readOnly = text("SELECT current_setting('transaction_read_only')");
const pid = text("SELECT pg_backend_pid()");

describe("options of engines and connections", () => {
  test("[CC-01] the isolation level of engine, connection and transaction is in force, and gone when the connection returns", async () => {
    const engine = db.engine({ poolSize: 1, maxOverflow: 0, isolationLevel: "REPEATABLE READ" });
    expect(await engine.scalar(level)).toBe("repeatable read");
    await engine.connect(async (c) => {
      await c.executionOptions({ isolationLevel: "SERIALIZABLE" });
      expect(await c.scalar(level)).toBe("serializable");
      await c.rollback();
      await c.begin(async () => expect(await c.scalar(level)).toBe("read committed"), {
        isolationLevel: "READ COMMITTED",
      });
    });
    expect(await engine.scalar(level)).toBe("repeatable read");
    expect(await engine.execute(text("SELECT 1"), null, {}).scalar()).toBe(1);
  });

  test("[CC-01] getIsolationLevel() says what is in force, which the server's default may be", async () => {
    const engine = db.engine({ poolSize: 1, maxOverflow: 0 }, "?options=-c default_transaction_isolation=serializable");
    await engine.connect(async (c) => {
      expect(await c.getIsolationLevel()).toBe("SERIALIZABLE");
      expect(c.inTransaction()).toBe(false);
      const inside = async () => [await c.getIsolationLevel(), await c.scalar(level)];
      await c.begin(async () => expect(await inside()).toEqual(["SERIALIZABLE", "serializable"]));
      await c.begin(async () => expect(await inside()).toEqual(["READ COMMITTED", "read committed"]), {
        isolationLevel: "READ COMMITTED",
      });
      await c.executionOptions({ isolationLevel: "AUTOCOMMIT" });
      expect(await c.getIsolationLevel()).toBe("AUTOCOMMIT");
      expect(await c.runSync((s) => s.getIsolationLevel())).toBe("AUTOCOMMIT");
    });
    await engine.connect((c) => c.runSync((s) => expect(s.getIsolationLevel()).toBe("SERIALIZABLE")));
  });

  test("[CC-02] updateExecutionOptions() holds for the connections that come", async () => {
    const engine = db.engine({ poolSize: 2 });
    const before = await engine.connect();
    engine.updateExecutionOptions({ isolationLevel: "SERIALIZABLE" });
    expect(engine.getExecutionOptions()).toEqual({ isolationLevel: "SERIALIZABLE" });
    expect(() => engine.updateExecutionOptions({ isolationLevel: "NONE" as never })).toThrow(/Invalid value "NONE"/);
    expect(await engine.scalar(level)).toBe("serializable");
    expect(await before.scalar(level)).toBe("read committed");
    await before.close();
  });

  test("[CC-01] [ST-05] under AUTOCOMMIT no BEGIN and no ROLLBACK is sent, and each statement is committed by itself", async () => {
    const engine = db.engine({ poolSize: 1, isolationLevel: "AUTOCOMMIT" });
    await engine.execute(text("CREATE TABLE IF NOT EXISTS autocommitted (a integer)"));
    await engine.connect(async (c) => {
      await c.execute(text("INSERT INTO autocommitted VALUES (1)"));
      // Outside a transaction the server's clock is that of the statement.
      const now = text("SELECT CAST(now() AS text)");
      const first = await c.scalar(now);
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(await c.scalar(now)).not.toBe(first);
    });
    const session = asyncSessionmaker(engine)();
    await session.execute(text("INSERT INTO autocommitted VALUES (2)"));
    await session.rollback();
    expect(await session.scalar(text("SELECT count(*) FROM autocommitted"))).toBe(2);
    await session.close();
    expect(engine.status()).toMatchObject({ checkedOut: 0, idle: 1 });
  });

  test("[CC-02] a copy with other options shares the pool, the listeners and what is compiled", async () => {
    const engine = db.engine({ poolSize: 1, maxOverflow: 0 });
    const readers = engine.executionOptions({ readOnly: true });
    using log = recordStatements(engine);
    const first = await engine.scalar(pid);
    expect(await readers.scalar(pid)).toBe(first);
    expect(await readers.scalar(readOnly)).toBe("on");
    expect(await engine.scalar(readOnly)).toBe("off");
    expect(log.count("SELECT")).toBe(4);
    expect(readers.pool).toBe(engine.pool);
  });

  test("[PG-12] read-only and deferrable transactions are what they say, one by one", async () => {
    const engine = db.engine();
    await engine.begin(
      async (c) => {
        expect(await c.scalar(readOnly)).toBe("on");
        expect(await c.scalar(text("SELECT current_setting('transaction_deferrable')"))).toBe("on");
        expect(await rejection(c.execute(text("CREATE TABLE never (a integer)")))).toMatchObject({ code: "25006" });
        await c.rollback();
      },
      { isolationLevel: "SERIALIZABLE", readOnly: true, deferrable: true },
    );
    expect(await engine.scalar(readOnly)).toBe("off");
  });

  test("[PG-13] [CP-04] a tenant's search_path is set for a checkout, and gone when the connection returns", async () => {
    const engine = db.engine({ poolSize: 1, maxOverflow: 0 });
    const path = text("SHOW search_path");
    const before = await engine.scalar(path);
    event.listen(engine, "reset", (connection) =>
      connection.runAsync((client: pg.Client) => client.query("RESET ALL")),
    );
    await engine.begin((c) => c.execute(text("SET search_path TO tenant_7")));
    expect(await engine.scalar(path)).toBe(before);
    await engine.begin(async (c) => {
      await c.execute(text("SET LOCAL search_path TO tenant_8"));
      expect(await c.scalar(path)).toBe("tenant_8");
    });
    expect(await engine.scalar(path)).toBe(before);
  });

  test("[CC-08] execDriverSql sends a string untouched, with the driver's own placeholders", async () => {
    const engine = db.engine();
    using log = recordStatements(engine);
    await engine.connect(async (c) => {
      const sql = "SELECT $1::int + 1 AS \"a:b\", ':c', '%s'";
      expect(await c.execDriverSql(sql, [41]).one()).toEqual([42, ":c", "%s"]);
      expect(log.texts()).toEqual([sql]);
    });
  });
});

describe("how a connection is made", () => {
  test("[CE-02] connectArgs reach the driver, and win over the URL", async () => {
    const engine = createAsyncEngine(`${db.url}?application_name=url`, { connectArgs: { application_name: "args" } });
    onTestFinished(() => engine.dispose());
    expect(await engine.scalar(text("SHOW application_name"))).toBe("args");
  });

  test("[CE-03] a creator or a doConnect handler is asked for each new connection, and may fetch a token first", async () => {
    let tokens = 0;
    const connect = async (): Promise<pg.Client> => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      const client = new pg.Client({ connectionString: db.url, application_name: `token ${++tokens}` });
      await client.connect();
      return client;
    };
    const name = text("SHOW application_name");
    const byCreator = db.engine({ poolClass: NullPool, creator: connect });
    expect([await byCreator.scalar(name), await byCreator.scalar(name)]).toEqual(["token 1", "token 2"]);
    const byHandler = db.engine({ poolClass: NullPool });
    event.listen(byHandler, "doConnect", connect);
    expect([await byHandler.scalar(name), await byHandler.scalar(name)]).toEqual(["token 3", "token 4"]);
  });

  test("[CE-03] a creator that fails is the error of the call, and the pool has its place back", async () => {
    let fails = true;
    const engine = db.engine({
      poolSize: 1,
      maxOverflow: 0,
      creator: async () => {
        if (fails) throw new Error("no token");
        const client = new pg.Client({ connectionString: db.url });
        await client.connect();
        return client;
      },
    });
    await expect(engine.scalar(pid)).rejects.toThrow("no token");
    fails = false;
    expect(await engine.scalar(pid)).toBeGreaterThan(0);
  });

  const program = new URL("./programs/own-engine.ts", import.meta.url);
  const execArgv = ["--import", "@oxc-node/core/register"];

  test.each([
    ["a worker thread", () => new Worker(program, { workerData: db.url, execArgv })],
    ["a process that was forked", () => fork(program, [db.url], { execArgv })],
  ])("[CP-06] %s has an engine and connections of its own", { timeout: 30_000 }, async (_, start) => {
    const own = await db.engine().scalar(pid);
    const other = await new Promise<number>((resolve, reject) => {
      const child: EventEmitter = start();
      child.once("message", resolve);
      child.once("error", reject);
    });
    expect(other).toBeGreaterThan(0);
    expect(other).not.toBe(own);
    expect(await db.engine().scalar(pid)).not.toBe(other);
  });
});

describe("pools", () => {
  test("[CP-02] the null pool opens and closes each time, the static one keeps one for all, the assertion pool refuses a second", async () => {
    const each = db.engine({ poolClass: NullPool });
    expect(await each.scalar(pid)).not.toBe(await each.scalar(pid));
    expect(each.status()).toMatchObject({ kind: "NullPool", idle: 0, checkedOut: 0 });
    const one = db.engine({ poolClass: StaticPool });
    expect(await one.scalar(pid)).toBe(await one.scalar(pid));
    const strict = db.engine({ poolClass: AssertionPool });
    await strict.connect(async () => {
      expect(await rejection(strict.connect())).toMatchObject({
        message: expect.stringMatching(/already checked out of this AssertionPool: 1 checked out/),
      });
    });
    expect(await strict.scalar(pid)).toBeGreaterThan(0);
  });

  test("[CP-07] figures tell of idle, used, overflow and waiting connections", async () => {
    const engine = db.engine({ poolSize: 1, maxOverflow: 1 });
    const [a, b] = [await engine.connect(), await engine.connect()];
    const third = engine.connect();
    expect(engine.status()).toEqual({
      kind: "QueuePool",
      size: 1,
      idle: 0,
      checkedOut: 2,
      overflow: 1,
      waiting: 1,
      disposed: false,
    });
    await a.close();
    await (await third).close();
    await b.close();
    expect(engine.status()).toMatchObject({ idle: 1, checkedOut: 0, overflow: 0, waiting: 0 });
  });

  test("[CP-01] waits are served in the order of the calls, whatever else happens", async () => {
    const engine = db.engine({ poolSize: 1, maxOverflow: 0 });
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        await using c = await engine.connect();
        order.push(i);
        if (i % 7 === 0) await c.invalidate();
        else await c.scalar(pid);
      }),
    );
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  test("[CC-11] a detached connection belongs to its user, an invalidated one is replaced", async () => {
    const engine = db.engine({ poolSize: 1, maxOverflow: 0 });
    const mine = await engine.connect();
    const before = await mine.scalar(pid);
    await mine.detach();
    expect(await engine.scalar(pid)).not.toBe(before);
    expect(await mine.scalar(pid)).toBe(before);
    await mine.close();
    const c = await engine.connect();
    const old = await c.scalar(pid);
    await c.rollback();
    await c.invalidate();
    expect(await c.scalar(pid)).not.toBe(old);
    await c.close();
  });

  test("dispose waits for what is in use, closes it by force, or renews the pool", async () => {
    const engine = db.engine({ poolSize: 2 });
    const c = await engine.connect();
    const before = await c.scalar(pid);
    await engine.dispose({ reuse: true });
    expect(await c.scalar(pid)).toBe(before);
    await c.close();
    const next = await engine.connect();
    expect(await next.scalar(pid)).not.toBe(before);
    const disposing = engine.dispose({ wait: 10 });
    const slow = next.execute(text("SELECT pg_sleep(0.1)")).then(() => next.close());
    await Promise.all([slow, disposing]);
    expect(engine.status()).toMatchObject({ checkedOut: 0, idle: 0, disposed: true });
    const other = db.engine();
    const held = await other.connect();
    const sleeping = rejection(held.execute(text("SELECT pg_sleep(20)")));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await other.dispose({ force: true });
    expect(await sleeping).toMatchObject({ name: "OperationalError" });
    await held.close();
    expect(other.status()).toMatchObject({ checkedOut: 0, idle: 0 });
  });
});

describe("the faces of one thing", () => {
  test("[XA-09] the synchronous object behind each asynchronous one is the target of the same events", async () => {
    const engine = db.engine();
    const heard: string[] = [];
    event.listen(engine.syncEngine, "begin", () => void heard.push("engine"));
    await engine.connect(async (c) => {
      event.listen(c.syncConnection, "begin", () => void heard.push("connection"));
      await c.scalar(pid);
      expect(c.syncConnection.inTransaction()).toBe(true);
    });
    const session = asyncSessionmaker(engine)();
    expect(session.syncSession).toBeInstanceOf(SyncSession);
    event.listen(session.syncSession, "afterBegin", () => void heard.push("session"));
    await session.scalar(pid);
    await session.close();
    expect(heard).toEqual(["connection", "engine", "engine", "session"]);
  });

  test("[XA-10] the driver's own client is reachable, in the connection's transaction", async () => {
    await db.engine().begin(async (c) => {
      const { raw } = await c.getRawConnection();
      expect(raw).toBeInstanceOf(pg.Client);
      expect((await (raw as pg.Client).query("SELECT pg_backend_pid() AS pid")).rows[0].pid).toBe(await c.scalar(pid));
    });
  });

  test("[XA-07] streamed results have every accessor, as rows, scalars and mappings", async () => {
    await using c = await db.engine().connect();
    const stream = () => c.stream(text("SELECT n AS a, n * 10 AS b FROM generate_series(1, 5) n"));
    const rows = await stream();
    expect(rows).toBeInstanceOf(AsyncResult);
    expect(await rows.fetchone()).toEqual([1, 10]);
    expect(await rows.fetchmany(2)).toHaveLength(2);
    expect(await rows.all()).toEqual([
      [4, 40],
      [5, 50],
    ]);
    expect(await rows.all()).toEqual([]);
    const scalars = (await stream()).scalars();
    expect(scalars).toBeInstanceOf(AsyncScalarResult);
    const seen: unknown[] = [];
    for await (const n of scalars) seen.push(n);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    const mappings = (await stream()).mappings();
    expect(mappings).toBeInstanceOf(AsyncMappingResult);
    expect(await mappings.first()).toEqual({ a: 1, b: 10 });
    const parts: number[] = [];
    for await (const part of (await stream()).partitions(2)) parts.push(part.length);
    expect(parts).toEqual([2, 2, 1]);
    await expect((await stream()).one()).rejects.toThrow("Multiple rows");
    expect(await (await c.stream(text("SELECT 1 WHERE false"))).oneOrNone()).toBe(null);
    await using left = await stream();
    expect(await left.scalar()).toBe(1);
  });
});
