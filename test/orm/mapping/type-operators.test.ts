/** Operators that a type defines for itself, in Core and on mapped attributes. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type AsyncEngine,
  aliased,
  attrs,
  type BoolExpr,
  Column,
  type Condition,
  column,
  defineOperators,
  func,
  InvalidRequestError,
  MetaData,
  type NumExpr,
  PrimaryKey,
  registry,
  type StrExpr,
  select,
  TypeDecorator,
  t,
  table,
  type Valued,
  type WithOperators,
} from "../../../src/index.js";
import { freshDatabase } from "../../support/database.js";
import { storeFor } from "../support.js";

/** Text that is the same in any case. */
interface FoldedOperators {
  eq(other: string | Valued<string | null>): BoolExpr<boolean>;
  initial(): StrExpr<string>;
}
type Folded = WithOperators<string, FoldedOperators, "like" | "eq">;
class FoldedText extends TypeDecorator<Folded, string> {
  readonly impl = t.text;
}
defineOperators(FoldedText, {
  eq: (self, other: string | Valued<string | null>) => func.lower(self.typeCoerce(t.text)).eq(func.lower(other)),
  initial: (self) => func.substr(self.typeCoerce(t.text), 1, 1) as never,
  like: null,
});

/** Whole cents. */
interface CentsOperators {
  /** With so many hundredths more. */
  plusPercent(percent: number): NumExpr<number>;
}
type Cents = WithOperators<number, CentsOperators, "mod">;
class CentsType extends TypeDecorator<Cents, number> {
  readonly impl = t.integer;
}
defineOperators(CentsType, {
  plusPercent: (self, percent: number) => self.add(self.mul(percent).floorDiv(100)),
  mod: null,
});
// of the decorator over the decorator
class PriceType extends TypeDecorator<Cents, Cents> {
  readonly impl = new CentsType();
}

const metadata = new MetaData();
const goods = table("goods", metadata, {
  id: column(t.integer, { primaryKey: true }),
  name: column(new FoldedText()),
  cost: column(new CentsType()),
  price: column(new PriceType()),
  plain: column(t.integer),
});

async function shop(): Promise<AsyncEngine> {
  const { engine } = await freshDatabase();
  await metadata.createAll(engine);
  await engine.execute(goods.insert(), [
    { id: 1, name: "Ink", cost: 1050, price: 2000, plain: 7 },
    { id: 2, name: "pen", cost: 99, price: 300, plain: 8 },
  ]);
  return engine;
}

describe("[CT-11] operators of a type", () => {
  test("a type adds operators, typed, that its columns, aliases and subqueries have", async () => {
    const engine = await shop();
    const g = goods.alias("g");
    const q = select(g.c.id, g.c.cost).subquery("q");
    expectTypeOf(goods.c.cost.plusPercent(10)).toExtend<NumExpr<number>>();
    expect(
      await engine.execute(select(goods.c.cost.plusPercent(10), goods.c.name.initial()).orderBy(goods.c.id)).all(),
    ).toEqual([
      [1155, "I"],
      [108, "p"],
    ]);
    expect(
      await engine
        .execute(select(g.c.cost.plusPercent(100)).where(g.c.id.eq(2)))
        .scalars()
        .all(),
    ).toEqual([198]);
    expect(
      await engine
        .execute(select(q.c.cost.plusPercent(100)).orderBy(q.c.id))
        .scalars()
        .all(),
    ).toEqual([2100, 198]);
    expect(await engine.execute(select(func.max(goods.c.cost).returns(new CentsType()).plusPercent(0))).scalar()).toBe(
      1050,
    );
  });

  test("a type replaces an operator, and others keep theirs", async () => {
    const engine = await shop();
    const ids = (condition: Condition) => engine.execute(select(goods.c.id).where(condition)).scalars().all();
    expect(await ids(goods.c.name.eq("INK"))).toEqual([1]);
    expect(await ids(goods.c.name.typeCoerce(t.text).eq("INK"))).toEqual([]);
    expect(await ids(goods.c.name.ne("INK"))).toEqual([1, 2]);
    expect(await ids(goods.c.plain.eq(7))).toEqual([1]);
    expect(await ids(goods.c.cost.add(1).eq(100))).toEqual([2]);
  });

  test("a type takes operators away: at compile time, and with an error at run time", () => {
    // @ts-expect-error a price has no mod()
    const mod = () => goods.c.cost.mod(2);
    expect(mod).toThrow(InvalidRequestError);
    expect(mod).toThrow("goods.cost: the type CentsType has no operator mod().");
    // @ts-expect-error text without regard to case has no like()
    expect(() => goods.c.name.like("a%")).toThrow("the type FoldedText has no operator like()");
    expect(goods.c.plain.mod(2)).toBeDefined();
  });

  test("a decorator has the operators of the type that it is over", async () => {
    const engine = await shop();
    expect(await engine.execute(select(goods.c.price.plusPercent(5)).where(goods.c.id.eq(1))).scalar()).toBe(2100);
    // @ts-expect-error nor has this one mod()
    expect(() => goods.c.price.mod(2)).toThrow("the type PriceType has no operator mod()");
  });

  test("values of the type are plain values, in and out", async () => {
    const engine = await shop();
    const row = await engine.execute(select(goods.c.cost, goods.c.name).where(goods.c.id.eq(1))).one();
    expectTypeOf(row[0]).toExtend<number | null>();
    expectTypeOf<5>().toExtend<Cents>();
    expect(row).toEqual([1050, "Ink"]);
  });

  test("mapped attributes have them, also of an alias of the class", async () => {
    const reg = registry();
    @reg.Entity("goods")
    class Good {
      @PrimaryKey() id!: number;
      @Column(new FoldedText()) name!: Folded;
      @Column(new CentsType()) cost!: Cents;
    }
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(Object.assign(new Good(), { id: 1, name: "Ink", cost: 200 }));
    await session.commit();
    const other = aliased(Good);
    expect(await session.scalars(select(Good).where((g) => g.name.eq("iNK"))).all()).toHaveLength(1);
    expect(await session.scalar(select(attrs(Good).cost.plusPercent(50)))).toBe(300);
    expect(await session.scalar(select(other.cost.plusPercent(50)))).toBe(300);
    // @ts-expect-error nor has the attribute mod()
    expect(() => other.cost.mod(2)).toThrow("has no operator mod()");
  });

  test("what is no operator cannot be defined as one", () => {
    class Own extends TypeDecorator<number, number> {
      readonly impl = t.integer;
    }
    expect(() => defineOperators(Own, { label: (self: unknown) => self as never })).toThrow(
      "defineOperators(Own): label is a property of every expression, and no operator.",
    );
    expect(() => defineOperators(Own, { half: 5 as never })).toThrow("neither a function nor null");
  });
});
