import { describe, expect, expectTypeOf, test } from "vitest";
import {
  ArgumentError,
  attrs,
  func,
  IntegrityError,
  InvalidRequestError,
  insert,
  inspect,
  select,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";
import { Account, Document, Employee, Manager, reg, withAccounts } from "./dml-models.js";

describe("bulk INSERT of plain objects", () => {
  test("[QD-01] takes attribute names, converts types and applies defaults, in batches", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    using log = recordStatements(engine);
    const many = Array.from({ length: 2000 }, (_, i) => ({ name: `n${i}`, fullName: i % 2 ? null : `N ${i}` }));
    const result = await session.execute(insert(Account), many);
    expect(result.rowcount).toBe(2000);
    expect(log.count("INSERT")).toBeLessThanOrEqual(20);
    await session.commit();
    const one = await session.scalars(select(Account).where((a) => a.name.eq("n4"))).one();
    expect([one.age, one.fullName, one.createdAt instanceof Date]).toEqual([18, "N 4", true]);
    expect(session.identityMap.size).toBe(1);
  });

  test("[QD-02] [QD-03] returning(Account) gives entities in the order given, in the identity map, complete", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    const names = Array.from({ length: 50 }, (_, i) => `n${(i * 37) % 50}`);
    const accounts = await session
      .scalars(
        insert(Account).returning(Account),
        names.map((name) => ({ name })),
      )
      .all();
    expectTypeOf(accounts).toEqualTypeOf<Account[]>();
    expect(accounts.map((a) => a.name)).toEqual(names);
    expect(new Set(accounts.map((a) => a.id)).size).toBe(50);
    using log = recordStatements(engine);
    expect(await session.get(Account, accounts[3].id)).toBe(accounts[3]);
    expect(accounts[3].age).toBe(18);
    expect(accounts[3].createdAt).toBeInstanceOf(Date);
    expect(inspect(accounts[3]).state).toBe("persistent");
    expect(log.count()).toBe(0);
    accounts[3].fullName = "Changed";
    await session.flush();
    expect(log.count("UPDATE")).toBe(1);
  });

  test("[QD-03] returning of attributes gives tuples and objects in order", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const a = attrs(Account);
    const rows = await session
      .execute(insert(Account).returning(a.name, a.id, a.age), [{ name: "x" }, { name: "y", age: 3 }])
      .all();
    expect(rows.map((row) => [...row])).toEqual([
      ["x", 1, 18],
      ["y", 2, 3],
    ]);
    expect(rows[0]._mapping.name).toBe("x");
    const computed = await session
      .execute(insert(Account).returning(func.upper(a.name)), [{ name: "up" }, { name: "down" }])
      .scalars()
      .all();
    expect(computed).toEqual(["UP", "DOWN"]);
  });

  test("[QD-04] objects with different keys are grouped in order; renderNulls sends a null where the column has a default", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    using log = recordStatements(engine);
    await session.execute(insert(Account), [
      { name: "a", age: 1 },
      { name: "b", age: 2 },
      { name: "c", age: null },
      { name: "d", fullName: "D" },
    ]);
    expect(log.count("INSERT")).toBeLessThanOrEqual(2);
    await session.execute(
      insert(Account),
      [
        { name: "e", age: null },
        { name: "f", age: 5 },
      ],
      { renderNulls: true },
    );
    const a = attrs(Account);
    const rows = await session.execute(select(a.name, a.age).orderBy(a.id)).all();
    expect(rows.map((row) => [...row])).toEqual([
      ["a", 1],
      ["b", 2],
      ["c", 18],
      ["d", 18],
      ["e", null],
      ["f", 5],
    ]);
  });

  test("[QD-05] a joined subclass: rows in both tables, the key passed on, the discriminator set", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const managers = await session
      .scalars(insert(Manager).returning(Manager), [
        { name: "Ann", office: "A1" },
        { name: "Bob", office: "B2", salary: 9 },
      ])
      .all();
    expect(managers.map((m) => [m.id, m.type, m.office, m.salary])).toEqual([
      [1, "manager", "A1", 1],
      [2, "manager", "B2", 9],
    ]);
    session.expungeAll();
    const all = await session.scalars(select(Employee).orderBy((e) => e.id)).all();
    expect(all.map((e) => e instanceof Manager)).toEqual([true, true]);
    await expect(session.execute(insert(Manager).values({ name: "x", office: "y" }))).rejects.toThrow(
      /mapped to several tables, and one INSERT writes one/,
    );
  });

  test("[QD-06] an expression for all rows, or one for each", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const statement = insert(Account)
      .values({ fullName: func.upper("same") })
      .returning(Account);
    const accounts = await session.scalars(statement, [{ name: "a" }, { name: "b", age: 4 }]).all();
    expect(accounts.map((x) => [x.name, x.fullName, x.age])).toEqual([
      ["a", "SAME", 18],
      ["b", "SAME", 4],
    ]);
    await session.execute(insert(Account), [{ name: "c", fullName: func.lower("C") }, { name: "d" }]);
    const own = await session
      .scalars(
        insert(Account)
          .values([
            { name: "e", fullName: func.lower("E") },
            { name: "f", fullName: "F" },
          ])
          .returning(Account),
      )
      .all();
    expect(own.map((x) => x.fullName)).toEqual(["e", "F"]);
    expect((await session.scalars(select(Account).where((x) => x.name.eq("c"))).one()).fullName).toBe("c");
  });

  test("versions begin at their first value, and wrong input is refused by name", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const [doc] = await session.scalars(insert(Document).returning(Document), [{ title: "a" }]).all();
    expect(doc.version).toBe(1);
    const single = await session.scalars(insert(Document).values({ title: "b" }).returning(Document)).one();
    expect(single.version).toBe(1);
    await expect(session.execute(insert(Account), [])).rejects.toThrow(ArgumentError);
    await expect(session.execute(insert(Account), [{ nme: "x" }])).rejects.toThrow(/no mapped attribute "nme"/);
    await expect(session.execute(insert(Account), [{ name: "x", entries: [] }])).rejects.toThrow(
      /"entries" is a relationship/,
    );
  });

  test("a clash is an IntegrityError, and the session goes on after a rollback", async () => {
    const { session } = await withAccounts();
    await using _ = session;
    await expect(session.execute(insert(Account), [{ name: "new" }, { name: "ann" }])).rejects.toThrow(IntegrityError);
    await session.rollback();
    expect(await session.scalar(select(func.count()).selectFrom(Account))).toBe(3);
  });
});

