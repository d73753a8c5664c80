/** The chapter "Hybrid attributes" of SQLAlchemy's ORM documentation, on both databases. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type Attrs,
  aliased,
  attrs,
  type BoolExpr,
  Column,
  cast,
  create,
  fromDmlColumn,
  func,
  Hybrid,
  HybridMethod,
  type HybridOf,
  insert,
  ManyToOne,
  type NumExpr,
  OneToMany,
  type OptionalProps,
  or,
  PrimaryKey,
  type Relation,
  registry,
  type StrExpr,
  select,
  t,
  update,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();
type Operand = Parameters<NumExpr<number>["le"]>[0];

@reg.Entity("interval")
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

  @HybridMethod((i: Attrs<Interval>, point: Operand) => i.start.le(point).and(i.end.ge(point)))
  contains(point: number): HybridOf<boolean> {
    return this.start <= point && point <= this.end;
  }

  @HybridMethod((i: Attrs<Interval>, other: { readonly start: Operand; readonly end: Operand }) =>
    or(i.start.le(other.start).and(i.end.ge(other.start)), i.start.le(other.end).and(i.end.ge(other.end))),
  )
  intersects(other: { readonly start: number; readonly end: number }): HybridOf<boolean> {
    return this.contains(other.start) || this.contains(other.end);
  }

  @Hybrid((i: Attrs<Interval>) => cast(func.abs(i.length), t.double).div(2))
  get radius(): number {
    return Math.abs(this.length) / 2;
  }
}

const interval = (start: number, end: number) => create(Interval, { start, end });
const sqlOf = (statement: unknown) => String(statement).replace(/\s+/g, " ");

async function opened() {
  const { Session, engine } = await storeFor(reg);
  await Session.begin((s) => s.addAll([interval(5, 10), interval(7, 18), interval(25, 29)]));
  return { Session, engine, session: Session() };
}

describe("a hybrid", () => {
  test("computes on an object, and is an expression in statements", async () => {
    expect(interval(5, 10).length).toBe(5);
    const i = attrs(Interval);
    expect(sqlOf(select(i.length))).toMatch(/^SELECT interval\."end" - interval\.start AS length FROM interval$/);
    expect(sqlOf(select(Interval).where(i.length.gt(10)))).toMatch(/WHERE interval\."end" - interval\.start > \S+$/);
    expect(sqlOf(select(Interval).filterBy({ length: 5 }))).toMatch(/WHERE interval\."end" - interval\.start = \S+$/);
    const { session } = await opened();
    await using _ = session;
    expect(await session.scalars(select(i.length).orderBy(i.id)).all()).toEqual([5, 11, 4]);
    expectTypeOf(i.length).toExtend<NumExpr<number, Interval>>();
  });

  test("may be a method, with arguments that are values or expressions", async () => {
    const one = interval(5, 10);
    expect([one.contains(6), one.contains(15)]).toEqual([true, false]);
    expect([one.intersects(interval(7, 18)), one.intersects(interval(25, 29))]).toEqual([true, false]);
    const { session } = await opened();
    await using _ = session;
    const i = attrs(Interval);
    expectTypeOf(i.contains(15)).toExtend<BoolExpr<boolean, Interval>>();
    expect(await session.scalars(select(i.id).where(i.contains(15))).all()).toEqual([2]);
    const other = aliased(Interval, "other");
    const pairs = await session
      .execute(
        select(i.id, other.id)
          .where(i.intersects(other as never), i.id.ne(other.id))
          .orderBy(i.id),
      )
      .all();
    expect(pairs).toEqual(
      [
        [1, 2],
        [2, 1],
      ].filter(([a]) => a === 1 || interval(7, 18).intersects(interval(5, 10))),
    );
    // @ts-expect-error a point is a number
    void (() => one.contains("six"));
  });

  test("may mean something else in statements than on objects", async () => {
    expect(interval(10, 5).radius).toBe(2.5);
    const { session } = await opened();
    await using _ = session;
    expect(await session.scalars(select(Interval).where((i) => i.radius.gt(5))).all()).toHaveLength(1);
    const i = attrs(Interval);
    expect((await session.scalars(select(i.radius).orderBy(i.id)).all()).map(Number)).toEqual([2.5, 5.5, 2]);
  });

  test("is set on an object by its setter", () => {
    const one = interval(5, 10);
    one.length = 12;
    expect(one.end).toBe(17);
    expect(create(Interval, { start: 1, end: 0, length: 4 }).end).toBe(5);
  });
});

describe("a hybrid in INSERT and UPDATE", () => {
  const own = registry();

  class Point {
    constructor(
      readonly x: number,
      readonly y: number,
    ) {}
  }

  @own.Entity("product")
  class Product {
    declare [OptionalProps]?: "id" | "total" | "gross";
    @PrimaryKey() id!: number;
    @Column(t.double) price!: number;
    @Column(t.double) taxRate!: number;
    @Hybrid((p: Attrs<Product>) => p.price.mul(p.taxRate.add(1)), {
      update: (p, value) => ({ price: cast(value as number, t.double).div(fromDmlColumn(p.taxRate).add(1)) }),
    })
    get total(): number {
      return this.price * (1 + this.taxRate);
    }
    set total(value: number) {
      this.price = value / (1 + this.taxRate);
    }
    /** For lists of rows it need be no expression. */
    @Hybrid((p: Attrs<Product>) => p.price.mul(p.taxRate.add(1)), {
      update: (_, value, row) => ({ price: (value as number) / (1 + (row.taxRate as number)) }),
    })
    get gross(): number {
      return this.total;
    }
  }

  @own.Entity("location")
  class Location {
    declare [OptionalProps]?: "id" | "coordinates";
    @PrimaryKey() id!: number;
    @Column() x!: number;
    @Column() y!: number;
    @Hybrid((l: Attrs<Location>) => l.x.mul(1000).add(l.y), {
      update: (_, value) => ({ x: (value as Point).x, y: (value as Point).y }),
    })
    get coordinates(): number {
      return this.x * 1000 + this.y;
    }
  }

  test("is written as what it is made of: values() of an update", async () => {
    const { session, Session } = await opened();
    await using _ = session;
    await session.execute(
      update(Interval)
        .where((i) => i.id.eq(1))
        .values({ length: 100 }),
    );
    expect((await session.getOne(Interval, 1)).end).toBe(105);
    await session.close();
    void Session;
    const store = await storeFor(own);
    await using other = store.Session();
    const price = async () =>
      (await other.scalars(select(attrs(Product).price).orderBy(attrs(Product).id)).all()).at(-1);
    await other.execute(insert(Product).values({ taxRate: 0.25, total: 250 } as never));
    expect(await price()).toBeCloseTo(200);
    await other.execute(update(Product).all().values({ total: 125 }));
    expect(await price()).toBeCloseTo(100);
    // What the statement writes into the other column counts, not what is there.
    await other.execute(update(Product).all().values({ taxRate: 1, total: 50 }));
    expect(await price()).toBeCloseTo(25);
    await other.execute(insert(Product), [
      { taxRate: 0.5, total: 30 },
      { taxRate: 1, gross: 30 },
    ] as never);
    expect(await price()).toBeCloseTo(15);
  });

  test("a value of several columns, by values() and by lists", async () => {
    const store = await storeFor(own);
    await using session = store.Session();
    await session.execute(insert(Location), [
      { id: 1, coordinates: new Point(10, 20) },
      { id: 2, coordinates: new Point(30, 40) },
    ] as never);
    await session.execute(
      update(Location)
        .where((l) => l.id.eq(1))
        .values({ coordinates: new Point(25, 17) } as never),
    );
    await session.execute(update(Location), [{ id: 2, coordinates: new Point(35, 45) }] as never);
    const l = attrs(Location);
    expect(await session.execute(select(l.x, l.y).orderBy(l.id)).all()).toEqual([
      [25, 17],
      [35, 45],
    ]);
  });
});

