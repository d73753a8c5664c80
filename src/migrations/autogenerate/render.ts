/** Operations as the TypeScript of a revision file. */
import type { EngineDialect } from "../../engine/dialect.js";
import {
  CheckConstraint,
  type Constraint,
  type ExcludeConstraint,
  ForeignKeyConstraint,
  PrimaryKeyConstraint,
  UniqueConstraint,
} from "../../sql/schema/constraints.js";
import type { Computed } from "../../sql/schema/generated.js";
import { SQLType } from "../../sql/types/type.js";
import { migrationDialect } from "../dialects/registry.js";
import { MigrationError } from "../errors.js";
import type { SafeStep } from "../lint/step.js";
import type { RevisionBody } from "../new-revision.js";
import type { QualifiedName } from "../operations/alter.js";
import {
  AddConstraintOperation,
  CreateIndexOperation,
  DropConstraintOperation,
  DropIndexOperation,
} from "../operations/constraint-operations.js";
import { ModifyTableOperation } from "../operations/modify-table.js";
import { nameOf } from "../operations/names.js";
import type { MigrateOperation } from "../operations/operation.js";
import { SqlOperation } from "../operations/sql-operation.js";
import { StatementOperation } from "../operations/statement-operation.js";
import {
  AddColumnOperation,
  AlterColumnOperation,
  CreateTableOperation,
  DropColumnOperation,
  DropTableOperation,
  RenameTableOperation,
} from "../operations/table-operations.js";
import { type Coded, CodeWriter, keyText, stringCode, templateCode } from "./code-writer.js";
import { call, indented } from "./layout.js";
import { renderType } from "./render-type.js";
import {
  codedOptions,
  columnCode,
  computedCode,
  constraintCode,
  constraintTraits,
  defaultCode,
  excludeElements,
  identityCode,
  indexCode,
  isWritten,
  namesOf,
  sqlOf,
  targetOf,
} from "./schema-code.js";

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

/**
 * The same in the sequence that keeps readers and writers going: indexes built beside them, constraints validated later,
 * columns filled in batches. Where there is none, a comment says so.
 *
 * @throws MigrationError for a database whose writers wait for each other anyway
 */
export function renderSafeBody(operations: readonly MigrateOperation[], dialect: EngineDialect): RevisionBody {
  const { safe } = migrationDialect(dialect.name);
  if (safe === null) {
    throw new MigrationError(
      `A safe sequence is for databases that are read and written while they are migrated; ${dialect.name} has one writer at a time. Leave --safe out, or write the revision against PostgreSQL.`,
    );
  }
  const code = new CodeWriter(dialect);
  const upgrade = safeLines(safe(operations), code);
  const back = safe([...operations].reverse().map((each) => each.reverse()));
  // The way back is seldom gone: what is said of it is what has to be filled in.
  const quiet = back.map((each) => (each.operation === null ? each : { ...each, notes: [] }));
  return { imports: code.imports, upgrade, downgrade: safeLines(quiet, code) };
}

/** Steps as statements, those outside of the transaction that follow each other in one block. */
function safeLines(steps: readonly SafeStep[], code: CodeWriter): readonly string[] {
  const lines: string[] = [];
  let block: string[] = [];
  const close = (): void => {
    if (block.length > 0) lines.push("await op.autocommitBlock(() => {", indented(block.join("\n")), "});");
    block = [];
  };
  for (const { operation, backfill, notes, outside } of steps) {
    const own = notes.map((each) => `// ${each}`);
    if (operation !== null) own.push(...renderOperation(operation, code));
    if (backfill !== undefined) {
      const [table, set, where, schema] = backfill;
      const args = [table, set, where].map(stringCode);
      own.push(
        `${call("op.backfill", [...args, schema === null ? {} : { schema: JSON.stringify(schema) }], { column: 4 })};`,
      );
    }
    if (!outside) close();
    (outside ? block : lines).push(...own);
  }
  close();
  return lines;
}

