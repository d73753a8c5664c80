/** Statements in SQLite's words. */
import { SQLCompiler } from "../../sql/compiler/dml.js";
import { unwrap } from "../../sql/compiler/expressions.js";
import { fromsOf } from "../../sql/compiler/froms.js";
import type { NestedCell } from "../../sql/compiler/select.js";
import type { DMLStatement } from "../../sql/dml/dml.js";
import type { Insert, OnConflict } from "../../sql/dml/insert.js";
import { ColumnElement } from "../../sql/element.js";
import { BindParameter } from "../../sql/elements/bind.js";
import { Between, BinaryExpression, Cast, TupleElement, UnaryExpression } from "../../sql/elements/expression.js";
import type { FunctionElement } from "../../sql/elements/function-element.js";
import type { Extract } from "../../sql/elements/special.js";
import { type AggregateOrderBy, WindowSpec } from "../../sql/elements/window.js";
import { ArgumentError, CompileError } from "../../sql/errors.js";
import type { Node } from "../../sql/node.js";
import { type Operator, operators } from "../../sql/operators.js";
import type { AliasedColumn } from "../../sql/selectable/alias.js";
import type { CompoundSelect } from "../../sql/selectable/compound.js";
import type { Select } from "../../sql/selectable/select.js";
import { type ColumnValued, TableValued } from "../../sql/selectable/table-valued.js";
import { numericType, quoteLiteral, stringType } from "../../sql/types/base.js";
import { checkText } from "../../sql/types/text-check.js";
import type { SQLType, TypeFamily } from "../../sql/types/type.js";
import { textNumber } from "./types.js";

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

/** What functions are called here, by the names that PostgreSQL has for them. */
const RENAMED: Readonly<Record<string, string>> = {
  json_agg: "json_group_array",
  jsonb_agg: "json_group_array",
  json_object_agg: "json_group_object",
  jsonb_object_agg: "json_group_object",
  json_build_object: "json_object",
  jsonb_build_object: "json_object",
  json_build_array: "json_array",
  jsonb_build_array: "json_array",
  jsonb_array_length: "json_array_length",
  jsonb_each: "json_each",
  json_array_elements: "json_each",
  jsonb_array_elements: "json_each",
  json_typeof: "json_type",
  jsonb_typeof: "json_type",
};

/** The path to one member of a JSON value; of a list of keys, through all of them. */
function jsonPath(keys: unknown): string {
  let path = "$";
  for (const key of Array.isArray(keys) ? (keys as unknown[]) : [keys]) {
    if (typeof key === "number") path += key < 0 ? `[#${key}]` : `[${key}]`;
    else path += `.${JSON.stringify(checkText(String(key)))}`;
  }
  return path;
}

/** Functions that make JSON of their arguments. */
const MAKES_JSON = /^json_(object|array|group_array|group_object)$/;

/** Operators that would take the text of an interval for a number. */
const OF_NUMBERS: ReadonlySet<string> = new Set(["mul", "div", "mod", "lt", "le", "gt", "ge"]);

/** Operators that compare. */
const COMPARES: ReadonlySet<string> = new Set(["eq", "ne", "lt", "le", "gt", "ge"]);

const isDecimal = (node: Node): boolean =>
  node instanceof ColumnElement && (node.type.family === "numeric" || node.type.family === "float");

/** What an element of ORDER BY sorts by, whichever way. */
function sorted(node: Node): Node {
  let key = node;
  while (key instanceof UnaryExpression && SORTS.has(key.operator.name)) key = key.element;
  return key;
}

const SORTS: ReadonlySet<string> = new Set(["asc", "desc", "nullsFirst", "nullsLast"]);

const isTime = (family: TypeFamily): boolean => family === "date" || family === "datetime" || family === "time";

function isSeries(from: TableValued): boolean {
  return (from.element as { name?: string }).name === "generate_series";
}

const jsonObject = (cells: readonly NestedCell[]): string =>
  `json_object(${cells.map(({ key, sql }) => `${quoteLiteral(key)}, ${sql}`).join(", ")})`;

export class SqliteCompiler extends SQLCompiler {
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

