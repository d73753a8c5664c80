import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Scenario } from "./format.js";

/** The project's own scenarios. */
export const SCENARIOS = fileURLToPath(new URL("./scenarios", import.meta.url));

/** The scenario files of files and folders (and folders in them), in the order of their names. */
export function scenarioFiles(places: readonly string[]): string[] {
  return places.flatMap((place) => {
    if (!statSync(place).isDirectory()) return [place];
    return readdirSync(place, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".json"))
      .sort()
      .map((name) => join(place, name));
  });
}

/** Reads a scenario. */
export function readScenario(file: string): Scenario {
  const scenario = JSON.parse(readFileSync(file, "utf8")) as Scenario;
  if (scenario.format !== 1) throw new Error(`${file}: this runner knows format 1, not ${scenario.format}`);
  return scenario;
}
