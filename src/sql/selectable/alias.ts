/** Further names for what stands in FROM. */
import { ColumnElement } from "../element.js";
import type { KeyContext } from "../key-context.js";
import type { Node, Parts } from "../node.js";
import { nextRefId } from "../pieces.js";
import type { SQLType } from "../types/type.js";
import type { ExprOf, Named, Valued } from "../typing.js";
import { type ColumnRecord, FromClause, recordOf } from "./from-clause.js";

/** The columns of a FROM element, taken from an alias of it instead. */
export type AliasedColumns<C, Name> = {
  readonly [K in keyof C]: C[K] extends Valued<infer T> ? ExprOf<T, Name> & Named<K> : C[K];
};

const ALIASED = nextRefId();

/** A column of an alias, a subquery or a CTE: `name` of `table`, standing for `base`. */
export class AliasedColumn<T = unknown, Src = unknown> extends ColumnElement<T, Src> {
  static override readonly parts: Parts = { table: "node", base: "node", name: "name" };
  override get visitName(): string {
    return "AliasedColumn";
  }
  constructor(
    readonly table: FromClause<unknown>,
    /** What it stands for inside: a column of the aliased table, an element of the subquery's select list. */
    readonly base: ColumnElement,
    readonly name: string,
    readonly columnKey: string,
  ) {
    super();
  }
  get type(): SQLType {
    return this.base.type;
  }
  override get key(): string {
    return this.columnKey;
  }
  get primaryKey(): boolean {
    return (this.base as { primaryKey?: boolean }).primaryKey === true;
  }
  override appendKey(context: KeyContext): void {
    context.add(ALIASED);
    this.table.appendKey(context);
    context.addName(this.name);
  }
  // its table is no part of the expression: traversal of a condition does not enter the aliased query
  override children(): Node[] {
    return [];
  }
  override copyReplacing(replace: (child: Node) => Node): this {
    const table = replace(this.table) as FromClause<ColumnRecord>;
    if (table === this.table) return this;
    return (table.c[this.columnKey] ?? this) as this;
  }
}

/** A FROM element that is known by a name of its own; columns are made from what it stands for. */
export abstract class AliasedFrom<C = unknown> extends FromClause<C> {
  // no #private fields in nodes: copies are made past the constructor
  private columnsMemo: readonly AliasedColumn[] | null = null;
  private recordMemo: C | null = null;

  /** What it stands for. */
  abstract readonly element: Node;
  /** Its name, or null: then the compiler makes one. */
  abstract readonly aliasName: string | null;

  /** The columns that it stands for, with the names that they have inside. */
  protected abstract innerColumns(): readonly {
    readonly element: ColumnElement;
    readonly name: string;
    readonly key: string;
  }[];

  override get name(): string | null {
    return this.aliasName;
  }

  override get columns(): readonly AliasedColumn[] {
    this.columnsMemo ??= this.innerColumns().map((each) => new AliasedColumn(this, each.element, each.name, each.key));
    return this.columnsMemo;
  }

  override get c(): C {
    this.recordMemo ??= recordOf(this.columns) as C;
    return this.recordMemo;
  }

  protected override copyWith(fields: Readonly<Record<string, unknown>>): this {
    return super.copyWith({ ...fields, columnsMemo: null, recordMemo: null });
  }

  // two aliases of one table differ within a statement, and not from one statement to the next
  override appendKey(context: KeyContext): void {
    if (context.enter(this)) super.appendKey(context);
  }
}

/** `table AS name`. */
export class Alias<C = unknown> extends AliasedFrom<C> {
  static override readonly parts: Parts = { element: "node", aliasName: "name", sampling: "node" };
  override get visitName(): string {
    return "Alias";
  }
  constructor(
    readonly element: FromClause<unknown>,
    readonly aliasName: string | null,
    /** TABLESAMPLE, or null. */
    readonly sampling: TableSample | null = null,
  ) {
    super();
  }
  protected override innerColumns(): readonly { element: ColumnElement; name: string; key: string }[] {
    return this.element.columns.map((element) => {
      const name = (element as { name?: string }).name ?? element.key ?? "";
      return { element, name, key: element.key ?? name };
    });
  }
}

/** `TABLESAMPLE method (argument) [REPEATABLE (seed)]`, of an alias. */
export class TableSample extends ColumnElement {
  static override readonly parts: Parts = { method: "name", argument: "node", seed: "node" };
  override get visitName(): string {
    return "TableSample";
  }
  constructor(
    readonly method: string,
    readonly argument: ColumnElement,
    readonly seed: ColumnElement | null,
    readonly type: SQLType,
  ) {
    super();
  }
}
