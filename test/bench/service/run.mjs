/**
 * The bookshop beside two of its routes on the bare driver: requests a second on PostgreSQL, interleaved.
 *
 *   node test/bench/service/run.mjs [--rounds 12] [--seconds 4] [--warm-up 6000] [--connections 50] [--books 20000] [--only read,purchase] [--profile folder]
 *
 * Each round loads one service, then the other, with reads and with purchases, and the order changes from round to round. Both are compiled, with
 * NODE_ENV=production. Prints the medians, and the median of the ratios of the rounds; also of the CPU time for each request, which other work on the machine
 * disturbs less.
 */
import { fork, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import pg from "pg";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "12" },
    seconds: { type: "string", default: "4" },
    "warm-up": { type: "string", default: "6000" },
    connections: { type: "string", default: "50" },
    books: { type: "string", default: "20000" },
    "no-build": { type: "boolean", default: false },
    only: { type: "string", default: "read,purchase" },
    profile: { type: "string" },
  },
});
const root = fileURLToPath(new URL("../../../", import.meta.url));
const built = `${root}dist/bench/`;
const SERVER = process.env.BENCH_POSTGRES ?? "postgresql://postgres@127.0.0.1:5432/postgres";
const SERVICES = ["athanor", "bare"];
const LOADS = options.only.split(",");

function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed`);
}

function build() {
  run("npm", ["run", "--silent", "build"]);
  run("npx", ["tsc", "-p", "test/bench/service/tsconfig.json"]);
  const pages = `${root}examples/service/http/pages/`;
  for (const name of readdirSync(pages)) {
    if (/\.(css|svg)$/.test(name)) cpSync(pages + name, `${built}examples/service/http/pages/${name}`);
  }
}

const start = (file, args, flags = []) =>
  fork(built + file, args, { env: { ...process.env, NODE_ENV: "production" }, execArgv: ["--no-warnings", ...flags] });
const answer = (child) =>
  new Promise((resolve, reject) => {
    const ended = (code) => reject(new Error(`a process ended with ${code}`));
    child.once("exit", ended);
    child.once("message", (message) => {
      child.off("exit", ended);
      resolve(message);
    });
  });

async function onServer(sql, connectionString = SERVER) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

if (!options["no-build"]) build();
const name = `athanor_bench_service_${randomBytes(4).toString("hex")}`;
await onServer(`create database "${name}"`);
const url = Object.assign(new URL(SERVER), { pathname: `/${name}` }).href;
const children = [];
try {
  const { tokens, books } = await answer(start("test/bench/service/prepare.js", [url, options.books]));
  const services = {};
  for (const which of SERVICES) {
    const flags = options.profile
      ? ["--cpu-prof", `--cpu-prof-dir=${options.profile}`, `--cpu-prof-name=${which}.cpuprofile`]
      : [];
    const child = start("test/bench/service/server.js", [which, url], flags);
    children.push(child);
    services[which] = { child, url: `http://127.0.0.1:${(await answer(child)).port}` };
  }
  const cpuOf = async ({ child }) => {
    child.send("cpu");
    const { cpu } = await answer(child);
    return { user: cpu.user / 1000, system: cpu.system / 1000 };
  };
  const load = async (service, kind, seconds, amount) => {
    const client = start("test/examples/service/load/client.js", []);
    const before = await cpuOf(service);
    const connections = Number(options.connections);
    client.send({ url: service.url, seconds, amount, connections, tokens, books, kind });
    const report = await answer(client);
    const requests = Object.values(report.statuses).reduce((a, b) => a + b, 0);
    if (Object.keys(report.odd).length > 0) throw new Error(JSON.stringify(report.odd));
    const after = await cpuOf(service);
    const user = (after.user - before.user) / requests;
    const system = (after.system - before.system) / requests;
    return { rate: report.requestsPerSecond, p99: report.p99, user, system, cpu: user + system };
  };
  // So many requests, and not so many seconds: a server is compiled by what it does, and on a busy machine does little of it in a second.
  const PARTS = 4;
  for (let part = 0; part < PARTS; part++)
    for (const which of SERVICES)
      for (const kind of LOADS) await load(services[which], kind, 1, Math.ceil(Number(options["warm-up"]) / PARTS));
  // Each connection of the server keeps the plans of its foreign keys' checks: those of whoever inserted first are for tables that were empty, and read all of
  // what was sold since. Statistics make it plan anew, as autovacuum would within a minute.
  await onServer("vacuum analyze", url);
  const results = {};
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const kind of LOADS) {
      const pair = {};
      for (const which of round % 2 ? SERVICES : [...SERVICES].reverse()) {
        pair[which] = await load(services[which], kind, Number(options.seconds));
      }
      results[kind] ??= [];
      results[kind].push(pair);
    }
  }
  console.log(
    `medians of ${options.rounds} rounds of ${options.seconds} s, ${options.connections} connections, ${options.books} books, Node ${process.version}`,
  );
  for (const [kind, pairs] of Object.entries(results)) {
    const of = (which, what) => median(pairs.map((pair) => pair[which][what]));
    for (const which of SERVICES) {
      console.log(
        `${kind.padEnd(9)} ${which.padEnd(8)} ${of(which, "rate").toFixed(0).padStart(6)} requests/s, p99 ${of(which, "p99").toFixed(0)} ms, ${of(which, "cpu").toFixed(3)} ms CPU each (user ${of(which, "user").toFixed(3)}, system ${of(which, "system").toFixed(3)})`,
      );
    }
    const ratio = median(pairs.map(({ athanor, bare }) => athanor.rate / bare.rate));
    const cpu = median(pairs.map(({ athanor, bare }) => athanor.cpu / bare.cpu));
    console.log(
      `${kind.padEnd(9)} athanor has ${ratio.toFixed(2)} of the requests a second, and takes ${cpu.toFixed(2)} times the CPU time`,
    );
  }
} finally {
  for (const child of children) {
    child.disconnect();
  }
  await new Promise((resolve) => setTimeout(resolve, options.profile ? 2000 : 200));
  await onServer(`drop database if exists "${name}" with (force)`);
}
