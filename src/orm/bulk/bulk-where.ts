/** UPDATE and DELETE of a mapped class by conditions, and what they mean for the session's objects. SQLAlchemy: ORM-enabled update and delete. */
import type { ConnectionCore } from "../../engine/connection-core.js";
import { execute } from "../../engine/execute.js";
import type { Op } from "../../engine/io.js";
import { CursorResult } from "../../engine/result.js";
import { LRUCache } from "../../sql/cache.js";
import { Delete } from "../../sql/dml/delete.js";
import { requireRows } from "../../sql/dml/restricted.js";
import type { Update } from "../../sql/dml/update.js";
import type { ColumnElement } from "../../sql/element.js";
import { BindParameter } from "../../sql/elements/bind.js";
import type { LoadOption } from "../../sql/entity.js";
import { ArgumentError } from "../../sql/errors.js";
import { cacheKeyOf } from "../../sql/node.js";
import type { Column } from "../../sql/schema/column.js";
import { select } from "../../sql/selectable/select.js";
import { OptionTree } from "../loading/option-tree.js";
import type { OrmEntity } from "../loading/orm-entity.js";
import { prepareWrite } from "../loading/statement-entities.js";
import { type Mapper, mapperOf } from "../mapping/mapper.js";
import type { Params, SessionExecuteOptions } from "../session/execute-options.js";
import type { SessionCore } from "../session/session-core.js";
import { type IdentityToken, type InstanceState, tokenOf } from "../state.js";
import { refuseReturning, updateByKey } from "./bulk-by-key.js";
import type { Bulk } from "./bulk-statement.js";
import { conditionOf, type Evaluator, EXPIRED, evaluatorOf, UnevaluatableError } from "./evaluator.js";
import { hasSeveralTables, writeSeveralTables } from "./joined-where.js";
import { changesByItself } from "./own-changes.js";
import { facts, flatReturning, loadAsAsked, loadReturned, type Named, runStatementSets, setsOf } from "./returning.js";

/** An object of the session whose row the statement matches. */
interface Matched {
  readonly state: InstanceState;
  /** Memory did not know enough to say: its row may not match. */
  readonly uncertain: boolean;
}

type Strategy = "auto" | "evaluate" | "fetch" | false;

const STRATEGIES: readonly unknown[] = ["auto", "evaluate", "fetch", false];

/** Runs the statement and brings the objects it matched up to date. */
export function* executeBulk(
  session: SessionCore,
  statement: Update | Delete,
  params: Params | undefined,
  options: SessionExecuteOptions,
): Op<CursorResult<unknown>> {
  const strategy: Strategy = options.synchronizeSession ?? "auto";
  if (!STRATEGIES.includes(strategy)) {
    throw new ArgumentError(
      `synchronizeSession is "auto", "evaluate", "fetch" or false, not ${JSON.stringify(strategy)}.`,
    );
  }
  const sets = setsOf(params);
  const isUpdate = !(statement instanceof Delete);
  if (isUpdate && Array.isArray(params) && (statement as Update).sets.length === 0) {
    const update = statement as Update;
    if (statement.whereCriteria.length === 0) return yield* updateByKey(session, update, params, options);
    if (areKeyed(update, params)) return yield* updateEachByKey(session, update, params, options);
  }
  // before criteria are added: those of an option do not say which rows the caller means
  requireRows(statement);
  return yield* new BulkRun(session, withCriteria(statement), statement.loadOptions, strategy, sets, options).run();
}

/** Whether each set of values names its row by the key, and does not stand for parameters of the condition. */
function areKeyed(statement: Update, sets: readonly Named[]): boolean {
  const keys = (statement.entity as OrmEntity).mapper.primaryKey.map((attribute) => attribute.key);
  const parameters = cacheKeyOf(statement).binds.map((bind) => bind.name);
  return !keys.some((key) => parameters.includes(key)) && sets.every((set) => keys.every((key) => set[key] != null));
}

