/** A flush from the session's side: which objects take part, and what becomes of them afterwards. */
import type { Op } from "../../engine/io.js";
import { isOrphan, mapperOf } from "../mapping/mapper.js";
import type { InstanceState, StateAttribute } from "../state.js";
import { rekeyedStates } from "../uow/action-views.js";
import {
  type Action,
  type ActionView,
  FlushContext,
  type FlushSession,
  type Persister,
  type RegisterOptions,
} from "../uow/flush-context.js";
import { makeMapperActions, processorsOf } from "../uow/processors.js";
import { findClashes } from "../uow/unique-clash.js";
import type { Membership } from "./membership.js";

/** Brings everything that has changed into a new flush. Pending orphans that no session saw being orphaned are left out. */
export function collectFlush(
  session: FlushSession,
  persister: Persister,
  membership: Membership,
): { readonly flush: FlushContext; readonly dropped: readonly InstanceState[] } {
  const flush = new FlushContext(session, persister, processorsOf, makeMapperActions, findClashes);
  try {
    return { flush, dropped: register(flush, membership) };
  } catch (error) {
    flush.release();
    throw error;
  }
}

function register(flush: FlushContext, membership: Membership): InstanceState[] {
  const dropped: InstanceState[] = [];
  const deleted = [...membership.deleted];
  const modified = [...membership.modified];
  const pending = membership.new.toArray();
  for (const state of pending) {
    if (state.extra?.orphanedOutside && isOrphan(state)) dropped.push(state);
    else flush.enter(state);
  }
  for (const state of modified) {
    if (!membership.deleted.has(state) && !state.deleted)
      flush.register(state, isOrphan(state) ? TO_DELETE : undefined);
  }
  for (const state of deleted) flush.register(state, TO_DELETE);
  return dropped;
}

const TO_DELETE: RegisterOptions = { isDelete: true };

/** Changes made by others while the flush was under way; they belong to the next one. */
export type LateChanges = Map<InstanceState, Map<StateAttribute, unknown>>;

/** What was written is committed, what was deleted leaves, and what changed meanwhile stays changed. */
export function finishFlush(flush: FlushContext, membership: Membership, late: LateChanges | null): void {
  for (const [mapper, states] of flush.byMapper) {
    if (!flush.isMixed(mapper)) continue;
    const deleted = states.filter(isDeletedByFlush);
    if (deleted.length > 0) membership.registerDeleted(deleted);
  }
  for (const states of flush.byMapper.values()) membership.registerPersistent(states);
  // The flush itself may have touched objects that it did not write: what it did there is stored by the others.
  for (const state of membership.modified) if (late === null || !late.has(state)) state.commitAll();
  if (late === null) return;
  for (const [state, changes] of late) {
    if (!flush.has(state) || !membership.contains(state)) continue;
    for (const [attribute, previous] of changes) state.recordOwnChange(attribute, previous);
  }
}

function isDeletedByFlush({ flushDeletes }: InstanceState): boolean {
  return flushDeletes;
}

/** The plan of a flush, as `explainFlush()` shows it. */
export class FlushPlan {
  constructor(
    /** The steps in the order in which they would run. */
    readonly steps: readonly ActionView[],
  ) {}

  /** One line for each step: what, of which class or relationship, how many objects. */
  toString(): string {
    if (this.steps.length === 0) return "nothing to flush";
    return this.steps
      .map(
        ({ action, subject, objects }, i) =>
          `${i + 1}. ${action} ${subject}${objects.length > 0 ? ` (${objects.length})` : ""}`,
      )
      .join("\n");
  }
}

/** Works out a flush without running it. */
export function* planFlush(flush: FlushContext): Op<FlushPlan> {
  return shownPlan(flush, yield* flush.plan());
}

/** A plan as it is shown. */
export function shownPlan(flush: FlushContext, levels: readonly (readonly Action[])[]): FlushPlan {
  const steps: ActionView[] = [];
  const rekeyed = rekeyedStates(flush);
  for (const action of levels.flat()) {
    const view = action.view(flush);
    if (view === null) continue;
    steps.push(...splitSaves(view, flush, rekeyed));
  }
  return new FlushPlan(steps);
}

/** A save is an INSERT of new objects and an UPDATE of changed ones. */
function splitSaves(view: ActionView, flush: FlushContext, rekeyed: ReadonlySet<InstanceState>): ActionView[] {
  if (view.action !== "save") return [view];
  const byObject = new Map(Array.from(flush.states(), (state) => [state.object, state]));
  const isNew = (object: object): boolean => byObject.get(object)?.key === null;
  const inserts = view.objects.filter(isNew);
  const updates = view.objects.filter((object) => {
    const state = byObject.get(object) as InstanceState;
    return !isNew(object) && (rekeyed.has(state) || hasNetChange(state));
  });
  const views: ActionView[] = [];
  if (inserts.length > 0) views.push({ ...view, action: "insert", objects: inserts });
  if (updates.length > 0) views.push({ ...view, action: "update", objects: updates });
  return views;
}

function hasNetChange(state: InstanceState): boolean {
  return mapperOf(state).columnAttributes.some((attribute) => attribute.hasNetChange(state));
}
