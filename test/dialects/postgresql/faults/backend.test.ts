/** Single backends that are terminated, by pg_terminate_backend on the server that the tests share. */
import { beforeEach, describe, expect, test } from "vitest";
import {
  type AsyncConnection,
  type AsyncEngine,
  asyncSessionmaker,
  DatabaseError,
  func,
  insert,
  select,
  text,
} from "../../../../src/index.js";
import { rejection, scratchDatabase } from "../support.js";
import { atRest, inTime, Ledger, makeTables, Part, sleep } from "./support.js";

const db = scratchDatabase();
const part = (work: number, body = ""): Part => Object.assign(new Part(), { work, body });

beforeEach(async () => {
  await makeTables(db.engine());
});

async function pidOf(c: AsyncConnection): Promise<number> {
  return ((await c.getRawConnection()).raw as { processID: number }).processID;
}

/** Terminates all other backends of this database. */
async function terminateAll(): Promise<number> {
  const killer = db.engine({ poolSize: 1 });
  const gone = await killer
    .execute(
      text(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
      ),
    )
    .all();
  await killer.dispose();
  return gone.length;
}

/** Waits until a backend runs the statement. */
async function untilRuns(engine: AsyncEngine, pattern: string): Promise<void> {
  const busy = text(
    "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE :pattern AND pid <> pg_backend_pid()",
  );
  while ((await engine.scalar(busy, { pattern })) === 0) await sleep(10);
}

describe("a backend that is terminated", () => {
  test("in the middle of a flush leaves nothing half-written, and the session goes on after rollback", async () => {
    const engine = db.engine({ poolSize: 2, maxOverflow: 0 });
    await engine.begin(async (c) => {
      await c.execute(
        text(`CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
              $$ BEGIN IF NEW.body = 'slow' THEN PERFORM pg_sleep(20); END IF; RETURN NEW; END $$`),
      );
      await c.execute(text("CREATE TRIGGER slow BEFORE INSERT ON fault_parts FOR EACH ROW EXECUTE FUNCTION slow()"));
    });
    const session = asyncSessionmaker(engine)();
    const [first, second] = [part(1), part(1, "slow")];
    session.add(first);
    await session.flush();
    session.add(second);
    const flushing = rejection(session.flush());
    await untilRuns(db.engine(), "INSERT INTO fault_parts%");
    await terminateAll();
    expect(await inTime(flushing)).toMatchObject({
      name: "OperationalError",
      code: "57P01",
      connectionInvalidated: true,
      commitUncertain: false,
    });
    expect(session.isActive).toBe(false);
    expect(await rejection(session.commit())).toMatchObject({ name: "PendingRollbackError" });
    await session.rollback();
    expect([...session]).toEqual([]);
    session.add(part(2));
    await session.commit();
    expect(await session.scalars(select(Part)).all()).toMatchObject([{ work: 2 }]);
    await session.close();
    await atRest(engine);
  });

  test("does not hide the error of a function that is given to begin(), whose transaction cannot be rolled back", async () => {
    await using session = asyncSessionmaker(db.engine())();
    const failing = session.begin(async () => {
      await session.execute(text("SELECT 1"));
      await terminateAll();
      throw new RangeError("mine");
    });
    expect(await rejection(failing)).toMatchObject({ message: "mine" });
    expect(await session.scalar(text("SELECT 1"))).toBe(1);
  });

  test("leaves a transaction in which nothing more is done, whatever is asked of it, until it is rolled back", async () => {
    const engine = db.engine();
    await engine.connect(async (c) => {
      await c.execute(insert(Part).values({ work: 1, body: "" }));
      await terminateAll();
      const lost = { name: "PendingConnectionRollbackError" };
      expect(await rejection(c.execute(text("SELECT 1")))).toMatchObject({ connectionInvalidated: true });
      expect(await rejection(c.getIsolationLevel())).toMatchObject(lost);
      expect(await rejection(c.copyFrom(Part, [{ work: 2, body: "" }]))).toMatchObject(lost);
      expect(await rejection(c.recoverTwophase())).toMatchObject(lost);
      expect(await rejection(c.commit())).toMatchObject(lost);
      await c.rollback();
      expect(await c.getIsolationLevel()).toBe("READ COMMITTED");
      expect(await c.scalar(text("SELECT count(*) FROM fault_parts"))).toBe(0);
    });
  });

  test("while idle in the pool costs nobody an error with poolPrePing, and one statement at most without", async () => {
    for (const poolPrePing of [true, false]) {
      const engine = db.engine({ poolSize: 4, maxOverflow: 0, poolPrePing });
      await Promise.all(Array.from({ length: 4 }, () => engine.execute(text("SELECT pg_sleep(0.05)"))));
      expect(await terminateAll()).toBeGreaterThanOrEqual(4);
      const errors: unknown[] = [];
      for (let i = 0; i < 8; i++) await engine.scalar(text("SELECT 1")).catch((error: unknown) => errors.push(error));
      expect(errors.length).toBeLessThanOrEqual(poolPrePing ? 0 : 1);
      for (const error of errors)
        expect(error).toMatchObject({ name: "OperationalError", connectionInvalidated: true });
      await atRest(engine);
      await engine.dispose();
    }
  });

  test("in the middle of a stream is an error to the reader, of Core and of the ORM", async () => {
    const engine = db.engine({ poolSize: 2, maxOverflow: 0 });
    await engine.execute(insert(Part), Array.from({ length: 3000 }, (_, i) => ({ work: i, body: "x" })) as never);
    const c = await engine.connect();
    const session = asyncSessionmaker(engine)();
    const rows = await c.stream(text("SELECT generate_series(1, 100000)"), null, { yieldPer: 100 });
    const parts = await session.streamScalars(select(Part), undefined, { yieldPer: 100 });
    await rows.fetchmany(5);
    await parts.fetchmany(5);
    await terminateAll();
    for (const reading of [rows.all(), parts.all()])
      expect(await rejection(inTime(reading as Promise<unknown>))).toMatchObject({
        name: "OperationalError",
        connectionInvalidated: true,
      });
    await c.close();
    await session.close();
    await atRest(engine);
  });

  test("under load, again and again, leaves committed work counted exactly", { timeout: 30_000 }, async () => {
    const engine = db.engine({ poolSize: 4, maxOverflow: 0 });
    const ledger = new Ledger();
    let on = true;
    const loading = ledger.load(engine, 8, () => on);
    for (let round = 0; round < 6; round++) {
      const before = ledger.committed.size;
      while (ledger.committed.size < before + 10) await sleep(5);
      await terminateAll();
    }
    on = false;
    await loading;
    expect(ledger.errors.length).toBeGreaterThan(0);
    ledger.checkErrors();
    await ledger.check(engine);
    await atRest(engine);
  });
});

