/** The chapter "Table configuration with declarative" of SQLAlchemy's ORM documentation, on both databases. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  asyncSessionmaker,
  attrs,
  automapBase,
  awaitable,
  Column,
  type Create,
  CreateTable,
  column,
  compile,
  create,
  createAsyncEngine,
  createEngine,
  type Dialect,
  event,
  ForeignKeyConstraint,
  func,
  Index,
  InvalidRequestError,
  inspect,
  ManyToOne,
  MapperConfigurationError,
  MetaData,
  OneToMany,
  type OptionalProps,
  PrimaryKey,
  type Registry,
  type Relation,
  registry,
  type SQLType,
  select,
  selectinload,
  Table,
  t,
  table,
  text,
  UniqueConstraint,
} from "../../../src/index.js";
import { freshDatabase } from "../../support/database.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const columnsOf = ({ metadata }: Registry, name: string) => metadata.tables.get(name)!.columns;
// Engines that are never connected: they know how their database is spoken to.
const postgres = createAsyncEngine("postgresql://nobody@nowhere/nothing").dialect;
const sqlOf = (made: Table, dialect: Dialect = postgres) =>
  compile(new CreateTable(made), dialect).text.replace(/\s+/g, " ");

describe("a declarative table", () => {
  const reg = registry();

  @reg.Entity("user")
  class User {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    @Column(t.string(50)) name!: string;
    @Column(t.text, { nullable: true }) fullname!: string | null;
    @Column(t.string(30), { nullable: true }) nickname!: string | null;
  }

  test("is made of the columns of the class", () => {
    const users = reg.metadata.tables.get("user")!;
    expect(inspect(User).table).toBe(users);
    expect(users.metadata).toBe(reg.metadata);
    expect(columnsOf(reg, "user").map((c) => [c.name, String(c.type), c.nullable])).toEqual([
      ["id", expect.any(String), false],
      ["name", expect.stringMatching(/50/), false],
      ["fullname", expect.any(String), true],
      ["nickname", expect.stringMatching(/30/), true],
    ]);
  });

  test("takes constraints, indexes, options of a dialect and a comment", () => {
    const own = registry();
    table("remote", own.metadata, { id: column(t.integer, { primaryKey: true }) });
    @own.Entity("sometable", {
      comment: "some",
      tableArgs: () => [
        new ForeignKeyConstraint(["id"], ["remote.id"]),
        new UniqueConstraint(["foo"]),
        new Index("ix_foo", ["foo", "bar"]),
      ],
      dialectOptions: { sqlite: { strict: true } },
    })
    class MyClass {
      @PrimaryKey() id!: number;
      @Column(t.string(5)) foo!: string;
      @Column(t.string(5)) bar!: string;
    }
    const { table: made } = inspect(MyClass);
    expect(made.foreignKeyConstraints.map((c) => (c.referredTable as Table).name)).toEqual(["remote"]);
    expect([...made.indexes].map((i) => i.name)).toEqual(["ix_foo"]);
    expect([...made.constraints].filter((c) => c instanceof UniqueConstraint)).toHaveLength(1);
    expect(made.comment).toBe("some");
    expect(sqlOf(made, createAsyncEngine("sqlite://").dialect)).toMatch(/STRICT/);
  });

  test("has a schema of its own, or that of its metadata", () => {
    const own = registry({ metadata: new MetaData({ schema: "some_schema" }) });
    @own.Entity("one")
    class One {
      @PrimaryKey() id!: number;
    }
    @own.Entity("two", { schema: "other" })
    class Two {
      @PrimaryKey() id!: number;
    }
    expect([inspect(One).table.fullName, inspect(Two).table.fullName]).toEqual(["some_schema.one", "other.two"]);
  });

  test("a deferred column loads when it is asked for; activeHistory loads the old value before it is replaced", async () => {
    const own = registry();
    @own.Entity("users_deferred")
    class Deferred {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
      @Column({ activeHistory: true }) important!: string;
      @Column(t.text, { deferred: true }) bio!: string;
    }
    const { engine, Session } = await storeFor(own);
    await Session.begin((s) => s.add(create(Deferred, { important: "old", bio: "long" })));
    await using session = Session();
    using log = recordStatements(engine);
    const user = await session.scalars(select(Deferred)).one();
    expect(log.texts()[0]).not.toMatch(/bio/);
    expect(await awaitable(user).bio).toBe("long");
    session.expire(user, ["important"]);
    await session.runSync(() => {
      log.reset();
      user.important = "new";
      expect(log.count("SELECT")).toBe(1);
    });
    expect(inspect(user).attrs.important.history.deleted).toEqual(["old"]);
  });

  test("a column has another name than its attribute", () => {
    const own = registry();
    @own.Entity("user")
    class Named {
      @PrimaryKey({ name: "user_id" }) id!: number;
      @Column({ name: "user_name" }) name!: string;
    }
    const n = attrs(Named);
    const sql = String(select(n.id, n.name).where(n.name.eq("x")));
    expect(sql.replace(/\s+/g, " ")).toMatch(
      /^SELECT "user"\.user_id, "user"\.user_name FROM "user" WHERE "user"\.user_name = \S+$/,
    );
  });

  test("gets a column after its declaration, before its first use", async () => {
    const own = registry();
    @own.Entity("growing")
    class Growing {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
    }
    own.addProperty(Growing, "label", Column(t.string(20), { name: "some_name", nullable: true }));
    const { Session } = await storeFor(own);
    await using session = Session();
    session.add(make(Growing, { label: "x" } as never));
    await session.commit();
    expect(await session.scalar(text("select some_name from growing"))).toBe("x");
    expect(() => own.addProperty(Growing, "late", Column(t.integer))).toThrow(
      "Growing is in use already, so that it cannot get late. Prepare before the first use.",
    );
  });
});

describe("types and nullability", () => {
  test("follow from the property's class and the decorator", () => {
    const reg = registry();
    @reg.Entity("some_table")
    class SomeClass {
      @PrimaryKey() id!: number;
      @Column() data!: string;
      @Column(t.text, { nullable: true }) additionalInfo!: string | null;
      @Column() flag!: boolean;
      @Column() bytes!: Uint8Array;
      @Column() at!: Date;
      @Column() big!: bigint;
      /** Null until it is flushed, and never in the database. */
      @Column(t.text, { nullable: false }) later!: string | null;
      /** Null in the database, and never here. */
      @Column({ nullable: true }) sure!: string;
    }
    void SomeClass;
    expect(columnsOf(reg, "some_table").map((c) => [c.name, c.nullable])).toEqual([
      ["id", false],
      ["data", false],
      ["additional_info", true],
      ["flag", false],
      ["bytes", false],
      ["at", false],
      ["big", false],
      ["later", false],
      ["sure", true],
    ]);
    expect(columnsOf(reg, "some_table").map((c) => c.type.visitName)).toEqual([
      "visitInteger",
      t.text.visitName,
      t.text.visitName,
      "visitBoolean",
      expect.stringMatching(/Binary|Bytes/),
      t.datetime.visitName,
      "visitBigInteger",
      t.text.visitName,
      t.text.visitName,
    ]);
    expectTypeOf<Create<SomeClass>>().toExtend<{ data: string; additionalInfo?: string | null }>();
  });

  test("a type map of the registry comes before the general one", () => {
    const reg = registry({
      typeMap: new Map<unknown, SQLType>([
        [Number, t.bigint as never],
        [Date, t.timestamp({ timezone: true }) as never],
        [String, t.string(255)],
      ]),
    });
    @reg.Entity("some_table")
    class SomeClass {
      @PrimaryKey() id!: number;
      @Column() date!: Date;
      @Column() status!: string;
    }
    expect(sqlOf(inspect(SomeClass).table)).toMatch(
      /id BIGINT NOT NULL .*, date TIMESTAMP WITH TIME ZONE NOT NULL, status VARCHAR\(255\) NOT NULL/,
    );
  });

  test("a union of JSON values names its type; nothing is left of it at run time, and the error says so", () => {
    type JsonScalar = number | string | boolean;
    const reg = registry();
    @reg.Entity("some_table")
    class SomeClass {
      @PrimaryKey() id!: number;
      @Column(t.json<string[] | number[]>()) list!: string[] | number[];
      @Column(t.json<JsonScalar>(), { nullable: true }) scalar!: JsonScalar | null;
    }
    expect(columnsOf(reg, "some_table").map((c) => c.nullable)).toEqual([false, false, true]);
    expectTypeOf<SomeClass["scalar"]>().toEqualTypeOf<JsonScalar | null>();
    expect(() => {
      @(registry().Entity("bad"))
      class Bad {
        @PrimaryKey() id!: number;
        @Column() scalar!: JsonScalar;
      }
      void Bad;
    }).toThrow(
      /^Bad\.scalar: the type of the column cannot be inferred: its type is a union, an interface or a type alias/,
    );
  });

  test("types and whole columns have names of their own, and are used again", () => {
    // SQLAlchemy's Annotated: here a type, or a decorator, is a value with a name.
    const [str30, num12_4] = [t.string(30), t.numeric(12, 4)];
    const IntKey = PrimaryKey(t.integer);
    const Timestamp = (options: object = {}) => Column(t.datetime, { serverDefault: func.now(), ...options });
    const RequiredName = Column(t.string(30));
    const reg = registry();
    @reg.Entity("parent")
    class Parent {
      @IntKey id!: number;
      @RequiredName name!: string;
      @Timestamp() createdAt!: Date;
    }
    @reg.Entity("some_table")
    class SomeClass {
      @PrimaryKey({ foreignKey: () => Parent }) id!: number;
      @Column(str30) shortName!: string;
      @Column(num12_4) numValue!: string;
      @Timestamp({ serverDefault: text("'2020-01-01'") }) createdAt!: Date;
    }
    reg.configure();
    expect(sqlOf(inspect(Parent).table)).toMatch(
      /id INTEGER NOT NULL .*, name VARCHAR\(30\) NOT NULL, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL/,
    );
    expect(sqlOf(inspect(SomeClass).table)).toMatch(
      /short_name VARCHAR\(30\) NOT NULL, num_value NUMERIC\(12, 4\) NOT NULL, created_at .*DEFAULT '2020-01-01' NOT NULL.*REFERENCES parent ?\(id\)/,
    );
    expect(columnsOf(reg, "parent")[0]).not.toBe(columnsOf(reg, "some_table")[0]);
  });

  test("a key of any type is one decorator", () => {
    const reg = registry();
    @reg.Entity("a")
    class A {
      @PrimaryKey() id!: number;
    }
    @reg.Entity("b")
    class B {
      @PrimaryKey(t.uuid) id!: string;
    }
    void [A, B];
    expect(columnsOf(reg, "a")[0].type.family).toBe("integer");
    expect(columnsOf(reg, "b")[0].type.visitName).toBe(t.uuid.visitName);
  });

  test("enums and unions of strings are enum types, native where they have a name", async () => {
    enum Status {
      Pending = "pending",
      Received = "received",
    }
    type Level = "low" | "high";
    const reg = registry();
    @reg.Entity("enumerated")
    class SomeClass {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
      @Column(t.enum(Status, { name: "chapter_status" })) status!: Status;
      @Column(t.enum(["low", "high"], { native: false })) level!: Level;
      @Column(t.json<0 | 1 | true | "true">()) literal!: 0 | 1 | true | "true";
    }
    expect(sqlOf(inspect(SomeClass).table)).toMatch(/status chapter_status NOT NULL, level VARCHAR(\(\d+\))? NOT NULL/);
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(create(SomeClass, { status: Status.Received, level: "low", literal: "true" }));
    await session.commit();
    const found = await session.scalars(select(SomeClass).where((s) => s.status.eq(Status.Received))).one();
    expect([found.status, found.level, found.literal]).toEqual(["received", "low", "true"]);
    expectTypeOf(found.level).toEqualTypeOf<Level>();
    // @ts-expect-error it is none of the values
    void (() => create(SomeClass, { status: Status.Pending, level: "middle", literal: 1 }));
  });

  test("a hook of the registry decides case by case", () => {
    class UserId {
      constructor(readonly value: number) {}
    }
    const reg = registry({
      resolveType: ({ design, property, type }) =>
        design === UserId ? (t.integer as never) : property.endsWith("Text") ? t.string(1000) : type,
    });
    @reg.Entity("user")
    class User {
      @PrimaryKey() id!: number;
      @Column() owner!: UserId;
      @Column() longText!: string;
      @Column() name!: string;
    }
    void User;
    expect(columnsOf(reg, "user").map((c) => c.type.family)).toEqual(["integer", "integer", "string", "string"]);
    expect(String(columnsOf(reg, "user")[2].type)).toMatch(/1000/);
  });
});

