import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  ArgumentError,
  type Attrs,
  and,
  attrs,
  awaitable,
  bindparam,
  Column,
  ColumnProperty,
  del,
  event,
  exists,
  func,
  InvalidRequestError,
  insert,
  inspect,
  literal,
  not,
  ObjectDeletedError,
  or,
  PrimaryKey,
  registry,
  StaleDataError,
  select,
  t,
  update,
  withLoaderCriteria,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";
import { Account, Document, Employee, Entry, Manager, Pair, reg, withAccounts } from "./dml-models.js";

describe("UPDATE with conditions", () => {
  test("[QD-10] [QD-12] auto evaluates in memory: no further statement, matched objects show the new values", async () => {
    const { engine, session, accounts } = await withAccounts();
    await using _ = session;
    using log = recordStatements(engine);
    const result = await session.execute(
      update(Account)
        .where((a) => a.age.ge(20))
        .values((a) => ({ fullName: "old", age: a.age.add(1) })),
    );
    expect(result.rowcount).toBe(2);
    expect(log.count()).toBe(1);
    expect(accounts.map((a) => [a.age, a.fullName])).toEqual([
      [10, null],
      [21, "old"],
      [31, "old"],
    ]);
    expect(session.dirty.size).toBe(0);
  });

  test("[QD-12] fetch asks the database which rows matched; what only it can compute is loaded when read", async () => {
    const { engine, session, accounts } = await withAccounts();
    await using _ = session;
    using log = recordStatements(engine);
    await session.execute(
      update(Account)
        .where((a) => func.upper(a.name).eq("ANN"))
        .values({ fullName: func.upper("x") as never }),
      undefined,
      { synchronizeSession: "fetch" },
    );
    expect(log.count()).toBe(1);
    expect(log.texts()[0]).toMatch(/RETURNING/);
    expect(inspect(accounts[0]).unloaded.has("fullName")).toBe(true);
    expect(inspect(accounts[1]).unloaded.has("fullName")).toBe(false);
    await session.refresh(accounts[0], ["fullName"]);
    expect(accounts[0].fullName).toBe("X");
  });

  test("[QD-12] auto falls back to fetch where memory cannot tell; evaluate says what it cannot", async () => {
    const { session, accounts } = await withAccounts();
    await using _ = session;
    const byLike = update(Account)
      .where((a) => a.name.like("a%"))
      .values({ age: 1 });
    await session.execute(byLike);
    expect(accounts.map((a) => a.age)).toEqual([1, 20, 30]);
    const failed = session.execute(byLike, undefined, { synchronizeSession: "evaluate" });
    await expect(failed).rejects.toThrow(InvalidRequestError);
    await expect(failed).rejects.toThrow(
      /cannot be matched in memory: the operator LIKE .*Use synchronizeSession: "fetch"/s,
    );
    await expect(
      session.execute(
        update(Account)
          .where(exists(select(Entry)))
          .values({ age: 1 }),
        undefined,
        { synchronizeSession: "evaluate" },
      ),
    ).rejects.toThrow(/for the database to work out/);
  });

  test("[QD-12] false leaves the session's objects alone, and another word is refused", async () => {
    const { session, accounts } = await withAccounts();
    await using _ = session;
    await session.execute(update(Account).all().values({ age: 1 }), undefined, { synchronizeSession: false });
    expect(accounts.map((a) => a.age)).toEqual([10, 20, 30]);
    await session.refresh(accounts[0]);
    expect(accounts[0].age).toBe(1);
    await expect(
      session.execute(update(Account).all().values({ age: 1 }), undefined, { synchronizeSession: "no" as never }),
    ).rejects.toThrow(ArgumentError);
  });

  test("[QD-10] pending changes are flushed before; with autoflush off they give way to what the database has", async () => {
    const { session, accounts } = await withAccounts();
    await using _ = session;
    accounts[0].age = 50;
    await session.execute(
      update(Account)
        .where((a) => a.age.eq(50))
        .values({ fullName: "fifty" }),
    );
    expect(accounts[0].fullName).toBe("fifty");
    accounts[1].fullName = "mine";
    await session.execute(update(Account).all().values({ fullName: "theirs" }), undefined, { autoflush: false });
    expect(inspect(accounts[1]).unloaded.has("fullName")).toBe(true);
  });

  test("[QD-12] an object whose attributes are expired is not guessed about", async () => {
    const { session, accounts } = await withAccounts();
    await using _ = session;
    session.expire(accounts[0], ["age"]);
    await session.execute(
      update(Account)
        .where((a) => a.age.eq(10))
        .values({ fullName: "ten" }),
      undefined,
      { synchronizeSession: "evaluate" },
    );
    expect(inspect(accounts[0]).unloaded.has("fullName")).toBe(true);
    await session.refresh(accounts[0]);
    expect(accounts[0].fullName).toBe("ten");
  });

  test("[QD-13] RETURNING gives entities that agree with the session, and columns", async () => {
    const { session, accounts } = await withAccounts();
    await using _ = session;
    const found = await session
      .scalars(
        update(Account)
          .where((a) => a.age.gt(10))
          .values({ fullName: func.upper("r") as never })
          .returning(Account),
      )
      .all();
    expectTypeOf(found).toEqualTypeOf<Account[]>();
    expect(new Set(found)).toEqual(new Set([accounts[1], accounts[2]]));
    expect(accounts.map((a) => a.fullName)).toEqual([null, "R", "R"]);
    const a = attrs(Account);
    const rows = await session
      .execute(update(Account).where(a.name.eq("ann")).values({ age: 11 }).returning(a.id, a.age))
      .all();
    expect(rows.map((row) => [...row])).toEqual([[1, 11]]);
    expect(accounts[0].age).toBe(11);
  });

  test("[QD-13] RETURNING of a class leaves out its expressions, which load when they are read", async () => {
    const own = registry();
    @own.Entity("priced")
    class Priced {
      @PrimaryKey() id!: number;
      @Column(t.integer) price!: number;
      @ColumnProperty((p: Attrs<Priced>) => p.price.mul(2)) readonly double!: number;
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    const [made] = await session.scalars(insert(Priced).values({ price: 2 }).returning(Priced)).all();
    expect(await awaitable(made).double).toBe(4);
    session.expungeAll();
    const dearer = update(Priced).all().values({ price: 5 }).returning(Priced);
    const [found] = await session.scalars(dearer).all();
    expect([found.price, await awaitable(found).double]).toEqual([5, 10]);
  });

  test("[SV-10] afterBulkUpdate and afterBulkDelete announce the statement with its result", async () => {
    const { Session, session } = await withAccounts();
    await using _ = session;
    const seen: unknown[] = [];
    event.listen(Session, "afterBulkUpdate", (s, statement, result) => {
      expectTypeOf(result.rowcount).toEqualTypeOf<number>();
      seen.push(["update", s === session.syncSession, statement.table.name, result.rowcount]);
    });
    event.listen(
      Session,
      "afterBulkDelete",
      (_s, statement, result) => void seen.push(["delete", statement.table.name, result.rowcount]),
    );
    await session.execute(update(Account).all().values({ age: 1 }));
    await session.execute(del(Account).where((a) => a.name.eq("ann")));
    expect(seen).toEqual([
      ["update", true, "accounts", 3],
      ["delete", "accounts", 1],
    ]);
  });

  test("[DM-04] without a condition both are refused, also where an option adds criteria, until all() says so", async () => {
    const { session } = await withAccounts();
    await using _ = session;
    const young = withLoaderCriteria(Account, (a: Attrs<Account>) => a.age.lt(30));
    await expect((async () => session.execute(update(Account).values({ age: 1 })))()).rejects.toThrow(
      "update(Account) has no condition and would write every row of accounts. Add where(...), or say .all() where every row is meant.",
    );
    await expect((async () => session.execute(del(Account).options(young)))()).rejects.toThrow(InvalidRequestError);
    await expect((async () => session.execute(del(Manager)))()).rejects.toThrow("del(Manager) has no condition");
    expect((await session.execute(update(Account).values({ age: 1 }).all())).rowcount).toBe(3);
  });

  test("columns with a value of their own at each UPDATE are read anew; named parameters are evaluated too", async () => {
    const { session, accounts } = await withAccounts();
    await using _ = session;
    const entry = make(Entry, { amount: 5, dueAt: null, account: accounts[0] });
    session.add(entry);
    await session.flush();
    expect(entry.touched).toBe(0);
    const e = attrs(Entry);
    await session.execute(
      update(Entry)
        .where(e.amount.eq(bindparam("wanted")))
        .values({ open: false }),
      { wanted: 5 },
    );
    expect(entry.open).toBe(false);
    await session.refresh(entry, ["touched"]);
    expect(entry.touched).toBe(7);
  });
});

describe("DELETE with conditions", () => {
  test("[QD-11] matched objects leave the session as deleted, and are detached by the commit", async () => {
    const { Session, accounts, session } = await withAccounts();
    await session.close();
    await using mine = Session({ expireOnCommit: true });
    const all = await mine.scalars(select(Account).orderBy((a) => a.id)).all();
    const result = await mine.execute(del(Account).where((a) => or(a.name.eq("ann"), a.age.eq(30)) as never));
    expect(result.rowcount).toBe(2);
    expect(all.map((a) => inspect(a).state)).toEqual(["deleted", "persistent", "deleted"]);
    expect(mine.has(all[0])).toBe(false);
    await mine.commit();
    expect(inspect(all[0]).state).toBe("detached");
    expect(accounts.length).toBe(3);
  });

  test("[QD-11] a rollback brings them back", async () => {
    const { session, accounts } = await withAccounts();
    await using _ = session;
    await session.execute(del(Account).all());
    expect(accounts.map((a) => inspect(a).state)).toEqual(["deleted", "deleted", "deleted"]);
    await session.rollback();
    expect(accounts.map((a) => inspect(a).state)).toEqual(["persistent", "persistent", "persistent"]);
    await session.refresh(accounts[0]);
    expect(accounts[0].name).toBe("ann");
  });

  test("[QD-13] DELETE ... RETURNING gives the deleted objects, also those that were not loaded", async () => {
    const { Session, session, accounts } = await withAccounts();
    await session.close();
    await using mine = Session();
    const ann = await mine.getOne(Account, 1);
    const gone = await mine
      .scalars(
        del(Account)
          .where((a) => a.age.le(20))
          .returning(Account),
      )
      .all();
    expect(gone.map((a) => a.name).sort()).toEqual(["ann", "bob"]);
    expect(gone).toContain(ann);
    expect(gone.map((a) => inspect(a).state)).toEqual(["deleted", "deleted"]);
    expect(await mine.get(Account, 2)).toBeNull();
    expect(accounts.length).toBe(3);
  });

  test("[QD-12] an object with expired attributes shows at its next load whether its row is gone", async () => {
    const { session, accounts } = await withAccounts();
    await using _ = session;
    session.expire(accounts[0]);
    await session.execute(
      del(Account).where((a) => a.age.eq(10)),
      undefined,
      { synchronizeSession: "evaluate" },
    );
    await session.runSync(() => expect(() => accounts[0].name).toThrow(ObjectDeletedError));
    expect(inspect(accounts[1]).state).toBe("persistent");
  });
});

describe("criteria and hierarchies", () => {
  test("[QD-14] withLoaderCriteria limits updates and deletes, their subqueries as well", async () => {
    const { session, accounts } = await withAccounts();
    await using _ = session;
    const young = withLoaderCriteria(Account, (a) => a.age.lt(30));
    await session.execute(update(Account).all().values({ fullName: "young" }).options(young));
    expect(accounts.map((a) => a.fullName)).toEqual(["young", "young", null]);
    const e = attrs(Entry);
    session.add(make(Entry, { amount: 1, dueAt: null, account: accounts[2] }));
    await session.flush();
    const inSub = del(Entry)
      .where(e.id.in(select(e.id).join(e.account) as never))
      .options(young);
    expect((await session.execute(inSub)).rowcount).toBe(0);
    expect((await session.execute(del(Account).all().options(young))).rowcount).toBe(2);
  });

  test("[QD-15] a joined subclass: columns of base and subclass are set where columns of both say so", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session({ expireOnCommit: false });
    const [ann, bob] = [make(Manager, { name: "Ann", office: "A" }), make(Manager, { name: "Bob", office: "B" })];
    const cid = make(Employee, { name: "Cid" });
    session.addAll([ann, bob, cid]);
    await session.commit();
    const m = attrs(Manager);
    using log = recordStatements(engine);
    const result = await session.execute(
      update(Manager)
        .where(and(m.name.eq("Ann"), m.office.eq("A")) as never)
        .values({ salary: 100, office: "Z" }),
    );
    expect(result.rowcount).toBe(1);
    expect(log.count("UPDATE")).toBe(2);
    expect([ann.salary, ann.office, bob.salary]).toEqual([100, "Z", 1]);
    await session.execute(update(Manager).where(m.office.eq("B")).values({ office: "BB" }));
    expect(log.count("UPDATE")).toBe(3);
    expect(bob.office).toBe("BB");
    await session.refresh(ann);
    expect([ann.salary, ann.office]).toEqual([100, "Z"]);
    await expect(
      session.execute(update(Manager).where(m.name.eq("Ann")).values({ office: "x" }).returning(m.id)),
    ).rejects.toThrow(/writes several tables, and RETURNING is of one/);
  });

  test("[QD-15] deleting through the base, or the subclass, takes the rows of all tables", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session({ expireOnCommit: false });
    session.addAll([
      make(Manager, { name: "Ann", office: "A" }),
      make(Manager, { name: "Bob", office: "B" }),
      make(Employee, { name: "Cid" }),
    ]);
    await session.commit();
    await session.execute(del(Manager).where((m) => m.name.eq("Ann")));
    expect((await session.scalars(select(Employee).orderBy((e) => e.id)).all()).map((e) => e.name)).toEqual([
      "Bob",
      "Cid",
    ]);
    expect((await session.execute(del(Employee).all())).rowcount).toBe(2);
    expect(await session.scalar(select(func.count()).selectFrom(Manager))).toBe(0);
    expect([...session.identityMap]).toEqual([]);
  });
});

