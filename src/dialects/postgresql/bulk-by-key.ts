/**
 * UPDATE and DELETE of many rows as one statement. Two rows with one key would be one row here, where two statements would change it twice: only a
 * caller that has no such rows may use it.
 */

import type { Compiled } from "../../sql/compiled.js";
import { unquoted } from "../../sql/identifiers.js";
import { quoteLiteral } from "../../sql/types/base.js";
import type { SQLType } from "../../sql/types/type.js";
import { BulkRows, enumNames } from "./bulk-rows.js";

/** The name of what is sent, among the tables of the statement. */
const SENT = "_sent";

const NAME = '(?:[a-z_][a-z0-9_]*|"(?:[^"]|"")+")';
const PATH = `${NAME}(?:\\.${NAME}){0,2}`;
const EQUAL = `${PATH} = \\$\\d+`;
/** SET and WHERE of bare parameters. */
const UPDATE = new RegExp(`^(UPDATE (${PATH}) SET ${EQUAL}(?:, ${EQUAL})*)( WHERE ${EQUAL}(?: AND ${EQUAL})*)$`);
const DELETE = new RegExp(`^(DELETE FROM (${PATH}))( WHERE ${EQUAL}(?: AND ${EQUAL})*)$`);

/** One of the columns that are set. */
const SET = new RegExp(`(${NAME}) = \\$\\d+`, "g");

/** The bulk form of a compiled UPDATE or DELETE by key; null for one that has none. */
export function bulkByKeyOf(compiled: Compiled, enumName: (type: SQLType) => string | null): BulkRows | null {
  const { kind, text, params } = compiled;
  if (kind !== "update" && kind !== "delete") return null;
  const form = (kind === "update" ? UPDATE : DELETE).exec(text);
  if (form === null || text.includes(SENT)) return null;
  const [, head, table, where] = form;
  const numbers = [...placeholders(text)];
  if (numbers.length !== params.length || numbers.some((number, i) => number !== i)) return null;
  const from = kind === "update" ? "FROM" : "USING";
  return new BulkRows({
    count: params.length,
    enums: enumNames(compiled, enumName),
    sortBy: -1,
    keyed: true,
    doubt: doubtOf(table, kind, [...columnsSet(head)]),
    write: (unnested, names) => {
      const filled = (part: string): string =>
        part.replace(PARTS, (found, n) => (n ? `${SENT}.${names[n - 1]}` : found));
      return `${filled(head)} ${from} ${unnested} AS ${SENT}(${names.join(", ")})${filled(where)}`;
    },
  });
}

/**
 * What tells statements of one row from one of many rows: triggers before a row is written may write others of the same statement, which the server
 * refuses; and unique values that move from one row to the next are free or taken by the order in which rows are written.
 */
function doubtOf(table: string, kind: "update" | "delete", set: readonly string[]): string {
  const relation = `${quoteLiteral(table)}::regclass`;
  const [beforeRow, event] = [3, kind === "update" ? 16 : 8];
  const triggers =
    `SELECT 1 FROM pg_trigger WHERE tgrelid = ${relation} AND NOT tgisinternal ` +
    `AND tgtype & ${beforeRow} = ${beforeRow} AND tgtype & ${event} <> 0`;
  if (kind === "delete") return triggers;
  return (
    `${triggers} UNION ALL SELECT 1 FROM pg_index WHERE indrelid = ${relation} AND (indisunique OR indisexclusion) ` +
    "AND (indexprs IS NOT NULL OR indpred IS NOT NULL OR EXISTS (SELECT 1 FROM pg_attribute " +
    `WHERE attrelid = ${relation} AND attnum = ANY (indkey) AND attname IN (${set.map(quoteLiteral).join(", ")})))`
  );
}

/** The columns that are set. */
function* columnsSet(head: string): Generator<string> {
  for (const [, name] of head.matchAll(SET)) yield unquoted(name);
}

/** A quoted name, which may look like anything, or a placeholder. */
const PARTS = /"(?:[^"]|"")+"|\$(\d+)/g;

/** The numbers of a text's placeholders, from 0. */
function* placeholders(text: string): Generator<number> {
  for (const [, number] of text.matchAll(PARTS)) if (number !== undefined) yield Number(number) - 1;
}
