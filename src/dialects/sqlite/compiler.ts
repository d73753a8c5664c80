/** Statements in SQLite's words. */
import { SQLCompiler } from "../../sql/compiler/dml.js";
import { unwrap } from "../../sql/compiler/expressions.js";
import type { Insert, OnConflict } from "../../sql/dml/insert.js";
import type { BindParameter } from "../../sql/elements/bind.js";
import { type BinaryExpression, TupleElement } from "../../sql/elements/expression.js";
import type { FunctionElement } from "../../sql/elements/function-element.js";
import type { Extract } from "../../sql/elements/special.js";
import { ArgumentError, CompileError } from "../../sql/errors.js";
import type { Node } from "../../sql/node.js";
import type { Select } from "../../sql/selectable/select.js";
import { stringType } from "../../sql/types/base.js";

/** The present moment as the datetime type stores it, so that a default equals what is bound later. */
export const NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')";

const EXTRACT_FORMATS: Readonly<Record<string, string>> = {
  year: "%Y",
  month: "%m",
  day: "%d",
  hour: "%H",
  minute: "%M",
  second: "%S",
  doy: "%j",
  dow: "%w",
  week: "%W",
  epoch: "%s",
};

/** Types whose values JSON can carry to `json_each`. */
const LISTABLE: ReadonlySet<string> = new Set([
  "integer",
  "numeric",
  "float",
  "string",
  "boolean",
  "date",
  "time",
  "datetime",
  "interval",
  "uuid",
  "enum",
]);

export class SqliteCompiler extends SQLCompiler {
  #insert: Insert | null = null;

  // --- queries -----------------------------------------------------------------------------------------------------

  protected override noLimit(): string {
    return " LIMIT -1";
  }

  /** A list of any length is one parameter, a JSON array, so that one statement serves all lists. */
  protected override listMembership(left: string, negative: boolean, bind: BindParameter): string {
    const impl = this.dialect.typeImpl(bind.type);
    if (!LISTABLE.has(impl.family)) return super.listMembership(left, negative, bind);
    const item = impl.bindProcessor(this.dialect) as ((value: unknown) => unknown) | null;
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

  protected binary_jsonPath(node: BinaryExpression): string {
    return `(${this.operand(node.left, node.operator)} -> ${this.process(node.right)})`;
  }

  protected binary_jsonPathText(node: BinaryExpression): string {
    return `(${this.operand(node.left, node.operator)} ->> ${this.process(node.right)})`;
  }

  // --- functions ---------------------------------------------------------------------------------------------------

  protected override function_now(): string {
    return NOW;
  }

  protected function_localtimestamp(): string {
    return "strftime('%Y-%m-%d %H:%M:%f', 'now', 'localtime')";
  }

  protected function_char_length(node: FunctionElement): string {
    return `length(${this.processList(node.args)})`;
  }

  // With several arguments, max and min are not aggregates; of one they would be.
  protected function_greatest(node: FunctionElement): string {
    return node.args.length === 1 ? this.process(node.args[0] as Node) : `max(${this.processList(node.args)})`;
  }

  protected function_least(node: FunctionElement): string {
    return node.args.length === 1 ? this.process(node.args[0] as Node) : `min(${this.processList(node.args)})`;
  }

  override visitExtract(node: Extract): string {
    const format = EXTRACT_FORMATS[node.field.toLowerCase()];
    if (format === undefined) {
      throw new CompileError(`sqlite cannot extract ${node.field}; it can ${Object.keys(EXTRACT_FORMATS).join(", ")}.`);
    }
    return `CAST(strftime('${format}', ${this.process(node.element)}) AS INTEGER)`;
  }

  // --- INSERT ------------------------------------------------------------------------------------------------------

  override visitInsert(insert: Insert): string {
    const before = this.#insert;
    this.#insert = insert;
    const text = super.visitInsert(insert);
    this.#insert = before;
    return text;
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
