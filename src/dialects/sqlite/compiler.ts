/** Statements in SQLite's words: what stands beside decimals and JSON, which have compilers of their own below this one. */
import { unwrap } from "../../sql/compiler/expressions.js";
import { fromsOf } from "../../sql/compiler/froms.js";
import type { DMLStatement } from "../../sql/dml/dml.js";
import type { Insert, OnConflict } from "../../sql/dml/insert.js";
import type { ColumnElement } from "../../sql/element.js";
import type { BindParameter } from "../../sql/elements/bind.js";
import { type BinaryExpression, TupleElement } from "../../sql/elements/expression.js";
import type { FunctionElement } from "../../sql/elements/function-element.js";
import type { Extract } from "../../sql/elements/special.js";
import { ArgumentError, CompileError } from "../../sql/errors.js";
import type { Node } from "../../sql/node.js";
import type { Operator } from "../../sql/operators.js";
import type { AliasedColumn } from "../../sql/selectable/alias.js";
import type { Select } from "../../sql/selectable/select.js";
import { type ColumnValued, TableValued } from "../../sql/selectable/table-valued.js";
import { stringType } from "../../sql/types/base.js";
import type { TypeFamily } from "../../sql/types/type.js";
import { SqliteJsonCompiler } from "./json-compiler.js";

/** The present moment as the datetime type stores it, so that a default equals what is bound later. */
export const NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')";

/** Parts of a date or a time, of the text that `%s` stands for. */
const PARTS: Readonly<Record<string, (at: (format: string) => string) => string>> = {
  year: (at) => at("%Y"),
  isoyear: (at) => at("%G"),
  quarter: (at) => `(${at("%m")} + 2) / 3`,
  month: (at) => at("%m"),
  week: (at) => at("%V"),
  day: (at) => at("%d"),
  doy: (at) => at("%j"),
  dow: (at) => at("%w"),
  isodow: (at) => at("%u"),
  hour: (at) => at("%H"),
  minute: (at) => at("%M"),
  second: (at) => at("%f"),
  millisecond: (at) => `${at("%f")} * 1000.0`,
  milliseconds: (at) => `${at("%f")} * 1000.0`,
  microseconds: (at) => `${at("%f")} * 1000000`,
  decade: (at) => `${at("%Y")} / 10`,
  century: (at) => `(${at("%Y")} + 99) / 100`,
  millennium: (at) => `(${at("%Y")} + 999) / 1000`,
  epoch: (at) => `${at("%s")} + (${at("%f")} - ${at("%S")})`,
  julian: (at) => at("%J"),
};

/** Operators without a counterpart. */
const NO_OPERATOR: ReadonlySet<string> = new Set([
  "contains",
  "containedBy",
  "overlap",
  "jsonPathExists",
  "jsonPathMatch",
  "jsonMerge",
  "strictlyLeftOf",
  "strictlyRightOf",
  "notExtendRightOf",
  "notExtendLeftOf",
  "adjacentTo",
  "rangeUnion",
  "rangeIntersection",
  "rangeDifference",
]);

const isTime = (family: TypeFamily): boolean => family === "date" || family === "datetime" || family === "time";

function isSeries(from: TableValued): boolean {
  return (from.element as { name?: string }).name === "generate_series";
}

export class SqliteCompiler extends SqliteJsonCompiler {
  #insert: Insert | null = null;

  // --- queries -----------------------------------------------------------------------------------------------------

  protected override noLimit(): string {
    return " LIMIT -1";
  }

  /** A list of any length is one parameter, a JSON array, so that one statement serves all lists. */
  protected override listMembership(left: string, negative: boolean, bind: BindParameter): string {
    if (!this.dialect.listsAsOne(bind.type)) return super.listMembership(left, negative, bind);
    const item = this.dialect.typeImpl(bind.type).bindProcessor(this.dialect) as ((value: unknown) => unknown) | null;
    const list = this.placeholder(bind, null, ((values: unknown) => jsonList(values, item)) as (
      value: never,
    ) => unknown);
    return `${left} ${negative ? "NOT IN" : "IN"} (SELECT value FROM json_each(${list}))`;
  }

  protected override binary_in(node: BinaryExpression): string {
    return this.#tuples(node, "IN") ?? super.binary_in(node);
  }

  protected override binary_notIn(node: BinaryExpression): string {
    return this.#tuples(node, "NOT IN") ?? super.binary_notIn(node);
  }

