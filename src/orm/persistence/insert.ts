/** INSERT of new objects, table by table, in batches of rows that give the same columns. */
import type { ConnectionCore } from "../../engine/connection-core.js";
import type { EngineDialect } from "../../engine/dialect.js";
import type { DriverManyResult, DriverResult } from "../../engine/driver.js";
import { IntegrityError } from "../../engine/errors.js";
import type { Op } from "../../engine/io.js";
import { TOLD, together } from "../../engine/together.js";
import { addTo } from "../../sql/groups.js";
import { insert } from "../../sql/index.js";
import { Node } from "../../sql/node.js";
import type { Column } from "../../sql/schema/column.js";
import type { Table } from "../../sql/schema/table.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import { FlushError } from "../errors.js";
import { announceInstance, heard } from "../instance-events.js";
import type { Mapper } from "../mapping/mapper.js";
import type { InstanceState, StateMapper } from "../state.js";
import { leaveUnset } from "../unset.js";
import { explained } from "./error-context.js";
import { type TableShape, tableShapes, type WrittenColumn } from "./shapes.js";
import { firstVersion, withoutVersion } from "./version.js";
import { insertPlan, type ReturnedColumn, readPlan, returnedBy, runStatement } from "./write-plans.js";

/** Neighbouring rows of one table that give the same columns: one statement, or one for each row where values are SQL expressions. */
interface InsertBatch {
  readonly shape: TableShape;
  /** The columns that are given, by their places in the shape. */
  readonly given: readonly number[];
  readonly columns: readonly Column[];
  /** What the database makes. */
  readonly returning: readonly Column[];
  /** What triggers make once the row is there, where RETURNING does not see it: read with a statement of its own. */
  readonly asked: readonly Column[];
  /** Whether an object with values in just the columns that are given has a row like the others, without a further look. */
  readonly isPlain: boolean;
  readonly states: InstanceState[];
  /** The values of each of `columns`; with room for more than the objects so far, until it is closed. */
  readonly values: readonly unknown[][];
  /** Values that are SQL expressions; such a row is alone in its batch. */
  readonly expressions: ReadonlyMap<Column, Node> | null;
  /** Objects, the attributes that they were given a value for, and what they had before: object, attribute, value, object and so on. Shared by neighbours. */
  readonly filled: Filled;
  /** Where this batch's begin. */
  readonly filledFrom: number;
  isWritten: boolean;
}

type Filled = (InstanceState | ColumnAttribute | null | undefined)[];

/**
 * Inserts the rows of new objects of one hierarchy.
 *
 * @param states in the order in which their rows are to be made
 * @throws what the database refuses, with the objects that it was about; FlushError where rows are skipped; then no object keeps what it was given
 */
export function* insertStates(connection: ConnectionCore, states: readonly InstanceState[]): Op<void> {
  if (states.length === 0) return;
  const begun: InsertBatch[][] = [];
  try {
    const tables = byTable(states);
    const first = batches(tables[0], connection.dialect);
    if (tables.length === 1 && first.length === 1) {
      begun.push(first);
      yield* insertAlike(connection, first[0]);
    } else yield* together(inserts(connection, tables, first, begun));
  } catch (error) {
    for (const list of begun) {
      const unwritten = list.find((batch) => !batch.isWritten);
      if (unwritten !== undefined) unfill(unwritten);
    }
    throw error;
  }
  if (heard.refreshFlush) for (const [{ filled }] of begun) tellOfDefaults(filled);
}

/** Tells the listeners of what objects were given by defaults of the program. */
function tellOfDefaults(filled: Filled): void {
  const names = new Map<InstanceState, string[]>();
  for (let i = 0; i < filled.length; i += 3) {
    const state = filled[i] as InstanceState;
    const { key, column } = filled[i + 1] as ColumnAttribute;
    if (column.default === undefined || column.default instanceof Node) continue;
    addTo(names, state, key);
  }
  for (const [state, given] of names) announceInstance("refreshFlush", state, given);
}

/** Table after table, of which the first is looked at: the rows of subclasses need the keys of their bases. */
function* inserts(
  connection: ConnectionCore,
  tables: readonly Run[][],
  first: InsertBatch[],
  begun: InsertBatch[][],
): Generator<Op<void> | typeof TOLD> {
  for (const runs of tables) {
    if (begun.length > 0) yield TOLD;
    const list = begun.length === 0 ? first : batches(runs, connection.dialect);
    begun.push(list);
    for (const batch of list) yield insertAlike(connection, batch);
  }
}

