import { describe, expect, expectTypeOf } from "vitest";
import {
  and,
  cast,
  desc,
  func,
  literalColumn,
  not,
  or,
  select,
  t,
  text,
  typeCoerce,
  unionAll,
  type ValueOf,
} from "../../../src/index.js";
import { address, fill, metadata, user } from "./accounts.js";
import { chapter } from "./chapter.js";

const example = chapter(metadata, fill);
const everyUser = "SELECT user_account.id, user_account.name, user_account.fullname FROM user_account";

describe("the select() construct, its columns and its FROM", () => {
  example("a table, with a condition", async ({ all, connection }) => {
    const statement = select(user).where(user.c.name.eq("spongebob"));
    expect(String(statement)).toBe(`${everyUser} WHERE user_account.name = :name_1`);
    expect(await all(statement)).toEqual([[1, "spongebob", "Spongebob Squarepants"]]);
    for (const row of await connection.execute(statement)) {
      expectTypeOf(row.fullname).toEqualTypeOf<string | null>();
      expect(row.name).toBe("spongebob");
    }
  });

  example("columns, one by one and several by name", async ({ all }) => {
    const { name, fullname } = user.c;
    expect(await all(select(name, fullname).orderBy(user.c.id).limit(1))).toEqual([
      ["spongebob", "Spongebob Squarepants"],
    ]);
  });

  example("expressions with labels", async ({ connection }) => {
    const statement = select(literalColumn<string>("'Username: '").concat(user.c.name).label("username")).orderBy(
      user.c.name,
    );
    const rows = (await connection.execute(statement)).mappings().all();
    expect(rows.map((row) => row["username"])).toEqual(["Username: patrick", "Username: sandy", "Username: spongebob"]);
  });

  example("text among the columns, and text with a label", async ({ all, connection }) => {
    expect(await all(select(text("'some phrase'"), user.c.name).orderBy(user.c.name).limit(1))).toEqual([
      ["some phrase", "patrick"],
    ]);
    const labelled = select({ p: literalColumn<string>("'some phrase'"), name: user.c.name }).orderBy(user.c.name);
    expect((await connection.execute(labelled)).first()).toEqual({ p: "some phrase", name: "patrick" });
  });
});

describe("the WHERE clause", () => {
  example("comparisons", () => {
    expect(String(user.c.name.eq("squidward"))).toBe("user_account.name = :name_1");
    expect(String(address.c.userId.gt(10))).toBe("address.user_id > :userId_1");
  });

  example("where() twice, and with several conditions, is AND", async ({ values }) => {
    const twice = select(address.c.email)
      .where(user.c.name.eq("sandy"))
      .where(address.c.userId.eq(user.c.id))
      .orderBy(address.c.id);
    const once = select(address.c.email)
      .where(user.c.name.eq("sandy"), address.c.userId.eq(user.c.id))
      .orderBy(address.c.id);
    expect(String(twice)).toBe(String(once));
    expect(await values(once)).toEqual(["sandy@sqlalchemy.org", "sandy@squirrelpower.org"]);
  });

  example("and() and or() are put in parentheses as they need", async ({ values }) => {
    const either = and(or(user.c.name.eq("squidward"), user.c.name.eq("sandy")), address.c.userId.eq(user.c.id));
    expect(String(either)).toBe(
      "(user_account.name = :name_1 OR user_account.name = :name_2) AND address.user_id = user_account.id",
    );
    expect(await values(select(address.c.id).where(either).orderBy(address.c.id))).toEqual([2, 3]);
  });

  example("filterBy()", async ({ values }) => {
    const statement = select(user).filterBy({ name: "spongebob", fullname: "Spongebob Squarepants" });
    expect(await values(statement)).toEqual([1]);
  });
});

