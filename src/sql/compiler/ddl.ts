import type { CompileOptions, StatementKind } from "../compiled.js";
import type {
  AddConstraint,
  CreateEnumType,
  CreateIndex,
  CreateSchema,
  CreateSequence,
  CreateTable,
  CreateTableAs,
  CreateView,
  DDL,
  DropConstraint,
  DropEnumType,
  DropIndex,
  DropSchema,
  DropSequence,
  DropTable,
  DropView,
  SetColumnComment,
  SetTableComment,
} from "../ddl/elements.js";
import type { Dialect } from "../dialect.js";
import { CompileError } from "../errors.js";
import { Node } from "../node.js";
import type { Column } from "../schema/column.js";
import {
  type CheckConstraint,
  type Constraint,
  type ExcludeConstraint,
  type ForeignKeyConstraint,
  type PrimaryKeyConstraint,
  resolveColumn,
  type UniqueConstraint,
} from "../schema/constraints.js";
import type { SequenceOptions } from "../schema/generated.js";
import type { Index } from "../schema/indexes.js";
import { constraintName, indexName } from "../schema/naming.js";
import type { Table } from "../schema/table.js";
import { quoteLiteral } from "../types/base.js";
import { EnumType } from "../types/structured.js";
import { SQLCompiler } from "./dml.js";

/** Statements that define things. Values in them are written as literals. */
export class DDLCompiler extends SQLCompiler {
  constructor(dialect: Dialect, statement: Node, options: CompileOptions = {}) {
    super(dialect, statement, { ...options, literalBinds: true, binds: [] });
    this.bareColumns = true;
  }

  protected override kindOf(): StatementKind {
    return "ddl";
  }
  protected override returnsRows(): boolean {
    return false;
  }

  /** An expression inside a definition: SQL text, or a node with its values as literals and its columns bare. */
  protected expression(value: unknown): string {
    return value instanceof Node ? this.process(value) : String(value);
  }

  private exists(options: { readonly ifNotExists?: boolean; readonly ifExists?: boolean }): string {
    if (options.ifNotExists === true) return this.dialect.capabilities.ifExists ? "IF NOT EXISTS " : "";
    if (options.ifExists === true) return this.dialect.capabilities.ifExists ? "IF EXISTS " : "";
    return "";
  }

  protected applies(item: { readonly dialects: readonly string[] | null }): boolean {
    return item.dialects === null || item.dialects.includes(this.dialect.name);
  }

  visitCreateTable(ddl: CreateTable): string {
    const table = ddl.table as unknown as Table;
    const prefixes = table.prefixes.map((each) => `${each} `).join("");
    const lines = table.columns.map((column) => this.columnDefinition(column));
    lines.push(...this.tableConstraints(table, ddl.options.includeForeignKeys));
    if (lines.length === 0) return `CREATE ${prefixes}TABLE ${this.exists(ddl.options)}${this.tableText(table)} ()`;
    return `CREATE ${prefixes}TABLE ${this.exists(ddl.options)}${this.tableText(table)} (\n  ${lines.join(",\n  ")}\n)${this.tableSuffix(table)}`;
  }

  /** What follows the parenthesis of CREATE TABLE. */
  protected tableSuffix(_table: Table): string {
    return "";
  }

  /** `name TYPE DEFAULT ... NOT NULL`. */
  columnDefinition(column: Column): string {
    let text = `${this.quote(column.name)} ${this.columnType(column)}`;
    if (column.identity !== null && this.dialect.capabilities.identityColumns) text += ` ${this.identityText(column)}`;
    else if (column.computed !== null) text += ` ${this.computedText(column)}`;
    else {
      const value = this.defaultClause(column);
      if (value !== null) text += ` DEFAULT ${value}`;
    }
    if (!column.nullable && column.identity === null) text += " NOT NULL";
    else if (!column.nullable && !this.dialect.capabilities.identityColumns) text += " NOT NULL";
    return text;
  }

  /** The type of a column in CREATE TABLE; a dialect writes SERIAL here. */
  protected columnType(column: Column): string {
    try {
      return this.dialect.typeCompiler.render(column.type);
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      throw new CompileError(`column ${column.table?.fullName}.${column.name}: ${error.message}`, { cause: error });
    }
  }

  /** DEFAULT of a column, or null. */
  defaultClause(column: Column): string | null {
    const value = column.serverDefault;
    if (value === null || value === true) return null;
    if (typeof value === "string") return this.defaultText2(value);
    const text = this.process(value);
    return value.visitName === "TextClause" || value.visitName === "BindParameter" || /^[\w.]+(\(\))?$/.test(text)
      ? text
      : `(${text})`;
  }

  // a plain string is a value, as SQLAlchemy has it; text("...") is SQL
  private defaultText2(value: string): string {
    return quoteLiteral(value);
  }

