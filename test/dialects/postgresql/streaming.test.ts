/** Streams: server-side cursors, which hold a part of the rows at a time and are closed however the reading ends. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  type AsyncConnection,
  type AsyncEngine,
  asyncSessionmaker,
  Column,
  createAsyncEngine,
  PrimaryKey,
  registry,
  select,
  t,
  text,
} from "../../../src/index.js";
import { howOften, LONG_RUN, memory } from "../../support/long-runs.js";
import { rejection, scratchDatabase } from "./support.js";

const db = scratchDatabase();
const reg = registry();
const ROWS = howOften(200_000, 1_000_000);

@reg.Entity("streamed")
class Item {
  @PrimaryKey() id!: number;
  @Column(t.text) body!: string;
}

beforeAll(async () => {
  const engine = createAsyncEngine(db.url);
  await reg.metadata.createAll(engine);
  await engine.execute(
    text(`INSERT INTO streamed (id, body) SELECT n, 'row ' || n FROM generate_series(1, ${ROWS}) n`),
  );
  await engine.dispose();
}, 120_000);

/** Cursors that are open in the transaction of a connection. */
const openCursors = text("SELECT count(*) FROM pg_cursors WHERE name LIKE 'c%'");

describe(`${ROWS} rows`, LONG_RUN, () => {
  /** Reads a stream and says by how many megabytes the heap has grown between its first tenth and its end. */
  async function grown(read: (row: () => Promise<void>) => Promise<void>): Promise<number> {
    let rows = 0;
    let first = 0;
    let most = 0;
    await read(async () => {
      rows++;
      if (rows === ROWS / 10) first = (await memory()).heap;
      else if (rows % (ROWS / 5) === 0) most = Math.max(most, (await memory()).heap);
    });
    expect(rows).toBe(ROWS);
    return most - first;
  }

  test("[CC-03] [XA-06] stream through an AsyncResult in flat memory", async () => {
    await db.engine().connect(async (c) => {
      const growth = await grown(async (row) => {
        let sum = 0;
        for await (const [id] of await c.stream(text("SELECT id, body FROM streamed"))) {
          sum += id as number;
          await row();
        }
        expect(sum).toBe((ROWS * (ROWS + 1)) / 2);
      });
      expect(growth).toBeLessThan(8);
    });
  });

  test("[CC-03] [XA-06] stream through the ORM in flat memory, as entities and in partitions", async () => {
    await using session = asyncSessionmaker(db.engine())();
    const growth = await grown(async (row) => {
      for await (const item of await session.streamScalars(select(Item), undefined, { yieldPer: 500 })) {
        expect(item).toBeInstanceOf(Item);
        await row();
      }
    });
    expect(growth).toBeLessThan(12);
    expect(session.identityMap.size).toBeLessThan(20_000);
    await session.rollback();
    let seen = 0;
    for await (const part of (await session.streamScalars(select(Item))).partitions(2000)) seen += part.length;
    expect(seen).toBe(ROWS);
  });
});

describe("a stream's cursor", () => {
  const rows = select(Item).limit(5000);

  async function left(engine: AsyncEngine, read: (c: AsyncConnection) => Promise<unknown>) {
    return await engine.connect(async (c) => {
      await read(c);
      expect(c.inTransaction()).toBe(true);
      return await c.scalar(openCursors);
    });
  }

  test("[XA-06] is closed on break, on a throw, by close(), by first() and at the end, while the transaction goes on", async () => {
    const engine = db.engine();
    const open = async (c: AsyncConnection) =>
      await c.stream(text("SELECT generate_series(1, 5000)"), null, { yieldPer: 10 });
    expect(
      await left(engine, async (c) => {
        const stream = await open(c);
        await stream.fetchone();
        expect(await c.scalar(openCursors)).toBe(1);
        for await (const _ of stream) break;
      }),
    ).toBe(0);
    expect(
      await left(engine, async (c) => {
        const reading = (async () => {
          for await (const _ of await open(c)) throw new Error("mine");
        })();
        expect((await rejection(reading)).message).toBe("mine");
      }),
    ).toBe(0);
    expect(await left(engine, async (c) => (await open(c)).close())).toBe(0);
    expect(await left(engine, async (c) => (await open(c)).first())).toBe(0);
    expect(await left(engine, async (c) => (await open(c)).all())).toBe(0);
    expect(
      await left(engine, async (c) => {
        await using stream = await open(c);
        await stream.fetchmany(3);
      }),
    ).toBe(0);
  });

  test("[XA-06] of the ORM is closed in the same ways", async () => {
    const Session = asyncSessionmaker(db.engine());
    for (const how of ["break", "throw", "close"] as const) {
      await using session = Session();
      const stream = await session.streamScalars(rows, undefined, { yieldPer: 10 });
      const reading = (async () => {
        for await (const _ of stream) {
          if (how === "break") break;
          if (how === "throw") throw new Error("mine");
          await stream.close();
        }
      })();
      await reading.catch(() => {});
      expect(await session.scalar(openCursors)).toBe(0);
    }
  });

  test("[XA-06] that nobody read to its end does not stand in the way of the pool", async () => {
    const engine = db.engine({ poolSize: 1, maxOverflow: 0 });
    for (let i = 0; i < 3; i++) {
      const c = await engine.connect();
      await (await c.stream(text("SELECT generate_series(1, 100000)"), null, { yieldPer: 10 })).fetchone();
      await c.close();
    }
    expect(await engine.scalar(openCursors)).toBe(0);
  });
});