describe("a subclass in the table of its base", () => {
  test("has its discriminator in the statement once", async () => {
    const own = registry();
    @own.Entity("shapes", { polymorphicOn: "kind", polymorphicIdentity: "shape" })
    class Shape {
      @PrimaryKey() id!: number;
      @Column(t.string(10)) kind!: string;
      @Column(t.string(10)) name!: string;
    }
    @own.Entity({ polymorphicIdentity: "circle" })
    class Circle extends Shape {}

    const { engine, Session } = await storeFor(own);
    await using session = Session({ expireOnCommit: false });
    session.addAll([make(Shape, { name: "a" }), make(Circle, { name: "a" }), make(Circle, { name: "b" })]);
    await session.commit();
    using log = recordStatements(engine);
    for (const synchronizeSession of ["evaluate", "fetch"] as const) {
      const renamed = update(Circle)
        .where((c) => c.name.eq("a"))
        .values({ name: "a" });
      expect((await session.execute(renamed, undefined, { synchronizeSession })).rowcount).toBe(1);
      const gone = del(Circle).where((c) => c.name.eq("c"));
      expect((await session.execute(gone, undefined, { synchronizeSession })).rowcount).toBe(0);
    }
    expect(log.texts().map((text) => text.match(/kind = /g)?.length)).toEqual([1, 1, 1, 1]);
    expect(await session.scalar(select(func.count()).selectFrom(Shape))).toBe(3);
  });
});

