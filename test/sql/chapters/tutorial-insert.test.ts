import { describe, expect } from "vitest";
import { bindparam, func, insert, select } from "../../../src/index.js";
import { address, fill, metadata, user } from "./accounts.js";
import { chapter } from "./chapter.js";

const example = chapter(metadata, fill);

describe("Using INSERT Statements", () => {
  example("values, their text and their parameters", ({ sql, name }) => {
    const statement = insert(user).values({ name: "spongebob", fullname: "Spongebob Squarepants" });
    expect(String(statement)).toBe("INSERT INTO user_account (name, fullname) VALUES (:name_1, :fullname_1)");
    expect(statement.compile().values()).toEqual(["spongebob", "Spongebob Squarepants"]);
    expect(sql(statement)).toContain(name === "sqlite" ? "VALUES (?, ?)" : "VALUES ($1, $2)");
  });

  example("the result knows the key", async ({ connection }) => {
    const result = await connection.execute(insert(user).values({ name: "gary" }));
    expect(result.insertedPrimaryKey).toEqual([4]);
  });

  example("the columns are those that the sets of parameters give", async ({ connection, values }) => {
    await connection.execute(insert(user), [
      { name: "squidward", fullname: "Squidward Tentacles" },
      { name: "krabs", fullname: "Eugene Krabs" },
    ]);
    expect(await values(select(user.c.fullname).where(user.c.id.gt(3)).orderBy(user.c.id))).toEqual([
      "Squidward Tentacles",
      "Eugene Krabs",
    ]);
  });

  example(
    "an expression in values() with parameters of its own, beside columns that are given",
    async ({ connection, all }) => {
      const owner = select(user.c.id)
        .where(user.c.name.eq(bindparam("username")))
        .scalarSubquery();
      await connection.execute(insert(address).values({ userId: owner, email: bindparam("email") }), [
        { username: "spongebob", email: "spongebob@bikini.org" },
        { username: "sandy", email: "sandy@bikini.org" },
      ]);
      expect(
        await all(select(address.c.userId, address.c.email).where(address.c.id.gt(3)).orderBy(address.c.id)),
      ).toEqual([
        [1, "spongebob@bikini.org"],
        [2, "sandy@bikini.org"],
      ]);
    },
  );

  example("a row of defaults", async ({ connection, sql: text }) => {
    expect(text(insert(user).values({}))).toBe("INSERT INTO user_account DEFAULT VALUES");
    expect((await connection.execute(insert(user).values({}))).insertedPrimaryKey).toHaveLength(1);
  });

  example("RETURNING", async ({ connection }) => {
    const statement = insert(address).returning(address.c.id, address.c.email);
    const rows = await connection.execute(statement.values({ userId: 3, email: "patrick@bikini.org" }));
    expect(rows.one()[1]).toBe("patrick@bikini.org");
  });

  example("FROM SELECT, and its RETURNING", async ({ all }) => {
    const query = select(user.c.id, user.c.name.add("@aol.com"));
    const statement = insert(address).fromSelect(["userId", "email"], query);
    expect(String(statement)).toMatch(
      /^INSERT INTO address \(user_id, email_address\) SELECT user_account.id, user_account.name \|\| :\w+ AS \w+ FROM user_account$/,
    );
    expect(await all(statement.returning(address.c.userId, address.c.email))).toEqual([
      [1, "spongebob@aol.com"],
      [2, "sandy@aol.com"],
      [3, "patrick@aol.com"],
    ]);
  });

  example("values() adds to what was said, and parameters take its place", async ({ connection, values }) => {
    const base = insert(user).values({ name: "a" }).values({ fullname: "A" });
    await connection.execute(base, { name: "b" });
    await connection.execute(base.values({ fullname: func.lower("X") }), [{ fullname: "B" }, { fullname: "C" }]);
    expect(await values(select(user.c.fullname).where(user.c.name.eq("b")))).toEqual(["A"]);
    expect(await values(select(user.c.fullname).where(user.c.name.eq("a")).orderBy(user.c.fullname))).toEqual([
      "B",
      "C",
    ]);
    const several = insert(user).values([{ name: "c" }, { name: "d" }]);
    await expect(connection.execute(several, { name: "e" })).rejects.toThrow("values() gives name for 2 rows");
  });
});