  // The text of an interval neither multiplies nor sorts; that of a decimal sorts as the number that it is.
  protected override infix(node: BinaryExpression, operator: string): string {
    const isInterval = ({ type }: { readonly type: SQLType }): boolean => type.family === "interval";
    if (OF_NUMBERS.has(node.operator.name) && (isInterval(node.left) || isInterval(node.right as ColumnElement)))
      return this.refuse(`operator ${operator} of intervals`, "Keep the length of time as a number.");
    const left = node.left;
    const right = node.right as ColumnElement;
    if (left instanceof TupleElement && OF_NUMBERS.has(node.operator.name)) {
      const sides = [this.#numbersOf(left), this.#numbersOf(right)] as const;
      return super.infix(new BinaryExpression(sides[0], node.operator, sides[1], node.type, node.modifier), operator);
    }
    const texts = COMPARES.has(node.operator.name) ? Number(this.#isText(left)) + Number(this.#isText(right)) : 0;
    // of two texts, equal ones are the same
    if (texts === 0 || (texts === 2 && !OF_NUMBERS.has(node.operator.name))) return super.infix(node, operator);
    const numbers = [this.#asNumber(left), this.#asNumber(right)] as const;
    return super.infix(new BinaryExpression(numbers[0], node.operator, numbers[1], node.type, node.modifier), operator);
  }

  override visitBetween(node: Between): string {
    const { element, low, high, negative, symmetric } = node;
    if (![element, low, high].some((each) => this.#isText(each))) return super.visitBetween(node);
    const [value, least, most] = [this.#asNumber(element), this.#asNumber(low), this.#asNumber(high)] as const;
    return super.visitBetween(new Between(value, least, most, negative, symmetric));
  }

  /** Whether an expression is a decimal that is kept as text. */
  #isText(node: Node): boolean {
    return (
      node instanceof ColumnElement && node.type.family === "numeric" && textNumber(node.type, this.dialect) !== null
    );
  }

  #numberList(nodes: readonly Node[]): string {
    return this.processList(nodes.map((each) => this.#asNumber(each)));
  }

  #numbersOf(side: ColumnElement): ColumnElement {
    return side instanceof TupleElement ? new TupleElement(side.elements.map((each) => this.#asNumber(each))) : side;
  }

  /** A decimal that is text as the number that sorts in its place. */
  #asNumber<N extends Node>(node: N): N {
    return this.#isText(node) ? (new Cast(node as unknown as ColumnElement, numericType, false) as unknown as N) : node;
  }

  protected override orderOperand(node: Node): string {
    const text = super.orderOperand(node);
    return sorted(node) === node && this.#isText(node) ? `CAST(${text} AS NUMERIC)` : text;
  }

  override visitWindowSpec(node: WindowSpec): string {
    if (!node.orderBy.some((each) => this.#isText(each))) return super.visitWindowSpec(node);
    const { base, partitionBy, orderBy, frame } = node;
    return super.visitWindowSpec(
      new WindowSpec(
        base,
        partitionBy,
        orderBy.map((each) => (sorted(each) === each ? this.#asNumber(each) : each)),
        frame,
      ),
    );
  }

  // what several queries give is sorted by its columns, and by nothing that is made of them
  override visitCompoundSelect(compound: CompoundSelect): string {
    for (const clause of compound.orderByClauses) {
      const key = sorted(clause);
      if (this.#isText(key))
        return this.refuse(
          `ORDER BY of ${(key as ColumnElement).type} over several queries`,
          "It keeps such numbers as text. Order a select() from their subquery().",
        );
    }
    return super.visitCompoundSelect(compound);
  }

  // A whole decimal is an integer here, and integers are divided as such.
  protected override binary_div(node: BinaryExpression): string {
    if (!isDecimal(node.left) && !isDecimal(node.right)) return super.binary_div(node);
    return `${this.operand(node.left, operators.div)} / CAST(${this.process(node.right)} AS REAL)`;
  }

  // % cuts both to whole numbers.
  protected binary_mod(node: BinaryExpression): string {
    if (!isDecimal(node.left) && !isDecimal(node.right)) return this.infix(node, "%");
    return `mod(${this.process(node.left)}, ${this.process(node.right)})`;
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

  // --- JSON --------------------------------------------------------------------------------------------------------

  protected binary_jsonGet(node: BinaryExpression): string {
    return `${this.operand(node.left, node.operator)} -> ${this.#jsonPath(node.right)}`;
  }

  // ->> gives the value, not its text: truth comes as a number.
  protected binary_jsonGetText(node: BinaryExpression): string {
    const type = `json_type(${this.process(node.left)}, ${this.#jsonPath(node.right)})`;
    return `CASE ${type} WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(${this.#jsonValue(node)} AS TEXT) END`;
  }

  #jsonValue(node: BinaryExpression): string {
    return `${this.operand(node.left, node.operator)} ->> ${this.#jsonPath(node.right)}`;
  }

  protected override nestedRows(rows: string, cells: readonly NestedCell[]): string {
    return `SELECT json_group_array(${jsonObject(cells)}) FROM ${rows}`;
  }

  protected override nestedRow(rows: string, cells: readonly NestedCell[]): string {
    return `SELECT ${jsonObject(cells)} FROM ${rows}`;
  }

  override visitCast(node: Cast): string {
    const { element } = node;
    if (node.attempt || !(element instanceof BinaryExpression) || element.operator !== operators.jsonGetText)
      return super.visitCast(node);
    return `CAST(${this.#jsonValue(element)} AS ${this.typeName(node.type)})`;
  }

  protected binary_hasKey(node: BinaryExpression): string {
    return `json_type(${this.process(node.left)}, ${this.#jsonPath(node.right)}) IS NOT NULL`;
  }

  protected binary_hasAny(node: BinaryExpression): string {
    return `EXISTS (SELECT 1 FROM json_each(${this.process(node.left)}) WHERE key IN ${this.#keyList(node.right)})`;
  }

  protected binary_hasAll(node: BinaryExpression): string {
    const keys = `(SELECT key FROM json_each(${this.process(node.left)}))`;
    return `NOT EXISTS (SELECT 1 FROM ${this.#keyList(node.right)} WHERE value NOT IN ${keys})`;
  }

  protected binary_jsonDeletePath(node: BinaryExpression): string {
    return `json_remove(${this.process(node.left)}, ${this.#jsonPath(node.right)})`;
  }

  // A bare key would be read as a path where it starts with $ or [, so that it is made one that says what it means.
  #jsonPath(key: Node): string {
    const bind = unwrap(key);
    if (!(bind instanceof BindParameter)) return `'$.' || json_quote(${this.process(key)})`;
    if (this.options.literalBinds === true) return this.literal(jsonPath(bind.value), stringType);
    return this.placeholder(bind, null, jsonPath as (value: never) => unknown);
  }

  #keyList(keys: Node): string {
    const bind = unwrap(keys);
    if (!(bind instanceof BindParameter)) return `(SELECT value FROM json_each(${this.process(keys)}))`;
    const list =
      this.options.literalBinds === true
        ? this.literal(JSON.stringify(bind.value), stringType)
        : this.placeholder(bind, null, JSON.stringify as (value: never) => unknown);
    return `(SELECT value FROM json_each(${list}))`;
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

  // With several arguments, max and min are not aggregates; of one they would be.
  protected function_greatest(node: FunctionElement): string {
    return node.args.length === 1 ? this.process(node.args[0]) : `max(${this.#numberList(node.args)})`;
  }

  protected function_least(node: FunctionElement): string {
    return node.args.length === 1 ? this.process(node.args[0]) : `min(${this.#numberList(node.args)})`;
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

  protected override functionCall(node: FunctionElement): string {
    const name = RENAMED[node.name] ?? node.name;
    if (name === "max" || name === "min") return `${name}(${this.#numberList(node.args)})`;
    if (!MAKES_JSON.test(name)) return super.functionCall(node);
    return `${name}(${node.args.map((each) => this.#jsonMember(each)).join(", ")})`;
  }

  // Truth is a number and a document is text, unless JSON's functions are told.
  #jsonMember(node: Node): string {
    if (node.visitName === "AggregateOrderBy") {
      const { element, orderBy } = node as AggregateOrderBy;
      return `${this.#jsonMember(element)} ORDER BY ${this.processList(orderBy)}`;
    }
    const text = this.process(node);
    switch ((node as ColumnElement).type.family) {
      case "boolean":
        return `CASE ${text} WHEN 1 THEN json('true') WHEN 0 THEN json('false') END`;
      case "json":
        return `json(${text})`;
      default:
        return text;
    }
  }

  protected override functionName(name: string): string {
    return super.functionName(RENAMED[name] ?? name);
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
