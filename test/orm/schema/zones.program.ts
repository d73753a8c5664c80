/** Stores one row under each of several time zones, and tells what comes back. */
import { column, createAsyncEngine, extract, func, MetaData, select, t, table, text } from "../../../src/index.js";

const seen: Record<string, unknown> = {};
for (const zone of ["America/New_York", "Asia/Kolkata", "Pacific/Apia", "UTC"]) {
  process.env.TZ = zone;
  const engine = createAsyncEngine(process.argv[2] ?? "sqlite://", { poolSize: 1 });
  const metadata = new MetaData();
  const days = table("zoned_days", metadata, {
    id: column(t.integer, { primaryKey: true }),
    date: column(t.date),
    time: column(t.time),
    local: column(t.datetime),
    zoned: column(t.datetime({ timezone: true })),
  });
  await metadata.dropAll(engine);
  await metadata.createAll(engine);
  // an hour that New York's clocks leave out
  const at = new Date("2024-03-10T02:30:00.123Z");
  await engine.execute(days.insert().values({ id: 1, date: "2024-03-10", time: "02:30", local: at, zoned: at }));
  const row = await engine.execute(select(days.c.date, days.c.time, days.c.local, days.c.zoned)).one();
  const reckoned = await engine
    .execute(
      select(
        days.c.local.add("P1D"),
        func.dateTrunc("day", days.c.local),
        extract("hour", days.c.local),
        days.c.date.add(1),
        days.c.local.sub(days.c.local.sub("P1DT1H")),
      ),
    )
    .one();
  const stored = await engine.scalar(text("select cast(local as varchar(30)) from zoned_days"));
  seen[zone] = { date: row[0], time: row[1], local: row[2], zoned: row[3], text: stored, reckoned: [...reckoned] };
  await metadata.dropAll(engine);
  await engine.dispose();
}
console.log(JSON.stringify(seen));
