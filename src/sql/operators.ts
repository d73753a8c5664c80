/** The operators, with their texts, precedences and opposites. */
import { nextRefId } from "./pieces.js";

/** How the type of an operator's result follows from its operands. */
export type ResultRule =
  /** A condition. */
  | "boolean"
  /** What the left operand has; the right one's where the left's is not known. */
  | "left"
  /** The wider of two numbers; dates by arithmetic. */
  | "arithmetic"
  /** Text. */
  | "string"
  /** The type given with a custom operator, or not known. */
  | "unknown";

/** One row of the operators' table. */
export interface Operator {
  readonly name: string;
  /** As written between (before, after) its operands. */
  readonly sql: string;
  /** Higher binds tighter. */
  readonly precedence: number;
  /** The operator that means the opposite, by name. */
  readonly negation: string | null;
  /** `a op (b op c)` is `(a op b) op c`, so that neither needs parentheses. */
  readonly associative: boolean;
  /**
   * Databases disagree on how tightly it binds (`||` in SQLite and PostgreSQL), so that beside another arithmetic
   * operator it is put in parentheses.
   */
  readonly isolated: boolean;
  readonly result: ResultRule;
  /** What tells it from others in the shape of a statement. */
  readonly cacheKey: number | string;
  /** What a custom one gives for two values in memory; null where only the database can say. */
  readonly jsImpl: ((left: never, right: never) => unknown) | null;
}

const table = new Map<string, Operator>();

function row(
  name: string,
  sql: string,
  precedence: number,
  result: ResultRule,
  more: Partial<Pick<Operator, "negation" | "associative" | "isolated">> = {},
): Operator {
  const operator: Operator = {
    name,
    sql,
    precedence,
    result,
    negation: more.negation ?? null,
    associative: more.associative ?? false,
    isolated: more.isolated ?? false,
    cacheKey: nextRefId(),
    jsImpl: null,
  };
  table.set(name, operator);
  return operator;
}

/** Precedence of access to members of JSON values and arrays. */
const JSON_ACCESS = 15;
/** Precedence of what needs no parentheses anywhere. */
export const ATOM = 100;

