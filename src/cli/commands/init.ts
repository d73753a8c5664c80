/** `athanor init`: the configuration and the folder of a new project. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { MigrationError } from "../../migrations/errors.js";
import { Output } from "../output.js";
import type { GlobalOptions } from "../project.js";

const CONFIG = (migrations: string, url: string) => `import { defineConfig } from "athanor/migrations";

export default defineConfig({
  // The database. A URL in an environment variable keeps passwords out of the repository.
  url: () => process.env.DATABASE_URL ?? "${url}",
  // The modules that map the entities.
  entities: "src/entities/**/*.ts",
  migrations: "${migrations}",
});
`;

/** Writes the configuration and the folder of a new project. */
export async function run(
  options: GlobalOptions & { readonly migrations: string; readonly force?: boolean },
): Promise<undefined> {
  const out = new Output(options.json === true);
  const file = resolve(options.config ?? "athanor.config.ts");
  if (existsSync(file) && options.force !== true) {
    throw new MigrationError(`${file} is there already. --force writes over it.`);
  }
  const folder = resolve(options.migrations);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, CONFIG(options.migrations, options.url ?? "sqlite:///app.db"));
  const gitkeep = join(folder, ".gitkeep");
  if (!existsSync(gitkeep)) writeFileSync(gitkeep, "");
  out.data({ config: file, migrations: folder }, () => {
    out.line(`wrote ${file}`);
    out.line(`made  ${folder}`);
    out.line();
    out.line(`Say there where the entities are, then: athanor revision --autogenerate -m "first tables"`);
    if (!usesModules()) out.line('package.json has no "type": "module": the configuration needs it.');
  });
}

function usesModules(): boolean {
  try {
    return (JSON.parse(readFileSync("package.json", "utf8")) as { type?: string }).type === "module";
  } catch {
    return true;
  }
}
