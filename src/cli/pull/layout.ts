/** Lines of code that are broken where they grow too long. */

const WIDTH = 120;

/** A call: on one line where it fits, else its last object over several. */
export function call(name: string, args: readonly (string | Readonly<Record<string, string>>)[], indent = ""): string {
  const parts = args.filter((each) => typeof each === "string" || Object.keys(each).length > 0);
  const flat = `${name}(${parts.map((each) => (typeof each === "string" ? each : object(each))).join(", ")})`;
  const last = parts.at(-1);
  if (indent.length + flat.length <= WIDTH || last === undefined || typeof last === "string") return flat;
  const before = parts.slice(0, -1).map((each) => `${each}, `);
  const lines = Object.entries(last).map(([key, value]) => `${indent}  ${key}: ${value},`);
  return `${name}(${before.join("")}{\n${lines.join("\n")}\n${indent}})`;
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
