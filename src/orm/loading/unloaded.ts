/** Loads columns of one object that has a row: expired ones, deferred ones, those of a subclass that a query on its base left out. */

import { NO_OPTIONS } from "../../engine/execution-options.js";
import type { Op } from "../../engine/io.js";
import { compile } from "../../sql/compile.js";
import type { Compiled } from "../../sql/compiled.js";
import type { Dialect } from "../../sql/dialect.js";
import type { ColumnElement } from "../../sql/element.js";
import { allOf } from "../../sql/elements/build.js";
import { InvalidRequestError } from "../../sql/errors.js";
import type { BoundValue } from "../../sql/key-context.js";
import { cacheKeyOf, iterate } from "../../sql/node.js";
import type { Column } from "../../sql/schema/column.js";
import type { Table } from "../../sql/schema/table.js";
import type { FromClause } from "../../sql/selectable/from-clause.js";
import { Join } from "../../sql/selectable/join.js";
import { Select } from "../../sql/selectable/select.js";
import { ForUpdateArg } from "../../sql/selectable/select-parts.js";
import type { Attribute } from "../attributes/attribute.js";
import { ColumnAttribute } from "../attributes/column-attribute.js";
import { ExpressionAttribute } from "../attributes/expression-attribute.js";
import { heard } from "../instance-events.js";
import type { LoadSession } from "../load-session.js";
import { type Mapper, mapperOf } from "../mapping/mapper.js";
import { PerDialect } from "../per-dialect.js";
import { placeArguments } from "../place.js";
import { type IdentityKey, type InstanceState, valuesOf } from "../state.js";
import { announceRefresh } from "./announce-load.js";
import { announced } from "./announced.js";
import { type Converter, converterOf } from "./converters.js";
import { entityOf } from "./entity.js";
import { keyCondition, type NullParts, namedKey, nullsIn } from "./key-condition.js";
import type { NamedValues } from "./load-run.js";
import { LoadedOptions, OptionDefaults } from "./option-tree.js";
import { readOf } from "./read-of.js";
import { prepareExpression } from "./statement-entities.js";
import { endExpiry, isComplete } from "./variant.js";
import { keysWithin } from "./within-criteria.js";

type From = FromClause<unknown>;

/** The locking clause of a load, with SQLAlchemy's words. */
export interface LockOptions {
  /** An error at once where another transaction has the lock, and no wait for it. */
  readonly nowait?: boolean;
  /** A row that another transaction has locked is as if it were not there. */
  readonly skipLocked?: boolean;
  /** FOR SHARE: others may read the row under the same lock, and not change it. */
  readonly read?: boolean;
  /** The weaker lock, which leaves alone who only refers to the key: FOR NO KEY UPDATE, or FOR KEY SHARE with `read`. */
  readonly keyShare?: boolean;
}

/**
 * Loads an attribute that is not loaded, and what belongs with it: of a deferred column its group, of an expired object all columns that are missing.
 *
 * @param staysExpired leaves the rest of an expired object for when it is read
 * @returns false when the row is gone
 */
export function* loadUnloaded(
  session: LoadSession,
  state: InstanceState,
  attribute: ColumnAttribute,
  staysExpired = false,
): Op<boolean> {
  return yield* loadColumns(session, state, attributesWith(state, attribute, staysExpired), false);
}

function attributesWith(
  state: InstanceState,
  attribute: ColumnAttribute,
  staysExpired: boolean,
): readonly ColumnAttribute[] {
  const all = mapperOf(state).columnAttributes;
  const missing = (each: ColumnAttribute): boolean => state.values[each.slot] === undefined;
  const options = state.origin?.options;
  const node = options instanceof LoadedOptions ? options.node : null;
  // What an option says ends when the object expires, what the mapping says does not.
  if (!state.expired && node?.raises(attribute)) {
    throw new InvalidRequestError(
      `"${attribute.label}" is not available on ${state.describe()}: the statement that loaded it said raiseload: true. Select the column, or undefer it.`,
    );
  }
  if (attribute.deferredRaiseload && (state.expired || !node?.says(attribute))) {
    throw new InvalidRequestError(
      `"${attribute.label}" is not available on ${state.describe()}: it is mapped with deferredRaiseload: true. Load it with the statement: ${attribute.eagerOption}.`,
    );
  }
  const { deferredGroup } = attribute;
  const goesWith = (each: ColumnAttribute): boolean =>
    each === attribute || (deferredGroup !== null && each.deferredGroup === deferredGroup);
  if (state.expired && !staysExpired) return all.filter((each) => missing(each) && (!each.deferred || goesWith(each)));
  if (attribute.deferred) return all.filter((each) => missing(each) && goesWith(each));
  if (node?.defers(attribute)) return [attribute];
  return all.filter((each) => missing(each) && !each.deferred && !node?.defers(each));
}

