/** Settings of an engine that statements follow: how JSON is written and read, how long names are shortened. */
import { expect, test } from "vitest";
import { column, Index, inspect, MetaData, select, t, table, UniqueConstraint } from "../../../src/index.js";
import { databaseKind, freshDatabase } from "../../support/database.js";

test("[CE-07] the serialisers of JSON can be replaced, for what is written and for what is read", async () => {
  const md = new MetaData();
  const docs = table("docs", md, { id: column(t.integer, { primaryKey: true }), body: column(t.json) });
  const calls = { written: 0, read: 0 };
  const { engine } = await freshDatabase({
    engine: {
      jsonSerializer: (value) => {
        calls.written++;
        return JSON.stringify(value, (_, each: unknown) => (each instanceof Set ? { set: [...each] } : each));
      },
      jsonDeserializer: (text) => {
        calls.read++;
        return JSON.parse(text, (_, each: unknown) =>
          typeof each === "object" && each !== null && "set" in each ? new Set(each.set as unknown[]) : each,
        );
      },
    },
  });
  await md.createAll(engine);
  await engine.execute(docs.insert().values({ body: { tags: new Set([1, 2]) } as never }));
  expect(await engine.scalar(select(docs.c.body))).toEqual({ tags: new Set([1, 2]) });
  expect(calls).toEqual({ written: 1, read: 1 });
});

test("[CE-07] names that are longer than the database takes are shortened in the same way each time", async () => {
  const long = "a_constraint_with_a_name_that_goes_on_and_on_until_no_database_could_take_it_any_more";
  const make = () => {
    const md = new MetaData({ namingConvention: { ix: `ix_%(table_name)s_${long}`, uq: `uq_%(table_name)s_${long}` } });
    const things = table("things", md, {
      id: column(t.integer, { primaryKey: true }),
      a: column(t.integer),
      b: column(t.integer),
    });
    things.addIndex(new Index(null, [things.columns[1]]));
    things.addConstraint(new UniqueConstraint([things.columns[2]]));
    return md;
  };
  const names: string[][] = [];
  for (let round = 0; round < 2; round++) {
    const { engine } = await freshDatabase();
    await make().createAll(engine);
    const inspector = inspect(engine);
    const found = [
      ...(await inspector.getIndexes("things")).map((each) => each.name),
      ...(await inspector.getUniqueConstraints("things")).map((each) => each.name),
    ].filter((each): each is string => each?.includes("things") === true);
    names.push([...new Set(found)].sort());
    await make().dropAll(engine);
    await engine.dispose();
  }
  expect(names[0]).toHaveLength(2);
  expect(names[1]).toEqual(names[0]);
  if (databaseKind() === "postgresql") for (const name of names[0]) expect(name.length).toBeLessThanOrEqual(63);
});
