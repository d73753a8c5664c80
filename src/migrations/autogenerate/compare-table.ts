/** The difference of one table that is there on both sides. */
import { TextClause } from "../../sql/elements/text.js";
import { quoted } from "../../sql/identifiers.js";
import { Column } from "../../sql/schema/column.js";
import { CheckConstraint, type Constraint } from "../../sql/schema/constraints.js";
import { conv } from "../../sql/schema/conv.js";
import { MetaData } from "../../sql/schema/metadata.js";
import { constraintName, indexName, isCutOf } from "../../sql/schema/naming.js";
import type { ReflectedColumn, ReflectedTable } from "../../sql/schema/reflected.js";
import { Table } from "../../sql/schema/table.js";
import { DomainType } from "../../sql/types/domain.js";
import { EnumType } from "../../sql/types/structured.js";
import { plainType, type SQLType } from "../../sql/types/type.js";
import type { ServerDefault } from "../operations/alter.js";
import {
  AddConstraintOperation,
  CreateIndexOperation,
  DropConstraintOperation,
  DropIndexOperation,
} from "../operations/constraint-operations.js";
import { setComment } from "../operations/named-operations.js";
import { nameOf, nameOfIndex } from "../operations/names.js";
import type { MigrateOperation } from "../operations/operation.js";
import { skeleton } from "../operations/schema-objects.js";
import { AddColumnOperation, AlterColumnOperation, DropColumnOperation } from "../operations/table-operations.js";
import { asWritten, type Content, canonical, constraintContents, indexContents, type Reading } from "./contents.js";
import { AS_IS, type Wording } from "./renames.js";
import { changedOptions, tellingOptions } from "./sequences.js";

/** One table, as the database has it and as it should be. */
export interface ComparedTable {
  /** What was found, and the schema objects that make it. */
  readonly before: ReflectedTable;
  readonly nowTable: Table;
  /** What is wanted in the server's words, the schema objects that make it, and the table of the classes. */
  readonly after: ReflectedTable;
  readonly wantedTable: Table;
  readonly own: Table;
  /** The new names of columns that were renamed. */
  readonly renamed: ReadonlyMap<string, string>;
  /** How the definitions of before read now. */
  readonly wording: Wording;
}

/** What a comparison of a table has to know beside it. */
export interface TableComparisonOptions extends Reading {
  /** Whether a column can be changed in place; where not, the table is copied. */
  readonly canAlter: boolean;
  /** The names of enums that are made anew with other values. */
  readonly replacedTypes: ReadonlySet<string>;
  readonly isIncluded: (
    kind: "column" | "constraint" | "index",
    name: string | null,
    table: ReflectedTable,
    reflected: boolean,
  ) => boolean;
}

/** The operations, by when they can run. */
export interface TableDifference {
  /** Constraints and indexes that go, and defaults that are values of a type that does, by the names before. */
  readonly drops: (DropConstraintOperation | DropIndexOperation | AlterColumnOperation)[];
  /** Changes of columns, and new ones. */
  readonly changes: MigrateOperation[];
  /** Constraints and indexes that come. */
  readonly adds: (AddConstraintOperation | CreateIndexOperation)[];
  /** Columns, by their names before, whose type changes, or that go. */
  readonly touched: Set<string>;
}

/** Compares one table. */
export function compareTable(table: ComparedTable, options: TableComparisonOptions): TableDifference {
  const found: TableDifference = { drops: [], changes: [], adds: [], touched: new Set() };
  const { drops, adds } = found;
  const { before, nowTable, after, wantedTable, own, wording } = table;
  const from = { name: before.name, schema: before.schema };
  compareColumns(table, options, found);

  const { longest } = options;
  const onPurpose = new Map(own.constraints.map((each) => [constraintName(each, longest), nameOf(each)]));
  const constraints = difference(
    constraintContents(before, nowTable, wording, options),
    constraintContents(after, wantedTable, AS_IS, options),
    (one, other) => {
      const whole = onPurpose.get(other.name) ?? null;
      return whole === null || isNamed(one.name, other.name, whole, longest);
    },
    ({ name }, reflected) => options.isIncluded("constraint", name, after, reflected),
  );
  for (const { name, made } of constraints.gone) drops.push(new DropConstraintOperation(from, name, {}, made));
  const gone = new Set(constraints.gone.map((each) => each.name));
  const taken = new Set(before.checkConstraints.map((each) => each.name).filter((name) => !gone.has(name)));
  for (const each of constraints.come) {
    const made = asWritten(each, own, options);
    adds.push(new AddConstraintOperation(onPurpose.has(each.name) ? made : freelyNamed(made, each.name, taken)));
  }

  const wholeNames = new Map(own.indexes.map((each) => [indexName(each, longest), nameOfIndex(each)]));
  const indexes = difference(
    indexContents(before, nowTable, wording, options),
    indexContents(after, wantedTable, AS_IS, options),
    (one, other) => isNamed(one.name, other.name, wholeNames.get(other.name as string) ?? "", longest),
    ({ name }, reflected) => options.isIncluded("index", name, after, reflected),
  );
  for (const { name, made } of indexes.gone) drops.push(new DropIndexOperation(name as string, from, {}, made));
  for (const { name, made } of indexes.come) {
    const written = own.indexes.find((each) => indexName(each, longest) === name);
    adds.push(new CreateIndexOperation(written ?? made));
  }
  if (!options.canAlter) return found;
  const on = { name: after.name, schema: after.schema };
  if (before.comment !== after.comment)
    found.changes.push(setComment(on, { kind: "table" }, after.comment, before.comment));
  for (const [was, { name, comment }] of constraints.stay) {
    if (name === null || was.comment === comment) continue;
    found.changes.push(setComment(on, { kind: "constraint", name: was.name ?? name }, comment, was.comment));
  }
  for (const [was, { name, comment }] of indexes.stay) {
    if (was.comment === comment) continue;
    found.changes.push(
      setComment({ ...on, name: (was.name ?? name) as string }, { kind: "index" }, comment, was.comment),
    );
  }
  return found;
}

