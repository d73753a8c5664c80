/** A pulled table as a decorated class. */
import type { CodeWriter } from "../../migrations/autogenerate/code-writer.js";
import { keyText, templateCode } from "../../migrations/autogenerate/code-writer.js";
import { call, list } from "../../migrations/autogenerate/layout.js";
import { renderType } from "../../migrations/autogenerate/render-type.js";
import { columnOptions, constraintCode, indexCode, isInOrder } from "../../migrations/autogenerate/schema-code.js";
import { migrationDialect } from "../../migrations/dialects/registry.js";
import { toSnakeCase } from "../../orm/mapping/naming.js";
import type { Column } from "../../sql/schema/column.js";
import {
  type Constraint,
  ForeignKeyConstraint,
  PrimaryKeyConstraint,
  UniqueConstraint,
} from "../../sql/schema/constraints.js";
import type { Table } from "../../sql/schema/table.js";
import { DomainType } from "../../sql/types/domain.js";
import type { SQLType } from "../../sql/types/type.js";
import type { PulledClass, PulledRelation, PulledTable } from "./model.js";
import { propertyType } from "./property-type.js";

/** Writes items of one module. */
export class ItemWriter {
  constructor(
    readonly code: CodeWriter,
    /** Whether the server itself gives a constraint this name. */
    private readonly isServersName: (constraint: Constraint) => boolean,
    /** Told of every class and constant that an item names. */
    private readonly refer: (name: string) => void,
  ) {}

