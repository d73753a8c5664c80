import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type AsyncEngine,
  and,
  caseWhen,
  createAsyncEngine,
  DataError,
  exists,
  func,
  insert,
  literal,
  not,
  or,
  select,
  t,
} from "../../src/index.js";
import { scratchDatabase } from "../dialects/postgresql/support.js";
import { dept, emp, metadata, rows, sale } from "./statements/world.js";

// Random typed statements over the tables of test/sql/statements. They hold only what both databases define alike:
// no division by zero, no order of texts, no LIKE that one of them reads without regard to case.

const scratch = scratchDatabase();
let engines: readonly AsyncEngine[] = [];
beforeAll(async () => {
  engines = [createAsyncEngine("sqlite://"), createAsyncEngine(scratch.url, { poolSize: 1 })];
  for (const engine of engines) {
    await metadata.createAll(engine);
    await engine.begin(async (c) => {
      await c.execute(insert(dept).values(rows.dept));
      await c.execute(insert(emp).values(rows.emp));
      await c.execute(insert(sale).values(rows.sale));
    });
  }
});
afterAll(async () => {
  for (const engine of engines) await engine.dispose({ force: true });
});

// The face's own types would make the generator's code about types: at run time each element has every operator.
type Loose = any;

const small = fc.integer({ min: -50, max: 50 });
const word = fc.constantFrom("", "a", "Ann", "e", "it's", "50%", "a_b", "é", "null", "x".repeat(9), '"q"', "\\");

