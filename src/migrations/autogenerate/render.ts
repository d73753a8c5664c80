/** Operations as the TypeScript of a revision file. */
import type { EngineDialect } from "../../engine/dialect.js";
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
import type { Index } from "../../sql/schema/indexes.js";
import type { Table } from "../../sql/schema/table.js";
import type { SQLType } from "../../sql/types/type.js";
import type { RevisionBody } from "../new-revision.js";
import type { QualifiedName } from "../operations/alter.js";
import {
  AddConstraintOperation,
  CreateIndexOperation,
  DropConstraintOperation,
  DropIndexOperation,
} from "../operations/constraint-operations.js";
import { ModifyTableOperation } from "../operations/modify-table.js";
import { nameOf, nameOfIndex } from "../operations/names.js";
import type { MigrateOperation } from "../operations/operation.js";
import { StatementOperation } from "../operations/statement-operation.js";
import {
  AddColumnOperation,
  AlterColumnOperation,
  CreateTableOperation,
  DropColumnOperation,
  DropTableOperation,
  RenameTableOperation,
} from "../operations/table-operations.js";
import { CodeWriter, keyText } from "./code-writer.js";
import { renderType } from "./render-type.js";
import { tellingOptions } from "./sequences.js";

/** Renders an operation of your own; null leaves it to the others. */
export type OperationRenderer = (operation: MigrateOperation, code: CodeWriter) => readonly string[] | null;

const renderers: OperationRenderer[] = [];

/** Registers how operations of your own are written into files. */
export function rendersOperation(renderer: OperationRenderer): void {
  renderers.push(renderer);
}

/** The functions of a revision that does these operations, and undoes them in reverse. */
export function renderBody(operations: readonly MigrateOperation[], dialect: EngineDialect): RevisionBody {
  const code = new CodeWriter(dialect);
  const upgrade = operations.flatMap((each) => renderOperation(each, code));
  const downgrade = [...operations].reverse().flatMap((each) => renderOperation(each.reverse(), code));
  return { imports: code.imports, upgrade, downgrade };
}

/** One operation as statements. */
export function renderOperation(operation: MigrateOperation, code: CodeWriter): readonly string[] {
  for (const renderer of renderers) {
    const lines = renderer(operation, code);
    if (lines !== null) return lines;
  }
  if (operation instanceof CreateTableOperation) return createTable(operation, code);
  if (operation instanceof ModifyTableOperation) {
    const lines = operation.operations.flatMap((each) => onTable(each, code, "batch"));
    const options = schemaOption(operation.on, code);
    return [
      `op.batchAlterTable(${JSON.stringify(operation.on.name)}, (batch) => {`,
      ...lines.flatMap((each) => each.split("\n")).map((line) => `  ${line}`),
      options === "" ? "});" : `}${options});`,
    ];
  }
  return onTable(operation, code, "op");
}

function schemaOption(on: QualifiedName, code: CodeWriter, more: Readonly<Record<string, unknown>> = {}): string {
  const options = { ...(on.schema == null ? {} : { schema: on.schema }), ...more };
  return Object.keys(options).length === 0 ? "" : `, ${code.object(options)}`;
}

function createTable(operation: CreateTableOperation, code: CodeWriter): string[] {
  const { table, options } = operation;
  const { deferred = [] } = options;
  // Without its key, which comes later, a column would count up by itself.
  const referring = new Set(deferred.flatMap((each) => each.columns));
  const lines = table.columns.map((column) => {
    const more: Record<string, string> = {};
    if (referring.has(column) && column.autoincrement === "auto") more["autoincrement"] = "false";
    return `    ${keyText(column.name)}: ${columnCode(column, code, table, more)},`;
  });
  const items: string[] = [];
  for (const constraint of table.constraints) {
    if (deferred.includes(constraint as ForeignKeyConstraint) || !isWritten(constraint, code)) continue;
    const text = constraintCode(constraint, code);
    if (text !== null) items.push(text);
  }
  const settings: Record<string, unknown> = {};
  if (table.schema !== null) settings["schema"] = table.schema;
  if (table.comment !== null) settings["comment"] = table.comment;
  if (table.prefixes.length > 0) settings["prefixes"] = table.prefixes;
  if (table.options.dialectOptions !== undefined) settings["dialectOptions"] = table.options.dialectOptions;
  if (Object.keys(settings).length > 0) items.push(code.object(settings));
  const indexes = table.indexes
    .filter((each) => isWritten(each, code))
    .flatMap((each) => onTable(new CreateIndexOperation(each), code, "op"));
  return [
    [
      "op.createTable(",
      `  ${JSON.stringify(table.name)},`,
      "  {",
      ...lines,
      "  },",
      ...items.map((each) => `  ${each},`),
      ");",
    ].join("\n"),
    ...indexes,
  ];
}