  /** Whether a name need not be said: it is the server's, and nothing is said of the constraint by that name. */
  #isOwnName(constraint: Constraint): boolean {
    return constraint.comment === null && !constraint.notValid && this.isServersName(constraint);
  }

  write(item: PulledClass | PulledTable): string {
    return item.kind === "class" ? this.#class(item) : this.#table(item);
  }

  #class(item: PulledClass): string {
    const { table, attributes, relations } = item;
    const own = new Map<Column, ForeignKeyConstraint>();
    const rest: Constraint[] = [];
    const unique = new Set<Column>();
    for (const constraint of table.constraints) {
      const [column] = constraint.columns;
      const alone = constraint.columns.length === 1 && column !== undefined;
      if (constraint instanceof ForeignKeyConstraint && alone && !own.has(column)) own.set(column, constraint);
      else if (constraint instanceof UniqueConstraint && alone && this.#isPlain(constraint)) unique.add(column);
      else if (constraint instanceof PrimaryKeyConstraint && this.#isPlain(constraint) && isInOrder(table)) continue;
      else rest.push(constraint);
    }
    const members: string[] = [];
    const optional = table.columns
      .filter((column) => isOptional(column, table))
      .map((c) => attributes.get(c) as string);
    if (optional.length > 0) {
      members.push(
        `  declare [${this.code.use("OptionalProps")}]?: ${optional.map((each) => JSON.stringify(each)).join(" | ")};`,
      );
    }
    for (const column of table.columns) {
      const isKey = (item.viewKey ?? table.primaryKey.columns).includes(column);
      members.push(this.#column(item, column, isKey, own.get(column) ?? null, unique.has(column)));
    }
    for (const relation of relations) members.push(this.#relation(relation));
    return [`${this.#entity(item, rest)}`, `export class ${item.name} {`, members.join("\n\n"), "}"].join("\n");
  }

  /** What the table of a view says: what it selects, and that it is one. */
  #viewOptions({ table, view }: PulledClass | PulledTable): string {
    const said: Record<string, string> = { isView: "true" };
    if (view?.materialized === true) said["materialized"] = "true";
    if (view?.definition != null) said["definition"] = templateCode(view.definition);
    const settings = table.options.dialectOptions?.["postgresql"]?.["with"];
    const dialectOptions = settings === undefined ? undefined : { postgresql: { with: settings } };
    return this.code.object({ schema: table.schema ?? undefined, dialectOptions }, said);
  }

  #entity(item: PulledClass, rest: readonly Constraint[]): string {
    const { code } = this;
    const { table } = item;
    const options: Record<string, string> = {};
    if (table.isView) {
      const view = `new ${code.use("Table")}(${JSON.stringify(table.name)}, ${code.use("metadata")}, [], ${this.#viewOptions(item)})`;
      const indexes = this.#tableArgs(table, []);
      return call(`@${code.use("Entity")}`, [
        { table: view, ...(indexes.length > 0 ? { tableArgs: list(indexes, "  ") } : {}) },
      ]);
    }
    if (table.schema !== null) options["schema"] = JSON.stringify(table.schema);
    if (table.comment !== null) options["comment"] = JSON.stringify(table.comment);
    if (table.options.dialectOptions !== undefined)
      options["dialectOptions"] = code.value(table.options.dialectOptions);
    const args = this.#tableArgs(table, rest);
    if (args.length > 0) options["tableArgs"] = list(args, "  ");
    return call(`@${code.use("Entity")}`, [JSON.stringify(table.name), options]);
  }

  #tableArgs(table: Table, constraints: readonly Constraint[]): string[] {
    const { code } = this;
    const args = constraints
      .map((each) => constraintCode(each, code, { unnamed: this.#isOwnName(each), key: true }))
      .filter((each) => each !== null);
    for (const index of table.indexes) {
      const { name, parts, options } = indexCode(index, code);
      args.push(call(`new ${code.use("Index")}`, [name, parts, options], { indent: "    " }));
    }
    return args;
  }

  #column(
    { table, attributes }: PulledClass,
    column: Column,
    isKey: boolean,
    key: ForeignKeyConstraint | null,
    unique: boolean,
  ): string {
    const { code } = this;
    const property = attributes.get(column) as string;
    const options: Record<string, string> = {};
    if (toSnakeCase(property) !== column.name) options["name"] = JSON.stringify(column.name);
    if (column.nullable && !isKey) options["nullable"] = "true";
    if (unique) options["unique"] = "true";
    if (key !== null) Object.assign(options, this.#foreignKey(key));
    // a key that refers to another counts only where it says so
    const refers = table.foreignKeyConstraints.some((each) => each.columns.includes(column));
    const counts = isKey && !refers && table.primaryKey.columns.length === 1 && isInteger(column);
    const said = columnOptions(column, code, counts);
    Object.assign(options, said);
    const decorator = isKey ? "PrimaryKey" : "Column";
    const type = propertyType(column.type, code);
    const forbidden = column.type instanceof DomainType && column.type.forbidsNull;
    const nullable = column.nullable && !forbidden && !isKey && type !== "unknown" ? " | null" : "";
    const readonly = table.isView || column.computed !== null || column.identity?.always === true ? "readonly " : "";
    const sql = renderType(this.#plainType(column), code);
    return [
      `  ${call(`@${code.use(decorator)}`, [sql, options], { indent: "  " })}`,
      `  ${readonly}${property}!: ${type}${nullable};`,
    ].join("\n");
  }

  #foreignKey(key: ForeignKeyConstraint): Record<string, string> {
    const [target] = key.refColumns;
    const table = key.referredTable;
    const more: Record<string, unknown> = {
      ...(key.deferrable === null ? {} : { deferrable: key.deferrable }),
      ...(key.initially === null ? {} : { initially: key.initially }),
      ...(key.match === null ? {} : { match: key.match }),
      ...(key.notValid ? { notValid: true } : {}),
      ...(key.comment === null ? {} : { comment: key.comment }),
    };
    const named: Record<string, string> = {};
    if (!this.#isOwnName(key) && key.name !== null)
      named["name"] = `${this.code.use("conv")}(${JSON.stringify(String(key.name))})`;
    const said = this.code.object(more, named);
    return {
      foreignKey: JSON.stringify(`${table.fullName}.${(target as Column).name}`),
      ...(key.onDelete === null ? {} : { onDelete: JSON.stringify(key.onDelete) }),
      ...(key.onUpdate === null ? {} : { onUpdate: JSON.stringify(key.onUpdate) }),
      ...(said === "{}" ? {} : { foreignKeyOptions: said }),
    };
  }

  #relation(relation: PulledRelation): string {
    const { code } = this;
    this.refer(relation.target);
    const { kind, target, inverse, foreignKeys, remoteSide, secondary } = relation;
    const options: Record<string, string> = {};
    const columns = (given: readonly Column[]): string => code.value(given.map((each) => each.name));
    if (relation.owner) options["owner"] = "true";
    if (secondary !== null) {
      this.refer(secondary.name);
      options["secondary"] = `() => ${secondary.name}`;
      if (secondary.columns !== null) {
        options["joinColumns"] = code.value(secondary.columns[0]);
        options["inverseJoinColumns"] = code.value(secondary.columns[1]);
      }
    }
    if (foreignKeys !== null) options["foreignKeys"] = columns(foreignKeys);
    if (remoteSide !== null) options["remoteSide"] = columns(remoteSide);
    if (relation.cascade) options["cascade"] = '["all", "delete-orphan"]';
    if (relation.passiveDeletes) options["passiveDeletes"] = "true";
    if (relation.overlaps.length > 0) options["overlaps"] = code.value(relation.overlaps);
    const decorator = kind.charAt(0).toUpperCase() + kind.slice(1);
    const letter = target.charAt(0).toLowerCase();
    const it = letter === "t" ? "it" : letter;
    const args = [`() => ${target}`, ...(inverse === null ? [] : [`(${it}) => ${it}.${inverse}`])];
    const toOne = kind === "manyToOne" || kind === "oneToOne";
    if (toOne) code.use("type Relation");
    const type = toOne ? `Relation<${target}>${relation.nullable ? " | null" : ""}` : `${target}[]`;
    return [
      `  ${call(`@${code.use(decorator)}`, [...args, options], { indent: "  " })}`,
      `  ${relation.property}!: ${type};`,
    ].join("\n");
  }

  #table(item: PulledTable): string {
    const { code } = this;
    const { name, table } = item;
    const columns = table.columns.map((column) => `    ${keyText(column.name)}: ${this.#tableColumn(column)},`);
    const items = this.#tableArgs(
      table,
      table.constraints.filter((each) => !(each instanceof PrimaryKeyConstraint) || each.columns.length > 0),
    );
    const settings: Record<string, unknown> = {};
    if (table.schema !== null) settings["schema"] = table.schema;
    if (table.comment !== null) settings["comment"] = table.comment;
    if (table.options.dialectOptions !== undefined) settings["dialectOptions"] = table.options.dialectOptions;
    if (table.isView) items.push(this.#viewOptions(item));
    else if (Object.keys(settings).length > 0) items.push(code.object(settings));
    return [
      `export const ${name} = ${code.use("table")}(`,
      `  ${JSON.stringify(table.name)},`,
      `  ${code.use("metadata")},`,
      "  {",
      ...columns,
      "  },",
      ...items.map((each) => `  ${each},`),
      ");",
    ].join("\n");
  }

  /** A column of a table that has no class; its key is said by the table. */
  #tableColumn(column: Column): string {
    const { code } = this;
    const options = code.object(column.nullable ? {} : { nullable: false }, columnOptions(column, code));
    const type = renderType(this.#plainType(column), code);
    return `${code.use("column")}(${type}${options === "{}" ? "" : `, ${options}`})`;
  }

  #plainType(column: Column): SQLType {
    return migrationDialect(this.code.dialect.name).plainType(column);
  }

  #isPlain(constraint: Constraint): boolean {
    const named = constraint.name !== null && !this.#isOwnName(constraint);
    const { name: _name, comment, ...more } = constraint.options as Readonly<Record<string, unknown>>;
    return !named && comment == null && Object.values(more).every((each) => each == null || each === false);
  }
}

/** Whether `create()` may leave out what must be there: the database makes it, or a relationship gives it. */
function isOptional(column: Column, table: Table): boolean {
  if (table.isView || column.nullable || column.computed !== null || column.identity?.always === true) return false;
  if (table.foreignKeyConstraints.some((key) => key.columns.includes(column))) return true;
  const counts =
    table.primaryKey.columns.length === 1 &&
    table.primaryKey.columns[0] === column &&
    column.autoincrement !== false &&
    isInteger(column);
  return counts || column.identity !== null || column.serverDefault !== null;
}

function isInteger(column: Column): boolean {
  return /^visit(Small|Big)?Integer$/.test(column.type.visitName);
}
