/** The chapter "Non-traditional mappings" of SQLAlchemy's ORM documentation, on both databases. */
import { describe, expect, test } from "vitest";
import {
  aliased,
  attrs,
  Column,
  column,
  create,
  func,
  insert,
  inspect,
  join,
  literal,
  ManyToOne,
  MapperConfigurationError,
  MetaData,
  OneToMany,
  type OptionalProps,
  outerjoin,
  PrimaryKey,
  type Relation,
  registry,
  StaleDataError,
  select,
  selectinload,
  t,
  table,
  text,
  union,
  update,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

function userAndAddress() {
  const metadata = new MetaData();
  const users = table("user", metadata, { id: column(t.integer, { primaryKey: true }), name: column(t.text) });
  const addresses = table("address", metadata, {
    id: column(t.integer, { primaryKey: true }),
    user_id: column(t.integer, { foreignKey: "user.id" }),
    email_address: column(t.text),
  });
  return { reg: registry({ metadata }), users, addresses };
}

describe("a class over a join", () => {
  const { reg, users, addresses } = userAndAddress();

  @reg.Entity({ table: join(users, addresses) })
  class AddressUser {
    declare [OptionalProps]?: "id" | "addressId";
    @Column({ column: [users.c.id, addresses.c.user_id] }) id!: number;
    @Column({ column: addresses.c.id }) addressId!: number;
    @Column() name!: string;
    @Column({ name: "email_address" }) email!: string;
  }

  test("[NT-01] reads two tables, and writes both: the key of the one is copied to the other", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    const made = create(AddressUser, { name: "ed", email: "ed@x" });
    session.add(made);
    using log = recordStatements(engine);
    await session.commit();
    expect(log.texts("INSERT").map((sql) => /INTO "?(\w+)/.exec(sql)?.[1])).toEqual(["user", "address"]);
    expect(inspect(made).identity).toEqual([1, 1]);
    expect(await session.execute(text("select id, user_id, email_address from address")).one()).toEqual([1, 1, "ed@x"]);
    session.expungeAll();
    log.reset();
    const found = await session.scalars(select(AddressUser).where((a) => a.email.eq("ed@x"))).one();
    expect([found.id, found.addressId, found.name, found.email]).toEqual([1, 1, "ed", "ed@x"]);
    expect(log.texts()[0]).toMatch(/FROM "?user"? JOIN address ON/);
    log.reset();
    found.email = "new@x";
    await session.flush();
    found.name = "eddie";
    found.email = "newer@x";
    await session.commit();
    expect(log.texts("UPDATE").map((sql) => /^UPDATE "?(\w+)/.exec(sql)?.[1])).toEqual(["address", "user", "address"]);
    expect(await session.get(AddressUser, [1, 1])).toBe(found);
    await session.refresh(found);
    expect([found.name, found.email]).toEqual(["eddie", "newer@x"]);
    log.reset();
    await session.delete(found);
    await session.commit();
    expect(log.texts("DELETE").map((sql) => /FROM "?(\w+)/.exec(sql)?.[1])).toEqual(["address", "user"]);
  });

  test("[NT-01] is grouped, aliased, filtered by its names, and stored in many rows", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.addAll(["a", "b", "c"].map((name) => create(AddressUser, { name, email: `${name}@x` })));
    await session.commit();
    const a = attrs(AddressUser);
    const count = await session.execute(select(a.id, func.count(a.addressId)).groupBy(a.id).orderBy(a.id)).all();
    expect(count.map(([id, n]) => [id, Number(n)])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
    ]);
    const other = aliased(AddressUser, "other");
    const pairs = await session
      .execute(select(a.name, other.name).where(a.id.lt(other.id)).orderBy(a.id, other.id))
      .all();
    expect(pairs).toEqual([
      ["a", "b"],
      ["a", "c"],
      ["b", "c"],
    ]);
    expect(await session.scalars(select(other).where(other.name.eq("b"))).one()).toBeInstanceOf(AddressUser);
    expect((await session.scalars(select(AddressUser).filterBy({ name: "c" })).one()).email).toBe("c@x");
  });

  test("[NT-01] is not the target of a statement, and says so", () => {
    const message = "AddressUser is mapped over a query, which no statement can write.";
    expect(() => insert(AddressUser)).toThrow(message);
    expect(() => update(AddressUser)).toThrow(message);
  });

  test("[NT-01] columns of one name must be told apart; what is not there is named", () => {
    const one = userAndAddress();
    expect(() => {
      @one.reg.Entity({ table: join(one.users, one.addresses) })
      class Wrong {
        @Column() id!: number;
      }
      void Wrong;
    }).toThrow(
      "Wrong.id: there is no column id in what Wrong is mapped to. It has: user_id, name, address_id, user_id_1, email_address.",
    );
  });

  test("[NT-01] an imperative mapping lists columns that are equal", async () => {
    const one = userAndAddress();
    class Plain {
      declare id: number;
      declare addressId: number;
      declare name: string;
      declare email_address: string;
    }
    one.reg.mapImperatively(Plain, join(one.users, one.addresses), {
      properties: { id: [one.users.c.id, one.addresses.c.user_id], addressId: one.addresses.c.id },
    });
    const { Session } = await storeFor(one.reg);
    await using session = Session();
    session.add(create(Plain, { name: "ed", email_address: "e" } as never));
    await session.commit();
    const plain = await session.scalars(select(Plain)).one();
    expect([plain.id, plain.addressId, plain.name, plain.email_address]).toEqual([1, 1, "ed", "e"]);
  });
});

describe("a class over an outer join", () => {
  const reg = registry();
  const p = table("p", reg.metadata, { id: column(t.integer, { primaryKey: true }), a: column(t.text) });
  const q = table("q", reg.metadata, {
    id: column(t.integer, { primaryKey: true, foreignKey: "p.id", autoincrement: false }),
    b: column(t.text),
  });

  @reg.Entity({ table: outerjoin(p, q), primaryKey: ["id"] })
  class PtoQ {
    declare [OptionalProps]?: "id";
    @Column({ column: [p.c.id, q.c.id] }) id!: number;
    @Column() a!: string;
    @Column({ nullable: true }) b!: string | null;
  }

  test("names what identifies a row, as rows may lack the rest", () => {
    const reg = registry();
    const one = table("one", reg.metadata, { id: column(t.integer, { primaryKey: true }) });
    const two = table("two", reg.metadata, { id2: column(t.integer, { primaryKey: true, foreignKey: "one.id" }) });
    expect(() => {
      @reg.Entity({ table: outerjoin(one, two) })
      class Wrong {
        declare id: number;
      }
      void Wrong;
    }).toThrow(MapperConfigurationError);
  });

  test("reads rows without the other side; an UPDATE does not insert it: that is said, and is the program's to do", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    await session.execute(text("insert into p (a) values ('a')"));
    await session.commit();
    const found = await session.scalars(select(PtoQ)).one();
    expect([found.id, found.a, found.b]).toEqual([1, "a", null]);
    found.a = "a2";
    await session.commit();
    expect(await session.scalar(text("select a from p"))).toBe("a2");
    await session.refresh(found);
    found.b = "b";
    await expect(session.flush()).rejects.toThrow(StaleDataError);
    await session.rollback();
    await session.refresh(found);
    await session.execute(q.insert().values({ id: found.id }));
    found.b = "b";
    await session.commit();
    expect(await session.execute(text("select id, b from q")).one()).toEqual([1, "b"]);
    session.add(create(PtoQ, { a: "both", b: "sides" }));
    await session.commit();
    expect(await session.scalar(text("select b from q where id = 2"))).toBe("sides");
  });
});

describe("a class over a query", () => {
  const reg = registry();
  const customers = table("customers", reg.metadata, {
    id: column(t.integer, { primaryKey: true }),
    name: column(t.text, { nullable: false }),
  });
  const orders = table("orders", reg.metadata, {
    id: column(t.integer, { primaryKey: true }),
    price: column(t.integer),
    customer_id: column(t.integer, { foreignKey: "customers.id" }),
  });
  const counted = select(
    func.count(orders.c.id).as("order_count"),
    func.max(orders.c.price).as("highest_order"),
    orders.c.customer_id,
  )
    .where(orders.c.price.gt(5))
    .groupBy(orders.c.customer_id)
    .subquery();

  @reg.Entity({
    table: select(customers, counted)
      .selectFrom(join(customers, counted, customers.c.id.eq(counted.c.customer_id)))
      .subquery(),
  })
  class Customer {
    declare [OptionalProps]?: "id";
    @Column() id!: number;
    @Column() name!: string;
    @Column({ name: "order_count" }) readonly orderCount!: number;
    @Column({ name: "highest_order" }) readonly highestOrder!: number;
    @Column({ name: "customer_id" }) readonly customerId!: number;
    @OneToMany(() => Order, { foreignKeys: ["customer_id"] }) orders!: Order[];
  }

  @reg.Entity({ table: orders })
  class Order {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    @Column() price!: number;
    declare customer_id: number;
    @ManyToOne(() => Customer, { foreignKeys: ["customer_id"] }) customer!: Relation<Customer> | null;
  }

  @reg.Entity({
    table: select(orders.c.customer_id, func.sum(orders.c.price).as("total")).groupBy(orders.c.customer_id),
    primaryKey: ["customer_id"],
  })
  class Total {
    declare readonly customer_id: number;
    declare readonly total: number;
  }

  async function filled() {
    const store = await storeFor(reg);
    await store.engine.execute(customers.insert().values([{ name: "ann" }, { name: "bob" }]));
    await store.engine.execute(
      orders.insert().values([
        { price: 10, customer_id: 1 },
        { price: 30, customer_id: 1 },
        { price: 7, customer_id: 2 },
        { price: 1, customer_id: 2 },
      ]),
    );
    return store;
  }

  test("[NT-02] has the columns of all that it selects, and writes the table whose key it has", async () => {
    const { engine, Session } = await filled();
    await using session = Session();
    const ann = await session.scalars(select(Customer).where((c) => c.orderCount.gt(1))).one();
    expect([ann.id, ann.name, Number(ann.orderCount), ann.highestOrder, ann.customerId]).toEqual([1, "ann", 2, 30, 1]);
    using log = recordStatements(engine);
    ann.name = "anna";
    const carl = make(Customer, { name: "carl" });
    session.add(carl);
    await session.commit();
    expect(
      log.statements
        .filter((s) => s.verb !== "SELECT")
        .map((s) => /(?:INTO|UPDATE) (\w+)/.exec(s.text)?.[1])
        .sort(),
    ).toEqual(["customers", "customers"]);
    expect(await session.scalars(text("select name from customers order by id")).all()).toEqual([
      "anna",
      "bob",
      "carl",
    ]);
    // @ts-expect-error what it only reads is readonly
    expect(() => (ann.orderCount = 3)).toThrow(/Customer\.orderCount is an SQL expression and cannot be assigned/);
    await session.refresh(ann);
    expect(Number(ann.orderCount)).toBe(2);
  });

  test("[NT-02] values of the query stay in it, whatever the statement is given", async () => {
    const { Session } = await filled();
    await using session = Session();
    for (const name of ["bob", "ann", "bob"])
      expect((await session.scalars(select(Customer).where((c) => c.name.eq(name))).one()).name).toBe(name);
    const other = aliased(Customer, "rich");
    expect(await session.scalars(select(other.name).where(other.highestOrder.gt(20))).all()).toEqual(["ann"]);
  });

  test("[NT-02] has relationships, by the keys of the table", async () => {
    const { Session } = await filled();
    await using session = Session();
    const found = await session
      .scalars(
        select(Customer)
          .options(selectinload(Customer, (c) => c.orders))
          .orderBy((c) => c.id),
      )
      .all();
    expect(found.map((c) => c.orders.map((o) => o.price).sort((a, b) => a - b))).toEqual([
      [10, 30],
      [1, 7],
    ]);
    const order = await session
      .scalars(
        select(Order)
          .where((o) => o.price.eq(7))
          .options(selectinload(Order, (o) => o.customer)),
      )
      .one();
    expect(order.customer).toBe(found[1]);
    found[0].orders.push(create(Order, { price: 3 } as never));
    await session.commit();
    expect(await session.scalar(text("select customer_id from orders where price = 3"))).toBe(1);
  });

  test("[NT-02] one that has no table's key is read only", async () => {
    const { Session } = await filled();
    await using session = Session();
    const totals = await session.scalars(select(Total).orderBy((o) => o.customer_id)).all();
    expect(totals.map((each) => [each.customer_id, Number(each.total)])).toEqual([
      [1, 40],
      [2, 8],
    ]);
    expect(Number((await session.getOne(Total, 2)).total)).toBe(8);
    session.add(make(Total, { customer_id: 9 }));
    await expect(session.flush()).rejects.toThrow(
      "Total is mapped over a query that has the whole key of no table, so its objects are read only.",
    );
    await session.rollback();
  });
});

describe("keys that are NULL in part", () => {
  const reg = registry();
  const users = table("users", reg.metadata, { id: column(t.integer, { primaryKey: true }), name: column(t.text) });
  const addresses = table("addresses", reg.metadata, {
    id: column(t.integer, { primaryKey: true }),
    user_id: column(t.integer, { foreignKey: "users.id" }),
    email: column(t.text, { nullable: true }),
  });
  const pairs = {
    table: outerjoin(users, addresses),
    primaryKey: ["id", "addressId"],
  };

  @reg.Entity(pairs)
  class UserAddress {
    @Column({ column: users.c.id }) id!: number;
    @Column({ column: addresses.c.id }) addressId!: number | null;
    @Column() name!: string;
    @Column() email!: string | null;
  }

  @reg.Entity({ ...pairs, allowPartialPks: false })
  class WholePair {
    @Column({ column: users.c.id }) id!: number;
    @Column({ column: addresses.c.id }) addressId!: number | null;
  }

  async function filled() {
    const store = await storeFor(reg);
    await store.engine.execute(users.insert().values([{ name: "ann" }, { name: "bob" }]));
    await store.engine.execute(addresses.insert().values([{ user_id: 1, email: "a@x" }]));
    return store;
  }

  test("[NT-01] are those of objects, which are found, refreshed and read again by them", async () => {
    const { engine, Session } = await filled();
    await using session = Session();
    const both = await session.scalars(select(UserAddress).orderBy((u) => u.id)).all();
    expect(both.map((each) => [each.id, each.addressId, each.email])).toEqual([
      [1, 1, "a@x"],
      [2, null, null],
    ]);
    const bob = both[1];
    expect(inspect(bob).identity).toEqual([2, null]);
    using log = recordStatements(engine);
    expect(await session.get(UserAddress, [2, null])).toBe(bob);
    expect(log.count()).toBe(0);
    await engine.execute(users.update().where(users.c.id.eq(2)).values({ name: "rob" }));
    await session.refresh(bob);
    expect(bob.name).toBe("rob");
    session.expire(bob, ["name"]);
    await session.refresh(bob, ["name"]);
    expect(bob.name).toBe("rob");
    session.expungeAll();
    const found = await Promise.all([session.get(UserAddress, [2, null]), session.get(UserAddress, [1, 1])]);
    expect(found.map((each) => each?.name)).toEqual(["rob", "ann"]);
    expect(await session.get(UserAddress, [1, null])).toBeNull();
    const merged = await session.merge(make(UserAddress, { id: 2, addressId: null, name: "bo" }));
    expect(merged).toBe(found[0]);
    merged.email = "b@x";
    await expect(session.flush()).rejects.toThrow(/cannot be updated: its primary key attribute "addressId" is null/);
    await session.rollback();
  });

  test("[NT-01] are of no object with allowPartialPks: false", async () => {
    const { Session } = await filled();
    await using session = Session();
    const rows = await session.scalars(select(WholePair).orderBy((u) => u.id)).all();
    expect(rows.map((each) => each && [each.id, each.addressId])).toEqual([[1, 1], null]);
  });
});

describe("a class over rows of several queries", () => {
  const reg = registry();
  const nodes = table("nodes", reg.metadata, {
    id: column(t.integer, { primaryKey: true }),
    parent: column(t.integer, { foreignKey: "nodes.id", nullable: true }),
  });
  const start = select(nodes.c.id, nodes.c.parent, literal(0).as("depth")).cte("above", { recursive: true });
  const above = start.unionAll(
    select(nodes.c.id, start.c.parent, start.c.depth.add(1)).selectFrom(
      join(nodes, start, nodes.c.parent.eq(start.c.id)),
    ),
  );

  @reg.Entity({ table: above, primaryKey: ["id", "parent"] })
  class Above {
    declare readonly id: number;
    declare readonly parent: number | null;
    declare readonly depth: number;
  }

  @reg.Entity({ table: nodes })
  class Node {
    declare id: number;
    declare parent: number | null;
  }

  test("[NT-02] is read from a recursive CTE", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.addAll([1, 2, 3, 4].map((id) => make(Node, { id, parent: id === 1 ? null : id - 1 })));
    await session.commit();
    const of4 = await session
      .scalars(
        select(Above)
          .where((a) => a.id.eq(4))
          .orderBy((a) => a.depth),
      )
      .all();
    expect(of4.map((each) => each.parent)).toEqual([3, 2, 1, null]);
    expect((await session.getOne(Above, [4, null])).depth).toBe(3);
  });

  test("[NT-02] writes no table: a row of a union is not one of the first", () => {
    const own = registry();
    const u = union(select(nodes.c.id), select(start.c.id).selectFrom(start)).subquery();
    class Both {
      declare id: number;
    }
    own.mapImperatively(Both, select(u.c.id), { primaryKey: ["id"] });
    expect(() => new Both()).not.toThrow();
    const { table: mapped } = inspect(Both);
    expect((mapped as unknown as { written: unknown[] }).written).toEqual([]);
  });
});

describe("several mappings of one class", () => {
  test("[NT-03] are one mapping and aliases: another shape of reading is an alias over a subquery", async () => {
    const reg = registry();
    @reg.Entity("things")
    class Thing {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
      @Column() size!: number;
    }
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.addAll([1, 2, 3].map((size) => create(Thing, { size })));
    await session.commit();
    const top = aliased(
      Thing,
      select(Thing)
        .orderBy((x) => x.size.desc())
        .limit(2)
        .subquery("top"),
    );
    expect((await session.scalars(select(top).orderBy(top.size)).all()).map((x) => x.size)).toEqual([2, 3]);
    expect(() => reg.mapImperatively(Thing, null)).toThrow("Thing is mapped already.");
  });

  test("a class for each table is a class below", async () => {
    const reg = registry();
    const into = (name: string) => {
      const tableOf = table(name, reg.metadata, { id: column(t.integer, { primaryKey: true }), body: column(t.text) });
      class Entity {
        declare id: number;
        declare body: string;
      }
      reg.mapImperatively(Entity, tableOf);
      return Entity;
    };
    const [One, Two] = [into("t1"), into("t2")];
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.addAll([create(One, { body: "1" } as never), create(Two, { body: "2" } as never)]);
    await session.commit();
    expect(await session.scalars(text("select body from t2")).all()).toEqual(["2"]);
  });
});
