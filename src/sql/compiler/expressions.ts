import { ColumnElement } from "../element.js";
import type { ArrayConstructor } from "../elements/array.js";
import { BindParameter } from "../elements/bind.js";
import type {
  Between,
  BinaryExpression,
  BooleanClauseList,
  Cast,
  Collate,
  Label,
  TypeCoerce,
  UnaryExpression,
} from "../elements/expression.js";
import { TupleElement } from "../elements/expression.js";
import type { InlineLiteral } from "../elements/inline-literal.js";
import type { Case, Extract, LiteralColumn } from "../elements/special.js";
import type { TextClause } from "../elements/text.js";
import { CompileError } from "../errors.js";
import type { Node } from "../node.js";
import { needsParentheses, type Operator, operators } from "../operators.js";
import type { Column } from "../schema/column.js";
import { doubleType, integerType, textType } from "../types/base.js";
import type { SQLType } from "../types/type.js";
import { CompilerBase } from "./base.js";
import { collationName } from "./types.js";

/** Expressions. */
export abstract class ExpressionCompiler extends CompilerBase {
  /** Columns are written without their table: in DDL, and where an INSERT names them. */
  protected bareColumns = false;
  /** An alias whose columns are written bare too: the target of an INSERT. */
  protected bareAlias: Node | null = null;

  /** The name under which a FROM element's columns are written, or null for none. */
  protected abstract fromName(from: Node): string | null;

  // --- columns -------------------------------------------------------------------------------------------------------

  visitColumn(column: Column): string {
    const name = this.quote(column.name);
    if (this.bareColumns || column.table === null) return name;
    const table = this.fromName(column.table);
    return table === null ? name : `${table}.${name}`;
  }

  visitAliasedColumn(column: { readonly table: Node; readonly name: string }): string {
    const name = this.quote(column.name);
    if (this.bareColumns && column.table === this.bareAlias) return name;
    const table = this.fromName(column.table);
    return table === null ? name : `${table}.${name}`;
  }

  /** An attribute of a mapped class: what it stands for. */
  visitAnnotatedColumn(node: { readonly element: Node }): string {
    return this.process(node.element);
  }

  visitLabel(label: Label): string {
    return this.process(label.element);
  }

  visitLiteralColumn(node: LiteralColumn): string {
    return node.name;
  }

  visitInlineLiteral(node: InlineLiteral): string {
    return this.literal(node.value, node.type);
  }

  visitTextClause(text: TextClause): string {
    let sql = "";
    for (const part of text.segments) sql += typeof part === "string" ? part : this.process(part);
    return sql;
  }

  // --- constants -----------------------------------------------------------------------------------------------------

  visitNull(): string {
    return "NULL";
  }
  visitTrue(): string {
    return this.dialect.capabilities.nativeBoolean ? "true" : "1";
  }
  visitFalse(): string {
    return this.dialect.capabilities.nativeBoolean ? "false" : "0";
  }

  // --- operators -----------------------------------------------------------------------------------------------------

  /** An operand, in parentheses where the operator around it asks for them. */
  protected operand(node: Node, outer: Operator): string {
    const text = this.process(node);
    return this.needsGroup(node, outer) ? `(${text})` : text;
  }

  private needsGroup(node: Node, outer: Operator): boolean {
    const element = unwrap(node);
    if (element.visitName === "TextClause" || element.visitName === "SQLTemplate") return true;
    const inner = element.outerOperator;
    return inner !== null && needsParentheses(inner, outer);
  }

  /** A condition where the database wants one: a plain column of truth values may need a comparison. */
  protected conditionText(node: Node): string {
    return this.process(node);
  }

  visitBooleanClauseList(list: BooleanClauseList): string {
    return list.clauses.map((each) => this.operand(each, list.operator)).join(` ${list.operator.sql} `);
  }

  visitBinaryExpression(node: BinaryExpression): string {
    const special = (this as Record<string, unknown>)[`binary_${node.operator.name}`];
    if (typeof special === "function") return (special as (node: BinaryExpression) => string).call(this, node);
    return this.infix(node, this.operatorText(node.operator));
  }

  /** `left operator right`. */
  protected infix(node: BinaryExpression, operator: string): string {
    const left = this.operand(node.left, node.operator);
    // a - (b - c), a / (b / c): the right side of an operator that is not associative is grouped among equals
    let right = this.operand(node.right, node.operator);
    const inner = node.right instanceof ColumnElement ? unwrap(node.right).outerOperator : null;
    if (
      inner !== null &&
      (inner !== node.operator || !inner.associative) &&
      inner.precedence === node.operator.precedence &&
      !right.startsWith("(")
    ) {
      right = `(${right})`;
    }
    return `${left} ${operator} ${right}`;
  }

