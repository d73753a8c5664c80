import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { testFolder } from "../support/test-folder.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const config = join(root, ".dependency-cruiser.cjs");

/** The rules that a source tree breaks, by dependency-cruiser with this project's configuration. */
function brokenRules(files: Record<string, string>): string[] {
  const folder = testFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), readFileSync(join(root, "package.json")));
  const depcruise = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const args = [depcruise, "--config", config, "--output-type", "json", "src"];
  const { stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  const { summary } = JSON.parse(stdout) as { summary: { violations: { from: string; rule: { name: string } }[] } };
  return summary.violations.map((violation) => `${violation.from}: ${violation.rule.name}`).sort();
}

test("the layering check passes a tree whose rooms import only from rooms before them", () => {
  const broken = brokenRules({
    "src/index.ts": 'export { O } from "./orm/o.js";',
    "src/orm/o.ts":
      'import { e } from "../engine/e.js";\nfunction D(): any {}\n@D() export class O { @D() e = e; declare f: 1; }',
    "src/engine/e.ts": 'import type { S } from "../sql/s.js";\nexport const e: S = 1;',
    "src/sql/s.ts": "export type S = number;",
  });
  expect(broken).toEqual([]);
});

test("the layering check finds a planted violation of each kind, type-only imports included", () => {
  const broken = brokenRules({
    "src/sql/up.ts": 'import type { E } from "../engine/e.js";\nexport type U = E;',
    "src/engine/e.ts": "export type E = 1;",
    "src/sql/a.ts": 'import type { B } from "./b.js";\nexport interface A { b: B }',
    "src/sql/b.ts": 'import { type A } from "./a.js";\nexport interface B { a: A }',
    "src/orm/o.ts": 'export { d } from "../dialects/sqlite/d.js";',
    "src/dialects/sqlite/d.ts": 'export { p as d } from "../postgresql/p.js";',
    "src/dialects/postgresql/p.ts": "export const p = 1;",
    "src/orm/gone.ts": 'import { x } from "./nowhere.js";\nexport const y = x;',
    "src/orm/dev.ts": 'import fc from "fast-check";\nexport const f = fc;',
    "src/orm/stray.ts": 'export { s } from "../stray/s.js";',
    "src/stray/s.ts": "export const s = 1;",
  });
  expect(broken).toEqual([
    "src/dialects/sqlite/d.ts: layering-one-dialect-from-another",
    "src/orm/dev.ts: not-to-dev-dependency",
    "src/orm/gone.ts: not-to-unresolvable",
    "src/orm/o.ts: layering-orm-names-no-dialect",
    "src/orm/stray.ts: rooms-only",
    "src/sql/a.ts: no-circular",
    "src/sql/up.ts: layering-sql",
  ]);
});

test("src imports types by import statements, which the layering check sees, never by import() types, which it does not", () => {
  const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  const hidden = files.filter((file) =>
    // A dynamic import of values is seen; what follows a colon, a comma, "<", "|" or "typeof" is a type.
    /(?:[:,<|&]|typeof)\s*import\(\s*["']\.{1,2}\//.test(readFileSync(join(root, "src", file), "utf8")),
  );
  expect(hidden).toEqual([]);
});

test("every file of src ends its relative imports in .js, so that what tsc builds runs in Node", () => {
  const grep = () =>
    execFileSync("grep", ["-rnE", 'from "\\.{1,2}/[^"]*"', "--include=*.ts", join(root, "src")], { encoding: "utf8" });
  const wrong = grep()
    .split("\n")
    .filter((line) => line && !/\.js"/.test(line));
  expect(wrong).toEqual([]);
});
