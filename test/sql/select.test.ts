import { describe, expect, expectTypeOf, it } from "vitest";
import {
  AmbiguousForeignKeysError,
  ArgumentError,
  and,
  bindparam,
  CompileError,
  column,
  compile,
  DefaultDialect,
  exists,
  func,
  groupingSets,
  InvalidRequestError,
  literalColumn,
  MetaData,
  NoForeignKeysError,
  NoSuchColumnError,
  rollup,
  select,
  standardCapabilities,
  t,
  table,
  text,
  tuple,
  values,
  windowSpec,
} from "../../src/sql/index.js";
import { bound, comments, numbered, posts, refused, sql, users } from "./fixtures.js";

describe("the select list", () => {
  it("names tables, columns, labels and expressions", () => {
    expect(sql(select(posts))).toBe("SELECT posts.id, posts.user_id, posts.title FROM posts");
    expect(sql(posts.select())).toBe("SELECT posts.id, posts.user_id, posts.title FROM posts");
    expect(sql(select(users.c.id.as("uid"), func.count()))).toBe(
      "SELECT users.id AS uid, count(*) AS count_1 FROM users",
    );
    expect(sql(select({ n: users.c.name, id: users.c.id }))).toBe("SELECT users.name AS n, users.id FROM users");
    expect(sql(select(text("1"), literalColumn("x")))).toBe("SELECT 1, x");
  });

  it("gives each column a name of its own", () => {
    expect(sql(select(users.c.id, posts.c.id))).toBe("SELECT users.id, posts.id AS id_1 FROM users, posts");
    expect(sql(select(users.c.age.add(1), users.c.age.cast(t.text)))).toBe(
      "SELECT users.age + :age_1 AS anon_1, CAST(users.age AS TEXT) AS age FROM users",
    );
    const { resultColumns } = compile(select(users.c.createdAt, posts.c.id, users.c.id));
    expect(resultColumns?.map(({ name, key }) => [name, key])).toEqual([
      ["created_at", "createdAt"],
      ["id", "id"],
      ["id_1", "id_1"],
    ]);
  });

  it("can be changed afterwards", () => {
    const stmt = select(users.c.id, users.c.name).where(users.c.id.gt(1)).orderBy(users.c.name).limit(3);
    expect(sql(stmt.withOnlyColumns(func.count(users.c.id)).orderBy(null).limit(null))).toBe(
      "SELECT count(users.id) AS count_1 FROM users WHERE users.id > :id_1",
    );
    expect(sql(select(users.c.id).addColumns(users.c.name))).toBe("SELECT users.id, users.name FROM users");
  });

  it("refuses what cannot be selected", () => {
    refused(() => select("id" as never), ArgumentError, 'select() got the string "id"');
    refused(() => select({} as never), ArgumentError, "selects nothing");
    refused(() => select((() => 1) as never), ArgumentError, "is not a mapped class");
    refused(() => select({ x: 5 } as never), ArgumentError, "select({ x }) takes columns");
    class Unmapped {}
    refused(() => select(Unmapped), ArgumentError, "Unmapped is not a mapped class. Is @Entity missing");
  });
});

