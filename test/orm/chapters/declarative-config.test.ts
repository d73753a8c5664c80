/** The chapter "Mapper configuration with declarative" of SQLAlchemy's ORM documentation, on both databases. */
import { describe, expect, test } from "vitest";
import {
  type Attrs,
  asyncSessionmaker,
  attrs,
  awaitable,
  Column,
  ColumnProperty,
  column,
  columnProperty,
  create,
  event,
  inspect,
  ManyToOne,
  MetaData,
  OneToMany,
  type OptionalProps,
  PrimaryKey,
  type Relation,
  registry,
  relationship,
  select,
  Table,
  t,
  table,
  text,
} from "../../../src/index.js";
import { freshDatabase } from "../../support/database.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

describe("properties of a class", () => {
  const reg = registry();

  @reg.Entity("user")
  class User {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    @Column(t.string(50)) firstname!: string;
    @Column(t.string(50)) lastname!: string;
    @ColumnProperty((u: Attrs<User>) => u.firstname.concat(" ").concat(u.lastname)) readonly fullname!: string;
    @OneToMany(
      () => Address,
      (a) => a.user,
    )
    addresses!: Address[];
  }

  @reg.Entity("address")
  class Address {
    declare [OptionalProps]?: "id" | "userId";
    @PrimaryKey() id!: number;
    @Column({ foreignKey: "user.id" }) userId!: number;
    @Column() emailAddress!: string;
    @Column(t.text, { nullable: true, deferred: true }) addressStatistics!: string | null;
    @ManyToOne(
      () => User,
      (u) => u.addresses,
    )
    user!: Relation<User> | null;
  }

  test("are columns, relationships and SQL expressions, in one class", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    const ed = create(User, {
      firstname: "Ed",
      lastname: "Jones",
      addresses: [create(Address, { emailAddress: "e", addressStatistics: "s" })],
    });
    session.add(ed);
    await session.commit();
    session.expungeAll();
    using log = recordStatements(engine);
    const user = await session.scalars(select(User).where((u) => u.fullname.eq("Ed Jones"))).one();
    expect(user.fullname).toBe("Ed Jones");
    const [address] = await awaitable(user).addresses;
    expect(log.texts()[1]).not.toMatch(/statistics/);
    expect(await awaitable(address).addressStatistics).toBe("s");
  });

  test("stand beside a table that is there, or in the properties of an imperative mapping", async () => {
    const own = registry();
    const users = table("user", own.metadata, {
      id: column(t.integer, { primaryKey: true }),
      firstname: column(t.string(50), { nullable: false }),
      lastname: column(t.string(50), { nullable: false }),
    });
    const addresses = table("address", own.metadata, {
      id: column(t.integer, { primaryKey: true }),
      user_id: column(t.integer, { foreignKey: "user.id" }),
      address_statistics: column(t.text),
    });
    @own.Entity({ table: users })
    class Hybrid {
      declare id: number;
      declare firstname: string;
      declare lastname: string;
      @ColumnProperty((u: Attrs<Hybrid>) => u.firstname.concat(" ").concat(u.lastname)) readonly fullname!: string;
      @OneToMany(
        () => Stats,
        (a) => a.user,
      )
      addresses!: Stats[];
    }
    @own.Entity({ table: addresses })
    class Stats {
      declare id: number;
      @Column(t.text, { name: "address_statistics", deferred: true }) addressStatistics!: string;
      @ManyToOne(
        () => Hybrid,
        (u) => u.addresses,
      )
      user!: Relation<Hybrid> | null;
    }
    class Plain {
      declare id: number;
      declare firstname: string;
      declare lastname: string;
      declare fullname: string;
      declare addresses: Stats[];
    }
    own.mapImperatively(Plain, users, {
      properties: {
        fullname: columnProperty((u: Attrs<Plain>) => u.firstname.concat(" ").concat(u.lastname)),
        addresses: relationship(() => Stats, { viewonly: true }),
      },
    });
    const { Session } = await storeFor(own);
    await using session = Session();
    session.add(make(Hybrid, { firstname: "Ed", lastname: "Jones", addresses: [make(Stats)] }));
    await session.commit();
    const plain = await session.scalars(select(Plain)).one();
    expect([plain.fullname, (await awaitable(plain).addresses).length]).toEqual(["Ed Jones", 1]);
    expect((await session.scalars(select(Hybrid)).one()).fullname).toBe("Ed Jones");
  });
});

