/** Core on whichever database the project runs: engines, connections, results, errors and the log. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  AthanorError,
  column,
  createAsyncEngine,
  DatabaseError,
  type EchoEvent,
  event,
  formatEcho,
  func,
  IntegrityError,
  InvalidRequestError,
  inspect,
  MetaData,
  MultipleResultsFound,
  NoResultFound,
  ProgrammingError,
  ResourceClosedError,
  StatementError,
  select,
  t,
  table,
  text,
} from "../../../src/index.js";
import { freshDatabase } from "../../support/database.js";

const md = new MetaData();
const people = table("people", md, {
  id: column(t.integer, { primaryKey: true }),
  name: column(t.string(50), { nullable: false, unique: true }),
  age: column(t.integer),
});

/** A database that has the table, with some rows. */
async function filled(options: Parameters<typeof freshDatabase>[0] = {}) {
  const database = await freshDatabase(options);
  await md.createAll(database.engine);
  await database.engine.execute(people.insert(), [
    { name: "Ann", age: 30 },
    { name: "Bob", age: 40 },
    { name: "Cid", age: 40 },
  ]);
  return database;
}

describe("engines and connections", () => {
  test("[TU-01] making an engine opens no connection, and its first statement opens exactly one", async () => {
    const { engine } = await freshDatabase();
    let opened = 0;
    event.listen(engine, "connect", () => void opened++);
    expect(engine.status()).toMatchObject({ idle: 0, checkedOut: 0 });
    expect(opened).toBe(0);
    expect(await engine.scalar(text("select 1"))).toBe(1);
    expect(opened).toBe(1);
    await engine.scalar(text("select 1"));
    expect(opened).toBe(1);
    // Nobody is there, and nobody is asked.
    const nowhere = createAsyncEngine("postgresql://nobody@127.0.0.1:1/none");
    expect(nowhere.status()).toMatchObject({ idle: 0, checkedOut: 0 });
    await nowhere.dispose();
  });

  test("[TU-02] leaving the block of a connection without a commit rolls back and gives the connection back", async () => {
    const { engine } = await filled();
    {
      await using conn = await engine.connect();
      await conn.execute(people.insert(), { name: "Dee", age: 1 });
      expect(engine.status().checkedOut).toBe(1);
      expect(await conn.scalar(select(func.count()).selectFrom(people))).toBe(4);
    }
    expect(engine.status().checkedOut).toBe(0);
    expect(await engine.scalar(select(func.count()).selectFrom(people))).toBe(3);
    await expect(
      engine.connect(async (conn) => {
        await conn.execute(people.insert(), { name: "Eve", age: 1 });
        throw new RangeError("out of here");
      }),
    ).rejects.toThrow("out of here");
    expect(engine.status().checkedOut).toBe(0);
    expect(await engine.scalar(select(func.count()).selectFrom(people))).toBe(3);
  });

  test("[TU-03] a begin-once block commits on return, and rolls back on a throw that reaches the caller as it is", async () => {
    const { engine } = await filled();
    const answer = await engine.begin(async (conn) => {
      await conn.execute(people.insert(), { name: "Dee", age: 1 });
      return "done";
    });
    expect(answer).toBe("done");
    const thrown = new RangeError("mine");
    const caught = await engine
      .begin(async (conn) => {
        await conn.execute(people.insert(), { name: "Eve", age: 1 });
        throw thrown;
      })
      .catch((error: unknown) => error);
    expect(caught).toBe(thrown);
    expect(await engine.connect((conn) => conn.scalars(select(people.c.name).orderBy(people.c.id)).all())).toEqual([
      "Ann",
      "Bob",
      "Cid",
      "Dee",
    ]);
    expect(engine.status().checkedOut).toBe(0);
  });

  test("[TU-04] after a commit the next statement on the connection begins a transaction by itself", async () => {
    const { engine } = await filled();
    const begun: string[] = [];
    event.listen(engine, "begin", () => void begun.push("begin"));
    event.listen(engine, "commit", () => void begun.push("commit"));
    event.listen(engine, "rollback", () => void begun.push("rollback"));
    await engine.connect(async (conn) => {
      expect(conn.inTransaction()).toBe(false);
      await conn.execute(people.insert(), { name: "Dee", age: 1 });
      expect(conn.inTransaction()).toBe(true);
      await conn.commit();
      expect(conn.inTransaction()).toBe(false);
      await conn.execute(people.insert(), { name: "Eve", age: 1 });
      expect(conn.inTransaction()).toBe(true);
      await conn.rollback();
      await conn.execute(people.insert(), { name: "Fay", age: 1 });
      await conn.commit();
    });
    expect(begun).toEqual(["begin", "commit", "begin", "rollback", "begin", "commit"]);
    const names = await engine.connect((conn) => conn.scalars(select(people.c.name).orderBy(people.c.id)).all());
    expect(names).toEqual(["Ann", "Bob", "Cid", "Dee", "Fay"]);
  });

  test("[TU-09] a table without a class is created, filled and read, with the types of its columns", async () => {
    const { engine } = await filled();
    const rows = await engine.connect((conn) =>
      conn
        .execute(select({ name: people.c.name, age: people.c.age }).where(people.c.age.gt(35)).orderBy(people.c.name))
        .all(),
    );
    expectTypeOf(rows[0].name).toEqualTypeOf<string>();
    expectTypeOf(rows[0].age).toEqualTypeOf<number | null>();
    expect(rows.map(({ name, age }) => [name, age])).toEqual([
      ["Bob", 40],
      ["Cid", 40],
    ]);
    // @ts-expect-error there is no such column
    people.c.nmae;
    // @ts-expect-error a name is a text
    people.insert().values({ name: 1 });
    await md.dropAll(engine);
    expect(await engine.hasTable("people")).toBe(false);
  });

  test("[XA-13] the inspector is awaited directly", async () => {
    const { engine } = await filled();
    const inspector = inspect(engine);
    expect(await inspector.getTableNames()).toEqual(["people"]);
    expect((await inspector.getColumns("people")).map((each) => each.name)).toEqual(["id", "name", "age"]);
    expect((await inspector.getPkConstraint("people")).constrainedColumns).toEqual(["id"]);
    await engine.connect(async (conn) => {
      expect(await inspect(conn).hasTable("people")).toBe(true);
      expect(await inspect(conn).hasTable("persons")).toBe(false);
    });
  });

  test("[ST-04] the isolation level of an engine, a connection or a session is in force, and gone when the connection returns", async () => {
    const { engine, kind } = await freshDatabase();
    const usual = await engine.connect((conn) => conn.getIsolationLevel());
    const level = async (conn: { scalar(statement: ReturnType<typeof text>): Promise<unknown> }) =>
      kind === "postgresql"
        ? String(await conn.scalar(text("select current_setting('transaction_isolation')"))).toUpperCase()
        : "SERIALIZABLE";
    const strict = engine.executionOptions({ isolationLevel: "SERIALIZABLE" });
    await strict.connect(async (conn) => {
      expect(await level(conn)).toBe("SERIALIZABLE");
      expect(await conn.getIsolationLevel()).toBe("SERIALIZABLE");
    });
    await engine.connect(async (conn) => {
      await conn.executionOptions({ isolationLevel: "SERIALIZABLE" });
      expect(await level(conn)).toBe("SERIALIZABLE");
      await conn.commit();
      expect(await level(conn)).toBe("SERIALIZABLE");
    });
    await engine.connect(async (conn) => {
      expect(await conn.getIsolationLevel()).toBe(usual);
      if (kind === "postgresql") expect(await level(conn)).toBe(usual);
    });
    await engine.connect(async (conn) => {
      await conn.executionOptions({ isolationLevel: "AUTOCOMMIT" });
      await conn.execDriverSql("create table kept (id integer)");
    });
    expect(await engine.hasTable("kept")).toBe(true);
    expect(await engine.connect((conn) => conn.getIsolationLevel())).toBe(usual);
  });
});

