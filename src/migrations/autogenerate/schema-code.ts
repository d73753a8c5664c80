/** Columns, constraints and indexes as the TypeScript that makes them. */
import { Node } from "../../sql/node.js";
import type { Column } from "../../sql/schema/column.js";
import {
  CheckConstraint,
  type Constraint,
  ExcludeConstraint,
  ForeignKeyConstraint,
  PrimaryKeyConstraint,
  UniqueConstraint,
} from "../../sql/schema/constraints.js";
import type { Computed } from "../../sql/schema/generated.js";
import type { Index } from "../../sql/schema/indexes.js";
import type { Table } from "../../sql/schema/table.js";
import { nameOf, nameOfIndex } from "../operations/names.js";
import { type Coded, type CodeWriter, stringCode } from "./code-writer.js";
import { renderType } from "./render-type.js";
import { tellingOptions } from "./sequences.js";

// --- columns -----------------------------------------------------------------------------------------------------------

/** A column as `column(...)`; with its table, the key of the table is said there where its columns alone can say it. */
export function columnCode(column: Column, code: CodeWriter, table: Table | null, more: Coded = {}): string {
  const isKey = table?.primaryKey.columns.includes(column) === true;
  const inKey = isKey && columnsSayKey(table, code);
  const options: Record<string, unknown> = {};
  if (inKey) options["primaryKey"] = true;
  else if (!column.nullable) options["nullable"] = false;
  const said = code.object(options, { ...columnOptions(column, code), ...(isKey ? more : {}) });
  return `${code.use("column")}(${renderType(column.type, code)}${said === "{}" ? "" : `, ${said}`})`;
}

/**
 * What a column says beside its type, its key and its nullability.
 *
 * @param counts whether it is a key that counts up by itself where nothing else is said
 */
export function columnOptions(column: Column, code: CodeWriter, counts = false): Record<string, string> {
  const coded: Record<string, string> = {};
  if (column.autoincrement !== "auto" && !(counts && column.autoincrement))
    coded["autoincrement"] = code.value(column.autoincrement);
  if (column.serverDefault !== null) coded["serverDefault"] = defaultCode(column.serverDefault, code);
  if (column.computed !== null) coded["computed"] = computedCode(column.computed, code);
  if (column.identity !== null) {
    const identity = tellingOptions(column.identity, code.dialect.typeCompiler.render(column.type).toLowerCase());
    if (!(counts && Object.keys(identity).length === 0)) coded["identity"] = identityCode(identity, code);
  }
  if (column.comment !== null) coded["comment"] = code.value(column.comment);
  return coded;
}

export function identityCode(identity: object, code: CodeWriter): string {
  const args = code.value(identity);
  return `${code.use("identity")}(${args === "{}" ? "" : args})`;
}

export function computedCode({ sqltext, persisted }: Computed, code: CodeWriter): string {
  const options = persisted === undefined ? "" : `, { persisted: ${persisted} }`;
  return `${code.use("computed")}(${stringCode(sqlOf(sqltext, code))}${options})`;
}

export function defaultCode(value: unknown, code: CodeWriter): string {
  return value instanceof Node ? code.text(value) : code.value(value);
}

// --- constraints -------------------------------------------------------------------------------------------------------

/** Whether a file has a constraint or an index: one that another database has says so there, where it can be said. */
export function isWritten(item: Constraint | Index, { dialect }: CodeWriter): boolean {
  return item.options.dialects !== undefined || item.existsOn(dialect);
}

/**
 * A constraint as an item of `createTable` or `table()`; null where the columns say it.
 *
 * @param how `unnamed` leaves its name out; with `key` a primary key is written even if it has no name
 */
export function constraintCode(
  constraint: Constraint,
  code: CodeWriter,
  how: { readonly unnamed?: boolean; readonly key?: boolean } = {},
): string | null {
  const name = how.unnamed === true ? null : nameOf(constraint);
  const named: Coded = name === null ? {} : { name: `${code.use("conv")}(${JSON.stringify(name)})` };
  const options = code.object({}, { ...constraintTraits(constraint, code), ...named });
  const rest = options === "{}" ? "" : `, ${options}`;
  if (constraint instanceof PrimaryKeyConstraint) {
    const { table, columns } = constraint;
    if (columns.length === 0 || (how.key !== true && columnsSayKey(table as unknown as Table, code))) return null;
    return `${code.use("primaryKeyConstraint")}(${namesOf(constraint.columns)}${rest})`;
  }
  if (constraint instanceof ForeignKeyConstraint) {
    const { table, schema, columns } = targetOf(constraint);
    const place = schema === null ? table : `${schema}.${table}`;
    const targets = columns.map((each) => `${place}.${each}`);
    return `${code.use("foreignKeyConstraint")}(${namesOf(constraint.columns)}, ${code.value(targets)}${rest})`;
  }
  if (constraint instanceof UniqueConstraint)
    return `new ${code.use("UniqueConstraint")}(${namesOf(constraint.columns)}${rest})`;
  if (constraint instanceof CheckConstraint)
    return `${code.use("checkConstraint")}(${stringCode(sqlOf(constraint.sqltext, code))}${rest})`;
  if (constraint instanceof ExcludeConstraint)
    return `new ${code.use("ExcludeConstraint")}(${excludeElements(constraint, code)}${rest})`;
  return null;
}

