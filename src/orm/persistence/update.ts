/** UPDATE of changed objects: for each table only the columns that have a net change, batched by their set. */
import type { ConnectionCore } from "../../engine/connection-core.js";
import type { DriverManyResult, DriverResult } from "../../engine/driver.js";
import type { Op } from "../../engine/io.js";
import { together } from "../../engine/together.js";
import type { Dialect } from "../../sql/dialect.js";
import { addTo } from "../../sql/groups.js";
import { update } from "../../sql/index.js";
import { Node } from "../../sql/node.js";
import type { Column } from "../../sql/schema/column.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import { FlushError, StaleDataError } from "../errors.js";
import { announceInstance, heard } from "../instance-events.js";
import { type Mapper, mapperOf } from "../mapping/mapper.js";
import { keyValue } from "../mapping/object-row.js";
import type { InstanceState } from "../state.js";
import { isUnset } from "../unset.js";
import { explained } from "./error-context.js";
import { storeReturned } from "./insert.js";
import type { PersistSession, SaveRecord } from "./port.js";
import { type TableShape, tableShapes, type WrittenColumn } from "./shapes.js";
import { nextVersion, withoutVersion } from "./version.js";
import { returnedBy, runStatement, updatePlan } from "./write-plans.js";

/** One row to update in one table. */
interface UpdateRow {
  readonly state: InstanceState;
  readonly shape: TableShape;
  readonly set: readonly Column[];
  readonly setValues: readonly unknown[];
  readonly where: readonly Column[];
  readonly whereValues: readonly unknown[];
  readonly expressions: Map<Column, Node> | null;
  /** Columns for which the statement has an expression by itself. */
  readonly inStatement: readonly Column[];
  /** Columns to which the database gives a value of its own. */
  readonly made: readonly Column[];
  /** The one among them that must be known at once: the version. */
  readonly version: Column | null;
  /** The version that the statement gives to the row. */
  readonly raised: RaisedVersion | null;
  /** Attributes that `onupdate` has given a value of the program, where somebody wants to know. */
  readonly assigned: readonly string[];
}

interface RaisedVersion {
  readonly attribute: ColumnAttribute;
  readonly value: unknown;
}

/**
 * Updates the rows of stored objects of one hierarchy, as far as they have changed.
 *
 * @throws what the database refuses, with the objects that it was about; StaleDataError where a row is gone or has another version
 */
export function* updateStates(
  session: PersistSession,
  connection: ConnectionCore,
  records: readonly SaveRecord[],
): Op<void> {
  const all = rowsByTable(records).flatMap(batches);
  if (all.length === 1) yield* updateAlike(session, connection, all[0]);
  else if (all.length > 1) yield* together(all.map((batch) => updateAlike(session, connection, batch)));
}

function updateAlike(session: PersistSession, connection: ConnectionCore, batch: readonly UpdateRow[]): Op<void> {
  return batch[0].expressions === null
    ? updateBatch(session, connection, batch)
    : updateWithExpressions(session, connection, batch[0]);
}

function rowsByTable(records: readonly SaveRecord[]): UpdateRow[][] {
  // What a small flush writes needs no sorting.
  if (records.length === 1 && tableShapes(records[0].mapper).length === 1) {
    const row = updateRow(records[0], tableShapes(records[0].mapper)[0]);
    return row === null ? [] : [[row]];
  }
  const levels: Map<object, UpdateRow[]>[] = [];
  for (const record of records) {
    const shapes = tableShapes(record.mapper);
    for (let depth = 0; depth < shapes.length; depth++) {
      const row = updateRow(record, shapes[depth]);
      if (row === null) continue;
      levels[depth] ??= new Map();
      addTo(levels[depth], shapes[depth].table, row);
    }
  }
  return levels.flatMap((level) => [...level.values()]);
}

const NO_COLUMNS: readonly Column[] = [];
const NO_NAMES: readonly string[] = [];
const NO_VALUES: readonly unknown[] = [];
const NOTHING_CHANGED: readonly WrittenColumn[] = [];

