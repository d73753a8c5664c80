import { describe, expect, test, vi } from "vitest";
import {
  type AsyncEngine,
  asyncSessionmaker,
  automapBase,
  CreateSchema,
  inspect,
  MetaData,
  select,
} from "../../../src/index.js";
import { databaseKind, freshDatabase } from "../../support/database.js";
import { chinook } from "./published/chinook.js";
import { load } from "./published/load.js";
import { northwind } from "./published/northwind.js";
import { pagila } from "./published/pagila.js";
import { SCHEMAS, strangers } from "./published/strangers.js";

/** Everything that the inspector says of a schema, in a form that can be compared. */
async function describeAll(engine: AsyncEngine, schema: string | null = null): Promise<Record<string, unknown>> {
  const inspector = inspect(engine);
  const described: Record<string, unknown> = {};
  const options = { schema };
  const columns = await inspector.getMultiColumns(options);
  for (const [table, list] of columns) {
    described[`${table} columns`] = list.map(({ type, typeName, ...column }) => ({
      ...column,
      // A key of ours is NOT NULL, which SQLite does not ask for.
      nullable: column.nullable && column.primaryKey === 0,
      typeName: typeName.replaceAll(" ", ""),
      type: engine.dialect.typeCompiler.render(type),
    }));
  }
  for (const [name, map] of Object.entries({
    keys: await inspector.getMultiPkConstraint(options),
    foreign: await inspector.getMultiForeignKeys(options),
    unique: await inspector.getMultiUniqueConstraints(options),
    exclusions: await inspector.getMultiExcludeConstraints(options),
    checks: await inspector.getMultiCheckConstraints(options),
    indexes: await inspector.getMultiIndexes(options),
    comments: await inspector.getMultiTableComment(options),
    options: await inspector.getMultiTableOptions(options),
  })) {
    for (const [table, facts] of map) {
      const list = facts as unknown;
      const sorted = Array.isArray(list) ? [...list].sort((a, b) => (text(a) < text(b) ? -1 : 1)) : list;
      described[`${table} ${name}`] = sorted;
    }
  }
  described.enums = await inspector.getEnums(options);
  described.domains = await inspector.getDomains(options);
  described.sequences = await inspector.getSequenceNames(options);
  return described;
}

// Identities and sequences have numbers beyond what JSON knows.
function text(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? `${each}n` : each));
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

describe("the tables of many strangers", () => {
  const schemas = databaseKind() === "postgresql" ? [null, ...SCHEMAS] : [null];

  test("[CR-01] [CM-01] are reflected whole, from several schemas: created again elsewhere, the inspector says the same of them", async () => {
    const [from, to] = [await freshDatabase(), await freshDatabase()];
    await load(from.engine, strangers(databaseKind()));
    const found = new MetaData();
    for (const schema of schemas) await found.reflect(from.engine, { schema });
    for (const schema of schemas) if (schema !== null) await to.engine.execute(new CreateSchema(schema));
    await found.createAll(to.engine);
    for (const schema of schemas) {
      const [before, after] = [await describeAll(from.engine, schema), await describeAll(to.engine, schema)];
      expect(after).toEqual(before);
    }
    await found.dropAll(to.engine);
    for (const schema of schemas) expect(await to.engine.tableNames({ schema })).toEqual([]);
  });

  test("[XM-01] become classes that can be queried, each of them", async () => {
    const { engine } = await freshDatabase();
    await load(engine, strangers(databaseKind()));
    const base = automapBase();
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    for (const schema of schemas) await base.prepare(engine, { schema });
    await using session = asyncSessionmaker(engine)();
    const classes = Object.values(base.classes);
    for (const cls of classes) await session.scalars(select(cls)).all();
    // Keys that write one column, which the mapping warns of; nothing else.
    for (const [message] of warned.mock.calls) expect(String(message)).toMatch(/conflicts with relationship/);
    warned.mockRestore();
    expect(classes.length).toBeGreaterThan(databaseKind() === "sqlite" ? 12 : 35);
  });

  test("a key to what is not there, which SQLite allows, is left out with a warning", async () => {
    if (databaseKind() !== "sqlite") return;
    const { engine } = await freshDatabase();
    await load(engine, "CREATE TABLE lost (a INT REFERENCES nowhere (id), b INT REFERENCES nowhere2, c INT)");
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const found = new MetaData();
    await found.reflect(engine);
    expect(warned.mock.calls.map(([message]) => message)).toEqual([
      "A foreign key of lost (a) was not reflected: it refers to nowhere, which is not there.",
      "A foreign key of lost (b) was not reflected: it refers to the key of nowhere2, which is not there.",
    ]);
    warned.mockRestore();
    const { engine: other } = await freshDatabase();
    await found.createAll(other);
    expect(await inspect(other).getForeignKeys("lost")).toEqual([]);
  });
});