describe("options of the mapper", () => {
  test("primaryKey: columns that identify a row, whatever the table says", async () => {
    const reg = registry();
    @reg.Entity("group_users", { primaryKey: ["userId", "groupId"] })
    class GroupUsers {
      @Column(t.string(40)) userId!: string;
      @Column(t.string(40)) groupId!: string;
    }
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(create(GroupUsers, { userId: "u", groupId: "g" }));
    await session.commit();
    expect(inspect(await session.scalars(select(GroupUsers)).one()).identity).toEqual(["u", "g"]);
  });

  test("versionIdCol and versionIdGenerator: a version of one's own", async () => {
    const reg = registry();
    let tick = 0;
    @reg.Entity("widgets", { versionIdCol: "timestamp", versionIdGenerator: () => new Date(1000 * ++tick) })
    class Widget {
      declare [OptionalProps]?: "id" | "timestamp";
      @PrimaryKey() id!: number;
      @Column() timestamp!: Date;
      @Column() name!: string;
    }
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const widget = create(Widget, { name: "a" });
    session.add(widget);
    await session.commit();
    expect(widget.timestamp).toEqual(new Date(1000));
    widget.name = "b";
    await session.commit();
    expect(widget.timestamp).toEqual(new Date(2000));
  });

  test("polymorphicOn and polymorphicIdentity: a hierarchy in one table", async () => {
    const reg = registry();
    @reg.Entity("person", { polymorphicOn: "type", polymorphicIdentity: "person" })
    class Person {
      @PrimaryKey() personId!: number;
      @Column() type!: string;
    }
    @reg.Entity({ polymorphicIdentity: "employee" })
    class Employee extends Person {}
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.addAll([new Person(), new Employee()]);
    await session.commit();
    expect(await session.scalars(text("select type from person order by person_id")).all()).toEqual([
      "person",
      "employee",
    ]);
    expect(await session.scalars(select(Employee)).all()).toHaveLength(1);
  });

  test("are computed from the table's columns for each class below a base", async () => {
    const reg = registry();
    @reg.Entity({ abstract: true, excludeProperties: (c) => c.info.exclude === true })
    abstract class ExcludesFlagged {
      @PrimaryKey() id!: number;
    }
    const some = table("some_table", reg.metadata, {
      id: column(t.integer, { primaryKey: true }),
      data: column(t.text),
      not_needed: column(t.text, { info: { exclude: true } }),
    });
    @reg.Entity({ table: some })
    class SomeClass extends ExcludesFlagged {
      declare data: string;
    }
    expect([...inspect(SomeClass).attributes.keys()]).toEqual(["id", "data"]);
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    using log = recordStatements(engine);
    session.add(make(SomeClass, { data: "x" }));
    await session.flush();
    await session.scalars(select(SomeClass)).all();
    expect(log.texts().join()).not.toMatch(/not_needed/);
  });
});

describe("hooks, metadata and tables of a class", () => {
  test("handlers of the registry run before and after mappings are worked out", () => {
    const reg = registry();
    const heard: string[] = [];
    event.listen(reg, "beforeConfigured", () => void heard.push("first"));
    event.listen(reg, "afterConfigured", () => void heard.push("last"));
    @reg.Entity("mine")
    class MyClass {
      @PrimaryKey() id!: number;
    }
    expect(heard).toEqual([]);
    void attrs(MyClass).id;
    reg.configure();
    expect(heard).toEqual(["first", "last"]);
  });

  test("each abstract base may have a metadata of its own: tables of one name, in two databases", async () => {
    const reg = registry();
    const [one, two] = [new MetaData(), new MetaData()];
    @reg.Entity({ abstract: true, metadata: one })
    abstract class DefaultBase {
      @PrimaryKey() id!: number;
    }
    @reg.Entity({ abstract: true, metadata: two })
    abstract class OtherBase {
      @PrimaryKey() id!: number;
    }
    @reg.Entity("t1")
    class Mine {
      @PrimaryKey() id!: number;
    }
    @reg.Entity("t1")
    class First extends DefaultBase {
      @OneToMany(
        () => Part,
        (p) => p.first,
      )
      parts!: Part[];
    }
    @reg.Entity("parts")
    class Part extends DefaultBase {
      @ManyToOne(
        () => First,
        (f) => f.parts,
      )
      first!: Relation<First> | null;
    }
    @reg.Entity("t1")
    class Second extends OtherBase {}
    expect([Mine, First, Second].map((each) => inspect(each).table.metadata)).toEqual([reg.metadata, one, two]);
    // The tables of the one are created with the keys that its relationships need.
    const { engine } = await freshDatabase();
    await one.createAll(engine);
    expect([...one.tables.keys()].sort()).toEqual(["parts", "t1"]);
    await using session = asyncSessionmaker(engine)();
    session.add(make(First, { parts: [new Part()] }));
    await session.commit();
    expect(await session.scalar(text("select first_id from parts"))).toBe(1);
  });

  test("an abstract base has no table, and gives its methods and options to the classes below it", () => {
    const reg = registry();
    @reg.Entity({ abstract: true, info: { helpful: true } })
    abstract class SomeAbstractBase {
      @PrimaryKey() id!: number;
      some(): string {
        return "helpful";
      }
    }
    @reg.Entity("my_mapped")
    class MyMappedClass extends SomeAbstractBase {}
    expect(new MyMappedClass().some()).toBe("helpful");
    expect([...reg.metadata.tables.keys()]).toEqual(["my_mapped"]);
    expect(inspect(MyMappedClass).info).toEqual({ helpful: true });
  });

  test("tableCls makes the table; a name of null shares the superclass's", () => {
    const reg = registry();
    @reg.Entity({
      abstract: true,
      tableCls: (name, metadata, options) => new Table(`my_${name}`, metadata, [], options) as never,
      tableName: (cls, hasInheritedTable) => (hasInheritedTable ? null : cls.name.toLowerCase()),
    })
    abstract class AutoTable {}
    @reg.Entity({ polymorphicOn: "kind", polymorphicIdentity: "person" })
    class Person extends AutoTable {
      @PrimaryKey() id!: number;
      @Column(t.string(9)) kind!: string;
    }
    @reg.Entity({ polymorphicIdentity: "employee" })
    class Employee extends Person {
      @Column(t.text) employeeName!: string;
    }
    expect([...reg.metadata.tables.keys()]).toEqual(["my_person"]);
    expect(inspect(Employee).single).toBe(true);
    expect(inspect(Person).table.columns.map((c) => [c.name, c.nullable])).toEqual([
      ["id", false],
      ["kind", false],
      ["employee_name", true],
    ]);
  });
});