function* insertAlike(connection: ConnectionCore, batch: InsertBatch): Op<void> {
  if (batch.expressions !== null) yield* insertWithExpressions(connection, batch, batch.expressions);
  else yield* insertBatch(connection, batch);
  if (batch.asked.length > 0) yield* readAsked(connection, batch);
  batch.isWritten = true;
}

/** Objects of a batch, and of those after it, that got no row do not keep what they would have had from it: their defaults are made anew with the next try. */
function unfill({ filled, filledFrom }: InsertBatch): void {
  for (let i = filledFrom; i < filled.length; i += 3)
    (filled[i + 1] as ColumnAttribute).setCommitted(filled[i] as InstanceState, filled[i + 2]);
}

/** Neighbouring objects of one class, as they are written to a table. */
interface Run {
  readonly shape: TableShape;
  readonly states: readonly InstanceState[];
}

/** Tables root first, each with the objects that have a row there, in order. */
function byTable(states: readonly InstanceState[]): Run[][] {
  const { mapper } = states[0];
  if (states.every((state) => state.mapper === mapper))
    return tableShapes(mapper as Mapper).map((shape) => [{ shape, states }]);
  const levels: Map<Table, Run[]>[] = [];
  let last: StateMapper | null = null;
  let neighbours: InstanceState[] = [];
  for (const state of states) {
    if (state.mapper !== last) {
      last = state.mapper;
      neighbours = [];
      for (const [depth, shape] of tableShapes(last as Mapper).entries()) {
        levels[depth] ??= new Map();
        const run: Run = { shape, states: neighbours };
        const runs = levels[depth].get(shape.table);
        if (runs === undefined) levels[depth].set(shape.table, [run]);
        else runs.push(run);
      }
    }
    neighbours.push(state);
  }
  return levels.flatMap((level) => [...level.values()]);
}

/** Neighbouring rows with the same columns go together; the order of `add` is kept. */
function batches(runs: readonly Run[], dialect: EngineDialect): InsertBatch[] {
  const found: InsertBatch[] = [];
  const filled: Filled = [];
  let last: InsertBatch | null = null;
  for (const { shape, states } of runs) {
    const row: unknown[] = new Array(shape.columns.length);
    if (last !== null && last.shape !== shape) {
      closeBatch(last);
      last = null;
    }
    for (let i = 0; i < states.length; i++) {
      const state = states[i];
      if (last !== null) {
        if (last.states.length === FEW) reserve(last, states.length - i);
        if (addPlain(last, state)) continue;
      }
      const filledFrom = filled.length;
      const hasExpressions = readRow(state, shape, row, filled);
      if (last !== null && !hasExpressions && addRow(last, state, row)) continue;
      if (last !== null) closeBatch(last);
      const batch = newBatch(shape, row, dialect, filled, filledFrom);
      found.push(batch);
      addRow(batch, state, row);
      last = hasExpressions ? null : batch;
    }
  }
  if (last !== null) closeBatch(last);
  return found;
}

/** So many objects a batch takes as they come: then it has room for all that may follow. */
const FEW = 64;

function reserve({ values, states }: InsertBatch, more: number): void {
  for (const column of values) column.length = states.length + more;
}

/** Its columns are as long as it has rows: the first values of one that was refused may stand there. */
function closeBatch({ values, states }: InsertBatch): void {
  for (const column of values) if (column.length !== states.length) column.length = states.length;
}

/** Reads the values of an object's row, by the columns of the shape. @returns whether one is a SQL expression */
function readRow(state: InstanceState, shape: TableShape, row: unknown[], filled: Filled): boolean {
  const { columns, slots } = shape;
  const { values, raw } = state;
  let hasExpressions = false;
  for (let i = 0; i < slots.length; i++) {
    let value = raw === 0 ? values[slots[i]] : columns[i].attribute.peek(state);
    if (value === undefined || value === null || columns[i].decided)
      value = valueFor(state, columns[i], value, shape, filled);
    if (typeof value === "object" && value instanceof Node) hasExpressions = true;
    row[i] = value;
  }
  return hasExpressions;
}

/** The value of a column that the object does not decide, or for which it has none, or NULL. */
function valueFor(
  state: InstanceState,
  written: WrittenColumn,
  own: unknown,
  shape: TableShape,
  filled: Filled,
): unknown {
  if (written.computed) return LEFT_OUT;
  const { attribute } = written;
  const mapper = state.mapper as Mapper;
  let value = attribute === mapper.version ? (firstVersion(mapper, state) ?? own) : own;
  if (value === undefined || (value === null && !sendsNull(state, attribute)))
    value = missingValue(state, written, shape, mapper);
  if (value !== LEFT_OUT && (own === undefined || value !== own)) filled.push(state, attribute, own as Filled[number]);
  return value;
}

