import { describe, expect } from "vitest";
import {
  bindparam,
  column,
  computed,
  del,
  func,
  insert,
  MetaData,
  select,
  t,
  table,
  update,
} from "../../../src/index.js";
import { chapter, errorOf } from "./chapter.js";

const metadata = new MetaData();
const item = table("item", metadata, {
  id: column(t.integer, { primaryKey: true }),
  name: column(t.text, { unique: true, nullable: false }),
  count: column(t.integer, { default: 1 }),
  state: column(t.text, { serverDefault: "new" }),
  twice: column(t.integer, { computed: computed("count * 2", { persisted: true }) }),
});
const other = table("other", metadata, { id: column(t.integer, { primaryKey: true }), label: column(t.text) });
const example = chapter(metadata, async (connection) => {
  await connection.execute(insert(item).values([{ name: "a" }, { name: "b" }]));
  await connection.execute(
    insert(other).values([
      { id: 1, label: "one" },
      { id: 2, label: "two" },
    ]),
  );
});

describe("Insert", () => {
  example("values() of one row, of several, and what may not be given", async ({ connection, all }) => {
    await connection.execute(item.insert().values([{ name: "c" }, { name: "d" }]));
    expect(await all(select(item.c.name, item.c.count, item.c.state, item.c.twice).where(item.c.name.eq("d")))).toEqual(
      [["d", 1, "new", 2]],
    );
    expect(errorOf(() => insert(item).values([{ name: "x" }, { name: "y", count: 2 }]))?.message).toContain(
      "Rows of one INSERT give the same columns",
    );
    // @ts-expect-error the database computes it
    expect(errorOf(() => insert(item).values({ name: "x", twice: 1 }))?.message).toContain("computed by the database");
    // @ts-expect-error there is no such column
    expect(errorOf(() => insert(item).values({ name: "x", naem: 1 }))?.message).toContain("it has: id, name, count");
  });

  example("fromSelect(), with the client's defaults and without", async ({ connection, all }) => {
    await connection.execute(insert(item).fromSelect(["name"], select(other.c.label)));
    await connection.execute(
      insert(item).fromSelect(["name"], select(other.c.label.concat("!")), { includeDefaults: false }),
    );
    expect(await all(select(item.c.name, item.c.count).where(item.c.id.gt(2)).orderBy(item.c.name))).toEqual([
      ["one", 1],
      ["one!", null],
      ["two", 1],
      ["two!", null],
    ]);
  });

  example("returning(), typed; sorted as the parameters are", async ({ connection }) => {
    const result = await connection.execute(insert(item).values({ name: "r" }).returning(item.c.name, item.c.twice));
    const [name, twice] = result.one();
    expect([name, twice]).toEqual(["r", 2]);
    const many = await connection.execute(insert(item).returning(item.c.name), [
      { name: "z" },
      { name: "y" },
      { name: "x" },
    ]);
    expect(many.scalars().all()).toEqual(["z", "y", "x"]);
  });

  example("returnDefaults(), inline() and the key", async ({ connection }) => {
    const result = await connection.execute(insert(item).values({ name: "k" }).returnDefaults("state", "twice"));
    expect(result.returnedDefaults?.["state"]).toBe("new");
    expect(result.insertedPrimaryKey).toHaveLength(1);
    const bare = await connection.execute(insert(item).values({ name: "l" }).inline());
    expect(bare.rowcount).toBe(1);
  });

  example("onConflictDoNothing() and onConflictDoUpdate()", async ({ connection, all, values }) => {
    const base = insert(item).values({ name: "a", count: 5 });
    expect((await connection.execute(base.onConflictDoNothing())).rowcount).toBe(0);
    expect((await connection.execute(base.onConflictDoNothing({ indexElements: [item.c.name] }))).rowcount).toBe(0);
    const upsert = base.onConflictDoUpdate({
      indexElements: ["name"],
      set: { count: base.excluded.count.add(item.c.count), state: "again" },
      where: item.c.count.lt(10),
    });
    expect(await values(upsert.returning(item.c.count))).toEqual([6]);
    const byFunction = base.onConflictDoUpdate({ indexElements: ["name"], set: (row) => ({ count: row.count }) });
    await connection.execute(byFunction);
    expect(await all(select(item.c.count, item.c.state).where(item.c.name.eq("a")))).toEqual([[5, "again"]]);
    const many = insert(item).onConflictDoUpdate({ indexElements: ["name"], set: (row) => ({ count: row.count }) });
    await connection.execute(many, [
      { name: "a", count: 8 },
      { name: "n", count: 9 },
    ]);
    expect(
      await values(
        select(item.c.count)
          .where(item.c.name.in(["a", "n"]))
          .orderBy(item.c.name),
      ),
    ).toEqual([8, 9]);
  });

  example("prefixes, CTEs and parameters", async ({ connection, sql, values, name }) => {
    expect(sql(insert(item).prefixWith("OR IGNORE", "sqlite").values({ name: "a" }))).toContain(
      name === "sqlite" ? "INSERT OR IGNORE INTO" : "INSERT INTO",
    );
    const source = select(other.c.label)
      .where(other.c.id.eq(bindparam("which")))
      .cte("source");
    const copy = insert(item).fromSelect(["name"], select(source.c.label)).params({ which: 2 });
    await connection.execute(copy);
    expect(await values(select(item.c.name).where(item.c.name.eq("two")))).toEqual(["two"]);
  });
});