describe("clauses", () => {
  it("come in SQL's order whatever the order of the calls", () => {
    const stmt = select(users.c.name, func.count(posts.c.id).as("n"))
      .limit(10)
      .offset(5)
      .orderBy(users.c.name.desc())
      .having(func.count(posts.c.id).gt(1))
      .groupBy(users.c.name)
      .where(users.c.id.gt(3))
      .join(posts)
      .distinct();
    expect(bound(stmt)).toEqual([
      "SELECT DISTINCT users.name, count(posts.id) AS n FROM users JOIN posts ON users.id = posts.user_id WHERE users.id > ? GROUP BY users.name HAVING count(posts.id) > ? ORDER BY users.name DESC LIMIT ? OFFSET ?",
      [3, 1, 10, 5],
    ]);
  });

  it("collect conditions with AND, groups with OR inside", () => {
    expect(sql(select(users.c.id).where(users.c.id.eq(1)).where(users.c.age.eq(2).or(users.c.age.isNull())))).toBe(
      "SELECT users.id FROM users WHERE users.id = :id_1 AND (users.age = :age_1 OR users.age IS NULL)",
    );
    expect(sql(select(users.c.id).where(text("a OR b"), users.c.id.eq(1)))).toBe(
      "SELECT users.id FROM users WHERE (a OR b) AND users.id = :id_1",
    );
    expect(sql(select(users).filterBy({ name: "x", age: null }).withOnlyColumns(users.c.id))).toBe(
      "SELECT users.id FROM users WHERE users.name = :name_1 AND users.age IS NULL",
    );
  });

  it("name labels in ORDER BY and GROUP BY", () => {
    const n = func.count(posts.c.id).as("n");
    expect(sql(select(posts.c.userId, n).groupBy(posts.c.userId).orderBy(n.desc()))).toBe(
      "SELECT posts.user_id, count(posts.id) AS n FROM posts GROUP BY posts.user_id ORDER BY n DESC",
    );
    expect(sql(select(posts.c.userId).groupBy(posts.c.userId).orderBy(n))).toBe(
      "SELECT posts.user_id FROM posts GROUP BY posts.user_id ORDER BY count(posts.id)",
    );
  });

  it("limit by slices, FETCH and DISTINCT ON", () => {
    expect(bound(select(users.c.id).slice(10, 15))).toEqual(["SELECT users.id FROM users LIMIT ? OFFSET ?", [5, 10]]);
    expect(bound(select(users.c.id).fetch(3, { withTies: true }))).toEqual([
      "SELECT users.id FROM users FETCH FIRST (?) ROWS WITH TIES",
      [3],
    ]);
    expect(sql(select(users.c.id).distinctOn(users.c.name))).toBe(
      "SELECT DISTINCT ON (users.name) users.id FROM users",
    );
    refused(() => select(users).limit(-1), ArgumentError, "limit() takes a whole number that is not negative, not -1");
    refused(() => select(users).offset(1.5), ArgumentError, "offset()");
  });

  it("lock rows", () => {
    const stmt = select(users.c.id);
    expect(sql(stmt.withForUpdate())).toBe("SELECT users.id FROM users FOR UPDATE");
    expect(sql(stmt.withForUpdate({ nowait: true, of: users }))).toBe(
      "SELECT users.id FROM users FOR UPDATE OF users NOWAIT",
    );
    expect(sql(stmt.withForUpdate({ skipLocked: true, read: true, keyShare: true }))).toBe(
      "SELECT users.id FROM users FOR KEY SHARE SKIP LOCKED",
    );
    expect(sql(stmt.withForUpdate({ keyShare: true }))).toBe("SELECT users.id FROM users FOR NO KEY UPDATE");
  });

  it("take hints, prefixes and suffixes, each for its dialect", () => {
    const stmt = select(users.c.id)
      .prefixWith("SQL_NO_CACHE")
      .suffixWith("OPTION (x)", "other")
      .withStatementHint("/* h */");
    expect(sql(stmt)).toBe("SELECT SQL_NO_CACHE users.id FROM users /* h */");
    expect(sql(select(users.c.id).withHint(users, "INDEXED BY i"))).toBe("SELECT users.id FROM users INDEXED BY i");
  });

  it("name windows and group by sets", () => {
    const stmt = select(func.count().over({ name: "w" }))
      .selectFrom(users)
      .window("w", windowSpec({ partitionBy: users.c.age }));
    expect(sql(stmt)).toBe("SELECT count(*) OVER w AS count_1 FROM users WINDOW w AS (PARTITION BY users.age)");
    expect(sql(select(users.c.age).groupBy(rollup(users.c.age, users.c.name)))).toBe(
      "SELECT users.age FROM users GROUP BY ROLLUP(users.age, users.name)",
    );
    expect(sql(select(users.c.age).groupBy(groupingSets(tuple(users.c.age), tuple())))).toBe(
      "SELECT users.age FROM users GROUP BY GROUPING SETS((users.age), ())",
    );
  });
});

