/** What a column's type says of values that come from outside, such as a request's body: which are taken, what becomes of them, and their JSON Schema. */
import {
  ArrayType,
  BigIntType,
  BinaryType,
  BooleanType,
  checkDate,
  checkInterval,
  checkTime,
  checkUuid,
  DateTimeType,
  DateType,
  EnumType,
  FloatType,
  IntegerType,
  IntervalType,
  JsonType,
  NumericType,
  StringType,
  TimeType,
  UuidType,
} from "../../sql/types/index.js";
import { type JsonSchemaTarget, pathKeys, type StandardSchema } from "../../sql/types/standard-schema.js";
import type { SQLType } from "../../sql/types/type.js";
import { type Findings, REFUSED } from "./issues.js";

export type Path = readonly PropertyKey[];
export type JsonSchema = Record<string, unknown>;

/** A rule for one value that is neither undefined nor null. */
export interface ValueRule {
  /** What it takes, for messages. */
  readonly expected: string;
  /** The value as an attribute has it, REFUSED, or a promise of one of them. */
  check(value: unknown, path: Path, findings: Findings): unknown;
  /** Its JSON Schema. @param given of what is given rather than of what comes out */
  json(target: JsonSchemaTarget, given: boolean): JsonSchema;
}

/** A rule from its parts. */
function rule(expected: string, json: JsonSchema, check: ValueRule["check"]): ValueRule {
  return { expected, check, json: () => json };
}

/** By the class of a type; the first that fits. */
const RULES: readonly (readonly [new (...args: never[]) => SQLType, (type: never) => ValueRule])[] = [
  [IntegerType, integerRule],
  [BigIntType, bigintRule],
  [NumericType, numericRule],
  [FloatType, floatRule],
  [StringType, stringRule],
  [BooleanType, booleanRule],
  [DateTimeType, dateTimeRule],
  [DateType, () => textRule("ISO date", { format: "date" }, checkDate)],
  [TimeType, () => textRule("ISO time", { format: "time" }, checkTime)],
  [IntervalType, () => textRule("ISO duration", { format: "duration" }, checkInterval)],
  [UuidType, () => textRule("UUID", { format: "uuid" }, checkUuid)],
  [EnumType, enumRule],
  [ArrayType, arrayRule],
  [JsonType, jsonRule],
  [BinaryType, bytesRule],
];

const ANYTHING = rule("value", {}, (value) => value);

/** The rule of a type; one of the user's own takes every value. */
export function ruleOf(type: SQLType): ValueRule {
  for (const [kind, make] of RULES) if (type instanceof kind) return make(type as never);
  return ANYTHING;
}

function integerRule({ range, size }: IntegerType): ValueRule {
  const most = size === "wide" ? Number.MAX_SAFE_INTEGER : range - 1;
  const least = size === "wide" ? Number.MIN_SAFE_INTEGER : -range;
  return rule("int", { type: "integer", minimum: least, maximum: most }, (value, path, findings) => {
    const given = typeof value === "bigint" ? Number(value) : value;
    if (typeof given !== "number" || !Number.isInteger(given)) return findings.refuseType("int", value, path);
    if (given > most) return findings.refuse("too_big", `Too big: expected int to be <=${most}`, path);
    if (given < least) return findings.refuse("too_small", `Too small: expected int to be >=${least}`, path);
    return given;
  });
}

function bigintRule(): ValueRule {
  const json = { anyOf: [{ type: "integer" }, { type: "string", pattern: "^-?\\d+$" }] };
  return rule("bigint", json, (value, path, findings) => {
    const taken =
      typeof value === "bigint" ||
      (typeof value === "number" && Number.isSafeInteger(value)) ||
      (typeof value === "string" && /^-?\d+$/.test(value));
    if (!taken) return findings.refuseType("bigint", value, path);
    const given = BigInt(value as bigint | number | string);
    if (BigInt.asIntN(64, given) === given) return given;
    return findings.refuse(given > 0n ? "too_big" : "too_small", "Invalid input: expected bigint of 64 bits", path);
  });
}

function numericRule({ precision, scale }: NumericType): ValueRule {
  const json = { type: "string", pattern: "^-?(\\d+\\.?\\d*|\\.\\d+)$" };
  return rule("decimal", json, (value, path, findings) => {
    const text = typeof value === "number" || typeof value === "bigint" ? String(value) : value;
    const parts = typeof text === "string" ? /^[+-]?(\d*)(?:\.(\d*))?$/.exec(text) : null;
    if (parts === null || (parts[1] === "" && !parts[2])) return findings.refuseType("decimal", value, path);
    if (precision === null) return text;
    const whole = (parts[1] as string).replace(/^0+/, "").length;
    const digits = precision - (scale ?? 0);
    if (whole > digits)
      return findings.refuse("too_big", `Too big: expected decimal to have <=${digits} digits before the point`, path);
    const fraction = (parts[2] ?? "").replace(/0+$/, "").length;
    if (fraction <= (scale ?? 0)) return text;
    return findings.refuse("invalid_format", `Invalid decimal: expected <=${scale ?? 0} digits after the point`, path);
  });
}

