/** Concrete inheritance: each class has its whole table; a query on the base unites them. */
import { describe, expect, test } from "vitest";
import {
  ArgumentError,
  aliased,
  attrs,
  awaitable,
  Column,
  del,
  func,
  insert,
  inspect,
  joinedload,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  subqueryload,
  type Table,
  t,
  text,
  update,
  withPolymorphic,
} from "../../src/index.js";
import { recordStatements } from "../support/statements.js";
import { make, storeFor } from "./support.js";

const reg = registry();

@reg.Entity("companies")
class Company {
  @PrimaryKey() id!: number;
  @Column() name!: string;
}

@reg.Entity("employees", { polymorphicIdentity: "employee" })
class Employee {
  @PrimaryKey() id!: number;
  @Column() name!: string;
  @ManyToOne(() => Company) company!: Relation<Company> | null;
  @Column(t.timestamp, { serverDefault: func.now() }) hired!: Date;
}

@reg.Entity("managers", { concrete: true, polymorphicIdentity: "manager" })
class Manager extends Employee {
  @Column() level!: number;
}

@reg.Entity("engineers", { concrete: true, polymorphicIdentity: "engineer" })
class Engineer extends Employee {
  @Column({ nullable: true }) language!: string;
}

async function office() {
  const store = await storeFor(reg);
  await store.Session.begin((s) =>
    s.addAll([
      make(Employee, { name: "Ann", company: make(Company, { name: "Acme" }) }),
      make(Manager, { name: "Max", level: 3, company: make(Company, { name: "Bolt" }) }),
      make(Engineer, { name: "Eve", language: "TS" }),
    ]),
  );
  return store;
}

describe("concrete inheritance", () => {
  test("[IN-04] each class has its whole table and its own relationships", async () => {
    const { engine, Session } = await office();
    const names = (name: string) => reg.metadata.tables.get(name)?.columns.map((c) => c.name);
    expect([names("employees"), names("managers")]).toEqual([
      ["id", "name", "hired", "company_id"],
      ["id", "name", "hired", "level", "company_id"],
    ]);
    await using session = Session();
    using log = recordStatements(engine);
    const max = await session.scalars(select(Manager).where((m) => m.level.gt(1))).one();
    expect([max.id, max.name, max.level]).toEqual([1, "Max", 3]);
    expect(log.texts()[0]).not.toMatch(/UNION|employees/);
    expect((await awaitable(max).company)?.name).toBe("Bolt");
    max.level = 4;
    await session.commit();
    expect(await session.scalar(text("select level from managers"))).toBe(4);
    await session.delete(max);
    await session.commit();
    expect(await session.scalar(text("select count(*) from managers"))).toBe(0);
    expect(await session.scalar(text("select count(*) from employees"))).toBe(1);
  });

  test("[IN-04] a query on the base unites the tables and yields the right classes, though their keys are equal", async () => {
    const { engine, Session } = await office();
    await using session = Session();
    using log = recordStatements(engine);
    const all = await session.scalars(select(Employee).orderBy((e) => e.name)).all();
    expect(all.map((e) => [e.constructor.name, e.id, e.name])).toEqual([
      ["Employee", 1, "Ann"],
      ["Engineer", 1, "Eve"],
      ["Manager", 1, "Max"],
    ]);
    expect([(all[1] as Engineer).language, (all[2] as Manager).level, all[0].hired instanceof Date]).toEqual([
      "TS",
      3,
      true,
    ]);
    expect(log.count()).toBe(1);
    expect(await session.scalars(select(Manager)).one()).toBe(all[2]);
    expect(inspect(all[2]).identityKey?.[0]).toBe(Manager);
    const e = attrs(Employee);
    expect(await session.execute(select(e.name).where(e.name.like("%x%")).orderBy(e.name)).all()).toEqual([["Max"]]);
    expect(await session.scalar(select(func.count()).selectFrom(Employee))).toBe(3);
  });

  test("[IN-04] withPolymorphic() gives the union with the attributes of the classes below, those of one by attrs()", async () => {
    const { Session } = await office();
    await using session = Session();
    for (const e of [
      withPolymorphic(Employee, "*"),
      withPolymorphic(Employee, [Manager, Engineer], { aliased: true }),
    ]) {
      const m = attrs(e, Manager);
      const found = await session.scalars(select(e).where(m.level.gt(2))).all();
      expect(found.map((each) => [each.constructor.name, each.name])).toEqual([["Manager", "Max"]]);
      expect(await session.execute(select(e.name, attrs(e, Engineer).language).orderBy(e.name)).all()).toEqual([
        ["Ann", null],
        ["Eve", "TS"],
        ["Max", null],
      ]);
    }
  });

  test("no statement writes the base, which has the rows of several tables: the error names the classes and the table to write", async () => {
    const { Session } = await office();
    await using session = Session();
    const refused =
      "Employee has concrete classes below it, so that its rows are in several tables, which no statement can write. " +
      'Write a statement for each of those classes (Manager, Engineer), and for the rows of Employee alone one for its table "employees".';
    for (const write of [
      () => update(Employee).values({ name: "x" }),
      () => del(Employee),
      () => insert(Employee).values({ name: "x" }),
      () => update(aliased(Employee)).values({ name: "x" }),
      () => del(withPolymorphic(Employee, [Manager])),
    ])
      expect(write).toThrow(new ArgumentError(refused));
    await session.execute(update(Manager).values({ name: "x" }).all());
    await session.execute((reg.metadata.tables.get("employees") as Table).update().values({ name: "y" }).all());
    expect((await session.scalars(select(Employee).orderBy((e) => e.name)).all()).map((e) => e.name)).toEqual([
      "Eve",
      "x",
      "y",
    ]);
  });

  test("[IN-04] relationships load eagerly over the union", async () => {
    const { Session } = await office();
    await using session = Session();
    const all = await session
      .scalars(
        select(Employee)
          .orderBy((e) => e.name)
          .options(selectinload(Employee, (e) => e.company)),
      )
      .all();
    expect(all.map((e) => e.company?.name ?? null)).toEqual(["Acme", null, "Bolt"]);
  });
});

