import { describe, expect, test } from "vitest";
import { AsyncEngine } from "../../src/engine/async-engine.js";
import { createEngine } from "../../src/engine/engine.js";
import { engineEvent as event } from "../../src/engine/listen.js";
import { QueuePool } from "../../src/engine/pool/queue-pool.js";
import { text } from "../../src/sql/elements/text.js";
import { collecting, fileEngine, memoryEngine, metadata, users } from "./support.js";

describe("event.listen", () => {
  test("on an engine hears the statements of its connections, with SQL and parameters", async () => {
    const engine = memoryEngine();
    const log: unknown[] = [];
    event.listen(
      engine,
      "beforeCursorExecute",
      (_conn, statement, parameters) => void log.push([statement, parameters]),
    );
    event.listen(
      engine,
      "afterCursorExecute",
      (_conn, _statement, _parameters, isMany, result) => void log.push([isMany, result.rowcount]),
    );
    await engine.scalar(text("select :x"), { x: 1 });
    expect(log).toEqual([
      ["select ?", [1n]],
      [false, 1],
    ]);
  });

  test("on a connection hears that connection only, and can be stopped in four ways", async () => {
    const engine = memoryEngine();
    await using one = await engine.connect();
    await using other = await engine.connect();
    let heard = 0;
    const handler = () => void heard++;
    const controller = new AbortController();
    event.listen(one, "beforeExecute", handler);
    event.listen(one, "beforeExecute", handler, { once: true });
    event.listen(one, "beforeExecute", () => void heard++, { signal: controller.signal });
    await other.scalar(text("select 1"));
    expect(heard).toBe(0);
    await one.scalar(text("select 1"));
    expect(heard).toBe(3);
    await one.scalar(text("select 1"));
    expect(heard).toBe(5);
    controller.abort();
    expect(event.contains(one, "beforeExecute", handler)).toBe(true);
    event.remove(one, "beforeExecute", handler);
    await one.scalar(text("select 1"));
    expect(heard).toBe(5);
    expect(() => event.remove(one, "beforeExecute", handler)).toThrow("does not listen");
  });

  test("on a class hears engines and pools that are made later", async () => {
    const seen: string[] = [];
    const controller = new AbortController();
    const { signal } = controller;
    event.listen(AsyncEngine, "begin", () => void seen.push("begin"), { signal });
    event.listen(QueuePool, "connect", () => void seen.push("connect"), { signal });
    await fileEngine().begin(() => {});
    using sync = createEngine("sqlite://");
    sync.begin(() => {});
    controller.abort();
    await memoryEngine().begin(() => {});
    expect(seen).toEqual(["connect", "begin", "connect", "begin"]);
  });

  test("refuses names and targets that there are not", () => {
    const engine = memoryEngine();
    expect(() => event.listen(engine, "beforExecute" as never, (() => {}) as never)).toThrow(
      'this engine sends no event "beforExecute"; it sends afterCursorExecute, afterExecute, afterTransactionControl',
    );
    expect(() => event.listen(engine, "check" as never, (() => {}) as never)).toThrow(
      /it sends .* begin, checkin, checkout/,
    );
    expect(() => event.listen({} as never, "begin", () => {})).toThrow('No such event "begin" for the target given');
    expect(() => event.listen(engine, "begin", 5 as never)).toThrow(
      'The handler of "begin" on this engine is a function, and 5 is none',
    );
    expect(() => event.listen(engine, "before_execute" as never, (() => {}) as never)).toThrow(
      'this engine sends no event "before_execute"; it is written "beforeExecute"',
    );
    // @ts-expect-error a misspelt name does not compile
    expect(() => event.listen(engine, "commmit", () => {})).toThrow();
  });

  test("lets a handler change the SQL, the parameters, the statement and the error", async () => {
    const engine = memoryEngine();
    await using conn = await engine.connect();
    event.listen(
      conn,
      "beforeCursorExecute",
      (_c, statement) => ({ statement: `${statement} + 1`, parameters: [10n] }),
      { once: true },
    );
    expect(await conn.scalar(text("select :x"), { x: 1 })).toBe(11);
    event.listen(conn, "beforeExecute", () => text("select 'other'"), { once: true });
    expect(await conn.scalar(text("select 1"))).toBe("other");
    const mine = new Error("mine");
    event.listen(conn, "handleError", (context) => {
      expect(context.statement).toBe("select * from nowhere");
      return mine;
    });
    await expect(conn.execute(text("select * from nowhere"))).rejects.toBe(mine);
  });

  test("tells begin, commit, rollback and savepoints", async () => {
    const engine = memoryEngine();
    const log: string[] = [];
    for (const name of ["begin", "commit", "rollback", "savepoint", "releaseSavepoint", "rollbackSavepoint"] as const) {
      event.listen(engine, name as "begin", () => void log.push(name));
    }
    await engine.begin(async (conn) => {
      await conn.beginNested(() => {});
      await conn.beginNested(async (tx) => tx.rollback());
    });
    await using conn = await engine.connect();
    await conn.scalar(text("select 1"));
    await conn.rollback();
    expect(log).toEqual([
      "begin",
      "savepoint",
      "releaseSavepoint",
      "savepoint",
      "rollbackSavepoint",
      "commit",
      "begin",
      "rollback",
    ]);
  });

  test("refuses a promise where the operation cannot wait for it, and waits on connect and checkout", async () => {
    const engine = memoryEngine();
    let ready = 0;
    event.listen(engine, "connect", async (connection) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      ready++;
      expect(connection.raw).toBeDefined();
    });
    await engine.scalar(text("select 1"));
    expect(ready).toBe(1);
    event.listen(engine, "beforeCursorExecute", (async () => {}) as never, { once: true });
    await expect(engine.scalar(text("select 1"))).rejects.toThrow(
      'A handler of "beforeCursorExecute" on this connection returned a promise',
    );
    using sync = createEngine("sqlite://");
    event.listen(sync, "checkout", async () => {});
    expect(() => sync.connect()).toThrow("in a synchronous call, which cannot wait for it");
  });

  test("passes a handler's error on, and connection and pool stay as they should be", async () => {
    const engine = memoryEngine();
    await metadata.createAll(engine);
    event.listen(
      engine,
      "commit",
      () => {
        throw new Error("not yet");
      },
      { once: true },
    );
    await expect(engine.execute(users.insert(), { name: "a" })).rejects.toThrow("not yet");
    expect(engine.status().checkedOut).toBe(0);
    expect(await engine.execute(text("select count(*) from users")).scalar()).toBe(0);
  });

  test("lets doConnect or the engine's creator make the driver's connection", async () => {
    const { default: Database } = await import("better-sqlite3");
    let made = 0;
    const engine = memoryEngine({
      creator: async () => {
        made++;
        return new Database(":memory:");
      },
    });
    expect(await engine.scalar(text("select 1"))).toBe(1);
    expect(made).toBe(1);
    const other = memoryEngine();
    const mine = new Database(":memory:");
    mine.exec("create table mine (a); insert into mine values (42)");
    event.listen(other, "doConnect", () => mine);
    expect(await other.scalar(text("select a from mine"))).toBe(42);
  });
});

