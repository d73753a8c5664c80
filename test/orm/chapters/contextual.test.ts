/** The chapter "Contextual sessions" of SQLAlchemy's ORM documentation. session/scoped.test.ts has the corners. */
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type AsyncSession,
  asyncScopedSession,
  Column,
  InvalidRequestError,
  inspect,
  PrimaryKey,
  registry,
  select,
  t,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("carts")
class Cart {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) owner!: string;
}

async function registryOfSessions() {
  const { Session, engine } = await storeFor(reg, {}, { file: true });
  return { Session, engine, db: asyncScopedSession(Session) };
}

describe("a registry of sessions", () => {
  test("gives the same session to all who ask within a scope, and another after remove()", async () => {
    const { db } = await registryOfSessions();
    await db.scope(async () => {
      const some = db();
      expectTypeOf(some).toEqualTypeOf<AsyncSession>();
      expect(db() === some).toBe(true);
      const cart = make(Cart, { owner: "ann" });
      some.add(cart);
      await db.remove();
      expect(inspect(cart).transient).toBe(true);
      expect(db() === some).toBe(false);
    });
  });

  test("is used like the session itself, without passing it around", async () => {
    const { db, engine } = await registryOfSessions();
    const put = (owner: string) => db.add(make(Cart, { owner }));
    const owners = async () => (await db.scalars(select(Cart)).all()).map((cart) => cart.owner);
    await db.scope(async () => {
      put("ann");
      expect(await owners()).toEqual(["ann"]);
      await db.commit();
      put("lost");
      await db.flush();
    });
    // The end of the scope has closed the session: what was not committed is gone, the connection is back.
    expect(engine.pool.status().checkedOut).toBe(0);
    await db.scope(async () => expect(await owners()).toEqual(["ann"]));
  });

  test("there is none outside of a scope", async () => {
    const { db } = await registryOfSessions();
    expect(() => db()).toThrow(InvalidRequestError);
  });

  test("a scope of one's own: the request that is being answered, with remove() at its end", async () => {
    const { Session } = await registryOfSessions();
    const requests = new AsyncLocalStorage<{ readonly path: string }>();
    const db = asyncScopedSession(Session, { scopefunc: () => requests.getStore() ?? "none" });
    const answer = (path: string) =>
      requests.run({ path }, async () => {
        const first = db();
        db.add(make(Cart, { owner: path }));
        await db.commit();
        expect(db() === first).toBe(true);
        await db.remove();
        return first;
      });
    const [one, two] = await Promise.all([answer("/a"), answer("/b")]);
    expect(one === two).toBe(false);
    await using session = Session();
    expect((await session.scalars(select(Cart)).all()).map((cart) => cart.owner).sort()).toEqual(["/a", "/b"]);
  });
});
