import { describe, expect, test } from "vitest";
import {
  type AsyncConnection,
  aggregateOrderBy,
  alias,
  between,
  bindparam,
  bitwiseNot,
  caseWhen,
  cte,
  del,
  distinct,
  except,
  exceptAll,
  exists,
  func,
  funcFilter,
  insert,
  intersect,
  intersectAll,
  label,
  lateral,
  literal,
  namedColumn,
  not,
  select,
  sql,
  t,
  tablesample,
  text,
  true_,
  tuple,
  union,
  unionAll,
  update,
  values,
} from "../../../src/index.js";
import { connections, onBothDatabases, statement } from "./statements.js";
import { dept, emp, sale, seat } from "./world.js";

onBothDatabases();

describe("[SL-02] subqueries", () => {
  statement(
    "in FROM",
    () => {
      const high = select(emp.c.id, emp.c.salary).where(emp.c.salary.gt(90)).subquery("high");
      return select(high.c.id).orderBy(high.c.salary);
    },
    {
      values: [1, 3],
      sql: {
        postgresql:
          "SELECT high.id FROM (SELECT emp.id, emp.salary FROM emp WHERE emp.salary > $1) AS high ORDER BY high.salary",
      },
    },
  );
  statement(
    "without a name",
    () => {
      const some = select(emp.c.id).subquery();
      return select(func.count(some.c.id));
    },
    { values: [5], sql: /AS anon_1$/ },
  );
  statement(
    "of a subquery",
    () => {
      const a = select(emp.c.id, emp.c.salary).subquery("a");
      const b = select(a.c.salary.mul(2).as("twice")).where(a.c.id.lt(3)).subquery("b");
      return select(func.sum(b.c.twice));
    },
    { values: [360] },
  );
  statement(
    "twice, by aliases of it",
    () => {
      const a = select(emp.c.id, emp.c.bossId).subquery("a");
      const b = a.alias("b");
      return select(a.c.id, b.c.id).selectFrom(a).join(b, a.c.bossId.eq(b.c.id)).orderBy(a.c.id);
    },
    {
      rows: [
        [2, 1],
        [3, 1],
        [4, 3],
      ],
    },
  );
  statement(
    "an alias of an alias",
    () => {
      const b = alias(emp.alias("a"), "b");
      return select(b.c.id).orderBy(b.c.id).limit(1);
    },
    { values: [1], sql: { sqlite: "SELECT b.id FROM emp AS b ORDER BY b.id LIMIT ?" } },
  );
  statement(
    "with columns of one name",
    () => {
      const both = select(emp.c.id, dept.c.id).join(dept).subquery("both");
      return select(both).orderBy(both.c.id).limit(1);
    },
    { rows: [[1, 1]] },
  );
  statement(
    "of objects",
    () => {
      const o = select({ who: emp.c.name, pay: emp.c.salary }).subquery("o");
      return select(o.c.who).where(o.c.pay.lt(70));
    },
    { values: ["Eve"] },
  );
  statement(
    "with a limit of its own",
    () => {
      const top = select(emp.c.name, emp.c.salary).orderBy(emp.c.salary.desc()).limit(2).subquery();
      return select(func.min(top.c.salary));
    },
    { values: [100] },
  );
  statement(
    "of a label",
    () => {
      const s = select(func.count().as("n")).selectFrom(emp).subquery();
      return select(s.c.n.add(1));
    },
    { values: [6] },
  );
  statement(
    "of text",
    () => {
      const s = text("SELECT 1 AS a, 'x' AS b").columns({ a: t.integer, b: t.text }).subquery("s");
      return select(s.c.b, s.c.a);
    },
    { rows: [["x", 1]] },
  );
});

