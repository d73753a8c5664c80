/** The chapter "Additional persistence techniques" of SQLAlchemy's ORM documentation. session/persistence-techniques and binds.test.ts have the corners. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type AsyncEngine,
  asyncSessionmaker,
  attrs,
  Column,
  func,
  insert,
  literal,
  null_,
  PrimaryKey,
  registry,
  select,
  t,
  text,
  UnboundExecutionError,
} from "../../../src/index.js";
import { databaseKind } from "../../support/database.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("meters")
class Meter {
  @PrimaryKey() id!: number;
  @Column(t.integer) value!: number;
  @Column(t.string(20), { nullable: true, serverDefault: "default" }) plain!: string | null;
  @Column(t.string(20).evaluatesNone(), { nullable: true, serverDefault: "default" }) strict!: string | null;
  @Column(t.timestamp, { serverDefault: func.now() }) madeAt!: Date;
}

/** A column that the database fills by itself, here by a trigger. */
@reg.Entity("parcels", { eagerDefaults: true })
class Parcel {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @Column(t.string(20), { nullable: true, serverDefault: true }) code!: string | null;
}

@reg.Entity("letters", { eagerDefaults: false })
class Letter {
  @PrimaryKey() id!: number;
  @Column(t.string(20), { serverDefault: "made" }) made!: string;
}

@reg.Entity("stamped")
class Stamped {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @Column(t.string(20), { default: func.lower("LOW") }) low!: string;
  @Column(t.integer, { default: literal(3).add(4) }) place!: number;
  @Column(t.timestamp, { default: func.now(), onupdate: func.now() }) changed!: Date;
}

@reg.Entity("queued")
class Queued {
  @PrimaryKey() id!: number;
  @Column(t.integer, { default: text("(SELECT coalesce(max(place), 0) + 1 FROM queued)") }) place!: number;
}

const m = attrs(Meter);

async function meters() {
  const store = await storeFor(reg);
  return { ...store, log: recordStatements(store.engine) };
}

