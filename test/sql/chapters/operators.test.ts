import { describe, expect } from "vitest";
import { and, bitwiseNot, func, literal, namedColumn, not, null_, or, select, t, tuple } from "../../../src/index.js";
import { address, fill, metadata, user } from "./accounts.js";
import { chapter, errorOf } from "./chapter.js";

const example = chapter(metadata, fill);
const x = namedColumn("x", t.integer);
const y = namedColumn("y", t.integer);
const word = namedColumn("x", t.text);

/** A table of one row, x = 7 and y = 2. */
const numbers = () => select({ x: literal(7).as("x"), y: literal(2).as("y") }).subquery("n");
const words = () => select({ x: literal("a word of it").as("x") }).subquery("n");

describe("comparison operators", () => {
  example("equal, not, less, more, between", async ({ all }) => {
    expect(String(x.eq(5))).toBe("x = :x_1");
    expect(String(x.ne(5))).toBe("x != :x_1");
    expect(String(x.between(5, 10))).toBe("x BETWEEN :x_1 AND :x_2");
    const { c } = numbers();
    const row = select(c.x.eq(7), c.x.ne(7), c.x.gt(5), c.x.lt(5), c.x.ge(7), c.x.le(6), c.x.between(5, 10));
    expect(await all(row)).toEqual([[true, false, true, false, true, false, true]]);
    expect(await all(select(c.x.notBetween(5, 10), c.x.between(10, 5, { symmetric: true })))).toEqual([[false, true]]);
  });
});

describe("IN", () => {
  example("lists, the empty one, and NOT IN", async ({ values }) => {
    expect(
      await values(
        select(user.c.id)
          .where(user.c.id.in([1, 2, 3]))
          .orderBy(user.c.id),
      ),
    ).toEqual([1, 2, 3]);
    expect(await values(select(user.c.id).where(user.c.id.in([])))).toEqual([]);
    expect(await values(select(func.count()).selectFrom(user).where(user.c.id.notIn([])))).toEqual([3]);
    expect(await values(select(user.c.id).where(user.c.id.notIn([1, 2])))).toEqual([3]);
    expect(await values(select(user.c.id).where(not(user.c.id.in([1, 2]))))).toEqual([3]);
    expect(errorOf(() => user.c.name.in(["a", null as never]))?.message).toContain("add .isNull() with or()");
  });

  example("rows", async ({ values }) => {
    const pairs = tuple(user.c.id, address.c.id).in([
      [1, 1],
      [2, 2],
    ]);
    expect(await values(select(user.c.name).join(address).where(pairs).orderBy(user.c.id))).toEqual([
      "spongebob",
      "sandy",
    ]);
    expect(await values(select(user.c.name).join(address).where(tuple(user.c.id, address.c.id).in([])))).toEqual([]);
  });

  example("queries, of one column and of several", async ({ values }) => {
    const owners = user.c.id.in(select(address.c.userId));
    expect(await values(select(user.c.id).where(owners).orderBy(user.c.id))).toEqual([1, 2]);
    const both = tuple(address.c.userId, address.c.id).in(select(user.c.id, address.c.id).join(address));
    expect(await values(select(func.count()).selectFrom(address).where(both))).toEqual([3]);
  });
});

describe("identity", () => {
  example("IS NULL and IS NOT NULL by every way of writing it", async ({ values }) => {
    const { fullname } = user.c;
    for (const each of [fullname.is(null), fullname.is(null_()), fullname.eq(null), fullname.isNull()])
      expect(String(each)).toBe("user_account.fullname IS NULL");
    for (const each of [fullname.isNot(null), fullname.ne(null), fullname.isNotNull()])
      expect(String(each)).toBe("user_account.fullname IS NOT NULL");
    // @ts-expect-error what cannot be null is not compared with it
    expect(String(user.c.id.eq(null))).toBe("user_account.id IS NULL");
    expect(await values(select(user.c.id).where(user.c.fullname.isNull()))).toEqual([]);
  });

  example("IS DISTINCT FROM", async ({ all }) => {
    const { c } = numbers();
    const row = select(c.x.isDistinctFrom(7), c.x.isNotDistinctFrom(7), c.x.isDistinctFrom(null_()));
    expect(await all(row)).toEqual([[false, true, true]]);
  });
});