/** The list with one item more: most have one or two. The first `push` to an empty list makes room for seventeen, in each of many rows. */
function withOne<T>(list: readonly T[], item: T): readonly T[] {
  if (list.length === 0) return [item];
  (list as T[]).push(item);
  return list;
}

/** What an UPDATE of one row sets. */
class Settings {
  set: readonly Column[] = NO_COLUMNS;
  setValues: readonly unknown[] = NO_VALUES;
  expressions: Map<Column, Node> | null = null;
  inStatement: readonly Column[] = NO_COLUMNS;
  /** Attributes that `onupdate` gives a value of the program, where somebody wants to know. */
  assigned: readonly string[] = NO_NAMES;

  put(column: Column, value: unknown): void {
    if (value instanceof Node) {
      this.expressions ??= new Map();
      this.expressions.set(column, value);
    } else {
      this.set = withOne(this.set, column);
      this.setValues = withOne(this.setValues, value);
    }
  }

  get isEmpty(): boolean {
    return this.set.length === 0 && this.expressions === null;
  }
}

/** The row's UPDATE in one table, null where nothing changes there. */
function updateRow({ state, mapper, rowSwitch, version, cascaded }: SaveRecord, shape: TableShape): UpdateRow | null {
  const given = new Settings();
  let raised: RaisedVersion | null = null;
  const changed = changedColumns(state, shape);
  for (const { column, attribute, follows } of changed)
    if (!follows && !isStillKey(state, attribute, rowSwitch) && !cascaded?.has(attribute))
      given.put(column, attribute.peek(state));
  const versioned = mapper.version !== null ? (shape.byAttribute.get(mapper.version)?.[0] ?? null) : null;
  if (versioned !== null) {
    if (changed.length === 0 && !changedElsewhere(state, mapper)) return null;
    if (!given.set.includes(versioned.column)) {
      const next = nextVersion(mapper, version);
      if (next !== undefined) {
        given.put(versioned.column, next);
        raised = { attribute: versioned.attribute, value: next };
      } else if (given.isEmpty) given.put(versioned.column, version);
    }
    if (versioned.attribute.peek(state) === null) throw withoutVersion(state, versioned.attribute);
  }
  if (given.isEmpty) return null;
  for (const written of shape.onUpdate) if (!changed.includes(written)) putOnUpdate(state, written, given);
  let whereValues = NO_VALUES;
  for (const { attribute, follows } of shape.key) {
    // What the database has changed already is looked for under its new value.
    const isCascaded = cascaded?.has(attribute) || (follows && attribute.hasNetChange(state));
    const value = isCascaded ? attribute.peek(state) : keyValue(rowSwitch ?? state, attribute);
    if (value === null || value === undefined) {
      throw new FlushError(
        `${state.describe()} cannot be updated: its primary key attribute "${attribute.key}" is ${String(value)}.`,
      );
    }
    whereValues = withOne(whereValues, value);
  }
  if (versioned !== null) whereValues = withOne(whereValues, version);
  return rowOf(state, shape, given, whereValues, versioned, raised);
}

/** The UPDATE of one row, with what the server makes of it. */
function rowOf(
  state: InstanceState,
  shape: TableShape,
  given: Settings,
  whereValues: readonly unknown[],
  versioned: WrittenColumn | null,
  raised: RaisedVersion | null,
): UpdateRow {
  const { set, setValues, expressions, inStatement, assigned } = given;
  const made = madeOf(shape, given);
  const version = versioned !== null && made.includes(versioned.column) ? versioned.column : null;
  const where = versioned === null ? shape.keyColumns : shape.versionedKeyColumns;
  return {
    state,
    shape,
    set,
    setValues,
    where,
    whereValues,
    expressions,
    inStatement,
    made,
    version,
    raised,
    assigned,
  };
}

function changedColumns(state: InstanceState, shape: TableShape): readonly WrittenColumn[] {
  let changed = NOTHING_CHANGED;
  if (state.committed === null && state.key !== null) return changed;
  for (const written of shape.columns) {
    if (!written.computed && written.attribute.hasNetChange(state)) changed = withOne(changed, written);
  }
  return changed;
}