describe("a class over a table that is there", () => {
  const tables = () => {
    const reg = registry();
    const users = table("user", reg.metadata, {
      user_id: column(t.integer, { primaryKey: true }),
      user_name: column(t.text),
      bio: column(t.text),
      internal: column(t.text, { serverDefault: "x", onupdate: () => "changed" }),
      type: column(t.string(50), { serverDefault: "person" }),
    });
    return { reg, users };
  };

  test("maps all of its columns under their keys", async () => {
    const { reg, users } = tables();
    @reg.Entity({ table: users, polymorphicOn: "type", polymorphicIdentity: "person" })
    class User {
      declare user_id: number;
      declare user_name: string;
      declare type: string;
    }
    expect([...inspect(User).attributes.keys()]).toEqual(["user_id", "user_name", "bio", "internal", "type"]);
    expect(inspect(User).polymorphicOn?.key).toBe("type");
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(make(User, { user_name: "ed" }));
    await session.commit();
    expect((await session.scalars(select(User)).one()).type).toBe("person");
  });

  test("maps a column under another name, and with options, by a property of it", async () => {
    const { reg, users } = tables();
    @reg.Entity({ table: users })
    class User {
      @PrimaryKey({ name: "user_id" }) id!: number;
      @Column({ name: "user_name", activeHistory: true }) name!: string;
      @Column({ deferred: true }) bio!: string;
    }
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    session.add(make(User, { name: "ed", bio: "long" }));
    await session.commit();
    session.expungeAll();
    using log = recordStatements(engine);
    const user = await session.scalars(select(User).where((u) => u.name.eq("ed"))).one();
    expect(log.texts()[0]).not.toMatch(/bio/);
    expect([user.id, user.name, await awaitable(user).bio]).toEqual([1, "ed", "long"]);
    // Imperatively the same is a column of the table.
    const other = tables();
    class Plain {
      declare id: number;
      declare name: string;
    }
    other.reg.mapImperatively(Plain, other.users, {
      properties: { id: other.users.c.user_id, name: other.users.c.user_name },
    });
    expect([...inspect(Plain).attributes.keys()]).toEqual(["id", "name", "bio", "internal", "type"]);
  });

  test("maps a part of the columns; defaults of the others hold all the same", async () => {
    const { reg, users } = tables();
    @reg.Entity({ table: users, includeProperties: ["user_name"] })
    class Named {
      declare user_id: number;
      declare user_name: string;
      declare bio: string;
    }
    class Short {
      declare user_id: number;
      declare user_name: string;
    }
    reg.mapImperatively(Short, users, { excludeProperties: ["bio", "internal", "type"] });
    expect([...inspect(Named).attributes.keys()]).toEqual(["user_id", "user_name"]);
    expect([...inspect(Short).attributes.keys()]).toEqual(["user_id", "user_name"]);
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    using log = recordStatements(engine);
    const named = make(Named, { user_name: "a" });
    session.add(named);
    // A plain property, which nothing stores.
    named.bio = "forgotten";
    await session.flush();
    expect(await session.execute(text('select bio, internal from "user"')).one()).toEqual([null, "x"]);
    named.user_name = "b";
    await session.commit();
    expect(await session.scalar(text('select internal from "user"'))).toBe("changed");
    expect(log.texts().filter((sql) => /bio/.test(sql))).toEqual(['select bio, internal from "user"']);
    expect(() => {
      const again = tables();
      @again.reg.Entity({ table: again.users, excludeProperties: ["nmae"] })
      class Wrong {
        declare user_id: number;
      }
      inspect(Wrong);
    }).toThrow('Wrong: excludeProperties names "nmae", and the table "user" has no such column.');
  });

  test("names what identifies a row where the table does not", async () => {
    const reg = registry();
    const groupUsers = table(
      "group_users",
      reg.metadata,
      { user_id: column(t.string(40), { nullable: false }), group_id: column(t.string(40), { nullable: false }) },
      new UniqueConstraint(["user_id", "group_id"]),
    );
    @reg.Entity({ table: groupUsers, primaryKey: ["user_id", "group_id"] })
    class GroupUsers {
      declare user_id: string;
      declare group_id: string;
    }
    const { Session } = await storeFor(reg);
    await using session = Session();
    const member = make(GroupUsers, { user_id: "u", group_id: "g" });
    session.add(member);
    await session.commit();
    expect(inspect(member).identity).toEqual(["u", "g"]);
    expect(await session.get(GroupUsers, ["u", "g"])).toBe(member);
    const keyless = registry();
    const other = table("keyless", keyless.metadata, { a: column(t.integer) });
    expect(() => {
      @keyless.Entity({ table: other })
      class Keyless {
        declare a: number;
      }
      inspect(Keyless);
    }).toThrow(MapperConfigurationError);
  });
});

