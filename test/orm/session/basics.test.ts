import { describe, expect, test, vi } from "vitest";
import {
  AsyncSession,
  asyncSessionmaker,
  attrs,
  Column,
  column,
  event,
  InvalidRequestError,
  ManyToOne,
  MultipleResultsFound,
  NoResultFound,
  OneToMany,
  objectSession,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
  table,
  text,
  UnmappedInstanceError,
} from "../../../src/index.js";
import { freshDatabase } from "../../support/database.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("people")
class Person {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @Column(t.integer, { nullable: true }) age!: number | null;
  @OneToMany(
    () => Pet,
    (p) => p.owner,
  )
  pets!: Pet[];
}

@reg.Entity("pets")
class Pet {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @ManyToOne(
    () => Person,
    (p) => p.pets,
  )
  owner!: Relation<Person> | null;
}

const things = table("things", reg.metadata, { id: column(t.integer, { primaryKey: true }), label: column(t.text) });

describe("adding", () => {
  test("[SB-03] adding twice is harmless: one row", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    const ann = make(Person, { name: "Ann" });
    session.add(ann);
    session.add(ann);
    session.addAll([ann, ann]);
    using log = recordStatements(engine);
    await session.commit();
    expect(log.rows("INSERT")).toBe(1);
    session.add(ann);
    log.reset();
    await session.commit();
    expect(log.count()).toBe(0);
  });

  test("[SB-03] adding an unmapped object names its type", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    class Stray {}
    expect(() => session.add(new Stray())).toThrow(UnmappedInstanceError);
    expect(() => session.add(new Stray())).toThrow(/^An instance of Stray is not mapped/);
    expect(() => session.add({ name: "x" })).toThrow(/^A plain object is not mapped.*create\(/);
    expect(() => session.add(null as never)).toThrow(/^A mapped object is needed here, not null\.$/);
    expect(() => session.add("Ann" as never)).toThrow(/not string/);
    expect(() => session.add(Person as never)).toThrow(/not the class Person\.$/);
    expect(() => session.has("Ann" as never)).toThrow(/^A mapped object is needed here, not string\.$/);
    expect(() => objectSession(null as never)).toThrow(/^A mapped object is needed here, not null\.$/);
    expect(session.new.size).toBe(0);
  });

  test("[SB-03] addAll takes any iterable, and inserts in its order", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.addAll(
      (function* () {
        for (const name of ["c", "a", "b"]) yield make(Person, { name });
      })(),
    );
    await session.commit();
    const people = await session.scalars(select(Person).orderBy((p) => p.id)).all();
    expect(people.map((p) => p.name)).toEqual(["c", "a", "b"]);
  });

  test("an object of one session cannot be added to another", async () => {
    const { Session } = await storeFor(reg);
    await using one = Session();
    await using two = Session();
    const ann = make(Person, { name: "Ann" });
    one.add(ann);
    expect(() => two.add(ann)).toThrow(InvalidRequestError);
    expect(() => two.add(ann)).toThrow(
      /^new Person is already attached to another session\. Expunge it there first, or use merge\(\)/,
    );
    one.expunge(ann);
    two.add(ann);
    expect(two.has(ann)).toBe(true);
  });

  test("an object whose row is present as another object cannot be added", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(make(Person, { name: "Ann" }));
    await session.commit();
    const first = await session.getOne(Person, 1);
    session.expunge(first);
    const second = await session.getOne(Person, 1);
    expect(second).not.toBe(first);
    expect(() => session.add(first)).toThrow(
      /^Person\(1\) cannot be added: another object with that identity is already present/,
    );
  });
});

describe("flush and commit", () => {
  test("[SB-05] a flush is explicit and idempotent; a flush of nothing emits nothing", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    using log = recordStatements(engine);
    await session.flush();
    expect(log.count()).toBe(0);
    session.add(make(Person, { name: "Ann" }));
    await session.flush();
    expect(log.count()).toBe(1);
    await session.flush();
    await session.flush();
    expect(log.count()).toBe(1);
  });

  test("[SB-12] commit flushes, commits and expires; a second commit with no work emits nothing", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    const ann = make(Person, { name: "Ann" });
    session.add(ann);
    await session.commit();
    expect(session.inTransaction()).toBe(false);
    const commits = vi.fn();
    event.listen(engine, "commit", commits);
    using log = recordStatements(engine);
    await session.commit();
    expect(log.count()).toBe(0);
    expect(commits).not.toHaveBeenCalled();
    await using other = Session();
    expect(await other.scalars(select(Person)).all()).toHaveLength(1);
  });

  test("what was flushed and not committed is gone after close", async () => {
    const { Session } = await storeFor(reg);
    const session = Session();
    session.add(make(Person, { name: "Ann" }));
    await session.flush();
    await session.close();
    await using other = Session();
    expect(await other.scalars(select(Person)).all()).toEqual([]);
  });

  test("only the columns that changed are written", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    session.add(make(Person, { name: "Ann", age: 30 }));
    await session.commit();
    const ann = await session.getOne(Person, 1);
    using log = recordStatements(engine);
    ann.age = 31;
    await session.flush();
    expect(log.texts("UPDATE")).toHaveLength(1);
    expect(log.texts("UPDATE")[0]).toMatch(/SET age/);
    expect(log.texts("UPDATE")[0]).not.toMatch(/name/);
  });

  test("autobegin: the first use begins, a change of a present object does so too", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    expect(session.inTransaction()).toBe(false);
    session.add(make(Person, { name: "Ann" }));
    expect(session.inTransaction()).toBe(true);
    await session.commit();
    const ann = await session.getOne(Person, 1);
    await session.commit();
    expect(session.inTransaction()).toBe(false);
    ann.name = "Bea";
    expect(session.inTransaction()).toBe(true);
  });
});

