import { describe, expect, test } from "vitest";
import {
  type AsyncEngine,
  AsyncSession,
  asyncSessionmaker,
  type BindRequest,
  Column,
  func,
  InvalidRequestError,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
  text,
  UnboundExecutionError,
} from "../../../src/index.js";
import { freshDatabase } from "../../support/database.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @OneToMany(
    () => Note,
    (n) => n.user,
    { orderBy: "id" },
  )
  notes!: Note[];
}

@reg.Entity("notes")
class Note {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) body!: string;
  @ManyToOne(
    () => User,
    (u) => u.notes,
  )
  user!: Relation<User> | null;
}

// Two databases: keys from one to the other are checked by nobody.
const far = registry();

@far.Entity("logs")
class Log {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) line!: string;
}

async function engines(): Promise<[AsyncEngine, AsyncEngine]> {
  const [one, two] = [await freshDatabase({ file: true }), await freshDatabase({ file: true })];
  await reg.metadata.createAll(one.engine);
  await far.metadata.createAll(two.engine);
  return [one.engine, two.engine];
}

describe("several engines in one session", () => {
  test("[SP-05] a commit that fails behind one that has written is uncertain, and says so; behind one that has read it is not", async () => {
    const [main, logs] = await engines();
    await logs.execute(
      text(
        "create table promises (id integer primary key, kept integer references promises deferrable initially deferred)",
      ),
    );
    const Session = asyncSessionmaker(main, { binds: new Map([[Log, logs]]) });
    const broken = text("insert into promises values (1, 2)");
    const bindArguments = { mapper: Log };
    const half = Session.begin(async (session) => {
      await session.scalars(select(User)).all();
      await session.beginNested(() => session.add(make(User, { name: "Ann", notes: [] })));
      await session.execute(broken, undefined, { bindArguments });
    });
    await expect(half).rejects.toMatchObject({
      name: "IntegrityError",
      violation: "foreignKey",
      commitUncertain: true,
      message: expect.stringMatching(
        /\nAnother database of this session had committed its part before, and that stays/,
      ),
    });
    const none = Session.begin(async (session) => {
      expect((await session.scalars(select(User)).all()).map(({ name }) => name)).toEqual(["Ann"]);
      await session.execute(broken, undefined, { bindArguments });
    });
    await expect(none).rejects.toMatchObject({ name: "IntegrityError", commitUncertain: false });
  });

  test("[SP-05] classes go to their engine: flush, queries, get, and one commit for all", async () => {
    const [main, logs] = await engines();
    const Session = asyncSessionmaker(main, { binds: new Map([[Log, logs]]) });
    await using session = Session();
    using onMain = recordStatements(main);
    using onLogs = recordStatements(logs);
    session.addAll([make(User, { name: "Ann" }), make(Log, { line: "hello" })]);
    await session.commit();
    expect([onMain.count("INSERT"), onLogs.count("INSERT")]).toEqual([1, 1]);
    expect((await session.scalars(select(Log)).one()).line).toBe("hello");
    expect((await session.getOne(User, 1)).name).toBe("Ann");
    expect([onMain.count("SELECT"), onLogs.count("SELECT")]).toEqual([1, 1]);
    expect(session.getBind(Log)).toBe(logs.core);
    expect(session.getBind(User)).toBe(main.core);
  });

  test("[SP-05] a rollback undoes the work on all of them", async () => {
    const [main, logs] = await engines();
    const Session = asyncSessionmaker(main, { binds: new Map([[Log, logs]]) });
    await using session = Session();
    session.addAll([make(User, { name: "Ann" }), make(Log, { line: "hello" })]);
    await session.flush();
    await session.rollback();
    expect(await session.scalar(select(func.count()).selectFrom(Log))).toBe(0);
    expect(await session.scalar(select(func.count()).selectFrom(User))).toBe(0);
  });

  test("[SA-02] a bind for a table, and binds set at run time", async () => {
    const [main, logs] = await engines();
    const table = far.metadata.tables.get("logs") as NonNullable<ReturnType<typeof far.metadata.tables.get>>;
    await using session = asyncSessionmaker(main, { binds: new Map([[table, logs]]) })();
    expect(session.getBind(Log)).toBe(logs.core);
    expect(session.getBind(null, { statement: select(table) as never })).toBe(logs.core);
    expect(session.getBind()).toBe(main.core);
    await using later = asyncSessionmaker(main)();
    later.bindMapper(Log, logs);
    expect(later.getBind(Log)).toBe(logs.core);
    await using last = asyncSessionmaker(main)();
    last.bindTable(table, logs);
    expect(last.getBind(Log)).toBe(logs.core);
    expect(last.getBind(User)).toBe(main.core);
  });

  test("a class without an engine is an error that names it", async () => {
    const [, logs] = await engines();
    await using session = asyncSessionmaker(undefined, { binds: new Map([[Log, logs]]) })();
    expect(() => session.getBind(User)).toThrow(UnboundExecutionError);
    await expect(session.scalars(select(User)).all()).rejects.toThrow(/Class User has no bind in this session/);
  });

  test("[SP-06] getBind is asked for each statement, load and flush, with what it needs to know", async () => {
    const [main, logs] = await engines();
    const seen: BindRequest[] = [];
    const Session = asyncSessionmaker(main, {
      info: { tenant: 3 },
      getBind: (request) => {
        seen.push(request);
        return request.mapper?.cls === Log ? logs : null;
      },
    });
    await using session = Session();
    session.add(make(Log, { line: "x" }));
    await session.flush();
    expect(seen.at(-1)).toMatchObject({ statement: null, flushing: true, hasWritten: true, info: { tenant: 3 } });
    session.expungeAll();
    const log = await session.scalars(select(Log), undefined, { bindArguments: { far: true } }).one();
    expect(seen.at(-1)).toMatchObject({ flushing: false, bindArguments: { far: true } });
    expect(seen.at(-1)?.statement).not.toBeNull();
    session.expire(log);
    await session.refresh(log);
    expect(seen.at(-1)?.mapper?.cls).toBe(Log);
    await session.reset();
    await session.execute(text("select 1"));
    expect(seen.at(-1)).toMatchObject({ mapper: null, hasWritten: false });
  });

  test("[ST-08] a session on a connection does all its work there, and runSync reaches every engine", async () => {
    const [main, logs] = await engines();
    await using connection = await main.connect();
    await using session = asyncSessionmaker(connection, { binds: new Map([[Log, logs]]) })();
    session.add(make(User, { name: "Ann" }));
    await session.flush();
    expect(await connection.scalar(text("select count(*) from users"))).toBe(1);
    await session.runSync((s) => {
      expect(s.scalars(select(User)).all().length).toBe(1);
      expect(s.scalars(select(Log)).all().length).toBe(0);
    });
    await session.rollback();
  });

  test("[ST-09] session.connection() takes options for a transaction that has not begun", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    const connection = await session.connection({ executionOptions: { isolationLevel: "SERIALIZABLE" } });
    expect(await connection.getIsolationLevel()).toBe("SERIALIZABLE");
    await session.execute(text("select 1"));
    await expect(session.connection({ executionOptions: { isolationLevel: "AUTOCOMMIT" } })).rejects.toThrow(
      InvalidRequestError,
    );
    expect((await session.connection({ mapper: User })).core).toBe(connection.core);
    await session.rollback();
    expect(await session.connection().then((c) => c.getIsolationLevel())).toBe(engine.dialect.defaultIsolationLevel);
  });
});

