/** UPDATE and DELETE over mapped classes, and what they mean for the session's objects. SQLAlchemy: ORM-enabled update and delete. */
import { execute } from "../../engine/execute.js";
import type { Op } from "../../engine/io.js";
import type { CursorResult } from "../../engine/result.js";
import { Delete } from "../../sql/dml/delete.js";
import type { DMLStatement } from "../../sql/dml/dml.js";
import type { Update } from "../../sql/dml/update.js";
import type { ColumnElement } from "../../sql/element.js";
import { BindParameter } from "../../sql/elements/bind.js";
import { ArgumentError } from "../../sql/errors.js";
import type { Column } from "../../sql/schema/column.js";
import { type Select, select } from "../../sql/selectable/select.js";
import type { OrmEntity } from "../loading/orm-entity.js";
import { type Mapper, mapperOf } from "../mapping/mapper.js";
import type { InstanceState } from "../state.js";
import type { Params, SessionExecuteOptions } from "./execute-options.js";
import type { SessionCore } from "./session-core.js";

type Bulk = (Update | Delete) & DMLStatement & { readonly whereCriteria: readonly ColumnElement[] };

const STRATEGIES = ["auto", "evaluate", "fetch", false];

/** Runs the statement and brings the objects it matched up to date. */
export function* executeBulk(
  session: SessionCore,
  statement: Update | Delete,
  params: Params | undefined,
  options: SessionExecuteOptions,
): Op<CursorResult<unknown>> {
  const bulk = statement as unknown as Bulk;
  const entity = bulk.entity as OrmEntity;
  const strategy = options.synchronizeSession ?? "auto";
  if (!STRATEGIES.includes(strategy)) {
    throw new ArgumentError(
      `synchronizeSession is "auto", "evaluate", "fetch" or false, not ${JSON.stringify(strategy)}.`,
    );
  }
  const connection = yield* session.connectionFor(entity.mapper);
  const matched = strategy === false ? [] : yield* matchedStates(session, entity, bulk, params, options);
  const result = yield* execute(connection, withCriterion(bulk, entity), params, options);
  if (statement instanceof Delete) {
    session.membership.registerDeleted(matched);
    session.emit("afterBulkDelete", statement, result);
  } else {
    for (const state of matched) applyUpdate(state, statement);
    session.emit("afterBulkUpdate", statement, result);
  }
  return result;
}

/** A subclass that shares its table writes its own rows only. */
function withCriterion(statement: Bulk, entity: OrmEntity): Update | Delete {
  const { criterion } = entity;
  return criterion === null ? statement : ((statement as Update).where(criterion as never) as Update);
}

/** The session's objects whose rows the statement will match. Rows of objects that are not loaded need no attention. */
function* matchedStates(
  session: SessionCore,
  entity: OrmEntity,
  statement: Bulk,
  params: Params | undefined,
  options: SessionExecuteOptions,
): Op<InstanceState[]> {
  const { mapper } = entity;
  if (session.identity.family(mapper.base).size === 0) return [];
  const keys = mapper.primaryKey.map((attribute) => entity.columnFor(attribute.column));
  let query = select(...(keys as never[])) as unknown as Select;
  const criteria = entity.criterion === null ? statement.whereCriteria : [...statement.whereCriteria, entity.criterion];
  if (criteria.length > 0) query = query.where(...(criteria as never[]));
  const connection = yield* session.connectionFor(mapper);
  const sets = Array.isArray(params) ? params : [params];
  const states: InstanceState[] = [];
  for (const set of sets) {
    const rows = (yield* execute(connection, query, set as never, options)).all() as unknown as unknown[][];
    for (const row of rows) {
      const key = mapper.identityKey([...row]);
      const state = key === null ? undefined : session.lookup(mapper.base, key);
      if (state !== undefined && mapperOf(state).isA(mapper)) states.push(state);
    }
  }
  return states;
}

/** Plain values are taken as they are; what the database computes is loaded anew when it is read. */
function applyUpdate(state: InstanceState, statement: Update): void {
  const mapper: Mapper = mapperOf(state);
  for (const [target, value] of statement.sets) {
    const attribute = mapper.byColumn.get(target as unknown as Column);
    if (attribute === undefined) continue;
    if (value instanceof BindParameter && value.name === null && attribute.isLoaded(state))
      attribute.setCommitted(state, value.value);
    else attribute.expire(state);
  }
}
