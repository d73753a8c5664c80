import { ColumnElement } from "../element.js";
import type { Parts } from "../node.js";
import { nullType } from "../types/base.js";
import type { SQLType } from "../types/type.js";
import type { Expr, Valued } from "../typing.js";
import { requireElement } from "./coerce.js";

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

function grouping(keyword: Grouping["keyword"], sets: readonly unknown[]): Expr<unknown> {
  return new Grouping(
    keyword,
    sets.map((each) => requireElement(each, `${keyword.toLowerCase()}()`)),
  ) as unknown as Expr<unknown>;
}

/** `GROUPING SETS ((a, b), (a))`: give `tuple(...)`s. */
export const groupingSets = (...sets: readonly Valued[]): Expr<unknown> => grouping("GROUPING SETS", sets);
/** `ROLLUP (a, b)`. */
export const rollup = (...sets: readonly Valued[]): Expr<unknown> => grouping("ROLLUP", sets);
/** `CUBE (a, b)`. */
export const cube = (...sets: readonly Valued[]): Expr<unknown> => grouping("CUBE", sets);