describe("FROM and JOIN", () => {
  example("joinFrom(), join() and selectFrom() make the same join", async ({ all }) => {
    const on = "FROM user_account JOIN address ON user_account.id = address.user_id";
    const columns = [user.c.name, address.c.email] as const;
    expect(String(select(...columns).joinFrom(user, address))).toContain(on);
    expect(String(select(...columns).join(address))).toContain(on);
    expect(String(select(address.c.email).selectFrom(user).join(address))).toContain(on);
    expect(String(select(address.c.email).selectFrom(user).join(address, user.c.id.eq(address.c.userId)))).toContain(
      on,
    );
    expect(
      await all(
        select(...columns)
          .join(address)
          .orderBy(address.c.id)
          .limit(1),
      ),
    ).toEqual([["spongebob", "spongebob@sqlalchemy.org"]]);
  });

  example("count of a table", async ({ values }) => {
    expect(await values(select(func.count()).selectFrom(user))).toEqual([3]);
  });

  example("outer and full joins make the other side nullable", async ({ all, connection }) => {
    const left = select(user.c.name, address.c.email)
      .join(address, null, { isOuter: true })
      .orderBy(user.c.id, address.c.id);
    const [row] = (await connection.execute(left)).all();
    expectTypeOf(row?.[1]).toEqualTypeOf<string | null>();
    expect(await all(left)).toContainEqual(["patrick", null]);
    expect(await all(select(user.c.name, address.c.email).join(address, null, { full: true }))).toHaveLength(4);
    expect(String(select(user).outerjoin(address))).toContain("LEFT OUTER JOIN address");
  });
});

describe("ORDER BY, GROUP BY, HAVING", () => {
  example("ascending and descending", async ({ values }) => {
    expect(await values(select(user.c.name).orderBy(user.c.name))).toEqual(["patrick", "sandy", "spongebob"]);
    expect(await values(select(user.c.name).orderBy(user.c.fullname.desc()))).toEqual([
      "spongebob",
      "sandy",
      "patrick",
    ]);
  });

  example("groups with a condition", async ({ all }) => {
    const statement = select(user.c.name, func.count(address.c.id).label("count"))
      .join(address)
      .groupBy(user.c.name)
      .having(func.count(address.c.id).gt(1));
    expect(await all(statement)).toEqual([["sandy", 2]]);
  });

  example("ordered and grouped by a label", async ({ all, sql }) => {
    const statement = select(address.c.userId, func.count(address.c.id).label("num_addresses"))
      .groupBy("userId")
      .orderBy("userId", desc("num_addresses"));
    expect(sql(statement)).toContain("GROUP BY address.user_id ORDER BY address.user_id, num_addresses DESC");
    expect(await all(statement)).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });
});

