/**
 * Conditions and values of UPDATE and DELETE, worked out in memory on the objects of a session, with SQL's logic of NULL. What memory cannot answer
 * as every database would (text order, functions, subqueries) is refused. SQLAlchemy: `orm/evaluator.py`.
 */
import { errorPage, type Page } from "../../sql/catalogue.js";
import type { ColumnElement } from "../../sql/element.js";
import { BindParameter } from "../../sql/elements/bind.js";
import {
  Between,
  BinaryExpression,
  BooleanClauseList,
  False,
  Label,
  Null,
  True,
  TupleElement,
  UnaryExpression,
} from "../../sql/elements/expression.js";
import { InvalidRequestError } from "../../sql/errors.js";
import type { Node } from "../../sql/node.js";
import { baseColumn } from "../../sql/selectable/join.js";
import type { SQLType } from "../../sql/types/type.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import { InstrumentedColumn } from "../loading/instrumented-column.js";
import type { Mapper } from "../mapping/mapper.js";
import type { InstanceState } from "../state.js";

/** Memory cannot tell. */
export class UnevaluatableError extends InvalidRequestError {
  static override readonly page: Page = errorPage("ATHANOR_UNEVALUATABLE", {
    cause:
      'update() or del() was to be applied to the objects in memory (synchronizeSession: "evaluate"), and its condition is for the database alone to work out.',
    cure: 'Use synchronizeSession: "fetch" or "auto", or false where no object of the session is concerned.',
  });
}

/** An attribute that the answer needs is not loaded on the object. */
export const EXPIRED: unique symbol = Symbol("expired");

/** The value of an expression for one object; null is SQL's NULL. */
export type Evaluator = (state: InstanceState) => unknown;

type Params = Readonly<Record<string, unknown>> | undefined;

/** @throws UnevaluatableError naming what memory cannot answer */
export function evaluatorOf(node: Node, mapper: Mapper, params: Params): Evaluator {
  return new Builder(mapper, params).build(node);
}

/** All conditions together. */
export function conditionOf(criteria: readonly ColumnElement[], mapper: Mapper, params: Params): Evaluator {
  const builder = new Builder(mapper, params);
  return every(criteria.map((each) => builder.build(each)));
}

function every(clauses: readonly Evaluator[]): Evaluator {
  return (state) => {
    let known: unknown = true;
    for (const clause of clauses) {
      const value = clause(state);
      if (value === false) return false;
      if (value === EXPIRED || known === EXPIRED) known = EXPIRED;
      else if (value === null) known = null;
    }
    return known;
  };
}

function some(clauses: readonly Evaluator[]): Evaluator {
  return (state) => {
    let known: unknown = false;
    for (const clause of clauses) {
      const value = clause(state);
      if (value === true) return true;
      if (value === EXPIRED || known === EXPIRED) known = EXPIRED;
      else if (value === null) known = null;
    }
    return known;
  };
}

/** An operation on values that are there; NULL makes NULL. */
function strict(parts: readonly Evaluator[], compute: (...values: never[]) => unknown): Evaluator {
  return (state) => {
    const values: unknown[] = [];
    for (const part of parts) {
      const value = part(state);
      if (value === EXPIRED) return EXPIRED;
      values.push(value);
    }
    return values.includes(null) ? null : compute(...(values as never[]));
  };
}

function not(part: Evaluator): Evaluator {
  return strict([part], (value: boolean) => !value);
}

/** Types whose equality is the same in memory and in every database. */
const COMPARABLE: ReadonlySet<string> = new Set([
  "integer",
  "float",
  "numeric",
  "string",
  "boolean",
  "date",
  "datetime",
  "uuid",
  "enum",
]);

class Builder {
  constructor(
    private readonly mapper: Mapper,
    private readonly params: Params,
  ) {}

