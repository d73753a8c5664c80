import { readFileSync } from "node:fs";
import type { Scenario } from "./format.js";

const TEXT = readFileSync(new URL("./differences.md", import.meta.url), "utf8");

/** Names of the scenarios in which Athanor means to do better: the headings of `differences.md`. */
export const DIFFERENCES: ReadonlySet<string> = new Set(
  Array.from(TEXT.matchAll(/^## `?([\w-]+)`?\s*$/gm), ([, name]) => name as string),
);

/** Names of the scenarios whose recording holds on SQLite alone: the smaller headings there. */
const SQLITE_ONLY: ReadonlySet<string> = new Set(
  Array.from(TEXT.matchAll(/^### `?([\w-]+)`?\s*$/gm), ([, name]) => name as string),
);

/** Why a scenario does not gate on a database; null when it does. */
export function whyNotJudged(scenario: Scenario, database: "sqlite" | "postgresql"): string | null {
  if (scenario.tags?.includes("quirk")) return "quirk";
  if (database !== "sqlite" && SQLITE_ONLY.has(scenario.name)) return "recorded on SQLite";
  return DIFFERENCES.has(scenario.name) ? "differences.md" : null;
}
