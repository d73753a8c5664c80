import { describe, expect, test } from "vitest";
import {
  type AsyncSession,
  Column,
  event,
  IntegrityError,
  InvalidRequestError,
  inspect,
  PendingRollbackError,
  PrimaryKey,
  ResourceClosedError,
  registry,
  select,
  t,
  text,
  update,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("items")
class Item {
  @PrimaryKey() id!: number;
  @Column(t.string(50), { unique: true }) name!: string;
}

const names = async (session: AsyncSession) =>
  (await session.scalars(select(Item).orderBy((i) => i.name)).all()).map((i) => i.name);

async function withItem() {
  const store = await storeFor(reg);
  await store.Session.begin((s) => s.add(make(Item, { name: "first" })));
  return store;
}

describe("begin", () => {
  test("[ST-01] a second begin in a transaction raises", async () => {
    const { Session } = await withItem();
    await using session = Session();
    await session.begin();
    await expect(session.begin()).rejects.toThrow(InvalidRequestError);
    await session.rollback();
    await session.scalars(select(Item)).all();
    await expect(session.begin()).rejects.toThrow(
      /^A transaction is already begun on this session: by begin\(\), or by its first use/,
    );
  });

  test("begin(fn) commits on return and gives what the function gives", async () => {
    const { Session } = await withItem();
    await using session = Session();
    const given = await session.begin(async (s) => {
      expect(s).toBe(session);
      s.add(make(Item, { name: "second" }));
      return 42;
    });
    expect(given).toBe(42);
    expect(session.inTransaction()).toBe(false);
    expect(await names(session)).toEqual(["first", "second"]);
  });

  test("begin(fn) rolls back on a throw, which reaches the caller unchanged", async () => {
    const { Session } = await withItem();
    await using session = Session();
    const failure = new Error("no");
    await expect(
      session.begin(async (s) => {
        s.add(make(Item, { name: "second" }));
        await s.flush();
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect(session.inTransaction()).toBe(false);
    expect(await names(session)).toEqual(["first"]);
  });

  test("[XA-08] `await using` rolls back unless commit() was called", async () => {
    const { Session } = await withItem();
    await using session = Session();
    {
      await using _tx = await session.begin();
      session.add(make(Item, { name: "lost" }));
      await session.flush();
    }
    expect(session.inTransaction()).toBe(false);
    {
      await using tx = await session.begin();
      session.add(make(Item, { name: "kept" }));
      await tx.commit();
    }
    expect(await names(session)).toEqual(["first", "kept"]);
  });

  test("a transaction that ended refuses another end", async () => {
    const { Session } = await withItem();
    await using session = Session();
    const tx = await session.begin();
    expect(tx.isActive).toBe(true);
    await tx.commit();
    expect(tx.isActive).toBe(false);
    await expect(tx.commit()).rejects.toThrow(ResourceClosedError);
    await expect(tx.rollback()).rejects.toThrow(/^This transaction is closed/);
  });

  test("an error of the commit inside begin(fn) rolls back and reaches the caller", async () => {
    const { Session } = await withItem();
    await using session = Session();
    await expect(session.begin((s) => void s.add(make(Item, { name: "first" })))).rejects.toThrow(IntegrityError);
    expect(session.inTransaction()).toBe(false);
    expect(session.isActive).toBe(true);
    expect(await names(session)).toEqual(["first"]);
  });

  test("autobegin: false needs begin() before any use", async () => {
    const { Session } = await withItem();
    await using session = Session({ autobegin: false });
    await expect(session.scalars(select(Item)).all()).rejects.toThrow(
      /^Autobegin is disabled on this session \(autobegin: false\); call session\.begin\(\)/,
    );
    expect(() => session.add(make(Item, { name: "x" }))).toThrow(/Autobegin is disabled/);
    await session.begin(async (s) => expect(await s.scalars(select(Item)).all()).toHaveLength(1));
    await expect(session.scalars(select(Item)).all()).rejects.toThrow(/Autobegin is disabled/);
  });
});

describe("savepoints", () => {
  test("[ST-02] a failed savepoint undoes only its own work and the outer work goes on", async () => {
    const { Session } = await withItem();
    await using session = Session();
    session.add(make(Item, { name: "outer" }));
    await expect(session.beginNested((s) => void s.add(make(Item, { name: "first" })))).rejects.toThrow(IntegrityError);
    expect(session.inTransaction()).toBe(true);
    expect(session.inNestedTransaction()).toBe(false);
    session.add(make(Item, { name: "after" }));
    await session.commit();
    expect(await names(session)).toEqual(["after", "first", "outer"]);
  });

  test("[ST-03] inserting 100 rows of which 3 clash leaves 97", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    let clashes = 0;
    for (let i = 0; i < 100; i++) {
      const name = i === 20 || i === 50 || i === 99 ? "n0" : `n${i}`;
      try {
        await session.beginNested((s) => void s.add(make(Item, { name })));
      } catch (error) {
        expect(error).toBeInstanceOf(IntegrityError);
        clashes++;
      }
    }
    await session.commit();
    expect(clashes).toBe(3);
    expect(await session.scalar(text("select count(*) from items"))).toBe(97);
  });

  test("beginNested flushes first, with autoflush off too", async () => {
    const { Session } = await withItem();
    await using session = Session({ autoflush: false });
    const outer = make(Item, { name: "outer" });
    session.add(outer);
    const savepoint = await session.beginNested();
    expect(inspect(outer).state).toBe("persistent");
    await savepoint.rollback();
    await session.commit();
    expect(await names(session)).toEqual(["first", "outer"]);
  });

  test("[XA-08] the `await using` form rolls back to the savepoint unless committed", async () => {
    const { Session } = await withItem();
    await using session = Session();
    {
      await using _sp = await session.beginNested();
      session.add(make(Item, { name: "lost" }));
    }
    {
      await using sp = await session.beginNested();
      session.add(make(Item, { name: "kept" }));
      await sp.commit();
    }
    await session.commit();
    expect(await names(session)).toEqual(["first", "kept"]);
  });

  test("savepoints nest, and the rollback of an outer one takes the inner with it", async () => {
    const { Session } = await withItem();
    await using session = Session();
    session.add(make(Item, { name: "a" }));
    const outer = await session.beginNested();
    session.add(make(Item, { name: "b" }));
    const inner = await session.beginNested();
    session.add(make(Item, { name: "c" }));
    await inner.commit();
    session.add(make(Item, { name: "d" }));
    await outer.rollback();
    expect(session.inNestedTransaction()).toBe(false);
    await session.commit();
    expect(await names(session)).toEqual(["a", "first"]);
  });

  test("the rollback of an outer savepoint ends inner ones that are still open", async () => {
    const { Session } = await withItem();
    await using session = Session();
    const outer = await session.beginNested();
    const inner = await session.beginNested();
    session.add(make(Item, { name: "x" }));
    await outer.rollback();
    await expect(inner.commit()).rejects.toThrow(ResourceClosedError);
    expect(await names(session)).toEqual(["first"]);
  });

  test("session.commit() with an open savepoint commits everything; rollback() undoes everything", async () => {
    const { Session } = await withItem();
    await using session = Session();
    await session.beginNested();
    session.add(make(Item, { name: "x" }));
    await session.commit();
    expect(session.inTransaction()).toBe(false);
    expect(await names(session)).toEqual(["first", "x"]);
    await session.beginNested();
    session.add(make(Item, { name: "y" }));
    await session.flush();
    await session.rollback();
    expect(session.inTransaction()).toBe(false);
    expect(await names(session)).toEqual(["first", "x"]);
  });

  test("a throw in beginNested(fn) leaves objects outside it untouched, and what it changed is as before", async () => {
    const { Session } = await withItem();
    await using session = Session();
    const first = await session.getOne(Item, 1);
    const untouched = make(Item, { name: "untouched" });
    session.add(untouched);
    await session.flush();
    await expect(
      session.beginNested(async () => {
        first.name = "changed";
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    expect(untouched.name).toBe("untouched");
    expect(inspect(first).expired).toBe(true);
    await session.refresh(first);
    expect(first.name).toBe("first");
  });
});

describe("what a rollback finds changed", () => {
  test("objects that an UPDATE or DELETE statement has met in a savepoint are as before it", async () => {
    const { Session } = await withItem();
    await using session = Session();
    const [first] = await session.scalars(select(Item)).all();
    const other = make(Item, { name: "other" });
    session.add(other);
    await session.flush();
    const savepoint = await session.beginNested();
    await session.execute(
      update(Item)
        .where((i) => i.name.eq("first"))
        .values({ name: "where" }),
    );
    await session.execute(update(Item), [{ id: other.id, name: "by key" }]);
    expect([first.name, other.name]).toEqual(["where", "by key"]);
    await savepoint.rollback();
    expect(inspect(first).attrs.name.loaded || inspect(other).attrs.name.loaded).toBe(false);
    await session.refresh(first);
    await session.refresh(other);
    expect([first.name, other.name]).toEqual(["first", "other"]);
  });

  test("an object that was loaded in place of a deleted one leaves when that one comes back", async () => {
    const { Session } = await withItem();
    await using session = Session();
    const first = await session.scalars(select(Item)).one();
    await session.delete(first);
    await session.flush();
    await session.execute(text("insert into items (id, name) values (1, 'instead')"));
    const instead = await session.getOne(Item, 1);
    expect([instead === first, instead.name]).toEqual([false, "instead"]);
    await session.rollback();
    expect([session.has(first), session.has(instead)]).toEqual([true, false]);
    expect(await session.get(Item, 1)).toBe(first);
  });

  test("close() leaves the transaction alone that the session has joined; rollback() does not", async () => {
    const { Session, engine } = await withItem();
    await using connection = await engine.connect();
    const outer = await connection.begin();
    const session = Session({ bind: connection });
    session.add(make(Item, { name: "second" }));
    await session.flush();
    await session.close();
    expect(outer.isActive).toBe(true);
    expect(await connection.scalar(text("select count(*) from items"))).toBe(2);
    expect(await names(session)).toEqual(["first", "second"]);
    await session.rollback();
    expect(outer.isActive).toBe(false);
  });
});

describe("a failed flush", () => {
  test("[SB-13] rolls back at once; further use is PendingRollbackError until rollback()", async () => {
    const { Session } = await withItem();
    await using session = Session();
    const other = make(Item, { name: "other" });
    session.add(other);
    await session.flush();
    const clash = make(Item, { name: "first" });
    session.add(clash);
    await expect(session.flush()).rejects.toThrow(IntegrityError);
    expect(session.isActive).toBe(false);
    expect([inspect(other).state, inspect(clash).state]).toEqual(["transient", "transient"]);
    await expect(session.scalars(select(Item)).all()).rejects.toThrow(PendingRollbackError);
    await expect(session.scalars(select(Item)).all()).rejects.toThrow(
      /^This session's transaction has been rolled back due to an error during flush\. To begin a new transaction, first call rollback\(\)/,
    );
    await expect(session.commit()).rejects.toThrow(PendingRollbackError);
    await expect(session.commit()).rejects.toThrow(/The original error was: .*/);
    await session.rollback();
    expect(session.isActive).toBe(true);
    expect(await names(session)).toEqual(["first"]);
  });

  test("[SB-13] the PendingRollbackError carries the flush's error as its cause", async () => {
    const { Session } = await withItem();
    await using session = Session();
    session.add(make(Item, { name: "first" }));
    const failure = await session.flush().catch((error) => error);
    const second: unknown = await session.scalar(text("select 1")).catch((error: unknown) => error);
    expect(second).toBeInstanceOf(PendingRollbackError);
    expect((second as Error).cause).toBe(failure);
  });

  test("[SB-13] close() after it makes the session usable too", async () => {
    const { Session } = await withItem();
    await using session = Session();
    session.add(make(Item, { name: "first" }));
    await expect(session.flush()).rejects.toThrow();
    await session.close();
    expect(await names(session)).toEqual(["first"]);
  });

  test("[SB-13] the failed object can be mended and stored by the same session", async () => {
    const { Session } = await withItem();
    await using session = Session();
    const clash = make(Item, { name: "first" });
    session.add(clash);
    await expect(session.commit()).rejects.toThrow(IntegrityError);
    await session.rollback();
    clash.name = "mended";
    session.add(clash);
    await session.commit();
    expect(await names(session)).toEqual(["first", "mended"]);
  });

  test("in a savepoint rolls back to that only", async () => {
    const { Session } = await withItem();
    await using session = Session();
    const outer = make(Item, { name: "outer" });
    session.add(outer);
    const savepoint = await session.beginNested();
    session.add(make(Item, { name: "first" }));
    await expect(session.flush()).rejects.toThrow(IntegrityError);
    await expect(session.flush()).resolves.toBeUndefined();
    await expect(session.scalar(text("select 1"))).rejects.toThrow(/first call rollback\(\) on the savepoint/);
    await savepoint.rollback();
    expect(inspect(outer).state).toBe("persistent");
    await session.commit();
    expect(await names(session)).toEqual(["first", "outer"]);
  });

  test("rollback() works in every state: unused, active, failed, twice", async () => {
    const { Session } = await withItem();
    await using session = Session();
    await session.rollback();
    await session.scalars(select(Item)).all();
    await session.rollback();
    await session.rollback();
    expect(session.inTransaction()).toBe(false);
    expect(session.isActive).toBe(true);
  });

  test("a statement that fails by itself does not end the session's transaction in SQLite's way: it is rolled back by hand", async () => {
    const { Session } = await withItem();
    await using session = Session();
    await expect(session.execute(text("select * from nowhere"))).rejects.toThrow(/nowhere/);
    await session.rollback();
    expect(await names(session)).toEqual(["first"]);
  });

  test("what is added, changed or deleted after it is discarded by rollback(), and a warning names it", async () => {
    const { Session } = await withItem();
    const warnings: string[] = [];
    await using session = Session({ warn: (message) => warnings.push(message) });
    const [first] = await session.scalars(select(Item)).all();
    session.add(make(Item, { name: "first" }));
    await expect(session.flush()).rejects.toThrow(IntegrityError);
    const late = make(Item, { name: "late" });
    session.add(late);
    first.name = "changed";
    await session.delete(first);
    expect(warnings).toEqual([]);
    await session.rollback();
    expect(warnings).toEqual([
      "What was added, changed or deleted after a flush had failed is discarded by rollback(): new Item, Item(1). Call rollback() first, and make the changes after it.",
    ]);
    expect([inspect(late).state, session.deleted.size, session.dirty.size]).toEqual(["transient", 0, 0]);
    expect(await names(session)).toEqual(["first"]);
  });

  test("isActive is false from it to rollback(), and true without a transaction, with autobegin: false too", async () => {
    const { Session } = await withItem();
    await using session = Session({ autobegin: false });
    expect(session.isActive).toBe(true);
    await session.begin();
    session.add(make(Item, { name: "first" }));
    await expect(session.flush()).rejects.toThrow(IntegrityError);
    expect(session.isActive).toBe(false);
    await session.rollback();
    expect(session.isActive).toBe(true);
  });
});

describe("keys that changed hands", () => {
  const named = registry();

  @named.Entity("flags")
  class Flag {
    @PrimaryKey(t.string(9)) name!: string;
  }

  test("are back with their objects after a rollback: one key after the other, taken over from deleted objects", async () => {
    const { Session } = await storeFor(named);
    await using session = Session();
    const all = ["a", "b", "c"].map((name) => make(Flag, { name }));
    const [a, b, c] = all;
    session.addAll(all);
    await session.commit();
    await session.scalars(select(Flag)).all();
    await session.delete(a);
    await session.delete(b);
    await session.flush();
    c.name = "a";
    await session.flush();
    c.name = "b";
    await session.flush();
    expect(await session.get(Flag, "b")).toBe(c);
    await session.rollback();
    for (const [i, name] of ["a", "b", "c"].entries()) expect(await session.get(Flag, name)).toBe(all[i]);
    c.name = "d";
    await session.commit();
    expect(await session.execute(text("select name from flags order by name")).all()).toEqual([["a"], ["b"], ["d"]]);
  });
});

describe("a handler that throws where a transaction ends", () => {
  test("of afterCommit reaches the caller; what is committed is committed, and the session goes on", async () => {
    const { Session } = await withItem();
    await using session = Session();
    event.listen(
      session,
      "afterCommit",
      () => {
        throw new Error("heard");
      },
      { once: true },
    );
    const item = make(Item, { name: "second" });
    session.add(item);
    await expect(session.commit()).rejects.toThrow("heard");
    expect([session.inTransaction(), inspect(item).state, inspect(item).expired]).toEqual([false, "persistent", true]);
    await session.rollback();
    expect(await names(session)).toEqual(["first", "second"]);
  });

  test("of afterRollback reaches the caller; objects are put back all the same", async () => {
    const { Session } = await withItem();
    await using session = Session();
    const [first] = await session.scalars(select(Item)).all();
    event.listen(
      session,
      "afterRollback",
      () => {
        throw new Error("heard");
      },
      { once: true },
    );
    const item = make(Item, { name: "second" });
    session.add(item);
    first.name = "changed";
    await session.flush();
    await expect(session.rollback()).rejects.toThrow("heard");
    expect([inspect(item).state, session.has(item), session.inTransaction()]).toEqual(["transient", false, false]);
    await session.refresh(first);
    expect(first.name).toBe("first");
  });
});
