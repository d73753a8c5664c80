/** Comparison with some or all values of an array or of a query. */
import { type ColumnElement, factory } from "../element.js";
import { operators } from "../operators.js";
import type { Query } from "../selectable/query.js";
import type { ExprOf, RowsOf, Valued } from "../typing.js";
import { requireElement } from "./coerce.js";

type ItemOf<X> =
  X extends Valued<infer T>
    ? NonNullable<T> extends readonly (infer I)[]
      ? I
      : NonNullable<T>
    : X extends RowsOf<readonly [infer T]>
      ? T
      : unknown;
type Quantifiable = Valued | Query<never, never> | RowsOf<unknown>;

/** For the right side of a comparison with some value of an array or of a query: `x.gt(any(select(y)))`. */
export function any<X extends Quantifiable>(of: X): ExprOf<ItemOf<X>> {
  return quantified(of, "any");
}

/** For the right side of a comparison with every value of an array or of a query: `x.gt(all(select(y)))`. */
export function all<X extends Quantifiable>(of: X): ExprOf<ItemOf<X>> {
  return quantified(of, "all");
}

function quantified<X>(of: X, how: "any" | "all"): ExprOf<ItemOf<X>> {
  const element: ColumnElement = requireElement(of, `${how}()`);
  return factory.quantified(operators[how], element) as unknown as ExprOf<ItemOf<X>>;
}
