/** `hstore`: texts by key, with the operators and functions that the extension has for them. */
import { ColumnElement } from "../../sql/element.js";
import { cast } from "../../sql/elements/special.js";
import { defineOperators } from "../../sql/elements/type-operators.js";
import { ArgumentError } from "../../sql/errors.js";
import { registerFunction } from "../../sql/function-types.js";
import { func } from "../../sql/functions.js";
import { booleanType, textType } from "../../sql/types/base.js";
import { describeValue } from "../../sql/types/describe-value.js";
import { arrayOf } from "../../sql/types/structured.js";
import { checkText } from "../../sql/types/text-check.js";
import type { SQLType } from "../../sql/types/type.js";
import type { ArrayExpr, BoolExpr, Expr, ExprOf, JsonExpr, Operand, StrExpr, WithOperators } from "../../sql/typing.js";
import { PostgresTextType } from "./text-type.js";

type Texts = Readonly<Record<string, string | null>>;
type Keys = Operand<readonly string[]>;

interface HstoreOperators {
  /** The text of a key. */
  get(key: Operand<string>): StrExpr<string | null>;
  hasKey(key: Operand<string>): BoolExpr<boolean>;
  hasAll(keys: Keys): BoolExpr<boolean>;
  hasAny(keys: Keys): BoolExpr<boolean>;
  /** Whether all pairs of another are in this one. */
  contains(other: Operand<Texts>): BoolExpr<boolean>;
  containedBy(other: Operand<Texts>): BoolExpr<boolean>;
  /** Both; of a key that both have, the other's text. */
  concat(other: Operand<Texts>): ExprOf<Hstore>;
  /** Whether a key has a text that is not NULL. */
  defined(key: Operand<string>): BoolExpr<boolean>;
  /** The rest without a key, or without pairs that another has too. */
  delete(what: Operand<string> | Operand<Texts>): ExprOf<Hstore>;
  /** The pairs of some keys. */
  slice(keys: Keys): ExprOf<Hstore>;
  keys(): ArrayExpr<string[], string>;
  vals(): ArrayExpr<(string | null)[], string | null>;
  /** Keys and texts by turns. */
  array(): ArrayExpr<(string | null)[], string | null>;
  /** Pairs of a key and its text. */
  matrix(): Expr<(string | null)[][]>;
}

/** Texts by key, as an object. */
export type Hstore = WithOperators<Texts, HstoreOperators, Exclude<keyof JsonExpr<Texts>, keyof Expr<Texts>>>;

class HstoreType extends PostgresTextType<Hstore> {
  constructor() {
    super("hstore", writeHstore, readHstore);
  }
}

export const hstoreType: PostgresTextType<Hstore> = new HstoreType();
const texts = arrayOf(textType);

// What stands beside an hstore is of a type that the server does not guess.
const typed =
  (type: unknown) =>
  (value: unknown): never =>
    (value instanceof ColumnElement ? value : cast(value as never, type as SQLType)) as never;
const text = typed(textType);
const keyList = typed(texts);
const pairs = typed(hstoreType);
const returning = (type: unknown): { readonly returnType: SQLType } => ({ returnType: type as SQLType });
const call = (name: string, type: unknown, ...args: readonly unknown[]): never =>
  (func as never as Record<string, (...args: readonly unknown[]) => { typeCoerce(type: unknown): never }>)
    [name]?.(...args)
    .typeCoerce(type) as never;

defineOperators(HstoreType, {
  get: (self, key) => self.op("->", returning(textType))(text(key)) as never,
  hasKey: (self, key) => self.op("?", returning(booleanType))(text(key)) as never,
  hasAll: (self, keys) => self.op("?&", returning(booleanType))(keyList(keys)) as never,
  hasAny: (self, keys) => self.op("?|", returning(booleanType))(keyList(keys)) as never,
  contains: (self, other) => self.op("@>", returning(booleanType))(pairs(other)) as never,
  containedBy: (self, other) => self.op("<@", returning(booleanType))(pairs(other)) as never,
  concat: (self, other) => self.op("||", returning(hstoreType))(pairs(other)) as never,
  defined: (self, key) => call("defined", booleanType, self, text(key)),
  delete: (self, what) => call("delete", hstoreType, self, typeof what === "string" ? text(what) : pairs(what)),
  slice: (self, keys) => call("slice", hstoreType, self, keyList(keys)),
  keys: (self) => call("akeys", texts, self),
  vals: (self) => call("avals", texts, self),
  array: (self) => call("hstore_to_array", texts, self),
  matrix: (self) => call("hstore_to_matrix", arrayOf(textType, 2), self),
});
registerFunction("hstore", hstoreType as SQLType);

function writeHstore(value: unknown): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ArgumentError(`${describeValue(value)} is no object of texts, which an hstore is.`);
  }
  const quoted = (part: string): string => `"${checkText(part).replace(/["\\]/g, "\\$&")}"`;
  // in one order, so that two texts are the same where the values are
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, each]) => {
      if (each !== null && typeof each !== "string") {
        throw new ArgumentError(
          `hstore: the value of ${JSON.stringify(key)} is ${describeValue(each)}, not a text or null.`,
        );
      }
      return `${quoted(key)}=>${each === null ? "NULL" : quoted(each)}`;
    })
    .join(",");
}

const HSTORE_PAIR = /"((?:[^"\\]|\\.)*)"=>(?:"((?:[^"\\]|\\.)*)"|NULL)(?:, )?/gsy;

function readHstore(source: string): Hstore {
  const found: [string, string | null][] = [];
  const plain = (part: string): string => part.replace(/\\(.)/gs, "$1");
  HSTORE_PAIR.lastIndex = 0;
  while (HSTORE_PAIR.lastIndex < source.length) {
    const pair = HSTORE_PAIR.exec(source);
    if (pair === null) throw new ArgumentError(`${JSON.stringify(source)} is no hstore of PostgreSQL.`);
    found.push([plain(pair[1] as string), pair[2] === undefined ? null : plain(pair[2])]);
  }
  return Object.fromEntries(found);
}
