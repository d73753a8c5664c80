/** From the names of `format_type` to types. */

import type { ReflectedEnum } from "../../sql/schema/reflected.js";
import {
  BinaryType,
  bigIntType,
  booleanType,
  doubleType,
  floatType,
  integerType,
  NumericType,
  StringType,
  smallIntegerType,
} from "../../sql/types/base.js";
import type { DomainType } from "../../sql/types/domain.js";
import { NamedType } from "../../sql/types/extensible.js";
import { ArrayType, EnumType, jsonbType, jsonType, uuidType } from "../../sql/types/structured.js";
import { DateTimeType, dateType, IntervalType, TimeType } from "../../sql/types/temporal.js";
import type { SQLType } from "../../sql/types/type.js";
import { rangeTypes } from "./ranges.js";

const NAMES: Readonly<Record<string, SQLType>> = {
  smallint: smallIntegerType,
  integer: integerType,
  bigint: bigIntType,
  real: floatType,
  "double precision": doubleType,
  boolean: booleanType,
  date: dateType,
  json: jsonType,
  jsonb: jsonbType,
  uuid: uuidType,
  bytea: new BinaryType(),
  text: new StringType(null, "text"),
  ...rangeTypes,
};

/** What is known of a type beside its name. */
export interface TypeFacts {
  readonly enumeration?: ReflectedEnum | null;
  /** Its name, and its schema where it is not found without. */
  readonly collation?: readonly [string, string | null] | null;
  /** Of an array. */
  readonly dimensions?: number;
  /** The domain that it is, or that is in its lists. */
  readonly domain?: DomainType | null;
}

/** The type that a name of `format_type` stands for. */
export function reflectedType(typeName: string, facts: TypeFacts = {}): SQLType {
  const { enumeration = null, collation = null, domain = null } = facts;
  const array = /^(.*?)((?:\[\])+)$/.exec(typeName);
  if (array !== null) {
    const item = reflectedType(array[1] as string, { ...facts, dimensions: 0 });
    return new ArrayType(item, (facts.dimensions ?? 0) > 1 ? (facts.dimensions as number) : null);
  }
  if (domain !== null) return domain;
  if (enumeration !== null) {
    return new EnumType(enumeration.labels, { name: enumeration.name, schema: enumeration.schema });
  }
  const type = plainNamedType(typeName);
  return collation !== null && type instanceof StringType ? type.collated(...collation) : type;
}

function plainNamedType(typeName: string): SQLType {
  const known = NAMES[typeName];
  if (known !== undefined) return known;
  const interval = /^interval(?: ([a-z ]+?))?(?:\((\d)\))?$/.exec(typeName);
  if (interval !== null) {
    return new IntervalType(interval[1] ?? null, interval[2] === undefined ? null : Number(interval[2]));
  }
  const match = /^([a-z ]+?)(?:\((\d+)(?:,(-?\d+))?\))?( with(?:out)? time zone)?$/.exec(typeName);
  const base = match?.[1] ?? typeName;
  const first = match?.[2] === undefined ? null : Number(match[2]);
  const second = match?.[3] === undefined ? null : Number(match[3]);
  const zoned = match?.[4] === " with time zone" || base.endsWith(" with time zone");
  switch (base.replace(/ with(out)? time zone$/, "")) {
    case "character varying":
      return new StringType(first);
    case "character":
      return new StringType(first ?? 1, "char");
    case "numeric":
      return new NumericType(first, second);
    case "timestamp":
      return new DateTimeType(zoned, first);
    case "time":
      return new TimeType(zoned, first);
    default:
      return new NamedType(typeName);
  }
}
