/** The chapter "State management" of SQLAlchemy's ORM documentation. session/states, merge and expiry.test.ts have the corners. */
import { describe, expect, test } from "vitest";
import {
  attrs,
  Column,
  event,
  IntegrityError,
  inspect,
  joinedload,
  type LoadOption,
  ManyToOne,
  makeTransient,
  type ObjectState,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  type Session,
  type SessionTarget,
  select,
  selectinload,
  t,
  text,
  undefer,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("players")
class Player {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) name!: string;
  @Column(t.text, { deferred: true, nullable: true }) notes!: string | null;
  @OneToMany(
    () => Score,
    (s) => s.player,
    { orderBy: "id" },
  )
  scores!: Score[];
}

@reg.Entity("scores")
class Score {
  @PrimaryKey() id!: number;
  @Column(t.integer) points!: number;
  @Column(t.integer, { foreignKey: "players.id" }) playerId!: number;
  @ManyToOne(
    () => Player,
    (p) => p.scores,
  )
  player!: Relation<Player>;
}

const p = attrs(Player);

async function players(options: Parameters<typeof storeFor>[1] = {}) {
  const store = await storeFor(reg, options);
  await store.Session.begin((s) =>
    s.add(make(Player, { name: "ed", notes: "n", scores: [make(Score, { points: 1 }), make(Score, { points: 2 })] })),
  );
  return { ...store, log: recordStatements(store.engine) };
}

const loaded = (object: object) => {
  const { unloaded, mapper } = inspect(object);
  return [...mapper.attributes.keys()].filter((key) => !unloaded.has(key)).sort();
};

describe("the states of an object", () => {
  test("transient, pending, persistent, deleted, detached: one at a time, and inspect() tells which", async () => {
    const { Session } = await players();
    await using session = Session();
    const seen: ObjectState[] = [];
    const note = (object: Player) => {
      const { state, transient, pending, persistent, deleted, detached } = inspect(object);
      expect([transient, pending, persistent, deleted, detached].filter(Boolean)).toHaveLength(1);
      seen.push(state);
    };
    const player = make(Player, { name: "flo" });
    note(player);
    session.add(player);
    note(player);
    await session.flush();
    note(player);
    await session.delete(player);
    note(player);
    await session.flush();
    note(player);
    await session.commit();
    note(player);
    expect(seen).toEqual(["transient", "pending", "persistent", "persistent", "deleted", "detached"]);
    makeTransient(player);
    note(player);
    expect(seen.at(-1)).toBe("transient");
  });

  test("a session goes through its objects, says what is in it, and what is new, changed and deleted", async () => {
    const { Session } = await players();
    await using session = Session();
    const ed = await session.getOne(Player, 1);
    const flo = make(Player, { name: "flo" });
    session.add(flo);
    expect(new Set(session)).toEqual(new Set([ed, flo]));
    expect([session.has(ed), session.has(flo), session.has(make(Player))]).toEqual([true, true, false]);
    ed.name = "edward";
    expect([[...session.new], [...session.dirty], [...session.deleted]]).toEqual([[flo], [ed], []]);
    expect([...session.identityMap]).toEqual([ed]);
  });

  test("objects are held strongly by a listener on the transitions, for one session or for all of a factory", async () => {
    const { Session } = await players();
    const refs = (session: { info: Record<string, unknown> }) => {
      session.info.refs ??= new Set<object>();
      return session.info.refs as Set<object>;
    };
    const hold = (target: SessionTarget) => {
      const keep = (session: Session, object: object) => void refs(session).add(object);
      const drop = (session: Session, object: object) => void refs(session).delete(object);
      for (const name of [
        "pendingToPersistent",
        "deletedToPersistent",
        "detachedToPersistent",
        "loadedAsPersistent",
      ] as const)
        event.listen(target, name, keep);
      for (const name of ["persistentToDetached", "persistentToDeleted", "persistentToTransient"] as const)
        event.listen(target, name, drop);
    };
    hold(Session);
    await using session = Session();
    const ed = await session.getOne(Player, 1);
    const flo = make(Player, { name: "flo" });
    session.add(flo);
    expect(refs(session)).toEqual(new Set([ed]));
    await session.flush();
    expect(refs(session)).toEqual(new Set([ed, flo]));
    session.expunge(ed);
    await session.delete(flo);
    await session.flush();
    expect(refs(session).size).toBe(0);
    await session.rollback();
    expect(inspect(flo).transient).toBe(true);
  });
});

