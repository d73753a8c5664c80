/** Statements in PostgreSQL's words. */
import { unwrap } from "../../sql/compiler/expressions.js";
import type { NestedCell } from "../../sql/compiler/select.js";
import type { ColumnElement } from "../../sql/element.js";
import type { ArrayConstructor } from "../../sql/elements/array.js";
import { BindParameter } from "../../sql/elements/bind.js";
import type { DMLColumn } from "../../sql/elements/dml-column.js";
import type { BinaryExpression, Cast, UnaryExpression } from "../../sql/elements/expression.js";
import type { FunctionElement } from "../../sql/elements/function-element.js";
import type { Extract } from "../../sql/elements/special.js";
import { ArgumentError } from "../../sql/errors.js";
import type { Node } from "../../sql/node.js";
import type { Column } from "../../sql/schema/column.js";
import type { Table } from "../../sql/schema/table.js";
import type { FromClause } from "../../sql/selectable/from-clause.js";
import type { Select } from "../../sql/selectable/select.js";
import type { FetchArg } from "../../sql/selectable/select-parts.js";
import type { ScalarTableValued, TableValued, TableValuedColumn } from "../../sql/selectable/table-valued.js";
import { stringType } from "../../sql/types/base.js";
import { NamedType } from "../../sql/types/extensible.js";
import { JsonType } from "../../sql/types/structured.js";
import { arrayText } from "./array-text.js";
import { bindsOf, ParameterCompiler } from "./parameters.js";

// Functions that take anything, so that a bare parameter would have no type.
const TAKES_ANYTHING =
  /^(count|min|max|greatest|least|concat|concat_ws|format|jsonb?_build_(object|array)|jsonb?_agg|jsonb?_object_agg|to_jsonb?|array_agg|num_n(on)?nulls|pg_typeof|array_(append|prepend|remove|replace|position|positions|fill)|unnest|lag|lead|first_value|last_value|nth_value|mode)$/;

// Functions in FROM whose only column has no name of its own.
const ONE_COLUMN =
  /^(unnest|generate_series|generate_subscripts|regexp_split_to_table|regexp_matches|string_to_table|jsonb?_object_keys|jsonb_path_query)$/;

/** What functions are called here, by the names that SQLite has for them. */
const RENAMED: Readonly<Record<string, string>> = {
  json_object: "json_build_object",
  json_array: "json_build_array",
  typeof: "pg_typeof",
  total: "sum",
};

/** The compiler of statements. */
export class PostgresqlCompiler extends ParameterCompiler {
  // --- queries -----------------------------------------------------------------------------------------------------

  protected override limitText(limit: Node | null, offset: Node | null, fetch: FetchArg | null): string {
    if (fetch?.percent === true) return this.refuse("FETCH FIRST ... PERCENT", "Count the rows first.");
    return super.limitText(limit, offset, fetch);
  }

  override visitSelect(select: Select): string {
    for (const { element } of select.selectedColumns) this.demand(element);
    return super.visitSelect(select);
  }

  protected override rowsText(rows: readonly (readonly Node[])[]): string {
    for (const row of rows) for (const cell of row) this.demand(cell);
    return super.rowsText(rows);
  }

  // FROM ONLY t: without the tables that inherit from it.
  protected override hintedTable(table: string, hint: string): string {
    return hint.toUpperCase() === "ONLY" ? `ONLY ${table}` : super.hintedTable(table, hint);
  }

  // The one column of such a function is named after the alias, unless the alias names it.
  protected override namesColumns(from: TableValued): boolean {
    if (from.derived || from.definitions.length === 0) return from.derived;
    return ONE_COLUMN.test(String((from.element as { name?: string }).name));
  }

  // the same parameter twice: each place would find a type of its own for it
  override visitDMLColumn(node: DMLColumn): string {
    const text = super.visitDMLColumn(node);
    const name = this.castName(node.type);
    return name === null ? text : `${text}::${name}`;
  }

  protected override nestedRows(rows: string, cells: readonly NestedCell[]): string {
    return `SELECT coalesce(json_agg(r), '[]') FROM (${this.#cells(rows, cells)}) AS r`;
  }

  protected override nestedRow(rows: string, cells: readonly NestedCell[]): string {
    return `SELECT to_json(r) FROM (${this.#cells(rows, cells)}) AS r`;
  }