/** One operation as statements. */
export function renderOperation(operation: MigrateOperation, code: CodeWriter): readonly string[] {
  for (const renderer of renderers) {
    const lines = renderer(operation, code);
    if (lines !== null) return lines;
  }
  if (operation instanceof CreateTableOperation) return createTable(operation, code);
  if (!(operation instanceof ModifyTableOperation)) return new Calls(code, "op").of(operation);
  const { on, operations } = operation;
  const batch = new Calls(code, "batch");
  return [
    `op.batchAlterTable(${JSON.stringify(on.name)}, (batch) => {`,
    indented(operations.flatMap((each) => batch.of(each)).join("\n")),
    on.schema == null ? "});" : `}, ${code.object({ schema: on.schema })});`,
  ];
}

function createTable({ table, options }: CreateTableOperation, code: CodeWriter): string[] {
  const { deferred = [] } = options;
  // Without its key, which comes later, a column would count up by itself.
  const referring = new Set(deferred.flatMap((each) => each.columns));
  const columns = table.columns.map((column) => {
    const more: Record<string, string> = {};
    if (referring.has(column) && column.autoincrement === "auto") more["autoincrement"] = "false";
    return `    ${keyText(column.name)}: ${columnCode(column, code, table, more)},`;
  });
  const items = table.constraints
    .filter((each) => !deferred.includes(each as ForeignKeyConstraint) && isWritten(each, code))
    .flatMap((each) => constraintCode(each, code) ?? []);
  const { schema, comment, prefixes } = table;
  const settings = code.object({
    schema: schema ?? undefined,
    comment: comment ?? undefined,
    prefixes: prefixes.length > 0 ? prefixes : undefined,
    dialectOptions: table.options.dialectOptions,
  });
  if (settings !== "{}") items.push(settings);
  const calls = new Calls(code, "op");
  return [
    [
      "op.createTable(",
      `  ${JSON.stringify(table.name)},`,
      "  {",
      ...columns,
      "  },",
      ...items.map((each) => `  ${each},`),
      ");",
    ].join("\n"),
    ...table.indexes
      .filter((each) => isWritten(each, code))
      .flatMap((each) => calls.of(new CreateIndexOperation(each))),
  ];
}

/** What the method of a statement is given: a name, SQL, a type, or options, of which one may be a type. */
function argumentCode(given: unknown, code: CodeWriter): string {
  if (given instanceof SQLType) return renderType(given, code);
  if (typeof given === "string") return templateCode(given);
  if (!isTyped(given)) return code.value(given);
  const { type, ...options } = given;
  return code.object(options, { type: renderType(type, code) });
}

function isTyped(given: unknown): given is { readonly type: SQLType } {
  return typeof given === "object" && given !== null && "type" in given && given.type instanceof SQLType;
}

/** Operations as calls on `op`, or on the batch of their table, which names neither table nor schema. */
class Calls {
  constructor(
    private readonly code: CodeWriter,
    private readonly self: "op" | "batch",
  ) {}

  of(operation: MigrateOperation): string[] {
    const { code } = this;
    if (operation instanceof DropTableOperation) return this.#call("dropTable", operation.on, []);
    if (operation instanceof RenameTableOperation)
      return this.#call("renameTable", operation.on, [JSON.stringify(operation.to)]);
    if (operation instanceof AddColumnOperation) {
      const { table, column } = operation;
      return this.#call("addColumn", table, [JSON.stringify(column.name), columnCode(column, code, null)]);
    }
    if (operation instanceof DropColumnOperation)
      return this.#call("dropColumn", operation.on, [JSON.stringify(operation.columnName)]);
    if (operation instanceof AlterColumnOperation) return this.#alterColumn(operation);
    if (operation instanceof AddConstraintOperation) return this.#addConstraint(operation);
    if (operation instanceof DropConstraintOperation) {
      const { name, constraint, on, options } = operation;
      const what = name === null ? this.#selector(constraint) : JSON.stringify(name);
      return this.#named("dropConstraint", what, on, [], codedOptions({ dialects: options.dialects }, code));
    }
    if (operation instanceof CreateIndexOperation) {
      const { name, parts, options } = indexCode(operation.index, code);
      return this.#named("createIndex", name, operation.on, [parts], options);
    }
    if (operation instanceof DropIndexOperation) {
      const { name, on, options } = operation;
      const { concurrently, dialects } = options;
      return this.#named("dropIndex", JSON.stringify(name), on, [], codedOptions({ concurrently, dialects }, code));
    }
    if (operation instanceof SqlOperation)
      return operation.does.statements.map((each) => `op.execDriverSql(${templateCode(each)});`);
    if (operation instanceof StatementOperation) {
      const text = `op.${operation.kind}(${operation.args.map((each) => argumentCode(each, code)).join(", ")})`;
      return [operation.outside ? `await op.autocommitBlock(() => ${text});` : `${text};`];
    }
    return [`// ${operation.describe()}: say how it is written with rendersOperation()`];
  }

