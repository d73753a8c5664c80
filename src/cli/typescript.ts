/** Lets the process import TypeScript with decorators and their metadata, without a build step. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { MigrationError } from "../migrations/errors.js";

/**
 * Loaders that transform decorators and emit their metadata, each with its registration beside its main module. Others
 * (tsx, Node's own) do not, and mapping would fail.
 */
const LOADERS = [
  { name: "@oxc-node/core", register: "register.mjs" },
  { name: "@swc-node/register", register: "../esm/esm-register.mjs" },
] as const;

let ready = false;

/** The loader that the project has installed, or null. */
export function findLoader(root: string): { readonly name: string; readonly path: string } | null {
  const require = createRequire(join(root, "package.json"));
  for (const { name, register } of LOADERS) {
    try {
      return { name, path: join(dirname(require.resolve(name)), register) };
    } catch {
      // the next
    }
  }
  return null;
}

/**
 * Registers the loader of the project, once.
 *
 * @throws MigrationError when none is installed
 */
export async function importTypeScript(root: string, file: string): Promise<void> {
  if (ready || process.env["VITEST"] !== undefined) return;
  const loader = findLoader(root);
  if (loader === null) {
    throw new MigrationError(
      `${file} is TypeScript, and no loader that knows decorators is installed. Run \`npm install --save-dev @oxc-node/core\` (or @swc-node/register), or compile it to JavaScript.`,
    );
  }
  await import(pathToFileURL(loader.path).href);
  ready = true;
}

/** Imports a module of the project, TypeScript included. @throws MigrationError naming the file */
export async function importModule(root: string, path: string): Promise<Record<string, unknown>> {
  if (/\.[cm]?ts$/.test(path)) await importTypeScript(root, path);
  try {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    throw new MigrationError(`${path} cannot be imported: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