  build(node: Node): Evaluator {
    if (node instanceof InstrumentedColumn) {
      if (node.entity.aliased) throw refused(`a column of an alias (${node})`);
      return this.column(node);
    }
    if (node instanceof BindParameter) return this.constant(this.valueOf(node));
    if (node instanceof BinaryExpression) return this.binary(node);
    if (node instanceof BooleanClauseList) {
      const clauses = node.clauses.map((each) => this.build(each));
      return node.operator.name === "and" ? every(clauses) : some(clauses);
    }
    if (node instanceof UnaryExpression) return this.unary(node);
    if (node instanceof Between) return this.between(node);
    if (node instanceof Label) return this.build(node.element);
    if (node instanceof Null) return this.constant(null);
    if (node instanceof True) return this.constant(true);
    if (node instanceof False) return this.constant(false);
    if (node.visitName === "Column") return this.column(node as ColumnElement);
    throw refused(`${node.visitName} (${node})`);
  }

  private constant(value: unknown): Evaluator {
    return () => value;
  }

  private valueOf(bind: BindParameter): unknown {
    if (bind.name !== null && this.params !== undefined && Object.hasOwn(this.params, bind.name))
      return this.params[bind.name];
    if (bind.callable !== null) return bind.callable();
    if (bind.required || bind.value === undefined) throw refused(`a parameter without a value (${bind.name})`);
    return bind.value;
  }

  private column(element: ColumnElement): Evaluator {
    const base = baseColumn(element);
    const attribute = base === null ? undefined : this.mapper.byColumn.get(base);
    if (attribute === undefined) throw refused(`a column that ${this.mapper.className} does not map (${element})`);
    return (state) => {
      const value = (attribute as ColumnAttribute).peek(state);
      return value === undefined ? EXPIRED : value;
    };
  }

  private binary(node: BinaryExpression): Evaluator {
    const { name } = node.operator;
    if (name === "in" || name === "notIn") return this.membership(node, name === "notIn");
    const [left, right] = [this.build(node.left), this.build(node.right)];
    switch (name) {
      case "eq":
        return strict([left, right], this.equality(node));
      case "ne":
        return not(strict([left, right], this.equality(node)));
      case "lt":
        return strict([left, right], (a: never, b: never) => order(a, b, node) < 0);
      case "le":
        return strict([left, right], (a: never, b: never) => order(a, b, node) <= 0);
      case "gt":
        return strict([left, right], (a: never, b: never) => order(a, b, node) > 0);
      case "ge":
        return strict([left, right], (a: never, b: never) => order(a, b, node) >= 0);
      case "is":
      case "isNotDistinctFrom":
        return this.distinction(node, left, right, false);
      case "isNot":
      case "isDistinctFrom":
        return this.distinction(node, left, right, true);
      case "add":
        return strict(
          [left, right],
          arithmetic(
            node,
            (a, b) => a + b,
            (a, b) => a + b,
          ),
        );
      case "sub":
        return strict(
          [left, right],
          arithmetic(
            node,
            (a, b) => a - b,
            (a, b) => a - b,
          ),
        );
      case "mul":
        return strict(
          [left, right],
          arithmetic(
            node,
            (a, b) => a * b,
            (a, b) => a * b,
          ),
        );
      case "concat":
        return strict([left, right], (a: unknown, b: unknown) => {
          if (typeof a !== "string" || typeof b !== "string") throw refused(`|| of other things than texts (${node})`);
          return a + b;
        });
      default: {
        const { jsImpl } = node.operator;
        if (jsImpl === null) throw refused(`the operator ${node.operator.sql || name} (${node})`);
        return strict([left, right], jsImpl);
      }
    }
  }

  private equality(node: BinaryExpression): (a: never, b: never) => boolean {
    const type = comparable(node.left.type, node);
    return (a, b) => same(a, b, type, node);
  }

  private distinction(node: BinaryExpression, left: Evaluator, right: Evaluator, negative: boolean): Evaluator {
    return (state) => {
      const [a, b] = [left(state), right(state)];
      if (a === EXPIRED || b === EXPIRED) return EXPIRED;
      const equal = a === null || b === null ? a === b : same(a, b, comparable(node.left.type, node), node);
      return equal !== negative;
    };
  }

