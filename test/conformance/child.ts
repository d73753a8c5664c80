import type { ParentMessage } from "./isolation.js";
import { outcomeOf } from "./outcome-of.js";
import { readScenario } from "./scenario-files.js";
import { targetFor } from "./targets.js";

/** A process of its own that runs the scenarios it is sent, so that a crash or an endless loop fails only one. */
const [url = "sqlite://", prefix] = process.argv.slice(2);
const target = targetFor(url, prefix);

process.on("message", async ({ file }: ParentMessage) => {
  process.send?.(await outcomeOf(readScenario(file), target));
});
process.on("disconnect", () => process.exit(0));
