/** Declared types of columns: what SQLite takes for one, and the type that it stands for. */
import { quoted } from "../../sql/identifiers.js";
import {
  bigIntType,
  binaryType,
  booleanType,
  doubleType,
  floatType,
  integerType,
  NumericType,
  nullType,
  StringType,
  smallIntegerType,
} from "../../sql/types/base.js";
import { jsonbType, jsonType, uuidType } from "../../sql/types/structured.js";
import { dateTimeType, dateType, timeType } from "../../sql/types/temporal.js";
import type { SQLType } from "../../sql/types/type.js";

const NAMES: Readonly<Record<string, SQLType>> = {
  BIGINT: bigIntType,
  BLOB: binaryType,
  BOOL: booleanType,
  BOOLEAN: booleanType,
  DATE: dateType,
  DATETIME: dateTimeType,
  TIMESTAMP: dateTimeType,
  "TIMESTAMP WITH TIME ZONE": dateTimeType,
  DOUBLE: doubleType,
  "DOUBLE PRECISION": doubleType,
  FLOAT: floatType,
  // eight bytes, here
  REAL: doubleType,
  INT: integerType,
  INTEGER: integerType,
  SMALLINT: smallIntegerType,
  TINYINT: smallIntegerType,
  JSON: jsonType,
  JSONB: jsonbType,
  TEXT: new StringType(null, "text"),
  CLOB: new StringType(null, "text"),
  TIME: timeType,
  UUID: uuidType,
  YEAR: integerType,
};

/** Words, and a size: what SQLite takes for a type as it stands. */
const PLAIN = /^[a-z_]\w*(?: +[a-z_]\w*)*(?:\s*\(\s*[+-]?[\d.]+\s*(?:,\s*[+-]?[\d.]+\s*)?\))?$/i;

/** A declared type as a definition takes it: in quotes where it is no type by the grammar. */
export function typeNameText(declared: string): string {
  const words = (/^[^(]*/.exec(declared) as RegExpExecArray)[0].toLowerCase().trim().split(/\s+/);
  const plain = PLAIN.test(declared) && !words.some((word) => KEYWORDS.has(word));
  return plain || declared === "" ? declared : quoted(declared);
}

/** Words that end a type, and begin what follows it. */
const KEYWORDS = new Set(
  "as check collate constraint default foreign generated not null primary references unique".split(" "),
);

/** The type that a column's declared type stands for; by SQLite's rules of affinity where the name says nothing. */
export function reflectedType(declared: string): SQLType {
  const { name, first, second } = partsOf(declared);
  const known = namedType(declared);
  if (known !== null) return known;
  if (name.includes("INT")) return integerType;
  if (/CHAR|CLOB|TEXT/.test(name)) return new StringType(null, "text");
  if (name === "") return nullType;
  if (name.includes("BLOB")) return binaryType;
  if (/REAL|FLOA|DOUB/.test(name)) return doubleType;
  return new NumericType(first, second);
}

/** The type that a declared type names, in one of the ways to write it; null where only its affinity is known. */
export function namedType(declared: string): SQLType | null {
  const { name, first, second } = partsOf(declared);
  const known = NAMES[name];
  if (known !== undefined) return known;
  if (/^(NUMERIC|DECIMAL|DECIMAL_TEXT)$/.test(name)) return new NumericType(first, second);
  if (/^(VARCHAR|NVARCHAR|VARYING CHARACTER|CHARACTER VARYING|STRING)$/.test(name)) return new StringType(first);
  if (/^(CHAR|NCHAR|CHARACTER|NATIVE CHARACTER)$/.test(name)) return new StringType(first, "char");
  return null;
}

/** `DECIMAL(10, 2)`: its name and the numbers. */
function partsOf(declared: string): {
  readonly name: string;
  readonly first: number | null;
  readonly second: number | null;
} {
  const match = /^([^(]*)(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?/.exec(declared.trim());
  return {
    name: (match?.[1] ?? "").trim().toUpperCase(),
    first: match?.[2] === undefined ? null : Number(match[2]),
    second: match?.[3] === undefined ? null : Number(match[3]),
  };
}
