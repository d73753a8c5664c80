import { describe, expect, test } from "vitest";
import { literal } from "../../../src/sql/elements/bind.js";
import { text } from "../../../src/sql/elements/text.js";
import { ArgumentError } from "../../../src/sql/errors.js";
import { column } from "../../../src/sql/schema/column-specs.js";
import { MetaData } from "../../../src/sql/schema/metadata.js";
import { table } from "../../../src/sql/schema/table.js";
import { select } from "../../../src/sql/selectable/select.js";
import { t } from "../../../src/sql/types/t.js";
import { memoryEngine } from "../../engine/support.js";

const md = new MetaData();
const things = table("things", md, {
  id: column(t.integer, { primaryKey: true }),
  label: column(t.text),
  big: column(t.bigint),
  amount: column(t.numeric(12, 2)),
  precise: column(t.numeric(30, 10)),
  ratio: column(t.double),
  flag: column(t.boolean),
  at: column(t.datetime),
  day: column(t.date),
  doc: column(t.json),
  bytes: column(t.binary),
});

async function connected() {
  const engine = memoryEngine();
  await md.createAll(engine);
  return await engine.connect();
}

describe("SQLite", () => {
  test("divides whole numbers as whole numbers, bound or not", async () => {
    await using conn = await connected();
    expect(await conn.scalar(text("select :a / :b"), { a: 7, b: 2 })).toBe(3);
    expect(await conn.scalar(text("select typeof(:a)"), { a: 7 })).toBe("integer");
    expect(await conn.scalar(text("select typeof(:a)"), { a: 7.5 })).toBe("real");
    expect(await conn.scalar(select(literal(7).div(literal(2)) as never))).toBe(3.5);
  });

  test("keeps a whole number whole in a text column, and in text that is put together", async () => {
    await using conn = await connected();
    await conn.execute(text("insert into things (label) values (:x)"), { x: 1 });
    expect(await conn.scalar(text("select label from things"))).toBe("1");
    expect(await conn.scalar(text("select 'n' || :x"), { x: 5 })).toBe("n5");
  });

  test("reads integers of 64 bits exactly, and numbers as numbers", async () => {
    await using conn = await connected();
    const big = 2n ** 53n + 1n;
    await conn.execute(things.insert(), { id: 1, big });
    expect(await conn.execute(select(things.c.id, things.c.big)).one()).toEqual([1, big]);
    expect(await conn.scalar(select(things.c.big).where(things.c.big.eq(big)))).toBe(big);
    expect(await conn.scalar(select(things.c.id).where(things.c.big.in([big, 1n])))).toBe(1);
    expect(await conn.execute(text("select id, big from things")).one()).toEqual([1, big]);
    await conn.execute(things.insert(), { id: 2, big: -(2n ** 63n) });
    expect(await conn.scalar(select(things.c.big).where(things.c.id.eq(2)))).toBe(-(2n ** 63n));
    await expect(conn.execute(things.insert(), { big: 2n ** 63n })).rejects.toThrow("does not fit into 64 bits");
  });

  test("gives keys beyond 2^53 exactly", async () => {
    await using conn = await connected();
    await conn.execDriverSql("insert into things (id) values (9007199254740993)");
    const next = await conn.execute(text("insert into things (label) values ('next')"));
    expect(next.lastrowid).toBe(9007199254740994n);
  });

  test("refuses fractions and unsafe numbers for whole-number columns", async () => {
    await using conn = await connected();
    await expect(conn.execute(things.insert(), { id: 1.5 })).rejects.toThrow(ArgumentError);
    await expect(conn.execute(things.insert(), { id: 1.5 })).rejects.toThrow("1.5 is not a whole number");
    await expect(conn.execute(things.insert(), { id: 2 ** 53 })).rejects.toThrow("beyond 2^53");
  });

  test("stores points in time as text in UTC that sorts and compares with SQLite's own", async () => {
    await using conn = await connected();
    const at = new Date("2024-02-29T23:59:58.123Z");
    await conn.execute(things.insert(), { id: 1, at, day: "2024-02-29" });
    expect(await conn.execute(text("select at, day from things")).one()).toEqual([
      "2024-02-29 23:59:58.123",
      "2024-02-29",
    ]);
    expect(await conn.execute(select(things.c.at, things.c.day)).one()).toEqual([at, "2024-02-29"]);
    expect(await conn.scalar(select(things.c.id).where(things.c.at.eq(at)))).toBe(1);
    expect(await conn.scalar(text("select :x < current_timestamp"), { x: at })).toBe(1);
    await conn.execute(
      text(
        "insert into things (id, at) values (2, '2024-03-01 00:00:00'), (3, '1999-01-01T10:00:00+02:00'), (4, '0099-01-01 00:00:00.000')",
      ),
    );
    expect(await conn.scalars(select(things.c.at).where(things.c.id.gt(1)).orderBy(things.c.id)).all()).toEqual([
      new Date("2024-03-01T00:00:00Z"),
      new Date("1999-01-01T08:00:00Z"),
      new Date("0099-01-01T00:00:00Z"),
    ]);
  });

  test("keeps decimals exact: with up to 15 digits as numbers that compute, beyond as text", async () => {
    await using conn = await connected();
    await conn.execute(things.insert(), { id: 1, amount: "12.50", precise: "12345678901234567890.0123456789" });
    expect(await conn.execute(select(things.c.amount, things.c.precise)).one()).toEqual([
      "12.50",
      "12345678901234567890.0123456789",
    ]);
    expect(await conn.scalar(text("select typeof(amount) || typeof(precise) from things"))).toBe("realtext");
    expect(await conn.scalar(select(things.c.id).where(things.c.amount.gt("9.99")))).toBe(1);
    await expect(conn.execute(things.insert(), { amount: "12345678901234.567" })).rejects.toThrow(
      "12345678901234.567 has more than 15 digits, which SQLite would round",
    );
  });

  test("keeps truth, JSON, floats and bytes", async () => {
    await using conn = await connected();
    const doc = { a: [1, "ü", null], n: 1.5 };
    await conn.execute(things.insert(), { id: 1, flag: true, doc, ratio: 0.1, bytes: new Uint8Array([0, 255]) });
    await conn.execute(things.insert(), { id: 2, flag: false, doc: "text", ratio: 3 });
    const [first, second] = await conn
      .execute(select(things.c.flag, things.c.doc, things.c.ratio, things.c.bytes).orderBy(things.c.id))
      .all();
    expect(first?.slice(0, 3)).toEqual([true, doc, 0.1]);
    expect([...((first as unknown[])[3] as Uint8Array)]).toEqual([0, 255]);
    expect(second?.slice(0, 3)).toEqual([false, "text", 3]);
    expect(await conn.scalar(select(things.c.id).where(things.c.flag))).toBe(1);
    await expect(conn.execute(things.insert(), { ratio: Number.NaN })).rejects.toThrow(ArgumentError);
  });

  test("binds lists of any length as one parameter of one statement", async () => {
    await using conn = await connected();
    await conn.execute(
      things.insert(),
      Array.from({ length: 50 }, (_, i) => ({ id: i + 1, label: `l${i}'"\\ü` })),
    );
    const all = Array.from({ length: 40_000 }, (_, i) => i);
    expect((await conn.execute(select(things.c.id).where(things.c.id.in(all))).all()).length).toBe(50);
    expect(await conn.scalars(select(things.c.id).where(things.c.label.in(["l0'\"\\ü", "none"]))).all()).toEqual([1]);
    expect(await conn.scalars(select(things.c.id).where(things.c.id.in([]))).all()).toEqual([]);
    expect((await conn.scalars(select(things.c.id).where(things.c.id.notIn([1]))).all()).length).toBe(49);
  });

  test("refuses text with a NUL or a lone surrogate", async () => {
    await using conn = await connected();
    await expect(conn.execute(things.insert(), { label: "a\0b" })).rejects.toThrow(ArgumentError);
    await expect(conn.execute(text("select :x"), { x: "\ud800" })).rejects.toThrow(ArgumentError);
  });

  test("notices a changed table in statements that it has prepared", async () => {
    await using conn = await connected();
    const all = text("select * from grown");
    await conn.execute(text("create table grown (a)"));
    await conn.execute(text("insert into grown values (1)"));
    expect((await conn.execute(all)).keys()).toEqual(["a"]);
    await conn.execute(text("alter table grown add column b default 2"));
    const result = await conn.execute(all);
    expect(result.keys()).toEqual(["a", "b"]);
    expect(result.all()).toEqual([[1, 2]]);
  });

  test("enforces foreign keys unless told otherwise", async () => {
    const schema = "create table p (id integer primary key); create table c (p references p)";
    for (const [options, enforced] of [
      [{}, true],
      [{ dialectOptions: { sqlite: { foreignKeys: false } } }, false],
    ] as const) {
      const engine = memoryEngine(options);
      for (const one of schema.split(";")) await engine.execute(text(one));
      const insert = engine.execute(text("insert into c values (1)"));
      if (enforced) await expect(insert).rejects.toThrow("FOREIGN KEY constraint failed");
      else await insert;
    }
  });

  test("knows regular expressions", async () => {
    await using conn = await connected();
    await conn.execute(things.insert(), [{ label: "Anna" }, { label: "Bob" }, { label: null }]);
    expect(await conn.scalars(select(things.c.label).where(things.c.label.regexpMatch("^A.*a$"))).all()).toEqual([
      "Anna",
    ]);
    expect(await conn.scalars(select(things.c.label).where(things.c.label.regexpMatch("^b", "i"))).all()).toEqual([
      "Bob",
    ]);
    expect(await conn.scalar(select(things.c.label.regexpReplace("n+", "-") as never))).toBe("A-a");
    expect(await conn.scalar(text("select regexp_replace('$aXbX', '(X)', '<\\1$>', 'g')"))).toBe("$a<X$>b<X$>");
  });

  test("takes functions and settings of one's own for each database that it opens", async () => {
    const engine = memoryEngine({
      dialectOptions: {
        sqlite: {
          onOpen: (db: { function(name: string, fn: (x: number) => number): void }) =>
            db.function("twice", (x) => x * 2),
        },
      },
    });
    expect(await engine.scalar(text("select twice(21)"))).toBe(42);
  });
});
