import { describe, expect, test } from "vitest";
import { createEngine } from "../../src/engine/engine.js";
import { IntegrityError, ObjectNotExecutableError, ProgrammingError } from "../../src/engine/errors.js";
import { inspect } from "../../src/engine/inspection.js";
import { literal } from "../../src/sql/elements/bind.js";
import { FunctionElement } from "../../src/sql/elements/function-element.js";
import { text } from "../../src/sql/elements/text.js";
import { ArgumentError, InvalidRequestError, ResourceClosedError } from "../../src/sql/errors.js";
import { select } from "../../src/sql/selectable/select.js";
import { integerType, stringType } from "../../src/sql/types/base.js";
import { collecting, memoryEngine, metadata, users } from "./support.js";

const names = select(users.c.name).orderBy(users.c.name);

async function engineWithUsers(...given: string[]) {
  const log = collecting();
  const engine = memoryEngine({ echo: log.echo });
  await metadata.createAll(engine);
  if (given.length > 0)
    await engine.execute(
      users.insert(),
      given.map((name) => ({ name })),
    );
  log.events.length = 0;
  return { engine, log };
}

describe("a connection", () => {
  test("begins a transaction with its first statement, and another after commit", async () => {
    const { engine, log } = await engineWithUsers();
    await using conn = await engine.connect();
    expect(conn.inTransaction()).toBe(false);
    await conn.execute(users.insert(), { name: "a" });
    expect(conn.inTransaction()).toBe(true);
    await conn.commit();
    expect(conn.inTransaction()).toBe(false);
    await conn.scalar(names);
    await conn.rollback();
    expect(log.lines().map((line) => line.split(" ")[0])).toEqual([
      "BEGIN",
      "INSERT",
      "COMMIT",
      "BEGIN",
      "SELECT",
      "ROLLBACK",
    ]);
  });

  test("rolls back what was not committed when it is closed", async () => {
    const { engine } = await engineWithUsers();
    {
      await using conn = await engine.connect();
      await conn.execute(users.insert(), { name: "a" });
    }
    expect(await engine.execute(names).all()).toEqual([]);
    expect(engine.status()).toMatchObject({ checkedOut: 0 });
  });

  test("closed is of no more use", async () => {
    const { engine } = await engineWithUsers();
    const conn = await engine.connect();
    await conn.close();
    await conn.close();
    expect(conn.closed).toBe(true);
    await expect(conn.execute(names)).rejects.toThrow(ResourceClosedError);
    await expect(conn.begin()).rejects.toThrow("This connection is closed");
  });

  test("executes textual SQL with parameters by name, and refuses positions and strings", async () => {
    const { engine } = await engineWithUsers();
    await using conn = await engine.connect();
    expect(await conn.scalar(text("select :x + :x"), { x: 2 })).toBe(4);
    await expect(conn.execute(text("select :x"), [1] as never)).rejects.toThrow(ArgumentError);
    await expect(conn.execute(text("select :x"), [1] as never)).rejects.toThrow("Parameters are given by name");
    await expect(conn.execute("select 1" as never)).rejects.toThrow(ObjectNotExecutableError);
    await expect(conn.execute("select 1" as never)).rejects.toThrow('Write text("...") around SQL');
    await expect(conn.execute({} as never)).rejects.toThrow("Object is no statement");
    await expect(conn.execute(text("select :x"), { x: undefined })).rejects.toThrow("parameter x is undefined");
    await expect(conn.execute(text("select :x"))).rejects.toThrow("parameter x has no value");
    expect(await conn.execDriverSql("select ?, ':x'", [5]).all()).toEqual([[5, ":x"]]);
  });

  test("executes functions and other expressions as they are", async () => {
    const { engine } = await engineWithUsers();
    await using conn = await engine.connect();
    expect(await conn.scalar(new FunctionElement("lower", [literal("ABC") as never], stringType) as never)).toBe("abc");
  });

  test("gives the key of a row inserted, and the keys of many", async () => {
    const { engine } = await engineWithUsers();
    await using conn = await engine.connect();
    const one = await conn.execute(users.insert().values({ name: "a" }));
    expect(one.insertedPrimaryKey).toEqual([1]);
    expect((one.insertedPrimaryKey as unknown as { id: number }).id).toBe(1);
    expect(one.rowcount).toBe(1);
    expect(one.lastrowid).toBe(1);
    expect(one.returnsRows).toBe(false);
    expect(() => one.all()).toThrow("This result object does not return rows. It has been closed automatically.");
    const many = await conn.execute(users.insert(), [{ name: "b" }, { name: "c" }]);
    expect(many.insertedPrimaryKeyRows).toEqual([[2], [3]]);
    expect(many.rowcount).toBe(2);
    expect(many.rowcounts).toEqual([1, 1]);
    expect((await conn.execute(users.insert(), { id: 10, name: "d" })).insertedPrimaryKey).toEqual([10]);
    expect(() => many.insertedPrimaryKey).toThrow("use insertedPrimaryKeyRows");
    const found = await conn.execute(names);
    expect(() => found.insertedPrimaryKey).toThrow("Statement is not an insert() expression construct.");
  });

  test("tells rows matched, and gives rows of RETURNING", async () => {
    const { engine } = await engineWithUsers("a", "b", "c");
    await using conn = await engine.connect();
    const { update } = await import("../../src/sql/dml/update.js");
    expect((await conn.execute(update(users).all().values({ age: 1 }))).rowcount).toBe(3);
    expect((await conn.execute(update(users).values({ age: 1 }).where(users.c.name.eq("zz")))).rowcount).toBe(0);
    const rows = await conn.execute(
      update(users).values({ age: 2 }).where(users.c.name.ne("a")).returning(users.c.name, users.c.age),
    );
    expect(rows.rowcount).toBe(2);
    expect(rows.all().sort()).toEqual([
      ["b", 2],
      ["c", 2],
    ]);
  });

  test("refuses an empty list of parameter sets", async () => {
    const { engine } = await engineWithUsers();
    await expect(engine.execute(users.insert(), [])).rejects.toThrow("The list of parameter sets is empty");
  });

  test("queues calls that overlap, in order", async () => {
    const { engine } = await engineWithUsers();
    await using conn = await engine.connect();
    const calls = Array.from({ length: 200 }, (_, i) => conn.execute(users.insert(), { name: `n${i}` }));
    const results = await Promise.all(calls);
    expect(results.map((result) => result.insertedPrimaryKey?.[0])).toEqual(
      Array.from({ length: 200 }, (_, i) => i + 1),
    );
  });

  test("hands its synchronous face to runSync, and refuses promises from there", async () => {
    const { engine } = await engineWithUsers("a", "b");
    await using conn = await engine.connect();
    const found = await conn.runSync((sync) => sync.execute(names).scalars().all());
    expect(found).toEqual(["a", "b"]);
    await expect(conn.runSync(async () => 1)).rejects.toThrow("The function given to runSync() returned a promise");
    expect(await conn.runSync((sync) => inspect(sync).getTableNames())).toEqual(["users"]);
    await conn.runSync(metadata.dropAll as never);
    expect(await inspect(conn).getTableNames()).toEqual([]);
  });

  test("takes options, and does not change the isolation level within a transaction", async () => {
    const { engine } = await engineWithUsers();
    await using conn = await engine.connect();
    await conn.executionOptions({ isolationLevel: "SERIALIZABLE", tag: 1 });
    expect(await conn.getIsolationLevel()).toBe("SERIALIZABLE");
    expect(conn.getExecutionOptions()).toMatchObject({ tag: 1 });
    await conn.scalar(names);
    await expect(conn.executionOptions({ isolationLevel: "AUTOCOMMIT" })).rejects.toThrow(
      "its isolation level cannot be altered",
    );
    await conn.rollback();
    await expect(conn.executionOptions({ isolationLevel: "WRONG" as never })).rejects.toThrow(
      'Invalid value "WRONG" for isolationLevel. Valid isolation levels for "sqlite" are',
    );
  });

  test("commits each statement by itself under AUTOCOMMIT", async () => {
    const { engine } = await engineWithUsers();
    await using conn = await engine.executionOptions({ isolationLevel: "AUTOCOMMIT" }).connect();
    await conn.execute(users.insert(), { name: "a" });
    await conn.rollback();
    expect(await engine.execute(names).all()).toEqual([["a"]]);
  });
});

