import { describe, expect, expectTypeOf, test } from "vitest";
import {
  Column,
  func,
  IntegrityError,
  inspect,
  ManyToOne,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
  UniqueConstraint,
  update,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("people")
class Person {
  @PrimaryKey() id!: number;
  @Column(t.string(80), { unique: true }) email!: string;
  @Column(t.string(50), { default: "nobody" }) name!: string;
  @Column(t.integer, { nullable: true }) age!: number | null;
  @Column(t.string(20), { nullable: true, unique: true }) nick!: string | null;
}

@reg.Entity({ tableName: "seats", tableArgs: [new UniqueConstraint(["row", "place"])] })
class Seat {
  @PrimaryKey() id!: number;
  @Column(t.integer) row!: number;
  @Column(t.integer) place!: number;
  @ManyToOne(() => Person) holder!: Relation<Person> | null;
}

const email = (i: number): string => `p${i}@example.com`;

async function filled(count = 3) {
  const store = await storeFor(reg, {}, { file: true });
  await store.Session.begin((s) => {
    for (let i = 1; i <= count; i++) s.add(make(Person, { email: email(i), name: `P${i}`, nick: `n${i}` }));
  });
  return store;
}

describe("getBy", () => {
  test("an object that is in the session is given without a statement, by its natural key", async () => {
    const { engine, Session } = await filled();
    await using session = Session();
    const [loaded] = await session.scalars(select(Person).where((p) => p.email.eq(email(2)))).all();
    const statements = recordStatements(engine);
    const found = await session.getBy(Person, { email: email(2) });
    expectTypeOf(found).toEqualTypeOf<Person | null>();
    expect(found).toBe(loaded);
    expect(statements.statements).toHaveLength(0);
    expect(await session.getBy(Person, { email: "none" })).toBeNull();
    expect(statements.statements).toHaveLength(1);
  });

  test("those that are asked for together run as one statement, each with its own answer", async () => {
    const { engine, Session } = await filled(5);
    await using session = Session();
    await session.getBy(Person, { email: email(1) });
    const statements = recordStatements(engine);
    const found = await Promise.all([4, 1, 9, 2, 4].map((i) => session.getBy(Person, { email: email(i) })));
    expect(found.map((p) => p?.name ?? null)).toEqual(["P4", "P1", null, "P2", "P4"]);
    expect(statements.statements).toHaveLength(1);
  });

  test("a key of several columns, a changed value and a deleted object are seen as they are now", async () => {
    const { Session } = await filled();
    await using session = Session();
    session.addAll([make(Seat, { row: 1, place: 1 }), make(Seat, { row: 1, place: 2 })]);
    const [a, b, none] = await Promise.all([
      session.getBy(Seat, { row: 1, place: 2 }),
      session.getBy(Seat, { place: 1, row: 1 }),
      session.getBy(Seat, { row: 2, place: 1 }),
    ]);
    expect([a?.place, b?.place, none]).toEqual([2, 1, null]);
    const person = await session.getBy(Person, { email: email(1) });
    (person as Person).email = "new@example.com";
    expect(await session.getBy(Person, { email: "new@example.com" })).toBe(person);
    expect(await session.getBy(Person, { email: email(1) })).toBeNull();
    await session.delete(person as Person);
    expect(await session.getBy(Person, { email: "new@example.com" })).toBeNull();
  });

  test("an expired object is read again before it answers", async () => {
    const { Session } = await filled();
    await using session = Session();
    const person = (await session.getBy(Person, { email: email(1) })) as Person;
    await session.execute(
      update(Person)
        .where((p) => p.email.eq(email(1)))
        .values({ email: "moved@example.com" }),
      undefined,
      { synchronizeSession: false },
    );
    session.expire(person);
    expect(await session.getBy(Person, { email: email(1) })).toBeNull();
    expect(await session.getBy(Person, { email: "moved@example.com" })).toBe(person);
  });

  test("the plain session has it too", async () => {
    const { Session } = await filled();
    await using session = Session();
    await session.runSync((s) => {
      expect(s.getBy(Person, { email: email(3) })?.name).toBe("P3");
      expect(s.getOrCreate(Person, { email: "x" }, { name: "X" }).id).toBeTypeOf("number");
      expect(s.upsert(Person, [{ email: "x", name: "Y" }], { by: "email" })[0].outcome).toBe("updated");
      expect(s.merge(make(Person, { email: "x", age: 5 }), { by: "email" }).name).toBe("Y");
    });
  });

  test("what is no natural key is refused with a way out", async () => {
    const { Session } = await filled();
    await using session = Session();
    await expect(session.getBy(Person, { name: "P1" })).rejects.toThrow(
      /getBy\(Person\): name is not unique in the mapping.*unique: true.*select\(\)/s,
    );
    await expect(session.getBy(Seat, { row: 1 })).rejects.toThrow("not unique in the mapping");
    await expect(session.getBy(Person, {})).rejects.toThrow("getBy(Person): the natural key names no attribute.");
    await expect(session.getBy(Person, { email: null } as never)).rejects.toThrow(
      'getBy(Person): "email" is null. A natural key says which row is meant',
    );
    await expect(session.getBy(Person, { mail: "x" } as never)).rejects.toThrow('no mapped attribute "mail"');
    await expect(session.getBy(Seat, { holder: make(Person) } as never)).rejects.toThrow('"holder" is no column');
  });
});

describe("getOrCreate", () => {
  test("the object that is there is given, another is made with its defaults", async () => {
    const { Session } = await filled();
    await using session = Session();
    const old = await session.getOrCreate(Person, { email: email(1) }, { name: "other" });
    expect(old.name).toBe("P1");
    let calls = 0;
    const made = await session.getOrCreate(Person, { email: "new" }, () => {
      calls++;
      return { age: 7 };
    });
    expect([made.name, made.age, calls, inspect(made).persistent]).toEqual(["nobody", 7, 1, true]);
    expect(await session.getOrCreate(Person, { email: "new" }, () => ({ age: ++calls }))).toBe(made);
    expect(calls).toBe(1);
    const seat = await session.getOrCreate(Seat, { row: 1, place: 1 }, { holder: made });
    expect(seat.holder).toBe(made);
    await session.commit();
    await using other = Session();
    expect((await other.getBy(Person, { email: "new" }))?.age).toBe(7);
  });

  test("50 writers at once make one row for each key, and none of them sees an error", async () => {
    const { Session } = await filled(0);
    const ids = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        Session.begin(async (s) => {
          const person = await s.getOrCreate(Person, { email: email(i % 5) }, { age: i });
          return [i % 5, person.id] as const;
        }),
      ),
    );
    const byKey = new Map(ids);
    for (const [key, id] of ids) expect(byKey.get(key)).toBe(id);
    await using session = Session();
    expect(await session.scalar(select(func.count()).selectFrom(Person))).toBe(5);
  });

  test("another error than the lost race reaches the caller, and the transaction goes on", async () => {
    const { Session } = await filled();
    await using session = Session();
    const seat = await session.getOrCreate(Seat, { row: 1, place: 1 });
    await expect(session.getOrCreate(Person, { email: "x" }, { nick: "n1" })).rejects.toThrow(IntegrityError);
    await session.commit();
    expect(await session.getBy(Person, { email: "x" })).toBeNull();
    expect((await session.getBy(Seat, { row: 1, place: 1 })) === seat).toBe(true);
  });
});

