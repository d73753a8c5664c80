/** Executes SELECT statements of a session: entities, columns and both mixed, buffered or streamed. */
import type { ConnectionCore } from "../../engine/connection-core.js";
import { NO_OPTIONS } from "../../engine/execution-options.js";
import { isOp, type Op, type Soon } from "../../engine/io.js";
import type { ResultShape } from "../../engine/row.js";
import type { QueryTags } from "../../engine/tags.js";
import type { CompileOptions, SchemaTranslateMap } from "../../sql/compiled.js";
import type { LoadOption } from "../../sql/entity.js";
import { errorKind, InvalidRequestError } from "../../sql/errors.js";
import type { Node } from "../../sql/node.js";
import type { Select } from "../../sql/selectable/select.js";
import type { LoadSession } from "../load-session.js";
import type { Mapper } from "../mapping/mapper.js";
import type { IdentityToken } from "../state.js";
import { InstrumentedColumn } from "./instrumented-column.js";
import { LoadRun, type NamedValues, type Said } from "./load-run.js";
import { OrmEntity } from "./orm-entity.js";
import type { OrmPlan } from "./plan.js";
import { planFor } from "./planner.js";
import { carriedAmong } from "./user-option.js";

/** What one execution may say. */
export interface ExecuteOptions {
  /** Values of named parameters. */
  readonly params?: NamedValues;
  /** Overwrite objects that are loaded already, pending changes included. */
  readonly populateExisting?: boolean;
  /** For the session's own routing. */
  readonly bindArguments?: Readonly<Record<string, unknown>>;
  /** What tells objects of equal keys apart. */
  readonly identityToken?: IdentityToken;
  /** Other names for schemas. */
  readonly schemaTranslateMap?: SchemaTranslateMap;
  /** Query tags. */
  readonly tags?: QueryTags;
  /** Other options are for whoever reads them; those given here win over the statement's own. */
  readonly [name: string]: unknown;
}

/** The class whose database a statement belongs to; null where it selects no class. */
function mapperOfStatement(statement: Select): Mapper | null {
  const { rawColumns } = statement;
  for (let i = 0; i < rawColumns.length; i++) {
    const mapper = mapperIn(rawColumns[i]);
    if (mapper !== null) return mapper;
  }
  return null;
}

function mapperIn(node: Node): Mapper | null {
  if (node instanceof OrmEntity) return node.mapper;
  if (node instanceof InstrumentedColumn) return node.entity.mapper;
  for (const child of node.children()) {
    const mapper = mapperIn(child);
    if (mapper !== null) return mapper;
  }
  return null;
}

/** Anything that options can be given to. */
interface WithOptions {
  readonly execOptions: Readonly<Record<string, unknown>>;
}

/** What the statement is compiled with that its connection has not: other names for schemas than the connection's own. */
export function compileOptions(
  connection: ConnectionCore,
  statement: WithOptions,
  options: ExecuteOptions,
): CompileOptions | undefined {
  const map = options.schemaTranslateMap ?? (statement.execOptions.schemaTranslateMap as SchemaTranslateMap);
  return map === undefined || map === connection.options.schemaTranslateMap ? undefined : { schemaTranslateMap: map };
}

export function overwrites(statement: WithOptions, options: ExecuteOptions): boolean {
  return (options.populateExisting ?? statement.execOptions.populateExisting) === true;
}

/** What a statement and its execution say of what is loaded; null for nothing. */
export function saidBy(
  { loadOptions }: { readonly loadOptions: readonly LoadOption[] },
  options: ExecuteOptions,
): Said | null {
  if (loadOptions.length === 0 && options === NO_OPTIONS) return null;
  return { identityToken: options.identityToken, executionOptions: options, carried: carriedAmong(loadOptions) };
}

/** The connection that a SELECT is run on. */
export function connectionOf(session: LoadSession, statement: Select, options: ExecuteOptions): Soon<ConnectionCore> {
  return session.connectionSoon(mapperOfStatement(statement), statement, options.bindArguments);
}

/** A SELECT with its plan, ready to load what it says: `plan.execute(run)`. The caller has autoflushed. */
export function planSelect(
  session: LoadSession,
  connection: ConnectionCore,
  statement: Select,
  options: ExecuteOptions,
  named: NamedValues | undefined,
): { readonly plan: OrmPlan; readonly run: LoadRun } {
  const { plan, binds } = planFor(connection, statement, compileOptions(connection, statement, options));
  const populateExisting = overwrites(statement, options);
  const said = saidBy(statement, options);
  return { plan, run: new LoadRun(session, connection, binds, named, populateExisting, null, said) };
}

/** A SELECT that is read in parts. */
export interface OpenSelect {
  readonly shape: ResultShape;
  /** Up to `count` further rows, with what is loaded for them; fewer only at the end. */
  fetch(count: number): Op<unknown[]>;
  close(): Op<void>;
}

const streamedCollection = errorKind(InvalidRequestError, "ATHANOR_STREAMED_COLLECTION", {
  message: (hasCollections: boolean) =>
    `A result that is read in parts (stream(), yieldPer) ${
      hasCollections
        ? 'cannot load collections by a join (joinedload, containsEager, lazy: "joined"), since a collection is complete only when all rows were read.'
        : 'cannot load by subquery (subqueryload, lazy: "subquery"), since that runs the whole statement again, for each part.'
    } Use selectinload, which loads for each part.`,
  cause:
    "stream() and yieldPer hand objects out while rows are still being read, and a collection that a join fills is complete only after the last row. A load by subquery would run the whole statement again for each part.",
  cure: "Load the collection with selectinload, which runs for each part of the stream.",
});

/** @throws InvalidRequestError where rows that are read in parts are not enough for what is loaded with them */
export function refuseParts({ hasCollections, restatesStatement }: OrmPlan): void {
  if (hasCollections || restatesStatement) throw streamedCollection(hasCollections);
}

/**
 * Opens a SELECT to be read in parts: selectin loads run for each part.
 *
 * @param chunk how many rows a fetch brings by default
 * @throws InvalidRequestError where a collection is joined or loaded by subquery, which needs all rows at once
 */
export function* openSelect(
  session: LoadSession,
  statement: Select,
  options: ExecuteOptions = {},
  chunk = 1000,
): Op<OpenSelect> {
  const found = connectionOf(session, statement, options);
  const connection = isOp(found) ? yield* found : found;
  const { plan, binds } = planFor(connection, statement, compileOptions(connection, statement, options));
  refuseParts(plan);
  const populateExisting = overwrites(statement, options);
  const { tags, params } = options;
  const said = saidBy(statement, options);
  const cursor = yield* connection.withTags(tags, () =>
    connection.cursor(plan.compiled, plan.params(binds, params), chunk),
  );
  return {
    shape: plan.shape,
    *fetch(count) {
      session.identity.settle();
      const rows = yield* cursor.fetch(count);
      const run = new LoadRun(session, connection, binds, params, populateExisting, null, said);
      const values = plan.read(run, rows);
      yield* connection.withTags(tags, () => plan.fill(run));
      return values;
    },
    *close() {
      yield* cursor.close();
    },
  };
}
