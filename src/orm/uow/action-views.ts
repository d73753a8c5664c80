/** What the steps of a flush write, as far as it is known before they run: for `explainFlush()`. */
import type { History } from "../history.js";
import { type Mapper, mapperOf, type Relationship } from "../mapping/mapper.js";
import { stateOf } from "../stamp.js";
import type { InstanceState } from "../state.js";
import type { ActionView, FlushContext, Processor } from "./flush-context.js";

/** The objects among the members of a history, which has a null for none. */
export function memberStates(members: readonly unknown[]): InstanceState[] {
  return members.flatMap((member) => (member ? (stateOf(member as object) ?? []) : []));
}

/** Only an association table has rows of its own; other relationships write into the rows of their objects. */
export function linkView(
  { relationship }: Processor,
  flush: FlushContext,
  states: readonly InstanceState[],
  isDelete: boolean,
): ActionView | null {
  if (relationship.direction !== "manyToMany") return null;
  const objects = states
    .filter((state) => {
      const history = flush.history(state, relationship.attribute);
      return isDelete ? history.nonAdded().length > 0 : history.hasChanges;
    })
    .map((state) => state.object);
  return objects.length === 0 ? null : { action: isDelete ? "unlink" : "link", subject: relationship.label, objects };
}

/** Calls back for each object whose foreign key follows from a relationship of an object in the flush. */
function eachRekeyed(
  flush: FlushContext,
  found: (state: InstanceState, relationship: Relationship, parentIsDeleted: boolean) => void,
): void {
  for (const state of flush.states()) {
    if (state.flushLists) continue;
    const isDelete = state.flushDeletes;
    for (const relationship of mapperOf(state).relationships) {
      if (relationship.viewonly || relationship.direction === "manyToMany") continue;
      const history: History<unknown> = flush.history(state, relationship.attribute);
      if (relationship.direction === "manyToOne") {
        if (isDelete ? memberStates(history.sum()).length > 0 : history.hasChanges)
          found(state, relationship, isDelete);
      } else if (!isDelete) {
        for (const member of memberStates([...history.added, ...history.deleted])) found(member, relationship, false);
      } else if (!relationship.cascades.delete && relationship.passiveDeletes !== "all") {
        for (const member of memberStates(history.nonAdded())) found(member, relationship, true);
      }
    }
  }
}

/** Stored objects whose foreign keys change although no column of theirs was set. */
export function rekeyedStates(flush: FlushContext): Set<InstanceState> {
  const rekeyed = new Set<InstanceState>();
  eachRekeyed(flush, (state, { postUpdate }) => {
    if (!postUpdate) rekeyed.add(state);
  });
  return rekeyed;
}

/** Objects whose foreign keys are written by an UPDATE of their own. */
export function postUpdated(flush: FlushContext, base: Mapper, isDelete: boolean): object[] {
  const objects = new Set<object>();
  eachRekeyed(flush, (state, { postUpdate }) => {
    if (postUpdate && mapperOf(state).base === base && flush.isDeleted(state) === isDelete) objects.add(state.object);
  });
  return [...objects];
}
