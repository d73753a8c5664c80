import { describe, expect, test } from "vitest";
import {
  ArgumentError,
  Column,
  IntegrityError,
  inspect,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @OneToMany(
    () => Order,
    (o) => o.user,
    { cascade: ["all"], orderBy: "id" },
  )
  orders!: Order[];
  @OneToMany(
    () => Visit,
    (v) => v.user,
    { cascade: [] },
  )
  visits!: Visit[];
  @OneToMany(
    () => Letter,
    (l) => l.user,
  )
  letters!: Letter[];
}

@reg.Entity("orders")
class Order {
  @PrimaryKey() id!: number;
  @ManyToOne(
    () => User,
    (u) => u.orders,
  )
  user!: Relation<User> | null;
  @OneToMany(
    () => Item,
    (i) => i.order,
    { cascade: ["save-update", "merge", "delete"] },
  )
  items!: Item[];
}

@reg.Entity("items")
class Item {
  @PrimaryKey() id!: number;
  @ManyToOne(
    () => Order,
    (o) => o.items,
  )
  order!: Relation<Order> | null;
  @ManyToMany(() => Label, { secondary: "item_labels" }) labels!: Label[];
}

@reg.Entity("labels")
class Label {
  @PrimaryKey() id!: number;
}

@reg.Entity("visits")
class Visit {
  @PrimaryKey() id!: number;
  @ManyToOne(
    () => User,
    (u) => u.visits,
    { cascade: [] },
  )
  user!: Relation<User> | null;
}

@reg.Entity("letters")
class Letter {
  @PrimaryKey() id!: number;
  @ManyToOne(
    () => User,
    (u) => u.letters,
    { cascade: "none" },
  )
  user!: Relation<User> | null;
}

const graph = () =>
  make(User, { name: "Ann", orders: [make(Order, { items: [make(Item, { labels: [new Label()] })] }), new Order()] });

async function stored() {
  const store = await storeFor(reg, { expireOnCommit: false });
  await store.Session.begin((s) => s.add(graph()));
  return store;
}

describe("save-update", () => {
  test("[SC-01] objects reachable from an added parent are added, to any depth", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const user = graph();
    session.add(user);
    const [order] = user.orders;
    for (const object of [order, user.orders[1], order.items[0], order.items[0].labels[0]])
      expect(session.has(object)).toBe(true);
    expect(session.new.size).toBe(5);
    await session.commit();
    expect(await session.scalar(text("select count(*) from item_labels"))).toBe(1);
  });

  test("[SC-01] stops at a relationship without it", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const visit = new Visit();
    const user = make(User, { name: "Ann", visits: [visit] });
    session.add(user);
    expect(session.has(visit)).toBe(false);
    const warned: string[] = [];
    await using other = Session({ warn: (message) => void warned.push(message) });
    void other;
    await session.flush().catch(() => undefined);
    expect(inspect(visit).state).toBe("transient");
  });

  test("[SC-01] a many-to-one pulls its target in, from the default cascade", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const user = make(User, { name: "Ann" });
    const order = make(Order, { user });
    session.add(order);
    expect(session.has(user)).toBe(true);
  });

  test("[SC-02] an append to an object that is in the session adds at once", async () => {
    const { Session } = await stored();
    await using session = Session();
    const user = await session.getOne(User, 1, { options: [selectinload(User, (u) => u.orders)] });
    const order = make(Order, { items: [new Item()] });
    user.orders.push(order);
    expect(session.new).toEqual(new Set([order, order.items[0]]));
  });

  test("[SC-02] a removed member stays in the session, and is brought back by an add of its old parent", async () => {
    const { Session } = await stored();
    await using session = Session();
    const user = await session.getOne(User, 1, { options: [selectinload(User, (u) => u.orders)] });
    const [order] = user.orders;
    user.orders.shift();
    expect(session.has(order)).toBe(true);
    session.expunge(order);
    session.add(user);
    expect(session.has(order)).toBe(true);
  });

  test("a chain of 20,000 objects is added without overflowing", async () => {
    const own = registry();
    @own.Entity("chain")
    class Link {
      @PrimaryKey() id!: number;
      @ManyToOne(() => Link, { columnName: "next_id" }) next!: Relation<Link> | null;
    }
    const { Session } = await storeFor(own);
    let head = new Link();
    for (let i = 1; i < 20_000; i++) head = make(Link, { next: head });
    await using session = Session();
    session.add(head);
    expect(session.new.size).toBe(20_000);
  });
});

