/** The next value of a sequence. */
import { ColumnElement } from "../element.js";
import type { Parts } from "../node.js";
import type { Sequence } from "../schema/generated.js";
import { integerType } from "../types/base.js";
import type { SQLType } from "../types/type.js";
import type { ExprOf } from "../typing.js";

/** `nextval('sequence')`. */
export class SequenceValue extends ColumnElement {
  static override readonly parts: Parts = { sequence: "node" };
  override get visitName(): string {
    return "SequenceValue";
  }
  constructor(readonly sequence: Sequence) {
    super();
  }
  get type(): SQLType {
    return integerType;
  }
}

/** The next value of a sequence. */
export function nextValue(sequence: Sequence): ExprOf<number> {
  return new SequenceValue(sequence) as unknown as ExprOf<number>;
}
