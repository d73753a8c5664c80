import type { Disagreement } from "./judge.js";
import type { Outcome, TracedStep } from "./outcome.js";

/** Text about one scenario: the first step that disagrees, and with `verbose` the statements of each step before it. */
export function describeOutcome(outcome: Outcome, verbose: boolean): string {
  const lines = [
    `${outcome.status.toUpperCase().padEnd(8)}${outcome.name}${outcome.reason ? ` (${outcome.reason})` : ""}`,
  ];
  if (outcome.crash) lines.push(indent(outcome.crash));
  const [first] = outcome.hard;
  if (verbose) lines.push(...outcome.trace.flatMap((traced, i) => describeTraced(traced, i)));
  if (first) lines.push(describeDisagreement(first));
  if (outcome.hard.length > 1) lines.push(`  and ${outcome.hard.length - 1} more steps that disagree`);
  return lines.join("\n");
}

/** A step, what was recorded of it, and what it gave. */
export function describeDisagreement({ at, step, expected, got }: Disagreement): string {
  return [
    `  step ${at} ${JSON.stringify(step)}`,
    `    expected ${JSON.stringify(expected)}`,
    `    got      ${JSON.stringify(got)}`,
  ].join("\n");
}

/** The last line. */
export function summary(outcomes: readonly Outcome[]): string {
  const count = (status: Outcome["status"]) => outcomes.filter((outcome) => outcome.status === status).length;
  return `${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`;
}

function describeTraced({ step, statements }: TracedStep, index: number): string[] {
  return [`  ${index} ${JSON.stringify(step)}`, ...statements.map((text) => `      ${text}`)];
}

function indent(text: string): string {
  return text.replace(/^/gm, "    ");
}