describe("a backend that is terminated during COMMIT", () => {
  /** A transaction whose COMMIT takes long, by a constraint that is checked then. */
  async function slowCommits(): Promise<void> {
    await db.engine().begin(async (c) => {
      await c.execute(
        text(`CREATE OR REPLACE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS
              $$ BEGIN PERFORM pg_sleep(20); RETURN NULL; END $$`),
      );
      await c.execute(
        text(`CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON fault_parts DEFERRABLE INITIALLY DEFERRED
              FOR EACH ROW EXECUTE FUNCTION slow_commit()`),
      );
    });
  }

  test("is an error that says that the outcome is uncertain: connection, session and retry", async () => {
    await slowCommits();
    const engine = db.engine({ poolSize: 2, maxOverflow: 0 });
    const Session = asyncSessionmaker(engine);
    const attempts: number[] = [];
    const commits: (() => Promise<unknown>)[] = [
      () => engine.begin((c) => c.execute(insert(Part).values({ work: 1, body: "" }))),
      () => Session.begin((session) => session.add(part(2))),
      () =>
        Session.transaction((session) => {
          attempts.push(1);
          session.add(part(3));
        }),
    ];
    for (const commit of commits) {
      const failing = rejection<DatabaseError>(commit());
      await untilRuns(db.engine(), "COMMIT%");
      await terminateAll();
      const error = await inTime(failing);
      expect(error).toBeInstanceOf(DatabaseError);
      expect(error).toMatchObject({
        name: "OperationalError",
        code: "57P01",
        commitUncertain: true,
        connectionInvalidated: true,
        retryable: false,
        message: expect.stringMatching(/^The outcome of COMMIT is uncertain: .*terminating connection/),
      });
    }
    expect(attempts).toEqual([1]);
    expect(await engine.scalar(select(func.count()).selectFrom(Part as never))).toBe(0);
    await atRest(engine);
  });

  test("is the same error inside runSync, where the thread is blocked", async () => {
    await slowCommits();
    const engine = db.engine({ poolSize: 1, maxOverflow: 0 });
    const c = await engine.connect();
    const pid = await pidOf(c);
    // The blocked thread cannot terminate anybody: the server does it by itself, after a while.
    const killer = await db.engine().connect();
    const killing = killer.execute(text(`SELECT pg_sleep(0.5), pg_terminate_backend(${pid})`));
    await sleep(50);
    await c.runSync((s) => {
      s.execute(insert(Part).values({ work: 1, body: "" }));
      expect(() => s.commit()).toThrow(
        expect.objectContaining({ name: "OperationalError", commitUncertain: true, connectionInvalidated: true }),
      );
    });
    await killing;
    await killer.close();
    await c.close();
    await atRest(engine);
  });

  test("and so it is under AUTOCOMMIT with a statement that writes, and not with one that reads", async () => {
    const engine = db.engine({ isolationLevel: "AUTOCOMMIT" });
    const lost = { name: "OperationalError", connectionInvalidated: true };
    const dying = text("INSERT INTO fault_parts (work, body) SELECT 1, pg_terminate_backend(pg_backend_pid())::text");
    const error = await rejection(engine.execute(dying));
    expect(error).toMatchObject({ ...lost, commitUncertain: true, code: "57P01" });
    expect(error.message).toMatch(/^The outcome of this statement is uncertain: under AUTOCOMMIT it commits itself/);
    const reading = engine.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"));
    expect(await rejection(reading)).toMatchObject({ ...lost, commitUncertain: false });
    const inTransaction = db.engine().execute(dying);
    expect(await rejection(inTransaction)).toMatchObject({ ...lost, commitUncertain: false });
    await atRest(engine);
  });

  test("a connection that was lost before COMMIT was sent is not uncertain", async () => {
    const engine = db.engine({ poolSize: 1, maxOverflow: 0 });
    const c = await engine.connect();
    await c.execute(insert(Part).values({ work: 1, body: "" }));
    await terminateAll();
    await sleep(50);
    expect(await rejection(c.commit())).toMatchObject({
      name: "OperationalError",
      code: "57P01",
      commitUncertain: false,
    });
    await c.close();
    expect(await engine.scalar(text("SELECT count(*) FROM fault_parts"))).toBe(0);
    await atRest(engine);
  });
});