/** Whether a file has a constraint or an index: one that another database has says so there, where it can be said. */
function isWritten(item: Constraint | Index, { dialect }: CodeWriter): boolean {
  return item.options.dialects !== undefined || item.existsOn(dialect);
}

/** A column as `column(...)`; with its table, the key of the table is said there. */
export function columnCode(
  column: Column,
  code: CodeWriter,
  table: Table | null,
  more: Readonly<Record<string, string>> = {},
): string {
  const inKey = table?.primaryKey.columns.includes(column) === true && namedKey(table) === null;
  const options: Record<string, unknown> = {};
  if (inKey) options["primaryKey"] = true;
  else if (!column.nullable) options["nullable"] = false;
  const said = code.object(options, { ...columnOptions(column, code), ...(inKey ? more : {}) });
  return `${code.use("column")}(${renderType(column.type, code)}${said === "{}" ? "" : `, ${said}`})`;
}

/**
 * What a column says beside its type, its key and its nullability, as code by option.
 *
 * @param counts whether it is a key that counts up by itself where nothing else is said
 */
export function columnOptions(column: Column, code: CodeWriter, counts = false): Record<string, string> {
  const coded: Record<string, string> = {};
  if (column.autoincrement !== "auto" && !(counts && column.autoincrement))
    coded["autoincrement"] = code.value(column.autoincrement);
  if (column.serverDefault !== null) coded["serverDefault"] = defaultCode(column.serverDefault, code);
  if (column.computed !== null) coded["computed"] = computedCode(column.computed, code);
  const identity =
    column.identity === null
      ? null
      : tellingOptions(column.identity, code.dialect.typeCompiler.render(column.type).toLowerCase());
  if (identity !== null && !(counts && Object.keys(identity).length === 0)) {
    coded["identity"] = `${code.use("identity")}(${identityArgs(identity, code)})`;
  }
  if (column.comment !== null) coded["comment"] = code.value(column.comment);
  return coded;
}

function identityArgs(identity: object, code: CodeWriter): string {
  const text = code.value(identity);
  return text === "{}" ? "" : text;
}

function computedCode(computed: NonNullable<Column["computed"]>, code: CodeWriter): string {
  const sql = computed.sqltext instanceof Node ? code.sql(computed.sqltext) : String(computed.sqltext);
  const options = computed.persisted === undefined ? "" : `, { persisted: ${computed.persisted} }`;
  return `${code.use("computed")}(${JSON.stringify(sql)}${options})`;
}

function defaultCode(value: unknown, code: CodeWriter): string {
  return value instanceof Node ? code.text(value) : code.value(value);
}

function namedKey(table: Table): string | null {
  return nameOf(table.primaryKey);
}

function constraintOptions(
  constraint: Constraint,
  code: CodeWriter,
  more: Readonly<Record<string, unknown>> = {},
  unnamed = false,
): string {
  const options = {
    ...(constraint.deferrable === null ? {} : { deferrable: constraint.deferrable }),
    ...(constraint.initially === null ? {} : { initially: constraint.initially }),
    ...(constraint.notValid ? { notValid: true } : {}),
    ...more,
  };
  const name = unnamed ? null : nameOf(constraint);
  const coded: Record<string, string> = name === null ? {} : { name: `${code.use("conv")}(${JSON.stringify(name)})` };
  const text = code.object(options, coded);
  return text === "{}" ? "" : `, ${text}`;
}

