/** JSON in SQLite, which has functions for it and keeps it as text. */
import { unwrap } from "../../sql/compiler/expressions.js";
import type { NestedCell } from "../../sql/compiler/select.js";
import type { ColumnElement } from "../../sql/element.js";
import { BindParameter } from "../../sql/elements/bind.js";
import { BinaryExpression, type Cast } from "../../sql/elements/expression.js";
import type { FunctionElement } from "../../sql/elements/function-element.js";
import type { AggregateOrderBy } from "../../sql/elements/window.js";
import type { Node } from "../../sql/node.js";
import { operators } from "../../sql/operators.js";
import { quoteLiteral, stringType } from "../../sql/types/base.js";
import { checkText } from "../../sql/types/text-check.js";

import { SqliteDecimalCompiler } from "./decimal-compiler.js";

/** What functions of JSON are called here, by the names that PostgreSQL has for them. */
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

const jsonObject = (cells: readonly NestedCell[]): string =>
  `json_object(${cells.map(({ key, sql }) => `${quoteLiteral(key)}, ${sql}`).join(", ")})`;

export abstract class SqliteJsonCompiler extends SqliteDecimalCompiler {
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

  protected override functionCall(node: FunctionElement): string {
    const name = RENAMED[node.name] ?? node.name;
    if (!MAKES_JSON.test(name)) return super.functionCall(node);
    return `${name}(${node.args.map((each) => this.#jsonMember(each)).join(", ")})`;
  }

  protected override functionName(name: string): string {
    return super.functionName(RENAMED[name] ?? name);
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
}
