/** The types of what a select is given and of the rows that it gives. */
import type { Attrs, Cls, EntityRef, IsRelation, PropertyOf } from "../entity.js";
import type { TableRow } from "../schema/column-specs.js";
import type { Table } from "../schema/table.js";
import type { COLUMNS, Condition, Expr, ExprOf, Named, RowByName, Simplify, Valued } from "../typing.js";
import type { FromClause } from "./from-clause.js";

/** What `select()` takes: expressions, mapped classes and their aliases, tables and other FROM elements, queries. */
export type Selectable = Valued | Cls<unknown> | EntityRef<unknown, unknown> | FromClause<unknown> | ScalarQuery;

/** A query of one column in a select list. */
export interface ScalarQuery {
  scalarSubquery(): Valued;
}

/** The value that one selected thing gives. */
export type SelectedValue<X> =
  X extends Valued<infer T>
    ? T
    : X extends EntityRef<infer E, unknown>
      ? E
      : X extends Cls<infer E>
        ? E
        : X extends { scalarSubquery(): Expr<infer T, unknown> }
          ? T
          : X extends undefined // left out of an object by a condition
            ? undefined
            : unknown;

type SelectedSource<X> =
  X extends Valued<unknown, infer Src>
    ? Src
    : X extends EntityRef<unknown, infer Src>
      ? Src
      : X extends Cls<infer E>
        ? E
        : never;

type NullIf<T, Src, Nul> = [Src] extends [never] ? T : [Src] extends [Nul] ? T | null : T;

/** The row of a select list, with the outer sides of joins made nullable. FROM elements give each of their columns. */
export type RowOf<Sel, Nul = never> = Sel extends readonly unknown[]
  ? [Extract<Sel[number], { readonly [COLUMNS]: unknown }>] extends [never]
    ? { -readonly [I in keyof Sel]: NullIf<SelectedValue<Sel[I]>, SelectedSource<Sel[I]>, Nul> }
    : Sel extends readonly [infer X]
      ? RowByName<NamedValues<X, Nul>>
      : unknown[] & Simplify<NamedRow<Sel, Nul>>
  : { -readonly [K in keyof Sel]: NullIf<SelectedValue<Sel[K]>, SelectedSource<Sel[K]>, Nul> };

// The values that a row with whole FROM elements has by name; of two with one name the first.
type NamedRow<Sel, Nul> = Sel extends readonly [infer X, ...infer Rest]
  ? NamedValues<X, Nul> & Omit<NamedRow<Rest, Nul>, keyof NamedValues<X, Nul>>
  : unknown;

type NamedValues<X, Nul> = X extends { readonly [COLUMNS]: infer C }
  ? { [K in keyof C]: NullIf<SelectedValue<C[K]>, SelectedSource<C[K]>, Nul> }
  : X extends Named<infer K extends string>
    ? { [P in K]: NullIf<SelectedValue<X>, SelectedSource<X>, Nul> }
    : unknown;

/** The attribute sets that lambdas receive: one for each entity in the select list. */
export type EntitiesOf<Sel> = Sel extends readonly [infer X, ...infer Rest]
  ? X extends EntityRef<infer E, infer Src>
    ? [X & Attrs<E, Src>, ...EntitiesOf<Rest>]
    : X extends Cls<infer E>
      ? X extends Valued
        ? EntitiesOf<Rest>
        : [Attrs<E>, ...EntitiesOf<Rest>]
      : EntitiesOf<Rest>
  : [];

type ColumnsOfOne<X, Nul> = X extends Named<infer K extends string> & Valued<infer T>
  ? string extends K
    ? unknown
    : { readonly [P in K]: ExprOf<NullIf<T, SelectedSource<X>, Nul>> & Named<P> }
  : X extends { readonly [COLUMNS]: infer C }
    ? {
        readonly [K in keyof C]: C[K] extends Valued<infer T>
          ? ExprOf<NullIf<T, SelectedSource<C[K]>, Nul>> & Named<K>
          : C[K];
      }
    : X extends EntityRef<infer E, unknown>
      ? EntityColumns<E, SelectedSource<X>, Nul>
      : X extends Cls<infer E>
        ? EntityColumns<E, E, Nul>
        : unknown;

type EntityColumns<E, Src, Nul> = {
  readonly [K in PropertyOf<E> as IsRelation<E[K]> extends true ? never : K]: ExprOf<
    NullIf<Exclude<E[K], undefined>, Src, Nul>
  > &
    Named<K>;
};

/** The columns of a select as a subquery, with those of the outer sides of its joins nullable. */
export type SelectColumns<Sel, Nul = never> = Sel extends readonly [infer X]
  ? ColumnsOfOne<X, Nul>
  : Sel extends readonly [infer X, ...infer Rest]
    ? ColumnsOfOne<X, Nul> & SelectColumns<Rest, Nul>
    : Sel extends readonly []
      ? unknown
      : Sel extends readonly unknown[]
        ? { readonly [key: string]: Expr<unknown> }
        : unknown extends Sel
          ? { readonly [key: string]: Expr<unknown> }
          : {
              readonly [K in keyof Sel]: ExprOf<NullIf<SelectedValue<Sel[K]>, SelectedSource<Sel[K]>, Nul>> & Named<K>;
            };

/** A condition, or a function of the selected entities' attributes that gives one. */
export type Where<Ent extends readonly unknown[]> = Condition | ((...entities: Ent) => Condition);

/** An expression, the name of a selected column, or a function of the selected entities' attributes. */
export type Ordering<Ent extends readonly unknown[]> =
  | Valued
  | string
  | ((...entities: Ent) => Valued | readonly Valued[]);

/** Attribute values by name, for `filterBy`: those of the first entity or table. */
export type FilterOf<Ent extends readonly unknown[], Sel> = Ent extends readonly [
  EntityRef<infer E, unknown>,
  ...unknown[],
]
  ? { readonly [K in PropertyOf<E>]?: E[K] | null }
  : Sel extends readonly [Table<infer Cols>, ...unknown[]]
    ? { readonly [K in keyof Cols]?: TableRow<Cols>[K] | null }
    : Readonly<Record<string, unknown>>;