  // A function takes a hundred arguments, and a row more.
  #cells(rows: string, cells: readonly NestedCell[]): string {
    return `SELECT ${cells.map(({ key, sql }) => `${sql} AS ${this.quote(key)}`).join(", ")} FROM ${rows}`;
  }

  override visitArrayConstructor(node: ArrayConstructor): string {
    for (const each of node.elements) this.demand(each);
    return super.visitArrayConstructor(node);
  }

  override visitScalarTableValued(node: ScalarTableValued): string {
    return `(${this.process(node.element)}).${this.quote(node.name)}`;
  }

  override visitTableValuedColumn(node: TableValuedColumn): string {
    return this.#plainName(node.table);
  }

  // OF names what FROM has, without a schema.
  protected override lockedName(from: FromClause<unknown>): string {
    return this.#plainName(from);
  }

  #plainName(from: FromClause<unknown>): string {
    const name = this.fromName(from) ?? "";
    const isTable = from.visitName === "Table" && name === this.tableText(from as Table);
    return isTable ? this.quote(from.name as string) : name;
  }

  // --- operators ---------------------------------------------------------------------------------------------------

  protected binary_concat(node: BinaryExpression): string {
    // beside an array, bare text would be read as one
    if (node.left.type.family === "array" || (node.right as ColumnElement).type?.family === "array") {
      this.demand(node.left);
      this.demand(node.right);
    }
    return this.infix(node, "||");
  }

  protected override tryCast(node: Cast): string {
    this.demand(node.element);
    return super.tryCast(node);
  }

  // EXTRACT gives numeric, whatever the part.
  override visitExtract(node: Extract): string {
    return `CAST(${super.visitExtract(node)} AS ${this.typeName(node.type)})`;
  }

  protected override matches(text: string, form: string): string {
    return `${text} ~ ${this.literal(form, stringType)}`;
  }

  // any() and all() of a plain list
  protected override unary_any(node: UnaryExpression): string {
    this.demand(node.element);
    return super.unary_any(node);
  }

  protected override unary_all(node: UnaryExpression): string {
    this.demand(node.element);
    return super.unary_all(node);
  }

  protected binary_rangeUnion(node: BinaryExpression): string {
    return this.#rangeOperator(node);
  }
  protected binary_rangeIntersection(node: BinaryExpression): string {
    return this.#rangeOperator(node);
  }
  protected binary_rangeDifference(node: BinaryExpression): string {
    return this.#rangeOperator(node);
  }

  #rangeOperator(node: BinaryExpression): string {
    this.demand(node.left);
    this.demand(node.right);
    return this.infix(node, node.operator.sql);
  }

  protected binary_regexpMatch(node: BinaryExpression): string {
    return this.#regexp(node, "~");
  }

  protected binary_notRegexpMatch(node: BinaryExpression): string {
    return this.#regexp(node, "!~");
  }

  #regexp(node: BinaryExpression, operator: string): string {
    const flags = node.modifier;
    if (flags === null || flags === "") return this.infix(node, operator);
    if (!/^[a-z]+$/.test(flags))
      throw new ArgumentError(`${JSON.stringify(flags)} are no flags of a regular expression.`);
    if (flags === "i") return this.infix(node, `${operator}*`);
    return `${this.operand(node.left, node.operator)} ${operator} ('(?${flags})' || ${this.operand(node.right, node.operator)})`;
  }

  protected binary_match(node: BinaryExpression): string {
    const left = this.operand(node.left, node.operator);
    const right = node.right as ColumnElement;
    const config = node.modifier === null ? "" : `${this.literal(node.modifier, stringType)}, `;
    const query = isNamed(right, "tsquery")
      ? this.operand(right, node.operator)
      : `plainto_tsquery(${config}${this.process(right)})`;
    // the same expression as an index on to_tsvector('english', x) has
    return config === "" || isNamed(node.left, "tsvector")
      ? `${left} @@ ${query}`
      : `to_tsvector(${config}${this.process(node.left)}) @@ ${query}`;
  }

  protected binary_notMatch(node: BinaryExpression): string {
    return `NOT (${this.binary_match(node)})`;
  }

  // --- JSON: what json has not is done with jsonb ------------------------------------------------------------------

  protected binary_eq(node: BinaryExpression): string {
    return this.#asJsonb(node, "=");
  }
  protected binary_ne(node: BinaryExpression): string {
    return this.#asJsonb(node, "!=");
  }
  protected binary_contains(node: BinaryExpression): string {
    // a value in a range: its type is not the range's
    if (node.left.type.isRange && !(node.right as ColumnElement).type.isRange) {
      this.demand(node.right);
      return super.infix(node, "@>");
    }
    return this.#asJsonb(node, "@>");
  }
  protected binary_containedBy(node: BinaryExpression): string {
    return this.#asJsonb(node, "<@");
  }
  protected binary_hasKey(node: BinaryExpression): string {
    return this.#asJsonb(node, "?");
  }
  protected binary_hasAny(node: BinaryExpression): string {
    return this.#asJsonb(node, "?|");
  }
  protected binary_hasAll(node: BinaryExpression): string {
    return this.#asJsonb(node, "?&");
  }

  protected binary_jsonGet(node: BinaryExpression): string {
    this.demand(node.left);
    return this.infix(node, "->");
  }
  protected binary_jsonGetText(node: BinaryExpression): string {
    this.demand(node.left);
    return this.infix(node, "->>");
  }
  protected binary_jsonPathExists(node: BinaryExpression): string {
    return this.#asJsonb(node, "@?");
  }
  protected binary_jsonPathMatch(node: BinaryExpression): string {
    return this.#asJsonb(node, "@@");
  }
  protected binary_jsonMerge(node: BinaryExpression): string {
    this.demand(node.right);
    return this.#asJsonb(node, "||");
  }
  protected binary_jsonDeletePath(node: BinaryExpression): string {
    const bind = unwrap(node.right);
    const left = isPlainJson(node.left)
      ? `CAST(${this.process(node.left)} AS JSONB)`
      : this.operand(node.left, node.operator);
    if (!(bind instanceof BindParameter) || this.options.literalBinds === true) {
      return `${left} #- ${this.operand(node.right, node.operator)}`;
    }
    const path = (keys: unknown): string => arrayText((keys as unknown[]).map(String), null, 1);
    return `${left} #- ${this.placeholder(bind, null, path as (value: never) => unknown)}`;
  }

  #asJsonb(node: BinaryExpression, operator: string): string {
    if (!isPlainJson(node.left) && !isPlainJson(node.right)) return this.infix(node, operator);
    this.infer(node.left, node.right);
    const side = (each: Node): string =>
      isPlainJson(each) && bindsOf(each).length === 0
        ? `CAST(${this.process(each)} AS JSONB)`
        : this.operand(each, node.operator);
    return `${side(node.left)} ${operator} ${side(node.right)}`;
  }

  // --- functions ---------------------------------------------------------------------------------------------------

  protected override functionCall(node: FunctionElement): string {
    const name = node.name.toLowerCase();
    if (TAKES_ANYTHING.test(RENAMED[name] ?? name)) for (const arg of node.args) this.demand(arg);
    return super.functionCall(node);
  }

  // Names that other databases have for what PostgreSQL calls otherwise.

  protected override functionName(name: string): string {
    return super.functionName(RENAMED[name] ?? name);
  }

  // Each of these is two functions here, one for each kind of JSON.
  #jsonFunction(node: FunctionElement, name: string): string {
    const first = node.args[0];
    const binary = first?.type instanceof JsonType && first.type.binary;
    return `${binary ? "jsonb" : "json"}_${name}(${this.processList(node.args)})`;
  }
  protected function_json_each(node: FunctionElement): string {
    return this.#jsonFunction(node, "each");
  }
  protected function_json_array_elements(node: FunctionElement): string {
    return this.#jsonFunction(node, "array_elements");
  }
  protected function_json_array_length(node: FunctionElement): string {
    return this.#jsonFunction(node, "array_length");
  }
  protected function_json_type(node: FunctionElement): string {
    return this.#jsonFunction(node, "typeof");
  }
  protected function_json_typeof(node: FunctionElement): string {
    return this.#jsonFunction(node, "typeof");
  }

  // A binary fraction has no decimal digits to round to.
  protected function_round(node: FunctionElement): string {
    const [element, digits] = node.args;
    if (element?.type.family !== "float" || digits === undefined) return this.functionCall(node);
    return `CAST(round(CAST(${this.process(element)} AS NUMERIC), ${this.process(digits)}) AS DOUBLE PRECISION)`;
  }

  protected function_ifnull(node: FunctionElement): string {
    return `coalesce(${this.processList(node.args)})`;
  }

  protected function_instr(node: FunctionElement): string {
    return `strpos(${this.processList(node.args)})`;
  }

  protected function_group_concat(node: FunctionElement): string {
    const [element, separator] = node.args;
    const text = `CAST(${this.process(element)} AS VARCHAR)`;
    return `string_agg(${text}, ${separator === undefined ? "','" : this.process(separator)})`;
  }

  protected function_json_group_array(node: FunctionElement): string {
    for (const arg of node.args) this.demand(arg);
    return `json_agg(${this.processList(node.args)})`;
  }

  protected function_json_group_object(node: FunctionElement): string {
    for (const arg of node.args) this.demand(arg);
    return `json_object_agg(${this.processList(node.args)})`;
  }

  // --- INSERT ------------------------------------------------------------------------------------------------------

  protected override overriding(columns: readonly Column[]): string {
    return columns.some((column) => column.identity?.always === true) ? " OVERRIDING SYSTEM VALUE" : "";
  }
}

function isNamed(element: ColumnElement, name: string): boolean {
  const { type } = element;
  return type instanceof NamedType && type.spec.toLowerCase() === name;
}

function isPlainJson(node: Node): boolean {
  const { type } = node as ColumnElement;
  return type instanceof JsonType && !type.binary;
}
