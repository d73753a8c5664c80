import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  AlreadyQuitError,
  type AsyncEngine,
  asyncSessionmaker,
  column,
  createAsyncEngine,
  createEngine,
  event,
  InvalidRequestError,
  inspect,
  MetaData,
  OperationalError,
  select,
  t,
  table,
  text,
} from "../../../src/index.js";
import { testFolder } from "../../support/test-folder.js";

type Options = NonNullable<Parameters<typeof createAsyncEngine>[1]>;
/** What the functions that run in a thread use of better-sqlite3. */
interface Raw {
  pragma(text: string, options?: { simple: boolean }): unknown;
  function(name: string, fn: (...args: never[]) => unknown): void;
  exec(text: string): void;
}

const metadata = new MetaData();
const notes = table("notes", metadata, {
  id: column(t.integer, { primaryKey: true }),
  body: column(t.string(50), { unique: true }),
  big: column(t.bigint),
  at: column(t.datetime),
  bytes: column(t.binary),
});

const fileUrl = (query = ""): string => `sqlite+worker:///${join(testFolder(), "app.db")}${query}`;

async function made(url: string, options?: Options): Promise<AsyncEngine> {
  const engine = createAsyncEngine(url, options);
  onTestFinished(() => engine.dispose({ force: true }));
  await metadata.createAll(engine);
  return engine;
}

const count = (to: number) =>
  text(`with recursive c(n) as (select 1 union all select n + 1 from c where n < ${to}) select count(*) from c`);
const SLOW = count(1_500_000);

/** SQL functions with which a thread can be watched and brought down. */
const spying: Options = {
  dialectOptions: {
    sqlite: {
      onOpen(database: Raw) {
        const seen = { rows: 0 };
        Object.assign(globalThis, { seen });
        database.function("see", () => ++seen.rows);
        database.function("die", () => process.exit(3));
      },
    },
  },
};
const PLACES: readonly [string, () => string][] = [
  ["in a file", fileUrl],
  ["in memory", () => "sqlite+worker://"],
];