describe("a concrete base without a table", () => {
  const own = registry();

  @own.Entity("harbours")
  class Harbour {
    @PrimaryKey() id!: number;
    @Column() name!: string;
  }

  @own.Entity({ concrete: true, polymorphicAbstract: true })
  class Vessel {
    @PrimaryKey() id!: number;
    @Column() name!: string;
    @ManyToOne(() => Harbour) harbour!: Relation<Harbour> | null;
  }

  @own.Entity("tugs", { concrete: true, polymorphicIdentity: "tug" })
  class Tug extends Vessel {
    @Column() power!: number;
  }

  @own.Entity("ferries", { concrete: true, polymorphicIdentity: "ferry" })
  class Ferry extends Vessel {
    @Column() seats!: number;
  }

  async function fleet() {
    const store = await storeFor(own);
    const harbour = make(Harbour, { name: "North" });
    await store.Session.begin((s) =>
      s.addAll([
        make(Tug, { name: "Bull", power: 900, harbour }),
        make(Ferry, { name: "Anna", seats: 40, harbour }),
        make(Ferry, { name: "Cleo", seats: 60 }),
      ]),
    );
    return store;
  }

  test("is written by no statement either: the error names the classes below it", () => {
    expect(() => update(Vessel).values({})).toThrow(
      "Vessel has concrete classes below it, so that its rows are in several tables, which no statement can write. Write a statement for each of those classes (Tug, Ferry).",
    );
  });

  test("[IN-04] is not in the schema, and a query on it unites the tables of the classes below it", async () => {
    const { engine, Session } = await fleet();
    expect([...own.metadata.tables.keys()].sort()).toEqual(["ferries", "harbours", "tugs"]);
    await using session = Session();
    using log = recordStatements(engine);
    const all = await session.scalars(select(Vessel).orderBy((v) => v.name)).all();
    expect(all.map((v) => [v.constructor.name, v.id, v.name])).toEqual([
      ["Ferry", 1, "Anna"],
      ["Tug", 1, "Bull"],
      ["Ferry", 2, "Cleo"],
    ]);
    expect([(all[0] as Ferry).seats, (all[1] as Tug).power]).toEqual([40, 900]);
    expect(log.count()).toBe(1);
    expect(await session.scalar(select(func.count()).selectFrom(Vessel))).toBe(3);
    expect((await session.scalars(select(Tug)).all()).map((v) => v.name)).toEqual(["Bull"]);
  });

  test("[IN-04] hands its relationships on, and they load eagerly over the union", async () => {
    const { Session } = await fleet();
    await using session = Session();
    const all = await session
      .scalars(
        select(Vessel)
          .where((v) => v.name.ne("Cleo"))
          .orderBy((v) => v.name)
          .options(selectinload(Vessel, (v) => v.harbour)),
      )
      .all();
    expect(all.map((v) => v.harbour?.name)).toEqual(["North", "North"]);
  });

  test("[IN-04] writes go to the table of the object's class, and no object of the base itself can be made", async () => {
    const { Session } = await fleet();
    await using session = Session();
    const bull = await session.scalars(select(Vessel).where((v) => v.name.eq("Bull"))).one();
    bull.name = "Ox";
    await session.commit();
    expect(await session.scalar(text("select name from tugs"))).toBe("Ox");
    await session.delete(bull);
    await session.commit();
    expect(await session.scalar(text("select count(*) from tugs"))).toBe(0);
    expect(() => session.add(new Vessel())).toThrow(
      /polymorphicAbstract: true: make an object of one of the classes below/,
    );
  });
});

