/** What the source must not do, since V8 makes it dear. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const source = fileURLToPath(new URL("../../src", import.meta.url));

/** `exchange.onDone = () => ...` inside of a function; a module's own lines begin without a space. */
const ASSIGNED = /^\s.*[\w\])]\.#?\w+ (\?\?|\|\|)?= (async )?(\([^()]*\)(: [^=]+)?|\w+|function\b.*) ?(=>|\{)/;

test("no function literal is assigned to a property: V8 makes it in the old generation, from where it keeps alive all that it sees", () => {
  const found = readdirSync(source, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) =>
      readFileSync(join(source, name), "utf8")
        .split("\n")
        .flatMap((line, i) => (ASSIGNED.test(line) ? [`${name}:${i + 1} ${line.trim()}`] : [])),
    );
  expect(found).toEqual([]);
  expect(ASSIGNED.test("    exchange.onDone = () => {")).toBe(true);
  expect(ASSIGNED.test("    this.#answer = (keys) => {")).toBe(true);
  expect(ASSIGNED.test("      const settle = () => {")).toBe(false);
});
