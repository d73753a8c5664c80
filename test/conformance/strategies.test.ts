import { describe } from "vitest";
import { exchangeStrategies, loadsEagerly } from "./exchange.js";
import type { Strategy } from "./format.js";
import { sampledScenarios, testScenarios } from "./vitest-scenarios.js";

const eager = sampledScenarios().filter(loadsEagerly);

describe.each<Strategy>(["joined", "selectin", "subquery"])(
  "every eager strategy exchanged for %s gives the same results apart from counts",
  (strategy) => {
    testScenarios(
      eager.map((scenario) => exchangeStrategies(scenario, strategy)),
      {},
      { ignoreCounts: true },
    );
  },
);