describe("delete", () => {
  test("[SC-03] children of a deleted parent are deleted, in the right order, to any depth", async () => {
    const { engine, Session } = await stored();
    await using session = Session();
    const user = await session.getOne(User, 1);
    await session.delete(user);
    expect([...session.deleted].map((o) => o.constructor.name).sort()).toEqual(["Item", "Order", "Order", "User"]);
    using log = recordStatements(engine);
    await session.commit();
    expect(log.texts("DELETE").map((sql) => /FROM (\w+)/.exec(sql)?.[1])).toEqual([
      "item_labels",
      "items",
      "orders",
      "users",
    ]);
    expect(await session.scalars(select(Label)).all()).toHaveLength(1);
  });

  test("[SC-03] cascades are worked out when delete is called, from the collections as they are then", async () => {
    const { Session } = await stored();
    await using session = Session();
    const user = await session.getOne(User, 1, { options: [selectinload(User, (u) => u.orders)] });
    const [first, second] = user.orders;
    user.orders.pop();
    await session.noAutoflush(() => session.delete(user));
    expect(session.deleted.has(first)).toBe(true);
    expect(session.deleted.has(second)).toBe(false);
  });

  test("[SC-03] does not follow a relationship without it: keys are set to NULL", async () => {
    const { Session } = await stored();
    await using session = Session();
    const user = await session.getOne(User, 1);
    const letter = make(Letter, { user });
    session.add(letter);
    await session.flush();
    await session.delete(user);
    await session.commit();
    expect(await session.scalars(text("select user_id from letters")).all()).toEqual([null]);
  });

  test("[SC-08] [SC-03] deleting a child leaves the parent, whose loaded collection still shows it until it is expired", async () => {
    const { Session } = await stored();
    await using session = Session();
    const user = await session.getOne(User, 1, { options: [selectinload(User, (u) => u.orders)] });
    const [, second] = user.orders;
    await session.delete(second);
    await session.flush();
    expect(user.orders).toHaveLength(2);
    session.expire(user, ["orders"]);
    await session.refresh(user, ["orders"]);
    expect(user.orders).toHaveLength(1);
  });

  test("a delete that cannot take in all that it reaches leaves everything as it was", async () => {
    const { Session } = await storeFor(reg);
    const user = make(User, { name: "Ann", orders: [make(Order), make(Order)] });
    {
      await using session = Session({ expireOnCommit: false });
      session.add(user);
      await session.commit();
    }
    {
      await using session = Session();
      const present = await session.getOne(Order, user.orders[1].id);
      await expect(session.delete(user)).rejects.toThrow(
        `Order(${present.id}) cannot be deleted: another object with that identity is already present in this session. ` +
          `Delete that one, or what merge() returns for the object that you hold.`,
      );
      expect(session.deleted.size).toBe(0);
      expect([user, ...user.orders].map((object) => inspect(object).detached)).toEqual([true, true, true]);
      await session.commit();
      expect(await session.scalars(select(Order)).all()).toHaveLength(2);
      await session.delete(await session.merge(user));
      await session.commit();
      expect(await session.scalars(select(Order)).all()).toEqual([]);
    }
  });

  test("so does one that reaches two objects of one row, or an object of another session", async () => {
    const { Session } = await stored();
    await using session = Session();
    await using other = Session();
    const load = async () => {
      const orders = selectinload(User, (u) => u.orders).selectinload((o) => o.items);
      const user = await session.scalars(select(User).options(orders)).one();
      session.expungeAll();
      return user;
    };
    const [one, same] = [await load(), await load()];
    await expect(session.deleteAll([one, same])).rejects.toThrow(/^User\(1\) cannot be deleted: another object with/);
    expect([inspect(one).detached, inspect(same).detached, session.deleted.size]).toEqual([true, true, 0]);
    other.add(one);
    // Items stay behind: the cascade to them has no "expunge".
    other.expunge(one);
    await expect(session.delete(one)).rejects.toThrow(/^Item\(1\) is already attached to another session/);
    expect([inspect(one).detached, inspect(one.orders[0]).detached, session.deleted.size]).toEqual([true, true, 0]);
  });

  test("a delete that the database refuses is an IntegrityError, and the session says so until rollback", async () => {
    const { Session } = await stored();
    await using session = Session();
    await expect(session.execute(text("delete from users"))).rejects.toThrow(IntegrityError);
    await session.rollback();
    expect(await session.scalars(select(User)).all()).toHaveLength(1);
  });
});

