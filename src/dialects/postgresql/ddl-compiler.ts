/** DDL in PostgreSQL's words. */

import { DDLCompiler } from "../../sql/compiler/ddl.js";
import type { CreateTable, CreateView, DropDomainType, DropEnumType, ExistsOptions } from "../../sql/ddl/elements.js";
import { CompileError } from "../../sql/errors.js";
import type { Column, TableLike } from "../../sql/schema/column.js";
import { CheckConstraint, type ColumnRef, type Constraint, resolveColumn } from "../../sql/schema/constraints.js";
import type { Index } from "../../sql/schema/indexes.js";
import type { Table } from "../../sql/schema/table.js";
import { quoteLiteral } from "../../sql/types/base.js";

/** What `dialectOptions: { postgresql: { ... } }` of a table may say. */
export interface PostgresqlTableOptions {
  /** Parent tables; with their schema where it is another one: `"archive.events"`. */
  readonly inherits?: string | readonly string[];
  /** `"RANGE (created_at)"`, `"LIST (country)"`. */
  readonly partitionBy?: string;
  /** The table that this one is a partition of, and the rows that belong to it: `"FROM (1) TO (10)"`, `"IN ('de')"`, `"DEFAULT"`. */
  readonly partitionOf?: string;
  readonly forValues?: string;
  /** Not written to the log: faster, and empty after a crash. */
  readonly unlogged?: boolean;
  /** The table access method. */
  readonly using?: string;
  /** Storage parameters; of a view, its options: `{ security_barrier: true }`. */
  readonly with?: Readonly<Record<string, string | number | boolean>>;
  /** Of a temporary table. */
  readonly onCommit?: "PRESERVE ROWS" | "DELETE ROWS" | "DROP";
  readonly tablespace?: string;
  /** How this table's integer key is made; the engine's option where absent. */
  readonly autoincrement?: "identity" | "serial";
}

function optionsOf(table: Table): PostgresqlTableOptions {
  return (table.options.dialectOptions?.["postgresql"] ?? {}) as PostgresqlTableOptions;
}

const SERIALS: Readonly<Record<string, string>> = {
  visitInteger: "SERIAL",
  visitSmallInteger: "SMALLSERIAL",
  visitBigInteger: "BIGSERIAL",
};

export class PostgresqlDDLCompiler extends DDLCompiler {
  override visitCreateTable(ddl: CreateTable): string {
    const table = ddl.table;
    const { partitionOf, forValues, unlogged } = optionsOf(table);
    const kind = unlogged === true && !table.prefixes.some((each) => /unlogged/i.test(each)) ? "UNLOGGED " : "";
    if (partitionOf === undefined) return super.visitCreateTable(ddl).replace(/TABLE /, `${kind}TABLE `);
    // its columns and constraints are those of its parent
    const bound =
      forValues === undefined
        ? "DEFAULT"
        : /^(default|for values\b)/i.test(forValues)
          ? forValues
          : `FOR VALUES ${forValues}`;
    const parent = this.#parentText(table, partitionOf);
    const exists = ddl.options.ifNotExists === true ? "IF NOT EXISTS " : "";
    const own = this.tableConstraints(table, ddl.options.includeForeignKeys);
    const body = own.length === 0 ? "" : ` (\n  ${own.join(",\n  ")}\n)`;
    return `CREATE ${kind}TABLE ${exists}${this.tableText(table)} PARTITION OF ${parent}${body} ${bound}${this.tableSuffix(table)}`;
  }

  // A partition has the constraints of its table, and may have more.
  protected override canHave(constraint: Constraint): boolean {
    const table = constraint.table as Table | null;
    const { partitionOf } = table === null ? {} : optionsOf(table);
    if (table === null || partitionOf === undefined) return super.canHave(constraint);
    const parent = table.tableNamed(partitionOf);
    return parent?.constraints.some((each) => isAlike(each, constraint)) === false;
  }

  protected override enumCheck(column: Column): string | null {
    const table = column.table as Table | null;
    return table !== null && optionsOf(table).partitionOf !== undefined ? null : super.enumCheck(column);
  }