describe("joins", () => {
  it("find their condition in the foreign keys", () => {
    expect(sql(select(users.c.id).join(posts).join(comments))).toBe(
      "SELECT users.id FROM users JOIN posts ON users.id = posts.user_id JOIN comments ON posts.id = comments.post_id",
    );
    expect(sql(select(posts.c.id).outerjoin(users))).toBe(
      "SELECT posts.id FROM posts LEFT OUTER JOIN users ON users.id = posts.user_id".replace(
        "users.id = posts.user_id",
        "posts.user_id = users.id",
      ),
    );
    expect(sql(select(users.c.id).fullJoin(posts))).toContain("FULL OUTER JOIN posts");
    expect(sql(select(users.c.id).rightJoin(posts))).toContain("RIGHT OUTER JOIN posts");
    expect(sql(select(users.c.id).crossJoin(posts))).toBe("SELECT users.id FROM users CROSS JOIN posts");
    expect(sql(select(users.c.id).join(posts, and(posts.c.userId.eq(users.c.id), posts.c.title.eq("x"))))).toBe(
      "SELECT users.id FROM users JOIN posts ON posts.user_id = users.id AND posts.title = :title_1",
    );
  });

  it("start where selectFrom and joinFrom say", () => {
    expect(sql(select(func.count()).selectFrom(users).join(posts))).toBe(
      "SELECT count(*) AS count_1 FROM users JOIN posts ON users.id = posts.user_id",
    );
    expect(sql(select(users.c.id, posts.c.id).joinFrom(users, posts))).toBe(
      "SELECT users.id, posts.id AS id_1 FROM users JOIN posts ON users.id = posts.user_id",
    );
    expect(sql(select(users.c.id).selectFrom(users.join(posts).outerjoin(comments)))).toBe(
      "SELECT users.id FROM users JOIN posts ON users.id = posts.user_id LEFT OUTER JOIN comments ON posts.id = comments.post_id",
    );
  });

  it("join aliases, made up or named, each under its own name", () => {
    const a = users.alias();
    const b = users.alias();
    expect(sql(select(a.c.id).join(b, a.c.id.eq(b.c.age)))).toBe(
      "SELECT users_1.id FROM users AS users_1 JOIN users AS users_2 ON users_1.id = users_2.age",
    );
    const boss = users.alias("boss");
    expect(sql(select(boss.c.id).where(boss.c.id.eq(users.c.age)))).toBe(
      "SELECT boss.id FROM users AS boss, users WHERE boss.id = users.age",
    );
  });

  it("refuse what foreign keys do not settle", () => {
    refused(
      () => sql(select(users.c.id).join(comments)),
      InvalidRequestError,
      "there is nothing that table comments could be joined to by a foreign key (looked at table ",
    );
    refused(() => users.join(comments), NoForeignKeysError, "no foreign key connects table users and table comments");
    const md = new MetaData();
    const people = table("people", md, { id: column(t.integer, { primaryKey: true }) });
    const letters = table("letters", md, {
      id: column(t.integer, { primaryKey: true }),
      from: column(t.integer, { foreignKey: "people.id" }),
      to: column(t.integer, { foreignKey: "people.id" }),
    });
    refused(
      () => people.join(letters),
      AmbiguousForeignKeysError,
      "2 foreign keys connect table people and table letters",
    );
  });

  it("join subqueries laterally", () => {
    const last = select(posts.c.title).where(posts.c.userId.eq(users.c.id)).limit(1).lateral("last");
    expect(sql(select(users.c.id, last.c.title).join(last, text("true")))).toBe(
      "SELECT users.id, last.title FROM users JOIN LATERAL (SELECT posts.title FROM posts WHERE posts.user_id = users.id LIMIT :param_1) AS last ON true",
    );
  });
});

