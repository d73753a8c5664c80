/** Querying class hierarchies: what a query on the base loads, selectinPolymorphic, withPolymorphic, the mapping's own word, joins and options to subclasses. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  aliased,
  attrs,
  awaitable,
  Column,
  columnProperty,
  func,
  inspect,
  ManyToOne,
  type NumExpr,
  OneToMany,
  or,
  PrimaryKey,
  type Relation,
  registry,
  type StrExpr,
  select,
  selectinload,
  selectinPolymorphic,
  t,
  withPolymorphic,
} from "../../src/index.js";
import { recordStatements } from "../support/statements.js";
import { make, storeFor } from "./support.js";

const reg = registry();

@reg.Entity("companies")
class Company {
  @PrimaryKey() id!: number;
  @Column() name!: string;
  @OneToMany(
    () => Employee,
    (e) => e.company,
    { orderBy: "id" },
  )
  employees!: Employee[];
}

@reg.Entity("employees", { polymorphicOn: "type", polymorphicIdentity: "employee" })
class Employee {
  @PrimaryKey() id!: number;
  @Column() name!: string;
  @Column(t.string(20)) type!: string;
  @ManyToOne(
    () => Company,
    (c) => c.employees,
  )
  company!: Relation<Company> | null;
}

@reg.Entity("managers", { polymorphicIdentity: "manager" })
class Manager extends Employee {
  @Column() level!: number;
  @OneToMany(
    () => Paperwork,
    (p) => p.manager,
    { orderBy: "id" },
  )
  paperwork!: Paperwork[];
}

@reg.Entity("paperwork")
class Paperwork {
  @PrimaryKey() id!: number;
  @Column() document!: string;
  @ManyToOne(
    () => Manager,
    (m) => m.paperwork,
  )
  manager!: Relation<Manager> | null;
}

@reg.Entity("engineers", { polymorphicIdentity: "engineer" })
class Engineer extends Employee {
  @Column() language!: string;
}

async function office() {
  const store = await storeFor(reg);
  await store.Session.begin((s) =>
    s.add(
      make(Company, {
        name: "Krusty",
        employees: [
          make(Manager, {
            name: "Krabs",
            level: 9,
            paperwork: [make(Paperwork, { document: "recipe" }), make(Paperwork, { document: "orders" })],
          }),
          make(Engineer, { name: "Bob", language: "Krabby" }),
          make(Engineer, { name: "Squid", language: "Clarinet" }),
          make(Employee, { name: "Pearl" }),
        ],
      }),
    ),
  );
  return store;
}

const loaded = (object: object, name: string) => inspect(object).attrs[name].loaded;

describe("a query on the base", () => {
  test("[QI-01] leaves the columns of subclasses unloaded: they load on demand, or say what to write instead", async () => {
    const { Session } = await office();
    await using session = Session();
    const [krabs] = await session.scalars(select(Employee).orderBy((e) => e.id)).all();
    expect(() => (krabs as Manager).level).toThrow(/Attribute "level" of Manager\(1\) is not loaded/);
    expect(await awaitable(krabs as Manager).level).toBe(9);
    await session.runSync((s) => {
      const [, bob] = s.scalars(select(Employee).orderBy((e) => e.id)).all();
      expect((bob as Engineer).language).toBe("Krabby");
    });
  });

  test("[QI-02] selectinPolymorphic fills them with one more SELECT for each subclass", async () => {
    const { engine, Session } = await office();
    await using session = Session();
    using log = recordStatements(engine);
    const all = await session
      .scalars(
        select(Employee)
          .orderBy((e) => e.id)
          .options(selectinPolymorphic(Employee, [Manager, Engineer])),
      )
      .all();
    expect(log.count()).toBe(3);
    expect([(all[0] as Manager).level, (all[1] as Engineer).language, (all[2] as Engineer).language]).toEqual([
      9,
      "Krabby",
      "Clarinet",
    ]);
    // Objects that have it all need no statement.
    log.reset();
    await session.scalars(select(Employee).options(selectinPolymorphic(Employee, [Manager]))).all();
    expect(log.count()).toBe(1);
    // @ts-expect-error no subclass
    expect(() => selectinPolymorphic(Employee, [Company])).toThrow(
      "selectinPolymorphic(Employee, ...): Company is no subclass of Employee.",
    );
  });

  test("[QI-03] [QI-08] it works beneath an eager load, with options of the subclass's relationships", async () => {
    const { engine, Session } = await office();
    await using session = Session();
    using log = recordStatements(engine);
    const company = await session
      .scalars(
        select(Company).options(
          selectinload(Company, (c) => c.employees).options(
            selectinPolymorphic(Employee, [Manager, Engineer]),
            selectinload(Manager, (m) => m.paperwork),
          ),
        ),
      )
      .one();
    const [krabs, bob] = company.employees as [Manager, Engineer];
    expect([krabs.level, bob.language]).toEqual([9, "Krabby"]);
    expect(krabs.paperwork.map((p) => p.document)).toEqual(["recipe", "orders"]);
    expect(log.count()).toBe(5);
  });

  test("[QI-08] a relationship of a subclass loads eagerly from a query on the base", async () => {
    const { engine, Session } = await office();
    await using session = Session();
    using log = recordStatements(engine);
    const all = await session
      .scalars(
        select(Employee)
          .orderBy((e) => e.id)
          .options(selectinload(Manager, (m) => m.paperwork)),
      )
      .all();
    expect((all[0] as Manager).paperwork.length).toBe(2);
    expect(log.count()).toBe(2);
  });
});

describe("withPolymorphic", () => {
  test("[QI-04] attributes of subclasses are filtered by in one statement, and load with it", async () => {
    const { engine, Session } = await office();
    await using session = Session();
    using log = recordStatements(engine);
    const e = withPolymorphic(Employee, [Manager, Engineer]);
    expectTypeOf(e.level).toExtend<NumExpr<number, unknown>>();
    expectTypeOf(e.language).toExtend<StrExpr<string, unknown>>();
    const found = await session
      .scalars(
        select(e)
          .where(or(e.level.gt(5), e.language.eq("Clarinet")))
          .orderBy(e.id),
      )
      .all();
    expectTypeOf(found).toEqualTypeOf<Employee[]>();
    expect(found.map((x) => x.name)).toEqual(["Krabs", "Squid"]);
    expect([loaded(found[0], "level"), loaded(found[1], "language"), log.count()]).toEqual([true, true, 1]);
    expect(() => withPolymorphic(Manager, [Engineer as never])).toThrow(/Engineer is no subclass of Manager/);
  });

  test("[QI-05] two polymorphic aliases of one hierarchy join in one statement", async () => {
    const { Session } = await office();
    await using session = Session();
    const m = withPolymorphic(Employee, [Manager], { aliased: true, flat: true });
    const e = withPolymorphic(Employee, [Engineer], { name: "e" });
    const rows = await session
      .execute(select(m, e).join(e, e.id.ne(m.id)).where(m.level.gt(1), e.language.isNotNull()).orderBy(e.id))
      .all();
    expect(rows.map(([a, b]) => [a.name, b.name])).toEqual([
      ["Krabs", "Bob"],
      ["Krabs", "Squid"],
    ]);
    expect([loaded(rows[0][0], "level"), loaded(rows[0][1], "language")]).toEqual([true, true]);
    const inner = withPolymorphic(Employee, [Manager], { innerjoin: true });
    expect((await session.scalars(select(inner)).all()).length).toBe(1);
  });

  test("[QI-04] its rows may come from a selectable of one's own", async () => {
    const { Session } = await office();
    await using session = Session();
    const e = withPolymorphic(Employee, "*");
    const sub = select(e).where(e.name.ne("Pearl")).subquery("some");
    const own = withPolymorphic(Employee, "*", { selectable: sub });
    const all = await session.scalars(select(own).orderBy(own.name)).all();
    expect(all.map((x) => x.constructor.name)).toEqual(["Engineer", "Manager", "Engineer"]);
    expect(loaded(all[1], "level")).toBe(true);
  });
});

describe("the mapping's own word", () => {
  test("[QI-06] polymorphicLoad says how each subclass loads by default", async () => {
    const own = registry();
    @own.Entity("pets", { polymorphicOn: "kind", polymorphicIdentity: "pet" })
    class Pet {
      @PrimaryKey() id!: number;
      @Column(t.string(10)) kind!: string;
    }
    @own.Entity("cats", { polymorphicIdentity: "cat", polymorphicLoad: "inline" })
    class Cat extends Pet {
      @Column() lives!: number;
    }
    @own.Entity("dogs", { polymorphicIdentity: "dog", polymorphicLoad: "selectin" })
    class Dog extends Pet {
      @Column() tricks!: number;
    }
    @own.Entity({ polymorphicIdentity: "bird" })
    class Bird extends Pet {
      @Column({ nullable: true }) song!: string;
    }
    const { engine, Session } = await storeFor(own);
    await Session.begin((s) =>
      s.addAll([make(Cat, { lives: 9 }), make(Dog, { tricks: 2 }), make(Bird, { song: "la" })]),
    );
    await using session = Session();
    using log = recordStatements(engine);
    const [cat, dog, bird] = await session.scalars(select(Pet).orderBy((p) => p.id)).all();
    expect(log.count()).toBe(2);
    expect(log.texts()[0]).toMatch(/LEFT OUTER JOIN cats/);
    expect([loaded(cat, "lives"), loaded(dog, "tricks"), loaded(bird, "song")]).toEqual([true, true, false]);
    session.expungeAll();
    expect(loaded((await session.get(Pet, 2)) as Dog, "tricks")).toBe(true);
  });
});

describe("joins and options to a subclass", () => {
  test("[QI-07] a join is limited to a subclass, whose attributes can be used", async () => {
    const { Session } = await office();
    await using session = Session();
    const c = attrs(Company);
    const m = attrs(Manager);
    const rows = await session
      .execute(select(c.name, m.level).join(c.employees.of(Manager)).where(m.level.gt(1)))
      .all();
    expect(rows).toEqual([["Krusty", 9]]);
    const e = withPolymorphic(Employee, [Engineer], { aliased: true });
    expect(
      await session
        .scalars(select(e.language).selectFrom(Company).join(c.employees.of(e)).where(e.language.like("K%")))
        .all(),
    ).toEqual(["Krabby"]);
    expect(
      await session.scalars(select(Company).where(c.employees.of(Manager).any((x) => x.level.gt(50)))).all(),
    ).toEqual([]);
  });

  test("[QI-07] an eager load takes the columns of the subclasses that it names", async () => {
    const { engine, Session } = await office();
    await using session = Session();
    using log = recordStatements(engine);
    const c = attrs(Company);
    const company = await session
      .scalars(select(Company).options(selectinload(c.employees.of(withPolymorphic(Employee, [Manager, Engineer])))))
      .one();
    expect(company.employees.map((e) => e.name)).toEqual(["Krabs", "Bob", "Squid", "Pearl"]);
    expect([loaded(company.employees[0], "level"), loaded(company.employees[1], "language")]).toEqual([true, true]);
    expect(log.count()).toBe(2);
  });
});

describe("a subclass's expression over rows of a sibling", () => {
  test("means its own row, loaded as itself and with the base", async () => {
    const own = registry();
    @own.Entity("pets", { polymorphicOn: "kind", polymorphicIdentity: "pet" })
    class Pet {
      @PrimaryKey() id!: number;
      @Column(t.string(10)) kind!: string;
    }
    @own.Entity("dogs", { polymorphicIdentity: "dog", polymorphicLoad: "inline" })
    class Dog extends Pet {
      @Column() tricks!: number;
    }
    @own.Entity("cats", { polymorphicIdentity: "cat", polymorphicLoad: "inline" })
    class Cat extends Pet {
      @Column() lives!: number;
      declare readonly later: number;
    }
    own.addProperty(
      Cat,
      "later",
      columnProperty<Cat>((c) => {
        const d = attrs(Dog);
        return select(func.count(d.id)).where(d.id.gt(c.id)).correlateExcept(Dog).scalarSubquery();
      }),
    );
    const { Session } = await storeFor(own);
    await Session.begin((s) =>
      s.addAll([
        make(Dog, { tricks: 1 }),
        make(Cat, { lives: 9 }),
        make(Dog, { tricks: 2 }),
        make(Cat, { lives: 8 }),
        make(Dog, { tricks: 3 }),
      ]),
    );
    await using session = Session();
    const laters = (pets: readonly Pet[]): unknown[] =>
      pets.flatMap((pet) => (pet instanceof Cat ? [Number(pet.later)] : []));
    expect(laters(await session.scalars(select(Cat).orderBy((c) => c.id)).all())).toEqual([2, 1]);
    session.expungeAll();
    expect(laters(await session.scalars(select(Pet).orderBy((p) => p.id)).all())).toEqual([2, 1]);
    session.expungeAll();
    expect(laters(await session.scalars(select(withPolymorphic(Pet, "*"))).all()).sort()).toEqual([1, 2]);
  });
});

describe("sibling subclasses in one FROM", () => {
  test("[IN-09] their base's table stands in it once: the second needs a name, which the error says", async () => {
    const { Session } = await office();
    await using session = Session();
    const m = attrs(Manager);
    const refused = (second: string) =>
      `table employees stands twice in one FROM under one name, and no database could tell whose columns are meant. Manager and ${second} share it. ` +
      `Each after the first needs a name of its own: write aliased(${second}) for the second. (A link that begins at what another one brings comes after that.)`;
    const e = attrs(Engineer);
    await expect(session.execute(select(Manager, Engineer).where(m.id.ne(e.id))).all()).rejects.toThrow(
      refused("Engineer"),
    );
    await expect(session.execute(select(Manager).join(Engineer, m.id.ne(e.id))).all()).rejects.toThrow(
      refused("Engineer"),
    );
    const c = attrs(Company);
    const both = select(Company).join(c.employees.of(Manager));
    await expect(session.execute(both.join(c.employees.of(Engineer))).all()).rejects.toThrow(refused("Engineer"));
    expect(
      await session
        .scalars(both.join(c.employees.of(aliased(Engineer))))
        .unique()
        .all(),
    ).toHaveLength(1);
    const other = aliased(Engineer);
    const pairs = select(m.name, other.name).joinFrom(Manager, other, m.id.ne(other.id));
    expect((await session.execute(pairs).all()).length).toBeGreaterThan(0);
    // In a subquery it stands in another FROM.
    const apart = select(Manager).where(m.id.in(select(e.id)));
    expect(await session.scalars(apart).all()).toEqual([]);
  });
});
