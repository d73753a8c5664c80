/** Operations on tables and their columns. */
import type { EngineDialect } from "../../engine/dialect.js";
import type { DDLElement } from "../../sql/ddl/element.js";
import { DropTable, type ExistsOptions } from "../../sql/ddl/elements.js";
import type { Column } from "../../sql/schema/column.js";
import { column } from "../../sql/schema/column-specs.js";
import type { ForeignKeyConstraint } from "../../sql/schema/constraints.js";
import { constraintDDL, indexDDL, tableDDL } from "../../sql/schema/create.js";
import type { Computed, Identity } from "../../sql/schema/generated.js";
import type { Table } from "../../sql/schema/table.js";
import type { SQLType } from "../../sql/types/type.js";
import { MigrationError } from "../errors.js";
import {
  AddColumn,
  AlterColumnComputed,
  AlterColumnDefault,
  AlterColumnIdentity,
  AlterColumnNullable,
  AlterColumnType,
  CommentOn,
  ContinueIdentity,
  DropColumn,
  fullName,
  type QualifiedName,
  RenameColumn,
  RenameTable,
  type ServerDefault,
} from "./alter.js";
import { missingTypes } from "./missing-types.js";
import { ModifyTableOperation } from "./modify-table.js";
import { MigrateOperation } from "./operation.js";
import { loneColumn } from "./schema-objects.js";

function hasComments(dialect: EngineDialect): boolean {
  return dialect.capabilities.comments;
}

/** Makes a table with its constraints, indexes and comments. */
export class CreateTableOperation extends MigrateOperation {
  override readonly kind = "createTable";
  constructor(
    readonly table: Table,
    readonly options: ExistsOptions & {
      /** Foreign keys that are added later, by operations of their own: tables that refer to each other need it. */
      readonly deferred?: readonly ForeignKeyConstraint[];
    } = {},
  ) {
    super();
  }
  override describe(): string {
    return `create table ${this.table.fullName}`;
  }
  override ddl(dialect: EngineDialect): readonly DDLElement[] {
    return [...missingTypes(dialect, this.table), ...tableDDL(dialect, this.table, this.options)];
  }
  override reverse(): DropTableOperation {
    return new DropTableOperation(this.table, {}, this.table);
  }
}

/** Drops a table. */
export class DropTableOperation extends MigrateOperation {
  override readonly kind = "dropTable";
  constructor(
    readonly on: QualifiedName,
    readonly options: ExistsOptions = {},
    /** What is dropped, so that it can be made again. */
    readonly table: Table | null = null,
    /** Its foreign keys that are dropped before, by operations of their own. */
    readonly deferred: readonly ForeignKeyConstraint[] = [],
  ) {
    super();
  }
  override describe(): string {
    return `drop table ${fullName(this.on)}`;
  }
  override ddl(): readonly DDLElement[] {
    return [new DropTable({ ...this.on, name: this.on.name, schema: this.on.schema ?? null } as Table, this.options)];
  }
  override reverse(): CreateTableOperation {
    if (this.table === null)
      throw new MigrationError(`${this.describe()} cannot be reversed: its columns are not known.`);
    return new CreateTableOperation(this.table, { deferred: this.deferred });
  }
}

/** Renames a table. */
export class RenameTableOperation extends MigrateOperation {
  override readonly kind = "renameTable";
  constructor(
    readonly on: QualifiedName,
    readonly to: string,
  ) {
    super();
  }
  override describe(): string {
    return `rename table ${fullName(this.on)} to ${this.to}`;
  }
  override ddl(): readonly DDLElement[] {
    return [new RenameTable(this.on, this.to)];
  }
  override reverse(): RenameTableOperation {
    return new RenameTableOperation({ name: this.to, schema: this.on.schema ?? null }, this.on.name);
  }
}

/** Adds a column, with the constraints and the index that it declares. */
export class AddColumnOperation extends MigrateOperation {
  override readonly kind = "addColumn";
  constructor(
    /** The table that `column` is on: no more of it needs to be known. */
    readonly table: Table,
    readonly column: Column,
    readonly options: ExistsOptions = {},
  ) {
    super();
  }
  override describe(): string {
    return `add column ${this.table.fullName}.${this.column.name}`;
  }
  override ddl(dialect: EngineDialect): readonly DDLElement[] {
    const { table, column } = this;
    const ddl: DDLElement[] = [...missingTypes(dialect, table), new AddColumn(table, column, this.options)];
    for (const each of table.constraints)
      if (each.kind !== "pk" && each.columns.includes(column)) ddl.push(...constraintDDL(dialect, each));
    for (const each of table.indexes) if (each.columns.includes(column)) ddl.push(...indexDDL(dialect, each));
    if (column.comment !== null && hasComments(dialect))
      ddl.push(new CommentOn(table, { kind: "column", name: column.name }, column.comment));
    return ddl;
  }
  override reverse(): DropColumnOperation {
    return new DropColumnOperation(this.table, this.column.name, {}, this.column);
  }
}

