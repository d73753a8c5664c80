import { describe, expect } from "vitest";
import { bindparam, column, del, literal, MetaData, select, t, table, update, values } from "../../../src/index.js";
import { address, fill, metadata, user } from "./accounts.js";
import { chapter } from "./chapter.js";

const example = chapter(metadata, fill);
const fullnames = select(user.c.fullname).orderBy(user.c.id);

describe("Using UPDATE and DELETE Statements", () => {
  example("UPDATE with values, and with an expression", async ({ connection, values: found }) => {
    const statement = update(user).where(user.c.name.eq("patrick")).values({ fullname: "Patrick the Star" });
    expect(String(statement)).toBe("UPDATE user_account SET fullname = :fullname_1 WHERE user_account.name = :name_1");
    expect((await connection.execute(statement)).rowcount).toBe(1);
    const everyone = update(user).values({ fullname: literal("Username: ").concat(user.c.name) });
    await expect(connection.execute(everyone)).rejects.toThrow("say .all() where every row is meant");
    await connection.execute(everyone.all());
    expect(await found(fullnames)).toEqual(["Username: spongebob", "Username: sandy", "Username: patrick"]);
  });

  example("UPDATE for many sets of parameters", async ({ connection, values: found }) => {
    const statement = update(user)
      .where(user.c.name.eq(bindparam("oldname")))
      .values({ name: bindparam("newname") });
    const result = await connection.execute(statement, [
      { oldname: "spongebob", newname: "ed" },
      { oldname: "sandy", newname: "mary" },
      { oldname: "jim", newname: "jake" },
    ]);
    expect(result.rowcount).toBe(2);
    expect(await found(select(user.c.name).orderBy(user.c.id))).toEqual(["ed", "mary", "patrick"]);
  });

  example("correlated UPDATE", async ({ connection, values: found }) => {
    const first = select(address.c.email)
      .where(address.c.userId.eq(user.c.id))
      .orderBy(address.c.id)
      .limit(1)
      .scalarSubquery();
    await connection.execute(update(user).values({ fullname: first }).all());
    expect(await found(fullnames)).toEqual(["spongebob@sqlalchemy.org", "sandy@sqlalchemy.org", null]);
  });

  example("UPDATE ... FROM another table, and VALUES", async ({ connection, sql, values: found }) => {
    const statement = update(user)
      .where(user.c.id.eq(address.c.userId), address.c.email.eq("sandy@sqlalchemy.org"))
      .values({ fullname: "Pat" });
    expect(sql(statement)).toMatch(/SET fullname = \S+ FROM address WHERE/);
    await connection.execute(statement);
    const news = values(
      { id: t.integer, name: t.string },
      [[1, "new_name"], { id: 2, name: "another_name" }],
      "my_values",
    );
    await connection.execute(user.update().values({ name: news.c.name }).where(user.c.id.eq(news.c.id)));
    expect(await found(fullnames)).toEqual(["Spongebob Squarepants", "Pat", "Patrick Star"]);
    expect(await found(select(user.c.name).orderBy(user.c.id))).toEqual(["new_name", "another_name", "patrick"]);
  });

  example("SET in the order given", ({ sql }) => {
    const some = table("some_table", new MetaData(), { x: column(t.integer), y: column(t.integer) });
    const statement = update(some)
      .orderedValues(["y", 20], [some.c.x, some.c.y.add(10)])
      .all();
    expect(sql(statement)).toMatch(/^UPDATE some_table SET y = \S+, x = some_table.y \+ \S+$/);
  });

  example("DELETE, of one table and with another's condition", async ({ connection, name, refuses, values: found }) => {
    const one = del(address).where(address.c.email.eq("spongebob@sqlalchemy.org"));
    expect((await connection.execute(one)).rowcount).toBe(1);
    const using = del(address).where(address.c.userId.eq(user.c.id), user.c.name.eq("sandy"));
    if (name === "sqlite") refuses(using, "DELETE ... USING");
    else {
      await connection.execute(using);
      expect(await found(select(address.c.id))).toEqual([]);
      const joined = user.outerjoin(address, user.c.id.eq(address.c.userId)).alias("j");
      expect(() => del(user).using(joined)).not.toThrow();
    }
  });

  example("RETURNING of UPDATE and DELETE", async ({ all }) => {
    const changed = update(user)
      .where(user.c.name.eq("patrick"))
      .values({ fullname: "Patrick the Star" })
      .returning(user.c.id, user.c.fullname);
    expect(await all(changed)).toEqual([[3, "Patrick the Star"]]);
    expect(await all(del(user).where(user.c.name.eq("patrick")).returning(user.c.id, user.c.name))).toEqual([
      [3, "patrick"],
    ]);
  });
});
