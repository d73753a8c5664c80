import { describe, expect, expectTypeOf, test } from "vitest";
import { ArgumentError, attrs, bundle, del, func, insert, select, update } from "../../../src/index.js";
import { Account, withAccounts } from "./dml-models.js";

const a = attrs(Account);

describe("bundles", () => {
  test("[QS-03] columns come as one object in each row, typed, beside other columns and entities", async () => {
    const { session } = await withAccounts();
    await using _ = session;
    const pair = bundle("pair", { id: a.id, called: a.name });
    const rows = await session.execute(select(pair, a.age).orderBy(a.id)).all();
    expectTypeOf(rows[0][0]).toEqualTypeOf<{ id: number; called: string }>();
    expect(rows.map((row) => [...row])).toEqual([
      [{ id: 1, called: "ann" }, 10],
      [{ id: 2, called: "bob" }, 20],
      [{ id: 3, called: "cid" }, 30],
    ]);
    expect(rows[0]._fields).toEqual(["pair", "age"]);
    const mixed = await session.execute(select(Account, pair).where(a.id.eq(2))).one();
    expect([mixed[0].name, mixed[1].called]).toEqual(["bob", "bob"]);
  });

  test("[QS-03] its columns stand in conditions and orders, and bundles stand in bundles", async () => {
    const { session } = await withAccounts();
    await using _ = session;
    const inner = bundle("inner", { age: a.age });
    const outer = bundle("outer", { upper: func.upper(a.name), inner });
    const found = await session
      .scalars(select(outer).where(outer.c.inner.c.age.gt(10)).orderBy(outer.c.inner.c.age.desc()))
      .all();
    expect(found).toEqual([
      { upper: "CID", inner: { age: 30 } },
      { upper: "BOB", inner: { age: 20 } },
    ]);
  });

  test("[QS-03] a function makes something else of the object", async () => {
    const { session } = await withAccounts();
    await using _ = session;
    const label = bundle("label", { id: a.id, name: a.name }, ({ id, name }) => `${id}:${name}`);
    const found = await session.scalars(select(label).orderBy(a.id)).all();
    expectTypeOf(found).toEqualTypeOf<string[]>();
    expect(found).toEqual(["1:ann", "2:bob", "3:cid"]);
    expect(() => bundle("none", {})).toThrow(ArgumentError);
  });

  test("[QS-03] bundles of the same columns under other names, or made into other things, are told apart", async () => {
    const { session } = await withAccounts();
    await using _ = session;
    const first = async (what: Parameters<typeof bundle>[1], make?: (values: object) => unknown) => {
      const one = make === undefined ? bundle("b", what) : bundle("b", what, make as never);
      return session.scalars(select(one).where(a.id.eq(1))).one();
    };
    expect(await first({ id: a.id })).toEqual({ id: 1 });
    expect(await first({ key: a.id })).toEqual({ key: 1 });
    expect(await first({ key: a.id }, Object.keys)).toEqual(["key"]);
    expect(await first({ key: a.id }, Object.values)).toEqual([1]);
    expect(await first({ in: bundle("x", { key: a.id }) })).toEqual({ in: { key: 1 } });
    expect(await first({ in: bundle("x", { id: a.id }) })).toEqual({ in: { id: 1 } });
    const [row] = await session.execute(select(bundle("other", { id: a.id })).where(a.id.eq(1))).all();
    expect(row._fields).toEqual(["other"]);
  });

  test("[QD-03] RETURNING gives them too", async () => {
    const { session } = await withAccounts();
    await using _ = session;
    const pair = bundle("pair", { called: a.name, age: a.age });
    const inserted = await session
      .execute(insert(Account).returning(pair, a.name), [
        { name: "dan", age: 1 },
        { name: "eve", age: 2 },
      ])
      .all();
    expectTypeOf(inserted[0][0]).toEqualTypeOf<{ called: string; age: number | null }>();
    expect(inserted.map((row) => [...row])).toEqual([
      [{ called: "dan", age: 1 }, "dan"],
      [{ called: "eve", age: 2 }, "eve"],
    ]);
    expect(inserted[0]._fields).toEqual(["pair", "name"]);
    const one = await session.execute(insert(Account).values({ name: "fay", age: 3 }).returning(pair)).one();
    expect(one[0]).toEqual({ called: "fay", age: 3 });
    const older = update(Account)
      .where(a.name.eq("ann"))
      .values({ age: a.age.add(1) });
    expect((await session.execute(older.returning(a.id, pair)).one())[1]).toEqual({ called: "ann", age: 11 });
    // The same statement to the database, another result.
    const renamed = bundle("pair", { who: a.name, age: a.age });
    expect((await session.execute(older.returning(a.id, renamed)).one())[1]).toEqual({ who: "ann", age: 12 });
    const gone = await session.execute(del(Account).where(a.name.eq("fay")).returning(pair)).one();
    expect(gone._mapping.pair).toEqual({ called: "fay", age: 3 });
  });
});
