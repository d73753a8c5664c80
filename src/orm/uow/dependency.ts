/** What the processors of all directions have in common. SQLAlchemy: `DependencyProcessor`. */
import type { Op, Soon } from "../../engine/io.js";
import type { RelationAttribute } from "../attributes/relation-attribute.js";
import { cascadeDelete } from "../cascade-walk.js";
import { FlushError } from "../errors.js";
import type { History } from "../history.js";
import type { Mapper, Relationship } from "../mapping/mapper.js";
import { mapperOf } from "../mapping/mapper.js";
import { knownState, stateOf } from "../stamp.js";
import type { InstanceState } from "../state.js";
import { DeleteAll, DeleteState, ProcessAll, ProcessState, SaveAll, SaveState } from "./actions.js";
import type { Action, FlushContext, Processor, RegisterOptions } from "./flush-context.js";
import { KeyCopier, sourceModified } from "./sync.js";

/** The actions between which a processor sets an order. */
export interface Stage {
  readonly saveParent: Action | null;
  readonly deleteParent: Action | null;
  readonly saveChild: Action | null;
  readonly deleteChild: Action | null;
  /** The processor's own: after saves, before deletes. */
  readonly afterSave: Action | null;
  readonly beforeDelete: Action | null;
}

/** The same for one object and one member. */
export interface StateStage {
  readonly state: InstanceState;
  readonly saveParent: Action | null;
  readonly deleteParent: Action | null;
  readonly child: Action | null;
  readonly childIsDelete: boolean;
  readonly afterSave: Action | null;
  readonly beforeDelete: Action | null;
  readonly isDelete: boolean;
}

const NOBODY: readonly InstanceState[] = [];

export abstract class DependencyProcessor implements Processor {
  readonly attribute: RelationAttribute;
  readonly order: number;
  readonly label: string;
  /** How objects come into a flush along the relationship. */
  protected readonly theAdd: RegisterOptions;
  protected readonly theDelete: RegisterOptions;

  protected readonly keys: KeyCopier;
  readonly #targetAlone: readonly Mapper[];

  constructor(readonly relationship: Relationship) {
    this.keys = new KeyCopier(relationship);
    this.#targetAlone = [relationship.target];
    this.attribute = relationship.attribute;
    this.order = relationship.parent.order * 1000 + relationship.attribute.slot;
    this.label = relationship.label;
    this.theAdd = { cancelDelete: true, why: `the add along ${this.label}` };
    this.theDelete = { why: `the delete along ${this.label}` };
  }

  get target(): Mapper {
    return this.relationship.target;
  }
  /** The target, and classes with tables of their own whose objects may be members. */
  protected get targets(): readonly Mapper[] {
    const { mixes, direction, target } = this.relationship;
    return mixes && direction === "oneToMany" ? target.united : this.#targetAlone;
  }
  /** Whether a delete may load what it must know. */
  protected get mayLoadForDelete(): boolean {
    return !this.relationship.passiveDeletes;
  }

  prepare(flush: FlushContext): void {
    flush.prepareWith(this, true);
  }

  mappers(fromParent: boolean): readonly Mapper[] {
    const { parent, target, key } = this.relationship;
    if (!fromParent)
      return this.relationship.mixes
        ? this.targets.flatMap((each) => each.selfAndDescendants())
        : target.selfAndDescendants();
    const found = parent.selfAndDescendants();
    const owns = (mapper: Mapper): boolean => mapper.attributes.get(key) === this.attribute;
    return found.length === 1 && owns(found[0]) ? found : found.filter(owns);
  }

  own(states: readonly InstanceState[]): InstanceState[] {
    return states.filter((state) => mapperOf(state).attributes.get(this.relationship.key) === this.attribute);
  }

  abstract presortDeletes(flush: FlushContext, states: readonly InstanceState[]): Op<void> | null;
  abstract presortSaves(flush: FlushContext, states: readonly InstanceState[]): Op<void> | null;
  abstract processDeletes(flush: FlushContext, states: readonly InstanceState[]): Op<void> | null;
  abstract processSaves(flush: FlushContext, states: readonly InstanceState[]): Op<void> | null;
  /** Says which actions for whole hierarchies come before which. */
  protected abstract dependencies(flush: FlushContext, stage: Stage): void;
  /** The same for those of one object and one member. */
  protected abstract stateDependencies(flush: FlushContext, stage: StateStage): void;

