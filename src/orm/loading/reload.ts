/** Reads an expired object again together with the relationships that are joined to it, in one statement. */

import { NO_OPTIONS } from "../../engine/execution-options.js";
import type { Op } from "../../engine/io.js";
import type { Select } from "../../sql/selectable/select.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import type { LoadSession } from "../load-session.js";
import { EAGERLY, type Mapper, mapperOf, type Relationship } from "../mapping/mapper.js";
import { PerDialect } from "../per-dialect.js";
import { placeArguments } from "../place.js";
import { knownState } from "../stamp.js";
import { type IdentityKey, type InstanceState, type SessionPort, tokenOf, valuesOf } from "../state.js";
import { announced } from "./announced.js";
import { keyStatement, NO_NULLS, namedKey, nullsIn } from "./key-condition.js";
import { LoadRun, type NamedValues, type Said } from "./load-run.js";
import { LoadedOptions } from "./loaded-options.js";
import { OptionDefaults, type OptionNode } from "./option-node.js";
import type { OrmPlan } from "./plan.js";
import { Planner } from "./planner.js";
import { readOf } from "./read-of.js";
import { keysWithin } from "./within-criteria.js";

/** What of an object is read again: these columns and relationships, and nothing else. */
export interface ReloadedPart {
  readonly columns: readonly ColumnAttribute[];
  /** Those that are joined. */
  readonly joined: readonly Relationship[];
}

const defaults = new OptionDefaults();
const reloads = new WeakMap<OptionNode, OptionNode>();
const parts = new WeakMap<OptionNode, Map<Mapper, Map<string, OptionNode>>>();
const plans = new PerDialect((_: OptionNode) => new Map<Mapper, OrmPlan>());

/** The options as they hold for a reload: what the first statement joined by itself is not there. */
function nodeFor(options: LoadedOptions | null): OptionNode {
  if (options === null) return defaults.nowhere;
  let node = reloads.get(options.node);
  if (node === undefined) {
    node = options.node.withoutContained();
    reloads.set(options.node, node);
  }
  return node;
}

/** The same for a part of an object. */
function partNodeFor(options: LoadedOptions | null, mapper: Mapper, { columns, joined }: ReloadedPart): OptionNode {
  const whole = nodeFor(options);
  const keys = joined.map(({ key }) => key);
  let byMapper = parts.get(whole);
  if (byMapper === undefined) {
    byMapper = new Map();
    parts.set(whole, byMapper);
  }
  let nodes = byMapper.get(mapper);
  if (nodes === undefined) {
    nodes = new Map();
    byMapper.set(mapper, nodes);
  }
  const name = `${columns.map(({ slot }) => slot).join()}|${keys.join()}`;
  let node = nodes.get(name);
  if (node === undefined) {
    node = whole.onlyJoining(mapper, columns, keys);
    nodes.set(name, node);
  }
  return node;
}

/** Whether reading the object again joins anything to it: otherwise its columns alone are asked for, with less work. */
export function joinsOnReload(state: InstanceState): boolean {
  const { relationships } = mapperOf(state);
  let joins = false;
  for (let i = 0; i < relationships.length; i++) {
    const relationship = relationships[i];
    if (relationship.attribute.isLoaded(state) || relationship.strategyFor(state) !== "joined") continue;
    if (isKnown(relationship, state)) return false;
    joins = true;
  }
  return joins;
}

/** What a relation to one refers to, if it has expired and is to be read again with what is eager of it. */
export function expiredTarget(
  state: InstanceState,
  relationship: Relationship,
  session: SessionPort,
): InstanceState | null {
  const object = relationship.fromMemory(state, session, false, true) ?? null;
  const target = object === null ? null : knownState(object);
  if (target === null || !target.expired) return null;
  const isEager = (each: Relationship) => EAGERLY.has(each.strategyFor(target));
  return mapperOf(target).relationships.some(isEager) ? target : null;
}

/** Whether a relationship of an object is loaded, or has changes that wait for it to be: a reload leaves it alone. */
export function isKnown({ attribute }: Relationship, state: InstanceState): boolean {
  return (
    attribute.isLoaded(state) ||
    state.committed?.has(attribute) === true ||
    state.extra?.pending?.has(attribute) === true
  );
}

/** Whether an object that is read again has relationships loaded with it. */
export function hasEagerOnReload(state: InstanceState): boolean {
  return mapperOf(state).relationships.some(
    (relationship) => !isKnown(relationship, state) && EAGERLY.has(relationship.strategyFor(state)),
  );
}

/**
 * Fills what an expired object lacks: its columns, and what the mapping or its statement's options load with it.
 *
 * @param part what alone is filled, of an object whatever its state
 * @returns false when the row is gone
 */
export function* reloadState(
  session: LoadSession,
  state: InstanceState,
  part: ReloadedPart | null = null,
): Op<boolean> {
  const mapper = mapperOf(state);
  if (state.key === null) return false;
  const key = valuesOf(state.key);
  const named = namedKey(key);
  if (!session.hearsLoads) return (yield* readAgain(session, state, part, null, named)).length > 0;
  const objects = yield* announced(session, {
    kind: "column",
    mapper,
    statement: keyStatement(mapper, nullsIn(key)),
    params: named,
    states: [state],
    executionOptions: NO_OPTIONS,
    run: (statement, params) => readAgain(session, state, part, statement, params),
  });
  return objects.length > 0;
}

/** @param statement null for the load's own */
function* readAgain(
  session: LoadSession,
  state: InstanceState,
  part: ReloadedPart | null,
  statement: Select | null,
  named: NamedValues,
): Op<object[]> {
  const mapper = mapperOf(state);
  const key = valuesOf(state.key as IdentityKey);
  const connection = yield* session.connectionFor(mapper, statement ?? readOf(mapper), placeArguments(state));
  if (statement !== null && (yield* keysWithin(connection, mapper, statement.loadOptions, [key])).length === 0)
    return [];
  const given = state.origin?.options;
  const options = given instanceof LoadedOptions ? given : null;
  const node = part === null ? nodeFor(options) : partNodeFor(options, mapper, part);
  const nulls = nullsIn(key);
  const known = statement === null && nulls === NO_NULLS ? plans.get(node, connection.dialect) : null;
  let plan = known?.get(mapper);
  if (plan === undefined) {
    const planner = new Planner(connection.dialect, options?.planned ?? [], node.defaults, undefined);
    // Whatever the options leave out, an expired object is whole again.
    const needed =
      part === null
        ? mapper.columnAttributes.filter((each) => each.writable && !each.deferred).map((each) => each.column)
        : [];
    plan = planner.plan(statement ?? keyStatement(mapper, nulls), node, [mapper], needed);
    known?.set(mapper, plan);
  }
  const binds = options?.given ?? [];
  const said: Said = { identityToken: tokenOf(state), carried: options?.carried };
  const since = state.extra?.saidSince ?? null;
  const objects = (yield* plan.execute(new LoadRun(session, connection, binds, named, false, null, said))) as object[];
  // That a part was read says nothing of how the rest is.
  if (part !== null && state.extra !== null) state.extra.saidSince = since;
  return objects;
}