describe("merge", () => {
  test("looks for the key here, then in the database, copies what the given object has, and gives the session's own", async () => {
    const { Session, log } = await players();
    await using session = Session();
    const given = make(Player, { id: 1, name: "edward" });
    log.reset();
    const merged = await session.merge(given);
    expect(log.count("SELECT")).toBe(1);
    expect(merged).not.toBe(given);
    expect([merged.id, merged.name, inspect(given).transient]).toEqual([1, "edward", true]);
    log.reset();
    expect(await session.merge(make(Player, { id: 1 }))).toBe(merged);
    expect(log.count("SELECT")).toBe(0);
    const fresh = await session.merge(make(Player, { id: 50, name: "new" }));
    expect(inspect(fresh).pending).toBe(true);
    const keyless = await session.merge(make(Player, { name: "none" }));
    expect(inspect(keyless).pending).toBe(true);
    await session.commit();
    expect((await session.scalars(select(p.name)).all()).sort()).toEqual(["edward", "new", "none"]);
  });

  test("cascades along relationships, whose collections become what the given object has", async () => {
    const { Session } = await players();
    await using session = Session();
    const given = make(Player, {
      id: 1,
      name: "ed",
      scores: [make(Score, { id: 1, points: 10, playerId: 1 }), make(Score, { points: 30, playerId: 1 })],
    });
    const second = make(Score, { id: 2, points: 2, playerId: 1 });
    given.scores.splice(1, 0, second);
    const merged = await session.merge(given);
    expect(merged.scores.map((score) => score.points)).toEqual([10, 2, 30]);
    await session.commit();
    const s = attrs(Score);
    expect(await session.scalars(select(s.points).orderBy(s.id)).all()).toEqual([10, 2, 30]);
  });

  test("options are for the given object's row: what comes with it is found there, and not asked for again", async () => {
    const { Session, log } = await players();
    await using session = Session();
    const scores = [make(Score, { id: 1, points: 10 }), make(Score, { id: 2, points: 20 })];
    const given = make(Player, { id: 1, name: "edward", scores });
    log.reset();
    const merged = await session.merge(given, { options: [selectinload(p.scores), undefer(Player, (x) => x.notes)] });
    expect([merged.notes, ...merged.scores.map((score) => score.points)]).toEqual(["n", 10, 20]);
    expect(log.count("SELECT")).toBe(2);
  });

  test("load: false takes an object of a cache as it is, without SQL and without changes", async () => {
    const { Session, log } = await players({ expireOnCommit: false });
    await using first = Session();
    const cached = await first.getOne(Player, 1, { options: [selectinload(p.scores)] });
    await first.close();
    log.reset();
    await using session = Session();
    const copy = await session.merge(cached, { load: false });
    expect(copy).not.toBe(cached);
    expect(copy.scores.map((score) => score.points)).toEqual([1, 2]);
    expect([log.count(), session.isModified(copy), inspect(cached).detached]).toEqual([0, false, true]);
  });

  test("an object that is pending already is not merged onto another; null on a relationship wins over the key", async () => {
    const { Session } = await players();
    await using session = Session();
    const ed = await session.getOne(Player, 1, { options: [selectinload(p.scores)] });
    const [existing] = ed.scores;
    const { id } = existing;
    // What is set on the other side does not pull the new object into the session, as cascades do not run backwards.
    const free = make(Score, { id, points: 7 });
    free.player = ed;
    expect(session.has(free)).toBe(false);
    expect(await session.merge(free)).toBe(existing);
    await session.rollback();
    const nobody = make(Score, { id, playerId: 1, points: 7 });
    (nobody as { player: Player | null }).player = null;
    await session.merge(nobody);
    await expect(session.flush()).rejects.toThrow(IntegrityError);
    await session.rollback();
    const fine = make(Score, { id, playerId: 1, points: 9 });
    await session.merge(fine);
    await session.commit();
    expect((await session.getOne(Score, id)).points).toBe(9);
  });
});

