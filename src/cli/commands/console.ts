/** `athanor console`: a prompt with a session and the entities. */
import { start } from "node:repl";
import { inspect as show } from "node:util";
import * as athanor from "../../index.js";
import { allMappers } from "../../orm/mapping/registry.js";
import { type GlobalOptions, Project } from "../project.js";

/** Options of `console`. */
export interface ConsoleOptions extends GlobalOptions {
  /** Runs this and ends. */
  readonly eval?: string;
}

/** Opens a prompt with a session, the entities and what Athanor exports; or runs one text with them. */
export async function run(options: ConsoleOptions): Promise<undefined> {
  const project = await Project.open(options);
  const { out } = project;
  let session: athanor.AsyncSession | null = null;
  try {
    await project.metadata();
    const { engine } = project;
    session = athanor.asyncSessionmaker(engine)();
    const entities = Object.fromEntries(allMappers().map((mapper) => [mapper.className, mapper.cls]));
    const names: Readonly<Record<string, unknown>> = { ...athanor, ...entities, engine, session };
    if (options.eval !== undefined) {
      const value = await evaluated(options.eval, names);
      out.data(value ?? null, () => {
        if (value !== undefined) out.line(typeof value === "string" ? value : show(value, { depth: 4 }));
      });
      return;
    }
    out.line(`session, engine, ${Object.keys(entities).join(", ")}, and what athanor exports. .exit ends it.`);
    const prompt = start({ prompt: "athanor> " });
    for (const [name, value] of Object.entries(names)) {
      Object.defineProperty(prompt.context, name, { value, writable: true, configurable: true, enumerable: true });
    }
    await new Promise((resolve) => prompt.once("exit", resolve));
  } finally {
    await session?.close();
    await project.close();
  }
}

type AsyncCode = (...values: unknown[]) => Promise<unknown>;
const AsyncFunction = (async () => {}).constructor as new (...texts: string[]) => AsyncCode;

/** The value of an expression, or what statements return; both may await. */
async function evaluated(text: string, names: Readonly<Record<string, unknown>>): Promise<unknown> {
  let code: AsyncCode;
  try {
    code = new AsyncFunction(...Object.keys(names), `return (${text}\n);`);
  } catch {
    code = new AsyncFunction(...Object.keys(names), text);
  }
  return await code(...Object.values(names));
}
