/**
 * node --import @oxc-node/core/register test/conformance/oracle/shrink.ts [--python PATH] FILE.jsonl
 *
 * Cuts courses that disagree down to the steps that matter, each recorded anew with `record.py`, and writes them to standard
 * output, the shortest of each kind of disagreement first.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Scenario, Step } from "../format.js";
import { memoryTarget } from "../targets.js";
import { firstDisagreement } from "./first-disagreement.js";

const { values, positionals } = parseArgs({ options: { python: { type: "string" } }, allowPositionals: true });

const recorder = spawn(values.python ?? "python3", [fileURLToPath(new URL("./record.py", import.meta.url))], {
  stdio: ["pipe", "pipe", "inherit"],
});
const lines = createInterface({ input: recorder.stdout })[Symbol.asyncIterator]();
const target = memoryTarget("sqlite://");

/** The scenario as SQLAlchemy does it; null when its steps name what is not there. */
async function record(scenario: Scenario): Promise<Scenario | null> {
  recorder.stdin.write(`${JSON.stringify(scenario)}\n`);
  const { value } = await lines.next();
  const recorded = JSON.parse(value as string);
  return "invalid" in recorded ? null : recorded;
}

/** The course with these steps up to where it disagrees, and how it does; null when it agrees or makes no sense. */
async function disagreeing(
  scenario: Scenario,
  steps: readonly Step[],
): Promise<{ scenario: Scenario; how: string } | null> {
  const { expectedAlt: _, ...rest } = scenario;
  const recorded = await record({ ...rest, steps, expected: [] });
  if (!recorded) return null;
  const found = await firstDisagreement(recorded, target);
  if (found === null) return null;
  if (typeof found === "string") return null;
  const length = Number(found.at.split(".")[0]) + 1;
  const cut = { ...recorded, steps: recorded.steps.slice(0, length), expected: recorded.expected.slice(0, length) };
  return { scenario: cut, how: `${found.step.op} ${kind(found.expected)} ${kind(found.got)}` };
}

/** What a result is, without its names. */
function kind(result: unknown): string {
  const text = JSON.stringify(result ?? null);
  return text.includes('"error"')
    ? text
    : typeof (result as { value?: unknown } | null)?.value === "string"
      ? text.replace(/\d+/g, "")
      : "";
}

/** Leaves out ever smaller groups of steps, as long as the course disagrees in the same way. */
async function shrink(scenario: Scenario): Promise<Scenario | null> {
  let best = await disagreeing(scenario, scenario.steps);
  if (!best) return null;
  const how = best.how.split(" ")[0];
  for (let size = best.scenario.steps.length >> 1; size >= 1; ) {
    let smaller = false;
    for (let from = best.scenario.steps.length - 1 - size; from > -size; from -= size) {
      const steps = best.scenario.steps;
      const start = Math.max(0, from);
      const candidate = await disagreeing(best.scenario, [...steps.slice(0, start), ...steps.slice(from + size)]);
      if (candidate?.how.split(" ")[0] !== how) continue;
      best = candidate;
      smaller = true;
    }
    if (!smaller || size > 1) size >>= 1;
  }
  return best.scenario;
}

const shrunk: Scenario[] = [];
for (const line of readFileSync(positionals[0] as string, "utf8")
  .trim()
  .split("\n")) {
  const found = await shrink(JSON.parse(line) as Scenario);
  if (found) shrunk.push(found);
  process.stderr.write(".");
}
for (const scenario of shrunk.sort((a, b) => a.steps.length - b.steps.length)) console.log(JSON.stringify(scenario));
recorder.stdin.end();
