/** Values that are no strings, as the server reads them. */
import { arrayText } from "./array-text.js";
import { timestampText } from "./time-text.js";

/** A value that is no string as PostgreSQL reads it; types have converted theirs before. */
export function valueText(value: unknown): string {
  if (typeof value !== "object") return String(value);
  if (value instanceof Date) return timestampText(value, true);
  if (Array.isArray(value)) return arrayText(value, null);
  return JSON.stringify(value);
}
