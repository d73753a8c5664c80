/** Changes in the sequence that keeps the readers and writers of a PostgreSQL database going. */
import { Node } from "../../sql/node.js";
import type { Column } from "../../sql/schema/column.js";
import type { ColumnSpec } from "../../sql/schema/column-specs.js";
import {
  CheckConstraint,
  type Constraint,
  type ForeignKeyConstraint,
  type UniqueConstraint,
} from "../../sql/schema/constraints.js";
import type { Index, IndexOptions } from "../../sql/schema/indexes.js";
import type { SafeStep } from "../lint/step.js";
import { fullName, type QualifiedName } from "../operations/alter.js";
import {
  AddConstraintOperation,
  CreateIndexOperation,
  DropIndexOperation,
} from "../operations/constraint-operations.js";
import { constraintFromIndex, validateConstraint } from "../operations/named-operations.js";
import { nameOf } from "../operations/names.js";
import type { MigrateOperation } from "../operations/operation.js";
import { OperationFactory } from "../operations/operation-factory.js";
import {
  AddColumnOperation,
  AlterColumnOperation,
  type ColumnChanges,
  CreateTableOperation,
} from "../operations/table-operations.js";
import { lintForPostgresql } from "./postgresql-lint.js";
import { whyAddingRewrites } from "./postgresql-rewrites.js";

const step = (operation: MigrateOperation): SafeStep => ({ operation, notes: [], outside: false });
const outside = (operation: MigrateOperation): SafeStep => ({ operation, notes: [], outside: true });

/** What keeps nobody waiting, in place of these operations. Where there is no such way, the operation stays with a note. */
export function safeForPostgresql(operations: readonly MigrateOperation[]): readonly SafeStep[] {
  const made = new Set<string>();
  return operations.flatMap(function safe(each): readonly SafeStep[] {
    // Several changes of one table are so many statements here.
    if ("operations" in each) return (each.operations as MigrateOperation[]).flatMap(safe);
    if (each instanceof CreateTableOperation) made.add(each.table.fullName);
    const on = (each as { readonly on?: QualifiedName }).on ?? (each as { readonly table?: QualifiedName }).table;
    if (on === undefined || made.has(fullName(on))) return [noted(each)];
    if (each instanceof CreateIndexOperation) return [outside(concurrently(each))];
    if (each instanceof DropIndexOperation) return [outside(droppedConcurrently(each))];
    if (each instanceof AddConstraintOperation) return addedConstraint(each);
    if (each instanceof AddColumnOperation) return addedColumn(each);
    if (each instanceof AlterColumnOperation) return alteredColumn(each);
    return [noted(each)];
  });
}

/** An operation as it is, with what lint has to say of it. */
function noted(operation: MigrateOperation): SafeStep {
  const remarks = lintForPostgresql([{ operation, sql: "", rows: null, outside: false }], { lockTimeout: 0 });
  return {
    operation,
    notes: remarks.flatMap(({ why, instead }) => [why, ...instead.map((each) => `- ${each}`)]),
    outside: false,
  };
}

function factoryOn({ name, schema = null }: QualifiedName): OperationFactory {
  return new OperationFactory({ name, schema }, undefined);
}

function partsOf(index: Index): readonly (string | Node)[] {
  return index.expressions.map((each) =>
    each.visitName === "Column" ? (each as unknown as Column).name : (each as unknown as Node),
  );
}

function concurrently({ index, on, name, options }: CreateIndexOperation): CreateIndexOperation {
  return factoryOn(on).index(name, partsOf(index), { ...index.options, ...options, concurrently: true });
}

function droppedConcurrently({ name, on, options, index }: DropIndexOperation): DropIndexOperation {
  return new DropIndexOperation(name, on, { ...options, concurrently: true }, index);
}

