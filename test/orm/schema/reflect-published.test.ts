import { describe, expect, test } from "vitest";
import { type AsyncEngine, inspect, MetaData } from "../../../src/index.js";
import { databaseKind, freshDatabase } from "../../support/database.js";
import { chinook } from "./published/chinook.js";
import { load } from "./published/load.js";
import { northwind } from "./published/northwind.js";
import { pagila } from "./published/pagila.js";

/** Everything that the inspector says, in a form that can be compared. */
async function describeAll(engine: AsyncEngine): Promise<Record<string, unknown>> {
  const inspector = inspect(engine);
  const described: Record<string, unknown> = {};
  const columns = await inspector.getMultiColumns();
  for (const [table, list] of columns) {
    described[`${table} columns`] = list.map(({ type, typeName, ...column }) => ({
      ...column,
      typeName: typeName.replaceAll(" ", ""),
      type: engine.dialect.typeCompiler.render(type),
    }));
  }
  for (const [name, map] of Object.entries({
    keys: await inspector.getMultiPkConstraint(),
    foreign: await inspector.getMultiForeignKeys(),
    unique: await inspector.getMultiUniqueConstraints(),
    checks: await inspector.getMultiCheckConstraints(),
    indexes: await inspector.getMultiIndexes(),
    comments: await inspector.getMultiTableComment(),
    options: await inspector.getMultiTableOptions(),
  })) {
    for (const [table, facts] of map) {
      const list = facts as unknown;
      const sorted = Array.isArray(list)
        ? [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
        : list;
      described[`${table} ${name}`] = sorted;
    }
  }
  return described;
}

describe.each([
  ["Chinook", chinook],
  ["Northwind", northwind],
  ["Pagila", pagila],
])("the tables of %s", (_name, script) => {
  test("[CR-01] [CM-01] are reflected whole: created again elsewhere, the inspector says the same of them", async () => {
    const from = await freshDatabase();
    await load(from.engine, script(databaseKind()));
    const found = new MetaData();
    await found.reflect(from.engine);
    const to = await freshDatabase();
    await found.createAll(to.engine);
    expect(await describeAll(to.engine)).toEqual(await describeAll(from.engine));
    const again = new MetaData();
    await again.reflect(to.engine);
    expect([...again.tables.keys()].sort()).toEqual([...found.tables.keys()].sort());
    await again.dropAll(to.engine);
    expect(await to.engine.tableNames()).toEqual([]);
    expect(await inspect(to.engine).getEnums()).toEqual([]);
  });
});
