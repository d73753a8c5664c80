/** The nodes of expressions. */
import { ColumnElement } from "../element.js";
import { keepShape } from "../keep-shape.js";
import type { Node, Parts } from "../node.js";
import type { Operator } from "../operators.js";
import { operators } from "../operators.js";
import { booleanType, nullType } from "../types/base.js";
import type { SQLType } from "../types/type.js";

/** Two operands and the operator between them. */
export class BinaryExpression extends ColumnElement {
  static override readonly parts: Parts = {
    left: "node",
    operator: "type",
    right: "node",
    modifier: "name",
    type: "type",
  };
  override get visitName(): string {
    return "BinaryExpression";
  }
  constructor(
    readonly left: ColumnElement,
    readonly operator: Operator,
    readonly right: Node,
    readonly type: SQLType,
    /** ESCAPE of LIKE, flags of a regular expression. */
    readonly modifier: string | null,
  ) {
    super();
  }
  override get outerOperator(): Operator {
    return this.operator;
  }
}

/** One operand with an operator before or after it. */
export class UnaryExpression extends ColumnElement {
  static override readonly parts: Parts = { operator: "type", postfix: "name", element: "node" };
  override get visitName(): string {
    return "UnaryExpression";
  }
  constructor(
    readonly operator: Operator,
    readonly element: ColumnElement,
    readonly postfix: boolean,
    readonly type: SQLType,
  ) {
    super();
  }
  override get outerOperator(): Operator {
    return this.operator;
  }
}

/** Conditions joined by AND or OR. Nested lists of the same operator are flattened. */
export class BooleanClauseList extends ColumnElement {
  static override readonly parts: Parts = { operator: "type", clauses: "nodes" };
  override get visitName(): string {
    return "BooleanClauseList";
  }
  constructor(
    readonly operator: Operator,
    readonly clauses: readonly ColumnElement[],
  ) {
    super();
  }
  get type(): SQLType {
    return booleanType;
  }
  override get outerOperator(): Operator {
    return this.operator;
  }
}

/** `x BETWEEN low AND high`. */
export class Between extends ColumnElement {
  static override readonly parts: Parts = {
    element: "node",
    low: "node",
    high: "node",
    negative: "name",
    symmetric: "name",
  };
  override get visitName(): string {
    return "Between";
  }
  constructor(
    readonly element: ColumnElement,
    readonly low: ColumnElement,
    readonly high: ColumnElement,
    readonly negative: boolean,
    readonly symmetric: boolean,
  ) {
    super();
  }
  get type(): SQLType {
    return booleanType;
  }
  override get outerOperator(): Operator {
    return operators.between;
  }
}

/** An element under a name: `element AS name`. */
export class Label extends ColumnElement {
  static override readonly parts: Parts = { name: "name", element: "node" };
  override get visitName(): string {
    return "Label";
  }
  constructor(
    readonly name: string,
    readonly element: ColumnElement,
  ) {
    super();
  }
  get type(): SQLType {
    return this.element.type;
  }
  override get key(): string {
    return this.name;
  }
  override get outerOperator(): Operator | null {
    return this.element.outerOperator;
  }
}

/** `CAST(element AS type)`, or the dialect's `TRY_CAST`. */
export class Cast extends ColumnElement {
  static override readonly parts: Parts = { element: "node", type: "type", attempt: "name" };
  override get visitName(): string {
    return "Cast";
  }
  constructor(
    readonly element: ColumnElement,
    readonly type: SQLType,
    /** NULL instead of an error for what cannot be cast. */
    readonly attempt: boolean,
  ) {
    super();
  }
  override get key(): string | null {
    return this.element.key;
  }
}

/** An element taken to be of another type, with no trace in the SQL. */
export class TypeCoerce extends ColumnElement {
  static override readonly parts: Parts = { element: "node", type: "type" };
  override get visitName(): string {
    return "TypeCoerce";
  }
  constructor(
    readonly element: ColumnElement,
    readonly type: SQLType,
  ) {
    super();
  }
  override get key(): string | null {
    return this.element.key;
  }
  override get outerOperator(): Operator | null {
    return this.element.outerOperator;
  }
}

/** `element COLLATE name`. */
export class Collate extends ColumnElement {
  static override readonly parts: Parts = { element: "node", collation: "name", schema: "name" };
  override get visitName(): string {
    return "Collate";
  }
  constructor(
    readonly element: ColumnElement,
    readonly collation: string,
    readonly schema: string | null = null,
  ) {
    super();
  }
  get type(): SQLType {
    return this.element.type;
  }
  override get outerOperator(): Operator {
    return operators.collate;
  }
}

/** Expressions in parentheses with commas between: a row value, or the list of IN. */
export class TupleElement extends ColumnElement {
  static override readonly parts: Parts = { elements: "nodes" };
  override get visitName(): string {
    return "Tuple";
  }
  constructor(readonly elements: readonly ColumnElement[]) {
    super();
  }
  get type(): SQLType {
    return nullType;
  }
}

/** Several elements, one after the other with commas and without parentheses: the columns of a composite. */
export class ElementList extends ColumnElement {
  static override readonly parts: Parts = { elements: "nodes" };
  override get visitName(): string {
    return "ElementList";
  }
  constructor(readonly elements: readonly ColumnElement[]) {
    super();
  }
  get type(): SQLType {
    return nullType;
  }
}

/** The SQL keyword NULL. */
export class Null extends ColumnElement {
  override get visitName(): string {
    return "Null";
  }
  get type(): SQLType {
    return nullType;
  }
}

/** The SQL constant of truth, as the dialect writes it. */
export class True extends ColumnElement<boolean> {
  override get visitName(): string {
    return "True";
  }
  get type(): SQLType {
    return booleanType;
  }
}

/** The SQL constant of falsehood, as the dialect writes it. */
export class False extends ColumnElement<boolean> {
  override get visitName(): string {
    return "False";
  }
  get type(): SQLType {
    return booleanType;
  }
}

export const NULL = new Null();
export const TRUE = new True();
export const FALSE = new False();

keepShape(new BinaryExpression(NULL, operators.eq, NULL, booleanType, null));
keepShape(new UnaryExpression(operators.desc, NULL, true, nullType));
keepShape(new BooleanClauseList(operators.and, []));
