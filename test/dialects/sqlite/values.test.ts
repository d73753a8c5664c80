import { describe, expect, onTestFinished, test } from "vitest";
import { type AsyncEngine, column, createAsyncEngine, MetaData, select, t, table, text } from "../../../src/index.js";

async function memory(metadata: MetaData): Promise<AsyncEngine> {
  const engine = createAsyncEngine("sqlite://");
  onTestFinished(() => engine.dispose());
  await metadata.createAll(engine);
  return engine;
}

describe("SQLite's own ways with values", () => {
  test("[LI-03] points in time are text that sorts; other forms that a database may hold are read too", async () => {
    const metadata = new MetaData();
    const moments = table("moments", metadata, { id: column(t.integer, { primaryKey: true }), at: column(t.datetime) });
    const engine = await memory(metadata);
    const times = ["2024-02-29T12:00:00.5Z", "1999-12-31T23:59:59Z", "2024-02-29T12:00:00Z"].map(
      (iso) => new Date(iso),
    );
    await engine.execute(
      moments.insert(),
      times.map((at) => ({ at })),
    );
    expect(await engine.execute(text("select at from moments order by at")).scalars().all()).toEqual([
      "1999-12-31 23:59:59.000",
      "2024-02-29 12:00:00.000",
      "2024-02-29 12:00:00.500",
    ]);
    await engine.execute(text("delete from moments"));
    await engine.execute(
      text(`insert into moments (at) values
        ('2024-02-29 12:00:00'), ('2024-02-29T12:00:00Z'), ('2024-02-29T13:00:00+01:00'), ('2024-02-29 12:00:00.000000'), (1709208000)`),
    );
    const read = await engine.execute(select(moments.c.at)).scalars().all();
    expect(read).toEqual(read.map(() => times[2]));
  });

  test("[LI-04] an integer key is the row's own id, whatever its width; AUTOINCREMENT, on request, uses none twice", async () => {
    const metadata = new MetaData();
    const plain = table("plain", metadata, { id: column(t.bigint, { primaryKey: true }), n: column(t.integer) });
    const counted = table(
      "counted",
      metadata,
      { id: column(t.integer, { primaryKey: true }), n: column(t.integer) },
      { dialectOptions: { sqlite: { autoincrement: true } } },
    );
    const engine = await memory(metadata);
    const keys: unknown[] = [];
    for (const each of [plain, counted]) {
      await engine.execute(each.insert(), { n: 1 });
      await engine.execute(each.delete().all());
      keys.push((await engine.execute(each.insert(), { n: 2 })).insertedPrimaryKey);
    }
    expect(keys).toEqual([[1n], [2]]);
    await engine.execute(plain.insert(), { id: 2n ** 62n, n: 3 });
    expect(await engine.execute(select(plain.c.id).orderBy(plain.c.id)).scalars().all()).toEqual([1n, 2n ** 62n]);
  });
});