/** By primary key with a further condition: one statement for each row, since the condition is for the database. */
function* updateEachByKey(
  session: SessionCore,
  statement: Update,
  sets: readonly Named[],
  options: SessionExecuteOptions,
): Op<CursorResult<unknown>> {
  const entity = statement.entity as OrmEntity;
  const { mapper } = entity;
  refuseReturning(statement, mapper);
  let rowcount = 0;
  for (const set of sets) {
    const values: Record<string, unknown> = { ...set };
    let one = statement;
    for (const { key } of mapper.primaryKey) {
      one = one.where(entity.attribute(key).eq(set[key]));
      delete values[key];
    }
    rowcount += (yield* executeBulk(session, one.values(values), undefined, options)).rowcount;
  }
  return new CursorResult<unknown>(null, [], facts(rowcount));
}

const NO_DEFAULTS = new OptionTree([], []).defaults;
/** Shapes of statements without options that need nothing: no class in them has a discriminator. */
const complete = new LRUCache<number, true>(500);

/** The statement with what its classes ask for: discriminators, and the criteria of its options. */
function withCriteria(statement: Bulk): Bulk {
  const { loadOptions } = statement;
  if (loadOptions.length > 0) {
    const { defaults } = new OptionTree(loadOptions, [statement.entity as OrmEntity]);
    return prepareWrite(statement.with({ loadOptions: [] }) as Bulk, defaults);
  }
  const { key } = cacheKeyOf(statement);
  if (key !== null && complete.get(key)) return statement;
  const prepared = prepareWrite(statement, NO_DEFAULTS);
  if (key !== null && prepared === statement) complete.set(key, true);
  return prepared;
}

class BulkRun {
  private readonly entity: OrmEntity;
  private readonly mapper: Mapper;
  private readonly isDelete: boolean;
  /** Which of the objects with equal keys are meant: those of the shard at hand, in a sharded session. */
  private place: IdentityToken | null = null;

  constructor(
    private readonly session: SessionCore,
    private readonly statement: Bulk,
    private readonly loadOptions: readonly LoadOption[],
    private readonly strategy: Strategy,
    private readonly sets: readonly Named[] | null,
    private readonly options: SessionExecuteOptions,
  ) {
    this.entity = statement.entity as OrmEntity;
    this.mapper = this.entity.mapper;
    this.isDelete = statement instanceof Delete;
  }

  *run(): Op<CursorResult<unknown>> {
    const { session, statement, mapper, options } = this;
    const connection = yield* session.connectionFor(mapper, statement, options.bindArguments);
    this.place = options.identityToken ?? session.placeOf(connection);
    if (hasSeveralTables(mapper, statement)) return yield* this.runOverTables(connection);
    const values = this.valueEvaluators();
    const inMemory = this.strategy === "evaluate" || this.strategy === "auto" ? this.matchInMemory() : null;
    if (inMemory !== null) {
      const fresh = this.newValues(inMemory, values);
      return this.announce(yield* this.write(connection, statement, () => this.synchronize(inMemory, fresh)));
    }
    if (this.strategy === false || session.identity.family(mapper.base, this.place).size === 0)
      return this.announce(yield* this.write(connection, statement, () => {}));
    const { updateReturning, deleteReturning } = connection.dialect.capabilities;
    const returns = this.isDelete ? deleteReturning : updateReturning;
    if (returns && statement.returningNodes.length === 0 && (this.sets === null || this.sets.length === 1)) {
      return this.announce(yield* this.writeAndFetchKeys(connection, values));
    }
    const matched = yield* this.matchByKeys(connection);
    const fresh = this.newValues(matched, values);
    return this.announce(yield* this.write(connection, statement, () => this.synchronize(matched, fresh)));
  }

  private announce(result: CursorResult<unknown>): CursorResult<unknown> {
    this.session.emit(this.isDelete ? "afterBulkDelete" : "afterBulkUpdate", this.statement, result);
    return result;
  }

