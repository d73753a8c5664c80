import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { aliased, Column, insert, PrimaryKey, registry, select, t, text, true_ } from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

const reg = registry();

@reg.Entity("items")
class Item {
  @PrimaryKey(t.integer, { autoincrement: false }) id!: number;
  @Column(t.integer) n!: number;
}

/** Many more than the newest ones, which the map may hold strongly. */
const MANY = 80_000;

async function items(count: number) {
  const store = await storeFor(reg, { expireOnCommit: false });
  const rows = Array.from({ length: count }, (_, id) => ({ id, n: id }));
  await store.engine.begin(async (connection) => {
    for (let start = 0; start < count; start += 10_000)
      await connection.execute(insert(Item), rows.slice(start, start + 10_000));
  });
  return store;
}

/** Gives what waits in microtasks and timers its turn, then collects. */
async function collect() {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    gc();
  }
}

describe("one object for one row", () => {
  test("whichever way it is reached: query, get, lazy load, column and entity rows", async () => {
    const { Session } = await items(3);
    await using session = Session();
    const one = await session.getOne(Item, 1);
    expect((await session.scalars(select(Item).orderBy((i) => i.id)).all())[1]).toBe(one);
    const rows = await session.execute(select(Item).where((i) => i.id.eq(1))).all();
    expect(rows).toEqual([[one]]);
    expect(await session.runSync((s) => s.get(Item, 1))).toBe(one);
    expect(await session.merge(make(Item, { id: 1, n: 1 }))).toBe(one);
  });

  test("in one session; another session has its own", async () => {
    const { Session } = await items(1);
    await using one = Session();
    await using two = Session();
    const item = await one.getOne(Item, 0);
    await one.commit(); // PGlite has one connection
    expect(await two.getOne(Item, 0)).not.toBe(item);
  });

  test("of a row that comes twice in one result it is the same object, twice", async () => {
    const { Session } = await items(2);
    await using session = Session();
    const other = aliased(Item, "other");
    const stmt = select(Item)
      .join(other, true_())
      .where((i) => i.id.eq(0));
    const rows = await session.scalars(stmt).all();
    expect(rows).toHaveLength(2);
    expect(rows[0]).toBe(rows[1]);
    expect(await session.scalars(stmt).unique().all()).toEqual([rows[0]]);
  });
});

describe("the map is weak", () => {
  test("[SB-17] unmodified objects that nobody holds can be collected, and are loaded anew as other objects", async () => {
    const { Session } = await items(MANY);
    await using session = Session();
    await (async () => {
      await session.scalars(select(Item)).all();
    })();
    await collect();
    expect(session.identityMap.size).toBeLessThan(MANY / 2);
    const again = await session.scalars(select(Item)).all();
    expect(again).toHaveLength(MANY);
  });

  test("[SB-17] objects that the program holds stay in the map", async () => {
    const { engine, Session } = await items(MANY);
    await using session = Session();
    const held = (await session.scalars(select(Item)).all()).filter((i) => i.id % 1000 === 0);
    await collect();
    using log = recordStatements(engine);
    for (const item of held) expect(await session.get(Item, item.id)).toBe(item);
    expect(log.count()).toBe(0);
  });

  test("[SB-17] modified objects are held until they are flushed", async () => {
    const { Session } = await items(MANY);
    await using session = Session();
    await (async () => {
      const all = await session.scalars(select(Item).orderBy((i) => i.id)).all();
      for (const item of all.slice(0, 100)) item.n = -1;
    })();
    await collect();
    expect(session.dirty.size).toBe(100);
    await session.flush();
    expect(await session.scalar(text("select count(*) from items where n = -1"))).toBe(100);
    expect(session.dirty.size).toBe(0);
  });

  test("[SB-17] new and deleted objects are held until they are flushed", async () => {
    const { Session } = await items(10);
    await using session = Session({ autoflush: false });
    await (async () => {
      session.add(make(Item, { id: 100, n: 1 }));
      await session.delete(await session.getOne(Item, 0));
    })();
    await collect();
    expect([session.new.size, session.deleted.size]).toEqual([1, 1]);
    await session.commit();
    expect(await session.scalar(text("select count(*) from items"))).toBe(10);
  });

  test("collected objects leave nothing behind that a rollback would stumble over", async () => {
    const { Session } = await items(MANY);
    await using session = Session();
    await (async () => {
      await session.scalars(select(Item)).all();
    })();
    await collect();
    await session.rollback();
    expect((await session.getOne(Item, MANY - 1)).n).toBe(MANY - 1);
  });
});
