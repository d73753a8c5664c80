/** Rows of an association table tie the two sides. */

import type { Op } from "../../engine/io.js";
import type { History } from "../history.js";
import { PLACE } from "../place.js";
import { type InstanceState, tokenOf } from "../state.js";
import { NOT_IN_SESSION } from "../warnings.js";
import { DeleteState, type Unlinker, UnlinkState } from "./actions.js";
import { DependencyProcessor, members, type Stage, type StateStage } from "./dependency.js";
import type { AssociationChanges, FlushContext } from "./flush-context.js";
import { populateOldRow, populateRow, sourceModified } from "./sync.js";

type Pairs = Map<InstanceState, Set<InstanceState>>;

export class ManyToManyProcessor extends DependencyProcessor implements Unlinker {
  protected dependencies(flush: FlushContext, stage: Stage): void {
    const { saveParent, deleteParent, saveChild, deleteChild, afterSave, beforeDelete } = stage;
    flush.order(
      [saveParent, afterSave],
      [saveChild, afterSave],
      [afterSave, deleteChild],
      // A row switch of the parent can take an element from what its delete would see.
      [beforeDelete, saveParent],
      [beforeDelete, deleteParent],
      [beforeDelete, deleteChild],
      [beforeDelete, saveChild],
    );
  }

  protected stateDependencies(flush: FlushContext, stage: StateStage): void {
    const { state, saveParent, deleteParent, child, childIsDelete, afterSave, beforeDelete, isDelete } = stage;
    if (isDelete) flush.order([beforeDelete, child], [beforeDelete, deleteParent]);
    else if (!childIsDelete) flush.order([saveParent, afterSave], [child, afterSave]);
    else if (child instanceof DeleteState && this.#unlinksEarly(flush, state, child.state)) {
      const unlink = UnlinkState.of(flush, this, state);
      flush.order([saveParent, afterSave], [unlink, child], [unlink, afterSave]);
      if (sourceModified(state, this.relationship.syncPairs)) flush.order([saveParent, unlink]);
    } else flush.order([saveParent, afterSave], [afterSave, child]);
  }

