/**
 * `insert(User)` through a session. A list of plain objects goes the way of the unit of work: attribute names, defaults, types and versions, joined
 * tables with their keys, batches that keep the order. Anything else (expressions for all rows, ON CONFLICT, INSERT ... SELECT) is one statement.
 */

import type { Op } from "../../engine/io.js";
import { CursorResult } from "../../engine/result.js";
import type { ResultShape, Row } from "../../engine/row.js";
import type { Insert } from "../../sql/dml/insert.js";
import { ArgumentError, InvalidRequestError } from "../../sql/errors.js";
import type { Node } from "../../sql/node.js";
import { disambiguate } from "../../sql/selectable/selected-columns.js";
import { ColumnAttribute } from "../attributes/column-attribute.js";
import { CompositeElement } from "../loading/composite-element.js";
import { InstrumentedColumn } from "../loading/instrumented-column.js";
import { criteriaAmong } from "../loading/option-tree.js";
import { OrmEntity } from "../loading/orm-entity.js";
import { prepareNode } from "../loading/statement-entities.js";
import type { Mapper } from "../mapping/mapper.js";
import { insertStates } from "../persistence/insert.js";
import { firstVersion } from "../persistence/version.js";
import type { Params, SessionExecuteOptions } from "../session/execute-options.js";
import type { SessionCore } from "../session/session-core.js";
import { stamp } from "../stamp.js";
import { InstanceState, valuesOf } from "../state.js";
import { facts, flatReturning, loadAsAsked, loadReturned, type Named, runStatementSets, setsOf } from "./returning.js";

export function* executeInsert(
  session: SessionCore,
  statement: Insert,
  params: Params | undefined,
  options: SessionExecuteOptions,
): Op<CursorResult<unknown>> {
  const entity = statement.entity as OrmEntity;
  const { mapper } = entity;
  const sets = setsOf(params)?.map((set) => entity.written(set)) ?? null;
  if (sets !== null && sets.length === 0)
    throw new ArgumentError(`insert(${mapper.className}): the list of objects is empty.`);
  const plain = statement.rows.length === 0 && statement.source === null && statement.conflicts.length === 0;
  if (sets !== null && plain && canReturn(statement, mapper)) {
    return yield* insertObjects(session, statement, mapper, sets, options);
  }
  if (mapper.tables.length > 1) {
    throw new InvalidRequestError(
      `insert(${mapper.className}): the class is mapped to several tables, and one INSERT writes one. ` +
        `Give execute() a list of plain objects, without values(), onConflict or expressions in returning().`,
    );
  }
  return yield* insertStatement(session, statement, mapper, sets, options);
}

/** Entities and attributes of the class are known once the rows are written; other expressions are for the database. */
function canReturn(statement: Insert, mapper: Mapper): boolean {
  const isKnown = (node: Node): boolean =>
    node instanceof CompositeElement
      ? node.elements.every(isKnown)
      : (node instanceof OrmEntity && node.mapper === mapper) ||
        (node instanceof InstrumentedColumn && node.entity.mapper === mapper && !node.entity.aliased);
  return statement.returningNodes.every(isKnown);
}

function columnAttribute(mapper: Mapper, name: string): ColumnAttribute {
  const attribute = mapper.attribute(name);
  if (attribute instanceof ColumnAttribute) return attribute;
  throw new ArgumentError(
    `insert(${mapper.className}): "${name}" is a relationship. Bulk statements take column attributes: give its foreign key.`,
  );
}

function newState(mapper: Mapper, values: Named, renderNulls: boolean): InstanceState {
  if (typeof values !== "object" || values === null)
    throw new ArgumentError(`insert(${mapper.className}) takes plain objects of attribute values.`);
  const object = mapper.newInstance();
  const state = new InstanceState(mapper, object, new Array(mapper.columnSlots).fill(undefined));
  stamp(object, state);
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const attribute = columnAttribute(mapper, name);
    state.values[attribute.slot] = value;
    if (value === null && renderNulls) state.ext().sentNulls = (state.extra?.sentNulls ?? new Set()).add(attribute);
  }
  const { polymorphicOn, polymorphicIdentity } = mapper;
  if (polymorphicOn !== null && polymorphicIdentity !== undefined && state.values[polymorphicOn.slot] === undefined)
    state.values[polymorphicOn.slot] = polymorphicIdentity;
  return state;
}

