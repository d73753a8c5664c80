import { describe, expect, it } from "vitest";
import {
  ArgumentError,
  bindparam,
  CompileError,
  column,
  compile,
  computed,
  DefaultDialect,
  defaultDialect,
  del,
  func,
  insert,
  MetaData,
  Sequence,
  select,
  standardCapabilities,
  t,
  table,
  text,
  update,
  values,
} from "../../src/sql/index.js";
import { bound, posts, qmark, refused, sql, users } from "./fixtures.js";

const metadata = new MetaData();
let counter = 0;
const things = table("things", metadata, {
  id: column(t.integer, { primaryKey: true, default: new Sequence("thing_ids") }),
  name: column(t.string, { nullable: false }),
  code: column(t.string, { default: "none" }),
  serial: column(t.integer, { default: () => ++counter }),
  shout: column(t.string, { default: func.upper("x") }),
  upper: column(t.string, { default: (context) => String(context.getCurrentParameters().name).toUpperCase() }),
  touched: column(t.integer, { onupdate: () => 7 }),
  twice: column(t.integer, { computed: computed("serial * 2") }),
});

describe("INSERT", () => {
  it("takes one row, several, and none", () => {
    expect(bound(insert(posts).values({ userId: 1, title: "a" }))).toEqual([
      "INSERT INTO posts (user_id, title) VALUES (?, ?)",
      [1, "a"],
    ]);
    expect(
      bound(
        insert(posts).values([
          { userId: 1, title: "a" },
          { userId: 2, title: "b" },
        ]),
      ),
    ).toEqual(["INSERT INTO posts (user_id, title) VALUES (?, ?), (?, ?)", [1, "a", 2, "b"]]);
    expect(sql(insert(posts))).toBe("INSERT INTO posts DEFAULT VALUES");
    expect(bound(insert(users).values({ name: "x", age: null }))).toEqual([
      "INSERT INTO users (name, age) VALUES (?, ?)",
      ["x", null],
    ]);
    expect(
      sql(insert(users).values({ name: func.lower("X"), age: select(func.max(posts.c.id)).scalarSubquery() })),
    ).toBe("INSERT INTO users (name, age) VALUES (lower(:lower_1), (SELECT max(posts.id) AS max_1 FROM posts))");
  });

  it("takes values that come at execution, by column key", () => {
    const compiled = compile(insert(users), qmark, { columnKeys: ["createdAt", "name"] });
    expect(compiled.text).toBe("INSERT INTO users (name, created_at) VALUES (?, ?)");
    expect(compiled.bind([], { name: "x", createdAt: null })).toEqual(["x", null]);
    refused(() => compiled.bind([], { name: "x" }), ArgumentError, "parameter createdAt has no value");
    refused(
      () => compile(insert(users), qmark, { columnKeys: ["nme"] }),
      ArgumentError,
      'has no column "nme"; it has: id, name',
    );
  });

  it("makes client-side defaults for each execution", () => {
    counter = 0;
    const stmt = insert(things).values({ name: "ada" });
    const compiled = compile(stmt, qmark);
    expect(compiled.text).toBe(
      "INSERT INTO things (id, name, code, serial, shout, upper) VALUES (nextval('thing_ids'), ?, ?, ?, upper(?), ?)",
    );
    const { binds } = stmt.memoizedKey ?? { binds: [] };
    expect(compiled.bind(binds)).toEqual(["ada", "none", 1, "x", "ADA"]);
    expect(compiled.bind(binds)).toEqual(["ada", "none", 2, "x", "ADA"]);
    const many = compile(insert(things), qmark, { columnKeys: ["name"] });
    expect(many.bind([], { name: "bob" })).toEqual(["bob", "none", 3, "x", "BOB"]);
  });

  it("takes the rows of a query", () => {
    expect(sql(insert(posts).fromSelect(["userId", "title"], select(users.c.id, users.c.name)))).toBe(
      "INSERT INTO posts (user_id, title) SELECT users.id, users.name FROM users",
    );
    refused(
      () => insert(posts).fromSelect(["title"], select(users.c.id, users.c.name)),
      ArgumentError,
      "1 columns are named and the query selects 2",
    );
  });

  it("gives rows back", () => {
    const stmt = insert(posts).values({ userId: 1, title: "a" });
    expect(sql(stmt.returning(posts.c.id, posts.c.title.as("t")))).toBe(
      "INSERT INTO posts (user_id, title) VALUES (:user_id_1, :title_1) RETURNING id, title AS t".replaceAll(
        ":user_id_1",
        ":userId_1",
      ),
    );
    expect(sql(stmt.returning())).toContain("RETURNING id, user_id, title");
    const compiled = compile(stmt.returning(posts.c.userId));
    expect(compiled.returnsRows).toBe(true);
    expect(compiled.resultColumns?.map((each) => [each.name, each.key])).toEqual([["user_id", "userId"]]);
  });

  it("does nothing or updates on a conflict", () => {
    const stmt = insert(users).values({ id: 1, name: "a" });
    expect(sql(stmt.onConflictDoNothing())).toBe(
      "INSERT INTO users (id, name) VALUES (:id_1, :name_1) ON CONFLICT DO NOTHING",
    );
    expect(sql(stmt.onConflictDoNothing({ constraint: "users_pkey" }))).toContain(
      "ON CONFLICT ON CONSTRAINT users_pkey DO NOTHING",
    );
    expect(
      sql(
        stmt.onConflictDoUpdate({
          indexElements: [users.c.id],
          indexWhere: users.c.age.gt(1),
          set: { name: stmt.excluded.name, age: 3 },
          where: users.c.name.ne(stmt.excluded.name),
        }),
      ),
    ).toBe(
      "INSERT INTO users (id, name) VALUES (:id_1, :name_1) ON CONFLICT (id) WHERE age > 1 DO UPDATE SET name = excluded.name, age = :age_1 WHERE users.name != excluded.name",
    );
    refused(() => stmt.onConflictDoUpdate({ indexElements: ["id"], set: {} }), ArgumentError, "sets nothing");
    refused(
      () => stmt.onConflictDoUpdate({ indexElements: ["nothing"], set: { age: 1 } }),
      ArgumentError,
      'no column "nothing"',
    );
  });

  it("refuses what does not fit the table", () => {
    refused(
      () => insert(users).values({ nme: "x" } as never),
      ArgumentError,
      'insert into users: table users has no column "nme"; it has: id, name',
    );
    refused(
      () => insert(users).values({ name: undefined as never }),
      ArgumentError,
      "insert: users.name: the value is undefined",
    );
    refused(() => insert(users).values([]), ArgumentError, "values([]) has no row");
    refused(() => insert(users).values("x" as never), ArgumentError, 'takes objects of values by column, not "x"');
    refused(
      () => insert(users).values([{ name: "a" }, { name: "b", age: 1 }]),
      ArgumentError,
      "row 2 gives (name, age) and row 1 (name)",
    );
    refused(
      () => insert(things).values({ name: "x", twice: 4 } as never),
      ArgumentError,
      "things.twice is computed by the database",
    );
    refused(
      () => bound(insert(users).values({ name: "x", age: 1.5 })),
      ArgumentError,
      "age: 1.5 is not a whole number",
    );
    refused(() => insert(select(users) as never), ArgumentError, "insert() takes a table");
  });
});