/** A null that is meant, where the column has a default. */
function sendsNull(state: InstanceState, attribute: ColumnAttribute): boolean {
  return attribute.type.shouldEvaluateNone || (state.extra?.sentNulls?.has(attribute) ?? false);
}

function newBatch(
  shape: TableShape,
  values: readonly unknown[],
  dialect: EngineDialect,
  filled: Filled,
  filledFrom: number,
): InsertBatch {
  const given: number[] = [];
  const returning: Column[] = [];
  let expressions: Map<Column, Node> | null = null;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    const { column } = shape.columns[i];
    if (value instanceof Node) {
      expressions ??= new Map();
      expressions.set(column, value);
    } else if (value !== LEFT_OUT) {
      given.push(i);
      continue;
    }
    returning.push(column);
  }
  const asked = askedAmong(returning, shape, dialect);
  const told = asked.length === 0 ? returning : returning.filter((column) => !asked.includes(column));
  return {
    shape,
    given,
    columns: given.map((i) => shape.columns[i].column),
    returning:
      dialect.capabilities.returning && shape.mapper.options.eagerDefaults !== false ? told : keysOnly(told, shape),
    asked,
    isPlain:
      expressions === null && shape.columns.every((written, i) => isUpToObject(written, shape, given.includes(i))),
    states: [],
    values: given.map(() => []),
    expressions,
    filled,
    filledFrom,
    isWritten: false,
  };
}

/** What only the database fills, where its triggers come after RETURNING and the mapping wants to know all. */
function askedAmong(columns: readonly Column[], shape: TableShape, { capabilities }: EngineDialect): readonly Column[] {
  if (shape.mapper.options.eagerDefaults !== true || capabilities.returningSeesTriggers) return [];
  return columns.filter(
    (column) => column.serverDefault === true && !shape.key.some((written) => written.column === column),
  );
}

/** Whether a column is written with the object's value where that has one, and left to the statement or the database where it has none. */
function isUpToObject(written: WrittenColumn, shape: TableShape, given: boolean): boolean {
  if (written.decided) return false;
  return given || (written.hasDefault ? written.defaultInStatement : isMadeByServer(written, shape));
}

/** Adds the row of an object that has values in just the columns of the batch; false where it takes a closer look. */
function addPlain({ isPlain, shape, given, values, states }: InsertBatch, state: InstanceState): boolean {
  if (!isPlain || state.raw !== 0) return false;
  const { slots } = shape;
  const { values: own } = state;
  const row = states.length;
  let next = 0;
  for (let i = 0; i < slots.length; i++) {
    const value = own[slots[i]];
    if (given[next] !== i) {
      if (value !== undefined) return false;
    } else {
      if (value === undefined || value === null || (typeof value === "object" && value instanceof Node)) return false;
      values[next++][row] = value;
    }
  }
  states.push(state);
  return true;
}

/** Adds a row to a batch, if it gives just the columns of the batch. */
function addRow(batch: InsertBatch, state: InstanceState, row: readonly unknown[]): boolean {
  const { given, values, expressions, states } = batch;
  const at = states.length;
  let next = 0;
  for (let i = 0; i < row.length; i++) {
    const isGiven = given[next] === i;
    if (expressions === null && isGiven === (row[i] === LEFT_OUT)) return false;
    if (isGiven) values[next++][at] = row[i];
  }
  states.push(state);
  return true;
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
    if (written.defaultInStatement) return LEFT_OUT;
    if (value instanceof Node) return value;
    if (typeof value === "object" && value !== null && "nextValue" in value) return LEFT_OUT;
    attribute.assign(state, value);
    return value;
  }
  if (isMadeByServer(written, shape)) return LEFT_OUT;
  if (attribute.peek(state) === undefined) {
    attribute.setCommitted(state, null);
    leaveUnset(state, attribute);
  }
  // A part of a key may be NULL where the column says so: SQLite stores such rows.
  if (written.isKey && !(column.nullable && mapper.primaryKey.length > 1)) {
    throw new IntegrityError(
      `${state.describe()} has no value for its primary key attribute "${attribute.key}", and the database makes none ` +
        `(${shape.table.name}.${column.name} is ${column.foreignKeys.length > 0 ? "a foreign key: set the related object" : "no autoincrementing integer: set it, or give it a default"}).`,
      null,
    );
  }
  if (attribute === mapper.version) throw withoutVersion(state, attribute);
  return null;
}

