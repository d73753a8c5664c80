/** EXISTS. */
import { LiteralColumn } from "./elements/special.js";
import { EntityElement } from "./entity.js";
import { FromClause } from "./selectable/from-clause.js";
import { Exists, type Query } from "./selectable/query.js";
import { requireSelected } from "./selectable/resolve.js";
import { Select } from "./selectable/select.js";
import type { Selectable } from "./selectable/select-typing.js";
import { integerType } from "./types/base.js";
import type { BoolExpr, Condition } from "./typing.js";

/** `EXISTS (SELECT ...)` that is still being built. */
export interface ExistsExpr extends BoolExpr<boolean> {
  /** More conditions inside. */
  where(...conditions: readonly Condition[]): ExistsExpr;
  selectFrom(...froms: readonly FromClause<unknown>[]): ExistsExpr;
  correlate(...froms: readonly unknown[]): ExistsExpr;
  correlateExcept(...froms: readonly unknown[]): ExistsExpr;
  /** `SELECT EXISTS (...)`. */
  select(): Select<[boolean], [], [BoolExpr<boolean>]>;
}

class ExistsBuilder extends Exists {
  where(...conditions: readonly Condition[]): ExistsBuilder {
    return new ExistsBuilder((this.element as Select).where(...conditions) as Query);
  }
  selectFrom(...froms: readonly FromClause<unknown>[]): ExistsBuilder {
    return new ExistsBuilder((this.element as Select).selectFrom(...froms) as Query);
  }
  correlate(...froms: readonly unknown[]): ExistsBuilder {
    return new ExistsBuilder((this.element as Select).correlate(...froms) as Query);
  }
  correlateExcept(...froms: readonly unknown[]): ExistsBuilder {
    return new ExistsBuilder((this.element as Select).correlateExcept(...froms) as Query);
  }
  select(): Select {
    return new Select([this], []);
  }
}

/**
 * `EXISTS (...)` of a query, or of the rows of a table or class.
 *
 * @example exists(posts).where(posts.c.user_id.eq(users.c.id))
 */
export function exists(target?: Query<unknown, unknown> | Selectable): ExistsExpr {
  const given = target as unknown;
  if (given !== undefined && given !== null && typeof given === "object" && "selectedColumns" in given) {
    return new ExistsBuilder(given as Query) as unknown as ExistsExpr;
  }
  const one = new LiteralColumn("1", integerType);
  let select = new Select([one], []);
  if (given !== undefined) {
    const node = requireSelected(given, "exists()");
    if (node instanceof FromClause) select = select.selectFrom(node);
    else if (node instanceof EntityElement) select = select.selectFrom(node.from);
    else select = new Select([node], []);
  }
  return new ExistsBuilder(select as unknown as Query) as unknown as ExistsExpr;
}
