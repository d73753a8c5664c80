/** DDL in SQLite's words. */
import type { CompileOptions } from "../../sql/compiled.js";
import { DDLCompiler } from "../../sql/compiler/ddl.js";
import { TypeCompiler } from "../../sql/compiler/types.js";
import { DDLElement } from "../../sql/ddl/element.js";
import type { CreateSchema, CreateView, DropSchema } from "../../sql/ddl/elements.js";
import type { Dialect } from "../../sql/dialect.js";
import { CompileError } from "../../sql/errors.js";
import type { Node } from "../../sql/node.js";
import type { Column, TableLike } from "../../sql/schema/column.js";
import type { Constraint, ForeignKeyConstraint, PrimaryKeyConstraint } from "../../sql/schema/constraints.js";
import type { Index } from "../../sql/schema/indexes.js";
import type { Table } from "../../sql/schema/table.js";
import type { NumericType } from "../../sql/types/base.js";
import type { SQLType } from "../../sql/types/type.js";
import { SqliteCompiler } from "./compiler.js";
import { isTextNumeric, textNumber } from "./types.js";

/** What `dialectOptions: { sqlite: { ... } }` of a table may say. */
export interface SqliteTableOptions {
  /** AUTOINCREMENT: no key is used twice, not even that of a row deleted. */
  readonly autoincrement?: boolean;
  /** False: WITHOUT ROWID. */
  readonly withRowid?: boolean;
  readonly strict?: boolean;
}

function optionsOf(table: Table): SqliteTableOptions {
  return (table.options.dialectOptions?.["sqlite"] ?? {}) as SqliteTableOptions;
}

// What stands inside definitions (defaults, checks, views), in the same words as elsewhere, with values as literals.
class InnerCompiler extends SqliteCompiler {
  constructor(dialect: Dialect, statement: Node, options: CompileOptions) {
    super(dialect, statement, { ...options, literalBinds: true, binds: [] });
    this.bareColumns = true;
  }
}

export class SqliteDDLCompiler extends DDLCompiler {
  readonly #inner = new InnerCompiler(this.dialect, this.statement, this.options);

  override process(node: Node): string {
    return node instanceof DDLElement ? super.process(node) : this.#inner.process(node);
  }

