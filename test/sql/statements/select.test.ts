import { describe } from "vitest";
import {
  and,
  asc,
  bindparam,
  caseWhen,
  cube,
  desc,
  false_,
  func,
  groupingSets,
  literal,
  literalColumn,
  not,
  null_,
  nullsFirst,
  nullsLast,
  or,
  rollup,
  select,
  text,
  true_,
} from "../../../src/index.js";
import { onBothDatabases, statement } from "./statements.js";
import { dept, emp, sale } from "./world.js";

onBothDatabases();

describe("select lists", () => {
  statement("columns", () => select(emp.c.id, emp.c.name).where(emp.c.id.le(2)).orderBy(emp.c.id), {
    rows: [
      [1, "Ann"],
      [2, "Bob"],
    ],
  });
  statement("a whole table", () => select(dept).orderBy(dept.c.id), {
    rows: [
      [1, "Sales"],
      [2, "Lab"],
      [3, "Empty"],
    ],
    sql: "SELECT dept.id, dept.name FROM dept ORDER BY dept.id",
  });
  statement("a table's own select()", () => dept.select().where(dept.c.id.eq(1)), { rows: [[1, "Sales"]] });
  statement(
    "objects by key",
    () => select({ who: emp.c.name, pay: emp.c.salary.add(emp.c.bonus) }).where(emp.c.id.eq(1)),
    { rows: [{ who: "Ann", pay: 110 }] },
  );
  statement("expressions with labels", () => select(emp.c.salary.mul(12).as("year")).where(emp.c.id.eq(2)), {
    values: [960],
    sql: {
      postgresql: "SELECT emp.salary * $1::INTEGER AS year FROM emp WHERE emp.id = $2",
      sqlite: "SELECT emp.salary * ? AS year FROM emp WHERE emp.id = ?",
    },
  });
  statement(
    "two columns of one name are told apart",
    () => select(emp.c.id, dept.c.id).join(dept).where(emp.c.id.eq(4)),
    { rows: [[4, 2]], sql: /SELECT emp\.id, dept\.id AS id_1/ },
  );
  statement("constants", () => select(literal(1), literal("a"), literal(1.5), literal(null), true_(), false_()), {
    rows: [[1, "a", 1.5, null, true, false]],
  });
  statement("NULL as such", () => select(null_().as("nothing")), { values: [null] });
  statement("a number beyond 32 bits", () => select(literal(2 ** 40), literal(-(2 ** 33)).add(1)), {
    rows: [[2 ** 40, -(2 ** 33) + 1]],
  });
  statement("a bigint", () => select(literal(2n ** 62n)), { values: [2n ** 62n] });
  statement("bytes", () => select(literal(new Uint8Array([0, 255, 39]))), { values: [Buffer.from([0, 255, 39])] });
  statement("text as one column", () => select(emp.c.id, literalColumn<string>("upper(name)")).where(emp.c.id.eq(5)), {
    rows: [[5, "EVE"]],
  });
  statement("text() in a select list", () => select(text("count(*)") as never).selectFrom(emp), { values: [5] });
  statement("no FROM at all", () => select(literal(2).add(3)), { values: [5] });
  statement("a name that needs quotes", () => select(emp.c.name.as('odd "name" of; ours')).where(emp.c.id.eq(1)), {
    values: ["Ann"],
    sql: /AS "odd ""name"" of; ours"/,
  });
  statement("a reserved word as a label", () => select(emp.c.name.as("select")).where(emp.c.id.eq(1)), {
    values: ["Ann"],
    sql: /AS "select"/,
  });
});