describe("running statements", () => {
  test("[TU-08] text and Core statements run in the session's own transaction", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    await session.execute(things.insert().values({ id: 1, label: "a" }));
    await session.execute(text("insert into things (id, label) values (:id, :label)"), { id: 2, label: "b" });
    const labels = await session.scalars(select(things.c.label).orderBy(things.c.id)).all();
    expect(labels).toEqual(["a", "b"]);
    expect(await session.scalar(text("select count(*) from things"))).toBe(2);
    await session.rollback();
    expect(await session.scalar(text("select count(*) from things"))).toBe(0);
  });

  test("[TU-06] a row can be destructured, indexed, read by name and as a mapping, and all agree", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(make(Person, { name: "Ann", age: 30 }));
    const p = attrs(Person);
    const row = await session.execute(select(p.name, p.age)).one();
    const [name, age] = row;
    expect([name, age]).toEqual(["Ann", 30]);
    expect([row[0], row[1]]).toEqual(["Ann", 30]);
    expect((row as unknown as { name: string; age: number }).name).toBe("Ann");
    expect({ ...(row as unknown as { _mapping: object })._mapping }).toEqual({ name: "Ann", age: 30 });
    expect(await session.execute(select(p.name, p.age)).mappings().one()).toEqual({ name: "Ann", age: 30 });
  });

  test("scalar is the first column of the first row or null; scalars the first column of all", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    expect(await session.scalar(select(Person))).toBeNull();
    session.addAll([make(Person, { name: "Ann" }), make(Person, { name: "Bob" })]);
    const stmt = select(Person).orderBy((p) => p.id);
    expect((await session.scalar(stmt))?.name).toBe("Ann");
    expect((await session.scalars(stmt).all()).map((p) => p.name)).toEqual(["Ann", "Bob"]);
    expect((await (await session.scalars(stmt)).all()).map((p) => p.name)).toEqual(["Ann", "Bob"]);
  });

  test("one() of several rows is MultipleResultsFound, of none NoResultFound", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    await expect(session.scalars(select(Person)).one()).rejects.toThrow(NoResultFound);
    session.addAll([make(Person, { name: "Ann" }), make(Person, { name: "Bob" })]);
    await expect(session.scalars(select(Person)).one()).rejects.toThrow(MultipleResultsFound);
    await expect(session.scalars(select(Person)).oneOrNone()).rejects.toThrow(MultipleResultsFound);
    expect(await session.scalars(select(Person).where((p) => p.name.eq("Eve"))).oneOrNone()).toBeNull();
  });

  test("a string instead of a statement is refused, and told how to write it", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    await expect(session.execute("select 1" as never)).rejects.toThrow(
      /takes a statement, not a string: write text\("select 1"\)/,
    );
    await expect(session.execute(Person as never)).rejects.toThrow(
      /takes a statement such as select\(User\), not the class or function Person/,
    );
  });

  test("stream and streamScalars read rows as they come", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    for (let i = 0; i < 25; i++) session.add(make(Person, { name: `p${i}` }));
    await session.commit();
    const names: string[] = [];
    for await (const person of await session.streamScalars(select(Person).orderBy((p) => p.id)))
      names.push(person.name);
    expect(names).toHaveLength(25);
    expect(names[24]).toBe("p24");
    const result = await session.stream(select(Person).orderBy((p) => p.id));
    const sizes: number[] = [];
    for await (const part of result.scalars().partitions(10)) sizes.push(part.length);
    expect(sizes).toEqual([10, 10, 5]);
  });

  test("[ST-09] connection() serves Core in the session's transaction", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(make(Person, { name: "Ann" }));
    await session.flush();
    const connection = await session.connection();
    expect(await connection.scalar(text("select count(*) from people"))).toBe(1);
    await connection.execute(text("insert into things (id, label) values (1, 'x')"));
    await session.rollback();
    expect(await session.scalar(text("select count(*) from things"))).toBe(0);
  });
});