  // The only column of an integer key: INTEGER, and nothing else, makes it the row's own id, which SQLite fills in.
  #rowid(column: Column): boolean {
    const table = column.table as Table | null;
    if (table === null || optionsOf(table).withRowid === false) return false;
    const { columns } = table.primaryKey;
    return (
      columns.length === 1 &&
      columns[0] === column &&
      column.type.family === "integer" &&
      column.autoincrement !== false
    );
  }

  // AUTOINCREMENT must stand in the column's own definition.
  #autoincrement(column: Column): boolean {
    if (!this.#rowid(column)) return false;
    const engineWide = (this.dialect as { autoincrement?: boolean }).autoincrement === true;
    const own = optionsOf(column.table as Table).autoincrement;
    return (own ?? engineWide) && column.foreignKeys.length === 0;
  }

  protected override columnType(column: Column): string {
    if (this.#rowid(column)) return "INTEGER";
    const type = super.columnType(column);
    return optionsOf(column.table as Table).strict === true ? strictName(type) : type;
  }

  override columnDefinition(column: Column): string {
    const text = super.columnDefinition(column);
    return this.#autoincrement(column) ? `${text} PRIMARY KEY AUTOINCREMENT` : text;
  }

  protected override primaryKeyText(constraint: PrimaryKeyConstraint, table: Table): string | null {
    const [only] = constraint.columns;
    if (only !== undefined && this.#autoincrement(only)) return null;
    return super.primaryKeyText(constraint, table);
  }

  // ON CONFLICT: what a violation does.
  protected override constraintSuffix(constraint: Constraint): string {
    const [only, another] = constraint.kind === "pk" ? constraint.columns : [];
    const ofColumn = another === undefined ? only?.options.onConflictPrimaryKey : undefined;
    return onConflict(constraint.options.onConflict ?? ofColumn);
  }
  protected override notNullSuffix(column: Column): string {
    return onConflict(column.options.onConflictNotNull);
  }

  // A database is a file, and a key cannot refer to a table in another one.
  protected override canHave(constraint: Constraint): boolean {
    if (constraint.kind !== "fk") return true;
    return (constraint as ForeignKeyConstraint).referredTable.schema === (constraint.table?.schema ?? null);
  }

  // REFERENCES takes no schema: it means the table's own file
  protected override referredText(table: TableLike): string {
    return this.quote(table.name);
  }

  // SQLite has no operator classes
  protected override operatorClass(_name: string): string {
    return "";
  }

  // DEFAULT takes a value or an expression in parentheses.
  override defaultClause(column: Column): string | null {
    const value = column.serverDefault;
    // of the form that values are bound in
    const digits = typeof value === "string" ? textNumber(column.type, this.dialect)?.literalProcessor() : undefined;
    if (digits !== undefined) return digits(value as never);
    const text = super.defaultClause(column);
    if (text === null || value === null) return text;
    return isSimpleDefault(text) ? text : `(${text})`;
  }

  protected override tableSuffix(table: Table): string {
    const options = optionsOf(table);
    const words = [
      ...(options.withRowid === false ? ["WITHOUT ROWID"] : []),
      ...(options.strict === true ? ["STRICT"] : []),
    ];
    return words.length === 0 ? "" : ` ${words.join(", ")}`;
  }

  // CREATE INDEX other.ix ON t: the schema stands before the index.
  protected override indexNameText(index: Index, table: Table): string {
    const name = super.indexNameText(index, table);
    return table.schema === null ? name : `${this.quote(table.schema)}.${name}`;
  }

  protected override indexTable(table: Table): string {
    return this.quote(table.name);
  }

  override visitCreateSchema(_ddl: CreateSchema): string {
    return this.refuse("CREATE SCHEMA", "Attach a database: text(\"ATTACH 'file.db' AS name\").");
  }

  override visitDropSchema(_ddl: DropSchema): string {
    return this.refuse("DROP SCHEMA", 'Detach the database: text("DETACH name").');
  }

  override visitCreateView(ddl: CreateView): string {
    if (ddl.options.orReplace === true) return this.refuse("CREATE OR REPLACE VIEW", "Drop the view first.");
    return super.visitCreateView(ddl);
  }
}

const CONFLICTS = new Set(["ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE"]);

function onConflict(action: string | undefined): string {
  if (action === undefined) return "";
  const upper = action.toUpperCase();
  if (!CONFLICTS.has(upper)) {
    throw new CompileError(
      `${JSON.stringify(action)} is nothing that ON CONFLICT does; that is ${[...CONFLICTS].join(", ")}.`,
    );
  }
  return ` ON CONFLICT ${upper}`;
}

const SIMPLE_DEFAULT = /^(?:[+-]?[\w.]+|x?'(?:[^']|'')*'|"(?:[^"]|"")*")$/i;

function isSimpleDefault(text: string): boolean {
  if (SIMPLE_DEFAULT.test(text)) return true;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "(") depth++;
    else if (text[i] === ")" && --depth === 0) return text.startsWith("(") && i === text.length - 1;
  }
  return false;
}

// STRICT tables know six names.
function strictName(type: string): string {
  const name = type.toUpperCase();
  if (/^(INT|INTEGER|REAL|TEXT|BLOB|ANY)$/.test(name)) return name;
  if (/INT/.test(name) || name.startsWith("BOOL")) return "INTEGER";
  if (/REAL|FLOA|DOUB/.test(name)) return "REAL";
  if (/BLOB/.test(name)) return "BLOB";
  return /NUMERIC/.test(name) ? "ANY" : "TEXT";
}

export class SqliteTypeCompiler extends TypeCompiler {
  override visitNumeric(type: NumericType): string {
    // TEXT in the name gives the column text affinity: no digit is lost.
    if (isTextNumeric(type)) return `DECIMAL_TEXT(${type.precision}, ${type.scale ?? 0})`;
    return super.visitNumeric(type);
  }
  override visitDouble(_type: SQLType): string {
    return "REAL";
  }
  override visitDateTime(_type: SQLType): string {
    return "DATETIME";
  }
  override visitTime(_type: SQLType): string {
    return "TIME";
  }
  override visitInterval(_type: SQLType): string {
    return "VARCHAR";
  }
  protected override collated(text: string, type: Parameters<TypeCompiler["visitText"]>[0]): string {
    return type.collation === null ? text : `${text} COLLATE ${this.dialect.identifiers.quoteIfNeeded(type.collation)}`;
  }
}
