/** The chapter "Mapping class inheritance hierarchies" of SQLAlchemy's ORM documentation, on both databases. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  attrs,
  awaitable,
  Column,
  create,
  inspect,
  ManyToOne,
  OneToMany,
  type OptionalProps,
  type Optionals,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  text,
  withPolymorphic,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

describe("joined tables", () => {
  const reg = registry();

  @reg.Entity("company")
  class Company {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    @Column() name!: string;
    @OneToMany(
      () => Employee,
      (e) => e.company,
      { orderBy: "id" },
    )
    employees!: Employee[];
    @OneToMany(
      () => Manager,
      (m) => m.managed,
    )
    managers!: Manager[];
  }

  @reg.Entity("employee", { polymorphicOn: "type", polymorphicIdentity: "employee" })
  class Employee {
    declare [OptionalProps]?: Optionals<"id" | "type">;
    @PrimaryKey() id!: number;
    @Column() name!: string;
    @Column() type!: string;
    @ManyToOne(
      () => Company,
      (c) => c.employees,
    )
    company!: Relation<Company> | null;
  }

  @reg.Entity("engineer", { polymorphicIdentity: "engineer" })
  class Engineer extends Employee {
    @Column() engineerName!: string;
  }

  @reg.Entity("manager", { polymorphicIdentity: "manager" })
  class Manager extends Employee {
    @Column() managerName!: string;
    @ManyToOne(
      () => Company,
      (c) => c.managers,
      { columnName: "managed_id" },
    )
    managed!: Relation<Company> | null;
  }

  async function company() {
    const store = await storeFor(reg);
    await store.Session.begin((s) => {
      const made = create(Company, {
        name: "c",
        employees: [
          create(Employee, { name: "e" }),
          create(Engineer, { name: "n", engineerName: "x" }),
          create(Manager, { name: "m", managerName: "y" }),
        ],
      });
      made.managers.push(made.employees[2] as Manager);
      s.add(made);
    });
    return { ...store, session: store.Session() };
  }

  test("each class has a table whose key refers to the one above, and an object has rows in all of its tables", async () => {
    const key = inspect(Engineer).table.column("id");
    expect([key.primaryKey, key.foreignKeys[0].tryColumn()?.table?.name]).toEqual([true, "employee"]);
    const { session } = await company();
    await using _ = session;
    expect(await session.execute(text("select id, type from employee order by id")).all()).toEqual([
      [1, "employee"],
      [2, "engineer"],
      [3, "manager"],
    ]);
    expect(await session.execute(text("select id, engineer_name from engineer")).all()).toEqual([[2, "x"]]);
    // @ts-expect-error a subclass requires what its superclass requires
    void (() => create(Engineer, { engineerName: "x" }));
  });

  test("a query on the base gives objects of each class; the rest of a row loads when it is read", async () => {
    const { session, engine } = await company();
    await using _ = session;
    using log = recordStatements(engine);
    const all = await session.scalars(select(Employee).orderBy((e) => e.id)).all();
    expect(all.map((e) => e.constructor)).toEqual([Employee, Engineer, Manager]);
    expect(log.texts()[0]).not.toMatch(/engineer_name/);
    expect(await awaitable(all[1] as Engineer).engineerName).toBe("x");
    expect(log.count()).toBe(2);
    expect(await session.scalars(select(Engineer).where((e) => e.name.eq("n"))).one()).toBe(all[1]);
  });

  test("relationships lead to the base, and to a subclass", async () => {
    const { session } = await company();
    await using _ = session;
    const found = await session
      .scalars(
        select(Company).options(
          selectinload(Company, (c) => c.employees),
          selectinload(Company, (c) => c.managers),
        ),
      )
      .one();
    expect(found.employees).toHaveLength(3);
    expect(found.managers.map((m) => m.managerName)).toEqual(["y"]);
    expectTypeOf(found.managers).toEqualTypeOf<Manager[]>();
    expect(
      await session
        .scalars(select(Company).join(attrs(Company).managers).where(attrs(Manager).managerName.eq("y")))
        .all(),
    ).toEqual([found]);
  });

  test("a polymorphic entity has the columns of the subclasses, typed", async () => {
    const { session, engine } = await company();
    await using _ = session;
    const staff = withPolymorphic(Employee, [Engineer, Manager]);
    expectTypeOf(staff.engineerName.eq).toBeFunction();
    using log = recordStatements(engine);
    const found = await session
      .scalars(
        select(staff)
          .where(staff.engineerName.eq("x").or(staff.managerName.eq("y")))
          .orderBy(staff.id),
      )
      .all();
    expect([found.map((e) => e.name), log.count()]).toEqual([["n", "m"], 1]);
    expect(inspect(found[0]).attrs.engineerName.loaded).toBe(true);
  });

  test("the discriminator may be an expression", async () => {
    const own = registry();
    const { caseWhen } = await import("../../../src/index.js");
    @own.Entity("emp", {
      polymorphicOn: (e: { rank: { gt(n: number): never } }) => caseWhen([[e.rank.gt(5), "boss"]], { else: "worker" }),
      polymorphicIdentity: "worker",
    })
    class Worker {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
      @Column() rank!: number;
    }
    @own.Entity({ polymorphicIdentity: "boss" })
    class Boss extends Worker {}
    const { Session } = await storeFor(own);
    await using session = Session();
    await session.execute(text("insert into emp (rank) values (1), (9)"));
    expect((await session.scalars(select(Worker).orderBy((w) => w.id)).all()).map((w) => w.constructor)).toEqual([
      Worker,
      Boss,
    ]);
  });
});

describe("a single table", () => {
  const reg = registry();

  @reg.Entity("staff", { polymorphicOn: "type", polymorphicAbstract: true })
  class Employee {
    declare [OptionalProps]?: Optionals<"id" | "type">;
    @PrimaryKey() id!: number;
    @Column() name!: string;
    @Column() type!: string;
  }

  abstract class HasStart {}

  @reg.Entity({ polymorphicIdentity: "manager" })
  class Manager extends Employee {
    @Column() managerData!: string;
    @Column(t.date, { useExistingColumn: true, nullable: true }) startDate!: string | null;
    @OneToMany(
      () => Engineer,
      (e) => e.boss,
    )
    reports!: Engineer[];
  }

  @reg.Entity({ polymorphicIdentity: "engineer" })
  class Engineer extends Employee {
    @Column() engineerInfo!: string;
    @Column(t.date, { useExistingColumn: true, nullable: true }) startDate!: string | null;
    @ManyToOne(
      () => Manager,
      (m) => m.reports,
      { columnName: "boss_id" },
    )
    boss!: Relation<Manager> | null;
  }

  test("holds all classes; columns of subclasses are nullable, and one may be shared", async () => {
    void HasStart;
    const { table } = inspect(Employee);
    reg.configure();
    expect(table.columns.map((c) => [c.name, c.nullable])).toEqual([
      ["id", false],
      ["name", false],
      ["type", false],
      ["manager_data", true],
      ["start_date", true],
      ["engineer_info", true],
      ["boss_id", true],
    ]);
    const { Session, engine } = await storeFor(reg);
    await using session = Session();
    const boss = create(Manager, { name: "m", managerData: "d", startDate: "2020-01-02" });
    session.add(create(Engineer, { name: "e", engineerInfo: "i", boss }));
    await session.commit();
    session.expungeAll();
    using log = recordStatements(engine);
    const engineer = await session.scalars(select(Engineer).options(selectinload(Engineer, (e) => e.boss))).one();
    expect(engineer.boss?.startDate).toBe("2020-01-02");
    expect(log.texts()[0]).toMatch(/WHERE staff\.type (=|IN)/);
    expect(await session.scalars(select(Employee)).all()).toHaveLength(2);
  });

  test("the base may have no objects of its own", () => {
    expect(() => new Employee()).toThrow("Employee is mapped with polymorphicAbstract: true");
  });

  test("a column that a sibling has already is refused unless it is shared", () => {
    const own = registry();
    @own.Entity("conflicts", { polymorphicOn: "type", polymorphicIdentity: "base" })
    class Base {
      @PrimaryKey() id!: number;
      @Column() type!: string;
    }
    @own.Entity({ polymorphicIdentity: "one" })
    class One extends Base {
      @Column() startDate!: string;
    }
    void One;
    expect(() => {
      @own.Entity({ polymorphicIdentity: "two" })
      class Two extends Base {
        @Column() startDate!: string;
      }
      void Two;
    }).toThrow(/Two\.startDate: the table "conflicts" has a column "start_date" already, which One declares/);
  });
});

describe("concrete tables", () => {
  const reg = registry();

  @reg.Entity("c_employee")
  class Employee {
    declare [OptionalProps]?: Optionals<"id">;
    @PrimaryKey() id!: number;
    @Column() name!: string;
  }

  @reg.Entity("c_manager", { concrete: true })
  class Manager extends Employee {
    @Column() managerData!: string;
  }

  @reg.Entity("c_base", { concrete: true, polymorphicAbstract: true })
  class Base {
    declare [OptionalProps]?: Optionals<"id">;
    @PrimaryKey() id!: number;
    @Column() name!: string;
  }

  @reg.Entity("c_one", { concrete: true, polymorphicIdentity: "one" })
  class One extends Base {
    @Column() extra!: string;
  }

  @reg.Entity("c_two", { concrete: true, polymorphicIdentity: "two" })
  class Two extends Base {}

  test("each class has all of its columns in a table of its own; a query on the superclass unites them", async () => {
    expect(inspect(Manager).table.columns.map((c) => c.name)).toEqual(["id", "name", "manager_data"]);
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.addAll([create(Employee, { name: "e" }), create(Manager, { id: 7, name: "m", managerData: "d" })]);
    await session.commit();
    expect(await session.scalar(text("select count(*) from c_employee"))).toBe(1);
    expect((await session.scalars(select(Employee).orderBy((e) => e.id)).all()).map((e) => e.constructor)).toEqual([
      Employee,
      Manager,
    ]);
    expect((await session.scalars(select(Manager)).one()).managerData).toBe("d");
  });

  test("the base may have no table at all (AbstractConcreteBase)", async () => {
    expect([...reg.metadata.tables.keys()].includes("c_base")).toBe(false);
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.addAll([create(One, { id: 1, name: "a", extra: "x" }), make(Two, { id: 2, name: "b" })]);
    await session.commit();
    const all = await session
      .scalars(
        select(Base)
          .where((b) => b.name.in(["a", "b"]))
          .orderBy((b) => b.id),
      )
      .all();
    expect(all.map((b) => [b.constructor, b.name])).toEqual([
      [One, "a"],
      [Two, "b"],
    ]);
  });
});

test("passiveDeletes on a joined class leaves the rows of its table to ON DELETE CASCADE, for those below it too", async () => {
  const own = registry();
  @own.Entity("docs", { polymorphicOn: "kind", polymorphicIdentity: "doc" })
  class Doc {
    @PrimaryKey() id!: number;
    @Column(t.string(10)) kind!: string;
  }
  @own.Entity("letters", { polymorphicIdentity: "letter", passiveDeletes: true })
  class Letter extends Doc {
    @PrimaryKey({ foreignKey: "docs.id", onDelete: "CASCADE" }) declare id: number;
    @Column(t.string(10)) text!: string;
  }
  @own.Entity("stamped_letters", { polymorphicIdentity: "stamped" })
  class Stamped extends Letter {
    @PrimaryKey({ foreignKey: "letters.id", onDelete: "CASCADE" }) declare id: number;
    @Column(t.integer) stamps!: number;
  }
  own.configure();
  const { engine, Session } = await storeFor(own);
  await Session.begin((s) => s.addAll([make(Letter, { text: "a" }), make(Stamped, { text: "b", stamps: 2 })]));
  await using session = Session();
  const all = await session.scalars(select(Doc)).all();
  const log = recordStatements(engine);
  await session.deleteAll(all);
  await session.flush();
  expect(log.texts().map((each) => /DELETE FROM "?(\w+)/i.exec(each)?.[1])).toEqual(["docs"]);
  expect(Number(await session.scalar(text("SELECT count(*) FROM stamped_letters")))).toBe(0);
});
