import { describe } from "vitest";
import { func, literal, literalColumn, not, select, t, update } from "../../../src/index.js";
import { onBothDatabases, statement } from "./statements.js";
import { type Body, doc, emp, sale } from "./world.js";

onBothDatabases();
const odd = "odd $.key" as const;

for (const [kind, c] of [
  ["json", doc.c.body],
  ["jsonb", doc.c.data],
] as const) {
  describe(`[CT-04] [PG-03] [LI-07] ${kind}`, () => {
    const all = (expression: unknown) => select(expression as never).orderBy(doc.c.id);
    const ids = (condition: unknown) =>
      select(doc.c.id)
        .where(condition as never)
        .orderBy(doc.c.id);
    statement("a document", () => select(c).where(doc.c.id.eq(1)), {
      values: [{ title: "One", tags: ["a", "b"], size: { w: 2, h: 3.5 }, on: true, none: null }],
    });
    statement("a member is JSON", () => all(c.get("size")), {
      values: [
        { w: 2, h: 3.5 },
        { w: 10, h: 1 },
      ],
    });
    statement("a member as text", () => all(c.getText("title")), { values: ["One", "Two"] });
    statement("a member of a member", () => all(c.get("size").get("w").asInteger()), { values: [2, 10] });
    statement("a path", () => all(c.path("size", "h").asFloat()), { values: [3.5, 1] });
    statement("an index", () => all(c.get("tags").get(0).asString()), { values: ["a", null] });
    statement("an index from the end", () => all(c.path("tags", -1).asString()), { values: ["b", null] });
    statement("a path through an index", () => all(c.path("tags", 1)), { values: ["b", null] });
    statement("asBoolean()", () => all(c.get("on").asBoolean()), { values: [true, false] });
    statement("asNumeric() with its digits", () => all(c.path("size", "h").asNumeric(5, 2)), {
      values: ["3.50", "1.00"],
    });
    statement("asString() of a text has no quotes", () => all(c.get("title").asString()), { values: ["One", "Two"] });
    statement("a member that is not there is NULL", () => all(c.path("nope" as never, "deeper" as never).asString()), {
      values: [null, null],
    });
    statement("JSON null is no SQL NULL", () => ids(c.get("none").isNotNull()), { values: [1] });
    statement("as text, both are NULL", () => all(c.getText("none")), { values: [null, null] });
    statement("a key with every odd character", () => all(c.get(odd).get('a"b').asInteger()), { values: [null, 7] });
    statement("compared as text", () => ids(c.getText("title").eq("Two")), { values: [2] });
    statement("compared as a number, not as text", () => ids(c.path("size", "w").asInteger().gt(9)), { values: [2] });
    statement("compared as truth", () => ids(c.get("on").asBoolean()), { values: [1] });
    statement("LIKE of a member", () => ids(c.get("title").asString().like("T%")), { values: [2] });
    statement("IN of a member", () => ids(c.get("title").asString().in(["One", "Six"])), { values: [1] });
    statement("ordered by a member", () => select(doc.c.id).orderBy(c.path("size", "w").asInteger().desc()), {
      values: [2, 1],
    });
    statement("arithmetic of members", () => all(c.path("size", "w").asInteger().mul(2)), { values: [4, 20] });
    statement("hasKey()", () => ids(c.hasKey("none")), { values: [1] });
    statement("hasKey() of an odd key", () => ids(c.hasKey(odd)), { values: [2] });
    statement("hasKey() of an expression", () => ids(c.hasKey(literal("no").concat("ne"))), { values: [1] });
    statement("not hasKey()", () => ids(c.hasKey("none").not()), { values: [2] });
    statement("hasAny()", () => ids(c.hasAny(["none", odd])), { values: [1, 2] });
    statement("hasAll()", () => ids(c.hasAll(["title", "none"])), { values: [1] });
    statement("contains()", () => ids(c.contains({ size: { w: 10 } })), {
      refused: { sqlite: "@>" },
      values: { postgresql: [2] },
    });
    statement("containedBy()", () => ids(c.get("size").containedBy({ w: 2, h: 3.5, d: 1 })), {
      refused: { sqlite: "<@" },
      values: { postgresql: [1] },
    });
    statement("pathExists()", () => ids(c.pathExists('$.tags[*] ? (@ == "a")')), {
      refused: { sqlite: "@?" },
      values: { postgresql: [1] },
    });
    statement("pathMatch()", () => ids(c.pathMatch("$.size.w > 5")), {
      refused: { sqlite: "@@" },
      values: { postgresql: [2] },
    });
    statement("deletePath()", () => all(c.deletePath("size", "h").get("size")), { values: [{ w: 2 }, { w: 10 }] });
    statement("merge()", () => all((c.merge({ on: 1 } as never) as never as typeof c).get("on").asInteger()), {
      refused: { sqlite: "||" },
      values: { postgresql: [1, 1] },
    });
    statement("the length of an array", () => all(func.jsonArrayLength(c.get("tags")).returns(t.integer)), {
      values: [2, 0],
    });
    statement("an equal document", () => ids(c.get("size").eq({ w: 10, h: 1 } as never)), { values: [2] });
    statement(
      "grouped by a member",
      () => select(c.getText("title").as("title"), func.count()).groupBy("title").orderBy("title"),
      {
        rows: [
          ["One", 1],
          ["Two", 1],
        ],
      },
    );
    statement(
      "set by an UPDATE",
      () =>
        update(doc)
          .values({ [c.key]: { title: "New", tags: [], size: { w: 0, h: 0 }, on: true } satisfies Body } as never)
          .where(doc.c.id.eq(1)),
      { count: 1, after: [() => select(c.getText("title")).where(doc.c.id.eq(1)), [["New"]]] },
    );
  });
}

