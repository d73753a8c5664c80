import { ArgumentError } from "../errors.js";

interface WellFormed {
  isWellFormed(): boolean;
}

/** Throws for text that a database cannot store to the letter: a NUL character, half of a surrogate pair. */
export function checkText(value: string): string {
  if (value.includes("\0")) {
    throw new ArgumentError(
      `the string ${JSON.stringify(shorten(value))} holds a NUL character, which a text column cannot store. Remove it, or use a binary column.`,
    );
  }
  if (!(value as unknown as WellFormed).isWellFormed()) {
    throw new ArgumentError(
      `the string ${JSON.stringify(shorten(value))} holds a lone surrogate, which is no character. Repair it with toWellFormed().`,
    );
  }
  return value;
}

/** A value as an error message shows it. */
export function describeValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(shorten(value));
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Date) return `Date ${Number.isNaN(value.getTime()) ? "(invalid)" : value.toISOString()}`;
  if (value !== null && typeof value === "object") {
    const name = (value as { constructor?: { name?: string } }).constructor?.name;
    return name === undefined || name === "Object" ? "an object" : `an object of class ${name}`;
  }
  if (typeof value === "function") return "a function";
  return String(value);
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}
