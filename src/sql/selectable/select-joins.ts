/** Joins of a SELECT, and what they make of its row: the outer sides become nullable. */
import { addMethods } from "../add-methods.js";
import { requireCondition } from "../elements/coerce.js";
import { type Attrs, type Cls, type EntityRef, type RelAttr, RelationElement, type TARGET } from "../entity.js";
import type { Node } from "../node.js";
import type { Table } from "../schema/table.js";
import type { Condition, Valued } from "../typing.js";
import type { FromClause } from "./from-clause.js";
import { type JoinKind, type JoinOptions, joinKind } from "./join.js";
import { attributeSets, entitiesAmong, entityOf, isLambda, lambdaSets, requireFrom, requireSets } from "./resolve.js";
import { Select } from "./select.js";
import { JoinEntry, naming } from "./select-parts.js";
import type { EntitiesOf, RowOf, Where } from "./select-typing.js";

/** The options of an inner join, and of a left one: what is selected from its target is nullable. */
type InnerJoin = { readonly isOuter?: false; readonly full?: false };
type LeftJoin = { readonly isOuter: true; readonly full?: false };

/** What a join may start from. */
type JoinSource = FromClause<unknown> | Cls<unknown> | EntityRef<unknown, unknown>;

/** What can be joined: a relationship, a mapped class or an alias of one, a table, a subquery. */
export type JoinTarget =
  | RelAttr<unknown, unknown, unknown>
  | EntityRef<unknown, unknown>
  | FromClause<unknown>
  | Cls<unknown>;

/** A relationship of what is selected, or an alias: `(post) => post.author`. */
type JoinLambda<Ent extends readonly unknown[]> = (
  ...entities: Ent
) => RelAttr<unknown, unknown, unknown> | EntityRef<unknown, unknown>;

/** The attribute set of a join's target, which its condition may take. */
type TargetEntities<X> = X extends (...entities: never[]) => infer R
  ? TargetEntities<R>
  : X extends RelAttr<infer E, infer _Src, infer Q>
    ? [Attrs<E, Q>]
    : EntitiesOf<[X]>;
type On<Ent extends readonly unknown[], X> = Where<[...Ent, ...TargetEntities<X>]> | null;

type Nullable<Row, Sel, Nul> = unknown extends Sel ? Row : RowOf<Sel, Nul>;

/** The source of the columns of a join's target. */
type TargetSource<X> = X extends (...entities: never[]) => infer R
  ? TargetSource<R>
  : X extends { readonly relationSource: unknown; readonly [TARGET]: infer Q }
    ? Q
    : X extends EntityRef<unknown, infer Q>
      ? Q
      : X extends Table<unknown, infer Name>
        ? Name
        : X extends FromClause<infer C>
          ? C[keyof C] extends Valued<unknown, infer Q>
            ? Q
            : never
          : X extends Cls<infer E>
            ? E
            : never;

declare module "./select.js" {
  interface Select<Row, Ent extends readonly unknown[], Sel, Nul, Load> {
    /**
     * Joins along a relationship, or to a table, subquery or class by its foreign keys or by the condition given. A lambda receives the attributes
     * that one of `where()` does; that of the condition, those of the target too. A relationship that is joined along already is not joined again.
     *
     * @example select(User).join((u) => u.posts)
     * @example select(users).join(posts, posts.c.user_id.eq(users.c.id))
     */
    join<X extends JoinTarget | JoinLambda<Ent>>(target: X, on?: On<Ent, X>, options?: InnerJoin): this;
    join<X extends JoinTarget | JoinLambda<Ent>>(
      target: X,
      on: On<Ent, X> | undefined,
      options: LeftJoin,
    ): Select<Nullable<Row, Sel, Nul | TargetSource<X>>, Ent, Sel, Nul | TargetSource<X>, Load>;
    join<X extends JoinTarget | JoinLambda<Ent>>(
      target: X,
      on: On<Ent, X> | undefined,
      options: JoinOptions,
    ): Select<Nullable<Row, Sel, unknown>, Ent, Sel, unknown, Load>;

    /** LEFT OUTER JOIN: columns of the target become nullable. */
    outerjoin<X extends JoinTarget | JoinLambda<Ent>>(
      target: X,
      on?: On<Ent, X>,
    ): Select<Nullable<Row, Sel, Nul | TargetSource<X>>, Ent, Sel, Nul | TargetSource<X>, Load>;