describe("hybrids and relationships", () => {
  const own = registry();

  @own.Entity("account")
  class SavingsAccount {
    declare [OptionalProps]?: "id" | "userId";
    @PrimaryKey() id!: number;
    @Column({ foreignKey: "user.id" }) userId!: number;
    @Column(t.integer) balance!: number;
    @ManyToOne(
      () => User,
      (u) => u.accounts,
    )
    owner!: Relation<User> | null;
  }

  @own.Entity("user")
  class User {
    declare [OptionalProps]?: "id" | "balance";
    @PrimaryKey() id!: number;
    @Column(t.string(100)) name!: string;
    @OneToMany(
      () => SavingsAccount,
      (a) => a.owner,
      { lazy: "selectin", orderBy: "id" },
    )
    accounts!: SavingsAccount[];

    /** In statements it hangs on the join that the statement makes. */
    @Hybrid(() => attrs(SavingsAccount).balance)
    get balance(): number | null {
      return this.accounts[0]?.balance ?? null;
    }
    set balance(value: number | null) {
      if (value === null) throw new RangeError("no balance");
      if (this.accounts.length === 0) this.accounts.push(create(SavingsAccount, { balance: value }));
      else this.accounts[0].balance = value;
    }

    @Hybrid((u: Attrs<User>) => {
      const a = attrs(SavingsAccount);
      return select(func.coalesce(func.sum(a.balance), 0))
        .where(a.userId.eq(u.id))
        .scalarSubquery();
    })
    get total(): number {
      return this.accounts.reduce((sum, each) => sum + each.balance, 0);
    }
  }

  async function users() {
    const store = await storeFor(own);
    await store.Session.begin((s) =>
      s.addAll([
        create(User, {
          name: "rich",
          accounts: [create(SavingsAccount, { balance: 6000 }), create(SavingsAccount, { balance: 1 })],
        }),
        make(User, { name: "poor", balance: 10 }),
        create(User, { name: "none" }),
      ]),
    );
    return store.Session();
  }

  test("one that needs a join is used where the statement joins", async () => {
    await using session = await users();
    const u = attrs(User);
    expect(await session.execute(select(u.name, u.balance).join(u.accounts).where(u.balance.gt(5000))).all()).toEqual([
      ["rich", 6000],
    ]);
    const few = await session
      .execute(
        select(u.name, u.balance)
          .outerjoin(u.accounts)
          .where(or(u.balance.lt(5000), u.balance.isNull()))
          .orderBy(u.name),
      )
      .all();
    expect(few).toEqual([
      ["none", null],
      ["poor", 10],
      ["rich", 1],
    ]);
    const poor = await session.scalars(select(User).where((e) => e.name.eq("poor"))).one();
    expect(poor.balance).toBe(10);
    poor.balance = 20;
    expect(poor.accounts.map((a) => a.balance)).toEqual([20]);
  });

  test("one that is a correlated subquery is used anywhere", async () => {
    await using session = await users();
    const u = attrs(User);
    expect(await session.execute(select(u.name, u.total).where(u.total.gt(400))).all()).toEqual([["rich", 6001]]);
    const alias = aliased(User, "other");
    expect(
      (await session.scalars(select(alias).where(alias.total.lt(400)).orderBy(alias.id)).all()).map((e) => e.total),
    ).toEqual([10, 0]);
  });
});