describe("[CT-04] JSON values and functions", () => {
  statement("a document as a parameter", () => select(literal({ a: [1, null, "x"] }, t.json)), {
    values: [{ a: [1, null, "x"] }],
  });
  statement(
    "a member of a parameter",
    () =>
      select(
        literal({ a: { b: 5 } }, t.json<{ a: { b: number } }>())
          .path("a", "b")
          .asInteger(),
      ),
    { values: [5] },
  );
  statement("json_build_object, by either name", () => select(func.jsonBuildObject("k", 1).returns(t.json)), {
    values: [{ k: 1 }],
  });
  statement("json_array", () => select(func.jsonArray(1, "a", null).returns(t.json)), { values: [[1, "a", null]] });
  statement(
    "the kind of a value",
    () => select(func.jsonType(doc.c.body.get("tags")).returns(t.text)).where(doc.c.id.eq(1)),
    { values: ["array"] },
  );
  statement("a whole group as JSON", () => select(func.jsonGroupArray(doc.c.id).returns(t.json)), { values: [[1, 2]] });
  statement(
    "a group as an object",
    () => select(func.jsonGroupObject(doc.c.body.getText("title"), doc.c.id).returns(t.json)),
    { values: [{ One: 1, Two: 2 }] },
  );
  statement("a literal column of JSON", () => select(literalColumn("'[1,2]'", t.json<number[]>())), {
    values: [[1, 2]],
  });
});

describe("[FN-02] documents made of rows", () => {
  const sales = () => {
    const each = func.jsonBuildObject({ item: sale.c.item, qty: sale.c.qty });
    return select(func.jsonAgg(each)).where(sale.c.empId.eq(emp.c.id)).scalarSubquery();
  };
  statement(
    "rows of another table, nested",
    () =>
      select({ name: emp.c.name, sales: sales() })
        .where(emp.c.id.in([2, 4]))
        .orderBy(emp.c.id),
    {
      rows: {
        postgresql: [
          { name: "Bob", sales: [{ item: "pen", qty: 10 }] },
          { name: "Dee", sales: null },
        ],
        sqlite: [
          { name: "Bob", sales: [{ item: "pen", qty: 10 }] },
          { name: "Dee", sales: [] },
        ],
      },
    },
  );
  statement(
    "in an order, with an empty list for none",
    () =>
      select(
        func.coalesce(
          func.jsonAgg(func.jsonBuildObject({ id: sale.c.id })).aggregateOrderBy(sale.c.id.desc()),
          literal([], t.json()),
        ),
      ).where(sale.c.empId.eq(1)),
    { values: [[{ id: 2 }, { id: 1 }]] },
  );
  statement(
    "truth, documents and NULL are what they are, exact numbers are text",
    () =>
      select(
        func.jsonBuildObject({
          on: emp.c.active,
          off: not(emp.c.active),
          none: emp.c.bossId,
          size: doc.c.body.get("size"),
          big: literal(2n ** 60n),
          exact: literal("1.75", t.numeric(10, 2)),
          plain: 5,
          inner: func.jsonBuildObject({ a: "it's" }),
        }),
      )
        .selectFrom(emp)
        .join(doc, doc.c.id.eq(emp.c.id))
        .where(emp.c.id.eq(1)),
    {
      values: [
        {
          on: true,
          off: false,
          none: null,
          size: { w: 2, h: 3.5 },
          big: "1152921504606846976",
          exact: "1.75",
          plain: 5,
          inner: { a: "it's" },
        },
      ],
    },
  );
  statement("a list of truth values", () => select(func.jsonbAgg(emp.c.active).aggregateOrderBy(emp.c.id)), {
    values: [[true, true, false, true, true]],
  });
  statement(
    "names and values in turn",
    () => select(func.jsonBuildObject("a", emp.c.id, "b", emp.c.active)).where(emp.c.id.eq(3)),
    {
      values: [{ a: 3, b: false }],
    },
  );
  statement("an odd name of a member", () => select(func.jsonBuildObject({ 'it\'s "x"': 1 })), {
    values: [{ 'it\'s "x"': 1 }],
  });
});
