/** Several groupings of one query. */
import { ColumnElement } from "../element.js";
import type { Parts } from "../node.js";
import { nullType } from "../types/base.js";
import type { SQLType } from "../types/type.js";
import type { Expr, Valued } from "../typing.js";
import { requireElement } from "./coerce.js";
import { TupleElement } from "./expression.js";

/** `GROUPING SETS (...)`, `ROLLUP (...)`, `CUBE (...)`. */
export class Grouping extends ColumnElement {
  static override readonly parts: Parts = { keyword: "name", sets: "nodes" };
  override get visitName(): string {
    return "Grouping";
  }
  constructor(
    readonly keyword: "GROUPING SETS" | "ROLLUP" | "CUBE",
    readonly sets: readonly ColumnElement[],
  ) {
    super();
  }
  get type(): SQLType {
    return nullType;
  }
}

/** An element of a grouping: an expression, or several that stand together. */
export type GroupingSet = Valued | readonly Valued[];

function grouping(keyword: Grouping["keyword"], sets: readonly unknown[]): Expr<unknown> {
  const place = `${keyword.toLowerCase()}()`;
  return new Grouping(
    keyword,
    sets.map((each) =>
      Array.isArray(each)
        ? new TupleElement(each.map((one) => requireElement(one, place)))
        : requireElement(each, place),
    ),
  ) as unknown as Expr<unknown>;
}

/**
 * `GROUPING SETS ((a, b), (a), ())`.
 *
 * @example groupingSets([sale.c.shop, sale.c.item], [sale.c.shop], [])
 */
export const groupingSets = (...sets: readonly GroupingSet[]): Expr<unknown> => grouping("GROUPING SETS", sets);
/** `ROLLUP (a, b)`. */
export const rollup = (...sets: readonly GroupingSet[]): Expr<unknown> => grouping("ROLLUP", sets);
/** `CUBE (a, b)`. */
export const cube = (...sets: readonly GroupingSet[]): Expr<unknown> => grouping("CUBE", sets);