  protected identityText(column: Column): string {
    const identity = column.identity ?? {};
    const options = this.sequenceOptions(identity);
    return `GENERATED ${identity.always === true ? "ALWAYS" : "BY DEFAULT"} AS IDENTITY${options === "" ? "" : ` (${options.trim()})`}`;
  }

  protected computedText(column: Column): string {
    if (!this.dialect.capabilities.computedColumns) return this.refuse("computed columns");
    const computed = column.computed as NonNullable<Column["computed"]>;
    const stored = computed.persisted === true ? " STORED" : computed.persisted === false ? " VIRTUAL" : "";
    return `GENERATED ALWAYS AS (${this.expression(computed.sqltext)})${stored}`;
  }

  protected sequenceOptions(options: SequenceOptions): string {
    let text = "";
    if (options.increment !== undefined) text += ` INCREMENT BY ${options.increment}`;
    if (options.start !== undefined) text += ` START WITH ${options.start}`;
    if (options.minValue !== undefined) text += ` MINVALUE ${options.minValue}`;
    if (options.maxValue !== undefined) text += ` MAXVALUE ${options.maxValue}`;
    if (options.noMinValue === true) text += " NO MINVALUE";
    if (options.noMaxValue === true) text += " NO MAXVALUE";
    if (options.cache !== undefined) text += ` CACHE ${options.cache}`;
    if (options.cycle === true) text += " CYCLE";
    return text;
  }

  /** The constraints inside CREATE TABLE. */
  protected tableConstraints(table: Table, foreignKeys?: readonly ForeignKeyConstraint[]): string[] {
    const lines: string[] = [];
    const rest: Constraint[] = [];
    for (const constraint of table.constraints) {
      if (!this.applies(constraint)) continue;
      if (constraint.kind === "pk") {
        if (constraint.columns.length > 0) {
          const text = this.primaryKeyText(constraint as PrimaryKeyConstraint, table);
          if (text !== null) lines.push(text);
        }
      } else if (constraint.kind === "fk") {
        const key = constraint as ForeignKeyConstraint;
        const wanted =
          foreignKeys === undefined
            ? !(key.useAlter && this.dialect.capabilities.alterAddConstraint)
            : foreignKeys.includes(key);
        if (wanted) rest.push(key);
      } else rest.push(constraint);
    }
    for (const constraint of rest) lines.push(this.constraintText(constraint));
    for (const column of table.columns) {
      const check = this.enumCheck(column);
      if (check !== null) lines.push(check);
    }
    return lines;
  }

  /** PRIMARY KEY, or null when the column's definition has it. */
  protected primaryKeyText(constraint: PrimaryKeyConstraint, _table: Table): string | null {
    return this.constraintText(constraint);
  }

  private enumCheck(column: Column): string | null {
    const type = this.dialect.typeImpl(column.type);
    if (!(type instanceof EnumType) || type.options.createConstraint !== true) return null;
    if (type.native && type.name !== null && this.dialect.capabilities.nativeEnum) return null;
    const values = type.values.map(quoteLiteral).join(", ");
    const name = type.name === null ? "" : `CONSTRAINT ${this.quote(type.name)} `;
    return `${name}CHECK (${this.quote(column.name)} IN (${values}))`;
  }

  /** A constraint as CREATE TABLE and ALTER TABLE write it. */
  constraintText(constraint: Constraint): string {
    const name = constraintName(constraint, this.dialect.identifiers.maxLength);
    const prefix = name === null ? "" : `CONSTRAINT ${this.quote(name)} `;
    return prefix + this.constraintBody(constraint) + this.deferral(constraint);
  }

  private constraintBody(constraint: Constraint): string {
    const columns = (): string => constraint.columns.map((column) => this.quote(column.name)).join(", ");
    switch (constraint.kind) {
      case "pk":
        return `PRIMARY KEY (${columns()})`;
      case "uq": {
        const distinct =
          (constraint as UniqueConstraint).options.nullsNotDistinct === true ? "NULLS NOT DISTINCT " : "";
        return `UNIQUE ${distinct}(${columns()})`;
      }
      case "ck":
        return `CHECK (${this.expression((constraint as CheckConstraint).sqltext)})`;
      case "fk":
        return this.foreignKeyBody(constraint as ForeignKeyConstraint);
      case "ex":
        return this.excludeBody(constraint as ExcludeConstraint);
    }
  }

  private foreignKeyBody(key: ForeignKeyConstraint): string {
    const columns = key.columns.map((column) => this.quote(column.name)).join(", ");
    const referred = key.refColumns.map((column) => this.quote(column.name)).join(", ");
    let text = `FOREIGN KEY (${columns}) REFERENCES ${this.tableText(key.referredTable)} (${referred})`;
    if (key.match !== null) text += ` MATCH ${key.match}`;
    if (key.onDelete !== null) text += ` ON DELETE ${action(key.onDelete)}`;
    if (key.onUpdate !== null) text += ` ON UPDATE ${action(key.onUpdate)}`;
    return text;
  }

