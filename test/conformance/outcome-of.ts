import type { Scenario, Step } from "./format.js";
import { judge } from "./judge.js";
import { type Outcome, status, type TracedStep } from "./outcome.js";
import { runScenario } from "./run-scenario.js";
import type { Target } from "./targets.js";

/** Runs a scenario and judges it. Never rejected: a crash is an outcome. */
export async function outcomeOf(scenario: Scenario, target: Target): Promise<Outcome> {
  const trace: TracedStep[] = [];
  const onTrace = (step: Step, statements: readonly { text: string; parameters: unknown }[]) =>
    trace.push({ step, statements: statements.map((s) => `${s.text}  ${parameterText(s.parameters)}`) });
  try {
    const verdict = judge(scenario, await runScenario(scenario, { target, onTrace }));
    return { ...status(scenario, verdict.passed, target.database), hard: verdict.hard, soft: verdict.soft, trace };
  } catch (error) {
    const crash = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { ...status(scenario, false, target.database), crash, hard: [], soft: [], trace };
  }
}

function parameterText(parameters: unknown): string {
  try {
    return JSON.stringify(parameters, (_, value) => (typeof value === "bigint" ? `${value}` : value)) ?? "";
  } catch {
    return String(parameters);
  }
}
