import pg from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import {
  type AsyncEngine,
  type AsyncSession,
  asyncSessionmaker,
  attrs,
  awaitable,
  Column,
  createAsyncEngine,
  event,
  filterWarnings,
  func,
  ManyToOne,
  OneToMany,
  OperationalError,
  PrimaryKey,
  type Relation,
  readWriteSplit,
  registry,
  select,
  t,
  text,
  update,
} from "../../../src/index.js";
import { databaseKind } from "../../support/database.js";
import { type OwnServer, startOwnServer, startReplica } from "../../support/own-postgres.js";
import { recordStatements } from "../../support/statements.js";
import { make } from "../support.js";

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

const why =
  databaseKind() !== "postgresql"
    ? "they are PostgreSQL servers"
    : process.platform === "win32"
      ? "their files are copied by cp"
      : null;

/** One statement on a server, past the engine under test. */
async function query(url: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Waits until something holds, by asking again. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("what was waited for did not come");
}

describe.skipIf(why !== null)(`a primary and its streaming replica${why === null ? "" : ` (skipped: ${why})`}`, () => {
  let first: OwnServer;
  let stops: (() => Promise<void>)[] = [];
  let primary: AsyncEngine;
  let replica: AsyncEngine;

  beforeAll(async () => {
    const settings = ["max_prepared_transactions=10", "wal_level=replica", "max_wal_senders=4", "max_connections=20"];
    first = await startOwnServer({ settings });
    stops = [first.stop];
    const second = await startReplica(first, settings);
    stops = [second.stop, first.stop];
    primary = createAsyncEngine(first.url, { poolSize: 3 });
    replica = createAsyncEngine(second.url, { poolSize: 3 });
    await reg.metadata.createAll(primary);
    await primary.begin(async (conn) => {
      await conn.execute(text("insert into users (name) values ('Ann'), ('Bob')"));
      await conn.execute(text("insert into notes (body, user_id) values ('one', 1)"));
    });
    await until(async () => {
      const there = await query(second.url, "select to_regclass('notes') is not null as ok");
      return there.rows[0].ok && (await query(second.url, "select count(*)::int as n from notes")).rows[0].n === 1;
    });
  }, 60_000);

  afterAll(async () => {
    await primary?.dispose();
    await replica?.dispose();
    for (const stop of stops) await stop();
  }, 30_000);

  const split = () => asyncSessionmaker(primary, { getBind: readWriteSplit({ primary, replicas: [replica] }) });

  test("[SP-06] reads go to the replica: queries, gets, lazy loads, refreshes, streams and runSync", async () => {
    await using session = split()();
    using onPrimary = recordStatements(primary);
    using onReplica = recordStatements(replica);
    const ann = await session.scalars(select(User).where((u) => u.name.eq("Ann"))).one();
    await awaitable(ann).notes;
    await session.get(User, 2);
    await session.refresh(ann);
    for await (const _ of await session.stream(select(User))) {
      // read to the end
    }
    await session.runSync((s) => expect(s.scalars(select(Note)).all().length).toBe(1));
    expect(await session.scalar(select(text("pg_is_in_recovery()") as never))).toBe(true);
    expect(onPrimary.count()).toBe(0);
    expect(onReplica.count("SELECT")).toBe(7);
  });

  test("[SP-06] flushes, locked reads and statements that may write go to the primary, and own writes are read back from there", async () => {
    await using session = split()();
    using onReplica = recordStatements(replica);
    const locked = await session
      .scalars(
        select(User)
          .where((u) => u.id.eq(1))
          .withForUpdate(),
      )
      .one();
    expect(locked.name).toBe("Ann");
    const again = await session.getOne(User, 1, { withForUpdate: true });
    expect(again).toBe(locked);
    session.add(make(User, { name: "Cid", notes: [] }));
    await session.flush();
    expect(await session.scalar(select(func.count()).selectFrom(User))).toBe(3);
    await session.commit();
    // The replica may not have it yet; the session reads its own write all the same.
    expect((await session.scalars(select(User).where((u) => u.name.eq("Cid"))).all()).length).toBe(1);
    expect(onReplica.count()).toBe(0);
    await session.execute(update(User).where(attrs(User).name.eq("Cid")).values({ name: "Cyd" }));
    await session.rollback();
    await session.reset();
    await session.scalars(select(User)).all();
    expect(onReplica.count("SELECT")).toBe(1);
  });

  test("[SP-06] the replica is one: a write sent there is refused by the server, and what the primary has arrives there", async () => {
    await expect(replica.begin((conn) => conn.execute(text("insert into users (name) values ('no')")))).rejects.toThrow(
      /read-only transaction/,
    );
    await split().begin((session) => session.add(make(User, { name: "Dan", notes: [] })));
    await until(async () => {
      await using session = split()();
      return (await session.scalars(select(User).where((u) => u.name.eq("Dan"))).all()).length === 1;
    });
    await using session = split()();
    using onPrimary = recordStatements(primary);
    await session.scalars(select(User), undefined, { bindArguments: { primary: true } }).all();
    expect(onPrimary.count("SELECT")).toBe(1);
  });

  test("[ST-07] two databases commit in two phases together, or not at all", async () => {
    await query(first.url, "create database other");
    const other = createAsyncEngine(first.url.replace(/postgres$/, "other"), { poolSize: 2 });
    try {
      await other.begin((conn) =>
        conn.execute(text("create table notes (id serial primary key, body varchar(50) not null, user_id integer)")),
      );
      await other.begin((conn) =>
        conn.execute(text("alter table notes add constraint late unique (body) deferrable initially deferred")),
      );
      const Session = asyncSessionmaker(primary, { twophase: true, binds: new Map([[Note, other]]) });
      await Session.begin((session) => {
        session.addAll([make(User, { name: "Eve", notes: [] }), make(Note, { body: "far" })]);
      });
      await using check = Session();
      expect((await check.scalars(select(User).where((u) => u.name.eq("Eve"))).all()).length).toBe(1);
      expect((await check.scalars(select(Note)).all()).length).toBe(1);
      await check.rollback();
      // The second database cannot promise: the first, which has, is rolled back.
      const failed = Session.begin(async (session) => {
        session.add(make(User, { name: "Fay", notes: [] }));
        await session.execute(text("insert into users (name) values ('Gus')"));
        session.add(make(Note, { body: "far" }));
      });
      await expect(failed).rejects.toThrow(/late/);
      expect((await check.scalars(select(User).where((u) => u.name.in(["Fay", "Gus"]))).all()).length).toBe(0);
      expect((await query(first.url, "select count(*)::int as n from pg_prepared_xacts")).rows[0].n).toBe(0);
    } finally {
      await other.dispose();
    }
  });

  test("[ST-07] a connection that is lost between the two phases leaves a transaction that the error names, and that can be ended", async () => {
    const session = asyncSessionmaker(primary, { twophase: true })();
    session.add(make(User, { name: "undecided", notes: [] }));
    const pid = await session.scalar(text("select pg_backend_pid()"));
    await session.prepare();
    const { rows } = await query(first.url, "select gid from pg_prepared_xacts");
    await query(first.url, `select pg_terminate_backend(${pid})`);
    const error = await session.commit().catch((each: unknown) => each);
    expect(error).toMatchObject({ name: "OperationalError", commitUncertain: true, leftPrepared: [rows[0].gid] });
    expect(String(error)).toContain(`the prepared transaction ${rows[0].gid} was committed. Where recoverTwophase()`);
    await session.close();
    await primary.connect(async (conn) => {
      await conn.commitPrepared(rows[0].gid);
      expect(await conn.recoverTwophase()).toEqual([]);
    });
    await using again = asyncSessionmaker(primary)();
    await again.delete(await again.scalars(select(User).where((u) => u.name.eq("undecided"))).one());
    await again.commit();
  });

  test("[ST-07] a failed transaction cannot be prepared, and an error names the transaction that may be left behind", async () => {
    const engine = createAsyncEngine(first.url, { poolSize: 2 });
    const far = createAsyncEngine(first.url, { poolSize: 2 });
    const insert = text("insert into users (name) values ('in doubt')");
    const left = async () =>
      (await query(first.url, "select gid from pg_prepared_xacts order by 1")).rows.map(({ gid }) => gid);
    const failure = (promise: Promise<unknown>) =>
      promise.then(
        () => null,
        (error: unknown) => error,
      );
    await query(
      first.url,
      `create role somebody; create table dying (id int);
       create function die() returns trigger language plpgsql as 'begin perform pg_terminate_backend(pg_backend_pid()); return null; end';
       create constraint trigger die after insert on dying deferrable initially deferred for each row execute function die()`,
    );
    try {
      await engine.connect(async (conn) => {
        // The server makes a rollback of PREPARE TRANSACTION here, without an error.
        const failed = await conn.begin();
        await expect(conn.execute(text("select 1/0"))).rejects.toThrow(/division by zero/);
        await expect(failed.prepare("failed")).rejects.toThrow(/^Nothing was committed: a statement .* had failed/);
        await failed.rollback();
        // The backend ends while it prepares.
        const lost = await conn.begin();
        await conn.execute(text("insert into dying values (1)"));
        const error = await failure(lost.prepare("lost"));
        expect(error).toMatchObject({ commitUncertain: false, connectionInvalidated: true, code: "57P01" });
        expect(String(error)).toMatch(/was prepared as lost\. It is not committed; .* end it by rollbackPrepared\(\)/);
        await lost.rollback();
        // The backend ends before it rolls back.
        const kept = await conn.begin();
        const pid = await conn.scalar(text("select pg_backend_pid()"));
        await conn.execute(insert);
        await kept.prepare("kept");
        await query(first.url, `select pg_terminate_backend(${pid}, 5000)`);
        const message = /the prepared transaction kept was rolled back\. .* end it by rollbackPrepared\(\)/;
        await expect(kept.rollback()).rejects.toThrow(message);
      });
      expect(await left()).toEqual(["kept"]);
      await query(first.url, "rollback prepared 'kept'");
      // What all have promised is committed on the second, though the first refuses: its user has changed meanwhile.
      const session = asyncSessionmaker(engine, { twophase: true, binds: new Map([[Note, far]]) })();
      await session.execute(insert);
      const near = await session.connection();
      session.add(make(Note, { body: "promised" }));
      await session.prepare();
      await near.execute(text("set session authorization somebody"));
      const error = await failure(session.commit());
      expect(error).toMatchObject({ commitUncertain: true, connectionInvalidated: false, code: "42501" });
      const [id] = await left();
      expect(String(error)).toContain(`The prepared transaction ${id} could not be committed, and waits on the server`);
      await session.close();
      expect(await left()).toEqual([id]);
      expect((await query(first.url, "select body from notes where body = 'promised'")).rows).toHaveLength(1);
    } finally {
      await engine.dispose();
      await far.dispose();
      for (const id of await left()) await query(first.url, `rollback prepared '${id}'`);
      await query(
        first.url,
        "drop table dying; drop function die; drop role somebody; delete from notes where body = 'promised'",
      );
    }
  });

  test("[ST-07] a prepared transaction that close() cannot roll back is told by its name, and each that is given up unended", async () => {
    using emit = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const told = () =>
      emit.mock.calls.splice(0).map(([message, how]) => {
        expect(how).toMatchObject({ code: "ATHANOR_LEFT_PREPARED" });
        return String(message);
      });
    const left = async () => (await query(first.url, "select gid from pg_prepared_xacts")).rows.map(({ gid }) => gid);
    const Session = asyncSessionmaker(primary, { twophase: true });
    const prepared = async () => {
      const session = Session();
      session.add(make(User, { name: "promised", notes: [] }));
      const pid = await session.scalar(text("select pg_backend_pid()"));
      await session.prepare();
      return { session, pid, id: (await left())[0] };
    };
    {
      const { session } = await prepared();
      await session.close();
      expect([await left(), told()]).toEqual([[], []]);
    }
    {
      const { session, id } = await prepared();
      await query(first.url, `rollback prepared '${id}'`);
      await session.close();
      expect(told()).toEqual([]);
    }
    {
      const { session, pid, id } = await prepared();
      await query(first.url, `select pg_terminate_backend(${pid}, 5000)`);
      await session.close();
      expect(told()).toEqual([
        expect.stringMatching(
          `left on its server: .* prepared transaction ${id} was rolled back.*end it by rollbackPr`,
        ),
      ]);
      expect(await left()).toEqual([id]);
      await primary.connect((conn) => conn.rollbackPrepared(id));
    }
    for (const giveUp of [
      (session: AsyncSession) => session.invalidate(),
      // A listener fails where the commit can no longer be stopped.
      async (session: AsyncSession) => {
        const fail = () => {
          throw new Error("of a listener");
        };
        event.listen(primary, "commit", fail);
        await expect(session.commit()).rejects.toThrow("of a listener");
        event.remove(primary, "commit", fail);
        await session.close();
      },
    ]) {
      const { session, id } = await prepared();
      await giveUp(session);
      expect(told()).toEqual([
        expect.stringMatching(`server: ${id}\\. .*end it by commitPrepared\\(\\) or rollbackPrep`),
      ]);
      expect(await left()).toEqual([id]);
      await primary.connect((conn) => conn.rollbackPrepared(id));
    }
    expect(told()).toEqual([]);
  });

  test("[ST-07] a listener that fails at one of two commits hides nothing of what the other has left behind", async () => {
    using emit = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const near = createAsyncEngine(first.url);
    const far = createAsyncEngine(first.url);
    try {
      const session = asyncSessionmaker(near, { twophase: true, binds: new Map([[Note, far]]) })();
      await session.execute(text("insert into users (name) values ('heard')"));
      session.add(make(Note, { body: "unheard" }));
      await session.flush();
      const pid = await session.scalar(text("select pg_backend_pid()"), undefined, { bindArguments: { mapper: Note } });
      await session.prepare();
      const [ofNear, ofFar] = (await query(first.url, "select gid from pg_prepared_xacts order by prepared")).rows;
      await query(first.url, `select pg_terminate_backend(${pid}, 5000)`);
      event.listen(near, "commit", () => {
        throw new Error("of a listener");
      });
      const error = await session.commit().catch((each: unknown) => each);
      expect(error).toMatchObject({ name: "OperationalError", commitUncertain: true, leftPrepared: [ofFar.gid] });
      expect(String(error)).toMatch(/was committed\..*Error: of a listener/s);
      await session.close();
      expect(emit.mock.calls).toEqual([[expect.stringContaining(`server: ${ofNear.gid}.`), expect.anything()]]);
      await near.connect(async (conn) => {
        expect([...(await conn.recoverTwophase())].sort()).toEqual([ofNear.gid, ofFar.gid].sort());
        for (const { gid } of [ofNear, ofFar]) await conn.rollbackPrepared(gid);
      });
    } finally {
      await near.dispose();
      await far.dispose();
    }
  });

  test("[ST-07] prepare() alone leaves a transaction that outlives its connection, and can be recovered", async () => {
    using _ = filterWarnings("ignore", { code: "ATHANOR_LEFT_PREPARED" });
    const Session = asyncSessionmaker(primary, { twophase: true });
    const session = Session();
    session.add(make(User, { name: "Hal", notes: [] }));
    await session.prepare();
    await expect(session.scalars(select(User)).all()).rejects.toThrow(/prepared: the only things left/);
    const left = await query(first.url, "select gid from pg_prepared_xacts");
    expect(left.rows.length).toBe(1);
    await session.invalidate();
    await primary.connect(async (conn) => {
      expect(await conn.recoverTwophase()).toEqual([left.rows[0].gid]);
      await conn.commitPrepared(left.rows[0].gid);
      expect(await conn.recoverTwophase()).toEqual([]);
    });
    await using check = Session();
    expect((await check.scalars(select(User).where((u) => u.name.eq("Hal"))).all()).length).toBe(1);
    const second = Session();
    second.add(make(User, { name: "Ida", notes: [] }));
    await second.prepare();
    await second.rollback();
    expect((await check.scalars(select(User).where((u) => u.name.eq("Ida"))).all()).length).toBe(0);
    await expect(asyncSessionmaker(primary)().prepare()).rejects.toThrow(/twophase: true/);
    // The same without a session.
    await primary.connect(async (conn) => {
      const transaction = await conn.begin();
      await conn.execute(text("insert into users (name) values ('Jim')"));
      await transaction.prepare("it's Jim's");
      await conn.invalidate();
    });
    await primary.connect(async (conn) => {
      expect(await conn.recoverTwophase()).toEqual(["it's Jim's"]);
      await expect(conn.commitPrepared("nobody's")).rejects.toThrow(/"nobody's" does not exist/);
      await conn.rollbackPrepared("it's Jim's");
      expect(await conn.scalar(text("select count(*)::int from users where name = 'Jim'"))).toBe(0);
      await expect(conn.commitPrepared("x")).rejects.toThrow(
        /no part of a transaction.*call commit\(\) or rollback\(\) first/,
      );
    });
    expect(OperationalError).toBeDefined();
  });
});
