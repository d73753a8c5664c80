import { onTestFinished } from "vitest";
import { tempFolder } from "./temp.js";

/** Makes an empty folder that is removed when the running test ends, and returns its path. */
export function testFolder(): string {
  const folder = tempFolder();
  onTestFinished(() => folder[Symbol.dispose]());
  return folder.path;
}
