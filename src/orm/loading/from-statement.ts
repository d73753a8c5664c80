/** Executes `select(...).fromStatement(...)`: the rows of any statement as entities. */

import type { ConnectionCore } from "../../engine/connection-core.js";
import type { Op } from "../../engine/io.js";
import type { ResultShape } from "../../engine/row.js";
import { LRUCache } from "../../sql/cache.js";
import { compile } from "../../sql/compile.js";
import type { Compiled, CompileOptions } from "../../sql/compiled.js";
import { Delete } from "../../sql/dml/delete.js";
import { requireRows } from "../../sql/dml/restricted.js";
import { Update } from "../../sql/dml/update.js";
import { InvalidRequestError } from "../../sql/errors.js";
import { type BoundValue, cacheKeyOf } from "../../sql/node.js";
import type { FromStatement } from "../../sql/selectable/from-statement.js";
import type { Statement } from "../../sql/statement.js";
import type { LoadSession } from "../load-session.js";
import type { Mapper } from "../mapping/mapper.js";
import { LoadRun, type NamedValues } from "./load-run.js";
import { criteriaAmong } from "./option-tree.js";
import { OrmEntity } from "./orm-entity.js";
import { type GivenColumn, givenColumns, makeRowPlan, type RowPlan } from "./row-plan.js";
import { compileOptions, type ExecuteOptions, type OpenSelect, overwrites, refuseParts, saidBy } from "./select.js";
import { prepareNode, prepareWrite } from "./statement-entities.js";

/** A statement in the database's words, with the plans of the column lists that it was seen to give. */
interface Prepared {
  readonly compiled: Compiled;
  readonly planned: readonly BoundValue[];
  readonly plans: Map<string, RowPlan>;
}

const caches = new WeakMap<object, LRUCache<number, Prepared>>();

/** The statement whose rows are read, with the criteria among the options. */
function sourceOf({ statement, loadOptions }: FromStatement): Statement {
  const criteria = criteriaAmong(loadOptions);
  const isWrite = statement instanceof Update || statement instanceof Delete;
  if (isWrite && statement.entity instanceof OrmEntity) {
    requireRows(statement);
    return prepareWrite(statement as Update, criteria);
  }
  return prepareNode(statement, criteria) as Statement;
}

function prepare(
  connection: ConnectionCore,
  statement: FromStatement,
  options: CompileOptions | undefined,
): { readonly prepared: Prepared; readonly binds: readonly BoundValue[] } {
  const { key, binds } = cacheKeyOf(statement);
  const source = sourceOf(statement);
  const inner = cacheKeyOf(source).binds;
  const make = (): Prepared => ({
    compiled: compile(source, connection.dialect, { ...options, binds: inner }),
    planned: binds,
    plans: new Map(),
  });
  if (key === null || options !== undefined) return { prepared: make(), binds: inner };
  let cache = caches.get(connection.dialect);
  if (cache === undefined) {
    cache = new LRUCache(200);
    caches.set(connection.dialect, cache);
  }
  let prepared = cache.get(key);
  if (prepared === undefined) {
    prepared = make();
    if (!prepared.compiled.expanded) cache.set(key, prepared);
  }
  return { prepared, binds: inner };
}

function planOf(
  { compiled, planned, plans }: Prepared,
  statement: FromStatement,
  connection: ConnectionCore,
  names: readonly string[],
  options: CompileOptions | undefined,
): RowPlan {
  const key = names.join("\u0000");
  let plan = plans.get(key);
  if (plan === undefined) {
    const given: readonly GivenColumn[] = givenColumns(compiled) ?? names.map((name) => ({ name, element: null }));
    plan = makeRowPlan({
      nodes: statement.rawColumns,
      rowKeys: statement.select.rowKeys,
      loadOptions: statement.loadOptions,
      given,
      compiled,
      planned,
      dialect: connection.dialect,
      options,
    });
    plans.set(key, plan);
  }
  return plan;
}

/** Runs the statement and loads what it says; the caller has autoflushed. */
export function* executeFromStatement(
  session: LoadSession,
  connection: ConnectionCore,
  statement: FromStatement,
  named: NamedValues | undefined,
  options: ExecuteOptions,
): Op<{ readonly shape: ResultShape; readonly rows: unknown[] }> {
  const map = compileOptions(connection, statement, options);
  const { prepared, binds } = prepare(connection, statement, map);
  const { compiled } = prepared;
  const result = yield* connection.run(compiled, compiled.bind(binds, named));
  if (result.columns === null && compiled.resultColumns === null) {
    throw new InvalidRequestError("The statement of fromStatement() returns no rows.");
  }
  const rowPlan = planOf(prepared, statement, connection, result.columns ?? [], map);
  const all = cacheKeyOf(statement).binds;
  const run = new LoadRun(
    session,
    connection,
    all,
    named,
    overwrites(statement, options),
    null,
    saidBy(statement, options),
  );
  if (options.yieldPer !== undefined) refuseParts(rowPlan.plan);
  const rows = rowPlan.plan.read(run, rowPlan.arrange(result.rows));
  yield* rowPlan.plan.fill(run);
  return { shape: rowPlan.plan.shape, rows };
}

/** The same, read in parts. */
export function* openFromStatement(
  session: LoadSession,
  connection: ConnectionCore,
  statement: FromStatement,
  named: NamedValues | undefined,
  options: ExecuteOptions,
  chunk: number,
): Op<OpenSelect> {
  const map = compileOptions(connection, statement, options);
  const { prepared, binds } = prepare(connection, statement, map);
  const { compiled } = prepared;
  const { tags } = options;
  const said = saidBy(statement, options);
  const populateExisting = overwrites(statement, options);
  const cursor = yield* connection.withTags(tags, () =>
    connection.cursor(compiled, compiled.bind(binds, named), chunk),
  );
  const rowPlan = planOf(prepared, statement, connection, cursor.columns, map);
  const { plan } = rowPlan;
  try {
    refuseParts(plan);
  } catch (error) {
    yield* cursor.close();
    throw error;
  }
  const all = cacheKeyOf(statement).binds;
  return {
    shape: plan.shape,
    *fetch(count) {
      const rows = yield* cursor.fetch(count);
      const run = new LoadRun(session, connection, all, named, populateExisting, null, said);
      const values = plan.read(run, rowPlan.arrange(rows));
      yield* connection.withTags(tags, () => plan.fill(run));
      return values;
    },
    *close() {
      yield* cursor.close();
    },
  };
}

/** The class whose database the statement belongs to. */
export function mapperOfRows(statement: FromStatement): Mapper | null {
  for (const node of statement.rawColumns) {
    const { mapper } = node as { readonly mapper?: Mapper };
    if (mapper !== undefined) return mapper;
  }
  return null;
}