    /** FULL OUTER JOIN. */
    fullJoin<X extends JoinTarget | JoinLambda<Ent>>(
      target: X,
      on?: On<Ent, X>,
    ): Select<Nullable<Row, Sel, unknown>, Ent, Sel, unknown, Load>;

    /** RIGHT OUTER JOIN: what was there before becomes nullable. */
    rightJoin<X extends JoinTarget | JoinLambda<Ent>>(
      target: X,
      on?: On<Ent, X>,
    ): Select<Nullable<Row, Sel, unknown>, Ent, Sel, unknown, Load>;

    /** CROSS JOIN: every row with every row; of a LATERAL subquery, every row with its own. */
    crossJoin(target: JoinTarget | JoinLambda<Ent>): this;

    /** Joins `target` to `left`, where the left side would not be found by itself. */
    joinFrom(left: JoinSource, target: JoinTarget, on?: Condition | null, options?: InnerJoin): this;
    joinFrom<X extends JoinTarget>(
      left: JoinSource,
      target: X,
      on: Condition | null | undefined,
      options: LeftJoin,
    ): Select<Nullable<Row, Sel, Nul | TargetSource<X>>, Ent, Sel, Nul | TargetSource<X>, Load>;
    joinFrom(
      left: JoinSource,
      target: JoinTarget,
      on: Condition | null | undefined,
      options: JoinOptions,
    ): Select<Nullable<Row, Sel, unknown>, Ent, Sel, unknown, Load>;

    /** LEFT OUTER JOIN of `target` to `left`, where the left side would not be found by itself. */
    outerjoinFrom<X extends JoinTarget>(
      left: JoinSource,
      target: X,
      on?: Condition | null,
    ): Select<Nullable<Row, Sel, Nul | TargetSource<X>>, Ent, Sel, Nul | TargetSource<X>, Load>;
  }
}

function joined(
  statement: Select,
  target: unknown,
  on: unknown,
  kind: JoinKind,
  left: unknown = null,
  place = "join()",
): Select {
  const sets = (): object[] => lambdaSets(statement.rawColumns, statement.extras?.fromEntities);
  const right = isLambda(target) ? target(...requireSets(sets(), place)) : target;
  const node: Node = right instanceof RelationElement ? right : (entityOf(right) ?? requireFrom(right, "join()"));
  const value: unknown = isLambda(on)
    ? on(...sets(), ...attributeSets([node instanceof RelationElement ? node.target : node]))
    : on;
  const condition = on == null ? null : requireCondition(value, "join(): the condition");
  if (left === null && condition === null && isJoined(statement, node, kind)) return statement;
  const entry = new JoinEntry(node, condition, kind, left === null ? null : requireFrom(left, place));
  const joins = statement.joins.length === 0 ? [entry] : [...statement.joins, entry];
  return statement.with({ joins, extras: naming(statement.extras, left === null ? [] : entitiesAmong([left])) });
}

/** Whether a statement is joined along a relationship already, in the same way: parts of a query that know nothing of each other may each ask for it. */
function isJoined({ joins }: Select, node: Node, kind: JoinKind): boolean {
  return (
    node instanceof RelationElement &&
    joins.some(
      ({ target, on, left, kind: known }) =>
        target instanceof RelationElement && on === null && left === null && known === kind && target.isSamePath(node),
    )
  );
}

const methods: Record<string, (this: Select, ...args: never[]) => Select> = {
  join(target: unknown, on?: unknown, options: JoinOptions = {}) {
    return joined(this, target, on, joinKind(options));
  },
  outerjoin(target: unknown, on?: unknown) {
    return joined(this, target, on, "left");
  },
  fullJoin(target: unknown, on?: unknown) {
    return joined(this, target, on, "full");
  },
  rightJoin(target: unknown, on?: unknown) {
    return joined(this, target, on, "right");
  },
  crossJoin(target: unknown) {
    return joined(this, target, null, "cross");
  },
  joinFrom(left: unknown, target: unknown, on?: unknown, options: JoinOptions = {}) {
    return joined(this, target, on, joinKind(options), left, "joinFrom()");
  },
  outerjoinFrom(left: unknown, target: unknown, on?: unknown) {
    return joined(this, target, on, "left", left, "outerjoinFrom()");
  },
};

addMethods(Select.prototype, methods);
