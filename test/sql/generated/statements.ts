/** Random statements of the expressions in expressions.ts. */
import fc from "fast-check";
import {
  and,
  any,
  arrayOf,
  cube,
  del,
  except,
  exists,
  func,
  groupingSets,
  insert,
  intersect,
  lateral,
  literal,
  nestedRow,
  nestedRows,
  rollup,
  select,
  t,
  true_,
  tuple,
  union,
  unionAll,
  update,
  values,
} from "../../../src/index.js";
import { dept, doc, emp, sale, seat } from "../statements/world.js";
import { bool, bounded, day, int, type Loose, scalar, small, str } from "./expressions.js";

/** A plain select over one of a few FROM lists. */
export const plain = fc
  .record({
    columns: fc.array(scalar, { minLength: 1, maxLength: 3 }),
    where: fc.array(bool, { maxLength: 2 }),
    joined: fc.constantFrom("none", "inner", "left", "sale", "values", "right"),
    distinct: fc.boolean(),
    limit: fc.option(fc.integer({ min: 0, max: 4 })),
    offset: fc.option(fc.integer({ min: 0, max: 2 })),
  })
  .map((made): Loose => {
    let stmt: Loose = select(...made.columns.map((each, i) => each.as(`c${i}`))).selectFrom(emp);
    if (made.joined === "inner") stmt = stmt.join(dept);
    else if (made.joined === "left") stmt = stmt.outerjoin(dept);
    else if (made.joined === "sale") stmt = stmt.join(sale, sale.c.empId.eq(emp.c.id).and(sale.c.id.in([1, 3, 4])));
    else if (made.joined === "values") {
      const v = values({ n: t.integer, s: t.text }, [
        [1, "one"],
        [2, null],
        [5, "it's"],
      ]);
      stmt = stmt.join(v, v.c.n.eq(emp.c.id));
    } else if (made.joined === "right")
      stmt = select(dept.c.id, ...made.columns.map((each, i) => each.as(`c${i}`)))
        .selectFrom(emp)
        .rightJoin(dept);
    if (made.where.length > 0) stmt = stmt.where(...made.where);
    if (made.distinct || made.joined === "right") return stmt.distinct();
    stmt = stmt.orderBy(emp.c.id);
    if (made.limit !== null) stmt = stmt.limit(made.limit);
    if (made.offset !== null) stmt = stmt.offset(made.offset);
    return stmt;
  });

/** Groups, with filters, HAVING and ordered aggregates. */
export const grouped = fc
  .record({
    by: fc.oneof(int, str, bool, day),
    of: int,
    text: str,
    filter: bool,
    having: fc.option(small),
    where: fc.option(bool),
  })
  .map(({ by, of, text, filter, having, where }): Loose => {
    const key = by.as("k");
    let stmt: Loose = select(
      key,
      func.count().as("n"),
      func.sum(of).as("s"),
      func.min(of).as("lo"),
      func.max(of).as("hi"),
      func.count(of.distinct()).filter(filter).as("d"),
      func.aggregateStrings(text, "|").aggregateOrderBy(emp.c.id).as("texts"),
      func.boolAnd(filter).as("every"),
    )
      .selectFrom(emp)
      .groupBy(key);
    if (having !== null) stmt = stmt.having(func.count().gt(having));
    if (where !== null) stmt = stmt.where(where);
    return stmt;
  });

const frame = fc.oneof(
  fc.record({ rows: fc.constantFrom([null, 0], [-1, 1], [null, null], [0, null], [1, 2]) }),
  fc.record({
    groups: fc.constantFrom([-1, 0], [null, 1]),
    exclude: fc.constantFrom(undefined, "CURRENT ROW", "GROUP", "TIES"),
  }),
  fc.record({ range: fc.constantFrom([null, 0], [-20, 20], [0, null]) }),
);

