import type { DDLElement } from "../ddl/element.js";
import {
  AddConstraint,
  CreateEnumType,
  CreateIndex,
  CreateSequence,
  CreateTable,
  type CreateView,
  DDL,
  DropConstraint,
  DropEnumType,
  DropSequence,
  DropTable,
  DropView,
  type NamedEnum,
  SetColumnComment,
  SetTableComment,
} from "../ddl/elements.js";
import type { DDLConnection, DDLOp } from "../ddl-runner.js";
import { EnumType } from "../types/structured.js";
import type { SQLType } from "../types/type.js";
import type { ForeignKeyConstraint } from "./constraints.js";
import type { Sequence } from "./generated.js";
import { constraintName } from "./naming.js";
import { sortTables } from "./sort.js";
import type { Table } from "./table.js";

/** Options of `createAll` and `dropAll`. */
export interface CreateOptions {
  /** These tables only; all of the metadata where absent. */
  readonly tables?: readonly Table<unknown, unknown>[];
  /** Leave out what is there already (or, dropping, what is not); true where absent. */
  readonly checkfirst?: boolean;
}

/** A view of the metadata. */
export interface ViewDefinition {
  readonly ddl: CreateView;
}

/** DDL of your own that runs with a metadata or one of its tables. */
export interface AttachedDDL {
  readonly when: "beforeCreate" | "afterCreate" | "beforeDrop" | "afterDrop";
  /** Its table; null for the whole metadata. */
  readonly table: Table | null;
  readonly ddl: DDLElement;
}

/** What is created and dropped together. */
export interface SchemaItems {
  readonly tables: readonly Table[];
  readonly sequences: readonly Sequence[];
  readonly views: readonly CreateView[];
  readonly attached: readonly AttachedDDL[];
}

/** Creates tables with their sequences, types, indexes, comments and views, in the order of their dependencies. */
export function* createAllOp(connection: DDLConnection, items: SchemaItems, checkfirst: boolean): DDLOp<void> {
  const { dialect } = connection;
  const wanted: Table[] = [];
  for (const table of items.tables) {
    if (table.isView) continue;
    if (!checkfirst || !(yield* connection.hasTable(table.name, table.schema))) wanted.push(table);
  }
  yield* attached(connection, items, "beforeCreate", null);
  if (dialect.capabilities.sequences) {
    for (const sequence of items.sequences) {
      if (checkfirst && (yield* connection.hasSequence(sequence.name, sequence.schema))) continue;
      yield* connection.executeDDL(new CreateSequence(sequence));
    }
  }
  if (dialect.capabilities.nativeEnum) {
    for (const type of nativeEnums(connection, wanted)) {
      if (
        checkfirst &&
        connection.hasType !== undefined &&
        (yield* connection.hasType(type.name as string, type.schema))
      )
        continue;
      yield* connection.executeDDL(new CreateEnumType(type));
    }
  }
  const { tables, deferred } = sortTables(wanted, dialect.capabilities.alterAddConstraint);
  for (const table of tables) {
    yield* attached(connection, items, "beforeCreate", table);
    const inline = table.foreignKeyConstraints.filter((key) => !deferred.includes(key));
    yield* connection.executeDDL(new CreateTable(table, { includeForeignKeys: inline }));
    for (const index of table.indexes) {
      if (index.dialects === null || index.dialects.includes(dialect.name))
        yield* connection.executeDDL(new CreateIndex(index));
    }
    yield* comments(connection, table);
  }
  for (const key of deferred) yield* connection.executeDDL(new AddConstraint(key));
  // after the keys that close rings: what follows a table may use them
  for (const table of tables) yield* attached(connection, items, "afterCreate", table);
  for (const view of items.views) {
    if (checkfirst) {
      const schema = view.options.schema ?? null;
      const there =
        connection.hasView === undefined
          ? yield* connection.hasTable(view.name, schema)
          : yield* connection.hasView(view.name, schema);
      if (there) continue;
    }
    yield* connection.executeDDL(view);
  }
  yield* attached(connection, items, "afterCreate", null);
}