describe("subqueries", () => {
  it("correlate by themselves in WHERE and in the select list", () => {
    expect(sql(select(users.c.id).where(exists(posts).where(posts.c.userId.eq(users.c.id))))).toBe(
      "SELECT users.id FROM users WHERE EXISTS (SELECT 1 FROM posts WHERE posts.user_id = users.id)",
    );
    const count = select(func.count(posts.c.id)).where(posts.c.userId.eq(users.c.id)).scalarSubquery();
    expect(sql(select(users.c.id, count.as("n")))).toBe(
      "SELECT users.id, (SELECT count(posts.id) AS count_1 FROM posts WHERE posts.user_id = users.id) AS n FROM users",
    );
    expect(sql(select(users.c.id).where(users.c.age.gt(select(func.max(posts.c.id)))))).toBe(
      "SELECT users.id FROM users WHERE users.age > (SELECT max(posts.id) AS max_1 FROM posts)",
    );
  });

  it("do not correlate in FROM", () => {
    const sub = select(posts.c.id, users.c.name).where(posts.c.userId.eq(users.c.id)).subquery("s");
    expect(sql(select(users.c.id, sub.c.name).where(sub.c.id.eq(users.c.id)))).toBe(
      "SELECT users.id, s.name FROM users, (SELECT posts.id, users.name FROM posts, users WHERE posts.user_id = users.id) AS s WHERE s.id = users.id",
    );
  });

  it("correlate as told", () => {
    const inner = select(posts.c.id).where(posts.c.userId.eq(users.c.id));
    expect(sql(select(users.c.id).where(inner.correlate(null).exists()))).toBe(
      "SELECT users.id FROM users WHERE EXISTS (SELECT posts.id FROM posts, users WHERE posts.user_id = users.id)",
    );
    expect(sql(select(users.c.id).where(inner.correlateExcept(posts).exists()))).toBe(
      "SELECT users.id FROM users WHERE EXISTS (SELECT posts.id FROM posts WHERE posts.user_id = users.id)",
    );
    refused(
      () => sql(select(users.c.id, posts.c.id).where(exists(posts).where(posts.c.userId.eq(users.c.id)))),
      InvalidRequestError,
      "is left without FROM",
    );
  });

  it("have columns by key, and refuse others by name", () => {
    const sub = select(users.c.createdAt, users.c.id).subquery("s");
    expect(sql(select(sub.c.createdAt))).toBe(
      "SELECT s.created_at FROM (SELECT users.created_at, users.id FROM users) AS s",
    );
    refused(
      () => sub.column("nothing"),
      NoSuchColumnError,
      'subquery s has no column "nothing"; it has: createdAt, id.',
    );
  });

  it("get names by themselves", () => {
    const one = select(users.c.id).subquery();
    const two = select(posts.c.id).subquery();
    expect(sql(select(one.c.id, two.c.id))).toBe(
      "SELECT anon_1.id, anon_2.id AS id_1 FROM (SELECT users.id FROM users) AS anon_1, (SELECT posts.id FROM posts) AS anon_2",
    );
  });
});

describe("CTEs", () => {
  it("are written once at the top, those that others use first", () => {
    const first = select(users.c.id).where(users.c.age.gt(3)).cte("first");
    const second = select(first.c.id).cte("second");
    const again = first.alias("again");
    expect(sql(select(second.c.id).join(again, again.c.id.eq(second.c.id)))).toBe(
      "WITH first AS (SELECT users.id FROM users WHERE users.age > :age_1), second AS (SELECT first.id FROM first) SELECT second.id FROM second JOIN first AS again ON again.id = second.id",
    );
  });

  it("recur", () => {
    const tree = select(users.c.id, users.c.age).where(users.c.age.isNull()).cte("tree", { recursive: true });
    const whole = tree.unionAll(select(users.c.id, users.c.age).join(tree, tree.c.id.eq(users.c.age)));
    expect(sql(select(whole.c.id))).toBe(
      "WITH RECURSIVE tree (id, age) AS (SELECT users.id, users.age FROM users WHERE users.age IS NULL UNION ALL SELECT users.id, users.age FROM users JOIN tree ON tree.id = users.age) SELECT tree.id FROM tree",
    );
  });

  it("hold data-modifying statements", () => {
    const gone = posts.delete().where(posts.c.id.lt(5)).returning(posts.c.userId).cte("gone");
    expect(sql(select(func.count(gone.c.userId)))).toBe(
      "WITH gone AS (DELETE FROM posts WHERE posts.id < :id_1 RETURNING user_id) SELECT count(gone.user_id) AS count_1 FROM gone",
    );
    const silent = users.update().all().values({ age: 1 }).cte("silent");
    expect(sql(select(posts.c.id).addCte(silent))).toBe(
      "WITH silent AS (UPDATE users SET age = :age_1) SELECT posts.id FROM posts",
    );
  });

  it("say how they are kept", () => {
    const kept = select(users.c.id).cte("kept", { materialized: true });
    expect(sql(select(kept.c.id))).toBe(
      "WITH kept AS MATERIALIZED (SELECT users.id FROM users) SELECT kept.id FROM kept",
    );
  });

  it("put their parameters where the text has them", () => {
    const cte = select(users.c.id).where(users.c.age.eq(1)).cte("c");
    const stmt = select(cte.c.id).where(cte.c.id.eq(2)).limit(3);
    expect(bound(stmt)).toEqual([
      "WITH c AS (SELECT users.id FROM users WHERE users.age = ?) SELECT c.id FROM c WHERE c.id = ? LIMIT ?",
      [1, 2, 3],
    ]);
  });
});