function floatRule(): ValueRule {
  return rule("number", { type: "number" }, (value, path, findings) =>
    typeof value === "number" && Number.isFinite(value) ? value : findings.refuseType("number", value, path),
  );
}

function stringRule({ maxLength }: StringType): ValueRule {
  const json = { type: "string", ...(maxLength === null ? {} : { maxLength }) };
  return rule("string", json, (value, path, findings) => {
    if (typeof value !== "string") return findings.refuseType("string", value, path);
    if (value.includes("\u0000"))
      return findings.refuse("invalid_format", "Invalid string: it holds a NUL character", path);
    // Databases count characters, not the halves of surrogate pairs.
    if (maxLength === null || value.length <= maxLength || [...value].length <= maxLength) return value;
    return findings.refuse("too_big", `Too big: expected string to have <=${maxLength} characters`, path);
  });
}

function booleanRule(): ValueRule {
  return rule("boolean", { type: "boolean" }, (value, path, findings) =>
    typeof value === "boolean" ? value : findings.refuseType("boolean", value, path),
  );
}

const INSTANT = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?)?$/;

function dateTimeRule(): ValueRule {
  return rule("date", { type: "string", format: "date-time" }, (value, path, findings) => {
    if (value instanceof Date && !Number.isNaN(value.getTime())) return value;
    if (typeof value !== "string") return findings.refuseType("date", value, path);
    // Without a zone it is UTC, as everywhere here.
    const zoned = /(Z|[+-]\d\d(:?\d\d)?)$/.test(value.slice(10));
    const made = new Date(zoned || value.length === 10 ? value : `${value.replace(" ", "T")}Z`);
    if (INSTANT.test(value) && !Number.isNaN(made.getTime())) return made;
    return findings.refuse("invalid_format", "Invalid ISO datetime", path);
  });
}

function textRule(name: string, json: JsonSchema, take: (value: unknown) => string): ValueRule {
  return rule("string", { type: "string", ...json }, (value, path, findings) => {
    if (typeof value !== "string") return findings.refuseType("string", value, path);
    try {
      return take(value);
    } catch {
      return findings.refuse("invalid_format", `Invalid ${name}`, path);
    }
  });
}

function enumRule({ values }: EnumType): ValueRule {
  const listed = values.map((each) => JSON.stringify(each)).join("|");
  return rule(listed, { type: "string", enum: [...values] }, (value, path, findings) =>
    values.includes(value as string)
      ? value
      : findings.refuse("invalid_value", `Invalid option: expected one of ${listed}`, path),
  );
}

function arrayRule({ itemType }: ArrayType): ValueRule {
  const items = ruleOf(itemType);
  return {
    expected: "array",
    check(value, path, findings) {
      if (!Array.isArray(value)) return findings.refuseType("array", value, path);
      const taken = value.map((each, i): unknown =>
        each === null
          ? null
          : Array.isArray(each)
            ? this.check(each, [...path, i], findings)
            : items.check(each, [...path, i], findings),
      );
      return taken.includes(REFUSED) ? REFUSED : taken;
    },
    json: (target, given) => ({ type: "array", items: items.json(target, given) }),
  };
}

function jsonRule({ options: { schema } }: JsonType): ValueRule {
  if (schema !== undefined) return schemaRule(schema, ANYTHING);
  return rule("JSON", {}, (value, path, findings) => {
    try {
      if (JSON.stringify(value) !== undefined) return value;
    } catch {
      // what goes in circles, and bigints
    }
    return findings.refuseType("JSON", value, path);
  });
}

function bytesRule({ maxLength }: BinaryType): ValueRule {
  const json = { type: "string", contentEncoding: "base64" };
  return rule("bytes", json, (value, path, findings) => {
    let bytes = value;
    if (typeof value === "string") {
      if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value))
        return findings.refuse("invalid_format", "Invalid base64-encoded string", path);
      bytes = new Uint8Array(Buffer.from(value, "base64"));
    }
    if (!(bytes instanceof Uint8Array)) return findings.refuseType("bytes", value, path);
    if (maxLength === null || bytes.length <= maxLength) return bytes;
    return findings.refuse("too_big", `Too big: expected <=${maxLength} bytes`, path);
  });
}

/** What a schema of the user's own makes of a value, before the type looks at it. */
export function schemaRule(schema: StandardSchema, behind: ValueRule): ValueRule {
  return {
    expected: behind.expected,
    check(value, path, findings) {
      const answer = schema["~standard"].validate(value);
      const take = (result: Awaited<typeof answer>): unknown => {
        if (result.issues === undefined)
          return result.value === null || result.value === undefined
            ? result.value
            : behind.check(result.value, path, findings);
        for (const issue of result.issues) {
          const { code } = issue as { readonly code?: unknown };
          findings.refuse(typeof code === "string" ? code : "custom", issue.message, [
            ...path,
            ...pathKeys(issue.path),
          ]);
        }
        return REFUSED;
      };
      return answer instanceof Promise ? answer.then(take) : take(answer);
    },
    json(target, given) {
      const made = schema["~standard"].jsonSchema?.[given ? "input" : "output"]({ target });
      if (made === undefined) return behind.json(target, given);
      const { $schema: _, ...own } = made;
      return own;
    },
  };
}