describe("a delete cascade along relations to one", () => {
  const own = registry();

  @own.Entity("links_a")
  class First {
    @PrimaryKey() id!: number;
    @ManyToOne(() => Second, { cascade: ["all"] }) next!: Relation<Second> | null;
  }
  @own.Entity("links_b")
  class Second {
    @PrimaryKey() id!: number;
    @ManyToOne(() => Third, { cascade: ["all"] }) next!: Relation<Third> | null;
  }
  @own.Entity("links_c")
  class Third {
    @PrimaryKey() id!: number;
  }

  const chain = () => make(First, { next: make(Second, { next: make(Third) }) });

  test.each<[string, (first: First, remove: () => Promise<void>) => Promise<void>, number[]]>([
    ["takes what is set after it too", (first, remove) => detached(first, remove), [0, 0, 0]],
    [
      "leaves what was let go of before it",
      async (first, remove) => {
        first.next = null;
        await remove();
      },
      [0, 1, 1],
    ],
    [
      "takes what is let go of after it",
      async (first, remove) => {
        await remove();
        first.next = null;
      },
      [0, 0, 0],
    ],
    [
      "leaves what was let go of further down",
      async (first, remove) => {
        (first.next as Second).next = null;
        await remove();
      },
      [0, 0, 1],
    ],
  ])("%s", async (_title, course, left) => {
    const { Session } = await storeFor(own);
    await using session = Session();
    const first = chain();
    session.add(first);
    await session.flush();
    await course(first, () => session.delete(first));
    await session.flush();
    const counts: unknown[] = [];
    for (const table of ["a", "b", "c"]) counts.push(await session.scalar(text(`select count(*) from links_${table}`)));
    expect(counts.map(Number)).toEqual(left);
  });

  /** The first lets go of the second and has it again once it is deleted. */
  async function detached(first: First, remove: () => Promise<void>): Promise<void> {
    const { next } = first;
    first.next = null;
    await remove();
    first.next = next;
  }
});

describe("expunge and refresh-expire", () => {
  test("[SC-07] expunge follows its cascade, and stops where there is none", async () => {
    const { Session } = await stored();
    await using session = Session();
    const user = await session.getOne(User, 1, {
      options: [selectinload(User, (u) => u.orders).selectinload((o) => o.items)],
    });
    const [order] = user.orders;
    const [item] = order.items;
    session.expunge(user);
    expect([user, order, item].map((o) => inspect(o).state)).toEqual(["detached", "detached", "persistent"]);
  });

  test("[SC-07] expire follows refresh-expire only", async () => {
    const { Session } = await stored();
    await using session = Session();
    const user = await session.getOne(User, 1, {
      options: [selectinload(User, (u) => u.orders).selectinload((o) => o.items)],
    });
    const [order] = user.orders;
    const [item] = order.items;
    session.expire(user);
    expect([user, order, item].map((o) => inspect(o).expired)).toEqual([true, true, false]);
  });
});

