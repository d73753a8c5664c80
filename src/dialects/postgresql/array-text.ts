/** Arrays as PostgreSQL writes them: `{1,2,NULL,"a \"b\""}`. */
import { ArgumentError } from "../../sql/errors.js";
import { bytesText } from "./bytes.js";
import { timestampText } from "./time-text.js";

/**
 * An array as PostgreSQL reads it.
 *
 * @param item makes a driver's value of each element; null takes them as they are
 * @param dimensions how deep arrays are dimensions; those below are elements (of JSON)
 * @param delimiter what stands between elements: a type may have another than the comma
 */
export function arrayText(
  values: readonly unknown[],
  item: ((value: unknown) => unknown) | null,
  dimensions: number = Number.POSITIVE_INFINITY,
  delimiter = ",",
): string {
  let text = "{";
  for (let i = 0; i < values.length; i++) {
    if (i > 0) text += delimiter;
    const value = values[i];
    if (value === null || value === undefined) text += "NULL";
    else if (Array.isArray(value) && dimensions > 1) text += arrayText(value, item, dimensions - 1, delimiter);
    else text += elementText(item === null ? value : item(value));
  }
  return `${text}}`;
}

/** Escapes that JSON has and arrays have not: those of control characters and of halves of surrogate pairs. */
const ONLY_JSON = /\\(?!["\\])/;

/**
 * An array of one dimension. JSON writes plain values as arrays do, at a third of the cost.
 *
 * @param values the caller's own; they are changed
 */
export function plainArrayText(values: unknown[]): string {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    switch (typeof value) {
      case "string":
      case "boolean":
        continue;
      case "number":
        if (Number.isFinite(value)) continue;
        return arrayText(values, null, 1);
      case "undefined":
        values[i] = null;
        continue;
      default:
        if (value === null) continue;
        if (value instanceof Date) values[i] = timestampText(value);
        else return arrayText(values, null, 1);
    }
  }
  const text = JSON.stringify(values);
  return ONLY_JSON.test(text) ? arrayText(values, null, 1) : `{${text.slice(1, -1)}}`;
}

function elementText(value: unknown): string {
  switch (typeof value) {
    case "number":
    case "bigint":
      return String(value);
    case "boolean":
      return value ? "t" : "f";
    case "string":
      return quoteElement(value);
    default:
      if (value instanceof Uint8Array) return quoteElement(bytesText(value));
      if (value instanceof Date) return quoteElement(timestampText(value));
      return quoteElement(JSON.stringify(value));
  }
}

const SPECIAL = /["\\]/g;
const PLAIN = /^[\w.:+-]+$/;

function quoteElement(text: string): string {
  // NULL in any case would be taken for the null
  if (PLAIN.test(text) && (text.length !== 4 || text.toUpperCase() !== "NULL")) return text;
  return `"${text.replace(SPECIAL, "\\$&")}"`;
}

/**
 * Reads an array of any number of dimensions; bounds such as `[0:2]={...}` are passed over.
 *
 * @param item makes a value of each element's text
 */
export function readArray<T>(text: string, item: (text: string) => T, delimiter = ","): (T | null)[] {
  const reader = new ArrayReader(text, item, delimiter);
  return reader.read();
}

class ArrayReader<T> {
  #at: number;

  constructor(
    private readonly text: string,
    private readonly item: (text: string) => T,
    private readonly delimiter: string,
  ) {
    this.#at = text.startsWith("[") ? text.indexOf("=") + 1 : 0;
  }

  read(): (T | null)[] {
    const { text } = this;
    if (text[this.#at] !== "{") throw new ArgumentError(`${JSON.stringify(text)} is no array of PostgreSQL.`);
    this.#at++;
    const values: (T | null)[] = [];
    for (;;) {
      const char = text[this.#at];
      if (char === undefined)
        throw new ArgumentError(`${JSON.stringify(text)} is no array of PostgreSQL: it has no end.`);
      if (char === "}") {
        this.#at++;
        return values;
      }
      if (char === this.delimiter) this.#at++;
      else if (char === "{") values.push(this.read() as T);
      else if (char === '"') values.push(this.item(this.#quoted()));
      else {
        const word = this.#word();
        values.push(word.toUpperCase() === "NULL" ? null : this.item(word));
      }
    }
  }

  #quoted(): string {
    const { text } = this;
    let found = "";
    let from = ++this.#at;
    for (;;) {
      const char = text[this.#at];
      if (char === undefined)
        throw new ArgumentError(`${JSON.stringify(text)} is no array of PostgreSQL: a quote is open.`);
      if (char === '"') break;
      if (char === "\\") {
        found += text.slice(from, this.#at++);
        from = this.#at;
      }
      this.#at++;
    }
    found += text.slice(from, this.#at++);
    return found;
  }

  #word(): string {
    const { text, delimiter } = this;
    const from = this.#at;
    while (this.#at < text.length && text[this.#at] !== delimiter && text[this.#at] !== "}") this.#at++;
    return text.slice(from, this.#at);
  }
}