describe("where", () => {
  statement(
    "several conditions are joined by AND",
    () => select(emp.c.id).where(emp.c.salary.eq(80), emp.c.active).orderBy(emp.c.id),
    { values: [2, 4] },
  );
  statement("calls add up", () => select(emp.c.id).where(emp.c.salary.eq(80)).where(emp.c.deptId.eq(1)), {
    values: [2],
  });
  statement("filter() is where()", () => select(emp.c.id).filter(emp.c.name.eq("Cid")), { values: [3] });
  statement(
    "[OP-05] OR inside AND keeps its parentheses",
    () => select(emp.c.id).where(or(emp.c.id.eq(1), emp.c.id.eq(2)), emp.c.bonus.isNull()),
    { values: [2], sql: { sqlite: "SELECT emp.id FROM emp WHERE (emp.id = ? OR emp.id = ?) AND emp.bonus IS NULL" } },
  );
  statement(
    "[OP-05] AND inside OR",
    () =>
      select(emp.c.id)
        .where(or(and(emp.c.salary.gt(90), emp.c.active), emp.c.name.eq("Eve")))
        .orderBy(emp.c.id),
    { values: [1, 5] },
  );
  statement(
    "[OP-05] NOT of a group",
    () =>
      select(emp.c.id)
        .where(not(or(emp.c.salary.gt(90), emp.c.bonus.isNull())))
        .orderBy(emp.c.id),
    { values: [4] },
  );
  statement("[OP-05] NOT of a column of truth", () => select(emp.c.id).where(not(emp.c.active)), { values: [3] });
  statement("[OP-05] an empty and() is true", () => select(func.count()).selectFrom(emp).where(and()), { values: [5] });
  statement("[OP-05] an empty or() is false", () => select(func.count()).selectFrom(emp).where(or()), { values: [0] });
  statement(
    "[OP-05] true and false fold away",
    () => select(emp.c.id).where(and(true_(), emp.c.id.eq(1)), or(false_(), emp.c.id.eq(1))),
    { values: [1], sql: { sqlite: "SELECT emp.id FROM emp WHERE emp.id = ? AND emp.id = ?" } },
  );
  statement(
    "[OP-05] a false condition among others wins",
    () => select(func.count()).selectFrom(emp).where(and(emp.c.active, false_())),
    { values: [0] },
  );
  statement(
    "[OP-05] methods and(), or(), not()",
    () =>
      select(emp.c.id).where(
        emp.c.salary
          .gt(90)
          .and(emp.c.active)
          .or(emp.c.id.eq(5).not().and(emp.c.id.gt(4))),
      ),
    { values: [1] },
  );
  statement("[TU-15] filterBy()", () => select(emp).filterBy({ name: "Dee", deptId: 2 }).withOnlyColumns(emp.c.id), {
    values: [4],
  });
  statement("[TU-15] filterBy() with null", () => select(emp).filterBy({ deptId: null }).withOnlyColumns(emp.c.id), {
    values: [5],
  });
  statement(
    "[TU-14] filterBy() finds a joined table's column",
    () =>
      select(emp.c.id)
        .join(sale)
        .filterBy({ item: "cap" } as never),
    { values: [3] },
  );
  statement("a column of truth alone", () => select(func.count()).selectFrom(emp).where(emp.c.active), { values: [4] });
  statement(
    "[SL-13] named parameters, given late",
    () =>
      select(emp.c.name)
        .where(emp.c.salary.ge(bindparam("least")))
        .orderBy(emp.c.id),
    { params: { least: 100 }, values: ["Ann", "Cid"] },
  );
  statement(
    "[SL-13] a named parameter used twice",
    () => select(emp.c.id).where(or(emp.c.salary.eq(bindparam("n", 60)), emp.c.bonus.eq(bindparam("n", 60)))),
    { values: [5] },
  );
  statement(
    "[SL-13] params() gives values to a finished statement",
    () =>
      select(emp.c.id)
        .where(emp.c.name.eq(bindparam("who")))
        .params({ who: "Bob" }),
    { values: [2] },
  );
  statement(
    "[SL-13] a parameter that is written into the SQL",
    () =>
      select(emp.c.name).where(emp.c.id.eq(bindparam<number>("id", { options: { value: 3, literalExecute: true } }))),
    { values: ["Cid"], sql: "SELECT emp.name FROM emp WHERE emp.id = 3" },
  );
  statement(
    "[SL-13] a value that is computed at execution",
    () => select(emp.c.name).where(emp.c.id.eq(bindparam<number>("id", { options: { callable: () => 2 } }))),
    { values: ["Bob"] },
  );
});

