/** The difference between what a database holds and what it should, as operations. */
import { TextClause } from "../../sql/elements/text.js";
import { Column } from "../../sql/schema/column.js";
import type { Constraint } from "../../sql/schema/constraints.js";
import type { Index } from "../../sql/schema/indexes.js";
import { MetaData } from "../../sql/schema/metadata.js";
import { constraintName, indexName } from "../../sql/schema/naming.js";
import { reflectInto } from "../../sql/schema/reflect-into.js";
import type {
  ReflectedColumn,
  ReflectedForeignKey,
  ReflectedIndex,
  ReflectedTable,
} from "../../sql/schema/reflected.js";
import { sortTables } from "../../sql/schema/sort.js";
import { Table } from "../../sql/schema/table.js";
import { EnumType } from "../../sql/types/structured.js";
import { plainType, type SQLType } from "../../sql/types/type.js";
import { migrationDialect } from "../dialects/registry.js";
import type { ServerDefault } from "../operations/alter.js";
import {
  AddConstraintOperation,
  CreateIndexOperation,
  DropConstraintOperation,
  DropIndexOperation,
} from "../operations/constraint-operations.js";
import { ModifyTableOperation } from "../operations/modify-table.js";
import {
  addEnumValue,
  createEnum,
  createSequence,
  createView,
  dropEnum,
  dropSequence,
  dropView,
  replaceEnum,
  setColumnComment,
  setTableComment,
} from "../operations/named-operations.js";
import type { MigrateOperation } from "../operations/operation.js";
import { standIns } from "../operations/schema-objects.js";
import {
  AddColumnOperation,
  AlterColumnOperation,
  CreateTableOperation,
  DropColumnOperation,
  DropTableOperation,
  RenameTableOperation,
} from "../operations/table-operations.js";
import type { ComparedObject } from "./compared.js";
import type { Snapshot } from "./snapshot.js";

const LONGEST = 128;

/** Something that went and something that came, which may be one thing under two names. */
export interface RenameCandidate {
  readonly kind: "table" | "column";
  /** The table of the column. */
  readonly table: string | null;
  readonly from: string;
  readonly to: string;
}

/** What steers a comparison. */
export interface CompareOptions {
  /** Says which objects are compared. */
  readonly include?: ((object: ComparedObject) => boolean) | undefined;
  /** Decides of a candidate whether it was renamed. Left out: only `renamedFrom` hints say so. */
  readonly isRename?: ((candidate: RenameCandidate) => boolean) | undefined;
  /** Whether changes of a table are one batch, as databases with little of ALTER TABLE need them. */
  readonly batch: boolean;
  /** Tables that are no business of the comparison: that of the versions. */
  readonly ignoredTables?: readonly string[];
}

/** Tables of reflected data, in one metadata, so that keys find each other. */
function tablesOf(snapshot: Snapshot, dialect: string): ReadonlyMap<string, Table> {
  const metadata = new MetaData();
  for (const each of snapshot.tables.values()) new Table(each.name, metadata, [], { schema: each.schema });
  for (const [key, each] of snapshot.tables) {
    const table = metadata.tables.get(key) as Table;
    reflectInto(table, each, dialect);
  }
  // After all have their columns: a stand-in is made only for what is not there.
  for (const table of [...metadata.tables.values()]) standIns(table as unknown as Table);
  return metadata.tables;
}

/** Compares. The operations come in an order in which they can run, and each can be reversed. */
export class Comparison {
  readonly #early: MigrateOperation[] = [];
  readonly #drops: MigrateOperation[] = [];
  readonly #renames: MigrateOperation[] = [];
  readonly #creates: MigrateOperation[] = [];
  readonly #changes: MigrateOperation[] = [];
  readonly #keys: MigrateOperation[] = [];
  readonly #late: MigrateOperation[] = [];
  /** What tables have used, and nothing uses any more. */
  readonly #last: MigrateOperation[] = [];
  readonly #nowTables: ReadonlyMap<string, Table>;
  readonly #wantedTables: ReadonlyMap<string, Table>;

  constructor(
    private readonly now: Snapshot,
    private readonly wanted: Snapshot,
    /** The tables of the classes, by full name: what is created is written as they say it. */
    private readonly own: ReadonlyMap<string, Table>,
    private readonly dialect: { readonly name: string; readonly canAlter: boolean },
    private readonly options: CompareOptions,
  ) {
    this.#nowTables = tablesOf(now, dialect.name);
    this.#wantedTables = tablesOf(wanted, dialect.name);
  }

