/** Walks a graph of objects along the cascades of their relationships. SQLAlchemy: `Mapper.cascade_iterator`. */

import type { Op } from "../engine/io.js";
import { keepShape } from "../sql/keep-shape.js";
import type { RelationAttribute } from "./attributes/relation-attribute.js";
import type { CascadeOperation } from "./cascades.js";
import type { Relationship } from "./mapping/mapper.js";
import { mapperOf } from "./mapping/mapper.js";
import { knownState, stateOf } from "./stamp.js";
import type { InstanceState } from "./state.js";

/**
 * The objects that an operation on `start` reaches, from memory, each once, without `start` itself.
 * @param halt objects for which it answers true are neither given nor passed through
 */
export function cascadeStates(
  start: InstanceState,
  operation: Exclude<CascadeOperation, "delete">,
  halt?: (state: InstanceState) => boolean,
): InstanceState[] {
  const found: InstanceState[] = [];
  try {
    eachCascaded(start, operation, halt, (state) => found.push(state));
  } finally {
    for (const state of found) state.unmark();
  }
  return found;
}

/**
 * The same without a list: calls back for each object that is reached, before what hangs on it. The callback has to unmark the object, and sees to it
 * that `halt` stops there from then on; until then the mark does. It runs no code of the user's.
 */
export function eachCascaded(
  start: InstanceState,
  operation: Exclude<CascadeOperation, "delete">,
  halt: ((state: InstanceState) => boolean) | undefined,
  visit: (state: InstanceState) => void,
): void {
  // Nothing related in memory, now or before; what waits for a collection is among the extras.
  if (start.refs === null && start.extra === null) return;
  const stack: (InstanceState | Step)[] = [];
  try {
    walk(start, operation, halt, visit, stack);
  } finally {
    for (const left of stack) if (!(left instanceof Step)) left.unmark();
  }
}

/** The members of an object along one relationship, which are still to be walked. */
class Step {
  constructor(
    readonly relationship: Relationship,
    readonly members: readonly object[],
  ) {}
}

/** What hangs on a member comes before the next member, and one relationship's members before the next relationship's. */
function walk(
  start: InstanceState,
  operation: CascadeOperation,
  halt: ((state: InstanceState) => boolean) | undefined,
  visit: (state: InstanceState) => void,
  stack: (InstanceState | Step)[],
): void {
  pushSteps(start, operation, halt, stack);
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (!(next instanceof Step)) {
      visit(next);
      pushSteps(next, operation, halt, stack);
      continue;
    }
    const from = stack.length;
    for (const member of next.members) {
      const reached = knownState(member);
      if (halt?.(reached)) continue;
      // A refresh does not touch what is not stored, unless it is the parent's own.
      if (operation === "refresh-expire" && reached.key === null && !next.relationship.cascades.deleteOrphan) continue;
      if (reached.mark()) stack.push(reached);
    }
    reverseFrom(stack, from);
  }
}

function pushSteps(
  state: InstanceState,
  operation: CascadeOperation,
  halt: ((state: InstanceState) => boolean) | undefined,
  stack: (InstanceState | Step)[],
): void {
  if (state.refs === null && state.extra === null) return;
  const relationships = mapperOf(state).cascading(operation);
  for (let i = relationships.length - 1; i >= 0; i--) {
    const { attribute } = relationships[i];
    if (!attribute.uselist && state.committed === null) {
      // Most references lead back to where the walk came from.
      const member = attribute.peek(state) as object | null | undefined;
      if (!member || halt?.(knownState(member))) continue;
    }
    const members = membersFor(operation, state, relationships[i]);
    if (members.length > 0) stack.push(new Step(relationships[i], members));
  }
}

function reverseFrom(list: unknown[], from: number): void {
  for (let i = from, j = list.length - 1; i < j; i++, j--) [list[i], list[j]] = [list[j], list[i]];
}

function membersFor(operation: CascadeOperation, state: InstanceState, { attribute }: Relationship): readonly object[] {
  return operation === "save-update" && (state.committed !== null || state.extra !== null)
    ? attribute.allPending(state)
    : attribute.loadedMembers(state);
}

/** What a walk along delete cascades needs: it loads what it must know. */
export interface CascadeLoader {
  /** Loads one attribute of several objects; those that are loaded whole stay as they are. */
  loadForCascade(states: readonly InstanceState[], attribute: RelationAttribute): Op<void>;
}

/** The objects that a delete of `start` reaches, each once. Members that are not loaded are loaded, for all objects of a level at once. */
export function* cascadeDelete(start: readonly InstanceState[], loader: CascadeLoader): Op<InstanceState[]> {
  const found: InstanceState[] = [];
  const seen = new Set<InstanceState>();
  let level = [...start];
  while (level.length > 0) {
    const byRelationship = new Map<Relationship, InstanceState[]>();
    for (const state of level) {
      for (const relationship of mapperOf(state).relationships) {
        if (!relationship.cascades.delete) continue;
        const states = byRelationship.get(relationship);
        if (states === undefined) byRelationship.set(relationship, [state]);
        else states.push(state);
      }
    }
    const next: InstanceState[] = [];
    for (const [relationship, states] of byRelationship) {
      const { attribute } = relationship;
      if (!relationship.passiveDeletes) {
        const unloaded = states.filter(
          (state) => state.key !== null && (!attribute.isLoaded(state) || state.isPartial(attribute)),
        );
        if (unloaded.length > 0) yield* loader.loadForCascade(unloaded, attribute);
      }
      for (const state of states) {
        for (const member of attribute.loadedMembers(state)) {
          const reached = stateOf(member) as InstanceState;
          if (seen.has(reached)) continue;
          seen.add(reached);
          next.push(reached);
        }
      }
    }
    for (const state of next) found.push(state);
    level = next;
  }
  return found;
}

keepShape(new Step(null as never, []));
