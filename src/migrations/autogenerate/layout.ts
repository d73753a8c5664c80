/** Lines of code that are broken where they grow too long. */

const WIDTH = 120;

type Argument = string | Readonly<Record<string, string>>;

/**
 * A call: on one line where it fits, else its last argument, an object, over several.
 *
 * @param place `indent` is before the lines that follow the first; `column` is where the whole will be moved to later
 */
export function call(
  name: string,
  args: readonly Argument[],
  { indent = "", column = 0 }: { readonly indent?: string; readonly column?: number } = {},
): string {
  const parts = args.filter((each) => typeof each === "string" || Object.keys(each).length > 0);
  const flat = `${name}(${parts.map((each) => (typeof each === "string" ? each : object(each))).join(", ")})`;
  const last = parts.at(-1);
  if (column + indent.length + flat.length < WIDTH || last === undefined) return flat;
  if (typeof last === "string") return broken(name, parts, indent);
  const before = parts.slice(0, -1).map((each) => `${typeof each === "string" ? each : object(each)}, `);
  const head = `${name}(${before.join("")}{`;
  if (column + indent.length + head.length >= WIDTH) return broken(name, parts, indent);
  const lines = Object.entries(last).map(([key, value]) => `${indent}  ${key}: ${value},`);
  return `${head}\n${lines.join("\n")}\n${indent}})`;
}

/** Each argument on a line of its own. */
function broken(name: string, args: readonly Argument[], indent: string): string {
  const lines = args.map((each) => `${indent}  ${typeof each === "string" ? each : object(each)},`);
  return `${name}(\n${lines.join("\n")}\n${indent})`;
}

// Comments and literals, so that a quote in one is none in another; and the beginnings of lines that are not empty.
const TOKENS = /\/\/.*|\/\*[\s\S]*?\*\/|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`|\n(?=[^\n])/g;

/** Code further to the right. What stands in a template of several lines is a value, and stays where it is. */
export function indented(code: string): string {
  return `  ${code.replaceAll(TOKENS, (token) => (token === "\n" ? "\n  " : token))}`;
}

/** A list of items: on one line where it fits. */
export function list(items: readonly string[], indent: string): string {
  const flat = `[${items.join(", ")}]`;
  if (indent.length + flat.length <= WIDTH && !flat.includes("\n")) return flat;
  return `[\n${items.map((each) => `${indent}  ${each},`).join("\n")}\n${indent}]`;
}

function object(values: Readonly<Record<string, string>>): string {
  return `{ ${Object.entries(values)
    .map(([key, value]) => `${key}: ${value}`)
    .join(", ")} }`;
}