describe("set operations", () => {
  it("join queries, order the whole, and group members with clauses of their own", () => {
    const a = select(users.c.id);
    const b = select(posts.c.id);
    expect(sql(a.union(b))).toBe("SELECT users.id FROM users UNION SELECT posts.id FROM posts");
    expect(sql(a.unionAll(b).orderBy("id").limit(3))).toBe(
      "SELECT users.id FROM users UNION ALL SELECT posts.id FROM posts ORDER BY id LIMIT :param_1",
    );
    expect(sql(a.orderBy(users.c.id).limit(1).union(b))).toBe(
      "(SELECT users.id FROM users ORDER BY users.id LIMIT :param_1) UNION SELECT posts.id FROM posts",
    );
    expect(sql(a.union(b).except(b))).toBe(
      "(SELECT users.id FROM users UNION SELECT posts.id FROM posts) EXCEPT SELECT posts.id FROM posts",
    );
    const sub = a.intersect(b).subquery("s");
    expect(sql(select(sub.c.id))).toBe(
      "SELECT s.id FROM (SELECT users.id FROM users INTERSECT SELECT posts.id FROM posts) AS s",
    );
    refused(
      () => a.union(select(posts.c.id, posts.c.title) as never),
      ArgumentError,
      "query 1 selects 1 columns and query 2 selects 2",
    );
    refused(() => a.union(b).orderBy("nothing"), ArgumentError, "the columns are id");
  });
});

describe("VALUES, text and functions in FROM", () => {
  it("are typed tables", () => {
    const v = values({ id: t.integer, word: t.string }, [{ id: 1, word: "a" }, [2, "b"]], "v");
    expect(bound(select(v.c.word).where(v.c.id.gt(0)))).toEqual([
      "SELECT v.word FROM (VALUES (?, ?), (?, ?)) AS v (id, word) WHERE v.id > ?",
      [1, "a", 2, "b", 0],
    ]);
    class Unnamed extends DefaultDialect {
      override readonly capabilities = { ...standardCapabilities, derivedColumnNames: false };
    }
    expect(sql(select(v.c.word), {}, new Unnamed())).toBe(
      "SELECT v.word FROM (SELECT column1 AS id, column2 AS word FROM (VALUES (:id_1, :word_1), (:id_2, :word_2))) AS v",
    );
    refused(() => values({ id: t.integer }, [[1, 2]]), ArgumentError, "row 1 has 2 values for 1 columns");
    const sub = text("SELECT id FROM users WHERE age > :age").columns({ id: t.integer }).subquery("s");
    expect(bound(select(sub.c.id), { age: 3 })).toEqual([
      "SELECT s.id FROM (SELECT id FROM users WHERE age > ?) AS s",
      [3],
    ]);
    const each = (func as never as Record<string, (x: unknown) => ReturnType<typeof func.count>>)
      .json_each?.(users.c.settings)
      .tableValued({ key: t.text, value: t.text }, { name: "e" });
    expect(
      sql(
        select(each?.c.value as never)
          .selectFrom(users)
          .joinFrom(users, each as never, text("true")),
      ),
    ).toBe("SELECT e.value FROM users JOIN json_each(users.settings) AS e ON true");
    const series = func.unnest(users.c.labels).columnValued("label");
    expect(sql(select(series))).toBe("SELECT label FROM users, unnest(users.labels) AS label".replace("users, ", ""));
    expect(sql(select(users.tablesample(10, { method: "bernoulli", seed: 3 }).c.id))).toBe(
      "SELECT users_1.id FROM users AS users_1 TABLESAMPLE bernoulli(:percent_1) REPEATABLE (:seed_1)",
    );
  });
});