describe("[SL-02] [SL-03] scalar and correlated subqueries", () => {
  statement(
    "a set operation in FROM takes nothing from its neighbours, in any of its members",
    () => {
      const staff = (id: number) => select(emp.c.id).where(emp.c.deptId.eq(dept.c.id), dept.c.id.eq(id));
      const both = union(staff(1), staff(2)).subquery("both");
      return select(dept.c.id, func.count()).selectFrom(dept).crossJoin(both).groupBy(dept.c.id).orderBy(dept.c.id);
    },
    {
      rows: [
        [1, 4],
        [2, 4],
        [3, 4],
      ],
    },
  );
  statement(
    "as a column",
    () =>
      select(emp.c.name, select(func.count()).selectFrom(sale).where(sale.c.empId.eq(emp.c.id)).scalarSubquery())
        .orderBy(emp.c.id)
        .limit(3),
    {
      rows: [
        ["Ann", 2],
        ["Bob", 1],
        ["Cid", 1],
      ],
      sql: /\(SELECT count\(\*\) AS count_1 FROM sale WHERE sale\.emp_id = emp\.id\)/,
    },
  );
  statement(
    "as a column with a name",
    () =>
      select(dept.c.name, select(func.max(emp.c.salary)).where(emp.c.deptId.eq(dept.c.id)).label("best")).orderBy(
        dept.c.id,
      ),
    {
      rows: [
        ["Sales", 100],
        ["Lab", 120],
        ["Empty", null],
      ],
    },
  );
  statement(
    "in a comparison",
    () => select(emp.c.id).where(emp.c.salary.eq(select(func.max(emp.alias("e").c.salary)))),
    { values: [3] },
  );
  statement(
    "compared with another of the same table, by an alias",
    () => {
      const e = emp.alias("e");
      return select(emp.c.id)
        .where(emp.c.salary.gt(select(func.avg(e.c.salary)).where(e.c.deptId.eq(emp.c.deptId))))
        .orderBy(emp.c.id);
    },
    { values: [1, 3], sql: /FROM emp AS e WHERE e\.dept_id = emp\.dept_id\)/ },
  );
  statement(
    "in ORDER BY",
    () =>
      select(dept.c.id).orderBy(
        select(func.count()).selectFrom(emp).where(emp.c.deptId.eq(dept.c.id)).scalarSubquery(),
        dept.c.id.desc(),
      ),
    { values: [3, 2, 1] },
  );
  statement("arithmetic of it", () => select(select(func.count()).selectFrom(emp).scalarSubquery().add(1)), {
    values: [6],
  });
  statement(
    "two levels deep",
    () =>
      select(dept.c.name).where(
        exists(
          select(emp.c.id).where(
            emp.c.deptId.eq(dept.c.id),
            exists(select(sale.c.id).where(sale.c.empId.eq(emp.c.id), sale.c.qty.gt(5))),
          ),
        ),
      ),
    { values: ["Sales"] },
  );
  statement(
    "correlate() names what is left out",
    () => {
      const inner = select(func.count()).selectFrom(emp, dept).where(emp.c.deptId.eq(dept.c.id)).correlate(dept);
      return select(dept.c.name, inner.scalarSubquery()).orderBy(dept.c.id);
    },
    {
      rows: [
        ["Sales", 2],
        ["Lab", 2],
        ["Empty", 0],
      ],
    },
  );
  statement(
    "correlate(null) leaves nothing out",
    () =>
      select(
        dept.c.id,
        select(func.count()).selectFrom(emp, dept).where(emp.c.deptId.eq(dept.c.id)).correlate(null).scalarSubquery(),
      )
        .orderBy(dept.c.id)
        .limit(1),
    { rows: [[1, 4]] },
  );
  statement(
    "correlateExcept() leaves out all others",
    () =>
      select(
        dept.c.id,
        select(func.count()).selectFrom(emp).where(emp.c.deptId.eq(dept.c.id)).correlateExcept(emp).scalarSubquery(),
      ).orderBy(dept.c.id),
    {
      rows: [
        [1, 2],
        [2, 2],
        [3, 0],
      ],
    },
  );
  statement(
    "a subquery in FROM is not correlated",
    () => {
      const s = select(emp.c.deptId, func.count().as("n")).groupBy(emp.c.deptId).subquery();
      return select(emp.c.id, s.c.n).join(s, s.c.deptId.eq(emp.c.deptId)).orderBy(emp.c.id).limit(1);
    },
    { rows: [[1, 2]] },
  );
  statement(
    "in the SET of an UPDATE",
    () =>
      update(seat)
        .values({ note: select(func.max(dept.c.name)).scalarSubquery() as never })
        .where(seat.c.id.eq(1)),
    { count: 1, after: [() => select(seat.c.note).where(seat.c.id.eq(1)), [["Sales"]]] },
  );
});

