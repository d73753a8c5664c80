/** SQL expressions as mapped attributes: hybrids, column properties, query-time expressions, plain getters. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type Attrs,
  aliased,
  attrs,
  awaitable,
  Column,
  ColumnProperty,
  caseWhen,
  create,
  func,
  Hybrid,
  HybridMethod,
  type HybridOf,
  inspect,
  ManyToOne,
  type NumExpr,
  OneToMany,
  type OptionalProps,
  PrimaryKey,
  QueryExpression,
  type Relation,
  registry,
  type StrExpr,
  select,
  selectinload,
  t,
  undefer,
  update,
  withExpression,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { storeFor } from "../support.js";

const reg = registry();

@reg.Entity("users")
class User {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column(t.string(50)) first!: string;
  @Column(t.string(50)) last!: string;
  @OneToMany(
    () => Address,
    (a) => a.user,
    { orderBy: "id" },
  )
  addresses!: Address[];

  @Hybrid((u: Attrs<User>) => u.first.concat(" ").concat(u.last))
  get fullName(): string {
    return `${this.first} ${this.last}`;
  }

  @ColumnProperty((u: Attrs<User>) => u.last.concat(", ").concat(u.first))
  readonly sortName!: string;

  @ColumnProperty((u: Attrs<User>) => u.sortName.concat("!"))
  readonly greeting!: string;

  @ColumnProperty((u: Attrs<User>) => {
    const a = attrs(Address);
    return select(func.count(a.id)).where(a.userId.eq(u.id)).correlateExcept(Address).scalarSubquery();
  })
  readonly addressCount!: number;

  @ColumnProperty((u: Attrs<User>) => func.upper(u.last), { deferred: true })
  readonly loud!: string;

  @QueryExpression(t.integer) readonly score!: number | null;
}

@reg.Entity("addresses")
class Address {
  declare [OptionalProps]?: "id" | "userId";
  @PrimaryKey() id!: number;
  @Column(t.string(80)) email!: string;
  @Column({ nullable: true, foreignKey: "users.id" }) userId!: number;
  @ManyToOne(
    () => User,
    (u) => u.addresses,
  )
  user!: Relation<User> | null;
}

@reg.Entity("intervals")
class Interval {
  declare [OptionalProps]?: "id" | "length";
  @PrimaryKey() id!: number;
  @Column() start!: number;
  @Column() end!: number;

  @Hybrid((i: Attrs<Interval>) => i.end.sub(i.start), {
    update: (i, value) => ({ end: i.start.add(value as number) }),
  })
  get length(): number {
    return this.end - this.start;
  }
  set length(value: number) {
    this.end = this.start + value;
  }

  @Hybrid((i: Attrs<Interval>) => caseWhen([[i.length.gt(10), "long"]], { else: "short" }))
  get size(): string {
    return this.length > 10 ? "long" : "short";
  }

  @HybridMethod((i: Attrs<Interval>, point: Parameters<NumExpr<number>["le"]>[0]) =>
    i.start.le(point).and(i.end.gt(point)),
  )
  contains(point: number): HybridOf<boolean> {
    return this.start <= point && point < this.end;
  }
}

async function people() {
  const store = await storeFor(reg);
  await store.Session.begin((s) =>
    s.addAll([
      create(User, {
        first: "Ada",
        last: "Lovelace",
        addresses: [create(Address, { email: "a@x" }), create(Address, { email: "b@x" })],
      }),
      create(User, { first: "Bob", last: "Zed", addresses: [] }),
    ]),
  );
  return store;
}

async function intervals() {
  const store = await storeFor(reg);
  await store.Session.begin((s) =>
    s.addAll([create(Interval, { start: 5, end: 10 }), create(Interval, { start: 0, end: 100 })]),
  );
  return store;
}

describe("hybrids", () => {
  test("[SE-01] [XH-01] one name computes on the object and renders SQL in a query", async () => {
    const { Session } = await people();
    await using session = Session();
    const u = attrs(User);
    expectTypeOf(u.fullName).toExtend<StrExpr<string, User>>();
    const ada = await session.scalars(select(User).where((x) => x.fullName.eq("Ada Lovelace"))).one();
    expect(ada.fullName).toBe("Ada Lovelace");
    expect(await session.execute(select(u.fullName).orderBy(u.fullName.desc())).all()).toEqual([
      ["Bob Zed"],
      ["Ada Lovelace"],
    ]);
    expect(await session.execute(select({ name: u.fullName, id: u.id }).orderBy(u.id)).all()).toEqual([
      { name: "Ada Lovelace", id: 1 },
      { name: "Bob Zed", id: 2 },
    ]);
    expect(await session.execute(select(u.fullName, u.id).orderBy(u.id)).mappings().first()).toEqual({
      fullName: "Ada Lovelace",
      id: 1,
    });
  });

  test("[XH-01] a hybrid method takes its arguments in SQL too, and a hybrid may use another", async () => {
    const { Session } = await intervals();
    await using session = Session();
    const i = attrs(Interval);
    const [short, long] = await session.scalars(select(Interval).orderBy(i.id)).all();
    expect([short.contains(7), short.contains(50), long.contains(50)]).toEqual([true, false, true]);
    expect(await session.scalars(select(i.id).where(i.contains(50))).all()).toEqual([2]);
    expect(await session.scalars(select(i.id).where(i.contains(i.length))).all()).toEqual([1]);
    expect(await session.execute(select(i.size).orderBy(i.id)).all()).toEqual([["short"], ["long"]]);
    expectTypeOf(i.contains).parameter(0).toExtend<number | object>();
    // @ts-expect-error a point is a number
    void (() => i.contains(new Date()));
  });

  test("[XH-02] [AB-03] a hybrid with a setter is assigned on an object, and written by a bulk update and insert", async () => {
    const { Session } = await intervals();
    await using session = Session();
    const [short] = await session.scalars(select(Interval).orderBy((i) => i.id)).all();
    short.length = 20;
    await session.flush();
    expect(short.end).toBe(25);
    await session.execute(
      update(Interval)
        .values({ length: 3 })
        .where((i) => i.length.gt(50)),
    );
    await session.commit();
    const i = attrs(Interval);
    expect(await session.execute(select(i.start, i.end).orderBy(i.id)).all()).toEqual([
      [5, 25],
      [0, 3],
    ]);
    expect(create(Interval, { start: 1, end: 1, length: 4 }).end).toBe(5);
    expect(() =>
      update(User)
        .all()
        .values({ fullName: "x" } as never),
    ).toThrow(/^User\.fullName is a hybrid and cannot be written by a statement: give it update: /);
    // @ts-expect-error a getter alone cannot be given
    expect(() => create(User, { first: "a", last: "b", fullName: 3 })).toThrow(
      'create(User, ...): "fullName" has no setter and cannot be given.',
    );
  });

  test("[XH-03] the SQL side may be a correlated subquery, and correlates to an alias", async () => {
    const { Session } = await people();
    await using session = Session();
    const [a, b] = [aliased(User, "a"), aliased(User, "b")];
    const rows = await session
      .execute(select(a.addressCount, b.addressCount).join(b, a.id.lt(b.id)).orderBy(a.id))
      .all();
    expect(rows).toEqual([[2, 0]]);
    expect(await session.execute(select(b.fullName).where(b.last.eq("Zed"))).all()).toEqual([["Bob Zed"]]);
  });

  test("[XH-01] @Hybrid on something that is no getter is refused", () => {
    expect(() => Hybrid((u: Attrs<User>) => u.first)(User.prototype, "first2", {} as never)).toThrow(
      /^User\.first2: @Hybrid\(\) belongs on a getter/,
    );
  });
});

describe("column properties", () => {
  test("[SE-02] the value is part of the SELECT of the class, composed from others, and cannot be assigned", async () => {
    const { engine, Session } = await people();
    await using session = Session();
    using log = recordStatements(engine);
    const ada = await session.scalars(select(User).where((u) => u.sortName.like("Love%"))).one();
    expect(log.count()).toBe(1);
    expect([ada.sortName, ada.greeting]).toEqual(["Lovelace, Ada", "Lovelace, Ada!"]);
    expect(() => {
      (ada as { sortName: string }).sortName = "x";
    }).toThrow(/^User\.sortName is an SQL expression and cannot be assigned/);
    // @ts-expect-error it is readonly
    void (() => (ada.sortName = "x"));
    expect(() => create(User, { first: "a", last: "b", sortName: "c" })).toThrow(/SQL expression and cannot be given/);
  });

  test("[SE-02] after a flush of its object it is loaded anew", async () => {
    const { Session } = await people();
    await using session = Session({ expireOnCommit: false });
    const ada = await session.getOne(User, 1);
    expect(ada.sortName).toBe("Lovelace, Ada");
    ada.last = "King";
    expect(ada.sortName).toBe("Lovelace, Ada");
    await session.flush();
    expect(inspect(ada).unloaded.has("sortName")).toBe(true);
    expect(await awaitable(ada).sortName).toBe("King, Ada");
    expect(ada.greeting).toBe("King, Ada!");
    const eve = create(User, { first: "Eve", last: "Poe" });
    session.add(eve);
    await session.flush();
    expect(await awaitable(eve).greeting).toBe("Poe, Eve!");
    await session.refresh(eve, ["addressCount"]);
    expect(eve.addressCount).toBe(0);
  });

  test("[SE-03] a correlated subquery loads with the object, sorts and filters", async () => {
    const { engine, Session } = await people();
    await using session = Session();
    using log = recordStatements(engine);
    const users = await session.scalars(select(User).orderBy((u) => u.addressCount)).all();
    expect(users.map((u) => [u.first, u.addressCount])).toEqual([
      ["Bob", 0],
      ["Ada", 2],
    ]);
    expect(log.count()).toBe(1);
    expect(await session.scalars(select(User).where((u) => u.addressCount.gt(1))).all()).toEqual([users[1]]);
    const u = attrs(User);
    expect(Number(await session.scalar(select(func.count(u.addressCount))))).toBe(2);
  });

  test("[SE-03] it correlates where the class is joined or selected for a relationship, and in a wrapped statement", async () => {
    const { Session } = await people();
    await using session = Session();
    const byJoin = await session
      .scalars(
        select(Address)
          .orderBy((a) => a.id)
          .options(selectinload(Address, (a) => a.user)),
      )
      .all();
    expect(byJoin.map((a) => a.user?.addressCount)).toEqual([2, 2]);
    session.expungeAll();
    const { joinedload } = await import("../../../src/index.js");
    const joined = await session.scalars(select(Address).options(joinedload(Address, (a) => a.user))).all();
    expect(joined[0].user?.addressCount).toBe(2);
    session.expungeAll();
    const limited = await session
      .scalars(
        select(User)
          .orderBy((u) => u.addressCount.desc())
          .limit(1)
          .options(joinedload(User, (u) => u.addresses)),
      )
      .unique()
      .all();
    expect(limited.map((u) => [u.addressCount, u.addresses.length])).toEqual([[2, 2]]);
    const sub = aliased(User, select(User).subquery());
    expect((await session.scalars(select(sub).orderBy(sub.id)).all()).map((u) => u.addressCount)).toEqual([2, 0]);
    expect(() => update(sub)).toThrow(
      "An alias of User over a subquery can be read, not written. Write User itself, with a condition.",
    );
  });

  test("[SE-04] a deferred expression loads on demand", async () => {
    const { engine, Session } = await people();
    await using session = Session();
    using log = recordStatements(engine);
    const ada = await session.getOne(User, 1);
    expect(log.texts()[0]).not.toMatch(/upper/);
    expect(() => ada.loud).toThrow(/not loaded/);
    expect(await awaitable(ada).loud).toBe("LOVELACE");
    expect(log.texts()[1]).toMatch(/SELECT upper\(users\.last\)/);
    session.expungeAll();
    const [again] = await session.scalars(select(User).options(undefer(User, (u) => u.loud))).all();
    expect(again.loud).toBe("LOVELACE");
  });
});

describe("query-time expressions", () => {
  test("[SE-05] a value given by the statement lands on the object; without one the attribute is null", async () => {
    const { Session } = await people();
    await using session = Session();
    const [plain] = await session.scalars(select(User).orderBy((u) => u.id)).all();
    expect(plain.score).toBe(null);
    const scored = (factor: number) =>
      select(User)
        .orderBy((u) => u.id)
        .options(
          withExpression(
            User,
            (u) => u.score,
            (u) => u.id.mul(factor),
          ),
        );
    expect((await session.scalars(scored(10)).all()).map((u) => u.score)).toEqual([10, 20]);
    const fresh = await session.scalars(scored(7).executionOptions({ populateExisting: true })).all();
    expect(fresh.map((u) => u.score)).toEqual([7, 14]);
    session.expire(fresh[0]);
    await session.refresh(fresh[0]);
    expect(fresh[0].score).toBe(null);
  });

  test("[SE-05] it may be a subquery, stand under an eager load, and is refused for other attributes", async () => {
    const { Session } = await people();
    await using session = Session();
    const a = attrs(Address);
    const addresses = await session
      .scalars(
        select(Address).options(
          selectinload(Address, (x) => x.user).withExpression(
            (u) => u.score,
            (u) => select(func.count(a.id)).where(a.userId.eq(u.id)).scalarSubquery(),
          ),
        ),
      )
      .all();
    expect(addresses[0].user?.score).toBe(2);
    expect(() =>
      withExpression(
        User,
        (u) => u.first,
        (u) => u.last,
      ),
    ).toThrow(/^withExpression\(\) takes an attribute that is mapped with @QueryExpression\(\), not User\.first\.$/);
  });

  test("[SE-05] a default expression holds where a statement gives none", async () => {
    const own = registry();
    @own.Entity("things")
    class Thing {
      @PrimaryKey() id!: number;
      @QueryExpression(t.integer, { default: (x: Attrs<Thing>) => x.id.add(100) }) readonly rank!: number;
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    session.add(new Thing());
    await session.flush();
    session.expungeAll();
    expect((await session.scalars(select(Thing)).one()).rank).toBe(101);
    session.expungeAll();
    const option = withExpression(
      Thing,
      (x) => x.rank,
      (x) => x.id,
    );
    expect((await session.scalars(select(Thing).options(option)).one()).rank).toBe(1);
  });

  test("[SE-05] a query expression without a type is refused with the way out", () => {
    const own = registry();
    class Thing {
      id!: number;
      @QueryExpression() readonly rank!: number | null;
    }
    PrimaryKey(t.integer)(Thing.prototype, "id");
    own.Entity("things")(Thing);
    expect(() => own.configure()).toThrow(
      "Thing.rank: the type of the query expression cannot be inferred. Give it in the decorator, for example @QueryExpression(t.integer).",
    );
  });
});

describe("plain getters", () => {
  test("[SE-06] a getter computes from loaded state and finds its session", async () => {
    const own = registry();
    @own.Entity("items")
    class Item {
      @PrimaryKey() id!: number;
      @Column() price!: number;
      get gross(): number {
        return this.price * 2;
      }
      get inSession(): boolean {
        return inspect(this).session !== null;
      }
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    const item = Object.assign(new Item(), { price: 2 });
    expect([item.gross, item.inSession]).toEqual([4, false]);
    session.add(item);
    expect(item.inSession).toBe(true);
    // A getter that is no hybrid has no meaning in SQL, and says so.
    expect(() => attrs(Item).gross).toThrow(/^Item has no mapped attribute "gross"/);
  });
});