describe("[TU-16] order and group", () => {
  statement("ascending and descending", () => select(emp.c.id).orderBy(emp.c.salary.desc(), emp.c.id.asc()), {
    values: [3, 1, 2, 4, 5],
    sql: "SELECT emp.id FROM emp ORDER BY emp.salary DESC, emp.id ASC",
  });
  statement(
    "a label is named, not repeated",
    () => {
      const year = emp.c.salary.mul(12).as("year");
      return select(emp.c.id, year).orderBy(year.desc(), emp.c.id).limit(1);
    },
    { rows: [[3, 1440]], sql: /ORDER BY year DESC, emp\.id/ },
  );
  statement(
    "a label by its name",
    () => select(emp.c.id, emp.c.salary.neg().as("less")).orderBy("less", emp.c.id).limit(2),
    {
      rows: [
        [3, -120],
        [1, -100],
      ],
      sql: /ORDER BY less, emp\.id/,
    },
  );
  statement("desc() of a label's name", () => select(emp.c.name.as("who")).orderBy(desc("who")).limit(1), {
    values: ["Eve"],
    sql: /ORDER BY who DESC/,
  });
  statement("asc() of a column", () => select(emp.c.name).orderBy(asc(emp.c.name)).limit(1), { values: ["Ann"] });
  statement(
    "a selected column by its key",
    () => select(emp.c.deptId, emp.c.id).where(emp.c.deptId.isNotNull()).orderBy(desc("deptId"), "id"),
    {
      rows: [
        [2, 3],
        [2, 4],
        [1, 1],
        [1, 2],
      ],
    },
  );
  statement(
    "groupBy() of a label's name",
    () => select(func.lower(sale.c.item).as("thing"), func.count()).groupBy("thing").orderBy("thing"),
    {
      rows: [
        ["cap", 1],
        ["ink", 1],
        ["pen", 2],
      ],
      sql: /GROUP BY thing ORDER BY thing/,
    },
  );
  statement("a name of a column that is not selected", () => select(emp.c.id).orderBy(desc("salary"), "id").limit(2), {
    sql: /ORDER BY emp\.salary DESC, emp\.id/,
  });
  statement("a name that nothing selected has is refused", () => select(emp.c.id).orderBy("nope"), {
    refused: { sqlite: '"nope"', postgresql: '"nope"' },
  });
  statement("nulls first", () => select(emp.c.id).orderBy(emp.c.bonus.nullsFirst(), emp.c.id), {
    values: [2, 5, 3, 4, 1],
  });
  statement("nulls last, descending", () => select(emp.c.id).orderBy(emp.c.bonus.desc().nullsLast(), emp.c.id), {
    values: [1, 4, 3, 2, 5],
  });
  statement(
    "nullsFirst() and nullsLast() as functions",
    () => select(emp.c.id).orderBy(nullsFirst(emp.c.deptId), nullsLast(emp.c.bonus), emp.c.id),
    { values: [5, 1, 2, 3, 4] },
  );
  statement("an expression", () => select(emp.c.name).orderBy(func.length(emp.c.name), emp.c.name.desc()).limit(1), {
    values: ["Eve"],
  });
  statement(
    "CASE in ORDER BY",
    () =>
      select(emp.c.name)
        .orderBy(caseWhen([[emp.c.name.eq("Dee"), 0]], { else: 1 }), emp.c.id)
        .limit(2),
    { values: ["Dee", "Ann"] },
  );
  statement(
    "orderBy(null) empties it",
    () => select(emp.c.id).orderBy(emp.c.name.desc()).orderBy(null).orderBy(emp.c.id).limit(1),
    { values: [1] },
  );
  statement(
    "groups with HAVING",
    () =>
      select(emp.c.deptId, func.sum(emp.c.salary))
        .groupBy(emp.c.deptId)
        .having(func.count().gt(1))
        .orderBy(emp.c.deptId),
    {
      rows: [
        [1, 180],
        [2, 200],
      ],
    },
  );
  statement(
    "HAVING with an aggregate of its own",
    () => select(emp.c.deptId).groupBy(emp.c.deptId).having(func.max(emp.c.salary).lt(100)),
    { values: [null] },
  );
  statement(
    "groupBy() of an expression",
    () => select(func.count()).selectFrom(emp).groupBy(emp.c.salary.gt(90)).orderBy(func.count()),
    { values: [2, 3] },
  );
  statement("groupBy(null) empties it", () => select(func.count()).selectFrom(emp).groupBy(emp.c.id).groupBy(null), {
    values: [5],
  });
});

