import { describe, expect, test, vi } from "vitest";
import {
  awaitable,
  Column,
  inspect,
  ManyToOne,
  MapperConfigurationError,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
  text,
} from "../../src/index.js";
import { recordStatements } from "../support/statements.js";
import { make, storeFor } from "./support.js";

const reg = registry();

@reg.Entity("companies")
class Company {
  @PrimaryKey() id!: number;
  @OneToMany(
    () => Employee,
    (e) => e.company,
    { orderBy: "id", cascade: ["all"] },
  )
  staff!: Employee[];
}

@reg.Entity("employees", { polymorphicOn: "kind", polymorphicIdentity: "employee" })
class Employee {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) kind!: string;
  @Column(t.string(30)) name!: string;
  @ManyToOne(
    () => Company,
    (c) => c.staff,
  )
  company!: Relation<Company> | null;
}

@reg.Entity("engineers", { polymorphicIdentity: "engineer" })
class Engineer extends Employee {
  @Column(t.string(30)) language!: string;
}

@reg.Entity("managers", { polymorphicIdentity: "manager" })
class Manager extends Employee {
  @Column(t.integer, { nullable: true }) reports!: number | null;
}

@reg.Entity("chiefs", { polymorphicIdentity: "chief" })
class Chief extends Manager {
  @Column(t.string(10)) title!: string;
}

@reg.Entity("vehicles", { polymorphicOn: "kind", polymorphicIdentity: "vehicle" })
class Vehicle {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) kind!: string;
  @Column(t.string(20), { nullable: true }) plate!: string | null;
}

@reg.Entity({ polymorphicIdentity: "car" })
class Car extends Vehicle {
  @Column(t.integer, { nullable: true }) doors!: number | null;
}

@reg.Entity({ polymorphicIdentity: "van" })
class Van extends Car {
  @Column(t.integer, { nullable: true }) load!: number | null;
}

@reg.Entity({ polymorphicIdentity: "bike" })
class Bike extends Vehicle {
  @Column(t.boolean, { nullable: true }) bell!: boolean | null;
}

async function joined() {
  const store = await storeFor(reg, { expireOnCommit: false });
  await store.Session.begin((s) =>
    s.add(
      make(Company, {
        staff: [
          make(Engineer, { name: "Eve", language: "C" }),
          make(Manager, { name: "Max", reports: 3 }),
          make(Chief, { name: "Cid", reports: 9, title: "CEO" }),
          make(Employee, { name: "Ann" }),
        ],
      }),
    ),
  );
  return store;
}

