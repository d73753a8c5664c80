/** All rows of a table are streamed page after page by their keys: the same rows, of one state of the database, whatever goes on meanwhile. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import {
  type AsyncEngine,
  asyncSessionmaker,
  bindparam,
  Column,
  column,
  createAsyncEngine,
  event,
  func,
  insert,
  MetaData,
  PrimaryKey,
  registry,
  select,
  t,
  table,
  text,
} from "../../../src/index.js";

const metadata = new MetaData();
const events = table("events", metadata, {
  id: column(t.integer, { primaryKey: true }),
  kind: column(t.text, { index: true }),
  amount: column(t.integer),
});

const open: AsyncEngine[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const engine of open.splice(0)) await engine.dispose();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function engineAt(url: string): AsyncEngine {
  const engine = createAsyncEngine(url);
  open.push(engine);
  return engine;
}

function file(): string {
  const folder = mkdtempSync(join(tmpdir(), "athanor-scan-"));
  folders.push(folder);
  return `sqlite:///${folder}/scan.db`;
}

const KEYS = [-7, 0, 3, 4, 5, 900, 901, 1000, 2 ** 40, 2 ** 40 + 1];

async function filled(url: string, ddl?: string): Promise<AsyncEngine> {
  const engine = engineAt(url);
  await engine.begin(async (connection) => {
    await connection.execute(text("PRAGMA journal_mode = wal"));
    if (ddl === undefined) await metadata.createAll(connection);
    else await connection.execute(text(ddl));
    const rows = KEYS.map((id, i) => ({ id, kind: i % 2 ? "odd" : "even", amount: i }));
    await connection.execute(insert(events), rows.reverse());
  });
  return engine;
}

describe.each(["sqlite", "sqlite+worker"])("over %s", (kind) => {
  const url = (): string => file().replace("sqlite", kind);

  test("the rows are those of the statement, with each size of a part", async () => {
    const engine = await filled(url());
    await using connection = await engine.connect();
    for (const statement of [
      select(events),
      select(events.c.amount, events.c.id),
      select(events.c.id).orderBy(events.c.id),
      select(events.c.id.label("key"), events.c.kind),
    ]) {
      // Without an order an index may have its own.
      const whole = (await connection.execute(statement.orderBy(events.c.id))).all().map((row) => [...row]);
      for (const size of [1, 2, 3, 9, 10, 11, 1000]) {
        const parts: unknown[][][] = [];
        for await (const part of (await connection.stream(statement)).partitions(size))
          parts.push(part.map((row) => [...row]));
        expect(parts.flat()).toEqual(whole);
        expect(parts.length).toBe(Math.ceil(KEYS.length / size));
      }
    }
  });

  test("another connection's commits and one's own changes are not seen by a stream that has begun", async () => {
    const engine = await filled(url());
    const other = engineAt(String(engine.url));
    await using connection = await engine.connect();
    const seen: number[] = [];
    for await (const [id] of await connection.stream(select(events.c.id), null, { yieldPer: 2 })) {
      seen.push(id);
      if (seen.length === 2) await other.begin((c) => c.execute(insert(events), [{ id: 7, kind: "new", amount: 1 }]));
    }
    expect(seen).toEqual(KEYS);
    await connection.rollback();

    const again: number[] = [];
    for await (const [id] of await connection.stream(select(events.c.id), null, { yieldPer: 2 })) {
      again.push(id);
      if (again.length === 3) await connection.execute(text("DELETE FROM events WHERE id > 5"));
    }
    expect(again).toEqual([-7, 0, 3, 4, 5, 7, 900, 901, 1000, 2 ** 40, 2 ** 40 + 1]);
    await connection.rollback();
  });
});

describe("a table that is not what the statement takes it for is read row by row", () => {
  const rows = async (engine: AsyncEngine): Promise<unknown[]> => {
    await using connection = await engine.connect();
    const found: unknown[] = [];
    for await (const row of await connection.stream(select(events.c.id, events.c.amount), {
      executionOptions: { yieldPer: 2 },
    }))
      found.push(row[1]);
    return found.sort();
  };
  const all = KEYS.map((_, i) => i);

  test("where keys are there twice, or missing", async () => {
    const twice = await filled("sqlite://", "CREATE TABLE events (id INTEGER, kind TEXT, amount INTEGER)");
    await twice.begin((c) => c.execute(text("UPDATE events SET id = 1 WHERE id < 900")));
    await twice.begin((c) => c.execute(text("UPDATE events SET id = NULL WHERE id > 1000")));
    expect(await rows(twice)).toEqual(all);
  });

  test("where it is a view, has no rowid, or a key with an index of its own", async () => {
    for (const ddl of [
      "CREATE TABLE events (id INTEGER PRIMARY KEY, kind TEXT, amount INTEGER) WITHOUT ROWID",
      "CREATE TABLE events (id INTEGER PRIMARY KEY DESC, kind TEXT, amount INTEGER)",
      "CREATE TABLE events (id TEXT PRIMARY KEY, kind TEXT, amount INTEGER)",
    ])
      expect(await rows(await filled("sqlite://", ddl))).toEqual(all);
    const view = await filled("sqlite://");
    await view.begin(async (c) => {
      await c.execute(text("ALTER TABLE events RENAME TO stored"));
      await c.execute(
        text("CREATE VIEW events AS SELECT id, kind, amount FROM stored UNION ALL SELECT id, kind, amount FROM stored"),
      );
    });
    expect((await rows(view)).length).toBe(2 * all.length);
  });
});

describe("statements that say more than all rows of a table have their own rows", () => {
  test("conditions, functions, DISTINCT, limits, other orders, joins, aliases and parameters", async () => {
    const engine = await filled("sqlite://");
    await using connection = await engine.connect();
    const other = events.alias("other");
    for (const statement of [
      select(events).where(events.c.kind.eq("odd")),
      select(events).orderBy(events.c.id.desc()),
      select(events).orderBy(events.c.amount),
      select(events).limit(4),
      select(events).offset(4).limit(100),
      select(events.c.id, func.rowNumber().over({ orderBy: events.c.id })),
      select(events.c.id, func.count()),
      select(events.c.id, events.c.kind).distinct(),
      select(events.c.id, other.c.id).where(events.c.amount.eq(other.c.amount)),
      select(other),
      select(events.c.id, bindparam("x", 5)),
    ]) {
      const whole = (await connection.execute(statement)).all().map((row) => [...row]);
      const streamed: unknown[] = [];
      for await (const row of await connection.stream(statement, null, { yieldPer: 3 })) streamed.push([...row]);
      expect(streamed).toEqual(whole);
    }
  });

  test("a handler that writes another statement in its place has it read", async () => {
    const engine = await filled("sqlite://");
    event.listen(engine, "beforeCursorExecute", (_connection, statement) => ({
      statement: `${statement} WHERE events.id < 5`,
    }));
    await using connection = await engine.connect();
    const seen: number[] = [];
    for await (const [id] of await connection.stream(select(events.c.id))) seen.push(id);
    expect(seen).toEqual([-7, 0, 3, 4]);
  });
});

test("a stream of text has the columns that its connection knows now, whoever has added one since the text was first run", async () => {
  const engine = await filled(file());
  const other = engineAt(String(engine.url));
  await using connection = await engine.connect();
  const columns = async (): Promise<readonly string[]> => {
    const result = await connection.stream(text("SELECT * FROM events"));
    const keys = [...result.keys()];
    await result.close();
    return keys;
  };
  expect(await columns()).toEqual(["id", "kind", "amount"]);
  await connection.rollback();
  await other.begin((c) => c.execute(text("ALTER TABLE events ADD COLUMN note TEXT")));
  // A connection learns of it when it runs a statement.
  await connection.execute(text("SELECT count(*) FROM events"));
  expect(await columns()).toEqual(["id", "kind", "amount", "note"]);
});

test("keys beyond what a number holds come once each, as integers of their own type and as numbers", async () => {
  const engine = engineAt("sqlite://");
  await engine.begin(async (connection) => {
    await connection.execute(text("CREATE TABLE events (id INTEGER PRIMARY KEY, kind TEXT, amount INTEGER)"));
    for (let i = 0; i < 9; i++)
      await connection.execute(text(`INSERT INTO events VALUES (${2n ** 53n + BigInt(i) - 3n}, 'big', ${i})`));
  });
  const exact = table("events", new MetaData(), {
    id: column(t.bigint, { primaryKey: true }),
    amount: column(t.integer),
  });
  await using connection = await engine.connect();
  for (const statement of [select(events.c.id, events.c.amount), select(exact)]) {
    const amounts: unknown[] = [];
    for await (const row of await connection.stream(statement, null, { yieldPer: 2 })) amounts.push(row[1]);
    expect(amounts).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  }
});

test("a stream of objects is written to while it is read, and given up early, and the database is free after it", async () => {
  const reg = registry();

  @reg.Entity("readings")
  class Reading {
    @PrimaryKey() id!: number;
    @Column() value!: number;
  }

  const engine = engineAt(file());
  await reg.metadata.createAll(engine);
  const Session = asyncSessionmaker(engine);
  await engine.begin((c) =>
    c.execute(
      insert(Reading),
      Array.from({ length: 500 }, (_, i) => ({ id: i + 1, value: i })),
    ),
  );
  {
    await using session = Session();
    let count = 0;
    for await (const reading of await session.streamScalars(select(Reading), undefined, { yieldPer: 50 })) {
      reading.value = -reading.value;
      if (++count % 100 === 0) await session.flush();
    }
    await session.commit();
    expect(count).toBe(500);
  }
  await using session = Session();
  for await (const reading of await session.streamScalars(select(Reading), {}, { yieldPer: 10 })) {
    expect(reading.value + reading.id).toBe(1);
    if (reading.id === 25) break;
  }
  await engine.begin((c) => c.execute(text("DELETE FROM readings")));
  expect(await session.scalars(select(Reading)).all()).toEqual([]);
});
