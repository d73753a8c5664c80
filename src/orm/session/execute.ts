/** Statements through a session: ORM selects are loaded, DML over mapped classes keeps the session in step, everything else runs as it is. */

import { ConnectionCore } from "../../engine/connection-core.js";
import { DISPATCH } from "../../engine/events.js";
import { execute as executeCore, tagsOf } from "../../engine/execute.js";
import { NO_OPTIONS } from "../../engine/execution-options.js";
import type { Op } from "../../engine/io.js";
import { type CursorResult, Result, type ScalarResult } from "../../engine/result.js";
import { Delete } from "../../sql/dml/delete.js";
import { Insert } from "../../sql/dml/insert.js";
import { Update } from "../../sql/dml/update.js";
import { TextClause } from "../../sql/elements/text.js";
import { ArgumentError, InvalidRequestError, ResourceClosedError } from "../../sql/errors.js";
import { Node } from "../../sql/node.js";
import { FromStatement } from "../../sql/selectable/from-statement.js";
import { Query } from "../../sql/selectable/query.js";
import { Select } from "../../sql/selectable/select.js";
import { executeInsert } from "../bulk/bulk-insert.js";
import { executeBulk } from "../bulk/bulk-where.js";
import { executeFromStatement, mapperOfRows, openFromStatement } from "../loading/from-statement.js";
import type { NamedValues } from "../loading/load-run.js";
import { takingValues } from "../loading/named-values.js";
import { OrmEntity } from "../loading/orm-entity.js";
import { reached } from "../loading/reached.js";
import { connectionOf, type OpenSelect, openSelect, planSelect, refuseParts } from "../loading/select.js";
import type { Mapper } from "../mapping/mapper.js";
import { optionsOf, type Params, type SessionExecuteOptions } from "./execute-options.js";
import { HeardExecution } from "./heard-execution.js";
import { OWN_STATEMENT } from "./orm-execute-state.js";
import type { SessionCore } from "./session-core.js";
import { overShards, type Shards } from "./sharding.js";

/** The mapper that a statement is about: it decides which engine runs it. */
export function mapperOfStatement(statement: Node): Mapper | null {
  if (statement instanceof Select) {
    for (const element of statement.rawColumns) if (element instanceof OrmEntity) return element.mapper;
  }
  const { entity } = statement as { readonly entity?: unknown };
  if (entity instanceof OrmEntity) return entity.mapper;
  for (const node of reached(statement)) {
    if (node instanceof OrmEntity) return node.mapper;
    const owner = (node as { entity?: unknown }).entity;
    if (owner instanceof OrmEntity) return owner.mapper;
  }
  return null;
}

function checkStatement(statement: unknown, method: string): asserts statement is Node {
  if (statement instanceof Node) return;
  throw new ArgumentError(
    typeof statement === "string"
      ? `session.${method}() takes a statement, not a string: write text(${JSON.stringify(statement)}).`
      : `session.${method}() takes a statement such as select(User), not ${typeof statement === "function" ? `the class or function ${statement.name}` : String(statement)}.`,
  );
}

/** Text that begins otherwise may write. */
const READING = /^\s*(select|with|values|show|explain|table)\b/i;

function mayWrite(statement: Node): boolean {
  if (statement instanceof Query || statement instanceof FromStatement) return false;
  return !(statement instanceof TextClause && READING.test(statement.pieces[0]));
}

/** Statements about a class that may run on several shards; what is inserted must be told where it goes. */
function isSpread(statement: Node): boolean {
  return mapperOfStatement(statement) !== null && !(statement instanceof Insert);
}

/**
 * Runs a statement.
 *
 * @param only gives the first column of the rows in place of the rows: `session.scalars()`
 */
export function execute(
  session: SessionCore,
  statement: unknown,
  params: Params | undefined,
  options?: SessionExecuteOptions,
  only?: false,
): Op<Result<unknown> | CursorResult<unknown>>;
export function execute(
  session: SessionCore,
  statement: unknown,
  params: Params | undefined,
  options: SessionExecuteOptions | undefined,
  only: true,
): Op<ScalarResult>;
export function execute(
  session: SessionCore,
  statement: unknown,
  params: Params | undefined,
  options: SessionExecuteOptions = NO_OPTIONS,
  only = false,
): Op<Result<unknown> | CursorResult<unknown> | ScalarResult> {
  // What is run most often takes the shortest way.
  if (
    statement instanceof Select &&
    !session.hearsLoads &&
    session.shards === null &&
    tagsOf(statement, options) === undefined
  )
    return executeSelect(session, statement, params, options, only);
  return executeAny(session, statement, params, options, only);
}

