import { describe } from "vitest";
import {
  alias,
  and,
  caseWhen,
  func,
  join,
  literal,
  outerjoin,
  select,
  t,
  text,
  true_,
  values,
} from "../../../src/index.js";
import { onBothDatabases, statement } from "./statements.js";
import { dept, emp, sale } from "./world.js";

onBothDatabases();
const boss = emp.alias("boss");

describe("[SL-01] joins", () => {
  statement(
    "outerjoinFrom() names the left side",
    () => select(emp.c.name, dept.c.name).outerjoinFrom(emp, dept).where(emp.c.id.ge(4)).orderBy(emp.c.id),
    {
      rows: [
        ["Dee", "Lab"],
        ["Eve", null],
      ],
    },
  );
  statement("inner, by the foreign key", () => select(emp.c.name, dept.c.name).join(dept).orderBy(emp.c.id), {
    rows: [
      ["Ann", "Sales"],
      ["Bob", "Sales"],
      ["Cid", "Lab"],
      ["Dee", "Lab"],
    ],
    sql: "SELECT emp.name, dept.name AS name_1 FROM emp JOIN dept ON emp.dept_id = dept.id ORDER BY emp.id",
  });
  statement(
    "left outer, with NULL where nothing matches",
    () => select(emp.c.name, dept.c.name).outerjoin(dept).where(emp.c.id.gt(3)).orderBy(emp.c.id),
    {
      rows: [
        ["Dee", "Lab"],
        ["Eve", null],
      ],
    },
  );
  statement(
    "right outer, written as such",
    () =>
      select(emp.c.name, dept.c.name)
        .selectFrom(emp)
        .rightJoin(dept)
        .where(dept.c.id.ge(2))
        .orderBy(dept.c.id, emp.c.id),
    {
      rows: [
        ["Cid", "Lab"],
        ["Dee", "Lab"],
        [null, "Empty"],
      ],
      sql: /RIGHT OUTER JOIN/,
    },
  );
  statement(
    "full outer, with rows of both sides alone",
    () =>
      select(emp.c.name, dept.c.name)
        .selectFrom(emp)
        .fullJoin(dept)
        .where(emp.c.id.isNull().or(dept.c.id.isNull()))
        .orderBy(emp.c.name.nullsLast()),
    {
      rows: [
        ["Eve", null],
        [null, "Empty"],
      ],
      sql: /FULL OUTER JOIN/,
    },
  );
  statement("cross: every row with every row", () => select(func.count()).selectFrom(emp).crossJoin(dept), {
    values: [15],
    sql: /FROM emp CROSS JOIN dept/,
  });
  statement(
    "an explicit condition replaces the foreign key",
    () =>
      select(emp.c.name)
        .join(dept, dept.c.id.eq(emp.c.deptId).and(dept.c.name.eq("Lab")))
        .orderBy(emp.c.id),
    { values: ["Cid", "Dee"] },
  );
  statement(
    "a table with itself, through an alias",
    () => select(emp.c.name, boss.c.name).join(boss, emp.c.bossId.eq(boss.c.id)).orderBy(emp.c.id),
    {
      rows: [
        ["Bob", "Ann"],
        ["Cid", "Ann"],
        ["Dee", "Cid"],
      ],
      sql: "SELECT emp.name, boss.name AS name_1 FROM emp JOIN emp AS boss ON emp.boss_id = boss.id ORDER BY emp.id",
    },
  );
  statement(
    "two aliases without names of their own",
    () => {
      const a = emp.alias();
      const b = emp.alias();
      return select(a.c.name, b.c.name).selectFrom(a).join(b, b.c.bossId.eq(a.c.id)).orderBy(b.c.id);
    },
    {
      rows: [
        ["Ann", "Bob"],
        ["Ann", "Cid"],
        ["Cid", "Dee"],
      ],
      sql: /FROM emp AS emp_1 JOIN emp AS emp_2/,
    },
  );
  statement(
    "a chain of three",
    () => select(dept.c.name, emp.c.name, sale.c.item).selectFrom(dept).join(emp).join(sale).orderBy(sale.c.id),
    {
      rows: [
        ["Sales", "Ann", "pen"],
        ["Sales", "Ann", "ink"],
        ["Sales", "Bob", "pen"],
        ["Lab", "Cid", "cap"],
      ],
    },
  );
  statement(
    "inner and outer in one statement",
    () =>
      select(emp.c.name, sale.c.item)
        .join(dept)
        .outerjoin(sale, sale.c.empId.eq(emp.c.id))
        .where(dept.c.id.eq(2))
        .orderBy(emp.c.id),
    {
      rows: [
        ["Cid", "cap"],
        ["Dee", null],
      ],
    },
  );
  statement(
    "joinFrom() names the left side",
    () => select(sale.c.item, dept.c.name).joinFrom(sale, emp).join(dept).where(sale.c.id.eq(4)),
    {
      rows: [["cap", "Lab"]],
    },
  );
  statement(
    "joinFrom() with an outer join",
    () =>
      select(dept.c.name, func.count(emp.c.id))
        .joinFrom(dept, emp, null, { isOuter: true })
        .groupBy(dept.c.id, dept.c.name)
        .orderBy(dept.c.id),
    {
      rows: [
        ["Sales", 2],
        ["Lab", 2],
        ["Empty", 0],
      ],
    },
  );
  statement(
    "join() with isOuter",
    () => select(emp.c.id).join(dept, null, { isOuter: true }).where(dept.c.id.isNull()),
    {
      values: [5],
    },
  );
  statement("join() with full", () => select(func.count()).selectFrom(emp).join(dept, null, { full: true }), {
    values: [6],
  });
  statement(
    "selectFrom() of a join made by join()",
    () => select(emp.c.name, dept.c.name).selectFrom(join(emp, dept)).where(emp.c.id.eq(1)),
    { rows: [["Ann", "Sales"]] },
  );
  statement(
    "selectFrom() of an outer join made by outerjoin()",
    () => select(func.count(dept.c.id), func.count()).selectFrom(outerjoin(emp, dept)),
    { rows: [[4, 5]] },
  );
  statement(
    "a join as the right side of a join, in parentheses",
    () =>
      select(dept.c.name, sale.c.item)
        .selectFrom(dept.outerjoin(emp.join(sale), emp.c.deptId.eq(dept.c.id)))
        .orderBy(dept.c.id, sale.c.id),
    {
      rows: [
        ["Sales", "pen"],
        ["Sales", "ink"],
        ["Sales", "pen"],
        ["Lab", "cap"],
        ["Empty", null],
      ],
      sql: /LEFT OUTER JOIN \(emp JOIN sale ON emp.id = sale.emp_id\) ON/,
    },
  );
  statement(
    "a table's own join()",
    () => select(func.count()).selectFrom(emp.join(dept).join(sale, sale.c.empId.eq(emp.c.id))),
    { values: [4] },
  );
  statement(
    "a join to a subquery",
    () => {
      const totals = select(sale.c.empId, func.sum(sale.c.qty).as("total")).groupBy(sale.c.empId).subquery("totals");
      return select(emp.c.name, totals.c.total).join(totals, totals.c.empId.eq(emp.c.id)).orderBy(emp.c.id);
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
    "a join to a subquery, by the foreign key of its column",
    () => {
      const big = select(sale).where(sale.c.qty.gt(2)).subquery("big");
      return select(emp.c.name, big.c.item).join(big).orderBy(big.c.id);
    },
    {
      rows: [
        ["Ann", "pen"],
        ["Bob", "pen"],
      ],
      sql: /JOIN \(SELECT .*\) AS big ON emp.id = big.emp_id/,
    },
  );
  statement(
    "an outer join to a grouped subquery",
    () => {
      const totals = select(sale.c.empId, func.count().as("n")).groupBy(sale.c.empId).subquery();
      return select(emp.c.id, func.coalesce(totals.c.n, 0))
        .outerjoin(totals, totals.c.empId.eq(emp.c.id))
        .orderBy(emp.c.id);
    },
    {
      rows: [
        [1, 2],
        [2, 1],
        [3, 1],
        [4, 0],
        [5, 0],
      ],
    },
  );
  statement(
    "[SL-06] a join to VALUES",
    () => {
      const rate = values(
        { id: t.integer, rate: t.double },
        [
          [1, 0.5],
          [2, 2],
        ],
        "rate",
      );
      return select(dept.c.name, rate.c.rate).join(rate, rate.c.id.eq(dept.c.id)).orderBy(dept.c.id);
    },
    {
      rows: [
        ["Sales", 0.5],
        ["Lab", 2],
      ],
    },
  );
  statement(
    "a condition with CASE",
    () =>
      select(emp.c.name)
        .join(dept, caseWhen([[emp.c.active, emp.c.deptId]], { else: 3 }).eq(dept.c.id))
        .orderBy(emp.c.id),
    { values: ["Ann", "Bob", "Cid", "Dee"] },
  );
  statement("a condition that is always true", () => select(func.count()).selectFrom(emp).join(dept, true_()), {
    values: [15],
  });
  statement(
    "a condition of a comparison other than equality",
    () => {
      const other = emp.alias("other");
      return select(emp.c.name, func.count(other.c.id))
        .outerjoin(other, other.c.salary.gt(emp.c.salary))
        .groupBy(emp.c.id, emp.c.name)
        .orderBy(emp.c.id);
    },
    {
      rows: [
        ["Ann", 1],
        ["Bob", 2],
        ["Cid", 0],
        ["Dee", 2],
        ["Eve", 4],
      ],
    },
  );
  statement(
    "two tables without a join, with a condition",
    () => select(emp.c.name, dept.c.name).where(and(emp.c.deptId.eq(dept.c.id), emp.c.id.eq(3))),
    {
      rows: [["Cid", "Lab"]],
      sql: /FROM emp, dept WHERE/,
    },
  );
  statement(
    "alias() of a subquery's join",
    () => {
      const lab = select(emp.c.id, emp.c.name).join(dept).where(dept.c.name.eq("Lab")).subquery("lab");
      const other = alias(lab, "other");
      return select(lab.c.name, other.c.name).selectFrom(lab).join(other, lab.c.id.lt(other.c.id));
    },
    { rows: [["Cid", "Dee"]] },
  );
  statement(
    "a literal beside a join",
    () => select(literal("x"), dept.c.id).joinFrom(emp, dept).where(emp.c.id.eq(1)),
    { rows: [["x", 1]] },
  );
  statement(
    "a textual condition",
    () =>
      select(emp.c.name)
        .join(dept, text("emp.dept_id = dept.id AND dept.name = 'Lab'") as never)
        .orderBy(emp.c.id),
    {
      values: ["Cid", "Dee"],
    },
  );
});

describe("[SL-01] lateral joins", () => {
  statement(
    "the newest sale of each employee",
    () => {
      const last = select(sale.c.item, sale.c.qty)
        .where(sale.c.empId.eq(emp.c.id))
        .orderBy(sale.c.id.desc())
        .limit(1)
        .lateral("last");
      return select(emp.c.name, last.c.item).join(last, true_()).orderBy(emp.c.id);
    },
    {
      rows: {
        postgresql: [
          ["Ann", "ink"],
          ["Bob", "pen"],
          ["Cid", "cap"],
        ],
      },
      sql: {
        postgresql:
          /FROM emp JOIN LATERAL \(SELECT sale\.item AS item, sale\.qty AS qty FROM sale WHERE sale\.emp_id = emp\.id|JOIN LATERAL \(SELECT sale\.item, sale\.qty FROM sale WHERE sale\.emp_id = emp\.id/,
      },
      refused: { sqlite: "LATERAL" },
    },
  );
  statement(
    "an outer join to a lateral subquery keeps those without rows",
    () => {
      const n = select(func.sum(sale.c.qty).as("n")).where(sale.c.empId.eq(emp.c.id)).lateral("n");
      return select(emp.c.id, n.c.n).outerjoin(n, true_()).orderBy(emp.c.id);
    },
    {
      rows: {
        postgresql: [
          [1, 4],
          [2, 10],
          [3, 2],
          [4, null],
          [5, null],
        ],
      },
      refused: { sqlite: "LATERAL" },
    },
  );
  statement(
    "a cross join to a lateral subquery",
    () => {
      const doubled = select(emp.c.salary.mul(2).as("twice")).correlate(emp).lateral("doubled");
      return select(emp.c.id, doubled.c.twice)
        .selectFrom(emp)
        .crossJoin(doubled)
        .where(emp.c.id.lt(3))
        .orderBy(emp.c.id);
    },
    {
      rows: {
        postgresql: [
          [1, 200],
          [2, 160],
        ],
      },
      refused: { sqlite: "LATERAL" },
    },
  );
});
