/**
 * Prints how the checklist stands: `npm run features` runs the tests and reads their report, `npm run features -- REPORT`
 * reads that of a run that was. `--write` writes the table to `docs/features.md`. Ends with 1 while a row of weight 2 or 3 is missing.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { byChapter, markdown, metRows, standing } from "./report.mjs";

const args = process.argv.slice(2);
const write = args.includes("--write");
const given = args.find((each) => !each.startsWith("--"));

function runTests() {
  const folder = mkdtempSync(join(tmpdir(), "athanor-features-"));
  const file = join(folder, "report.json");
  spawnSync("npx", ["vitest", "run", "--reporter=dot", "--reporter=json", `--outputFile.json=${file}`], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const report = JSON.parse(readFileSync(file, "utf8"));
  rmSync(folder, { recursive: true });
  return report;
}

const list = JSON.parse(readFileSync(new URL("features.json", import.meta.url), "utf8"));
const report = given === undefined ? runTests() : JSON.parse(readFileSync(given, "utf8"));
const rows = standing(list, metRows(report));

for (const [chapter, figures] of byChapter(rows)) {
  const { met, answered, missing, later } = figures;
  const notes = [
    `${met} met`,
    answered && `${answered} answered differently`,
    missing && `${missing} missing`,
    later && `${later} later`,
  ];
  console.log(`${chapter}: ${notes.filter(Boolean).join(", ")}`);
}
const missing = rows.filter((row) => row.state === "missing");
for (const row of missing) console.log(`missing [${row.id}] weight ${row.weight}, ${row.issue}: ${row.feature}`);
const count = (/** @type {string} */ state) => rows.filter((row) => row.state === state).length;
console.log(
  `${count("met")} met, ${count("answered")} answered differently, ${missing.length} missing, ${count("later")} later`,
);
if (write) writeFileSync(new URL("../../docs/features.md", import.meta.url), markdown(rows));
process.exitCode = missing.some((row) => row.weight > 1) ? 1 : 0;