  /** The operations that bring the database to what it should be. */
  operations(): readonly MigrateOperation[] {
    this.#views();
    this.#enums();
    this.#sequences();
    this.#tables();
    return [
      ...this.#early,
      ...this.#drops,
      ...this.#renames,
      ...this.#creates,
      ...this.#changes,
      ...this.#keys,
      ...this.#late,
      ...this.#last,
    ];
  }

  #included(
    kind: ComparedObject["kind"],
    of: { readonly name: string; readonly schema: string | null },
    reflected: boolean,
    table: string | null = null,
  ): boolean {
    return this.options.include?.({ kind, name: of.name, schema: of.schema, table, reflected }) ?? true;
  }

  // --- views, enums, sequences -----------------------------------------------------------------------------------------

  #views(): void {
    for (const [key, view] of this.now.views) {
      if (!this.#included("view", view, true)) continue;
      if (this.wanted.views.get(key)?.definition !== view.definition) this.#early.push(dropView(view));
    }
    for (const [key, view] of this.wanted.views) {
      if (!this.#included("view", view, false)) continue;
      if (this.now.views.get(key)?.definition !== view.definition) this.#late.push(createView(view));
    }
  }

  #enums(): void {
    for (const [key, type] of this.wanted.enums) {
      if (!this.#included("enum", type, false)) continue;
      const before = this.now.enums.get(key)?.labels;
      const { labels } = type;
      if (before === undefined) this.#early.push(createEnum({ ...type, labels }));
      else if (before.every((each, i) => labels.filter((label) => before.includes(label))[i] === each)) {
        for (const [i, label] of labels.entries()) {
          if (before.includes(label)) continue;
          const place = i === 0 ? { before: before[0] as string } : { after: labels[i - 1] as string };
          const without = labels.filter((each, at) => at < i || before.includes(each));
          const undo = () => replaceEnum(type, [...without, label], without, this.#columnsOf(type));
          this.#early.push(addEnumValue(type, label, before.length === 0 ? {} : place, undo));
        }
      } else this.#early.push(replaceEnum(type, before, labels, this.#columnsOf(type)));
    }
    for (const [key, type] of this.now.enums) {
      if (!this.wanted.enums.has(key) && this.#included("enum", type, true)) this.#last.push(dropEnum(type));
    }
  }

  #columnsOf(type: { readonly name: string; readonly schema: string | null }) {
    const name = type.schema === null ? type.name : `${type.schema}.${type.name}`;
    return [...this.now.tables.values()].flatMap((table) =>
      table.columns
        .filter((column) => column.typeName === name || column.typeName === `"${name}"`)
        .map((column) => ({ table: table.name, schema: table.schema, column: column.name, default: column.default })),
    );
  }

  #sequences(): void {
    for (const [key, each] of this.wanted.sequences) {
      if (!this.now.sequences.has(key) && this.#included("sequence", each, false))
        this.#early.push(createSequence(each));
    }
    for (const [key, each] of this.now.sequences) {
      if (!this.wanted.sequences.has(key) && this.#included("sequence", each, true))
        this.#last.push(dropSequence(each));
    }
  }

  // --- tables ----------------------------------------------------------------------------------------------------------

  #tables(): void {
    const ignored = new Set(this.options.ignoredTables ?? []);
    const gone = [...this.now.tables]
      .filter(
        ([key, table]) => !this.wanted.tables.has(key) && !ignored.has(key) && this.#included("table", table, true),
      )
      .map(([key]) => key);
    const come = [...this.wanted.tables]
      .filter(([key, table]) => !this.now.tables.has(key) && this.#included("table", table, false))
      .map(([key]) => key);
    for (const key of come.slice()) {
      const from = this.#tableBefore(key, gone);
      if (from === null) continue;
      come.splice(come.indexOf(key), 1);
      gone.splice(gone.indexOf(from), 1);
      const before = this.now.tables.get(from) as ReflectedTable;
      const after = this.wanted.tables.get(key) as ReflectedTable;
      this.#renames.push(new RenameTableOperation({ name: before.name, schema: before.schema }, after.name));
      this.#table(key, before, after);
    }
    const created = come.map((key) => this.#tableToCreate(key));
    const { tables, deferred } = sortTables(created, this.dialect.canAlter);
    for (const table of tables) {
      this.#creates.push(
        new CreateTableOperation(table, { deferred: deferred.filter((each) => each.table === (table as unknown)) }),
      );
    }
    for (const each of deferred) this.#keys.push(new AddConstraintOperation(each));
    for (const [key, before] of this.now.tables) {
      const after = this.wanted.tables.get(key);
      if (after !== undefined && this.#included("table", after, false)) this.#table(key, before, after);
    }
    const dropped = gone.map((key) => this.#nowTables.get(key) as Table);
    const order = sortTables(dropped, true);
    for (const each of order.deferred) {
      const name = constraintName(each, LONGEST);
      if (this.dialect.canAlter && name !== null) {
        this.#drops.push(new DropConstraintOperation(each.table as Table, name, {}, each));
      }
    }
    for (const table of [...order.tables].reverse()) {
      this.#late.push(new DropTableOperation({ name: table.name, schema: table.schema }, {}, table));
    }
  }

  #tableToCreate(key: string): Table {
    return this.own.get(key) ?? (this.#wantedTables.get(key) as Table);
  }

  #tableBefore(key: string, gone: readonly string[]): string | null {
    const table = this.own.get(key);
    const hint = table?.info["renamedFrom"];
    if (typeof hint === "string" && gone.includes(hint)) return hint;
    const after = this.wanted.tables.get(key) as ReflectedTable;
    for (const from of gone) {
      const before = this.now.tables.get(from) as ReflectedTable;
      const shared = after.columns.filter((each) => before.columns.some((other) => other.name === each.name)).length;
      const alike = shared / Math.max(before.columns.length, after.columns.length, 1) >= 0.5;
      if (before.schema !== after.schema || !alike) continue;
      if (this.options.isRename?.({ kind: "table", table: null, from, to: key }) === true) return from;
    }
    return null;
  }

  /** One table that is there on both sides. */
  #table(key: string, before: ReflectedTable, after: ReflectedTable): void {
    const own = this.#tableToCreate(key);
    const nowTable = this.#nowTables.get(
      before.schema === null ? before.name : `${before.schema}.${before.name}`,
    ) as Table;
    const wantedTable = this.#wantedTables.get(key) as Table;
    const on = { name: after.name, schema: after.schema };
    const drops: MigrateOperation[] = [];
    const changes: MigrateOperation[] = [];
    const adds: MigrateOperation[] = [];
    const keys: MigrateOperation[] = [];
    const renamed = this.#columns(before, after, own, nowTable, on, changes, adds);
    this.#constraints(before, after, own, nowTable, wantedTable, renamed, on, drops, keys);
    this.#indexes(before, after, own, nowTable, wantedTable, renamed, on, drops, keys);
    if (before.comment !== after.comment && this.dialect.canAlter) {
      adds.push(setTableComment(on, after.comment, before.comment));
    }
    const isKey = (each: MigrateOperation): boolean =>
      each instanceof AddConstraintOperation && each.constraint.kind === "fk";
    if (this.options.batch) {
      const all = [...drops, ...changes, ...adds, ...keys];
      if (all.length > 0) this.#changes.push(new ModifyTableOperation(on, all));
      return;
    }
    this.#drops.push(...drops);
    this.#changes.push(...changes, ...adds, ...keys.filter((each) => !isKey(each)));
    this.#keys.push(...keys.filter(isKey));
  }

  #columns(
    before: ReflectedTable,
    after: ReflectedTable,
    own: Table,
    nowTable: Table,
    on: { readonly name: string; readonly schema: string | null },
    changes: MigrateOperation[],
    adds: MigrateOperation[],
  ): ReadonlyMap<string, string> {
    const included = (column: ReflectedColumn, reflected: boolean): boolean =>
      this.#included("column", { name: column.name, schema: on.schema }, reflected, on.name);
    const gone = before.columns.filter(
      (each) => !after.columns.some((other) => other.name === each.name) && included(each, true),
    );
    const come = after.columns.filter(
      (each) => !before.columns.some((other) => other.name === each.name) && included(each, false),
    );
    const renamed = new Map<string, string>();
    for (const column of come.slice()) {
      const from = this.#columnBefore(column, gone, own, on.name);
      if (from === null) continue;
      come.splice(come.indexOf(column), 1);
      gone.splice(gone.indexOf(from), 1);
      renamed.set(from.name, column.name);
      changes.push(new AlterColumnOperation(on, from.name, { name: column.name }));
      this.#column(from, column, own, on, changes);
    }
    for (const column of after.columns) {
      const old = before.columns.find((each) => each.name === column.name);
      if (old !== undefined && included(column, false)) this.#column(old, column, own, on, changes);
    }
    for (const column of come) adds.push(addColumn(own, column.name));
    for (const column of gone) {
      adds.push(
        new DropColumnOperation(
          on,
          column.name,
          {},
          nowTable.columns.find((each) => each.name === column.name) ?? null,
        ),
      );
    }
    return renamed;
  }

  #columnBefore(
    column: ReflectedColumn,
    gone: readonly ReflectedColumn[],
    own: Table,
    table: string,
  ): ReflectedColumn | null {
    const hint = own.columns.find((each) => each.name === column.name)?.info["renamedFrom"];
    const hinted = gone.find((each) => each.name === hint);
    if (hinted !== undefined) return hinted;
    return (
      gone.find(
        (each) =>
          each.typeName === column.typeName &&
          this.options.isRename?.({ kind: "column", table, from: each.name, to: column.name }) === true,
      ) ?? null
    );
  }

  #column(
    before: ReflectedColumn,
    after: ReflectedColumn,
    own: Table,
    on: { readonly name: string; readonly schema: string | null },
    changes: MigrateOperation[],
  ): void {
    const column = own.columns.find((each) => each.name === after.name);
    const change: Record<string, unknown> = {};
    const existing: Record<string, unknown> = {};
    const differs = (key: string, now: unknown, wanted: unknown): void => {
      change[key] = wanted;
      existing[key] = now;
    };
    if (before.typeName !== after.typeName) {
      differs("type", before.type, unchecked(column?.type ?? after.type));
      change["using"] = cast(before, after);
    }
    if (before.nullable !== after.nullable) differs("nullable", before.nullable, after.nullable);
    if (!(before.serial && after.serial) && before.default !== after.default) {
      differs("serverDefault", sqlDefault(before.default), column?.serverDefault ?? sqlDefault(after.default));
    }
    if (JSON.stringify(before.computed) !== JSON.stringify(after.computed)) {
      differs("computed", before.computed, column?.computed ?? after.computed);
    }
    if (canonical(before.identity) !== canonical(after.identity)) differs("identity", before.identity, after.identity);
    if (before.comment !== after.comment && this.dialect.canAlter) {
      changes.push(setColumnComment(on, after.name, after.comment, before.comment));
    }
    if (Object.keys(change).length === 0) return;
    changes.push(new AlterColumnOperation(on, after.name, change, existing, cast(after, before, after.name)));
  }

  // --- constraints and indexes -----------------------------------------------------------------------------------------

  #constraints(
    before: ReflectedTable,
    after: ReflectedTable,
    own: Table,
    nowTable: Table,
    wantedTable: Table,
    renamed: ReadonlyMap<string, string>,
    on: { readonly name: string; readonly schema: string | null },
    drops: MigrateOperation[],
    adds: MigrateOperation[],
  ): void {
    const explicit = new Set(own.constraints.map((each) => constraintName(each, LONGEST)));
    const { canonicalCheck } = migrationDialect(this.dialect.name);
    const left = constraintsOf(before, renamed, canonicalCheck);
    for (const [content, name, , kind] of constraintsOf(after, new Map(), canonicalCheck)) {
      if (name !== null && !this.#included("constraint", { name, schema: on.schema }, false, on.name)) continue;
      const same = left.findIndex(
        ([other, otherName, , otherKind]) =>
          otherKind === kind && other === content && (otherName === name || !explicit.has(name) || name === null),
      );
      if (same >= 0) {
        left.splice(same, 1);
        continue;
      }
      const constraint = find(own, kind, name, content) ?? find(wantedTable, kind, name, content);
      if (constraint !== null) adds.push(new AddConstraintOperation(constraint));
    }
    for (const [content, name, , kind] of left) {
      if (name !== null && !this.#included("constraint", { name, schema: on.schema }, true, on.name)) continue;
      // What a dropped column takes along.
      const constraint = find(nowTable, kind, name, content);
      drops.push(new DropConstraintOperation(on, name, {}, constraint));
    }
  }

  #indexes(
    before: ReflectedTable,
    after: ReflectedTable,
    own: Table,
    nowTable: Table,
    wantedTable: Table,
    renamed: ReadonlyMap<string, string>,
    on: { readonly name: string; readonly schema: string | null },
    drops: MigrateOperation[],
    adds: MigrateOperation[],
  ): void {
    const byName = (table: Table, name: string): Index | undefined =>
      table.indexes.find((each) => indexName(each, LONGEST) === name);
    const plain = (of: ReflectedTable) => of.indexes.filter((each) => each.duplicatesConstraint === null);
    for (const index of plain(before)) {
      const twin = plain(after).find((each) => each.name === index.name);
      if (twin !== undefined && indexContent(index, renamed) === indexContent(twin, new Map())) continue;
      if (!this.#included("index", { name: index.name, schema: on.schema }, true, on.name)) continue;
      drops.push(new DropIndexOperation(index.name, on, {}, byName(nowTable, index.name) ?? null));
    }
    for (const index of plain(after)) {
      const twin = plain(before).find((each) => each.name === index.name);
      if (twin !== undefined && indexContent(twin, renamed) === indexContent(index, new Map())) continue;
      if (!this.#included("index", { name: index.name, schema: on.schema }, false, on.name)) continue;
      const made = byName(own, index.name) ?? byName(wantedTable, index.name);
      if (made !== undefined) adds.push(new CreateIndexOperation(made));
    }
  }
}

/** A column of a table of classes, alone: its constraints and indexes are compared by themselves. */
function addColumn(own: Table, name: string): AddColumnOperation {
  const column = own.columns.find((each) => each.name === name) as Column;
  const { options } = column.copy({ foreignKeys: [], unique: false, index: false, primaryKey: false } as never);
  const bare = new Column(column.name, unchecked(column.type), options) as Column;
  const alone = new Table(own.name, new MetaData(), [bare as Column<never>], { schema: own.schema });
  return new AddColumnOperation(alone as unknown as Table, bare as Column);
}

type Compared = readonly [content: string, name: string | null, columns: readonly string[], kind: Constraint["kind"]];

/** The constraints of a table as text that says all but their names. */
function constraintsOf(
  table: ReflectedTable,
  renamed: ReadonlyMap<string, string>,
  canonicalCheck: (sql: string) => string,
): Compared[] {
  const now = (names: readonly string[]): string[] => names.map((each) => renamed.get(each) ?? each);
  const found: Compared[] = [];
  const add = (kind: Constraint["kind"], name: string | null, columns: readonly string[], rest: object): void => {
    found.push([canonical([kind, columns, rest]), name, columns, kind]);
  };
  const { name, constrainedColumns, ...key } = table.primaryKey;
  if (constrainedColumns.length > 0) add("pk", name, now(constrainedColumns), { ...key, comment: undefined });
  for (const { name, columnNames, ...rest } of table.uniqueConstraints) add("uq", name, now(columnNames), rest);
  for (const { name, ...rest } of table.checkConstraints)
    add("ck", name, [], { ...rest, sqltext: canonicalCheck(rest.sqltext) });
  for (const { name, ...rest } of table.excludeConstraints) add("ex", name, [], rest);
  for (const { name, constrainedColumns, ...rest } of table.foreignKeys)
    add("fk", name, now(constrainedColumns), keyContent(rest));
  return found;
}

function keyContent(key: Omit<ReflectedForeignKey, "name" | "constrainedColumns">): object {
  return { ...key, referredColumns: key.referredColumns };
}

function indexContent(index: ReflectedIndex, renamed: ReadonlyMap<string, string>): string {
  const { name: _name, columnNames, comment: _comment, ...rest } = index;
  return canonical([columnNames.map((each) => (each === null ? null : (renamed.get(each) ?? each))), rest]);
}

/** The constraint of a table that a reflected one describes. */
function find(table: Table, kind: Constraint["kind"], name: string | null, content: string): Constraint | null {
  const alike = table.constraints.filter((each) => each.kind === kind);
  const named = alike.find((each) => name !== null && constraintName(each, LONGEST) === name);
  if (named !== undefined) return named;
  // A check tells nothing by its columns: the type of a column may bring one too, which no constraint of the table is.
  if (kind === "ck") {
    const nameless = alike.filter((each) => constraintName(each, LONGEST) === null);
    return name === null && nameless.length === 1 ? (nameless[0] as Constraint) : null;
  }
  const [, columns] = JSON.parse(content) as [string, string[]];
  const byColumns = alike.filter((each) => each.columns.map((column) => column.name).join() === columns.join());
  return byColumns.length === 1 ? (byColumns[0] as Constraint) : null;
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

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** JSON whose keys are in order, and in which what is not said is not there. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each === "bigint") return String(each);
    if (each === null || typeof each !== "object" || Array.isArray(each)) return each ?? null;
    return Object.fromEntries(
      Object.entries(each)
        .filter(([, part]) => part !== undefined && part !== null && part !== false)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  });
}
