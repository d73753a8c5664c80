/** Children hold the key of their parent. */
import type { Op } from "../../engine/io.js";
import type { RelationAttribute } from "../attributes/relation-attribute.js";
import type { History } from "../history.js";
import type { Relationship } from "../mapping/mapper.js";
import { knownState } from "../stamp.js";
import type { InstanceState } from "../state.js";
import { PostUpdateAll } from "./actions.js";
import { DependencyProcessor, members, type Stage, type StateStage } from "./dependency.js";
import type { FlushContext } from "./flush-context.js";
import { clear, follow, isCleared, populate, sourceModified } from "./sync.js";

export class OneToManyProcessor extends DependencyProcessor {
  protected dependencies(flush: FlushContext, stage: Stage): void {
    const { saveParent, deleteParent, saveChild, deleteChild, afterSave, beforeDelete } = stage;
    if (this.relationship.postUpdate) {
      const postUpdates = PostUpdateAll.of(flush, this.target.base, false);
      const preUpdates = PostUpdateAll.of(flush, this.target.base, true);
      flush.order(
        [saveChild, afterSave],
        [saveParent, afterSave],
        [afterSave, postUpdates],
        [beforeDelete, preUpdates],
        [preUpdates, deleteParent],
        [preUpdates, deleteChild],
      );
      return;
    }
    flush.order(
      [saveParent, afterSave],
      [afterSave, saveChild],
      [afterSave, deleteChild],
      [saveChild, deleteParent],
      [deleteChild, deleteParent],
      [beforeDelete, saveChild],
      [beforeDelete, deleteChild],
    );
  }

  protected stateDependencies(flush: FlushContext, stage: StateStage): void {
    const { saveParent, deleteParent, child, childIsDelete, afterSave, beforeDelete, isDelete } = stage;
    if (this.relationship.postUpdate) {
      const postUpdates = PostUpdateAll.of(flush, this.target.base, false);
      const preUpdates = PostUpdateAll.of(flush, this.target.base, true);
      if (isDelete) flush.order([beforeDelete, preUpdates], [preUpdates, deleteParent]);
      else {
        flush.order([child, afterSave], [afterSave, postUpdates]);
        if (!childIsDelete) flush.order([saveParent, afterSave]);
      }
    } else if (isDelete) flush.order([beforeDelete, child], [child, deleteParent]);
    else flush.order([saveParent, afterSave], [afterSave, child], [saveParent, child]);
  }

  *presortDeletes(flush: FlushContext, states: readonly InstanceState[]): Op<void> {
    const { cascades, passiveDeletes } = this.relationship;
    const nullKeys = !cascades.delete && passiveDeletes !== "all";
    for (const state of states) {
      const history = yield* this.deleteHistory<object>(flush, state);
      for (const child of members(history.deleted)) {
        if (!this.#hasParent(child)) flush.register(child, { isDelete: cascades.deleteOrphan });
      }
      if (!nullKeys) continue;
      for (const child of members(history.unchanged)) flush.register(child, this.theDelete);
    }
  }

  presortSaves(flush: FlushContext, states: readonly InstanceState[]): Op<void> | null {
    this.#presortFresh(flush, states);
    const touched = this.touched(flush, states);
    return touched.length === 0 ? null : this.#presortStored(flush, touched);
  }

  *#presortStored(flush: FlushContext, states: readonly InstanceState[]): Op<void> {
    const { cascades, passiveDeletes, passiveUpdates, syncPairs } = this.relationship;
    const nullKeys = !cascades.deleteOrphan && passiveDeletes !== "all";
    for (const state of states) {
      const keysChanged = sourceModified(state, syncPairs);
      const history = (
        keysChanged && !passiveUpdates
          ? yield* flush.loadedHistory(state, this.attribute)
          : this.attribute.originalUnknown(state)
            ? yield* flush.replacedHistory(state, this.attribute)
            : flush.history(state, this.attribute)
      ) as History<object>;
      for (const child of members(history.added)) this.#addChild(flush, child);
      for (const child of members(history.deleted)) {
        if (!cascades.deleteOrphan) {
          if (nullKeys) flush.register(child, this.theDelete);
        } else if (!this.#hasParent(child)) yield* this.deleteWithCascades(flush, child);
      }
      if (!keysChanged) continue;
      for (const child of members(history.unchanged)) {
        flush.register(child, { listOnly: passiveUpdates, why: `the key change along ${this.label}` });
      }
    }
  }

  #presortFresh(flush: FlushContext, states: readonly InstanceState[]): void {
    for (const state of states) {
      if (!flush.isFresh(state)) continue;
      for (const member of this.attribute.loadedMembers(state)) this.#addChild(flush, knownState(member));
    }
  }

