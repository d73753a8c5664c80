/** Completes a table from what the database says of it. What the table has already stays as it is. */

import type { DDLConnection, DDLOp } from "../ddl-runner.js";
import type { ColumnElement } from "../element.js";
import { TextClause } from "../elements/text.js";
import { ArgumentError, NoSuchTableError } from "../errors.js";
import { Column, type ForeignKeyTarget, type TableLike } from "./column.js";
import {
  CheckConstraint,
  type Constraint,
  type ConstraintOptions,
  ExcludeConstraint,
  ForeignKeyConstraint,
  PrimaryKeyConstraint,
  UniqueConstraint,
} from "./constraints.js";
import { Sequence } from "./generated.js";
import { Index, type IndexOptions } from "./indexes.js";
import { ALL_KINDS, type ReflectedColumn, type ReflectedIndex, type ReflectedTable } from "./reflected.js";

/** A table that takes what is found. */
export interface ReflectionTarget extends TableLike {
  readonly constraints: readonly Constraint[];
  readonly indexes: readonly Index[];
  readonly foreignKeyConstraints: readonly ForeignKeyConstraint[];
  readonly metadata: TableLike["metadata"] & {
    readonly sequences: readonly Sequence[];
    addSequence(sequence: Sequence): void;
  };
  addColumn(column: Column): unknown;
  addConstraint(constraint: Constraint): unknown;
  addIndex(index: Index): unknown;
  /** @internal */
  takeOptions(comment: string | null, dialectName: string, options: Readonly<Record<string, unknown>>): void;
}

/** Finds what the database says of a table, columns as handlers of `columnReflect` have them. @throws NoSuchTableError */
export function* findTable(
  connection: DDLConnection,
  { name, schema, metadata }: TableLike,
): DDLOp<readonly [ReflectedTable, string]> {
  const [found] = yield* connection.reflect({ schema, names: [name], kinds: ALL_KINDS, scope: "any" });
  if (found === undefined) {
    throw new NoSuchTableError(
      `The database has no table or view ${JSON.stringify(schema === null ? name : `${schema}.${name}`)} to take the columns from.`,
    );
  }
  const columns = found.columns.map((each) => connection.reflectColumn(each, found, metadata));
  return [{ ...found, columns }, connection.dialect.name];
}

/**
 * Puts columns, keys, constraints and indexes into a table.
 *
 * @param change may change a column before it is made
 */
export function reflectInto(
  table: ReflectionTarget,
  found: ReflectedTable,
  dialectName: string,
  change: (column: ReflectedColumn) => ReflectedColumn = (column) => column,
): void {
  const hadKey = table.primaryKey.columns.length > 0;
  const given = new Set(table.columns.map((column) => column.name));
  for (const info of found.columns) if (!given.has(info.name)) table.addColumn(reflectedColumn(change(info), found));
  const key = found.primaryKey;
  if (!hadKey && key.constrainedColumns.length > 0) {
    table.addConstraint(
      new PrimaryKeyConstraint(key.constrainedColumns, {
        ...constraintOptions(key),
        ...(key.include === undefined ? {} : { include: key.include }),
      }),
    );
  }
  addConstraints(table, found);
  for (const each of found.indexes) {
    // those of constraints and of partitioned tables come with them
    if (each.duplicatesConstraint !== null || each.ofParent === true || isNamed(table.indexes, each.name)) continue;
    if (each.columnNames.some((name) => name !== null && table.columns.every((column) => column.name !== name)))
      continue;
    table.addIndex(reflectedIndex(table, each));
  }
  table.takeOptions(found.comment, dialectName, withSerial(found));
  const { metadata } = table;
  for (const { name, typeName: _, ...options } of found.sequences) {
    if (metadata.sequences.some((other) => other.name === name && other.schema === options.schema)) continue;
    metadata.addSequence(new Sequence(name, options));
  }
}

/** What the table had before wins; two of the database's own on the same columns are both meant. */
function addConstraints(table: ReflectionTarget, found: ReflectedTable): void {
  const had = [...table.constraints];
  const isGiven = (kind: string, columns: readonly string[]): boolean =>
    had.some((other) => other.kind === kind && sameColumns(other, columns));
  for (const each of found.foreignKeys) {
    if (isGiven("fk", each.constrainedColumns)) continue;
    // SQLite takes REFERENCES without columns before the table is there whose key is meant: it refers to nothing that could be named.
    if (each.referredColumns.length !== each.constrainedColumns.length) continue;
    const place = each.referredSchema === null ? each.referredTable : `${each.referredSchema}.${each.referredTable}`;
    table.addConstraint(
      new ForeignKeyConstraint(
        each.constrainedColumns,
        each.referredColumns.map((column) => targetOf(table, place, column)),
        { name: each.name, comment: each.comment ?? null, ...(each.options as object) },
      ),
    );
  }
  for (const each of found.uniqueConstraints) {
    if (isGiven("uq", each.columnNames)) continue;
    const options = { ...constraintOptions(each), ...facts(each, "include", "nullsNotDistinct") };
    table.addConstraint(new UniqueConstraint(each.columnNames, options));
  }
  for (const each of found.checkConstraints) {
    if (each.name === null || !isNamed(table.constraints, each.name)) {
      table.addConstraint(new CheckConstraint(each.sqltext, constraintOptions(each)));
    }
  }
  for (const each of found.excludeConstraints) {
    if (isNamed(table.constraints, each.name)) continue;
    const elements = each.elements.map(([part, operator]) => [rawText(part), operator] as const);
    table.addConstraint(
      new ExcludeConstraint(elements, {
        ...constraintOptions(each),
        using: each.using,
        ...(each.where === null ? {} : { where: each.where }),
      }),
    );
  }
}