/** Drops tables with what belongs to them, dependents first. */
export function* dropAllOp(connection: DDLConnection, items: SchemaItems, checkfirst: boolean): DDLOp<void> {
  const { dialect } = connection;
  yield* attached(connection, items, "beforeDrop", null);
  for (const view of [...items.views].reverse()) {
    const { schema = null, materialized = false } = view.options;
    if (checkfirst) {
      const there =
        connection.hasView === undefined
          ? yield* connection.hasTable(view.name, schema)
          : yield* connection.hasView(view.name, schema);
      if (!there) continue;
    }
    yield* connection.executeDDL(new DropView(view.name, { schema, materialized }));
  }
  const wanted: Table[] = [];
  for (const table of items.tables) {
    if (table.isView) continue;
    if (!checkfirst || (yield* connection.hasTable(table.name, table.schema))) wanted.push(table);
  }
  const canAlter = dialect.capabilities.alterAddConstraint;
  const { tables, deferred } = sortTables(wanted, canAlter);
  const nameless: ForeignKeyConstraint[] = [];
  for (const key of deferred) {
    if (constraintName(key, dialect.identifiers.maxLength) === null) nameless.push(key);
    else yield* connection.executeDDL(new DropConstraint(key));
  }
  // a key without a name cannot be dropped; the table that it refers to then takes it along
  const cascade = new Set(nameless.map((key) => key.referredTable as unknown));
  for (const table of [...tables].reverse()) {
    yield* attached(connection, items, "beforeDrop", table);
    yield* connection.executeDDL(new DropTable(table, { cascade: cascade.has(table) }));
    yield* attached(connection, items, "afterDrop", table);
  }
  if (dialect.capabilities.nativeEnum) {
    for (const type of nativeEnums(connection, wanted))
      yield* connection.executeDDL(new DropEnumType(type, { ifExists: true }));
  }
  if (dialect.capabilities.sequences) {
    for (const sequence of items.sequences) {
      if (checkfirst && !(yield* connection.hasSequence(sequence.name, sequence.schema))) continue;
      yield* connection.executeDDL(new DropSequence(sequence));
    }
  }
  yield* attached(connection, items, "afterDrop", null);
}

function* attached(
  connection: DDLConnection,
  items: SchemaItems,
  when: AttachedDDL["when"],
  table: Table | null,
): DDLOp<void> {
  for (const each of items.attached) {
    if (each.when !== when || each.table !== table) continue;
    const dialects = each.ddl instanceof DDL ? each.ddl.options.dialects : undefined;
    if (dialects === undefined || dialects.includes(connection.dialect.name)) yield* connection.executeDDL(each.ddl);
  }
}

function* comments(connection: DDLConnection, table: Table): DDLOp<void> {
  if (!connection.dialect.capabilities.comments) return;
  if (table.comment !== null) yield* connection.executeDDL(new SetTableComment(table));
  for (const column of table.columns) {
    if (column.comment !== null) yield* connection.executeDDL(new SetColumnComment(table, column.name, column.comment));
  }
}

function nativeEnums(connection: DDLConnection, tables: readonly Table[]): (SQLType & NamedEnum)[] {
  const found = new Map<string, SQLType & NamedEnum>();
  for (const table of tables) {
    for (const column of table.columns) {
      let type: SQLType = connection.dialect.typeImpl(column.type);
      const item = (type as { itemType?: SQLType }).itemType;
      if (item !== undefined) type = connection.dialect.typeImpl(item);
      if (type instanceof EnumType && type.native && type.name !== null) {
        found.set(`${type.schema ?? ""}.${type.name}`, type as unknown as SQLType & NamedEnum);
      }
    }
  }
  return [...found.values()];
}
