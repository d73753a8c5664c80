import { describe, expect, test } from "vitest";
import {
  asyncSessionmaker,
  Column,
  DetachedInstanceError,
  InvalidRequestError,
  inspect,
  PrimaryKey,
  ResourceClosedError,
  registry,
  select,
  t,
  text,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("items")
class Item {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @Column(t.text, { deferred: true, nullable: true }) notes!: string | null;
}

async function withItem() {
  const store = await storeFor(reg);
  await store.Session.begin((s) => s.add(make(Item, { name: "first" })));
  return store;
}

describe("close", () => {
  test.each(["close", "reset", "invalidate"] as const)(
    "[SB-14] %s rolls back, detaches all, and the session may be used again",
    async (method) => {
      const { Session } = await storeFor(reg, {}, { file: true });
      await Session.begin((s) => s.add(make(Item, { name: "first" })));
      const session = Session();
      const item = await session.getOne(Item, 1);
      session.add(make(Item, { name: "lost" }));
      await session.flush();
      await session[method]();
      expect(inspect(item).state).toBe("detached");
      expect(session.inTransaction()).toBe(false);
      expect([...session]).toEqual([]);
      expect((await session.scalars(select(Item)).all()).map((i) => i.name)).toEqual(["first"]);
      await session.close();
    },
  );

  test.each(["close", "reset", "invalidate"] as const)(
    "%s ends what is being streamed, on a connection that goes on too",
    async (method) => {
      const { engine, Session } = await storeFor(reg, {}, { file: true });
      await Session.begin((s) => s.addAll(["a", "b", "c", "d"].map((name) => make(Item, { name }))));
      await using connection = await engine.connect();
      await connection.begin();
      await using session = asyncSessionmaker(connection)();
      const items = await session.streamScalars(
        select(Item).orderBy((i) => i.id),
        undefined,
        { yieldPer: 2 },
      );
      const names = [(await items.fetchone())?.name];
      await session[method]();
      // What was fetched before is there, detached.
      const fetched = await items.fetchone();
      expect([...names, fetched?.name, inspect(fetched as Item).state]).toEqual(["a", "b", "detached"]);
      const ended =
        "The session of this result was closed while it was being streamed. Read a result to its end before close() or reset().";
      await expect(items.fetchone()).rejects.toThrow(new ResourceClosedError(ended));
      await expect(items.all()).rejects.toThrow(ResourceClosedError);
      expect([...session]).toEqual([]);
      await items.close();
      expect(session.isStreaming).toBe(false);
    },
  );

  test("[SB-14] twice, and of a session that was never used, is harmless", async () => {
    const { Session } = await withItem();
    const session = Session();
    await session.close();
    await session.close();
    expect(session.inTransaction()).toBe(false);
  });

  test("[SB-14] with closeResetsOnly: false further use is an error", async () => {
    const { Session } = await withItem();
    const session = Session({ closeResetsOnly: false });
    const item = await session.getOne(Item, 1);
    await session.close();
    const closed =
      /^This session has been permanently closed \(closeResetsOnly: false\) and cannot be used any more\. Make a new one\.$/;
    await expect(session.scalars(select(Item)).all()).rejects.toThrow(closed);
    await expect(session.execute(text("select 1"))).rejects.toThrow(closed);
    await expect(session.get(Item, 1)).rejects.toThrow(closed);
    await expect(session.begin()).rejects.toThrow(closed);
    await expect(session.beginNested()).rejects.toThrow(closed);
    await expect(session.commit()).rejects.toThrow(closed);
    await expect(session.runSync(() => 1)).rejects.toThrow(closed);
    await expect(session.merge(item)).rejects.toThrow(closed);
    await expect(session.delete(item)).rejects.toThrow(closed);
    await expect(session.stream(select(Item))).rejects.toThrow(closed);
    expect(() => session.add(item)).toThrow(closed);
    expect(() => session.add(item)).toThrow(InvalidRequestError);
    await session.close();
  });

  test("[SB-14] with closeResetsOnly: false reset() leaves it usable", async () => {
    const { Session } = await withItem();
    await using session = Session({ closeResetsOnly: false });
    await session.reset();
    expect(await session.scalars(select(Item)).all()).toHaveLength(1);
  });

  test("`await using` closes at the end of the block, also after a throw", async () => {
    const { Session } = await withItem();
    let item: Item | undefined;
    const failure = new Error("no");
    const block = async () => {
      await using session = Session();
      item = await session.getOne(Item, 1);
      session.add(make(Item, { name: "lost" }));
      await session.flush();
      throw failure;
    };
    await expect(block()).rejects.toBe(failure);
    expect(inspect(item as Item).state).toBe("detached");
    await using session = Session();
    expect(await session.scalar(text("select count(*) from items"))).toBe(1);
  });

  test("[TU-19] after it a loaded attribute is readable and an unloaded one is DetachedInstanceError", async () => {
    const { Session } = await withItem();
    const session = Session();
    const item = await session.getOne(Item, 1);
    await session.close();
    expect(item.name).toBe("first");
    expect(() => item.notes).toThrow(DetachedInstanceError);
    expect(() => item.notes).toThrow(
      /^Item\(1\) belongs to no session, so its unloaded attribute "notes" cannot be loaded\./,
    );
  });

  test("a running call is finished before it: close takes its place in the queue", async () => {
    const { Session } = await withItem();
    const session = Session();
    const [items] = await Promise.all([session.scalars(select(Item)).all(), session.close()]);
    expect(items).toHaveLength(1);
    expect(session.inTransaction()).toBe(false);
  });
});