/** A change in another table of the hierarchy counts for the version. */
function changedElsewhere(state: InstanceState, mapper: Mapper): boolean {
  return mapper.columnAttributes.some((a) => a !== mapper.version && a.hasNetChange(state));
}

/** A new object that takes over a row has that row's key: there is nothing to set. */
function isStillKey(
  state: InstanceState,
  attribute: WrittenColumn["attribute"],
  rowSwitch: InstanceState | null,
): boolean {
  return rowSwitch !== null && mapperOf(state).primaryKey.includes(attribute);
}

function putOnUpdate(state: InstanceState, written: WrittenColumn, given: Settings): void {
  const { column, attribute } = written;
  if (written.onUpdateInStatement) {
    given.inStatement = [...given.inStatement, column];
    return;
  }
  const made = column.onupdate;
  const value = typeof made === "function" ? (made as (context: unknown) => unknown)({ column }) : made;
  given.put(column, value);
  if (value instanceof Node) return;
  attribute.assign(state, value);
  if (heard.refreshFlush) given.assigned = [...given.assigned, attribute.key];
}

/** What the database changes by itself. A column that the object sets has the object's value. */
function madeOf(shape: TableShape, { set, expressions, inStatement }: Settings): readonly Column[] {
  if (shape.serverOnUpdate.length === 0 && expressions === null) return inStatement;
  const columns = shape.serverOnUpdate.map((c) => c.column).filter((column) => !set.includes(column));
  for (const column of [...inStatement, ...(expressions?.keys() ?? [])])
    if (!columns.includes(column)) columns.push(column);
  return columns;
}

/** Rows that set the same columns, in the order of the first of each kind. */
function batches(rows: UpdateRow[]): UpdateRow[][] {
  if (rows.length === 1) return [rows];
  const found: UpdateRow[][] = [];
  const bySignature = new Map<string, UpdateRow[]>();
  let last: UpdateRow[] | null = null;
  for (const row of rows) {
    if (row.expressions !== null) {
      found.push([row]);
      continue;
    }
    if (last !== null && isLike(last[0], row)) {
      last.push(row);
      continue;
    }
    const signature = `${idsOf(row.set)}|${row.where.length}|${idsOf(row.made)}`;
    const like = bySignature.get(signature);
    if (like !== undefined) {
      like.push(row);
      last = like;
      continue;
    }
    last = [row];
    bySignature.set(signature, last);
    found.push(last);
  }
  return found;
}

/** Whether two rows of a table set the same columns, as neighbours mostly do. */
function isLike(one: UpdateRow, other: UpdateRow): boolean {
  return one.where === other.where && areSame(one.set, other.set) && areSame(one.made, other.made);
}