/** Window functions, with frames and named windows. */
export const windowed = fc
  .record({ of: int, text: str, part: fc.oneof(int, bool), frame, named: fc.boolean(), where: bool })
  .map(({ of, text, part, frame, named, where }): Loose => {
    // a frame of ranges counts what it is ordered by
    const orderBy = "rows" in frame ? [emp.c.salary, emp.c.id] : emp.c.salary;
    const window: Loose = { partitionBy: part, orderBy };
    const stmt: Loose = select(
      emp.c.id,
      func
        .sum(of)
        .over((named ? { name: "w", ...frame } : { ...window, ...frame }) as never)
        .as("s"),
      func
        .max(of)
        .over({ ...window, ...frame } as never)
        .as("m"),
      func
        .count(text)
        .over(named ? { name: "w" } : window)
        .as("n"),
      func.rowNumber().over({ partitionBy: part, orderBy: emp.c.id }).as("i"),
      func.rank().over({ orderBy: emp.c.salary }).as("r"),
      func.denseRank().over({ orderBy: emp.c.salary.desc() }).as("d"),
      func.ntile(3).over({ orderBy: emp.c.id }).as("t"),
      func.lag(of, 2).over({ orderBy: emp.c.id }).as("before"),
      func.lead(of).over({ orderBy: emp.c.id }).as("after"),
      func.firstValue(text).over({ partitionBy: part, orderBy: emp.c.id }).as("f"),
      func
        .nthValue(of, 2)
        .over({ orderBy: emp.c.id, rows: [null, null] })
        .as("second"),
      func.sum(of).filter(where).over({ orderBy: emp.c.id }).as("some"),
    ).where(where);
    return named ? stmt.window("w", window) : stmt;
  });

const member = fc
  .record({ a: int, b: str, where: bool, cut: fc.option(fc.integer({ min: 0, max: 3 })) })
  .map(({ a, b, where, cut }): Loose => {
    const stmt: Loose = select(a.as("n"), b.as("s")).selectFrom(emp).where(where);
    return cut === null ? stmt : stmt.orderBy(emp.c.id).limit(cut);
  });

/** Set operations in each other, with members that are cut. */
export const combined: fc.Arbitrary<Loose> = fc
  .letrec<{ query: Loose }>((tie) => ({
    query: fc.oneof(
      { maxDepth: 2 },
      member,
      fc
        .tuple(fc.constantFrom(union, unionAll, intersect, except), tie("query"), tie("query"))
        .map(([how, a, b]) => (how as Loose)(a, b)),
    ),
  }))
  .query.map((query: Loose) => (query.members === undefined ? union(query, query) : query));

/** Queries in queries: in FROM, in WITH, recursive. */
export const nested = fc
  .record({
    inner: fc.oneof(plain, grouped, combined),
    way: fc.constantFrom("subquery", "cte", "nesting", "twice"),
    filter: fc.boolean(),
  })
  .map(({ inner, way, filter }): Loose => {
    const from = way === "subquery" ? inner.subquery("q") : inner.cte("q", { nesting: way === "nesting" });
    const columns = from.columns as Loose[];
    const stmt: Loose = select(
      ...columns.map((each: Loose, i: number) => each.as(`o${i}`)),
      func.count().over().as("total"),
    );
    if (way === "twice") {
      const again = from.alias("again");
      return stmt.where(
        exists(select(again.columns[0]).where(again.columns[0].isNotDistinctFrom(columns[0])).correlate(from)),
      );
    }
    return filter ? stmt.where(columns[0].isNotNull()) : stmt;
  });

