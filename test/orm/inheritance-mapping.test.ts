/** Mapping class hierarchies: joined, single-table and mixed inheritance, discriminators, shared columns, keys of other names. */
import { describe, expect, expectTypeOf, test, vi } from "vitest";
import {
  type Attrs,
  awaitable,
  Column,
  caseWhen,
  column,
  create,
  inspect,
  ManyToOne,
  MapperConfigurationError,
  OneToMany,
  OneToOne,
  type OptionalProps,
  PrimaryKey,
  type Relation,
  registry,
  StaleDataError,
  select,
  t,
  table,
  text,
} from "../../src/index.js";
import { recordStatements } from "../support/statements.js";
import { make, storeFor } from "./support.js";

const reg = registry();

@reg.Entity("people", { polymorphicOn: "type", polymorphicIdentity: "person", versionIdCol: "version" })
class Person {
  declare [OptionalProps]?: "id" | "type" | "version";
  @PrimaryKey() id!: number;
  @Column(t.string(20)) type!: string;
  @Column() name!: string;
  @Column() version!: number;
}

/** The key of the table has a name of its own. */
@reg.Entity("staff", { polymorphicIdentity: "staff" })
class Staff extends Person {
  @PrimaryKey({ foreignKey: "people.id", name: "person_id" }) personId!: number;
  @Column() salary!: number;
  @ManyToOne(() => Person, { foreignKeys: ["mentorId"] }) mentor!: Relation<Person> | null;
  @Column({ nullable: true, foreignKey: "people.id" }) mentorId!: number | null;
}

/** Shares the table of Staff. */
@reg.Entity({ polymorphicIdentity: "cook" })
class Cook extends Staff {
  @Column(t.string(20), { nullable: true }) dish!: string | null;
}

const mentor = (values: Partial<Staff>) => make(Staff, values);

describe("mixed and joined hierarchies", () => {
  test("[IN-01] [IN-11] a key column of another name stays in step with the base's key", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session({ expireOnCommit: false });
    const staff = mentor({ name: "Max", salary: 5 });
    session.add(staff);
    using log = recordStatements(engine);
    await session.flush();
    expect(log.texts().map((sql) => /INTO (\w+)/.exec(sql)?.[1])).toEqual(["people", "staff"]);
    expect([staff.id, staff.personId]).toEqual([1, 1]);
    expect(await session.scalar(text("select person_id from staff"))).toBe(1);
    await session.commit();
    session.expungeAll();
    const found = await session.scalars(select(Staff).where((s) => s.personId.eq(1))).one();
    expect([found.id, found.personId, found.salary]).toEqual([1, 1, 5]);
    log.reset();
    found.salary = 6;
    await session.flush();
    expect(log.texts("UPDATE").map((sql) => /UPDATE (\w+)/.exec(sql)?.[1])).toEqual(["people", "staff"]);
    await session.delete(found);
    log.reset();
    await session.flush();
    expect(log.texts("DELETE").map((sql) => /FROM (\w+)/.exec(sql)?.[1])).toEqual(["staff", "people"]);
  });

  test("[IN-03] a joined subclass may have single-table children", async () => {
    const { Session } = await storeFor(reg);
    await Session.begin((s) =>
      s.addAll([
        make(Person, { name: "Pia" }),
        make(Staff, { name: "Max", salary: 1 }),
        make(Cook, { name: "Coco", salary: 2, dish: "soup" }),
      ]),
    );
    await using session = Session();
    expect((await session.scalars(select(Staff).orderBy((s) => s.id)).all()).map((s) => s.constructor.name)).toEqual([
      "Staff",
      "Cook",
    ]);
    const cooks = await session.scalars(select(Cook).where((c) => c.dish.eq("soup"))).all();
    expect(cooks.map((c) => [c.name, c.salary, c.dish])).toEqual([["Coco", 2, "soup"]]);
    session.expungeAll();
    const all = await session.scalars(select(Person).orderBy((p) => p.id)).all();
    expect(all.map((p) => p.constructor.name)).toEqual(["Person", "Staff", "Cook"]);
    expect(await awaitable(all[2] as Cook).dish).toBe("soup");
    expect(await awaitable(all[2] as Cook).salary).toBe(2);
    expect(await session.get(Cook, all[1].id)).toBe(null);
  });

  test("[IN-10] of several foreign keys to the base the key's own means inheritance, or the one that is named", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const pia = make(Person, { name: "Pia" });
    session.add(mentor({ name: "Max", salary: 1, mentor: pia }));
    await session.commit();
    const max = await session.scalars(select(Staff).where((s) => s.name.eq("Max"))).one();
    expect((await awaitable(max).mentor)?.name).toBe("Pia");

    const own = registry();
    @own.Entity("nodes", { polymorphicOn: "kind", polymorphicIdentity: "node" })
    class Base {
      @PrimaryKey() id!: number;
      @Column(t.string(5)) kind!: string;
    }
    @own.Entity("leaves", { polymorphicIdentity: "leaf", inheritForeignKeys: ["wrong"] })
    class Leaf extends Base {
      @Column({ nullable: true, foreignKey: "nodes.id" }) other!: number | null;
    }
    expect(() => select(Leaf)).toThrow(
      'inheritForeignKeys names wrong, and the table "leaves" has no foreign key of them to "nodes".',
    );
  });

  test("[IN-13] a change of a subclass's column alone increments the base's version, and guards its row", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session({ expireOnCommit: false });
    const cook = make(Cook, { name: "Coco", salary: 2, dish: "soup" });
    session.add(cook);
    await session.commit();
    expect(cook.version).toBe(1);
    cook.dish = "cake";
    await session.flush();
    expect(cook.version).toBe(2);
    await session.execute(text("update people set version = 9"));
    cook.dish = "pie";
    await expect(session.flush()).rejects.toThrow(StaleDataError);
    await session.rollback();
  });

  test("[IN-01] refresh, expiry and get work at all levels", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(make(Cook, { name: "Coco", salary: 2, dish: "soup" }));
    await session.commit();
    const cook = (await session.get(Person, 1)) as Cook;
    expect(cook).toBeInstanceOf(Cook);
    await session.refresh(cook);
    expect([cook.name, cook.salary, cook.dish]).toEqual(["Coco", 2, "soup"]);
    session.expire(cook, ["dish"]);
    expect(await awaitable(cook).dish).toBe("soup");
    expect(await session.get(Staff, 1)).toBe(cook);
    expect(inspect(cook).identityKey?.[0]).toBe(Person);
  });
});