describe("joined-table inheritance", () => {
  test("inserts the base first and copies the key down", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    const chief = make(Chief, { name: "Cid", title: "CEO" });
    session.add(chief);
    using log = recordStatements(engine);
    await session.flush();
    expect(log.texts().map((sql) => /INTO (\w+)/.exec(sql)?.[1])).toEqual(["employees", "managers", "chiefs"]);
    expect(await session.scalar(text("select id from chiefs"))).toBe(chief.id);
    expect(chief.kind).toBe("chief");
  });

  test("a query on the base yields objects of the subclasses", async () => {
    const { Session } = await joined();
    await using session = Session();
    const all = await session.scalars(select(Employee).orderBy((e) => e.id)).all();
    expect(all.map((e) => e.constructor.name)).toEqual(["Engineer", "Manager", "Chief", "Employee"]);
    expect(all[2]).toBeInstanceOf(Manager);
    expect(inspect(all[0]).attrs["language"].loaded).toBe(false);
    expect(await awaitable(all[0] as Engineer).language).toBe("C");
    const chief = all[2] as Chief;
    expect(await awaitable(chief).title).toBe("CEO");
    expect(await awaitable(chief).reports).toBe(9);
  });

  test("a query on a subclass joins its tables, and gives those below it too", async () => {
    const { engine, Session } = await joined();
    await using session = Session();
    using log = recordStatements(engine);
    const managers = await session
      .scalars(
        select(Manager)
          .where((m) => m.reports.gt(1))
          .orderBy((m) => m.name),
      )
      .all();
    expect(managers.map((m) => m.name)).toEqual(["Cid", "Max"]);
    expect(managers[1].reports).toBe(3);
    expect(log.texts()[0]).toMatch(/FROM employees JOIN managers ON/);
    expect(await session.scalars(select(Engineer)).all()).toHaveLength(1);
  });

  test("get of a sibling's key gives null; get by any superclass gives the object", async () => {
    const { Session } = await joined();
    await using session = Session();
    const eve = await session.scalars(select(Engineer)).one();
    expect(await session.get(Manager, eve.id)).toBeNull();
    expect(await session.get(Employee, eve.id)).toBe(eve);
    session.expungeAll();
    expect(await session.get(Manager, eve.id)).toBeNull();
    expect(await session.get(Employee, eve.id)).toBeInstanceOf(Engineer);
  });

  test("an UPDATE touches only the tables whose columns changed", async () => {
    const { engine, Session } = await joined();
    await using session = Session();
    const chief = await session.scalars(select(Chief)).one();
    using log = recordStatements(engine);
    chief.title = "CTO";
    await session.flush();
    expect(log.texts().map((sql) => /UPDATE (\w+)/.exec(sql)?.[1])).toEqual(["chiefs"]);
    log.reset();
    chief.name = "Dan";
    chief.reports = 10;
    await session.flush();
    expect(log.texts().map((sql) => /UPDATE (\w+)/.exec(sql)?.[1])).toEqual(["employees", "managers"]);
  });

  test("a DELETE goes from the leaf to the base", async () => {
    const { engine, Session } = await joined();
    await using session = Session();
    const chief = await session.scalars(select(Chief)).one();
    await session.delete(chief);
    using log = recordStatements(engine);
    await session.flush();
    expect(log.texts("DELETE").map((sql) => /FROM (\w+)/.exec(sql)?.[1])).toEqual(["chiefs", "managers", "employees"]);
  });

  test("a relationship to the base takes objects of the subclasses, and a delete cascades to them", async () => {
    const { Session } = await joined();
    await using session = Session();
    const company = await session.getOne(Company, 1);
    expect((await awaitable(company).staff).map((e) => e.constructor.name)).toEqual([
      "Engineer",
      "Manager",
      "Chief",
      "Employee",
    ]);
    await session.delete(company);
    await session.commit();
    for (const table of ["employees", "engineers", "managers", "chiefs"])
      expect(await session.scalar(text(`select count(*) from ${table}`))).toBe(0);
  });

  test("a relationship to a subclass refuses a superclass's object", async () => {
    const own = registry();
    @own.Entity("base", { polymorphicOn: "kind", polymorphicIdentity: "b" })
    class Base {
      @PrimaryKey() id!: number;
      @Column(t.string(5)) kind!: string;
    }
    @own.Entity("sub", { polymorphicIdentity: "s" })
    class Sub extends Base {}
    @own.Entity("holder")
    class Holder {
      @PrimaryKey() id!: number;
      @ManyToOne(() => Sub) sub!: Relation<Sub> | null;
    }
    const holder = new Holder();
    holder.sub = new Sub();
    expect(() => {
      holder.sub = new Base() as Sub;
    }).toThrow(/^Holder\.sub takes objects of Sub, not Base/);
  });
});

