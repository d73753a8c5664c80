import { describe, expect, test } from "vitest";
import {
  all,
  and,
  any,
  bindparam,
  caseWhen,
  cast,
  collate,
  extract,
  func,
  literal,
  null_,
  or,
  select,
  t,
  true_,
  tuple,
  typeCoerce,
} from "../../../src/index.js";
import { onBothDatabases, statement } from "./statements.js";
import { dept, emp, sale } from "./world.js";

onBothDatabases();

const ids = (condition: Parameters<ReturnType<typeof select>["where"]>[0]) =>
  select(emp.c.id)
    .where(condition as never)
    .orderBy(emp.c.id);

describe("[OP-01] row values", () => {
  const row = () => tuple(emp.c.salary, emp.c.id);
  statement("after a row", () => ids(row().gt([80, 2])), { values: [1, 3, 4] });
  statement("not before a row", () => ids(row().ge([100, 1])), { values: [1, 3] });
  statement(
    "equal to a row, and to another row value",
    () =>
      ids(
        row()
          .eq([60, 5])
          .or(row().eq(tuple(literal(80), emp.c.id))),
      ),
    {
      values: [2, 4, 5],
    },
  );
  test("a row of another width is refused", () => {
    expect(() => row().gt([1] as never)).toThrow("(emp.salary, emp.id) > takes a row of 2 values, not");
    expect(() => row().gt(5 as never)).toThrow("takes a row of 2 values");
    expect(() => row().in([[1]] as never)).toThrow("takes rows of 2 values");
  });
});

describe("[OP-05] conditions that are always true", () => {
  statement("say nothing beside others", () => select(emp.c.id).where(and(), emp.c.id.gt(4), true_()), {
    values: [5],
    sql: /WHERE emp\.id > \S+$/,
  });
  statement("stand alone where there is no other", () => select(func.count()).selectFrom(emp).where(and()), {
    values: [5],
    sql: /WHERE/,
  });
});

describe("[OP-01] comparison", () => {
  statement("equal", () => ids(emp.c.salary.eq(80)), { values: [2, 4] });
  statement("unequal", () => ids(emp.c.salary.ne(80)), { values: [1, 3, 5] });
  statement("less", () => ids(emp.c.salary.lt(80)), { values: [5] });
  statement("less or equal", () => ids(emp.c.salary.le(80)), { values: [2, 4, 5] });
  statement("greater", () => ids(emp.c.salary.gt(100)), { values: [3] });
  statement("greater or equal", () => ids(emp.c.salary.ge(100)), { values: [1, 3] });
  statement("two columns", () => ids(emp.c.bossId.lt(emp.c.deptId)), { values: [3] });
  statement("eq(null) is IS NULL", () => ids(emp.c.bonus.eq(null)), { values: [2, 5], sql: /emp\.bonus IS NULL/ });
  statement("ne(null) is IS NOT NULL", () => ids(emp.c.bonus.ne(null)), {
    values: [1, 3, 4],
    sql: /emp\.bonus IS NOT NULL/,
  });
  statement("isNull() and isNotNull()", () => ids(emp.c.bonus.isNull().and(emp.c.deptId.isNotNull())), { values: [2] });
  statement("is() and isNot() of truth", () => ids(emp.c.active.isNot(true).or(emp.c.id.is(null))), { values: [3] });
  statement("is distinct from a value", () => ids(emp.c.bonus.isDistinctFrom(10)), { values: [2, 3, 4, 5] });
  statement("is distinct from NULL", () => ids(emp.c.bonus.isDistinctFrom(null)), { values: [1, 3, 4] });
  statement("is not distinct from a column", () => ids(emp.c.bossId.isNotDistinctFrom(emp.c.deptId)), {
    values: [2, 5],
  });
  statement("between", () => ids(emp.c.salary.between(80, 100)), { values: [1, 2, 4] });
  statement("not between", () => ids(emp.c.salary.notBetween(80, 100)), { values: [3, 5] });
  statement("between, the wrong way round", () => ids(emp.c.salary.between(100, 80)), { rows: [] });
  statement("between, symmetric", () => ids(emp.c.salary.between(100, 80, { symmetric: true })), { values: [1, 2, 4] });
  statement("not between, symmetric", () => ids(emp.c.salary.notBetween(100, 80, { symmetric: true })), {
    values: [3, 5],
  });
  statement("between columns", () => ids(literal(90).between(emp.c.bonus, emp.c.salary)), { values: [1, 3] });
  statement("a number that the column could not hold", () => ids(emp.c.salary.lt(2 ** 40)), {
    values: [1, 2, 3, 4, 5],
  });
  statement("a fraction beside a whole number", () => ids(emp.c.salary.gt(99.5)), { values: [1, 3] });
  statement("a bigint beside an integer", () => ids(emp.c.salary.eq(80n as never)), { values: [2, 4] });
  statement("days", () => ids(emp.c.hired.ge("2021-01-01")), { values: [2, 4] });
  statement(
    "points in time",
    () =>
      select(sale.c.id)
        .where(sale.c.at.lt(new Date("2024-02-01T00:00:00Z")))
        .orderBy(sale.c.id),
    { values: [1, 2] },
  );
  statement("a comparison as a value", () => select(emp.c.salary.gt(90)).orderBy(emp.c.id), {
    values: [true, false, true, false, false],
  });
  statement("a comparison compared", () => ids(emp.c.salary.gt(90).eq(emp.c.active)), { values: [1] });
  statement("rows of values", () => ids(tuple(emp.c.deptId, emp.c.salary).eq(tuple(2, 80) as never)), { values: [4] });
});

