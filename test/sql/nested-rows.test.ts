import { describe, expect, expectTypeOf, test } from "vitest";
import {
  ArgumentError,
  CompileError,
  cacheKeyOf,
  column,
  compile,
  DefaultDialect,
  func,
  type InferRow,
  insert,
  MetaData,
  nestedRow,
  nestedRows,
  select,
  t,
  table,
  type Valued,
} from "../../src/index.js";
import { bothDatabases, names } from "./both-databases.js";

const metadata = new MetaData();
const owner = table("nest_owner", metadata, {
  id: column(t.integer, { primaryKey: true }),
  name: column(t.text, { nullable: false }),
});
const thing = table("nest_thing", metadata, {
  id: column(t.integer, { primaryKey: true }),
  ownerId: column({ name: "owner_id", foreignKey: owner.c.id, nullable: false }),
  big: column(t.bigint),
  exact: column(t.numeric(30, 10)),
  short: column(t.numeric(8, 2)),
  real: column(t.double),
  on: column(t.boolean),
  at: column(t.datetime),
  day: column(t.date),
  bytes: column(t.binary),
  body: column(t.json<{ a: (string | null)[] }>()),
  kind: column(t.enum(["x", "y"])),
  uid: column(t.uuid),
  text: column(t.text),
});
const part = table("nest_part", metadata, {
  id: column(t.integer, { primaryKey: true }),
  thingId: column({ name: "thing_id", foreignKey: thing.c.id, nullable: false }),
  big: column(t.bigint, { nullable: false }),
});

const full = {
  id: 1,
  ownerId: 1,
  big: 9007199254740993n,
  exact: "12345678901234567890.0123456789",
  short: "10.20",
  real: 0.1,
  on: true,
  at: new Date("2024-02-29T23:59:59.123Z"),
  day: "2024-02-29",
  bytes: new Uint8Array([0, 255, 34]),
  body: { a: ['"quoted"', "\u0001'\\", null] },
  kind: "y" as const,
  uid: "5f0c54c2-2c4d-4a6e-9d6b-0f8a6c1b2d3e",
  text: 'it\'s "text" \\ with\nlines',
};
const empty = Object.fromEntries(Object.keys(full).map((key) => [key, null])) as never as typeof full;

const engines = bothDatabases(async (engine) => {
  await metadata.createAll(engine);
  await engine.begin(async (c) => {
    await c.execute(insert(owner).values([{ name: "a" }, { name: "b" }]));
    await c.execute(insert(thing).values([full, { ...empty, id: 2, ownerId: 1 }]));
    await c.execute(insert(part).values([{ thingId: 1, big: -9223372036854775808n }]));
  });
});

const parts = (id: Valued<number>) => nestedRows(select({ big: part.c.big }).where(part.c.thingId.eq(id)));

describe("rows inside a row", () => {
  test("have the values that their columns have by themselves, whatever their type", async () => {
    for (const name of names) {
      const alone = (await engines[name].execute(select({ ...thing.c }).orderBy(thing.c.id))).all();
      const things = nestedRows(
        select({ ...thing.c })
          .where(thing.c.ownerId.eq(owner.c.id))
          .orderBy(thing.c.id),
      );
      const rows = (await engines[name].execute(select({ name: owner.c.name, things }).orderBy(owner.c.id))).all();
      expect(rows, name).toEqual([
        { name: "a", things: alone },
        { name: "b", things: [] },
      ]);
      expect(alone[0]?.exact, name).toBe(full.exact);
    }
  });

  test("come in the order of their query, in a list of their own for each row, to any depth", async () => {
    const things = nestedRows(
      select({ id: thing.c.id, parts: parts(thing.c.id) })
        .where(thing.c.ownerId.eq(owner.c.id))
        .orderBy(thing.c.id.desc()),
    );
    const query = select({ id: owner.c.id, things }).orderBy(owner.c.id);
    expectTypeOf<InferRow<typeof query>>().toEqualTypeOf<{
      id: number;
      things: { id: number; parts: { big: bigint }[] }[];
    }>();
    for (const name of names) {
      expect((await engines[name].execute(query)).all(), name).toEqual([
        {
          id: 1,
          things: [
            { id: 2, parts: [] },
            { id: 1, parts: [{ big: -9223372036854775808n }] },
          ],
        },
        { id: 2, things: [] },
      ]);
    }
  });

  test("are one object or null where the query is for one row", async () => {
    const newest = nestedRow(
      select(thing.c.id, thing.c.at).where(thing.c.ownerId.eq(owner.c.id)).orderBy(thing.c.id).limit(1),
    );
    const query = select(owner.c.name, newest.as("newest")).orderBy(owner.c.id);
    expectTypeOf<InferRow<typeof query>>().toEqualTypeOf<[string, { id: number; at: Date | null } | null]>();
    for (const name of names) {
      const rows = (await engines[name].execute(query)).all();
      expect(
        rows.map((row) => [...row]),
        name,
      ).toEqual([
        ["a", { id: 1, at: full.at }],
        ["b", null],
      ]);
    }
  });

  test("pass through subqueries, whole tables and set operations", async () => {
    const inner = select({ id: owner.c.id, things: nestedRows(select(thing).where(thing.c.ownerId.eq(owner.c.id))) });
    const sub = inner.subquery("with_things");
    const both = nestedRows(
      select({ id: part.c.id })
        .unionAll(select({ id: thing.c.id }).where(thing.c.id.eq(2)))
        .orderBy("id"),
    );
    const query = select({ things: sub.c.things, both }).selectFrom(sub).where(sub.c.id.eq(1));
    for (const name of names) {
      const [row] = (await engines[name].execute(query)).all();
      expect(
        row?.things.map((each) => each.big),
        name,
      ).toEqual([full.big, null]);
      expect(row?.both, name).toEqual([{ id: 1 }, { id: 2 }]);
    }
  });

  test("take part in the cache key by what their query is, and not by its values", () => {
    const of = (id: number, more = false) =>
      select(nestedRows(select({ id: thing.c.id, ...(more ? { at: thing.c.at } : {}) }).where(thing.c.id.gt(id))));
    expect(cacheKeyOf(of(1)).key).toBe(cacheKeyOf(of(2)).key);
    expect(cacheKeyOf(of(1)).key).not.toBe(cacheKeyOf(of(1, true)).key);
    expect(cacheKeyOf(of(1)).binds.map((bind) => bind.value)).toEqual([1]);
  });

  test("are refused where a database has none, and of what is no query", () => {
    const other = new (class extends DefaultDialect {
      override readonly name = "other";
    })();
    expect(() => compile(select(parts(thing.c.id)), other)).toThrow(CompileError);
    expect(() => compile(select(parts(thing.c.id)), other)).toThrow("other has no rows inside a row. Join, or");
    expect(() => nestedRows(func.now() as never)).toThrow(ArgumentError);
    expect(() => nestedRow("x" as never)).toThrow('nestedRow() takes a query, not "x". Write select({ ... }).');
  });
});
