import { describe, expect, test } from "vitest";
import { steadyEquals, steadyLimit } from "../../../src/dialects/sqlite/steady-plan.js";
import { text } from "../../../src/sql/elements/text.js";
import { column } from "../../../src/sql/schema/column-specs.js";
import { MetaData } from "../../../src/sql/schema/metadata.js";
import { table } from "../../../src/sql/schema/table.js";
import { select } from "../../../src/sql/selectable/select.js";
import { t } from "../../../src/sql/types/t.js";
import { memoryEngine } from "../../engine/support.js";

const md = new MetaData();
const things = table("things", md, { id: column(t.integer, { primaryKey: true }) });

describe("the limit of a statement", () => {
  test("is kept from the planner, which would plan anew for each value", () => {
    expect(steadyLimit("SELECT id FROM things LIMIT ?")).toBe("SELECT id FROM things LIMIT +?");
    expect(steadyLimit("SELECT id FROM things LIMIT ? OFFSET ?")).toBe("SELECT id FROM things LIMIT +? OFFSET ?");
    expect(steadyLimit("select id from things\nlimit ?")).toBe("select id from things\nlimit +?");
  });

  test("is left alone in a subquery, in a string and in a comment, and where it is a number", () => {
    for (const text of [
      "SELECT id FROM (SELECT id FROM things LIMIT ?) AS few WHERE id > ?",
      "SELECT ' LIMIT ?'",
      "SELECT id FROM things LIMIT ? /* why */",
      "SELECT id FROM things LIMIT 10",
      "SELECT id FROM things LIMIT 10 OFFSET ?",
      "SELECT id FROM unlimit ?",
    ])
      expect(steadyLimit(text)).toBe(text);
  });

  test("limits as before, to nothing, to some rows and from an offset", async () => {
    const engine = memoryEngine();
    await md.createAll(engine);
    await using conn = await engine.connect();
    await conn.execute(
      things.insert(),
      [1, 2, 3, 4, 5].map((id) => ({ id })),
    );
    const ids = select(things.c.id).orderBy(things.c.id);
    expect(await conn.scalars(ids.limit(0)).all()).toEqual([]);
    expect(await conn.scalars(ids.limit(2)).all()).toEqual([1, 2]);
    expect(await conn.scalars(ids.limit(9)).all()).toEqual([1, 2, 3, 4, 5]);
    expect(await conn.scalars(ids.limit(2).offset(3)).all()).toEqual([4, 5]);
  });

  test("is compiled without it, and so is what listeners and logs show", () => {
    const engine = memoryEngine();
    expect(select(things.c.id).limit(2).compile({ dialect: engine.dialect }).text).toBe(
      "SELECT things.id FROM things LIMIT ?",
    );
  });
});