function namesOf(columns: readonly Column[]): string {
  return JSON.stringify(columns.map((each) => each.name)).replaceAll(",", ", ");
}

function foreignKeyOptions(key: ForeignKeyConstraint): Readonly<Record<string, unknown>> {
  return {
    ...(key.onDelete === null ? {} : { onDelete: key.onDelete }),
    ...(key.onUpdate === null ? {} : { onUpdate: key.onUpdate }),
    ...(key.match === null ? {} : { match: key.match }),
  };
}

function targetOf(key: ForeignKeyConstraint): {
  readonly table: string;
  readonly schema: string | null;
  readonly columns: readonly string[];
} {
  const table = key.referredTable;
  return { table: table.name, schema: table.schema, columns: key.refColumns.map((each) => each.name) };
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
  const optionsOf = (more?: Readonly<Record<string, unknown>>): string =>
    constraintOptions(constraint, code, more, how.unnamed === true);
  if (constraint instanceof PrimaryKeyConstraint) {
    if (constraint.columns.length === 0) return null;
    if (how.key !== true && nameOf(constraint) === null) return null;
    return `${code.use("primaryKeyConstraint")}(${namesOf(constraint.columns)}${optionsOf()})`;
  }
  if (constraint instanceof ForeignKeyConstraint) {
    const { table, schema, columns } = targetOf(constraint);
    const targets = columns.map((each) => (schema === null ? `${table}.${each}` : `${schema}.${table}.${each}`));
    return `${code.use("foreignKeyConstraint")}(${namesOf(constraint.columns)}, ${code.value(targets)}${optionsOf(foreignKeyOptions(constraint))})`;
  }
  if (constraint instanceof UniqueConstraint) {
    const more = constraint.options.nullsNotDistinct === true ? { nullsNotDistinct: true } : {};
    return `new ${code.use("UniqueConstraint")}(${namesOf(constraint.columns)}${optionsOf(more)})`;
  }
  if (constraint instanceof CheckConstraint) {
    return `${code.use("checkConstraint")}(${JSON.stringify(checkText(constraint, code))}${optionsOf()})`;
  }
  if (constraint instanceof ExcludeConstraint) {
    const { using, where } = constraint.options;
    const more = {
      ...(using === undefined ? {} : { using }),
      ...(where === undefined ? {} : { where: sqlOf(where, code) }),
    };
    return `new ${code.use("ExcludeConstraint")}(${excludeElements(constraint, code)}${optionsOf(more)})`;
  }
  return null;
}

function checkText(constraint: CheckConstraint, code: CodeWriter): string {
  return sqlOf(constraint.sqltext, code);
}

function sqlOf(value: unknown, code: CodeWriter): string {
  return value instanceof Node ? code.sql(value) : String(value);
}

function excludeElements(constraint: ExcludeConstraint, code: CodeWriter): string {
  const parts = constraint.elements.map(([what, operator]) => {
    const text =
      what instanceof Node && (what as Node).visitName !== "Column"
        ? code.text(what)
        : JSON.stringify((what as { name?: string }).name ?? what);
    return `[${text}, ${JSON.stringify(operator)}]`;
  });
  return `[${parts.join(", ")}]`;
}

