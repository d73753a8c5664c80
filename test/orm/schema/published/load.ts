import { type AsyncEngine, text } from "../../../../src/index.js";

/** Runs the statements of a script. */
export async function load(engine: AsyncEngine, script: string): Promise<void> {
  await engine.begin(async (c) => {
    for (const one of script.split(/;\s*\n/)) {
      if (one.trim() !== "") await c.execDriverSql(one);
    }
  });
}

/** Nothing in the text is a parameter. */
export const raw = (sql: string): ReturnType<typeof text> => text(sql.replaceAll(":", "\\:"));
