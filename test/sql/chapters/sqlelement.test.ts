import { describe, expect } from "vitest";
import {
  aggregateOrderBy,
  all,
  any,
  array,
  asc,
  between,
  bindparam,
  caseWhen,
  cast,
  collate,
  desc,
  distinct,
  extract,
  false_,
  fromDmlColumn,
  func,
  funcFilter,
  insert,
  label,
  literal,
  literalColumn,
  namedColumn,
  null_,
  nullsFirst,
  nullsLast,
  over,
  select,
  sql,
  t,
  text,
  true_,
  tryCast,
  tuple,
  update,
  withinGroup,
} from "../../../src/index.js";
import { address, fill, metadata, user } from "./accounts.js";
import { chapter, errorOf } from "./chapter.js";

const example = chapter(metadata, fill);

describe("foundational constructors", () => {
  example(
    "bindparam(): required, with a value, made by a function, expanding, and written into the SQL",
    async ({ values, sql: text, connection }) => {
      const statement = select(user.c.id)
        .where(user.c.name.eq(bindparam("who")))
        .orderBy(user.c.id);
      expect(await values(statement, { who: "sandy" })).toEqual([2]);
      expect(await values(statement.params({ who: "patrick" }))).toEqual([3]);
      await expect(connection.execute(statement)).rejects.toThrow("parameter who has no value");
      expect(await values(select(bindparam("n", 5, t.integer)))).toEqual([5]);
      const made = bindparam("n", { options: { type: t.integer, callable: () => 7 } });
      expect(await values(select(made))).toEqual([7]);
      const list = bindparam("ids", { options: { type: t.integer, expanding: true } });
      const among = select(user.c.id).where(user.c.id.in(list)).orderBy(user.c.id);
      expect(await values(among, { ids: [1, 3] })).toEqual([1, 3]);
      expect(await values(among, { ids: [] })).toEqual([]);
      const written = bindparam("top", { options: { value: 1, type: t.integer, literalExecute: true } });
      expect(text(select(user.c.id).limit(written))).toContain("LIMIT 1");
    },
  );

  example("caseWhen(): searched, by value, with expressions", async ({ values }) => {
    const size = caseWhen(
      [
        [user.c.id.lt(2), "small"],
        [user.c.id.lt(3), "middle"],
      ],
      { else: "large" },
    );
    expect(await values(select(size).orderBy(user.c.id))).toEqual(["small", "middle", "large"]);
    const simple = caseWhen([["sandy", 1]], { value: user.c.name, else: user.c.id.mul(10) });
    expect(await values(select(simple).orderBy(user.c.id))).toEqual([10, 1, 30]);
    expect(await values(select(caseWhen([[user.c.id.eq(1), "x"]])).orderBy(user.c.id))).toEqual(["x", null, null]);
  });

  example("cast() and tryCast()", async ({ values }) => {
    expect(await values(select(cast("12", t.integer)))).toEqual([12]);
    expect(await values(select(tryCast("12x", t.integer)))).toEqual([null]);
    expect(await values(select(cast(user.c.id, t.numeric(10, 2))).limit(1))).toHaveLength(1);
  });

  example("distinct, in the list and in an aggregate", async ({ values }) => {
    expect(await values(select(func.count(distinct(address.c.userId))))).toEqual([2]);
    expect(await values(select(func.count(address.c.userId.distinct())))).toEqual([2]);
    expect(await values(select(address.c.userId).distinct().orderBy(address.c.userId))).toEqual([1, 2]);
  });

  example("extract()", async ({ values }) => {
    const day = literal(new Date("2024-03-05T06:07:08Z"));
    expect(await values(select(extract("year", day)))).toEqual([2024]);
    expect(await values(select(extract("month", day)))).toEqual([3]);
    expect(errorOf(() => extract("yaer", day))?.message).toContain('"yaer" is not one of century, day');
  });

  example("constants", async ({ all: rows, values }) => {
    expect(await rows(select(true_(), false_(), null_()))).toEqual([[true, false, null]]);
    expect(await values(select(user.c.id).where(true_()).orderBy(user.c.id))).toEqual([1, 2, 3]);
    expect(await values(select(user.c.id).where(false_()))).toEqual([]);
  });

  example("literal(), literalColumn() and namedColumn()", async ({ all: rows }) => {
    const one = literalColumn<number>("1 + 1", t.integer);
    expect(await rows(select(literal("it's"), one.add(1), literalColumn("'q'")))).toEqual([["it's", 3, "q"]]);
    expect(await rows(select(namedColumn("name", t.text)).selectFrom(user).where(user.c.id.eq(2)))).toEqual([
      ["sandy"],
    ]);
  });

  example("text() with parameters and columns", async ({ all: rows }) => {
    const statement = text("SELECT id, name FROM user_account WHERE id >= :low AND name != '\\:no' ORDER BY id")
      .bindparams({ low: 2 })
      .columns({ id: t.integer, name: t.string });
    expect(await rows(statement)).toEqual([
      [2, "sandy"],
      [3, "patrick"],
    ]);
    const low = bindparam("low", t.integer);
    const again = text("SELECT id FROM user_account WHERE id >= :low").bindparams({}, low).columns({ id: t.integer });
    const subquery = again.subquery("t");
    expect(await rows(select(subquery.c.id).where(subquery.c.id.lt(3)), { low: 1 })).toHaveLength(2);
    const cte = again.cte("c");
    expect(await rows(select(user.c.name).join(cte, cte.c.id.eq(user.c.id)), { low: 3 })).toEqual([["patrick"]]);
    expect(errorOf(() => text("SELECT :a").bindparams({ b: 1 }))?.message).toContain("has no parameter :b; it has: a");
  });

  example("the sql tag, which binds its values", async ({ all: rows }) => {
    const hostile = "'; DROP TABLE user_account; --";
    const statement = sql`SELECT ${user.c.name}, ${hostile} FROM ${user} WHERE ${user.c.id} IN ${sql.list([1, 2])} ORDER BY ${user.c.id}`;
    expect(await rows(statement)).toEqual([
      ["spongebob", hostile],
      ["sandy", hostile],
    ]);
    expect(await rows(select(user.c.id).where(sql<boolean>`${user.c.name} = ${"sandy"}`))).toEqual([[2]]);
  });

  example("tuple()", async ({ values }) => {
    const row = tuple(user.c.id, user.c.name);
    expect(await values(select(user.c.id).where(row.eq([2, "sandy"])))).toEqual([2]);
    expect(await values(select(user.c.id).where(row.in([[3, "patrick"]])))).toEqual([3]);
  });

  example("fromDmlColumn() repeats what another column is given", async ({ all: rows, connection }) => {
    const fullname = fromDmlColumn(user.c.name).concat("!");
    await connection.execute(insert(user).values({ id: 10, name: func.lower("ABC"), fullname }));
    await connection.execute(insert(user).values({ id: 11, fullname }), { name: "given" });
    await connection.execute(update(user).values({ name: "new", fullname }).where(user.c.id.eq(1)));
    await connection.execute(update(user).values({ fullname }).where(user.c.id.eq(2)));
    expect(
      await rows(
        select(user.c.name, user.c.fullname)
          .where(user.c.id.in([1, 2, 10, 11]))
          .orderBy(user.c.id),
      ),
    ).toEqual([
      ["new", "new!"],
      ["sandy", "sandy!"],
      ["abc", "abc!"],
      ["given", "given!"],
    ]);
    const nothing = connection.execute(insert(user).values({ id: 12, fullname }));
    await expect(nothing).rejects.toThrow("in no INSERT that writes this column by values() or parameters");
  });
});

