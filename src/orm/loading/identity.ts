/** Loads of objects that are known by their keys: `get`, `refresh`, expired and deferred columns. */

import { ConnectionCore } from "../../engine/connection-core.js";
import type { Op } from "../../engine/io.js";
import type { QueryTags } from "../../engine/tags.js";
import type { SchemaTranslateMap } from "../../sql/compiled.js";
import type { Dialect } from "../../sql/dialect.js";
import type { LoadOption } from "../../sql/entity.js";
import { ArgumentError } from "../../sql/errors.js";
import type { BoundValue } from "../../sql/key-context.js";
import { Select } from "../../sql/selectable/select.js";
import type { Attribute } from "../attributes/attribute.js";
import { ColumnAttribute } from "../attributes/column-attribute.js";
import { RelationAttribute } from "../attributes/relation-attribute.js";
import type { LoadSession } from "../load-session.js";
import { type Mapper, mapperOf, type Relationship } from "../mapping/mapper.js";
import { PerDialect } from "../per-dialect.js";
import type { IdentityToken, InstanceState } from "../state.js";
import { announced } from "./announced.js";
import type { LockOptions } from "./column-select.js";
import { entityOf } from "./entity.js";
import { keyStatement, NO_NULLS, type NullParts, namedKey, nullsIn } from "./key-condition.js";
import { BATCH, keysCondition } from "./keys-condition.js";
import { loadRelationship } from "./lazy.js";
import { LoadRun, type NamedValues, type Said } from "./load-run.js";
import { LoadedOptions } from "./loaded-options.js";
import { OptionDefaults } from "./option-node.js";
import type { OrmPlan } from "./plan.js";
import { isAfterwards, strategyAt } from "./plan-parts.js";
import { Planner, planFor } from "./planner.js";
import { readOf } from "./read-of.js";
import { reloadState } from "./reload.js";
import type { ExecuteOptions } from "./select.js";
import { loadColumns } from "./unloaded.js";
import { carriedAmong } from "./user-option.js";

/** What a load by key may say. */
export interface GetOptions {
  /** Loader options: what is loaded with the object, and which of its columns. */
  readonly options?: readonly LoadOption[];
  /** Overwrite the object where it is loaded already. */
  readonly populateExisting?: boolean;
  /**
   * Locks the row, which is asked for even where the object is loaded. Such an object keeps what it has, unless `populateExisting` reads it anew; one whose
   * version is not the row's is refused with `StaleDataError`.
   */
  /** Locks the row until the transaction ends, and reads it: FOR UPDATE, or what the options say. */
  readonly withForUpdate?: boolean | LockOptions;
  /** As those of a session's `execute`: `tags`, `schemaTranslateMap`, `populateExisting` and others. */
  readonly executionOptions?: Readonly<Record<string, unknown>>;
  /** Stops waiting and cancels the statement. Asynchronous sessions only. */
  readonly signal?: AbortSignal;
  /** What tells objects of equal keys apart: the object of this token is asked for. In a sharded session it is the shard. */
  readonly identityToken?: IdentityToken;
  /** For the session's own routing. */
  readonly bindArguments?: Readonly<Record<string, unknown>>;
}

/** Options with what their execution options say of the object. */
export function asGetOptions(given: GetOptions): GetOptions {
  if (given.executionOptions === undefined) return given;
  const { populateExisting, identityToken } = given.executionOptions as ExecuteOptions;
  return {
    ...given,
    populateExisting: given.populateExisting ?? populateExisting === true,
    identityToken: given.identityToken ?? identityToken,
  };
}

const NONE: GetOptions & NamedValues = {};
const NO_BINDS: readonly BoundValue[] = [];

function lockOf(withForUpdate: GetOptions["withForUpdate"]): LockOptions | null {
  if (withForUpdate === undefined || withForUpdate === false) return null;
  return withForUpdate === true ? {} : withForUpdate;
}

/** The plan of a load by key without options: found without making a statement. */
const plainPlans = new PerDialect(
  (mapper: Mapper, dialect): OrmPlan => Planner.forStatement(keyStatement(mapper, NO_NULLS), dialect, NO_BINDS),
);