describe.each(PLACES)("a database in a thread, %s", (_name, url) => {
  test("gives what it gives without one: values, keys, counts, errors, the schema", async () => {
    const engine = await made(url());
    const row = { body: "one", big: 2n ** 60n, at: new Date(86_400_000), bytes: Buffer.from([1, 255]) };
    const added = await engine.execute(notes.insert(), row);
    expect(added.insertedPrimaryKey).toEqual([1]);
    expect(await engine.execute(select(notes)).all()).toEqual([[1, "one", 2n ** 60n, row.at, row.bytes]]);
    await engine.execute(notes.insert(), [{ body: "two" }, { body: "three" }]);
    expect((await engine.execute(notes.update().all().values({ big: 1n }))).rowcount).toBe(3);
    await expect(engine.execute(notes.insert(), { body: "one" })).rejects.toMatchObject({
      name: "IntegrityError",
      code: "SQLITE_CONSTRAINT_UNIQUE",
      violation: "unique",
      columns: ["body"],
      orig: { name: "SqliteError" },
    });
    await expect(engine.execute(text("selec 1"))).rejects.toMatchObject({ name: "ProgrammingError" });
    await expect(engine.execute(text("select :x"), { x: () => 1 })).rejects.toThrow(/cannot be sent to the thread/);
    expect(await inspect(engine).getTableNames()).toEqual(["notes"]);
    expect((await inspect(engine).getColumns("notes")).map((each) => each.name)).toEqual(Object.keys(notes.c));
    expect(engine.status()).toMatchObject({ checkedOut: 0 });
  });

  test("lets the event loop go on while a query runs", async () => {
    const engine = await made(url());
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await engine.execute(SLOW);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
  });

  test("blocks inside runSync, in connections and sessions", async () => {
    const engine = await made(url());
    const session = asyncSessionmaker(engine)();
    const inside = await session.runSync((sync) => {
      sync.execute(notes.insert(), { body: "sync" });
      return sync.scalars(select(notes.c.body)).all();
    });
    await session.commit();
    await session.close();
    expect(inside).toEqual(["sync"]);
    expect(await engine.connect((conn) => conn.runSync((sync) => inspect(sync).hasTable("notes")))).toBe(true);
  });

  test("streams: the thread reads on when rows are fetched, and not before", async () => {
    const engine = await made(url(), spying);
    const conn = await engine.connect();
    const rows = await conn.stream(
      text("with recursive c(n) as (select see() union all select see() from c) select n from c limit 1000000"),
      null,
      { yieldPer: 20 },
    );
    const taken: unknown[] = [];
    for await (const [n] of rows) if (taken.push(n) === 30) break;
    expect(taken).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    expect(await conn.runInThread(() => (globalThis as unknown as { seen: { rows: number } }).seen.rows)).toBeLessThan(
      100,
    );
    await conn.execute(notes.insert(), { body: "after" });
    await conn.commit();
    await conn.close();
  });

  test("an aborted call is given up at once; its connection is thrown away, its write undone, and others go on", async () => {
    const engine = await made(url());
    const conn = await engine.connect();
    await conn.execute(notes.insert(), { body: "half" });
    const controller = new AbortController();
    const running = conn.execute(SLOW, null, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 5);
    await expect(running).rejects.toThrow("enough");
    expect(conn.invalidated).toBe(true);
    await conn.close();
    await engine.execute(notes.insert(), { body: "next" });
    expect(await engine.execute(select(notes.c.body)).scalars().all()).toEqual(["next"]);
  });

  test("a wait for the write lock can be aborted, and leaves the connection as it was", async () => {
    const engine = await made(url());
    const [one, two] = [await engine.connect(), await engine.connect()];
    await one.execute(notes.insert(), { body: "one" });
    const controller = new AbortController();
    const waiting = two.execute(notes.insert(), { body: "two" }, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 5);
    await expect(waiting).rejects.toThrow("enough");
    expect(two.invalidated).toBe(false);
    await one.commit();
    await two.execute(notes.insert(), { body: "again" });
    await two.commit();
    expect(await two.execute(select(notes.c.body).orderBy(notes.c.id)).scalars().all()).toEqual(["one", "again"]);
    await Promise.all([one.close(), two.close()]);
  });

  test("a blocking call that takes longer than sync_timeout is an error, and the connection is thrown away", async () => {
    const engine = await made(`${url()}?sync_timeout=0.02`);
    const conn = await engine.connect();
    await expect(conn.runSync((sync) => sync.execute(SLOW))).rejects.toThrow(
      /did not answer within 0.02 s while the event loop was blocked for it \(option syncTimeout\)/,
    );
    expect(conn.invalidated).toBe(true);
    await conn.close();
    expect(await engine.scalar(text("select 1"))).toBe(1);
  });
});