describe("[SL-08] limits", () => {
  statement("limit", () => select(emp.c.id).orderBy(emp.c.id).limit(2), { values: [1, 2] });
  statement("offset alone", () => select(emp.c.id).orderBy(emp.c.id).offset(3), {
    values: [4, 5],
    sql: { sqlite: /LIMIT -1 OFFSET/, postgresql: /ORDER BY emp\.id OFFSET/ },
  });
  statement("limit and offset", () => select(emp.c.id).orderBy(emp.c.id).limit(2).offset(1), { values: [2, 3] });
  statement("limit(0)", () => select(emp.c.id).limit(0), { rows: [] });
  statement("slice()", () => select(emp.c.id).orderBy(emp.c.id).slice(1, 3), { values: [2, 3] });
  statement("a limit that is an expression", () => select(emp.c.id).orderBy(emp.c.id).limit(literal(1).add(1)), {
    values: [1, 2],
  });
  statement(
    "a limit that is a named parameter",
    () => select(emp.c.id).orderBy(emp.c.id).limit(bindparam<number>("n", 3)),
    { values: [1, 2, 3] },
  );
  statement("limit(null) takes it away", () => select(func.count()).selectFrom(emp).limit(0).limit(null), {
    values: [5],
  });
  statement("fetch() is a limit where there is no FETCH", () => select(emp.c.id).orderBy(emp.c.id).fetch(2), {
    values: [1, 2],
    sql: { sqlite: /LIMIT \?$/, postgresql: /FETCH FIRST \(\$1::INTEGER\) ROWS ONLY$/ },
  });
  statement("fetch() with offset", () => select(emp.c.id).orderBy(emp.c.id).fetch(2).offset(2), { values: [3, 4] });
  statement("fetch() with ties", () => select(emp.c.id).orderBy(emp.c.salary).fetch(2, { withTies: true }), {
    refused: { sqlite: "WITH TIES" },
    rows: { postgresql: [[5], [2], [4]] },
  });
  statement("fetch() of a percentage", () => select(emp.c.id).fetch(50, { percent: true }), {
    refused: { sqlite: "PERCENT", postgresql: "PERCENT" },
  });
  statement("distinct", () => select(emp.c.salary).distinct().orderBy(emp.c.salary), {
    values: [60, 80, 100, 120],
    sql: "SELECT DISTINCT emp.salary FROM emp ORDER BY emp.salary",
  });
  statement(
    "[PG-02] distinct on",
    () =>
      select(emp.c.deptId, emp.c.name)
        .distinctOn(emp.c.deptId)
        .where(emp.c.deptId.isNotNull())
        .orderBy(emp.c.deptId, emp.c.salary.desc()),
    {
      refused: { sqlite: "DISTINCT ON" },
      rows: {
        postgresql: [
          [1, "Ann"],
          [2, "Cid"],
        ],
      },
    },
  );
});

describe("[SL-10] a finished select, changed", () => {
  const page = () => select(emp.c.id, emp.c.name).where(emp.c.active).orderBy(emp.c.id).limit(2);
  statement(
    "withOnlyColumns() makes a count of it",
    () => page().withOnlyColumns(func.count()).orderBy(null).limit(null),
    { values: [4] },
  );
  statement("addColumns()", () => page().addColumns(emp.c.salary), {
    rows: [
      [1, "Ann", 100],
      [2, "Bob", 80],
    ],
  });
  statement("a page as a subquery to count", () => select(func.count()).selectFrom(page().subquery()), { values: [2] });
  statement(
    "reduceColumns() leaves out what repeats",
    () => select(emp, dept).join(dept).where(emp.c.id.eq(1)).reduceColumns(),
    { rows: [[1, "Ann", 1, null, 100, 10, true, "2020-01-15", "Sales"]] },
  );
  statement(
    "reduceColumns() by an equality of the condition",
    () => select(emp.c.salary, emp.c.bonus, emp.c.id).where(emp.c.salary.eq(emp.c.id)).reduceColumns(),
    { rows: [], sql: "SELECT emp.salary, emp.bonus FROM emp WHERE emp.salary = emp.id" },
  );
});

describe("grouping sets", () => {
  statement(
    "rollup",
    () =>
      select(emp.c.deptId, func.sum(emp.c.salary))
        .where(emp.c.deptId.isNotNull())
        .groupBy(rollup(emp.c.deptId))
        .orderBy(emp.c.deptId.nullsLast()),
    {
      refused: { sqlite: "ROLLUP" },
      rows: {
        postgresql: [
          [1, 180],
          [2, 200],
          [null, 380],
        ],
      },
    },
  );
  statement(
    "cube",
    () =>
      select(func.count())
        .selectFrom(emp)
        .groupBy(cube(emp.c.active, emp.c.deptId))
        .orderBy(func.count().desc())
        .limit(1),
    { refused: { sqlite: "CUBE" }, values: { postgresql: [5] } },
  );
  statement(
    "grouping sets",
    () =>
      select(emp.c.active, emp.c.deptId, func.count())
        .groupBy(groupingSets([emp.c.active], [emp.c.deptId], []))
        .orderBy(emp.c.active.nullsLast(), emp.c.deptId.nullsLast(), func.count()),
    {
      refused: { sqlite: "GROUPING SETS" },
      rows: {
        postgresql: [
          [false, null, 1],
          [true, null, 4],
          [null, 1, 2],
          [null, 2, 2],
          [null, null, 1],
          [null, null, 5],
        ],
      },
    },
  );
  statement(
    "grouping() tells a total from a NULL",
    () =>
      select(emp.c.deptId, func.grouping(emp.c.deptId))
        .groupBy(rollup(emp.c.deptId))
        .orderBy(func.grouping(emp.c.deptId), emp.c.deptId.nullsFirst()),
    {
      refused: { sqlite: "ROLLUP" },
      rows: {
        postgresql: [
          [null, 0],
          [1, 0],
          [2, 0],
          [null, 1],
        ],
      },
    },
  );
});