describe("discriminators", () => {
  test("[IN-05] [IN-06] a class may be chosen by an SQL expression", async () => {
    const own = registry();
    @own.Entity("events", {
      polymorphicOn: (e: Attrs<Event>) => caseWhen([[e.code.lt(10), "low"]], { else: "high" }),
    })
    class Event {
      @PrimaryKey() id!: number;
      @Column() code!: number;
    }
    @own.Entity({ polymorphicIdentity: "low" })
    class Low extends Event {}
    @own.Entity({ polymorphicIdentity: "high" })
    class High extends Event {}
    const { Session } = await storeFor(own);
    await using session = Session();
    session.addAll([make(Low, { code: 3 }), make(High, { code: 30 })]);
    await session.commit();
    session.expungeAll();
    const all = await session.scalars(select(Event).orderBy((e) => e.id)).all();
    expect(all.map((e) => e.constructor)).toEqual([Low, High]);
    expect((await session.scalars(select(High)).all()).map((e) => e.code)).toEqual([30]);
    expect(Object.keys(JSON.parse(JSON.stringify(all[0])))).toEqual(["id", "code"]);
  });

  test("[IN-06] an unknown value in a row is an error that names it", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    await session.execute(text("insert into people (type, name, version) values ('alien', 'x', 1)"));
    await expect(session.scalars(select(Person)).all()).rejects.toThrow(
      /^A row of Person has "alien" in Person\.type, and no class has that polymorphicIdentity \(there are: "person", "staff", "cook"\)/,
    );
  });

  test("[IN-07] a polymorphicAbstract class is queried and targeted, and has no objects of its own", async () => {
    const own = registry();
    @own.Entity("parties", { polymorphicOn: "kind", polymorphicAbstract: true })
    class Party {
      @PrimaryKey() id!: number;
      @Column(t.string(10)) kind!: string;
      @Column() name!: string;
    }
    @own.Entity({ polymorphicAbstract: true })
    class Company extends Party {}
    @own.Entity({ polymorphicIdentity: "ltd" })
    class Limited extends Company {}
    @own.Entity({ polymorphicIdentity: "plc" })
    class Public extends Company {}
    @own.Entity({ polymorphicIdentity: "human" })
    class Human extends Party {}
    @own.Entity("orders")
    class Order {
      @PrimaryKey() id!: number;
      @ManyToOne(() => Company) seller!: Relation<Company> | null;
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    session.addAll([
      make(Order, { seller: make(Limited, { name: "L" }) }),
      make(Public, { name: "P" }),
      make(Human, { name: "H" }),
    ]);
    await session.commit();
    expect((await session.scalars(select(Company).orderBy((c) => c.name)).all()).map((c) => c.constructor)).toEqual([
      Limited,
      Public,
    ]);
    expect((await session.scalars(select(Party)).all()).length).toBe(3);
    expect(() => Object.assign(new Company(), { name: "x" })).toThrow(
      "Company is mapped with polymorphicAbstract: true: make an object of one of the classes below it.",
    );
    const order = await session.scalars(select(Order)).one();
    expect(() => {
      order.seller = make(Human, { name: "x" });
    }).toThrow(/^Order\.seller takes objects of Company, not Human/);
  });
});