describe("[CC-10] results", () => {
  const byId = select(people.c.id, people.c.name, people.c.age).orderBy(people.c.id);

  test("[CC-10] every accessor of a buffered result", async () => {
    const { engine } = await filled();
    await engine.connect(async (conn) => {
      const run = async () => await conn.execute(byId);
      expect((await run()).keys()).toEqual(["id", "name", "age"]);
      expect((await run()).all().map(([, name]) => name)).toEqual(["Ann", "Bob", "Cid"]);
      expect((await run()).fetchall()).toHaveLength(3);
      expect((await run()).first()?.[1]).toBe("Ann");
      expect((await run()).scalars("name").all()).toEqual(["Ann", "Bob", "Cid"]);
      expect((await run()).scalar()).toBe(1);
      expect((await run()).mappings().first()).toEqual({ id: 1, name: "Ann", age: 30 });
      expect((await run()).mappings().columns("age", "name").all()[1]).toEqual({ age: 40, name: "Bob" });
      expect((await run()).columns("name", 0).first()).toEqual(["Ann", 1]);
      expect((await run()).columns("age").unique().all()).toEqual([[30], [40]]);
      expect([...(await run()).partitions(2)].map((part) => part.length)).toEqual([2, 1]);
      const result = await run();
      expect(result.fetchone()?.[1]).toBe("Ann");
      expect(result.fetchmany(1).map(([, name]) => name)).toEqual(["Bob"]);
      expect(result.fetchmany(5).map(([, name]) => name)).toEqual(["Cid"]);
      expect(result.fetchone()).toBeNull();
      expect(result.all()).toEqual([]);
      const frozen = (await run()).freeze();
      expect(frozen.thaw().all()).toEqual(frozen.thaw().all());
      expect((await run()).merge(await run()).all()).toHaveLength(6);
    });
  });

  test("[CC-10] [QA-04] a streamed result has the same accessors, partitions among them", async () => {
    const { engine } = await filled();
    await engine.connect(async (conn) => {
      const run = async () => await conn.stream(byId);
      expect((await run()).keys()).toEqual(["id", "name", "age"]);
      expect((await (await run()).all()).map(([, name]) => name)).toEqual(["Ann", "Bob", "Cid"]);
      expect(await (await run()).fetchall()).toHaveLength(3);
      expect((await (await run()).first())?.[1]).toBe("Ann");
      expect(await (await run()).scalars("name").all()).toEqual(["Ann", "Bob", "Cid"]);
      expect(await (await run()).scalar()).toBe(1);
      expect(await (await run()).mappings().first()).toEqual({ id: 1, name: "Ann", age: 30 });
      expect(await (await run()).columns("name", 0).first()).toEqual(["Ann", 1]);
      expect(await (await run()).columns("age").unique().all()).toEqual([[30], [40]]);
      const sizes: number[] = [];
      for await (const part of (await run()).partitions(2)) sizes.push(part.length);
      expect(sizes).toEqual([2, 1]);
      const result = await run();
      expect((await result.fetchone())?.[1]).toBe("Ann");
      expect((await result.fetchmany(5)).map(([, name]) => name)).toEqual(["Bob", "Cid"]);
      expect(await result.fetchone()).toBeNull();
    });
  });

  test("[CC-10] buffered and streamed results refuse the same things with the same errors", async () => {
    const { engine } = await filled();
    await engine.connect(async (conn) => {
      const none = byId.where(people.c.id.eq(-1));
      const one = byId.where(people.c.id.eq(2));
      const message = async (run: () => unknown) => {
        try {
          await run();
        } catch (error) {
          return [(error as Error).constructor, (error as Error).message];
        }
        return "nothing was refused";
      };
      for (const [method, statement, expected] of [
        ["one", none, NoResultFound],
        ["one", byId, MultipleResultsFound],
        ["oneOrNone", byId, MultipleResultsFound],
        ["scalarOne", none, NoResultFound],
        ["scalarOneOrNone", byId, MultipleResultsFound],
      ] as const) {
        const buffered = await message(async () => (await conn.execute(statement))[method]());
        const streamed = await message(async () => await (await conn.stream(statement))[method]());
        expect(buffered[0]).toBe(expected);
        expect(streamed).toEqual(buffered);
      }
      expect((await conn.execute(one)).one()[1]).toBe("Bob");
      expect((await (await conn.stream(one)).one())[1]).toBe("Bob");
      expect((await conn.execute(none)).oneOrNone()).toBeNull();
      expect(await (await conn.stream(none)).oneOrNone()).toBeNull();
      const buffered = await conn.execute(byId);
      buffered.first();
      const streamed = await conn.stream(byId);
      await streamed.first();
      const closed = await message(() => buffered.all());
      expect(closed[0]).toBe(ResourceClosedError);
      expect(await message(() => streamed.all())).toEqual(closed);
    });
  });
});

