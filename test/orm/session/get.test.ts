import { describe, expect, test } from "vitest";
import {
  Column,
  inspect,
  ManyToOne,
  NoResultFound,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  selectinload,
  t,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("countries")
class Country {
  @PrimaryKey(t.string(2)) code!: string;
  @Column(t.string(50)) name!: string;
  @OneToMany(
    () => Flight,
    (f) => f.country,
  )
  flights!: Flight[];
}

@reg.Entity("flights")
class Flight {
  @PrimaryKey(t.string(5)) carrier!: string;
  @PrimaryKey(t.integer) number!: number;
  @Column(t.string(50), { nullable: true }) note!: string | null;
  @ManyToOne(
    () => Country,
    (c) => c.flights,
  )
  country!: Relation<Country> | null;
}

@reg.Entity({ tableName: "beings", polymorphicOn: "kind", polymorphicIdentity: "being" })
class Being {
  @PrimaryKey() id!: number;
  @Column(t.string(10)) kind!: string;
}

@reg.Entity({ polymorphicIdentity: "cat" })
class Cat extends Being {
  @Column(t.integer, { nullable: true }) lives!: number | null;
}

@reg.Entity({ polymorphicIdentity: "dog" })
class Dog extends Being {
  @Column(t.boolean, { nullable: true }) barks!: boolean | null;
}

async function filled() {
  const store = await storeFor(reg);
  await store.Session.begin((s) => {
    const td = make(Country, { code: "TD", name: "Chad" });
    s.addAll([
      td,
      make(Flight, { carrier: "AF", number: 100, note: "a", country: td }),
      make(Flight, { carrier: "AF", number: 200 }),
      make(Flight, { carrier: "KL", number: 100 }),
    ]);
  });
  return store;
}

describe("get", () => {
  test("[SB-08] takes a value, a tuple or an object of key attributes", async () => {
    const { Session } = await filled();
    await using session = Session();
    const td = await session.get(Country, "TD");
    expect(td?.name).toBe("Chad");
    expect(await session.get(Country, ["TD"])).toBe(td);
    expect(await session.get(Country, { code: "TD" })).toBe(td);
    const flight = await session.get(Flight, ["AF", 100]);
    expect(flight?.note).toBe("a");
    expect(await session.get(Flight, { number: 100, carrier: "AF" })).toBe(flight);
    expect(await session.get(Flight, ["AF", 999])).toBeNull();
  });

  test("[SB-08] keys of several columns do not get mixed up", async () => {
    const { Session } = await filled();
    await using session = Session();
    const [a, b, c] = await Promise.all([
      session.getOne(Flight, ["AF", 100]),
      session.getOne(Flight, ["AF", 200]),
      session.getOne(Flight, ["KL", 100]),
    ]);
    expect(new Set([a, b, c]).size).toBe(3);
    expect([a, b, c].map((f) => `${f.carrier}${f.number}`)).toEqual(["AF100", "AF200", "KL100"]);
  });

  test("[SB-08] getOne throws NoResultFound naming class and key", async () => {
    const { Session } = await filled();
    await using session = Session();
    await expect(session.getOne(Flight, ["AF", 1])).rejects.toThrow(NoResultFound);
    await expect(session.getOne(Flight, ["AF", 1])).rejects.toThrow(
      /^No row of Flight was found for the primary key \(AF, 1\)\.$/,
    );
  });

  test("of a loaded object emits no statement and gives the same object", async () => {
    const { engine, Session } = await filled();
    await using session = Session();
    const flight = await session.getOne(Flight, ["AF", 100]);
    using log = recordStatements(engine);
    expect(await session.get(Flight, { carrier: "AF", number: 100 })).toBe(flight);
    expect(await session.getOne(Flight, ["AF", 100])).toBe(flight);
    expect(log.count()).toBe(0);
  });

  test("of an expired object loads it; of one whose row is gone gives null", async () => {
    const { engine, Session } = await filled();
    await using session = Session();
    const flight = await session.getOne(Flight, ["AF", 100]);
    await session.execute(text("update flights set note = 'b'"));
    session.expire(flight);
    using log = recordStatements(engine);
    expect(await session.get(Flight, ["AF", 100])).toBe(flight);
    expect(log.count("SELECT")).toBe(1);
    expect(flight.note).toBe("b");
    session.expire(flight);
    await session.execute(text("delete from flights"));
    expect(await session.get(Flight, ["AF", 100])).toBeNull();
    expect(session.has(flight)).toBe(false);
  });

  test("does not find a pending object, which has no identity yet, but flushes it on the way", async () => {
    const { Session } = await filled();
    await using session = Session();
    const fresh = make(Country, { code: "FR", name: "France" });
    session.add(fresh);
    await session.noAutoflush(async () => expect(await session.get(Country, "FR")).toBeNull());
    expect(await session.get(Country, "FR")).toBe(fresh);
  });

  test("checks the class: a sibling's identity gives null, a superclass's finds the subclass", async () => {
    const { Session } = await filled();
    await using session = Session();
    session.addAll([make(Cat, { lives: 9 }), make(Dog, { barks: true })]);
    await session.flush();
    const cat = await session.getOne(Being, 1);
    expect(cat).toBeInstanceOf(Cat);
    expect(await session.get(Cat, 1)).toBe(cat);
    expect(await session.get(Dog, 1)).toBeNull();
    session.expungeAll();
    expect(await session.get(Dog, 1)).toBeNull();
    expect(await session.get(Being, 2)).toBeInstanceOf(Dog);
  });

  test("populateExisting that is given wins over the one of executionOptions, whichever of them is false", async () => {
    const { Session } = await filled();
    await using session = Session();
    const country = await session.getOne(Country, "TD");
    await session.execute(text("update countries set name = 'new'"));
    await session.get(Country, "TD", { populateExisting: false, executionOptions: { populateExisting: true } });
    expect(country.name).not.toBe("new");
    await session.get(Country, "TD", { populateExisting: true, executionOptions: { populateExisting: false } });
    expect(country.name).toBe("new");
  });

  test("takes loader options, which do not apply to an object that is present", async () => {
    const { Session } = await filled();
    await using session = Session();
    const options = [selectinload(Country, (c) => c.flights)];
    const td = await session.getOne(Country, "TD", { options });
    expect(td.flights).toHaveLength(1);
    session.expunge(td);
    const again = await session.getOne(Country, "TD");
    await session.get(Country, "TD", { options });
    expect(inspect(again).attrs["flights"].loaded).toBe(false);
  });

  test("a key of the wrong shape is refused with the key's attributes", async () => {
    const { Session } = await filled();
    await using session = Session();
    const wrong = (ident: unknown) => session.get(Flight, ident);
    await expect((async () => wrong("AF"))()).rejects.toThrow(
      /^The primary key of Flight is \(carrier, number\); one value was given\. Give an array of 2 values or an object \{ carrier, number \}\.$/,
    );
    await expect((async () => wrong(["AF"]))()).rejects.toThrow(/; 1 values were given\./);
    await expect((async () => wrong({ carrier: "AF" }))()).rejects.toThrow(/; "number" is missing\./);
    await expect((async () => wrong({ carrier: "AF", number: 1, nr: 2 }))()).rejects.toThrow(
      /; "nr" is not part of it\./,
    );
    await expect((async () => wrong(null))()).rejects.toThrow(/; null is no key\./);
    await expect((async () => wrong(undefined))()).rejects.toThrow(/; undefined is no key\./);
  });

  test("of a class that is not mapped is refused with its name", async () => {
    const { Session } = await filled();
    await using session = Session();
    class Stray {}
    await expect((async () => session.get(Stray, 1))()).rejects.toThrow(
      /^Stray is not a mapped class: decorate it with @Entity\(\) or map it with registry\.mapImperatively\(\)\.$/,
    );
  });

  test("a primary key that was changed and flushed is found under its new value only", async () => {
    const { Session } = await filled();
    await using session = Session();
    const kl = await session.getOne(Flight, ["KL", 100]);
    kl.number = 300;
    await session.flush();
    expect(await session.get(Flight, ["KL", 300])).toBe(kl);
    expect(await session.get(Flight, ["KL", 100])).toBeNull();
  });

  test("gets that are made together run as one statement", async () => {
    const { engine, Session } = await filled();
    await using session = Session();
    using log = recordStatements(engine);
    const found = await Promise.all([
      session.get(Flight, ["AF", 100]),
      session.get(Flight, ["AF", 200]),
      session.get(Flight, ["XX", 1]),
      session.get(Flight, ["AF", 100]),
    ]);
    expect(found[0]).toBe(found[3]);
    expect(found[2]).toBeNull();
    expect(log.count("SELECT")).toBe(1);
  });
});
