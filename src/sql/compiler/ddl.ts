/** Statements that define things: tables, indexes, schemas, sequences, types, views, and comments on them. */
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
import { CompileError } from "../errors.js";
import type { Node } from "../node.js";
import type { Constraint } from "../schema/constraints.js";
import type { Index } from "../schema/indexes.js";
import { constraintName, fitting, indexName } from "../schema/naming.js";
import type { Table } from "../schema/table.js";
import { quoteLiteral } from "../types/base.js";
import { DefinitionCompiler, isPlainIndexPart, partOption } from "./definitions.js";
import { collationName } from "./types.js";

export class DDLCompiler extends DefinitionCompiler {
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
    const body = lines.length === 0 ? "()" : `(\n  ${lines.join(",\n  ")}\n)`;
    return `CREATE ${prefixes}TABLE ${this.exists(ddl.options)}${this.tableText(table)} ${body}${this.tableSuffix(table)}`;
  }

  /** What follows the parenthesis of CREATE TABLE. */
  protected tableSuffix(_table: Table): string {
    return "";
  }

  visitCreateColumn({ column }: CreateColumn): string {
    return this.columnDefinition(column);
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
    const { default: value } = ddl.type.said;
    if (value !== undefined) text += ` DEFAULT ${value ?? "NULL"}`;
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

// A column or expression under its order and collation.
function underOrder(node: Node): Node {
  const ordered = node.visitName === "UnaryExpression" && (node as unknown as { postfix: boolean }).postfix;
  if (!ordered && node.visitName !== "Collate") return node;
  const [inner] = node.children();
  return inner === undefined ? node : underOrder(inner);
}
