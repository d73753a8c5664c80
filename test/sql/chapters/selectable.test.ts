import { describe, expect, expectTypeOf } from "vitest";
import {
  alias,
  column,
  compiles,
  cte,
  del,
  except,
  exists,
  func,
  insert,
  intersect,
  join,
  lateral,
  literal,
  Node,
  namedTable,
  outerjoin,
  select,
  t,
  tablesample,
  text,
  tuple,
  union,
  unionAll,
  update,
  values,
} from "../../../src/index.js";
import { address, fill, metadata, user } from "./accounts.js";
import { chapter, errorOf } from "./chapter.js";

const example = chapter(metadata, fill);

describe("foundational constructors", () => {
  example("set operations, as functions and as methods", async ({ values: found, name, refuses }) => {
    const [one, two] = [select(user.c.id).where(user.c.id.lt(3)), select(user.c.id).where(user.c.id.gt(1))];
    expect(await found(union(one, two).orderBy("id"))).toEqual([1, 2, 3]);
    expect(await found(unionAll(one, two).orderBy("id").slice(1, 3))).toEqual([2, 2]);
    expect(await found(intersect(one, two))).toEqual([2]);
    expect(await found(except(one, two))).toEqual([1]);
    expect(await found(one.union(two).orderBy(user.c.id.desc()).limit(1))).toEqual([3]);
    const rest = one.exceptAll(two);
    if (name === "sqlite") refuses(rest, "EXCEPT ALL");
    else expect(await found(rest)).toEqual([1]);
    const nested = union(one, intersect(one, two));
    expect(await found(select(func.count()).selectFrom(nested.subquery()))).toEqual([2]);
  });

  example("exists(), which can still be told more, alone and inside", async ({ values: found }) => {
    const has = exists(address).where(address.c.userId.eq(user.c.id));
    expect(await found(select(user.c.id).where(has.where(address.c.id.gt(1))))).toEqual([2]);
    expect(await found(exists(address).where(address.c.id.eq(3)).select())).toEqual([true]);
    expect(await found(exists(address).where(address.c.id.eq(9)).select())).toEqual([false]);
    expect(await found(select(user.c.id).where(has.correlateExcept(address)).orderBy(user.c.id))).toEqual([1, 2]);
  });

  example("a table by its name alone", async ({ all }) => {
    const people = namedTable("user_account", { id: column(t.integer, { nullable: false }), name: column(t.text) });
    expect(await all(select(people.c.name).where(people.c.id.eq(2)))).toEqual([["sandy"]]);
    expect(errorOf(() => select(people).where(user.c.id.eq(1)))).toBeNull();
  });

  example("values(), in FROM, in WITH, in IN and under another name", async ({ all, values: found }) => {
    const rows = values({ id: t.integer, word: t.text }, [[1, "one"], { id: 2, word: "two" }], "v");
    expect(await all(select(rows).orderBy(rows.c.id))).toEqual([
      [1, "one"],
      [2, "two"],
    ]);
    const w = rows.alias("w");
    expect(await found(select(w.c.word).join(user, user.c.id.eq(w.c.id)).where(user.c.name.eq("sandy")))).toEqual([
      "two",
    ]);
    const words = rows.cte("words");
    expect(await found(select(words.c.word).where(words.c.id.eq(2)))).toEqual(["two"]);
    const pairs = values({ id: t.integer, name: t.string }, [[2, "sandy"]]).scalarValues();
    expect(await found(select(user.c.id).where(tuple(user.c.id, user.c.name).in(pairs)))).toEqual([2]);
  });
});

