/** Decimals in SQLite, which keeps them as text: they compare, sort and divide as the numbers that they are. */
import { SQLCompiler } from "../../sql/compiler/dml.js";
import { ColumnElement } from "../../sql/element.js";
import { Between, BinaryExpression, Cast, TupleElement, UnaryExpression } from "../../sql/elements/expression.js";
import type { FunctionElement } from "../../sql/elements/function-element.js";
import { WindowSpec } from "../../sql/elements/window.js";
import type { Node } from "../../sql/node.js";
import { operators } from "../../sql/operators.js";
import type { CompoundSelect } from "../../sql/selectable/compound.js";
import { numericType } from "../../sql/types/base.js";
import type { SQLType } from "../../sql/types/type.js";
import { textNumber } from "./types.js";

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

export abstract class SqliteDecimalCompiler extends SQLCompiler {
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

  // With several arguments, max and min are not aggregates; of one they would be.
  protected function_greatest(node: FunctionElement): string {
    return node.args.length === 1 ? this.process(node.args[0]) : `max(${this.#numberList(node.args)})`;
  }

  protected function_least(node: FunctionElement): string {
    return node.args.length === 1 ? this.process(node.args[0]) : `min(${this.#numberList(node.args)})`;
  }

  protected override functionCall(node: FunctionElement): string {
    const { name } = node;
    return name === "max" || name === "min" ? `${name}(${this.#numberList(node.args)})` : super.functionCall(node);
  }
}
