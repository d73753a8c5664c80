/** The object holds the key of the one it refers to. */

import type { Op } from "../../engine/io.js";
import type { History } from "../history.js";
import { knownState, stateOf } from "../stamp.js";
import type { InstanceState } from "../state.js";
import { NOT_IN_SESSION } from "../warnings.js";
import { PostUpdateAll } from "./actions.js";
import { DependencyProcessor, type Stage, type StateStage } from "./dependency.js";
import type { FlushContext } from "./flush-context.js";
import { clear, populate } from "./sync.js";

export class ManyToOneProcessor extends DependencyProcessor {
  protected dependencies(flush: FlushContext, stage: Stage): void {
    const { saveParent, deleteParent, saveChild, deleteChild, afterSave, beforeDelete } = stage;
    if (this.relationship.postUpdate) {
      const postUpdates = PostUpdateAll.of(flush, this.relationship.parent.base, false);
      const preUpdates = PostUpdateAll.of(flush, this.relationship.parent.base, true);
      flush.order(
        [saveChild, afterSave],
        [saveParent, afterSave],
        [afterSave, postUpdates],
        [afterSave, preUpdates],
        [beforeDelete, preUpdates],
        [preUpdates, deleteChild],
        [preUpdates, deleteParent],
      );
      return;
    }
    flush.order(
      [saveChild, afterSave],
      [afterSave, saveParent],
      [saveParent, deleteChild],
      [deleteParent, deleteChild],
    );
  }

  protected stateDependencies(flush: FlushContext, stage: StateStage): void {
    const { saveParent, deleteParent, child, childIsDelete, afterSave, beforeDelete, isDelete } = stage;
    if (this.relationship.postUpdate) {
      if (isDelete) {
        const preUpdates = PostUpdateAll.of(flush, this.relationship.parent.base, true);
        flush.order([beforeDelete, preUpdates], [preUpdates, deleteParent], [preUpdates, child]);
        return;
      }
      const postUpdates = PostUpdateAll.of(flush, this.relationship.parent.base, false);
      flush.order([afterSave, postUpdates]);
      if (childIsDelete) flush.order([postUpdates, child]);
      else flush.order([saveParent, afterSave], [child, afterSave]);
    } else if (isDelete) {
      if (childIsDelete) flush.order([deleteParent, child]);
    } else {
      flush.order([afterSave, saveParent]);
      if (!childIsDelete) flush.order([child, afterSave]);
    }
  }

  presortDeletes(flush: FlushContext, states: readonly InstanceState[]): Op<void> | null {
    const { cascades } = this.relationship;
    return cascades.delete || cascades.deleteOrphan ? this.#cascadeDeletes(flush, states) : null;
  }

  *#cascadeDeletes(flush: FlushContext, states: readonly InstanceState[]): Op<void> {
    const { cascades } = this.relationship;
    for (const state of states) {
      const history = yield* this.deleteHistory<object | null>(flush, state);
      const doomed = cascades.deleteOrphan ? history.sum() : history.nonDeleted();
      for (const target of doomed) if (target) yield* this.deleteWithCascades(flush, stateOf(target) as InstanceState);
    }
  }

  presortSaves(flush: FlushContext, states: readonly InstanceState[]): Op<void> | null {
    return this.relationship.cascades.deleteOrphan ? this.#dropOrphans(flush, states) : null;
  }

  *#dropOrphans(flush: FlushContext, states: readonly InstanceState[]): Op<void> {
    for (const state of this.touched(flush, states)) {
      const history = yield* this.deleteHistory<object | null>(flush, state);
      for (const target of history.deleted) {
        const old = target ? (stateOf(target) as InstanceState) : null;
        if (old !== null && !this.attribute.hasParent(old, false)) yield* this.deleteWithCascades(flush, old);
      }
    }
  }

  *processDeletes(flush: FlushContext, states: readonly InstanceState[]): Op<void> {
    const { postUpdate, cascades, passiveDeletes } = this.relationship;
    if (!postUpdate || cascades.deleteOrphan || passiveDeletes === "all") return;
    // The row must let go of the other before that one can be deleted.
    for (const state of states) {
      clear(state, this.relationship);
      const history = yield* this.deleteHistory<object | null>(flush, state);
      if (history.sum().some((target) => target !== null)) this.postUpdate(flush, state);
    }
  }

  processSaves(flush: FlushContext, states: readonly InstanceState[]): Op<void> | null {
    const unknown = this.#linkFresh(flush, states);
    // A post-update is due for what has not changed too.
    const others = this.relationship.postUpdate ? flush.withoutFresh(states) : this.touched(flush, states);
    return unknown.length === 0 && others.length === 0 ? null : this.#link(flush, unknown, others);
  }

  *#link(
    flush: FlushContext,
    fresh: readonly (readonly [InstanceState, InstanceState])[],
    others: readonly InstanceState[],
  ): Op<void> {
    const { postUpdate } = this.relationship;
    for (const [source, state] of fresh) yield* populate(source, state, this.relationship, flush.session);
    for (const state of others) {
      const history = flush.history(state, this.attribute) as History<object | null>;
      if (history.added.length > 0) {
        for (const target of history.added) {
          const source = this.#sourceOf(flush, state, target);
          if (source !== null && !this.keys.fromMemory(source, state))
            yield* populate(source, state, this.relationship, flush.session);
        }
      } else if (history.deleted.length > 0 && (postUpdate || !flush.isDeleted(state))) {
        clear(state, this.relationship);
      }
      if (postUpdate && history.sum().length > 0) this.postUpdate(flush, state);
    }
  }

  /** Gives new objects the keys of what they refer to. @returns the pairs whose keys are not in memory */
  #linkFresh(
    flush: FlushContext,
    states: readonly InstanceState[],
  ): readonly (readonly [InstanceState, InstanceState])[] {
    const unknown: [InstanceState, InstanceState][] = [];
    const { slot } = this.attribute;
    let lastTarget: object | null = null;
    let lastSource: InstanceState | null = null;
    for (const state of states) {
      if (!flush.isFresh(state) || state.isLinked(slot)) continue;
      const target = this.attribute.peek(state) as object | null | undefined;
      if (target === undefined) continue;
      // Neighbours mostly refer to the same object.
      const source: InstanceState | null =
        target === lastTarget && lastSource !== null ? lastSource : this.#sourceOf(flush, state, target);
      lastTarget = target;
      lastSource = source;
      if (source !== null && !this.keys.fromMemory(source, state)) unknown.push([source, state]);
      if (this.relationship.postUpdate) this.postUpdate(flush, state);
    }
    return unknown;
  }

  /** The object whose key a row takes over; null where there is none. A reference that became null is cleared. */
  #sourceOf(flush: FlushContext, state: InstanceState, target: object | null): InstanceState | null {
    const { postUpdate } = this.relationship;
    if (!postUpdate && flush.isDeleted(state)) return null;
    if (target === null) {
      clear(state, this.relationship);
      return null;
    }
    const source = knownState(target);
    if (!flush.session.contains(source)) {
      const consequence = `, so ${state.describe()} is saved without it along ${this.label}. Add it to the session too.`;
      flush.session.warn(NOT_IN_SESSION, source.describe(), consequence);
      return null;
    }
    this.checkMember(source);
    return source;
  }
}