describe("a transaction from outside", () => {
  const run = async (
    mode: "conditional_savepoint" | "create_savepoint" | "rollback_only" | "control_fully",
    nested = false,
  ) => {
    const { engine } = await storeFor(reg);
    await using connection = await engine.connect();
    const outer = await connection.begin();
    if (nested) await connection.beginNested();
    await connection.execute(text("insert into users (name) values ('before')"));
    const session = new Maker(connection, mode).session;
    session.add(make(User, { name: "in" }));
    await session.commit();
    const afterCommit = connection.inTransaction();
    session.add(make(User, { name: "lost" }));
    await session.flush();
    await session.rollback();
    const afterRollback = connection.inTransaction();
    const names = afterRollback
      ? (await connection.execute(text("select name from users order by id")).all()).map((row) => row[0])
      : null;
    await session.close();
    if (outer.isActive) await outer.rollback();
    const left = await connection.scalar(text("select count(*) from users"));
    return { afterCommit, afterRollback, names, left };
  };

  class Maker {
    readonly session: AsyncSession;
    constructor(
      bind: Parameters<typeof asyncSessionmaker>[0],
      joinTransactionMode: "create_savepoint" | "conditional_savepoint" | "rollback_only" | "control_fully",
    ) {
      this.session = asyncSessionmaker(bind, { joinTransactionMode })();
    }
  }

  test("[ST-06] create_savepoint: commits and rollbacks of the session stay inside, the test's rollback undoes all", async () => {
    expect(await run("create_savepoint")).toEqual({
      afterCommit: true,
      afterRollback: true,
      names: ["before", "in"],
      left: 0,
    });
  });

  test("[ST-06] conditional_savepoint: with a savepoint outside like create_savepoint, else a rollback ends the outer transaction", async () => {
    expect(await run("conditional_savepoint", true)).toMatchObject({
      afterRollback: true,
      names: ["before", "in"],
      left: 0,
    });
    expect(await run("conditional_savepoint")).toMatchObject({ afterCommit: true, afterRollback: false, left: 0 });
  });

  test("[ST-06] rollback_only: commits are left to the outside, a rollback reaches it", async () => {
    expect(await run("rollback_only")).toMatchObject({ afterCommit: true, afterRollback: false, left: 0 });
  });

  test("[ST-06] control_fully: the session commits and rolls back the outer transaction itself", async () => {
    expect(await run("control_fully")).toMatchObject({ afterCommit: false, left: 2 });
  });
});

describe("a function in a transaction", () => {
  test("after commit() inside begin(fn) nothing more is done until the function returns", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    await session.begin(async (s) => {
      s.add(make(User, { name: "kept" }));
      await s.commit();
      await expect(s.scalars(select(User)).all()).rejects.toThrow(/ended inside the function/);
      expect(() => s.add(make(User, { name: "no" }))).toThrow(InvalidRequestError);
    });
    expect((await session.scalars(select(User)).all()).length).toBe(1);
  });

  test("the same for a savepoint that was rolled back inside beginNested(fn), the transaction around it included", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    await session.beginNested(async (s) => {
      s.add(make(User, { name: "lost" }));
      await s.getNestedTransaction()?.rollback();
      await expect(s.beginNested()).rejects.toThrow(/ended inside the function/);
    });
    await session.commit();
    expect((await session.scalars(select(User)).all()).length).toBe(0);
  });
});

describe("session.info", () => {
  test("[SA-01] carries data of the factory and of the session", async () => {
    const { engine } = await storeFor(reg);
    const Session = asyncSessionmaker(engine, { info: { app: "x" } });
    await using one = Session();
    await using two = Session({ info: { app: "y" } });
    one.info.user = 7;
    expect(one.info).toEqual({ app: "x", user: 7 });
    expect(two.info).toEqual({ app: "y" });
    await using three = Session({ info: { tenant: 3 } });
    expect(three.info).toEqual({ app: "x", tenant: 3 });
    expect(Session().info).toEqual({ app: "x" });
  });
});
