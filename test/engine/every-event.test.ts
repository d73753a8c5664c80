/** Each event of engines and pools: when it is sent, with what, and how it is typed. */
import { describe, expect, expectTypeOf, test } from "vitest";
import type { ConnectionCore } from "../../src/engine/connection-core.js";
import type { DriverConnection, DriverResult } from "../../src/engine/driver.js";
import type { EngineEvents, ExceptionContext, PoolEvents } from "../../src/engine/engine-events.js";
import { DisconnectionError, InvalidatePoolError, OperationalError } from "../../src/engine/errors.js";
import { engineEvent as event } from "../../src/engine/listen.js";
import { NullPool } from "../../src/engine/pool/other-pools.js";
import { Pool } from "../../src/engine/pool/pool.js";
import { QueuePool } from "../../src/engine/pool/queue-pool.js";
import type { ConnectionRecord } from "../../src/engine/pool/record.js";
import { createAsyncEngine, literal, select, text } from "../../src/index.js";
import type { Compiled } from "../../src/sql/compiled.js";

import { fileEngine } from "./support.js";

const POOL = [
  "connect",
  "firstConnect",
  "checkout",
  "checkin",
  "reset",
  "invalidate",
  "softInvalidate",
  "detach",
  "close",
];

/** Writes down which events a target sends. */
function heard(target: never, names: readonly string[]): string[] {
  const log: string[] = [];
  for (const name of names)
    event.listen(target, name as never, ((...args: unknown[]) => void log.push(describeCall(name, args))) as never);
  return log;
}

function describeCall(name: string, args: readonly unknown[]): string {
  const state = args[2];
  if (name === "reset") return `reset ${(state as { reason: string | null }).reason}`;
  return state instanceof Error ? `${name} ${state.message}` : name;
}

describe("the events of a pool", () => {
  test("[CP-07] [EV-01] tell of a connection's whole life, in order", async () => {
    const engine = fileEngine({ poolSize: 1, maxOverflow: 0 });
    const log = heard(engine.pool as never, POOL);
    const conn = await engine.connect();
    await conn.close();
    expect(log.splice(0)).toEqual(["firstConnect", "connect", "checkout", "reset rollback", "checkin"]);
    const again = await engine.connect();
    await again.invalidate(new Error("of no use"));
    expect(log.splice(0)).toEqual(["checkout", "invalidate of no use", "close"]);
    await again.scalar(text("select 1"));
    await again.close();
    expect(log.splice(0)).toEqual(["connect", "reset rollback", "checkin"]);
    const own = await engine.connect();
    await own.detach();
    await own.close();
    expect(log.splice(0)).toEqual(["checkout", "detach", "invalidate", "close"]);
    await (await engine.connect()).close();
    log.splice(0);
    await engine.dispose();
    expect(log).toEqual(["close"]);
  });

  test("[CP-07] give the driver's connection and a record whose info lives as long as it", async () => {
    const engine = fileEngine({ poolSize: 1 });
    event.listen(engine, "connect", (connection, record) => {
      expectTypeOf(connection).toEqualTypeOf<DriverConnection>();
      expectTypeOf(record).toEqualTypeOf<ConnectionRecord>();
      record.info["born"] = (connection.raw as { name: string }).name;
    });
    let checkouts = 0;
    event.listen(engine, "checkout", (_connection, record) => {
      record.info["checkouts"] = ++checkouts;
    });
    for (let i = 1; i <= 2; i++) {
      await engine.connect((conn) =>
        expect(conn.info).toEqual({ born: expect.stringContaining("test.db"), checkouts: i }),
      );
    }
    await engine.connect(async (conn) => {
      await conn.invalidate();
      await conn.scalar(text("select 1"));
      expect(conn.info).toEqual({ born: expect.stringContaining("test.db") });
    });
  });

  test("[CP-04] reset says with what the connection is put back, and a handler may do more", async () => {
    for (const poolResetOnReturn of ["rollback", "commit", null] as const) {
      const engine = fileEngine({ poolSize: 1, poolResetOnReturn });
      const reasons: unknown[] = [];
      event.listen(engine, "reset", (connection, _record, { reason }) => {
        expectTypeOf(reason).toEqualTypeOf<"rollback" | "commit" | null>();
        reasons.push(reason);
        (connection.raw as { exec(sql: string): void }).exec("drop table if exists temp.scratch");
      });
      await engine.connect((conn) => conn.execute(text("create temp table scratch (a)")).then(() => conn.commit()));
      expect(reasons).toEqual([poolResetOnReturn]);
      await engine.connect((conn) =>
        expect(conn.execute(text("select * from scratch"))).rejects.toThrow("no such table"),
      );
    }
  });

  test("[EV-04] a class of pools hears its own kind only, Pool all of them", async () => {
    const controller = new AbortController();
    const log: string[] = [];
    for (const cls of [Pool, QueuePool, NullPool] as const)
      event.listen(cls as never, "connect", (() => void log.push(cls.name)) as never, { signal: controller.signal });
    await fileEngine().scalar(text("select 1"));
    expect(log.splice(0).sort()).toEqual(expect.arrayContaining(["Pool"]));
    await fileEngine({ poolClass: NullPool }).scalar(text("select 1"));
    expect(log).toEqual(expect.arrayContaining(["Pool"]));
    controller.abort();
    log.splice(0);
    await fileEngine().scalar(text("select 1"));
    expect(log).toEqual([]);
  });
});