function* insertObjects(
  session: SessionCore,
  statement: Insert,
  mapper: Mapper,
  sets: readonly Named[],
  options: SessionExecuteOptions,
): Op<CursorResult<unknown>> {
  const connection = yield* session.connectionFor(mapper, statement, options.bindArguments);
  const states = sets.map((set) => newState(mapper, set, options.renderNulls === true));
  yield* connection.withSchemas(options.schemaTranslateMap, () => insertStates(connection, states));
  const { returningNodes, rowKeys } = statement;
  for (const state of states) {
    state.key = mapper.identityKeyOf(state);
    state.commitAll();
  }
  const insertedKeys = (): readonly Row[] =>
    states.map((state) => (state.key === null ? [] : [...valuesOf(state.key)])) as unknown as readonly Row[];
  const known = { ...facts(states.length), insertedKeys };
  if (returningNodes.length === 0) return new CursorResult(null, [], known);
  const withEntities = returningNodes.some((node) => node instanceof OrmEntity);
  if (withEntities) {
    for (const state of states) session.attachLoaded(state);
    yield* loadAsAsked(session, mapper, statement.loadOptions, states);
  }
  const single = returningNodes.length === 1 && withEntities;
  const names = disambiguate(
    returningNodes.filter((node) => !(node instanceof OrmEntity || node instanceof CompositeElement)),
  );
  let named = 0;
  const keys = returningNodes.map((node, i) => {
    if (node instanceof OrmEntity) return rowKeys[i] ?? node.entityName;
    return rowKeys[i] ?? (node instanceof CompositeElement ? node.key : names[named++].key);
  });
  const shape: ResultShape = { keys, kind: rowKeys.length > 0 ? "object" : single ? "scalar" : "tuple" };
  const rows = states.map((state) => {
    if (single) return state.object;
    const valueFor = (node: Node): unknown => {
      if (node instanceof CompositeElement) return node.composer.compose(node.elements.map(valueFor));
      return node instanceof InstrumentedColumn ? (node.attribute.peek(state) ?? null) : state.object;
    };
    return returningNodes.map(valueFor);
  });
  return new CursorResult(shape, rows, known);
}

/** One statement, for all rows or for each set of values. */
function* insertStatement(
  session: SessionCore,
  given: Insert,
  mapper: Mapper,
  sets: readonly Named[] | null,
  options: SessionExecuteOptions,
): Op<CursorResult<unknown>> {
  const bare = given.with({ loadOptions: [] });
  const prepared = prepareNode(bare, criteriaAmong(given.loadOptions)) as Insert;
  const statement = withOwnColumns(prepared, mapper, sets);
  const connection = yield* session.connectionFor(mapper, statement, options.bindArguments);
  const flat = flatReturning(statement) as Insert;
  const results: CursorResult<unknown>[] = [];
  for (const group of sets === null ? [null] : likeSets(mapper, sets, statement)) {
    const ran = yield* runStatementSets(connection, flat, group, options);
    if (statement.returningNodes.length === 0) {
      results.push(new CursorResult(null, [], facts(ran.rowcount)));
      continue;
    }
    const overwrite = options.populateExisting === true;
    const { result, entities } = yield* loadReturned(
      session,
      connection,
      statement,
      ran,
      overwrite,
      options.identityToken,
    );
    yield* loadAsAsked(session, mapper, given.loadOptions, entities);
    results.push(result);
  }
  const [first, ...others] = results;
  if (others.length === 0) return first;
  const rowcount = results.reduce((sum, each) => sum + each.rowcount, 0);
  if (statement.returningNodes.length === 0) return new CursorResult(null, [], facts(rowcount));
  const frozen = first.merge(...others).freeze();
  return new CursorResult(frozen.shape, [...frozen.data], facts(rowcount));
}

/** The discriminator of a subclass that shares its table, and the first version. */
export function withOwnColumns(statement: Insert, mapper: Mapper, sets: readonly Named[] | null): Insert {
  if (statement.source !== null) return statement;
  const { polymorphicOn, polymorphicIdentity, version } = mapper;
  const added: Record<string, unknown> = {};
  const isGiven = (attribute: ColumnAttribute): boolean =>
    statement.columns.includes(attribute.column) || (sets?.some((set) => Object.hasOwn(set, attribute.key)) ?? false);
  if (polymorphicOn !== null && polymorphicIdentity !== undefined && !isGiven(polymorphicOn))
    added[polymorphicOn.key] = polymorphicIdentity;
  if (version !== null && !isGiven(version)) {
    const first = firstVersion(mapper, new InstanceState(mapper, {}, new Array(mapper.columnSlots).fill(undefined)));
    if (first !== undefined) added[version.key] = first;
  }
  return Object.keys(added).length === 0 ? statement : withConstants(statement, added);
}

function withConstants(statement: Insert, added: Readonly<Record<string, unknown>>): Insert {
  if (statement.rows.length <= 1) return statement.values(added);
  const [constants] = statement.values(added).rows;
  const columns = statement.values(added).columns;
  return statement.with({
    columns: [...statement.columns, ...columns],
    rows: statement.rows.map((row) => [...row, ...constants]),
  });
}

/** Neighbouring sets with the same attributes, by column key. */
function likeSets(mapper: Mapper, sets: readonly Named[], statement: Insert): Named[][] {
  const bound = new Set(boundNames(statement));
  const groups: Named[][] = [];
  let last = "";
  for (const set of sets) {
    const row: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(set)) {
      if (value === undefined) continue;
      row[bound.has(name) ? name : columnAttribute(mapper, name).column.key] = value;
    }
    const signature = Object.keys(row).sort().join();
    if (groups.length > 0 && signature === last) groups[groups.length - 1].push(row);
    else groups.push([row]);
    last = signature;
  }
  return groups;
}

/** Names that are parameters of the statement itself, not columns. */
function boundNames(statement: Insert): string[] {
  return statement.rows.flat().flatMap((value) => {
    const { name } = value as { readonly name?: string | null };
    return value.visitName === "BindParameter" && typeof name === "string" ? [name] : [];
  });
}
