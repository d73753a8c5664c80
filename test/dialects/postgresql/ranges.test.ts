/** Ranges, multiranges and hstore: what the client says of a value is what the server says, and operators are the server's. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import {
  ArgumentError,
  type AsyncEngine,
  column,
  createAsyncEngine,
  func,
  insert,
  literal,
  MetaData,
  postgresql,
  Range,
  type RangeBounds,
  type SQLType,
  select,
  t,
  table,
  type ValueOf,
} from "../../../src/index.js";
import { createExtension } from "../../support/extensions.js";
import { leaseDatabase } from "../../support/postgres-databases.js";
import { dropDatabases, findServer } from "../../support/postgres-server.js";

const prefix = `athanor_test_ranges_${process.pid}_`;
let engine: AsyncEngine;
let url = "";
let stop: () => Promise<void> = async () => {};
beforeAll(async () => {
  const server = await findServer();
  url = server.url;
  stop = () => server.stop();
  engine = createAsyncEngine((await leaseDatabase({ url, prefix })).url, { poolSize: 1 });
});
afterAll(async () => {
  await engine?.dispose({ force: true });
  await dropDatabases(url, prefix);
  await stop();
});

/** Ranges over a handful of values, so that ends often meet. */
function ranges<T>(values: readonly T[]): fc.Arbitrary<Range<T>> {
  const end = fc.option(fc.nat(values.length - 1), { freq: 6 });
  const bounds = fc.constantFrom<RangeBounds>("[)", "[]", "(]", "()");
  const some = fc.tuple(end, end, bounds).map(([one, other, brackets]) => {
    const [low, high] = one !== null && other !== null && one > other ? [other, one] : [one, other];
    const at = (place: number | null): T | null => (place === null ? null : (values[place] as T));
    return new Range(at(low), at(high), brackets);
  });
  return fc.oneof({ weight: 9, arbitrary: some }, { weight: 1, arbitrary: fc.constant(Range.empty<T>()) });
}

/** What is thrown where there is no one range. */
function unlessInPieces<T>(make: () => Range<T>): Range<T> | null {
  try {
    return make();
  } catch (error) {
    expect(error).toBeInstanceOf(ArgumentError);
    return null;
  }
}

const comparisons = {
  contains: "@>",
  containedBy: "<@",
  overlaps: "&&",
  strictlyLeftOf: "<<",
  strictlyRightOf: ">>",
  notExtendLeftOf: "&>",
  notExtendRightOf: "&<",
  adjacentTo: "-|-",
} as const;
const makers = { union: "+", intersection: "*", difference: "-" } as const;

const day = (n: number): string => `2024-02-${String(n).padStart(2, "0")}`;
const kinds: readonly (readonly [name: string, item: string, values: readonly unknown[]])[] = [
  ["int4range", "int4", [-2, -1, 0, 1, 2, 3]],
  ["int8range", "int8", [-1n, 0n, 1n, 2n ** 40n, 2n ** 40n + 1n]],
  ["numrange", "numeric", ["-1.5", "0", "0.5", "1", "1.50", "10"]],
  ["daterange", "date", [day(27), day(28), day(29), "2024-03-01", "2024-03-02"]],
  ["tstzrange", "timestamptz", [0, 1, 2, 86_400_000].map((ms) => new Date(Date.UTC(2024, 1, 28) + ms))],
];

test.each(kinds)("[PG-04] %s: every operator of a value says what the server says", async (name, item, values) => {
  const written = (value: unknown): string => `'${value instanceof Date ? value.toISOString() : String(value)}'`;
  const text = (range: Range<unknown>): string => {
    if (range.isEmpty) return `'empty'::${name}`;
    const end = (value: unknown): string => (value === null ? "NULL" : `${written(value)}::${item}`);
    return `${name}(${end(range.lower)}, ${end(range.upper)}, '${range.bounds}')`;
  };
  const many = name.replace("range", "multirange");
  const pair = fc.tuple(ranges(values), ranges(values), fc.constantFrom(...values));
  await fc.assert(
    fc.asyncProperty(fc.array(pair, { minLength: 60, maxLength: 60 }), async (pairs) => {
      const questions: string[] = [];
      const said: { readonly [what: string]: unknown }[] = [];
      for (const [a, b, value] of pairs) {
        const [one, other] = [text(a), text(b)];
        const asked = [`${one} @> ${written(value)}::${item}`];
        const answers: Record<string, unknown> = { pair: `${a} ${b} ${String(value)}`, has: a.contains(value) };
        for (const [method, operator] of Object.entries(comparisons)) {
          asked.push(`${one} ${operator} ${other}`);
          answers[method] = a[method as keyof typeof comparisons](b);
        }
        for (const [method, operator] of Object.entries(makers)) {
          const made = unlessInPieces(() => a[method as keyof typeof makers](b));
          const whole = `(${many}(${one}) ${operator} ${many}(${other}))`;
          asked.push(
            made === null ? `(SELECT count(*) > 1 FROM unnest(${whole}))` : `${whole} = ${many}(${text(made)})`,
          );
          answers[method] = true;
        }
        questions.push(`ARRAY[${asked.join(", ")}]`);
        said.push(answers);
      }
      const result = await engine.connect((conn) => conn.execDriverSql(`SELECT ${questions.join(", ")}`));
      const row = result.one() as unknown as boolean[][];
      const server = said.map(({ pair: which, ...answers }, i) =>
        Object.fromEntries([["pair", which], ...Object.keys(answers).map((key, k) => [key, row[i]?.[k]])]),
      );
      expect(said).toEqual(server);
    }),
    { numRuns: 8 },
  );
});