describe("UPDATE by primary key", () => {
  test("[QD-09] a list of keyed objects updates in batches, and the session's objects follow", async () => {
    const { engine, session, accounts } = await withAccounts();
    await using _ = session;
    using log = recordStatements(engine);
    const result = await session.execute(update(Account), [
      { id: 1, fullName: "One" },
      { id: 2, fullName: "Two" },
      { id: 3, age: 99 },
    ]);
    expect(result.rowcount).toBe(3);
    expect(log.count("UPDATE")).toBeLessThanOrEqual(3);
    expect(accounts.map((a) => [a.fullName, a.age])).toEqual([
      ["One", 10],
      ["Two", 20],
      [null, 99],
    ]);
    expect(session.dirty.size).toBe(0);
    await session.refresh(accounts[0]);
    expect(accounts[0].fullName).toBe("One");
  });

  test("[QD-09] a missing key part, a row that is not there, a relationship: errors that say so", async () => {
    const { session, accounts } = await withAccounts();
    await using _ = session;
    session.add(make(Pair, { left: 1, right: 2, label: "x" }));
    await session.flush();
    await expect(session.execute(update(Pair), [{ left: 1, label: "y" }])).rejects.toThrow(
      /"right" is missing.*the whole key: left, right/s,
    );
    await session.execute(update(Pair), [{ left: 1, right: 2, label: "y" }]);
    expect((await session.getOne(Pair, [1, 2])).label).toBe("y");
    await expect(session.execute(update(Account), [{ id: 1, entries: [] }])).rejects.toThrow(/is a relationship/);
    await expect(session.execute(update(Account), [{ id: 77, age: 1 }])).rejects.toThrow(StaleDataError);
    expect(accounts.length).toBe(3);
  });

  test("[QD-09] joined tables, versions and onupdate are kept", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session({ expireOnCommit: false });
    const manager = make(Manager, { name: "Ann", office: "A" });
    const doc = make(Document, { title: "t" });
    session.addAll([manager, doc]);
    await session.commit();
    await session.execute(update(Manager), [{ id: manager.id, name: "Anna", office: "B" }]);
    expect([manager.name, manager.office]).toEqual(["Anna", "B"]);
    await session.execute(update(Document), [{ id: doc.id, title: "u" }]);
    expect([doc.title, doc.version]).toEqual(["u", 2]);
    await expect(session.execute(update(Document), [{ id: doc.id, title: "v", version: 1 }])).rejects.toThrow(
      StaleDataError,
    );
  });
});

