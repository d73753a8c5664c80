/**
 * Long random courses that once came out another way than with SQLAlchemy: objects deleted twice, columns that nobody had set, expired objects that a
 * flush works on, circles that are found late, merges that fail half-way. Recorded from SQLAlchemy 1.4.46 as the scenarios were, and from 2.0.54 where
 * that does otherwise; a line of `random.jsonl` is one of them. Those with a sentence for a name are cut down to what matters.
 */
import { readFileSync } from "node:fs";
import { describe, inject } from "vitest";
import { howOften } from "../support/long-runs.js";
import type { Scenario } from "./format.js";
import { testScenarios } from "./vitest-scenarios.js";

const lines = readFileSync(new URL("./random.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n");

// An empty database for each of them takes its time on a server: there with ATHANOR_LONG_RUNS=1.
const database = inject("database");
const runs = database === "sqlite" || (database === "postgresql" && howOften(0, 1) === 1);

describe.runIf(runs)("agrees with SQLAlchemy in random courses", () => {
  testScenarios(lines.map((line) => JSON.parse(line) as Scenario));
});