describe("[OP-02] IN", () => {
  statement("a list", () => ids(emp.c.id.in([1, 3, 9])), {
    values: [1, 3],
    sql: { sqlite: /IN \(SELECT value FROM json_each\(\?\)\)/, postgresql: /= ANY \(\$1\)/ },
  });
  statement("not in a list", () => ids(emp.c.id.notIn([1, 3])), { values: [2, 4, 5] });
  statement("an empty list is false", () => ids(emp.c.id.in([])), { rows: [] });
  statement("not in an empty list is true", () => ids(emp.c.id.notIn([])), { values: [1, 2, 3, 4, 5] });
  statement("not in an empty list is true for NULL also", () => ids(emp.c.bonus.notIn([])), {
    values: [1, 2, 3, 4, 5],
  });
  statement("a list of text", () => ids(emp.c.name.in(["Ann", "it's", 'a "b"'])), { values: [1] });
  statement("a Set", () => ids(emp.c.id.in(new Set([2, 4]))), { values: [2, 4] });
  statement("ten thousand values", () => ids(emp.c.id.in(Array.from({ length: 10_000 }, (_, i) => i + 4))), {
    values: [4, 5],
  });
  statement("days", () => ids(emp.c.hired.in(["2020-01-15", "2019-07-20"])), { values: [1, 3] });
  statement("truth", () => ids(emp.c.active.in([false])), { values: [3] });
  statement("points in time", () => select(sale.c.id).where(sale.c.at.in([new Date("2024-02-29T12:00:00Z")])), {
    values: [3],
  });
  statement("numbers beyond the column", () => ids(emp.c.id.in([1, 2 ** 40])), { values: [1] });
  statement(
    "fractions",
    () =>
      select(sale.c.id)
        .where(sale.c.price.in([1.5, 12]))
        .orderBy(sale.c.id),
    { values: [1, 3, 4] },
  );
  statement("a subquery", () => ids(emp.c.id.in(select(sale.c.empId))), {
    values: [1, 2, 3],
    sql: /IN \(SELECT sale\.emp_id FROM sale\)/,
  });
  statement("not in a subquery", () => ids(emp.c.id.notIn(select(sale.c.empId))), { values: [4, 5] });
  statement("expressions among values", () => ids(emp.c.salary.in([emp.c.id.mul(20), 60])), { values: [4, 5] });
  statement(
    "tuples",
    () =>
      ids(
        tuple(emp.c.deptId, emp.c.salary).in([
          [1, 80],
          [2, 120],
          [3, 1],
        ]),
      ),
    { values: [2, 3] },
  );
  statement("no tuples", () => ids(tuple(emp.c.deptId, emp.c.salary).in([])), { rows: [] });
  statement(
    "not in tuples",
    () =>
      ids(
        tuple(emp.c.id, emp.c.salary).notIn([
          [1, 100],
          [2, 80],
        ]),
      ),
    { values: [3, 4, 5] },
  );
  statement(
    "tuples in a subquery",
    () =>
      ids(
        tuple(emp.c.deptId, emp.c.salary).in(
          select(emp.c.deptId, func.max(emp.c.salary)).groupBy(emp.c.deptId) as never,
        ),
      ),
    { values: [1, 3] },
  );
  statement(
    "a list given late",
    () => ids(emp.c.name.in(bindparam<string>("names", { options: { expanding: true } }))),
    { params: { names: ["Bob", "Eve"] }, values: [2, 5] },
  );
  statement("a member of an expression", () => ids(emp.c.id.add(1).in([2, 3])), { values: [1, 2] });
  statement("NOT of IN", () => ids(emp.c.id.in([1, 2]).not()), {
    values: [3, 4, 5],
    sql: { postgresql: /<> ALL/, sqlite: /NOT IN/ },
  });
});

