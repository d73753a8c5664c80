/**
 * Finds `any` in the declarations of the package: a type that says it lets every mistake of its users through. Comments and strings do not count.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What a line may say, and why. */
const ALLOWED = [
  [
    "type Handler = (...args: any[]) => unknown",
    "handlers of all events stand in one list; `event.listen` is typed by target and name",
  ],
  [
    "type Op<T> = Generator<IORequest, T, any>",
    "what comes back from a `yield` depends on the request, which a generator's type cannot say",
  ],
  ["type DDLOp<T> = Generator<unknown, T, any>", "the same"],
  [
    "type AnyTable = Table<any, any>",
    "what is taken where every table is; what `insert()` takes depends on the columns, so that no table is a `Table<unknown, unknown>`",
  ],
  ["function any<", "SQL's ANY"],
  ["export { all, any }", "SQL's ANY"],
  ["readonly any: Operator", "SQL's ANY"],
];

/** Takes comments, strings and template literals out of TypeScript's declarations. */
function withoutText(source) {
  return source.replace(
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g,
    (text) => text.replace(/[^\n]/g, " "),
  );
}

/** `file:line: the line`, for each `any` that is not allowed. */
export function anyTypes(folder) {
  const found = [];
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
    if (!name.endsWith(".d.ts")) continue;
    const source = readFileSync(join(folder, name), "utf8");
    const lines = source.split("\n");
    withoutText(source)
      .split("\n")
      .forEach((line, i) => {
        if (!/(?<![\w$.])any(?![\w$(])/.test(line)) return;
        if (ALLOWED.some(([text]) => lines[i].includes(text))) return;
        found.push(`${name}:${i + 1}: ${lines[i].trim()}`);
      });
  }
  return found;
}
