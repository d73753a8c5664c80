/** Values that are part of a statement's text. */
import { ColumnElement } from "../element.js";
import type { KeyContext } from "../key-context.js";
import type { Node } from "../node.js";
import { replaceNodes } from "../node.js";
import { nextRefId } from "../pieces.js";
import type { SQLType } from "../types/type.js";
import { BindParameter } from "./bind.js";
import { NULL } from "./expression.js";

const LITERAL = nextRefId();

/** A value that is written into the SQL as a literal, and so is part of the statement's shape. */
export class InlineLiteral extends ColumnElement {
  override get visitName(): string {
    return "InlineLiteral";
  }
  constructor(
    readonly value: unknown,
    readonly type: SQLType,
  ) {
    super();
  }
  override appendKey(context: KeyContext): void {
    const { value } = this;
    if (typeof value === "object" && value !== null) context.cacheable = false;
    context.add(LITERAL);
    context.addName(typeof value);
    context.addName(String(value));
    context.add(this.type.cacheKey);
  }
  override children(): [] {
    return [];
  }
  override copyReplacing(): this {
    return this;
  }
}

/**
 * An expression whose values are written into the SQL: the condition of a partial index is recognised by the
 * database only so.
 */
export function inlined<N extends Node>(element: N): N {
  return replaceNodes(element, (node) => {
    if (!(node instanceof BindParameter) || node.required || node.callable !== null || node.expanding) return undefined;
    return node.value === null ? NULL : new InlineLiteral(node.value, node.type);
  });
}
