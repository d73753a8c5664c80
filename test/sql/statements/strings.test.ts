import { describe } from "vitest";
import { func, literal, not, or, select, t } from "../../../src/index.js";
import { onBothDatabases, statement } from "./statements.js";
import { emp } from "./world.js";

onBothDatabases();

const ids = (condition: unknown) =>
  select(emp.c.id)
    .where(condition as never)
    .orderBy(emp.c.id);
const yes = (condition: unknown) => select(literal(1)).where(condition as never);

describe("[OP-03] LIKE", () => {
  statement("like()", () => ids(emp.c.name.like("%e")), { values: [4, 5] });
  statement("notLike()", () => ids(emp.c.name.notLike("%e")), { values: [1, 2, 3] });
  statement("not(like())", () => ids(not(emp.c.name.like("%e"))), { values: [1, 2, 3], sql: /NOT LIKE/ });
  statement("ilike() pays no heed to case", () => ids(emp.c.name.ilike("a%")), { values: [1] });
  statement("notIlike()", () => ids(emp.c.name.notIlike("A%")), { values: [2, 3, 4, 5] });
  statement("startsWith()", () => ids(emp.c.name.startsWith("E")), { values: [5] });
  statement("endsWith()", () => ids(emp.c.name.endsWith("b")), { values: [2] });
  statement("contains()", () => ids(emp.c.name.contains("i")), { values: [3] });
  statement("istartsWith()", () => ids(emp.c.name.istartsWith("an")), { values: [1] });
  statement("iendsWith()", () => ids(emp.c.name.iendsWith("NN")), { values: [1] });
  statement("icontains()", () => ids(emp.c.name.icontains("OB")), { values: [2] });
  statement("contains() of an expression", () => ids(literal("Bob and Eve").contains(emp.c.name)), { values: [2, 5] });
  statement("startsWith() of a column", () => ids(emp.c.name.concat("x").startsWith(emp.c.name)), {
    values: [1, 2, 3, 4, 5],
  });
  statement("an escape character", () => yes(literal("50%").like("50!%", { escape: "!" })), { values: [1] });
  statement("an escape character that is a quote", () => yes(literal("50%").like("50'%", { escape: "'" })), {
    values: [1],
  });
  statement(
    "autoescape takes the meaning of % and _",
    () =>
      yes(
        literal("a_b")
          .contains("_", { autoescape: true })
          .and(literal("axb").contains("_", { autoescape: true }).not()),
      ),
    { values: [1] },
  );
  statement(
    "autoescape of the escape character itself",
    () => yes(literal("10/20%").endsWith("/20%", { autoescape: true })),
    { values: [1] },
  );
  statement(
    "autoescape with another character",
    () => yes(literal("c:\\x%").endsWith("\\x%", { autoescape: true, escape: "^" })),
    { values: [1] },
  );
  statement(
    "like() of NULL is neither",
    () => yes(or(literal(null, t.text).like("%"), literal(null, t.text).notLike("%"))),
    { rows: [] },
  );
});

describe("[OP-03] regular expressions", () => {
  statement("regexpMatch()", () => ids(emp.c.name.regexpMatch("^[A-C]")), { values: [1, 2, 3] });
  statement("its negation", () => ids(not(emp.c.name.regexpMatch("^[A-C]"))), { values: [4, 5] });
  statement("with a flag", () => ids(emp.c.name.regexpMatch("^a", "i")), { values: [1] });
  statement("the negation with a flag", () => ids(not(emp.c.name.regexpMatch("^a", "i"))), { values: [2, 3, 4, 5] });
  statement("a pattern from a column", () => ids(literal("Bobby").regexpMatch(emp.c.name)), { values: [2] });
  statement("regexpReplace(), once", () => select(literal("banana").regexpReplace("an", "x")), { values: ["bxana"] });
  statement("regexpReplace(), everywhere", () => select(literal("banana").regexpReplace("an", "x", "g")), {
    values: ["bxxa"],
  });
  statement("a group in the replacement", () => select(literal("Doe, Jo").regexpReplace("(\\w+), (\\w+)", "\\2 \\1")), {
    values: ["Jo Doe"],
  });
  statement("a dollar in the replacement is a dollar", () => select(literal("a").regexpReplace("a", "$1$&")), {
    values: ["$1$&"],
  });
  statement("regexpReplace() of NULL", () => select(literal(null, t.text).regexpReplace("a", "b")), { values: [null] });
});

describe("text functions", () => {
  statement("concat()", () => select(emp.c.name.concat("!")).where(emp.c.id.eq(1)), {
    values: ["Ann!"],
    sql: /emp\.name \|\| /,
  });
  statement(
    "add() of text",
    () => select((emp.c.name as unknown as { add(x: string): never }).add("?")).where(emp.c.id.eq(1)),
    { values: ["Ann?"] },
  );
  statement("concatenation inside a comparison", () => ids(emp.c.name.concat("x").concat("y").eq("Evexy")), {
    values: [5],
  });
  statement("lower and upper", () => select(func.lower(emp.c.name), func.upper("ab")).where(emp.c.id.eq(1)), {
    rows: [["ann", "AB"]],
  });
  statement("length", () => select(func.length(emp.c.name), func.charLength("éa")).where(emp.c.id.eq(1)), {
    rows: [[3, 2]],
  });
  statement("trim, ltrim, rtrim", () => select(func.trim("  a "), func.ltrim("  a"), func.rtrim("a  ")), {
    rows: [["a", "a", "a"]],
  });
  statement("substr", () => select(func.substr("abcdef", 2, 3), func.substr("abc", 2)), { rows: [["bcd", "bc"]] });
  statement("replace", () => select(func.replace("a-b-c", "-", "+")), { values: ["a+b+c"] });
  statement(
    "instr and strpos, each by either name",
    () => select(func.instr("hello", "l"), func.strpos("hello", "lo")),
    { rows: [[3, 4]] },
  );
  statement("concat of many, NULL counts for nothing", () => select(func.concat("a", null, "b", 1)), {
    values: ["ab1"],
  });
  statement("concat_ws", () => select(func.concatWs("-", "a", "b")), { values: ["a-b"] });
  statement(
    "collations are names",
    (name) =>
      select(emp.c.id).where(
        emp.c.name.collate(name === "sqlite" ? "NOCASE" : "C").eq(name === "sqlite" ? "ANN" : "Ann"),
      ),
    { values: [1], sql: { sqlite: /COLLATE "NOCASE"/, postgresql: /COLLATE "C"/ } },
  );
});