/** Drops a column. */
export class DropColumnOperation extends MigrateOperation {
  override readonly kind = "dropColumn";
  constructor(
    readonly on: QualifiedName,
    readonly columnName: string,
    readonly options: ExistsOptions = {},
    /** What is dropped, so that it can be made again. */
    readonly column: Column | null = null,
  ) {
    super();
  }
  override describe(): string {
    return `drop column ${fullName(this.on)}.${this.columnName}`;
  }
  override ddl(): readonly DDLElement[] {
    return [new DropColumn(this.on, this.columnName, this.options)];
  }
  override reverse(): AddColumnOperation {
    if (this.column === null) throw new MigrationError(`${this.describe()} cannot be reversed: its type is not known.`);
    return new AddColumnOperation(this.column.table as Table, this.column);
  }
}

/** What `alterColumn` changes; what is left out stays. */
export interface ColumnChanges {
  /** The column's new name. */
  readonly name?: string;
  readonly type?: SQLType;
  /** How the values become those of the new type, as SQL: `"price::numeric"`. */
  readonly using?: string;
  readonly nullable?: boolean;
  /** The new server default, null for none. A plain string is a value; SQL is `text("...")`. */
  readonly serverDefault?: ServerDefault;
  readonly comment?: string | null;
  readonly identity?: Identity | null;
  readonly computed?: Computed | null;
}

/** What is known of the column before, for the reverse and for databases that have to write the column anew. */
export interface ExistingColumn {
  readonly type?: SQLType;
  readonly nullable?: boolean;
  readonly serverDefault?: ServerDefault;
  readonly comment?: string | null;
  readonly identity?: Identity | null;
  readonly computed?: Computed | null;
}

/** Changes a column. */
export class AlterColumnOperation extends MigrateOperation {
  override readonly kind = "alterColumn";
  constructor(
    readonly on: QualifiedName,
    readonly columnName: string,
    readonly changes: ColumnChanges,
    readonly existing: ExistingColumn = {},
    /** How the values become those of the type before again, as SQL. */
    readonly usingBack: string | null = null,
  ) {
    super();
    if (Object.keys(changes).length === 0) {
      throw new MigrationError(
        `alterColumn("${fullName(on)}", "${columnName}") changes nothing. Say what: { type, nullable, serverDefault, name, comment, identity, computed }.`,
      );
    }
  }
  override describe(): string {
    return `alter column ${fullName(this.on)}.${this.columnName} (${Object.keys(this.changes).join(", ")})`;
  }
  override ddl(dialect: EngineDialect): readonly DDLElement[] {
    const { on, columnName, changes, existing } = this;
    const ddl: DDLElement[] = [];
    // Only whole numbers count, and a column that counts has no default.
    if (changes.identity === null) ddl.push(new AlterColumnIdentity(on, columnName, null, existing.identity != null));
    if (changes.type !== undefined) {
      // A default of the old type may not fit the new one; it comes back below or goes for good.
      const keeps = changes.serverDefault === undefined && existing.serverDefault != null;
      const clears = keeps || (changes.serverDefault !== undefined && existing.serverDefault !== null);
      const retyped = changes.using !== undefined;
      if (retyped && clears) ddl.push(new AlterColumnDefault(on, columnName, null));
      ddl.push(new AlterColumnType(on, columnName, changes.type, changes.using ?? null));
      if (retyped && keeps) ddl.push(new AlterColumnDefault(on, columnName, existing.serverDefault as ServerDefault));
    }
    if (changes.computed !== undefined) ddl.push(new AlterColumnComputed(on, columnName, changes.computed));
    if (changes.serverDefault !== undefined) ddl.push(new AlterColumnDefault(on, columnName, changes.serverDefault));
    if (changes.nullable !== undefined) ddl.push(new AlterColumnNullable(on, columnName, changes.nullable));
    if (changes.identity != null) {
      ddl.push(new AlterColumnIdentity(on, columnName, changes.identity, existing.identity != null));
      if (existing.identity == null) ddl.push(new ContinueIdentity(on, columnName, changes.identity.start ?? 1));
    }
    if (changes.comment !== undefined && hasComments(dialect))
      ddl.push(new CommentOn(on, { kind: "column", name: columnName }, changes.comment));
    if (changes.name !== undefined) ddl.push(new RenameColumn(on, columnName, changes.name));
    return ddl;
  }
  override reverse(): MigrateOperation {
    const { changes, existing } = this;
    if (changes.computed === null && existing.computed != null && existing.type !== undefined) {
      // No database gives a column an expression that had none: it is made anew.
      const { type, nullable, computed } = existing;
      const spec = column(type, { computed, ...(nullable === undefined ? {} : { nullable }) } as never);
      const made = loneColumn(this.on.name, this.on.schema ?? null, this.columnName, spec);
      return new ModifyTableOperation(this.on, [
        new DropColumnOperation(this.on, this.columnName),
        new AddColumnOperation(made.table, made.column),
      ]);
    }
    const back: Record<string, unknown> = {};
    for (const key of ["type", "nullable", "serverDefault", "comment", "identity", "computed"] as const) {
      if (!(key in changes)) continue;
      if (!(key in existing)) {
        throw new MigrationError(
          `${this.describe()} cannot be reversed: the column's ${key} before is not known. Give it as existing: { ${key} }.`,
        );
      }
      back[key] = existing[key];
    }
    if (changes.name !== undefined) back["name"] = this.columnName;
    if (changes.type !== undefined && this.usingBack !== null) back["using"] = this.usingBack;
    const { name: _name, using = null, ...now } = changes;
    return new AlterColumnOperation(
      this.on,
      changes.name ?? this.columnName,
      back as ColumnChanges,
      { ...existing, ...now } as ExistingColumn,
      using,
    );
  }
}