/** The statement of a load by key, for those who want to see it. */
function statementWith(mapper: Mapper, options: GetOptions, nulls: NullParts): Select {
  const lock = lockOf(options.withForUpdate);
  let statement = keyStatement(mapper, nulls);
  if (options.options !== undefined) statement = statement.options(...options.options);
  if (lock !== null) statement = statement.withForUpdate(lock);
  return statement;
}

function planOf(
  connection: ConnectionCore,
  mapper: Mapper,
  options: GetOptions,
  nulls: NullParts,
): { readonly plan: OrmPlan; readonly binds: readonly BoundValue[] } {
  const lock = lockOf(options.withForUpdate);
  const loadOptions = options.options;
  if (nulls === NO_NULLS && lock === null && (loadOptions === undefined || loadOptions.length === 0)) {
    return { plan: plainPlans.get(mapper, connection.dialect), binds: NO_BINDS };
  }
  return planFor(connection, statementWith(mapper, options, nulls));
}

/** Loads the object of a key with one SELECT: fills or makes it. Gives null where there is no such row. */
export function* loadByKey(
  session: LoadSession,
  mapper: Mapper,
  keyValues: readonly unknown[],
  options: GetOptions = NONE,
): Op<object | null> {
  const named = namedKey(keyValues);
  const nulls = nullsIn(keyValues);
  const objects = session.hearsLoads
    ? yield* announced(session, {
        ...GET,
        mapper,
        statement: statementWith(mapper, options, nulls),
        params: named,
        executionOptions: optionsToHear(options),
        run: (heard, params, bindArguments) =>
          readByKey(session, mapper, heard, params, bindArguments ? { ...options, bindArguments } : options, nulls),
      })
    : yield* readByKey(session, mapper, null, named, options, nulls);
  return (objects[0] as object | null | undefined) ?? null;
}

/** @param statement null for the load's own */
function* readByKey(
  session: LoadSession,
  mapper: Mapper,
  statement: Select | null,
  named: NamedValues,
  options: GetOptions,
  nulls: NullParts,
): Op<object[]> {
  const locks = lockOf(options.withForUpdate) !== null;
  const routed = statement ?? (locks ? statementWith(mapper, options, nulls) : readOf(mapper));
  const found = session.connectionSoon(mapper, routed, options.bindArguments);
  const connection = found instanceof ConnectionCore ? found : yield* found;
  const { executionOptions } = options;
  const execute = (): Op<readonly unknown[]> => {
    const { plan, binds } =
      statement === null ? planOf(connection, mapper, options, nulls) : planFor(connection, statement);
    const overwrite = options.populateExisting === true;
    const run = new LoadRun(session, connection, binds, named, overwrite, null, saidBy(options));
    run.checksVersions = locks && !overwrite;
    return plan.execute(run);
  };
  const values = yield* executionOptions === undefined
    ? execute()
    : connection.withSchemas(executionOptions.schemaTranslateMap as SchemaTranslateMap | undefined, () =>
        connection.withTags(executionOptions.tags as QueryTags | undefined, execute),
      );
  return values as object[];
}

/** What the listeners are told of a load by key: its execution options, and where it goes. */
function optionsToHear({ executionOptions = NONE, bindArguments }: GetOptions): Readonly<Record<string, unknown>> {
  return bindArguments === undefined ? executionOptions : { ...executionOptions, bindArguments };
}

/** A load that is for no object that is there. */
const GET = { kind: "get", states: [] } as const;

function saidBy({ identityToken, executionOptions, options }: GetOptions): Said | null {
  if (identityToken === undefined && executionOptions === undefined && options === undefined) return null;
  return { identityToken, executionOptions, carried: carriedAmong(options ?? []) };
}

/**
 * Loads the objects of many keys into the identity map; those without a row are left out.
 *
 * @param states the objects, where they are there already and are read again
 */
