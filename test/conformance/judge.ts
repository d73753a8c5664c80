import { isDeepStrictEqual } from "node:util";
import { acceptsError } from "./errors.js";
import type { Scenario, Step, StepResult, VerbCount } from "./format.js";

/** A step that does not agree. */
export interface Disagreement {
  /** Path of the step: its index, and those of nested `runSync` steps, as in `7.2`. */
  readonly at: string;
  readonly step: Step;
  readonly expected: StepResult | undefined;
  readonly got: StepResult | undefined;
  /** Reported only: it fails nothing. */
  readonly soft: boolean;
}

export interface Verdict {
  readonly passed: boolean;
  /** The disagreements that count, against the recording that comes nearest. */
  readonly hard: readonly Disagreement[];
  readonly soft: readonly Disagreement[];
}

export interface JudgeOptions {
  /** Statement counts are not compared. */
  readonly ignoreCounts?: boolean;
}

/** Judges the results of a scenario. Agreeing with either recording is enough. */
export function judge(scenario: Scenario, results: readonly StepResult[], options: JudgeOptions = {}): Verdict {
  const main = verdict(judgeSteps(scenario.steps, scenario.expected, results, options));
  if (main.passed || !scenario.expectedAlt) return main;
  const alternative = verdict(judgeSteps(scenario.steps, scenario.expectedAlt.steps, results, options));
  return alternative.passed ? alternative : main;
}

function verdict(disagreements: readonly Disagreement[]): Verdict {
  const hard = disagreements.filter((d) => !d.soft);
  return { passed: hard.length === 0, hard, soft: disagreements.filter((d) => d.soft) };
}

function judgeSteps(
  steps: readonly Step[],
  expected: readonly StepResult[],
  got: readonly StepResult[],
  options: JudgeOptions,
  prefix = "",
): Disagreement[] {
  const found: Disagreement[] = [];
  steps.forEach((step, i) => {
    const at = `${prefix}${i}`;
    const want = expected[i];
    const have = got[i];
    if (want && "steps" in want && have && "steps" in have) {
      found.push(...judgeSteps(step.steps as Step[], want.steps, have.steps, options, `${at}.`));
    } else if (step.op === "counts" && options.ignoreCounts) {
      return;
    } else if (!agrees(step, want, have)) {
      found.push({ at, step, expected: want, got: have, soft: isSoft(step, want, have) });
    }
  });
  return found;
}

/** A wrong error is never soft: only values of these steps are matters of representation. */
function isSoft(step: Step, expected: StepResult | undefined, got: StepResult | undefined): boolean {
  if (errorOf(expected) !== null || errorOf(got) !== null) return false;
  return step.op === "isLoaded" || (step.op === "counts" && step.level !== "strict");
}

function agrees(step: Step, expected: StepResult | undefined, got: StepResult | undefined): boolean {
  if (got === undefined) return false;
  const wanted = errorOf(expected);
  const thrown = errorOf(got);
  if (wanted !== null || thrown !== null) return wanted !== null && thrown !== null && acceptsError(wanted, thrown);
  if (expected === null || expected === undefined) return true;
  if (!("value" in expected)) return false;
  if (got === null || !("value" in got)) return false;
  if (step.op === "counts") return countsWithin(expected.value as Counts, got.value as Counts);
  return isDeepStrictEqual(plain(got.value), plain(expected.value));
}

function errorOf(result: StepResult | undefined): string | null {
  return result && "error" in result ? result.error : null;
}

type Counts = Readonly<Record<string, VerbCount>>;

/**
 * Fewer statements are fine. Rows may be written one by one, so the bound of a write is the number of recorded rows.
 */
export function countsWithin(expected: Counts, got: Counts): boolean {
  return Object.entries(expected).every(([verb, bound]) => {
    const limit = verb === "SELECT" ? bound.statements : (bound.rows ?? bound.statements);
    return (got[verb]?.statements ?? 0) <= limit;
  });
}

/** What is left of a value in JSON, so that arrays and objects with other prototypes compare as equals. */
function plain(value: unknown): unknown {
  return value === undefined ? null : JSON.parse(JSON.stringify(value));
}
