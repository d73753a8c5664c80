/**
 * Random typed expressions over the tables of test/sql/statements. They hold only what both databases define alike: no division by
 * zero, no order of texts, no case of letters beyond ASCII.
 */
import fc from "fast-check";
import {
  and,
  caseWhen,
  exists,
  extract,
  func,
  literal,
  not,
  or,
  select,
  sql,
  t,
  tryCast,
  tuple,
} from "../../../src/index.js";
import { doc, emp, sale } from "../statements/world.js";

// The face's own types would make the generator's code about types: at run time each element has every operator.
export type Loose = any;

export const small = fc.integer({ min: -50, max: 50 });
export const word = fc.constantFrom(
  "",
  "a",
  "Ann",
  "e",
  "it's",
  "50%",
  "a_b",
  "é",
  "null",
  "x".repeat(9),
  '"q"',
  "\\",
  "12",
  " 7",
);
const depth = { maxDepth: 4, withCrossShrink: true };

/** Whole numbers, texts, conditions and days over the employees' columns. */
export const { int, str, bool, day } = fc.letrec<{ int: Loose; str: Loose; bool: Loose; day: Loose }>((tie) => ({
  int: fc.oneof(
    depth,
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
    fc
      .tuple(fc.constantFrom("bitwiseLshift", "bitwiseRshift"), tie("int"), fc.integer({ min: 0, max: 8 }))
      .map(([op, a, n]) => bounded(a)[op](n)),
    tie("int").map((a) => bounded(a).bitwiseNot()),
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
    tie("str").map((s) => tryCast(s, t.integer)),
    tie("bool").map((c) => caseWhen([[c, 1]], { else: 0 })),
    fc
      .tuple(fc.constantFrom("year", "month", "day", "doy", "dow", "isodow", "quarter", "week"), tie("day"))
      .map(([part, d]) => extract(part, d)),
    fc.tuple(tie("day"), tie("day")).map(([a, b]) => a.sub(b)),
    tie("int").map((n) => ownSales((s) => select(func.count()).where(s.c.qty.lt(n)))),
    fc.constant(null).map(() => ownSales((s) => select(func.max(s.c.qty)))),
    fc.tuple(fc.constantFrom("w", "h", "none"), fc.integer({ min: 1, max: 3 })).map(([key, id]) =>
      select(cast(doc.c.body.path("size", key as "w")))
        .where(doc.c.id.eq(id))
        .scalarSubquery(),
    ),
    tie("int").map((n) => sql`${bounded(n)} + ${1}`.returns(t.integer)),
  ),
  str: fc.oneof(
    depth,
    fc.constant(emp.c.name),
    word.map((w) => literal(w)),
    fc.tuple(tie("str"), tie("str")).map(([a, b]) => a.concat(b)),
    fc.tuple(fc.constantFrom("trim", "ltrim", "rtrim"), tie("str")).map(([f, s]) => (func as Loose)[f](s)),
    fc
      .tuple(tie("str"), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 4 }))
      .map(([s, i, n]) => func.substr(s, i, n)),
    fc.tuple(tie("str"), fc.constantFrom("a", "nn", "'"), word).map(([s, a, b]) => func.replace(s, a, b)),
    fc
      .tuple(
        tie("str"),
        fc.constantFrom("n+", "[aeiou]", "^.", "\\d"),
        fc.constantFrom("", "-", "<&>"),
        fc.constantFrom("g", undefined),
      )
      .map(([s, a, b, flags]) => s.regexpReplace(a, b.replace("&", ""), flags)),
    fc.tuple(tie("str"), tie("str")).map(([a, b]) => func.coalesce(a, b)),
    fc.tuple(tie("str"), word).map(([a, b]) => func.nullif(a, b)),
    fc.tuple(tie("bool"), tie("str"), tie("str")).map(([c, a, b]) => caseWhen([[c, a]], { else: b })),
    tie("int").map((n) => n.cast(t.text)),
    fc.tuple(tie("str"), tie("int")).map(([s, n]) => func.concat(s, n, "!")),
    fc.constantFrom("title", "none").map((key) =>
      select(doc.c.data.getText(key as "title"))
        .where(doc.c.id.eq(1))
        .scalarSubquery(),
    ),
    fc.constant(null).map(() => ownSales((s) => select(func.aggregateStrings(s.c.item, "+")))),
  ),
  bool: fc.oneof(
    depth,
    fc.constant(emp.c.active),
    fc
      .tuple(
        fc.constantFrom("eq", "ne", "lt", "le", "gt", "ge", "isDistinctFrom", "isNotDistinctFrom"),
        tie("int"),
        tie("int"),
      )
      .map(([op, a, b]) => a[op](b)),
    fc.tuple(fc.constantFrom("eq", "ne", "lt", "ge"), tie("int"), small).map(([op, a, n]) => a[op](n)),
    fc.tuple(fc.constantFrom("eq", "lt", "ge"), tie("day"), tie("day")).map(([op, a, b]) => a[op](b)),
    fc.tuple(fc.constantFrom("eq", "ne", "isDistinctFrom"), tie("str"), tie("str")).map(([op, a, b]) => a[op](b)),
    fc
      .tuple(fc.constantFrom("contains", "startsWith", "endsWith"), tie("str"), fc.constantFrom("%", "_", "'", "\\"))
      .map(([op, s, w]) => s[op](w, { autoescape: true })),
    fc.tuple(tie("str"), fc.constantFrom("a%", "%N%", "_")).map(([s, w]) => (func.coalesce(s, "") as Loose).ilike(w)),
    fc
      .tuple(tie("str"), fc.constantFrom("^[A-C]", "n{2}", "e$"), fc.constantFrom("i", undefined))
      .map(([s, pattern, flags]) => s.regexpMatch(pattern, flags)),
    fc
      .tuple(fc.constantFrom("isNull", "isNotNull"), fc.oneof(tie("int"), tie("str"), tie("day")))
      .map(([op, a]) => a[op]()),
    fc
      .tuple(fc.constantFrom("between", "notBetween"), tie("int"), small, small, fc.boolean())
      .map(([op, a, x, y, symmetric]) => a[op](x, y, { symmetric })),
    fc
      .tuple(fc.constantFrom("in", "notIn"), tie("int"), fc.array(small, { maxLength: 4 }))
      .map(([op, a, list]) => a[op](list)),
    fc
      .tuple(fc.constantFrom("in", "notIn"), tie("str"), fc.array(word, { maxLength: 3 }))
      .map(([op, a, list]) => a[op](list)),
    fc
      .tuple(fc.constantFrom("in", "notIn"), tie("int"), tie("int"), fc.array(fc.tuple(small, small), { maxLength: 3 }))
      .map(([op, a, b, rows]) => (tuple(a, b) as Loose)[op](rows)),
    fc
      .tuple(fc.constantFrom("eq", "lt", "ge"), tie("int"), tie("int"), small, small)
      .map(([op, a, b, x, y]) => (tuple(a, b) as Loose)[op]([x, y])),
    fc.tuple(fc.constantFrom("in", "notIn"), tie("int")).map(([op, a]) => a[op](select(sale.c.qty))),
    tie("int").map((n) => exists(ownSales((s) => select(s.c.id).where(s.c.qty.gt(n)), false))),
    fc.array(tie("bool"), { maxLength: 3 }).map((list) => and(...list)),
    fc.array(tie("bool"), { maxLength: 3 }).map((list) => or(...list)),
    tie("bool").map((c) => not(c)),
    fc.tuple(tie("bool"), tie("bool")).map(([a, b]) => a.eq(b)),
    fc.tuple(tie("bool"), tie("bool"), tie("bool")).map(([c, a, b]) => caseWhen([[c, a]], { else: b })),
    tie("bool").map((c) => c.is(true)),
    fc
      .constantFrom("title", "nope", "on")
      .map((key) => exists(select(doc.c.id).where(doc.c.data.hasKey(key), doc.c.id.eq(emp.c.id)))),
  ),
  day: fc.oneof(
    depth,
    fc.constant(emp.c.hired),
    fc.constantFrom("2020-02-29", "1999-12-31", "2024-06-15").map((text) => literal(text, t.date)),
    fc.tuple(fc.constantFrom("add", "sub"), tie("day"), small).map(([op, d, n]) => d[op](n)),
    fc.tuple(tie("day"), tie("day")).map(([a, b]) => func.coalesce(a, b)),
    fc.tuple(tie("bool"), tie("day"), tie("day")).map(([c, a, b]) => caseWhen([[c, a]], { else: b })),
  ),
}));

/** Any of them. */
export const scalar = fc.oneof(int, str, bool, day);

const cast = (member: Loose): Loose => member.asInteger();

// A subquery of its own alias, correlated to the employee, wherever it stands.
function ownSales(make: (s: Loose) => Loose, scalarValue = true): Loose {
  const s = sale.alias();
  const query = make(s).selectFrom(s).where(s.c.empId.eq(emp.c.id)).correlate(emp);
  return scalarValue ? query.scalarSubquery() : query;
}

/** Products of products leave 32 bits, where PostgreSQL stops and SQLite goes on. */
export function bounded(element: Loose): Loose {
  return element.mod(1000);
}