/** Whether the database makes the value of a column that is left out. */
function isMadeByServer({ serverMade, column }: WrittenColumn, { autoincrement }: TableShape): boolean {
  return serverMade || column === autoincrement;
}

function defaultContext(state: InstanceState, column: Column, mapper: Mapper): object {
  return {
    column,
    getCurrentParameters: () => Object.fromEntries(mapper.columnAttributes.map((a) => [a.key, a.peek(state)])),
  };
}

/** What must be known of a new row at once: its key, its version, and what other rows refer to. */
function keysOnly(columns: Column[], shape: TableShape): Column[] {
  const { mapper } = shape;
  return columns.filter(
    (column) =>
      shape.key.some((k) => k.column === column) ||
      shape.referred.has(column) ||
      (mapper.version !== null && mapper.byColumn.get(column) === mapper.version),
  );
}

function* insertBatch(connection: ConnectionCore, batch: InsertBatch): Op<void> {
  const { columns, returning, shape, states, values } = batch;
  const { dialect } = connection;
  // A single integer key can be had without RETURNING where the driver tells it.
  const byRowId = dialect.lastRowId && returning.length === 1 && returning[0] === shape.autoincrement;
  const plan = insertPlan(dialect, shape.table, columns, byRowId ? [] : returning);
  let result: DriverManyResult;
  try {
    result = yield* plan.runRows(connection, values, states.length, byRowId);
  } catch (error) {
    throw explained(error, "INSERT", states);
  }
  if (result.rowcount >= 0 && result.rowcount !== states.length) throw skipped(shape, states, result.rowcount);
  if (byRowId) storeKeys(shape, states, returning[0], result.lastrowids ?? []);
  else if (returning.length > 0) {
    if (result.rows.length !== states.length) throw skipped(shape, states, result.rows.length);
    storeRows(states, plan.returning, result.rows);
  }
}

function* insertWithExpressions(
  connection: ConnectionCore,
  batch: InsertBatch,
  expressions: ReadonlyMap<Column, Node>,
): Op<void> {
  const { shape, columns, returning, states } = batch;
  const values: Record<string, unknown> = {};
  columns.forEach((column, i) => {
    [values[column.key]] = batch.values[i];
  });
  for (const [column, expression] of expressions) values[column.key] = expression;
  const base = insert(shape.table).values(values);
  const statement = returning.length > 0 ? base.returning(...returning) : base;
  let result: DriverResult;
  try {
    result = yield* runStatement(connection, statement);
  } catch (error) {
    throw explained(error, "INSERT", states);
  }
  // What is not read back is loaded when it is read: the object has the value that came of the expression.
  for (const column of expressions.keys())
    if (!returning.includes(column)) shape.mapper.attributeOf(column).expire(states[0]);
  if (returning.length === 0) return;
  if (result.rows.length !== 1) throw skipped(shape, states, result.rows.length);
  const returned = returnedBy(returning, connection.dialect);
  storeReturned(states[0], returned, result.rows[0]);
}

function* readAsked(connection: ConnectionCore, { shape, states, asked }: InsertBatch): Op<void> {
  const plan = readPlan(
    connection.dialect,
    shape.table,
    shape.key.map(({ column }) => column),
    asked,
  );
  for (const state of states) {
    const key = shape.key.map(({ attribute }) => attribute.peek(state));
    const { rows } = yield* connection.run(plan.compiled, plan.bind(key));
    if (rows.length > 0) storeReturned(state, plan.returning, rows[0]);
  }
}

function storeKeys(
  shape: TableShape,
  states: readonly InstanceState[],
  column: Column,
  keys: readonly (number | bigint)[],
): void {
  const attribute = shape.columns.find((each) => each.column === column)?.attribute;
  for (let i = 0; i < states.length; i++) attribute?.setCommitted(states[i], Number(keys[i]));
}

function storeRows(
  states: readonly InstanceState[],
  returned: readonly ReturnedColumn[],
  rows: readonly (readonly unknown[])[],
): void {
  for (let i = 0; i < states.length; i++) storeReturned(states[i], returned, rows[i]);
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
  if (heard.refreshFlush)
    announceInstance(
      "refreshFlush",
      state,
      returned.map(({ column }) => mapper.attributeOf(column).key),
    );
}

function skipped(shape: TableShape, states: readonly InstanceState[], count: number): FlushError {
  return new FlushError(
    `The INSERT of ${states.length} ${states.length === 1 ? "row" : "rows"} into "${shape.table.name}" (${states[0].mapper.className}) made ${count}. ` +
      `A trigger or a rule skips rows, so the objects cannot be matched with theirs.`,
  );
}
