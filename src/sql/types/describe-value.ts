/** A value as an error message shows it: text, numbers and the like as they are written, shortened; all else by what it is. */
export function describeValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(shorten(value));
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return value.name === "" ? "a function" : `the function or class ${value.name}`;
  if (value === null || typeof value !== "object") return String(value);
  if (value instanceof Date) return `Date ${Number.isNaN(value.getTime()) ? "(invalid)" : value.toISOString()}`;
  if (Array.isArray(value)) return "an array";
  const name = (value as { constructor?: { name?: string } }).constructor?.name;
  return name === undefined || name === "Object" ? "a plain object" : `an instance of ${name}`;
}

/** The beginning of a text, for messages. */
export function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}
