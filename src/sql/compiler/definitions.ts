/** Columns and constraints as CREATE TABLE and ALTER TABLE define them. */
import type { CompileOptions, StatementKind } from "../compiled.js";
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
import { constraintName } from "../schema/naming.js";
import type { Table } from "../schema/table.js";
import { quoteLiteral } from "../types/base.js";
import { EnumType } from "../types/structured.js";
import { SQLCompiler } from "./dml.js";

/** Values in definitions are written as literals. */
export abstract class DefinitionCompiler extends SQLCompiler {
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
}

const actions = new Set(["CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"]);

/** Whether it stands without parentheses. */
export function isPlainIndexPart(node: Node): boolean {
  switch (node.visitName) {
    case "Column":
    case "TextClause":
    case "Function":
    case "Collate":
      return true;
    case "UnaryExpression":
      return (node as unknown as { postfix: boolean }).postfix;
    default:
      return false;
  }
}

/** What is said of a part of an index or an EXCLUDE constraint: by the key or the name of a column, or by its text. */
export function partOption(
  of: Readonly<Record<string, string>> | undefined,
  part: Node,
  text: string,
): string | undefined {
  const { key, name } = part as { key?: string | null; name?: unknown };
  return of?.[key ?? text] ?? (typeof name === "string" ? of?.[name] : undefined);
}