describe("modifiers", () => {
  example("any() and all() of a query and of an array", async ({ values, name, refuses }) => {
    const some = select(user.c.id)
      .where(user.c.id.gt(any(select(address.c.userId))))
      .orderBy(user.c.id);
    const every = select(user.c.id)
      .where(user.c.id.ge(all(select(address.c.userId))))
      .orderBy(user.c.id);
    if (name === "sqlite") {
      refuses(some, "ANY");
      refuses(every, "ALL");
    } else {
      expect(await values(some)).toEqual([2, 3]);
      expect(await values(every)).toEqual([2, 3]);
      expect(await values(select(literal(2).eq(any(array([1, 2])))))).toEqual([true]);
    }
  });

  example("order, with NULLs where they are wanted", async ({ values }) => {
    expect(await values(select(user.c.id).orderBy(desc(user.c.id)))).toEqual([3, 2, 1]);
    expect(await values(select(user.c.id).orderBy(asc(user.c.name)))).toEqual([3, 2, 1]);
    const named = caseWhen([[user.c.id.gt(1), user.c.name]]).label("n");
    expect(await values(select(named).orderBy(nullsFirst(asc("n"))))).toEqual([null, "patrick", "sandy"]);
    expect(await values(select(named).orderBy(nullsLast(desc("n"))))).toEqual(["sandy", "patrick", null]);
    expect(await values(select(user.c.id).orderBy(user.c.name.desc().nullsLast()))).toEqual([1, 2, 3]);
  });

  example("between(), collate(), label()", async ({ all: rows, name }) => {
    const statement = select(label("n", collate(user.c.name, name === "sqlite" ? "BINARY" : "C")))
      .where(between(user.c.id, 2, 3))
      .orderBy("n");
    expect(await rows(statement)).toEqual([["patrick"], ["sandy"]]);
  });

  example(
    "over(), funcFilter(), withinGroup() and aggregateOrderBy() of a function",
    async ({ all: rows, name, refuses }) => {
      const counted = over(func.count(), { partitionBy: address.c.userId });
      const running = func.sum(address.c.id).over({ orderBy: address.c.id, rows: [-1, 0], exclude: "CURRENT ROW" });
      expect(await rows(select(address.c.id, counted, running).orderBy(address.c.id))).toEqual([
        [1, 1, null],
        [2, 2, 1],
        [3, 2, 2],
      ]);
      const filtered = funcFilter(func.count(), address.c.userId.eq(2));
      expect(await rows(select(filtered).selectFrom(address))).toEqual([[2]]);
      const joined = func.jsonAgg(aggregateOrderBy(user.c.name, user.c.name.desc()));
      expect(await rows(select(joined))).toEqual([[["spongebob", "sandy", "patrick"]]]);
      const median = select(withinGroup(func.percentileCont(0.5), user.c.id));
      if (name === "sqlite") refuses(median, "WITHIN GROUP");
      else expect(await rows(median)).toEqual([[2]]);
    },
  );
});

describe("elements", () => {
  example("compare() looks at shape and values", () => {
    expect(user.c.id.eq(5).compare(user.c.id.eq(5))).toBe(true);
    expect(user.c.id.eq(5).compare(user.c.id.eq(6))).toBe(false);
    expect(user.c.id.eq(5).compare(user.c.id.ne(5))).toBe(false);
    expect(select(user).compare(select(user))).toBe(true);
  });

  example("an operator of the database's own", async ({ values, name }) => {
    const glob = user.c.name.boolOp(name === "sqlite" ? "GLOB" : "~")("sa*");
    expect(await values(select(user.c.id).where(glob))).toContain(2);
    const shifted = user.c.id.op("<<", { returnType: t.integer, precedence: 6 })(2);
    expect(await values(select(shifted).orderBy(user.c.id))).toEqual([4, 8, 12]);
  });

  example("names that need quotes have them", ({ sql: text }) => {
    expect(text(select(literal(1, t.integer).label("Mixed Case")))).toContain('AS "Mixed Case"');
    expect(text(select(namedColumn("select")).selectFrom(user))).toContain('"select"');
  });
});
