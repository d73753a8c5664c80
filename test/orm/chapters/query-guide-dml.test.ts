/** The chapter "ORM-enabled INSERT, UPDATE and DELETE statements" of SQLAlchemy's ORM querying guide. querying/bulk-*.test.ts has the corners. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  attrs,
  bindparam,
  Column,
  Composite,
  type CompositeOf,
  DatabaseError,
  del,
  func,
  IntegrityError,
  insert,
  inspect,
  ManyToOne,
  OneToMany,
  type OptionalProps,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  update,
  withLoaderCriteria,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { storeFor } from "../support.js";

const reg = registry();

@reg.Entity("crew")
class Sailor {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column(t.string(30), { unique: true }) name!: string;
  @Column(t.string(50), { name: "full_nm", nullable: true }) fullName!: string | null;
  @Column(t.string(30), { nullable: true }) rank!: string | null;
  @OneToMany(
    () => Letter,
    (l) => l.sailor,
    { orderBy: "id" },
  )
  letters!: Letter[];
}

@reg.Entity("letters")
class Letter {
  @PrimaryKey() id!: number;
  @Column(t.integer, { foreignKey: "crew.id" }) sailorId!: number;
  @Column(t.string(50)) text!: string;
  @ManyToOne(
    () => Sailor,
    (s) => s.letters,
  )
  sailor!: Relation<Sailor>;
}

class Place {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

@reg.Entity("log_records")
class LogRecord {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) message!: string;
  @Column(t.string(10)) code!: string;
  @Column(t.timestamp) at!: Date;
  @Composite(Place, { x: t.integer, y: t.integer }, { nullable: true }) place!: CompositeOf<Place> | null;
}

@reg.Entity("staff", { polymorphicOn: "kind", polymorphicIdentity: "employee" })
class Employee {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) name!: string;
  @Column(t.string(20)) kind!: string;
}

@reg.Entity("managers", { polymorphicIdentity: "manager" })
class Manager extends Employee {
  @Column(t.string(50)) title!: string;
}

@reg.Entity({ polymorphicIdentity: "engineer" })
class Engineer extends Employee {
  @Column(t.string(50), { nullable: true }) tool!: string | null;
}

const [s, l, em, mg] = [attrs(Sailor), attrs(Letter), attrs(Employee), attrs(Manager)];

const CREW = [
  { name: "ann", fullName: "Ann Archer" },
  { name: "bob", fullName: "Bob Baker" },
  { name: "cid", fullName: "Cid Cooper" },
  { name: "dan", fullName: "Dan Dyer" },
  { name: "eve", fullName: "Eve Earl" },
];

async function empty() {
  const store = await storeFor(reg);
  return { ...store, log: recordStatements(store.engine) };
}

async function crew() {
  const store = await empty();
  await store.Session.begin(async (session) => {
    await session.execute(insert(Sailor), CREW);
    await session.execute(insert(Manager), [
      { name: "sandy", title: "Captain" },
      { name: "hal", title: "Mate" },
    ]);
  });
  store.log.reset();
  return store;
}

const fullNames = async (session: { scalars: (statement: object) => unknown }) =>
  (await (session.scalars(select(s.fullName).orderBy(s.id)) as Promise<{ all(): unknown[] }>)).all();

describe("bulk INSERT", () => {
  test("a list of objects beside the statement is one batch, by the names of attributes", async () => {
    const { Session, log } = await empty();
    await using session = Session();
    await session.execute(insert(Sailor), CREW);
    expect(log.texts("INSERT")).toHaveLength(1);
    expect(log.texts("INSERT")[0]).toMatch(/INSERT INTO crew \(name, full_nm/);
    expect(await fullNames(session)).toEqual(CREW.map((each) => each.fullName));
    // The name of the column is not an attribute.
    await expect(session.execute(insert(Sailor), [{ name: "x", full_nm: "X" }])).rejects.toThrow(/full_nm/);
  });

  test("a composite is given whole", async () => {
    const { Session } = await empty();
    await using session = Session();
    const at = new Date("2020-01-02T03:04:05Z");
    await session.execute(insert(LogRecord), [{ message: "m", code: "c", at, place: new Place(1, 2) }]);
    expect((await session.scalars(select(LogRecord)).one()).place).toEqual(new Place(1, 2));
  });

  test("returning(Class) gives the new objects, columns give rows, both in the order of what was given", async () => {
    const { Session, log } = await empty();
    await using session = Session();
    const sailors = await session.scalars(insert(Sailor).returning(Sailor), CREW).all();
    expectTypeOf(sailors).toEqualTypeOf<Sailor[]>();
    expect(sailors.map((each) => each.name)).toEqual(["ann", "bob", "cid", "dan", "eve"]);
    expect(sailors.every((each) => inspect(each).persistent)).toBe(true);
    expect(log.texts("INSERT")).toHaveLength(1);
    const more = [{ name: "pam" }, { name: "quin" }, { name: "gus" }];
    const ids = await session.scalars(insert(Sailor).returning(s.id), more).all();
    expectTypeOf(ids).toEqualTypeOf<number[]>();
    const known = await session.execute(select(s.name, s.id).where(s.id.in(ids)).orderBy(s.id)).all();
    expect(known.map((row) => [...row])).toEqual(more.map(({ name }, i) => [name, ids[i]]));
  });

  test("loader options go with RETURNING", async () => {
    const { Session, log } = await empty();
    await using session = Session();
    const sailors = await session
      .scalars(insert(Sailor).returning(Sailor).options(selectinload(s.letters)), CREW.slice(0, 2))
      .all();
    log.reset();
    expect(sailors.map((each) => each.letters)).toEqual([[], []]);
    expect(log.count()).toBe(0);
  });

  test("objects may have different keys; a null is as good as left out where the column has a default, unless renderNulls", async () => {
    const { Session, log } = await empty();
    await using session = Session();
    await session.execute(insert(Sailor), [
      { name: "a", fullName: "A", rank: "mate" },
      { name: "b", fullName: "B", rank: "cook" },
      { name: "c", rank: "boy" },
      { name: "d", fullName: "D" },
    ]);
    // Columns without a default are as well sent as NULL: one statement, where SQLAlchemy has three.
    expect(log.count("INSERT")).toBe(1);
    log.reset();
    const withNull = [
      { name: "e", fullName: "E", rank: "mate" },
      { name: "f", fullName: "F", rank: null },
      { name: "g", fullName: "G", rank: "cook" },
    ];
    await session.execute(insert(Sailor), withNull, { renderNulls: true });
    expect(log.count("INSERT")).toBe(1);
    expect(await session.scalars(select(s.rank).where(s.id.gt(4)).orderBy(s.id)).all()).toEqual(["mate", null, "cook"]);
  });

  test("a joined subclass: each table has its rows, the key goes along, and RETURNING has the columns of both", async () => {
    const { Session, log } = await empty();
    await using session = Session();
    const managers = await session
      .scalars(insert(Manager).returning(Manager), [
        { name: "sandy", title: "Captain" },
        { name: "hal", title: "Mate" },
      ])
      .all();
    expect(managers.map((each) => [each.name, each.kind, each.title])).toEqual([
      ["sandy", "manager", "Captain"],
      ["hal", "manager", "Mate"],
    ]);
    expect(log.texts("INSERT").map((text) => /INTO (\w+)/.exec(text)?.[1])).toEqual(["staff", "managers"]);
  });

  test("values() beside a list are the same for every row, expressions too", async () => {
    const { Session, log } = await empty();
    await using session = Session();
    const records = await session
      .scalars(insert(LogRecord).values({ code: "SQLA", at: func.now() }).returning(LogRecord), [
        { message: "one" },
        { message: "two" },
        { message: "three" },
      ])
      .all();
    expect(records.map((each) => [each.message, each.code])).toEqual([
      ["one", "SQLA"],
      ["two", "SQLA"],
      ["three", "SQLA"],
    ]);
    expect(records[0].at).toBeInstanceOf(Date);
    expect(log.count("INSERT")).toBe(1);
  });

  test("a list in values() is one INSERT as it stands, with an expression for each row", async () => {
    const { Session, log } = await crew();
    await using session = Session();
    const idOf = (name: string) => select(s.id).where(s.name.eq(name)).scalarSubquery();
    const letters = await session
      .scalars(
        insert(Letter)
          .values([
            { sailorId: idOf("bob"), text: "to bob" },
            { sailorId: idOf("ann"), text: "to ann" },
          ])
          .returning(Letter),
      )
      .all();
    expectTypeOf(letters).toEqualTypeOf<Letter[]>();
    expect(letters.map((each) => [each.sailorId, each.text])).toEqual([
      [2, "to bob"],
      [1, "to ann"],
    ]);
    expect(log.count("INSERT")).toBe(1);
    expect(() => insert(Sailor).values([{ name: "x", rank: "cook" }, { name: "y" }])).toThrow(/rank/);
    await expect(session.execute(insert(Manager).values({ name: "x", title: "y" }))).rejects.toThrow(
      "mapped to several tables",
    );
  });
});

describe("upserts", () => {
  test("ON CONFLICT takes attributes, and RETURNING refreshes what is there already with populateExisting", async () => {
    const { Session } = await empty();
    await using session = Session();
    await session.execute(insert(Sailor), [{ name: "bob" }, { name: "ann", fullName: "Ann Archer" }]);
    const bob = await session.scalars(select(Sailor).where(s.name.eq("bob"))).one();
    expect(bob.fullName).toBeNull();
    const values = insert(Sailor).values(CREW);
    const upsert = values.onConflictDoUpdate({ indexElements: [s.name], set: { fullName: values.excluded.fullName } });
    await session.execute(upsert);
    expect(bob.fullName).toBeNull();
    const all = await session.scalars(upsert.returning(Sailor), undefined, { populateExisting: true }).all();
    expect(all.map((each) => each.name)).toEqual(["ann", "bob", "cid", "dan", "eve"]);
    expect(all[1]).toBe(bob);
    expect(bob.fullName).toBe("Bob Baker");
    const nothing = insert(Sailor).values(CREW).onConflictDoNothing().returning(Sailor);
    expect(await session.scalars(nothing).all()).toEqual([]);
  });
});

describe("bulk UPDATE by primary key", () => {
  const renamed = [
    { id: 1, fullName: "A." },
    { id: 3, fullName: "C." },
    { id: 5, fullName: "E." },
  ];

  test("each object names its row by its key, in one batch, and the session's objects follow", async () => {
    const { Session, log } = await crew();
    await using session = Session();
    const ann = await session.getOne(Sailor, 1);
    log.reset();
    await session.execute(update(Sailor), renamed);
    expect(log.count("UPDATE")).toBe(1);
    expect(ann.fullName).toBe("A.");
    expect(await fullNames(session)).toEqual(["A.", "Bob Baker", "C.", "Dan Dyer", "E."]);
    await expect(session.execute(update(Sailor), [{ fullName: "nobody" }])).rejects.toThrow(/key/);
    await session.execute(update(Sailor), [
      { id: 1, fullName: "Ann" },
      { id: 2, rank: "mate" },
    ]);
    expect((await session.getOne(Sailor, 2)).rank).toBe("mate");
  });

  test("a further condition holds beside the keys, and RETURNING is not to be had", async () => {
    const { Session } = await crew();
    await using session = Session();
    await session.execute(update(Sailor).where(s.name.ne("cid")), renamed, { synchronizeSession: false });
    expect(await fullNames(session)).toEqual(["A.", "Bob Baker", "Cid Cooper", "Dan Dyer", "E."]);
    await expect(session.scalars(update(Sailor).returning(Sailor), renamed)).rejects.toThrow(
      "by primary key has no RETURNING",
    );
  });

  test("the connection runs the statement as it stands, once for each set of parameters", async () => {
    const { Session } = await crew();
    await using session = Session();
    const connection = await session.connection();
    await connection.execute(
      update(Sailor)
        .where(s.name.eq(bindparam("who", t.string)))
        .values({ fullName: bindparam("fullName", t.string) }),
      [
        { who: "ann", fullName: "A" },
        { who: "cid", fullName: "C" },
      ],
    );
    expect(await fullNames(session)).toEqual(["A", "Bob Baker", "C", "Dan Dyer", "Eve Earl"]);
  });

  test("of a joined subclass each table is written that has values, and no other", async () => {
    const { Session, log } = await crew();
    await using session = Session();
    await session.execute(update(Manager), [
      { id: 1, name: "sandra", title: "President" },
      { id: 2, name: "harold", title: "VP" },
    ]);
    expect(log.texts("UPDATE").map((text) => /UPDATE (\w+)/.exec(text)?.[1])).toEqual(["staff", "managers"]);
    log.reset();
    await session.execute(update(Manager), [{ id: 1, title: "CEO" }]);
    expect(log.texts("UPDATE").map((text) => /UPDATE (\w+)/.exec(text)?.[1])).toEqual(["managers"]);
    const all = await session.scalars(select(Manager).orderBy(mg.id)).all();
    expect(all.map((each) => [each.name, each.title])).toEqual([
      ["sandra", "CEO"],
      ["harold", "VP"],
    ]);
  });
});

describe("UPDATE and DELETE with a condition", () => {
  const starting = () => s.name.in(["bob", "dan"]);

  test("one statement changes many rows, or deletes them", async () => {
    const { Session, log } = await crew();
    await using session = Session();
    const result = await session.execute(update(Sailor).where(starting()).values({ fullName: "B or D" }));
    expect(result.rowcount).toBe(2);
    expect(log.count()).toBe(1);
    expect((await session.execute(del(Sailor).where(starting()))).rowcount).toBe(2);
    expect(await session.scalars(select(s.name).orderBy(s.id)).all()).toEqual(["ann", "cid", "eve"]);
  });

  test("relationships do not cascade: the database refuses, or does it itself; what still refers is fresh once expired", async () => {
    const { Session } = await crew();
    await using session = Session();
    await session.execute(insert(Letter), [{ sailorId: 1, text: "hello" }]);
    const letter = await session.scalars(select(Letter)).one();
    await session
      .beginNested(async () => {
        await expect(session.execute(del(Sailor).where(s.id.eq(1)))).rejects.toThrow(IntegrityError);
      })
      .catch((error: unknown) => expect(error).toBeInstanceOf(DatabaseError));
    await session.execute(del(Letter).where(l.sailorId.eq(1)), undefined, { synchronizeSession: false });
    expect(inspect(letter).persistent).toBe(true);
    session.expireAll();
    expect(await session.get(Letter, letter ? inspect(letter).identity : null)).toBeNull();
  });

  test("a subclass that shares a table has the condition of its identity; loader criteria are added", async () => {
    const { Session } = await crew();
    await using session = Session();
    await session.execute(insert(Engineer), [{ name: "ed" }, { name: "flo" }]);
    await session.execute(
      update(Engineer)
        .where((e) => e.id.gt(0))
        .values({ name: "engineer" }),
    );
    expect(await session.scalars(select(em.name).orderBy(em.id)).all()).toEqual([
      "sandy",
      "hal",
      "engineer",
      "engineer",
    ]);
    const gone = del(Engineer)
      .where((e) => e.id.gt(0))
      .options(withLoaderCriteria(Engineer, (e) => e.id.eq(3)));
    expect((await session.execute(gone)).rowcount).toBe(1);
  });

  test.each(["auto", "evaluate", "fetch", false] as const)("synchronizeSession: %s", async (synchronizeSession) => {
    const { Session } = await crew();
    await using session = Session();
    const [bob, eve] = [await session.getOne(Sailor, 2), await session.getOne(Sailor, 5)];
    await session.execute(update(Sailor).where(s.name.eq("bob")).values({ fullName: "Robert" }), undefined, {
      synchronizeSession,
    });
    expect(bob.fullName).toBe(synchronizeSession === false ? "Bob Baker" : "Robert");
    await session.execute(del(Sailor).where(s.name.eq("eve")).executionOptions({ synchronizeSession }));
    expect(inspect(eve).state).toBe(synchronizeSession === false ? "persistent" : "deleted");
  });

  test("evaluate takes an operator of the database's own that says what it gives", async () => {
    const { Session } = await crew();
    await using session = Session();
    const [ann, bob] = [await session.getOne(Sailor, 1), await session.getOne(Sailor, 2)];
    const earlier = (jsImpl?: (a: string, b: string) => boolean) =>
      update(Sailor)
        .where(s.name.boolOp("<", jsImpl === undefined ? {} : { jsImpl })("bob"))
        .values({ fullName: "early" });
    const evaluate = { synchronizeSession: "evaluate" } as const;
    await expect(session.execute(earlier(), undefined, evaluate)).rejects.toThrow("the operator <");
    await session.execute(
      earlier((a, b) => a < b),
      undefined,
      evaluate,
    );
    expect([ann.fullName, bob.fullName]).toEqual(["early", "Bob Baker"]);
  });

  test("evaluate refuses what memory cannot answer", async () => {
    const { Session } = await crew();
    await using session = Session();
    await session.getOne(Sailor, 2);
    const lower = update(Sailor).where(func.lower(s.name).eq("bob")).values({ fullName: "x" });
    await expect(session.execute(lower, undefined, { synchronizeSession: "evaluate" })).rejects.toThrow(
      'cannot be matched in memory: Function (lower(crew.name)) is for the database to work out. Use synchronizeSession: "fetch"',
    );
    expect((await session.execute(lower, undefined, { synchronizeSession: "fetch" })).rowcount).toBe(1);
  });

  test("RETURNING gives objects and columns, and goes together with fetch", async () => {
    const { Session } = await crew();
    await using session = Session();
    const bob = await session.getOne(Sailor, 2);
    const changed = update(Sailor).where(s.name.eq("bob")).values({ fullName: "Robert" });
    const [found] = await session.scalars(changed.returning(Sailor), undefined, { synchronizeSession: "fetch" }).all();
    expectTypeOf(found).toEqualTypeOf<Sailor>();
    expect(found).toBe(bob);
    expect(bob.fullName).toBe("Robert");
    const gone = await session.execute(del(Sailor).where(starting()).returning(s.name, s.id)).all();
    expectTypeOf(gone[0][0]).toEqualTypeOf<string>();
    expect(gone.map(([name]) => name).sort()).toEqual(["bob", "dan"]);
    expect(inspect(bob).deleted).toBe(true);
  });

  test("of a joined subclass: its own table, found by a subquery or by UPDATE ... FROM the base", async () => {
    const { Session } = await crew();
    await using session = Session();
    await session.execute(update(Manager).where(mg.id.eq(1)).values({ title: "one" }));
    const id = select(em.id).where(em.name.eq("hal")).scalarSubquery();
    await session.execute(update(Manager).where(mg.id.eq(id)).values({ title: "two" }));
    expect(await session.scalars(select(mg.title).orderBy(mg.id)).all()).toEqual(["one", "two"]);
    await session.execute(update(Manager).where(mg.name.eq("sandy")).values({ title: "three" }));
    expect(await session.scalars(select(mg.title).orderBy(mg.id)).all()).toEqual(["three", "two"]);
    // One statement takes the rows of both tables, where SQLAlchemy wants one for each.
    await session.execute(del(Manager).where(mg.id.eq(1)));
    expect(await session.scalars(select(em.id)).all()).toEqual([2]);
  });
});
