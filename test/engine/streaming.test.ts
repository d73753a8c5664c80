import { describe, expect, test } from "vitest";
import { text } from "../../src/sql/elements/text.js";
import { MultipleResultsFound, NoResultFound, ResourceClosedError } from "../../src/sql/errors.js";
import { select } from "../../src/sql/selectable/select.js";
import { fileEngine, memoryEngine, metadata, users } from "./support.js";

const series = (n: number) =>
  text(
    `with recursive s(n) as (select 1 union all select n + 1 from s where n < ${n}) select n, 'x' || n as name from s`,
  );

async function connected() {
  const engine = memoryEngine();
  await metadata.createAll(engine);
  return { engine, conn: await engine.connect() };
}

describe("a streamed result", () => {
  test("gives rows in a loop, in partitions, and by every accessor", async () => {
    const { conn } = await connected();
    const seen: unknown[] = [];
    for await (const [n] of await conn.stream(series(2500))) seen.push(n);
    expect(seen).toHaveLength(2500);
    const sizes: number[] = [];
    for await (const part of (await conn.stream(series(10))).partitions(4)) sizes.push(part.length);
    expect(sizes).toEqual([4, 4, 2]);
    const rows = await conn.stream(series(5));
    expect(await rows.fetchone()).toEqual([1, "x1"]);
    expect(await rows.fetchmany(2)).toEqual([
      [2, "x2"],
      [3, "x3"],
    ]);
    expect(await rows.fetchall()).toEqual([
      [4, "x4"],
      [5, "x5"],
    ]);
    expect(await rows.fetchone()).toBe(null);
    expect(await (await conn.stream(series(3))).scalars().all()).toEqual([1, 2, 3]);
    expect(await (await conn.stream(series(3))).scalars("name").first()).toBe("x1");
    expect(await (await conn.stream(series(2))).mappings().all()).toEqual([
      { n: 1, name: "x1" },
      { n: 2, name: "x2" },
    ]);
    expect(await (await conn.stream(series(2))).columns("name").all()).toEqual([["x1"], ["x2"]]);
    expect(await (await conn.stream(series(1))).one()).toEqual([1, "x1"]);
    expect(await (await conn.stream(series(1))).scalarOne()).toBe(1);
    await expect((await conn.stream(series(2))).one()).rejects.toThrow(MultipleResultsFound);
    await expect((await conn.stream(text("select 1 where 0"))).one()).rejects.toThrow(NoResultFound);
    expect(await (await conn.stream(text("select 1 where 0"))).oneOrNone()).toBe(null);
    expect(
      await (await conn.stream(text("select n from (select 1 as n union all select 1 union all select 2)")))
        .unique()
        .scalars()
        .all(),
    ).toEqual([1, 2]);
    const shorter: number[] = [];
    for await (const part of (await conn.stream(series(5))).scalars().yieldPer(2).partitions())
      shorter.push(part.length);
    expect(shorter).toEqual([2, 2, 1]);
    await conn.close();
  });

  test("is closed by first(), by break and by a throw, and reading on is an error", async () => {
    const { conn } = await connected();
    const first = await conn.stream(series(5));
    expect(await first.first()).toEqual([1, "x1"]);
    await expect(first.fetchone()).rejects.toThrow(ResourceClosedError);
    const broken = await conn.stream(series(5000));
    for await (const _row of broken) break;
    expect(broken.closed).toBe(true);
    await expect(broken.all()).rejects.toThrow("This result object is closed.");
    const thrown = await conn.stream(series(5000));
    const loop = async () => {
      for await (const _row of thrown) throw new Error("mine");
    };
    await expect(loop()).rejects.toThrow("mine");
    expect(thrown.closed).toBe(true);
    await conn.close();
  });

  test("does not stand in the way of writes on its connection: what is left is read first", async () => {
    const { conn } = await connected();
    await conn.execute(
      users.insert(),
      Array.from({ length: 50 }, (_, i) => ({ name: `n${i}` })),
    );
    const stream = await conn.stream(select(users.c.id).orderBy(users.c.id), null, { yieldPer: 10 });
    const seen: number[] = [];
    for await (const [id] of stream) {
      if (seen.length === 5) await conn.execute(users.insert(), { name: "between" });
      if (seen.length === 7) await conn.commit();
      seen.push(id as number);
    }
    expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    await conn.close();
  });

  test("dropped without closing does not lock its connection, which closes it when it returns", async () => {
    const engine = fileEngine({ poolSize: 1, maxOverflow: 0 });
    await metadata.createAll(engine);
    const conn = await engine.connect();
    const stream = await conn.stream(series(100_000), null, { yieldPer: 10 });
    await stream.fetchone();
    await conn.close();
    await expect((async () => (await stream.fetchmany(50)).length)()).rejects.toThrow(
      "The connection of this result was closed while it was being streamed.",
    );
    await engine.execute(users.insert(), { name: "a" });
    expect(engine.status()).toMatchObject({ idle: 1, checkedOut: 0 });
  });

  test("ends with an error, not as if it were whole, where its connection was thrown away", async () => {
    const { conn } = await connected();
    const stream = await conn.stream(series(10), null, { yieldPer: 2 });
    expect(await stream.fetchmany(2)).toHaveLength(2);
    await conn.invalidate();
    const lost =
      "The connection of this result was thrown away while it was being streamed: the rest of its rows is lost. Run the statement again.";
    await expect(stream.fetchmany(2)).rejects.toThrow(new ResourceClosedError(lost));
    await conn.rollback();
    expect((await conn.execute(text("select 1"))).scalar()).toBe(1);
    await expect(stream.fetchmany(2)).rejects.toThrow(lost);
    await stream.close();
    await conn.close();
  });

  test("of 300,000 rows keeps memory flat and lets timers fire", async () => {
    const { conn } = await connected();
    let fired = 0;
    const timer = setInterval(() => fired++, 1);
    const before = process.memoryUsage().heapUsed;
    let most = 0;
    let count = 0;
    for await (const _row of await conn.stream(series(300_000))) {
      if (++count % 50_000 === 0) most = Math.max(most, process.memoryUsage().heapUsed - before);
    }
    clearInterval(timer);
    expect(count).toBe(300_000);
    expect(fired).toBeGreaterThan(20);
    expect(most).toBeLessThan(80 * 2 ** 20);
    await conn.close();
  });

  test("takes one set of parameters only, and a statement that returns rows", async () => {
    const { conn } = await connected();
    await expect(conn.stream(text("select :x"), [{ x: 1 }, { x: 2 }])).rejects.toThrow(
      "stream() takes one set of parameters",
    );
    await expect(conn.stream(text("create table x (a)"))).rejects.toThrow("This statement returns no rows");
    await conn.close();
  });
});