test("expunge() takes one object out, expungeAll() every one: what has a row is detached, what has none transient", async () => {
  const { Session } = await players();
  await using session = Session();
  const [ed, flo] = [await session.getOne(Player, 1), make(Player, { name: "flo" })];
  session.add(flo);
  session.expunge(ed);
  session.expunge(flo);
  expect([inspect(ed).state, inspect(flo).state]).toEqual(["detached", "transient"]);
  session.addAll([ed, flo]);
  session.expungeAll();
  expect([[...session], inspect(ed).state, inspect(flo).state]).toEqual([[], "detached", "transient"]);
});

describe("expire and refresh", () => {
  test("expire() erases what was loaded and what was changed; the next read selects the row", async () => {
    const { Session, log } = await players();
    await using session = Session();
    const ed = await session.getOne(Player, 1);
    expect(loaded(ed)).toEqual(["id", "name"]);
    ed.name = "other";
    session.expire(ed);
    expect(loaded(ed)).toEqual([]);
    log.reset();
    await session.runSync(() => expect(ed.name).toBe("ed"));
    expect(log.count("SELECT")).toBe(1);
    expect(loaded(ed)).toEqual(["id", "name"]);
    session.expire(ed, ["name"]);
    expect(loaded(ed)).toEqual(["id"]);
  });

  test("refresh() selects at once, all columns or those that are named; deferred columns only by name", async () => {
    const { Session, log } = await players();
    await using session = Session();
    const ed = await session.getOne(Player, 1);
    ed.name = "lost";
    await session.noAutoflush(() => session.refresh(ed));
    expect(ed.name).toBe("ed");
    expect(loaded(ed)).not.toContain("notes");
    await session.refresh(ed, ["notes"]);
    expect(ed.notes).toBe("n");
    await session.refresh(ed);
    expect(loaded(ed)).not.toContain("notes");
    log.reset();
    await session.refresh(ed, ["name", "scores"]);
    expect(ed.scores).toHaveLength(2);
    await expect(session.refresh(ed, ["nothing"])).rejects.toThrow(/nothing/);
  });

  test("of an expired object a relationship comes after the row, with its options once; a column brings no lazy relationship", async () => {
    const { Session, log } = await players();
    await using session = Session();
    const ed = await session.getOne(Player, 1, { options: [selectinload(p.scores)] });
    session.expire(ed);
    log.reset();
    await session.runSync(() => expect(ed.scores).toHaveLength(2));
    expect(log.texts().map((each) => /FROM (\w+)/.exec(each)?.[1])).toEqual(["players", "scores"]);
    await session.runSync(() => expect(ed.name).toBe("ed"));
    expect(log.count()).toBe(2);
    await session.close();
    await using second = Session();
    const plain = await second.getOne(Player, 1);
    second.expire(plain);
    log.reset();
    await second.runSync(() => expect(plain.name).toBe("ed"));
    expect([log.count(), loaded(plain)]).toEqual([1, ["id", "name"]]);
  });

  test.each([
    ["joinedload", () => joinedload(p.scores), 1],
    ["selectinload", () => selectinload(p.scores), 2],
  ] as const)(
    "with %s among its statement's options an expired object comes back with them",
    async (_, option, count) => {
      const { Session, log } = await players();
      await using session = Session();
      const eager: LoadOption = option();
      const [ed] = await session.scalars(select(Player).options(eager)).unique().all();
      session.expire(ed);
      log.reset();
      await session.runSync(() => expect(ed.name).toBe("ed"));
      expect(log.count("SELECT")).toBe(count);
      expect(loaded(ed)).toContain("scores");
    },
  );

  test("what was expired by a commit is what another transaction wrote since", async () => {
    const { Session } = await players();
    await using session = Session();
    const ed = await session.getOne(Player, 1);
    await session.commit();
    await Session.begin((other) => other.execute(text("UPDATE players SET name = 'edward'")));
    await session.runSync(() => expect(ed.name).toBe("edward"));
  });
});
