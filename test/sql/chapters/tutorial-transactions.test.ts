import { describe, expect } from "vitest";
import { asyncSessionmaker, column, MetaData, t, table, text } from "../../../src/index.js";
import { chapter } from "./chapter.js";

const metadata = new MetaData();
table("some_table", metadata, { x: column(t.integer), y: column(t.integer) });
const example = chapter(metadata);
const insertPoints = text("INSERT INTO some_table (x, y) VALUES (:x, :y)");
const points = text("SELECT x, y FROM some_table ORDER BY x");

describe("Working with Transactions and the DBAPI", () => {
  example("a connection executes text", async ({ engine }) => {
    await using connection = await engine.connect();
    expect((await connection.execute(text("select 'hello world'"))).scalar()).toBe("hello world");
  });

  example("commit as you go: what is not committed is rolled back when the connection closes", async ({ engine }) => {
    {
      await using connection = await engine.connect();
      await connection.execute(insertPoints, [
        { x: 1, y: 1 },
        { x: 2, y: 4 },
      ]);
      await connection.commit();
      await connection.execute(insertPoints, { x: 99, y: 99 });
    }
    await using connection = await engine.connect();
    expect((await connection.execute(points)).all().map((row) => [...row])).toEqual([
      [1, 1],
      [2, 4],
    ]);
  });

  example("begin once: the block commits at its end", async ({ engine }) => {
    await engine.begin(async (connection) => {
      await connection.execute(insertPoints, [
        { x: 6, y: 8 },
        { x: 9, y: 10 },
      ]);
    });
    await using connection = await engine.connect();
    expect(await connection.scalar(text("SELECT count(*) FROM some_table WHERE x > 5"))).toBe(2);
  });

  example("rows are read by name, by place, apart, and as objects", async ({ connection }) => {
    await connection.execute(insertPoints, { x: 11, y: 12 });
    const one = text("SELECT x, y FROM some_table WHERE x = 11").columns({ x: t.integer, y: t.integer });
    for (const row of await connection.execute(one)) {
      const [x, y] = row;
      expect([row.x, row.y, row[0], row[1], x, y]).toEqual([11, 12, 11, 12, 11, 12]);
    }
    for (const dict of (await connection.execute(one)).mappings()) expect(dict["x"]).toBe(11);
    expect((await connection.execute(one)).mappings().all()).toEqual([{ x: 11, y: 12 }]);
  });

  example("parameters by name", async ({ connection, all }) => {
    await connection.execute(insertPoints, [
      { x: 50, y: 1 },
      { x: 51, y: 9 },
    ]);
    expect(await all(text("SELECT x, y FROM some_table WHERE x >= 50 AND y > :y"), { y: 2 })).toEqual([[51, 9]]);
  });

  example("a session executes the same text, once and for many sets", async ({ engine }) => {
    await using session = asyncSessionmaker(engine)();
    await session.execute(insertPoints, [
      { x: 70, y: 1 },
      { x: 71, y: 1 },
    ]);
    await session.execute(text("UPDATE some_table SET y = :y WHERE x = :x"), [
      { x: 70, y: 11 },
      { x: 71, y: 15 },
    ]);
    const rows = (await session.execute(text("SELECT y FROM some_table WHERE x >= :x ORDER BY x"), { x: 70 })).all();
    expect(rows.map((row) => row[0])).toEqual([11, 15]);
  });
});
