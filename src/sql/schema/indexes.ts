/** Indexes. */
import { ColumnElement } from "../element.js";
import { ArgumentError } from "../errors.js";
import { iterate, replaceNodes } from "../node.js";
import type { Column, ColumnInfo, TableLike } from "./column.js";
import { type ColumnRef, conditionHolds, type DDLCondition, resolveColumn } from "./constraints.js";
import type { Conv } from "./conv.js";
import type { SQLExpression } from "./generated.js";

/** Options of an index. */
export interface IndexOptions {
  readonly unique?: boolean;
  /** The access method: `"gin"`, `"hash"`. */
  readonly using?: string;
  /** The condition of a partial index. */
  readonly where?: string | SQLExpression;
  /** Columns stored in the index and not searched by. */
  readonly include?: readonly ColumnRef[];
  /** Operator classes by column name, or by the text of an expression. */
  readonly ops?: Readonly<Record<string, string>>;
  /** Storage parameters. */
  readonly with?: Readonly<Record<string, string | number | boolean>>;
  readonly concurrently?: boolean;
  readonly tablespace?: string;
  readonly nullsNotDistinct?: boolean;
  readonly dialects?: readonly string[];
  readonly comment?: string | null;
  readonly info?: Readonly<Record<string, unknown>>;
}

/**
 * An index over columns or expressions of one table. One that is made of columns of a table is the table's from the beginning; one that names its
 * columns is given to `table()`, `addIndex()` or a class's `tableArgs`.
 *
 * @example new Index("ix_users_lower_name", [func.lower(users.c.name)], { unique: true })
 */
export class Index {
  #table: TableLike | null = null;
  readonly unique: boolean;
  #condition: DDLCondition;

  constructor(
    readonly name: string | Conv | null,
    readonly refs: readonly (ColumnRef | SQLExpression)[],
    readonly options: IndexOptions = {},
    /** Its table, where that is not said by its columns; null is none for now. */
    table: TableLike | null = tableOf(refs),
  ) {
    if (refs.length === 0) throw new ArgumentError(`index ${String(name)} has no columns.`);
    this.unique = options.unique === true;
    this.#condition = options.dialects === undefined ? {} : { dialect: options.dialects };
    table?.addIndex?.(this);
  }

  /** The index exists only where the condition holds. */
  ddlIf(condition: DDLCondition): this {
    this.#condition = condition;
    return this;
  }

  /** Whether a dialect is to have it. */
  existsOn(dialect: { readonly name: string }): boolean {
    return conditionHolds(this.#condition, dialect);
  }

  /** Its table, or null before it has one. */
  get table(): TableLike | null {
    return this.#table;
  }

  /** @internal */
  attach(table: TableLike): void {
    this.#table = table;
  }

  /** An index like this one for a copy of its table. */
  copyTo(from: TableLike, to: TableLike): Index {
    const twin = (column: Column): Column => to.columns.find((each) => each.key === column.key) as Column;
    const moved = this.expressions.map((each) =>
      replaceNodes(each, (node) =>
        (node as Column).table === from && node.visitName === "Column" ? twin(node as never) : undefined,
      ),
    );
    return new Index(this.name, moved, this.options);
  }

  /** What it is made of: columns and expressions. */
  get expressions(): readonly ColumnElement[] {
    return this.refs.map((ref) =>
      ref instanceof ColumnElement
        ? ref
        : resolveColumn(this.#table, ref as string | ColumnInfo, `index ${String(this.name)}`),
    );
  }

  /** @throws NoSuchColumnError where it names a column that its table has not */
  requireColumns(): void {
    void this.expressions;
  }

  /** The plain columns among its expressions. */
  get columns(): readonly Column[] {
    return this.expressions.filter((each): each is Column => each.visitName === "Column");
  }
}

/** The table that all columns in the parts of an index are of. */
function tableOf(refs: readonly unknown[]): TableLike | null {
  const tables = new Set<TableLike>();
  for (const ref of refs) {
    if (!(ref instanceof ColumnElement)) continue;
    for (const node of iterate(ref)) {
      const { table } = node as { readonly table?: TableLike | null };
      if (node.visitName === "Column" && table != null) tables.add(table);
    }
  }
  const [table] = tables;
  return table !== undefined && tables.size === 1 ? table : null;
}
