/** Execution of statements: from a node and its parameters to a result. */

import { compile } from "../sql/compile.js";
import type { Compiled, CompileOptions } from "../sql/compiled.js";
import { DDLElement } from "../sql/ddl/element.js";
import { Insert } from "../sql/dml/insert.js";
import { Update } from "../sql/dml/update.js";
import { ColumnElement } from "../sql/element.js";
import type { BindParameter } from "../sql/elements/bind.js";
import { withParams } from "../sql/elements/params.js";
import { SQLTemplate } from "../sql/elements/template.js";
import { TextClause } from "../sql/elements/text.js";
import { ArgumentError } from "../sql/errors.js";
import { plainSQL } from "../sql/mapped.js";
import { cacheKeyOf, Node } from "../sql/node.js";
import type { Column } from "../sql/schema/column.js";
import { Sequence } from "../sql/schema/generated.js";
import { select } from "../sql/selectable/select.js";
import type { ConnectionCore } from "./connection-core.js";
import type { CursorCore } from "./cursor-core.js";
import type { DriverManyResult, DriverResult } from "./driver.js";
import { ObjectNotExecutableError } from "./errors.js";
import { DISPATCH, refusePromise } from "./events.js";
import { type ExecutionOptions, mergeOptions, NO_OPTIONS } from "./execution-options.js";
import { insertedKeys, keysToReturn } from "./inserted-keys.js";
import type { Op } from "./io.js";
import { textPlan } from "./plan.js";
import { CursorResult } from "./result.js";
import { resultPlanOf, textShape } from "./result-plan.js";
import { defaultsToReturn, returnedDefaults } from "./returned-defaults.js";
import type { ResultShape } from "./row.js";
import { mergeTags, type QueryTags } from "./tags.js";

/** Values by name for one execution, or a list of them to execute the statement for each. */
export type Parameters = Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[];

type Named = Readonly<Record<string, unknown>>;

/** A statement that has been compiled, its values and how it is to be executed. */
interface Prepared {
  readonly node: Node;
  readonly compiled: Compiled;
  readonly sets: readonly (readonly unknown[])[];
  readonly isMany: boolean;
  readonly options: ExecutionOptions;
  readonly given: readonly string[];
  /** What is asked back by a RETURNING that the statement itself has not: its rows are no rows of the result. */
  readonly returned: readonly Column[];
  /** The columns of `returnDefaults()`, or null. */
  readonly defaults: readonly Column[] | null;
}

/**
 * Executes a statement and reads all its rows.
 *
 * @param isPlain it has what its mapped classes ask for already: it comes from the ORM
 */
export function* execute(
  connection: ConnectionCore,
  statement: unknown,
  params?: Parameters | null,
  options?: ExecutionOptions,
  isPlain = false,
): Op<CursorResult<unknown>> {
  const node = executable(statement);
  const tags = tagsOf(node, options);
  if (tags !== undefined)
    return yield* connection.withTags(tags, () => executeTagged(connection, node, params, options, isPlain));
  return yield* executeTagged(connection, node, params, options, isPlain);
}

function* executeTagged(
  connection: ConnectionCore,
  given: Node,
  params: Parameters | null | undefined,
  options: ExecutionOptions | undefined,
  isPlain: boolean,
): Op<CursorResult<unknown>> {
  let node = given;
  const all = allOptions(connection, node, options);
  if (connection.hears("beforeExecute")) {
    const dispatch = connection[DISPATCH];
    for (const { call } of dispatch.listeners("beforeExecute") ?? []) {
      const replaced = call(connection, node, params, all);
      refusePromise(dispatch, "beforeExecute", replaced);
      if (replaced instanceof Node) node = replaced;
    }
  }
  const result =
    node instanceof DDLElement
      ? yield* executeDDL(connection, node, all)
      : yield* run(connection, prepare(connection, node, params ?? undefined, all, isPlain && node === given));
  if (connection.hears("afterExecute"))
    connection[DISPATCH].fire("afterExecute", connection, node, params, all, result);
  return result;
}

function* run(connection: ConnectionCore, prepared: Prepared): Op<CursorResult<unknown>> {
  const { compiled, sets, options } = prepared;
  const { signal } = options;
  const raw = prepared.isMany
    ? yield* connection.runMany(compiled, sets, signal)
    : yield* connection.run(compiled, sets[0] as readonly unknown[], signal);
  return makeResult(connection, prepared, raw);
}

/** A statement as it would be executed, with the driver's values. @throws ArgumentError for a list of parameter sets, or DDL */
export function compiledStatement(
  connection: ConnectionCore,
  statement: unknown,
  params: Named | undefined,
): { readonly compiled: Compiled; readonly params: readonly unknown[] } {
  const node = executable(statement);
  if (Array.isArray(params)) throw new ArgumentError("One set of parameters is taken here, not a list.");
  if (node instanceof DDLElement) throw new ArgumentError("DDL has no plan: explain() is for queries and DML.");
  const { compiled, sets } = prepare(connection, node, params, allOptions(connection, node, undefined));
  return { compiled, params: sets[0] as readonly unknown[] };
}