function* executeAny(
  session: SessionCore,
  statement: unknown,
  params: Params | undefined,
  options: SessionExecuteOptions,
  only: boolean,
): Op<Result<unknown> | ScalarResult> {
  checkStatement(statement, "execute");
  if (!session.hearsLoads) {
    const result = yield* perform(session, statement, params, options);
    return only ? result.scalars() : result;
  }
  const heard = yield* heardExecution(session).hear(statement, params, options);
  if (heard instanceof Result) return only ? heard.scalars() : heard;
  const { statement: node, parameters, executionOptions } = heard;
  if (node instanceof Select && session.shards === null && tagsOf(node, executionOptions) === undefined)
    return yield* executeSelect(session, node as Select, parameters, executionOptions, only);
  const result = yield* perform(session, node, parameters, executionOptions);
  return only ? result.scalars() : result;
}

function* executeSelect(
  session: SessionCore,
  statement: Select,
  params: Params | undefined,
  options: SessionExecuteOptions,
  only: boolean,
): Op<Result<unknown> | ScalarResult> {
  const merged = optionsOf(session, statement, options);
  if (merged.autoflush !== false && session.needsAutoflush) yield* session.autoflush();
  const valued = params === undefined ? statement : takingValues(statement, params as NamedValues);
  const found = connectionOf(session, valued, merged);
  const connection = found instanceof ConnectionCore ? found : yield* found;
  const named = valued === statement ? (params as NamedValues) : undefined;
  const { plan, run } = planSelect(session, connection, valued, merged, named);
  if (merged.yieldPer !== undefined) refuseParts(plan);
  const result = new Result<unknown>(plan.shape, yield* plan.execute(run));
  if (merged.yieldPer !== undefined) result.yieldPer(merged.yieldPer);
  return only ? result.scalars() : result;
}

/** In a sharded session, what tells objects apart is the shard that they are of. */
function placed(shards: Shards | null, options: SessionExecuteOptions): SessionExecuteOptions {
  const { identityToken, bindArguments } = options;
  if (shards === null || identityToken === undefined || bindArguments?.shardId !== undefined) return options;
  return { ...options, bindArguments: { ...bindArguments, shardId: identityToken } };
}

/** Runs a statement as it is. */
function* perform(
  session: SessionCore,
  statement: Node,
  params: Params | undefined,
  options: SessionExecuteOptions,
): Op<Result<unknown> | CursorResult<unknown>> {
  const { shards } = session;
  const merged = placed(shards, optionsOf(session, statement, options));
  if (merged.autoflush !== false) yield* session.autoflush();
  if (shards !== null && merged.bindArguments?.shardId === undefined && isSpread(statement)) {
    const ids = shards.shardsFor(statement, mapperOfStatement(statement));
    return yield* overShards(ids, { ...merged, autoflush: false }, (each) => perform(session, statement, params, each));
  }
  const tags = tagsOf(statement, options);
  if (tags === undefined) return yield* performHere(session, statement, params, merged);
  const connection = yield* session.connectionFor(mapperOfStatement(statement), statement, merged.bindArguments);
  return yield* connection.withTags(tags, () => performHere(session, statement, params, merged));
}

