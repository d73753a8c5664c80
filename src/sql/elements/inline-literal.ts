import { ColumnElement } from "../element.js";
import type { Parts } from "../node.js";
import type { SQLType } from "../types/type.js";

/** A value that is written into the SQL as a literal, and so is part of the statement's shape. */
export class InlineLiteral extends ColumnElement {
  static override readonly parts: Parts = { value: "name", type: "type" };
  override get visitName(): string {
    return "InlineLiteral";
  }
  constructor(
    readonly value: string | number | boolean,
    readonly type: SQLType,
  ) {
    super();
  }
}
