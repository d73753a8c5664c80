/** Marks a column in a join condition as the far side's. SQLAlchemy: the `remote()` annotation. */
import { ColumnElement } from "../../sql/element.js";
import type { Parts } from "../../sql/node.js";
import type { Column } from "../../sql/schema/column.js";
import type { SQLType } from "../../sql/types/type.js";

export class RemoteColumn extends ColumnElement {
  static override readonly parts: Parts = { element: "node" };

  constructor(readonly column: Column) {
    super();
  }

  override get visitName(): string {
    return "AnnotatedColumn";
  }
  get element(): ColumnElement {
    return this.column;
  }
  get type(): SQLType {
    return this.column.type;
  }
}