describe("a transaction", () => {
  test("commits once, and is over then", async () => {
    const { engine } = await engineWithUsers();
    await using conn = await engine.connect();
    const tx = await conn.begin();
    expect(tx.isActive).toBe(true);
    await conn.execute(users.insert(), { name: "a" });
    await tx.commit();
    expect(tx.isActive).toBe(false);
    await expect(tx.commit()).rejects.toThrow("This transaction has ended");
    await tx.rollback();
    expect(await conn.execute(names).all()).toEqual([["a"]]);
  });

  test("cannot be begun twice", async () => {
    const { engine } = await engineWithUsers();
    await using conn = await engine.connect();
    await conn.begin();
    await expect(conn.begin()).rejects.toThrow(InvalidRequestError);
    await conn.rollback();
    await conn.scalar(names);
    await expect(conn.begin()).rejects.toThrow("This connection has already begun a transaction");
  });

  test("rolls back at the end of its block unless it was committed", async () => {
    const { engine } = await engineWithUsers();
    await using conn = await engine.connect();
    {
      await using _tx = await conn.begin();
      await conn.execute(users.insert(), { name: "lost" });
    }
    {
      await using tx = await conn.begin();
      await conn.execute(users.insert(), { name: "kept" });
      await tx.commit();
    }
    expect(await conn.scalars(names).all()).toEqual(["kept"]);
  });

  test("given a function commits on return and rolls back on a throw, which reaches the caller unchanged", async () => {
    const { engine } = await engineWithUsers();
    const value = await engine.begin(async (conn) => {
      await conn.execute(users.insert(), { name: "kept" });
      return 7;
    });
    expect(value).toBe(7);
    const mine = new Error("mine");
    await expect(
      engine.begin(async (conn) => {
        await conn.execute(users.insert(), { name: "lost" });
        throw mine;
      }),
    ).rejects.toBe(mine);
    expect(await engine.execute(names).scalars().all()).toEqual(["kept"]);
    expect(engine.status().checkedOut).toBe(0);
  });

  test("has savepoints that undo their own work only", async () => {
    const { engine, log } = await engineWithUsers();
    await engine.begin(async (conn) => {
      await conn.execute(users.insert(), { name: "outer" });
      await conn.beginNested(() => conn.execute(users.insert(), { name: "kept" }));
      await expect(
        conn.beginNested(async () => {
          await conn.execute(users.insert(), { name: "lost" });
          expect(conn.inNestedTransaction()).toBe(true);
          throw new Error("undo");
        }),
      ).rejects.toThrow("undo");
      expect(conn.inNestedTransaction()).toBe(false);
    });
    expect(await engine.execute(names).scalars().all()).toEqual(["kept", "outer"]);
    expect(log.lines().filter((line) => line.includes("SAVEPOINT"))).toEqual([
      "SAVEPOINT sa_savepoint_1",
      "RELEASE SAVEPOINT sa_savepoint_1",
      "SAVEPOINT sa_savepoint_2",
      "ROLLBACK TO SAVEPOINT sa_savepoint_2",
    ]);
  });

  test("inserts 97 of 100 rows when 3 of them clash, each in its savepoint", async () => {
    const { engine } = await engineWithUsers("n10", "n20", "n30");
    let clashes = 0;
    await engine.begin(async (conn) => {
      for (let i = 1; i <= 100; i++) {
        try {
          await conn.beginNested(() => conn.execute(users.insert(), { name: `n${i}` }));
        } catch (error) {
          expect(error).toBeInstanceOf(IntegrityError);
          clashes++;
        }
      }
    });
    expect(clashes).toBe(3);
    expect(await engine.scalar(select(new FunctionElement("count", [], integerType) as never).selectFrom(users))).toBe(
      100,
    );
  });

  test("ends its savepoints with itself, which cannot be committed then", async () => {
    const { engine } = await engineWithUsers();
    await using conn = await engine.connect();
    const outer = await conn.begin();
    const inner = await conn.beginNested();
    await outer.commit();
    expect(inner.isActive).toBe(false);
    await expect(inner.commit()).rejects.toThrow("This transaction is inactive");
    await inner.rollback();
  });

  test("begins a transaction around the first savepoint", async () => {
    const { engine, log } = await engineWithUsers();
    await using conn = await engine.connect();
    const inner = await conn.beginNested();
    await conn.execute(users.insert(), { name: "a" });
    await inner.commit();
    await conn.rollback();
    expect(await conn.scalars(names).all()).toEqual([]);
    expect(log.lines()[0]).toBe("BEGIN (implicit)");
  });

  test("undoes DDL as well", async () => {
    const { engine } = await engineWithUsers();
    await using conn = await engine.connect();
    await conn.execute(text("create table extra (id integer)"));
    await conn.rollback();
    expect(await engine.hasTable("extra")).toBe(false);
    expect(await engine.hasTable("users")).toBe(true);
  });
});