describe("[CE-04] the log", () => {
  async function logged(options: Parameters<typeof createAsyncEngine>[1] = {}) {
    const events: EchoEvent[] = [];
    const { engine } = await filled({ engine: { echo: (each) => void events.push(each), ...options } });
    events.length = 0;
    return { engine, events };
  }

  test("[CE-04] a logger of one's own gets each statement with its time, its parameters and the caller's tag", async () => {
    const { engine, events } = await logged({ loggingName: "reports" });
    await engine.connect(async (conn) => {
      await conn.executionOptions({ loggingToken: "job 7" });
      await conn.execute(select(people.c.id).where(people.c.name.eq("Bob")));
    });
    const told = events.find((each) => each.kind === "statement");
    expect(told).toMatchObject({
      engine: expect.stringContaining("reports"),
      parameters: ["Bob"],
      token: "job 7",
      rowcount: 1,
    });
    expect(told?.kind === "statement" && told.duration).toBeGreaterThanOrEqual(0);
    expect(formatEcho(told as EchoEvent)).toMatch(
      /^\[job 7\] SELECT people\.id.*\n\[job 7\] \[(generated|cached), \d+\.\d\d ms, 1 row\] \('Bob'\)$/,
    );
    expect(events.filter((each) => each.kind === "transaction").map((each) => each.action)).toEqual([
      "BEGIN (implicit)",
      "ROLLBACK",
    ]);
  });

  test("[CE-04] long parameters are shortened and hidden ones stay away, from errors as well", async () => {
    const { engine, events } = await logged();
    await engine.scalar(select(people.c.id).where(people.c.name.eq("x".repeat(5000))));
    expect(formatEcho(events.find((each) => each.kind === "statement") as EchoEvent).length).toBeLessThan(1000);
  });

  test("[CE-04] hidden parameters stay away from the log and from errors", async () => {
    const { engine, events } = await logged({ hideParameters: true });
    await engine.connect(async (conn) => {
      await conn.execute(select(people.c.id).where(people.c.name.eq("secret")));
      const error = await conn.execute(people.insert(), { name: "Ann", age: 12345 }).catch((each: unknown) => each);
      expect(error).toBeInstanceOf(IntegrityError);
      expect((error as Error).message).not.toContain("12345");
    });
    const lines = events.map(formatEcho).join("\n");
    expect(lines).not.toContain("secret");
    expect(lines).toContain("(parameters hidden)");
  });
});

