import { describe, expect, test } from "vitest";
import { steadyLimit } from "../../../src/dialects/sqlite/steady-limit.js";
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
