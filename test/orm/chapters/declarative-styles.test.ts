/** The chapter "Declarative mapping styles" of SQLAlchemy's ORM documentation, on both databases. */
import { describe, expect, test } from "vitest";
import {
  Column,
  column,
  create,
  func,
  inspect,
  ManyToOne,
  OneToMany,
  type OptionalProps,
  type Optionals,
  PrimaryKey,
  type Registry,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  table,
} from "../../../src/index.js";
import { storeFor } from "../support.js";

/** User and Address of the chapter; the base is what classes of one registry have in common, and may be left out. */
function classesIn(reg: Registry, Base: new () => object) {
  @reg.Entity("user")
  class User extends Base {
    declare [OptionalProps]?: "id" | "createDate";
    @PrimaryKey() id!: number;
    @Column() name!: string;
    @Column(t.text, { nullable: true }) fullname!: string | null;
    @Column(t.string(64), { nullable: true }) nickname!: string | null;
    @Column({ default: func.now() }) createDate!: Date;
    @OneToMany(
      () => Address,
      (a) => a.user,
      { orderBy: "id" },
    )
    addresses!: Address[];
  }

  @reg.Entity("address")
  class Address extends Base {
    declare [OptionalProps]?: "id" | "userId";
    @PrimaryKey() id!: number;
    @Column({ foreignKey: "user.id" }) userId!: number;
    @Column() emailAddress!: string;
    @ManyToOne(
      () => User,
      (u) => u.addresses,
    )
    user!: Relation<User> | null;
  }
  return { User, Address };
}

const bases = {
  "a base class": (reg: Registry) => {
    @reg.Entity({ abstract: true })
    abstract class Base {}
    return Base as new () => object;
  },
  "no base class": () => Object as unknown as new () => object,
};

describe.each(Object.entries(bases))("declarative mapping with %s", (_, baseIn) => {
  test("makes a table and a mapper of each class", async () => {
    const reg = registry();
    const Base = baseIn(reg);
    const { User, Address } = classesIn(reg, Base);
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(create(User, { name: "ed", addresses: [create(Address, { emailAddress: "ed@x" })] }));
    await session.commit();
    session.expungeAll();
    const user = await session.scalars(select(User).options(selectinload(User, (u) => u.addresses))).one();
    expect(user).toBeInstanceOf(Base);
    expect(user.createDate).toBeInstanceOf(Date);
    expect([user.fullname, user.nickname]).toEqual([null, null]);
    expect(user.addresses.map((a) => [a.emailAddress, a.userId, a.user === user])).toEqual([["ed@x", 1, true]]);
    expect(reg.metadata.tables.size).toBe(2);
  });
});

describe("the decorator", () => {
  test("maps the class that it stands before, and no class below it", () => {
    const reg = registry();
    @reg.Entity("person")
    class Person {
      @PrimaryKey() id!: number;
    }
    class Employee extends Person {}
    expect(inspect(Person).className).toBe("Person");
    expect(() => select(Employee)).toThrow(
      "select(): Employee is not a mapped class. Is @Entity missing, or its module not imported?",
    );
  });

  test("stands before each class of a hierarchy", async () => {
    const reg = registry();
    @reg.Entity("person", { polymorphicOn: "type", polymorphicIdentity: "person" })
    class Person {
      declare [OptionalProps]?: Optionals<"personId" | "type">;
      @PrimaryKey() personId!: number;
      @Column() type!: string;
    }
    @reg.Entity("employee", { polymorphicIdentity: "employee" })
    class Employee extends Person {
      declare [OptionalProps]?: Optionals<"personId" | "type" | "employeeId">;
      // The key goes on under another name; where none is declared it is made, under the same one.
      @PrimaryKey({ foreignKey: "person.person_id" }) employeeId!: number;
      @Column() wage!: number;
    }
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.addAll([create(Person, {}), create(Employee, { wage: 7 })]);
    await session.commit();
    expect((await session.scalars(select(Person).orderBy((p) => p.personId)).all()).map((p) => p.constructor)).toEqual([
      Person,
      Employee,
    ]);
    const employee = await session.scalars(select(Employee)).one();
    expect([employee.type, employee.personId, employee.employeeId]).toEqual(["employee", 2, 2]);
  });

  test("takes a table that is there as well", async () => {
    const reg = registry();
    const users = table("user", reg.metadata, {
      id: column(t.integer, { primaryKey: true }),
      name: column(t.text),
    });
    @reg.Entity({ table: users })
    class User {
      @PrimaryKey() id!: number;
      @Column() name!: string;
    }
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(create(User, { id: 1, name: "a" }));
    await session.commit();
    expect(await session.scalar(select(users.c.name))).toBe("a");
  });
});