function addedConstraint(operation: AddConstraintOperation): readonly SafeStep[] {
  const { constraint, on, name } = operation;
  if (name === null || constraint.notValid || constraint.kind === "ex") return [noted(operation)];
  if (constraint.kind === "ck" || constraint.kind === "fk") {
    return [step(unvalidated(constraint, on, name)), outside(validateConstraint(on, name))];
  }
  const { nullsNotDistinct, include } = constraint.options as UniqueConstraint["options"];
  const options: IndexOptions = {
    unique: true,
    concurrently: true,
    ...(nullsNotDistinct === undefined ? {} : { nullsNotDistinct }),
    ...(include === undefined ? {} : { include }),
  };
  const columns = constraint.columns.map((each) => each.name);
  const { deferrable, initially } = constraint;
  return [
    outside(factoryOn(on).index(name, columns, options)),
    step(constraintFromIndex(on, name, constraint.kind === "pk" ? "pk" : "uq", { deferrable, initially })),
  ];
}

/** The constraint for rows that come from now on. */
function unvalidated(constraint: Constraint, on: QualifiedName, name: string): AddConstraintOperation {
  const { name: _name, ...options } = { ...constraint.options, notValid: true };
  if (constraint instanceof CheckConstraint) return factoryOn(on).check(name, constraint.sqltext, options);
  const key = constraint as ForeignKeyConstraint;
  const { name: table, schema } = key.referredTable;
  return factoryOn(on).foreignKey(
    name,
    table,
    key.columns.map((each) => each.name),
    key.refColumns.map((each) => each.name),
    { ...options, referentSchema: schema } as never,
  );
}

function addedColumn(operation: AddColumnOperation): readonly SafeStep[] {
  const { table, column } = operation;
  const on = { name: table.name, schema: table.schema };
  const counts = column.identity !== null || column.computed !== null || column.serverDefault === true;
  const rewrites = whyAddingRewrites(column) !== null;
  const bare = column.nullable || (!rewrites && column.serverDefault !== null);
  if (counts || (bare && !rewrites)) return [noted(operation)];
  const { serverDefault } = column;
  const spec = column.copy({ nullable: true, serverDefault: undefined, foreignKeys: [] } as never);
  const steps: SafeStep[] = [step(factoryOn(on).addColumn(column.name, spec as unknown as ColumnSpec<unknown>))];
  const missing = `"${column.name}" is null`;
  if (serverDefault === null) {
    steps.push({
      operation: null,
      notes: [
        "Let the program fill it for new rows, and say here what the rows that are there get:",
        `op.backfill("${table.name}", '"${column.name}" = ...', '${missing}');`,
      ],
      outside: true,
    });
  } else {
    const written =
      serverDefault instanceof Node ? String(serverDefault) : `'${String(serverDefault).replaceAll("'", "''")}'`;
    steps.push(
      step(
        new AlterColumnOperation(on, column.name, { serverDefault: serverDefault as never }, { serverDefault: null }),
      ),
    );
    steps.push({
      operation: null,
      backfill: [table.name, `"${column.name}" = ${written}`, missing, table.schema],
      notes: [],
      outside: true,
    });
  }
  return column.nullable ? steps : [...steps, ...notNull(on, column.name)];
}

function alteredColumn(operation: AlterColumnOperation): readonly SafeStep[] {
  const { on, columnName, changes, existing, usingBack } = operation;
  if (changes.nullable !== false) return [noted(operation)];
  const { nullable: _nullable, ...rest } = changes;
  const { nullable: _before, ...before } = existing;
  const others =
    Object.keys(rest).length === 0
      ? []
      : [noted(new AlterColumnOperation(on, columnName, rest as ColumnChanges, before, usingBack))];
  return [...others, ...notNull(on, rest.name ?? columnName)];
}

/** NOT NULL that is taken from a CHECK, without reading the rows under a lock. */
function notNull(on: QualifiedName, column: string): readonly SafeStep[] {
  const name = `ck_${on.name}_${column}_not_null`;
  const check = factoryOn(on).check(name, `"${column}" is not null`, { notValid: true });
  return [
    step(check),
    outside(validateConstraint(on, name)),
    step(new AlterColumnOperation(on, column, { nullable: false }, { nullable: true })),
    step(factoryOn(on).dropConstraint(nameOf(check.constraint) as string)),
  ];
}
