import { describe, expect, test } from "vitest";
import {
  type Attrs,
  aliased,
  asyncSessionmaker,
  attrs,
  awaitable,
  Column,
  ColumnProperty,
  cast,
  exists,
  func,
  insert,
  joinedload,
  or,
  PrimaryKey,
  registry,
  select,
  selectinload,
  type Table,
  t,
  text,
  update,
  withLoaderCriteria,
  withPolymorphic,
} from "../../../src/index.js";
import { freshDatabase } from "../../support/database.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";
import { Car, Company, Employee, Engineer, Manager, staff, Taxi, Truck, Vehicle } from "./hierarchies.js";

async function office() {
  const { engine } = await freshDatabase();
  await staff.metadata.createAll(engine);
  const Session = asyncSessionmaker(engine);
  await using session = Session();
  const company = Object.assign(new Company(), { id: 1, name: "Acme" });
  const boss = Object.assign(new Manager(), { id: 1, name: "Meg", level: 3, company });
  session.addAll([
    boss,
    Object.assign(new Engineer(), { id: 2, name: "Eve", language: "TS", company, boss }),
    Object.assign(new Employee(), { id: 3, name: "Joe", company, boss }),
    Object.assign(new Car(), { id: 1, plate: "C", doors: 4, company }),
    Object.assign(new Taxi(), { id: 2, plate: "T", doors: 5, sign: "on", company }),
    Object.assign(new Truck(), { id: 3, plate: "L", load: 9, company }),
    Object.assign(new Vehicle(), { id: 4, plate: "V" }),
  ]);
  await session.commit();
  return { engine, Session, log: recordStatements(engine) };
}

const names = (objects: readonly object[]) => objects.map((o) => o.constructor.name);

