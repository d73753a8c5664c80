/** Values that are no strings, as the server reads them. */
import { ArgumentError } from "../../sql/errors.js";
import { arrayText } from "./array-text.js";
import { timestampText } from "./time-text.js";

/** The most parameters that a statement can have: the protocol counts them in 16 bits. */
const MOST = 65_535;

/** A value that is no string as PostgreSQL reads it; types have converted theirs before. */
export function valueText(value: unknown): string {
  if (typeof value === "function" || typeof value === "symbol")
    throw new ArgumentError(`a parameter is a ${typeof value}, which the database has nothing like.`);
  if (typeof value !== "object") return String(value);
  if (value instanceof Date) return timestampText(value);
  if (Array.isArray(value)) return arrayText(value, null);
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new ArgumentError("a parameter is an object that JSON has no text for.");
  return text;
}

/**
 * Parameters of which each can be written. It is found out before anything is: what was written up to an error would stand before the next statement,
 * and a BEGIN in it would be lost.
 *
 * @throws ArgumentError for more than there can be, and for a value that has no text; what an object's own toJSON() throws
 */
export function writable(params: readonly unknown[]): readonly unknown[] {
  const { length } = params;
  if (length > MOST) {
    throw new ArgumentError(
      `PostgreSQL takes ${MOST} parameters in one statement at most, and this one has ${length}. Give a list as one array (= ANY(...)), rows as a list ` +
        "of parameter sets, or copy them with copyFrom().",
    );
  }
  for (let i = 0; i < length; i++)
    if (hasToBeMade(params[i])) return params.map((each) => (hasToBeMade(each) ? valueText(each) : each));
  return params;
}

function hasToBeMade(value: unknown): boolean {
  switch (typeof value) {
    case "object":
      return value !== null && !(value instanceof Uint8Array);
    case "function":
    case "symbol":
      return true;
    default:
      return false;
  }
}