describe("a thread that ends", () => {
  test("is a lost connection for who waits, and the next one has another thread", async () => {
    const engine = await made(fileUrl(), spying);
    const conn = await engine.connect();
    await conn.execute(notes.insert(), { body: "half" });
    const error = await conn.execute(text("select die()")).then(
      () => null,
      (thrown: unknown) => thrown as OperationalError,
    );
    expect(error).toBeInstanceOf(OperationalError);
    expect(error?.message).toMatch(/^The thread of this SQLite connection is gone: it ended with exit code 3/);
    expect(error?.connectionInvalidated).toBe(true);
    await expect(conn.runInThread(() => 1)).rejects.toThrow(AlreadyQuitError);
    await conn.rollback();
    expect(await conn.execute(select(notes.c.body)).scalars().all()).toEqual([]);
    await conn.close();
  });

  test("while its connection was in the pool is noticed by nobody", async () => {
    const engine = await made(fileUrl(), { poolSize: 1, maxOverflow: 0 });
    let closed = 0;
    event.listen(engine, "close", () => void closed++);
    await engine.runInThread(() => void setTimeout(() => process.exit(3), 5));
    await pause(150);
    expect(await engine.scalar(text("select 1"))).toBe(1);
    expect(closed).toBe(1);
  });

  test("is an error, and not a hang, for who blocks", async () => {
    const engine = await made(fileUrl(), spying);
    await engine.connect(async (conn) => {
      await expect(conn.runSync((sync) => sync.scalar(text("select die()")))).rejects.toThrow(
        /^The thread of this SQLite connection is gone/,
      );
      await conn.rollback();
      expect(await conn.scalar(text("select 1"))).toBe(1);
    });
  });

  test("takes a database in memory with it, which every later call says", async () => {
    const engine = await made("sqlite+worker://", spying);
    await expect(engine.scalar(text("select die()"))).rejects.toThrow(OperationalError);
    await expect(engine.scalar(text("select count(*) from notes"))).rejects.toThrow(
      "The in-memory database of this engine is gone, as the thread that had it has ended. Make a new engine.",
    );
  });
});

