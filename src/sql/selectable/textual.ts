/** Text that gives rows, with columns that somebody has named. */
import { addMethods } from "../add-methods.js";
import { ColumnElement } from "../element.js";
import { SQLTemplate } from "../elements/template.js";
import { TextClause } from "../elements/text.js";
import { ArgumentError } from "../errors.js";
import type { Node, Parts } from "../node.js";
import { nullType } from "../types/base.js";
import { isType, plainType, requireType, type SQLType } from "../types/type.js";
import type { ExprOf, Named, RowByName } from "../typing.js";
import { Query, type SelectedColumn } from "./query.js";

/** A column that only has a name and a type. */
export class NamedColumn extends ColumnElement {
  static override readonly parts: Parts = { name: "name", type: "type" };
  override get visitName(): string {
    return "NamedColumn";
  }
  constructor(
    readonly name: string,
    readonly type: SQLType,
  ) {
    super();
    if (name === "") throw new ArgumentError("the name of a column is empty.");
  }
  override get key(): string {
    return this.name;
  }
}

/**
 * A column by its name alone, of no table: for text, for what the database itself names, and for names met at run time.
 *
 * @example select(namedColumn("rowid", t.integer), users.c.name)
 */
export function namedColumn<const N extends string, T = unknown>(name: N, type?: SQLType<T>): ExprOf<T> & Named<N> {
  const known = type === undefined ? nullType : requireType(type, `namedColumn(${JSON.stringify(name)})`);
  return new NamedColumn(name, known as SQLType) as unknown as ExprOf<T> & Named<N>;
}

/** SQL text whose columns are known: a query that can be executed, joined and mapped. */
export class TextualSelect<Row = unknown, C = unknown> extends Query<Row, C> {
  static override readonly parts: Parts = { text: "node", columns: "nodes" };
  override get visitName(): string {
    return "TextualSelect";
  }
  constructor(
    readonly text: TextClause | SQLTemplate,
    readonly columns: readonly ColumnElement[],
  ) {
    super();
  }
  override get selectedColumns(): readonly SelectedColumn[] {
    return this.columns.map((element) => {
      const name = (element as { name?: string }).name ?? element.key ?? "";
      return { element, name, key: element.key ?? name };
    });
  }
  /** The columns, as `select()` has them. */
  get rawColumns(): readonly Node[] {
    return this.columns;
  }
}

type Types = Readonly<Record<string, SQLType<unknown>>>;
type RowOfTypes<T> = RowByName<{ -readonly [K in keyof T]: T[K] extends SQLType<infer V> ? V | null : never }>;
type ColumnsOfTypes<T> = {
  readonly [K in keyof T]: T[K] extends SQLType<infer V> ? ExprOf<V | null> & Named<K> : never;
};

declare module "../elements/text.js" {
  interface TextClause {
    /**
     * Says which columns the text gives: types by name, or columns in the order of the text.
     *
     * @example text("SELECT id, name FROM users").columns({ id: t.integer, name: t.string }).subquery("u")
     */
    columns<const T extends Types>(types: T): TextualSelect<RowOfTypes<T>, ColumnsOfTypes<T>>;
    columns(...columns: readonly object[]): TextualSelect;
  }
}

declare module "../elements/template.js" {
  interface SQLTemplate<T> {
    /** Says which columns the template gives, as `text(...).columns(...)` does. */
    columns<const C extends Types>(types: C): TextualSelect<RowOfTypes<C>, ColumnsOfTypes<C>>;
    columns(...columns: readonly object[]): TextualSelect;
  }
}

function withColumns(this: TextClause | SQLTemplate, ...given: readonly unknown[]): TextualSelect {
  const first = given[0];
  if (given.length === 1 && first !== null && typeof first === "object" && !(first instanceof ColumnElement)) {
    const columns = Object.entries(first as Types).map(([name, type]) => {
      if (!isType(type)) throw new ArgumentError(`columns({ ${name} }): ${String(type)} is not a type.`);
      return new NamedColumn(name, plainType(type));
    });
    return new TextualSelect(this, columns);
  }
  return new TextualSelect(
    this,
    given.map((each) => {
      if (each instanceof ColumnElement) return each;
      throw new ArgumentError("columns() of a text takes columns, or types by name.");
    }),
  );
}

for (const { prototype } of [TextClause, SQLTemplate]) addMethods(prototype, { columns: withColumns });