describe("expressions", () => {
  const metadata = new MetaData();
  const spans = table("spans", metadata, {
    id: column(t.integer, { primaryKey: true }),
    one: column(postgresql.int4range, { nullable: false }),
    many: column(postgresql.int4multirange, { nullable: false }),
  });
  const row = { id: 1, one: new Range(1, 5), many: [new Range(1, 3), new Range(7, 9)] };
  beforeAll(async () => {
    await metadata.createAll(engine);
    await engine.execute(insert(spans).values(row));
  });
  const { one, many } = spans.c;
  const answer = async (...asked: readonly unknown[]): Promise<unknown[]> => {
    const found = await engine.execute(select(...(asked as [typeof one])).selectFrom(spans));
    return [...(found.one() as unknown as unknown[])];
  };

  test("[PG-04] of a range take values, ranges and multiranges", async () => {
    expect(
      await answer(
        one.contains(4),
        one.contains(new Range(2, 3)),
        one.contains([new Range(1, 2), new Range(3, 4)]),
        one.containedBy(new Range(0, 9)),
        one.containedBy(many),
        one.overlap(many),
        one.strictlyLeftOf(new Range(5, 6)),
        one.strictlyRightOf([new Range(-3, 1)]),
        one.notExtendLeftOf(new Range(2, 9)),
        one.notExtendRightOf(new Range(2, 9)),
        one.adjacentTo(new Range(5, 6)),
      ),
    ).toEqual([true, true, true, true, false, true, true, true, false, true, true]);
    expect(
      await answer(
        one.unionWith(new Range(5, 6)),
        one.intersection(new Range(3, 9)),
        one.difference(new Range(3, 9)),
        one.eq(new Range(1, 4, "[]")),
      ),
    ).toEqual([new Range(1, 6), new Range(3, 5), new Range(1, 3), true]);
    expectTypeOf<ValueOf<typeof one>>().toEqualTypeOf<Range<number>>();
  });

  test("[PG-04] of a multirange take the same", async () => {
    expect(
      await answer(
        many.contains(2),
        many.contains(new Range(7, 8)),
        many.contains([new Range(1, 2), new Range(7, 8)]),
        many.contains(one),
        many.containedBy(new Range(0, 20)),
        many.overlap(new Range(3, 7)),
        many.strictlyLeftOf(new Range(9, 10)),
        many.strictlyRightOf(new Range(-1, 1)),
        many.notExtendLeftOf(new Range(1, 2)),
        many.notExtendRightOf(new Range(1, 2)),
        many.adjacentTo(new Range(9, 12)),
      ),
    ).toEqual([true, true, true, false, true, false, true, true, true, false, true]);
    expect(
      await answer(
        many.unionWith([new Range(3, 7)]),
        many.intersection([new Range(2, 8)]),
        many.difference([new Range(2, 8)]),
        many.eq([new Range(1, 3), new Range(7, 9)]),
        func.rangeMerge(many),
      ),
    ).toEqual([
      [new Range(1, 9)],
      [new Range(2, 3), new Range(7, 8)],
      [new Range(1, 2), new Range(8, 9)],
      true,
      "[1,9)",
    ]);
    // @ts-expect-error a multirange is no array of SQL
    void many.at;
  });

  test("[PG-05] of an hstore have the extension's operators and functions", async () => {
    if (!(await createExtension(engine, "hstore"))) return;
    const own = new MetaData();
    const things = table("texts_by_key", own, {
      id: column(t.integer, { primaryKey: true }),
      data: column(postgresql.hstore, { nullable: false }),
    });
    await own.createAll(engine);
    await engine.execute(insert(things).values({ data: { a: "1", b: null, "q\"'": "x" } }));
    const { data } = things.c;
    const ask = async (...asked: readonly unknown[]): Promise<unknown[]> => {
      const found = await engine.execute(select(...(asked as [typeof data])).selectFrom(things));
      return [...(found.one() as unknown as unknown[])];
    };
    expect(
      await ask(
        data.get("a"),
        data.get("q\"'"),
        data.get(literal("b")),
        data.hasKey("b"),
        data.hasAll(["a", "z"]),
        data.hasAny(["a", "z"]),
        data.contains({ a: "1" }),
        data.containedBy({ a: "1" }),
        data.defined("b"),
        data.eq({ a: "1", b: null, "q\"'": "x" }),
      ),
    ).toEqual(["1", "x", null, true, false, true, true, false, false, true]);
    expect(
      await ask(
        data.concat({ a: "2" }),
        data.delete("a"),
        data.delete({ a: "1" }),
        data.slice(["a", "b"]),
        data.slice(["a"]).keys(),
        data.slice(["a", "b"]).vals(),
        data.slice(["a"]).array(),
        data.slice(["a"]).matrix(),
        (func as never as { hstore(key: string, value: string): SQLType }).hstore("k", "v"),
      ),
    ).toEqual([
      { a: "2", b: null, "q\"'": "x" },
      { b: null, "q\"'": "x" },
      { b: null, "q\"'": "x" },
      { a: "1", b: null },
      ["a"],
      ["1", null],
      ["a", "1"],
      [["a", "1"]],
      { k: "v" },
    ]);
    const key = data.get("a");
    expectTypeOf<ValueOf<typeof key>>().toEqualTypeOf<string | null>();
    // @ts-expect-error an hstore has no paths
    void data.path;
  });
});
