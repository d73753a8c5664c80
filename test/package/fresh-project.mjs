/**
 * Packs the package, installs it into a fresh TypeScript project in a temp folder, and uses it there as people do: type
 * checking and compiling with tsc, and running TypeScript through each of the usual loaders. Then the README's code
 * blocks run in the same project.
 *
 *   node test/package/fresh-project.mjs [--keep]
 *
 * Needs the network for npm. `better-sqlite3` is compiled for about 100 s where no prebuilt binary can be fetched, so
 * the binary that this repository has compiled is copied in. Ends with one line "N passed, N failed".
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { anyTypes } from "./any-types.mjs";
import { measure } from "./type-checking.mjs";
import { typeCost } from "./type-cost.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const project = mkdtempSync(join(tmpdir(), "athanor-fresh-"));
let passed = 0;
let failed = 0;

/** Runs a command in the project. Returns what it wrote to stdout; throws when it fails. */
function run(command, args, cwd = project) {
  const result = spawnSync(command, args, { cwd, encoding: "utf8", timeout: 300_000 });
  if (result.error || result.status !== 0) {
    throw new Error(
      `${command} ${args.join(" ")}: ${result.error?.message ?? `exit status ${result.status}`}\n${result.stdout}${result.stderr}`,
    );
  }
  return result.stdout;
}

