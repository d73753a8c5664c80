/** Text that no database can store. */
import { ArgumentError } from "../errors.js";
import { shorten } from "./describe-value.js";

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