export function* loadByKeys(
  session: LoadSession,
  mapper: Mapper,
  keys: readonly (readonly unknown[])[],
  options: GetOptions = NONE,
  states: readonly InstanceState[] = [],
): Op<void> {
  if (keys.length === 0) return;
  if (keys.length === 1) {
    yield* loadByKey(session, mapper, keys[0], options);
    return;
  }
  const connection = yield* session.connectionFor(mapper, readOf(mapper), options.bindArguments);
  const [key, ...others] = mapper.primaryKey;
  const asOne = others.length === 0 && connection.dialect.listsAsOne(key.column.type);
  const size = asOne ? keys.length : BATCH;
  const said = saidBy(options);
  const read = function* (statement: Select, named?: NamedValues): Op<object[]> {
    const { plan, binds } = planFor(connection, statement);
    const run = new LoadRun(session, connection, binds, named, options.populateExisting === true, null, said);
    return (yield* plan.execute(run)) as object[];
  };
  for (let start = 0; start < keys.length; start += size) {
    const plain = keysStatement(mapper, keys.slice(start, start + size), connection.dialect);
    const statement = options.options === undefined ? plain : plain.options(...options.options);
    if (session.hearsLoads) {
      yield* announced(session, {
        kind: states.length === 0 ? "get" : "column",
        mapper,
        statement,
        params: NONE,
        states,
        executionOptions: options.executionOptions ?? NONE,
        run: (heard, params) => read(heard ?? statement, params),
      });
    } else yield* read(statement);
  }
}

function keysStatement(mapper: Mapper, keys: readonly (readonly unknown[])[], dialect: Dialect): Select {
  const entity = entityOf(mapper);
  const columns = mapper.primaryKey.map((attribute) => entity.columnFor(attribute.column));
  return new Select([entity], []).with({ whereCriteria: [keysCondition(columns, keys, dialect)] });
}

/**
 * Loads an object anew, over what it has.
 *
 * @param attributes those to load; null for all columns that are not deferred (and deferred ones that are loaded) and the relationships that the mapping loads eagerly
 * @returns false when the row is gone
 */
export function* refreshState(
  session: LoadSession,
  state: InstanceState,
  attributes: readonly Attribute[] | null,
  options: GetOptions = NONE,
): Op<boolean> {
  const mapper = mapperOf(state);
  if (state.key === null)
    throw new ArgumentError(`${state.describe()} has no row yet: flush it before it is refreshed.`);
  const columns: ColumnAttribute[] = [];
  const relations: Relationship[] = [];
  if (attributes === null) {
    for (const attribute of mapper.columnAttributes)
      if (!attribute.deferred || attribute.isLoaded(state)) columns.push(attribute);
    for (const relationship of mapper.relationships) {
      const strategy = strategyAt(relationship, new OptionDefaults().nowhere, [mapper]);
      if (strategy === "joined" || isAfterwards(strategy)) relations.push(relationship);
    }
  } else {
    for (const attribute of attributes) {
      if (attribute instanceof ColumnAttribute) columns.push(attribute);
      else if (attribute instanceof RelationAttribute)
        relations.push(mapper.relationship(attribute.key) as Relationship);
    }
  }
  const lock = lockOf(options.withForUpdate);
  // PostgreSQL refuses to lock what an outer join may lack: a row that is locked is read alone.
  const joined =
    attributes === null || lock !== null ? [] : relations.filter((each) => each.strategyFor(state) === "joined");
  if (joined.length > 0) {
    for (const { attribute } of joined) attribute.expire(state);
    if (!(yield* reloadState(session, state, { columns, joined }))) return false;
  } else if (columns.length > 0 || attributes === null) {
    if (!(yield* loadColumns(session, state, columns, true, lock))) return false;
    if (attributes === null) {
      state.expired = false;
      if (state.extra !== null) state.extra.expiredBy = null;
      if (state.committed !== null && state.committed.size === 0) state.commitAll();
    }
    // The key is read, so that a row that is gone is noticed however few attributes are asked for.
  } else if (!(yield* loadColumns(session, state, mapper.primaryKey, false))) return false;
  const said = state.origin?.options ?? null;
  for (const relationship of relations) {
    if (joined.includes(relationship)) continue;
    relationship.attribute.expire(state);
    // Asked for by name, a collection is loaded whole, whatever part of it the statement before wanted.
    const whole = attributes !== null && said instanceof LoadedOptions;
    yield* loadRelationship(session, [state], relationship, whole ? said.wholeOf(relationship.key) : said);
  }
  return true;
}