describe("UPDATE", () => {
  it("sets values and expressions where conditions hold", () => {
    expect(
      bound(
        update(users)
          .values({ age: 3, name: users.c.name.concat("!") })
          .where(users.c.id.eq(1)),
      ),
    ).toEqual(["UPDATE users SET age = ?, name = users.name || ? WHERE users.id = ?", [3, "!", 1]]);
    expect(sql(users.update().orderedValues(["name", "x"], [users.c.age, 1]).filterBy({ id: 4 }))).toBe(
      "UPDATE users SET name = :name_1, age = :age_1 WHERE users.id = :id_1",
    );
    expect(sql(update(users).all().values({ age: 1 }).returning(users.c.id))).toBe(
      "UPDATE users SET age = :age_1 RETURNING id",
    );
  });

  it("takes other tables along", () => {
    expect(sql(update(users).values({ name: posts.c.title }).where(posts.c.userId.eq(users.c.id)))).toBe(
      "UPDATE users SET name = posts.title FROM posts WHERE posts.user_id = users.id",
    );
    const v = values({ id: t.integer, age: t.integer }, [{ id: 1, age: 2 }], "v");
    expect(
      sql(update(users).values({ age: v.c.age }).where(users.c.id.eq(v.c.id)).returning(users.c.id, v.c.age)),
    ).toBe(
      "UPDATE users SET age = v.age FROM (VALUES (:id_1, :age_1)) AS v (id, age) WHERE users.id = v.id RETURNING users.id, v.age",
    );
    const count = select(func.count(posts.c.id)).where(posts.c.userId.eq(users.c.id)).scalarSubquery();
    expect(sql(update(users).all().values({ age: count }))).toBe(
      "UPDATE users SET age = (SELECT count(posts.id) AS count_1 FROM posts WHERE posts.user_id = users.id)",
    );
  });

  it("takes values at execution, and makes what changes with every update", () => {
    const stmt = update(things).where(things.c.id.eq(bindparam("key")));
    const compiled = compile(stmt, qmark, { columnKeys: ["name"] });
    expect(compiled.text).toBe("UPDATE things SET name = ?, touched = ? WHERE things.id = ?");
    expect(compiled.bind(stmt.memoizedKey?.binds ?? [], { name: "x", key: 3 })).toEqual(["x", 7, 3]);
    refused(() => sql(update(posts).all()), ArgumentError, "update posts sets nothing");
    refused(
      () =>
        update(users)
          .all()
          .values({ nme: 1 } as never),
      ArgumentError,
      'update users: table users has no column "nme"',
    );
  });
});

