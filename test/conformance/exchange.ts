import type { LoadPath, Scenario, Step, Strategy } from "./format.js";

/** The strategies that load with the query: exchanging them changes nothing but the number of statements. */
const EAGER: readonly Strategy[] = ["joined", "selectin", "subquery"];

/** Does a scenario name one of the eager strategies? */
export function loadsEagerly(scenario: Scenario): boolean {
  return paths(scenario.steps).some((path) => [path.strategy].flat().some((s) => EAGER.includes(s as Strategy)));
}

/** The scenario with each eager strategy exchanged for `strategy`. */
export function exchangeStrategies(scenario: Scenario, strategy: Strategy): Scenario {
  const exchange = (s: Strategy): Strategy => (EAGER.includes(s) ? strategy : s);
  const inStep = (step: Step): Step => {
    if (step.op === "runSync") return { ...step, steps: (step.steps as Step[]).map(inStep) };
    if (!Array.isArray(step.load)) return step;
    const load = loadPaths(step).map((path) => ({
      ...path,
      strategy: Array.isArray(path.strategy) ? path.strategy.map(exchange) : exchange(path.strategy as Strategy),
    }));
    return { ...step, load };
  };
  return { ...scenario, steps: scenario.steps.map(inStep) };
}

function paths(steps: readonly Step[]): LoadPath[] {
  return steps.flatMap((step) => [...loadPaths(step), ...paths((step.steps ?? []) as Step[])]);
}

/** The loader options of a step. The `load` of a merge is a boolean: whether it looks in the database. */
function loadPaths(step: Step): readonly LoadPath[] {
  return Array.isArray(step.load) ? step.load : [];
}