function step(title, fn) {
  try {
    fn();
    passed++;
    console.log(`ok      ${title}`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${title}: ${error instanceof Error ? error.message : error}`);
  }
}

function expectOutput(output, expected) {
  if (output.trim() !== expected) throw new Error(`printed\n${output}where ${JSON.stringify(expected)} was expected`);
}

const version = (name) => `${name}@${own.devDependencies[name]}`;

/** The packed package, and beside it what a user would install. */
function createProject() {
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "fresh", private: true, type: "module" }));
  writeFileSync(
    join(project, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        target: "ES2022",
        module: "nodenext",
        strict: true,
        types: ["node"],
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
        rootDir: "src",
        outDir: "out",
      },
      include: ["src"],
    }),
  );
  cpSync(join(root, "test/package/programs"), join(project, "src"), { recursive: true });
  run("npm", ["pack", "--pack-destination", project], root);
  const tarball = readdirSync(project).find((name) => name.endsWith(".tgz"));
  const tools = ["typescript", "@types/node", "@oxc-node/core", "@swc/core", "tsx", "better-sqlite3", "hono"].map(
    version,
  );
  run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", `./${tarball}`, ...tools]);
  const binary = "node_modules/better-sqlite3/build";
  if (existsSync(join(root, binary))) cpSync(join(root, binary), join(project, binary), { recursive: true });
  else run("npm", ["rebuild", "better-sqlite3"]);
}

const EXPLICIT = "Alice: Hello, World";
const INFERRED = "1 Bob true";
const DRIVERS = "true 42 Install it with: npm install @electric-sql/pglite";

try {
  step("the package packs and installs into a fresh project", createProject);
  step("nothing but dist, package.json, README and LICENSE is published", () => {
    const files = readdirSync(join(project, "node_modules/athanor")).sort();
    const allowed = new Set(["LICENSE", "README.md", "dist", "package.json"]);
    const surplus = files.filter((file) => !allowed.has(file));
    if (surplus.length) throw new Error(`published too: ${surplus.join(", ")}`);
  });
  step("an import reads few files, and nothing of migrations or the command", () => {
    const seen = new Set();
    const follow = (file) => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const [, path] of readFileSync(file, "utf8").matchAll(/^(?:import|export) [^;]*"(\.[^"]+)";$/gm)) {
        follow(join(file, "..", path));
      }
    };
    follow(join(project, "node_modules/athanor/dist/index.js"));
    const maps = [...seen].map((file) => `${file}.map`).filter(existsSync); // a file that only exports has none
    const sources = maps.flatMap((map) => JSON.parse(readFileSync(map, "utf8")).sources);
    const rooms = new Set(sources.map((source) => /src\/(\w+)\//.exec(source)?.[1]));
    if (!rooms.has("orm") || ["migrations", "cli", "testing"].some((room) => rooms.has(room)))
      throw new Error([...rooms].join());
    if (seen.size > 15) throw new Error(`${seen.size} files`);
  });
  step("no exported declaration says `any`", () => {
    const found = anyTypes(join(project, "node_modules/athanor/dist"));
    if (found.length) throw new Error(found.join("\n"));
  });
  step("tsc type-checks and compiles a strict project that uses it, library declarations included", () => {
    run("npx", ["tsc", "-p", "."]);
    expectOutput(run("node", ["out/explicit.js"]), EXPLICIT);
    expectOutput(run("node", ["out/inferred.js"]), INFERRED);
  });
  step(
    "types that know what is loaded and what is taken cost less than 1.3 times what the compiler does without them",
    () => {
      const { instantiations, seconds } = typeCost(project);
      const ratio = instantiations[0] / instantiations[1];
      console.log(`instantiations ${instantiations.join(" : ")} = ${ratio.toFixed(2)}, seconds ${seconds.join(" : ")}`);
      if (!(ratio < 1.3)) throw new Error(`${ratio.toFixed(2)} times`);
    },
  );
  step("@oxc-node/core runs it, with explicit and with inferred column types", () => {
    expectOutput(run("node", ["--import", "@oxc-node/core/register", "src/explicit.ts"]), EXPLICIT);
    expectOutput(run("node", ["--import", "@oxc-node/core/register", "src/inferred.ts"]), INFERRED);
  });
  step("tsx runs it with explicit column types", () => {
    expectOutput(run("node", ["--import", "tsx", "src/explicit.ts"]), EXPLICIT);
  });
  step("a database lives in a thread, and a driver that is missing says so, compiled and under each loader", () => {
    expectOutput(run("node", ["out/drivers.js"]), DRIVERS);
    expectOutput(run("node", ["--import", "@oxc-node/core/register", "src/drivers.ts"]), DRIVERS);
    expectOutput(run("node", ["--import", "tsx", "src/drivers.ts"]), DRIVERS);
  });
  step("athanor/testing is there without a test framework", () => {
    expectOutput(run("node", ["out/entry-points.js"]), "function none");
  });
  step("[CP-06] worker threads of a program have engines and connections of their own, on one file", () => {
    expectOutput(run("node", ["out/threads.js"]), "60");
  });
  step("tsx, which emits no decorator metadata, gets an error that names class, property and mend", () => {
    const result = spawnSync("node", ["--import", "tsx", "src/inferred.ts"], { cwd: project, encoding: "utf8" });
    if (result.status === 0) throw new Error("it ran");
    if (!/Account/.test(result.stderr) || !/\bid\b|\bowner\b/.test(result.stderr)) throw new Error(result.stderr);
  });
  step("every code block of the README runs in it", () => {
    console.log(run("node", [join(root, "test/readme/run.mjs"), "--project", project]));
  });
  step("the NestJS module of the documentation runs in it", () => {
    const nest = ["common", "core", "platform-express"].map((name) => `@nestjs/${name}@^11`);
    const others = ["rxjs@^7", ...["express", "@types/express"].map(version)];
    run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", ...nest, ...others]);
    console.log(
      run("node", [join(root, "test/readme/run.mjs"), "--project", project, join(root, "examples/nestjs/README.md")]),
    );
  });
  step("type-checking 200 statements costs less than that of the same in Kysely, and a half", () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, "test/bench/package.json"), "utf8"));
    run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", `kysely@${dependencies.kysely}`]);
    const { athanor, kysely } = measure(project);
    console.log(JSON.stringify({ athanor, kysely }));
    for (const count of ["types", "instantiations"]) {
      if (athanor[count] > 1.5 * kysely[count]) throw new Error(`${count}: ${athanor[count]} beside ${kysely[count]}`);
    }
  });
  step("@swc-node/register runs it, with explicit and with inferred column types", () => {
    // Its peer is a TypeScript before 7.
    run("npm", [
      "install",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "typescript@^5.9",
      "@swc-node/register@^1.11",
    ]);
    expectOutput(run("node", ["--import", "@swc-node/register/esm-register", "src/explicit.ts"]), EXPLICIT);
    expectOutput(run("node", ["--import", "@swc-node/register/esm-register", "src/inferred.ts"]), INFERRED);
  });
  step("TypeScript 5.9 type-checks it too", () => void run("npx", ["tsc", "-p", ".", "--noEmit"]));
} finally {
  if (process.argv.includes("--keep")) console.log(`kept: ${project}`);
  else rmSync(project, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