/** Recursion over numbers and over the tree of employees. */
export const recursive = fc
  .record({
    tree: fc.boolean(),
    step: fc.integer({ min: 1, max: 4 }),
    top: fc.integer({ min: 0, max: 20 }),
    of: int,
    where: bool,
  })
  .map(({ tree, step, top, of, where }): Loose => {
    if (!tree) {
      const n = values({ n: t.integer }, [[0]]).cte("n", { recursive: true });
      const all = n.unionAll(select(n.c.n.add(step)).where(n.c.n.lt(top)));
      return select(all.c.n, func.sum(all.c.n).over({ orderBy: all.c.n }).as("sum"));
    }
    const roots = select(emp.c.id, bounded(of).as("n"), literal(0).as("depth")).where(emp.c.bossId.isNull());
    const chain: Loose = roots.cte("chain", { recursive: true });
    const all: Loose = chain.union(
      select(emp.c.id, chain.c.n.add(1), chain.c.depth.add(1))
        .join(chain, emp.c.bossId.eq(chain.c.id))
        .where(where) as never,
    );
    return select(all.c.id, all.c.n, all.c.depth);
  });

/** Rows inside rows: of their own sales, of any query, and of one row. */
export const inside = fc
  .record({
    columns: fc.array(scalar, { minLength: 1, maxLength: 3 }),
    any: fc.oneof(plain, grouped, combined),
    where: bool,
    cut: small,
  })
  .map(({ columns, any: query, where, cut }): Loose => {
    const s = sale.alias();
    const own = select({ id: s.c.id, price: s.c.price, at: s.c.at, outer: columns[0] as Loose })
      .selectFrom(s)
      .where(s.c.empId.eq(emp.c.id))
      .correlate(emp)
      .orderBy(s.c.id.desc());
    const d = dept.alias();
    const q: Loose = query.subquery("q");
    return select({
      id: emp.c.id,
      sales: nestedRows(own),
      first: nestedRow(own.where(s.c.qty.lt(cut)).limit(1)),
      deep: nestedRow(
        select({ sales: nestedRows(own), ...Object.fromEntries(columns.map((each, i) => [`c${i}`, each])) })
          .selectFrom(d)
          .where(d.c.id.eq(emp.c.deptId))
          .correlate(emp),
      ),
      all: nestedRows(select(q)),
    }).where(where);
  });

const key = fc.constantFrom("title", "on", "tags", "size", "none", "nope");

/** Documents: members, paths, what they are made of. */
export const documents = fc
  .record({
    column: fc.constantFrom(doc.c.body, doc.c.data),
    key,
    index: fc.integer({ min: -2, max: 2 }),
    other: key,
    n: small,
    join: fc.boolean(),
  })
  .map(({ column, key, index, other, n, join }): Loose => {
    const c: Loose = column;
    const stmt: Loose = select(
      doc.c.id,
      c
        .get(key === "tags" || key === "size" ? "title" : key)
        .asString()
        .as("a"),
      c.path("tags", index).asString().as("b"),
      c.path("size", "w").asInteger().add(n).as("c"),
      c.get("on").asBoolean().as("d"),
      c.hasKey(other).as("e"),
      c.hasAny([key, other]).as("f"),
      func.jsonBuildObject({ k: c.path("size", "h"), n: literal(n), on: c.get("on").asBoolean() }).as("g"),
    ).where(c.getText(other).isNotNull().or(c.path("size", "h").asFloat().gt(n)));
    if (!join) return stmt;
    const each: Loose = func
      .jsonArrayElements(doc.c.body.get("tags"))
      .tableValued({ value: t.json() }, { name: "each" });
    return stmt.addColumns(func.count().over().as("tags")).join(each, true_());
  });

