/** The types that functions give. */
import type { ColumnElement } from "./element.js";
import { bigIntType, booleanType, doubleType, integerType, nullType, numericType, textType } from "./types/base.js";
import { ArrayType, jsonbType, jsonType } from "./types/structured.js";
import { dateTimeType, dateType, timeType } from "./types/temporal.js";
import { textQuery, textVector } from "./types/text-search.js";
import { plainType, type SQLType } from "./types/type.js";

// A type, or how it follows from the arguments.
type TypeRule = SQLType | ((args: readonly ColumnElement[]) => SQLType);

const firstType: TypeRule = (args) => args.find((each) => each.type.family !== "null")?.type ?? nullType;
const sumType: TypeRule = (args) => {
  const type = args[0]?.type ?? nullType;
  return type.family === "integer" && type !== bigIntType ? integerType : type;
};
const averageType: TypeRule = (args) => (args[0]?.type.family === "numeric" ? numericType : doubleType);
const itemType: TypeRule = (args) => {
  const type = args[0]?.type ?? nullType;
  return type instanceof ArrayType ? type.itemType : type;
};
const arrayType: TypeRule = (args) => new ArrayType(args[0]?.type ?? nullType);

// The types of functions that databases agree on. All others are known by their names alone.
const knownTypes: Readonly<Record<string, TypeRule>> = {
  count: integerType,
  sum: sumType,
  avg: averageType,
  min: firstType,
  max: firstType,
  coalesce: firstType,
  nullif: firstType,
  greatest: firstType,
  least: firstType,
  ifnull: firstType,
  abs: firstType,
  round: firstType,
  ceil: firstType,
  floor: firstType,
  sqrt: doubleType,
  power: doubleType,
  random: doubleType,
  length: integerType,
  char_length: integerType,
  octet_length: integerType,
  position: integerType,
  instr: integerType,
  strpos: integerType,
  sign: integerType,
  lower: textType,
  upper: textType,
  trim: textType,
  ltrim: textType,
  rtrim: textType,
  replace: textType,
  substr: textType,
  substring: textType,
  concat: textType,
  concat_ws: textType,
  left: textType,
  right: textType,
  lpad: textType,
  rpad: textType,
  reverse: textType,
  hex: textType,
  md5: textType,
  to_char: textType,
  strftime: textType,
  string_agg: textType,
  group_concat: textType,
  typeof: textType,
  now: dateTimeType,
  current_timestamp: dateTimeType,
  current_date: dateType,
  current_time: timeType,
  date_trunc: dateTimeType,
  row_number: integerType,
  rank: integerType,
  dense_rank: integerType,
  ntile: integerType,
  percent_rank: doubleType,
  cume_dist: doubleType,
  lag: firstType,
  lead: firstType,
  first_value: firstType,
  last_value: firstType,
  nth_value: firstType,
  array_agg: arrayType,
  unnest: itemType,
  array_length: integerType,
  cardinality: integerType,
  json_array_length: integerType,
  jsonb_array_length: integerType,
  json_agg: jsonType,
  jsonb_agg: jsonbType,
  json_object_agg: jsonType,
  json_build_object: jsonType,
  json_object: jsonType,
  json_array: jsonType,
  json_group_array: jsonType,
  json_group_object: jsonType,
  bool_and: booleanType,
  bool_or: booleanType,
  every: booleanType,
  percentile_cont: doubleType,
  aggregate_strings: textType,
  stddev: doubleType,
  variance: doubleType,
  exp: doubleType,
  ln: doubleType,
  mod: firstType,
  trunc: firstType,
  initcap: textType,
  split_part: textType,
  regexp_replace: textType,
  quote_ident: textType,
  json_build_array: jsonType,
  jsonb_build_object: jsonbType,
  jsonb_build_array: jsonbType,
  jsonb_object_agg: jsonbType,
  to_json: jsonType,
  to_jsonb: jsonbType,
  row_to_json: jsonType,
  jsonb_set: jsonbType,
  jsonb_path_query: jsonbType,
  jsonb_path_exists: booleanType,
  generate_series: (args) => args.find((each) => each.type.family !== "null")?.type ?? integerType,
  grouping: integerType,
  array_to_string: textType,
  array_position: integerType,
  array_append: firstType,
  array_remove: firstType,
  array_cat: firstType,
  string_to_array: new ArrayType(textType),
  to_tsvector: textVector,
  setweight: textVector,
  tsvector_concat: textVector,
  tsquery_and: textQuery,
  tsquery_or: textQuery,
  tsquery_not: textQuery,
  tsquery_phrase: textQuery,
  numnode: integerType,
  to_tsquery: textQuery,
  plainto_tsquery: textQuery,
  phraseto_tsquery: textQuery,
  websearch_to_tsquery: textQuery,
  ts_rank: doubleType,
  ts_rank_cd: doubleType,
  ts_headline: textType,
  pg_typeof: textType,
  localtimestamp: dateTimeType,
  localtime: timeType,
  current_user: textType,
  session_user: textType,
  user: textType,
  current_role: textType,
  current_catalog: textType,
  next_value: integerType,
  pow: doubleType,
  mode: nullType,
};

const registered = new Map<string, TypeRule>();

/**
 * Says which type a function's result has, for `func.name(...)`.
 *
 * @example registerFunction("st_area", t.double)
 */
export function registerFunction(name: string, type: SQLType | ((args: readonly ColumnElement[]) => SQLType)): void {
  registered.set(
    name.toLowerCase(),
    typeof type === "function" && !("visitName" in type) ? type : plainType(type as SQLType),
  );
}

/** The type of a call's result, as far as it is known. */
export function typeOfCall(name: string, args: readonly ColumnElement[]): SQLType {
  const rule =
    registered.get(name.toLowerCase()) ?? (Object.hasOwn(knownTypes, name) ? knownTypes[name] : undefined) ?? nullType;
  return typeof rule === "function" ? rule(args) : rule;
}
