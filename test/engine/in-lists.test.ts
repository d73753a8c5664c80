import { expect, test } from "vitest";
import { column, createAsyncEngine, literalColumn, MetaData, select, t, table, text } from "../../src/index.js";

const bags = table("bags", new MetaData(), { b: column(t.binary), x: column(t.integer) });

test("a list of another length finds its own rows, also where the list is written out: binary values, columns without a type", async () => {
  const engine = createAsyncEngine("sqlite:///:memory:");
  try {
    await using connection = await engine.connect();
    await connection.execute(text("CREATE TABLE bags (x INTEGER, b BLOB)"));
    await connection.execute(text("INSERT INTO bags VALUES (1, x'01'), (2, x'02'), (3, x'03')"));
    for (const list of [[1], [1, 2], [], [3, 2, 1]]) {
      const binary = await connection.execute(
        select(bags.c.x).where(bags.c.b.in(list.map((value) => Uint8Array.of(value)))),
      );
      expect(binary.all().length).toBe(list.length);
      const untyped = await connection.execute(select(bags.c.x).where(literalColumn("x").in(list)));
      expect(untyped.all().length).toBe(list.length);
    }
  } finally {
    await engine.dispose();
  }
});