describe("DELETE", () => {
  it("deletes where conditions hold, with other tables and rows given back", () => {
    expect(sql(del(users).where(users.c.id.eq(1)))).toBe("DELETE FROM users WHERE users.id = :id_1");
    expect(sql(users.delete().all())).toBe("DELETE FROM users");
    expect(sql(del(posts).where(posts.c.userId.eq(users.c.id), users.c.age.gt(3)))).toBe(
      "DELETE FROM posts USING users WHERE posts.user_id = users.id AND users.age > :age_1",
    );
    expect(sql(del(posts).using(users).where(text("true")).returning(posts.c.id))).toBe(
      "DELETE FROM posts USING users WHERE true RETURNING posts.id",
    );
  });
});

describe("what a dialect has not", () => {
  class Poor extends DefaultDialect {
    override readonly name = "poor";
    override readonly capabilities = {
      ...standardCapabilities,
      returning: false,
      onConflict: false,
      updateFrom: false,
      deleteUsing: false,
      multiRowValues: false,
      fullJoin: false,
      lateral: false,
      distinctOn: false,
    };
  }
  const poor = new Poor();

  it("is refused by name, with the construct", () => {
    const one = insert(posts).values({ userId: 1, title: "a" });
    for (const [stmt, text] of [
      [one.returning(posts.c.id), "poor has no INSERT ... RETURNING"],
      [one.onConflictDoNothing(), "poor has no ON CONFLICT"],
      [
        insert(posts).values([
          { userId: 1, title: "a" },
          { userId: 2, title: "a" },
        ]),
        "poor has no INSERT of several rows",
      ],
      [update(users).all().values({ name: posts.c.title }), "poor has no UPDATE ... FROM"],
      [del(posts).where(posts.c.userId.eq(users.c.id)), "poor has no DELETE ... USING"],
      [select(users.c.id).fullJoin(posts), "poor has no FULL OUTER JOIN"],
      [select(users.c.id).distinctOn(users.c.age), "poor has no DISTINCT ON"],
    ] as const) {
      refused(() => sql(stmt, {}, poor), CompileError, text);
    }
    expect(sql(select(users.c.id).withForUpdate(), {}, defaultDialect)).toContain("FOR UPDATE");
  });
});
