/** From the names of `format_type` to types. */
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
import { NamedType } from "../../sql/types/extensible.js";
import { ArrayType, EnumType, jsonbType, jsonType, uuidType } from "../../sql/types/structured.js";
import { DateTimeType, dateType, intervalType, TimeType } from "../../sql/types/temporal.js";
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

/** What is known of an enum type. */
export interface ReflectedEnum {
  readonly name: string;
  /** Null where the search path finds it. */
  readonly schema: string | null;
  readonly labels: readonly string[];
}

/** The type that a name of `format_type` stands for. */
export function reflectedType(typeName: string, enumeration: ReflectedEnum | null): SQLType {
  const array = /^(.*?)((?:\[\])+)$/.exec(typeName);
  if (array !== null) {
    const item = reflectedType(array[1] as string, enumeration);
    const dimensions = (array[2] as string).length / 2;
    return new ArrayType(item, dimensions === 1 ? null : dimensions);
  }
  if (enumeration !== null) {
    return new EnumType(enumeration.labels, { name: enumeration.name, schema: enumeration.schema });
  }
  const known = NAMES[typeName];
  if (known !== undefined) return known;
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
      return new TimeType(zoned);
    case "interval":
      return intervalType;
    default:
      return new NamedType(typeName);
  }
}
