import { addMethods } from "../add-methods.js";
import { TextClause } from "../elements/text.js";
import type { LoadOption } from "../entity.js";
import { ArgumentError } from "../errors.js";
import type { Node, Parts } from "../node.js";
import { Statement } from "../statement.js";
import { describeValue } from "../types/describe-value.js";
import type { LOADS, ROW, RowsOf } from "../typing.js";
import { Query } from "./query.js";
import { Select } from "./select.js";

/** The entities and columns of a SELECT, read from the rows of another statement. It is executed by a session. */
export class FromStatement<Row = unknown> extends Statement implements RowsOf<Row> {
  static override readonly parts: Parts = { select: "node", statement: "node" };
  declare readonly [ROW]: Row;
  declare readonly [LOADS]?: unknown;
  override get visitName(): string {
    return "FromStatement";
  }
  constructor(
    /** What the rows hold; nothing but its select list and its loader options counts. */
    readonly select: Select,
    readonly statement: Node,
  ) {
    super();
  }
  get rawColumns(): readonly Node[] {
    return this.select.rawColumns;
  }
  get loadOptions(): readonly LoadOption[] {
    return this.select.loadOptions;
  }

  /** Loader options for the entities. */
  options(...options: readonly LoadOption[]): this {
    return this.copyWith({ select: this.select.options(...options) });
  }
}

declare module "./select.js" {
  interface Select<Row, Ent, Sel, Nul, Load> {
    /**
     * The same entities and columns, read from the rows of another statement: text, text with columns, a set operation, a SELECT, or
     * INSERT, UPDATE and DELETE with RETURNING. Columns are found by themselves, else by their names.
     *
     * @example session.scalars(select(User).fromStatement(text("SELECT * FROM users ORDER BY random()")))
     */
    fromStatement(statement: TextClause | Query<unknown, unknown> | Statement): FromStatement<Row>;
  }
}

addMethods(Select.prototype, {
  fromStatement(statement: unknown): FromStatement {
    const returns = (statement as { readonly returningNodes?: readonly Node[] } | null)?.returningNodes;
    if (statement instanceof TextClause || statement instanceof Query) return new FromStatement(this, statement);
    if (statement instanceof Statement && returns !== undefined && returns.length > 0)
      return new FromStatement(this, statement);
    throw new ArgumentError(
      `fromStatement() takes text(...), a query, or INSERT, UPDATE or DELETE with returning(...), not ${describeValue(statement)}.`,
    );
  },
});