const { int, str, bool } = fc.letrec<{ int: Loose; str: Loose; bool: Loose }>((tie) => ({
  int: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(emp.c.id, emp.c.salary, emp.c.bonus, emp.c.deptId, emp.c.bossId),
    small.map((n) => literal(n)),
    fc
      .tuple(fc.constantFrom("add", "sub", "mul"), tie("int"), tie("int"))
      .map(([op, a, b]) => bounded(a)[op](bounded(b))),
    fc
      .tuple(fc.constantFrom("mod", "floorDiv"), tie("int"), fc.integer({ min: 1, max: 9 }))
      .map(([op, a, n]) => bounded(a)[op](n)),
    fc
      .tuple(fc.constantFrom("bitwiseAnd", "bitwiseOr", "bitwiseXor"), tie("int"), tie("int"))
      .map(([op, a, b]) => bounded(a)[op](bounded(b))),
    tie("int").map((a) => bounded(a).neg()),
    tie("int").map((a) => func.abs(bounded(a))),
    fc.tuple(tie("int"), tie("int")).map(([a, b]) => func.coalesce(a, b)),
    fc.tuple(tie("int"), small).map(([a, n]) => func.nullif(a, n)),
    fc.tuple(tie("int"), small).map(([a, n]) => func.greatest(func.coalesce(a, 0), n)),
    fc.tuple(tie("bool"), tie("int"), tie("int")).map(([c, a, b]) => caseWhen([[c, a]], { else: b })),
    fc.tuple(tie("int"), tie("int"), small).map(([v, a, n]) =>
      caseWhen(
        [
          [n, a],
          [0, 1],
        ],
        { value: v, else: literal(2) },
      ),
    ),
    tie("str").map((s) => func.length(s)),
    tie("bool").map((c) => caseWhen([[c, 1]], { else: 0 })),
    tie("int").map((n) => ownSales((s) => select(func.count()).where(s.c.qty.lt(n)))),
    fc.constant(null).map(() => ownSales((s) => select(func.max(s.c.qty)))),
  ),
  str: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constant(emp.c.name),
    word.map((w) => literal(w)),
    fc.tuple(tie("str"), tie("str")).map(([a, b]) => a.concat(b)),
    fc.tuple(fc.constantFrom("trim", "ltrim", "rtrim"), tie("str")).map(([f, s]) => (func as Loose)[f](s)),
    fc
      .tuple(tie("str"), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 4 }))
      .map(([s, i, n]) => func.substr(s, i, n)),
    fc.tuple(tie("str"), fc.constantFrom("a", "nn", "'"), word).map(([s, a, b]) => func.replace(s, a, b)),
    fc.tuple(tie("str"), tie("str")).map(([a, b]) => func.coalesce(a, b)),
    fc.tuple(tie("str"), word).map(([a, b]) => func.nullif(a, b)),
    fc.tuple(tie("bool"), tie("str"), tie("str")).map(([c, a, b]) => caseWhen([[c, a]], { else: b })),
    tie("int").map((n) => n.cast(t.text)),
  ),
  bool: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constant(emp.c.active),
    fc
      .tuple(
        fc.constantFrom("eq", "ne", "lt", "le", "gt", "ge", "isDistinctFrom", "isNotDistinctFrom"),
        tie("int"),
        tie("int"),
      )
      .map(([op, a, b]) => a[op](b)),
    fc.tuple(fc.constantFrom("eq", "ne", "lt", "ge"), tie("int"), small).map(([op, a, n]) => a[op](n)),
    fc.tuple(fc.constantFrom("eq", "ne", "isDistinctFrom"), tie("str"), tie("str")).map(([op, a, b]) => a[op](b)),
    fc
      .tuple(fc.constantFrom("contains", "startsWith", "endsWith"), tie("str"), fc.constantFrom("%", "_", "'", "\\"))
      .map(([op, s, w]) => s[op](w, { autoescape: true })),
    fc.tuple(tie("str"), fc.constantFrom("a%", "%N%", "_")).map(([s, w]) => (func.coalesce(s, "") as Loose).ilike(w)),
    fc.tuple(fc.constantFrom("isNull", "isNotNull"), fc.oneof(tie("int"), tie("str"))).map(([op, a]) => a[op]()),
    fc.tuple(fc.constantFrom("between", "notBetween"), tie("int"), small, small).map(([op, a, x, y]) => a[op](x, y)),
    fc
      .tuple(fc.constantFrom("in", "notIn"), tie("int"), fc.array(small, { maxLength: 4 }))
      .map(([op, a, list]) => a[op](list)),
    fc
      .tuple(fc.constantFrom("in", "notIn"), tie("str"), fc.array(word, { maxLength: 3 }))
      .map(([op, a, list]) => a[op](list)),
    fc.tuple(fc.constantFrom("in", "notIn"), tie("int")).map(([op, a]) => a[op](select(sale.c.qty))),
    tie("int").map((n) => exists(ownSales((s) => select(s.c.id).where(s.c.qty.gt(n)), false))),
    fc.array(tie("bool"), { maxLength: 3 }).map((list) => and(...list)),
    fc.array(tie("bool"), { maxLength: 3 }).map((list) => or(...list)),
    tie("bool").map((c) => not(c)),
    fc.tuple(tie("bool"), tie("bool")).map(([a, b]) => a.eq(b)),
    fc.tuple(tie("bool"), tie("bool"), tie("bool")).map(([c, a, b]) => caseWhen([[c, a]], { else: b })),
    tie("bool").map((c) => c.is(true)),
  ),
}));

// A subquery of its own alias, correlated to the employee, wherever it stands.
function ownSales(make: (s: Loose) => Loose, scalarValue = true): Loose {
  const s = sale.alias();
  const query = make(s).selectFrom(s).where(s.c.empId.eq(emp.c.id)).correlate(emp);
  return scalarValue ? query.scalarSubquery() : query;
}

// Products of products leave 32 bits, where PostgreSQL stops and SQLite goes on.
function bounded(element: Loose): Loose {
  return element.mod(1000);
}

const scalar = fc.oneof(int, str, bool);

