/** `withParent()`: the rows that belong to an object along a relationship. */
import type { RelAttr } from "../../sql/entity.js";
import { ArgumentError } from "../../sql/errors.js";
import type { BoolExpr } from "../../sql/typing.js";
import { describeValue } from "../attributes/relation-attribute.js";
import { InstrumentedRelation } from "./instrumented-relation.js";

/**
 * A condition on the target of a relationship: that its rows belong to this object. SQLAlchemy: `with_parent`.
 *
 * @param parent an object that is stored, or will be by the autoflush before the statement
 * @param relation a relationship of its class; `relation.of(alias)` where the statement selects an alias
 * @throws ArgumentError for an object of another class; InvalidRequestError, when executed, for one that has no key
 * @example select(Post).where(withParent(user, attrs(User).posts))
 */
export function withParent<P extends object, E>(parent: P, relation: RelAttr<E, P, unknown>): BoolExpr<boolean> {
  if (!(relation instanceof InstrumentedRelation)) {
    throw new ArgumentError(
      `withParent() takes a relationship such as attrs(User).posts, not ${describeValue(relation)}.`,
    );
  }
  return relation.membersOf(parent) as unknown as BoolExpr<boolean>;
}
