import { expect, test } from "vitest";
import { cacheKeyOf, createAsyncEngine, select } from "../../src/index.js";
import { dept, emp, metadata, sale } from "./statements/world.js";

const fiveJoins = (n: number, names: readonly string[]) => {
  const boss = emp.alias("boss");
  const chief = emp.alias("chief");
  const theirs = dept.alias("theirs");
  return select(emp.c.name, dept.c.name, sale.c.item, boss.c.name, chief.c.name, theirs.c.name)
    .selectFrom(emp)
    .join(dept, dept.c.id.eq(emp.c.deptId))
    .join(sale, sale.c.empId.eq(emp.c.id))
    .outerjoin(boss, boss.c.id.eq(emp.c.bossId))
    .outerjoin(chief, chief.c.id.eq(boss.c.bossId))
    .outerjoin(theirs, theirs.c.id.eq(chief.c.deptId))
    .where(sale.c.qty.gt(n), emp.c.name.in(names))
    .orderBy(sale.c.id);
};

test("a five-join select is compiled once, whatever its values and however long its lists", async () => {
  const engine = createAsyncEngine("sqlite://");
  try {
    await metadata.createAll(engine);
    const before = engine.cacheFigures;
    for (let i = 0; i < 50; i++) {
      await using c = await engine.connect();
      expect(await c.execute(fiveJoins(i, Array.from({ length: i }, String))).all()).toEqual([]);
    }
    const after = engine.cacheFigures;
    expect(after.misses - before.misses).toBe(1);
    expect(after.hits - before.hits).toBe(49);
  } finally {
    await engine.dispose();
  }
});

test("a statement object keeps its key: asked again, it is the same one", () => {
  const statement = fiveJoins(1, ["a"]);
  expect(cacheKeyOf(statement)).toBe(cacheKeyOf(statement));
  expect(cacheKeyOf(fiveJoins(2, ["b", "c"])).key).toBe(cacheKeyOf(statement).key);
  expect(cacheKeyOf(statement.limit(1)).key).not.toBe(cacheKeyOf(statement).key);
});