describe("columns of siblings, relationships", () => {
  test("[IN-02] [IN-08] two single-table siblings share a column that says so; else the conflict is an error", async () => {
    const own = registry();
    @own.Entity("jobs", { polymorphicOn: "kind", polymorphicIdentity: "job" })
    class Job {
      @PrimaryKey() id!: number;
      @Column(t.string(10)) kind!: string;
    }
    @own.Entity({ polymorphicIdentity: "a" })
    class A extends Job {
      @Column({ nullable: true }) start!: Date;
    }
    @own.Entity({ polymorphicIdentity: "b" })
    class B extends Job {
      @Column({ nullable: true, useExistingColumn: true }) start!: Date;
    }
    expect(() => {
      @own.Entity({ polymorphicIdentity: "c" })
      class C extends Job {
        @Column({ nullable: true }) start!: Date;
      }
      void C;
    }).toThrow(MapperConfigurationError);
    expect(() => {
      @own.Entity({ polymorphicIdentity: "d" })
      class D extends Job {
        @Column({ nullable: true }) start!: Date;
      }
      void D;
    }).toThrow(
      /^D\.start: the table "jobs" has a column "start" already, which A declares\. To share it, say useExistingColumn: true/,
    );
    expect(own.metadata.tables.get("jobs")?.columns.map((c) => c.name)).toEqual(["id", "kind", "start"]);
    const { Session } = await storeFor(own);
    await using session = Session();
    const at = new Date("2024-01-01T00:00:00Z");
    session.addAll([make(A, { start: at }), make(B, { start: at })]);
    await session.commit();
    session.expungeAll();
    expect((await session.scalars(select(B).where((b) => b.start.eq(at))).one()).start).toEqual(at);
    expect((await session.scalars(select(A)).one()).start).toEqual(at);
  });

  test("[IN-09] a relationship to a subclass joins and filters right, one to the base yields mixed classes", async () => {
    const own = registry();
    @own.Entity("firms")
    class Firm {
      @PrimaryKey() id!: number;
      @OneToMany(
        () => Worker,
        (w) => w.firm,
        { orderBy: "id" },
      )
      workers!: Worker[];
      @OneToMany(
        () => Boss,
        (b) => b.led,
        { orderBy: "id" },
      )
      bosses!: Boss[];
    }
    @own.Entity("workers", { polymorphicOn: "kind", polymorphicIdentity: "worker" })
    class Worker {
      @PrimaryKey() id!: number;
      @Column(t.string(10)) kind!: string;
      @ManyToOne(
        () => Firm,
        (f) => f.workers,
      )
      firm!: Relation<Firm> | null;
    }
    @own.Entity("bosses", { polymorphicIdentity: "boss" })
    class Boss extends Worker {
      @Column() title!: string;
      @ManyToOne(
        () => Firm,
        (f) => f.bosses,
      )
      led!: Relation<Firm> | null;
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    const firm = new Firm();
    const boss = make(Boss, { title: "CEO", firm, led: firm });
    session.addAll([firm, boss, make(Worker, { firm })]);
    await session.commit();
    expect((await awaitable(firm).workers).map((w) => w.constructor)).toEqual([Boss, Worker]);
    expect((await awaitable(firm).bosses).map((b) => b.title)).toEqual(["CEO"]);
    expect(await session.scalars(select(Firm).where((f) => f.bosses.any((b) => b.title.eq("CEO")))).all()).toEqual([
      firm,
    ]);
    expect(await session.scalars(select(Firm).where((f) => f.bosses.any((b) => b.title.eq("x")))).all()).toEqual([]);
    expectTypeOf((await awaitable(firm).bosses)[0]).toEqualTypeOf<Boss>();
  });

  test("a joined class continues the whole key above, whether it is declared or comes from relationships, in whichever order classes are declared", async () => {
    const own = registry();
    @own.Entity("pages")
    class Sheet {
      @ManyToOne(
        () => Paper,
        (p) => p.sheets,
        { primaryKey: true },
      )
      paper!: Relation<Paper>;
      @PrimaryKey() number!: number;
      @ManyToOne(() => Bill) paidBy!: Relation<Bill> | null;
    }
    @own.Entity("papers", { polymorphicOn: "kind", polymorphicIdentity: "paper" })
    class Paper {
      @ManyToOne(() => Firm, { primaryKey: true }) firm!: Relation<Firm>;
      @PrimaryKey() number!: number;
      @Column(t.string(10)) kind!: string;
      @OneToMany(
        () => Sheet,
        (s) => s.paper,
      )
      sheets!: Sheet[];
    }
    @own.Entity("bills", { polymorphicIdentity: "bill" })
    class Bill extends Paper {
      @Column() sum!: number;
    }
    @own.Entity("firms", { polymorphicOn: "kind", polymorphicIdentity: "firm" })
    class Firm {
      @PrimaryKey() country!: number;
      @PrimaryKey() id!: number;
      @Column(t.string(10)) kind!: string;
    }
    @own.Entity("banks", { polymorphicIdentity: "bank" })
    class Bank extends Firm {
      @OneToOne(
        () => Licence,
        (l) => l.bank,
      )
      licence!: Relation<Licence> | null;
    }
    @own.Entity("licences", { polymorphicOn: "kind", polymorphicIdentity: "plain" })
    class Licence {
      @OneToOne(
        () => Bank,
        (b) => b.licence,
        { owner: true, primaryKey: true },
      )
      bank!: Relation<Bank>;
      @Column(t.string(10)) kind!: string;
    }
    @own.Entity("full_licences", { polymorphicIdentity: "full" })
    class FullLicence extends Licence {
      @Column() until!: number;
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    const bank = make(Bank, { country: 1, id: 2, licence: make(FullLicence, { until: 2030 }) });
    const bill = make(Bill, { firm: bank, number: 3, sum: 4 });
    session.add(make(Sheet, { paper: bill, number: 1, paidBy: bill }));
    await session.commit();
    const sheet = await session.scalars(select(Sheet).where((s) => s.paidBy.has((b) => b.sum.eq(4)))).one();
    expect(inspect(sheet).identity).toEqual([1, 3, 1, 2]);
    expect(inspect(await session.scalars(select(Bill)).one()).identity).toEqual([3, 1, 2]);
    expect((await session.getOne(FullLicence, [1, 2])).until).toBe(2030);
    const key = own.metadata.tables.get("bills")?.foreignKeyConstraints.map((each) => each.columns.map((c) => c.name));
    expect(key).toEqual([["number", "firm_country", "firm_id"]]);
  });

  test("a column of the name of one in the table above is one attribute with it, and a warning says so", () => {
    const own = registry();
    @own.Entity("plants", { polymorphicOn: "kind", polymorphicIdentity: "plant" })
    class Plant {
      @PrimaryKey() id!: number;
      @Column(t.string(10)) kind!: string;
      @Column(t.string(10)) name!: string;
    }
    @own.Entity("trees", { polymorphicIdentity: "tree" })
    class Tree extends Plant {
      @PrimaryKey({ foreignKey: "plants.id" }) declare id: number;
      @Column(t.string(10)) declare name: string;
    }
    using warned = vi.spyOn(process, "emitWarning").mockReturnValue();
    select(Tree).toSQL();
    expect(warned).toHaveBeenCalledExactlyOnceWith(
      "Tree.name combines the column trees.name with plants.name, as Plant.name has its name: both are written with one value. " +
        "Leave it out where the one above is meant (excludeProperties, where the table is given), or give it another name where it is a column of its own.",
      expect.anything(),
    );
  });

  test("the key of a relationship is not taken for a column of its name in the table above, unless it says so", async () => {
    const own = registry();
    @own.Entity("owners")
    class Owner {
      @PrimaryKey() id!: number;
    }
    @own.Entity("assets", { polymorphicOn: "kind", polymorphicIdentity: "asset" })
    class Asset {
      @PrimaryKey() id!: number;
      @Column(t.string(10)) kind!: string;
      @Column(t.integer, { nullable: true }) ownerId!: number | null;
    }
    @own.Entity("cars", { polymorphicIdentity: "car" })
    class Car extends Asset {
      @ManyToOne(() => Owner, { foreignKeys: ["ownerId"] }) owner!: Relation<Owner> | null;
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    session.add(make(Car, { owner: make(Owner) }));
    await session.commit();
    expect(await session.scalars(text("select owner_id from assets")).all()).toEqual([1]);

    @own.Entity("boats", { polymorphicIdentity: "boat" })
    class Boat extends Asset {
      @ManyToOne(() => Owner) owner!: Relation<Owner> | null;
    }
    expect(() => select(Boat)).toThrow(
      'Boat.owner makes the foreign-key column boats.owner_id, and its attribute "ownerId" would be one with Asset.ownerId above it. ' +
        'Give the relationship another name or a columnName, or say foreignKeys: ["ownerId"] where Asset.ownerId holds its key.',
    );
  });

  test("a relationship between the classes of a joined hierarchy has a key of its own, not that of the inheritance", async () => {
    const own = registry();
    @own.Entity("humans", { polymorphicOn: "kind", polymorphicIdentity: "human" })
    class Human {
      @PrimaryKey() id!: number;
      @Column(t.string(10)) kind!: string;
      @Column(t.string(10)) name!: string;
    }
    @own.Entity("employees", { polymorphicIdentity: "employee" })
    class Employee extends Human {
      @ManyToOne(
        () => Manager,
        (m) => m.staff,
      )
      boss!: Relation<Manager> | null;
      @ManyToOne(() => Human) friend!: Relation<Human> | null;
    }
    @own.Entity("managers", { polymorphicIdentity: "manager" })
    class Manager extends Employee {
      @PrimaryKey({ foreignKey: "employees.id" }) declare id: number;
      @OneToMany(
        () => Employee,
        (e) => e.boss,
        { orderBy: "name" },
      )
      staff!: Employee[];
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    const [pia, max] = [make(Human, { name: "Pia" }), make(Manager, { name: "Max" })];
    const staff = ["Ann", "Bob"].map((name) => make(Employee, { name, boss: max, friend: pia }));
    session.addAll(staff);
    await session.commit();
    const rows = await session.execute(
      text(
        "select name, boss_id, friend_id from humans h join employees e on e.id = h.id where boss_id > 0 order by name",
      ),
    );
    expect(rows.all().map((row) => [...row])).toEqual(
      ["Ann", "Bob"].map((name) => [name, inspect(max).identity?.[0], inspect(pia).identity?.[0]]),
    );
    expect((await awaitable(max).staff).map((each) => inspect(each).identity)).toEqual(
      staff.map((each) => inspect(each).identity),
    );
    expect(
      (await session.scalars(select(Employee).where((e) => e.boss.has((m) => m.name.eq("Max")))).all()).length,
    ).toBe(2);
  });

  test("[IN-12] an object of a sibling is refused with both names; enableTypechecks: false lets the hierarchy in", async () => {
    const own = registry();
    @own.Entity("pets", { polymorphicOn: "kind", polymorphicIdentity: "pet" })
    class Pet {
      @PrimaryKey() id!: number;
      @Column(t.string(10)) kind!: string;
    }
    @own.Entity({ polymorphicIdentity: "cat" })
    class Cat extends Pet {}
    @own.Entity({ polymorphicIdentity: "dog" })
    class Dog extends Pet {}
    @own.Entity("owners")
    class Owner {
      @PrimaryKey() id!: number;
      @ManyToOne(() => Cat) cat!: Relation<Cat> | null;
      @ManyToOne(() => Cat, { enableTypechecks: false }) any!: Relation<Pet> | null;
    }
    const owner = new Owner();
    expect(() => {
      owner.cat = new Dog();
    }).toThrow(/^Owner\.cat takes objects of Cat, not Dog: new Dog cannot stand there\./);
    owner.any = new Dog();
    const { Session } = await storeFor(own);
    await using session = Session();
    session.add(owner);
    await session.commit();
    // What is loaded is what the relationship is for: rows of the target's classes.
    expect(await session.scalar(text("select count(*) from owners where any_id is not null"))).toBe(1);
    expect(await awaitable(owner).any).toBe(null);
  });

  test("[IN-06] create() gives the identity by itself", () => {
    expect(create(Person, { name: "x" }).type).toBe("person");
    expect(Object.assign(new Cook(), { name: "y" }).type).toBe("cook");
  });
});

test("an imperative single-table subclass keeps the names of its columns, as its superclass does", async () => {
  const own = registry();
  const parts = table("parts", own.metadata, {
    id: column(t.integer, { primaryKey: true }),
    kind: column(t.string(10)),
    made_by: column(t.string(10)),
    spare_for: column(t.string(10), { nullable: true }),
  });
  class Part {}
  class Spare extends Part {}
  own.mapImperatively(Part, parts as never, {
    polymorphicOn: "kind",
    polymorphicIdentity: "part",
    excludeProperties: ["spare_for"],
  });
  own.mapImperatively(Spare, null, { inherits: Part, polymorphicIdentity: "spare", columns: ["spare_for"] });
  expect(inspect(Spare).columnAttributes.map((each) => each.key)).toEqual(["id", "kind", "made_by", "spare_for"]);
});
