/** Parameters in PostgreSQL's statements: which of them are cast, and to what. */
import { SQLCompiler } from "../../sql/compiler/dml.js";
import { unwrap } from "../../sql/compiler/expressions.js";
import type { ColumnElement } from "../../sql/element.js";
import { BindParameter } from "../../sql/elements/bind.js";
import { type Between, type BinaryExpression, type Cast, TupleElement } from "../../sql/elements/expression.js";
import { ArgumentError } from "../../sql/errors.js";
import { Node } from "../../sql/node.js";
import type { Column } from "../../sql/schema/column.js";
import type { FetchArg } from "../../sql/selectable/select-parts.js";
import { wideIntegerType } from "../../sql/types/base.js";
import { JsonType } from "../../sql/types/structured.js";
import type { SQLType } from "../../sql/types/type.js";
import { arrayText } from "./array-text.js";
import type { PostgresqlTypeCompiler } from "./type-compiler.js";

// Comparisons whose bare parameter takes the type of the other side.
const INFERRING: ReadonlySet<string> = new Set([
  "eq",
  "ne",
  "lt",
  "le",
  "gt",
  "ge",
  "is",
  "isNot",
  "isDistinctFrom",
  "isNotDistinctFrom",
  "contains",
  "containedBy",
  "overlap",
  "hasKey",
  "hasAny",
  "hasAll",
  "jsonPathExists",
  "jsonPathMatch",
  "strictlyLeftOf",
  "strictlyRightOf",
  "notExtendRightOf",
  "notExtendLeftOf",
  "adjacentTo",
]);

/**
 * A parameter is written bare (`$1`) where the server takes its type from what stands beside it: values of INSERT and SET,
 * comparisons with a column, LIMIT. Elsewhere it is cast (`$1::INTEGER`), so that `coalesce($1, 0)` and `SELECT $1` mean what
 * they say. Text and JSON stay bare in calls of functions, which choose by their signature (`to_tsvector('english', ...)`
 * wants a regconfig), unless the function takes anything. The cast has no length: `::varchar(5)` would cut in silence.
 */
export abstract class ParameterCompiler extends SQLCompiler {
  /** Parameters whose type the server finds by itself. */
  readonly #inferred = new Set<BindParameter>();
  /** Parameters that need a cast even where they are text. */
  readonly #strict = new Set<BindParameter>();
  /** Lists whose members say their type. */
  readonly #lists = new Set<BindParameter>();
  #allInferred = false;