  private *runOverTables(connection: ConnectionCore): Op<CursorResult<unknown>> {
    const keys = yield* this.keysOf(connection);
    const matched = this.strategy === false ? [] : this.present(keys);
    const fresh = this.newValues(matched, this.valueEvaluators());
    yield* writeSeveralTables(connection, this.statement, this.mapper, keys, this.options);
    this.synchronize(matched, fresh);
    return this.announce(new CursorResult(null, [], facts(keys.length)));
  }

  /**
   * The statement itself; RETURNING gives entities.
   * @param synchronize brings the session's objects up to date: before updated rows are read over them, after deleted ones were
   */
  private *write(connection: ConnectionCore, statement: Bulk, synchronize: () => void): Op<CursorResult<unknown>> {
    if (statement.returningNodes.length === 0) {
      const params = this.sets === null ? undefined : this.sets.length === 1 ? this.sets[0] : this.sets;
      const result = yield* execute(connection, statement, params, this.options, true);
      synchronize();
      return result;
    }
    const ran = yield* runStatementSets(connection, flatReturning(statement), this.sets, this.options);
    if (!this.isDelete) synchronize();
    // The rows of an UPDATE are newer than anything in memory.
    const overwrite = !this.isDelete || this.options.populateExisting === true;
    const { result, entities } = yield* loadReturned(this.session, connection, statement, ran, overwrite, this.place);
    if (!this.isDelete) yield* loadAsAsked(this.session, this.mapper, this.loadOptions, entities);
    // Objects that were made of the rows of DELETE ... RETURNING have no row any more.
    if (this.isDelete) {
      synchronize();
      this.session.membership.registerDeleted(entities.filter((state) => !state.deleted));
    }
    return result;
  }

  // --- which objects -----------------------------------------------------------------------------------------------

  /** Null where memory cannot tell, unless it is asked for it alone. */
  private matchInMemory(): Matched[] | null {
    const { session, mapper, statement } = this;
    try {
      const found: Matched[] = [];
      for (const set of this.sets ?? [undefined]) {
        const condition = conditionOf(statement.whereCriteria, mapper, set);
        for (const state of statesOf(session, mapper, this.place)) {
          const value = condition(state);
          if (value === true || value === EXPIRED) found.push({ state, uncertain: value === EXPIRED });
        }
      }
      return found;
    } catch (error) {
      if (this.strategy === "auto" && error instanceof UnevaluatableError) return null;
      throw error;
    }
  }

  private *matchByKeys(connection: ConnectionCore): Op<Matched[]> {
    return this.present(yield* this.keysOf(connection));
  }

  private present(keys: readonly (readonly unknown[])[]): Matched[] {
    const { session, mapper } = this;
    return keys.flatMap((values) => {
      const key = mapper.identityKey([...values]);
      const state = key === null ? undefined : session.lookup(mapper.base, key, this.place);
      return state !== undefined && mapperOf(state).isA(mapper) ? [{ state, uncertain: false }] : [];
    });
  }

  /** The keys of the rows that the statement will match. */
  private *keysOf(connection: ConnectionCore): Op<unknown[][]> {
    const { entity, mapper, statement } = this;
    const columns = mapper.primaryKey.map((attribute) => entity.columnFor(attribute.column));
    let query = select(...columns).selectFrom(entity.from);
    if (statement.whereCriteria.length > 0) query = query.where(...(statement.whereCriteria as never[]));
    const keys: unknown[][] = [];
    for (const set of this.sets ?? [undefined])
      keys.push(...((yield* execute(connection, query, set, this.options)).all() as unknown[][]));
    return keys;
  }

