import { whyNotJudged } from "./differences.js";
import type { Scenario, Step } from "./format.js";
import type { Disagreement } from "./judge.js";

type Database = "sqlite" | "postgresql";

/** What came of one scenario. */
export interface Outcome {
  readonly name: string;
  readonly status: "passed" | "failed" | "skipped";
  /** Why it was skipped. It was run all the same. */
  readonly reason?: string;
  /** It crashed or hung, or the runner could not run it. */
  readonly crash?: string;
  readonly hard: readonly Disagreement[];
  readonly soft: readonly Disagreement[];
  readonly trace: readonly TracedStep[];
}

/** The statements that one step has sent. */
export interface TracedStep {
  readonly step: Step;
  readonly statements: readonly string[];
}

/** The outcome of a scenario whose process ended or did not answer. */
export function crashed(scenario: Scenario, crash: string, database: Database = "sqlite"): Outcome {
  return { ...status(scenario, false, database), crash, hard: [], soft: [], trace: [] };
}

/** The status of a scenario by its steps, unless it does not gate. */
export function status(
  scenario: Scenario,
  passed: boolean,
  database: Database,
): Pick<Outcome, "name" | "status" | "reason"> {
  const reason = whyNotJudged(scenario, database);
  if (reason !== null) return { name: scenario.name, status: "skipped", reason };
  return { name: scenario.name, status: passed ? "passed" : "failed" };
}
