import { describe } from "vitest";
import { judgedScenarios, testScenarios } from "./vitest-scenarios.js";

describe.each([0, 1])("a compiled-statement cache of size %i changes nothing", (queryCacheSize) => {
  testScenarios(judgedScenarios(), { engine: { queryCacheSize } });
});