/** An operation on a table as a call on `op`, or on the batch of its table. */
function onTable(operation: MigrateOperation, code: CodeWriter, self: "op" | "batch"): string[] {
  const batch = self === "batch";
  const call = (
    method: string,
    on: QualifiedName,
    args: readonly string[],
    options: Readonly<Record<string, unknown>> = {},
  ): string[] => {
    const first = batch ? [] : [JSON.stringify(on.name)];
    return [
      `${self}.${method}(${[...first, ...args].join(", ")}${schemaOption(batch ? { name: "" } : on, code, options)});`,
    ];
  };
  if (operation instanceof DropTableOperation) return call("dropTable", operation.on, []);
  if (operation instanceof RenameTableOperation)
    return call("renameTable", operation.on, [JSON.stringify(operation.to)]);
  if (operation instanceof AddColumnOperation) {
    const { table, column } = operation;
    return call("addColumn", table, [JSON.stringify(column.name), columnCode(column, code, null)]);
  }
  if (operation instanceof DropColumnOperation)
    return call("dropColumn", operation.on, [JSON.stringify(operation.columnName)]);
  if (operation instanceof AlterColumnOperation) return alterColumn(operation, code, call);
  if (operation instanceof AddConstraintOperation) return addConstraint(operation.constraint, operation.on, code, self);
  if (operation instanceof DropConstraintOperation) return dropConstraint(operation, code, self);
  if (operation instanceof CreateIndexOperation) return createIndex(operation.index, operation.on, code, self);
  if (operation instanceof DropIndexOperation) {
    const name = JSON.stringify(operation.name);
    const { dialects } = operation.options;
    const where = batch ? { name: "" } : operation.on;
    const options = schemaOption(where, code, dialects === undefined ? {} : { dialects });
    return [
      batch
        ? `batch.dropIndex(${name}${options});`
        : `op.dropIndex(${name}, ${JSON.stringify(operation.on.name)}${options});`,
    ];
  }
  if (operation instanceof StatementOperation) {
    const text = `op.${operation.kind}(${operation.args.map((each) => code.value(each)).join(", ")})`;
    return [operation.outside ? `await op.autocommitBlock(() => ${text});` : `${text};`];
  }
  return [`// ${operation.describe()}: say how it is written with rendersOperation()`];
}

function alterColumn(
  operation: AlterColumnOperation,
  code: CodeWriter,
  call: (
    method: string,
    on: QualifiedName,
    args: readonly string[],
    options?: Readonly<Record<string, unknown>>,
  ) => string[],
): string[] {
  const changes = changesCode(operation.changes as Readonly<Record<string, unknown>>, code);
  const existing = changesCode(operation.existing as Readonly<Record<string, unknown>>, code);
  const args = [JSON.stringify(operation.columnName), changes];
  const [line] = call("alterColumn", operation.on, args) as [string];
  if (existing === "{}") return [line];
  const schema = operation.on.schema;
  const inOp = line.startsWith("op.");
  const options =
    inOp && schema != null
      ? `{ schema: ${JSON.stringify(schema)}, existing: ${existing} }`
      : `{ existing: ${existing} }`;
  const first = inOp ? `op.alterColumn(${JSON.stringify(operation.on.name)}, ` : "batch.alterColumn(";
  return [`${first}${args.join(", ")}, ${options});`];
}

function changesCode(changes: Readonly<Record<string, unknown>>, code: CodeWriter): string {
  const plain: Record<string, unknown> = {};
  const coded: Record<string, string> = {};
  for (const [key, value] of Object.entries(changes)) {
    if (key === "type") coded[key] = renderType(value as SQLType, code);
    else if (key === "computed" && value !== null)
      coded[key] = computedCode(value as NonNullable<Column["computed"]>, code);
    else if (key === "identity" && value !== null)
      coded[key] = `${code.use("identity")}(${identityArgs(value as object, code)})`;
    else if (key === "serverDefault" && value !== null) coded[key] = defaultCode(value, code);
    else plain[key] = value;
  }
  return code.object(plain, coded);
}

