import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { program } from "../../src/cli/program.js";
import { MARK, PAGE, reference } from "./reference.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

test("the reference of the commands says of each what it takes, as --help does", () => {
  const [, made] = readFileSync(PAGE, "utf8").split(`${MARK}\n\n`);
  expect(made, "write it anew: node --import @oxc-node/core/register test/cli/reference.ts").toBe(reference());
  for (const command of program("0").commands) {
    const help = command.helpInformation();
    for (const { flags } of command.options) expect(help).toContain(flags);
  }
});

test("every command that a page names is one, with options that it has", () => {
  const pages = [
    "README.md",
    "migrations-demo/README.md",
    ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`),
  ];
  const commands = new Map(program("0").commands.map((each) => [each.name(), each]));
  const common = program("0").options;
  let seen = 0;
  for (const page of pages) {
    const text = readFileSync(join(root, page), "utf8");
    for (const [whole, name = "", rest = ""] of text.matchAll(/(?:`|^|npx )athanor ([a-z]+)([^`\n#]*)/gm)) {
      const command = commands.get(name);
      expect(command, `${page}: ${whole}`).toBeDefined();
      const known = [...(command?.options ?? []), ...common].flatMap(({ short, long }) => [short, long, "--help"]);
      for (const [option] of rest.matchAll(/(?<=\s)--?[a-zA-Z][\w-]*/g))
        expect(known, `${page}: ${whole}`).toContain(option);
      seen += 1;
    }
  }
  expect(seen).toBeGreaterThan(12);
});