describe("text", () => {
  example("LIKE, without regard to case, and their opposites", async ({ all }) => {
    const { c } = words();
    const row = select(c.x.like("%word%"), c.x.ilike("%WORD%"), c.x.notLike("%word%"), c.x.notIlike("%WORD%"));
    expect(await all(row)).toEqual([[true, true, false, false]]);
  });

  example("containment, with wildcards as they are", async ({ all }) => {
    const { c } = words();
    expect(
      await all(
        select(
          c.x.startsWith("a w"),
          c.x.endsWith("it"),
          c.x.contains("word"),
          c.x.istartsWith("A W"),
          c.x.iendsWith("IT"),
          c.x.icontains("WORD"),
          c.x.contains("w_rd"),
          c.x.contains("w_rd", { autoescape: true }),
          c.x.contains("w#_rd", { escape: "#" }),
        ),
      ),
    ).toEqual([[true, true, true, true, true, true, true, false, false]]);
  });

  example("regular expressions, and full text search", async ({ all, name, sql }) => {
    const { c } = words();
    const row = select(c.x.regexpMatch("w.rd"), c.x.regexpMatch("W.RD", "i"), not(c.x.regexpMatch("w.rd")));
    expect(await all(row)).toEqual([[true, true, false]]);
    expect(await all(select(c.x.regexpReplace("w.rd", "thing")))).toEqual([["a thing of it"]]);
    expect(sql(select(word.match("word")))).toContain(name === "sqlite" ? "x MATCH" : "x @@ plainto_tsquery");
    if (name === "postgresql") expect(await all(select(c.x.match("words", { config: "english" })))).toEqual([[true]]);
  });

  example("concatenation, also by add(), and collations", async ({ all, name }) => {
    const { c } = words();
    expect(await all(select(c.x.concat("!"), c.x.add("?"), literal("<").concat(c.x)))).toEqual([
      ["a word of it!", "a word of it?", "<a word of it"],
    ]);
    const collation = name === "sqlite" ? "NOCASE" : "C";
    expect(
      await all(select(c.x.collate(collation).eq("a word of it"), literal("b").collate(collation).gt(c.x))),
    ).toEqual([[true, true]]);
    if (name === "postgresql")
      expect(await all(select(c.x.collate("C", { schema: "pg_catalog" }).eq("a word of it")))).toEqual([[true]]);
  });
});

describe("arithmetic and bits", () => {
  example("the operators, from either side", async ({ all }) => {
    const { c } = numbers();
    const row = select(
      c.x.add(5),
      literal(5).add(c.x),
      c.x.sub(5),
      literal(5).sub(c.x),
      c.x.mul(5),
      c.x.div(2),
      literal(5).div(c.y),
      c.x.floorDiv(2),
      literal(5).floorDiv(c.y),
      c.x.mod(4),
      c.x.pow(2),
      c.x.neg(),
    );
    expect(await all(row)).toEqual([[12, 12, 2, -2, 35, 3.5, 2.5, 3, 2, 3, 49, -7]]);
    expect(await all(select(literal(-7).floorDiv(c.y), literal(7.5).floorDiv(2)))).toEqual([[-4, 3]]);
  });

  example("bits", async ({ all }) => {
    const { c } = numbers();
    const row = select(
      c.x.bitwiseAnd(5),
      c.x.bitwiseOr(8),
      c.x.bitwiseXor(5),
      c.x.bitwiseNot(),
      bitwiseNot(c.y),
      c.x.bitwiseLshift(2),
      c.x.bitwiseRshift(1),
    );
    expect(await all(row)).toEqual([[5, 15, 2, -8, -3, 28, 3]]);
  });
});

describe("conjunctions, negations and parentheses", () => {
  example("as functions and as methods", () => {
    expect(String(and(x.eq(5), y.eq(10)))).toBe("x = :x_1 AND y = :y_1");
    expect(String(x.eq(5).and(y.eq(10)))).toBe("x = :x_1 AND y = :y_1");
    expect(String(x.eq(5).or(y.eq(10)))).toBe("x = :x_1 OR y = :y_1");
    expect(String(not(x.eq(5)))).toBe("x != :x_1");
    expect(String(x.eq(5).not())).toBe("x != :x_1");
    expect(String(not(namedColumn("x", t.boolean)))).toBe("NOT x");
  });

  example("JavaScript's own operators are refused with what to write", () => {
    expect(errorOf(() => select(user).where(((user.c.id as unknown) === 5) as never))?.message).toContain(
      "write u.id.eq(5)",
    );
  });

  example("parentheses where precedence asks for them", async ({ all }) => {
    const q = namedColumn("q", t.integer);
    expect(String(q.add(x.mul(y)))).toBe("q + x * y");
    expect(String(q.mul(x.add(y)))).toBe("q * (x + y)");
    expect(String(or(x.eq(1), and(y.eq(2), q.eq(3))))).toBe("x = :x_1 OR y = :y_1 AND q = :q_1");
    expect(String(and(x.eq(1), or(y.eq(2), q.eq(3))))).toBe("x = :x_1 AND (y = :y_1 OR q = :q_1)");
    expect(String(q.sub(x.sub(y)))).toBe("q - (x - y)");
    const { c } = numbers();
    expect(await all(select(c.x.sub(c.y.sub(1)), c.x.sub(c.y).sub(1), c.x.mul(c.y.add(1))))).toEqual([[6, 4, 21]]);
  });
});
