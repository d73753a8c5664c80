/**
 * What a statement costs before it is sent: a select with five joins, built and compiled at its first run, and built and found at its second.
 *
 *   npm run cached -- [--rounds n] [--no-build]
 *
 * Each round is a process of its own, for a first run happens once in each. Prints medians of the first run's compiling, of the second run of the same
 * statement and of one that is built anew with other values, and of compiling once the compiler is warm.
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { prepareAthanor } from "./build.mjs";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    "no-build": { type: "boolean", default: false },
    once: { type: "boolean", default: false },
  },
});

async function measureOnce() {
  const { column, CompiledCache, createAsyncEngine, MetaData, select, t, table } = await import("../../dist/index.js");
  const metadata = new MetaData();
  const columns = () => ({
    id: column(t.integer, { primaryKey: true }),
    name: column(t.text, { nullable: false }),
    otherId: column(t.integer, { name: "other_id", nullable: false }),
  });
  const [first, ...others] = ["a", "b", "c", "d", "e", "f"].map((name) => table(name, metadata, columns()));
  const built = (n) => {
    let statement = select(first.c.id, ...others.map((each) => each.c.name)).selectFrom(first);
    let before = first;
    for (const each of others) {
      statement = statement.join(each, each.c.id.eq(before.c.otherId));
      before = each;
    }
    return statement.where(first.c.name.eq(`name ${n}`), before.c.id.gt(n)).orderBy(first.c.id);
  };
  const clock = (fn) => {
    const start = process.hrtime.bigint();
    fn();
    return Number(process.hrtime.bigint() - start) / 1000;
  };
  const { dialect } = createAsyncEngine("sqlite://");
  const cache = new CompiledCache(dialect, 500);
  const statement = built(1);
  const figures = {
    first: clock(() => cache.get(statement)),
    same: clock(() => cache.get(statement)),
    anew: clock(() => cache.get(built(2))),
  };
  for (let i = 0; i < 20_000; i++) cache.get(built(i));
  figures.warmAnew =
    clock(() => {
      for (let i = 0; i < 1000; i++) cache.get(built(i));
    }) / 1000;
  for (let i = 0; i < 3000; i++) cache.get(statement, undefined, false);
  figures.warmCompile =
    clock(() => {
      for (let i = 0; i < 1000; i++) cache.get(statement, undefined, false);
    }) / 1000;
  process.send(figures);
  process.disconnect();
}

async function main() {
  if (!options["no-build"]) prepareAthanor();
  const found = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    const child = fork(fileURLToPath(import.meta.url), ["--once"]);
    found.push(await new Promise((resolve, reject) => child.once("message", resolve).once("exit", reject)));
  }
  const median = (name) => found.map((each) => each[name]).sort((a, b) => a - b)[found.length >> 1];
  const row = (what, us, beside) =>
    console.log(`${what.padEnd(60)} ${us.toFixed(1).padStart(8)} us  ${(us / beside).toFixed(4)} of compiling`);
  row("first run: compiled", median("first"), median("first"));
  row("second run of the same statement", median("same"), median("first"));
  row("second run, built anew with other values", median("anew"), median("first"));
  row("warm: compiled", median("warmCompile"), median("warmCompile"));
  row("warm: built anew with other values, and found", median("warmAnew"), median("warmCompile"));
}

await (options.once ? measureOnce() : main());
