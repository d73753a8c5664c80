/** The chapter "Asynchronous I/O" of SQLAlchemy's documentation: its prose. Its programs are in asyncio-page.test.ts. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  AsyncSession,
  attrs,
  awaitable,
  Column,
  event,
  InvalidRequestError,
  inspect,
  ManyToOne,
  MissingSyncContextError,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  Session,
  select,
  selectinload,
  t,
  text,
  type WriteOnlyCollection,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("hosts")
class Host {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @Column(t.text, { deferred: true, nullable: true }) notes!: string | null;
  @OneToMany(
    () => Guest,
    (g) => g.host,
    { orderBy: "id" },
  )
  guests!: Guest[];
  @OneToMany(() => Visit, { lazy: "write_only", passiveDeletes: true }) visits!: WriteOnlyCollection<Visit>;
  @OneToMany(() => Guest, { viewonly: true, lazy: "raise" }) never!: Guest[];
}

@reg.Entity("guests")
class Guest {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @ManyToOne(
    () => Host,
    (h) => h.guests,
  )
  host!: Relation<Host> | null;
}

@reg.Entity("visits")
class Visit {
  @PrimaryKey() id!: number;
  @Column(t.integer, { foreignKey: "hosts.id", onDelete: "CASCADE" }) hostId!: number;
}

const h = attrs(Host);

async function hosts(options: Parameters<typeof storeFor>[1] = {}) {
  const store = await storeFor(reg, options);
  await store.Session.begin((s) =>
    s.add(make(Host, { name: "h", notes: "n", guests: [make(Guest, { name: "g1" }), make(Guest, { name: "g2" })] })),
  );
  return store;
}

describe("no hidden I/O", () => {
  test("what is not loaded is an error that says what to write; awaitable() loads it, eager options bring it", async () => {
    const { Session } = await hosts();
    await using session = Session();
    const host = await session.getOne(Host, 1);
    expect(() => host.guests).toThrow(MissingSyncContextError);
    expect(() => host.guests).toThrow("awaitable(object).guests");
    expect(() => host.notes).toThrow(MissingSyncContextError);
    const guests = await awaitable(host).guests;
    expectTypeOf(guests).toEqualTypeOf<Guest[]>();
    expect(guests).toHaveLength(2);
    expect(await awaitable(host).notes).toBe("n");
    session.expungeAll();
    const [eager] = await session.scalars(select(Host).options(selectinload(h.guests))).all();
    expect(eager.guests.map((guest) => guest.name)).toEqual(["g1", "g2"]);
    await expect(awaitable(host).never).rejects.toThrow(InvalidRequestError);
  });

  test("objects can be read after a commit with expireOnCommit: false; without it they are refreshed first", async () => {
    const { Session } = await hosts();
    await using session = Session();
    const host = await session.getOne(Host, 1);
    await session.commit();
    expect(() => host.name).toThrow("expired by commit()");
    await session.refresh(host);
    expect(host.name).toBe("h");
    await session.close();
    await using kept = Session({ expireOnCommit: false });
    const other = await kept.getOne(Host, 1);
    await kept.commit();
    expect(other.name).toBe("h");
  });

  test("a new object's collections are there without I/O, a large one is written without being loaded", async () => {
    const { Session } = await hosts({ expireOnCommit: false });
    await using session = Session();
    const host = make(Host, { name: "new", guests: [] });
    session.add(host);
    await session.flush();
    host.guests.push(make(Guest, { name: "late" }));
    host.visits.add(make(Visit));
    await session.commit();
    expect(await session.scalars(host.visits.select()).all()).toHaveLength(1);
  });

  test("one session is for one task: calls that overlap take their turns", async () => {
    const { Session } = await hosts();
    await using session = Session();
    const [names, host] = await Promise.all([
      session.scalars(select(h.name)).all(),
      session.get(Host, 1),
      session.execute(text("SELECT 1")),
    ]);
    expect([names, host?.name]).toEqual([["h"], "h"]);
  });
});

describe("synchronous code inside", () => {
  test("runSync gives the plain session, where lazy loads work; it is not for promises, and not for itself", async () => {
    const { Session: Maker } = await hosts();
    await using session = Maker();
    const names = await session.runSync((plain) => {
      expectTypeOf(plain).toEqualTypeOf<Session>();
      const host = plain.getOne(Host, 1);
      host.guests[0].name = "changed";
      plain.flush();
      return host.guests.map((guest) => guest.name);
    });
    expectTypeOf(names).toEqualTypeOf<string[]>();
    expect(names).toEqual(["changed", "g2"]);
    await expect(session.runSync(() => Promise.resolve(1))).rejects.toThrow(InvalidRequestError);
  });

  test("the inspector is asynchronous itself, and works on a connection", async () => {
    const { engine } = await hosts();
    expect([...(await inspect(engine).getTableNames())].sort()).toEqual(["guests", "hosts", "visits"]);
    await using connection = await engine.connect();
    expect((await inspect(connection).getColumns("guests")).map((column) => column.name)).toEqual([
      "id",
      "name",
      "host_id",
    ]);
  });
});

describe("events", () => {
  test("are listened to on the asynchronous things themselves; handlers are synchronous, and get the plain session", async () => {
    const { Session: Maker, engine } = await hosts();
    const heard: string[] = [];
    event.listen(engine, "beforeCursorExecute", (_connection, statement) => void heard.push(statement.slice(0, 6)));
    await using session = Maker();
    event.listen(session, "beforeCommit", (plain) => void heard.push(plain instanceof Session ? "plain" : "other"));
    await session.scalar(select(h.name));
    await session.commit();
    expect(heard.filter((each) => each === "SELECT" || each === "plain")).toEqual(["SELECT", "plain"]);
    expect(session).toBeInstanceOf(AsyncSession);
  });

  test("a handler that gives a promise is refused", async () => {
    const { Session: Maker } = await hosts();
    await using session = Maker();
    event.listen(session, "beforeFlush", (async () => {}) as never);
    session.add(make(Host, { name: "x" }));
    await expect(session.flush()).rejects.toThrow(/promise/i);
    await session.rollback();
  });
});