  // In the schema of the table unless the metadata, or the name, says otherwise.
  #parentText(table: Table, name: string): string {
    return this.tableText(table.tableNamed(name) ?? { name, schema: table.schema });
  }

  // A key that the database counts up by itself, without an identity of its own.
  #counted(column: Column): "identity" | "serial" | null {
    const table = column.table as Table | null;
    if (table === null || column.identity !== null || column.computed !== null) return null;
    const serial = column.autoincrement === true && column.serverDefault === true;
    if (serial) return "serial";
    if (table.primaryKey.autoincrementColumn !== column) return null;
    if ((column.default !== undefined && column.default !== null) || column.serverDefault !== null) return null;
    const engineWide = (this.dialect as { autoincrement?: "identity" | "serial" }).autoincrement ?? "identity";
    return optionsOf(table).autoincrement ?? engineWide;
  }

  protected override columnType(column: Column): string {
    if (this.#counted(column) === "serial") {
      const serial = SERIALS[this.dialect.typeImpl(column.type).visitName];
      if (serial !== undefined) return serial;
    }
    return super.columnType(column);
  }

  override columnDefinition(column: Column): string {
    const text = super.columnDefinition(column);
    return this.#counted(column) === "identity" ? `${text} GENERATED BY DEFAULT AS IDENTITY` : text;
  }

  // Before version 18 a computed column is always stored, and has to say so.
  protected override computedText(column: Column): string {
    const text = super.computedText(column);
    return / (STORED|VIRTUAL)$/.test(text) ? text : `${text} STORED`;
  }

  protected override tableSuffix(table: Table): string {
    const options = optionsOf(table);
    let text = "";
    if (options.inherits !== undefined) {
      const parents = typeof options.inherits === "string" ? [options.inherits] : options.inherits;
      text += ` INHERITS (${parents.map((name) => this.#parentText(table, name)).join(", ")})`;
    }
    if (options.partitionBy !== undefined) text += ` PARTITION BY ${options.partitionBy}`;
    if (options.using !== undefined) text += ` USING ${options.using}`;
    if (options.with !== undefined) text += ` WITH (${parameters(options.with)})`;
    if (options.onCommit !== undefined) text += ` ON COMMIT ${options.onCommit}`;
    if (options.tablespace !== undefined) text += ` TABLESPACE ${this.quote(options.tablespace)}`;
    return text;
  }

  protected override indexConcurrently(index: Index): string {
    return index.options.concurrently === true ? "CONCURRENTLY " : "";
  }

  protected override indexUsing(index: Index): string {
    return index.options.using === undefined ? "" : ` USING ${word(index.options.using)}`;
  }

  protected override operatorClass(name: string): string {
    return ` ${word(name)}`;
  }

  protected override includeText(table: TableLike | null, include: readonly ColumnRef[] | undefined): string {
    if (include === undefined || include.length === 0) return "";
    return ` INCLUDE (${include.map((ref) => this.quote(resolveColumn(table, ref, "INCLUDE").name)).join(", ")})`;
  }

  protected override indexTail(index: Index): string {
    const { include, nullsNotDistinct, tablespace } = index.options;
    let text = this.includeText(index.table, include);
    if (nullsNotDistinct === true) text += " NULLS NOT DISTINCT";
    if (index.options.with !== undefined) text += ` WITH (${parameters(index.options.with)})`;
    return tablespace === undefined ? text : `${text} TABLESPACE ${this.quote(tablespace)}`;
  }

  protected override viewOptions({ options }: CreateView): string {
    return options.with === undefined ? "" : ` WITH (${parameters(options.with)})`;
  }

  // A type that tables outside of this metadata use too stays, as they would not let it go.
  override visitDropEnumType(ddl: DropEnumType): string {
    return unlessUsed(super.visitDropEnumType(ddl), ddl.options);
  }
  override visitDropDomainType(ddl: DropDomainType): string {
    return unlessUsed(super.visitDropDomainType(ddl), ddl.options);
  }
}

function unlessUsed(drop: string, { ifExists, cascade }: ExistsOptions): string {
  if (ifExists !== true || cascade === true) return drop;
  return `DO $drop$ BEGIN ${drop}; EXCEPTION WHEN dependent_objects_still_exist THEN NULL; END $drop$`;
}

function parameters(values: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(values)
    .map(
      ([name, value]) =>
        `${word(name)} = ${typeof value === "string" && !/^\w+$/.test(value) ? quoteLiteral(value) : String(value)}`,
    )
    .join(", ");
}

function word(text: string): string {
  if (!/^[\w.]+$/.test(text))
    throw new CompileError(`${JSON.stringify(text)} is no name of a method or storage parameter.`);
  return text;
}

function isAlike(one: Constraint, other: Constraint): boolean {
  if (one.kind !== other.kind) return false;
  if (one instanceof CheckConstraint && other instanceof CheckConstraint)
    return String(one.sqltext) === String(other.sqltext);
  const names = ({ columns }: Constraint): string => JSON.stringify(columns.map((each) => each.name));
  return names(one) === names(other);
}