describe("single-table inheritance", () => {
  async function single() {
    const store = await storeFor(reg);
    await store.Session.begin((s) =>
      s.addAll([
        make(Vehicle),
        make(Car, { doors: 4 }),
        make(Van, { doors: 2, load: 900 }),
        make(Bike, { bell: true }),
      ]),
    );
    return store;
  }

  test("stores the identity of the class, all in one table", async () => {
    const { Session } = await single();
    await using session = Session();
    expect(await session.scalars(text("select kind from vehicles order by id")).all()).toEqual([
      "vehicle",
      "car",
      "van",
      "bike",
    ]);
    expect(reg.metadata.tables.get("vehicles")?.columns.map((c) => c.name)).toEqual([
      "id",
      "kind",
      "plate",
      "doors",
      "load",
      "bell",
    ]);
  });

  test("every query on a subclass has the criterion: its identity and those below", async () => {
    const { engine, Session } = await single();
    await using session = Session();
    using log = recordStatements(engine);
    const cars = await session.scalars(select(Car).orderBy((c) => c.id)).all();
    expect(cars.map((c) => c.constructor.name)).toEqual(["Car", "Van"]);
    expect(log.texts()[0]).toMatch(/kind/);
    expect(await session.scalars(select(Bike)).all()).toHaveLength(1);
    expect(await session.scalars(select(Vehicle)).all()).toHaveLength(4);
  });

  test("queries on the base leave subclass columns unloaded", async () => {
    const { Session } = await single();
    await using session = Session();
    const all = await session.scalars(select(Vehicle).orderBy((v) => v.id)).all();
    expect(all.map((v) => v.constructor.name)).toEqual(["Vehicle", "Car", "Van", "Bike"]);
    expect(inspect(all[1]).attrs["doors"].loaded).toBe(false);
    expect(await awaitable(all[1] as Car).doors).toBe(4);
  });

  test("a subclass has no attributes of its siblings", () => {
    expect("bell" in new Car()).toBe(false);
    expect([...inspect(Bike).attributes.keys()]).not.toContain("doors");
  });

  test("a new object has its discriminator at once, and one set to a foreign identity warns at the flush", async () => {
    const warn = vi.fn();
    const { Session } = await single();
    await using session = Session({ warn });
    const car = new Car();
    expect(car.kind).toBe("car");
    car.kind = "bike";
    session.add(car);
    await session.flush();
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(/Car/), "ATHANOR_WRONG_IDENTITY");
  });

  test("the identity of a class below may be set by hand where one table holds the rows of both, and warns where the row has a part elsewhere", async () => {
    const warn = vi.fn();
    const { Session } = await storeFor(reg);
    await using session = Session({ warn });
    session.add(make(Vehicle, { kind: "car" }));
    await session.flush();
    expect(warn).not.toHaveBeenCalled();
    session.add(make(Employee, { name: "Ann", kind: "engineer" }));
    await session.flush();
    expect(warn).toHaveBeenCalledWith(
      expect.stringMatching(
        /^new Employee .*"engineer", which is Engineer's: its row will load as Engineer, not as Employee\.$/,
      ),
      "ATHANOR_WRONG_IDENTITY",
    );
  });
});

describe("mapping errors of inheritance", () => {
  test("an identity that is taken is refused with both classes", () => {
    const own = registry();
    @own.Entity("base", { polymorphicOn: "kind", polymorphicIdentity: "b" })
    class Base {
      @PrimaryKey() id!: number;
      @Column(t.string(5)) kind!: string;
    }
    @own.Entity({ polymorphicIdentity: "b" })
    class Sub extends Base {}
    expect(() => own.configure()).toThrow(MapperConfigurationError);
    expect(() => own.configure()).toThrow(/^Sub has the polymorphicIdentity "b", which Base has already\.$/);
    expect(Sub.name).toBe("Sub");
  });

  test("an identity without a discriminator is refused", () => {
    const own = registry();
    @own.Entity("base", { polymorphicIdentity: "b" })
    class Base {
      @PrimaryKey() id!: number;
    }
    expect(() => own.configure()).toThrow(
      /^Base has a polymorphicIdentity, but neither it nor a superclass says polymorphicOn: "attribute"\.$/,
    );
    expect(Base.name).toBe("Base");
  });

  test("an abstract class without a discriminator is refused", () => {
    const own = registry();
    @own.Entity("base", { polymorphicAbstract: true })
    class Base {
      @PrimaryKey() id!: number;
    }
    expect(() => own.configure()).toThrow(
      'Base says polymorphicAbstract: true, but neither it nor a superclass says polymorphicOn: "attribute"',
    );
    expect(Base.name).toBe("Base");
  });
});
