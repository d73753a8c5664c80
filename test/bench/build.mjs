/** Builds Athanor as its users get it, and the contestant that uses its decorators. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { transformSync } from "@swc/core";

const root = fileURLToPath(new URL("../../", import.meta.url));
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

export function prepareAthanor() {
  const { status } = spawnSync("npm", ["run", "--silent", "build"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) throw new Error("Athanor could not be built");
  mkdirSync(here(".build"), { recursive: true });
  const source = readFileSync(here("contestants/athanor.ts"), "utf8")
    .replaceAll('"athanor"', JSON.stringify(new URL("../../dist/index.js", import.meta.url).href))
    .replaceAll('"../workloads.mjs"', JSON.stringify(new URL("workloads.mjs", import.meta.url).href));
  const { code } = transformSync(source, {
    filename: "athanor.ts",
    module: { type: "es6" },
    jsc: {
      target: "es2022",
      parser: { syntax: "typescript", decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
    },
  });
  writeFileSync(here(".build/athanor.mjs"), code);
}