  /** A method whose first argument is the table. */
  #call(method: string, on: QualifiedName, args: readonly string[], options: Coded = {}): string[] {
    return this.#written(method, this.self === "batch" ? args : [JSON.stringify(on.name), ...args], on, options);
  }

  /** A method whose first argument is the name of what it makes or drops. */
  #named(method: string, name: string, on: QualifiedName, args: readonly string[], options: Coded = {}): string[] {
    const table = this.self === "batch" ? [] : [JSON.stringify(on.name)];
    return this.#written(method, [name, ...table, ...args], on, options);
  }

  #written(method: string, args: readonly string[], on: QualifiedName, options: Coded): string[] {
    const place: Record<string, string> = {};
    if (this.self === "op" && on.schema != null) place["schema"] = JSON.stringify(on.schema);
    // As it stands in its function, or in the one of its batch.
    const indent = this.self === "batch" ? 4 : 2;
    return [`${call(`${this.self}.${method}`, [...args, { ...place, ...options }], { column: indent })};`];
  }

  #alterColumn({ on, columnName, changes, existing }: AlterColumnOperation): string[] {
    const before = this.#changes(existing as Readonly<Record<string, unknown>>);
    const after = this.#changes(changes as Readonly<Record<string, unknown>>);
    return this.#call(
      "alterColumn",
      on,
      [JSON.stringify(columnName), after],
      before === "{}" ? {} : { existing: before },
    );
  }

  #changes(changes: Readonly<Record<string, unknown>>): string {
    const { code } = this;
    const coded = Object.entries(changes).map(([key, value]): [string, string] => {
      if (value === null) return [key, "null"];
      if (key === "type") return [key, renderType(value as SQLType, code)];
      if (key === "computed") return [key, computedCode(value as Computed, code)];
      if (key === "identity") return [key, identityCode(value as object, code)];
      return [key, key === "serverDefault" ? defaultCode(value, code) : code.value(value)];
    });
    return code.object({}, Object.fromEntries(coded));
  }

  #addConstraint({ constraint, on }: AddConstraintOperation): string[] {
    const { code } = this;
    const name = JSON.stringify(nameOf(constraint));
    const traits = constraintTraits(constraint, code);
    const add = (method: string, ...args: readonly string[]): string[] => this.#named(method, name, on, args, traits);
    if (constraint instanceof PrimaryKeyConstraint) return add("createPrimaryKey", namesOf(constraint.columns));
    if (constraint instanceof UniqueConstraint) return add("createUniqueConstraint", namesOf(constraint.columns));
    if (constraint instanceof CheckConstraint)
      return add("createCheckConstraint", stringCode(sqlOf(constraint.sqltext, code)));
    if (constraint instanceof ForeignKeyConstraint) {
      const { table, schema, columns } = targetOf(constraint);
      if (schema !== null) traits["referentSchema"] = JSON.stringify(schema);
      return add("createForeignKey", JSON.stringify(table), namesOf(constraint.columns), code.value(columns));
    }
    return add("createExcludeConstraint", excludeElements(constraint as ExcludeConstraint, code));
  }

  /** What a constraint without a name is told by. */
  #selector(constraint: Constraint | null): string {
    const { kind, columns = [] } = constraint ?? {};
    return constraint instanceof CheckConstraint
      ? this.code.object({ kind, sqltext: sqlOf(constraint.sqltext, this.code) })
      : this.code.object({ kind, columns: columns.map((each) => each.name) });
  }
}