  hasChanges(flush: FlushContext, states: readonly InstanceState[], isDelete: boolean): Soon<boolean> {
    if (states.length === 0) return false;
    if (this.#freshHold(flush, states)) return true;
    const others = flush.withoutFresh(states);
    if (isDelete && this.mayLoadForDelete && others.length > 0) return this.#loadsChanges(flush, others);
    for (const state of others)
      if (this.attribute.isLoaded(state) || !this.#isUntouched(flush, state))
        if (!flush.history(state, this.attribute).empty) return true;
    return this.#meetsTarget(flush);
  }

  *#loadsChanges(flush: FlushContext, states: readonly InstanceState[]): Op<boolean> {
    for (const state of states) {
      // The related row itself is of no interest to a many-to-one.
      const toOne = this.relationship.direction === "manyToOne";
      if (toOne) yield* flush.session.recallForFlush(state, this.attribute);
      const history = toOne ? flush.history(state, this.attribute) : yield* flush.loadedHistory(state, this.attribute);
      if (!history.empty) return true;
    }
    return this.#meetsTarget(flush);
  }

  /** Whether objects of both sides take part. */
  #meetsTarget(flush: FlushContext): boolean {
    return !this.relationship.selfReferential && this.targets.some((each) => flush.byMapper.has(each));
  }

  /** Those of the objects whose part in the relationship a flush must look at: new ones whose own fields say it all are left out. */
  protected touched(flush: FlushContext, states: readonly InstanceState[]): readonly InstanceState[] {
    const { syncPairs, direction } = this.relationship;
    let found: InstanceState[] | null = null;
    for (const state of states) {
      if (flush.isFresh(state)) continue;
      if (this.#isUntouched(flush, state) && (direction === "manyToOne" || !sourceModified(state, syncPairs))) continue;
      found ??= [];
      found.push(state);
    }
    return found ?? NOBODY;
  }

  /** Whether a stored object's attribute is as it was loaded, if it was. */
  #isUntouched(flush: FlushContext, state: InstanceState): boolean {
    const { attribute } = this;
    return (
      state.key !== null &&
      state.committed?.has(attribute) !== true &&
      state.extra?.pending?.has(attribute) !== true &&
      !flush.remembers(state, attribute)
    );
  }

  *knowDeleted(flush: FlushContext, states: readonly InstanceState[]): Op<void> {
    if (this.mayLoadForDelete) for (const state of states) yield* flush.loadedHistory(state, this.attribute);
  }