describe("a value that is compared with", () => {
  test("is kept from the planner by a plus, wherever = stands before it", () => {
    expect(steadyEquals("SELECT a FROM b WHERE c = ? AND d=? OR e =\n?1")).toBe(
      "SELECT a FROM b WHERE c = +? AND d=+? OR e =\n+?1",
    );
  });

  test("is left alone by every other operator, in strings, names and comments", () => {
    for (const sql of [
      "SELECT a FROM b WHERE c >= ? AND d <= ? AND e != ? AND f == ? AND g IS ? AND h IN (?, ?) AND (i, j) = (?, ?)",
      "SELECT ' = ?', \" = ?\", ` = ?`, [ = ?] FROM b -- c = ?\n/* d = ?\n = ? */",
      "SELECT 'it''s = ?' FROM b",
    ])
      expect(steadyEquals(sql)).toBe(sql);
  });

  /** The statements about a table as SQLite was given them, after it was filled and analyzed. */
  async function given(setUp: readonly string[], statements: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    const engine = memoryEngine({
      dialectOptions: {
        sqlite: {
          onOpen(database) {
            const raw = database as unknown as { prepare(sql: string): unknown };
            const prepare = raw.prepare.bind(raw);
            raw.prepare = (sql) => {
              if (sql.endsWith("/* here */")) found.push(sql.slice(0, -11));
              return prepare(sql);
            };
          },
        },
      },
    });
    await using conn = await engine.connect();
    for (const sql of [...setUp, ...statements.map((each) => `${each} /* here */`)])
      await conn.execute(text(sql), sql.includes(":k") ? { k: 7 } : undefined);
    return found;
  }

  const rows = (from: string): string =>
    `INSERT INTO things (k, at) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT ${from}, i FROM n`;
  const tables = [
    "CREATE TABLE things (id INTEGER PRIMARY KEY, k INTEGER, at INTEGER)",
    "CREATE INDEX things_k ON things (k)",
  ];
  const even = [...tables, rows("i % 500")];
  const query = "SELECT id FROM things WHERE k = :k";
  const asIs = "SELECT id FROM things WHERE k = ?";
  const steady = "SELECT id FROM things WHERE k = +?";

  test("is looked at as long as nothing was analyzed: the planner does not plan by it then", async () => {
    expect(await given(even, [query])).toEqual([asIs]);
  });

  test("is kept from the planner where ANALYZE has found about as many rows of each, in queries and in what writes", async () => {
    expect(await given([...even, "ANALYZE"], [query, "DELETE FROM things WHERE k = :k"])).toEqual([
      steady,
      "DELETE FROM things WHERE k = +?",
    ]);
  });

  test("is looked at where some are frequent, and where some are rare", async () => {
    for (const spread of ["CASE WHEN i % 2 = 0 THEN 7 ELSE i END", "i % 50 = 0"])
      expect(await given([...tables, rows(spread), "ANALYZE"], [query])).toEqual([asIs]);
  });

  test("is looked at where a partial index may hold it", async () => {
    const partial = "CREATE INDEX things_at ON things (at) WHERE k = 7";
    expect(await given([...even, partial, "ANALYZE"], [query])).toEqual([asIs]);
  });

  test("is looked at in a statement over a view, when a table behind it may be uneven", async () => {
    const other = [
      "CREATE TABLE others (id INTEGER PRIMARY KEY, k INTEGER)",
      "CREATE INDEX others_k ON others (k)",
      "INSERT INTO others (k) SELECT CASE WHEN k = 1 THEN 1 ELSE 2 END FROM things",
      "CREATE VIEW seen AS SELECT id, k FROM others",
      "ANALYZE",
    ];
    expect(
      await given(
        [...even, ...other],
        ["SELECT id FROM seen WHERE k = :k", "SELECT id FROM others WHERE k = :k", query],
      ),
    ).toEqual(["SELECT id FROM seen WHERE k = ?", "SELECT id FROM others WHERE k = ?", steady]);
  });

  test("is looked at anew after another ANALYZE", async () => {
    const uneven = ["UPDATE things SET k = 7 WHERE id % 2 = 0", "ANALYZE"];
    expect(await given([...even, "ANALYZE", query, ...uneven], [query])).toEqual([asIs]);
  });

  test("counts in attached databases as in the main one", async () => {
    const attached = ["ATTACH ':memory:' AS more", ...tables.map((sql) => sql.replace(/TABLE |INDEX /, "$&more."))];
    const uneven = rows("CASE WHEN i % 2 = 0 THEN 7 ELSE i END").replace("things", "more.things");
    expect(await given([...attached, uneven, "ANALYZE"], [query])).toEqual([asIs]);
    expect(await given([...attached, rows("i % 500").replace("things", "more.things"), "ANALYZE"], [query])).toEqual([
      steady,
    ]);
  });

  test("means what it meant, whatever the types of column and value", async () => {
    const engine = memoryEngine();
    await using conn = await engine.connect();
    await conn.execute(
      text("CREATE TABLE kinds (i INTEGER, t TEXT, n NUMERIC, r REAL, b BLOB, c TEXT COLLATE NOCASE, x)"),
    );
    for (const index of ["i", "t", "n", "r", "b", "c", "x"])
      await conn.execute(text(`CREATE INDEX kinds_${index} ON kinds (${index})`));
    const values = [1, "1", 1.5, "1.5", "a", "A", null, new Uint8Array([97]), 9007199254740993n, "01"];
    for (const v of values) await conn.execute(text("INSERT INTO kinds VALUES (:v, :v, :v, :v, :v, :v, :v)"), { v });
    const counts = async (): Promise<unknown[]> => {
      const found: unknown[] = [];
      for (const c of ["i", "t", "n", "r", "b", "c", "x"])
        for (const v of values)
          found.push(await conn.scalar(text(`SELECT count(*) FROM kinds WHERE ${c} = :v`), { v }));
      return found;
    };
    const before = await counts();
    await conn.execute(text("ANALYZE"));
    expect(await counts()).toEqual(before);
    expect(before.some((count) => (count as number) > 1)).toBe(true);
  });
});