describe("upserts", () => {
  test("[QD-07] [QD-08] inserted and updated rows come back as entities with fresh state, the same way on both databases", async () => {
    const { session, accounts } = await withAccounts();
    await using _ = session;
    const statement = insert(Account)
      .values([
        { name: "ann", fullName: "Ann Again" },
        { name: "dan", fullName: "Dan" },
      ])
      .onConflictDoUpdate({ indexElements: ["name"], set: { fullName: insert(Account).excluded.fullName as never } })
      .returning(Account);
    const found = await session.scalars(statement, undefined, { populateExisting: true }).all();
    expect(found.map((a) => [a.name, a.fullName])).toEqual([
      ["ann", "Ann Again"],
      ["dan", "Dan"],
    ]);
    expect(found[0]).toBe(accounts[0]);
    expect(accounts[0].fullName).toBe("Ann Again");
  });

  test("[QD-07] a list of objects goes through ON CONFLICT too; without populateExisting what is loaded stays", async () => {
    const { session, accounts } = await withAccounts();
    await using _ = session;
    const statement = insert(Account).onConflictDoUpdate({
      indexElements: ["name"],
      set: (excluded) => ({ age: excluded.age as never }),
    });
    const found = await session
      .scalars(statement.returning(Account), [
        { name: "bob", age: 77 },
        { name: "eve", age: 78 },
      ])
      .all();
    expect(found[0]).toBe(accounts[1]);
    expect(accounts[1].age).toBe(20);
    await session.refresh(accounts[1]);
    expect(accounts[1].age).toBe(77);
    const none = await session
      .scalars(insert(Account).onConflictDoNothing().returning(Account), [{ name: "bob" }])
      .all();
    expect(none).toEqual([]);
  });

  test("an INSERT from a SELECT through the session, and one that cannot be bulk says why", async () => {
    const { session } = await withAccounts();
    await using _ = session;
    const a = attrs(Account);
    await session.execute(
      insert(Account).fromSelect(["name", "age"], select(a.name.concat("!"), a.age).where(a.age.gt(15)) as never),
    );
    expect(await session.scalar(text("select count(*) from accounts"))).toBe(5);
    await expect(session.execute(insert(Manager).onConflictDoNothing(), [{ name: "x", office: "y" }])).rejects.toThrow(
      InvalidRequestError,
    );
  });
});

test("make() and the bulk statement agree on defaults", async () => {
  const { Session } = await storeFor(reg);
  await using session = Session();
  const one = make(Account, { name: "one" });
  session.add(one);
  await session.flush();
  const [two] = await session.scalars(insert(Account).returning(Account), [{ name: "two" }]).all();
  expect([two.age, two.fullName]).toEqual([one.age, one.fullName]);
});
