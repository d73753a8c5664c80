/** From the bytes of a row to raw values: integers, floats and truth at once, the rest as text for its type to convert. */
import { emptySlots } from "../../sql/slots.js";
import { readArray } from "./array-text.js";
import { readBytes } from "./bytes.js";
import { readInterval, readTimestamp } from "./time-text.js";
import type { FastBuffer } from "./wire/fast-buffer.js";

/** How a column is loaded. */
export type LoadKind =
  /** The text as it is; its type converts it, later where it may. */
  | "text"
  | "int"
  | "bigint"
  | "float"
  | "bool"
  /** By what the server says that the column is. */
  | "natural";

/** One of the codes below, or what makes a value of the text. */
export type Decoder = number | ((text: string) => unknown);

const TEXT = 0;
const INT = 1;
const FLOAT = 2;
const BOOL = 3;
const BIGINT = 4;
/** A number where that is exact, else a bigint. */
const EXACT = 5;

const BY_KIND: Readonly<Record<Exclude<LoadKind, "natural">, Decoder>> = {
  text: TEXT,
  int: INT,
  bigint: BIGINT,
  float: FLOAT,
  bool: BOOL,
};

const asIs = (text: string): string => text;
const list = (item: (text: string) => unknown) => (text: string) => readArray(text, item);
const exact = (text: string): number | bigint => {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
};

// By the object ids of the built-in types, which are fixed.
const NATURAL = new Map<number, Decoder>([
  [16, BOOL],
  [17, readBytes],
  [20, EXACT],
  [21, INT],
  [23, INT],
  [26, INT],
  [114, JSON.parse],
  [3802, JSON.parse],
  [700, FLOAT],
  [701, FLOAT],
  [1114, readTimestamp],
  [1184, readTimestamp],
  [1186, readInterval],
  [1000, list((text) => text === "t")],
  [1001, list(readBytes)],
  [1005, list(Number)],
  [1007, list(Number)],
  [1016, list(exact)],
  [1028, list(Number)],
  [1021, list(Number)],
  [1022, list(Number)],
  [1115, list(readTimestamp)],
  [1185, list(readTimestamp)],
  [1187, list(readInterval)],
  [199, list(JSON.parse)],
  [3807, list(JSON.parse)],
  // text: char, name, text, bpchar, varchar, date, time, timetz, numeric, uuid, inet, cidr
  ...[1002, 1003, 1009, 1014, 1015, 1182, 1183, 1270, 1231, 2951, 1041, 651].map((oid): [number, Decoder] => [
    oid,
    list(asIs),
  ]),
]);

/** How the columns of a result are read. `kinds` null reads all by what the server says. */
export function decodersOf(kinds: readonly LoadKind[] | null, fields: readonly { readonly oid: number }[]): Decoder[] {
  return fields.map(({ oid }, i) => {
    const kind = kinds?.[i] ?? "natural";
    return kind === "natural" ? (NATURAL.get(oid) ?? TEXT) : BY_KIND[kind];
  });
}

/** The same for columns of which nothing has to be asked; null when one of them has. */
export function knownDecoders(kinds: readonly LoadKind[] | null): Decoder[] | null {
  if (kinds === null || kinds.includes("natural")) return null;
  return kinds.map((kind) => BY_KIND[kind as Exclude<LoadKind, "natural">]);
}

/** Reads the DataRow message whose body begins at `at`. */
export function decodeRow(buffer: FastBuffer, at: number, decoders: readonly Decoder[]): unknown[] {
  const count = (buffer[at] as number) * 256 + (buffer[at + 1] as number);
  const row = emptySlots(count);
  let from = at + 2;
  for (let i = 0; i < count; i++) {
    const length =
      ((buffer[from] as number) << 24) |
      ((buffer[from + 1] as number) << 16) |
      ((buffer[from + 2] as number) << 8) |
      (buffer[from + 3] as number);
    from += 4;
    if (length < 0) {
      row[i] = null;
      continue;
    }
    const to = from + length;
    const decoder = decoders[i];
    switch (decoder) {
      case undefined:
      case TEXT:
        row[i] = length === 0 ? "" : buffer.utf8Slice(from, to);
        break;
      case INT:
        row[i] = readInteger(buffer, from, to);
        break;
      case FLOAT:
        row[i] = Number(buffer.latin1Slice(from, to));
        break;
      case BOOL:
        row[i] = buffer[from] === 0x74;
        break;
      case BIGINT:
        row[i] = BigInt(buffer.latin1Slice(from, to));
        break;
      case EXACT:
        row[i] = length < 16 ? readInteger(buffer, from, to) : exact(buffer.latin1Slice(from, to));
        break;
      default:
        row[i] = (decoder as (text: string) => unknown)(buffer.utf8Slice(from, to));
    }
    from = to;
  }
  return row;
}

function readInteger(buffer: FastBuffer, from: number, to: number): number {
  let at = from;
  const negative = buffer[at] === 0x2d;
  if (negative) at++;
  let number = 0;
  for (; at < to; at++) {
    const digit = (buffer[at] as number) - 48;
    // a numeric where an integer was meant: 2.50, NaN
    if (digit < 0 || digit > 9) return Number(buffer.latin1Slice(from, to));
    number = number * 10 + digit;
  }
  return negative ? -number : number;
}