describe("comparators and value objects", () => {
  const own = registry();
  const insensitive = (c: StrExpr<string>) => ({
    eq: (other: string | StrExpr<string>) => func.lower(c).eq(func.lower(other as string)),
    gt: (other: string | StrExpr<string>) => func.lower(c).gt(func.lower(other as string)),
  });

  /** A value that is not sensitive to case, on objects. */
  class Word {
    readonly text: string;
    constructor(text: string) {
      this.text = text.toLowerCase();
    }
    equals(other: string): boolean {
      return this.text === other.toLowerCase();
    }
  }

  @own.Entity("searchword")
  class SearchWord {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    @Column() word!: string;
    @Hybrid((s: Attrs<SearchWord>) => s.word, { comparator: insensitive })
    get insensitive(): string {
      return this.word.toLowerCase();
    }
    get value(): Word {
      return new Word(this.word);
    }
  }

  test("give a hybrid operators of its own", async () => {
    const { Session } = await storeFor(own);
    await using session = Session();
    session.addAll(["Trucks", "cars"].map((word) => create(SearchWord, { word })));
    await session.commit();
    expect(sqlOf(select(SearchWord).filterBy({ insensitive: "Trucks" }))).toMatch(
      /WHERE lower\(searchword\.word\) = lower\(\S+\)$/,
    );
    const found = await session.scalars(select(SearchWord).where((s) => s.insensitive.eq("tRuCkS"))).one();
    expect([found.insensitive, found.value.equals("TRUCKS"), found.value.equals("cars")]).toEqual([
      "trucks",
      true,
      false,
    ]);
    const [one, two] = [aliased(SearchWord, "one"), aliased(SearchWord, "two")];
    const pairs = await session.execute(select(one.word, two.word).where(one.insensitive.gt(two.insensitive))).all();
    expect(pairs).toEqual([["Trucks", "cars"]]);
  });
});

describe("a hybrid in a subclass", () => {
  test("is declared again, with getter, setter or expression of its own", async () => {
    const own = registry();
    @own.Entity("people", { polymorphicOn: "kind", polymorphicIdentity: "first" })
    class FirstNameOnly {
      declare [OptionalProps]?: "id" | "kind" | "name";
      @PrimaryKey() id!: number;
      @Column(t.string(9)) kind!: string;
      @Column() firstName!: string;
      @Hybrid((p: Attrs<FirstNameOnly>) => p.firstName)
      get name(): string {
        return this.firstName;
      }
      set name(value: string) {
        this.firstName = value;
      }
    }
    @own.Entity({ polymorphicIdentity: "both" })
    class FirstNameLastName extends FirstNameOnly {
      @Column() lastName!: string;
      @Hybrid((p: Attrs<FirstNameLastName>) => p.firstName.concat(" ").concat(p.lastName))
      override get name(): string {
        return `${this.firstName} ${this.lastName}`;
      }
      override set name(value: string) {
        [this.firstName, this.lastName] = value.split(" ", 2);
      }
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    session.addAll([make(FirstNameOnly, { name: "Ann" }), make(FirstNameLastName, { name: "Bob Lee" })]);
    await session.commit();
    expect(await session.scalars(select(attrs(FirstNameLastName).name)).all()).toEqual(["Bob Lee"]);
    expect(await session.scalars(select(attrs(FirstNameOnly).name).orderBy(attrs(FirstNameOnly).id)).all()).toEqual([
      "Ann",
      "Bob",
    ]);
    const bob = await session.scalars(select(FirstNameLastName).where((p) => p.name.eq("Bob Lee"))).one();
    expect([bob.firstName, bob.lastName, bob.name]).toEqual(["Bob", "Lee", "Bob Lee"]);
  });
});