describe("[SL-02] exists", () => {
  statement(
    "exists() of a query",
    () =>
      select(emp.c.id)
        .where(exists(select(sale.c.id).where(sale.c.empId.eq(emp.c.id))))
        .orderBy(emp.c.id),
    { values: [1, 2, 3], sql: /WHERE EXISTS \(SELECT sale\.id FROM sale WHERE sale\.emp_id = emp\.id\)/ },
  );
  statement(
    "exists() of a table, with conditions after it",
    () =>
      select(emp.c.id)
        .where(exists(sale).where(sale.c.empId.eq(emp.c.id), sale.c.item.eq("pen")))
        .orderBy(emp.c.id),
    { values: [1, 2], sql: /EXISTS \(SELECT 1 FROM sale WHERE/ },
  );
  statement(
    "not exists",
    () =>
      select(emp.c.id)
        .where(not(exists(sale).where(sale.c.empId.eq(emp.c.id))))
        .orderBy(emp.c.id),
    { values: [4, 5], sql: /NOT \(?EXISTS/ },
  );
  statement(
    "a select's own exists()",
    () =>
      select(dept.c.id)
        .where(select(emp.c.id).where(emp.c.deptId.eq(dept.c.id)).exists())
        .orderBy(dept.c.id),
    { values: [1, 2] },
  );
  statement("exists as a value", () => select(exists(select(emp.c.id).where(emp.c.salary.gt(1000))), exists(emp)), {
    rows: [[false, true]],
  });
  statement(
    "exists beside other conditions",
    () =>
      select(emp.c.id)
        .where(exists(sale).where(sale.c.empId.eq(emp.c.id)).or(emp.c.id.eq(5)))
        .orderBy(emp.c.id),
    { values: [1, 2, 3, 5] },
  );
  statement(
    "exists in CASE",
    () =>
      select(caseWhen([[exists(sale).where(sale.c.empId.eq(emp.c.id)), "sold"]], { else: "no" }))
        .selectFrom(emp)
        .orderBy(emp.c.id)
        .limit(4),
    { values: ["sold", "sold", "sold", "no"] },
  );
});

describe("[SL-04] CTEs", () => {
  const high = () => select(emp.c.id, emp.c.salary).where(emp.c.salary.gt(90)).cte("high");
  statement(
    "in WITH",
    () => {
      const c = high();
      return select(c.c.id).orderBy(c.c.id);
    },
    {
      values: [1, 3],
      sql: /^WITH high AS \(SELECT emp\.id, emp\.salary FROM emp WHERE emp\.salary > .*\) SELECT high\.id FROM high/,
    },
  );
  statement(
    "used twice, written once",
    () => {
      const c = high();
      const d = c.alias("d");
      return select(c.c.id, d.c.id).where(c.c.salary.lt(d.c.salary));
    },
    { rows: [[1, 3]], sql: /FROM high, high AS d WHERE/ },
  );
  statement(
    "one that uses another",
    () => {
      const a = high();
      const b = select(func.count().as("n")).selectFrom(a).cte("b");
      return select(b.c.n);
    },
    { values: [2], sql: /WITH high AS .*, b AS \(SELECT count\(\*\) AS n FROM high\)/ },
  );
  statement(
    "inside a subquery, written at the top",
    () => {
      const c = high();
      const s = select(c.c.id).subquery("s");
      return select(func.count(s.c.id));
    },
    { values: [2], sql: /^WITH high AS/ },
  );
  statement(
    "nesting: written where it is used",
    () => {
      const c = select(emp.c.id).where(emp.c.salary.gt(90)).cte("c", { nesting: true });
      const s = select(c.c.id).subquery("s");
      return select(func.count(s.c.id));
    },
    {
      values: [2],
      sql: /^SELECT count\(s\.id\) AS count_1 FROM \(WITH c AS \(SELECT emp\.id FROM emp WHERE .*\) SELECT c\.id FROM c\) AS s$/,
    },
  );
  statement(
    "two of one name, each nested in its own query",
    () => {
      const a = select(select(emp.c.id).where(emp.c.id.eq(1)).cte("c", { nesting: true }).c.id).subquery("a");
      const b = select(select(emp.c.id).where(emp.c.id.eq(2)).cte("c", { nesting: true }).c.id).subquery("b");
      return select(a.c.id, b.c.id).selectFrom(a, b);
    },
    { rows: [[1, 2]] },
  );
  statement(
    "nested in a member of a union",
    () => {
      const c = select(literal(1).as("n")).cte("c", { nesting: true });
      return unionAll(select(c.c.n), select(literal(2)));
    },
    { values: [1, 2] },
  );
  statement(
    "recursive: numbers",
    () => {
      const n = select(literal(1).as("n")).cte("n", { recursive: true });
      const all = n.unionAll(select(n.c.n.add(1)).where(n.c.n.lt(5)));
      return select(func.sum(all.c.n));
    },
    { values: [15], sql: /^WITH RECURSIVE n \(n\) AS \(SELECT .* UNION ALL SELECT n\.n \+ / },
  );
  statement(
    "recursive: a tree with its depth",
    () => {
      const top = select(emp.c.id, emp.c.name, literal(0).as("depth"))
        .where(emp.c.id.eq(1))
        .cte("tree", { recursive: true });
      const tree = top.unionAll(select(emp.c.id, emp.c.name, top.c.depth.add(1)).join(top, emp.c.bossId.eq(top.c.id)));
      return select(tree.c.name, tree.c.depth).orderBy(tree.c.depth, tree.c.id);
    },
    {
      rows: [
        ["Ann", 0],
        ["Bob", 1],
        ["Cid", 1],
        ["Dee", 2],
      ],
    },
  );
  statement(
    "recursive: with UNION, so that a circle ends",
    () => {
      const n = select(literal(0).as("n")).cte("n", { recursive: true });
      const all = n.union(select(n.c.n.add(1).mod(3)));
      return select(func.count()).selectFrom(all);
    },
    { values: [3] },
  );
  statement(
    "recursive: a path as text",
    () => {
      const top = select(emp.c.id, emp.c.name.as("path"))
        .where(emp.c.bossId.isNull())
        .cte("paths", { recursive: true });
      const paths = top.unionAll(
        select(emp.c.id, top.c.path.concat("/").concat(emp.c.name)).join(top, emp.c.bossId.eq(top.c.id)),
      );
      return select(paths.c.path).orderBy(paths.c.path);
    },
    { values: ["Ann", "Ann/Bob", "Ann/Cid", "Ann/Cid/Dee", "Eve"] },
  );
  statement(
    "materialised, and not",
    () => {
      const c = select(emp.c.id).cte("c", { materialized: true });
      const d = select(c.c.id).cte("d", { materialized: false });
      return select(func.count(d.c.id));
    },
    { values: [5], sql: /c AS MATERIALIZED \(.*, d AS NOT MATERIALIZED \(/ },
  );
  statement(
    "of a union",
    () => {
      const c = union(select(emp.c.salary), select(emp.c.bonus)).cte("c");
      return select(func.count(c.c.salary));
    },
    { values: [7] },
  );
  statement(
    "of text",
    () => {
      const c = text("SELECT 7 AS x").columns({ x: t.integer }).cte("c");
      return select(c.c.x.add(1));
    },
    { values: [8] },
  );
  statement(
    "of VALUES",
    () => {
      const v = values({ a: t.integer }, [[1], [2]], "v");
      const c = select(v.c.a).cte("c");
      return select(func.sum(c.c.a));
    },
    { values: [3] },
  );
  statement(
    "in a set operation",
    () => {
      const c = high();
      return union(select(c.c.id), select(literal(9))).orderBy("id");
    },
    { values: [1, 3, 9], sql: /^WITH high/ },
  );
  statement(
    "in IN",
    () => {
      const c = high();
      return select(emp.c.name)
        .where(emp.c.id.in(select(c.c.id)))
        .orderBy(emp.c.id);
    },
    { values: ["Ann", "Cid"] },
  );
  statement(
    "in an INSERT from a SELECT",
    () => {
      const c = high();
      return insert(seat).fromSelect(["room", "no"], select(literal("cte"), c.c.id));
    },
    { count: 2, after: [() => select(seat.c.no).where(seat.c.room.eq("cte")).orderBy(seat.c.no), [[1], [3]]] },
  );
  statement(
    "in an UPDATE",
    () => {
      const c = high();
      return update(emp)
        .values({ bonus: 1 })
        .where(emp.c.id.in(select(c.c.id)));
    },
    { count: 2 },
  );
  statement(
    "in a DELETE",
    () => {
      const c = select(sale.c.id).where(sale.c.qty.gt(2)).cte("many");
      return del(sale).where(sale.c.id.in(select(c.c.id)));
    },
    { count: 2 },
  );
  statement("addCte() of one that nothing names", () => select(literal(1)).addCte(high()), {
    values: [1],
    sql: /^WITH high AS/,
  });
  statement(
    "a DELETE in WITH, whose rows are selected",
    () => {
      const gone = del(sale).where(sale.c.item.eq("pen")).returning(sale.c.id, sale.c.qty).cte("gone");
      return select(func.sum(gone.c.qty));
    },
    { refused: { sqlite: "DELETE inside WITH" }, values: { postgresql: [13] } },
  );
  statement(
    "an INSERT in WITH",
    () => {
      const made = insert(dept).values({ id: 9, name: "New" }).returning(dept.c.id).cte("made");
      return select(made.c.id);
    },
    { refused: { sqlite: "INSERT inside WITH" }, values: { postgresql: [9] } },
  );
  statement(
    "an UPDATE in WITH that an INSERT uses",
    () => {
      const raised = update(emp)
        .values({ salary: emp.c.salary.add(1) })
        .where(emp.c.id.eq(1))
        .returning(emp.c.id, emp.c.salary)
        .cte("raised");
      return insert(sale)
        .fromSelect(
          ["id", "empId", "item", "qty", "price", "at"],
          select(literal(100), raised.c.id, literal("raise"), raised.c.salary, literal(1.5), func.now()),
        )
        .returning(sale.c.qty);
    },
    { refused: { sqlite: "UPDATE inside WITH" }, values: { postgresql: [101] } },
  );
  statement(
    "a DELETE in WITH without RETURNING",
    () => select(literal("done")).addCte(del(sale).where(sale.c.id.eq(1)).cte("d") as never),
    { refused: { sqlite: "DELETE inside WITH" }, values: { postgresql: ["done"] } },
  );
});

describe("[SL-05] set operations", () => {
  const a = () => select(emp.c.salary).where(emp.c.deptId.eq(1));
  const b = () => select(emp.c.salary).where(emp.c.deptId.eq(2));
  statement("union", () => union(a(), b()).orderBy("salary"), { values: [80, 100, 120] });
  statement("union all", () => unionAll(a(), b()).orderBy("salary"), { values: [80, 80, 100, 120] });
  statement("intersect", () => intersect(a(), b()), { values: [80] });
  statement("except", () => except(a(), b()), { values: [100] });
  statement("by a query's own methods", () => a().union(b()).orderBy(emp.c.salary.desc()), { values: [120, 100, 80] });
  statement("intersect all", () => a().intersectAll(b()), {
    refused: { sqlite: "INTERSECT ALL" },
    values: { postgresql: [80] },
  });
  statement(
    "ordered by a column of the first",
    () =>
      union(select(emp.c.name.as("n")), select(dept.c.name))
        .orderBy("n")
        .limit(2),
    { values: ["Ann", "Bob"] },
  );
  statement(
    "desc() by name",
    () => union(select(emp.c.id), select(dept.c.id)).orderBy(emp.c.id.desc()).limit(1).offset(1),
    { values: [4] },
  );
  statement("limit of the whole", () => unionAll(a(), b()).orderBy("salary").limit(1), { values: [80] });
  statement(
    "members with limits of their own",
    () =>
      unionAll(select(emp.c.id).orderBy(emp.c.id).limit(1), select(emp.c.id).orderBy(emp.c.id.desc()).limit(1)).orderBy(
        "id",
      ),
    { values: [1, 5] },
  );
  statement("nested: (a union b) except c", () => except(union(a(), b()), select(literal(120))).orderBy("salary"), {
    values: [80, 100],
  });
  statement(
    "nested: a except (b union c)",
    () => except(select(emp.c.id), union(select(sale.c.empId), select(literal(5)))),
    { values: [4] },
  );
  statement("nested the other way", () => union(a(), intersect(b(), select(literal(80)))).orderBy("salary"), {
    values: [80, 100],
  });
  statement(
    "three members",
    () => union(select(literal(1).as("x")), select(literal(2)), select(literal(1))).orderBy("x"),
    { values: [1, 2] },
  );
  statement(
    "with different conditions and columns",
    () =>
      unionAll(
        select(emp.c.id, emp.c.name).where(emp.c.id.eq(1)),
        select(dept.c.id, dept.c.name).where(dept.c.id.eq(2)),
      ).orderBy("id"),
    {
      rows: [
        [1, "Ann"],
        [2, "Lab"],
      ],
    },
  );
  statement(
    "NULL takes the type of the other member",
    () => unionAll(select(literal(null).as("at")), select(sale.c.at).where(sale.c.id.eq(1))).orderBy("at"),
    {
      rows: {
        sqlite: [[null], [new Date("2024-01-10T12:00:00Z")]],
        postgresql: [[new Date("2024-01-10T12:00:00Z")], [null]],
      },
    },
  );
  statement(
    "as a subquery",
    () => {
      const u = union(a(), b()).subquery("u");
      return select(func.sum(u.c.salary));
    },
    { values: [300] },
  );
  statement("as a scalar", () => select(literal(80).in(union(a(), b()) as never)), { values: [true] });
  statement(
    "with groups",
    () => {
      const u = unionAll(select(emp.c.deptId.as("d")), select(dept.c.id)).subquery();
      return select(u.c.d, func.count()).where(u.c.d.isNotNull()).groupBy(u.c.d).orderBy(u.c.d);
    },
    {
      rows: [
        [1, 3],
        [2, 3],
        [3, 1],
      ],
    },
  );
  statement("fetch of the whole", () => unionAll(a(), b()).orderBy("salary").fetch(2, { withTies: true }), {
    refused: { sqlite: "WITH TIES" },
    values: { postgresql: [80, 80] },
  });
  statement("fetch without ties", () => unionAll(a(), b()).orderBy("salary").fetch(1), { values: [80] });
});

describe("[SL-05] set operations as functions", () => {
  const low = () => select(emp.c.salary).where(emp.c.salary.lt(90));
  statement("exceptAll()", () => exceptAll(select(emp.c.salary), low()).orderBy("salary"), {
    refused: { sqlite: "EXCEPT ALL" },
    values: [100, 120],
  });
  statement("intersectAll()", () => intersectAll(select(emp.c.salary), low()).orderBy("salary"), {
    refused: { sqlite: "INTERSECT ALL" },
    values: [60, 80, 80],
  });
});

describe("[SL-14] functions for methods", () => {
  statement(
    "cte() and lateral()",
    () => {
      const rich = cte(select(emp.c.id, emp.c.name).where(emp.c.salary.ge(100)), "rich");
      return select(rich.c.name).orderBy(rich.c.id);
    },
    { values: ["Ann", "Cid"] },
  );
  statement(
    "lateral()",
    () => {
      const last = lateral(
        select(sale.c.item).where(sale.c.empId.eq(emp.c.id)).orderBy(sale.c.id.desc()).limit(1),
        "last",
      );
      return select(emp.c.name, last.c.item).join(last, true_()).orderBy(emp.c.id);
    },
    {
      refused: { sqlite: "LATERAL" },
      rows: [
        ["Ann", "ink"],
        ["Bob", "pen"],
        ["Cid", "cap"],
      ],
    },
  );
  statement("tablesample()", () => select(func.count(tablesample(emp, 100, { method: "BERNOULLI" }).c.id)), {
    refused: { sqlite: "TABLESAMPLE" },
    values: [5],
  });
  statement(
    "between()",
    () =>
      select(emp.c.id)
        .where(between(emp.c.salary, 70, 90))
        .orderBy(emp.c.id),
    { values: [2, 4] },
  );
  statement("distinct()", () => select(func.count(distinct(emp.c.salary))), { values: [4] });
  statement("bitwiseNot()", () => select(bitwiseNot(emp.c.id)).where(emp.c.id.eq(5)), { values: [-6] });
  statement("label()", () => select(label("n", emp.c.id)).where(emp.c.id.eq(5)), { values: [5], sql: /emp\.id AS n/ });
  statement("funcFilter()", () => select(funcFilter(func.count(), emp.c.salary.gt(90))).selectFrom(emp), {
    values: [2],
  });
  statement("aggregateOrderBy()", () => select(func.count(aggregateOrderBy(emp.c.name, emp.c.name.desc()))), {
    values: [5],
  });
  statement(
    "namedColumn()",
    () => select(namedColumn("salary", t.integer).add(1)).selectFrom(emp).where(namedColumn("id", t.integer).eq(1)),
    {
      values: [101],
      sql: /SELECT salary \+/,
    },
  );
  statement(
    "a whole row as one value",
    () => {
      const e = emp.alias("e");
      return select(func.rowToJson(e.tableValued()).returns(t.json<{ name: string }>()).get("name").asString()).where(
        e.c.id.eq(1),
      );
    },
    { refused: { sqlite: "composite values" }, values: ["Ann"] },
  );
});

describe("[SL-06] VALUES", () => {
  statement(
    "selected from",
    () => {
      const v = values(
        { n: t.integer, s: t.text },
        [
          { n: 1, s: "a" },
          { n: 2, s: "b" },
        ],
        "v",
      );
      return select(v.c.s).where(v.c.n.gt(1));
    },
    {
      values: ["b"],
      sql: { postgresql: /\(VALUES \(\$1::INTEGER, \$2::VARCHAR\)|\(VALUES \(/, sqlite: /column1 AS n, column2 AS s/ },
    },
  );
  statement(
    "with expressions and NULL",
    () => {
      const v = values({ n: t.integer }, [[literal(2).add(3)], [null]], "v");
      return select(v.c.n).orderBy(v.c.n.nullsLast());
    },
    { values: [5, null] },
  );
  statement(
    "without a name",
    () => {
      const v = values({ n: t.integer }, [[1], [2], [3]]);
      return select(func.sum(v.c.n));
    },
    { values: [6] },
  );
  statement(
    "of dates and truth",
    () => {
      const v = values({ d: t.date, ok: t.boolean }, [["2024-01-01", true]], "v");
      return select(v.c.d, v.c.ok);
    },
    { rows: [["2024-01-01", true]] },
  );
  statement(
    "under another name",
    () => {
      const v = values({ n: t.integer }, [[1], [2]], "v");
      const w = v.alias("w");
      return select(v.c.n, w.c.n).selectFrom(v, w).where(v.c.n.lt(w.c.n));
    },
    { rows: [[1, 2]] },
  );
  statement(
    "lateral",
    () => {
      const v = values({ n: t.integer }, [[emp.c.id], [emp.c.salary]], "v", { lateral: true });
      return select(emp.c.id, func.max(v.c.n)).join(v, true_()).groupBy(emp.c.id).orderBy(emp.c.id).limit(1);
    },
    { refused: { sqlite: "LATERAL" }, rows: { postgresql: [[1, 100]] } },
  );
  statement(
    "as the members of IN",
    () => {
      const v = values({ n: t.integer }, [[1], [4]], "v");
      return select(emp.c.name)
        .where(emp.c.id.in(select(v.c.n)))
        .orderBy(emp.c.id);
    },
    { values: ["Ann", "Dee"] },
  );
});

describe("[SL-12] pieces of templates", () => {
  const names = (condition: unknown) => sql`SELECT name FROM emp WHERE ${condition} ORDER BY id`;
  statement("a list in parentheses", () => names(sql`id IN ${sql.list([1, emp.c.deptId, 5])}`), {
    rows: [["Ann"], ["Eve"]],
  });
  statement("an empty list with its type has no members", () => names(sql`id IN ${sql.list([], t.integer)}`), {
    rows: [],
  });
  statement("nor has a row that is not in it", () => names(sql`id NOT IN ${sql.list([], t.integer)} AND id < 3`), {
    rows: [["Ann"], ["Bob"]],
  });
  statement(
    "pieces joined",
    () => names(sql.join([emp.c.salary.gt(70), sql`bonus IS NULL`, sql`dept_id = ${1}`], sql` AND `)),
    { rows: [["Bob"]] },
  );
  statement(
    "pieces joined by commas",
    () => sql`SELECT ${sql.join([emp.c.id, "x", sql`1 + 1`])} FROM emp WHERE id = 1`,
    {
      rows: [[1, "x", 2]],
    },
  );
  statement(
    "names met at run time",
    () => sql`SELECT ${sql.identifier("emp", "name")} FROM ${sql.identifier("emp")} WHERE id = 5`,
    {
      rows: [["Eve"]],
      sql: "SELECT emp.name FROM emp WHERE id = 5",
    },
  );
  statement("a hostile name is a name", () => sql`SELECT 1 AS ${sql.identifier('a" FROM emp; --')}`, {
    rows: [[1]],
    sql: 'SELECT 1 AS "a"" FROM emp; --"',
  });
  statement("raw text", () => sql`SELECT ${sql.raw("1 + 1")} AS two`, { rows: [[2]] });
  statement(
    "typed as an expression",
    () => select(emp.c.id, sql<number>`${emp.c.salary} * 2`.as("double")).where(emp.c.id.eq(2)),
    {
      rows: [[2, 160]],
    },
  );
  statement(
    "with columns it is a query",
    () => {
      const q = sql`SELECT id, hired FROM emp WHERE salary > ${90}`
        .columns({ id: t.integer, hired: t.date })
        .subquery("q");
      return select(q.c.hired).join(emp, emp.c.id.eq(q.c.id)).orderBy(q.c.id);
    },
    { values: ["2020-01-15", "2019-07-20"] },
  );
  test("an array is no value by itself, an empty list has no type, and the errors say what to write", () => {
    expect(() => sql`id IN (${[1, 2]})`).toThrow("sql: value 1 is an array. Write sql.list([...])");
    expect(() => sql.list([])).toThrow("sql.list([]) is empty: say of what type");
    expect(() => sql.list([[1]])).toThrow("sql.list(), value 1 is an array");
    expect(() => sql.identifier("")).toThrow("sql.identifier() takes names");
    expect(() => sql.raw(5 as never)).toThrow("sql.raw() takes SQL text");
  });
});

describe("[SL-13] parameters whose values are written into the SQL", () => {
  statement(
    "a list in a text",
    () =>
      text("SELECT id FROM emp WHERE id IN :ids ORDER BY id").bindparams(
        {},
        bindparam("ids", { options: { expanding: true } }),
      ),
    { params: { ids: [4, 1] }, rows: [[1], [4]] },
  );
  statement(
    "an empty list in a text",
    () =>
      text("SELECT id FROM emp WHERE id IN :ids").bindparams(
        {},
        bindparam("ids", { options: { expanding: true, type: t.integer } }),
      ),
    { params: { ids: [] }, rows: [] },
  );
  statement(
    "a literal given at execution",
    () => select(emp.c.name).where(emp.c.id.eq(bindparam("n", { options: { literalExecute: true, type: t.integer } }))),
    {
      params: { n: 2 },
      values: ["Bob"],
    },
  );
  statement(
    "a list of literals given at execution",
    () =>
      select(emp.c.name)
        .where(emp.c.id.in(bindparam<number>("ns", { options: { literalExecute: true, expanding: true } })))
        .orderBy(emp.c.id),
    { params: { ns: [1, 5] }, values: ["Ann", "Eve"] },
  );
  statement("two of one name that have values of their own", () => select(bindparam("x", 1), bindparam("x", 2)), {
    rows: [[1, 2]],
  });
  statement(
    "two of one name whose value execution gives are one",
    () => select(emp.c.id).where(emp.c.id.gt(bindparam("x")), emp.c.salary.gt(bindparam("x"))),
    {
      params: { x: 4 },
      values: [5],
      sql: { postgresql: /id > \$1 AND emp\.salary > \$1$/ },
    },
  );
  test("one value for all sets of a batch", async () => {
    const [sqlite] = await connections();
    await using c = sqlite as AsyncConnection;
    const stmt = insert(dept).values({
      id: bindparam<number>("id"),
      name: bindparam<string>("n", { options: { literalExecute: true, type: t.text } }),
    });
    await expect(
      (async () =>
        c.execute(stmt, [
          { id: 90, n: "a" },
          { id: 91, n: "b" },
        ]))(),
    ).rejects.toThrow("parameter n is written into the SQL: all sets of one execution have one value for it.");
    expect(
      (
        await c.execute(stmt, [
          { id: 90, n: "a" },
          { id: 91, n: "a" },
        ])
      ).rowcount,
    ).toBe(2);
  });
});

describe("[SL-06] VALUES as members and in WITH", () => {
  const two = () =>
    values({ id: t.integer, pay: t.integer }, [
      [1, 100],
      [4, 80],
      [5, 1],
    ]);
  statement(
    "scalarValues() as the members of IN",
    () =>
      select(emp.c.id)
        .where(emp.c.id.in(values({ n: t.integer }, [[1], [4]]).scalarValues()))
        .orderBy(emp.c.id),
    { values: [1, 4], sql: /IN \(VALUES \(/ },
  );
  statement(
    "scalarValues() of several columns beside a tuple",
    () => select(emp.c.id).where(tuple(emp.c.id, emp.c.salary).in(two().scalarValues())).orderBy(emp.c.id),
    { values: [1, 4] },
  );
  statement(
    "not among them",
    () => select(emp.c.id).where(tuple(emp.c.id, emp.c.salary).notIn(two().scalarValues())).orderBy(emp.c.id),
    { values: [2, 3, 5] },
  );
  statement(
    "a tuple among the rows of a query",
    () => {
      const e = emp.alias("e");
      const best = select(e.c.deptId, func.max(e.c.salary)).where(e.c.deptId.isNotNull()).groupBy(e.c.deptId);
      return select(emp.c.id).where(tuple(emp.c.deptId, emp.c.salary).in(best)).orderBy(emp.c.id);
    },
    { values: [1, 3] },
  );
  statement(
    "cte() of VALUES",
    () => {
      const v = two().cte("v");
      return select(emp.c.name, v.c.pay).join(v, v.c.id.eq(emp.c.id)).orderBy(v.c.pay);
    },
    {
      rows: [
        ["Eve", 1],
        ["Dee", 80],
        ["Ann", 100],
      ],
      sql: /^WITH v \(id, pay\) AS \(VALUES \(/,
    },
  );
  statement(
    "named parameters in its rows",
    () => {
      const v = values({ n: t.integer }, [[bindparam<number>("first")], [bindparam<number>("second")]], "v");
      return select(v.c.n).orderBy(v.c.n).params({ first: 8 });
    },
    { params: { second: 3 }, values: [3, 8] },
  );
});

describe("[TU-05] [SL-11] [SL-12] text and templates", () => {
  statement(
    "text with parameters",
    () => text("SELECT name FROM emp WHERE salary > :least AND name <> ':no' ORDER BY id"),
    { params: { least: 90 }, rows: [["Ann"], ["Cid"]] },
  );
  statement("text with a colon that is none", () => text("SELECT 'a:b' AS c, 'x::y' AS d -- :none"), {
    rows: [["a:b", "x::y"]],
  });
  statement("text with values of its own", () => text("SELECT :a || :b AS c").bindparams({ a: "x", b: "y" }), {
    rows: [["xy"]],
  });
  statement(
    "a cast by :: is no parameter",
    (name) => text(name === "sqlite" ? "SELECT 5 AS n" : "SELECT '5'::integer AS n"),
    { rows: [[5]] },
  );
  statement(
    "text with columns",
    () =>
      text("SELECT id, hired, active FROM emp WHERE id = 1").columns({
        id: t.integer,
        hired: t.date,
        active: t.boolean,
      }),
    { rows: [[1, "2020-01-15", true]] },
  );
  statement(
    "text with columns, joined",
    () => {
      const s = text("SELECT emp_id, sum(qty) AS n FROM sale GROUP BY emp_id")
        .columns({ emp_id: t.integer, n: t.integer })
        .subquery("s");
      return select(emp.c.name, s.c.n).join(s, s.c.emp_id.eq(emp.c.id)).orderBy(emp.c.id);
    },
    {
      rows: [
        ["Ann", 4],
        ["Bob", 10],
        ["Cid", 2],
      ],
    },
  );
  statement(
    "text as a condition among others",
    () =>
      select(emp.c.id)
        .where(text("salary > 90 OR name = 'Eve'") as never, emp.c.active)
        .orderBy(emp.c.id),
    { values: [1, 5] },
  );
  statement(
    "text with parameters inside a select",
    () => select(emp.c.id).where(text("salary > :n").bindparams({ n: 110 }) as never),
    { values: [3] },
  );
  statement("a template", () => sql`SELECT ${emp.c.name} FROM ${emp} WHERE ${emp.c.id} = ${4}`, { rows: [["Dee"]] });
  statement(
    "a template as an expression",
    () => select(sql`${emp.c.salary} * ${2}`.returns(t.integer)).where(emp.c.id.eq(1)),
    { values: [200] },
  );
  statement(
    "a template as a condition",
    () => select(emp.c.id).where(sql`${emp.c.salary} > ${90} OR ${emp.c.id} = ${5}`, emp.c.active).orderBy(emp.c.id),
    { values: [1, 5] },
  );
  statement(
    "a template around a query",
    () => sql`SELECT count(*) AS n FROM ${select(emp.c.id).where(emp.c.salary.gt(70)).subquery("s")}`,
    { rows: [[4]] },
  );
  statement(
    "a template within a template",
    () => {
      const part = sql`${emp.c.salary} > ${90}`;
      return sql`SELECT ${emp.c.id} FROM ${emp} WHERE ${part} ORDER BY 1`;
    },
    { rows: [[1], [3]] },
  );
});
