/** Arrays of expressions. */
import { ColumnElement } from "../element.js";
import { ArgumentError } from "../errors.js";
import type { Parts } from "../node.js";
import { AS_OPERAND } from "../protocol.js";
import { nullType } from "../types/base.js";
import { ArrayType } from "../types/structured.js";
import { plainType, type SQLType } from "../types/type.js";
import type { ExprOf, RowsOf, Valued } from "../typing.js";
import type { Widened } from "./bind.js";
import { expressionOrBind } from "./coerce.js";
import { NULL } from "./expression.js";

/** `ARRAY[a, b]`, or `ARRAY(SELECT ...)`. */
export class ArrayConstructor extends ColumnElement {
  static override readonly parts: Parts = { elements: "nodes", type: "type", ofQuery: "name" };
  override get visitName(): string {
    return "ArrayConstructor";
  }
  constructor(
    readonly elements: readonly ColumnElement[],
    readonly type: ArrayType,
    /** The only element is a query, whose rows are the members. */
    readonly ofQuery: boolean,
  ) {
    super();
  }
}

type Value<X> = X extends Valued<infer T> ? T : X;

/**
 * An array of values and expressions, or of the rows of a query of one column.
 *
 * @param items its members; arrays made by this function make one of more dimensions
 * @param type of a member; where it is left out, that of the first whose type is known. An empty array needs it
 * @example select(array([point.c.x, point.c.y, 0]))
 * @example select(array(select(tag.c.name).where(tag.c.postId.eq(post.c.id))))
 */
export function array<const X>(items: readonly X[], type?: SQLType): ExprOf<Widened<Value<X>>[]>;
export function array<T>(query: RowsOf<readonly [T]>): ExprOf<T[]>;
export function array(items: unknown, type?: SQLType): unknown {
  if (!Array.isArray(items)) {
    const source = items as { [AS_OPERAND]?: () => ColumnElement } | null;
    if (typeof source !== "object" || typeof source?.[AS_OPERAND] !== "function")
      throw new ArgumentError("array() takes a list, or a select of one column.");
    const query = source[AS_OPERAND]();
    return new ArrayConstructor([query], new ArrayType(query.type), true);
  }
  const given = type === undefined ? null : (plainType(type) as SQLType);
  const known = given ?? (items as unknown[]).find(isTyped)?.type ?? null;
  const elements = (items as unknown[]).map((each) =>
    each === null ? NULL : expressionOrBind(each, known, "item", "array()"),
  );
  const itemType = known ?? elements.find(isTyped)?.type ?? nullType;
  if (itemType.family === "null")
    throw new ArgumentError("array(): nothing says what it is an array of: array([], t.integer).");
  // arrays within arrays are one array of more dimensions
  const inner = itemType instanceof ArrayType ? itemType.itemType : itemType;
  return new ArrayConstructor(elements, new ArrayType(inner), false);
}

function isTyped(value: unknown): value is ColumnElement {
  return value instanceof ColumnElement && value.type.family !== "null";
}