describe("[SL-09] hints, prefixes and suffixes", () => {
  statement("a prefix for every database", () => select(emp.c.salary).prefixWith("ALL").where(emp.c.id.eq(1)), {
    values: [100],
    sql: /^SELECT ALL emp\.salary/,
  });
  statement("a suffix for one", () => select(emp.c.id).where(emp.c.id.eq(1)).suffixWith("/* end */", "sqlite"), {
    values: [1],
    sql: { sqlite: /\/\* end \*\/$/, postgresql: "SELECT emp.id FROM emp WHERE emp.id = $1" },
  });
  statement("a hint for the statement", () => select(emp.c.id).where(emp.c.id.eq(2)).withStatementHint("/* note */"), {
    values: [2],
    sql: /\/\* note \*\/$/,
  });
  statement("a hint for a table", () => select(emp.c.id).withHint(emp, "NOT INDEXED", "sqlite").where(emp.c.id.eq(3)), {
    values: [3],
    sql: { sqlite: /FROM emp NOT INDEXED WHERE/, postgresql: /FROM emp WHERE/ },
  });
  statement("[PG-02] FROM ONLY", () => select(emp.c.id).withHint(emp, "ONLY", "postgresql").where(emp.c.id.eq(3)), {
    values: [3],
    sql: { postgresql: /FROM ONLY emp WHERE/, sqlite: /FROM emp WHERE/ },
  });
  statement(
    "execution options do not change the SQL",
    () =>
      select(emp.c.id)
        .where(emp.c.id.eq(4))
        .executionOptions({ note: 1 } as never),
    { values: [4] },
  );
});

describe("[SL-07] locks", () => {
  const one = () => select(emp.c.id).where(emp.c.id.eq(1));
  statement("FOR UPDATE, which SQLite leaves out as it locks the whole file", () => one().withForUpdate(), {
    values: [1],
    sql: { postgresql: /FOR UPDATE$/, sqlite: "SELECT emp.id FROM emp WHERE emp.id = ?" },
  });
  statement("FOR SHARE", () => one().withForUpdate({ read: true }), {
    values: [1],
    sql: { postgresql: /FOR SHARE$/, sqlite: /\?$/ },
  });
  statement("FOR NO KEY UPDATE", () => one().withForUpdate({ keyShare: true }), {
    values: [1],
    sql: { postgresql: /FOR NO KEY UPDATE$/, sqlite: /\?$/ },
  });
  statement("FOR KEY SHARE", () => one().withForUpdate({ keyShare: true, read: true }), {
    values: [1],
    sql: { postgresql: /FOR KEY SHARE$/, sqlite: /\?$/ },
  });
  statement("NOWAIT", () => one().withForUpdate({ nowait: true }), {
    values: [1],
    sql: { postgresql: /FOR UPDATE NOWAIT$/, sqlite: /\?$/ },
  });
  statement("SKIP LOCKED", () => one().withForUpdate({ skipLocked: true }), {
    values: [1],
    sql: { postgresql: /FOR UPDATE SKIP LOCKED$/, sqlite: /\?$/ },
  });
  statement(
    "OF one of the tables",
    () => select(emp.c.id).join(dept).where(emp.c.id.eq(1)).withForUpdate({ of: emp }),
    { values: [1], sql: { postgresql: /FOR UPDATE OF emp$/, sqlite: /\?$/ } },
  );
  statement(
    "OF a column's table and an alias",
    () => {
      const b = emp.alias("b");
      return select(b.c.id)
        .join(dept)
        .where(b.c.id.eq(1))
        .withForUpdate({ of: [b, dept.c.id] });
    },
    { values: [1], sql: { postgresql: /FOR UPDATE OF b, dept$/, sqlite: /\?$/ } },
  );
});
