/** Tables of a run. */
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { WORKLOADS } from "./workloads.mjs";

const require = createRequire(import.meta.url);

export const ratio = (a, b) => (a === undefined || b === undefined || b === 0 ? null : a / b);

export function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

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
      `${r.name.padEnd(12)} ${show(r.ms).padStart(9)} ${show(ratio(r.ms, r.driver.ms)).padStart(7)} ${show(r.cpu, 1).padStart(9)} ${show(ratio(r.cpu, r.driver.cpu)).padStart(7)} ` +
        `${show(r.rss, 0).padStart(8)} ${show(r.cold, 1).padStart(9)} ${show(ratio(r.cold, r.driver.cold)).padStart(7)}`,
    );
  }
  return lines.join("\n");
}

const HEADINGS = { sqlite: "SQLite", postgres: "PostgreSQL" };

/**
 * The run as a table of Markdown: of each workload Athanor's wall time and client CPU time as multiples of the bare driver's, its target, and the
 * peer with the shortest wall time.
 */
export function markdown(run) {
  const kinds = Object.keys(run.databases);
  const columns = kinds.flatMap((kind) => [`${HEADINGS[kind]}: wall`, "CPU", "target", "best peer"]);
  const lines = [`| workload | ${columns.join(" | ")} |`, `|---|${columns.map(() => "---").join("|")}|`];
  const workloads = [...new Set(kinds.flatMap((kind) => Object.keys(run.databases[kind].workloads)))];
  for (const workload of workloads) {
    const cells = kinds.flatMap((kind) =>
      cellsOf(run.databases[kind].workloads[workload], WORKLOADS[workload].target[kind]),
    );
    lines.push(`| ${workload} ${WORKLOADS[workload].title} | ${cells.join(" | ")} |`);
  }
  return `${lines.join("\n")}\n`;
}

function cellsOf(results, target) {
  const ran = (results ?? []).filter((r) => r.failure === undefined);
  const own = ran.find((r) => r.name === "athanor");
  if (own === undefined) return ["", "", "", ""];
  const wall = (result) => ratio(result.ms, result.driver.ms);
  const peers = ran.filter((r) => r.name !== "driver" && r !== own).sort((a, b) => wall(a) - wall(b));
  const best = peers.length === 0 ? "" : `${peers[0].name} ${show(wall(peers[0]))}`;
  return [show(wall(own)), show(ratio(own.cpu, own.driver.cpu)), target === undefined ? "" : String(target), best];
}
