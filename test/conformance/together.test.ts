import { describe } from "vitest";
import { together } from "./together.js";
import { sampledScenarios, testScenarios } from "./vitest-scenarios.js";

describe("steps issued at once, without awaiting the one before, give the same results", () => {
  testScenarios(sampledScenarios(), { course: together });
});