/** Conditions over two nullable integers and a text, as the database and memory both see them. */
type Cond = (a: Attrs<Account>) => unknown;

const value = fc.option(fc.integer({ min: -2, max: 2 }), { nil: null });
const leaf = fc.oneof(
  fc.tuple(fc.constantFrom("eq", "ne", "lt", "le", "gt", "ge"), fc.integer({ min: -2, max: 2 })).map(
    ([op, n]): Cond =>
      (a) =>
        (a.age as unknown as Record<string, (v: number) => unknown>)[op](n),
  ),
  fc.constantFrom<Cond>(
    (a) => a.age.isNull(),
    (a) => a.age.isNotNull(),
    (a) => a.age.between(-1, 1),
    (a) => a.age.notBetween(-1, 1),
    (a) => a.fullName.eq("x"),
    (a) => a.fullName.ne("x"),
    (a) => a.age.add(1).eq(a.age.mul(2)),
    (a) => a.age.in([0, 1]),
    (a) => a.age.notIn([0, 1]),
    (a) => a.age.in([]),
    (a) => a.age.isDistinctFrom(1),
    (a) => literal(1).eq(a.age),
    (a) => a.fullName.concat("y").eq("xy"),
    (a) => a.age.neg().gt(0),
  ),
);
const condition: fc.Arbitrary<Cond> = fc.letrec<{ tree: Cond }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.tuple(tie("tree"), tie("tree")).map(
      ([x, y]): Cond =>
        (a) =>
          and(x(a) as never, y(a) as never),
    ),
    fc.tuple(tie("tree"), tie("tree")).map(
      ([x, y]): Cond =>
        (a) =>
          or(x(a) as never, y(a) as never),
    ),
    tie("tree").map(
      (x): Cond =>
        (a) =>
          not(x(a) as never),
    ),
  ),
})).tree;