  /** What is written for an operator; a dialect overrides rows of the table here. */
  protected operatorText(operator: Operator): string {
    return operator.sql;
  }

  visitUnaryExpression(node: UnaryExpression): string {
    const special = (this as Record<string, unknown>)[`unary_${node.operator.name}`];
    if (typeof special === "function") return (special as (node: UnaryExpression) => string).call(this, node);
    const text = this.operand(node.element, node.operator);
    const sql = this.operatorText(node.operator);
    if (node.postfix) return `${text} ${sql}`;
    // -(-x): two minus signs would start a comment
    if (/^[a-z]/i.test(sql)) return `${sql} ${text}`;
    return text.startsWith(sql) ? `${sql}(${text})` : `${sql}${text}`;
  }

  protected unary_asc(node: UnaryExpression): string {
    return `${this.orderOperand(node.element)} ASC`;
  }
  protected unary_desc(node: UnaryExpression): string {
    return `${this.orderOperand(node.element)} DESC`;
  }
  protected unary_nullsFirst(node: UnaryExpression): string {
    return this.nullsOrder(node, true);
  }
  protected unary_nullsLast(node: UnaryExpression): string {
    return this.nullsOrder(node, false);
  }
  protected unary_any(node: UnaryExpression): string {
    if (!this.dialect.capabilities.quantifiedComparison) return this.refuse("ANY", "Use in().");
    return `ANY (${stripGroup(this.process(node.element))})`;
  }
  protected unary_all(node: UnaryExpression): string {
    if (!this.dialect.capabilities.quantifiedComparison) return this.refuse("ALL", "Use notIn(), min() or max().");
    return `ALL (${stripGroup(this.process(node.element))})`;
  }

  /** An element in ORDER BY; selected labels are written by name there. */
  protected orderOperand(node: Node): string {
    return this.process(node);
  }

  private nullsOrder(node: UnaryExpression, first: boolean): string {
    const inner = this.orderOperand(node.element);
    if (this.dialect.capabilities.nullsOrdering) return `${inner} NULLS ${first ? "FIRST" : "LAST"}`;
    const plain = unwrapOrder(node.element);
    return `CASE WHEN (${this.process(plain)} IS NULL) THEN ${first ? 0 : 1} ELSE ${first ? 1 : 0} END, ${inner}`;
  }

  visitBetween(node: Between): string {
    const element = this.operand(node.element, operators.between);
    const low = this.operand(node.low, operators.between);
    const high = this.operand(node.high, operators.between);
    if (node.symmetric) {
      const test = `(${element} BETWEEN ${low} AND ${high} OR ${element} BETWEEN ${high} AND ${low})`;
      return node.negative ? `NOT ${test}` : test;
    }
    return `${element} ${node.negative ? "NOT BETWEEN" : "BETWEEN"} ${low} AND ${high}`;
  }

  protected binary_in(node: BinaryExpression): string {
    return this.membership(node, false);
  }
  protected binary_notIn(node: BinaryExpression): string {
    return this.membership(node, true);
  }

  private membership(node: BinaryExpression, negative: boolean): string {
    const left = this.operand(node.left, node.operator);
    const keyword = negative ? "NOT IN" : "IN";
    const right = node.right;
    if (right instanceof BindParameter && right.expanding) {
      if (
        this.options.literalBinds === true ||
        this.options.renderPostcompile === true ||
        right.literalExecute ||
        right.type.family === "null"
      ) {
        return this.expandedMembership(left, keyword, right);
      }
      return this.listMembership(left, negative, right);
    }
    if (right instanceof TupleElement) {
      if (right.elements.length === 0) return this.emptyMembership(left, keyword, node.left);
      return `${left} ${keyword} (${this.processList(right.elements)})`;
    }
    const text = this.process(right);
    return `${left} ${keyword} ${text.startsWith("(") ? text : `(${text})`}`;
  }

  /** `left IN <bound list>` by one parameter, where the dialect has a way; else the list is written out. */
  protected listMembership(left: string, negative: boolean, bind: BindParameter): string {
    return this.expandedMembership(left, negative ? "NOT IN" : "IN", bind);
  }

  /** `left IN (?, ?, ?)`. */
  protected expandedMembership(left: string, keyword: string, bind: BindParameter): string {
    if (bind.value === undefined && bind.callable === null) {
      // nothing to look at yet: the engine compiles again with the list at hand
      this.expanded = true;
      return `${left} ${keyword} (${this.placeholder(bind, null, null)})`;
    }
    this.expanded = true;
    if (this.listOf(bind).length === 0) return this.emptyMembership(left, keyword, bind);
    return `${left} ${keyword} (${this.expandList(bind)})`;
  }