  private membership(node: BinaryExpression, negative: boolean): Evaluator {
    const { right } = node;
    let members: readonly Evaluator[];
    if (right instanceof BindParameter && right.expanding) {
      const list = this.valueOf(right);
      if (!Array.isArray(list)) throw refused(`IN of something that is no list (${node})`);
      members = list.map((value) => this.constant(value));
    } else if (right instanceof TupleElement) members = right.elements.map((each) => this.build(each));
    else throw refused(`IN of a subquery (${node})`);
    const left = this.build(node.left);
    const type = comparable(node.left.type, node);
    const found = some(members.map((member) => strict([left, member], (a, b) => same(a, b, type, node))));
    return negative ? not(found) : found;
  }

  private unary(node: UnaryExpression): Evaluator {
    const part = this.build(node.element);
    switch (node.operator.name) {
      case "not":
      case "isFalse":
        return not(part);
      case "isTrue":
        return part;
      case "neg":
        return strict([part], (value: unknown) => {
          if (typeof value === "number" || typeof value === "bigint") return -value;
          throw refused(`- of something that is no number (${node})`);
        });
      default:
        throw refused(`the operator ${node.operator.sql || node.operator.name} (${node})`);
    }
  }

  private between(node: Between): Evaluator {
    if (node.symmetric) throw refused(`BETWEEN SYMMETRIC (${node})`);
    const [value, low, high] = [this.build(node.element), this.build(node.low), this.build(node.high)];
    const inside = every([
      strict([value, low], (a: never, b: never) => order(a, b, node) >= 0),
      strict([value, high], (a: never, b: never) => order(a, b, node) <= 0),
    ]);
    return node.negative ? not(inside) : inside;
  }
}

function comparable(type: SQLType, node: Node): SQLType {
  if (type.family === "null" || COMPARABLE.has(type.family)) {
    const { collation } = type as { readonly collation?: string | null };
    if (collation === undefined || collation === null) return type;
  }
  throw refused(`a comparison of ${type.family} (${node})`);
}

function kindOf(value: unknown): string {
  if (typeof value === "bigint") return "number";
  return value instanceof Date ? "date" : typeof value;
}

/** Values of different kinds are compared by the database's own conversions. */
function same(a: unknown, b: unknown, type: SQLType, node: Node): boolean {
  if (a === b) return true;
  if (kindOf(a) !== kindOf(b)) throw refused(`a comparison of ${kindOf(a)} with ${kindOf(b)} (${node})`);
  // biome-ignore lint/suspicious/noDoubleEquals: a number and a bigint of one value are equal
  if (kindOf(a) === "number") return a == b;
  return type.equals(a, b);
}

function order(a: unknown, b: unknown, node: Node): number {
  const [x, y] = [a instanceof Date ? a.getTime() : a, b instanceof Date ? b.getTime() : b];
  const numbers = (value: unknown): value is number => typeof value === "number" || typeof value === "bigint";
  if (!numbers(x) || !numbers(y) || kindOf(a) !== kindOf(b)) throw refused(`the order of ${kindOf(a)} (${node})`);
  return x < y ? -1 : x > y ? 1 : 0;
}

/** Only of whole numbers: fractions and decimals are rounded in the database's own ways. */
function arithmetic(
  node: Node,
  small: (a: number, b: number) => number,
  large: (a: bigint, b: bigint) => bigint,
): (a: never, b: never) => unknown {
  return (a: unknown, b: unknown) => {
    if (typeof a === "number" && typeof b === "number") {
      const value = small(a, b);
      if (Number.isInteger(a) && Number.isInteger(b) && Number.isSafeInteger(value)) return value;
    } else if (typeof a === "bigint" && typeof b === "bigint") return large(a, b);
    throw refused(`arithmetic of other things than whole numbers (${node})`);
  };
}

function refused(what: string): UnevaluatableError {
  return new UnevaluatableError(
    `The objects of the session cannot be matched in memory: ${what} is for the database to work out. ` +
      `Use synchronizeSession: "fetch" (or "auto"), or false where no object of the session is concerned.`,
  );
}