describe("modifiers as functions", () => {
  example(
    "alias(), join(), outerjoin(), cte(), lateral(), tablesample()",
    async ({ all, values: found, name, refuses }) => {
      const other = alias(user, "other");
      const both = join(user, address).join(other, other.c.id.eq(address.c.userId));
      expect(await all(select(other.c.name, address.c.id).selectFrom(both).orderBy(address.c.id).limit(1))).toEqual([
        ["spongebob", 1],
      ]);
      const left = outerjoin(user, address);
      expect(await found(select(func.count()).selectFrom(left))).toEqual([4]);
      expect((await all(left.select()))[0]).toHaveLength(6);
      const some = cte(select(user.c.id).where(user.c.id.gt(2)), "some");
      expect(await found(select(some.c.id))).toEqual([3]);
      const sampled = select(tablesample(user, 100, { method: "bernoulli", seed: 1 }).c.id);
      const last = lateral(
        select(address.c.email).where(address.c.userId.eq(user.c.id)).orderBy(address.c.id.desc()).limit(1),
        "last",
      );
      const each = select(user.c.name, last.c.email).join(last, literal(true)).orderBy(user.c.id);
      if (name === "sqlite") {
        refuses(sampled, "TABLESAMPLE");
        refuses(each, "LATERAL");
      } else {
        expect(await found(sampled)).toHaveLength(3);
        expect(await all(each)).toEqual([
          ["spongebob", "spongebob@sqlalchemy.org"],
          ["sandy", "sandy@squirrelpower.org"],
        ]);
      }
    },
  );
});