/** The operators of the expression language, one row each. */
export const operators = {
  // boolean
  or: row("or", "OR", 2, "boolean", { associative: true }),
  and: row("and", "AND", 3, "boolean", { associative: true }),
  not: row("not", "NOT", 4, "boolean"),
  isTrue: row("isTrue", "", 5, "boolean", { negation: "isFalse" }),
  isFalse: row("isFalse", "", 5, "boolean", { negation: "isTrue" }),
  // comparison
  eq: row("eq", "=", 5, "boolean", { negation: "ne" }),
  ne: row("ne", "!=", 5, "boolean", { negation: "eq" }),
  lt: row("lt", "<", 5, "boolean", { negation: "ge" }),
  le: row("le", "<=", 5, "boolean", { negation: "gt" }),
  gt: row("gt", ">", 5, "boolean", { negation: "le" }),
  ge: row("ge", ">=", 5, "boolean", { negation: "lt" }),
  is: row("is", "IS", 5, "boolean", { negation: "isNot" }),
  isNot: row("isNot", "IS NOT", 5, "boolean", { negation: "is" }),
  isDistinctFrom: row("isDistinctFrom", "IS DISTINCT FROM", 5, "boolean", { negation: "isNotDistinctFrom" }),
  isNotDistinctFrom: row("isNotDistinctFrom", "IS NOT DISTINCT FROM", 5, "boolean", { negation: "isDistinctFrom" }),
  in: row("in", "IN", 5, "boolean", { negation: "notIn" }),
  notIn: row("notIn", "NOT IN", 5, "boolean", { negation: "in" }),
  between: row("between", "BETWEEN", 5, "boolean", { negation: "notBetween" }),
  notBetween: row("notBetween", "NOT BETWEEN", 5, "boolean", { negation: "between" }),
  like: row("like", "LIKE", 5, "boolean", { negation: "notLike" }),
  notLike: row("notLike", "NOT LIKE", 5, "boolean", { negation: "like" }),
  ilike: row("ilike", "ILIKE", 5, "boolean", { negation: "notIlike" }),
  notIlike: row("notIlike", "NOT ILIKE", 5, "boolean", { negation: "ilike" }),
  regexpMatch: row("regexpMatch", "REGEXP", 5, "boolean", { negation: "notRegexpMatch", isolated: true }),
  notRegexpMatch: row("notRegexpMatch", "NOT REGEXP", 5, "boolean", { negation: "regexpMatch", isolated: true }),
  match: row("match", "MATCH", 5, "boolean", { negation: "notMatch", isolated: true }),
  notMatch: row("notMatch", "NOT MATCH", 5, "boolean", { negation: "match", isolated: true }),
  // text
  concat: row("concat", "||", 6, "string", { associative: true, isolated: true }),
  collate: row("collate", "COLLATE", 10, "left", { isolated: true }),
  // arithmetic
  add: row("add", "+", 7, "arithmetic", { associative: true }),
  sub: row("sub", "-", 7, "arithmetic"),
  mul: row("mul", "*", 8, "arithmetic", { associative: true }),
  div: row("div", "/", 8, "arithmetic"),
  floorDiv: row("floorDiv", "/", 8, "arithmetic"),
  mod: row("mod", "%", 8, "arithmetic"),
  neg: row("neg", "-", 9, "left"),
  bitwiseAnd: row("bitwiseAnd", "&", 6, "arithmetic", { associative: true, isolated: true }),
  bitwiseOr: row("bitwiseOr", "|", 6, "arithmetic", { associative: true, isolated: true }),
  bitwiseXor: row("bitwiseXor", "#", 6, "arithmetic", { isolated: true }),
  bitwiseLshift: row("bitwiseLshift", "<<", 6, "arithmetic", { isolated: true }),
  bitwiseRshift: row("bitwiseRshift", ">>", 6, "arithmetic", { isolated: true }),
  bitwiseNot: row("bitwiseNot", "~", 9, "left", { isolated: true }),
  // JSON and arrays
  jsonGet: row("jsonGet", "->", JSON_ACCESS, "unknown"),
  jsonGetText: row("jsonGetText", "->>", JSON_ACCESS, "string"),
  jsonPath: row("jsonPath", "#>", JSON_ACCESS, "unknown"),
  jsonPathText: row("jsonPathText", "#>>", JSON_ACCESS, "string"),
  getItem: row("getItem", "[]", JSON_ACCESS, "unknown"),
  slice: row("slice", "[:]", JSON_ACCESS, "left"),
  contains: row("contains", "@>", 5, "boolean", { isolated: true }),
  containedBy: row("containedBy", "<@", 5, "boolean", { isolated: true }),
  overlap: row("overlap", "&&", 5, "boolean", { isolated: true }),
  jsonPathExists: row("jsonPathExists", "@?", 5, "boolean", { isolated: true }),
  jsonPathMatch: row("jsonPathMatch", "@@", 5, "boolean", { isolated: true }),
  jsonDeletePath: row("jsonDeletePath", "#-", 6, "left", { isolated: true }),
  jsonMerge: row("jsonMerge", "||", 6, "left", { isolated: true }),
  // ranges
  strictlyLeftOf: row("strictlyLeftOf", "<<", 5, "boolean", { isolated: true }),
  strictlyRightOf: row("strictlyRightOf", ">>", 5, "boolean", { isolated: true }),
  notExtendRightOf: row("notExtendRightOf", "&<", 5, "boolean", { isolated: true }),
  notExtendLeftOf: row("notExtendLeftOf", "&>", 5, "boolean", { isolated: true }),
  adjacentTo: row("adjacentTo", "-|-", 5, "boolean", { isolated: true }),
  rangeUnion: row("rangeUnion", "+", 7, "left", { isolated: true }),
  rangeIntersection: row("rangeIntersection", "*", 8, "left", { isolated: true }),
  rangeDifference: row("rangeDifference", "-", 7, "left", { isolated: true }),
  hasKey: row("hasKey", "?", 5, "boolean", { isolated: true }),
  hasAny: row("hasAny", "?|", 5, "boolean", { isolated: true }),
  hasAll: row("hasAll", "?&", 5, "boolean", { isolated: true }),
  // modifiers
  asc: row("asc", "ASC", 1, "left"),
  desc: row("desc", "DESC", 1, "left"),
  nullsFirst: row("nullsFirst", "NULLS FIRST", 0, "left"),
  nullsLast: row("nullsLast", "NULLS LAST", 0, "left"),
  distinct: row("distinct", "DISTINCT", 1, "left"),
  any: row("any", "ANY", ATOM, "left"),
  all: row("all", "ALL", ATOM, "left"),
  exists: row("exists", "EXISTS", 50, "boolean"),
} as const;

/** The opposite of an operator, or null when it has none of its own. */
export function negated(operator: Operator): Operator | null {
  return operator.negation === null ? null : (table.get(operator.negation) ?? null);
}

/** An operator that the table does not have. */
export function customOperator(
  sql: string,
  options: {
    precedence?: number;
    result?: ResultRule;
    isComparison?: boolean;
    jsImpl?: ((left: never, right: never) => unknown) | undefined;
  } = {},
): Operator {
  const precedence = options.precedence ?? 0;
  const result = options.result ?? (options.isComparison === true ? "boolean" : "unknown");
  return {
    name: "custom",
    sql,
    precedence,
    result,
    negation: null,
    associative: false,
    isolated: true,
    cacheKey: `op${sql.length}'${sql}/${precedence}${result}`,
    jsImpl: options.jsImpl ?? null,
  };
}

/**
 * Whether an operand that is itself an expression of operator `inner` needs parentheses under operator `outer`.
 * Doubtful cases get them: databases differ, and a reader is helped.
 */
export function needsParentheses(inner: Operator, outer: Operator): boolean {
  if (inner.precedence >= ATOM) return false;
  if (inner.precedence >= 50) return outer.precedence >= 50;
  // `->` binds like any other operator on some databases, and as tightly as `||` on others
  if (inner.precedence === JSON_ACCESS) {
    return outer.precedence !== JSON_ACCESS && (outer.precedence > 5 || outer.isolated);
  }
  if (inner === outer && inner.associative) return false;
  // inside `||`, `&`, `->` and custom operators everything compound is grouped
  if (outer.isolated || outer.precedence >= JSON_ACCESS) return true;
  if (inner.isolated && outer.precedence > 5) return true;
  return inner.precedence <= outer.precedence;
}
