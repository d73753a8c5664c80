/** Parameters as text, for error messages and the log: short, one line, whatever is in them. */

const MAX_VALUES = 20;
const MAX_SETS = 8;
const MAX_TEXT = 300;

/**
 * Renders the parameters of a statement.
 *
 * @param parameters one positional array, one object of named values, or with `isMany` a list of those.
 */
export function formatParameters(parameters: unknown, isMany = false): string {
  if (isMany && Array.isArray(parameters)) {
    const sets = abridge(parameters, MAX_SETS, (set) => formatSet(set));
    return `[${sets.join(", ")}]`;
  }
  return formatSet(parameters);
}

function formatSet(set: unknown): string {
  if (Array.isArray(set)) return `(${abridge(set, MAX_VALUES, formatValue).join(", ")})`;
  if (typeof set === "object" && set !== null) {
    const entries = Object.entries(set);
    return `{${abridge(entries, MAX_VALUES, ([name, value]) => `${name}: ${formatValue(value)}`).join(", ")}}`;
  }
  return formatValue(set);
}

// The first ones and the last: what matters in a long batch is usually at an end.
function abridge<T>(items: readonly T[], limit: number, format: (item: T) => string): string[] {
  if (items.length <= limit) return items.map(format);
  const head = items.slice(0, limit - 2).map(format);
  const tail = items.slice(-2).map(format);
  return [...head, `... ${items.length - limit} more ...`, ...tail];
}

/** One value, quoted as SQL would quote it and cut to a few hundred characters. */
function formatValue(value: unknown): string {
  switch (typeof value) {
    case "string":
      return quote(value);
    case "bigint":
      return String(value);
    case "undefined":
      return "undefined";
    case "object":
      if (value === null) return "null";
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : `'${value.toISOString()}'`;
      if (value instanceof Uint8Array) return formatBytes(value);
      return cut(safeJson(value));
    default:
      return String(value);
  }
}

function quote(text: string): string {
  const shown = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}` : text;
  const more = text.length > MAX_TEXT ? ` ... (${text.length} characters)` : "";
  return `'${shown.replaceAll("'", "''")}'${more}`;
}

function formatBytes(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 16)).toString("hex");
  return bytes.length > 16 ? `x'${hex}' ... (${bytes.length} bytes)` : `x'${hex}'`;
}

function safeJson(value: object): string {
  try {
    return JSON.stringify(value, (_key, inner) => (typeof inner === "bigint" ? String(inner) : inner)) ?? "[object]";
  } catch {
    return Object.prototype.toString.call(value);
  }
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)} ... (${text.length} characters)` : text;
}
