/** Columns in join conditions with what is known of their side. SQLAlchemy: the `remote()` and `foreign()` annotations. */
import { ColumnElement } from "../../sql/element.js";
import type { Parts } from "../../sql/node.js";
import type { Column } from "../../sql/schema/column.js";
import type { SQLType } from "../../sql/types/type.js";

/** A column of the far side. */
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

/** A column as a mapping marks it; the configuration makes of it what it finds. */
export class MarkedColumn extends ColumnElement {
  static override readonly parts: Parts = { element: "node" };

  constructor(
    readonly element: ColumnElement,
    readonly isForeign: boolean,
    readonly isRemote: boolean,
  ) {
    super();
  }

  override get visitName(): string {
    return "AnnotatedColumn";
  }
  get type(): SQLType {
    return this.element.type;
  }
}

function mark(column: unknown, foreign: boolean, remote: boolean): MarkedColumn {
  return column instanceof MarkedColumn
    ? new MarkedColumn(column.element, column.isForeign || foreign, column.isRemote || remote)
    : new MarkedColumn(column as ColumnElement, foreign, remote);
}

/**
 * In a `primaryJoin`: this column refers to the other side, as a foreign key would. It takes the place of the foreign keys of the schema.
 *
 * @example primaryJoin: (h: Attrs<Host>, a: Attrs<Host>) => cast(h.address, t.text).eq(foreign(a.content))
 */
export function foreign<X>(column: X): X {
  return mark(column, true, false) as X;
}

/**
 * In a `primaryJoin`: this column is that of the target's row. Needed where both sides are one table and the foreign keys do not tell.
 *
 * @example primaryJoin: (n: Attrs<Node>) => remote(foreign(n.path)).like(n.path.concat("/%"))
 */
export function remote<X>(column: X): X {
  return mark(column, false, true) as X;
}
