/**
 * node --import @oxc-node/core/register test/conformance/oracle/run.ts [--out FILE] FILE.jsonl ...
 *
 * Runs recorded courses, one on each line of the files, on SQLite in memory. Prints the first step of each that disagrees,
 * and how many do of each flavour; --out keeps the courses that disagree.
 */
import { createReadStream, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import type { Scenario } from "../format.js";
import { describeDisagreement } from "../report.js";
import { memoryTarget } from "../targets.js";
import { firstDisagreement } from "./first-disagreement.js";

const { values, positionals } = parseArgs({ options: { out: { type: "string" } }, allowPositionals: true });

const target = memoryTarget("sqlite://");
const kept: string[] = [];
const flavours = new Map<string, { courses: number; disagree: number }>();

for (const file of positionals) {
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const scenario = JSON.parse(line) as Scenario;
    const flavour = scenario.name.replace(/^(fuzz_\d+_|g\d+_)/, "");
    const tally = flavours.get(flavour) ?? { courses: 0, disagree: 0 };
    flavours.set(flavour, tally);
    tally.courses++;
    const found = await firstDisagreement(scenario, target);
    if (found === null) continue;
    tally.disagree++;
    kept.push(line);
    console.log(`${scenario.name}\n${typeof found === "string" ? found : describeDisagreement(found)}`);
  }
}

if (values.out !== undefined) writeFileSync(values.out, kept.map((line) => `${line}\n`).join(""));
const tallies = [...flavours].sort(([, a], [, b]) => b.disagree - a.disagree);
for (const [flavour, { courses, disagree }] of tallies) {
  if (disagree) console.log(`${String(disagree).padStart(5)} of ${courses}  ${flavour}`);
}
console.log(`${kept.length} of ${tallies.reduce((sum, [, { courses }]) => sum + courses, 0)} courses disagree`);