describe("[CX-04] errors", () => {
  test("[CX-04] a driver's error is one of ours, with its cause, the statement and the parameters", async () => {
    const { engine } = await filled();
    await engine.connect(async (conn) => {
      const error = (await conn
        .execute(people.insert(), { name: "Ann", age: 7 })
        .catch((each: unknown) => each)) as IntegrityError;
      expect(error).toBeInstanceOf(IntegrityError);
      expect(error).toBeInstanceOf(DatabaseError);
      expect(error).toBeInstanceOf(StatementError);
      expect(error).toBeInstanceOf(AthanorError);
      expect(error.name).toBe("IntegrityError");
      expect(error.cause).toBeInstanceOf(Error);
      expect(error.statement).toMatch(/^INSERT INTO people/);
      expect(
        JSON.stringify(error.params, (_, value: unknown) => (typeof value === "bigint" ? Number(value) : value)),
      ).toMatch(/"Ann".*7/);
      expect(error.message).toContain("INSERT INTO people");
      expect(error.message).toContain("Ann");
      await conn.rollback();
      const unknown = await conn.execute(text("select * from nowhere")).catch((each: unknown) => each);
      expect(unknown).toBeInstanceOf(ProgrammingError);
      expect((unknown as DatabaseError).statement).toBe("select * from nowhere");
      await conn.rollback();
    });
  });

  test("[CX-04] every class that SQLAlchemy's users catch is there, in its place under AthanorError", async () => {
    const face = (await import("../../../src/index.js")) as unknown as Record<string, new () => Error>;
    const below = (parent: string, ...names: string[]) => {
      for (const name of names) {
        expect(face[name], name).toBeTypeOf("function");
        expect(Object.prototype.isPrototypeOf.call(face[parent], face[name]), `${name} is a ${parent}`).toBe(true);
      }
    };
    below(
      "AthanorError",
      "ArgumentError",
      "InvalidRequestError",
      "CompileError",
      "CircularDependencyError",
      "TimeoutError",
      "StatementError",
      "FlushError",
      "StaleDataError",
    );
    below("ArgumentError", "NoForeignKeysError", "AmbiguousForeignKeysError");
    below(
      "InvalidRequestError",
      "NoSuchColumnError",
      "NoReferencedTableError",
      "NoSuchTableError",
      "NoResultFound",
      "MultipleResultsFound",
      "ResourceClosedError",
      "PendingRollbackError",
      "NoInspectionAvailable",
      "ObjectNotExecutableError",
      "NoSuchModuleError",
      "UnmappedInstanceError",
      "UnmappedClassError",
      "DetachedInstanceError",
      "ObjectDeletedError",
      "UnboundExecutionError",
    );
    below("StatementError", "DatabaseError");
    below(
      "DatabaseError",
      "IntegrityError",
      "OperationalError",
      "ProgrammingError",
      "DataError",
      "InterfaceError",
      "InternalError",
      "NotSupportedError",
    );
    expect(new InvalidRequestError("x").name).toBe("InvalidRequestError");
  });
});
