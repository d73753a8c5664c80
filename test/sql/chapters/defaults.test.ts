import { describe, expect } from "vitest";
import {
  column,
  computed,
  func,
  identity,
  insert,
  MetaData,
  Sequence,
  select,
  t,
  table,
  text,
  update,
} from "../../../src/index.js";
import { chapter, errorOf } from "./chapter.js";

const metadata = new MetaData();
let counter = 0;
const source = table("key_values", metadata, {
  key: column(t.text, { nullable: false }),
  type: column(t.text, { nullable: false }),
});
const row = table("defaults_row", metadata, {
  id: column(t.integer, { primaryKey: true, default: () => ++counter }),
  note: column(t.text),
  scalar: column(t.integer, { default: 12, onupdate: 25 }),
  base: column(t.integer),
  later: column(t.integer, {
    default: (context) => (context.getCurrentParameters()["base"] as number) + 12,
    onupdate: (context) => ((context.getCurrentParameters()["base"] as number | undefined) ?? 0) + 100,
  }),
  made: column(t.datetime, { default: func.now() }),
  key: column(t.text, { default: select(source.c.key).where(source.c.type.eq("type1")).scalarSubquery() }),
  changed: column(t.text, { onupdate: func.lower("CHANGED") }),
  abc: column(t.text, { serverDefault: "it's" }),
  zero: column(t.integer, { serverDefault: text("0") }),
  at: column(t.datetime, { serverDefault: func.now() }),
  touched: column(t.text, { serverOnupdate: true }),
});
const square = table("square", metadata, {
  id: column(t.integer, { primaryKey: true }),
  side: column(t.integer),
  area: column(t.integer, { computed: computed("side * side", { persisted: true }) }),
});
const data = table("identity_data", metadata, {
  id: column(t.integer, { primaryKey: true, identity: identity({ start: 42, cycle: true }) }),
  data: column(t.text),
});
const example = chapter(metadata, async (connection) => {
  await connection.execute(insert(source).values({ key: "the key", type: "type1" }));
});

describe("Column INSERT and UPDATE defaults", () => {
  example("scalars, functions, functions of the row, and SQL expressions", async ({ connection, all }) => {
    counter = 0;
    await connection.execute(insert(row), [
      { note: "a", base: 1 },
      { note: "b", base: 2 },
    ]);
    expect(await all(select(row.c.id, row.c.scalar, row.c.later, row.c.key).orderBy(row.c.id))).toEqual([
      [1, 12, 13, "the key"],
      [2, 12, 14, "the key"],
    ]);
    expect((await all(select(row.c.made, row.c.at)))[0]).toEqual([expect.any(Date), expect.any(Date)]);
    await connection.execute(update(row).values({ base: 5 }).where(row.c.note.eq("a")));
    expect(await all(select(row.c.scalar, row.c.later, row.c.changed).where(row.c.note.eq("a")))).toEqual([
      [25, 105, "changed"],
    ]);
  });

  example("of INSERT with several rows, each row is asked", async ({ connection, values }) => {
    counter = 10;
    await connection.execute(insert(row).values([{ base: 1 }, { base: 2 }, { base: 3 }]));
    expect(await values(select(row.c.id).orderBy(row.c.id))).toEqual([11, 12, 13]);
    expect(await values(select(row.c.later).orderBy(row.c.id))).toEqual([13, 14, 15]);
  });

  example("the key that a function made is known", async ({ connection }) => {
    counter = 20;
    expect((await connection.execute(insert(row).values({ base: 1 }))).insertedPrimaryKey).toEqual([21]);
  });
});

describe("defaults of the server", () => {
  example("text is a value, text() is SQL, an expression is one", async ({ connection, all }) => {
    counter = 30;
    await connection.execute(insert(row).values({ base: 0 }));
    expect(await all(select(row.c.abc, row.c.zero))).toEqual([["it's", 0]]);
  });

  example("computed columns", async ({ connection, values }) => {
    await connection.execute(insert(square).values({ side: 4 }));
    expect(await values(select(square.c.area))).toEqual([16]);
  });

  example("identity columns", async ({ connection, name }) => {
    const result = await connection.execute(insert(data).values({ data: "x" }));
    expect(result.insertedPrimaryKey).toEqual([name === "postgresql" ? 42 : 1]);
  });
});

describe("sequences", () => {
  example(
    "as a default of the client, of the server, and executed alone",
    async ({ connection, values, name, engine }) => {
      const own = new MetaData();
      const first = new Sequence("cart_id_seq", { start: 1, metadata: own });
      const second = new Sequence("cart_no_seq", { start: 100, increment: 10, minValue: 1, cache: 1, metadata: own });
      const cart = table("cart_items", own, {
        id: column(t.integer, { primaryKey: true, default: first }),
        no: column(t.integer, { serverDefault: second.nextValue() }),
        note: column(t.text),
      });
      if (name === "sqlite") {
        expect(errorOf(() => own.createAll)).toBeNull();
        await expect(own.createAll(engine)).rejects.toThrow("sequences");
        return;
      }
      await connection.runSync(own.createAll);
      const result = await connection.execute(insert(cart).values({ note: "a" }));
      expect(result.insertedPrimaryKey).toEqual([1]);
      await connection.execute(insert(cart).values({ note: "b" }));
      expect(await values(select(cart.c.no).orderBy(cart.c.id))).toEqual([100, 110]);
      expect(await connection.scalar(first)).toBe(3);
      await connection.runSync(own.dropAll);
    },
  );
});
