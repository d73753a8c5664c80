/** The chapter "ORM mapped class overview" of SQLAlchemy's ORM documentation, on both databases. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  ArgumentError,
  type Attrs,
  attrs,
  awaitable,
  Column,
  column,
  create,
  event,
  Hybrid,
  inspect,
  ManyToOne,
  Mapper,
  MissingSyncContextError,
  OneToMany,
  type OptionalProps,
  PrimaryKey,
  type Relation,
  registry,
  relationship,
  select,
  t,
  table,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

describe("declarative mapping", () => {
  test("a class gives its table and its mapper, both in the registry", () => {
    const reg = registry();
    @reg.Entity("user")
    class User {
      @PrimaryKey() id!: number;
      @Column() name!: string;
      @Column(t.string(30), { nullable: true }) nickname!: string | null;
    }
    expect(reg.mappers.map((each) => each.cls)).toEqual([User]);
    expect(inspect(User).table).toBe(reg.metadata.tables.get("user"));
    expect(inspect(User).table.columns.map((c) => [c.name, c.nullable])).toEqual([
      ["id", false],
      ["name", false],
      ["nickname", true],
    ]);
  });
});

describe("imperative mapping", () => {
  function mapped() {
    const reg = registry();
    const users = table("user", reg.metadata, {
      id: column(t.integer, { primaryKey: true }),
      name: column(t.string(50)),
      fullname: column(t.string(50)),
      nickname: column(t.string(12)),
    });
    const addresses = table("address", reg.metadata, {
      id: column(t.integer, { primaryKey: true }),
      user_id: column(t.integer, { foreignKey: "user.id" }),
      email_address: column(t.string(50)),
    });
    class User {
      declare id: number;
      declare name: string;
      declare fullname: string;
      declare nickname: string;
      declare addresses: Address[];
    }
    class Address {
      declare id: number;
      declare user_id: number;
      declare email_address: string;
      declare user: Relation<User> | null;
    }
    reg.mapImperatively(User, users, {
      properties: { addresses: relationship(() => Address, { backPopulates: "user", orderBy: "id" }) },
    });
    reg.mapImperatively(Address, addresses, {
      properties: { user: relationship(() => User, { backPopulates: "addresses" }) },
    });
    return { reg, User, Address, users, addresses };
  }

  test("maps a plain class to a table, with relationships in properties", async () => {
    const { reg, User, Address } = mapped();
    const { Session } = await storeFor(reg);
    await using session = Session();
    const user = create(User, {
      id: 1,
      name: "n",
      fullname: "f",
      nickname: "k",
      addresses: [make(Address, { email_address: "b" }), make(Address, { email_address: "a" })],
    });
    session.add(user);
    await session.commit();
    session.expungeAll();
    const found = await session.getOne(User, 1);
    expect((await awaitable(found).addresses).map((a) => [a.user_id, a.email_address])).toEqual([
      [1, "b"],
      [1, "a"],
    ]);
    expect(found.addresses[0].user).toBe(found);
  });

  test("makes the same thing as the declarative form, and leaves the table as it was", () => {
    const { User, users, Address } = mapped();
    const mapper = inspect(User);
    expect(mapper).toBeInstanceOf(Mapper);
    expect(mapper.table).toBe(users);
    expect([...mapper.attributes.keys()]).toEqual(["id", "name", "fullname", "nickname", "addresses"]);
    expect(users.columns.map((c) => c.name)).toEqual(["id", "name", "fullname", "nickname"]);
    expect(mapper.relationships[0].target).toBe(inspect(Address));
  });

  test("a class has one mapper; a table may have several", async () => {
    const { reg, User, users } = mapped();
    expect(() => reg.mapImperatively(User, users)).toThrow(new ArgumentError("User is mapped already."));
    class Name {
      declare id: number;
      declare name: string;
    }
    reg.mapImperatively(Name, users, { includeProperties: ["name"] });
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(make(User, { name: "ann" }));
    await session.flush();
    const name = await session.scalars(select(Name)).one();
    expect(name.name).toBe("ann");
    expect([...inspect(Name).attributes.keys()]).toEqual(["id", "name"]);
  });
});

describe("the constructor", () => {
  const reg = registry();

  @reg.Entity("user_made")
  class User {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    @Column() name!: string;
    @Column() fullname!: string;
  }

  let constructed = 0;

  @reg.Entity("point", { construct: false })
  class Point {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    @Column() x!: number;
    @Column() y!: number;
    sum: number | undefined;
    constructor(x?: number, y?: number) {
      constructed++;
      if (x === undefined || y === undefined) return;
      [this.x, this.y] = [x, y];
      this.sum = x + y;
    }
    get product(): number {
      return this.x * this.y;
    }
    @Hybrid((p: Attrs<Point>) => p.x.sub(p.y)) get difference(): number {
      return this.x - this.y;
    }
  }

  test("create() takes all attributes by name, typed, and refuses others", () => {
    const user = create(User, { name: "some name", fullname: "some fullname" });
    expectTypeOf(user).toEqualTypeOf<User>();
    expect([user.name, user.fullname]).toEqual(["some name", "some fullname"]);
    // @ts-expect-error no such attribute
    expect(() => create(User, { name: "a", fullname: "b", nick: "c" })).toThrow(
      'User has no mapped attribute "nick". It has: id, name, fullname.',
    );
  });

  test("an own constructor is kept; it runs for new objects and not for loaded ones", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const point = new Point(2, 3);
    expect([point.x, point.y, point.sum]).toEqual([2, 3, 5]);
    session.add(point);
    await session.commit();
    session.expungeAll();
    constructed = 0;
    const loaded = await session.getOne(Point, 1);
    expect([constructed, loaded.x, loaded.sum]).toEqual([0, 2, undefined]);
    const strict = registry();
    @strict.Entity("strict")
    class Strict {
      @PrimaryKey() id!: number;
      cache = new Map();
    }
    expect(() => new Strict()).toThrow(
      /^Strict initialises "cache", which is not mapped\..*construct: true.*construct: false/s,
    );
  });

  test("a getter computes from what is loaded, and follows changes; a hybrid is known to statements too", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(new Point(7, 3));
    await session.commit();
    session.expungeAll();
    const point = await session.scalars(select(Point).where((p) => p.difference.eq(4))).one();
    expect([point.product, point.difference]).toEqual([21, 4]);
    point.x = 10;
    expect([point.product, point.difference]).toEqual([30, 7]);
  });

  test("load, refresh and refreshFlush handlers keep state that is not stored", async () => {
    const { Session } = await storeFor(reg);
    const heard: (readonly string[] | undefined)[] = [];
    const abort = new AbortController();
    const { signal } = abort;
    const add = (point: Point) => {
      point.sum = point.x + point.y;
    };
    event.listen(Point, "load", add, { signal });
    event.listen(
      Point,
      "refresh",
      (point, names) => {
        heard.push(names ?? undefined);
        add(point);
      },
      { signal },
    );
    await using session = Session();
    session.add(new Point(1, 2));
    await session.commit();
    session.expungeAll();
    const point = await session.getOne(Point, 1);
    expect(point.sum).toBe(3);
    await session.execute(
      reg.metadata.tables
        .get("point")!
        .update()
        .all()
        .values({ x: 9 } as never),
    );
    session.expire(point, ["x"]);
    expect(point.sum).toBe(3);
    await session.refresh(point, ["x"]);
    expect([point.sum, heard]).toEqual([11, [["x"]]]);
    abort.abort();
  });
});

describe("inspection", () => {
  const reg = registry();

  @reg.Entity("user_seen")
  class User {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    @Column(t.string(50)) name!: string;
    @Column(t.string(50), { nullable: true }) nickname!: string | null;
    @Hybrid((u: Attrs<User>) => u.name.concat("!")) get loud(): string {
      return `${this.name}!`;
    }
    @OneToMany(
      () => Address,
      (a) => a.user,
    )
    addresses!: Address[];
  }

  @reg.Entity("address_seen")
  class Address {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    @ManyToOne(
      () => User,
      (u) => u.addresses,
    )
    user!: Relation<User> | null;
  }

  @reg.Entity({ polymorphicOn: "kind", polymorphicIdentity: "base" })
  class Base {
    @PrimaryKey() id!: number;
    @Column(t.string(9)) kind!: string;
  }

  @reg.Entity({ polymorphicIdentity: "sub" })
  class Sub extends Base {}

  test("a mapper lists columns, attributes of every kind, and its table", () => {
    const mapper = inspect(User);
    expect(mapper).toBeInstanceOf(Mapper);
    expect(mapper.table.columns.map((c) => c.name)).toEqual(["id", "name", "nickname"]);
    expect(mapper.columnAttributes.map((a) => a.key)).toEqual(["id", "name", "nickname"]);
    expect(mapper.columnAttributes[1].column).toBe(mapper.table.column("name"));
    expect([...mapper.attributes.keys(), ...mapper.descriptors.keys()]).toEqual([
      "id",
      "name",
      "nickname",
      "addresses",
      "loud",
    ]);
    // SQLAlchemy's local_table is null for such a class; its selectable is what ours calls its table.
    expect([inspect(Sub).single, inspect(Sub).table]).toEqual([true, inspect(Base).table]);
    expect(attrs(User).name.key).toBe("name");
  });

  test("an object tells of its mapper, session and state, and of each attribute, without loading", async () => {
    const { engine, Session } = await storeFor(reg);
    await Session.begin((s) => s.add(create(User, { name: "ed", nickname: "nickname" })));
    await using session = Session();
    const user = await session.scalars(select(User)).one();
    using log = recordStatements(engine);
    const state = inspect(user);
    expect(state.mapper).toBe(inspect(User));
    expect(state.session).toBe(session);
    expect([state.persistent, state.pending]).toEqual([true, false]);
    expect(state.unloaded).toEqual(new Set(["addresses"]));
    expect(state.unmodified).toEqual(new Set(["id", "name", "nickname", "addresses"]));
    expect(state.attrs.nickname.value).toBe("nickname");
    user.nickname = "new nickname";
    expect(state.unmodified).toEqual(new Set(["id", "name", "addresses"]));
    const { history } = state.attrs.nickname;
    expect([history.added, history.unchanged, history.deleted]).toEqual([["new nickname"], [], ["nickname"]]);
    expect(log.count()).toBe(0);
    expect(state.attrs.addresses.loadedValue).toBeUndefined();
    expect(() => state.attrs.addresses.value).toThrow(MissingSyncContextError);
    expect(await session.runSync(() => state.attrs.addresses.value)).toEqual([]);
  });
});
