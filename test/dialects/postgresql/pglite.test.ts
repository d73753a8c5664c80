import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type AsyncEngine,
  column,
  createAsyncEngine,
  createEngine,
  MetaData,
  select,
  t,
  table,
  text,
} from "../../../src/index.js";
import { type LeasedPglite, leasePglite } from "../../support/pglite-databases.js";
import { testFolder } from "../../support/test-folder.js";
import { rejection } from "./support.js";

const metadata = new MetaData();
const notes = table("notes", metadata, {
  id: column(t.integer, { primaryKey: true }),
  body: column(t.string(50), { unique: true }),
  at: column(t.datetime),
  data: column(t.json),
  bytes: column(t.binary),
});

let database: LeasedPglite;
let engine: AsyncEngine;

beforeAll(async () => {
  database = await leasePglite();
  engine = createAsyncEngine(database.url, database.engine);
  await metadata.createAll(engine);
}, 30_000);

afterAll(async () => {
  await engine.dispose();
  await database.engine.creator().close();
});

const note = (body: string) => ({ body, at: new Date(0), data: { body: [1] }, bytes: new Uint8Array([1, 2]) });

describe("PostgreSQL in this process", () => {
  test("is the same dialect: types, RETURNING, errors with their constraint", async () => {
    expect(engine.dialect.name).toBe("postgresql");
    expect(engine.driver).toBe("@electric-sql/pglite");
    const added = await engine.execute(notes.insert().returning(notes.c.id), note("same")).one();
    expect(await engine.execute(select(notes)).one()).toEqual([
      added[0],
      "same",
      new Date(0),
      { body: [1] },
      Buffer.from([1, 2]),
    ]);
    await expect(engine.execute(notes.insert(), note("same"))).rejects.toMatchObject({
      name: "IntegrityError",
      violation: "unique",
      columns: ["body"],
      constraint: "notes_body_key",
    });
  });

  test("blocks where it is asked to: runSync, and the plain engine over a PGlite that has started", async () => {
    const inside = await engine.connect((conn) => conn.runSync((sync) => sync.scalar(text("select 6 * 7"))));
    expect(inside).toBe(42);
    await engine.dispose({ reuse: true });
    const plain = createEngine(database.url, database.engine);
    const count = plain.begin((conn) => {
      conn.execute(notes.insert(), note("plain"));
      return conn.scalar(text("select count(*) from notes where body = 'plain'"));
    });
    expect(count).toBe(1);
    plain.dispose();
    await expect(async () => createEngine("pglite://").connect()).rejects.toThrow(
      "PGlite needs the event loop to start, so that it cannot be opened by a blocking call. Use createAsyncEngine",
    );
  });

  test("streams through portals, and stops in the middle without harm", async () => {
    const conn = await engine.connect();
    let read = 0;
    for await (const _row of await conn.stream(text("select generate_series(1, 5000)"))) if (++read === 1500) break;
    expect(await conn.scalar(text("select 1"))).toBe(1);
    await conn.close();
  });

  test("an error leaves the connection in order; the transaction is rolled back", async () => {
    await expect(
      engine.begin(async (conn) => {
        await conn.execute(notes.insert(), note("gone"));
        await conn.execute(text("selec 1"));
      }),
    ).rejects.toThrow('syntax error at or near "selec"');
    expect(await engine.scalar(text("select count(*) from notes where body = 'gone'"))).toBe(0);
  });

  test("COPY without data is an error, and not the end of the server", async () => {
    await expect(engine.execute(text("copy notes from stdin"))).rejects.toThrow("COPY ... FROM STDIN needs data");
    await expect(engine.execute(text("copy notes to stdout"))).rejects.toThrow(
      "COPY ... TO STDOUT sends its data past",
    );
    expect(await engine.scalar(text("select 1"))).toBe(1);
  });

  test("has one connection, which is lent in turn: who asks for a second while holding it is told so", async () => {
    await engine.dispose({ reuse: true });
    const small = createAsyncEngine(database.url, { ...database.engine, poolSize: 7, poolTimeout: 0.05 });
    const conn = await small.connect();
    expect(small.status()).toMatchObject({ size: 1, checkedOut: 1 });
    expect((await rejection(small.connect())).message).toMatch(
      /limit of size 1 overflow 0 reached.* This database has one connection: what holds it must close it/,
    );
    const waiting = small.scalar(text("select 5"));
    await conn.close();
    expect(await waiting).toBe(5);
    await small.dispose();
  });

  test("a connection opened later, of another engine over the same PGlite, takes the session over", async () => {
    const older = createAsyncEngine(database.url, database.engine);
    const newer = createAsyncEngine(database.url, database.engine);
    const left = await older.connect();
    await left.execute(text("select 1"));
    await newer.begin(async (conn) => {
      await conn.execute(notes.insert(), note("newer"));
      await expect(left.execute(text("rollback"))).rejects.toThrow("has taken over the session of this PGlite");
      await left.close();
    });
    expect(await newer.scalar(text("select count(*) from notes where body = 'newer'"))).toBe(1);
    await newer.dispose();
    await older.dispose();
  });

  test("the driver's own object is PGlite, and its queries do not get between ours", async () => {
    const conn = await engine.connect();
    const pglite = (await conn.getRawConnection()).raw as ReturnType<LeasedPglite["engine"]["creator"]>;
    const [own, ours] = await Promise.all([
      pglite.query<{ n: number }>("select $1::int as n", [1]),
      conn.execute(select(notes.c.id).where(notes.c.body.eq("nobody"))).all(),
    ]);
    expect([own.rows, ours]).toEqual([[{ n: 1 }], []]);
    await conn.close();
  });

  test("a call that is aborted while PGlite is at something else leaves the transaction that it begins whole", async () => {
    await engine.connect(async (conn) => {
      const before = await conn.scalar(text("select count(*) from notes"));
      await conn.rollback();
      const stop = new AbortController();
      const busy = database.engine.creator().runExclusive(() => new Promise((resolve) => setTimeout(resolve, 50)));
      const call = conn.execute(text("select 1"), null, { signal: stop.signal }).all();
      setTimeout(() => stop.abort(new Error("stop")), 10);
      await Promise.allSettled([call, busy]);
      await conn.execute(notes.insert(), note("not to stay"));
      await conn.rollback();
      expect(await conn.scalar(text("select count(*) from notes"))).toBe(before);
    });
  });

  test("a PGlite that was closed from outside is a lost connection", async () => {
    const lease = await leasePglite();
    const other = createAsyncEngine(lease.url, lease.engine);
    const conn = await other.connect();
    await conn.execute(text("select 1"));
    await lease.engine.creator().close();
    await expect(conn.execute(text("select 1"))).rejects.toThrow(/connection to PGlite is lost: .* was closed/);
    expect(conn.invalidated).toBe(true);
    await conn.close();
    await other.dispose();
  }, 30_000);
});

describe("a database in a folder", () => {
  test("keeps its rows, and is open in one engine at a time", async () => {
    const url = `pglite:///${join(testFolder(), "deep", "db")}`;
    const first = createAsyncEngine(url);
    await first.execute(text("create table kept (n int)"));
    await first.execute(text("insert into kept values (7)"));
    const second = createAsyncEngine(url);
    await expect(second.connect()).rejects.toThrow(
      "is open in another engine of this process, and a folder can only be open once: use one engine, or dispose of the other first",
    );
    await first.dispose();
    expect(await second.scalar(text("select n from kept"))).toBe(7);
    await second.dispose();
  }, 30_000);
});

test("a URL with a host, or with an option of a server, is refused", () => {
  expect(() => createAsyncEngine("pglite://host/data")).toThrow('as in "pglite:///data/app"');
  expect(() => createAsyncEngine("pglite://?sslmode=require")).toThrow('PostgreSQL knows no URL option "sslmode"');
});
