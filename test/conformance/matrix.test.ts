/**
 * What becomes of objects and rows for each kind of relationship, under each set of cascades, with and without versions, with collections that are loaded
 * and that are not: removals, moves, deletes, merges, expiry, savepoints and row switches, one after the other. Recorded from SQLAlchemy 1.4.46 as the
 * scenarios were; a line of `matrix.jsonl` is one of them.
 */
import { readFileSync } from "node:fs";
import { describe, inject } from "vitest";
import { howOften } from "../support/long-runs.js";
import type { Scenario } from "./format.js";
import { testScenarios } from "./vitest-scenarios.js";

const lines = readFileSync(new URL("./matrix.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n");

// An empty database for each of them takes its time on a server: there with ATHANOR_LONG_RUNS=1.
const database = inject("database");
const runs = database === "sqlite" || (database === "postgresql" && howOften(0, 1) === 1);

describe.runIf(runs)("agrees with SQLAlchemy in the matrix of cascades", () => {
  testScenarios(lines.map((line) => JSON.parse(line) as Scenario));
});