/** Whether a name found is the one wanted, or the same name of a convention cut in another way. */
function isNamed(found: string | null, wanted: string | null, whole: string, longest: number): boolean {
  return found === wanted || (found !== null && isCutOf(found, whole, longest));
}

/** What is on one side only, and what is on both. */
function difference<Made>(
  before: readonly Content<Made>[],
  after: readonly Content<Made>[],
  isSame: (before: Content<Made>, after: Content<Made>) => boolean,
  isIncluded: (content: Content<Made>, reflected: boolean) => boolean,
): {
  readonly gone: readonly Content<Made>[];
  readonly come: readonly Content<Made>[];
  readonly stay: readonly (readonly [before: Content<Made>, after: Content<Made>])[];
} {
  const left = [...before];
  const stay: [Content<Made>, Content<Made>][] = [];
  const come = after.filter((each) => {
    const twin = left.find((other) => other.text === each.text && isSame(other, each));
    if (twin === undefined) return isIncluded(each, false);
    left.splice(left.indexOf(twin), 1);
    stay.push([twin, each]);
    return false;
  });
  return { gone: left.filter((each) => isIncluded(each, true)), come, stay };
}

/** A CHECK without a name of its own by one that is free: where it was made to be looked at, another had taken none. */
function freelyNamed(made: Constraint, given: string | null, taken: Set<string | null>): Constraint {
  if (!(made instanceof CheckConstraint) || given === null) return made;
  let name = given;
  for (let n = 1; taken.has(name); n++) name = `${given.replace(/\d+$/, "")}${n}`;
  taken.add(name);
  if (name === given) return made;
  const { table, sqltext, options } = made;
  const named = new CheckConstraint(sqltext, { ...options, name: conv(name) });
  skeleton((table as Table).name, (table as Table).schema, [], [named]);
  return named;
}

// --- columns -----------------------------------------------------------------------------------------------------------

function compareColumns(table: ComparedTable, options: TableComparisonOptions, found: TableDifference): void {
  const { before, nowTable, after, own, renamed } = table;
  const { changes, touched } = found;
  const on = { name: after.name, schema: after.schema };
  const included = ({ name }: ReflectedColumn, reflected: boolean): boolean =>
    options.isIncluded("column", name, after, reflected);
  const twins = new Map(before.columns.map((each) => [renamed.get(each.name) ?? each.name, each]));
  const come: ReflectedColumn[] = [];
  for (const column of after.columns) {
    if (!included(column, false)) continue;
    const twin = twins.get(column.name);
    if (twin === undefined) {
      come.push(column);
      continue;
    }
    if (twin.name !== column.name) changes.push(new AlterColumnOperation(on, twin.name, { name: column.name }));
    compareColumn(twin, column, table, options, found);
  }
  const wanted = new Set(after.columns.map((each) => each.name));
  for (const { name } of come) changes.push(addColumn(own, name));
  for (const [name, column] of twins) {
    if (wanted.has(name) || !included(column, true)) continue;
    touched.add(column.name);
    changes.push(new DropColumnOperation(on, column.name, {}, columnBefore(nowTable, on, column.name)));
  }
}

