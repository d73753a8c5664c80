/** The chapter "Writing SELECT statements for inheritance mappings" of SQLAlchemy's ORM querying guide. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  attrs,
  Column,
  defer,
  inspect,
  joinedload,
  type LoadOption,
  loadOnly,
  ManyToOne,
  OneToMany,
  or,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  selectinPolymorphic,
  subqueryload,
  t,
  withPolymorphic,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("companies")
class Company {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) name!: string;
  @OneToMany(
    () => Employee,
    (x) => x.company,
    { orderBy: "id" },
  )
  employees!: Employee[];
}

@reg.Entity("employees", { polymorphicOn: "kind", polymorphicIdentity: "employee" })
class Employee {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) name!: string;
  @Column(t.string(20)) kind!: string;
  @Column(t.integer, { foreignKey: "companies.id" }) companyId!: number;
  @ManyToOne(
    () => Company,
    (c) => c.employees,
  )
  company!: Relation<Company>;
}

@reg.Entity("managers", { polymorphicIdentity: "manager" })
class Manager extends Employee {
  @Column(t.string(50)) title!: string;
  @Column(t.string(50)) info!: string;
  @OneToMany(
    () => Paper,
    (p) => p.manager,
    { orderBy: "id" },
  )
  papers!: Paper[];
}

@reg.Entity("engineers", { polymorphicIdentity: "engineer" })
class Engineer extends Employee {
  @Column(t.string(50)) info!: string;
}

@reg.Entity("papers")
class Paper {
  @PrimaryKey() id!: number;
  @Column(t.integer, { foreignKey: "managers.id" }) managerId!: number;
  @Column(t.string(50)) text!: string;
  @ManyToOne(
    () => Manager,
    (m) => m.papers,
  )
  manager!: Relation<Manager>;
}

const [c, e, m, g] = [attrs(Company), attrs(Employee), attrs(Manager), attrs(Engineer)];

async function company() {
  const store = await storeFor(reg);
  await store.Session.begin((s) => {
    s.add(
      make(Company, {
        name: "Crab",
        employees: [
          make(Manager, {
            name: "Krab",
            title: "Eugene",
            info: "counts",
            papers: [make(Paper, { text: "recipes" }), make(Paper, { text: "orders" })],
          }),
          make(Engineer, { name: "Bob", info: "cook" }),
          make(Engineer, { name: "Squid", info: "till" }),
        ],
      }),
    );
  });
  return { ...store, log: recordStatements(store.engine) };
}

const names = (all: readonly Employee[]) => all.map((each) => each.name);
const sql = (statement: object) => String(statement).replace(/\s+/g, " ");

describe("the base class and its subclasses", () => {
  test("a subclass is selected with the tables above it; the base alone, with objects of every class", async () => {
    const { Session, log } = await company();
    await using session = Session();
    const managers = await session.scalars(select(Manager).orderBy(m.id)).all();
    expectTypeOf(managers).toEqualTypeOf<Manager[]>();
    expect(names(managers)).toEqual(["Krab"]);
    expect(log.texts()[0]).toMatch(/FROM employees JOIN managers ON employees\.id = managers\.id/);
    await session.close();
    await using second = Session();
    log.reset();
    const all = await second.scalars(select(Employee).orderBy(e.id)).all();
    expect(all.map((each) => each.constructor.name)).toEqual(["Manager", "Engineer", "Engineer"]);
    expect(log.texts()[0]).not.toContain("JOIN");
    expect(inspect(all[0]).unloaded.has("title")).toBe(true);
    log.reset();
    await second.runSync(() => expect((all[0] as Manager).title).toBe("Eugene"));
    expect(log.count("SELECT")).toBe(1);
  });
});

describe("selectinPolymorphic()", () => {
  test("loads the columns of the subclasses with one SELECT more for each that there is", async () => {
    const { Session, log } = await company();
    await using session = Session();
    const all = await session
      .scalars(
        select(Employee)
          .orderBy(e.id)
          .options(selectinPolymorphic(Employee, [Manager, Engineer])),
      )
      .all();
    expect(log.count("SELECT")).toBe(3);
    expect([(all[0] as Manager).title, (all[1] as Engineer).info]).toEqual(["Eugene", "cook"]);
    expect(log.count("SELECT")).toBe(3);
  });

  test("goes below an eager load, and stands beside options for a subclass's relationships", async () => {
    const { Session, log } = await company();
    await using session = Session();
    const below = select(Company).options(selectinload(c.employees).selectinPolymorphic([Manager, Engineer]));
    const [found] = await session.scalars(below).all();
    expect(log.count("SELECT")).toBe(4);
    expect((found.employees[0] as Manager).title).toBe("Eugene");
    session.expungeAll();
    log.reset();
    const beside = select(Employee)
      .orderBy(e.id)
      .options(selectinPolymorphic(Employee, [Manager, Engineer]), selectinload(m.papers));
    const [krab] = await session.scalars(beside).all();
    expect(log.count("SELECT")).toBe(4);
    expect((krab as Manager).papers.map((paper) => paper.text)).toEqual(["recipes", "orders"]);
    session.expungeAll();
    log.reset();
    const both = select(Company).options(
      selectinload(c.employees).options(selectinPolymorphic(Employee, [Manager, Engineer]), selectinload(m.papers)),
    );
    const [again] = await session.scalars(both).all();
    expect(log.count("SELECT")).toBe(5);
    const [manager] = again.employees;
    expect(manager instanceof Manager && manager.papers.map((paper) => paper.text)).toEqual(["recipes", "orders"]);
    // @ts-expect-error a class that is no employee
    expect(() => selectinPolymorphic(Employee, [Paper])).toThrow(/Paper/);
  });

  test("loadOnly() limits the class that it names: what selectinPolymorphic() loads of the subclasses is theirs to limit", async () => {
    const { Session } = await company();
    await using session = Session();
    const unloaded = async (...options: LoadOption[]) => {
      session.expungeAll();
      const all = await session
        .scalars(
          select(Employee)
            .orderBy(e.id)
            .limit(2)
            .options(...options),
        )
        .all();
      return all.map((each) => [...inspect(each).unloaded].filter((key) => key !== "company" && key !== "papers"));
    };
    const [poly, named] = [selectinPolymorphic(Employee, [Manager, Engineer]), loadOnly(Employee, (x) => x.name)];
    expect(await unloaded(poly, named)).toEqual([["companyId"], ["companyId"]]);
    expect(
      await unloaded(
        poly,
        loadOnly(Employee, (x) => x.name, { raiseload: true }),
      ),
    ).toEqual([["companyId"], ["companyId"]]);
    const titles = loadOnly(Manager, (x) => x.title);
    expect(await unloaded(poly, named, titles)).toEqual([["companyId", "info"], ["companyId"]]);
    const untitled = defer(Manager, (x) => x.title);
    expect(await unloaded(poly, named, untitled)).toEqual([["companyId", "title"], ["companyId"]]);
    // The subclasses have columns of one name.
    const uninformed = defer(Engineer, (x) => x.info);
    expect(await unloaded(poly, named, uninformed)).toEqual([["companyId"], ["companyId", "info"]]);
    // A polymorphic entity is one thing with all its columns.
    session.expungeAll();
    const staff = withPolymorphic(Employee, [Manager, Engineer]);
    const [krab] = await session
      .scalars(
        select(staff)
          .orderBy(staff.id)
          .options(loadOnly(staff, (x) => x.name)),
      )
      .all();
    expect([...inspect(krab).unloaded]).toEqual(["companyId", "company", "title", "info", "papers"]);
  });
});

describe("withPolymorphic()", () => {
  test("joins the tables of the subclasses, whose attributes are loaded and can be used", async () => {
    const { Session, log } = await company();
    await using session = Session();
    const staff = withPolymorphic(Employee, [Manager, Engineer]);
    const statement = select(staff)
      .where(or(staff.title.eq("Eugene"), attrs(staff, Engineer).info.eq("till")))
      .orderBy(staff.id);
    const all = await session.scalars(statement).all();
    expectTypeOf(all).toEqualTypeOf<Employee[]>();
    expect(names(all)).toEqual(["Krab", "Squid"]);
    expect((all[0] as Manager).title).toBe("Eugene");
    expect((all[1] as Engineer).info).toBe("till");
    expect(log.count()).toBe(1);
    expect(log.texts()[0]).toMatch(/LEFT OUTER JOIN managers .* LEFT OUTER JOIN engineers /);
    // A name that both have is the first one's, unless its class is said.
    expect(sql(select(staff.id).where(staff.info.eq("x")))).toContain("managers.info = ");
    expect(sql(select(staff.id).where(attrs(staff, Manager).info.eq("x")))).toContain("managers.info = ");
    expect(() => attrs(withPolymorphic(Employee, [Manager]), Engineer)).toThrow(
      "Employee does not hold Engineer, only Employee, Manager. Name it where the entity is made: withPolymorphic(Employee, [..., Engineer])",
    );
    // @ts-expect-error no employee
    expect(() => attrs(staff, Paper)).toThrow(/Paper/);
    // @ts-expect-error not among them
    expect(() => withPolymorphic(Employee, [Manager]).tools).toThrow(/tools/);
    expectTypeOf(attrs(staff, Manager).title.eq).toBeCallableWith("x");
  });

  test.each([{ flat: true }, { aliased: true }])("aliases of one hierarchy stand side by side: %j", async (options) => {
    const { Session } = await company();
    await using session = Session();
    const managers = withPolymorphic(Employee, [Manager], options);
    const engineers = withPolymorphic(Employee, [Engineer], options);
    const rows = await session
      .execute(
        select(managers, engineers)
          .join(engineers, engineers.companyId.eq(managers.companyId))
          .where(or(managers.name.eq("Krab"), managers.title.eq("Eugene")), engineers.info.isNotNull())
          .orderBy(engineers.name),
      )
      .all();
    expectTypeOf(rows[0][1]).toEqualTypeOf<Employee>();
    expect(rows.map(([one, two]) => [one.name, two.name])).toEqual([
      ["Krab", "Bob"],
      ["Krab", "Squid"],
    ]);
  });

  test("is the target of a join, as a subclass is, for which the join is inner", async () => {
    const { Session } = await company();
    await using session = Session();
    const staff = withPolymorphic(Employee, [Engineer]);
    const left = select(c.name, staff.name)
      .join(c.employees.of(staff))
      .where(or(staff.name.eq("Bob"), staff.info.eq("till")))
      .orderBy(staff.id);
    expect(sql(left)).toContain(
      "FROM companies JOIN (employees LEFT OUTER JOIN engineers ON employees.id = engineers.id) ON companies.id = employees.company_id",
    );
    const wanted = [
      ["Crab", "Bob"],
      ["Crab", "Squid"],
    ];
    expect((await session.execute(left).all()).map((row) => [...row])).toEqual(wanted);
    const inner = select(c.name, g.name)
      .join(c.employees.of(Engineer))
      .where(or(g.name.eq("Bob"), g.info.eq("till")))
      .orderBy(g.id);
    expect(sql(inner)).toMatch(/JOIN \(employees JOIN engineers ON employees\.id = engineers\.id\)/);
    expect((await session.execute(inner).all()).map((row) => [...row])).toEqual(wanted);
  });

  test.each([
    ["selectinload", () => selectinload(c.employees.of(Engineer)), 2],
    ["joinedload", () => joinedload(c.employees.of(Engineer)), 1],
    ["subqueryload", () => subqueryload(c.employees.of(Engineer)), 2],
  ] as const)(
    "%s to a subclass brings all members, with the columns of the subclass",
    async (_, option, statements) => {
      const { Session, log } = await company();
      await using session = Session();
      const eager: LoadOption = option();
      const [found] = await session.scalars(select(Company).options(eager)).unique().all();
      expect(names(found.employees)).toEqual(["Krab", "Bob", "Squid"]);
      expect([...inspect(found.employees[0]).unloaded]).toContain("title");
      expect((found.employees[1] as Engineer).info).toBe("cook");
      expect([log.count(), inspect(found).attrs.employees.partial]).toEqual([statements, false]);
    },
  );

  test("says what an eager load brings", async () => {
    const { Session, log } = await company();
    await using session = Session();
    const everybody = withPolymorphic(Employee, "*");
    const [found] = await session.scalars(select(Company).options(selectinload(c.employees.of(everybody)))).all();
    expect(log.count("SELECT")).toBe(2);
    expect(found.employees.map((each) => (each as Engineer).info)).toEqual(["counts", "cook", "till"]);
    expect(log.count("SELECT")).toBe(2);
  });
});

describe("what the mapping says", () => {
  const build = (load: "selectin" | "inline" | undefined, all = false) => {
    const own = registry();

    @own.Entity("workers", {
      polymorphicOn: "kind",
      polymorphicIdentity: "worker",
      ...(all ? { withPolymorphic: "*" as const } : {}),
    })
    class Worker {
      @PrimaryKey() id!: number;
      @Column(t.string(20)) kind!: string;
    }

    @own.Entity("smiths", { polymorphicIdentity: "smith", ...(load === undefined ? {} : { polymorphicLoad: load }) })
    class Smith extends Worker {
      @Column(t.string(20)) metal!: string;
    }
    return { own, Worker, Smith };
  };

  test.each([
    ["selectin", build("selectin"), 2],
    ["inline", build("inline"), 1],
    ['withPolymorphic: "*"', build(undefined, true), 1],
  ] as const)("subclasses are loaded with the base: %s", async (_, { own, Worker, Smith }, statements) => {
    const { Session, engine } = await storeFor(own);
    await Session.begin((s) => s.add(make(Smith, { metal: "iron" })));
    using log = recordStatements(engine);
    await using session = Session();
    const [smith] = await session.scalars(select(Worker)).all();
    expect(log.count("SELECT")).toBe(statements);
    expect((smith as InstanceType<typeof Smith>).metal).toBe("iron");
    expect(log.count("SELECT")).toBe(statements);
  });

  test("with inline, conditions name the subclass itself", async () => {
    const { own, Worker, Smith } = build("inline");
    const { Session } = await storeFor(own);
    await Session.begin((s) => s.addAll([make(Smith, { metal: "iron" }), make(Smith, { metal: "tin" }), make(Worker)]));
    await using session = Session();
    const found = await session.scalars(select(Worker).where(attrs(Smith).metal.eq("tin"))).all();
    expect(found).toHaveLength(1);
  });
});

describe("single-table inheritance", () => {
  const own = registry();

  @own.Entity("people", { polymorphicOn: "kind", polymorphicIdentity: "person" })
  class Person {
    @PrimaryKey() id!: number;
    @Column(t.string(20)) name!: string;
    @Column(t.string(20)) kind!: string;
  }

  @own.Entity({ polymorphicIdentity: "boss" })
  class Boss extends Person {
    @Column(t.string(20), { nullable: true }) title!: string | null;
  }

  @own.Entity({ polymorphicIdentity: "coder" })
  class Coder extends Person {
    @Column(t.string(20), { nullable: true }) tool!: string | null;
  }

  const people = async () => {
    const store = await storeFor(own);
    await store.Session.begin((s) =>
      s.addAll([
        make(Boss, { name: "Krab", title: "Eugene" }),
        make(Coder, { name: "Bob", tool: "spatula" }),
        make(Coder, { name: "Squid", tool: "till" }),
      ]),
    );
    return { ...store, log: recordStatements(store.engine) };
  };

  test("a subclass is selected by its identity; its columns come with the base only when asked for", async () => {
    const { Session, log } = await people();
    await using session = Session();
    const coders = await session.scalars(select(Coder).orderBy(attrs(Coder).id)).all();
    expect(coders.map((each) => each.tool)).toEqual(["spatula", "till"]);
    expect(log.texts()[0]).toMatch(/WHERE people\.kind (IN|=) /);
    const krab = await session.scalars(select(Person).where((p) => p.name.eq("Krab"))).one();
    expect(krab).toBeInstanceOf(Boss);
    expect(inspect(krab).unloaded.has("title")).toBe(true);
    session.expungeAll();
    log.reset();
    const everybody = withPolymorphic(Person, "*");
    const all = await session.scalars(select(everybody).orderBy(everybody.id)).all();
    expect([(all[0] as Boss).title, (all[1] as Coder).tool]).toEqual(["Eugene", "spatula"]);
    expect(log.count("SELECT")).toBe(1);
    expect(log.texts()[0]).not.toContain("JOIN");
  });

  test("selectinPolymorphic() asks for the columns of a subclass in a second statement", async () => {
    const { Session, log } = await people();
    await using session = Session();
    const all = await session
      .scalars(
        select(Person)
          .orderBy((p) => p.id)
          .options(selectinPolymorphic(Person, [Coder])),
      )
      .all();
    expect((all[1] as Coder).tool).toBe("spatula");
    expect(log.count("SELECT")).toBe(2);
  });
});