  // A subquery without rows: false for IN and true for NOT IN, also where the left side is NULL.
  private emptyMembership(left: string, keyword: string, typed: ColumnElement): string {
    const tuple = unwrap(typed);
    const columns = tuple instanceof TupleElement ? tuple.elements : [typed];
    return `${left} ${keyword} (${this.noRows(columns.map(({ type }) => type))})`;
  }

  protected override noRows(types: readonly SQLType[]): string {
    const nulls = types.map((type) => `CAST(NULL AS ${this.typeName(type.family === "null" ? integerType : type)})`);
    return `SELECT ${nulls.join(", ")} WHERE 1 != 1`;
  }

  visitElementList(list: { readonly elements: readonly Node[] }): string {
    return this.processList(list.elements);
  }

  visitTuple(tuple: TupleElement): string {
    return `(${this.processList(tuple.elements)})`;
  }

  protected binary_like(node: BinaryExpression): string {
    return this.likeText(node, "LIKE");
  }
  protected binary_notLike(node: BinaryExpression): string {
    return this.likeText(node, "NOT LIKE");
  }
  protected binary_ilike(node: BinaryExpression): string {
    return this.ilikeText(node, "ILIKE", "LIKE");
  }
  protected binary_notIlike(node: BinaryExpression): string {
    return this.ilikeText(node, "NOT ILIKE", "NOT LIKE");
  }

  private likeText(node: BinaryExpression, keyword: string): string {
    const text = `${this.operand(node.left, node.operator)} ${keyword} ${this.operand(node.right, node.operator)}`;
    return text + this.escapeClause(node);
  }

  private ilikeText(node: BinaryExpression, keyword: string, plain: string): string {
    if (this.dialect.capabilities.ilike) return this.likeText(node, keyword);
    return `lower(${this.process(node.left)}) ${plain} lower(${this.process(node.right)})${this.escapeClause(node)}`;
  }

  private escapeClause(node: BinaryExpression): string {
    return node.modifier === null ? "" : ` ESCAPE '${node.modifier.replaceAll("'", "''")}'`;
  }

  // IS stands beside a constant only; beside a value it is the comparison that knows NULL
  protected binary_is(node: BinaryExpression): string {
    return isConstant(node.right) ? this.infix(node, "IS") : this.binary_isNotDistinctFrom(node);
  }
  protected binary_isNot(node: BinaryExpression): string {
    return isConstant(node.right) ? this.infix(node, "IS NOT") : this.binary_isDistinctFrom(node);
  }

  protected binary_isDistinctFrom(node: BinaryExpression): string {
    return this.infix(node, this.dialect.capabilities.isDistinctFrom ? "IS DISTINCT FROM" : "IS NOT");
  }
  protected binary_isNotDistinctFrom(node: BinaryExpression): string {
    return this.infix(node, this.dialect.capabilities.isDistinctFrom ? "IS NOT DISTINCT FROM" : "IS");
  }

  /** True division: integers are made floating first, as databases would cut the result. */
  protected binary_div(node: BinaryExpression): string {
    const whole = node.left.type.family === "integer" && (node.right as ColumnElement).type.family === "integer";
    if (!whole) return this.infix(node, "/");
    return `${this.operand(node.left, operators.div)} / CAST(${this.process(node.right)} AS ${this.typeName(doubleType)})`;
  }

  protected binary_floorDiv(node: BinaryExpression): string {
    const text = `FLOOR(${this.binary_div(node)})`;
    return node.type.family === "integer" ? `CAST(${text} AS ${this.typeName(node.type)})` : text;
  }

  protected binary_getItem(node: BinaryExpression): string {
    return `${this.indexed(node)}[${this.process(node.right)}]`;
  }

  // a parameter has a cast behind it, which would take the brackets for its own
  private indexed(node: BinaryExpression): string {
    const text = this.operand(node.left, node.operator);
    const left = unwrap(node.left);
    const bare =
      left.visitName === "Column" || left.visitName === "AliasedColumn" || left.outerOperator === operators.getItem;
    return bare || text.startsWith("(") ? text : `(${text})`;
  }
  protected binary_slice(node: BinaryExpression): string {
    const [from, to] = (node.right as TupleElement).elements as [ColumnElement, ColumnElement];
    return `${this.indexed(node)}[${this.process(from)}:${this.process(to)}]`;
  }

