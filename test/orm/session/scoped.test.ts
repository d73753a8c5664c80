import { describe, expect, test } from "vitest";
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

@reg.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
}

async function scoped() {
  const { Session } = await storeFor(reg, { expireOnCommit: false }, { file: true });
  return { Session, db: asyncScopedSession(Session) };
}

describe("asyncScopedSession", () => {
  test("[SX-01] code anywhere in the scope gets the same session", async () => {
    const { db } = await scoped();
    const deepDown = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return db();
    };
    await db.scope(async () => {
      const session = db();
      expect(await deepDown()).toBe(session);
      await Promise.all([1, 2, 3].map(async () => expect(await deepDown()).toBe(session)));
    });
  });

  test("[SX-01] scopes that run at the same time have sessions of their own", async () => {
    const { db } = await scoped();
    const seen = new Set<AsyncSession>();
    await Promise.all(
      Array.from({ length: 5 }, () =>
        db.scope(async () => {
          await new Promise((resolve) => setTimeout(resolve, 1));
          seen.add(db());
        }),
      ),
    );
    expect(seen.size).toBe(5);
  });

  test("[SX-01] a scope inside a scope has its own, and the outer is back afterwards", async () => {
    const { db } = await scoped();
    await db.scope(async () => {
      const outer = db();
      await db.scope(async () => expect(db()).not.toBe(outer));
      expect(db()).toBe(outer);
    });
  });

  test("[SX-02] all session methods work on the registry itself", async () => {
    const { db } = await scoped();
    await db.scope(async () => {
      const user = make(User, { name: "Ann" });
      db.add(user);
      expect(db.has(user)).toBe(true);
      expect(db.new).toEqual(new Set([user]));
      await db.commit();
      expect(db.inTransaction()).toBe(false);
      expect((await db.scalars(select(User)).all()).map((u) => u.name)).toEqual(["Ann"]);
      expect(await db.get(User, user.id)).toBe(user);
      expect(await db.runSync((s) => s.scalars(select(User)).all().length)).toBe(1);
      expect(db.syncSession).toBe(db().syncSession);
      expect([...db]).toEqual([user]);
    });
  });

  test("[SX-02] every public method of a session is there", async () => {
    const { Session, db } = await scoped();
    const session = Session();
    const names = new Set<string>();
    for (let proto = Object.getPrototypeOf(session); proto !== Object.prototype; proto = Object.getPrototypeOf(proto)) {
      for (const name of Object.getOwnPropertyNames(proto)) names.add(name);
    }
    names.delete("constructor");
    expect([...names].filter((name) => !(name in db))).toEqual([]);
    await session.close();
  });

  test("[SX-03] the scope's session is closed and forgotten at its end", async () => {
    const { db } = await scoped();
    let user: User | undefined;
    let session: AsyncSession | undefined;
    await db.scope(async () => {
      session = db();
      user = make(User, { name: "Ann" });
      db.add(user);
      await db.commit();
      expect(db.has()).toBe(true);
    });
    expect(inspect(user as User).state).toBe("detached");
    expect(session?.inTransaction()).toBe(false);
    await db.scope(async () => {
      expect(db.has()).toBe(false);
      expect(db()).not.toBe(session);
    });
  });

  test("[SX-03] also after a throw, which rolls back what was not committed", async () => {
    const { db } = await scoped();
    const failure = new Error("no");
    await expect(
      db.scope(async () => {
        db.add(make(User, { name: "lost" }));
        await db.flush();
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect(await db.scope(() => db.scalars(select(User)).all())).toEqual([]);
  });

  test("[SX-03] remove() closes and forgets it inside the scope", async () => {
    const { db } = await scoped();
    await db.scope(async () => {
      const first = db();
      db.add(make(User, { name: "lost" }));
      await db.remove();
      expect(db.has()).toBe(false);
      expect(db()).not.toBe(first);
      expect(await db.scalars(select(User)).all()).toEqual([]);
    });
  });

  test("outside a scope every use is an error that says how to open one", async () => {
    const { db } = await scoped();
    expect(() => db.add(new User())).toThrow(InvalidRequestError);
    expect(() => db.add(new User())).toThrow(
      /^The scoped session was used outside a scope \(add\(\)\)\. Run the code inside await db\.scope\(async \(\) => \{ \.\.\. \}\)/,
    );
    expect(() => db()).toThrow(/outside a scope \(db\(\)\)/);
    expect(() => db.new).toThrow(/outside a scope \(new\)/);
    await expect(db.remove()).rejects.toThrow(/outside a scope \(remove\(\)\)/);
  });

  test("[SX-03] what outlives its scope gets an error that says what to do, and no session", async () => {
    const { db } = await scoped();
    let late: Promise<unknown> | undefined;
    await db.scope(() => {
      late = new Promise((resolve) => setTimeout(resolve, 1)).then(() => db.scalars(select(User)).all());
      late.catch(() => {});
    });
    await expect(late).rejects.toThrow(
      /^The scope of this session has ended \(scalars\(\)\), and its session is closed\. .* await every promise before the function given to db\.scope\(\)/,
    );
  });

  test("a session's signal stops what runs and what is to come; what ends its work goes on", async () => {
    const { Session } = await scoped();
    const stop = new AbortController();
    await using session = Session({ signal: stop.signal });
    session.add(make(User, { name: "Ann" }));
    await session.commit();
    session.add(make(User, { name: "lost" }));
    await session.flush();
    stop.abort(new Error("nobody waits"));
    await expect(session.scalars(select(User)).all()).rejects.toThrow("nobody waits");
    await expect(session.get(User, 77)).rejects.toThrow("nobody waits");
    await expect(session.commit()).rejects.toThrow("nobody waits");
    await session.rollback();
    await using other = Session();
    expect((await other.scalars(select(User)).all()).map((u) => u.name)).toEqual(["Ann"]);
  });

  test("options are given before the first use", async () => {
    const { db } = await scoped();
    await db.scope(async () => {
      expect(db({ autoflush: false }).autoflush).toBe(false);
      expect(() => db({ autoflush: true })).toThrow(/The scope has a session already/);
    });
    await db.scope(async () => expect(db.autoflush).toBe(false), { autoflush: false });
  });

  test("[XA-11] scopefunc keys sessions by whatever it gives", async () => {
    const { Session } = await scoped();
    let request = "a";
    const db = asyncScopedSession(Session, { scopefunc: () => request });
    const a = db();
    request = "b";
    const b = db();
    expect(b).not.toBe(a);
    request = "a";
    expect(db()).toBe(a);
    await db.remove();
    expect(db()).not.toBe(a);
    await db.remove();
    request = "b";
    await db.remove();
  });
});
