/** Rows inside of rows. */
import { ColumnElement } from "../element.js";
import { ArgumentError } from "../errors.js";
import type { Parts } from "../node.js";
import { describeValue } from "../types/describe-value.js";
import { RowsType } from "../types/rows.js";
import type { SQLType } from "../types/type.js";
import type { Expr, Valued } from "../typing.js";
import { Query } from "./query.js";

/** The rows of a query as a value: a list of objects, or the only one. */
export class NestedRows extends ColumnElement {
  static override readonly parts: Parts = { element: "node", single: "name" };
  override get visitName(): string {
    return "NestedRows";
  }
  constructor(
    readonly element: Query,
    readonly single: boolean,
  ) {
    super();
  }
  get type(): SQLType {
    const columns = this.element.selectedColumns.map((each): [string, SQLType] => [each.key, each.element.type]);
    return new RowsType(new Map(columns), this.single);
  }
}

/** A row of a query as an object: what it is, or its columns by name where the query gives tuples. */
export type NestedRow<Row, C> = Row extends readonly unknown[]
  ? { -readonly [K in keyof C]: C[K] extends Valued<infer T> ? T : never }
  : Row;

/**
 * The rows of a query as a list inside each row: what belongs to a row, without a second statement and without repeating
 * the row. Values have the types of their columns, dates and bigints included. Rows come in the query's order; where there are none
 * the list is empty.
 *
 * @param query refers to the statement around it in its conditions, as every subquery may
 * @throws ArgumentError for what is no query
 * @example select({ name: users.c.name, posts: nestedRows(select({ id: posts.c.id, at: posts.c.at }).where(posts.c.userId.eq(users.c.id))) })
 */
export function nestedRows<Row, C>(query: Query<Row, C>): Expr<NestedRow<Row, C>[]> {
  return nested(query, false) as unknown as Expr<NestedRow<Row, C>[]>;
}

/**
 * The only row of a query as an object inside each row, or null. A query that may find more says `limit(1)`.
 *
 * @param query see {@link nestedRows}
 * @throws ArgumentError for what is no query
 */
export function nestedRow<Row, C>(query: Query<Row, C>): Expr<NestedRow<Row, C> | null> {
  return nested(query, true) as unknown as Expr<NestedRow<Row, C> | null>;
}

function nested(query: unknown, single: boolean): NestedRows {
  if (query instanceof Query) return new NestedRows(query as Query, single);
  throw new ArgumentError(
    `${single ? "nestedRow" : "nestedRows"}() takes a query, not ${describeValue(query)}. Write select({ ... }).`,
  );
}
