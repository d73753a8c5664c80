import { describe } from "vitest";
import { databaseKind } from "../support/database.js";
import { insideRunSync, usesOneSession, withoutImplicitIO } from "./sync.js";
import { sampledScenarios, testScenarios } from "./vitest-scenarios.js";

const scenarios = sampledScenarios().filter(withoutImplicitIO);

describe("the whole scenario inside one runSync gives what the asynchronous session gives", () => {
  testScenarios(scenarios.filter(usesOneSession), { course: insideRunSync });
});

// Only SQLite has a synchronous engine.
describe.runIf(databaseKind() === "sqlite")("the plain Session gives what the asynchronous session gives", () => {
  testScenarios(scenarios, { sync: true });
});