describe("a relationship to a concrete base", () => {
  const own = registry();

  @own.Entity("firms")
  class Firm {
    @PrimaryKey() id!: number;
    @Column() name!: string;
    @OneToMany(
      () => Worker,
      (w) => w.firm,
      { orderBy: "name" },
    )
    workers!: Worker[];
  }

  @own.Entity("workers", { polymorphicIdentity: "worker" })
  class Worker {
    @PrimaryKey() id!: number;
    @Column() name!: string;
    @ManyToOne(
      () => Firm,
      (f) => f.workers,
    )
    firm!: Relation<Firm> | null;
  }

  @own.Entity("bosses", { concrete: true, polymorphicIdentity: "boss" })
  class Boss extends Worker {
    @Column() level!: number;
  }

  async function firms() {
    const store = await storeFor(own);
    const workers = [make(Worker, { name: "Ann" }), make(Boss, { name: "Max", level: 3 })];
    // Classes that share no attributes have an other side each.
    const acme = make(Firm, { name: "Acme", workers });
    expect(workers.map((each) => each.firm)).toEqual([acme, acme]);
    await store.Session.begin((s) => s.addAll([acme, make(Boss, { name: "Eve", level: 1 })]));
    return store;
  }
  const classes = (workers: readonly Worker[]) => workers.map((each) => [each.constructor.name, each.id, each.name]);
  const both = [
    ["Worker", 1, "Ann"],
    ["Boss", 1, "Max"],
  ];

  test("[IN-04] has the objects of the classes below it too, however it is loaded, joined and asked", async () => {
    const { Session } = await firms();
    for (const load of [selectinload, joinedload, subqueryload]) {
      await using session = Session();
      const options = (load as typeof selectinload)(Firm, (f) => f.workers);
      const firm = await session.scalars(select(Firm).options(options)).unique().one();
      expect(classes((firm as Firm).workers)).toEqual(both);
    }
    await using session = Session();
    const firm = await session.scalars(select(Firm)).one();
    expect(classes(await awaitable(firm).workers)).toEqual(both);
    const [f, w] = [attrs(Firm), attrs(Worker)];
    const joined = select(f.name, w.name).join(f.workers).orderBy(w.name);
    expect(await session.execute(joined).all()).toEqual([
      ["Acme", "Ann"],
      ["Acme", "Max"],
    ]);
    expect(() => f.workers.of(Boss)).toThrow(
      /^Firm\.workers\.of\(\.\.\.\): Boss has a table of its own, .*: leave of\(\) out, or begin at Boss\.$/,
    );
    const max = await session.scalars(select(Boss).where((b) => b.name.eq("Max"))).one();
    for (const condition of [f.workers.any((each) => each.name.eq("Max")), f.workers.contains(max)])
      expect(await session.scalars(select(Firm).where(condition)).all()).toEqual([firm]);
  });

  test("[IN-04] is written in the table of each member's class", async () => {
    const { Session } = await firms();
    await using session = Session();
    const firm = await session.scalars(select(Firm)).one();
    const eve = await session.scalars(select(Boss).where((b) => b.name.eq("Eve"))).one();
    const [, max] = await awaitable(firm).workers;
    firm.workers.push(eve);
    firm.workers.splice(firm.workers.indexOf(max), 1);
    expect([eve.firm, max.firm]).toEqual([firm, null]);
    await session.commit();
    const keys = () => session.execute(text("select name, firm_id from bosses order by name")).all();
    expect(await keys()).toEqual([
      ["Eve", 1],
      ["Max", null],
    ]);
    await session.delete(firm);
    await session.commit();
    expect(await keys()).toEqual([
      ["Eve", null],
      ["Max", null],
    ]);
    expect(await session.scalar(text("select firm_id from workers"))).toBeNull();
  });
});