  /** Whether an object lets go of a member that is deleted before new ones are inserted, and takes others: the rows cannot be written together. */
  #unlinksEarly(flush: FlushContext, state: InstanceState, child: InstanceState): boolean {
    return flush.clashes?.early.has(child) === true && flush.history(state, this.attribute).added.length > 0;
  }

  *unlinkEarly(flush: FlushContext, states: readonly InstanceState[]): Op<void> {
    const changes: AssociationChanges = { inserts: [], deletes: [], updates: [] };
    const processed = this.processedPairs(flush);
    const seen: [InstanceState, InstanceState][] = [];
    for (const state of states) {
      const history = flush.history(state, this.attribute) as History<object>;
      for (const child of members(history.deleted)) {
        if (flush.clashes?.early.has(child) !== true) continue;
        // For the other side, and for this one when the rest of the object's rows is written.
        seen.push([child, state], [state, child]);
        if (!isProcessed(processed, state, child)) yield* this.#row(flush, state, child, changes.deletes, "delete");
      }
    }
    remember(processed, seen);
    yield* flush.persister.associations(this.relationship, changes);
  }

  presortDeletes(flush: FlushContext, states: readonly InstanceState[]): Op<void> | null {
    return this.mayLoadForDelete ? this.#knowRows(flush, states) : null;
  }

  *#knowRows(flush: FlushContext, states: readonly InstanceState[]): Op<void> {
    const unloaded = states.filter((s) => s.key !== null && !this.attribute.isLoaded(s));
    if (unloaded.length > 0) yield* flush.session.loadForCascade(unloaded, this.attribute);
    for (const state of states) yield* flush.loadedHistory(state, this.attribute);
  }

  presortSaves(flush: FlushContext, states: readonly InstanceState[]): Op<void> | null {
    const touched = this.touched(flush, states);
    return touched.length === 0 ? null : this.#presortStored(flush, touched);
  }

  *#presortStored(flush: FlushContext, states: readonly InstanceState[]): Op<void> {
    const { passiveUpdates, cascades, syncPairs } = this.relationship;
    for (const state of states) {
      if (!passiveUpdates && sourceModified(state, syncPairs)) yield* flush.loadedHistory(state, this.attribute);
      else if (this.attribute.originalUnknown(state)) yield* flush.replacedHistory(state, this.attribute);
      if (!cascades.deleteOrphan) continue;
      const history = flush.history(state, this.attribute) as History<object>;
      for (const child of members(history.deleted)) {
        if (!this.attribute.hasParent(child, false)) yield* this.deleteWithCascades(flush, child);
      }
    }
  }

  *processDeletes(flush: FlushContext, states: readonly InstanceState[]): Op<void> {
    const changes: AssociationChanges = { inserts: [], deletes: [], updates: [] };
    const processed = this.processedPairs(flush);
    const seen: [InstanceState, InstanceState][] = [];
    for (const state of states) {
      const history = yield* this.deleteHistory<object>(flush, state);
      for (const child of members(history.nonAdded())) {
        seen.push([child, state]);
        if (!isProcessed(processed, state, child)) yield* this.#row(flush, state, child, changes.deletes, "delete");
      }
    }
    remember(processed, seen);
    yield* flush.persister.associations(this.relationship, changes);
  }

  processSaves(flush: FlushContext, states: readonly InstanceState[]): Op<void> | null {
    const concerned = this.#concerned(flush, states);
    return concerned.length === 0 ? null : this.#writeRows(flush, concerned);
  }

  *#writeRows(flush: FlushContext, states: readonly InstanceState[]): Op<void> {
    const { passiveUpdates, syncPairs, secondarySyncPairs } = this.relationship;
    const changes: AssociationChanges = { inserts: [], deletes: [], updates: [] };
    const processed = this.processedPairs(flush);
    const seen: [InstanceState, InstanceState][] = [];
    for (const state of states) {
      const rewriteKeys = !passiveUpdates && sourceModified(state, syncPairs);
      const history = (
        rewriteKeys ? yield* flush.loadedHistory(state, this.attribute) : flush.history(state, this.attribute)
      ) as History<object>;
      for (const child of members(history.added)) {
        seen.push([child, state]);
        if (!isProcessed(processed, state, child)) yield* this.#row(flush, state, child, changes.inserts, "add");
      }
      for (const child of members(history.deleted)) {
        seen.push([child, state]);
        if (!isProcessed(processed, state, child)) yield* this.#row(flush, state, child, changes.deletes, "delete");
      }
      if (!rewriteKeys) continue;
      for (const child of members(history.unchanged)) {
        const old = new Map<object, unknown>();
        populateOldRow(state, old, syncPairs);
        populateOldRow(child, old, secondarySyncPairs);
        const now = placedRow(state);
        yield* populateRow(state, now, syncPairs, this.relationship, flush.session);
        yield* populateRow(child, now, secondarySyncPairs, this.relationship, flush.session);
        changes.updates.push({ old, now });
      }
    }
    remember(processed, seen);
    yield* flush.persister.associations(this.relationship, changes);
  }

  /** New objects without members have no rows of association, and those of untouched ones stay. */
  #concerned(flush: FlushContext, states: readonly InstanceState[]): readonly InstanceState[] {
    const touched = new Set(this.touched(flush, states));
    return states.filter((state) =>
      flush.isFresh(state) ? this.attribute.loadedMembers(state).length > 0 : touched.has(state),
    );
  }

  *#row(
    flush: FlushContext,
    state: InstanceState,
    child: InstanceState,
    rows: Map<object, unknown>[],
    operation: "add" | "delete",
  ): Op<void> {
    if (!flush.session.contains(child)) {
      if (!child.deleted) {
        const consequence = `; the ${operation} along ${this.label} will not proceed for it.`;
        flush.session.warn(NOT_IN_SESSION, child.describe(), consequence);
      }
      return;
    }
    this.checkMember(child);
    const row = placedRow(state);
    yield* populateRow(state, row, this.relationship.syncPairs, this.relationship, flush.session);
    yield* populateRow(child, row, this.relationship.secondarySyncPairs, this.relationship, flush.session);
    rows.push(row);
  }
}

/** A row of the association table at the place of its object. */
function placedRow(state: InstanceState): Map<object, unknown> {
  const row = new Map<object, unknown>();
  const token = tokenOf(state);
  if (token !== null) row.set(PLACE, token);
  return row;
}

function isProcessed(pairs: Pairs | null, state: InstanceState, child: InstanceState): boolean {
  return pairs?.get(state)?.has(child) ?? false;
}

/** The other side will meet each pair the other way round. */
function remember(pairs: Pairs | null, seen: readonly (readonly [InstanceState, InstanceState])[]): void {
  if (pairs === null) return;
  for (const [child, state] of seen) {
    const known = pairs.get(child);
    if (known === undefined) pairs.set(child, new Set([state]));
    else known.add(state);
  }
}
