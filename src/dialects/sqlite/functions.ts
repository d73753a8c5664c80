/** Functions that every connection gets, so that expressions mean the same as on other databases. */
import type { Database } from "better-sqlite3";
import { pointsBetween, registerTimeArithmetic } from "./time-arithmetic.js";

// Patterns repeat for every row of a scan.
const patterns = new Map<string, RegExp>();

function patternOf(source: string, flags: string): RegExp {
  const key = `${flags}/${source}`;
  let pattern = patterns.get(key);
  if (pattern === undefined) {
    if (patterns.size > 200) patterns.clear();
    pattern = new RegExp(source, flags);
    patterns.set(key, pattern);
  }
  return pattern;
}

function unicodeFlags(flags: unknown): string {
  const given = typeof flags === "string" ? flags.replace(/[^imsu]/g, "") : "";
  return given.includes("u") ? given : `${given}u`;
}

/** Registers `generate_series`, `REGEXP`, `regexp_like` and `regexp_replace`, and arithmetic of dates and times. */
export function registerFunctions(database: Database): void {
  registerTimeArithmetic(database);
  const pure = { deterministic: true, directOnly: false } as const;
  // Rows of numbers, or of points in time, in FROM. PostgreSQL has it built in; here it is an extension that no build includes.
  database.table("generate_series", {
    columns: ["value"],
    parameters: ["start", "stop", "step"],
    *rows(...args: unknown[]) {
      if (typeof args[0] === "string" && typeof args[2] === "string") {
        for (const point of pointsBetween(args[0], args[1], args[2])) yield [point];
        return;
      }
      const [start, stop, step] = args.map((each) => (each === undefined || each === null ? null : Number(each)));
      const by = step ?? 1;
      if (start == null || stop == null || by === 0) return;
      const whole = Number.isInteger(start) && Number.isInteger(by);
      for (let value = start; by > 0 ? value <= stop : value >= stop; value += by) {
        yield [whole ? BigInt(value) : value];
      }
    },
  });
  // `x REGEXP y` calls regexp(y, x).
  database.function("regexp", pure, (pattern: unknown, text: unknown) =>
    pattern === null || text === null ? null : patternOf(String(pattern), "u").test(String(text)) ? 1 : 0,
  );
  database.function("regexp_like", { ...pure, varargs: true }, (text: unknown, pattern: unknown, flags: unknown) =>
    pattern === null || text === null
      ? null
      : patternOf(String(pattern), unicodeFlags(flags)).test(String(text))
        ? 1
        : 0,
  );
  database.function(
    "regexp_replace",
    { ...pure, varargs: true },
    (text: unknown, pattern: unknown, replacement: unknown, flags: unknown) => {
      if (text === null || pattern === null || replacement === null) return null;
      const all = typeof flags === "string" && flags.includes("g") ? "g" : "";
      // PostgreSQL writes \1 for a group; a dollar is a dollar.
      const into = String(replacement)
        .replaceAll("$", "$$$$")
        .replace(/\\(\d)/g, "$$$1")
        .replace(/\\&/g, "$$&");
      return String(text).replace(patternOf(String(pattern), unicodeFlags(flags) + all), into);
    },
  );
}
