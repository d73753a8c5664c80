/** Columns in join conditions with what is known of their side. SQLAlchemy: the `remote()` and `foreign()` annotations. */
import { ColumnElement } from "../../sql/element.js";
import { ArgumentError } from "../../sql/errors.js";
import { type Parts, replaceNodes } from "../../sql/node.js";
import type { Column } from "../../sql/schema/column.js";
import { describeValue } from "../../sql/types/describe-value.js";
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

/** Marks a column, or each column of an expression. */
function mark(expression: unknown, name: "foreign" | "remote"): ColumnElement {
  const [isForeign, isRemote] = [name === "foreign", name === "remote"];
  if (!(expression instanceof ColumnElement))
    throw new ArgumentError(`${name}() marks a column, or an expression of columns, not ${describeValue(expression)}.`);
  return replaceNodes<ColumnElement>(expression, (node) => {
    if (node instanceof MarkedColumn)
      return new MarkedColumn(node.element, node.isForeign || isForeign, node.isRemote || isRemote);
    return COLUMNS.has(node.visitName) ? new MarkedColumn(node as ColumnElement, isForeign, isRemote) : undefined;
  });
}

const COLUMNS: ReadonlySet<string> = new Set(["Column", "AnnotatedColumn", "AliasedColumn"]);

/**
 * In a `primaryJoin`: this column refers to the other side, as a foreign key would (of an expression, each of its columns). It takes the place of the foreign keys of the schema.
 *
 * @example primaryJoin: (h: Attrs<Host>, a: Attrs<Host>) => cast(h.address, t.text).eq(foreign(a.content))
 */
export function foreign<X>(column: X): X {
  return mark(column, "foreign") as X;
}

/**
 * In a `primaryJoin`: this column, or each of an expression, is that of the target's row. Needed where both sides are one table and the foreign keys do not tell.
 *
 * @example primaryJoin: (n: Attrs<Node>) => remote(foreign(n.path)).like(n.path.concat("/%"))
 */
export function remote<X>(column: X): X {
  return mark(column, "remote") as X;
}
