/** Functions in FROM. */
import { ColumnElement } from "../element.js";
import type { Node, Parts } from "../node.js";
import { nullType } from "../types/base.js";
import type { SQLType } from "../types/type.js";
import { type AliasedColumns, AliasedFrom } from "./alias.js";
import type { FromClause } from "./from-clause.js";
import type { NamedColumn } from "./textual.js";

/** A function in FROM: `json_each(x) AS name`. */
export class TableValued<C = unknown> extends AliasedFrom<C> {
  static override readonly parts: Parts = {
    element: "node",
    aliasName: "name",
    lateral: "name",
    ordinality: "name",
    derived: "name",
    typed: "name",
    definitions: "nodes",
  };
  override get visitName(): string {
    return "TableValued";
  }
  constructor(
    readonly element: ColumnElement,
    readonly definitions: readonly NamedColumn[],
    readonly aliasName: string | null,
    readonly lateral: boolean,
    readonly ordinality: boolean,
    /** The columns are named after the alias: `AS name (a, b)`. */
    readonly derived: boolean,
    /** With their types: `AS name (a integer, b text)`. */
    readonly typed: boolean,
  ) {
    super();
  }
  override get isLateral(): boolean {
    return true;
  }
  protected override innerColumns(): readonly { element: ColumnElement; name: string; key: string }[] {
    return this.definitions.map((element) => ({ element, name: element.name, key: element.name }));
  }
  /** The same with its columns named after the alias, and with their types where asked. */
  renderDerived(options: { readonly name?: string; readonly withTypes?: boolean } = {}): TableValued<C> {
    return new TableValued<C>(
      this.element,
      this.definitions,
      options.name ?? this.aliasName,
      this.lateral,
      this.ordinality,
      true,
      options.withTypes === true,
    );
  }
  /** The same under another name. */
  override alias<const N extends string = string>(name?: N): TableValued<AliasedColumns<C, N>> {
    return new TableValued<AliasedColumns<C, N>>(
      this.element,
      this.definitions,
      name ?? null,
      this.lateral,
      this.ordinality,
      this.derived,
      this.typed,
    );
  }
  /** The same with LATERAL before it. */
  asLateral(): TableValued<C> {
    return new TableValued<C>(
      this.element,
      this.definitions,
      this.aliasName,
      true,
      this.ordinality,
      this.derived,
      this.typed,
    );
  }
}

/** One column of a function's composite result: `(f(x)).name`. */
export class ScalarTableValued extends ColumnElement {
  static override readonly parts: Parts = { element: "node", name: "name", type: "type" };
  override get visitName(): string {
    return "ScalarTableValued";
  }
  constructor(
    readonly element: ColumnElement,
    readonly name: string,
    readonly type: SQLType,
  ) {
    super();
  }
  override get key(): string {
    return this.name;
  }
}

/** A whole row of a FROM element as one value: `row_to_json(users)`. */
export class TableValuedColumn extends ColumnElement {
  static override readonly parts: Parts = { table: "node" };
  override get visitName(): string {
    return "TableValuedColumn";
  }
  constructor(readonly table: FromClause<unknown>) {
    super();
  }
  get type(): SQLType {
    return nullType;
  }
}

/** The alias of a function in FROM as the column that it gives: `unnest(x) AS v` selected as `v`. */
export class ColumnValued extends ColumnElement {
  static override readonly parts: Parts = { table: "node", type: "type" };
  override get visitName(): string {
    return "ColumnValued";
  }
  constructor(
    readonly table: TableValued,
    readonly type: SQLType,
  ) {
    super();
  }
  override get key(): string | null {
    return this.table.aliasName;
  }
  get name(): string | null {
    return this.table.aliasName;
  }
  override children(): Node[] {
    return [];
  }
}
