/** VALUES in FROM. */
import type { ColumnElement } from "../element.js";
import { expressionOrBind } from "../elements/coerce.js";
import { NULL } from "../elements/expression.js";
import { ArgumentError } from "../errors.js";
import type { Parts } from "../node.js";
import { plainType, type SQLType } from "../types/type.js";
import type { ExprOf, Named, RowsOf, Valued, ValueOf } from "../typing.js";
import { type AliasedColumns, AliasedFrom } from "./alias.js";
import { CTE, type CTEOptions, Query, ScalarSelect, type SelectedColumn } from "./query.js";
import { NamedColumn } from "./textual.js";

/** `(VALUES (...), (...)) AS name (columns)`. */
export class Values<C = unknown> extends AliasedFrom<C> {
  static override readonly parts: Parts = { aliasName: "name", lateral: "name", definitions: "nodes", rows: "rows" };
  override get visitName(): string {
    return "Values";
  }
  constructor(
    readonly definitions: readonly NamedColumn[],
    readonly rows: readonly (readonly ColumnElement[])[],
    readonly aliasName: string | null,
    readonly lateral: boolean,
  ) {
    super();
  }
  get names(): readonly string[] {
    return this.definitions.map((each) => each.name);
  }
  get element(): NamedColumn {
    return this.definitions[0] as NamedColumn;
  }
  override get isLateral(): boolean {
    return this.lateral;
  }
  protected override innerColumns(): readonly { element: ColumnElement; name: string; key: string }[] {
    return this.definitions.map((element) => ({ element, name: element.name, key: element.name }));
  }
  /** The same rows under another name. */
  override alias<const N extends string = string>(name?: N): Values<AliasedColumns<C, N>> {
    return new Values<AliasedColumns<C, N>>(this.definitions, this.rows, name ?? null, this.lateral);
  }
  /** The rows as the members of IN: `x.in(values(...).scalarValues())`, `tuple(a, b).in(...)`. */
  scalarValues(): RowsOf<ValuesRow<C>> {
    return new ScalarSelect(new ValuesQuery(this.definitions, this.rows)) as never;
  }
  /** The rows in WITH: `WITH name (columns) AS (VALUES ...)`. */
  cte<const N extends string = string>(name?: N, options: CTEOptions = {}): CTE<AliasedColumns<C, N>> {
    return new CTE(new ValuesQuery(this.definitions, this.rows), name ?? null, options);
  }
}

/** `VALUES (...), (...)` as a query. */
export class ValuesQuery extends Query {
  static override readonly parts: Parts = { definitions: "nodes", rows: "rows" };
  override get visitName(): string {
    return "ValuesQuery";
  }
  constructor(
    readonly definitions: readonly NamedColumn[],
    readonly rows: readonly (readonly ColumnElement[])[],
  ) {
    super();
  }
  override get selectedColumns(): readonly SelectedColumn[] {
    return this.definitions.map((element) => ({ element, name: element.name, key: element.name }));
  }
}

/** A row of VALUES by its columns' names. */
export type ValuesRow<C> = { readonly [K in keyof C]: ValueOf<C[K]> };

type Types = Readonly<Record<string, SQLType<unknown>>>;
type ValueRow<T> = {
  readonly [K in keyof T]: T[K] extends SQLType<infer V> ? V | null | Valued<V | null> : never;
};

/**
 * A table of literal rows.
 *
 * @param columns types by column name
 * @param rows objects, or arrays in the order of the columns
 * @param name the alias; made up where absent
 * @example values({ id: t.integer, name: t.string }, [{ id: 1, name: "a" }], "v")
 */
export function values<const T extends Types, const N extends string = string>(
  columns: T,
  rows: readonly (ValueRow<T> | readonly unknown[])[],
  name?: N,
  options: { readonly lateral?: boolean } = {},
): Values<{ readonly [K in keyof T]: T[K] extends SQLType<infer V> ? ExprOf<V, N> & Named<K> : never }> {
  const definitions = Object.entries(columns).map(([key, type]) => new NamedColumn(key, plainType(type)));
  if (definitions.length === 0) throw new ArgumentError("values() needs at least one column.");
  if (rows.length === 0) throw new ArgumentError("values() needs at least one row.");
  const nodes = rows.map((row, at) => {
    if (Array.isArray(row) && row.length !== definitions.length) {
      throw new ArgumentError(`values(): row ${at + 1} has ${row.length} values for ${definitions.length} columns.`);
    }
    return definitions.map((column, i) => {
      const value = Array.isArray(row) ? (row as unknown[])[i] : (row as Record<string, unknown>)[column.name];
      if (value === null) return NULL;
      return expressionOrBind(value, column.type, column.name, `values(): ${column.name} of row ${at + 1}`);
    });
  });
  return new Values(definitions, nodes, name ?? null, options.lateral === true);
}