function reflectedColumn(info: ReflectedColumn, found: ReflectedTable): Column {
  const { computed, identity } = info;
  const inKey = found.primaryKey.constrainedColumns.includes(info.name);
  // a serial key is made again as one; any other default stays the text that it is
  const serverDefault = info.serial ? (inKey ? null : true) : info.default === null ? null : rawText(info.default);
  return new Column(info.name, info.type, {
    ...(info.key === undefined ? {} : { key: info.key }),
    nullable: info.nullable || info.nullableButForDomain === true,
    comment: info.comment,
    autoincrement: info.serial ? true : info.autoincrement ? "auto" : inKey ? false : "auto",
    ...(serverDefault === null ? {} : { serverDefault }),
    ...(computed === null ? {} : { computed: { sqltext: computed.sqltext, persisted: computed.persisted } }),
    ...(identity === null ? {} : { identity }),
    ...(info.onConflict === undefined ? {} : { onConflictNotNull: info.onConflict }),
  });
}

function withSerial(found: ReflectedTable): Readonly<Record<string, unknown>> {
  const key = found.primaryKey.constrainedColumns;
  const serial = found.columns.some((column) => column.serial && key.includes(column.name));
  return serial ? { ...found.options, autoincrement: "serial" } : found.options;
}

function reflectedIndex(table: ReflectionTarget, found: ReflectedIndex): Index {
  const {
    include,
    ops,
    using,
    tablespace,
    nullsNotDistinct,
    collations = {},
    collationSchemas = {},
    ...rest
  } = found.dialectOptions;
  const parts = found.columnNames.map((name, i) => {
    const text = name ?? (found.expressions?.[i] as string);
    let part: ColumnElement =
      name === null ? rawText(text) : (table.columns.find((column) => column.name === name) as ColumnElement);
    const collation = collations[text];
    if (collation !== undefined) {
      const schema = collationSchemas[text];
      part = part.collate(collation, schema === undefined ? {} : { schema });
    }
    for (const word of found.columnSorting[text] ?? []) {
      if (word === "desc") part = part.desc();
      else if (word === "nulls_first") part = part.nullsFirst();
      else if (word === "nulls_last") part = part.nullsLast();
    }
    return part;
  });
  const options: IndexOptions = {
    unique: found.unique,
    ...(found.where === null ? {} : { where: found.where }),
    ...(found.comment == null ? {} : { comment: found.comment }),
    ...(include === undefined ? {} : { include }),
    ...(ops === undefined ? {} : { ops }),
    ...(using === undefined ? {} : { using }),
    ...(tablespace === undefined ? {} : { tablespace }),
    ...(nullsNotDistinct === undefined ? {} : { nullsNotDistinct }),
    ...rest,
  };
  return new Index(found.name, parts, options);
}

// Text of the database's own, in which a colon is no parameter.
function rawText(sql: string): TextClause {
  return new TextClause([sql], []);
}

// By name, so that a copy of the table in another metadata finds its own; a name with a dot in it only by function.
function targetOf(table: ReflectionTarget, place: string, column: string): ForeignKeyTarget {
  if (!column.includes(".")) return `${place}.${column}`;
  return () => {
    const target = table.metadata.tables.get(place)?.columns.find((each) => each.name === column);
    if (target === undefined) throw new ArgumentError(`the metadata has no column ${place}.${column}.`);
    return target;
  };
}

function constraintOptions(found: object): ConstraintOptions {
  return facts(found, "name", "comment", "deferrable", "initially", "notValid", "onConflict");
}

function facts(found: object, ...names: readonly string[]): Record<string, unknown> {
  const record = found as Readonly<Record<string, unknown>>;
  return Object.fromEntries(names.flatMap((name) => (record[name] === undefined ? [] : [[name, record[name]]])));
}

function isNamed(items: readonly { readonly name: unknown }[], name: string | null): boolean {
  return items.some((item) => item.name !== null && String(item.name) === name);
}

function sameColumns(constraint: Constraint, names: readonly string[]): boolean {
  const own = constraint.columns.map((column) => column.name);
  return own.length === names.length && own.every((name) => names.includes(name));
}
