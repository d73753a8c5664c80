import { describe } from "vitest";
import { databaseName } from "../support/database.js";
import { sampledScenarios, testScenarios } from "./vitest-scenarios.js";

// What a cache of no size does has nothing to do with the server.
const sizes = databaseName() === "sqlite" ? [0, 1] : [1];

describe.each(sizes)("a compiled-statement cache of size %i changes nothing", (queryCacheSize) => {
  testScenarios(sampledScenarios(), { engine: { queryCacheSize } });
});
