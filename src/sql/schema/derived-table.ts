/** A query or a join that stands for a table: FROM has it as a subquery, and statements that write go to the tables whose rows it has. */
import type { ColumnElement } from "../element.js";
import { ArgumentError } from "../errors.js";
import type { AliasedColumn } from "../selectable/alias.js";
import type { FromClause } from "../selectable/from-clause.js";
import { baseColumn, Join } from "../selectable/join.js";
import { CTE, Query, type SelectedColumn, Subquery } from "../selectable/query.js";
import { Select } from "../selectable/select.js";
import { Column, ForeignKey } from "./column.js";
import { Table, type TableHome } from "./table.js";

/** What a class can be mapped to beside a table, and what can stand for an association table. */
export type DerivedSource = Join | Query | Subquery<unknown> | CTE<unknown>;

export function isDerivedSource(value: unknown): value is DerivedSource {
  return value instanceof Join || value instanceof Query || value instanceof Subquery || value instanceof CTE;
}

export class DerivedTable extends Table {
  readonly #bases: ReadonlyMap<Column, Column>;
  /** The tables whose whole key is among its columns, those that others refer to first: what is written goes there. */
  readonly written: readonly Table[];

  /**
   * @param name the subquery's name in SQL
   * @param home a metadata of its own: the database has no such table
   */
  constructor(
    name: string,
    home: TableHome,
    readonly source: DerivedSource,
  ) {
    const query = queryOf(source);
    const selected = query.selectedColumns;
    const whole = query instanceof Select ? wholeTables(selected) : [];
    const bases = new Map<Column, Column>();
    const columns = selected.map((each) => {
      const base = baseColumn(each.element);
      const isWritten = base !== null && whole.includes(base.table as Table);
      const made = columnOf(each, base, isWritten);
      if (base !== null) bases.set(made, base);
      return made;
    });
    super(name, home, columns, { schema: null });
    this.#query = query;
    this.#bases = bases;
    this.written = whole;
  }

  readonly #query: Query;

  override get definition(): Query {
    return this.#query;
  }

  /** The column of a table that is written for a column of this one; null for one that is only read. */
  baseOf(column: Column): Column | null {
    const base = this.#bases.get(column);
    return base !== undefined && this.written.includes(base.table as Table) ? base : null;
  }

  /** Its column for one of a table that it reads; undefined where it has none. */
  standInFor(column: unknown): Column | undefined {
    for (const [made, base] of this.#bases) if (base === column) return made;
    return undefined;
  }
}

function columnOf({ element, name, key }: SelectedColumn, base: Column | null, isWritten: boolean): Column {
  return new Column(name, element.type, {
    key,
    primaryKey: isWritten && base?.primaryKey === true,
    autoincrement: false,
    nullable: base?.primaryKey !== true,
    foreignKeys: base?.foreignKeys.map((each) => new ForeignKey(() => each.column)) ?? [],
  });
}

/** Tables that give their whole key, and each of their columns once. */
function wholeTables(selected: readonly SelectedColumn[]): readonly Table[] {
  const bases = selected.flatMap(({ element }) => (isOfOneRow(element) ? (baseColumn(element) ?? []) : []));
  const tables = [...new Set(bases.map((each) => each.table as Table))];
  const whole = tables.filter((table) => {
    const own = bases.filter((each) => (each.table as unknown) === table);
    const key = table.primaryKey.columns;
    return (
      !table.isView &&
      table.definition === null &&
      key.length > 0 &&
      key.every((each) => own.includes(each)) &&
      new Set(own).size === own.length
    );
  });
  return inOrder(whole);
}

/** Whether a value is that of one row of its table: what a set operation or a recursive query gives may be of any of the rows that it unites. */
function isOfOneRow(element: ColumnElement): boolean {
  let each = element;
  for (;;) {
    if (each.visitName === "Label" || each.visitName === "AnnotatedColumn") {
      each = (each as unknown as { readonly element: ColumnElement }).element;
      continue;
    }
    if (each.visitName !== "AliasedColumn") return true;
    const { table, base } = each as AliasedColumn;
    if (table instanceof CTE && (table.aliasOf ?? table).recursion.length > 0) return false;
    if ((table instanceof Subquery || table instanceof CTE) && !(table.element instanceof Select)) return false;
    each = base;
  }
}

/** Each table after those that it refers to. */
function inOrder(tables: readonly Table[]): readonly Table[] {
  const sorted: Table[] = [];
  const add = (table: Table): void => {
    if (sorted.includes(table)) return;
    for (const { referredTable } of table.foreignKeyConstraints)
      if (referredTable !== table && tables.includes(referredTable as Table)) add(referredTable as Table);
    sorted.push(table);
  };
  for (const table of tables) add(table);
  return sorted;
}

function queryOf(source: DerivedSource): Query {
  if (source instanceof Query) return source;
  if (source instanceof Subquery) return source.element;
  if (source instanceof CTE) return new Select([...source.columns], []).selectFrom(source);
  if (!isDerivedSource(source))
    throw new ArgumentError(
      "what stands for a table is a join, a query, a subquery or a CTE: join(a, b), select(...).",
    );
  const { columns } = source;
  const labelled = columns.map((column) => {
    const isAlone = columns.filter((each) => nameOf(each) === nameOf(column)).length === 1;
    const from = (column as { readonly table?: FromClause<unknown> }).table;
    return column.as(isAlone ? nameOf(column) : `${from?.name}_${nameOf(column)}`);
  });
  return new Select(labelled, []).selectFrom(source);
}

function nameOf(column: ColumnElement): string {
  return (column as { readonly name?: string }).name ?? column.key ?? "";
}