describe("names of cascades", () => {
  const relation = (cascade: readonly string[] | string) => () => {
    const own = registry();
    @own.Entity("p")
    class P {
      @PrimaryKey() id!: number;
      @OneToMany(
        () => C,
        (c) => c.p,
        { cascade: cascade as never },
      )
      cs!: C[];
    }
    @own.Entity("c")
    class C {
      @PrimaryKey() id!: number;
      @ManyToOne(
        () => P,
        (p) => p.cs,
      )
      p!: Relation<P> | null;
    }
    own.configure();
    return [P, C];
  };

  test("[RA-02] an unknown one is refused with those there are", () => {
    expect(relation(["all", "delete-orphans"])).toThrow(ArgumentError);
    expect(relation(["delete-orphans"])).toThrow(
      /^P\.cs: there is no cascade "delete-orphans"; the cascades are save-update, merge, delete, refresh-expire, expunge, delete-orphan, all, none\.$/,
    );
  });

  test("[RA-02] delete-orphan needs delete", () => {
    expect(relation(["save-update", "delete-orphan"])).toThrow(
      /^P\.cs: the cascade "delete-orphan" needs "delete" beside it; write cascade: \["all", "delete-orphan"\]\.$/,
    );
  });

  test("may be written as in SQLAlchemy, in one string", () => {
    expect(relation("all, delete-orphan")).not.toThrow();
  });

  test("delete-orphan on a many-to-one needs singleParent", () => {
    const own = registry();
    @own.Entity("t")
    class T {
      @PrimaryKey() id!: number;
    }
    @own.Entity("s")
    class S {
      @PrimaryKey() id!: number;
      @ManyToOne(() => T, { cascade: ["all", "delete-orphan"] }) x!: Relation<T> | null;
    }
    expect(() => own.configure()).toThrow(
      /^S\.x: the cascade "delete-orphan" on a many-to-one needs singleParent: true/,
    );
    expect(S.name).toBe("S");
  });

  test("they are a list of names or SQLAlchemy's string, and a name that there is not does not compile", () => {
    const own = registry();
    @own.Entity("lids")
    class Lid {
      @PrimaryKey() id!: number;
      @ManyToOne(
        () => Pot,
        (p) => p.lids,
      )
      pot!: Relation<Pot> | null;
    }
    @own.Entity("pots")
    class Pot {
      @PrimaryKey() id!: number;
      @OneToMany(
        () => Lid,
        (l) => l.pot,
        { cascade: "all, delete-orphan" },
      )
      lids!: Lid[];
      @OneToMany(() => Lid, { viewonly: true, cascade: "merge, refresh-expire, expunge" }) seen!: Lid[];
    }
    const { relationships } = inspect(Pot);
    expect(String(relationships.find((r) => r.key === "lids")?.cascades)).toBe(
      "delete, delete-orphan, expunge, merge, refresh-expire, save-update",
    );
    expect(String(relationships.find((r) => r.key === "seen")?.cascades)).toBe("expunge, merge, refresh-expire");
    // @ts-expect-error there is no cascade of that name
    expect(() => OneToMany(() => Lid, { cascade: "all, orphan" })).not.toThrow();
  });

  test("a viewonly relationship may have none that writes", () => {
    const own = registry();
    @own.Entity("t")
    class T {
      @PrimaryKey() id!: number;
    }
    @own.Entity("s")
    class S {
      @PrimaryKey() id!: number;
      @ManyToOne(() => T) x!: Relation<T> | null;
      @ManyToOne(() => T, { viewonly: true, foreignKeys: ["xId"], cascade: ["all"] }) y!: Relation<T> | null;
    }
    expect(() => own.configure()).toThrow(/^S\.y is viewonly, and is never written/);
    expect(S.name).toBe("S");
  });
});