function compareColumn(
  before: ReflectedColumn,
  after: ReflectedColumn,
  { before: tableBefore, nowTable, own, after: tableAfter }: ComparedTable,
  { canAlter, typeText, replacedTypes }: TableComparisonOptions,
  { drops, changes, touched }: TableDifference,
): void {
  const on = { name: tableAfter.name, schema: tableAfter.schema };
  const column = columnOf(own, after.name);
  const change: Record<string, unknown> = {};
  const existing: Record<string, unknown> = {};
  const differs = (key: string, now: unknown, wanted: unknown): void => {
    change[key] = wanted;
    existing[key] = now;
  };
  if (before.comment !== after.comment && canAlter) {
    changes.push(setComment(on, { kind: "column", name: after.name }, after.comment, before.comment));
  }
  const recomputed = canonical(before.computed) !== canonical(after.computed);
  if (recomputed && after.computed !== null && canAlter) {
    // There is no way to give a column another expression but to make it anew.
    touched.add(before.name);
    changes.push(new DropColumnOperation(on, after.name, {}, columnBefore(nowTable, on, before.name, after.name)));
    changes.push(addColumn(own, after.name));
    return;
  }
  if (typeText(before, tableBefore) !== typeText(after, tableAfter)) {
    touched.add(before.name);
    differs("type", before.type, unchecked(column?.type ?? after.type));
    change["using"] = cast(before, after);
  }
  // A key is never null: SQLite does not ask for it to be said.
  if (takesNull(before, after) !== takesNull(after, before) && !(before.primaryKey > 0 && after.primaryKey > 0))
    differs("nullable", before.nullable, after.nullable);
  // A partition that is made gets the defaults of its table; rows that come through the table never ask for its own.
  const attached = own.isPartition && before.default === null;
  if (!(before.serial && after.serial) && !attached && before.default !== after.default) {
    let was = sqlDefault(before.default);
    if (was !== null && replacedTypes.has(before.typeName)) {
      // It may be a value of the type before, and of that alone: it goes before the type does, and comes back after it.
      const from = { name: nowTable.name, schema: nowTable.schema };
      drops.push(new AlterColumnOperation(from, before.name, { serverDefault: null }, { serverDefault: was }));
      was = null;
    }
    if (was !== null || after.default !== null)
      differs("serverDefault", was, column?.serverDefault ?? sqlDefault(after.default));
  }
  if (recomputed) {
    differs("computed", before.computed, column?.computed ?? after.computed);
    existing["type"] ??= before.type;
  }
  compareIdentity(before, after, differs);
  if (Object.keys(change).length === 0) return;
  changes.push(new AlterColumnOperation(on, after.name, change, existing, cast(after, before, after.name)));
}

/** Whether a column itself takes NULL, which means nothing where its domain forbids it before and after. */
function takesNull(column: ReflectedColumn, other: ReflectedColumn): boolean {
  const forbidden = [column, other].every(({ type }) => type instanceof DomainType && type.forbidsNull);
  return !forbidden && (column.nullable || column.nullableButForDomain === true);
}

function compareIdentity(
  before: ReflectedColumn,
  after: ReflectedColumn,
  differs: (key: string, now: unknown, wanted: unknown) => void,
): void {
  const [was, is] = [before.identity, after.identity];
  if (was === null || is === null) {
    const telling = ({ identity, typeName }: ReflectedColumn) => identity && tellingOptions(identity, typeName);
    if (was !== is) differs("identity", telling(before), telling(after));
    return;
  }
  const now = changedOptions(was, is, before.typeName, after.typeName);
  if (Object.keys(now).length === 0) return;
  const back = changedOptions(is, was, after.typeName, before.typeName);
  // Whether a value may be given is said with every change.
  differs("identity", { always: was.always, ...back }, { always: is.always, ...now });
}

function columnOf(table: Table, name: string): Column | null {
  return table.columns.find((each) => each.name === name) ?? null;
}

/** A column of a table of classes, alone: its constraints and indexes are compared by themselves. */
function addColumn(own: Table, name: string): AddColumnOperation {
  return lone(own, columnOf(own, name) as Column, name);
}

/** A column as it was, of the table and under the name that it has when it is dropped. */
function columnBefore(table: Table, on: TableName, name: string, now = name): Column {
  return lone(on, columnOf(table, name) as Column, now).column;
}

type TableName = Pick<Table, "name" | "schema">;

function lone(table: TableName, column: Column, name: string): AddColumnOperation {
  const { options } = column.copy({ foreignKeys: [], unique: false, index: false, primaryKey: false } as never);
  const bare = new Column(name, unchecked(column.type), { ...options, name, key: name }) as Column;
  const alone = new Table(table.name, new MetaData(), [bare as Column<never>], { schema: table.schema });
  return new AddColumnOperation(alone as unknown as Table, bare as Column);
}

/** A type without the CHECK that it brings: that is compared as the constraint that it is. */
function unchecked(given: SQLType): SQLType {
  const type = plainType(given);
  if (!(type instanceof EnumType) || type.options.createConstraint !== true) return type;
  const { createConstraint: _check, ...options } = type.options;
  return new EnumType(type.values, options) as SQLType;
}

/** A default in the server's words, as a definition takes it. */
function sqlDefault(value: string | null): ServerDefault {
  return value === null ? null : new TextClause([value], []);
}

/** The values of a column as those of another type. One enum becomes another by its words only. */
function cast(from: ReflectedColumn, to: ReflectedColumn, name = to.name): string {
  const enums = from.type instanceof EnumType && to.type instanceof EnumType;
  const value = enums ? `CAST(${quoted(name)} AS text)` : quoted(name);
  return `CAST(${value} AS ${to.typeName})`;
}