describe("CTEs", () => {
  example("recursive, nested, and one beside itself", async ({ values: found, all, sql }) => {
    const start = select(literal(1).as("n")).cte("numbers", { recursive: true });
    const numbers = start.unionAll(select(start.c.n.add(1)).where(start.c.n.lt(4)));
    expect(await found(select(numbers.c.n).orderBy(numbers.c.n))).toEqual([1, 2, 3, 4]);
    const again = numbers.alias("again");
    expect(await found(select(func.count()).selectFrom(numbers.join(again, again.c.n.gt(numbers.c.n))))).toEqual([6]);
    const inner = select(user.c.id).where(user.c.id.gt(1)).cte("inner_one", { nesting: true });
    const outer = select(inner.c.id).where(inner.c.id.lt(3)).cte("outer_one");
    expect(sql(select(outer.c.id))).toMatch(/^WITH outer_one AS \(WITH inner_one AS/);
    expect(await all(select(outer.c.id))).toEqual([[2]]);
  });

  example("statements that write, named and only added", async ({ values: found, connection, name, refuses }) => {
    const moved = del(address).where(address.c.userId.eq(2)).returning(address.c.id, address.c.email).cte("moved");
    const read = select(moved.c.email).orderBy(moved.c.id);
    if (name === "sqlite") {
      refuses(read, "DELETE inside WITH");
      return;
    }
    expect(await found(read)).toEqual(["sandy@sqlalchemy.org", "sandy@squirrelpower.org"]);
    const renamed = update(user).values({ fullname: "X" }).where(user.c.id.eq(1)).returning(user.c.id).cte("renamed");
    await connection.execute(union(select(user.c.id), select(user.c.id)).addCte(renamed));
    expect(await found(select(user.c.fullname).where(user.c.id.eq(1)))).toEqual(["X"]);
    const source = select(user.c.id, user.c.name).where(user.c.id.eq(3)).cte("source");
    const copy = insert(address).fromSelect(["userId", "email"], select(source.c.id, source.c.name));
    await connection.execute(copy);
    expect(await found(select(address.c.email))).toContain("patrick");
  });
});

describe("the methods of Select", () => {
  example("limit, offset, slice and fetch", async ({ values: found, name, refuses }) => {
    const ids = select(user.c.id).orderBy(user.c.id);
    expect(await found(ids.limit(1).offset(1))).toEqual([2]);
    expect(await found(ids.slice(1, 3))).toEqual([2, 3]);
    expect(await found(ids.fetch(2))).toEqual([1, 2]);
    expect(await found(ids.limit(select(func.count()).selectFrom(address).scalarSubquery()))).toEqual([1, 2, 3]);
    const ties = select(address.c.userId).orderBy(address.c.userId.desc()).fetch(1, { withTies: true });
    if (name === "sqlite") refuses(ties, "WITH TIES");
    else expect(await found(ties)).toEqual([2, 2]);
    expect(errorOf(() => ids.limit(-1))?.message).toContain("a whole number that is not negative");
  });

  example("withOnlyColumns, addColumns, reduceColumns", async ({ all, sql }) => {
    const joined = select(user.c.id, address.c.userId, address.c.id.label("a")).join(address).orderBy(address.c.id);
    expect(sql(joined.reduceColumns())).not.toContain("address.user_id,");
    expect(await all(joined.selectFrom(user).withOnlyColumns(address.c.email).limit(1))).toEqual([
      ["spongebob@sqlalchemy.org"],
    ]);
    const more = select(user.c.id).addColumns(user.c.name);
    expectTypeOf<Parameters<(row: Awaited<ReturnType<typeof first>>) => void>[0]>().not.toBeAny();
    async function first() {
      return more;
    }
    expect(await all(more.where(user.c.id.eq(1)))).toEqual([[1, "spongebob"]]);
  });

  example("rows of locks, hints, prefixes and suffixes", async ({ sql, connection, name }) => {
    const locked = select(user).withForUpdate({ of: user, skipLocked: true });
    expect(sql(locked)).toMatch(name === "sqlite" ? /FROM user_account$/ : /FOR UPDATE OF user_account SKIP LOCKED$/);
    await connection.execute(locked);
    const hinted = select(user.c.id)
      .prefixWith("/* first */")
      .suffixWith("/* last */")
      .withStatementHint("/* pg */", "postgresql")
      .withHint(user, "/* t */", "sqlite");
    expect(sql(hinted)).toContain("SELECT /* first */ user_account.id");
    expect(sql(hinted).includes("/* pg */")).toBe(name === "postgresql");
    await connection.execute(hinted.executionOptions({ tags: { route: "x" } }));
  });

  example("DISTINCT ON, named windows and clauses of one's own", async ({ values: found, name, refuses, sql }) => {
    const newest = select(address.c.id).distinctOn(address.c.userId).orderBy(address.c.userId, address.c.id.desc());
    if (name === "sqlite") refuses(newest, "DISTINCT ON");
    else expect(await found(newest)).toEqual([1, 3]);
    const windowed = select(func.rowNumber().over({ name: "w" }))
      .selectFrom(user)
      .window("w", { orderBy: user.c.id.desc() })
      .orderBy(user.c.id);
    expect(await found(windowed)).toEqual([3, 2, 1]);
    class Comment extends Node {
      override get visitName() {
        return "ChapterComment";
      }
    }
    compiles(Comment, () => "/* own */");
    expect(sql(select(user.c.id).ext(new Comment(), "where").orderBy(user.c.id))).toMatch(/\/\* own \*\/ ORDER BY/);
    expect(sql(update(user).values({ name: "x" }).all().ext(new Comment()).returning(user.c.id))).toMatch(
      /\/\* own \*\/ RETURNING id$/,
    );
  });

  example("what a select can be asked", () => {
    const statement = select(user.c.id, func.count(address.c.id).label("n")).join(address).where(user.c.id.gt(1));
    expect(statement.columnDescriptions.map((each) => [each.name, String(each.type)])).toEqual([
      ["id", "visitInteger"],
      ["n", "visitInteger"],
    ]);
    expect(statement.columnsClauseFroms).toEqual([user, address]);
    expect(String(statement.getFinalFroms()[0]?.describe())).toBe("the join of table user_account and table address");
    expect(String(statement.whereclause)).toBe("user_account.id > :id_1");
    expect(select(user).whereclause).toBeNull();
    expect(statement.selectedColumns.map((each) => each.name)).toEqual(["id", "n"]);
  });

  example("whole tables and subqueries select each of their columns, typed by name", async ({ connection }) => {
    const subquery = select({ n: func.count(), owner: address.c.userId }).groupBy(address.c.userId).subquery();
    const statement = select(user, subquery).join(subquery, subquery.c.owner.eq(user.c.id)).orderBy(user.c.id);
    const [row] = (await connection.execute(statement)).all();
    expectTypeOf(row?.name).toEqualTypeOf<string | null>();
    expectTypeOf(row?.n).toEqualTypeOf<number>();
    expect([row?.name, row?.n]).toEqual(["spongebob", 1]);
    const outer = select(user.c.id, address).outerjoin(address).orderBy(user.c.id.desc());
    const [last] = (await connection.execute(outer)).all();
    expectTypeOf(last?.email).toEqualTypeOf<string | null>();
    expect(last?.email).toBeNull();
  });

  example("text with columns is a query as others are", async ({ values: found }) => {
    const query = text("SELECT id FROM user_account WHERE id > :low").columns({ id: t.integer });
    expect(await found(query.union(select(user.c.id)).orderBy("id"), { low: 2 })).toEqual([1, 2, 3]);
    expect(await found(select(user.c.name).where(user.c.id.in(query)), { low: 2 })).toEqual(["patrick"]);
  });
});
