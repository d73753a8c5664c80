/**
 * Type-checks and runs every code block of the README and of the pages in docs, as readers would: copied into a file of a project.
 *
 *   node test/readme/run.mjs [--project FOLDER] [README ...]
 *
 * FOLDER is a project in which `athanor` is installed (test/package/fresh-project.mjs makes one); without it the blocks
 * run against this repository's source. See blocks.mjs for what is a program. Ends with one line "N passed, N failed".
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { codeBlocks, programsOf } from "./blocks.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { values, positionals } = parseArgs({ options: { project: { type: "string" } }, allowPositionals: true });
const pages = readdirSync(join(root, "docs"))
  .filter((name) => name.endsWith(".md"))
  .map((name) => join(root, "docs", name));
const readmes = positionals.length ? positionals : [join(root, "README.md"), ...pages];

const compilerOptions = {
  target: "ES2022",
  lib: ["ES2022", "ES2024.SharedMemory", "ESNext.Disposable"],
  module: "nodenext",
  types: ["node"],
  strict: true,
  skipLibCheck: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  noEmit: true,
};

/** A folder in which `import "athanor"` works. */
function scratchFolder() {
  const folder = mkdtempSync(join(values.project ?? tmpdir(), "athanor-readme-"));
  if (!values.project) {
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    const entryPoints = [join(root, "src/*/index.ts"), join(root, "src/integrations/*/index.ts")];
    compilerOptions.paths = { athanor: [join(root, "src/index.ts")], "athanor/*": entryPoints };
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  return folder;
}

function node(folder, args) {
  return spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8", timeout: 60_000 });
}

function check(folder, modules) {
  const result = node(folder, [join(modules, "typescript/bin/tsc"), "-p", "."]);
  return result.status === 0 ? null : `does not compile:\n${result.stdout}${result.stderr}`;
}

function run(folder, program) {
  const result = node(folder, ["--expose-gc", "--import", "@oxc-node/core/register", program.file]);
  if (result.error || result.status !== 0) {
    return `failed (${result.error?.message ?? `exit status ${result.status}`}):\n${result.stdout}${result.stderr}`;
  }
  if (program.output !== null && result.stdout.trimEnd() !== program.output.trimEnd()) {
    return `printed\n${result.stdout}where the README says\n${program.output}`;
  }
  return null;
}

let passed = 0;
let failed = 0;
function report(title, problem) {
  if (problem === null) passed++;
  else failed++;
  console.log(problem === null ? `ok      ${title}` : `FAILED  ${title}: ${problem}`);
}

for (const readme of readmes) {
  const programs = programsOf(codeBlocks(readFileSync(readme, "utf8")));
  if (programs.length === 0) continue; // a page of tables or of parts that other tests run
  const folder = scratchFolder();
  try {
    for (const { file, code } of programs) writeFileSync(join(folder, file), code);
    report(`${readme}: all code blocks compile`, check(folder, join(values.project ?? root, "node_modules")));
    for (const program of programs) report(`${readme}:${program.line} ${program.file}`, run(folder, program));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
