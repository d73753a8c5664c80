/** Behind a pooler that gives a session to another client after each transaction: what was prepared may be gone at any time. */
import { setTimeout } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type AsyncEngine,
  asyncSessionmaker,
  attrs,
  Column,
  createAsyncEngine,
  event,
  ManyToOne,
  OneToMany,
  OperationalError,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  text,
} from "../../../src/index.js";
import { NO_PGBOUNCER, PGBOUNCER, startPooler } from "../../support/pgbouncer.js";
import { rejection, scratchDatabase } from "./support.js";

const db = scratchDatabase();
const reg = registry();

@reg.Entity("pool_owners")
class Owner {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @OneToMany(
    () => Thing,
    (thing) => thing.owner,
    { orderBy: "id" },
  )
  things!: Thing[];
}

@reg.Entity("pool_things")
class Thing {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @ManyToOne(
    () => Owner,
    (owner) => owner.things,
  )
  owner!: Relation<Owner> | null;
}

/** Work of every kind in transactions of their own, by as many workers as are asked for. */
async function work(engine: AsyncEngine, workers: number, rounds: number): Promise<void> {
  const Session = asyncSessionmaker(engine);
  const one = async (worker: number): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      const name = `${worker}-${round}`;
      const id = await Session.begin(async (s) => {
        const things = ["a", "b"].map((each) => Object.assign(new Thing(), { name: each }));
        const owner = Object.assign(new Owner(), { name, things });
        s.add(owner);
        await s.flush();
        return owner.id;
      });
      await Session.begin(async (s) => {
        const [owner] = await s
          .scalars(
            select(Owner)
              .where((o) => o.name.eq(name))
              .options(selectinload(Owner, (o) => o.things)),
          )
          .all();
        expect([owner.id, owner.things.length]).toEqual([id, 2]);
        owner.things.pop();
        owner.name += "!";
        let streamed = 0;
        for await (const thing of await s.streamScalars(select(Thing).where((x) => x.owner.eq(owner)))) {
          expect(thing.name).toMatch(/a|b/);
          streamed++;
        }
        expect(streamed).toBe(1);
      });
      await Session.begin(async (s) => {
        const owner = (await s.get(Owner, id)) as Owner;
        expect(owner.name).toBe(`${name}!`);
        await s.runSync(() => expect(owner.things).toHaveLength(1));
        expect(await s.scalar(text("SELECT :given || '?'"), { given: name })).toBe(`${name}?`);
      });
    }
  };
  await Promise.all(Array.from({ length: workers }, (_, worker) => one(worker)));
}