describe("joined tables", () => {
  test("a query on the base gives objects of the subclasses with their own columns unloaded", async () => {
    const { Session, log } = await office();
    await using session = Session();
    const all = await session.scalars(select(Employee).orderBy((e) => e.id)).all();
    expect(names(all)).toEqual(["Manager", "Engineer", "Employee"]);
    expect(log.texts()[0]).not.toContain("managers");
    log.reset();
    await session.runSync(() => expect((all[0] as Manager).level).toBe(3));
    expect(log.texts()).toEqual([expect.stringMatching(/FROM managers WHERE/)]);
  });

  test("a query on a subclass joins its tables", async () => {
    const { Session, log } = await office();
    await using session = Session();
    const all = await session.scalars(select(Manager).where((m) => m.level.gt(1).and(m.name.eq("Meg")))).all();
    expect(all.map((m) => [m.name, m.level])).toEqual([["Meg", 3]]);
    expect(log.texts()[0]).toContain("FROM employees JOIN managers ON");
    const m = attrs(Manager);
    expect(await session.execute(select(m.name, m.level)).all()).toEqual([["Meg", 3]]);
  });

  test("withPolymorphic brings the subclasses' columns and lets conditions use them", async () => {
    const { Session, log } = await office();
    await using session = Session();
    const e = withPolymorphic(Employee, [Manager, Engineer]);
    const all = await session
      .scalars(
        select(e)
          .where(or(e.level.gt(1), e.language.eq("TS")))
          .orderBy(e.id),
      )
      .all();
    expect(names(all)).toEqual(["Manager", "Engineer"]);
    expect([(all[0] as Manager).level, (all[1] as Engineer).language]).toEqual([3, "TS"]);
    expect(log.count()).toBe(1);
    expect(log.texts()[0]).toContain("LEFT OUTER JOIN managers");
    session.expungeAll();
    const every = await session.scalars(select(withPolymorphic(Employee, "*"))).all();
    expect(every.length).toBe(3);
  });

  test("get of a sibling's key finds nothing", async () => {
    const { Session } = await office();
    await using session = Session();
    expect(await session.get(Engineer, 1)).toBe(null);
    expect(((await session.get(Employee, 1)) as Manager).constructor).toBe(Manager);
    expect(await session.get(Engineer, 1)).toBe(null);
    expect(await session.get(Manager, 1)).toBeInstanceOf(Manager);
  });

  test("relationships lead to hierarchies and start from subclasses", async () => {
    const { Session, log } = await office();
    await using session = Session();
    const [company] = await session
      .scalars(select(Company).options(selectinload(Company, (c) => c.employees).joinedload((e) => e.boss)))
      .all();
    expect(names(company.employees)).toEqual(["Manager", "Engineer", "Employee"]);
    expect(company.employees[1].boss).toBe(company.employees[0]);
    expect(log.count()).toBe(2);
    session.expungeAll();
    log.reset();
    const [again] = await session
      .scalars(
        select(Company).options(selectinload(Company, (c) => c.employees.of(Manager)).selectinload((m) => m.reports)),
      )
      .all();
    expect(again.employees.map((x) => x.name)).toEqual(["Meg", "Eve", "Joe"]);
    expect((again.employees[0] as Manager).reports.map((r) => r.name)).toEqual(["Eve", "Joe"]);
    session.expungeAll();
    const [meg] = await session
      .scalars(
        select(Employee)
          .orderBy((e) => e.id)
          .options(selectinload(Manager, (m) => m.reports)),
      )
      .all();
    expect((meg as Manager).reports.length).toBe(2);
  });

  test("joins along relationships take the joined tables, plain and under another name", async () => {
    const { Session } = await office();
    await using session = Session();
    const e = attrs(Employee);
    const boss = aliased(Manager, "boss");
    const rows = await session.execute(select(e.name, boss.name, boss.level).join(e.boss.of(boss)).orderBy(e.id)).all();
    expect(rows).toEqual([
      ["Eve", "Meg", 3],
      ["Joe", "Meg", 3],
    ]);
    const having = await session
      .scalars(
        select(Employee)
          .where((x) => x.boss.has((m) => m.level.eq(3)))
          .orderBy(e.id),
      )
      .all();
    expect(having.map((x) => x.name)).toEqual(["Eve", "Joe"]);
    const joined = await session
      .scalars(
        select(Employee)
          .orderBy(e.id)
          .options(joinedload(Employee, (x) => x.boss)),
      )
      .all();
    expect(joined[1].boss?.level).toBe(3);
  });

  test("a relationship of the base begins at the joined tables of the subclass that is selected", async () => {
    const { Session, log } = await office();
    await using session = Session();
    const e = attrs(Employee);
    const engineers = select(Engineer)
      .join(e.company)
      .where((x) => x.language.eq("TS"));
    expect((await session.scalars(engineers).all()).map((x) => x.name)).toEqual(["Eve"]);
    expect(log.texts()[0]).toContain("FROM employees JOIN engineers ON employees.id = engineers.id JOIN companies ON");
    const wide = withPolymorphic(Employee, [Engineer]);
    const named = select(wide).join(attrs(Manager).company).orderBy(wide.id);
    expect(names(await session.scalars(named).all())).toEqual(["Manager", "Engineer", "Employee"]);
  });

  test("correlate() of a polymorphic entity takes all its tables from the statement around", async () => {
    const { Session } = await office();
    await using session = Session();
    const e = withPolymorphic(Employee, "*");
    const m = aliased(Manager, "m");
    const boss = select(m.name).where(m.id.eq(e.bossId)).correlate(e).scalarSubquery();
    expect(await session.scalars(select(e.name).where(boss.eq("Meg")).orderBy(e.id)).all()).toEqual(["Eve", "Joe"]);
  });

  test("a subquery over one class finds the key of another class of the hierarchy, which the statement around it has", async () => {
    const { Session } = await office();
    await using session = Session();
    const [m, e] = [attrs(Manager), attrs(Engineer)];
    const reports = select(func.count(e.id)).where(e.bossId.eq(m.id)).scalarSubquery();
    expect((await session.execute(select(m.name, reports)).all()).map((row) => [...row])).toEqual([["Meg", 1]]);
    const leading = select(Manager).where(exists(select(e.id).where(e.bossId.eq(m.id))));
    expect(names(await session.scalars(leading).all())).toEqual(["Manager"]);
    const leaders = update(Manager)
      .where(exists(select(e.id).where(e.bossId.eq(m.id))))
      .values({ level: 9 });
    expect((await session.execute(leaders)).rowcount).toBe(1);
  });

  test("of(a subclass).any() and has() are about other rows than the ones outside, which may be of that subclass", async () => {
    const { Session } = await office();
    await using session = Session();
    session.add(make(Manager, { id: 4, name: "Sub", level: 1, bossId: 1 }));
    await session.flush();
    const [m, e] = [attrs(Manager), attrs(Employee)];
    const found = async (condition: ReturnType<typeof m.reports.any>) =>
      await session.scalars(select(m.name).where(condition).orderBy(m.id)).all();
    expect(await found(m.reports.of(Manager).any((x) => x.level.eq(1)))).toEqual(["Meg"]);
    expect(await found(m.reports.of(Manager).any())).toEqual(["Meg"]);
    expect(await found(m.reports.of(withPolymorphic(Employee, [Manager])).any((x) => x.name.eq("Sub")))).toEqual([
      "Meg",
    ]);
    expect(await found(m.boss.of(Manager).has((x) => x.level.eq(3)))).toEqual(["Sub"]);
    const led = select(e.name).where(e.boss.of(Manager).has((x) => x.level.eq(3)));
    expect(await session.scalars(led.orderBy(e.id)).all()).toEqual(["Eve", "Joe", "Sub"]);
  });

  test("and so does a column property of a joined class, when it is selected with the class and when it is loaded alone", async () => {
    const own = registry();
    @own.Entity("parties", { polymorphicOn: "kind", polymorphicIdentity: "party" })
    class Party {
      @PrimaryKey() id!: number;
      @Column(t.string(10)) kind!: string;
    }
    @own.Entity("shops", { polymorphicIdentity: "shop", inheritForeignKeys: ["id"] })
    class Shop extends Party {
      @Column(t.integer, { foreignKey: "chains.id" }) chainId!: number;
    }
    @own.Entity("chains", { polymorphicIdentity: "chain" })
    class Chain extends Party {
      @Column(t.string(10)) name!: string;
      @ColumnProperty((chain: Attrs<Chain>) => {
        const shop = attrs(Shop);
        return select(func.count(shop.id)).where(shop.chainId.eq(chain.id)).scalarSubquery();
      })
      readonly shops!: number;
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    session.addAll([make(Chain, { id: 1, name: "a" }), make(Chain, { id: 2, name: "b" })]);
    await session.flush();
    session.addAll([3, 4, 5].map((id) => make(Shop, { id, chainId: id < 5 ? 1 : 2 })));
    await session.commit();
    const chains = await session.scalars(select(Chain).orderBy((chain) => chain.id)).all();
    expect(chains.map((chain) => chain.shops)).toEqual([2, 1]);
    session.expire(chains[0], ["shops"]);
    expect(await awaitable(chains[0]).shops).toBe(2);
  });

  test("an alias over a subquery has the columns of the alias it was made from", async () => {
    const { Session } = await office();
    await using session = Session();
    const boss = aliased(Employee, "boss");
    const e = attrs(Employee);
    const pairs = select(Employee, boss).join(boss, e.bossId.eq(boss.id)).subquery();
    const [one, other] = [aliased(Employee, pairs, "one"), aliased(boss, pairs, "other")];
    const rows = await session.execute(select(one, other).orderBy(one.id)).all();
    expect(rows.map(([x, y]) => [x.name, y.name])).toEqual([
      ["Eve", "Meg"],
      ["Joe", "Meg"],
    ]);
    // The other way round is another statement, though all its parts have the same shape.
    const [swapped] = await session.execute(select(other.name, one.name).orderBy(one.id)).all();
    expect([...swapped]).toEqual(["Meg", "Eve"]);
    const bosses = aliased(boss, pairs, "one");
    expect(await session.scalars(select(bosses.name)).all()).toEqual(["Meg", "Meg"]);
  });

  test("a discriminator that no class has is an error that names it and the classes", async () => {
    const { Session } = await office();
    await using session = Session();
    await session.execute(text("UPDATE employees SET kind = 'ghost' WHERE id = 3"));
    await expect(session.scalars(select(Employee)).all()).rejects.toThrow(/"ghost".*Employee\.kind.*"manager"/s);
  });
});

describe("one shared table", () => {
  test("every query on a subclass has the discriminator's condition, those below included", async () => {
    const { Session, log } = await office();
    await using session = Session();
    expect(names(await session.scalars(select(Car).orderBy((c) => c.id)).all())).toEqual(["Car", "Taxi"]);
    expect(names(await session.scalars(select(Truck)).all())).toEqual(["Truck"]);
    expect(await session.get(Truck, 1)).toBe(null);
    const c = attrs(Car);
    expect(await session.execute(select(c.plate).orderBy(c.id)).all()).toEqual([["C"], ["T"]]);
    const co = attrs(Company);
    expect(await session.execute(select(co.name, attrs(Truck).plate).join(co.vehicles.of(Truck))).all()).toEqual([
      ["Acme", "L"],
    ]);
    expect(
      await session.scalars(select(Company).where((x) => x.vehicles.of(Taxi).any((v) => v.sign.eq("off")))).all(),
    ).toEqual([]);
    const sub = select(attrs(Car).id).scalarSubquery();
    expect(log.texts("SELECT").every((sql) => sql.includes("vehicles.type"))).toBe(true);
    const rows = await session
      .execute(select(attrs(Vehicle).plate).where(attrs(Vehicle).id.in(select(attrs(Truck).id))))
      .all();
    expect(rows).toEqual([["L"]]);
    void sub;
  });

  test("the condition holds in the ON of an outer join, in the statements of fromStatement(), and where only a condition names the class", async () => {
    const { Session } = await office();
    await using session = Session();
    session.add(make(Company, { id: 2, name: "Bolt" }));
    await session.flush();
    const [co, c] = [attrs(Company), attrs(Car)];
    for (const joined of [
      select(co.name, c.plate).outerjoin(Car),
      select(co.name, c.plate).outerjoin(Car, co.id.eq(c.companyId)),
    ])
      expect(await session.execute(joined.orderBy(co.id, c.id)).all()).toEqual([
        ["Acme", "C"],
        ["Acme", "T"],
        ["Bolt", null],
      ]);
    expect(await session.scalars(select(co.name).where(co.id.eq(c.companyId), c.doors.isNull())).all()).toEqual([]);
    // Beside its base the class's columns are columns of the same rows.
    const either = select(Vehicle).where(or(c.doors.eq(4), attrs(Truck).load.eq(9)));
    expect(names(await session.scalars(either.orderBy(attrs(Vehicle).id)).all())).toEqual(["Car", "Truck"]);
    const cars = await session.scalars(select(Car).fromStatement(select(Car).orderBy(c.id))).all();
    expect(names(cars)).toEqual(["Car", "Taxi"]);
    const painted = await session
      .scalars(select(Car).fromStatement(update(Car).values({ plate: "new" }).all().returning(Car)))
      .all();
    expect(names(painted).sort()).toEqual(["Car", "Taxi"]);
    expect(await session.scalars(select(attrs(Vehicle).plate).orderBy(attrs(Vehicle).id)).all()).toEqual([
      "new",
      "new",
      "L",
      "V",
    ]);
  });

  test("the condition, and criteria of options, hold in statements between tables, on a connection, in what a flush computes, and in print", async () => {
    const { engine, Session } = await office();
    await using session = Session();
    const [c, v, co] = [attrs(Car), attrs(Vehicle), attrs(Company)];
    const cars = select(func.count(c.id)).scalarSubquery();
    const companies = staff.metadata.tables.get("companies") as Table;
    const notTaxis = withLoaderCriteria(Vehicle, (x) => x.plate.ne("T"));
    const counted = update(companies)
      .all()
      .values({ name: cast(cars, t.string) as never });
    const name = async () => await session.scalar(select(co.name));
    await session.execute(counted);
    expect(await name()).toBe("2");
    await session.execute(counted.options(notTaxis));
    expect(await name()).toBe("1");
    const acme = await session.getOne(Company, 1);
    acme.name = cast(cars, t.string) as never;
    await session.flush();
    expect(await name()).toBe("2");
    const added = insert(companies).fromSelect(["id", "name"], select(c.id.add(100), c.plate));
    expect((await session.execute(added)).rowcount).toBe(2);
    await session.rollback();
    expect((await engine.execute(select(c.plate).orderBy(c.id))).scalars().all()).toEqual(["C", "T"]);
    await expect(engine.execute(update(Car).values({ plate: "x" }))).rejects.toThrow("has no condition");
    expect((await engine.execute(update(Car).all().values({ plate: "x" }))).rowcount).toBe(2);
    expect((await engine.execute(select(v.plate).where(v.plate.ne("x")))).scalars().all().sort()).toEqual(["L", "V"]);
    expect(select(c.plate).toSQL()).toContain("WHERE vehicles.type IN ('car', 'taxi')");
  });

  test("a query on the base leaves the subclasses' columns unloaded", async () => {
    const { Session, log } = await office();
    await using session = Session();
    const all = await session.scalars(select(Vehicle).orderBy((v) => v.id)).all();
    expect(names(all)).toEqual(["Car", "Taxi", "Truck", "Vehicle"]);
    expect(log.texts()[0]).not.toContain("doors");
    await session.runSync(() => expect((all[1] as Taxi).sign).toBe("on"));
    session.expungeAll();
    log.reset();
    const whole = await session.scalars(select(withPolymorphic(Vehicle, "*")).orderBy(attrs(Vehicle).id)).all();
    expect((whole[1] as Taxi).sign).toBe("on");
    expect(log.count()).toBe(1);
  });

  test("relationships are loaded whole, with the columns of the subclass that is named", async () => {
    const { Session } = await office();
    await using session = Session();
    const [one] = await session
      .scalars(select(Company).options(selectinload(Company, (c) => c.vehicles.of(Car))))
      .all();
    expect(names(one.vehicles)).toEqual(["Car", "Taxi", "Truck"]);
    expect((one.vehicles[1] as Taxi).doors).toBe(5);
    session.expungeAll();
    const [two] = await session
      .scalars(select(Company).options(joinedload(Company, (c) => c.vehicles.of(Truck))))
      .unique()
      .all();
    expect((two.vehicles.find((each) => each instanceof Truck) as Truck).load).toBe(9);
    expect(two.vehicles.length).toBe(3);
  });
});