  // What new objects hold is known without a wait. Loops over many objects are kept out of generators, which no compiler makes fast.
  #freshHold(flush: FlushContext, states: readonly InstanceState[]): boolean {
    const { attribute } = this;
    for (const state of states) {
      if (!flush.isFresh(state)) continue;
      if (attribute.uselist ? attribute.loadedMembers(state).length > 0 : attribute.isLoaded(state)) return true;
    }
    return false;
  }

  orderAll(flush: FlushContext): void {
    const { parent } = this.relationship;
    for (const { base } of this.targets)
      this.dependencies(flush, {
        afterSave: ProcessAll.of(flush, this, false),
        beforeDelete: ProcessAll.of(flush, this, true),
        saveParent: SaveAll.of(flush, parent.base),
        saveChild: SaveAll.of(flush, base),
        deleteParent: DeleteAll.of(flush, parent.base),
        deleteChild: DeleteAll.of(flush, base),
      });
  }

  orderStates(flush: FlushContext, states: readonly InstanceState[], isDelete: boolean): void {
    const { parent } = this.relationship;
    const sides = this.targets.map(({ base }): Side => {
      const saves = SaveAll.of(flush, base);
      return { base, saves, deletes: DeleteAll.of(flush, base), inCycle: flush.cycles.has(saves) };
    });
    ProcessAll.of(flush, this, isDelete).disabled = true;
    const parentAll = isDelete ? DeleteAll.of(flush, parent.base) : SaveAll.of(flush, parent.base);
    const parentInCycle = flush.cycles.has(parentAll);
    for (const state of states) {
      const members = this.#pendingMembers(state);
      if (members.length === 0) continue;
      const process = ProcessState.of(flush, this, isDelete, state);
      const parentAction = !parentInCycle
        ? parentAll
        : isDelete
          ? DeleteState.of(flush, state)
          : SaveState.of(flush, state);
      for (const [child, childIsDelete] of childActions(flush, sides, members)) {
        this.stateDependencies(flush, {
          state,
          saveParent: isDelete ? null : parentAction,
          deleteParent: isDelete ? parentAction : null,
          afterSave: isDelete ? null : process,
          beforeDelete: isDelete ? process : null,
          child,
          childIsDelete,
          isDelete,
        });
      }
    }
  }

  /** The members that an object has or had, null for a to-one that holds nothing. Those that wait for their collection order nothing. */
  #pendingMembers(state: InstanceState): (InstanceState | null)[] {
    const members = this.attribute.allPending(state).map((member) => stateOf(member) as InstanceState);
    return members.length === 0 && !this.attribute.uselist && this.attribute.isLoaded(state) ? [null] : members;
  }

  /** What a deleted object had, loaded where the relationship allows it. */
  protected *deleteHistory<M extends object | null>(flush: FlushContext, state: InstanceState): Op<History<M>> {
    const { attribute } = this;
    return (
      this.mayLoadForDelete ? yield* flush.loadedHistory(state, attribute) : flush.history(state, attribute)
    ) as History<M>;
  }

  /** Has the keys of an object written by an UPDATE of their own, once all rows are there. */
  protected postUpdate(flush: FlushContext, state: InstanceState): void {
    flush.registerPostUpdate(
      state,
      this.relationship.syncPairs.map(({ dest }) => dest),
    );
  }

  /** A member must be of a class that the relationship can hold. */
  protected checkMember(member: InstanceState): void {
    if (this.relationship.accepts(member.mapper)) return;
    throw new FlushError(
      `${this.label} holds ${member.describe()}, but takes objects of ${this.target.className} and its subclasses only.`,
    );
  }

  /** Marks an object and what its delete cascades reach for deletion. */
  protected *deleteWithCascades(flush: FlushContext, state: InstanceState): Op<void> {
    flush.register(state, { isDelete: true, why: `the delete along ${this.label}` });
    for (const reached of yield* cascadeDelete([state], flush.session)) flush.register(reached, { isDelete: true });
  }

  /** Objects of the other side that this flush pairs with one here: each pair is written once. */
  protected processedPairs(flush: FlushContext): Map<InstanceState, Set<InstanceState>> | null {
    const { reverseRelationships } = this.relationship;
    if (reverseRelationships.length === 0 && flush.clashes === null) return null;
    const names = [this.label, ...reverseRelationships.map((r) => r.label)].sort().join(" ");
    return flush.memo(`pairs ${names}`, () => new Map());
  }
}

/** The actions of a hierarchy whose objects may be members. */
interface Side {
  readonly base: Mapper;
  readonly saves: Action;
  readonly deletes: Action;
  readonly inCycle: boolean;
}

/** The actions for the members of an object: for each of them where they are in a cycle, else for all. */
function childActions(
  flush: FlushContext,
  sides: readonly Side[],
  members: readonly (InstanceState | null)[],
): readonly (readonly [Action | null, boolean])[] {
  const found: (readonly [Action | null, boolean])[] = [];
  for (const { base, saves, deletes, inCycle } of sides) {
    if (!inCycle) found.push([saves, false], [deletes, true]);
    else
      for (const member of members)
        if (sides.length === 1 || member === null || mapperOf(member).base === base)
          found.push(memberAction(flush, member));
  }
  return found;
}

function memberAction(flush: FlushContext, member: InstanceState | null): [Action | null, boolean] {
  if (member === null || !flush.has(member)) return [null, false];
  return member.flushDeletes ? [DeleteState.of(flush, member), true] : [SaveState.of(flush, member), false];
}

/** The states of the members that a history lists; a to-one that holds nothing lists null. */
export function members(list: readonly (object | null)[]): readonly InstanceState[] {
  if (list.length === 0) return NOBODY;
  const found: InstanceState[] = [];
  for (const member of list) if (member !== null) found.push(knownState(member));
  return found;
}
