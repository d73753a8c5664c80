/**
 * How Athanor's cost grows with what is loaded: W3 and W6 must be linear, W7's flush and W15's autoflush must not grow.
 *
 *   npm run growth -- [--db sqlite|postgres|URL] [--sizes 1000,10000,100000] [--rounds n]
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values: options } = parseArgs({
  options: {
    db: { type: "string", multiple: true },
    sizes: { type: "string", default: "1000,10000,100000" },
    rounds: { type: "string", default: "5" },
    worker: { type: "string" },
  },
});
const SERVER = process.env.BENCH_POSTGRES ?? "postgresql://postgres@127.0.0.1:5432/postgres";

if (options.worker !== undefined) {
  const { makeDatabase } = await import("./database.mjs");
  const { open } = await import("./.build/athanor.mjs");
  const kind = options.worker === "sqlite" ? "sqlite" : "postgres";
  const database = await makeDatabase(kind, kind === "sqlite" ? null : options.worker, { events: false });
  const cpu = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  const costs = {
    "W3 load": [],
    "W6 load, change 1,000, flush": [],
    "W7 100 flushes of one change each": [],
    "W15 1,000 queries": [],
  };
  const measure = async (name, fn) => {
    const before = cpu();
    await fn();
    costs[name].push(cpu() - before);
  };
  try {
    const runner = await open(kind, database.url);
    for (let round = 0; round <= Number(options.rounds); round++) {
      await database.reset("full");
      await measure("W3 load", () => runner.W3());
      await measure("W6 load, change 1,000, flush", () => runner.W6());
      const held = await runner.prepare.W15();
      // One flush alone is over before a clock of milliseconds has moved, and a collection that falls into it is all that is seen.
      await measure("W7 100 flushes of one change each", async () => {
        for (let i = 0; i < 100; i++) {
          held.list[(i * 7) % held.list.length].score = 4321 + round + i / 4;
          await held.session.flush();
        }
      });
      await measure("W15 1,000 queries", () => runner.W15(held));
      await runner.after.W15(held);
    }
    await runner.close();
  } finally {
    await database.close();
  }
  // The first round warms up.
  const median = (list) => list.slice(1).sort((a, b) => a - b)[(list.length - 1) >> 1];
  console.log(JSON.stringify(Object.fromEntries(Object.entries(costs).map(([name, list]) => [name, median(list)]))));
} else {
  const { prepareAthanor } = await import("./build.mjs");
  prepareAthanor();
  const sizes = options.sizes.split(",");
  for (const db of options.db ?? ["sqlite", "postgres"]) {
    const target = db === "postgres" ? SERVER : db;
    const rows = sizes.map((size) => {
      const { stdout, stderr } = spawnSync(
        process.execPath,
        [fileURLToPath(import.meta.url), "--worker", target, "--rounds", options.rounds],
        {
          env: { ...process.env, BENCH_AUTHORS: size, NODE_ENV: "production" },
          encoding: "utf8",
        },
      );
      if (stdout === "") throw new Error(stderr);
      return JSON.parse(stdout);
    });
    console.log(`\n${db}: client CPU ms, medians of ${options.rounds} rounds`);
    console.log(`${"".padEnd(30)} ${sizes.map((s) => s.padStart(10)).join(" ")}`);
    for (const name of Object.keys(rows[0]))
      console.log(`${name.padEnd(30)} ${rows.map((r) => r[name].toFixed(2).padStart(10)).join(" ")}`);
  }
}