describe("the events of an engine", () => {
  const ENGINE = [
    "engineConnect",
    "begin",
    "beforeExecute",
    "beforeCursorExecute",
    "afterCursorExecute",
    "afterExecute",
    "savepoint",
    "releaseSavepoint",
    "rollbackSavepoint",
    "commit",
    "rollback",
    "beforeTransactionControl",
    "afterTransactionControl",
    "handleError",
    "engineDisposed",
  ];

  test("[EV-01] are sent in the order in which things happen", async () => {
    const engine = fileEngine();
    const log = heard(engine as never, ENGINE);
    await engine.connect(async (conn) => {
      await conn.begin(async () => {
        await conn.execute(text("select 1"));
        await conn.beginNested(() => {});
        await conn.beginNested(async (savepoint) => savepoint.rollback());
      });
      await conn.execute(text("select * from nowhere")).catch(() => {});
    });
    await engine.dispose();
    const statement = ["beforeExecute", "beforeCursorExecute", "afterCursorExecute", "afterExecute"];
    const control = ["beforeTransactionControl", "afterTransactionControl"];
    expect(log).toEqual([
      "engineConnect",
      ...["begin", ...control],
      ...statement,
      ...[...control, "savepoint"],
      ...["releaseSavepoint", ...control],
      ...[...control, "savepoint"],
      ...["rollbackSavepoint", ...control],
      ...["commit", ...control],
      "beforeExecute",
      ...["begin", ...control],
      "beforeCursorExecute",
      "handleError",
      ...["rollback", ...control],
      "engineDisposed",
    ]);
  });

  test("[EV-01] beforeCursorExecute and afterCursorExecute are sent for batches, streams and runSync alike", async () => {
    const engine = fileEngine();
    await engine.execute(text("create table n (a integer)"));
    const log: unknown[] = [];
    event.listen(engine, "beforeCursorExecute", (_conn, statement, parameters, isMany) => {
      log.push(["before", statement, parameters.length, isMany]);
    });
    event.listen(engine, "afterCursorExecute", (_conn, _statement, _parameters, isMany, result) => {
      expectTypeOf(result).toEqualTypeOf<DriverResult>();
      log.push(["after", result.rowcount, isMany]);
    });
    await engine.execute(text("insert into n values (:a)"), [{ a: 1 }, { a: 2 }]);
    await engine.connect(async (conn) => {
      expect(await (await conn.stream(text("select a from n"))).all()).toHaveLength(2);
      await conn.runSync((sync) => sync.execute(text("select a from n where a = :a"), { a: 1 }));
    });
    expect(log).toEqual([
      ["before", "insert into n values (?)", 2, true],
      ["after", 2, true],
      ["before", "select a from n", 0, false],
      ["after", -1, false],
      ["before", "select a from n where a = ?", 1, false],
      ["after", 1, false],
    ]);
  });

  test("[EV-03] of several handlers each gets what the one before has made, in the order of `insert`", async () => {
    const engine = fileEngine();
    event.listen(engine, "beforeCursorExecute", (_c, statement) => ({ statement: `${statement} + 10` }));
    event.listen(engine, "beforeCursorExecute", (_c, statement) => ({ statement: `${statement} * 2` }), {
      insert: true,
    });
    expect(await engine.scalar(text("select 3"))).toBe(16);
    let times = 0;
    event.listen(engine, "begin", () => void times++, { once: true });
    await engine.begin(() => {});
    await engine.begin(() => {});
    expect(times).toBe(1);
  });

  test("[EV-02] a handler is taken off exactly: the same function elsewhere stays", async () => {
    const engine = fileEngine();
    let times = 0;
    const handler = () => void times++;
    event.listen(engine, "begin", handler);
    event.listen(engine, "commit", handler);
    expect([event.contains(engine, "begin", handler), event.contains(engine, "rollback", handler)]).toEqual([
      true,
      false,
    ]);
    event.remove(engine, "begin", handler);
    await engine.begin(() => {});
    expect(times).toBe(1);
  });

  test("[CP-05] handleError may call an error a disconnect, or deny it, and replace what is thrown", async () => {
    const engine = fileEngine({ poolSize: 1, maxOverflow: 0 });
    event.listen(engine, "handleError", (context) => {
      expectTypeOf(context).toEqualTypeOf<ExceptionContext>();
      if (String(context.statement).includes("nowhere")) context.isDisconnect = true;
      if (String(context.statement).includes("mine")) return new OperationalError("my own words", null, context.error);
      return undefined;
    });
    const conn = await engine.connect();
    const { raw } = await conn.getRawConnection();
    await expect(conn.execute(text("select * from nowhere"))).rejects.toMatchObject({ connectionInvalidated: true });
    expect(conn.invalidated).toBe(true);
    await conn.rollback();
    await expect(conn.execute(text("select * from mine"))).rejects.toThrow("my own words");
    expect(conn.invalidated).toBe(false);
    expect((await conn.getRawConnection()).raw).not.toBe(raw);
    await conn.close();
    expect(engine.status()).toMatchObject({ checkedOut: 0, idle: 1 });
  });

  test("[CP-05] handleError hears of a connection that could not be made, and may say why in other words", async () => {
    const engine = createAsyncEngine("sqlite:////nowhere/at/all.db");
    event.listen(engine, "handleError", ({ connection, statement, error, originalError }) => {
      expect([connection, statement]).toEqual([null, null]);
      expect(error).not.toBe(originalError);
      return new OperationalError("the disk is not mounted", null, originalError);
    });
    await expect(engine.connect()).rejects.toThrow("the disk is not mounted");
    await expect(engine.scalar(text("select 1"))).rejects.toMatchObject({ name: "OperationalError" });
    expect(engine.status()).toMatchObject({ checkedOut: 0, waiting: 0 });
  });

  test("beforeCursorExecute is told what was compiled, and transaction control has events with its words", async () => {
    const engine = fileEngine();
    const heard: unknown[] = [];
    event.listen(engine, "beforeCursorExecute", (_c, _s, _p, _m, { compiled }) => {
      expectTypeOf(compiled).toEqualTypeOf<Compiled | null>();
      heard.push(compiled?.kind ?? null);
    });
    event.listen(engine, "beforeTransactionControl", (_c, words) => void heard.push(words));
    await engine.begin(async (conn) => {
      await conn.execute(select(literal(1)));
      await conn.execDriverSql("select 1");
      await conn.beginNested(() => {});
    });
    expect(heard).toEqual([
      ...["BEGIN", "select", null],
      ...["SAVEPOINT sa_savepoint_1", "RELEASE SAVEPOINT sa_savepoint_1", "COMMIT"],
    ]);
  });

  test("[CP-05] a disconnect that does not concern the others leaves them in the pool", async () => {
    const engine = fileEngine({ poolSize: 2, maxOverflow: 0 });
    event.listen(engine, "handleError", (context) => {
      context.isDisconnect = true;
      context.invalidatePoolOnDisconnect = false;
    });
    const [one, other] = [await engine.connect(), await engine.connect()];
    const { raw } = await other.getRawConnection();
    await other.close();
    await one.execute(text("select * from nowhere")).catch(() => {});
    await engine.connect(async (conn) => expect((await conn.getRawConnection()).raw).toBe(raw));
    await one.close();
  });

  test("[EV-06] a handler that throws aborts the call with its own error and stack, and the pool gets its connection back", async () => {
    for (const name of [
      "begin",
      "beforeExecute",
      "beforeCursorExecute",
      "afterCursorExecute",
      "afterExecute",
      "commit",
    ] as const) {
      const engine = fileEngine({ poolSize: 1, maxOverflow: 0 });
      await engine.execute(text("create table n (a integer)"));
      const thrower = () => {
        throw new Error(`by ${name}`);
      };
      event.listen(engine, name as "begin", thrower, { once: true });
      const error = (await engine.execute(text("insert into n values (1)")).catch((e: unknown) => e)) as Error;
      expect(error.message).toBe(`by ${name}`);
      expect(error.stack).toContain("thrower");
      expect(await engine.scalar(text("select count(*) from n"))).toBe(0);
      expect(engine.status()).toMatchObject({ checkedOut: 0, idle: 1 });
    }
    for (const name of ["connect", "checkout", "reset", "checkin"] as const) {
      const engine = fileEngine({ poolSize: 1, maxOverflow: 0 });
      const thrower = () => {
        throw new Error(`by ${name}`);
      };
      event.listen(engine, name as "connect", thrower, { once: true });
      await engine.scalar(text("select 1")).catch((error: Error) => expect(error.message).toBe(`by ${name}`));
      expect(engine.status()).toMatchObject({ checkedOut: 0, waiting: 0 });
      expect(await engine.scalar(text("select 1"))).toBe(1);
    }
  });

  test("[CP-05] a handler of checkout may find the connection dead, and is given another one to look at", async () => {
    const engine = fileEngine({ poolSize: 2, maxOverflow: 0 });
    const closed: unknown[] = [];
    event.listen(engine, "close", (connection) => void closed.push(connection));
    const [one, other] = [await engine.connect(), await engine.connect()];
    const dead = (await one.getRawConnection()).raw;
    await one.close();
    await other.close();
    const seen: unknown[] = [];
    event.listen(engine, "checkout", (connection) => {
      seen.push(connection.raw);
      if (connection.raw === dead) throw new InvalidatePoolError("it does not answer");
    });
    await engine.connect(async (conn) => expect((await conn.getRawConnection()).raw).not.toBe(dead));
    expect(seen).toHaveLength(2);
    // The other one was of its age.
    await engine.connect(() => {});
    expect(closed).toHaveLength(2);
    event.listen(engine, "checkout", () => {
      throw new DisconnectionError("none does");
    });
    await expect(engine.connect()).rejects.toThrow("none does");
    expect(engine.status()).toMatchObject({ checkedOut: 0, waiting: 0 });
  });

  test("[EV-06] a handler of engineConnect that throws leaves the connection in the pool", async () => {
    const engine = fileEngine({ poolSize: 1, maxOverflow: 0 });
    const thrower = () => {
      throw new Error("not today");
    };
    event.listen(engine, "engineConnect", thrower);
    await expect(engine.connect()).rejects.toThrow("not today");
    await expect(engine.execute(text("select 1"))).rejects.toThrow("not today");
    event.remove(engine, "engineConnect", thrower);
    expect(engine.status()).toMatchObject({ checkedOut: 0, idle: 1 });
    expect(await engine.scalar(text("select 1"))).toBe(1);
  });

  test("[EV-05] [XA-10] a connect handler may wait for what it does with the driver's own connection", async () => {
    const engine = fileEngine();
    event.listen(engine, "connect", (connection) =>
      connection.runAsync(async (raw) => {
        await new Promise((resolve) => setTimeout(resolve, 2));
        (raw as { function(name: string, fn: () => number): void }).function("answer", () => 42);
      }),
    );
    expect(await engine.scalar(text("select answer()"))).toBe(42);
    await engine.connect(async (conn) => {
      const driver = await conn.getRawConnection();
      expect(await driver.runAsync((raw) => raw === driver.raw)).toBe(true);
    });
  });

  test("[EV-01] names and payloads are typed by target", () => {
    expectTypeOf<Parameters<EngineEvents["begin"]>>().toEqualTypeOf<[connection: ConnectionCore]>();
    expectTypeOf<keyof PoolEvents>().toEqualTypeOf<
      | "connect"
      | "firstConnect"
      | "checkout"
      | "checkin"
      | "reset"
      | "invalidate"
      | "softInvalidate"
      | "detach"
      | "close"
    >();
    const engine = fileEngine();
    // @ts-expect-error a pool sends no statements
    expect(() => event.listen(engine.pool, "beforeExecute", () => {})).toThrow('sends no event "beforeExecute"');
    // @ts-expect-error the handler of commit gets a connection
    event.listen(engine, "commit", (statement: string) => void statement);
  });
});
