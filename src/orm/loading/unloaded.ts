/** Loads columns of one object that has a row: expired ones, deferred ones, those of a subclass that a query on its base left out. */

import { NO_OPTIONS } from "../../engine/execution-options.js";
import type { Op } from "../../engine/io.js";
import { InvalidRequestError } from "../../sql/errors.js";
import type { Select } from "../../sql/selectable/select.js";
import type { Attribute } from "../attributes/attribute.js";
import { ColumnAttribute } from "../attributes/column-attribute.js";
import { heard } from "../instance-events.js";
import type { LoadSession } from "../load-session.js";
import { type Mapper, mapperOf } from "../mapping/mapper.js";
import { placeArguments } from "../place.js";
import { type IdentityKey, type InstanceState, valuesOf } from "../state.js";
import { announced } from "./announced.js";
import { columnSelect, compiledSelect, type LockOptions, statementFor } from "./column-select.js";
import type { Converter } from "./converters.js";
import { namedKey, nullsIn } from "./key-condition.js";
import { announceRefresh } from "./load-events.js";
import type { NamedValues } from "./load-run.js";
import { LoadedOptions } from "./loaded-options.js";
import { readOf } from "./read-of.js";
import { endExpiry, isComplete } from "./variant.js";
import { keysWithin } from "./within-criteria.js";

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

/** What one load is to bring, and how. */
interface ColumnLoad {
  readonly session: LoadSession;
  readonly state: InstanceState;
  readonly attributes: readonly ColumnAttribute[];
  /** Over what the object has, and not only where it has nothing. */
  readonly overwrite: boolean;
  readonly lock: LockOptions | null;
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
  const load: ColumnLoad = { session, state, attributes, overwrite, lock };
  return yield* session.hearsLoads
    ? loadHeard(load, valuesOf(state.key))
    : readColumns(load, null, namedKey(valuesOf(state.key)), undefined);
}

/** The same by the listeners of the session, who may answer in its place. */
function* loadHeard(load: ColumnLoad, key: readonly unknown[]): Op<boolean> {
  const { session, state, attributes, lock } = load;
  const mapper = mapperOf(state);
  const objects = yield* announced(session, {
    kind: "column",
    mapper,
    statement: columnSelect(mapper, attributes, lock, nullsIn(key)),
    params: namedKey(key),
    states: [state],
    executionOptions: NO_OPTIONS,
    *run(statement, params, bindArguments) {
      return (yield* readColumns(load, statement, params, bindArguments)) ? [state.object] : [];
    },
  });
  if (objects.length === 0) return false;
  const missing = attributes.filter((each) => !each.isLoaded(state));
  if (missing.length === 0) return true;
  throw new InvalidRequestError(
    `A handler of doOrmExecute answered the load of ${missing.map((each) => each.label).join(", ")} of ${state.describe()}, and did not give it a value.`,
  );
}

/** @param statement null for the load's own */
function* readColumns(
  load: ColumnLoad,
  statement: Select | null,
  named: NamedValues,
  bindArguments: Readonly<Record<string, unknown>> | undefined,
): Op<boolean> {
  const { session, state, attributes, lock } = load;
  const mapper = mapperOf(state);
  const key = valuesOf(state.key as IdentityKey);
  const nulls = nullsIn(key);
  const own = lock === null ? null : columnSelect(mapper, attributes, lock, nulls);
  const place = bindArguments ?? placeArguments(state);
  const connection = yield* session.connectionFor(mapper, statement ?? own ?? readOf(mapper), place);
  if (statement !== null && (yield* keysWithin(connection, mapper, statement.loadOptions, [key])).length === 0)
    return false;
  const { compiled, binds, converters } =
    statement === null
      ? statementFor(mapper, attributes, connection.dialect, lock, nulls)
      : compiledSelect(statement, attributes, connection.dialect);
  const { rows } = yield* connection.run(compiled, compiled.bind(binds, named));
  if (rows.length === 0) return false;
  takeRow(load, rows[0], converters);
  return true;
}

/** Gives the object what its row holds. */
function takeRow(
  { state, attributes, overwrite }: ColumnLoad,
  row: readonly unknown[],
  converters: readonly (Converter | null)[],
): void {
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
  if (heard.refresh) announceRefresh(state, attributes, overwrite && isWhole(mapperOf(state), attributes));
}

/** Whether nothing is left out that is not deferred. */
function isWhole(mapper: Mapper, attributes: readonly ColumnAttribute[]): boolean {
  return mapper.columnAttributes.every((each) => each.deferred || attributes.includes(each));
}