describe.skipIf(PGBOUNCER === null)(`behind pgbouncer${PGBOUNCER === null ? ` (${NO_PGBOUNCER})` : ""}`, () => {
  test("[PG-14] in transaction mode, with preparedStatements: false, many clients share two sessions and nothing is left prepared in them", async () => {
    await using pooler = await startPooler(db.url, { pool_mode: "transaction", default_pool_size: 2 });
    const engine = createAsyncEngine(pooler.url, {
      poolSize: 8,
      dialectOptions: { postgresql: { preparedStatements: false } },
    });
    onTestFinished(() => engine.dispose({ force: true }));
    const errors: string[] = [];
    event.listen(engine, "handleError", ({ error }) => void errors.push(String(error)));
    await reg.metadata.dropAll(engine);
    await reg.metadata.createAll(engine);
    await work(engine, 8, 3);
    expect(errors).toEqual([]);
    expect(engine.status().checkedOut).toBe(0);
    const backends = new Set<unknown>();
    await Promise.all(
      Array.from({ length: 8 }, () =>
        engine.begin(async (conn) => {
          backends.add(await conn.scalar(text("SELECT pg_backend_pid()")));
          expect(await conn.scalar(text("SELECT count(*)::int FROM pg_prepared_statements"))).toBe(0);
        }),
      ),
    );
    expect(backends.size).toBeLessThanOrEqual(2);
    await reg.metadata.dropAll(engine);
  });

  test("in transaction mode each engine has its own time zone in sessions that they share", async () => {
    await using pooler = await startPooler(db.url, { pool_mode: "transaction", default_pool_size: 1 });
    const zones = ["Asia/Tokyo", "America/Lima"];
    const engines = zones.map((zone) => createAsyncEngine(`${pooler.url}?prepared_statements=false&timezone=${zone}`));
    for (const engine of engines) onTestFinished(() => engine.dispose({ force: true }));
    for (let round = 0; round < 3; round++) {
      const shown = await Promise.all(engines.map((engine) => engine.scalar(text("SHOW timezone"))));
      expect(shown).toEqual(zones);
    }
  });

  test("in transaction mode a signal cancels a statement, and the connection goes on", async () => {
    await using pooler = await startPooler(db.url, { pool_mode: "transaction", default_pool_size: 2 });
    const engine = createAsyncEngine(pooler.url, {
      poolSize: 2,
      dialectOptions: { postgresql: { preparedStatements: false } },
    });
    onTestFinished(() => engine.dispose({ force: true }));
    const signal = AbortSignal.timeout(200);
    expect(await rejection(engine.execute(text("SELECT pg_sleep(30)"), null, { signal }))).toBe(signal.reason);
    expect(await engine.scalar(text("SELECT 1"))).toBe(1);
  });

  test("in session mode statements are prepared and kept", async () => {
    await using pooler = await startPooler(db.url, { pool_mode: "session", default_pool_size: 2 });
    const engine = createAsyncEngine(pooler.url, { poolSize: 2, maxOverflow: 0 });
    await reg.metadata.dropAll(engine);
    onTestFinished(() => engine.dispose({ force: true }));
    await reg.metadata.createAll(engine);
    await work(engine, 2, 2);
    expect(await engine.scalar(text("SELECT count(*)::int FROM pg_prepared_statements"))).toBeGreaterThan(3);
    await reg.metadata.dropAll(engine);
  });

  test("a pooler that is ended and started again costs the statements in flight, and no more", async () => {
    const pooler = await startPooler(db.url, { pool_mode: "transaction", default_pool_size: 2 });
    const engine = createAsyncEngine(pooler.url, {
      poolSize: 2,
      dialectOptions: { postgresql: { preparedStatements: false } },
    });
    onTestFinished(() => engine.dispose({ force: true }));
    expect(await engine.scalar(text("SELECT 1"))).toBe(1);
    const sleeping = rejection<OperationalError>(engine.execute(text("SELECT pg_sleep(30)")));
    await setTimeout(100);
    await pooler[Symbol.asyncDispose]();
    expect(await sleeping).toBeInstanceOf(OperationalError);
    const refused = await rejection<OperationalError>(engine.scalar(text("SELECT 1")));
    expect(refused.message).toMatch(/ECONNREFUSED/);
    expect(engine.status().checkedOut).toBe(0);
  });
});

test("[PG-14] with preparedStatements: false nothing is left prepared between transactions, and all is well when a pooler drops everything there", async () => {
  const engine = db.engine({
    poolSize: 1,
    maxOverflow: 0,
    dialectOptions: { postgresql: { preparedStatements: false } },
  });
  await reg.metadata.dropAll(engine);
  await reg.metadata.createAll(engine);
  const Session = asyncSessionmaker(engine);
  // What pgbouncer's transaction mode amounts to for a client: another session, with nothing of one's own in it.
  const swap = async () => {
    await engine.connect(async (conn) => {
      expect(Number(await conn.scalar(text("SELECT count(*) FROM pg_prepared_statements")))).toBe(0);
      await conn.execDriverSql("DEALLOCATE ALL");
      await conn.commit();
    });
  };
  let errors = 0;
  event.listen(engine, "handleError", () => void errors++);
  for (let round = 0; round < 3; round++) {
    await Session.begin((s) => {
      for (let i = 0; i < 5; i++) {
        const things = [Object.assign(new Thing(), { name: "a" }), Object.assign(new Thing(), { name: "b" })];
        s.add(Object.assign(new Owner(), { name: `owner ${round}-${i}`, things }));
      }
    });
    await swap();
    await Session.begin(async (s) => {
      const owners = await s
        .scalars(
          select(Owner)
            .options(selectinload(attrs(Owner).things))
            .orderBy(attrs(Owner).id),
        )
        .all();
      expect(owners).toHaveLength(5 * (round + 1));
      expect(owners.every((owner) => owner.things.length === 2)).toBe(true);
      for (const owner of owners) owner.name += "!";
      let streamed = 0;
      for await (const _thing of await s.streamScalars(select(Thing))) streamed++;
      expect(streamed).toBe(10 * (round + 1));
    });
    await swap();
    expect(await Session.begin(async (s) => (await s.get(Owner, 1))?.name)).toMatch(/^owner 0-0!+$/);
    await swap();
  }
  expect(errors).toBe(0);
  await reg.metadata.dropAll(engine);
});