describe("parameters", () => {
  it("are named, numbered or positional, by the dialect", () => {
    const p = bindparam("x", 3, t.integer);
    const typed = bindparam("x", t.integer);
    expectTypeOf(typed).toEqualTypeOf(bindparam("x", 3, t.integer));
    expect(sql(select(typed.add(1)))).toBe(sql(select(bindparam("x", undefined, t.integer).add(1))));
    const stmt = select(users.c.id).where(users.c.id.eq(p), users.c.age.eq(p));
    expect(sql(stmt)).toBe("SELECT users.id FROM users WHERE users.id = :x AND users.age = :x");
    expect(bound(stmt)).toEqual(["SELECT users.id FROM users WHERE users.id = ? AND users.age = ?", [3, 3]]);
    expect(bound(stmt, {}, numbered)).toEqual([
      "SELECT users.id FROM users WHERE users.id = $1 AND users.age = $1",
      [3],
    ]);
    expect(bound(stmt, { x: 4 })[1]).toEqual([4, 4]);
    expect(bound(stmt.params({ x: 5 }))[1]).toEqual([5, 5]);
    refused(() => stmt.params({ y: 5 }), ArgumentError, 'the statement has no parameter "y"; it has: x.');
  });

  it("must have values", () => {
    const stmt = select(users.c.id).where(users.c.id.eq(bindparam("x")));
    refused(() => bound(stmt), ArgumentError, "parameter x has no value. Give it at execution");
    refused(() => bound(stmt, { x: undefined }), ArgumentError, "parameter x is undefined");
    refused(() => bound(stmt, { x: 1.5 }), ArgumentError, "x: 1.5 is not a whole number");
  });

  it("can be written out as literals", () => {
    const stmt = select(users.c.id)
      .where(users.c.name.eq("O'Brien"), users.c.id.in([1, 2]), users.c.active.eq(true))
      .limit(5);
    expect(sql(stmt, { literalBinds: true })).toBe(
      "SELECT users.id FROM users WHERE users.name = 'O''Brien' AND users.id IN (1, 2) AND users.active = true LIMIT 5",
    );
  });
});

describe("conditions that are none", () => {
  it("are refused with the way out", () => {
    refused(() => select(users).where(true as never), ArgumentError, "where() got true, not an SQL expression");
    refused(() => select(users).where((() => true) as never), ArgumentError, "no mapped class is selected");
    refused(() => select(users).where(undefined as never), ArgumentError, "where() got undefined");
    refused(() => select(users).where("a = 1" as never), ArgumentError, 'Write text("a = 1")');
    refused(
      () => sql(select(users.c.id).orderBy("nix")),
      CompileError,
      'names "nix", and the statement selects id; no element of its FROM has a column of that name.',
    );
    refused(() => select(users).filterBy({ name: undefined }), ArgumentError, "name is undefined");
    refused(
      () => select(users).selectFrom(select(users) as never),
      ArgumentError,
      "A select becomes one by .subquery()",
    );
  });
});

describe("a table without columns", () => {
  it("is named, as an unreadable view is that was reflected", () => {
    const odd = table("odd", new MetaData(), {});
    expect(() => sql(select(odd))).toThrow(
      "a SELECT needs at least one column, and table odd has none here. A view that cannot be read is reflected without columns: mend it and",
    );
  });
});
