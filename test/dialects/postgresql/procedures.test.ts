import { expect, test } from "vitest";
import { text } from "../../../src/index.js";
import { scratchDatabase } from "./support.js";

const db = scratchDatabase();

test("[CC-09] CALL with OUT values gives them as a row, and several result sets are read from the raw connection", async () => {
  const engine = db.engine();
  await engine.begin((conn) =>
    conn.execute(
      text(`CREATE OR REPLACE PROCEDURE halves(n int, OUT half int, INOUT label text) LANGUAGE plpgsql AS $$
        BEGIN half = n / 2; label = label || '!'; END $$`),
    ),
  );
  await engine.begin(async (conn) => {
    const row = await conn.execute(text("CALL halves(:n, NULL, :label)"), { n: 8, label: "eight" }).one();
    expect([...row]).toEqual([4, "eight!"]);
    const found = await conn.execute(text("CALL halves(10, NULL, 'ten')")).mappings().one();
    expect(found).toEqual({ half: 5, label: "ten!" });
    const raw = (await conn.getRawConnection()).raw as {
      query(sql: string): Promise<readonly { readonly rows: readonly Record<string, unknown>[] }[]>;
    };
    const sets = await raw.query("SELECT 1 AS a; SELECT 2 AS b UNION ALL SELECT 3");
    expect(sets.map((each) => each.rows)).toEqual([[{ a: 1 }], [{ b: 2 }, { b: 3 }]]);
  });
  await engine.begin((conn) => conn.execute(text("DROP PROCEDURE halves")));
});