describe("SQL expressions as values", () => {
  test("go into the UPDATE, whose result is the attribute's value; into INSERT too, for a key as well", async () => {
    const { Session, log } = await meters();
    await using session = Session();
    const meter = make(Meter, { value: 1 });
    session.add(meter);
    await session.commit();
    (meter as { value: unknown }).value = m.value.add(1);
    await session.flush();
    expect(log.texts("UPDATE")[0]).toMatch(/value\s*=\s*\(?meters\.value \+|value = \(?value \+/);
    await session.runSync(() => expect(meter.value).toBe(2));
    const next = make(Meter, { value: 5 });
    (next as { id: unknown }).id = select(func.coalesce(func.max(m.id).add(1), 1)).scalarSubquery();
    session.add(next);
    await session.commit();
    expect(await session.getOne(Meter, 2)).toBe(next);
  });
});

describe("SQL of one's own", () => {
  test("text and expressions run in the session's transaction, on the connection that it tells", async () => {
    const { Session } = await meters();
    await using session = Session();
    session.add(make(Meter, { value: 7 }));
    await session.flush();
    const row = await session.execute(text("SELECT value FROM meters WHERE id = :id"), { id: 1 }).one();
    expect([...row]).toEqual([7]);
    expect(await session.scalar(select(m.value).where(m.id.eq(1)))).toBe(7);
    const connection = await session.connection();
    expect(await connection.scalar(text("SELECT count(*) FROM meters")).then(Number)).toBe(1);
  });

  test("with several engines the class says which is meant", async () => {
    const [one, two] = [await meters(), await storeFor(reg)];
    const binds = new Map<typeof Meter | typeof Parcel, AsyncEngine>([
      [Meter, one.engine],
      [Parcel, two.engine],
    ]);
    const Session = asyncSessionmaker(undefined, { binds });
    await using session = Session();
    session.add(make(Meter, { value: 3 }));
    await session.flush();
    const number = text("SELECT count(*) FROM meters");
    await expect(session.scalar(number)).rejects.toThrow(UnboundExecutionError);
    const count = async (mapper: unknown) =>
      Number(await session.scalar(number, undefined, { bindArguments: { mapper } }));
    expect([await count(Meter), await count(Parcel)]).toEqual([1, 0]);
    expect(Number(await (await session.connection({ mapper: Parcel })).scalar(number))).toBe(0);
  });
});

describe("NULL on a column with a default", () => {
  test("what is not set, and null too, takes the default; null_() and a type that evaluates null do not", async () => {
    const { Session } = await meters();
    await using session = Session();
    const all = [
      make(Meter, { value: 1 }),
      make(Meter, { value: 2, plain: null, strict: null }),
      make(Meter, { value: 3, plain: null_() as never }),
    ];
    session.addAll(all);
    await session.commit();
    const rows = await session.execute(select(m.plain, m.strict).orderBy(m.value)).all();
    expect(rows.map((row) => [...row])).toEqual([
      ["default", "default"],
      ["default", null],
      [null, "default"],
    ]);
    expectTypeOf(rows[0][1]).toEqualTypeOf<string | null>();
  });
});

describe("what the database makes", () => {
  test("defaults come back with the INSERT, without a further statement", async () => {
    const { Session, log } = await meters();
    await using session = Session();
    const all = [make(Meter, { value: 1 }), make(Meter, { value: 2 })];
    session.addAll(all);
    await session.flush();
    expect(all.map((each) => [each.plain, each.madeAt instanceof Date])).toEqual([
      ["default", true],
      ["default", true],
    ]);
    expect([log.count("INSERT"), log.count("SELECT")]).toEqual([1, 0]);
  });

  test("what a trigger makes is asked for where the mapping says eagerDefaults: true, and RETURNING may not know it", async () => {
    const { Session, engine, log } = await meters();
    const trigger =
      databaseKind() === "sqlite"
        ? [
            "CREATE TRIGGER parcels_code AFTER INSERT ON parcels BEGIN UPDATE parcels SET code = 'C' || new.id WHERE id = new.id; END",
          ]
        : [
            "CREATE FUNCTION parcels_code() RETURNS trigger AS 'BEGIN new.code = ''C'' || new.id; RETURN new; END' LANGUAGE plpgsql",
            "CREATE TRIGGER parcels_code BEFORE INSERT ON parcels FOR EACH ROW EXECUTE FUNCTION parcels_code()",
          ];
    await engine.begin(async (connection) => {
      for (const each of trigger) await connection.execDriverSql(each);
    });
    await using session = Session();
    const parcels = [make(Parcel, { name: "p" }), make(Parcel, { name: "q" })];
    session.addAll(parcels);
    await session.flush();
    expect(parcels.map((each) => each.code)).toEqual(["C1", "C2"]);
    expect(log.count("SELECT")).toBe(databaseKind() === "sqlite" ? 2 : 0);
  });

  test("with eagerDefaults: false it is loaded when it is read", async () => {
    const { Session, log } = await meters();
    await using session = Session();
    const letter = make(Letter);
    session.add(letter);
    await session.flush();
    expect(log.count("SELECT")).toBe(0);
    expect(() => letter.made).toThrow(/not loaded|expired|made/);
    await session.runSync(() => expect(letter.made).toBe("made"));
    expect(log.count("SELECT")).toBe(1);
    const lower = make(Letter);
    (lower as { made: unknown }).made = func.lower("ABC");
    session.add(lower);
    await session.flush();
    await session.runSync(() => expect(lower.made).toBe("abc"));
  });

  test("expressions that the program has the statement make: one statement for many rows, read back with it", async () => {
    const { Session, log } = await meters();
    await using session = Session();
    const all = Array.from({ length: 9 }, (_, i) => make(Stamped, { name: `s${i}` }));
    all[3].place = 40;
    session.addAll(all);
    await session.flush();
    // The one with a place of its own gives other columns than those around it.
    expect([log.count("INSERT"), log.count("SELECT")]).toEqual([3, 0]);
    expect(all.map((each) => [each.low, each.changed instanceof Date, each.place])).toEqual(
      all.map((_, i) => ["low", true, i === 3 ? 40 : 7]),
    );
    const stored = await session.scalars(select(attrs(Stamped).name).orderBy(attrs(Stamped).id)).all();
    expect(stored).toEqual([...all].sort((a, b) => a.id - b.id).map((each) => each.name));
    log.reset();
    for (const each of all) each.name += "!";
    await session.flush();
    expect([log.count("UPDATE"), log.count("SELECT")]).toEqual([1, 0]);
    expect(all.every((each) => each.changed instanceof Date)).toBe(true);
  });

  test("one that asks a table is made row by row, so that it sees the rows before", async () => {
    const { Session } = await meters();
    await using session = Session();
    session.addAll([make(Queued), make(Queued), make(Queued)]);
    await session.flush();
    const q = attrs(Queued);
    expect(await session.scalars(select(q.place).orderBy(q.id)).all()).toEqual([1, 2, 3]);
  });
});

test("INSERT ... ON CONFLICT returns objects of the session", async () => {
  const { Session } = await meters();
  await using session = Session();
  await session.execute(insert(Meter), [{ id: 1, value: 1 }]);
  const meter = await session.getOne(Meter, 1);
  const both = insert(Meter).values([
    { id: 1, value: 10 },
    { id: 2, value: 20 },
  ]);
  const upsert = both
    .onConflictDoUpdate({ indexElements: [m.id], set: { value: both.excluded.value } })
    .returning(Meter);
  const all = await session.scalars(upsert, undefined, { populateExisting: true }).all();
  expect(all.map((each) => each.value)).toEqual([10, 20]);
  expect(all[0]).toBe(meter);
});

describe("partitioning", () => {
  test("by class, by a base of classes, and by a function of one's own", async () => {
    const [main, side] = [await meters(), await storeFor(reg)];
    const Session = asyncSessionmaker(main.engine, { binds: new Map([[Parcel, side.engine]]) });
    await using session = Session();
    session.addAll([make(Meter, { value: 1 }), make(Parcel, { name: "p" })]);
    await session.commit();
    const count = async (engine: AsyncEngine, name: string) =>
      Number(await engine.scalar(text(`SELECT count(*) FROM ${name}`)));
    expect([await count(main.engine, "parcels"), await count(side.engine, "parcels")]).toEqual([0, 1]);
    await session.close();
    const asked: (string | null)[] = [];
    const Routed = asyncSessionmaker(undefined, {
      getBind: ({ mapper, flushing }) => {
        asked.push(mapper?.className ?? null);
        return flushing ? main.engine : side.engine;
      },
    });
    await using routed = Routed();
    routed.add(make(Parcel, { name: "q" }));
    await routed.flush();
    expect(await routed.scalars(select(attrs(Parcel).name)).all()).toEqual(["p"]);
    expect(asked).toContain("Parcel");
    await routed.commit();
    expect(await count(main.engine, "parcels")).toBe(1);
  });
});