/** Whether the columns of a key, in the order of the table, say all that there is to it. */
function columnsSayKey(table: Table, code: CodeWriter): boolean {
  const { primaryKey } = table;
  return (
    nameOf(primaryKey) === null && isInOrder(table) && Object.keys(constraintTraits(primaryKey, code)).length === 0
  );
}

/** Whether the key has its columns in the order of the table. */
export function isInOrder(table: Table): boolean {
  const places = table.primaryKey.columns.map((each) => table.columns.indexOf(each));
  return places.every((place, i) => i === 0 || place > (places[i - 1] as number));
}

/** What a constraint says beside its name and what it is about. */
export function constraintTraits(constraint: Constraint, code: CodeWriter): Record<string, string> {
  const { deferrable, initially, notValid, comment, options } = constraint;
  const said: Record<string, unknown> = { deferrable, initially, comment, ...(notValid ? { notValid } : {}) };
  for (const key of ["dialects", "onConflict", "include", "nullsNotDistinct", "using"] as const)
    said[key] = (options as Readonly<Record<string, unknown>>)[key];
  if (constraint instanceof ForeignKeyConstraint) {
    const { onDelete, onUpdate, match } = constraint;
    Object.assign(said, { onDelete, onUpdate, match });
  }
  const { where } = options as ExcludeConstraint["options"];
  if (where !== undefined) said["where"] = sqlOf(where, code);
  if (said["include"] !== undefined) said["include"] = columnNames(said["include"] as readonly unknown[]);
  return codedOptions(said, code);
}

/** The options that are said, as code. */
export function codedOptions(options: Readonly<Record<string, unknown>>, code: CodeWriter): Record<string, string> {
  const said = Object.entries(options).filter(([, value]) => value !== undefined && value !== null && value !== false);
  return Object.fromEntries(said.map(([key, value]) => [key, code.value(value)]));
}

/** The names of columns as an array in code. */
export function namesOf(columns: readonly Column[]): string {
  return JSON.stringify(columns.map((each) => each.name)).replaceAll('","', '", "');
}

function columnNames(columns: readonly unknown[]): readonly string[] {
  return columns.map((each) => (typeof each === "string" ? each : (each as Column).name));
}

/** What a foreign key refers to. */
export function targetOf(key: ForeignKeyConstraint): {
  readonly table: string;
  readonly schema: string | null;
  readonly columns: readonly string[];
} {
  const table = key.referredTable;
  return { table: table.name, schema: table.schema, columns: key.refColumns.map((each) => each.name) };
}

/** SQL, given as text or as an expression. */
export function sqlOf(value: unknown, code: CodeWriter): string {
  return value instanceof Node ? code.sql(value) : String(value);
}

export function excludeElements(constraint: ExcludeConstraint, code: CodeWriter): string {
  const parts = constraint.elements.map(([what, operator]) => {
    const text =
      what instanceof Node && (what as Node).visitName !== "Column"
        ? code.text(what)
        : JSON.stringify((what as { name?: string }).name ?? what);
    return `[${text}, ${JSON.stringify(operator)}]`;
  });
  return `[${parts.join(", ")}]`;
}

// --- indexes -----------------------------------------------------------------------------------------------------------

/** Name, parts and options of an index. */
export function indexCode(
  index: Index,
  code: CodeWriter,
): { readonly name: string; readonly parts: string; readonly options: Record<string, string> } {
  const parts = index.expressions.map((each) =>
    each.visitName === "Column" ? JSON.stringify((each as unknown as Column).name) : code.text(each),
  );
  const { info: _info, where, include, ...rest } = index.options;
  const options = codedOptions(
    { ...rest, include: include && columnNames(include), where: where && sqlOf(where, code) },
    code,
  );
  return { name: JSON.stringify(nameOfIndex(index)), parts: `[${parts.join(", ")}]`, options };
}