describe("any and all", () => {
  statement("any of a subquery", () => ids(emp.c.salary.gt(any(select(emp.c.salary).where(emp.c.deptId.eq(1))))), {
    refused: { sqlite: "ANY" },
    values: { postgresql: [1, 3] },
  });
  statement("all of a subquery", () => ids(emp.c.salary.ge(all(select(emp.c.salary).where(emp.c.deptId.eq(1))))), {
    refused: { sqlite: "ALL" },
    values: { postgresql: [1, 3] },
  });
  statement("any of a list", () => ids(emp.c.id.eq(any(literal([1, 4], t.array(t.integer))))), {
    refused: { sqlite: "ANY" },
    values: { postgresql: [1, 4] },
  });
  statement("all of a list", () => ids(emp.c.id.gt(all(literal([1, 3], t.array(t.integer))))), {
    refused: { sqlite: "ALL" },
    values: { postgresql: [4, 5] },
  });
});

describe("[OP-04] arithmetic", () => {
  const one = <X>(x: X) =>
    select(x as never)
      .where(emp.c.id.eq(1))
      .selectFrom(emp);
  statement("addition", () => one(emp.c.salary.add(1)), { values: [101] });
  statement("subtraction", () => one(emp.c.salary.sub(1)), { values: [99] });
  statement("multiplication", () => one(emp.c.salary.mul(3)), { values: [300] });
  statement("true division", () => one(emp.c.salary.div(8)), { values: [12.5] });
  statement("floor division", () => one(emp.c.salary.floorDiv(8)), { values: [12] });
  statement("floor division below zero rounds down", () => one(emp.c.salary.neg().floorDiv(8)), { values: [-13] });
  statement("remainder", () => one(emp.c.salary.mod(7)), { values: [2] });
  statement("power", () => one(emp.c.bonus.pow(3)), { values: [1000] });
  statement("a root as a power", () => one(emp.c.salary.pow(0.5)), { values: [10] });
  statement("negation", () => one(emp.c.salary.neg()), { values: [-100] });
  statement("negation twice is no comment", () => one(emp.c.salary.neg().neg()), { values: [100] });
  statement("a negative operand is no comment", () => one(emp.c.salary.sub(-5)), { values: [105] });
  statement("precedence", () => one(emp.c.salary.add(2).mul(3)), { values: [306], sql: /\(emp\.salary \+ .*\) \* / });
  statement("no parentheses where none are needed", () => one(emp.c.salary.mul(2).add(3)), {
    values: [203],
    sql: { sqlite: /^SELECT emp\.salary \* \? \+ \?/ },
  });
  statement("subtraction groups to the left", () => one(emp.c.salary.sub(emp.c.bonus.sub(3))), { values: [93] });
  statement("division of a division", () => one(literal(100).div(literal(10).div(5))), { values: [50] });
  statement("fractions", () => select(sale.c.price.mul(sale.c.qty)).orderBy(sale.c.id), {
    values: [4.5, 7.25, 15, 24],
  });
  statement("with NULL", () => select(emp.c.salary.add(emp.c.bonus)).orderBy(emp.c.id), {
    values: [110, null, 120, 85, null],
  });
  statement("bitwise and", () => one(literal(12).bitwiseAnd(10)), { values: [8] });
  statement("bitwise or", () => one(literal(12).bitwiseOr(10)), { values: [14] });
  statement("bitwise exclusive or", () => one(literal(12).bitwiseXor(10)), { values: [6] });
  statement("bitwise not", () => one(literal(12).bitwiseNot()), { values: [-13] });
  statement("shifts", () => one(literal(3).bitwiseLshift(4).bitwiseRshift(1)), { values: [24] });
  statement("bits of a column", () => ids(emp.c.id.bitwiseAnd(1).eq(1)), { values: [1, 3, 5] });
});

