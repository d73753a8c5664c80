/** Tables of a run. */
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { WORKLOADS } from "./workloads.mjs";

const require = createRequire(import.meta.url);

export const ratio = (a, b) => (a === undefined || b === undefined || b === 0 ? null : a / b);
const show = (value, digits = 2) => (value === null || value === undefined ? "" : value.toFixed(digits));

/** What the run was made with. */
export function describeRun(spawnSync, args, rounds) {
  const version = (name) => {
    try {
      return require(`${name}/package.json`).version;
    } catch {
      return null;
    }
  };
  const commit = spawnSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).stdout?.trim();
  const names = [
    "pg",
    "better-sqlite3",
    "kysely",
    "drizzle-orm",
    "@mikro-orm/core",
    "typeorm",
    "@prisma/client",
    "sequelize",
    "objection",
  ];
  return {
    command: `npm run bench${args.length > 0 ? ` -- ${args.join(" ")}` : ""}`,
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    cpu: `${cpus().length} x ${cpus()[0]?.model}`,
    commit,
    rounds,
    versions: Object.fromEntries(names.map((n) => [n, version(n)]).filter(([, v]) => v !== null)),
    databases: {},
  };
}

/** The table of one workload on one database: medians, and ratios to the bare driver. */
export function table(kind, workload, results) {
  const bare = results.find((r) => r.name === "driver");
  const target = WORKLOADS[workload].target[kind];
  const lines = [
    `\n${kind} ${workload} ${WORKLOADS[workload].title}${target === undefined ? "" : ` (target ${target})`}`,
  ];
  lines.push(
    `${"".padEnd(12)} ${"ms".padStart(9)} ${"ratio".padStart(7)} ${"cpu ms".padStart(9)} ${"ratio".padStart(7)} ${"peak MB".padStart(8)} ${"cold ms".padStart(9)} ${"ratio".padStart(7)}`,
  );
  for (const r of results) {
    if (r.failure !== undefined) {
      lines.push(`${r.name.padEnd(12)} ${r.failure}`);
      continue;
    }
    lines.push(
      `${r.name.padEnd(12)} ${show(r.ms).padStart(9)} ${show(ratio(r.ms, bare?.ms)).padStart(7)} ${show(r.cpu, 1).padStart(9)} ${show(ratio(r.cpu, bare?.cpu)).padStart(7)} ` +
        `${show(r.rss, 0).padStart(8)} ${show(r.cold, 1).padStart(9)} ${show(ratio(r.cold, bare?.cold)).padStart(7)}`,
    );
  }
  return lines.join("\n");
}
