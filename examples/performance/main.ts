// The ways to insert, update and read, beside one another.
//
//   npm run performance [-- DATABASE-URL [ROWS]]
//
// Without a URL the database is in memory; 10,000 rows where nothing else is said. The table is dropped at the end.
import { createAsyncEngine } from "athanor";
import { compare } from "./compare.js";
import { customers } from "./entities.js";

const [url = "sqlite://", rows = "10000"] = process.argv.slice(2);
const engine = createAsyncEngine(url);
try {
  let group = "";
  for (const taken of await compare(engine, Number(rows))) {
    if (taken.group !== group) console.log(`\n${taken.group} ${rows} rows`);
    ({ group } = taken);
    const [time, statements] = [taken.milliseconds.toFixed(1).padStart(9), String(taken.statements).padStart(7)];
    console.log(`  ${taken.title.padEnd(44)}${time} ms ${statements} statement${taken.statements === 1 ? "" : "s"}`);
  }
  await customers.metadata.dropAll(engine);
} finally {
  await engine.dispose();
}