describe("the contents of a session", () => {
  test("[SB-18] presence and contents can be asked without I/O", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    session.addAll([make(Person, { name: "Ann" }), make(Person, { name: "Bob" })]);
    await session.flush();
    const ann = await session.getOne(Person, 1);
    const eve = make(Person, { name: "Eve" });
    session.add(eve);
    using log = recordStatements(engine);
    expect(session.has(ann)).toBe(true);
    expect(session.has(new Person())).toBe(false);
    expect(session.has({})).toBe(false);
    expect([...session].map((o) => (o as Person).name).sort()).toEqual(["Ann", "Bob", "Eve"]);
    expect(session.identityMap.size).toBe(2);
    expect(session.identityMap.has(eve)).toBe(false);
    expect(log.count()).toBe(0);
  });

  test("[SS-07] expungeAll leaves an empty session and emits no SQL", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    session.addAll([make(Person, { name: "Ann" }), make(Person, { name: "Bob" })]);
    await session.flush();
    session.add(make(Person, { name: "Eve" }));
    using log = recordStatements(engine);
    session.expungeAll();
    await session.flush();
    expect([...session]).toEqual([]);
    expect(log.count()).toBe(0);
  });

  test("[SS-07] expunge of an object that is not in the session names it", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    expect(() => session.expunge(make(Person, { name: "Ann" }))).toThrow(
      /^new Person is not present in this session, so it cannot be expunged/,
    );
  });

  test("a session cannot be serialised by accident", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    expect(() => JSON.stringify({ session })).toThrow(/A session cannot be serialised/);
  });

  test("info is the session's own copy", async () => {
    const { engine } = await freshDatabase();
    const Session = asyncSessionmaker(engine, { info: { tenant: 1 } });
    await using one = Session();
    await using two = Session();
    one.info["tenant"] = 2;
    expect(two.info).toEqual({ tenant: 1 });
  });
});

describe("the factory", () => {
  test("[SB-01] holds defaults, takes options at the call, and can be reconfigured later", async () => {
    const { engine } = await freshDatabase();
    await reg.metadata.createAll(engine);
    const Session = asyncSessionmaker();
    const unbound = Session();
    await expect(unbound.scalars(select(Person)).all()).rejects.toThrow(/has no bind in this session/);
    Session.configure({ bind: engine, autoflush: false });
    await using session = Session();
    expect(session).toBeInstanceOf(AsyncSession);
    expect(session.autoflush).toBe(false);
    expect(await session.scalars(select(Person)).all()).toEqual([]);
    expect(Session({ autoflush: true }).autoflush).toBe(true);
    expect(Session().autoflush).toBe(false);
  });

  test("[SB-01] refuses what is neither engine nor connection", () => {
    expect(() => asyncSessionmaker("sqlite://" as never)()).toThrow(
      /takes an engine or a connection to bind to, not string/,
    );
  });

  test("[SB-02] begin(fn) commits on success, rolls back on a throw and closes always", async () => {
    const { Session } = await storeFor(reg);
    let kept: AsyncSession | undefined;
    const name = await Session.begin(async (session) => {
      kept = session;
      const ann = make(Person, { name: "Ann" });
      session.add(ann);
      return ann.name;
    });
    expect(name).toBe("Ann");
    expect([...(kept as AsyncSession)]).toEqual([]);
    const failure = new Error("no");
    await expect(
      Session.begin(async (session) => {
        kept = session;
        session.add(make(Person, { name: "Bob" }));
        await session.flush();
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect(kept?.inTransaction()).toBe(false);
    await using session = Session();
    expect((await session.scalars(select(Person)).all()).map((p) => p.name)).toEqual(["Ann"]);
  });

  test("a session may be bound to a connection and joins its transaction", async () => {
    const { engine } = await storeFor(reg);
    await using connection = await engine.connect();
    const outer = await connection.begin();
    const Session = asyncSessionmaker(connection);
    await using session = Session();
    session.add(make(Person, { name: "Ann" }));
    await session.commit();
    expect(await connection.scalar(text("select count(*) from people"))).toBe(1);
    await outer.rollback();
    expect(await connection.scalar(text("select count(*) from people"))).toBe(0);
  });

  test("[XA-02] every member that SQLAlchemy's AsyncSession has is there under its camelCase name", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const members = [
      "add",
      "addAll",
      "begin",
      "beginNested",
      "close",
      "commit",
      "connection",
      "delete",
      "deleted",
      "dirty",
      "execute",
      "expire",
      "expireAll",
      "expunge",
      "expungeAll",
      "flush",
      "get",
      "getOne",
      "identityMap",
      "inNestedTransaction",
      "inTransaction",
      "info",
      "invalidate",
      "isActive",
      "isModified",
      "merge",
      "new",
      "noAutoflush",
      "refresh",
      "reset",
      "rollback",
      "runSync",
      "scalar",
      "scalars",
      "stream",
      "streamScalars",
      "syncSession",
      "autoflush",
      "has",
      "getTransaction",
      "getNestedTransaction",
      "getBind",
      "mergeAll",
      "deleteAll",
    ];
    expect(members.filter((name) => !(name in session))).toEqual([]);
    const statics = ["closeAll", "objectSession", "identityKey"];
    expect(statics.filter((name) => !(name in AsyncSession))).toEqual([]);
  });
});
