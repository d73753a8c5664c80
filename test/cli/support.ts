import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { tempFolder } from "../support/temp.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What a command printed and how it ended. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A project of its own in a temp folder, with the package as it is built and the command that it brings. */
export interface CliProject {
  readonly root: string;
  /** Writes a file, its folders included. */
  write(name: string, text: string): void;
  /** Runs `athanor` there. */
  athanor(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
  /** Runs `athanor --json` and reads what it prints. @throws when it fails */
  json(args: readonly string[]): Promise<unknown>;
  dispose(): void;
}

/**
 * Makes a project whose node_modules are those of the repository and the package built from its source.
 *
 * @param declarations whether something in it will be type-checked: the package's declarations take most of the time to build
 */
export function cliProject({ declarations = false } = {}): CliProject {
  const folder = tempFolder("athanor-cli-");
  const root = folder.path;
  const modules = join(root, "node_modules");
  mkdirSync(join(modules, "athanor"), { recursive: true });
  for (const name of readdirSync(join(ROOT, "node_modules"))) {
    if (!name.startsWith(".")) symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  }
  cpSync(join(ROOT, "package.json"), join(modules, "athanor/package.json"));
  const dist = join(modules, "athanor/dist");
  const tools = { tsc: "typescript/bin/tsc", rolldown: "rolldown/bin/cli.mjs" };
  const build = (tool: string, ...args: string[]) =>
    execFileSync(process.execPath, [join(ROOT, "node_modules", tool), ...args], { cwd: ROOT });
  if (declarations) build(tools.tsc, "-p", "tsconfig.build.json", "--outDir", dist);
  build(tools.rolldown, "-c", "-d", dist);
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  };
  write("package.json", JSON.stringify({ name: "project", type: "module", private: true }));
  write(
    "tsconfig.json",
    JSON.stringify({
      compilerOptions: {
        module: "nodenext",
        target: "es2022",
        strict: true,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
      },
    }),
  );
  const athanor = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> =>
    new Promise((resolve) => {
      const { VITEST: _vitest, NODE_OPTIONS: _options, ...rest } = process.env;
      execFile(
        process.execPath,
        [join(modules, "athanor/dist/cli/main.js"), ...args],
        { cwd: root, env: { ...rest, ...env } },
        (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
      );
    });
  return {
    root,
    write,
    athanor,
    async json(args) {
      const ran = await athanor([...args, "--json"]);
      if (ran.code !== 0)
        throw new Error(`athanor ${args.join(" ")} ended with ${ran.code}: ${ran.stderr}${ran.stdout}`);
      return JSON.parse(ran.stdout);
    },
    dispose: () => folder[Symbol.dispose](),
  };
}