describe("[SL-14] CASE, CAST and the like", () => {
  statement(
    "searched CASE",
    () =>
      select(
        caseWhen(
          [
            [emp.c.salary.ge(100), "high"],
            [emp.c.salary.ge(80), "middle"],
          ],
          { else: "low" },
        ),
      ).orderBy(emp.c.id),
    { values: ["high", "middle", "high", "middle", "low"] },
  );
  statement(
    "simple CASE",
    () =>
      select(
        caseWhen(
          [
            [1, "one"],
            [2, "two"],
          ],
          { value: emp.c.deptId, else: "none" },
        ),
      ).orderBy(emp.c.id),
    { values: ["one", "one", "two", "two", "none"] },
  );
  statement(
    "CASE without ELSE",
    () =>
      select(caseWhen([[emp.c.id.eq(1), 7]]))
        .orderBy(emp.c.id)
        .limit(2),
    { values: [7, null] },
  );
  statement(
    "CASE of columns",
    () =>
      select(caseWhen([[emp.c.bonus.isNotNull(), emp.c.salary.add(emp.c.bonus)]], { else: emp.c.salary })).orderBy(
        emp.c.id,
      ),
    { values: [110, 80, 120, 85, 60] },
  );
  statement("CASE inside an aggregate", () => select(func.sum(caseWhen([[emp.c.active, 1]], { else: 0 }))), {
    values: [4],
  });
  statement("cast of a number to text", () => select(cast(emp.c.salary, t.text)).where(emp.c.id.eq(1)), {
    values: ["100"],
  });
  statement("cast of text to a number", () => select(literal("42").cast(t.integer).add(1)), { values: [43] });
  statement("cast of a value", () => select(cast("7", t.integer)), { values: [7] });
  statement("cast of NULL", () => select(cast(null, t.text)), { values: [null] });
  statement("cast to numeric", () => select(cast(literal(5), t.numeric(10, 2))), { values: ["5.00"] });
  statement("typeCoerce() leaves no trace", () => select(typeCoerce(emp.c.active, t.boolean)).where(emp.c.id.eq(3)), {
    values: [false],
    sql: /^SELECT emp\.active FROM/,
  });
  statement(
    "collate",
    (name) =>
      select(emp.c.name)
        .orderBy(collate(emp.c.name, name === "sqlite" ? "BINARY" : "C").desc())
        .limit(1),
    { values: ["Eve"] },
  );
  statement(
    "extract year and month",
    () => select(extract("year", sale.c.at), extract("month", sale.c.at)).where(sale.c.id.eq(3)),
    { rows: [[2024, 2]] },
  );
  statement(
    "extract day, hour, dow and doy",
    () =>
      select(
        extract("day", sale.c.at),
        extract("hour", sale.c.at),
        extract("dow", sale.c.at),
        extract("doy", sale.c.at),
      ).where(sale.c.id.eq(4)),
    { rows: [[31, 12, 2, 366]] },
  );
  statement("extract of a day", () => select(extract("year", emp.c.hired)).where(emp.c.id.eq(1)), { values: [2020] });
  statement(
    "a tuple as a condition of rows",
    () =>
      select(dept.c.id)
        .where(tuple(dept.c.id, dept.c.name).gt(tuple(1, "Z") as never))
        .orderBy(dept.c.id),
    { values: [2, 3] },
  );
  statement("NULL in an expression", () => select(func.coalesce(null_(), 5)), { values: [5] });
});

describe("[OP-06] custom operators", () => {
  statement("op() with the database's own", () => select(emp.c.salary.op<number>("%")(7)).where(emp.c.id.eq(1)), {
    values: [2],
  });
  statement(
    "op() with the type of its result",
    () => select(emp.c.name.op("||", { returnType: t.text })("!")).where(emp.c.id.eq(1)),
    { values: ["Ann!"] },
  );
  statement("boolOp() is a condition", () => ids(emp.c.name.boolOp("<")("Cid")), { values: [1, 2] });
  statement(
    "an op() inside another expression is grouped",
    () => select(emp.c.salary.op<number>("-", { returnType: t.integer })(1).mul(2)).where(emp.c.id.eq(1)),
    { values: [198], sql: /\(emp\.salary - .*\) \* / },
  );
  statement(
    "precedence saves parentheses",
    () =>
      select(emp.c.salary.op<number>("*", { precedence: 8, returnType: t.integer })(2).add(1)).where(emp.c.id.eq(1)),
    { values: [201] },
  );
  statement(
    "GLOB is SQLite's own",
    (name) => ids(name === "sqlite" ? emp.c.name.boolOp("GLOB")("*e*") : emp.c.name.boolOp("~~")("%e%")),
    { values: [4, 5] },
  );
  statement("a condition among others", () => ids(or(emp.c.id.boolOp("=")(1), emp.c.id.boolOp("=")(2))), {
    values: [1, 2],
  });
});
