import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { IdentityMap } from "../../src/orm/identity-map.js";
import type { Scenario, StepResult } from "./format.js";
import { isPromise } from "./maybe-promise.js";
import { type Course, runScenario } from "./run-scenario.js";
import { executeStep, isIO } from "./steps.js";
import type { Target } from "./targets.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/**
 * Scenarios that run side by side and collect garbage together: a collection takes 20 ms and more, so it waits until
 * each scenario that is running has come to the end of an I/O step. A scenario's names hold their objects only as long
 * as a later step or its recording mentions them.
 */
export class CollectingRound {
  /** How many objects the sessions have lost to the collections: shows that the runs are not vacuous. */
  collected = 0;
  #running = 0;
  #waiting: (() => void)[] = [];

  /** Runs scenarios, `atATime` of them side by side. */
  async run(
    scenarios: readonly Scenario[],
    target: Target,
    atATime: number,
  ): Promise<Map<Scenario, StepResult[] | Error>> {
    const queue = [...scenarios];
    const results = new Map<Scenario, StepResult[] | Error>();
    const work = async () => {
      this.#running++;
      for (let scenario = queue.shift(); scenario; scenario = queue.shift()) {
        results.set(scenario, await this.#runOne(scenario, target));
      }
      this.#running--;
      this.#collectWhenAllWait();
    };
    // The map reads this when it is made, and holds its newest objects strongly otherwise: nothing would be collected.
    const { nursery } = IdentityMap;
    IdentityMap.nursery = 0;
    try {
      await Promise.all(Array.from({ length: Math.min(atATime, queue.length) }, work));
    } finally {
      IdentityMap.nursery = nursery;
    }
    return results;
  }

  async #runOne(scenario: Scenario, target: Target): Promise<StepResult[] | Error> {
    try {
      return await runScenario(scenario, { target, weak: true, course: this.#courseOf(scenario) });
    } catch (error) {
      return error as Error;
    }
  }

  readonly #courseOf =
    (scenario: Scenario): Course =>
    async (world, steps) => {
      const last = lastMentions(scenario);
      const results: StepResult[] = [];
      for (const [i, step] of steps.entries()) {
        const result = executeStep(world, step);
        results.push(isPromise(result) ? ((await result) as StepResult) : result);
        if (!isIO(step)) continue;
        world.labels.release((name) => (last.get(name) ?? -1) <= i);
        const before = world.countObjects();
        await this.#collection();
        this.collected += before - world.countObjects();
      }
      return results;
    };

  /** Settles after the next collection. */
  #collection(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#collectWhenAllWait();
    });
  }

  async #collectWhenAllWait(): Promise<void> {
    if (this.#waiting.length < this.#running || this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    // A weak reference that was made or read holds its target until the turn of the event loop is over.
    await setImmediate();
    collectGarbage();
    for (const resolve of waiting) resolve();
  }
}

/** At which step each name is needed last: by the step itself, or by what was recorded of it. */
function lastMentions(scenario: Scenario): ReadonlyMap<string, number> {
  const last = new Map<string, number>();
  const mention = (value: unknown, at: number): void => {
    if (typeof value === "string") last.set(value, at);
    else if (typeof value === "object" && value !== null) for (const each of Object.values(value)) mention(each, at);
  };
  scenario.steps.forEach((step, i) => {
    mention([step, scenario.expected[i], scenario.expectedAlt?.steps[i]], i);
  });
  return last;
}
