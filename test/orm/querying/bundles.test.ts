import { describe, expect, expectTypeOf, test } from "vitest";
import { ArgumentError, attrs, bundle, func, select } from "../../../src/index.js";
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
});
