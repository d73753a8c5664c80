import { describe, expect, test } from "vitest";
import {
  Column,
  event,
  IntegrityError,
  InvalidRequestError,
  PendingRollbackError,
  PrimaryKey,
  registry,
  select,
  t,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("events")
class Entry {
  @PrimaryKey() id!: number;
  @Column(t.integer, { unique: true }) number!: number;
}

@reg.Entity("others")
class Other {
  @PrimaryKey() id!: number;
}

describe("overlapping calls on one session", () => {
  test("[SB-15] 200 of them complete in order without interleaving", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    const running: string[] = [];
    let open = 0;
    let most = 0;
    event.listen(engine, "beforeCursorExecute", () => {
      most = Math.max(most, ++open);
    });
    event.listen(engine, "afterCursorExecute", () => void open--);
    // The promises of the session itself: those derived from them, .all() and the like, take a moment longer.
    const call = async (i: number) => {
      if (i % 4 === 0) session.add(make(Entry, { number: i }));
      if (i % 4 === 0) await session.flush();
      else if (i % 4 === 1) await session.execute(text("select count(*) from events"));
      else if (i % 4 === 2) await session.execute(select(Entry));
      else await session.get(Entry, 100_000 + i);
      running.push(String(i));
    };
    const calls = Array.from({ length: 200 }, (_, i) => call(i));
    await Promise.all(calls);
    expect(running).toEqual(Array.from({ length: 200 }, (_, i) => String(i)));
    expect(most).toBe(1);
    expect(await session.scalar(text("select count(*) from events"))).toBe(50);
  });

  test("[SB-15] gets that wait together for their turn are all rejected when the signal takes them out of the queue", async () => {
    const { Session } = await storeFor(reg);
    const stopping = new AbortController();
    const reason = new Error("not wanted any more");
    await using session = Session({ signal: stopping.signal });
    const running = session.get(Other, 1);
    const waiting = [1, 2, 3].map((id) => session.get(Entry, id));
    stopping.abort(reason);
    const rejected = { status: "rejected", reason };
    expect(await Promise.allSettled(waiting)).toEqual([rejected, rejected, rejected]);
    await running.catch(() => {});
    expect(await Promise.allSettled([session.get(Entry, 4), session.get(Entry, 5)])).toEqual([rejected, rejected]);
  });

  test("what a handler throws in the middle of a query comes as it is, from queries of entities as from others", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    const heard = new AbortController();
    const refuse = () => {
      throw new RangeError("not now");
    };
    event.listen(engine, "beforeCursorExecute", refuse, { signal: heard.signal });
    const failures = [session.execute(text("select 1")), session.scalars(select(Entry)), session.get(Entry, 1)];
    for (const each of await Promise.allSettled(failures))
      expect(each).toMatchObject({ status: "rejected", reason: expect.any(RangeError) });
    heard.abort();
  });

  test("[SB-15] statements reach the database in the order of the calls", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    using log = recordStatements(engine);
    const results = await Promise.all(Array.from({ length: 200 }, (_, i) => session.scalar(text(`select ${i} + 0`))));
    expect(results).toEqual(Array.from({ length: 200 }, (_, i) => i));
    expect(log.texts()).toEqual(Array.from({ length: 200 }, (_, i) => `select ${i} + 0`));
  });

  test("[SB-15] a call does what the session held when its turn came: commit after scalars sees its changes", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(make(Entry, { number: 1 }));
    const [rows] = await Promise.all([session.scalars(select(Entry)).all(), session.commit()]);
    expect(rows).toHaveLength(1);
    expect(session.inTransaction()).toBe(false);
  });

  test("[SB-15] a throw in one does not stop those behind it", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const settled = await Promise.allSettled(
      [
        session.scalar(text("select 1")),
        session.get(class Stray {} as never, 1).catch((error) => Promise.reject(error)),
        session.scalar(text("select 2")),
      ].map(async (call) => call),
    );
    expect(settled.map((s) => s.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  test("[SB-15] a failing flush among them leaves the session in its documented state for the calls behind", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(make(Entry, { number: 1 }));
    await session.commit();
    session.add(make(Entry, { number: 1 }));
    const settled = await Promise.allSettled([
      session.flush(),
      session.scalars(select(Entry)).all(),
      session.commit(),
      session.rollback(),
      session.scalars(select(Entry)).all(),
    ]);
    expect(settled.map((s) => s.status)).toEqual(["rejected", "rejected", "rejected", "fulfilled", "fulfilled"]);
    expect((settled[0] as PromiseRejectedResult).reason).toBeInstanceOf(IntegrityError);
    expect((settled[1] as PromiseRejectedResult).reason).toBeInstanceOf(PendingRollbackError);
    expect((settled[2] as PromiseRejectedResult).reason).toBeInstanceOf(PendingRollbackError);
    expect((settled[4] as PromiseFulfilledResult<Entry[]>).value).toHaveLength(1);
  });

  test("[SB-15] of 200 calls with a throw in the middle, all others complete in order", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const done: number[] = [];
    const settled = await Promise.allSettled(
      Array.from({ length: 200 }, async (_, i) => {
        const value = await session.scalar(i === 100 ? (null as never) : text(`select ${i} + 0`));
        done.push(i);
        return value;
      }),
    );
    expect(settled.filter((s) => s.status === "rejected")).toHaveLength(1);
    expect(settled[100].status).toBe("rejected");
    expect(done).toEqual(Array.from({ length: 200 }, (_, i) => i).filter((i) => i !== 100));
  });

  test("a call made while begin(fn) runs joins its transaction, and nothing deadlocks", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    await session.begin(async () => {
      session.add(make(Entry, { number: 1 }));
      const [a, b] = await Promise.all([
        session.scalars(select(Entry)).all(),
        session.scalar(text("select count(*) from events")),
      ]);
      expect([a.length, b]).toEqual([1, 1]);
    });
    expect(await session.scalar(text("select count(*) from events"))).toBe(1);
  });

  test("a value that is set while a flush is in flight stays modified for the next one", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const entry = make(Entry, { number: 1 });
    session.add(entry);
    await session.flush();
    entry.number = 2;
    const flushing = session.flush();
    entry.number = 3;
    await flushing;
    await session.commit();
    expect(await session.scalar(text("select number from events"))).toBe(3);
  });

  test("a promise of the session is a native promise and runs once, awaited or not", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    using log = recordStatements(engine);
    const result = session.execute(select(Entry));
    expect(result).toBeInstanceOf(Promise);
    await result;
    await result;
    expect(await result.all()).toEqual([]);
    expect(log.count()).toBe(1);
    void session.execute(select(Entry));
    await session.flush();
    expect(log.count()).toBe(2);
  });

  test("functions of beginNested() that run side by side are all refused, nothing of them stays, and the session goes on", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(make(Entry, { number: 0 }));
    const nested = (number: number, last?: Error) =>
      session.beginNested(async () => {
        session.add(make(Entry, { number }));
        await session.flush();
        if (last !== undefined) throw last;
      });
    const mine = new Error("mine");
    const settled = await Promise.allSettled([nested(1), nested(2, mine), nested(3)]);
    const [first, second, third] = settled.map((each) => (each as PromiseRejectedResult).reason);
    expect(first).toBeInstanceOf(InvalidRequestError);
    expect(first.message).toMatch(
      /^Functions of beginNested\(fn\) overlap: .* Await one beginNested\(fn\) before the next/,
    );
    expect([second, third.message]).toEqual([mine, first.message]);
    await nested(4);
    await session.commit();
    expect(await session.scalars(select(Entry).orderBy((e) => e.number)).all()).toMatchObject([
      { number: 0 },
      { number: 4 },
    ]);
  });

  test("one that begins and ends inside another is nested in it, whoever began it", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const inner = () => session.beginNested(async () => session.add(make(Entry, { number: 2 })));
    await session.beginNested(async () => {
      session.add(make(Entry, { number: 1 }));
      await inner();
    });
    await session.commit();
    expect(await session.scalars(select(Entry)).all()).toHaveLength(2);
  });

  test("the stack of an error shows the line that made the call", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    async function theCallerOfThis() {
      await session.execute(text("select * from nowhere"));
    }
    const error = await theCallerOfThis().catch((e: Error) => e);
    expect((error as Error).stack).toContain("theCallerOfThis");
  });
});