describe("aliases, subqueries, CTEs", () => {
  example("a table beside itself", async ({ all }) => {
    const [one, two] = [user.alias(), user.alias()];
    const pairs = select(one.c.name, two.c.name).joinFrom(one, two, one.c.id.gt(two.c.id)).orderBy(one.c.id, two.c.id);
    expect(String(pairs)).toContain("user_account AS user_account_1 JOIN user_account AS user_account_2");
    expect(await all(pairs)).toEqual([
      ["sandy", "spongebob"],
      ["patrick", "spongebob"],
      ["patrick", "sandy"],
    ]);
  });

  const counts = () => select({ count: func.count(address.c.id), userId: address.c.userId }).groupBy(address.c.userId);

  example("a subquery joined by its foreign key", async ({ all }) => {
    const subquery = counts().subquery();
    expectTypeOf<ValueOf<typeof subquery.c.count>>().toEqualTypeOf<number>();
    expect(await all(select(subquery.c.userId, subquery.c.count).orderBy(subquery.c.userId))).toEqual([
      [1, 1],
      [2, 2],
    ]);
    const joined = select(user.c.name, subquery.c.count).joinFrom(user, subquery).orderBy(user.c.id);
    expect(await all(joined)).toEqual([
      ["spongebob", 1],
      ["sandy", 2],
    ]);
    expect(await all(subquery.select().orderBy(subquery.c.userId).limit(1))).toEqual([[1, 1]]);
  });

  example("a CTE in its place", async ({ all, sql }) => {
    const cte = counts().cte();
    const statement = select(user.c.name, cte.c.count).joinFrom(user, cte).orderBy(user.c.id);
    expect(sql(statement)).toMatch(/^WITH anon_1 AS \(SELECT count\(address.id\) AS count/);
    expect(await all(statement)).toEqual([
      ["spongebob", 1],
      ["sandy", 2],
    ]);
  });

  example("scalar subqueries correlate by themselves", async ({ all }) => {
    const count = select(func.count(address.c.id)).where(user.c.id.eq(address.c.userId)).scalarSubquery();
    expect(String(count)).toContain("FROM address, user_account");
    expect(await all(select(user.c.name, count.label("address_count")).orderBy(user.c.id))).toEqual([
      ["spongebob", 1],
      ["sandy", 2],
      ["patrick", 0],
    ]);
    expect(await all(select(user.c.name).where(count.eq(2)))).toEqual([["sandy"]]);
  });

  example(
    "a subquery that correlation leaves nothing says what to do, and correlate() does it",
    async ({ all, sql }) => {
      const count = select(func.count(address.c.id)).where(user.c.id.eq(address.c.userId)).scalarSubquery();
      const around = (value: typeof count) =>
        select(user.c.name, address.c.email, value.label("address_count"))
          .joinFrom(user, address)
          .orderBy(user.c.id, address.c.id);
      expect(() => sql(around(count))).toThrow(
        "is left without FROM, since the statement around it has them all. Say correlate(...)",
      );
      const expected = [
        ["spongebob", "spongebob@sqlalchemy.org", 1],
        ["sandy", "sandy@sqlalchemy.org", 2],
        ["sandy", "sandy@squirrelpower.org", 2],
      ];
      expect(await all(around(count.correlate(user)))).toEqual(expected);
      expect(await all(around(count.correlateExcept(address)))).toEqual(expected);
      expect(await all(around(count.correlate(user).where(address.c.id.gt(2))))).toContainEqual([
        "sandy",
        "sandy@sqlalchemy.org",
        1,
      ]);
    },
  );

  example("LATERAL", async ({ all, name, refuses }) => {
    const subquery = select({
      count: func.count(address.c.id),
      userId: address.c.userId,
    })
      .where(user.c.id.eq(address.c.userId))
      .groupBy(address.c.userId)
      .lateral();
    const statement = select(user.c.name, subquery.c.count).joinFrom(user, subquery).orderBy(user.c.id);
    if (name === "sqlite") refuses(statement, "LATERAL");
    else
      expect(await all(statement)).toEqual([
        ["spongebob", 1],
        ["sandy", 2],
      ]);
  });
});

describe("UNION and EXISTS", () => {
  const both = () =>
    unionAll(select(user).where(user.c.name.eq("sandy")), select(user).where(user.c.name.eq("spongebob")));

  example("rows of both, ordered, and as a subquery", async ({ all, values }) => {
    expect(await values(both().orderBy("id"))).toEqual([1, 2]);
    const subquery = both().subquery();
    const statement = select(subquery.c.name, address.c.email)
      .joinFrom(address, subquery)
      .orderBy(subquery.c.name, address.c.email);
    expect(await all(statement)).toEqual([
      ["sandy", "sandy@sqlalchemy.org"],
      ["sandy", "sandy@squirrelpower.org"],
      ["spongebob", "spongebob@sqlalchemy.org"],
    ]);
  });

  example("EXISTS, and not", async ({ values }) => {
    const several = select(func.count(address.c.id))
      .where(user.c.id.eq(address.c.userId))
      .groupBy(address.c.userId)
      .having(func.count(address.c.id).gt(1))
      .exists();
    expect(await values(select(user.c.name).where(several))).toEqual(["sandy"]);
    const any = select(address.c.id).where(user.c.id.eq(address.c.userId)).exists();
    expect(await values(select(user.c.name).where(not(any)))).toEqual(["patrick"]);
    expect(await values(select(user.c.name).where(any.not()))).toEqual(["patrick"]);
  });
});

describe("SQL functions", () => {
  example("functions, with their types", async ({ values }) => {
    expect(await values(select(func.lower("A String With Much UPPERCASE")))).toEqual(["a string with much uppercase"]);
    expect((await values(select(func.now())))[0]).toBeInstanceOf(Date);
    expect(String(func.some_crazy_function(user.c.name, 17))).toBe(
      "some_crazy_function(user_account.name, :some_crazy_function_1)",
    );
    expect(func.now().type.family).toBe("datetime");
    expect(func.max(user.c.id).type.family).toBe("integer");
    expect(func.run_some_calculation().type.family).toBe("null");
    expectTypeOf<ValueOf<ReturnType<typeof func.count>>>().toEqualTypeOf<number>();
    expect(await values(select(func.upper("lowercase").concat(" suffix")))).toEqual(["LOWERCASE suffix"]);
  });

  example("a member of a function's JSON", async ({ values }) => {
    const made = func.jsonObject("a", 1, "def", "x").returns(t.json<{ def: string }>());
    expect(await values(select(made.get("def").asString()))).toEqual(["x"]);
  });

  example("window functions", async ({ all }) => {
    const row = func.rowNumber().over({ partitionBy: user.c.name, orderBy: address.c.id });
    expect(await all(select(row, user.c.name).selectFrom(user).join(address).orderBy(address.c.id))).toEqual([
      [1, "spongebob"],
      [1, "sandy"],
      [2, "sandy"],
    ]);
    const count = func.count().over({ orderBy: user.c.name });
    expect(await all(select(count, user.c.name).selectFrom(user).join(address).orderBy(address.c.id))).toEqual([
      [3, "spongebob"],
      [2, "sandy"],
      [2, "sandy"],
    ]);
  });

  example("aggregates with an order, with a filter, and within a group", async ({ all, values, name, refuses }) => {
    const ordered = select(func.aggregateStrings(user.c.name, ",").aggregateOrderBy(user.c.name.desc()));
    expect(await values(ordered)).toEqual(["spongebob,sandy,patrick"]);
    const filtered = select(
      func.count(address.c.email).filter(user.c.name.eq("sandy")),
      func.count(address.c.email).filter(user.c.name.eq("spongebob")),
    )
      .selectFrom(user)
      .join(address);
    expect(await all(filtered)).toEqual([[2, 1]]);
    const quartiles = select(func.unnest(func.percentileDisc([0.25, 0.5, 0.75, 1]).withinGroup(user.c.name)));
    if (name === "sqlite") refuses(quartiles, "unnest");
    else expect(await values(quartiles)).toEqual(["patrick", "sandy", "spongebob", "spongebob"]);
  });

  example("functions as tables and as columns", async ({ values, name }) => {
    const each = func.jsonEach('["one", "two", "three"]').tableValued({ value: t.text });
    if (name === "sqlite")
      expect(await values(select(each).where(each.c.value.in(["two", "three"])))).toEqual(["two", "three"]);
    const x = func.jsonArrayElements('["one", "two"]').returns(t.text).columnValued("x");
    expect(await values(select(x))).toEqual(name === "sqlite" ? ["one", "two"] : ['"one"', '"two"']);
  });

  example("casts, in the database and for the program alone", async ({ values }) => {
    expect(await values(select(cast(user.c.id, t.string)).orderBy(user.c.id))).toEqual(["1", "2", "3"]);
    const coerced = typeCoerce({ someKey: { foo: "bar" } }, t.json<{ someKey: { foo: string } }>());
    expect(await values(select(coerced.get("someKey")))).toEqual([{ foo: "bar" }]);
  });
});
