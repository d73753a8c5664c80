/** Exact numbers mean the same on every database: in conditions, in an order, in arithmetic, and where SQLite keeps them as text. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  attrs,
  Column,
  type Condition,
  create,
  func,
  type OptionalProps,
  PrimaryKey,
  registry,
  type StrExpr,
  select,
  TypeDecorator,
  t,
  tuple,
  union,
  type Valued,
} from "../../../src/index.js";
import { databaseKind } from "../../support/database.js";
import { storeFor } from "../support.js";

class Money {
  constructor(readonly text: string) {}
}
class MoneyType extends TypeDecorator<Money, string> {
  readonly impl = t.numeric(19, 4);
  override processBindParam(value: Money): string {
    return value.text;
  }
  override processResultValue(value: string): Money {
    return new Money(value);
  }
}

const reg = registry();

@reg.Entity("accounts")
class Account {
  declare [OptionalProps]?: "id" | "credit";
  @PrimaryKey() id!: number;
  @Column(t.numeric(18, 2)) balance!: string;
  @Column(t.numeric(10, 2)) fee!: string;
  @Column(new MoneyType()) limit!: Money;
  @Column(t.bigint) number!: bigint;
  @Column(t.numeric(20, 2), { serverDefault: "0" }) credit!: string;
}
const a = attrs(Account);

async function filled() {
  const { Session } = await storeFor(reg);
  const session = Session();
  for (const [id, amount] of ["9.5", "10", "-100.25", "100"].entries()) {
    session.add(
      create(Account, { id: id + 1, balance: amount, fee: amount, limit: new Money(amount), number: BigInt(id) }),
    );
  }
  await session.commit();
  return session;
}

describe("[CT-01] exact numbers", () => {
  test("are compared as numbers, however many digits their type has", async () => {
    await using session = await filled();
    const ids = (...where: Condition[]) =>
      session
        .scalars(
          select(a.id)
            .where(...where)
            .orderBy(a.id),
        )
        .all();
    for (const each of [a.balance, a.fee]) {
      expect(await ids(each.gt("9.6"))).toEqual([2, 4]);
      expect(await ids(each.le("9.50"))).toEqual([1, 3]);
      expect(await ids(each.between("5", "50"))).toEqual([1, 2]);
      expect(await ids(each.between("5", "50").not())).toEqual([3, 4]);
      expect(await ids(each.eq("10.000"))).toEqual([2]);
      expect(await ids(each.in(["0100", "9.50"]))).toEqual([1, 4]);
      expect(await ids(each.ne("-100.250"))).toEqual([1, 2, 4]);
    }
    expect(await ids(a.limit.gt(new Money("9.6")))).toEqual([2, 4]);
    expect(await ids(tuple(a.balance, a.id).gt(tuple("9.6", 0)))).toEqual([2, 4]);
    expect(await ids(a.balance.eq(a.fee))).toEqual([1, 2, 3, 4]);
    expect(await ids(a.credit.eq("0"), a.credit.eq("0.00"))).toHaveLength(4);
  });

  test("are sorted as numbers, and have a greatest and a least", async () => {
    await using session = await filled();
    for (const each of [a.balance, a.fee, a.limit]) {
      expect(await session.scalars(select(a.id).orderBy(each)).all()).toEqual([3, 1, 2, 4]);
      expect(await session.scalars(select(a.id).orderBy(each.desc().nullsLast())).all()).toEqual([4, 2, 1, 3]);
      const rank = func.rowNumber().over({ orderBy: each });
      expect(await session.scalars(select(rank).orderBy(a.id)).all()).toEqual([2, 3, 1, 4]);
    }
    const ends = select(func.max(a.balance), func.min(a.balance), func.max(a.fee), func.greatest(a.balance, a.fee));
    expect(await session.execute(ends.groupBy(a.id).having(a.id.eq(2))).one()).toEqual([
      "10.00",
      "10.00",
      "10.00",
      "10.00",
    ]);
    expect([...(await session.execute(select(func.max(a.balance), func.min(a.balance))).one())]).toEqual([
      "100.00",
      "-100.25",
    ]);
    const both = union(select(a.balance), select(a.balance)).orderBy(a.balance);
    if (databaseKind() === "sqlite")
      await expect(session.execute(both)).rejects.toThrow(
        "sqlite has no ORDER BY of numeric(18,2) over several queries. It keeps such numbers as text. Order a select() from their subquery().",
      );
    else expect(await session.scalars(both).all()).toEqual(["-100.25", "9.50", "10.00", "100.00"]);
  });

  test("are reckoned with, and lose nothing behind the point", async () => {
    await using session = await filled();
    const value = async (expr: Valued<string>) => Number(await session.scalar(select(expr).where(a.id.eq(2))));
    expectTypeOf(a.fee.mul(a.id)).toEqualTypeOf<StrExpr<string, Account>>();
    expect(await value(a.fee.mul(3))).toBe(30);
    expect(await value(a.fee.mul("0.333"))).toBe(3.33);
    expect(await value(a.fee.div(4))).toBe(2.5);
    expect(await value(a.balance.div(4))).toBe(2.5);
    expect(await value(a.fee.div(a.id).add("0.5").sub(1))).toBe(4.5);
    expect(await value(a.fee.add(a.balance).neg())).toBe(-20);
    expect(await session.scalar(select(a.fee.mod(4)).where(a.id.eq(1)))).toBe(
      databaseKind() === "sqlite" ? "1.5" : "1.50",
    );
    // 0.1 + 0.2 and its like: no digits that are not there
    expect(Number(await session.scalar(select(func.sum(a.fee.mul("0.1")))))).toBe(1.925);
    expect(await session.scalar(select(a.fee.mul("33.33").mul("0.07")).where(a.id.eq(2)))).toMatch(/^23\.3310*$/);
  });

  test("are read with all their digits beside great whole numbers", async () => {
    await using session = await filled();
    expect(await session.execute(select(a.fee, a.balance, a.number).where(a.id.eq(2))).one()).toEqual([
      "10.00",
      "10.00",
      1n,
    ]);
    expect(
      await session.execute(select(a.number, func.max(a.balance)).where(a.id.eq(4)).groupBy(a.number)).one(),
    ).toEqual([3n, "100.00"]);
  });
});

test("arithmetic of numbers of several kinds: the type says what comes back", async () => {
  const own = registry();
  @own.Entity("measures")
  class Measure {
    @PrimaryKey() id!: number;
    @Column(t.integer) whole!: number;
    @Column(t.float) part!: number;
    @Column(t.bigint) large!: bigint;
    @Column(t.numeric(10, 2)) exact!: string;
    @Column(t.integer, { nullable: true }) none!: number | null;
  }
  const { Session } = await storeFor(own);
  await using session = Session();
  session.add(Object.assign(new Measure(), { whole: 3, part: 1.5, large: 7n, exact: "2.50", none: null }));
  const m = attrs(Measure);
  const exact = select({
    sum: m.whole.add(m.exact),
    difference: m.large.sub(m.exact),
    product: m.whole.mul(m.exact),
    quotient: m.whole.div(m.exact),
    rest: m.whole.mod(m.exact),
    turned: m.exact.mul(m.large),
    none: m.none.mul(m.exact),
  });
  const texts = await session.execute(exact).one();
  expectTypeOf(texts).toEqualTypeOf<{
    sum: string;
    difference: string;
    product: string;
    quotient: string;
    rest: string;
    turned: string;
    none: string | null;
  }>();
  const { none, ...numbers } = texts;
  expect([none, ...Object.values(numbers).map((each) => [typeof each, Number(each)])]).toEqual([
    null,
    ["string", 5.5],
    ["string", 4.5],
    ["string", 7.5],
    ["string", 1.2],
    ["string", 0.5],
    ["string", 17.5],
  ]);
  const others = await session
    .execute(
      select({
        larger: m.whole.mul(m.large),
        large: m.large.add(m.whole),
        rest: m.large.mod(m.whole),
        divided: m.large.div(2n),
        float: m.whole.mul(m.part),
        largeFloat: m.large.mul<number>(m.part),
        exactFloat: m.exact.mul<number>(m.part),
        floatExact: m.part.add<number>(m.exact),
      }),
    )
    .one();
  expectTypeOf(others).toEqualTypeOf<{
    larger: bigint;
    large: bigint;
    rest: bigint;
    divided: number;
    float: number;
    largeFloat: number;
    exactFloat: number;
    floatExact: number;
  }>();
  expect(others).toEqual({
    larger: 21n,
    large: 10n,
    rest: 1n,
    divided: 3.5,
    float: 4.5,
    largeFloat: 10.5,
    exactFloat: 3.75,
    floatExact: 4,
  });
  const wrong = () => {
    // @ts-expect-error a value of the other kind is not taken for a number of this one
    m.whole.mul("2.5");
    // @ts-expect-error the same
    m.large.mul(2);
  };
  void wrong;
});
