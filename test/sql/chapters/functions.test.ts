import { describe, expect, expectTypeOf } from "vitest";
import {
  ColumnElement,
  column,
  compiles,
  cube,
  FunctionElement,
  func,
  functionNamed,
  groupingSets,
  insert,
  literal,
  MetaData,
  registerFunction,
  rollup,
  Sequence,
  select,
  t,
  table,
  tuple,
  type ValueOf,
} from "../../../src/index.js";
import { chapter } from "./chapter.js";

const metadata = new MetaData();
const sale = table("sale", metadata, {
  id: column(t.integer, { primaryKey: true }),
  region: column(t.text, { nullable: false }),
  item: column(t.text),
  price: column(t.integer, { nullable: false }),
});
const example = chapter(metadata, async (connection) => {
  await connection.execute(
    insert(sale).values([
      { id: 1, region: "n", item: "pen", price: 10 },
      { id: 2, region: "n", item: "ink", price: 30 },
      { id: 3, region: "s", item: "pen", price: 20 },
    ]),
  );
});

describe("the function API", () => {
  example("any function by its name, in a schema, and in a case of its own", async ({ values, name }) => {
    expect(String(func.someFunction(1))).toBe("some_function(:some_function_1)");
    expect(String(func.ST_Area(1))).toBe("ST_Area(:ST_Area_1)");
    expect(String(functionNamed("gis.stArea", 1))).toBe("gis.stArea(:stArea_1)");
    expect(
      await values(select(name === "sqlite" ? func.abs(literal(-3)) : func.in("pg_catalog").abs<number>(-3))),
    ).toEqual([3]);
  });

  example("the type of a result is known, said with the call, or registered", async ({ values }) => {
    registerFunction("ninety", t.integer);
    expect(func.ninety().type.family).toBe("integer");
    const parsed = func.abs(literal(-2)).returns(t.double);
    expectTypeOf<ValueOf<typeof parsed>>().toEqualTypeOf<number>();
    expect(await values(select(parsed))).toEqual([2]);
  });

  example("a class of functions of one's own, written for each database", async ({ values, sql }) => {
    class Greatest extends FunctionElement {
      constructor(...args: readonly ColumnElement[]) {
        super("greatest", args, t.integer);
      }
    }
    type Compiler = { processList(nodes: readonly ColumnElement[]): string };
    compiles(Greatest, "sqlite", (node: Greatest, compiler: Compiler) => `max(${compiler.processList(node.args)})`);
    const most = new Greatest(literal(2) as never, sale.c.price as never);
    expect(
      await values(
        select(most as never)
          .selectFrom(sale)
          .where(sale.c.id.eq(1)),
      ),
    ).toEqual([10]);
    expect(sql(select(most as never).selectFrom(sale))).toMatch(/SELECT (max|greatest)\(/);
  });

  example("a call in FROM, by itself and as a select", async ({ values, name }) => {
    const series = func.generateSeries(1, 3).tableValued({ value: t.integer }, { name: "s" });
    if (name === "postgresql") {
      expect(await values(series.select())).toEqual([1, 2, 3]);
      expect(await values(select(func.generateSeries(1, 3).columnValued("n")))).toEqual([1, 2, 3]);
      const numbered = func.unnest(["a", "b"]).tableValued({ v: t.text }, { withOrdinality: "n", name: "u" });
      expect(await values(select(numbered.c.n).orderBy(numbered.c.n))).toEqual([1n, 2n]);
      const derived = func.jsonToRecordset('[{"a": 1, "b": "x"}]').tableValued({ a: t.integer, b: t.text });
      expect(await values(select(derived.renderDerived({ name: "r", withTypes: true }).c.b))).toEqual(["x"]);
    } else {
      const each = func.jsonEach("[4, 5]").tableValued({ key: t.integer, value: t.integer });
      expect(await values(select(each.c.value).orderBy(each.c.key))).toEqual([4, 5]);
    }
  });

  example("a call with OVER, FILTER, WITHIN GROUP and an order of its own", async ({ all, name }) => {
    const sums = func.sum(sale.c.price);
    const ranked = func.rank().over({ partitionBy: sale.c.region, orderBy: sale.c.price.desc() });
    expect(await all(select(sale.c.id, ranked).orderBy(sale.c.id))).toEqual([
      [1, 2],
      [2, 1],
      [3, 1],
    ]);
    const north = sums.filter(sale.c.region.eq("n"));
    const running = sums.over({ range: [null, 0], orderBy: sale.c.price });
    expect(await all(select(sale.c.id, running).orderBy(sale.c.id))).toEqual([
      [1, 10],
      [2, 60],
      [3, 30],
    ]);
    expect(await all(select(north))).toEqual([[40]]);
    if (name === "postgresql")
      expect(await all(select(func.mode<string>().withinGroup(sale.c.item)))).toEqual([["pen"]]);
  });
});

describe("selected known functions", () => {
  example("those that both databases have", async ({ all, name }) => {
    const row = {
      joined: func.aggregateStrings(sale.c.item, ", ").aggregateOrderBy(sale.c.id),
      coalesced: func.coalesce(func.max(sale.c.price).filter(sale.c.id.gt(99)), 7),
      counted: func.count(),
      least: func.min(sale.c.price),
      sum: func.sum(sale.c.price),
      average: func.avg(sale.c.price),
    };
    expect(await all(select(row))).toEqual([
      { joined: "pen, ink, pen", coalesced: 7, counted: 3, least: 10, sum: 60, average: 20 },
    ]);
    expect(await all(select(func.concat("x", "y"), func.charLength("four"), func.pow(2, 10)))).toEqual([
      ["xy", 4, 1024],
    ]);
    expect((await all(select(func.random()))) as number[][]).toHaveLength(1);
    expect(await all(select(func.cumeDist().over({ orderBy: sale.c.price })).limit(1))).toHaveLength(1);
    expect(
      await all(
        select(
          func.denseRank().over({ orderBy: sale.c.region }),
          func.percentRank().over({ orderBy: sale.c.id }),
        ).orderBy(sale.c.id),
      ),
    ).toEqual([
      [1, 0],
      [1, 0.5],
      [2, 1],
    ]);
    if (name === "postgresql")
      expect(await all(select(func.arrayAgg(sale.c.item).aggregateOrderBy(sale.c.id)))).toEqual([
        [["pen", "ink", "pen"]],
      ]);
  });

  example("those that are written without parentheses", async ({ values, name, refuses }) => {
    for (const each of [func.now(), func.currentTimestamp(), func.localtimestamp()])
      expect((await values(select(each)))[0]).toBeInstanceOf(Date);
    expect((await values(select(func.currentDate())))[0]).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect((await values(select(func.currentTime())))[0]).toMatch(/^\d\d:\d\d:\d\d/);
    expect((await values(select(func.localtime())))[0]).toMatch(/^\d\d:\d\d:\d\d/);
    for (const each of [func.currentUser(), func.sessionUser(), func.user()]) {
      if (name === "sqlite") refuses(select(each), "user");
      else expect((await values(select(each)))[0]).toBeTypeOf("string");
    }
  });

  example("ROLLUP, CUBE and GROUPING SETS", async ({ all, name, refuses }) => {
    const by = (grouping: ReturnType<typeof rollup>) =>
      select(sale.c.region, func.sum(sale.c.price)).groupBy(grouping).orderBy(sale.c.region.nullsLast());
    const rolled = by(rollup(sale.c.region));
    if (name === "sqlite") {
      refuses(rolled, "ROLLUP");
      refuses(by(cube(sale.c.region)), "CUBE");
      refuses(by(groupingSets(tuple(sale.c.region), tuple())), "GROUPING SETS");
    } else {
      const expected = [
        ["n", 40],
        ["s", 20],
        [null, 60],
      ];
      expect(await all(rolled)).toEqual(expected);
      expect(await all(by(cube(sale.c.region)))).toEqual(expected);
      expect(await all(by(groupingSets(tuple(sale.c.region), tuple())))).toEqual(expected);
    }
  });

  example("the next value of a sequence", async ({ connection, values, name, refuses }) => {
    const sequence = new Sequence("chapter_seq", { start: 5 });
    if (name === "sqlite") refuses(select(sequence.nextValue()), "sequences");
    else {
      await sequence.create(connection);
      await sequence.create(connection);
      expect(await values(select(sequence.nextValue()))).toEqual([5]);
      expect(await values(select(func.nextValue(sequence)))).toEqual([6]);
      expect(await connection.scalar(sequence)).toBe(7);
      await sequence.drop(connection);
      await sequence.drop(connection);
    }
  });
});