describe("a database error", () => {
  test("shows the statement and the parameters, and keeps the driver's error as its cause", async () => {
    const { engine } = await engineWithUsers("a");
    const error = (await engine.execute(users.insert(), { name: "a" }).catch((one: unknown) => one)) as IntegrityError;
    expect(error).toBeInstanceOf(IntegrityError);
    expect(error.message).toBe(
      "UNIQUE constraint failed: users.name\n[SQL: INSERT INTO users (name) VALUES (?)]\n[parameters: ('a')]",
    );
    expect(error).toMatchObject({
      name: "IntegrityError",
      code: "SQLITE_CONSTRAINT_UNIQUE",
      violation: "unique",
      table: "users",
      column: "name",
      columns: ["name"],
      statement: "INSERT INTO users (name) VALUES (?)",
      params: ["a"],
      connectionInvalidated: false,
    });
    expect((error.cause as Error).constructor.name).toBe("SqliteError");
    expect(error.orig).toBe(error.cause);
  });

  test("hides the parameters when the engine says so, and shortens long ones otherwise", async () => {
    const engine = memoryEngine({ hideParameters: true });
    await metadata.createAll(engine);
    await engine.execute(users.insert(), { name: "secret" });
    const hidden = (await engine
      .execute(users.insert(), { name: "secret" })
      .catch((one: unknown) => one)) as IntegrityError;
    expect(hidden.message).toContain("[parameters are hidden by the engine's hideParameters]");
    expect(hidden.message).not.toContain("secret");
    expect(hidden.params).toBe(undefined);
    const { engine: open } = await engineWithUsers();
    const long = (await open
      .execute(
        users.insert(),
        Array.from({ length: 50 }, () => ({ name: "x".repeat(1000) })),
      )
      .catch((one: unknown) => one)) as IntegrityError;
    expect(long.message).toContain("... 42 more ...");
    expect(long.message).toContain("(1000 characters)");
  });

  test("about a wrong statement is a ProgrammingError", async () => {
    const { engine } = await engineWithUsers();
    await expect(engine.execute(text("select * from nowhere"))).rejects.toThrow(ProgrammingError);
    await expect(engine.execute(text("selec 1"))).rejects.toThrow(ProgrammingError);
  });
});

describe("the synchronous engine", () => {
  test("does the same without promises", () => {
    using engine = createEngine("sqlite://");
    metadata.createAll(engine);
    const keys = engine.begin(
      (conn) => conn.execute(users.insert(), [{ name: "a" }, { name: "b" }]).insertedPrimaryKeyRows,
    );
    expect(keys).toEqual([[1], [2]]);
    expect(engine.execute(names).scalars().all()).toEqual(["a", "b"]);
    using conn = engine.connect();
    conn.execute(users.insert(), { name: "c" });
    expect(() =>
      conn.beginNested(() => {
        conn.execute(users.insert(), { name: "d" });
        throw new Error("undo");
      }),
    ).toThrow("undo");
    conn.commit();
    expect(conn.scalars(names).all()).toEqual(["a", "b", "c"]);
    expect(inspect(engine).hasTable("users")).toBe(true);
  });
});
