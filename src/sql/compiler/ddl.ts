import type { CompileOptions, StatementKind } from "../compiled.js";
import {
  type AddConstraint,
  CreateColumn,
  type CreateDomainType,
  type CreateEnumType,
  type CreateIndex,
  type CreateSchema,
  type CreateSequence,
  type CreateTable,
  type CreateTableAs,
  type CreateView,
  type DDL,
  type DropConstraint,
  type DropDomainType,
  type DropEnumType,
  type DropIndex,
  type DropSchema,
  type DropSequence,
  type DropTable,
  type DropView,
  type RefreshMaterializedView,
  type SetColumnComment,
  type SetConstraintComment,
  type SetIndexComment,
  type SetTableComment,
} from "../ddl/elements.js";
import type { Dialect } from "../dialect.js";
import { CompileError } from "../errors.js";
import { Node } from "../node.js";
import type { Column, TableLike } from "../schema/column.js";
import {
  type CheckConstraint,
  type ColumnRef,
  type Constraint,
  type ExcludeConstraint,
  type ForeignKeyConstraint,
  type PrimaryKeyConstraint,
  resolveColumn,
  type UniqueConstraint,
} from "../schema/constraints.js";
import type { SequenceOptions } from "../schema/generated.js";
import type { Index } from "../schema/indexes.js";
import { constraintName, fitting, indexName } from "../schema/naming.js";
import type { Table } from "../schema/table.js";
import { quoteLiteral } from "../types/base.js";
import { EnumType } from "../types/structured.js";
import { SQLCompiler } from "./dml.js";
import { collationName } from "./types.js";

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

  /** A query inside a definition, as the dialect writes queries, with its values as literals. */
  private query(selectable: Node): string {
    const options = { ...this.options, literalBinds: true, binds: [] };
    return new this.dialect.statementCompiler(this.dialect, selectable, options).compile().text;
  }

  private exists(options: { readonly ifNotExists?: boolean; readonly ifExists?: boolean }): string {
    if (options.ifNotExists === true) return this.dialect.capabilities.ifExists ? "IF NOT EXISTS " : "";
    if (options.ifExists === true) return this.dialect.capabilities.ifExists ? "IF EXISTS " : "";
    return "";
  }

  visitCreateTable(ddl: CreateTable): string {
    const table = ddl.table;
    const { maxLength } = this.dialect.identifiers;
    for (const name of [table.name, table.schema]) if (name !== null) fitting(name, maxLength);
    const prefixes = table.prefixes.map((each) => `${each} `).join("");
    // The database has system columns by itself.
    const columns = table.columns.filter((column) => !column.system);
    const lines = columns.map((column) => this.process(new CreateColumn(column))).filter((line) => line !== "");
    lines.push(...this.tableConstraints(table, ddl.options.includeForeignKeys));
    if (lines.length === 0) return `CREATE ${prefixes}TABLE ${this.exists(ddl.options)}${this.tableText(table)} ()`;
    return `CREATE ${prefixes}TABLE ${this.exists(ddl.options)}${this.tableText(table)} (\n  ${lines.join(",\n  ")}\n)${this.tableSuffix(table)}`;
  }

  /** What follows the parenthesis of CREATE TABLE. */
  protected tableSuffix(_table: Table): string {
    return "";
  }

  visitCreateColumn({ column }: CreateColumn): string {
    return this.columnDefinition(column);
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
    if (!column.nullable && (column.identity === null || !this.dialect.capabilities.identityColumns)) {
      text += ` NOT NULL${this.notNullSuffix(column)}`;
    }
    return text;
  }

  /** What follows NOT NULL. */
  protected notNullSuffix(_column: Column): string {
    return "";
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
    // a plain string is a value, as SQLAlchemy has it; text("...") is SQL
    if (typeof value === "string") return quoteLiteral(value);
    const text = this.process(value);
    return value.visitName === "TextClause" || value.visitName === "BindParameter" || /^[\w.]+(\(\))?$/.test(text)
      ? text
      : `(${text})`;
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

  sequenceOptions(options: SequenceOptions): string {
    let text = "";
    if (options.increment !== undefined) text += ` INCREMENT BY ${options.increment}`;
    if (options.start !== undefined) text += ` START WITH ${options.start}`;
    if (options.minValue !== undefined) text += ` MINVALUE ${options.minValue}`;
    if (options.maxValue !== undefined) text += ` MAXVALUE ${options.maxValue}`;
    if (options.noMinValue === true) text += " NO MINVALUE";
    if (options.noMaxValue === true) text += " NO MAXVALUE";
    if (options.cache !== undefined) text += ` CACHE ${options.cache}`;
    if (options.cycle !== undefined) text += options.cycle ? " CYCLE" : " NO CYCLE";
    return text;
  }

  /** The constraints inside CREATE TABLE. */
  protected tableConstraints(table: Table, foreignKeys?: readonly ForeignKeyConstraint[]): string[] {
    const lines: string[] = [];
    const rest: Constraint[] = [];
    for (const constraint of table.constraints) {
      if (!constraint.existsOn(this.dialect) || !this.canHave(constraint)) continue;
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

  /** Whether the table can have the constraint at all; a dialect leaves out what it has no place for. */
  protected canHave(_constraint: Constraint): boolean {
    return true;
  }

  /** The table that a foreign key refers to, as REFERENCES names it. */
  protected referredText(table: TableLike): string {
    return this.tableText(table);
  }

  /** PRIMARY KEY, or null when the column's definition has it. */
  protected primaryKeyText(constraint: PrimaryKeyConstraint, _table: Table): string | null {
    return this.constraintText(constraint);
  }

  /** The CHECK of an enum that is no type of the database, or null. */
  protected enumCheck(column: Column): string | null {
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
    return prefix + this.constraintBody(constraint) + this.constraintSuffix(constraint) + this.deferral(constraint);
  }

  /** What a dialect writes behind the body of a constraint. */
  protected constraintSuffix(_constraint: Constraint): string {
    return "";
  }

  /** `INCLUDE (...)` of a key or an index; what a dialect has not, it leaves out. */
  protected includeText(_table: TableLike | null, _include: readonly ColumnRef[] | undefined): string {
    return "";
  }

  private constraintBody(constraint: Constraint): string {
    const columns = (): string => constraint.columns.map((column) => this.quote(column.name)).join(", ");
    switch (constraint.kind) {
      case "pk": {
        const { include } = (constraint as PrimaryKeyConstraint).options;
        return `PRIMARY KEY (${columns()})${this.includeText(constraint.table, include)}`;
      }
      case "uq": {
        const distinct =
          (constraint as UniqueConstraint).options.nullsNotDistinct === true ? "NULLS NOT DISTINCT " : "";
        const { include } = (constraint as UniqueConstraint).options;
        return `UNIQUE ${distinct}(${columns()})${this.includeText(constraint.table, include)}`;
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
    let text = `FOREIGN KEY (${columns}) REFERENCES ${this.referredText(key.referredTable)} (${referred})`;
    if (key.match !== null) text += ` MATCH ${key.match}`;
    if (key.onDelete !== null) text += ` ON DELETE ${this.action(key, key.onDelete)}`;
    if (key.onUpdate !== null) text += ` ON UPDATE ${this.action(key, key.onUpdate)}`;
    return text;
  }

  private action(key: ForeignKeyConstraint, text: string): string {
    const upper = text.trim().toUpperCase();
    if (actions.has(upper)) return upper;
    const list = /^(set (?:null|default))\s*\((.*)\)$/is.exec(text.trim());
    if (list === null) {
      throw new CompileError(`${JSON.stringify(text)} is no referential action; they are ${[...actions].join(", ")}.`);
    }
    if (!this.dialect.capabilities.setNullColumns) return this.refuse(`column lists of ${list[1]?.toUpperCase()}`);
    const names = (list[2] as string).split(",").map((name) => name.trim().replace(/^"(.*)"$/, "$1"));
    const columns = names.map((name) => resolveColumn(key.table, name, "foreign key constraint"));
    return `${list[1]?.toUpperCase()} (${columns.map((column) => this.quote(column.name)).join(", ")})`;
  }

  private excludeBody(constraint: ExcludeConstraint): string {
    if (!this.dialect.capabilities.excludeConstraints) return this.refuse("EXCLUDE constraints");
    const elements = constraint.elements.map(([ref, operator]) => {
      const element =
        typeof ref === "string" ? resolveColumn(constraint.table, ref, "EXCLUDE constraint") : (ref as Node);
      const text = this.process(element);
      const ops = partOption(constraint.options.ops, element, text);
      const part = isPlainIndexPart(element) ? text : `(${text})`;
      return `${part}${ops === undefined ? "" : ` ${ops}`} WITH ${operator}`;
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
    return `DROP TABLE ${this.exists(ddl.options)}${this.tableText(ddl.table)}${ddl.options.cascade === true ? " CASCADE" : ""}`;
  }

  visitCreateIndex(ddl: CreateIndex): string {
    const { index } = ddl;
    const table = index.table as Table | null;
    if (table === null) throw new CompileError(`index ${String(index.name)} belongs to no table.`);
    const unique = index.unique ? "UNIQUE " : "";
    const parts = index.expressions.map((each) => this.indexPart(index, each));
    const where = index.options.where === undefined ? "" : ` WHERE ${this.expression(index.options.where)}`;
    return `CREATE ${unique}INDEX ${this.indexConcurrently(index)}${this.exists(ddl.options)}${this.indexNameText(index, table)} ON ${this.indexTable(table)}${this.indexUsing(index)} (${parts.join(", ")})${this.indexTail(index)}${where}`;
  }

  private indexPart(index: Index, part: Node): string {
    const base = underOrder(part);
    const text = this.process(part);
    const order = /(?: (?:ASC|DESC|NULLS FIRST|NULLS LAST))*$/.exec(text)?.[0] ?? "";
    const body = text.slice(0, text.length - order.length);
    const grouped = isPlainIndexPart(base) || /^\(.*\)$/s.test(body) ? body : `(${body})`;
    const ops = partOption(index.options.ops, base, body);
    return `${grouped}${ops === undefined ? "" : this.operatorClass(ops)}${order}`;
  }

  /** The operator class of a part; what a dialect has not, it leaves out. */
  protected operatorClass(name: string): string {
    return ` ${name}`;
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
  /** What stands between the parts and the condition. */
  protected indexTail(_index: Index): string {
    return "";
  }

  visitDropIndex(ddl: DropIndex): string {
    const name = indexName(ddl.index, this.dialect.identifiers.maxLength);
    const place = this.tableText({ name, schema: ddl.index.table?.schema ?? null });
    return `DROP INDEX ${this.indexConcurrently(ddl.index)}${this.exists(ddl.options)}${place}`;
  }

  visitAddConstraint(ddl: AddConstraint): string {
    if (!this.dialect.capabilities.alterAddConstraint) return this.refuse("ALTER TABLE ... ADD CONSTRAINT");
    return `ALTER TABLE ${this.tableText(this.tableOf(ddl.constraint))} ADD ${this.constraintText(ddl.constraint)}${ddl.constraint.notValid ? " NOT VALID" : ""}`;
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

  visitCreateDomainType(ddl: CreateDomainType): string {
    const { options, baseType, checks } = ddl.type;
    let text = `CREATE DOMAIN ${this.dialect.typeCompiler.render(ddl.type)} AS ${this.dialect.typeCompiler.render(baseType)}`;
    if (options.collation != null)
      text += ` COLLATE ${collationName(this.dialect, options.collation, options.collationSchema ?? null)}`;
    if (options.default != null) text += ` DEFAULT ${options.default}`;
    if (options.notNull === true) text += " NOT NULL";
    for (const [name, check] of checks)
      text += `${name === null ? "" : ` CONSTRAINT ${this.quote(name)}`} CHECK (${check})`;
    return text;
  }
  visitDropDomainType(ddl: DropDomainType): string {
    return `DROP DOMAIN ${this.exists(ddl.options)}${this.dialect.typeCompiler.render(ddl.type)}${ddl.options.cascade === true ? " CASCADE" : ""}`;
  }

  visitCreateView(ddl: CreateView): string {
    const { options } = ddl;
    if (options.materialized === true && !this.dialect.capabilities.materializedViews)
      return this.refuse("materialized views");
    const kind = `${options.temporary === true ? "TEMPORARY " : ""}${options.materialized === true ? "MATERIALIZED " : ""}`;
    const columns =
      options.columns === undefined ? "" : ` (${options.columns.map((each) => this.quote(each)).join(", ")})`;
    const name = this.tableText({ name: ddl.name, schema: options.schema ?? null });
    return `CREATE ${options.orReplace === true ? "OR REPLACE " : ""}${kind}VIEW ${this.exists(options)}${name}${columns}${this.viewOptions(ddl)} AS ${this.query(ddl.selectable)}${this.viewTail(ddl)}`;
  }
  /** What stands between a view's name and AS; what a dialect has not, it leaves out. */
  protected viewOptions(_ddl: CreateView): string {
    return "";
  }
  private viewTail({ options }: CreateView): string {
    if (options.checkOption !== undefined) return ` WITH ${options.checkOption} CHECK OPTION`;
    return options.materialized === true && options.withData === false ? " WITH NO DATA" : "";
  }
  visitRefreshMaterializedView(ddl: RefreshMaterializedView): string {
    if (!this.dialect.capabilities.materializedViews) return this.refuse("materialized views");
    const { concurrently, withData } = ddl.options;
    return `REFRESH MATERIALIZED VIEW ${concurrently === true ? "CONCURRENTLY " : ""}${this.tableText(ddl.view)}${withData === false ? " WITH NO DATA" : ""}`;
  }
  visitDropView(ddl: DropView): string {
    const { options } = ddl;
    const name = this.tableText({ name: ddl.name, schema: options.schema ?? null });
    return `DROP ${options.materialized === true ? "MATERIALIZED " : ""}VIEW ${this.exists(options)}${name}${options.cascade === true ? " CASCADE" : ""}`;
  }
  visitCreateTableAs(ddl: CreateTableAs): string {
    const { options } = ddl;
    const name = this.tableText({ name: ddl.name, schema: options.schema ?? null });
    return `CREATE ${options.temporary === true ? "TEMPORARY " : ""}TABLE ${this.exists(options)}${name} AS ${this.query(ddl.selectable)}`;
  }

  visitSetTableComment(ddl: SetTableComment): string {
    if (!this.dialect.capabilities.comments) return this.refuse("COMMENT ON");
    const table = ddl.table;
    return `COMMENT ON TABLE ${this.tableText(table)} IS ${ddl.comment === null ? "NULL" : quoteLiteral(ddl.comment)}`;
  }
  visitSetColumnComment(ddl: SetColumnComment): string {
    if (!this.dialect.capabilities.comments) return this.refuse("COMMENT ON");
    const value = ddl.comment === null ? "NULL" : quoteLiteral(ddl.comment);
    return `COMMENT ON COLUMN ${this.tableText(ddl.table)}.${this.quote(ddl.columnName)} IS ${value}`;
  }

  visitSetConstraintComment(ddl: SetConstraintComment): string {
    if (!this.dialect.capabilities.comments) return this.refuse("COMMENT ON");
    const name = constraintName(ddl.constraint, this.dialect.identifiers.maxLength);
    const table = this.tableOf(ddl.constraint);
    if (name === null)
      throw new CompileError(`a constraint of ${table.fullName} has no name, and cannot have a comment.`);
    return `COMMENT ON CONSTRAINT ${this.quote(name)} ON ${this.tableText(table)} IS ${ddl.comment === null ? "NULL" : quoteLiteral(ddl.comment)}`;
  }
  visitSetIndexComment(ddl: SetIndexComment): string {
    if (!this.dialect.capabilities.comments) return this.refuse("COMMENT ON");
    const name = indexName(ddl.index, this.dialect.identifiers.maxLength);
    const place = this.tableText({ name, schema: ddl.index.table?.schema ?? null });
    return `COMMENT ON INDEX ${place} IS ${ddl.comment === null ? "NULL" : quoteLiteral(ddl.comment)}`;
  }

  visitDDL(ddl: DDL): string {
    return ddl.statement;
  }
}

const actions = new Set(["CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"]);

// A column or expression under its order and collation.
function underOrder(node: Node): Node {
  const ordered = node.visitName === "UnaryExpression" && (node as unknown as { postfix: boolean }).postfix;
  if (!ordered && node.visitName !== "Collate") return node;
  const [inner] = node.children();
  return inner === undefined ? node : underOrder(inner);
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

/** What is said of a part of an index or an EXCLUDE constraint: by the key or the name of a column, or by its text. */
function partOption(of: Readonly<Record<string, string>> | undefined, part: Node, text: string): string | undefined {
  const { key, name } = part as { key?: string | null; name?: unknown };
  return of?.[key ?? text] ?? (typeof name === "string" ? of?.[name] : undefined);
}