/** Expires what was named: a column is loaded when it is read, whatever the statement said that had left it out. */
export function expireNamed(state: InstanceState, attribute: Attribute): void {
  attribute.expire(state);
  const { origin } = state;
  if (!(attribute instanceof ColumnAttribute) || !(origin?.options instanceof LoadedOptions)) return;
  const options = origin.options.readable(attribute, mapperOf(state));
  if (options !== origin.options) state.origin = { ...origin, options };
}

/** Loads these columns of one object by its key: those that are missing, or all of them over what it has. False when the row is gone. */
export function* loadColumns(
  session: LoadSession,
  state: InstanceState,
  attributes: readonly ColumnAttribute[],
  overwrite: boolean,
  lock: LockOptions | null = null,
): Op<boolean> {
  if (state.key === null) return false;
  const key = valuesOf(state.key);
  const named = namedKey(key);
  if (!session.hearsLoads)
    return yield* readColumns(session, state, attributes, overwrite, lock, null, named, undefined);
  const mapper = mapperOf(state);
  const objects = yield* announced(session, {
    kind: "column",
    mapper,
    statement: columnSelect(mapper, attributes, lock, nullsIn(key)),
    params: named,
    states: [state],
    executionOptions: NO_OPTIONS,
    *run(said, params, bindArguments) {
      const found = yield* readColumns(session, state, attributes, overwrite, lock, said, params, bindArguments);
      return found ? [state.object] : [];
    },
  });
  if (objects.length === 0) return false;
  const missing = attributes.filter((each) => !each.isLoaded(state));
  if (missing.length === 0) return true;
  throw new InvalidRequestError(
    `A handler of doOrmExecute answered the load of ${missing.map((each) => each.label).join(", ")} of ${state.describe()}, and did not give it a value.`,
  );
}

/** @param said what the statement is in place of the load's own */
function* readColumns(
  session: LoadSession,
  state: InstanceState,
  attributes: readonly ColumnAttribute[],
  overwrite: boolean,
  lock: LockOptions | null,
  said: Select | null,
  named: NamedValues,
  bindArguments: Readonly<Record<string, unknown>> | undefined,
): Op<boolean> {
  const mapper = mapperOf(state);
  const key = valuesOf(state.key as IdentityKey);
  const nulls = nullsIn(key);
  const own = lock === null ? null : columnSelect(mapper, attributes, lock, nulls);
  const place = bindArguments ?? placeArguments(state);
  const connection = yield* session.connectionFor(mapper, said ?? own ?? readOf(mapper), place);
  if (said !== null && (yield* keysWithin(connection, mapper, said.loadOptions, [key])).length === 0) return false;
  const { compiled, binds, converters } =
    said === null
      ? statementFor(mapper, attributes, connection.dialect, lock, nulls)
      : compiledSelect(said, attributes, connection.dialect);
  const { rows } = yield* connection.run(compiled, compiled.bind(binds, named));
  if (rows.length === 0) return false;
  const [row] = rows;
  for (let i = 0; i < attributes.length; i++) {
    const attribute = attributes[i];
    const raw = row[i];
    const convert = converters[i];
    const value = raw === null || convert === null ? raw : convert(raw as never);
    if (overwrite) attribute.setCommitted(state, value);
    else if (state.values[attribute.slot] === undefined) {
      state.values[attribute.slot] = value;
      state.raw &= ~attribute.bit;
    }
  }
  if (state.expired && isComplete(state)) endExpiry(state);
  if (heard.refresh) announceRefresh(state, attributes, overwrite && isWhole(mapper, attributes));
  return true;
}

