#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Output } from "./output.js";
import { program } from "./program.js";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};

try {
  await program(version).parseAsync();
} catch (error) {
  new Output(process.argv.includes("--json")).error(error);
  process.exitCode = 1;
}