describe("tables that are reflected", () => {
  async function database() {
    const { engine, ...rest } = await freshDatabase();
    await engine.execute(text("create table bar (id integer primary key, label varchar(20) not null)"));
    await engine.execute(text("create table foo (id integer primary key, bar_id integer references bar (id))"));
    await engine.execute(text("create table stranger (id integer primary key)"));
    await engine.execute(text("insert into bar values (1, 'b')"));
    await engine.execute(text("insert into foo values (7, 1)"));
    return { engine, ...rest };
  }

  test("are mapped one by one, from the metadata", async () => {
    const { engine } = await database();
    const reg = registry();
    await reg.metadata.reflect(engine, { only: ["bar"] });
    @reg.Entity({ table: reg.metadata.tables.get("bar")! })
    class Bar {
      declare id: number;
      declare label: string;
    }
    await using session = asyncSessionmaker(engine)();
    expect((await session.getOne(Bar, 1)).label).toBe("b");
  });

  test("come later, for classes that are declared first; tables that no class names stay away", async () => {
    const { engine } = await database();
    const reg = registry({ deferReflection: true });
    @reg.Entity("foo")
    class Foo {
      declare id: number;
      @ManyToOne(
        () => Bar,
        (b) => b.foos,
        { columnName: "bar_id" },
      )
      bar!: Relation<Bar> | null;
    }
    @reg.Entity("bar")
    class Bar {
      declare id: number;
      declare label: string;
      @OneToMany(
        () => Foo,
        (f) => f.bar,
      )
      foos!: Foo[];
    }
    expect(() => inspect(Foo)).toThrow(InvalidRequestError);
    await reg.prepare(engine);
    expect([...reg.metadata.tables.keys()].sort()).toEqual(["bar", "foo"]);
    await using session = asyncSessionmaker(engine)();
    const foo = await session.scalars(select(Foo).options(selectinload(Foo, (f) => f.bar))).one();
    expect([foo.id, foo.bar?.label]).toEqual([7, "b"]);
  });

  test("have attributes named by a handler, also where automap makes the classes", async () => {
    const { engine } = await database();
    const named = new MetaData();
    event.listen(named, "columnReflect", (info) => ({ ...info, key: `attr_${info.name.toLowerCase()}` }));
    const reg = registry({ metadata: named });
    await named.reflect(engine, { only: ["bar"] });
    @reg.Entity({ table: named.tables.get("bar")! })
    class Bar {
      declare attr_id: number;
      declare attr_label: string;
    }
    await using session = asyncSessionmaker(engine)();
    expect((await session.getOne(Bar, 1)).attr_label).toBe("b");
    await session.close();
    const base = automapBase();
    await base.prepare(engine);
    expect(inspect(base.classes.foo).relationships.map((r) => r.key)).toEqual(["bar"]);
  });

  test("a synchronous engine reflects while the class is declared", () => {
    const engine = createEngine("sqlite://");
    engine.execute(text("create table mytable (id integer primary key, name text)"));
    const reg = registry();
    @reg.Entity({ table: new Table("mytable", reg.metadata, [], { autoloadWith: engine }) })
    class MyClass {
      declare id: number;
      declare name: string;
    }
    expect([...inspect(MyClass).attributes.keys()]).toEqual(["id", "name"]);
    engine.dispose();
  });
});
