import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testFolder } from "../../support/test-folder.js";
import { runIsolated } from "../isolation.js";
import type { Outcome } from "../outcome.js";

/** A child that does what the name of a scenario says. */
const CHILD = `
  import { basename } from "node:path";
  process.on("message", ({ file }) => {
    const name = basename(file, ".json");
    if (name === "crash") { console.error("boom"); process.exit(3); }
    if (name === "hang") while (true);
    process.send({ name, status: "passed", hard: [], soft: [], trace: [] });
  });
  process.on("disconnect", () => process.exit(0));
`;

test("a scenario that crashes or hangs fails alone", { timeout: 20_000 }, async () => {
  const folder = testFolder();
  const script = join(folder, "child.mjs");
  writeFileSync(script, CHILD);
  const files = ["a", "crash", "b", "hang", "c"].map((name) => {
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify({ format: 1, name }));
    return file;
  });
  const outcomes: Outcome[] = [];
  await runIsolated(files, {
    url: "sqlite://",
    prefix: "p_",
    timeout: 1_000,
    children: 1,
    script,
    onOutcome: (_, outcome) => outcomes.push(outcome),
  });
  expect(outcomes.map(({ name, status }) => [name, status])).toEqual([
    ["a", "passed"],
    ["crash", "failed"],
    ["b", "passed"],
    ["hang", "failed"],
    ["c", "passed"],
  ]);
  expect(outcomes[1]?.crash).toMatch(/exit status 3[\s\S]*boom/);
  expect(outcomes[3]?.crash).toBe("it hangs: no answer in 1000 ms");
});