describe("the log", () => {
  test("tells statements with parameters, timing and where they came from", async () => {
    const log = collecting();
    const engine = memoryEngine({ echo: log.echo, loggingName: "mine" });
    const stmt = text("select :x");
    await engine.scalar(stmt, { x: 1 });
    await engine.executionOptions({ loggingToken: "tenant" }).scalar(stmt, { x: 2 });
    const statements = log.events.filter((one) => one.kind === "statement");
    expect(statements).toMatchObject([
      { statement: "select ?", parameters: [1n], origin: "generated", rowcount: 1, engine: "mine" },
      { statement: "select ?", parameters: [2n], origin: "cached", token: "tenant" },
    ]);
    expect(statements[0]).toHaveProperty("duration", expect.any(Number));
    expect(log.lines()).toEqual(["BEGIN (explicit)", "select ?", "COMMIT", "BEGIN (explicit)", "select ?", "COMMIT"]);
  });

  test("tells failures, and hides parameters when the engine says so", async () => {
    const log = collecting();
    const engine = memoryEngine({ echo: log.echo, hideParameters: true });
    await engine.execute(text("select no_col where 1 = :x"), { x: "secret" }).catch(() => {});
    const [failed] = log.events.filter((one) => one.kind === "statement");
    expect(failed).toMatchObject({
      parameters: undefined,
      error: { message: expect.stringContaining("no such column") },
    });
  });
});

describe("the cache of compiled statements", () => {
  test("compiles a shape once, whatever its values", async () => {
    const engine = memoryEngine();
    await metadata.createAll(engine);
    await using conn = await engine.connect();
    const { select } = await import("../../src/sql/selectable/select.js");
    for (let i = 0; i < 10; i++)
      await conn.execute(select(users.c.id).where(users.c.age.eq(i).and(users.c.id.in([i, i + 1].slice(i % 3)))));
    expect(engine.core.cache.figures).toMatchObject({ hits: 9, misses: 1 });
    engine.clearCompiledCache();
    expect(engine.core.cache.figures).toEqual({ size: 0, hits: 0, misses: 0 });
  });

  test("keeps no more than queryCacheSize, and nothing at 0", async () => {
    const small = memoryEngine({ queryCacheSize: 10 });
    for (let i = 0; i < 100; i++) await small.scalar(text(`select ${i}`));
    expect(small.core.cache.figures.size).toBeLessThanOrEqual(11);
    const none = memoryEngine({ queryCacheSize: 0 });
    await none.scalar(text("select 1"));
    expect(none.core.cache.figures.size).toBe(0);
  });
});
