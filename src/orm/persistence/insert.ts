/** INSERT of new objects, table by table, in batches of rows that give the same columns. */
import type { ConnectionCore } from "../../engine/connection-core.js";
import type { EngineDialect } from "../../engine/dialect.js";
import { IntegrityError } from "../../engine/errors.js";
import type { Op } from "../../engine/io.js";
import { insert } from "../../sql/index.js";
import { Node } from "../../sql/node.js";
import type { Column } from "../../sql/schema/column.js";
import type { Table } from "../../sql/schema/table.js";
import { FlushError } from "../errors.js";
import type { Mapper } from "../mapping/mapper.js";
import type { InstanceState } from "../state.js";
import { explainErrors } from "./error-context.js";
import type { PersistSession, SaveRecord } from "./port.js";
import { type TableShape, tableShapes, type WrittenColumn } from "./shapes.js";
import { firstVersion } from "./version.js";
import { insertPlan, type ReturnedColumn, runStatement } from "./write-plans.js";

/** One row to insert into one table. */
interface InsertRow {
  readonly state: InstanceState;
  readonly shape: TableShape;
  readonly columns: Column[];
  readonly values: unknown[];
  /** Values that are SQL expressions; such a row has a statement of its own. */
  readonly expressions: Map<Column, Node> | null;
  /** What the database makes. */
  readonly returning: Column[];
}

export function* insertStates(
  _session: PersistSession,
  connection: ConnectionCore,
  records: readonly SaveRecord[],
): Op<void> {
  for (const entries of byTable(records)) {
    const rows = entries.map(({ state, shape }) => insertRow(state, shape, connection.dialect));
    for (const batch of batches(rows)) {
      if (batch[0].expressions !== null) yield* insertWithExpressions(connection, batch[0]);
      else yield* insertBatch(connection, batch);
    }
  }
}

/** Tables root first, each with the objects that have a row there, in order. */
function byTable(records: readonly SaveRecord[]): { readonly state: InstanceState; readonly shape: TableShape }[][] {
  const levels: Map<Table, { state: InstanceState; shape: TableShape }[]>[] = [];
  for (const { state, mapper } of records) {
    tableShapes(mapper).forEach((shape, depth) => {
      levels[depth] ??= new Map();
      const entries = levels[depth].get(shape.table);
      if (entries === undefined) levels[depth].set(shape.table, [{ state, shape }]);
      else entries.push({ state, shape });
    });
  }
  return levels.flatMap((level) => [...level.values()]);
}

function insertRow(state: InstanceState, shape: TableShape, dialect: EngineDialect): InsertRow {
  const columns: Column[] = [];
  const values: unknown[] = [];
  let expressions: Map<Column, Node> | null = null;
  const returning: Column[] = [];
  const mapper = state.mapper as Mapper;
  for (const written of shape.columns) {
    const { column, attribute } = written;
    if (written.computed) {
      returning.push(column);
      continue;
    }
    let value = attribute.peek(state);
    if (value === undefined && attribute === mapper.version) value = firstVersion(mapper, state);
    if (value === undefined || value === null) {
      value = missingValue(state, written, shape, mapper);
      if (value === LEFT_OUT) {
        returning.push(column);
        continue;
      }
    }
    if (value instanceof Node) {
      expressions ??= new Map();
      expressions.set(column, value);
      returning.push(column);
      continue;
    }
    columns.push(column);
    values.push(value);
  }
  return {
    state,
    shape,
    columns,
    values,
    expressions,
    returning: dialect.capabilities.returning ? returning : keysOnly(returning, shape),
  };
}

const LEFT_OUT: unique symbol = Symbol("left out");

/** The value of a column for which the object has none: its default, NULL, or nothing where the database makes it. */
function missingValue(state: InstanceState, written: WrittenColumn, shape: TableShape, mapper: Mapper): unknown {
  const { column, attribute } = written;
  if (written.hasDefault) {
    const made = column.default;
    let value: unknown = made;
    if (typeof made === "function")
      value = (made as (context: unknown) => unknown)(defaultContext(state, column, mapper));
    if (value instanceof Node) return value;
    if (typeof value === "object" && value !== null && "nextValue" in value) return LEFT_OUT;
    attribute.assign(state, value);
    return value;
  }
  if (written.serverMade || column === shape.autoincrement) return LEFT_OUT;
  if (attribute.peek(state) === undefined) attribute.setCommitted(state, null);
  if (written.isKey) {
    throw new IntegrityError(
      `${state.describe()} has no value for its primary key attribute "${attribute.key}", and the database makes none ` +
        `(${shape.table.name}.${column.name} is ${column.foreignKeys.length > 0 ? "a foreign key: set the related object" : "no autoincrementing integer: set it, or give it a default"}).`,
      null,
    );
  }
  return null;
}

