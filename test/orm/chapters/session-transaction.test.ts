/** The chapter "Transactions and connection management" of SQLAlchemy's ORM documentation. session/transactions and binds.test.ts have the corners. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  ArgumentError,
  type AsyncConnection,
  type AsyncEngine,
  type AsyncSession,
  asyncSessionmaker,
  attrs,
  Column,
  event,
  IntegrityError,
  InvalidRequestError,
  inspect,
  PrimaryKey,
  registry,
  select,
  t,
  text,
} from "../../../src/index.js";
import { databaseKind, databaseName } from "../../support/database.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("records")
class Record_ {
  @PrimaryKey() id!: number;
  @Column(t.string(30), { unique: true }) name!: string;
}

/** In a database of its own, so that a connection of one registry is not another's. */
const other = registry();

@other.Entity("files")
class File {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) name!: string;
}

const r = attrs(Record_);
const record = (name: string) => make(Record_, { name });
const names = (session: AsyncSession) => session.scalars(select(r.name).orderBy(r.name)).all();

/** Where the database has more than one connection at a time. */
const several = databaseName() !== "pglite";

describe("transactions", () => {
  test("begin at the first use, end at commit() or rollback(), and begin again", async () => {
    const { Session, engine } = await storeFor(reg);
    const seen: string[] = [];
    for (const name of ["begin", "commit", "rollback"] as const) event.listen(engine, name, () => void seen.push(name));
    await using session = Session();
    session.add(record("a"));
    expect(seen).toEqual([]);
    await session.flush();
    await session.commit();
    await session.scalar(select(r.name));
    await session.rollback();
    await session.commit();
    expect(seen.filter((each) => each !== "begin")).toEqual(["commit", "rollback"]);
  });

  test("a factory, a session and a block each frame them; a block may be repeated in one session", async () => {
    const { Session } = await storeFor(reg);
    const made = await Session.begin((session) => {
      session.add(record("a"));
      return 7;
    });
    expectTypeOf(made).toEqualTypeOf<number>();
    await using session = Session();
    for (const name of ["b", "c"]) await session.begin(() => session.add(record(name)));
    session.add(record("d"));
    await session.commit();
    session.add(record("e"));
    await session.commit();
    expect(await names(session)).toEqual(["a", "b", "c", "d", "e"]);
  });

  test("after commit() inside a block that frames a transaction nothing more can be done in it", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const failed = session.begin(async () => {
      session.add(record("a"));
      await session.commit();
      session.add(record("b"));
      await session.flush();
    });
    await expect(failed).rejects.toThrow(InvalidRequestError);
    await session.rollback();
    expect(await names(session)).toEqual(["a"]);
  });
});

describe("savepoints", () => {
  test("undo their own work and let the rest go on; each record may fail for itself", async () => {
    const { Session } = await storeFor(reg);
    await Session.begin((session) => session.add(record("b")));
    await using session = Session();
    await session.begin(async () => {
      for (const name of ["a", "b", "c"]) {
        try {
          await session.beginNested(() => session.merge(record(name)));
        } catch (error) {
          expect(error).toBeInstanceOf(IntegrityError);
        }
      }
    });
    expect(await names(session)).toEqual(["a", "b", "c"]);
  });

  test("are an object with commit() and rollback(), the innermost first; begin flushes, with autoflush off too", async () => {
    const { Session } = await storeFor(reg, { autoflush: false });
    await using session = Session();
    session.add(record("outer"));
    const nested = await session.beginNested();
    expect(inspect([...session][0]).persistent).toBe(true);
    session.add(record("inner"));
    expect(session.inNestedTransaction()).toBe(true);
    expect(session.getNestedTransaction() === nested).toBe(true); // compared by hand: sessions do not print
    await nested.rollback();
    expect(session.inNestedTransaction()).toBe(false);
    await session.commit();
    expect(await names(session)).toEqual(["outer"]);
  });

  test("expire and restore only what was changed inside", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const [one, two] = [record("one"), record("two")];
    session.addAll([one, two]);
    await session.commit();
    const nested = await session.beginNested();
    two.name = "changed";
    await session.flush();
    await nested.rollback();
    expect([inspect(one).expired, inspect(two).expired]).toEqual([false, true]);
    expect(one.name).toBe("one");
    await session.runSync(() => expect(two.name).toBe("two"));
  });
});

