import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type AsyncEngine, createAsyncEngine, event, NullPool, StaticPool, text } from "../../src/index.js";
import { testFolder } from "../support/test-folder.js";

type Options = NonNullable<Parameters<typeof createAsyncEngine>[1]>;
interface Raw {
  exec(text: string): void;
}

function engineOn(url: string, options?: Options): AsyncEngine {
  const engine = createAsyncEngine(url, options);
  onTestFinished(() => engine.dispose({ force: true }));
  return engine;
}

const fileUrl = (scheme: string) => `${scheme}:///${join(testFolder(), "app.db")}`;

// Two drivers: one that answers at once, and one that is waited for.
describe.each(["sqlite", "sqlite+worker"])("the pool of an engine on %s", (scheme) => {
  test("[CP-02] is a null pool where that is asked for, and a static one for a database in memory", async () => {
    const none = engineOn(fileUrl(scheme), { poolClass: NullPool });
    let opened = 0;
    event.listen(none, "connect", () => void opened++);
    for (let i = 0; i < 3; i++) await none.scalar(text("select 1"));
    expect([opened, none.status().idle]).toEqual([3, 0]);
    const memory = engineOn(`${scheme}://`);
    expect(memory.pool).toBeInstanceOf(StaticPool);
    await memory.execute(text("create table t (n integer)"));
    const [one, two] = [await memory.connect(), await memory.connect()];
    await one.execute(text("insert into t values (1)"));
    await one.commit();
    expect(await two.scalar(text("select n from t"))).toBe(1);
    await Promise.all([one.close(), two.close()]);
  });

  test("[CP-04] tells a reset handler the reason, which can discard what the session has made", async () => {
    const engine = engineOn(fileUrl(scheme), { poolSize: 1, maxOverflow: 0 });
    const reasons: unknown[] = [];
    event.listen(engine, "reset", async (driver: unknown, _record: unknown, { reason }: { reason: unknown }) => {
      reasons.push(reason);
      const opened = driver as { raw: Raw; runInThread?(fn: (db: Raw) => void, args: []): Promise<void> };
      const discard = (db: Raw) => db.exec("drop table if exists temp.mine");
      await (opened.runInThread?.(discard, []) ?? discard(opened.raw));
    });
    await engine.connect(async (conn) => {
      await conn.execute(text("create temp table mine (n integer)"));
      await conn.commit();
    });
    await expect(engine.execute(text("select * from mine"))).rejects.toThrow("no such table: mine");
    expect(reasons[0]).toBe("rollback");
  });

  test("[CP-05] handleError can declare a disconnect, or replace the error", async () => {
    const engine = engineOn(fileUrl(scheme));
    let opened = 0;
    event.listen(engine, "connect", () => void opened++);
    const replaced = new Error("not today");
    event.listen(engine, "handleError", (context: { isDisconnect: boolean; error: unknown }) => {
      const { message } = context.error as Error;
      if (message.includes("no such function")) return replaced;
      context.isDisconnect = message.includes("no such column");
      return undefined;
    });
    const conn = await engine.connect();
    await expect(conn.execute(text("select nowhere()"))).rejects.toBe(replaced);
    expect(conn.invalidated).toBe(false);
    await expect(conn.execute(text("select nowhere"))).rejects.toMatchObject({ connectionInvalidated: true });
    expect(conn.invalidated).toBe(true);
    await conn.rollback();
    expect(await conn.scalar(text("select 1"))).toBe(1);
    expect(opened).toBe(2);
    await conn.close();
  });

  test("[CP-07] tells how many are idle, used, beyond its size and waited for", async () => {
    const engine = engineOn(fileUrl(scheme), { poolSize: 1, maxOverflow: 1 });
    const [one, two] = [await engine.connect(), await engine.connect()];
    const third = engine.connect();
    await new Promise((resolve) => setImmediate(resolve));
    expect(engine.status()).toMatchObject({ size: 1, idle: 0, checkedOut: 2, overflow: 1, waiting: 1 });
    await one.close();
    await (await third).close();
    await two.close();
    expect(engine.status()).toMatchObject({ idle: 1, checkedOut: 0, overflow: 0, waiting: 0 });
  });
});