function defaultContext(state: InstanceState, column: Column, mapper: Mapper): object {
  return {
    column,
    getCurrentParameters: () => Object.fromEntries(mapper.columnAttributes.map((a) => [a.key, a.peek(state)])),
  };
}

function keysOnly(columns: Column[], shape: TableShape): Column[] {
  return columns.filter((column) => shape.key.some((k) => k.column === column));
}

/** Neighbouring rows with the same columns go together; the order of `add` is kept. */
function batches(rows: readonly InsertRow[]): InsertRow[][] {
  const found: InsertRow[][] = [];
  for (const row of rows) {
    const last = found[found.length - 1]?.[0];
    if (last !== undefined && last.expressions === null && row.expressions === null && sameColumns(last, row)) {
      found[found.length - 1].push(row);
    } else found.push([row]);
  }
  return found;
}

function sameColumns(a: InsertRow, b: InsertRow): boolean {
  if (a.columns.length !== b.columns.length || a.returning.length !== b.returning.length) return false;
  for (let i = 0; i < a.columns.length; i++) if (a.columns[i] !== b.columns[i]) return false;
  for (let i = 0; i < a.returning.length; i++) if (a.returning[i] !== b.returning[i]) return false;
  return true;
}

function* insertBatch(connection: ConnectionCore, rows: readonly InsertRow[]): Op<void> {
  const { columns, returning, shape } = rows[0];
  const { dialect } = connection;
  // A single integer key can be had without RETURNING where the driver tells it.
  const byRowId = dialect.lastRowId && returning.length === 1 && returning[0] === shape.autoincrement;
  const plan = insertPlan(dialect, shape.table, columns, byRowId ? [] : returning);
  const sets = rows.map((row) => plan.bind(row.values));
  const states = rows.map((row) => row.state);
  const result = yield* explainErrors(connection.runMany(plan.compiled, sets), "INSERT", states);
  if (result.rowcount >= 0 && result.rowcount !== rows.length) throw skipped(shape, states, result.rowcount);
  if (byRowId) {
    const attribute = shape.columns.find((c) => c.column === returning[0])?.attribute;
    const { lastrowids } = result;
    for (let i = 0; i < rows.length; i++) attribute?.setCommitted(rows[i].state, Number(lastrowids?.[i]));
  } else if (returning.length > 0) {
    if (result.rows.length !== rows.length) throw skipped(shape, states, result.rows.length);
    for (let i = 0; i < rows.length; i++) storeReturned(rows[i].state, plan.returning, result.rows[i]);
  }
}

function* insertWithExpressions(connection: ConnectionCore, row: InsertRow): Op<void> {
  const { shape } = row;
  const values: Record<string, unknown> = {};
  row.columns.forEach((column, i) => {
    values[column.key] = row.values[i];
  });
  for (const [column, expression] of row.expressions ?? []) values[column.key] = expression;
  const base = insert(shape.table as never).values(values as never);
  const statement = row.returning.length > 0 ? base.returning(...(row.returning as never[])) : base;
  const result = yield* explainErrors(runStatement(connection, statement as never), "INSERT", [row.state]);
  if (row.returning.length === 0) return;
  if (result.rows.length !== 1) throw skipped(shape, [row.state], result.rows.length);
  const returned = row.returning.map((column) => ({
    column,
    process: connection.dialect.typeImpl(column.type).resultProcessor(connection.dialect),
  }));
  storeReturned(row.state, returned, result.rows[0]);
}

/** Takes what the database made into the object. */
export function storeReturned(
  state: InstanceState,
  returned: readonly ReturnedColumn[],
  row: readonly unknown[],
): void {
  const mapper = state.mapper as Mapper;
  for (let i = 0; i < returned.length; i++) {
    const { column, process } = returned[i];
    const raw = row[i];
    mapper.attributeOf(column).setCommitted(state, raw === null || process === null ? raw : process(raw as never));
  }
}

function skipped(shape: TableShape, states: readonly InstanceState[], count: number): FlushError {
  return new FlushError(
    `The INSERT of ${states.length} ${states.length === 1 ? "row" : "rows"} into "${shape.table.name}" (${states[0].mapper.className}) made ${count}. ` +
      `A trigger or a rule skips rows, so the objects cannot be matched with theirs.`,
  );
}