  // (a, b) IN ((1, 2), (3, 4)) needs VALUES here.
  #tuples(node: BinaryExpression, keyword: string): string | null {
    const { right } = node;
    if (!(right instanceof TupleElement) || right.elements.length === 0) return null;
    if (!right.elements.every((each) => unwrap(each) instanceof TupleElement)) return null;
    return `${this.operand(node.left, node.operator)} ${keyword} (VALUES ${this.processList(right.elements)})`;
  }

  // --- operators ---------------------------------------------------------------------------------------------------

  protected binary_bitwiseXor(node: BinaryExpression): string {
    const left = this.operand(node.left, node.operator);
    const right = this.operand(node.right, node.operator);
    return `((${left} | ${right}) - (${left} & ${right}))`;
  }

  protected override matches(text: string, form: string): string {
    return `${text} REGEXP '${form}'`;
  }

  protected binary_add(node: BinaryExpression): string {
    return this.#timeArithmetic(node, "plus", 1) ?? this.infix(node, "+");
  }

  protected binary_sub(node: BinaryExpression): string {
    return this.#timeArithmetic(node, "minus", -1) ?? this.infix(node, "-");
  }

  // Dates, times and intervals are text, which the operators would take for the number at its start.
  #timeArithmetic(node: BinaryExpression, what: "plus" | "minus", sign: 1 | -1): string | null {
    let { left, right } = node as unknown as { left: ColumnElement; right: ColumnElement };
    if (sign === 1 && isTime(right.type.family) && !isTime(left.type.family)) [left, right] = [right, left];
    const a = left.type.family;
    const b = right.type.family;
    if (!isTime(a) && !isTime(b) && a !== "interval" && b !== "interval") return null;
    const call = (name: string): string =>
      `${name}(${this.process(left)}, ${this.process(right)}${name.endsWith("_minus") ? "" : `, ${sign}`})`;
    if (a === "interval" && b === "interval") return call("interval_plus");
    if (isTime(a) && b === "interval") return call(a === "time" ? "time_plus" : "timestamp_plus");
    if (a === "date" && b === "integer")
      return `date(${this.process(left)}, ${sign === 1 ? "" : "-"}(${this.process(right)}) || ' days')`;
    if (what === "minus" && a === "date" && b === "date")
      return `CAST(julianday(${this.process(left)}) - julianday(${this.process(right)}) AS INTEGER)`;
    if (what === "minus" && isTime(a) && isTime(b)) return call(a === "time" ? "time_minus" : "timestamp_minus");
    return this.refuse(`operator ${node.operator.sql} between ${a} and ${b}`);
  }

  protected binary_regexpMatch(node: BinaryExpression): string {
    return this.#regexp(node, "REGEXP", "");
  }

  protected binary_notRegexpMatch(node: BinaryExpression): string {
    return this.#regexp(node, "NOT REGEXP", "NOT ");
  }

  #regexp(node: BinaryExpression, keyword: string, not: string): string {
    if (node.modifier === null) return this.infix(node, keyword);
    const flags = this.literal(node.modifier, stringType);
    return `${not}regexp_like(${this.process(node.left)}, ${this.process(node.right)}, ${flags})`;
  }

  // Operators of arrays, ranges and documents that SQLite has nothing for.
  protected override operatorText(operator: Operator): string {
    if (NO_OPERATOR.has(operator.name)) return this.refuse(`operator ${operator.sql} (${operator.name})`);
    return super.operatorText(operator);
  }

  protected override binary_getItem(_node: BinaryExpression): string {
    return this.refuse("array indexes", "Keep the values in a JSON column.");
  }

  protected override binary_slice(_node: BinaryExpression): string {
    return this.refuse("array slices", "Keep the values in a JSON column.");
  }

  protected binary_concat(node: BinaryExpression): string {
    if (node.type.family === "array") return this.refuse("operator || of arrays");
    return this.infix(node, "||");
  }

  protected binary_match(node: BinaryExpression): string {
    if (node.modifier !== null) return this.refuse("configuration of a text search", "It is fixed by the FTS table.");
    return this.infix(node, "MATCH");
  }

  // --- functions ---------------------------------------------------------------------------------------------------

  protected override function_now(): string {
    return NOW;
  }

  protected override function_localtime(): string {
    return "time('now', 'localtime')";
  }

  protected override sessionFunction(node: FunctionElement): string {
    return this.refuse(`${node.name}()`, "It has no users.");
  }

  protected override function_localtimestamp(): string {
    return "strftime('%Y-%m-%d %H:%M:%f', 'now', 'localtime')";
  }

  protected function_char_length(node: FunctionElement): string {
    return `length(${this.processList(node.args)})`;
  }

  protected function_unnest(): string {
    return this.refuse("unnest()", "Use func.jsonEach() of a JSON array.");
  }

  protected function_array_agg(): string {
    return this.refuse("array_agg()", "Use func.jsonGroupArray().");
  }

  protected function_bool_and(node: FunctionElement): string {
    return `min(${this.processList(node.args)})`;
  }

  protected function_bool_or(node: FunctionElement): string {
    return `max(${this.processList(node.args)})`;
  }

  // Names that other databases have for what SQLite calls otherwise.

  protected function_strpos(node: FunctionElement): string {
    return `instr(${this.processList(node.args)})`;
  }

  // A function in FROM has the columns that its definition says: their names cannot be given.
  override visitTableValued(from: TableValued): string {
    if (from.ordinality) return this.refuse("WITH ORDINALITY", "Number the rows with row_number().");
    if (from.typed) return this.refuse("types of columns in an alias");
    if (from.derived && !isSeries(from)) return this.refuse("names of columns in an alias", "Use their own names.");
    return super.visitTableValued(from);
  }

  protected override namesColumns(): boolean {
    return false;
  }

  override visitAliasedColumn(column: AliasedColumn): string {
    const { table } = column;
    if (table instanceof TableValued && isSeries(table)) return `${this.fromName(table)}.value`;
    return super.visitAliasedColumn(column);
  }

  override visitColumnValued(node: ColumnValued): string {
    return `${super.visitColumnValued(node)}.value`;
  }

  override visitExtract(node: Extract): string {
    const part = PARTS[node.field];
    if (part === undefined)
      return this.refuse(`part ${node.field} of a time`, `It has ${Object.keys(PARTS).join(", ")}.`);
    const element = this.process(node.element);
    const at = (format: string): string =>
      `CAST(strftime('${format}', ${element}) AS ${/^%[fJ]$/.test(format) ? "REAL" : "INTEGER"})`;
    return `(${part(at)})`;
  }

  // --- INSERT ------------------------------------------------------------------------------------------------------

  override visitInsert(insert: Insert): string {
    const before = this.#insert;
    this.#insert = insert;
    const text = super.visitInsert(insert);
    this.#insert = before;
    return text;
  }

  protected override returningText(statement: DMLStatement, top: boolean, plain: boolean): string {
    const froms = new Set<Node>();
    for (const { element } of statement.selectedColumns) fromsOf(element, froms as Set<never>);
    froms.delete(statement.target);
    if (froms.size > 0) this.refuse("RETURNING of another table's columns", "Select them afterwards.");
    return super.returningText(statement, top, plain);
  }

  // After FROM t, the parser would take ON for that of a join; a WHERE in between says otherwise.
  protected override conflictText(conflict: OnConflict): string {
    if (conflict.constraint !== null) {
      throw new CompileError(
        `sqlite has no ON CONFLICT ON CONSTRAINT (${conflict.constraint}). Name the constraint's columns with indexElements.`,
      );
    }
    const source = this.#insert?.source as Partial<Select> | null | undefined;
    const open =
      source?.whereCriteria?.length === 0 &&
      source.groupByClauses?.length === 0 &&
      source.orderByClauses?.length === 0 &&
      source.limitClause === null &&
      source.offsetClause === null;
    return (open ? " WHERE true" : "") + super.conflictText(conflict);
  }
}

/** The values of a list as JSON text; integers in full, however large. */
function jsonList(values: unknown, item: ((value: unknown) => unknown) | null): string {
  if (!Array.isArray(values)) throw new ArgumentError("the value of an IN list is an array.");
  let text = "[";
  for (let i = 0; i < values.length; i++) {
    const value: unknown = values[i];
    if (i > 0) text += ",";
    if (value === null) text += "null";
    else {
      const bound = item === null ? value : item(value);
      text += typeof bound === "bigint" ? String(bound) : JSON.stringify(bound);
    }
  }
  return `${text}]`;
}