  private excludeBody(constraint: ExcludeConstraint): string {
    if (!this.dialect.capabilities.excludeConstraints) return this.refuse("EXCLUDE constraints");
    const elements = constraint.elements.map(([ref, operator]) => {
      const element =
        typeof ref === "string" ? resolveColumn(constraint.table, ref, "EXCLUDE constraint") : (ref as unknown as Node);
      return `${this.process(element)} WITH ${operator}`;
    });
    const where = constraint.options.where === undefined ? "" : ` WHERE (${this.expression(constraint.options.where)})`;
    return `EXCLUDE USING ${constraint.options.using ?? "gist"} (${elements.join(", ")})${where}`;
  }

  private deferral(constraint: Constraint): string {
    let text = "";
    if (constraint.deferrable !== null) text += constraint.deferrable ? " DEFERRABLE" : " NOT DEFERRABLE";
    if (constraint.initially !== null)
      text += ` INITIALLY ${constraint.initially === "DEFERRED" ? "DEFERRED" : "IMMEDIATE"}`;
    return text;
  }

  visitDropTable(ddl: DropTable): string {
    return `DROP TABLE ${this.exists(ddl.options)}${this.tableText(ddl.table as unknown as Table)}${ddl.options.cascade === true ? " CASCADE" : ""}`;
  }

  visitCreateIndex(ddl: CreateIndex): string {
    const { index } = ddl;
    const table = index.table as unknown as Table | null;
    if (table === null) throw new CompileError(`index ${String(index.name)} belongs to no table.`);
    const unique = index.unique ? "UNIQUE " : "";
    const parts = index.expressions.map((each) => {
      const text = this.process(each);
      const ops = index.options.ops?.[each.key ?? ""];
      const grouped = isPlainIndexPart(each) ? text : `(${text})`;
      return ops === undefined ? grouped : `${grouped} ${ops}`;
    });
    const where = index.options.where === undefined ? "" : ` WHERE ${this.expression(index.options.where)}`;
    return `CREATE ${unique}INDEX ${this.indexConcurrently(index)}${this.exists(ddl.options)}${this.indexNameText(index, table)} ON ${this.indexTable(table)}${this.indexUsing(index)} (${parts.join(", ")})${this.indexInclude(index)}${this.indexWith(index)}${where}`;
  }

  protected indexNameText(index: Index, _table: Table): string {
    return this.quote(indexName(index, this.dialect.identifiers.maxLength));
  }
  protected indexTable(table: Table): string {
    return this.tableText(table);
  }
  protected indexConcurrently(_index: Index): string {
    return "";
  }
  /** `USING method`; what a dialect has not, it leaves out. */
  protected indexUsing(_index: Index): string {
    return "";
  }
  protected indexInclude(_index: Index): string {
    return "";
  }
  protected indexWith(_index: Index): string {
    return "";
  }

  visitDropIndex(ddl: DropIndex): string {
    const table = ddl.index.table as unknown as Table;
    const name = this.quote(indexName(ddl.index, this.dialect.identifiers.maxLength));
    const schema = table?.schema == null ? "" : `${this.quote(table.schema)}.`;
    return `DROP INDEX ${this.exists(ddl.options)}${schema}${name}`;
  }

  visitAddConstraint(ddl: AddConstraint): string {
    if (!this.dialect.capabilities.alterAddConstraint) return this.refuse("ALTER TABLE ... ADD CONSTRAINT");
    return `ALTER TABLE ${this.tableText(this.tableOf(ddl.constraint))} ADD ${this.constraintText(ddl.constraint)}`;
  }

  visitDropConstraint(ddl: DropConstraint): string {
    if (!this.dialect.capabilities.alterAddConstraint) return this.refuse("ALTER TABLE ... DROP CONSTRAINT");
    const name = constraintName(ddl.constraint, this.dialect.identifiers.maxLength);
    const table = this.tableOf(ddl.constraint);
    if (name === null) {
      throw new CompileError(
        `a constraint of ${table.fullName} has no name, so that it cannot be dropped. Name it, or give the metadata a namingConvention.`,
      );
    }
    return `ALTER TABLE ${this.tableText(table)} DROP CONSTRAINT ${this.exists(ddl.options)}${this.quote(name)}${ddl.options.cascade === true ? " CASCADE" : ""}`;
  }

  private tableOf(constraint: Constraint): NonNullable<Constraint["table"]> {
    if (constraint.table === null) throw new CompileError("the constraint belongs to no table.");
    return constraint.table;
  }