function addConstraint(constraint: Constraint, on: QualifiedName, code: CodeWriter, self: "op" | "batch"): string[] {
  const name = JSON.stringify(nameOf(constraint));
  const table = self === "batch" ? "" : `, ${JSON.stringify(on.name)}`;
  const options = (more: Readonly<Record<string, unknown>> = {}): string => {
    const { deferrable, initially, notValid } = constraint;
    return schemaOption(self === "batch" ? { name: "" } : on, code, {
      ...more,
      ...(deferrable === null ? {} : { deferrable }),
      ...(initially === null ? {} : { initially }),
      ...(notValid ? { notValid } : {}),
    });
  };
  if (constraint instanceof PrimaryKeyConstraint)
    return [`${self}.createPrimaryKey(${name}${table}, ${namesOf(constraint.columns)}${options()});`];
  if (constraint instanceof UniqueConstraint) {
    const more = constraint.options.nullsNotDistinct === true ? { nullsNotDistinct: true } : {};
    return [`${self}.createUniqueConstraint(${name}${table}, ${namesOf(constraint.columns)}${options(more)});`];
  }
  if (constraint instanceof CheckConstraint) {
    return [
      `${self}.createCheckConstraint(${name}${table}, ${JSON.stringify(checkText(constraint, code))}${options()});`,
    ];
  }
  if (constraint instanceof ForeignKeyConstraint) {
    const { table: referent, schema, columns } = targetOf(constraint);
    const more = { ...(schema === null ? {} : { referentSchema: schema }), ...foreignKeyOptions(constraint) };
    return [
      `${self}.createForeignKey(${name}${table}, ${JSON.stringify(referent)}, ${namesOf(constraint.columns)}, ${code.value(columns)}${options(more)});`,
    ];
  }
  const { using, where } = constraint.options as ExcludeConstraint["options"];
  const more = {
    ...(using === undefined ? {} : { using }),
    ...(where === undefined ? {} : { where: sqlOf(where, code) }),
  };
  return [
    `${self}.createExcludeConstraint(${name}${table}, ${excludeElements(constraint as ExcludeConstraint, code)}${options(more)});`,
  ];
}

function dropConstraint(operation: DropConstraintOperation, code: CodeWriter, self: "op" | "batch"): string[] {
  const { name, constraint, on } = operation;
  const what = name !== null ? JSON.stringify(name) : selectorCode(constraint, code);
  return self === "batch"
    ? [`batch.dropConstraint(${what});`]
    : [`op.dropConstraint(${what}, ${JSON.stringify(on.name)}${schemaOption(on, code)});`];
}

/** What a constraint without a name is told by. */
function selectorCode(constraint: Constraint | null, code: CodeWriter): string {
  const { kind, columns = [] } = constraint ?? {};
  return constraint instanceof CheckConstraint
    ? code.object({ kind, sqltext: checkText(constraint, code) })
    : code.object({ kind, columns: columns.map((each) => each.name) });
}

/** Name, parts and options of an index, as code. */
export function indexCode(
  index: Index,
  code: CodeWriter,
): { readonly name: string; readonly parts: string; readonly options: Readonly<Record<string, string>> } {
  const parts = index.expressions.map((each) =>
    each.visitName === "Column" ? JSON.stringify((each as unknown as Column).name) : code.text(each),
  );
  const { info: _info, where, include, ...rest } = index.options;
  const options: Record<string, unknown> = {
    ...rest,
    ...(include === undefined
      ? {}
      : { include: include.map((each) => (typeof each === "string" ? each : (each as unknown as Column).name)) }),
  };
  if (options["unique"] !== true) delete options["unique"];
  const coded: Record<string, string> = {};
  for (const [key, value] of Object.entries(options)) if (value !== undefined) coded[key] = code.value(value);
  if (where !== undefined) coded["where"] = JSON.stringify(sqlOf(where, code));
  return { name: JSON.stringify(nameOfIndex(index)), parts: `[${parts.join(", ")}]`, options: coded };
}

function createIndex(index: Index, on: QualifiedName, code: CodeWriter, self: "op" | "batch"): string[] {
  const { name, parts, options } = indexCode(index, code);
  const schema = self === "op" && on.schema != null ? { schema: on.schema } : {};
  const said = code.object(schema, options);
  const table = self === "batch" ? "" : `, ${JSON.stringify(on.name)}`;
  return [`${self}.createIndex(${name}${table}, ${parts}${said === "{}" ? "" : `, ${said}`});`];
}
