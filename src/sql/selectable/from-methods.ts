/** Joins, aliases and WITH, as functions. */
import { addMethods } from "../add-methods.js";
import type { ColumnElement } from "../element.js";
import { bindValue } from "../elements/bind.js";
import { requireCondition } from "../elements/coerce.js";
import { doubleType, nullType } from "../types/base.js";
import type { Condition, Expr } from "../typing.js";
import { Alias, type AliasedColumns, TableSample } from "./alias.js";
import type { FromClause as From } from "./from-clause.js";
import { FromClause } from "./from-clause.js";
import { inferOn, Join, type JoinKind, type JoinOptions, joinKind } from "./join.js";
import type { CTE, CTEOptions, Query, Subquery, SubqueryColumns } from "./query.js";
import { requireFrom } from "./resolve.js";
import { Select } from "./select.js";
import type { RowOf } from "./select-typing.js";
import { TableValuedColumn } from "./table-valued.js";

declare module "./from-clause.js" {
  interface FromClause<C> {
    /** `SELECT` of all of its columns. */
    select<X extends From<unknown>>(this: X): Select<RowOf<[X]>, [], [X]>;
    /** The same rows under another name; made up where none is given. */
    alias<const N extends string = string>(name?: N): From<AliasedColumns<C, N>>;
    /** A join to another FROM element, by foreign keys or by the condition given. */
    join(right: From<unknown>, on?: Condition | null, options?: JoinOptions): Join;
    /** A LEFT OUTER JOIN. */
    outerjoin(right: From<unknown>, on?: Condition | null): Join;
    /** `TABLESAMPLE method (percent)`. */
    tablesample(
      percent: number,
      options?: { readonly method?: string; readonly seed?: number; readonly name?: string },
    ): From<C>;
    /**
     * A row of this element as one value, for functions that take such: `func.rowToJson(users.tableValued())`. Only databases with
     * composite values have it.
     */
    tableValued(): Expr<unknown>;
  }
}

function joined(left: From<unknown>, target: unknown, on: unknown, kind: JoinKind): Join {
  const right = requireFrom(target, "join()");
  const condition: ColumnElement | null =
    on == null ? (kind === "cross" ? null : inferOn(left, right)) : requireCondition(on, "join(): the condition");
  return new Join(left, right, condition, kind);
}

const methods: Record<string, (this: From<unknown>, ...args: never[]) => unknown> = {
  select() {
    return new Select([this], []);
  },
  alias(name?: string) {
    return new Alias(this, name ?? null);
  },
  join(target: unknown, on?: unknown, options: JoinOptions = {}) {
    return joined(this, target, on, joinKind(options));
  },
  outerjoin(target: unknown, on?: unknown) {
    return joined(this, target, on, "left");
  },
  tableValued() {
    return new TableValuedColumn(this);
  },
  tablesample(percent: number, options: { method?: string; seed?: number; name?: string } = {}) {
    const method = options.method ?? "SYSTEM";
    if (!/^[A-Za-z_]\w*$/.test(method))
      throw new TypeError(`tablesample: ${JSON.stringify(method)} is not the name of a method.`);
    const seed = options.seed === undefined ? null : bindValue(options.seed, doubleType, "seed");
    return new Alias(
      this,
      options.name ?? null,
      new TableSample(method, bindValue(percent, doubleType, "percent"), seed, nullType),
    );
  },
};

addMethods(FromClause.prototype, methods);

/** A join of two FROM elements. */
export function join(left: From<unknown>, right: From<unknown>, on?: Condition | null): Join {
  return joined(left, right, on, "inner");
}
/** A LEFT OUTER JOIN of two FROM elements. */
export function outerjoin(left: From<unknown>, right: From<unknown>, on?: Condition | null): Join {
  return joined(left, right, on, "left");
}
/** Another name for a FROM element. */
export function alias<C, const N extends string = string>(from: From<C>, name?: N): Alias<AliasedColumns<C, N>> {
  return new Alias(from as From<unknown>, name ?? null);
}
/** The query in FROM, where it may refer to the elements before it. */
export function lateral<C, const N extends string = string>(
  query: Query<unknown, C>,
  name?: N,
): Subquery<SubqueryColumns<C, N>> {
  return query.lateral(name);
}
/** The query, or a statement with RETURNING, in WITH. */
export function cte<Columns>(
  query: { cte(name?: string, options?: CTEOptions): CTE<Columns> },
  name?: string,
  options?: CTEOptions,
): CTE<Columns> {
  return query.cte(name, options);
}
/** `TABLESAMPLE method (percent)` of a FROM element. */
export function tablesample<C>(
  from: From<C>,
  percent: number,
  options?: { readonly method?: string; readonly seed?: number; readonly name?: string },
): From<C> {
  return from.tablesample(percent, options);
}