/** INSERT, UPDATE and DELETE that give rows back, and an upsert. */
export const written = fc
  .record({
    what: fc.constantFrom("update", "updateFrom", "delete", "insert", "upsert"),
    a: int,
    b: str,
    where: bool,
    room: fc.constantFrom("red", "blue", "it's"),
    n: fc.integer({ min: 1, max: 4 }),
    back: scalar,
  })
  .map(({ what, a, b, where, room, n, back }): Loose => {
    switch (what) {
      case "update":
        return update(emp)
          .values({ bonus: bounded(a), name: func.coalesce(b, "none") as never })
          .where(where)
          .all()
          .returning(emp.c.id, emp.c.bonus, emp.c.name, back.as("back"));
      case "updateFrom":
        return update(sale)
          .values({ qty: func.coalesce(bounded(a), 0) as never })
          .where(sale.c.empId.eq(emp.c.id), where)
          .returning(sale.c.id, sale.c.qty);
      case "delete":
        return del(sale)
          .where(exists(select(emp.c.id).where(emp.c.id.eq(sale.c.empId), where)))
          .returning(sale.c.id, sale.c.qty.add(n).as("more"));
      case "insert":
        return insert(seat)
          .fromSelect(["room", "no", "holder"], select(literal(room), emp.c.id.add(10), b).where(where))
          .returning(seat.c.room, seat.c.no, seat.c.holder, seat.c.note, seat.c.state);
      default:
        return insert(seat)
          .values({ room, no: n, holder: "new" })
          .onConflictDoUpdate({
            indexElements: ["room", "no"],
            set: (excluded) => ({ note: excluded.room.concat("!"), no: excluded.no.add(n) }),
            where: seat.c.no.le(n),
          })
          .returning(seat.c.room, seat.c.no, seat.c.note);
    }
  });

/** What SQLite has not: LATERAL, arrays, ANY, FETCH WITH TIES, DISTINCT ON. It refuses them by name. */
export const postgresqlOnly = fc
  .record({
    what: fc.constantFrom("lateral", "array", "any", "ties", "distinctOn", "groupingSets", "rollup", "written"),
    a: int,
    b: str,
    where: bool,
    list: fc.array(small, { minLength: 1, maxLength: 4 }),
    cut: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ what, a, b, where, list, cut }): Loose => {
    const base: Loose = select(emp.c.id, a.as("a"), b.as("b")).selectFrom(emp).where(where);
    const array: Loose = literal(list, arrayOf(t.integer));
    switch (what) {
      case "lateral": {
        const own: Loose = lateral(
          select(sale.c.qty.as("qty"), a.as("outer"))
            .where(sale.c.empId.eq(emp.c.id))
            .orderBy(sale.c.id)
            .limit(cut)
            .correlate(emp),
          "own",
        );
        return base.addColumns(own.c.qty, own.c.outer).outerjoin(own, true_());
      }
      case "array":
        return base.addColumns(
          array.at(cut).as("x"),
          array.slice(1, cut).as("y"),
          array.contains([list[0]]).as("c"),
          array.overlap(literal([cut], arrayOf(t.integer))).as("o"),
          array.concat([cut]).as("z"),
          func.cardinality(array).as("n"),
        );
      case "any":
        return base.where(and(a.eq(any(array)), a.le(any(select(sale.c.qty)) as never)));
      case "ties":
        return base.orderBy(emp.c.salary).fetch(cut, { withTies: true });
      case "rollup":
        return select(emp.c.deptId, emp.c.active, func.grouping(emp.c.deptId, emp.c.active), func.sum(a))
          .where(where)
          .groupBy(rollup(emp.c.deptId, emp.c.active), groupingSets(tuple(), tuple(emp.c.bossId)));
      case "written": {
        const changed: Loose = update(emp)
          .values({ bonus: bounded(a) })
          .where(where)
          .all()
          .returning(emp.c.id, emp.c.bonus)
          .cte("changed");
        const gone: Loose = del(sale)
          .where(sale.c.empId.in(select(changed.c.id) as never))
          .returning(sale.c.id, sale.c.qty)
          .cte("gone");
        return select(changed.c.id, changed.c.bonus, gone.c.qty).outerjoin(gone, gone.c.qty.gt(changed.c.id));
      }
      case "distinctOn":
        return base.distinctOn(emp.c.salary).orderBy(emp.c.salary, emp.c.id);
      default:
        return select(emp.c.deptId, func.grouping(emp.c.deptId), func.sum(a)).where(where).groupBy(cube(emp.c.deptId));
    }
  });
