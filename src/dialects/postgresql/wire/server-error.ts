/** The server's errors, read from its messages. For connections that do not have pg to do it. */
import type { ServerError } from "../errors.js";
import type { FastBuffer } from "./fast-buffer.js";

// The letters of an ErrorResponse's fields, under the names that pg gives them.
const FIELDS: Readonly<Record<string, string>> = {
  S: "severity",
  C: "code",
  D: "detail",
  H: "hint",
  P: "position",
  p: "internalPosition",
  q: "internalQuery",
  W: "where",
  s: "schema",
  t: "table",
  c: "column",
  d: "dataType",
  n: "constraint",
  F: "file",
  L: "line",
  R: "routine",
};

/** Makes an error of an ErrorResponse message. */
export function readServerError(message: Buffer): ServerError {
  const data = message as FastBuffer;
  const fields: Record<string, string> = {};
  let text = "";
  // After the code and the length: a letter and a text that ends with a zero, for each field.
  for (let at = 5; data[at] !== 0 && at < data.length; ) {
    const letter = String.fromCharCode(data[at] as number);
    const end = data.indexOf(0, at + 1);
    const value = data.utf8Slice(at + 1, end);
    const name = FIELDS[letter];
    if (letter === "M") text = value;
    else if (name !== undefined) fields[name] = value;
    at = end + 1;
  }
  return Object.assign(new Error(text), { name: "PostgresError", code: "", ...fields });
}