describe("upsert", () => {
  test("[QD-08] each row, in order, has its object and says whether it was inserted, updated or left", async () => {
    const { Session } = await filled();
    await using session = Session();
    const known = await session.getBy(Person, { email: email(2) });
    const result = await session.upsert(
      Person,
      [
        { email: "z", name: "Z" },
        { email: email(2), name: "changed" },
        { email: email(1), name: "P1" },
        { email: "a", age: 4 },
        { email: "z", age: 9 },
      ],
      { by: "email" },
    );
    expect(result.map((r) => [r.object.email, r.outcome])).toEqual([
      ["z", "inserted"],
      [email(2), "updated"],
      [email(1), "left"],
      ["a", "inserted"],
      ["z", "updated"],
    ]);
    expect(result[1].object).toBe(known);
    expect(result[4].object).toBe(result[0].object);
    expect([result[3].object.name, known?.name]).toEqual(["nobody", "changed"]);
    await session.commit();
    await using other = Session();
    const rows = await other.scalars(select(Person).orderBy((p) => p.email)).all();
    expect(rows.map((p) => [p.email, p.name, p.age])).toEqual([
      ["a", "nobody", 4],
      [email(1), "P1", null],
      [email(2), "changed", null],
      [email(3), "P3", null],
      ["z", "Z", 9],
    ]);
    expect(await session.upsert(Person, [], { by: "email" })).toEqual([]);
  });

  test("[QD-08] update says what becomes of rows that exist: some columns, nothing, or what a function does", async () => {
    const { Session } = await filled();
    await using session = Session();
    const row = { email: email(1), name: "new", age: 3 };
    const [some] = await session.upsert(Person, [row], { by: "email", update: ["age"] });
    expect([some.outcome, some.object.name, some.object.age]).toEqual(["updated", "P1", 3]);
    const [left] = await session.upsert(Person, [{ ...row, age: 50 }], { by: "email", update: false });
    expect([left.outcome, left.object.age]).toEqual(["left", 3]);
    const [own] = await session.upsert(Person, [row, row], {
      by: ["email"],
      update: (person, given) => {
        person.age = (person.age ?? 0) + (given.age ?? 0);
      },
    });
    expect([own.outcome, own.object.age]).toEqual(["updated", 9]);
  });

  test("[QD-08] 50 writers at once, each with its rows in another order, leave one row for each key and see no error", async () => {
    const { Session } = await filled(3);
    await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        Session.begin(async (s) => {
          const rows = Array.from({ length: 6 }, (_, j) => ({
            email: email((i * 7 + j * (i % 2 ? 1 : 5)) % 6),
            age: 1,
          }));
          const result = await s.upsert(Person, rows, {
            by: "email",
            update: (person) => {
              person.age = (person.age ?? 0) + 1;
            },
          });
          expect(result.map((r) => r.object.email)).toEqual(rows.map((r) => r.email));
        }),
      ),
    );
    await using session = Session();
    const people = await session.scalars(select(Person).orderBy((p) => p.email)).all();
    expect(people.map((p) => [p.email, p.age])).toEqual([0, 1, 2, 3, 4, 5].map((i) => [email(i), 50]));
  });

  test("[QD-08] bad rows and options are refused before anything is written", async () => {
    const { Session } = await filled();
    await using session = Session();
    const row = { email: "x", name: "X" };
    await expect(session.upsert(Person, [row, { name: "Y" }], { by: "email" })).rejects.toThrow(
      'upsert(Person) row 2: "email" is missing.',
    );
    await expect(session.upsert(Person, [row], { by: "name" })).rejects.toThrow("name is not unique in the mapping");
    await expect(session.upsert(Person, [row], {} as never)).rejects.toThrow("upsert(Person): { by } is missing");
    await expect(session.upsert(Person, row as never, { by: "email" })).rejects.toThrow("takes an array");
    await expect(session.upsert(Person, [row], { by: "email", update: ["email"] })).rejects.toThrow(
      'update cannot name "email"',
    );
    await expect(session.upsert(Person, [{ ...row, hat: 1 } as never], { by: "email" })).rejects.toThrow('"hat"');
    expect(await session.getBy(Person, { email: "x" })).toBeNull();
  });
});

describe("merge by a natural key", () => {
  test("a given object is copied onto the row that has its natural key, which keeps its primary key", async () => {
    const { Session } = await filled();
    await using session = Session();
    const mine = (await session.getBy(Person, { email: email(2) })) as Person;
    const { id } = mine;
    const merged = await session.merge(make(Person, { id: 999, email: email(2), age: 30 }), { by: "email" });
    expect(merged).toBe(mine);
    expect([merged.id, merged.age, merged.name]).toEqual([id, 30, "P2"]);
    const fresh = await session.merge(make(Person, { email: "n", name: "N" }), { by: "email" });
    await session.commit();
    expect(await session.getBy(Person, { email: "n" })).toBe(fresh);
  });

  test("a key that is not unique or not given is refused", async () => {
    const { Session } = await filled();
    await using session = Session();
    await expect(session.merge(make(Person, { email: "x" }), { by: "name" })).rejects.toThrow(
      "merge(Person): name is not unique",
    );
    await expect(session.merge(make(Person, {}), { by: "email" })).rejects.toThrow('merge(Person): "email" is missing');
    await expect(session.merge(make(Person, { email: "x" }), { by: "email", load: false })).rejects.toThrow(
      "merge() with { by } looks into the database",
    );
  });
});
