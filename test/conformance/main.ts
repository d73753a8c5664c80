/**
 * npm run conformance -- [FOLDER or FILE ...] [--db URL] [--json OUT] [-v]
 *
 * Runs scenarios against a database (default: the project's own ones, SQLite in memory) and lists each failure with the
 * first step that disagrees; with -v the statements of each step too. Ends with one line "N passed, N failed, N skipped";
 * exit status 1 when one fails. A scenario that crashes or hangs (10 s) fails alone.
 */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { runIsolated } from "./isolation.js";
import type { Outcome } from "./outcome.js";
import { describeOutcome, summary } from "./report.js";
import { SCENARIOS, scenarioFiles } from "./scenario-files.js";
import { scratchPrefix, sqliteFile, targetFor } from "./targets.js";

const { values, positionals } = parseArgs({
  options: { db: { type: "string" }, json: { type: "string" }, verbose: { type: "boolean", short: "v" } },
  allowPositionals: true,
});

const url = values.db ?? "sqlite://";
const files = scenarioFiles(positionals.length ? positionals : [SCENARIOS]);
const verbose = values.verbose ?? false;
const prefix = scratchPrefix();
const target = targetFor(url, prefix);
const outcomes = new Map<string, Outcome>();

try {
  await runIsolated(files, {
    url,
    prefix,
    timeout: 10_000,
    start: 30_000,
    children: sqliteFile(url) === null ? Math.min(availableParallelism(), 4) : 1,
    onOutcome(file, outcome) {
      outcomes.set(file, outcome);
      if (outcome.status === "failed" || files.length === 1) console.log(describeOutcome(outcome, verbose));
    },
  });
} finally {
  await target.close();
}

const inOrder = files.map((file) => outcomes.get(file) as Outcome);
if (values.json) {
  writeFileSync(values.json, `${JSON.stringify({ db: url, summary: summary(inOrder), outcomes: inOrder }, null, 1)}\n`);
}
const advisory = inOrder.filter((outcome) => outcome.soft.length).length;
if (advisory) console.log(`${advisory} scenarios have disagreements that fail nothing (advisory counts, isLoaded)`);
console.log(summary(inOrder));
process.exitCode = inOrder.some((outcome) => outcome.status === "failed") ? 1 : 0;