  /** The keys of a new parent are in memory. */
  #linkFresh(flush: FlushContext, states: readonly InstanceState[]): void {
    const { postUpdate } = this.relationship;
    const holder = holderOf(this.relationship);
    for (const state of states) {
      if (!flush.isFresh(state)) continue;
      for (const member of this.attribute.loadedMembers(state)) {
        const child = knownState(member);
        if (this.#mayLink(flush, child)) this.keys.fromMemory(state, child);
        if (postUpdate) this.postUpdate(flush, child);
        if (holder !== null) child.noteLinked(holder.slot, holder.peek(child) === state.object);
      }
    }
  }

  #addChild(flush: FlushContext, child: InstanceState): void {
    // Most new children are saved anyway.
    if (!flush.has(child) || child.flushDeletes || child.flushLists) flush.register(child, this.theAdd);
  }

  *processDeletes(flush: FlushContext, states: readonly InstanceState[]): Op<void> {
    const { cascades, passiveDeletes, postUpdate } = this.relationship;
    if (!postUpdate && passiveDeletes === "all") return;
    for (const state of states) {
      const history = yield* this.deleteHistory<object>(flush, state);
      for (const child of members(history.deleted)) {
        if (!this.#hasParent(child)) this.#unlink(flush, child);
      }
      if (!postUpdate && cascades.delete) continue;
      const unchanged = members(history.unchanged);
      if (unchanged.length === 0) continue;
      const added = this.#childrenAdded(flush);
      for (const child of unchanged) if (!added.has(child)) this.#unlink(flush, child);
    }
  }

  processSaves(flush: FlushContext, states: readonly InstanceState[]): Op<void> | null {
    this.#linkFresh(flush, states);
    const touched = this.touched(flush, states);
    return touched.length === 0 ? null : this.#linkStored(flush, touched);
  }

  *#linkStored(flush: FlushContext, states: readonly InstanceState[]): Op<void> {
    const { cascades, passiveDeletes, postUpdate, syncPairs } = this.relationship;
    const nullKeys = !cascades.deleteOrphan && passiveDeletes !== "all";
    for (const state of states) {
      // Where rows depend on rows, members that wait for their collection link themselves, if they are in the session.
      if (this.relationship.selfReferential && !this.attribute.isLoaded(state)) continue;
      const history = flush.history(state, this.attribute) as History<object>;
      for (const child of members(history.added)) {
        if (this.#mayLink(flush, child) && !this.keys.fromMemory(state, child))
          yield* populate(state, child, this.relationship, flush.session);
        if (postUpdate) this.postUpdate(flush, child);
      }
      if (nullKeys) {
        for (const child of members(history.deleted)) {
          // An object that expired since it moved does not know its parent: the collection that it moved to does.
          if (this.#hasParent(child) || this.#childrenAdded(flush).has(child)) continue;
          // Its own reference to its parent has done it.
          if (postUpdate && isCleared(child, this.relationship)) continue;
          this.#unlink(flush, child);
        }
      }
      if (sourceModified(state, syncPairs)) {
        for (const child of members(history.unchanged))
          if (this.#mayLink(flush, child)) yield* follow(flush, state, child, this.relationship);
      }
    }
  }

  /** Children that the flush gives a parent. */
  #childrenAdded(flush: FlushContext): ReadonlySet<InstanceState> {
    return flush.memo(`children added ${flush.id(this)}`, () => {
      const found = new Set<InstanceState>();
      for (const mapper of this.mappers(true)) {
        for (const parent of flush.byMapper.get(mapper) ?? []) {
          if (parent.flushDeletes || parent.flushLists) continue;
          const { added } = flush.history(parent, this.attribute) as History<object>;
          for (const child of members(added)) found.add(child);
        }
      }
      return found;
    });
  }

  #mayLink(flush: FlushContext, child: InstanceState): boolean {
    this.checkMember(child);
    return this.relationship.postUpdate || !flush.isDeleted(child);
  }

  #unlink(flush: FlushContext, child: InstanceState): void {
    if (this.relationship.postUpdate || !flush.isDeleted(child)) clear(child, this.relationship);
    if (this.relationship.postUpdate) this.postUpdate(flush, child);
  }

  /** Whether a parent holds the child now; where parents are of several classes, one of any. */
  #hasParent(child: InstanceState): boolean {
    const { rivals } = this.relationship;
    return this.attribute.hasParent(child, false) || rivals.some(({ attribute }) => attribute.hasParent(child, false));
  }
}

/**
 * The children's own reference to their parent, where it is written with the same keys: it has nothing left to do for children that have them from
 * their parent.
 */
function holderOf({ reverseRelationships, syncPairs }: Relationship): RelationAttribute | null {
  if (reverseRelationships.length !== 1) return null;
  const [{ direction, postUpdate, variant, attribute, syncPairs: own }] = reverseRelationships;
  if (direction !== "manyToOne" || postUpdate || variant !== null || own.length !== syncPairs.length) return null;
  const isSame = own.every(({ source, dest }) => syncPairs.some((p) => p.source === source && p.dest === dest));
  return isSame ? attribute : null;
}