/** Runs a statement in one place, after the flush. */
function* performHere(
  session: SessionCore,
  statement: Node,
  params: Params | undefined,
  merged: SessionExecuteOptions,
): Op<Result<unknown> | CursorResult<unknown>> {
  if (statement instanceof Select) {
    const flushed = merged.autoflush === false ? merged : { ...merged, autoflush: false };
    return (yield* executeSelect(session, statement, params, flushed, false)) as Result<unknown>;
  }
  if (statement instanceof FromStatement) {
    if (!(statement.statement instanceof Query)) session.hasWritten ||= mayWrite(statement.statement);
    const connection = yield* session.connectionFor(mapperOfRows(statement), statement, merged.bindArguments);
    const { shape, rows } = yield* executeFromStatement(session, connection, statement, params as never, merged);
    return new Result(shape, rows);
  }
  if (mayWrite(statement)) session.hasWritten = true;
  if (statement instanceof Insert && statement.entity instanceof OrmEntity)
    return yield* executeInsert(session, statement as Insert, params, merged);
  if ((statement instanceof Update || statement instanceof Delete) && statement.entity instanceof OrmEntity) {
    return yield* executeBulk(session, statement as Update, params, merged);
  }
  const connection = yield* session.connectionFor(mapperOfStatement(statement), statement, merged.bindArguments);
  return yield* executeCore(connection, statement, params, merged);
}

/** A statement on its way through the handlers of `doOrmExecute`. */
function heardExecution(session: SessionCore): HeardExecution {
  return new HeardExecution(session, session[DISPATCH], OWN_STATEMENT, (statement, params, options) =>
    perform(session, statement, params, options),
  );
}

/** A statement as the handlers leave it, for a run that gives no Result, so that none of them can answer. */
export function* heardStatement(
  session: SessionCore,
  statement: Node,
  given: SessionExecuteOptions,
): Op<{ readonly statement: Node; readonly options: SessionExecuteOptions }> {
  if (!session.hearsLoads) return { statement, options: optionsOf(session, statement, given) };
  const heard = yield* heardExecution(session).hear(statement, undefined, given);
  if (heard instanceof Result)
    throw new InvalidRequestError("A handler of doOrmExecute cannot answer a statement that is copied.");
  return { statement: heard.statement, options: heard.executionOptions };
}

/** A statement's rows as they come, from a server-side cursor. */
export function* openStream(
  session: SessionCore,
  statement: unknown,
  params: Params | undefined,
  options: SessionExecuteOptions = {},
): Op<OpenSelect & { readonly yieldPer: number | undefined }> {
  checkStatement(statement, "stream");
  let node = statement;
  let given = params;
  let heard = options;
  if (session.hearsLoads) {
    const answer = yield* heardExecution(session).hear(statement, params, options);
    if (answer instanceof Result) return { ...openResult(answer), yieldPer: options.yieldPer };
    ({ statement: node, parameters: given, executionOptions: heard } = answer);
  }
  const merged = placed(session.shards, optionsOf(session, node, heard));
  if (merged.autoflush !== false) yield* session.autoflush();
  const { yieldPer } = merged;
  const open = yield* openRows(session, node, given, merged, yieldPer ?? 1000);
  return { ...untilClosed(session, open), yieldPer };
}

/** The connection may be another's and go on when the session is closed: its objects have no session to belong to then. */
function untilClosed(session: SessionCore, { shape, fetch, close }: OpenSelect): OpenSelect {
  const { closings } = session;
  return {
    shape,
    *fetch(count) {
      if (session.closings === closings) return yield* fetch(count);
      yield* close();
      throw new ResourceClosedError(
        "The session of this result was closed while it was being streamed. Read a result to its end before close() or reset().",
      );
    },
    close,
  };
}

/** The rows of a handler's answer, as if they were read in parts. */
function openResult(answer: Result<unknown>): OpenSelect {
  const { shape, data } = answer.freeze();
  let position = 0;
  return {
    shape,
    // biome-ignore lint/correctness/useYield: it has the form of an operation
    *fetch(count) {
      const start = position;
      position += count;
      return data.slice(start, position) as unknown[];
    },
    *close() {},
  };
}

function* openRows(
  session: SessionCore,
  node: Node,
  given: Params | undefined,
  merged: SessionExecuteOptions,
  chunk: number,
): Op<OpenSelect> {
  if (node instanceof FromStatement) {
    const connection = yield* session.connectionFor(mapperOfRows(node), node, merged.bindArguments);
    return yield* openFromStatement(session, connection, node, given as never, merged, chunk);
  }
  if (!(node instanceof Select))
    throw new ArgumentError("session.stream() takes a select; use connection().stream() for other statements.");
  return yield* openSelect(session, given === undefined ? node : node.params(given as never), merged, chunk);
}