describe("inside runSync", () => {
  test("a terminated backend, a cancelled statement, statement_timeout and query_timeout are the errors that they are outside", async () => {
    const engine = db.engine({ poolSize: 1, maxOverflow: 0 });
    const sleeping = text("SELECT pg_sleep(20)");
    const by = async (how: "pg_terminate_backend" | "pg_cancel_backend", inSync: boolean): Promise<DatabaseError> => {
      const killer = await db.engine().connect();
      const c = await engine.connect();
      const killing = killer.execute(text(`SELECT pg_sleep(0.3), ${how}(${await pidOf(c)})`));
      await sleep(50);
      const error = inSync
        ? await c.runSync((s) => thrown(() => s.execute(sleeping)))
        : await rejection<DatabaseError>(c.execute(sleeping));
      await killing;
      await killer.close();
      await c.close();
      return error as DatabaseError;
    };
    for (const how of ["pg_terminate_backend", "pg_cancel_backend"] as const) {
      const [inside, outside] = [await by(how, true), await by(how, false)];
      expect(inside).toMatchObject({
        name: outside.name,
        code: outside.code,
        connectionInvalidated: outside.connectionInvalidated,
      });
      expect(inside.name).toBe("OperationalError");
    }
    await atRest(engine);
    const limited = db.engine({ poolSize: 1, maxOverflow: 0 }, "?statement_timeout=100");
    await limited.connect(async (c) => {
      await c.runSync((s) => {
        expect(thrown(() => s.execute(sleeping))).toMatchObject({ name: "OperationalError", code: "57014" });
        s.rollback();
        expect(s.execute(text("SELECT 1")).scalar()).toBe(1);
      });
    });
    await atRest(limited);
    const watched = db.engine({ poolSize: 1, maxOverflow: 0 }, "?query_timeout=100");
    const c = await watched.connect();
    await c.runSync((s) => {
      expect(thrown(() => s.execute(sleeping))).toMatchObject({
        name: "OperationalError",
        message: expect.stringMatching(/query_timeout/),
      });
      s.rollback();
      expect(s.execute(text("SELECT 1")).scalar()).toBe(1);
    });
    expect(c.invalidated).toBe(false);
    await c.close();
    await atRest(watched);
  });

  test("a session that the server has ended as it sat in a transaction is a lost connection, as others are", async () => {
    const engine = db.engine({}, "?idle_in_transaction_session_timeout=10");
    await engine.connect(async (c) => {
      await c.runSync((sync) => {
        sync.scalar(text("SELECT 1"));
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
        expect(() => sync.scalar(text("SELECT 1"))).toThrow(
          expect.objectContaining({ name: "OperationalError", code: "25P03", connectionInvalidated: true }),
        );
      });
    });
  });

  test("a session whose flush, lazy load or commit meets a dead backend says so and goes on after rollback", async () => {
    const engine = db.engine({ poolSize: 1, maxOverflow: 0 });
    const session = asyncSessionmaker(engine)();
    session.add(part(1));
    await session.commit();
    const [stored] = await session.scalars(select(Part)).all();
    session.expire(stored as Part);
    await terminateAll();
    await session.runSync((s) => {
      expect(() => stored?.body).toThrow(expect.objectContaining({ name: "OperationalError" }));
      s.add(part(2));
      expect(() => s.flush()).toThrow(/rolled back|rollback/);
    });
    await session.rollback();
    expect((await session.scalars(select(Part)).all()).map((p) => p.work)).toEqual([1]);
    await session.close();
    await atRest(engine);
  });
});

function thrown(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}