/** A plain select over one of a few FROM lists. */
const plain = fc
  .record({
    columns: fc.array(scalar, { minLength: 1, maxLength: 3 }),
    where: fc.array(bool, { maxLength: 2 }),
    joined: fc.constantFrom("none", "inner", "left", "sale"),
    distinct: fc.boolean(),
    limit: fc.option(fc.integer({ min: 0, max: 4 })),
    offset: fc.option(fc.integer({ min: 0, max: 2 })),
  })
  .map((made): Loose => {
    let stmt: Loose = select(...made.columns.map((each, i) => each.as(`c${i}`))).selectFrom(emp);
    if (made.joined === "inner") stmt = stmt.join(dept);
    else if (made.joined === "left") stmt = stmt.outerjoin(dept);
    else if (made.joined === "sale") stmt = stmt.join(sale, sale.c.empId.eq(emp.c.id).and(sale.c.id.in([1, 3, 4])));
    if (made.where.length > 0) stmt = stmt.where(...made.where);
    if (made.distinct) return stmt.distinct();
    stmt = stmt.orderBy(emp.c.id);
    if (made.limit !== null) stmt = stmt.limit(made.limit);
    if (made.offset !== null) stmt = stmt.offset(made.offset);
    return stmt;
  });

const grouped = fc
  .record({ by: fc.oneof(int, str, bool), of: int, filter: bool, having: fc.option(small), where: fc.option(bool) })
  .map(({ by, of, filter, having, where }): Loose => {
    const key = by.as("k");
    let stmt: Loose = select(
      key,
      func.count().as("n"),
      func.sum(of).as("s"),
      func.min(of).as("lo"),
      func.max(of).as("hi"),
      func.count(of.distinct()).filter(filter).as("d"),
    )
      .selectFrom(emp)
      .groupBy(key);
    if (having !== null) stmt = stmt.having(func.count().gt(having));
    if (where !== null) stmt = stmt.where(where);
    return stmt;
  });

const windowed = fc
  .record({ of: int, part: fc.oneof(int, bool), frame: fc.constantFrom([null, 0], [-1, 1], [null, null]), where: bool })
  .map(
    ({ of, part, frame, where }): Loose =>
      select(
        emp.c.id,
        func
          .sum(of)
          .over({ partitionBy: part, orderBy: emp.c.id, rows: frame as never })
          .as("s"),
        func.rowNumber().over({ partitionBy: part, orderBy: emp.c.id }).as("n"),
        func.lag(of).over({ orderBy: emp.c.id }).as("before"),
      ).where(where),
  );

const combined = fc
  .record({
    a: int,
    b: int,
    c: str,
    d: str,
    x: bool,
    y: bool,
    how: fc.constantFrom("union", "unionAll", "intersect", "except"),
  })
  .map(({ a, b, c, d, x, y, how }): Loose => {
    const first: Loose = select(a.as("n"), c.as("s")).selectFrom(emp).where(x);
    return first[how](select(b, d).selectFrom(emp).where(y));
  });

const nested = fc
  .record({ inner: fc.oneof(plain, grouped, combined), way: fc.constantFrom("subquery", "cte"), filter: fc.boolean() })
  .map(({ inner, way, filter }): Loose => {
    const from = inner[way]("q");
    const columns = from.columns as Loose[];
    const stmt: Loose = select(
      ...columns.map((each: Loose, i: number) => each.as(`o${i}`)),
      func.count().over().as("total"),
    );
    return filter ? stmt.where(columns[0].isNotNull()) : stmt;
  });

/** What a database makes of a statement: its rows in no order, or the error of a value that does not fit. */
async function outcome(engine: AsyncEngine, statement: Loose): Promise<string[] | "data error"> {
  await using c = await engine.connect();
  try {
    const all = await c.execute(statement).all();
    return all.map((row: unknown) => JSON.stringify([...(row as unknown[])])).sort();
  } catch (error) {
    if (error instanceof DataError) return "data error";
    throw error;
  }
}

const runs = Number(process.env["ATHANOR_GENERATED"] ?? 150);

test.each([
  ["selects", plain],
  ["groups", grouped],
  ["windows", windowed],
  ["set operations", combined],
  ["nested queries", nested],
] as const)(
  "random %s are never a syntax error, and mean the same on both databases",
  async (_title, statements) => {
    await fc.assert(
      fc.asyncProperty(statements as fc.Arbitrary<Loose>, async (statement) => {
        const [lite, pg] = await Promise.all(engines.map((engine) => outcome(engine, statement)));
        if (lite !== "data error" && pg !== "data error") expect(lite).toEqual(pg);
      }),
      { numRuns: runs },
    );
  },
  20_000 + runs * 100,
);