  private *writeAndFetchKeys(
    connection: ConnectionCore,
    values: ReadonlyMap<Column, Evaluator | null>,
  ): Op<CursorResult<unknown>> {
    const { mapper, entity, statement } = this;
    const keys = mapper.primaryKey.map((attribute) => entity.columnFor(attribute.column));
    const returned = yield* execute(
      connection,
      statement.with({ returningNodes: keys, rowKeys: [] }),
      this.sets?.[0],
      this.options,
      true,
    );
    const rows = returned.all() as unknown[][];
    const matched = this.present(rows);
    this.synchronize(matched, this.newValues(matched, values));
    return new CursorResult(null, [], facts(rows.length));
  }

  // --- what becomes of them ----------------------------------------------------------------------------------------

  /** For each column of SET what works its new value out; null where only the database can. */
  private valueEvaluators(): ReadonlyMap<Column, Evaluator | null> {
    const found = new Map<Column, Evaluator | null>();
    if (this.isDelete) return found;
    const set = this.sets?.length === 1 ? this.sets[0] : undefined;
    for (const [target, value] of (this.statement as Update).sets) {
      found.set(target as Column, this.evaluatorFor(value, set));
    }
    for (const name of Object.keys(set ?? {})) {
      const attribute = this.mapper.attributes.get(name) as { readonly column?: Column } | undefined;
      if (attribute?.column !== undefined) found.set(attribute.column, () => set?.[name]);
    }
    return found;
  }

  private evaluatorFor(value: ColumnElement, set: Named | undefined): Evaluator | null {
    if (value instanceof BindParameter && value.name === null && value.callable === null) return () => value.value;
    try {
      return evaluatorOf(value, this.mapper, set);
    } catch (error) {
      if (error instanceof UnevaluatableError) return null;
      throw error;
    }
  }

  /** New values from the old ones, before these are gone; undefined where the database has to say. */
  private newValues(
    matched: readonly Matched[],
    values: ReadonlyMap<Column, Evaluator | null>,
  ): Map<InstanceState, Map<Column, unknown>> {
    const found = new Map<InstanceState, Map<Column, unknown>>();
    for (const { state, uncertain } of matched) {
      const own = new Map<Column, unknown>();
      for (const [column, evaluate] of values) own.set(column, uncertain ? undefined : attempt(evaluate, state));
      found.set(state, own);
    }
    return found;
  }

  private synchronize(
    matched: readonly Matched[],
    fresh: ReadonlyMap<InstanceState, ReadonlyMap<Column, unknown>>,
  ): void {
    if (this.isDelete) {
      const gone = matched.filter(({ state, uncertain }) => !uncertain && !state.deleted);
      this.session.membership.registerDeleted(gone.map(({ state }) => state));
      // Whether the row is gone shows when the object is read.
      for (const { state, uncertain } of matched) {
        if (!uncertain) continue;
        this.session.membership.registerAltered(state);
        state.expireAll();
      }
      return;
    }
    for (const { state } of matched) {
      this.session.membership.registerAltered(state);
      const mapper = mapperOf(state);
      const values = fresh.get(state) as ReadonlyMap<Column, unknown>;
      for (const [column, value] of values) {
        const attribute = mapper.byColumn.get(column);
        if (attribute === undefined) continue;
        const pending = state.committed?.has(attribute) ?? false;
        if (value !== undefined && !pending && attribute.isLoaded(state)) attribute.setCommitted(state, value);
        else attribute.expire(state);
      }
      for (const attribute of mapper.columnAttributes) {
        const { column } = attribute;
        if (!values.has(column) && column.table === this.statement.table && changesByItself(column))
          attribute.expire(state);
      }
    }
  }
}

function attempt(evaluate: Evaluator | null, state: InstanceState): unknown {
  if (evaluate === null) return undefined;
  try {
    const value = evaluate(state);
    return value === EXPIRED ? undefined : value;
  } catch (error) {
    if (error instanceof UnevaluatableError) return undefined;
    throw error;
  }
}

/** The session's objects of a class at one place. */
function statesOf(session: SessionCore, mapper: Mapper, place: IdentityToken | null): InstanceState[] {
  return [...session.identity.states()].filter((state) => tokenOf(state) === place && mapperOf(state).isA(mapper));
}