function areSame(one: readonly Column[], other: readonly Column[]): boolean {
  if (one === other) return true;
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

function idsOf(columns: readonly Column[]): string {
  return columns.map((c) => c.id).join(",");
}

/** What becomes of the values that the database makes with an UPDATE. */
interface ReadBack {
  /** Read back with the UPDATE. */
  readonly told: readonly Column[];
  /** Read with a statement of their own. */
  readonly asked: readonly Column[];
  /** Loaded when they are read. */
  readonly left: readonly Column[];
}

const NOTHING: ReadBack = { told: [], asked: [], left: [] };

/**
 * By default what RETURNING knows is read back. What triggers make it may not know: that is asked for where the mapping says so (`eagerDefaults: true`),
 * and a version always is.
 */
function readBackOf(
  { made, version, expressions, inStatement, shape }: UpdateRow,
  { capabilities }: Dialect,
): ReadBack {
  if (made.length === 0) return NOTHING;
  const { eagerDefaults } = shape.mapper.options;
  const told: Column[] = [];
  const asked: Column[] = [];
  const left: Column[] = [];
  for (const column of made) {
    const byTrigger =
      column.serverOnupdate !== null && expressions?.has(column) !== true && !inStatement.includes(column);
    const isKnown = capabilities.updateReturning && (!byTrigger || capabilities.returningSeesTriggers);
    if (eagerDefaults === false && column !== version) left.push(column);
    else if (isKnown) told.push(column);
    else if (eagerDefaults === true || column === version) asked.push(column);
    else left.push(column);
  }
  return { told, asked, left };
}

function* updateBatch(session: PersistSession, connection: ConnectionCore, rows: readonly UpdateRow[]): Op<void> {
  const { shape, set, where } = rows[0];
  const { dialect } = connection;
  const readBack = readBackOf(rows[0], dialect);
  const { told } = readBack;
  const plan = updatePlan(dialect, shape.table, set, where, told);
  const states = rows.map((row) => row.state);
  let result: DriverManyResult;
  try {
    result = yield* told.length > 0
      ? connection.runMany(
          plan.compiled,
          rows.map((row) => plan.bind([...row.setValues, ...row.whereValues])),
        )
      : plan.runRows(connection, columnsOfRows(rows), rows.length, false);
  } catch (error) {
    throw explained(error, "UPDATE", states);
  }
  const matched = told.length > 0 ? result.rows.length : result.rowcount;
  if (matched !== rows.length && matched >= 0) throw stale(shape, states, matched, "UPDATE");
  for (const row of rows) takeVersion(row);
  if (told.length > 0)
    for (let i = 0; i < rows.length; i++) storeReturned(rows[i].state, plan.returning, result.rows[i]);
  tellOfAssigned(rows);
  if (!knowsAll(readBack)) yield* forget(session, states, readBack);
}

function columnsOfRows(rows: readonly UpdateRow[]): unknown[][] {
  const [{ setValues, whereValues }] = rows;
  return [
    ...setValues.map((_, i) => rows.map((row) => row.setValues[i] ?? null)),
    ...whereValues.map((_, i) => rows.map((row) => row.whereValues[i] ?? null)),
  ];
}

function* updateWithExpressions(session: PersistSession, connection: ConnectionCore, row: UpdateRow): Op<void> {
  const { dialect } = connection;
  const { shape, state } = row;
  const values: Record<string, unknown> = {};
  row.set.forEach((column, i) => {
    values[column.key] = row.setValues[i];
  });
  for (const [column, expression] of row.expressions ?? []) values[column.key] = expression;
  const readBack = readBackOf(row, dialect);
  const { told } = readBack;
  const conditions = row.where.map((column, i) => column.eq(row.whereValues[i]));
  const base = update(shape.table)
    .where(...conditions)
    .values(values);
  const statement = told.length > 0 ? base.returning(...told) : base;
  let result: DriverResult;
  try {
    result = yield* runStatement(connection, statement);
  } catch (error) {
    throw explained(error, "UPDATE", [state]);
  }
  const matched = told.length > 0 ? result.rows.length : result.rowcount;
  if (matched !== 1 && matched >= 0) throw stale(shape, [state], matched, "UPDATE");
  takeVersion(row);
  if (told.length > 0) {
    const returned = returnedBy(told, dialect);
    storeReturned(state, returned, result.rows[0]);
  }
  tellOfAssigned([row]);
  if (!knowsAll(readBack)) yield* forget(session, [state], readBack);
}

/** Tells the listeners of what objects were given by the program's `onupdate`. */
function tellOfAssigned(rows: readonly UpdateRow[]): void {
  if (!heard.refreshFlush) return;
  for (const { state, assigned } of rows) if (assigned.length > 0) announceInstance("refreshFlush", state, assigned);
}

/** The object has its new version once the row has it: an UPDATE that fails leaves it. */
function takeVersion({ state, raised }: UpdateRow): void {
  if (raised !== null) raised.attribute.setCommitted(state, raised.value);
}

function knowsAll({ asked, left }: ReadBack): boolean {
  return asked.length === 0 && left.length === 0;
}

/** Forgets what the UPDATE did not tell, and reads anew what must be known. */
function* forget(session: PersistSession, states: readonly InstanceState[], { asked, left }: ReadBack): Op<void> {
  for (const state of states) {
    const mapper = mapperOf(state);
    for (const column of left) mapper.attributeOf(column).expire(state);
    for (const column of asked) mapper.attributeOf(column).expire(state);
    for (const column of asked) {
      const attribute = mapper.attributeOf(column);
      // A row that is not the object's yet is asked when somebody reads it.
      if (state.key !== null && !attribute.isLoaded(state)) yield* session.loadForFlush(state, attribute);
    }
  }
}

/** The error where a statement has met fewer rows, or more, than there are objects. */
export function stale(
  shape: TableShape,
  states: readonly InstanceState[],
  matched: number,
  verb: string,
): StaleDataError {
  const who = states.length === 1 ? states[0].describe() : `${states.length} objects of ${states[0].mapper.className}`;
  return new StaleDataError(
    `${verb} statement on table '${shape.table.name}' expected to ${verb.toLowerCase()} ${states.length} row(s); ${matched} were matched (${who}). ` +
      `The row was deleted or its version changed by another transaction: refresh the object, or roll back and try again.`,
  );
}

/** UPDATE of foreign keys on their own, for rows that depend on each other. */
export function* postUpdateStates(
  session: PersistSession,
  connection: ConnectionCore,
  states: readonly InstanceState[],
  columns: ReadonlySet<object>,
): Op<void> {
  const groups = new Map<TableShape, InstanceState[]>();
  for (const state of states) {
    for (const shape of tableShapes(mapperOf(state))) {
      if (!shape.columns.some((c) => columns.has(c.column))) continue;
      const group = groups.get(shape);
      if (group === undefined) groups.set(shape, [state]);
      else group.push(state);
    }
  }
  const all: UpdateRow[][] = [];
  for (const [shape, group] of groups) {
    const rows: UpdateRow[] = [];
    for (const state of group) {
      const { version } = mapperOf(state);
      if (version !== null && state.key !== null && !version.isLoaded(state))
        yield* session.loadForFlush(state, version);
      const row = postUpdateRow(state, shape, columns);
      if (row !== null) rows.push(row);
    }
    all.push(...batches(rows));
  }
  yield* together(all.map((batch) => updateAlike(session, connection, batch)));
}

/** The row's UPDATE of those columns, null where they are as the database has them. */
function postUpdateRow(state: InstanceState, shape: TableShape, columns: ReadonlySet<object>): UpdateRow | null {
  const mapper = mapperOf(state);
  const changed = shape.columns.filter(
    ({ column, attribute }) => columns.has(column) && attribute.hasNetChange(state) && !isUnset(state, attribute),
  );
  if (changed.length === 0) return null;
  const given = new Settings();
  for (const { column, attribute } of changed) given.put(column, attribute.peek(state) ?? null);
  for (const written of shape.onUpdate) {
    const { column, attribute } = written;
    if (state.flushDeletes || given.set.includes(column)) continue;
    // The statement would have a value of its own for a column that is left out.
    if (isDecided(state, attribute)) given.put(column, attribute.peek(state) ?? null);
    else putOnUpdate(state, written, given);
  }
  let whereValues: readonly unknown[] = shape.key.map((c) =>
    state.key === null ? c.attribute.peek(state) : keyValue(state, c.attribute),
  );
  const versioned = mapper.version === null ? undefined : shape.byAttribute.get(mapper.version)?.[0];
  let raised: RaisedVersion | null = null;
  if (versioned !== undefined) {
    const present = versioned.attribute.peek(state);
    whereValues = withOne(whereValues, present);
    // A row that this flush has inserted keeps its first version.
    const next = state.key === null ? present : nextVersion(mapper, present);
    if (next !== undefined) {
      given.put(versioned.column, next);
      // The DELETE of a row that lets go of another may be sent with it: it meets the new version.
      if (state.flushDeletes) versioned.attribute.setCommitted(state, next);
      else raised = { attribute: versioned.attribute, value: next };
    }
  }
  return rowOf(state, shape, given, whereValues, versioned ?? null, raised);
}

/** Whether an attribute has the value that it is to have after the flush: given by the user, or by another statement of the flush. */
function isDecided(state: InstanceState, attribute: WrittenColumn["attribute"]): boolean {
  return state.key === null ? !isUnset(state, attribute) : attribute.hasNetChange(state);
}