describe("runInThread", () => {
  test("calls a function beside the database, with arguments, on an engine and on a connection", async () => {
    const engine = await made(fileUrl());
    const result = await engine.runInThread(
      async (db: Raw, size: number, more: { readonly names: string[] }) => {
        const { isMainThread } = require("node:worker_threads") as { isMainThread: boolean };
        db.pragma(`cache_size = ${size}`);
        return { size: db.pragma("cache_size", { simple: true }), isMainThread, names: new Set(more.names) };
      },
      77,
      { names: ["a"] },
    );
    expect(result).toEqual({ size: 77, isMainThread: false, names: new Set(["a"]) });
    const conn = await engine.connect();
    await conn.runInThread((db: Raw) => db.function("twice", (n: number) => 2 * n));
    expect(await conn.scalar(text("select twice(21)"))).toBe(42);
    await conn.close();
  });

  test("what it does in a transaction is part of it", async () => {
    const engine = await made(fileUrl());
    await expect(
      engine.begin(async (conn) => {
        await conn.runInThread((db: Raw) => db.exec("insert into notes (body) values ('raw')"));
        expect(await conn.scalar(text("select count(*) from notes"))).toBe(1);
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    expect(await engine.scalar(text("select count(*) from notes"))).toBe(0);
  });

  test("its errors come back: those of the function as they are, those of the database as ours", async () => {
    const engine = await made(fileUrl());
    const outside = 5;
    await expect(
      engine.runInThread(() => {
        throw new RangeError("too far");
      }),
    ).rejects.toThrow(new RangeError("too far"));
    await expect(engine.runInThread(() => outside)).rejects.toThrow(
      /outside is not defined. The function runs in a thread, and sees nothing from outside itself/,
    );
    await expect(engine.runInThread((db: Raw) => db.exec("insert into nowhere values (1)"))).rejects.toMatchObject({
      name: "ProgrammingError",
      reason: "no such table: nowhere",
    });
    await expect(engine.runInThread(() => () => 1)).rejects.toThrow(/could not be cloned/);
    expect(await engine.runInThread({ method: (_db: Raw, n: number) => n + 1 }.method, 1)).toBe(2);
    await expect(engine.runInThread(Math.max)).rejects.toThrow("is a built-in or bound one");
  });

  test("says AlreadyQuitError after the end, and what it needs where databases are in no thread", async () => {
    const engine = await made(fileUrl());
    await engine.dispose();
    await expect(engine.runInThread(() => 1)).rejects.toThrow(AlreadyQuitError);
    const inline = await made("sqlite://");
    const refused = inline.runInThread(() => 1);
    await expect(refused).rejects.toThrow(InvalidRequestError);
    await expect(refused).rejects.toThrow("use sqlite+worker:// URLs");
  });
});

describe("blocking by accident", () => {
  const warnings = () => {
    const emit = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    onTestFinished(() => emit.mockRestore());
    return () =>
      emit.mock.calls.filter(([, how]) => (how as { code?: string } | undefined)?.code === "ATHANOR_BLOCKING");
  };

  test("is warned about once for each engine; runSync is meant", async () => {
    const seen = warnings();
    const engine = await made(fileUrl());
    await engine.connect(async (conn) => {
      await conn.runSync((sync) => sync.scalar(text("select 1")));
      expect(seen()).toHaveLength(0);
      expect(conn.syncConnection.scalar(text("select 2"))).toBe(2);
      expect(conn.syncConnection.scalar(text("select 3"))).toBe(3);
    });
    expect(seen()).toHaveLength(1);
    expect(seen()[0]?.[0]).toMatch(/A blocking call was made on a connection of sqlite\+worker:.*use runSync\(fn\)/s);
  });

  test("the plain engine works over threads, with that warning", () => {
    const seen = warnings();
    const engine = createEngine(fileUrl());
    engine.begin((conn) => conn.execute(text("create table t (n int)")));
    expect(engine.begin((conn) => conn.scalar(text("select count(*) from t")))).toBe(0);
    engine.dispose({ force: true });
    expect(seen()).toHaveLength(1);
  });
});

describe("an engine on threads", () => {
  test("writes beside an engine without them, in the same file", async () => {
    const url = fileUrl();
    const threads = await made(url, { poolSize: 2, maxOverflow: 0 });
    const inline = await made(url.replace("+worker", ""));
    const write = (engine: AsyncEngine, body: string) =>
      engine.begin(async (conn) => {
        await conn.execute(notes.insert(), { body });
        await pause(1);
      });
    await Promise.all(Array.from({ length: 20 }, (_, i) => write(i % 2 === 0 ? threads : inline, `${i}`)));
    expect(await inline.scalar(text("select count(*) from notes"))).toBe(20);
  });

  test("refuses what cannot get to a thread", async () => {
    const engine = createAsyncEngine("sqlite+worker://", { creator: () => ({}) });
    await expect(engine.connect()).rejects.toThrow("cannot be moved to a thread: sqlite+worker:// takes no creator");
    const verbose = createAsyncEngine("sqlite+worker://", { connectArgs: { verbose: () => {} } });
    await expect(verbose.connect()).rejects.toThrow(/could not be cloned/);
    expect(() => createAsyncEngine("sqlite+worker://host/x")).toThrow('as in "sqlite+worker:///app.db"');
    const missing = createAsyncEngine("sqlite+worker:////no/such/folder/x.db");
    await expect(missing.connect()).rejects.toMatchObject({ name: "OperationalError", code: "SQLITE_CANTOPEN" });
    for (const each of [engine, verbose, missing]) await each.dispose();
  });
});

test("a COMMIT whose answer was not waited for is uncertain: here it was done, when who had read in the meantime was gone", async () => {
  const url = fileUrl("?journal_mode=delete&busy_timeout=2000");
  const engine = await made(`${url}&sync_timeout=0.1`);
  const other = await made(url);
  const reading = await other.connect();
  await reading.executionOptions({ isolationLevel: "SERIALIZABLE" });
  await reading.execute(select(notes));
  const failed = engine.connect(async (conn) => {
    await conn.execute(notes.insert().values({ id: 1 }));
    await conn.runSync((sync) => sync.commit());
  });
  await expect(failed).rejects.toMatchObject({
    name: "OperationalError",
    commitUncertain: true,
    connectionInvalidated: true,
    message: expect.stringMatching(/^The outcome of COMMIT is uncertain: .*did not answer within 0\.1 s/),
  });
  await reading.close();
  await vi.waitFor(async () => expect(await other.execute(select(notes.c.id)).all()).toEqual([[1]]));
});