/** Executes a DDL element. */
export function* executeDDL(
  connection: ConnectionCore,
  ddl: DDLElement,
  options: ExecutionOptions = connection.options,
): Op<CursorResult<unknown>> {
  const compiled = compile(ddl, connection.dialect, { schemaTranslateMap: options.schemaTranslateMap });
  yield* connection.runText({ ...textPlan(compiled.text), returnsRows: false }, [], options.signal);
  return new CursorResult(null, [], {
    rowcount: -1,
    lastrowid: null,
    perSet: null,
    lastrowids: null,
    insertedKeys: null,
  });
}

/** What streams a statement's rows: a cursor, the shape of its rows and how they are converted. */
export interface StreamPlan {
  readonly cursor: CursorCore;
  readonly shape: ResultShape;
  readonly convert: ((rows: unknown[][]) => void) | null;
}

/** Opens a server-side cursor for a statement. */
export function* openStream(
  connection: ConnectionCore,
  statement: unknown,
  params?: Parameters | null,
  options?: ExecutionOptions,
): Op<StreamPlan> {
  const node = executable(statement);
  const all = allOptions(connection, node, options);
  const prepared = prepare(connection, node, params ?? undefined, all);
  if (prepared.isMany) {
    throw new ArgumentError("stream() takes one set of parameters, not a list: a cursor belongs to one execution.");
  }
  const { compiled } = prepared;
  const chunk = all.yieldPer ?? 1000;
  const cursor = yield* connection.withTags(tagsOf(node, options), () =>
    connection.cursor(compiled, prepared.sets[0] as readonly unknown[], chunk, all.signal),
  );
  const plan = resultPlanOf(compiled, connection.dialect);
  if (plan !== null) return { cursor, ...plan };
  return { cursor, shape: textShape(cursor.columns), convert: null };
}

/** Sends SQL to the driver as it is, with the driver's own placeholders. */
export function* execDriverSql(
  connection: ConnectionCore,
  sql: string,
  params?: readonly unknown[],
  options?: ExecutionOptions,
): Op<CursorResult<unknown>> {
  if (typeof sql !== "string") throw new ArgumentError("execDriverSql() takes a string of SQL.");
  if (params !== undefined && !Array.isArray(params)) {
    throw new ArgumentError(
      "execDriverSql() takes a list of values in the driver's own order; for named parameters use text().",
    );
  }
  const all = allOptions(connection, null, options);
  const raw = yield* connection.withTags(options?.tags, () =>
    connection.runText(textPlan(sql), params ?? [], all.signal),
  );
  return makeTextResult(raw);
}

// --- inside --------------------------------------------------------------------------------------------------------

// A template with a type is an expression, one without is a whole statement.
function isText(element: ColumnElement): boolean {
  return element instanceof TextClause || (element instanceof SQLTemplate && element.type.family === "null");
}

function executable(statement: unknown): Node {
  if (statement instanceof Sequence) return select(statement.nextValue());
  if (statement instanceof Node) {
    return statement instanceof ColumnElement && !isText(statement) ? select(statement) : statement;
  }
  if (typeof statement === "string") {
    throw new ObjectNotExecutableError(
      `A string is no statement: ${JSON.stringify(statement.length > 60 ? `${statement.slice(0, 60)}...` : statement)}. ` +
        'Write text("...") around SQL, or use execDriverSql().',
    );
  }
  const what =
    statement === null ? "null" : typeof statement === "object" ? statement.constructor?.name : typeof statement;
  throw new ObjectNotExecutableError(
    `${what} is no statement that could be executed; make one with select(), insert(), text() ...`,
  );
}

/** The query tags of a statement and of its call. */
export function tagsOf(node: Node, options: ExecutionOptions | undefined): QueryTags | undefined {
  return mergeTags((node as { execOptions?: ExecutionOptions }).execOptions?.tags, options?.tags);
}

function allOptions(
  connection: ConnectionCore,
  node: Node | null,
  options: ExecutionOptions | undefined,
): ExecutionOptions {
  const own = (node as { execOptions?: ExecutionOptions } | null)?.execOptions ?? NO_OPTIONS;
  const base = Object.keys(own).length === 0 ? connection.options : mergeOptions(connection.options, own);
  return mergeOptions(base, options);
}