  visitCreateSchema(ddl: CreateSchema): string {
    if (!this.dialect.capabilities.schemas) return this.refuse("schemas");
    return `CREATE SCHEMA ${this.exists(ddl.options)}${this.quote(ddl.name)}`;
  }
  visitDropSchema(ddl: DropSchema): string {
    if (!this.dialect.capabilities.schemas) return this.refuse("schemas");
    return `DROP SCHEMA ${this.exists(ddl.options)}${this.quote(ddl.name)}${ddl.options.cascade === true ? " CASCADE" : ""}`;
  }

  visitCreateSequence(ddl: CreateSequence): string {
    if (!this.dialect.capabilities.sequences) return this.refuse("sequences");
    const { sequence } = ddl;
    const type = sequence.type === null ? "" : ` AS ${this.dialect.typeCompiler.render(sequence.type)}`;
    return `CREATE SEQUENCE ${this.exists(ddl.options)}${this.tableText(sequence)}${type}${this.sequenceOptions(sequence.options)}`;
  }
  visitDropSequence(ddl: DropSequence): string {
    if (!this.dialect.capabilities.sequences) return this.refuse("sequences");
    return `DROP SEQUENCE ${this.exists(ddl.options)}${this.tableText(ddl.sequence)}`;
  }

  visitCreateEnumType(ddl: CreateEnumType): string {
    if (!this.dialect.capabilities.nativeEnum) return this.refuse("CREATE TYPE");
    return `CREATE TYPE ${this.dialect.typeCompiler.render(ddl.type)} AS ENUM (${ddl.type.values.map(quoteLiteral).join(", ")})`;
  }
  visitDropEnumType(ddl: DropEnumType): string {
    if (!this.dialect.capabilities.nativeEnum) return this.refuse("DROP TYPE");
    return `DROP TYPE ${this.exists(ddl.options)}${this.dialect.typeCompiler.render(ddl.type)}`;
  }

  visitCreateView(ddl: CreateView): string {
    const { options } = ddl;
    if (options.materialized === true && !this.dialect.capabilities.materializedViews)
      return this.refuse("materialized views");
    const kind = `${options.temporary === true ? "TEMPORARY " : ""}${options.materialized === true ? "MATERIALIZED " : ""}`;
    const columns =
      options.columns === undefined ? "" : ` (${options.columns.map((each) => this.quote(each)).join(", ")})`;
    const name = this.tableText({ name: ddl.name, schema: options.schema ?? null });
    return `CREATE ${options.orReplace === true ? "OR REPLACE " : ""}${kind}VIEW ${this.exists(options)}${name}${columns} AS ${this.process(ddl.selectable)}`;
  }
  visitDropView(ddl: DropView): string {
    const { options } = ddl;
    const name = this.tableText({ name: ddl.name, schema: options.schema ?? null });
    return `DROP ${options.materialized === true ? "MATERIALIZED " : ""}VIEW ${this.exists(options)}${name}${options.cascade === true ? " CASCADE" : ""}`;
  }
  visitCreateTableAs(ddl: CreateTableAs): string {
    const { options } = ddl;
    const name = this.tableText({ name: ddl.name, schema: options.schema ?? null });
    return `CREATE ${options.temporary === true ? "TEMPORARY " : ""}TABLE ${this.exists(options)}${name} AS ${this.process(ddl.selectable)}`;
  }

  visitSetTableComment(ddl: SetTableComment): string {
    if (!this.dialect.capabilities.comments) return this.refuse("COMMENT ON");
    const table = ddl.table as unknown as Table;
    return `COMMENT ON TABLE ${this.tableText(table)} IS ${table.comment === null ? "NULL" : quoteLiteral(table.comment)}`;
  }
  visitSetColumnComment(ddl: SetColumnComment): string {
    if (!this.dialect.capabilities.comments) return this.refuse("COMMENT ON");
    const value = ddl.comment === null ? "NULL" : quoteLiteral(ddl.comment);
    return `COMMENT ON COLUMN ${this.tableText(ddl.table as unknown as Table)}.${this.quote(ddl.columnName)} IS ${value}`;
  }

  visitDDL(ddl: DDL): string {
    return ddl.statement;
  }
}

const actions = new Set(["CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"]);

function action(text: string): string {
  const upper = text.toUpperCase();
  if (!actions.has(upper))
    throw new CompileError(`${JSON.stringify(text)} is no referential action; they are ${[...actions].join(", ")}.`);
  return upper;
}

function isPlainIndexPart(node: Node): boolean {
  switch (node.visitName) {
    case "Column":
    case "TextClause":
      return true;
    case "Function":
      return true;
    case "UnaryExpression":
      return (node as unknown as { postfix: boolean }).postfix;
    case "Collate":
      return true;
    default:
      return false;
  }
}