describe("Update and Delete", () => {
  example("where(), filter() and filterBy(); values() that add up", async ({ connection, values }) => {
    await connection.execute(update(item).filter(item.c.name.eq("a")).values({ count: 3 }).values({ state: "x" }));
    await connection.execute(
      update(item)
        .filterBy({ name: "b" })
        .values({ count: item.c.count.add(1) }),
    );
    expect(await values(select(item.c.count).orderBy(item.c.name))).toEqual([3, 2]);
    expect(errorOf(() => update(item).filterBy({ name: undefined as never }))?.message).toContain("name is undefined");
    await connection.execute(del(item).filter(item.c.name.eq("a")));
    expect(await values(select(item.c.name))).toEqual(["b"]);
  });

  example("parameters give SET what values() does not say", async ({ connection, values }) => {
    const statement = update(item)
      .where(item.c.name.eq(bindparam("which")))
      .values({ state: "s" });
    await connection.execute(statement, [
      { which: "a", count: 11 },
      { which: "b", count: 12 },
    ]);
    expect(await values(select(item.c.count).orderBy(item.c.name))).toEqual([11, 12]);
    await connection.execute(statement, { which: "a", state: "given" });
    expect(await values(select(item.c.state).where(item.c.name.eq("a")))).toEqual(["given"]);
  });

  example(
    "UPDATE ... FROM a subquery, returning both tables' columns where the database can",
    async ({ all, name, refuses }) => {
      const source = select(other.c.id, other.c.label).subquery("src");
      const statement = update(item).values({ state: source.c.label }).where(item.c.id.eq(source.c.id));
      expect(await all(statement.returning(item.c.id, item.c.state))).toEqual(
        expect.arrayContaining([
          [1, "one"],
          [2, "two"],
        ]),
      );
      const both = statement.returning(item.c.id, source.c.label);
      if (name === "sqlite") refuses(both, "RETURNING of another table's columns");
      else expect(await all(both)).toHaveLength(2);
    },
  );

  example("returnDefaults() of an update, and rowcount", async ({ connection }) => {
    const result = await connection.execute(
      update(item)
        .values({ count: func.abs(-4) })
        .where(item.c.name.eq("a"))
        .returnDefaults("count", "twice"),
    );
    expect(result.rowcount).toBe(1);
    expect([result.returnedDefaults?.["count"], result.returnedDefaults?.["twice"]]).toEqual([4, 8]);
  });

  example("a statement without a condition is refused until it says all()", async ({ connection }) => {
    await expect(connection.execute(del(item))).rejects.toThrow(
      "del(item) has no condition and would write every row of item",
    );
    expect((await connection.execute(del(item).all())).rowcount).toBe(2);
  });
});
