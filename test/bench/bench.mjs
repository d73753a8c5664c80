/**
 * Athanor beside the bare drivers and its peers: every contestant as its own process, interleaved over rounds.
 *
 *   npm run bench -- [--db sqlite|postgres|URL] [--only W3,W4] [--rounds n] [--seconds n] [--warm-up seconds] [--contestants athanor,kysely]
 *                    [--json file] [--svg file] [--markdown file] [--profile folder]
 *
 * See README.md.
 */
import { fork, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { prepareAthanor } from "./build.mjs";
import { chart } from "./chart.mjs";
import { CONTESTANTS } from "./contestants.mjs";
import { makeDatabase } from "./database.mjs";
import { preparePrisma } from "./prisma.mjs";
import { describeRun, markdown, median, table } from "./report.mjs";
import { WORKLOADS } from "./workloads.mjs";

const { values: options } = parseArgs({
  options: {
    db: { type: "string", multiple: true },
    only: { type: "string" },
    rounds: { type: "string", default: "9" },
    seconds: { type: "string", default: "60" },
    "warm-up": { type: "string", default: "3" },
    contestants: { type: "string" },
    json: { type: "string" },
    svg: { type: "string" },
    markdown: { type: "string" },
    profile: { type: "string" },
    "no-build": { type: "boolean" },
  },
});
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const SERVER = process.env.BENCH_POSTGRES ?? "postgresql://postgres@127.0.0.1:5432/postgres";
const rounds = Number(options.rounds);
/** After so long the counted rounds of a workload end, when there are three of them. */
const secondsForAll = Number(options.seconds);
/** Each contestant runs so long before its rounds are counted: a program that has run for a moment is compiled. The very first is shown as the cold one. */
const warmUpMs = 1000 * Number(options["warm-up"]);
const LEAST_WARM_UPS = 3;
/** What writes is brought back to the first state before each round, which takes longer than the round. */
const MOST_WARM_UPS = 40;
const LEAST_ROUNDS = 3;
/** A round that lasts longer is given up, and the contestant with it. */
const PATIENCE_MS = 20_000;
const only = options.only?.split(",") ?? Object.keys(WORKLOADS);
const asked = options.contestants?.split(",");

/** One process of a contestant, waiting for rounds. */
class Contestant {
  results = [];
  failure = null;

  constructor(name, workload, database) {
    this.name = name;
    const job = {
      contestant: name,
      workload,
      kind: database.kind,
      url: database.url,
      module: CONTESTANTS[name].module(database.kind),
    };
    const flags = ["--expose-gc", "--no-warnings"];
    if (options.profile !== undefined) {
      flags.push(
        "--cpu-prof",
        `--cpu-prof-dir=${options.profile}`,
        `--cpu-prof-name=${database.kind}-${workload}-${name}.cpuprofile`,
      );
    }
    this.start = () =>
      fork(here("worker.mjs"), {
        execArgv: flags,
        env: { ...process.env, BENCH_JOB: JSON.stringify(job), NODE_ENV: "production" },
      });
    this.isProcess = WORKLOADS[workload].process === true;
    this.mutates = WORKLOADS[workload].mutates;
  }

  async open() {
    if (this.isProcess) return true;
    this.child = this.start();
    const answer = await next(this.child);
    if (answer.error !== undefined) this.failure = answer.error;
    else if (!answer.ready) this.failure = "does not take part";
    if (this.failure !== null) await this.end();
    return this.failure === null;
  }

  /** @param warmUp whether the round is not counted */
  async round(round, warmUp = false) {
    if (this.failure !== null) return;
    const child = this.isProcess ? this.start() : this.child;
    if (!this.isProcess) child.send({ round });
    const answer = await next(child);
    if (this.isProcess) await gone(child);
    if (answer.error !== undefined) {
      this.failure = answer.error;
      console.error(`${this.name}: ${answer.error}`);
      await this.end();
      return;
    }
    this.results.push({ ...answer, warmUp });
  }

  /** Whether it has run for a moment. A process that is measured from its start is never warm. */
  get isWarm() {
    if (this.isProcess || this.failure !== null) return true;
    const { length } = this.results;
    if (length < LEAST_WARM_UPS) return false;
    if (this.mutates && length >= MOST_WARM_UPS) return true;
    return this.results.reduce((sum, { ms }) => sum + ms, 0) >= warmUpMs;
  }

  async end() {
    if (this.isProcess || this.child === undefined || this.child.exitCode !== null || this.child.signalCode !== null)
      return;
    const over = gone(this.child);
    if (this.child.connected) this.child.send("end");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 5000);
    await over;
    clearTimeout(timer);
  }
}

