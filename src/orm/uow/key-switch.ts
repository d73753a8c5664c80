/**
 * A changed primary key reaches the many-to-one side where no collection on the other side would carry it: the objects in memory that refer to the
 * changed one are found and follow. SQLAlchemy: `DetectKeySwitch`.
 */
import type { Op } from "../../engine/io.js";
import { mapperOf } from "../mapping/mapper.js";
import { stateOf } from "../stamp.js";
import type { InstanceState } from "../state.js";
import { ProcessAll, SaveAll } from "./actions.js";
import { DependencyProcessor } from "./dependency.js";
import type { FlushContext } from "./flush-context.js";
import { follow, sourceModified } from "./sync.js";

export class KeySwitchProcessor extends DependencyProcessor {
  override prepare(flush: FlushContext): void {
    const { reverseRelationships, passiveUpdates } = this.relationship;
    if (reverseRelationships.length > 0 && (passiveUpdates || reverseRelationships.some((r) => !r.passiveUpdates)))
      return;
    flush.prepareWith(this, false);
  }

  override own(): InstanceState[] {
    return [];
  }

  override orderAll(flush: FlushContext): void {
    flush.order([SaveAll.of(flush, this.relationship.parent.base), ProcessAll.of(flush, this, false, false)]);
  }

  override orderStates(): void {}
  protected dependencies(): void {}
  protected stateDependencies(): void {}

  override hasChanges(_flush: FlushContext, states: readonly InstanceState[], isDelete: boolean): boolean {
    return !isDelete && this.relationship.passiveUpdates && this.#switched(states).size > 0;
  }

  override *knowDeleted(): Op<void> {}

  presortDeletes(): null {
    return null;
  }

  presortSaves(flush: FlushContext, states: readonly InstanceState[]): Op<void> | null {
    return this.relationship.passiveUpdates ? null : this.#follow(flush, states);
  }

  processDeletes(): null {
    return null;
  }

  processSaves(flush: FlushContext, states: readonly InstanceState[]): Op<void> {
    return this.#follow(flush, states);
  }

  #switched(states: readonly InstanceState[]): Set<InstanceState> {
    return new Set(states.filter((s) => s.key !== null && sourceModified(s, this.relationship.syncPairs)));
  }

  *#follow(flush: FlushContext, states: readonly InstanceState[]): Op<void> {
    const switched = this.#switched(states);
    if (switched.size === 0) return;
    const { parent, passiveUpdates } = this.relationship;
    for (const state of flush.session.allStates()) {
      if (!mapperOf(state).isA(parent)) continue;
      if (!passiveUpdates) yield* flush.session.recallForFlush(state, this.attribute);
      const related = this.attribute.loadedMembers(state)[0];
      const target = related && stateOf(related);
      if (!target || !switched.has(target)) continue;
      flush.register(state, { listOnly: passiveUpdates });
      yield* follow(flush, target, state, this.relationship);
    }
  }
}