  protected override decoratePlaceholder(placeholder: string, bind: BindParameter): string {
    if (bind.expanding && !this.#lists.has(bind)) return placeholder;
    const strict = this.#strict.has(bind) || bind.type === wideIntegerType;
    if (!strict && (this.#allInferred || this.#inferred.has(bind))) return placeholder;
    const { family } = this.dialect.typeImpl(bind.type);
    if (!strict && (family === "string" || family === "json")) return placeholder;
    const name = this.castName(bind.type);
    return name === null ? placeholder : `${placeholder}::${name}`;
  }

  /** As for a placeholder; what the server takes for an integer, a truth value or of a cast by itself needs none. */
  protected override decorateLiteral(literal: string, bind: BindParameter): string {
    const plain = /^(?:true|false|-?\d{1,9})$|::\w+$/i.test(literal) && bind.type !== wideIntegerType;
    return plain && this.dialect.typeImpl(bind.type).family !== "float"
      ? literal
      : this.decoratePlaceholder(literal, bind);
  }

  /** The type that a parameter is cast to; a small integer may have met a larger value. */
  protected castName(type: SQLType): string | null {
    const impl = this.dialect.typeImpl(type);
    if (impl.visitName === "visitSmallInteger") return "INTEGER";
    if (impl instanceof JsonType) return "JSONB";
    return (this.dialect.typeCompiler as PostgresqlTypeCompiler).castName(type);
  }

  #inferring(render: () => string): string {
    const before = this.#allInferred;
    this.#allInferred = true;
    try {
      return render();
    } finally {
      this.#allInferred = before;
    }
  }

  override namedBind(name: string, type: SQLType): string {
    return this.#inferring(() => super.namedBind(name, type));
  }

  protected override valueText(value: ColumnElement, column: Column): string {
    for (const bind of bindsOf(value)) this.#inferred.add(bind);
    return super.valueText(value, column);
  }

  protected override defaultText(column: Column, value: unknown): string {
    if (value instanceof Node) return super.defaultText(column, value);
    return this.#inferring(() => super.defaultText(column, value));
  }

  protected override limitText(limit: Node | null, offset: Node | null, fetch: FetchArg | null): string {
    for (const node of [limit, offset]) if (node instanceof BindParameter) this.#inferred.add(node);
    return super.limitText(limit, offset, fetch);
  }

  /** Each parameter of a node says its type. */
  protected demand(node: Node): void {
    for (const bind of bindsOf(node)) this.#strict.add(bind);
  }

  protected override infix(node: BinaryExpression, operator: string): string {
    if (INFERRING.has(node.operator.name)) this.infer(node.left, node.right);
    return super.infix(node, operator);
  }

  /** Each side gives its type to the other's bare parameters; two parameters beside each other have to say theirs. */
  protected infer(left: Node, right: Node): void {
    const leftBinds = bindsOf(left);
    const rightBinds = bindsOf(right);
    if (leftBinds.length > 0 && rightBinds.length > 0) {
      for (const bind of [...leftBinds, ...rightBinds]) this.#strict.add(bind);
      return;
    }
    for (const bind of leftBinds) (fits(bind.type, right) ? this.#inferred : this.#strict).add(bind);
    for (const bind of rightBinds) (fits(bind.type, left) ? this.#inferred : this.#strict).add(bind);
  }

  override visitBetween(node: Between): string {
    this.infer(node.element, node.low);
    this.infer(node.element, node.high);
    return super.visitBetween(node);
  }

  protected override binary_in(node: BinaryExpression): string {
    this.#members(node);
    return super.binary_in(node);
  }

  protected override binary_notIn(node: BinaryExpression): string {
    this.#members(node);
    return super.binary_notIn(node);
  }

  #members(node: BinaryExpression): void {
    const right = unwrap(node.right);
    const written = right instanceof TupleElement ? right.elements : [right];
    for (const each of written) this.infer(node.left, each);
    if (right instanceof BindParameter && right.expanding && this.#strict.has(right)) this.#lists.add(right);
  }

  override visitCast(node: Cast): string {
    const bind = unwrap(node.element);
    if (bind instanceof BindParameter && bind.type.family === node.type.family) this.#inferred.add(bind);
    return super.visitCast(node);
  }

  /** A list of any length is one parameter, an array, so that one statement serves all lists. */
  protected override listMembership(left: string, negative: boolean, bind: BindParameter): string {
    if (!this.dialect.listsAsOne(bind.type)) {
      this.#inferred.add(bind);
      return super.listMembership(left, negative, bind);
    }
    const item = this.dialect.typeImpl(bind.type).bindProcessor(this.dialect) as ((value: unknown) => unknown) | null;
    const toArray = (values: unknown): string => {
      if (!Array.isArray(values)) throw new ArgumentError("the value of an IN list is an array.");
      return arrayText(values, item, 1);
    };
    const cast = this.#lists.delete(bind) || bind.type === wideIntegerType ? this.castName(bind.type) : null;
    const list = this.placeholder(bind, null, toArray as (value: never) => unknown);
    return `${left} ${negative ? "<> ALL" : "= ANY"} (${list}${cast === null ? "" : `::${cast}[]`})`;
  }
}

/** The parameters that stand for a node: itself, or the members of a row of values. */
export function bindsOf(node: Node): readonly BindParameter[] {
  const element = unwrap(node);
  if (element instanceof BindParameter) return [element];
  if (element instanceof TupleElement) return element.elements.flatMap((each) => bindsOf(each));
  return [];
}

const CONSTANTS = /^(Null|True|False)$/;

/** Whether a parameter may take the type of what stands beside it: a fraction beside a whole number may not. */
function fits(type: SQLType, beside: Node): boolean {
  // NULL, true and false say nothing of a type
  if (CONSTANTS.test(unwrap(beside).visitName)) return false;
  const other = (beside as ColumnElement).type;
  // a range beside a multirange would be read as one
  if (other?.isRange) return type.cacheKey === other.cacheKey;
  if (other?.family !== "integer") return true;
  return type.family === "integer" && (type.visitName !== "visitBigInteger" || other.visitName === type.visitName);
}