/** Whether nothing is left out that is not deferred. */
function isWhole(mapper: Mapper, attributes: readonly ColumnAttribute[]): boolean {
  return mapper.columnAttributes.every((each) => each.deferred || attributes.includes(each));
}

interface ColumnStatement {
  readonly compiled: Compiled;
  readonly binds: readonly BoundValue[];
  readonly converters: readonly (Converter | null)[];
}

const statements = new PerDialect((_: Mapper) => new Map<string, ColumnStatement>());

function statementFor(
  mapper: Mapper,
  attributes: readonly ColumnAttribute[],
  dialect: Dialect,
  lock: LockOptions | null,
  nulls: NullParts,
): ColumnStatement {
  const known = statements.get(mapper, dialect);
  const name = `${attributes.map((each) => each.slot).join(",")}|${nulls.join(",")}${lock === null ? "" : JSON.stringify(lock)}`;
  let statement = known.get(name);
  if (statement === undefined) {
    statement = compiledSelect(columnSelect(mapper, attributes, lock, nulls), attributes, dialect);
    known.set(name, statement);
  }
  return statement;
}

function compiledSelect(select: Select, attributes: readonly ColumnAttribute[], dialect: Dialect): ColumnStatement {
  const bare = select.with({ loadOptions: [] });
  const { binds } = cacheKeyOf(bare);
  const converters = attributes.map((attribute) => converterOf(attribute.type, dialect));
  return { compiled: compile(bare, dialect, { binds }), binds, converters };
}

/** Only the tables that hold the columns are asked, in a joined hierarchy. */
function columnSelect(
  mapper: Mapper,
  attributes: readonly ColumnAttribute[],
  lock: LockOptions | null,
  nulls: NullParts,
): Select {
  const tables = new Set<Table>();
  const expressions = new Map<ColumnAttribute, ColumnElement>();
  for (const attribute of attributes)
    if (attribute instanceof ExpressionAttribute) {
      for (const table of tablesIn(attribute)) tables.add(table);
      const entity = entityOf(mapper);
      const element = entity.elementOf(attribute);
      const plain = prepareExpression(element, new OptionDefaults(), entity);
      expressions.set(attribute, plain);
      // What its subqueries name is the key in any table of the class.
      if (plain !== element) for (const table of mapper.tables) tables.add(table);
    } else if (!mapper.primaryKey.includes(attribute)) tables.add(attribute.column.table as Table);
  if (tables.size === 0) tables.add(mapper.tables[0]);
  const used = mapper.tables.filter((table) => tables.has(table));
  const [first] = used;
  let from: From = first;
  for (const table of used.slice(1)) {
    const on = mapper.primaryKey.map((attribute) =>
      keyColumn(mapper, attribute, first).eq(keyColumn(mapper, attribute, table)),
    );
    from = new Join(from, table, allOf(on), "inner");
  }
  const where = keyCondition(mapper, (attribute) => keyColumn(mapper, attribute, first), nulls);
  const columns = attributes.map((attribute) =>
    mapper.primaryKey.includes(attribute)
      ? keyColumn(mapper, attribute, first)
      : (expressions.get(attribute) ?? attribute.column),
  );
  const forUpdateArg =
    lock === null
      ? null
      : new ForUpdateArg(
          lock.read === true,
          lock.keyShare === true,
          lock.nowait === true,
          lock.skipLocked === true,
          [],
        );
  return new Select(columns as readonly ColumnElement[], []).with({
    fromObjects: [from],
    whereCriteria: where,
    forUpdateArg,
  });
}

/** The tables whose columns an expression names, in its subqueries too. */
function tablesIn({ expression }: ExpressionAttribute): Set<Table> {
  const found = new Set<Table>();
  for (const node of expression === null ? [] : iterate(expression))
    if (node.visitName === "Column") found.add((node as Column).table as Table);
  return found;
}

/** The column of a table that holds a part of the key. */
function keyColumn(mapper: Mapper, attribute: ColumnAttribute, table: Table): ColumnElement {
  for (const [column, each] of mapper.byColumn)
    if (each === attribute && (column.table as unknown) === table) return column;
  return attribute.column;
}
