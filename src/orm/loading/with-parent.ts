/** `withParent()`: the rows that belong to an object along a relationship. */
import type { Attrs, Cls, RelAttr } from "../../sql/entity.js";
import { ArgumentError } from "../../sql/errors.js";
import { describeValue } from "../../sql/types/describe-value.js";
import type { BoolExpr } from "../../sql/typing.js";
import { attrs } from "./aliased.js";
import { InstrumentedRelation } from "./instrumented-relation.js";

/**
 * A condition on the target of a relationship: that its rows belong to this object. SQLAlchemy: `with_parent`.
 *
 * @param parent an object that is stored, or will be by the autoflush before the statement
 * @param relation a relationship of its class, or a lambda that gives it; `relation.of(alias)` where the statement selects an alias
 * @throws ArgumentError for an object of another class; InvalidRequestError, when executed, for one that has no key
 * @example select(Post).where(withParent(user, (u) => u.posts))
 */
export function withParent<P extends object, E>(
  parent: P,
  relation: RelAttr<E, P, unknown> | ((attributes: Attrs<P>) => RelAttr<E, P, unknown>),
): BoolExpr<boolean> {
  if (typeof parent !== "object" || parent === null)
    throw new ArgumentError(
      `withParent() takes an object of a mapped class, not ${describeValue(parent)}. Rows without a parent: select(Post).where((p) => p.author.eq(null)).`,
    );
  if (typeof relation === "function") return withParent(parent, relation(attrs(parent.constructor as Cls<P>)));
  if (!(relation instanceof InstrumentedRelation)) {
    throw new ArgumentError(
      `withParent() takes a relationship such as attrs(User).posts, not ${describeValue(relation)}.`,
    );
  }
  return relation.membersOf(parent) as unknown as BoolExpr<boolean>;
}
