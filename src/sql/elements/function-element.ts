import { ColumnElement } from "../element.js";
import type { Parts } from "../node.js";
import type { SQLType } from "../types/type.js";

/** A call of an SQL function. */
export class FunctionElement extends ColumnElement {
  static override readonly parts: Parts = { schema: "name", name: "name", args: "nodes", type: "type" };
  override get visitName(): string {
    return "Function";
  }
  constructor(
    readonly name: string,
    readonly args: readonly ColumnElement[],
    readonly type: SQLType,
    readonly schema: string | null = null,
  ) {
    super();
  }
}
