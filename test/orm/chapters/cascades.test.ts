/** The chapter "Cascades" of SQLAlchemy's ORM documentation, on both databases. */
import { describe, expect, test } from "vitest";
import {
  awaitable,
  Column,
  create,
  IntegrityError,
  inspect,
  ManyToMany,
  ManyToOne,
  OneToMany,
  type OptionalProps,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { storeFor } from "../support.js";

/** Order and items, with the cascade of the one and ON DELETE of the other as a test wants them. */
function shop(
  options: {
    cascade?: readonly ("all" | "delete" | "delete-orphan" | "save-update" | "merge" | "refresh-expire" | "expunge")[];
    passiveDeletes?: boolean | "all";
  } = {},
  onDelete?: "CASCADE",
) {
  const reg = registry();
  @reg.Entity("orders")
  class Order {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    @OneToMany(
      () => Item,
      (i) => i.order,
      { orderBy: "id", ...options },
    )
    items!: Item[];
  }
  @reg.Entity("items")
  class Item {
    declare [OptionalProps]?: "id" | "orderId";
    @PrimaryKey() id!: number;
    @Column({ foreignKey: () => Order, nullable: true, onDelete }) orderId!: number | null;
    @Column(t.text, { nullable: true }) label!: string | null;
    @ManyToOne(
      () => Order,
      (o) => o.items,
    )
    order!: Relation<Order> | null;
  }
  return { reg, Order, Item };
}

async function stored(...args: Parameters<typeof shop>) {
  const made = shop(...args);
  const store = await storeFor(made.reg);
  const { Order, Item } = made;
  await store.Session.begin((s) => s.add(create(Order, { id: 1, items: [1, 2].map((id) => create(Item, { id })) })));
  const session = store.Session();
  return { ...made, ...store, session };
}

describe("save-update", () => {
  test("adds what an added object reaches, and what is attached to one later", async () => {
    const { reg, Order, Item } = shop();
    const { Session } = await storeFor(reg);
    await using session = Session();
    const order = create(Order, { items: [create(Item, {}), create(Item, {})] });
    session.add(order);
    expect(order.items.every((item) => session.has(item))).toBe(true);
    const third = create(Item, {});
    order.items.push(third);
    expect([session.has(third), third.order]).toEqual([true, order]);
  });

  test("goes one way: an object that names one in the session is in its collection, and not in the session", async () => {
    const { reg, Order, Item } = shop();
    const { Session } = await storeFor(reg);
    await using session = Session();
    const order = create(Order, {});
    session.add(order);
    const item = create(Item, {});
    item.order = order;
    expect([order.items.includes(item), session.has(item)]).toEqual([true, false]);
    session.add(item);
    await session.flush();
    expect(item.orderId).toBe(order.id);
  });

  test("brings an object that was removed while detached along with its former parent, so that a flush sees to it", async () => {
    const { session, Session, Order } = await stored();
    const order = await session.scalars(select(Order).options(selectinload(Order, (o) => o.items))).one();
    const [item] = order.items;
    await session.close();
    order.items.shift();
    await using other = Session();
    other.add(order);
    expect(other.has(item)).toBe(true);
    await other.commit();
    expect(await other.scalars(text("select order_id from items order by id")).all()).toEqual([null, 1]);
  });

  test("can be switched off, and then says what is missing", async () => {
    const { reg, Order, Item } = shop({ cascade: ["merge"] });
    const { Session } = await storeFor(reg);
    await using session = Session();
    const order = create(Order, { items: [create(Item, {})] });
    session.add(order);
    expect(session.has(order.items[0])).toBe(false);
  });

  test("the order of INSERTs is that in which objects were added last: one that is expunged and added again comes later", async () => {
    const { reg, Item } = shop();
    const { Session } = await storeFor(reg);
    await using session = Session();
    const [x, y, z] = [create(Item, {}), create(Item, {}), create(Item, {})];
    session.addAll([x, y]);
    session.expunge(x);
    session.add(x);
    session.add(z);
    await session.flush();
    expect([y.id, x.id, z.id]).toEqual([1, 2, 3]);
  });
});

describe("delete", () => {
  test("deletes the members first, then their parent", async () => {
    const { session, engine, Order } = await stored({ cascade: ["all", "delete"] });
    await using _ = session;
    const order = await session.getOne(Order, 1);
    using log = recordStatements(engine);
    await session.delete(order);
    await session.commit();
    expect(log.statements.filter((s) => s.verb === "DELETE").map((s) => /FROM (\w+)/.exec(s.text)?.[1])).toEqual([
      "items",
      "orders",
    ]);
    expect(log.rows("DELETE")).toBe(3);
  });

  test("without it the members lose their key, and stay", async () => {
    const { session, engine, Order } = await stored();
    await using _ = session;
    using log = recordStatements(engine);
    await session.delete(await session.getOne(Order, 1));
    await session.commit();
    expect(log.statements.filter((s) => s.verb !== "SELECT").map((s) => s.verb)).toEqual(["UPDATE", "DELETE"]);
    expect(await session.scalars(text("select order_id from items")).all()).toEqual([null, null]);
  });

  test("does not hold for DELETE statements", async () => {
    const { session } = await stored({ cascade: ["all", "delete"] });
    await using _ = session;
    await expect(session.execute(text("delete from orders"))).rejects.toThrow(IntegrityError);
    await session.rollback();
  });

  test("along a many-to-many deletes links and targets; the other side's passiveDeletes spares its SELECTs", async () => {
    const reg = registry();
    @reg.Entity("left")
    class Parent {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
      @ManyToMany(
        () => Child,
        (c) => c.parents,
        { secondary: "association", cascade: ["all", "delete"], onDelete: "CASCADE" },
      )
      children!: Child[];
    }
    @reg.Entity("right")
    class Child {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
      @ManyToMany(
        () => Parent,
        (p) => p.children,
        { secondary: "association", passiveDeletes: true },
      )
      parents!: Parent[];
    }
    const { engine, Session } = await storeFor(reg);
    await Session.begin((s) => s.add(create(Parent, { id: 1, children: [create(Child, {}), create(Child, {})] })));
    await using session = Session();
    const parent = await session.getOne(Parent, 1);
    using log = recordStatements(engine);
    await session.delete(parent);
    await session.commit();
    expect(log.count("SELECT")).toBe(1);
    expect(log.texts("DELETE").map((sql) => /FROM "?(\w+)/.exec(sql)?.[1])[0]).toBe("association");
    expect(await session.scalar(text('select count(*) from "right"'))).toBe(0);
  });
});

describe("ON DELETE of the database", () => {
  test("passiveDeletes: true deletes loaded members, and leaves the others to the database", async () => {
    const { session, engine, Order } = await stored({ cascade: ["all", "delete"], passiveDeletes: true }, "CASCADE");
    await using _ = session;
    const order = await session.getOne(Order, 1);
    using log = recordStatements(engine);
    await session.delete(order);
    await session.commit();
    expect(log.statements.map((s) => s.verb)).toEqual(["DELETE"]);
    expect(await session.scalar(text("select count(*) from items"))).toBe(0);
  });

  test("without it they are loaded first", async () => {
    const { session, engine, Order } = await stored({ cascade: ["all", "delete"] }, "CASCADE");
    await using _ = session;
    const order = await session.getOne(Order, 1);
    using log = recordStatements(engine);
    await session.delete(order);
    await session.commit();
    expect(log.statements.map((s) => s.verb)).toEqual(["SELECT", "DELETE", "DELETE"]);
  });

  test('passiveDeletes: "all" touches no member, loaded or not', async () => {
    const { session, engine, Order } = await stored({ passiveDeletes: "all" });
    await using _ = session;
    const order = await session.scalars(select(Order).options(selectinload(Order, (o) => o.items))).one();
    using log = recordStatements(engine);
    await session.delete(order);
    await expect(session.flush()).rejects.toThrow(IntegrityError);
    expect(log.count("UPDATE")).toBe(0);
    await session.rollback();
  });
});

describe("delete-orphan", () => {
  test("deletes a member that is let go, whoever lets it go", async () => {
    const { session, Order } = await stored({ cascade: ["all", "delete-orphan"] });
    await using _ = session;
    const order = await session.scalars(select(Order).options(selectinload(Order, (o) => o.items))).one();
    order.items.shift();
    await session.commit();
    expect(await session.scalars(text("select id from items")).all()).toEqual([2]);
  });

  test("belongs to the side of the one; elsewhere it wants singleParent", () => {
    const reg = registry();
    @reg.Entity("houses")
    class House {
      @PrimaryKey() id!: number;
    }
    @reg.Entity("tenants")
    class Tenant {
      @PrimaryKey() id!: number;
      @ManyToOne(() => House, { cascade: ["all", "delete-orphan"] }) house!: Relation<House> | null;
    }
    expect(() => inspect(Tenant)).toThrow(/Tenant\.house.*singleParent/s);
  });
});

describe("merge, refresh-expire and expunge", () => {
  test("merge goes to the members by default, and where it is left out does not", async () => {
    const { session, Session, Order, Item } = await stored();
    await session.close();
    await using other = Session();
    const merged = await other.merge(create(Order, { id: 1, items: [create(Item, { id: 1, label: "new" })] }));
    expect(merged.items.map((i) => [i.id, i.label])).toEqual([[1, "new"]]);
    await other.commit();
    expect(await other.scalars(text("select order_id from items order by id")).all()).toEqual([1, null]);
    const without = await stored({ cascade: ["save-update"] });
    await using third = without.session;
    const kept = await third.merge(
      create(without.Order, { id: 1, items: [create(without.Item, { id: 1, label: "new" })] }),
    );
    expect((await awaitable(kept).items).map((i) => i.label)).toEqual([null, null]);
  });

  test("refresh-expire expires the members with their parent, and a refresh loads the parent only", async () => {
    const { session, Order } = await stored({ cascade: ["save-update", "merge", "refresh-expire"] });
    await using _ = session;
    const order = await session.getOne(Order, 1);
    for (const act of [async () => session.expire(order), () => session.refresh(order)]) {
      const [item] = await awaitable(order).items;
      await session.refresh(item);
      expect(inspect(item).attrs.label.loaded).toBe(true);
      await act();
      expect(inspect(item).attrs.label.loaded).toBe(false);
    }
  });

  test("expunge takes the members out of the session with their parent", async () => {
    const { session, Order } = await stored({ cascade: ["all"] });
    await using _ = session;
    const order = await session.scalars(select(Order).options(selectinload(Order, (o) => o.items))).one();
    session.expunge(order);
    expect([session.has(order), order.items.some((item) => session.has(item))]).toEqual([false, false]);
  });
});

describe("deleting what collections hold", () => {
  test("a flush changes no collection: what was deleted is gone after expiry, and pending no more than once", async () => {
    const { session, Order } = await stored({ cascade: ["all", "delete-orphan"] });
    await using _ = session;
    const order = await session.scalars(select(Order).options(selectinload(Order, (o) => o.items))).one();
    const [item] = order.items;
    await session.delete(item);
    await session.flush();
    expect(order.items.includes(item)).toBe(true);
    session.expire(order, ["items"]);
    expect((await awaitable(order).items).includes(item)).toBe(false);
  });

  test("removing it from the collection is the other way, where delete-orphan is set; a null where it is referred to", async () => {
    const { session, Order, Item } = await stored();
    await using _ = session;
    const order = await session.getOne(Order, 1);
    const item = await session
      .scalars(
        select(Item)
          .where((i) => i.id.eq(1))
          .options(selectinload(Item, (i) => i.order)),
      )
      .one();
    await awaitable(order).items;
    await session.delete(order);
    await session.flush();
    expect([item.orderId, item.order]).toEqual([null, order]);
    session.expire(item);
    expect(await awaitable(item).order).toBeNull();
  });
});