describe("the engine's way beside the session's", () => {
  test("commit as you go, and begin once, read alike", async () => {
    const { Session, engine } = await storeFor(reg);
    {
      await using connection = await engine.connect();
      await connection.execute(text("INSERT INTO records (id, name) VALUES (1, 'a')"));
      await connection.commit();
    }
    await engine.begin((connection) => connection.execute(text("INSERT INTO records (id, name) VALUES (2, 'b')")));
    {
      await using session = Session();
      await session.execute(text("INSERT INTO records (id, name) VALUES (3, 'c')"));
      await session.commit();
    }
    await Session.begin((session) => session.execute(text("INSERT INTO records (id, name) VALUES (4, 'd')")));
    await using session = Session();
    expect(await names(session)).toEqual(["a", "b", "c", "d"]);
  });
});

describe("the isolation level", () => {
  test("of a factory's engine, which shares its pool with the plain one", async () => {
    const { engine } = await storeFor(reg);
    const serializable = engine.executionOptions({ isolationLevel: "SERIALIZABLE" });
    const Session = asyncSessionmaker(serializable);
    await using session = Session();
    expect(await (await session.connection()).getIsolationLevel()).toBe("SERIALIZABLE");
    expect(serializable.pool).toBe(engine.pool);
    expect(() => engine.executionOptions({ isolationLevel: "SOMETIMES" as never })).toThrow(ArgumentError);
  });

  test("of one transaction, said with its connection before anything else; afterwards that is an error", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const connection = await session.connection({ executionOptions: { isolationLevel: "SERIALIZABLE" } });
    expect(await connection.getIsolationLevel()).toBe("SERIALIZABLE");
    session.add(record("a"));
    await session.commit();
    await session.scalar(select(r.name));
    await expect(session.connection({ executionOptions: { isolationLevel: "SERIALIZABLE" } })).rejects.toThrow(
      InvalidRequestError,
    );
  });

  test.runIf(databaseKind() === "postgresql")("the next transaction has the engine's again", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    await session.connection({ executionOptions: { isolationLevel: "REPEATABLE READ" } });
    expect(await session.scalar(text("SHOW transaction_isolation"))).toBe("repeatable read");
    await session.commit();
    expect(await session.scalar(text("SHOW transaction_isolation"))).toBe("read committed");
  });

  test("AUTOCOMMIT: what is flushed stays, whatever comes after", async () => {
    const { engine } = await storeFor(reg);
    const Session = asyncSessionmaker(engine.executionOptions({ isolationLevel: "AUTOCOMMIT" }));
    await using session = Session();
    session.add(record("a"));
    await session.flush();
    await session.rollback();
    expect(await names(session)).toEqual(["a"]);
  });
});

test("one commit for several databases, each with its classes; not coordinated unless in two phases", async () => {
  const [first, second] = [await storeFor(reg), await storeFor(other)];
  const binds = new Map<typeof Record_ | typeof File, AsyncEngine>([
    [Record_, first.engine],
    [File, second.engine],
  ]);
  const Session = asyncSessionmaker(undefined, { binds });
  await using session = Session();
  session.addAll([record("a"), make(File, { name: "f" })]);
  await session.commit();
  expect((await session.scalars(select(Record_)).one()).name).toBe("a");
  expect((await session.scalars(select(File)).one()).name).toBe("f");
});

describe.runIf(several)("joining a session to a transaction that is there already", () => {
  async function outside(work: (connection: AsyncConnection) => Promise<void>) {
    const { engine, Session } = await storeFor(reg, {}, { file: true });
    await Session.begin((session) => session.add(record("there")));
    await using connection = await engine.connect();
    await connection.begin();
    await work(connection);
    await connection.rollback();
    await using session = Session();
    expect(await names(session)).toEqual(["there"]);
  }

  test("as test suites do: whatever it commits is gone with the outer rollback", async () => {
    await outside(async (connection) => {
      const Session = asyncSessionmaker(connection, { joinTransactionMode: "create_savepoint" });
      await Session.begin((session) => session.add(record("a")));
      await using session = Session();
      session.add(record("b"));
      await session.commit();
      session.add(record("lost"));
      await session.rollback();
      expect(await names(session)).toEqual(["a", "b", "there"]);
    });
  });

  test("by default a commit of the session does not end the outer transaction", async () => {
    await outside(async (connection) => {
      await using session = asyncSessionmaker(connection)();
      session.add(record("a"));
      await session.commit();
      expect(connection.inTransaction()).toBe(true);
      expect(await names(session)).toEqual(["a", "there"]);
    });
  });
});
