/** What persistence needs to know of one table of a mapper, worked out once. */

import { ColumnElement } from "../../sql/element.js";
import { SQLTemplate } from "../../sql/elements/template.js";
import { TextClause } from "../../sql/elements/text.js";
import { InvalidRequestError } from "../../sql/errors.js";
import { addTo } from "../../sql/groups.js";
import { iterate, type Node } from "../../sql/node.js";
import type { Column } from "../../sql/schema/column.js";
import { DerivedTable } from "../../sql/schema/derived-table.js";
import type { Table } from "../../sql/schema/table.js";
import { Query } from "../../sql/selectable/query.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import type { Mapper } from "../mapping/mapper.js";

/** One column of a table as a mapper writes it. */
export interface WrittenColumn {
  readonly column: Column;
  readonly attribute: ColumnAttribute;
  readonly isKey: boolean;
  /** The database makes the value when the INSERT leaves the column out. */
  readonly serverMade: boolean;
  /** There is a value that an INSERT takes where the attribute has none: a constant, a function, an expression. */
  readonly hasDefault: boolean;
  /** That value is an expression, which the statement has by itself for each row that leaves the column out. */
  readonly defaultInStatement: boolean;
  /** The same for what an UPDATE sets that leaves the column out. */
  readonly onUpdateInStatement: boolean;
  /** Written by the database alone. */
  readonly computed: boolean;
  /** Of a joined table's key: the database changes it with the key of the table above. */
  readonly follows: boolean;
  /** What an INSERT writes is not up to the object: what the database computes, the first version. */
  readonly decided: boolean;
}

export interface TableShape {
  readonly mapper: Mapper;
  readonly table: Table;
  readonly columns: readonly WrittenColumn[];
  /** Where an object has the values of `columns`. */
  readonly slots: readonly number[];
  readonly key: readonly WrittenColumn[];
  readonly keyColumns: readonly Column[];
  /** With the column of the version behind them, if the table has it. */
  readonly versionedKeyColumns: readonly Column[];
  /** The column whose integers the database counts up. */
  readonly autoincrement: Column | null;
  readonly byAttribute: ReadonlyMap<ColumnAttribute, readonly WrittenColumn[]>;
  /** Columns with a value of their own at each UPDATE that leaves them out. */
  readonly onUpdate: readonly WrittenColumn[];
  /** Columns that the database changes at each UPDATE. */
  readonly serverOnUpdate: readonly WrittenColumn[];
  /** Columns that relationships copy into other rows. */
  readonly referred: ReadonlySet<Column>;
}

const shapes = new WeakMap<Mapper, readonly TableShape[]>();

/** The tables of a mapper, root first. */
export function tableShapes(mapper: Mapper): readonly TableShape[] {
  let found = shapes.get(mapper);
  if (found === undefined) {
    found = mapper.tables
      .flatMap((table) => (table instanceof DerivedTable ? table.written : [table]))
      .map((table) => tableShape(mapper, table));
    if (found.length === 0)
      throw new InvalidRequestError(
        `${mapper.className} is mapped over a query that has the whole key of no table, so its objects are read only. Write objects of the classes that it reads.`,
      );
    shapes.set(mapper, found);
  }
  return found;
}

function tableShape(mapper: Mapper, table: Table): TableShape {
  const columns: WrittenColumn[] = [];
  const byAttribute = new Map<ColumnAttribute, WrittenColumn[]>();
  for (const column of table.columns) {
    const attribute = mapper.byColumn.get(column);
    if (attribute === undefined) continue;
    const written: WrittenColumn = {
      column,
      attribute,
      isKey: column.primaryKey || mapper.primaryKey.includes(attribute),
      serverMade:
        column.system || column.serverDefault !== null || column.identity !== null || column.computed !== null,
      hasDefault: column.default !== undefined,
      defaultInStatement: servesManyRows(column.default),
      onUpdateInStatement: servesManyRows(column.onupdate),
      computed: column.computed !== null,
      follows: follows(column, mapper, table),
      decided: column.computed !== null || attribute === mapper.version,
    };
    columns.push(written);
    addTo(byAttribute, attribute, written);
  }
  const key = columns.filter((c) => c.isKey);
  const keyColumns = key.map((c) => c.column);
  const version = mapper.version === null ? undefined : byAttribute.get(mapper.version)?.[0];
  return {
    mapper,
    table,
    columns,
    slots: columns.map(({ attribute }) => attribute.slot),
    key,
    keyColumns,
    versionedKeyColumns: version === undefined ? keyColumns : [...keyColumns, version.column],
    autoincrement: table.primaryKey.autoincrementColumn,
    byAttribute,
    onUpdate: columns.filter((c) => c.column.onupdate !== undefined),
    serverOnUpdate: columns.filter((c) => c.column.serverOnupdate !== null || c.column.system || c.computed),
    referred: referredColumns(mapper),
  };
}

/**
 * Whether a value is an expression that is the same for a row among many as for a row alone. One that asks a table is not: it would not see the rows
 * before it.
 */
function servesManyRows(value: unknown): boolean {
  if (!(value instanceof ColumnElement)) return false;
  for (const node of iterate(value)) if (node instanceof Query || /\bselect\b/i.test(textIn(node))) return false;
  return true;
}

/** What somebody has written himself. */
function textIn(node: Node): string {
  return node instanceof TextClause ? node.pieces.join("?") : node instanceof SQLTemplate ? node.strings.join("?") : "";
}

function follows(column: Column, { tables }: Mapper, table: Table): boolean {
  return table.foreignKeyConstraints.some(
    ({ onUpdate, columns, elements }) =>
      onUpdate === "CASCADE" &&
      columns.includes(column) &&
      tables.some((above) => above !== table && elements[0].references(above)),
  );
}

function referredColumns({ relationships, pointedAt }: Mapper): ReadonlySet<Column> {
  const found = new Set<Column>();
  for (const { direction, syncPairs } of relationships)
    if (direction !== "manyToOne") for (const { source } of syncPairs) found.add(source);
  for (const { syncPairs } of pointedAt) for (const { source } of syncPairs) found.add(source);
  return found;
}
