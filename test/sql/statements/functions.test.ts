import { describe } from "vitest";
import {
  ColumnElement,
  compiles,
  FunctionElement,
  fn,
  func,
  functionNamed,
  literal,
  Node,
  over,
  registerFunction,
  type SQLType,
  select,
  t,
  withinGroup,
} from "../../../src/index.js";
import { onBothDatabases, statement } from "./statements.js";
import { dept, doc, emp, sale } from "./world.js";

onBothDatabases();

describe("[FN-01] [FN-02] functions", () => {
  statement("count of rows", () => select(func.count()).selectFrom(emp), {
    values: [5],
    sql: "SELECT count(*) AS count_1 FROM emp",
  });
  statement("count of values, without NULL", () => select(func.count(emp.c.bonus)), { values: [3] });
  statement("count of distinct values", () => select(func.count(emp.c.salary.distinct())), {
    values: [4],
    sql: /count\(DISTINCT emp\.salary\)/,
  });
  statement(
    "sum, avg, min, max",
    () => select(func.sum(emp.c.salary), func.avg(emp.c.salary), func.min(emp.c.name), func.max(emp.c.hired)),
    { rows: [[440, 88, "Ann", "2022-11-05"]] },
  );
  statement("sum of nothing is NULL", () => select(func.sum(emp.c.salary)).where(emp.c.id.eq(0)), { values: [null] });
  statement("coalesce", () => select(func.coalesce(emp.c.bonus, emp.c.salary, 0)).orderBy(emp.c.id), {
    values: [10, 80, 0, 5, 60],
  });
  statement("nullif", () => select(func.nullif(emp.c.salary, 80)).orderBy(emp.c.id), {
    values: [100, null, 120, null, 60],
  });
  statement(
    "greatest and least",
    () => select(func.greatest(emp.c.salary, 90), func.least(emp.c.salary, 90)).where(emp.c.id.lt(3)).orderBy(emp.c.id),
    {
      rows: [
        [100, 90],
        [90, 80],
      ],
    },
  );
  statement(
    "abs, round, floor, ceil",
    () =>
      select(func.abs(literal(-3)), func.round(literal(2.5000001)), func.floor(literal(2.7)), func.ceil(literal(2.1))),
    { rows: [[3, 3, 2, 3]] },
  );
  statement("round to digits", () => select(func.round(literal(Math.PI), 2)), { values: [3.14] });
  statement("power, sqrt and mod", () => select(func.power(2, 10), func.sqrt(9), func.mod(literal(7), 3)), {
    rows: [[1024, 3, 1]],
  });
  statement("bool_and and bool_or", () => select(func.boolAnd(emp.c.active), func.boolOr(emp.c.salary.gt(110))), {
    rows: [[false, true]],
  });
  statement("camelCase is snake_case in SQL", () => select(func.rowNumber().over({ orderBy: emp.c.id })).limit(1), {
    values: [1],
    sql: /row_number\(\) OVER/,
  });
  statement(
    "a function that is not known, with the type of its result",
    (name) =>
      select((name === "sqlite" ? fn.total!<number>(emp.c.bonus) : fn.sum!<number>(emp.c.bonus)).returns(t.integer)),
    { values: [15] },
  );
  statement(
    "any name may be called",
    () => select(func.ifnull(emp.c.bonus, -1).returns(t.integer)).where(emp.c.id.eq(2)),
    { values: [-1] },
  );
  statement(
    "a name as it is",
    () => select(functionNamed<string>("lower", emp.c.name).returns(t.text)).where(emp.c.id.eq(1)),
    { values: ["ann"] },
  );
  statement(
    "a name in a schema",
    (name) => (name === "sqlite" ? select(func.lower("A")) : select(func.in("pg_catalog").lower!("A").returns(t.text))),
    { values: ["a"], sql: { postgresql: /pg_catalog\.lower\(/ } },
  );
  statement(
    "a registered type",
    () => {
      registerFunction("hex", t.text);
      return select(func.length(func.lower(emp.c.name))).where(emp.c.id.eq(1));
    },
    { values: [3] },
  );
  statement(
    "functions in WHERE",
    () => select(emp.c.id).where(func.length(emp.c.name).eq(3), func.lower(emp.c.name).eq("eve")),
    { values: [5] },
  );
  statement("now() is a point in time", () => select(func.now().gt(new Date("2024-01-01T00:00:00Z"))), {
    values: [true],
  });
  statement("current_date is written without parentheses", () => select(func.currentDate().gt("2020-01-01")), {
    values: [true],
    sql: /CURRENT_DATE/,
  });
  statement("functions of functions", () => select(func.upper(func.substr(func.concat("ab", "cd"), 2, 2))), {
    values: ["BC"],
  });
  statement("aggregate_strings", () => select(func.aggregateStrings(emp.c.name, "+")).where(emp.c.deptId.eq(2)), {
    values: ["Cid+Dee"],
    sql: /string_agg\(/,
  });
});

describe("[FN-04] aggregates with order and filter", () => {
  statement(
    "filter",
    () =>
      select(
        func.count().filter(emp.c.active),
        func.sum(emp.c.salary).filter(emp.c.deptId.eq(1), emp.c.bonus.isNotNull()),
      ).selectFrom(emp),
    { rows: [[4, 100]], sql: /count\(\*\) FILTER \(WHERE / },
  );
  statement(
    "an aggregate in an order",
    () => select(func.stringAgg(emp.c.name, ",").aggregateOrderBy(emp.c.salary.desc(), emp.c.name)),
    { values: ["Cid,Ann,Bob,Dee,Eve"] },
  );
  statement("group_concat", () => select(func.groupConcat(emp.c.name, "/")).where(emp.c.deptId.eq(1)), {
    values: ["Ann/Bob"],
  });
  statement("array_agg in an order", () => select(func.arrayAgg(emp.c.id).aggregateOrderBy(emp.c.id.desc())), {
    refused: { sqlite: "array_agg()" },
    values: { postgresql: [[5, 4, 3, 2, 1]] },
  });
  statement(
    "json_agg, by either name",
    () => select(func.jsonAgg(dept.c.name).returns(t.json<string[]>())).selectFrom(dept),
    { values: [["Sales", "Lab", "Empty"]] },
  );
  statement("json_object", () => select(func.jsonObject("a", 1, "b", "x").returns(t.json)), {
    values: [{ a: 1, b: "x" }],
  });
  statement("percentile within a group", () => select(func.percentileCont(0.5).withinGroup(emp.c.salary)), {
    refused: { sqlite: "WITHIN GROUP" },
    values: { postgresql: [80] },
  });
  statement(
    "mode within a group, as a function",
    () => select(withinGroup(func.mode!(), emp.c.salary).cast(t.integer)),
    { refused: { sqlite: "WITHIN GROUP" }, values: { postgresql: [80] } },
  );
  statement("rank of a hypothetical row", () => select(func.rank(90).withinGroup(emp.c.salary)), {
    refused: { sqlite: "WITHIN GROUP" },
    values: { postgresql: [4] },
  });
  statement(
    "within a group, filtered",
    () => select(func.percentileCont(0).withinGroup(emp.c.salary).filter(emp.c.active)),
    { refused: { sqlite: "WITHIN GROUP" }, values: { postgresql: [60] } },
  );
  statement(
    "two filters are both kept",
    () => select(func.count().filter(emp.c.active).filter(emp.c.salary.eq(80))).selectFrom(emp),
    { values: [2] },
  );
});

describe("[FN-03] windows", () => {
  const running = () => func.sum(emp.c.salary);
  statement("an empty window", () => select(func.sum(emp.c.salary).over()).limit(1), {
    values: [440],
    sql: /sum\(emp\.salary\) OVER \(\)/,
  });
  statement(
    "partition and order",
    () =>
      select(emp.c.id, func.rowNumber().over({ partitionBy: emp.c.deptId, orderBy: emp.c.salary.desc() }))
        .where(emp.c.deptId.isNotNull())
        .orderBy(emp.c.id),
    {
      rows: [
        [1, 1],
        [2, 2],
        [3, 1],
        [4, 2],
      ],
      sql: /OVER \(PARTITION BY emp\.dept_id ORDER BY emp\.salary DESC\)/,
    },
  );
  statement(
    "several of each",
    () =>
      select(
        func.rank().over({ partitionBy: [emp.c.active, emp.c.deptId], orderBy: [emp.c.salary, emp.c.id] }),
      ).orderBy(emp.c.id),
    { values: [2, 1, 1, 1, 1] },
  );
  statement(
    "rank, dense_rank, ntile",
    () =>
      select(
        func.rank().over({ orderBy: emp.c.salary }),
        func.denseRank().over({ orderBy: emp.c.salary }),
        func.ntile(2).over({ orderBy: emp.c.id }),
      ).orderBy(emp.c.id),
    {
      rows: [
        [4, 3, 1],
        [2, 2, 1],
        [5, 4, 1],
        [2, 2, 2],
        [1, 1, 2],
      ],
    },
  );
  statement(
    "lag and lead",
    () =>
      select(
        func.lag(emp.c.id).over({ orderBy: emp.c.id }),
        func.lead(emp.c.id, 2, 0).over({ orderBy: emp.c.id }),
      ).orderBy(emp.c.id),
    {
      rows: [
        [null, 3],
        [1, 4],
        [2, 5],
        [3, 0],
        [4, 0],
      ],
    },
  );
  statement(
    "first, last and nth value",
    () =>
      select(
        func.firstValue(emp.c.name).over({ orderBy: emp.c.id }),
        func.lastValue(emp.c.name).over({ orderBy: emp.c.id, rows: [null, null] }),
        func.nthValue(emp.c.name, 2).over({ orderBy: emp.c.id, rows: [null, null] }),
      )
        .orderBy(emp.c.id)
        .limit(1),
    { rows: [["Ann", "Eve", "Bob"]] },
  );
  statement(
    "percent_rank and cume_dist",
    () =>
      select(func.percentRank().over({ orderBy: emp.c.id }), func.cumeDist().over({ orderBy: emp.c.id }))
        .orderBy(emp.c.id)
        .limit(2),
    {
      rows: [
        [0, 0.2],
        [0.25, 0.4],
      ],
    },
  );
  statement(
    "rows from the start",
    () => select(running().over({ orderBy: emp.c.id, rows: [null, 0] })).orderBy(emp.c.id),
    { values: [100, 180, 300, 380, 440], sql: /ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW/ },
  );
  statement("rows around", () => select(running().over({ orderBy: emp.c.id, rows: [-1, 1] })).orderBy(emp.c.id), {
    values: [180, 300, 280, 260, 140],
  });
  statement("rows after", () => select(running().over({ orderBy: emp.c.id, rows: [1, null] })).orderBy(emp.c.id), {
    values: [340, 260, 140, 60, null],
    sql: /FOLLOWING AND UNBOUNDED FOLLOWING/,
  });
  statement(
    "a range of values",
    () => select(running().over({ orderBy: emp.c.salary, range: [-20, 0] })).orderBy(emp.c.id),
    { values: [260, 220, 220, 220, 60], sql: /RANGE BETWEEN/ },
  );
  statement(
    "groups of peers",
    () => select(running().over({ orderBy: emp.c.salary, groups: [-1, 0] })).orderBy(emp.c.id),
    { values: [260, 220, 220, 220, 60], sql: /GROUPS BETWEEN/ },
  );
  statement(
    "without the current row",
    () => select(running().over({ orderBy: emp.c.id, rows: [null, null], exclude: "CURRENT ROW" })).orderBy(emp.c.id),
    { values: [340, 360, 320, 360, 380], sql: /EXCLUDE CURRENT ROW/ },
  );
  statement(
    "without ties and groups",
    () =>
      select(
        running().over({ orderBy: emp.c.salary, groups: [null, null], exclude: "TIES" }),
        running().over({ orderBy: emp.c.salary, groups: [null, null], exclude: "GROUP" }),
      )
        .where(emp.c.id.lt(3))
        .orderBy(emp.c.id),
    {
      rows: [
        [180, 80],
        [180, 100],
      ],
    },
  );
  statement(
    "a named window",
    () =>
      select(running().over({ name: "w" }), func.count().over({ name: "w" }))
        .window("w", { partitionBy: emp.c.deptId })
        .orderBy(emp.c.id)
        .limit(2),
    {
      rows: [
        [180, 2],
        [180, 2],
      ],
      sql: /OVER w AS .*OVER w AS .* WINDOW w AS \(PARTITION BY emp\.dept_id\)/,
    },
  );
  statement(
    "a named window that is extended",
    () =>
      select(running().over({ name: "w", orderBy: emp.c.id }))
        .window("w", { partitionBy: emp.c.deptId })
        .orderBy(emp.c.id)
        .limit(2),
    { values: [100, 180], sql: /OVER \(w ORDER BY emp\.id\)/ },
  );
  statement(
    "a window over a named window",
    () =>
      select(func.rowNumber().over({ name: "ordered" }))
        .selectFrom(emp)
        .window("base", { partitionBy: emp.c.active })
        .window("ordered", { name: "base", orderBy: emp.c.id })
        .orderBy(emp.c.id),
    { values: [1, 2, 1, 3, 4] },
  );
  statement(
    "a filtered aggregate over a window",
    () =>
      select(
        func
          .count()
          .filter(emp.c.active)
          .over({ orderBy: emp.c.id, rows: [null, 0] }),
      ).orderBy(emp.c.id),
    { values: [1, 2, 2, 3, 4] },
  );
  statement(
    "over() as a function",
    () =>
      select(over(func.max(emp.c.salary), { partitionBy: emp.c.deptId }))
        .orderBy(emp.c.id)
        .limit(1),
    { values: [100] },
  );
  statement(
    "a window over an aggregate",
    () =>
      select(emp.c.deptId, func.rank().over({ orderBy: func.sum(emp.c.salary).desc() }))
        .groupBy(emp.c.deptId)
        .orderBy(emp.c.deptId.nullsLast()),
    {
      rows: [
        [1, 2],
        [2, 1],
        [null, 3],
      ],
    },
  );
  statement(
    "the first of each group, through a subquery",
    () => {
      const ranked = select(
        emp.c.name,
        func.rowNumber().over({ partitionBy: emp.c.deptId, orderBy: emp.c.salary.desc() }).as("n"),
      ).subquery("ranked");
      return select(ranked.c.name).where(ranked.c.n.eq(1)).orderBy(ranked.c.name);
    },
    { values: ["Ann", "Cid", "Eve"] },
  );
  statement(
    "a difference to the row before",
    () =>
      select(sale.c.qty.sub(func.coalesce(func.lag(sale.c.qty).over({ orderBy: sale.c.id }), 0))).orderBy(sale.c.id),
    { values: [3, -2, 9, -8] },
  );
});

describe("[FN-05] functions in FROM", () => {
  statement(
    "generate_series as a column",
    () => {
      const n = func.generateSeries(1, 4).columnValued("n");
      return select(n).where(n.gt(2)).orderBy(n);
    },
    {
      values: [3, 4],
      sql: {
        postgresql: "SELECT n FROM generate_series($1::INTEGER, $2::INTEGER) AS n WHERE n > $3 ORDER BY n",
        sqlite: /SELECT n\.value .*FROM generate_series\(\?, \?\) AS n WHERE n\.value > \?/,
      },
    },
  );
  statement(
    "generate_series with a step",
    () => {
      const n = func.generateSeries(10, 1, -4).columnValued("n");
      return select(n).orderBy(n.desc());
    },
    { values: [10, 6, 2] },
  );
  statement(
    "generate_series with named columns",
    () => {
      const s = func.generateSeries(1, 3).tableValued({ n: t.integer }, { name: "s" });
      return select(s.c.n.mul(s.c.n)).orderBy(s.c.n);
    },
    { values: [1, 4, 9] },
  );
  statement(
    "a series joined to a table",
    () => {
      const s = func.generateSeries(1, 5).tableValued({ n: t.integer }, { name: "s" });
      return select(s.c.n, emp.c.name).outerjoin(emp, emp.c.id.eq(s.c.n).and(emp.c.active)).orderBy(s.c.n);
    },
    {
      rows: [
        [1, "Ann"],
        [2, "Bob"],
        [3, null],
        [4, "Dee"],
        [5, "Eve"],
      ],
    },
  );
  statement(
    "a series without a name",
    () => {
      const s = func.generateSeries(2, 3).tableValued({ n: t.integer });
      return select(func.sum(s.c.n));
    },
    { values: [5] },
  );
  statement(
    "json_each of a column beside it",
    () => {
      const each = func.jsonEach(doc.c.body).tableValued({ key: t.text }, { name: "each" });
      return select(each.c.key).selectFrom(doc, each).where(doc.c.id.eq(1)).orderBy(each.c.key);
    },
    { values: ["none", "on", "size", "tags", "title"] },
  );
  statement(
    "json_each of binary JSON",
    () => {
      const each = func.jsonEach(doc.c.data).tableValued({ key: t.text }, { name: "each" });
      return select(func.count(each.c.key)).selectFrom(doc, each).where(doc.c.id.eq(2));
    },
    { values: [5], sql: { postgresql: /jsonb_each\(/, sqlite: /json_each\(/ } },
  );
  statement(
    "[FN-05] json_array_elements of an array within",
    () => {
      const tag = func.jsonArrayElements(doc.c.body.get("tags")).tableValued({ value: t.text }, { name: "tag" });
      return select(func.count(tag.c.value)).selectFrom(doc, tag);
    },
    { values: [2] },
  );
  statement(
    "unnest",
    () => {
      const n = func.unnest(literal([3, 1, 2], t.array(t.integer))).columnValued("n");
      return select(n).orderBy(n);
    },
    { refused: { sqlite: "unnest()" }, values: { postgresql: [1, 2, 3] } },
  );
  statement(
    "with ordinality",
    () => {
      const s = func.generateSeries(5, 7).tableValued({ v: t.integer }, { name: "s", withOrdinality: "n" });
      return select(s.c.v, s.c.n).orderBy(s.c.n);
    },
    {
      refused: { sqlite: "WITH ORDINALITY" },
      rows: {
        postgresql: [
          [5, 1n],
          [6, 2n],
          [7, 3n],
        ],
      },
    },
  );
  statement(
    "columns named and typed by the alias",
    () => {
      const r = fn.json_to_recordset!(literal([{ a: 1, b: "x" }], t.json))
        .tableValued({ a: t.integer, b: t.text })
        .renderDerived({ name: "r", withTypes: true });
      return select(r.c.a, r.c.b);
    },
    { refused: { sqlite: "types of columns" }, rows: { postgresql: [[1, "x"]] } },
  );
  statement(
    "columns named by the alias",
    () => {
      const r = fn.jsonb_each!(literal({ k: 5 }, t.jsonb))
        .tableValued({ a: t.text, b: t.jsonb })
        .renderDerived({ name: "r" });
      return select(r.c.a, r.c.b);
    },
    { refused: { sqlite: "names of columns" }, rows: { postgresql: [["k", 5]] } },
  );
  statement(
    "a lateral function",
    () => {
      const s = func
        .generateSeries(1, emp.c.deptId as never)
        .tableValued({ n: t.integer }, { name: "s", lateral: true });
      return select(emp.c.id, s.c.n).join(s, literal(true)).where(emp.c.id.gt(2)).orderBy(emp.c.id, s.c.n);
    },
    {
      refused: { sqlite: "LATERAL" },
      rows: {
        postgresql: [
          [3, 1],
          [3, 2],
          [4, 1],
          [4, 2],
        ],
      },
    },
  );
  statement(
    "a function of a table before it",
    () => {
      const s = func.generateSeries(1, emp.c.deptId as never).tableValued({ n: t.integer }, { name: "s" });
      return select(emp.c.id, s.c.n).selectFrom(emp, s).where(emp.c.id.eq(4)).orderBy(s.c.n);
    },
    {
      rows: [
        [4, 1],
        [4, 2],
      ],
    },
  );
  statement(
    "a column of a composite result",
    () => select(fn.json_each!(literal({ k: 5 }, t.json)).scalarTableValued("key", t.text)),
    { refused: { sqlite: "composite" }, values: { postgresql: ["k"] } },
  );
  statement(
    "the same function twice, as aliases",
    () => {
      const a = func.generateSeries(1, 2).tableValued({ n: t.integer }, { name: "a" });
      const b = a.alias("b");
      return select(a.c.n, b.c.n).selectFrom(a, b).where(a.c.n.lt(b.c.n));
    },
    { rows: [[1, 2]] },
  );
  statement("tablesample", () => select(func.count()).selectFrom(emp.tablesample(100, { seed: 1 })), {
    refused: { sqlite: "TABLESAMPLE" },
    values: { postgresql: [5] },
  });
  statement(
    "tablesample by a method, with its own name",
    () => {
      const s = emp.tablesample(100, { method: "bernoulli", name: "s" });
      return select(s.c.id).orderBy(s.c.id).limit(1);
    },
    {
      refused: { sqlite: "TABLESAMPLE" },
      values: { postgresql: [1] },
      sql: { postgresql: /emp AS s TABLESAMPLE bernoulli\(/ },
    },
  );
});

class Between2 extends ColumnElement<boolean> {
  static override readonly parts = { element: "node", low: "node", high: "node" } as const;
  override get visitName() {
    return "Between2";
  }
  constructor(
    readonly element: ColumnElement,
    readonly low: ColumnElement,
    readonly high: ColumnElement,
  ) {
    super();
  }
  get type(): SQLType {
    return t.boolean;
  }
}
compiles(
  Between2,
  (node: Between2, compiler) =>
    `(${compiler.process(node.low)} <= ${compiler.process(node.element)} AND ${compiler.process(node.element)} <= ${compiler.process(node.high)})`,
);
compiles(
  Between2,
  "postgresql",
  (node: Between2, compiler) =>
    `int4range(${compiler.process(node.low)}, ${compiler.process(node.high)}, '[]') @> ${compiler.process(node.element)}`,
);
const between2 = (element: unknown, low: number, high: number) =>
  new Between2(element as ColumnElement, literal(low) as never, literal(high) as never);

class Greeting extends FunctionElement {
  constructor(...args: readonly unknown[]) {
    super("greeting", args as never, t.text);
  }
}
compiles(Greeting, (node: Greeting, compiler) => `('Hello ' || ${compiler.processList(node.args)})`);

class OnlySqlite extends ColumnElement<number> {
  override get visitName() {
    return "OnlySqlite";
  }
  get type(): SQLType {
    return t.integer;
  }
}
compiles(OnlySqlite, "sqlite", () => "42");

class Comment extends Node {
  static override readonly parts = { words: "name" } as const;
  override get visitName() {
    return "Comment";
  }
  constructor(readonly words: string) {
    super();
  }
}
compiles(Comment, (node: Comment) => `/* ${node.words} */`);

describe("[CX-01] [CX-02] [FN-06] constructs of one's own", () => {
  statement(
    "a construct that each dialect writes in its way",
    () =>
      select(emp.c.id)
        .where(between2(emp.c.salary, 80, 100) as never)
        .orderBy(emp.c.id),
    { values: [1, 2, 4], sql: { sqlite: /\(\? <= emp\.salary AND emp\.salary <= \?\)/, postgresql: /int4range\(/ } },
  );
  statement(
    "served from the cache with other values",
    () => select(emp.c.id).where(between2(emp.c.salary, 110, 130) as never),
    { values: [3] },
  );
  statement("a function of one's own", () => select(new Greeting(emp.c.name) as never).where(emp.c.id.eq(2)), {
    values: ["Hello Bob"],
  });
  statement("one that a dialect does not know", () => select(new OnlySqlite() as never), {
    refused: { postgresql: "OnlySqlite" },
    values: { sqlite: [42] },
  });
  statement(
    "a clause of one's own after a known one",
    () => select(emp.c.id).where(emp.c.id.eq(1)).ext(new Comment("by us"), "where"),
    { values: [1], sql: /WHERE emp\.id = .* \/\* by us \*\/$/ },
  );
  statement(
    "a clause after FROM",
    () => select(func.count()).selectFrom(emp).ext(new Comment("all"), "from").where(emp.c.active),
    { values: [4], sql: /FROM emp \/\* all \*\/ WHERE/ },
  );
});