  // --- special forms -------------------------------------------------------------------------------------------------

  visitCase(node: Case): string {
    let text = "CASE";
    if (node.subject !== null) text += ` ${this.process(node.subject)}`;
    for (const [when, then] of node.whens) text += ` WHEN ${this.groupText(when)} THEN ${this.groupText(then)}`;
    if (node.otherwise !== null) text += ` ELSE ${this.groupText(node.otherwise)}`;
    return `${text} END`;
  }

  private groupText(node: Node): string {
    const element = unwrap(node);
    return element.visitName === "BooleanClauseList" || element.visitName === "BinaryExpression"
      ? `(${this.process(node)})`
      : this.process(node);
  }

  visitCast(node: Cast): string {
    if (node.attempt) return this.tryCast(node);
    return `CAST(${this.process(node.element)} AS ${this.typeName(node.type)})`;
  }

  /** A cast that gives NULL instead of an error: of text that looks like a number of the size. */
  protected tryCast(node: Cast): string {
    const { type } = node;
    const form = type.family === "integer" ? WHOLE : DECIMAL;
    const range = NUMBER_RANGES[type.visitName];
    if (range === undefined) return this.refuse(`TRY_CAST to ${type}`, "It takes integers, floats and numerics.");
    const text = `CAST(${this.process(node.element)} AS ${this.typeName(textType)})`;
    const value = `CAST(${text} AS ${this.typeName(type)})`;
    const fits =
      range === null ? value : `CASE WHEN CAST(${text} AS NUMERIC) BETWEEN -${range} AND ${range} THEN ${value} END`;
    return `CASE WHEN ${this.matches(text, form)} THEN ${fits} END`;
  }

  /** Whether text matches a regular expression that is a constant. */
  protected matches(_text: string, _form: string): string {
    return this.refuse("TRY_CAST", "Use cast().");
  }

  visitTypeCoerce(node: TypeCoerce): string {
    return this.process(node.element);
  }

  visitCollate(node: Collate): string {
    return `${this.operand(node.element, operators.collate)} COLLATE ${collationName(this.dialect, node.collation, node.schema)}`;
  }

  visitArrayConstructor(node: ArrayConstructor): string {
    if (!this.dialect.capabilities.nativeArray)
      return this.refuse("ARRAY constructor", "Make a JSON array: func.jsonArray(...).");
    if (node.ofQuery) return `ARRAY${this.process(node.elements[0])}`;
    const text = `ARRAY[${this.processList(node.elements)}]`;
    return node.elements.length === 0 ? `CAST(${text} AS ${this.typeName(node.type)})` : text;
  }

  visitExtract(node: Extract): string {
    return `EXTRACT(${node.field} FROM ${this.process(node.element)})`;
  }

  /** The name of a type in CAST and DDL. */
  typeName(type: BinaryExpression["type"]): string {
    if (type.family === "null") throw new CompileError("a cast needs a type that has a name: give one of t.*.");
    return this.dialect.typeCompiler.render(type);
  }
}

const WHOLE = "^\\s*[+-]?\\d+\\s*$";
const DECIMAL = "^\\s*[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?\\s*$";

/** The largest value of a type of numbers; null where it has none. The least is taken to be as far from 0. */
const NUMBER_RANGES: Readonly<Record<string, string | null>> = {
  visitSmallInteger: "32767",
  visitInteger: "2147483647",
  visitWideInteger: "9007199254740991",
  visitBigInteger: "9223372036854775807",
  visitFloat: "3.4e38",
  visitDouble: "1.79e308",
  visitNumeric: null,
};

function isConstant(node: Node): boolean {
  const { visitName } = unwrap(node);
  return visitName === "Null" || visitName === "True" || visitName === "False";
}

/** The element behind attributes, labels and coerced types. */
export function unwrap(node: Node): ColumnElement {
  let each = node as unknown as { visitName: string; element: Node };
  while (each.visitName === "AnnotatedColumn" || each.visitName === "Label" || each.visitName === "TypeCoerce") {
    each = each.element as unknown as typeof each;
  }
  return each as unknown as ColumnElement;
}

function unwrapOrder(node: Node): Node {
  const element = node as unknown as { visitName: string; operator?: Operator; element: Node };
  if (
    element.visitName === "UnaryExpression" &&
    (element.operator === operators.asc || element.operator === operators.desc)
  ) {
    return element.element;
  }
  return node;
}

function stripGroup(text: string): string {
  return text.startsWith("(SELECT") && text.endsWith(")") ? text.slice(1, -1) : text;
}
