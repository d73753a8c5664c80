import { ColumnElement } from "../element.js";
import { TextClause } from "../elements/text.js";
import { ArgumentError } from "../errors.js";
import type { Node, Parts } from "../node.js";
import { isType, plainType, type SQLType } from "../types/type.js";
import type { ExprOf, Named } from "../typing.js";
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
  }
  override get key(): string {
    return this.name;
  }
}

/** SQL text whose columns are known: a query that can be executed, joined and mapped. */
export class TextualSelect<Row = unknown, C = unknown> extends Query<Row, C> {
  static override readonly parts: Parts = { text: "node", columns: "nodes" };
  override get visitName(): string {
    return "TextualSelect";
  }
  constructor(
    readonly text: TextClause,
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
type RowOfTypes<T> = unknown[] & { [K in keyof T]: T[K] extends SQLType<infer V> ? V | null : never };
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

Object.defineProperty(TextClause.prototype, "columns", {
  configurable: true,
  writable: true,
  value(this: TextClause, ...given: readonly unknown[]): TextualSelect {
    const first = given[0];
    if (given.length === 1 && first !== null && typeof first === "object" && !(first instanceof ColumnElement)) {
      const columns = Object.entries(first as Types).map(([name, type]) => {
        if (!isType(type)) throw new ArgumentError(`text().columns({ ${name} }): ${String(type)} is not a type.`);
        return new NamedColumn(name, plainType(type));
      });
      return new TextualSelect(this, columns);
    }
    return new TextualSelect(
      this,
      given.map((each) => {
        if (each instanceof ColumnElement) return each;
        throw new ArgumentError("text().columns() takes columns, or types by name.");
      }),
    );
  },
});