test("[QD-12] memory and the database agree on every condition that memory answers", async () => {
  const { Session } = await storeFor(reg);
  await using session = Session({ expireOnCommit: false });
  const a = attrs(Account);
  await fc.assert(
    fc.asyncProperty(
      condition,
      fc.array(fc.tuple(value, fc.constantFrom("x", "z", null)), { minLength: 4, maxLength: 8 }),
      async (cond, rows) => {
        session.expungeAll();
        await session.execute(del(Account).all(), undefined, { synchronizeSession: false });
        session.addAll(rows.map(([age, fullName], i) => make(Account, { name: `n${i}`, fullName, age: age ?? 9 })));
        await session.flush();
        for (const each of session.identityMap) {
          const account = each as Account;
          account.age = rows[Number(account.name.slice(1))][0];
        }
        await session.flush();
        const where = cond(a) as never;
        const inDatabase = new Set(await session.scalars(select(Account).where(where)).all());
        await session.execute(
          update(Account)
            .where(where)
            .values({ name: attrs(Account).name.concat("!") as never }),
          undefined,
          {
            synchronizeSession: "evaluate",
          },
        );
        for (const each of session.identityMap) {
          const account = each as Account;
          expect(account.name.endsWith("!")).toBe(inDatabase.has(account));
        }
      },
    ),
    { numRuns: 60 },
  );
});