function next(child) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      child.off("exit", fail);
      child.kill("SIGKILL");
      resolve({ error: `a round takes more than ${PATIENCE_MS / 1000} s` });
    }, PATIENCE_MS);
    const fail = (code) => {
      clearTimeout(timer);
      resolve({ error: `the process ended with ${code}` });
    };
    child.once("exit", fail);
    child.once("message", (message) => {
      clearTimeout(timer);
      child.off("exit", fail);
      resolve(message);
    });
  });
}

function gone(child) {
  return new Promise((resolve) =>
    child.exitCode !== null || child.signalCode !== null ? resolve() : child.once("exit", resolve),
  );
}

/** As many contestants at a time as the server has connections for, each time beside the driver. */
async function measure(workload, database, names) {
  const peers = names.filter((name) => name !== "driver");
  const size = Math.floor(database.connections / (WORKLOADS[workload].connections ?? 1)) - 1;
  const results = [];
  for (let i = 0; i < peers.length; i += size) {
    const [bare, ...others] = await measureTogether(workload, database, ["driver", ...peers.slice(i, i + size)]);
    results.push(...(i === 0 ? [bare] : []), ...others);
  }
  return results;
}

async function measureTogether(workload, database, names) {
  const { needs, mutates } = WORKLOADS[workload];
  const contestants = names.map((name) => new Contestant(name, workload, database));
  await database.reset(needs);
  for (const contestant of contestants) await contestant.open();
  const run = async (contestant, round, warmUp) => {
    if (contestant.failure !== null) return;
    if (mutates) await database.reset(needs);
    await contestant.round(round, warmUp);
  };
  for (let round = 0; !contestants.every((c) => c.isWarm); round++)
    for (const contestant of contestants) if (!contestant.isWarm) await run(contestant, round, true);
  const start = performance.now();
  for (let round = 0; round < rounds; round++) {
    if (round >= LEAST_ROUNDS && performance.now() - start > 1000 * secondsForAll) break;
    // Another order in each round, so that nobody always follows the same one.
    for (let i = 0; i < contestants.length; i++) await run(contestants[(i + round) % contestants.length], round, false);
  }
  for (const contestant of contestants) await contestant.end();
  const bare = contestants.find((c) => c.name === "driver");
  const sum = bare?.results[0]?.sum;
  const measured = contestants.map(({ name, results, failure }) => {
    if (failure !== null) return { name, failure: String(failure).split("\n")[0] };
    const wrong = results.find((r) => sum !== undefined && r.sum !== sum);
    if (wrong !== undefined) console.error(`${workload} ${name}: checksum ${wrong.sum}, the driver's is ${sum}`);
    const timed = results.filter((r) => !r.warmUp);
    return {
      name,
      ms: median(timed.map((r) => r.ms)),
      cpu: median(timed.map((r) => r.cpu)),
      rss: Math.max(...results.map((r) => r.rss)),
      rounds: timed.length,
      cold: results[0].ms,
      coldCpu: results[0].cpu,
      ...(wrong === undefined ? {} : { failure: "another checksum" }),
    };
  });
  const { ms, cpu, cold } = measured[0];
  return measured.map((result) => ({ ...result, driver: { ms, cpu, cold } }));
}

if (!options["no-build"]) prepareAthanor();
if (options.profile !== undefined) mkdirSync(options.profile, { recursive: true });
const run = describeRun(spawnSync, process.argv.slice(2), rounds);
const databases = options.db ?? ["sqlite", "postgres"];
for (const db of databases) {
  const kind = db === "sqlite" ? "sqlite" : "postgres";
  const database = await makeDatabase(kind, db.includes("://") ? db : SERVER, {
    events: only.some((w) => w.startsWith("W12")),
  });
  run.databases[kind] = { version: database.version, workloads: {} };
  const names = Object.keys(CONTESTANTS).filter(
    (n) => (asked === undefined || n === "driver" || asked.includes(n)) && CONTESTANTS[n].kinds.includes(kind),
  );
  if (names.includes("prisma") && !preparePrisma(kind)) names.splice(names.indexOf("prisma"), 1);
  try {
    for (const workload of only) {
      if (WORKLOADS[workload] === undefined)
        throw new Error(`There is no workload ${workload}: ${Object.keys(WORKLOADS).join(", ")}`);
      const results = await measure(workload, database, names);
      run.databases[kind].workloads[workload] = results;
      // After each workload, so that a run that is broken off has not been for nothing.
      if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(run, null, 1)}\n`);
      if (options.svg !== undefined) writeFileSync(options.svg, chart(run));
      if (options.markdown !== undefined) writeFileSync(options.markdown, markdown(run));
      console.log(table(kind, workload, results));
    }
  } finally {
    await database.close();
  }
}
