/** Columns of the select list by their names. */
import { ColumnElement, factory } from "../element.js";
import { ArgumentError } from "../errors.js";
import type { Parts } from "../node.js";
import { operators } from "../operators.js";
import { nullType } from "../types/base.js";
import type { SQLType } from "../types/type.js";
import type { Expr, ExprOf, Valued } from "../typing.js";
import { requireElement } from "./coerce.js";

/** A column of the select list by its name, in ORDER BY and GROUP BY. */
export class LabelReference extends ColumnElement {
  static override readonly parts: Parts = { name: "name" };
  override get visitName(): string {
    return "LabelReference";
  }
  constructor(readonly name: string) {
    super();
    if (name === "") throw new ArgumentError("the name of a label is empty.");
  }
  get type(): SQLType {
    return nullType;
  }
}

/** What ORDER BY and GROUP BY take: an expression, or the name of a selected column. */
export function orderElement(value: unknown, place: string): ColumnElement {
  return typeof value === "string" ? new LabelReference(value) : requireElement(value, place);
}

/** `element ASC`; a string names a column of the select list. */
export function asc<T>(element: Valued<T> | string): ExprOf<T> {
  return factory.unary(operators.asc, orderElement(element, "asc()"), true) as unknown as ExprOf<T>;
}
/** `element DESC`; a string names a column of the select list. */
export function desc<T>(element: Valued<T> | string): ExprOf<T> {
  return factory.unary(operators.desc, orderElement(element, "desc()"), true) as unknown as ExprOf<T>;
}
/** `element NULLS FIRST`. */
export function nullsFirst(element: Valued | string): Expr<unknown> {
  return factory.unary(operators.nullsFirst, orderElement(element, "nullsFirst()"), true);
}
/** `element NULLS LAST`. */
export function nullsLast(element: Valued | string): Expr<unknown> {
  return factory.unary(operators.nullsLast, orderElement(element, "nullsLast()"), true);
}