function prepare(
  connection: ConnectionCore,
  original: Node,
  params: Parameters | undefined,
  options: ExecutionOptions,
  isPlain = false,
): Prepared {
  const isMany = Array.isArray(params);
  const named = checkParams(params);
  const first = named[0];
  const node = first === undefined ? original : withWrittenValues(original, named);
  const insert = node instanceof Insert ? (node as Insert) : null;
  const update = node instanceof Update ? (node as Update) : null;
  let given: readonly string[] = [];
  let compileOptions: CompileOptions | undefined;
  if (first !== undefined && (insert !== null || update !== null)) {
    const bound = new Set(cacheKeyOf(node).binds.map((bind) => bind.name));
    given = Object.keys(first).filter((key) => !bound.has(key));
    if (given.length > 0) compileOptions = { columnKeys: given };
  }
  const { schemaTranslateMap } = options;
  if (schemaTranslateMap !== undefined) compileOptions = { ...compileOptions, schemaTranslateMap };
  const dml = insert ?? update;
  const defaults = dml === null ? null : defaultsToReturn(dml, given);
  const keys =
    insert !== null && (!isMany || defaults !== null)
      ? keysToReturn(insert, given, connection.dialect, defaults !== null)
      : [];
  const returned = defaults === null ? keys : [...new Set([...keys, ...defaults])];
  const statement = returned.length > 0 ? (dml as Insert).with({ returningNodes: returned }) : node;
  if (!isPlain) {
    const plain = cacheKeyOf(statement).mapped ? plainSQL(original) : original;
    if (plain !== original) return prepare(connection, plain, params, options, true);
  }
  const useCache = options.compiledCache !== null;
  const { compiled, binds, origin } = connection.cached(statement, compileOptions, useCache);
  connection.origin = origin;
  const sets = named.length === 0 ? [compiled.bind(binds)] : named.map((values) => compiled.bind(binds, values));
  return { node, compiled, sets, isMany, options, given, returned, defaults };
}

/** The statement with the values that its text may depend on: of lists, and of those that are written into it. */
function withWrittenValues(node: Node, sets: readonly Named[]): Node {
  const values: Record<string, unknown> = {};
  let found = false;
  for (const bind of cacheKeyOf(node).binds) {
    const { name, expanding } = bind;
    const { literalExecute } = bind as BindParameter;
    if (name === null || !(literalExecute || (expanding && sets.length === 1))) continue;
    const value = sets[0]?.[name];
    if (value === undefined) continue;
    if (sets.some((set) => set[name] !== value)) {
      throw new ArgumentError(
        `parameter ${name} is written into the SQL: all sets of one execution have one value for it.`,
      );
    }
    values[name] = value;
    found = true;
  }
  return found ? withParams(node, values) : node;
}

function checkParams(params: Parameters | undefined): readonly Named[] {
  if (params === undefined) return [];
  const list = Array.isArray(params) ? (params as readonly unknown[]) : [params];
  if (list.length === 0) {
    throw new ArgumentError(
      "The list of parameter sets is empty: there is nothing to execute. Leave the argument out for no parameters.",
    );
  }
  for (const set of list) {
    if (typeof set !== "object" || set === null || Array.isArray(set)) {
      throw new ArgumentError(
        "Parameters are given by name: an object such as { id: 5 }, or a list of such objects. " +
          "(Positional values are for execDriverSql().)",
      );
    }
  }
  return list as readonly Named[];
}

function makeResult(
  connection: ConnectionCore,
  prepared: Prepared,
  raw: DriverResult | DriverManyResult,
): CursorResult<unknown> {
  const { compiled, node } = prepared;
  const facts = {
    rowcount: raw.rowcount,
    lastrowid: compiled.kind === "insert" || compiled.kind === "text" ? raw.lastrowid : null,
    perSet: "perSet" in raw ? raw.perSet : null,
    lastrowids: "lastrowids" in raw ? raw.lastrowids : null,
    insertedKeys:
      node instanceof Insert && node.source === null
        ? () =>
            insertedKeys(
              node as Insert,
              compiled,
              prepared.given,
              prepared.sets,
              raw,
              prepared.returned,
              connection.dialect,
            )
        : null,
  };
  if (prepared.returned.length > 0) {
    resultPlanOf(compiled, connection.dialect)?.convert?.(raw.rows);
    const { defaults, returned } = prepared;
    return new CursorResult(null, [], {
      ...facts,
      returnedDefaults: defaults === null ? null : returnedDefaults(raw.rows, defaults, returned),
    });
  }
  if (compiled.kind === "text" || compiled.resultColumns === null) {
    return raw.columns === null
      ? new CursorResult(null, [], facts)
      : new CursorResult(textShape(raw.columns), raw.rows, facts);
  }
  if (!compiled.returnsRows) return new CursorResult(null, [], facts);
  const plan = resultPlanOf(compiled, connection.dialect);
  plan?.convert?.(raw.rows);
  return new CursorResult(plan?.shape ?? null, raw.rows, facts);
}

function makeTextResult(raw: DriverResult): CursorResult<unknown> {
  const facts = {
    rowcount: raw.rowcount,
    lastrowid: raw.lastrowid,
    perSet: null,
    lastrowids: null,
    insertedKeys: null,
  };
  return raw.columns === null
    ? new CursorResult(null, [], facts)
    : new CursorResult(textShape(raw.columns), raw.rows, facts);
}
