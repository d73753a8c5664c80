/**
 * The steps of a flush as records: save or delete all objects of a hierarchy, let a relationship's processor copy keys, write post-updates. Where
 * steps depend on each other in a circle they are broken into one for each object.
 */
import type { Op } from "../../engine/io.js";
import type { Mapper } from "../mapping/mapper.js";
import type { InstanceState } from "../state.js";
import { linkView, postUpdated } from "./action-views.js";
import { Action, type ActionView, type FlushContext, type Processor } from "./flush-context.js";

export class SaveAll extends Action {
  readonly rank = 5;
  constructor(readonly base: Mapper) {
    super();
  }
  static of(flush: FlushContext, base: Mapper): SaveAll {
    return flush.action(`save ${base.order}`, () => new SaveAll(base));
  }
  get order(): number {
    return this.base.order;
  }
  execute(flush: FlushContext): Op<void> | null {
    const states = flush.statesOf(this.base, false);
    return states.length === 0 ? null : flush.persister.save(this.base, states, flush);
  }
  override *perState(flush: FlushContext): Iterable<Action> {
    const states = flush.statesOf(this.base, false);
    // Where some deletes come early, the others wait behind a barrier.
    const deletes = flush.clashes === null ? DeleteAll.of(flush, this.base) : Barrier.of(flush, this.base);
    for (const state of states) {
      // Saves stay before deletes: a row switch depends on it.
      const action = SaveState.of(flush, state);
      flush.order([action, deletes]);
      yield action;
    }
    for (const processor of flush.processors.get(this.base) ?? [])
      processor.orderStates(flush, processor.own(states), false);
  }
  describe(): string {
    return `save ${this.base.className}`;
  }
  view(flush: FlushContext): ActionView | null {
    const states = flush.statesOf(this.base, false);
    return states.length === 0
      ? null
      : { action: "save", subject: this.base.className, objects: states.map((s) => s.object) };
  }
}

export class DeleteAll extends Action {
  readonly rank = 1;
  constructor(readonly base: Mapper) {
    super();
  }
  override get needsTold(): boolean {
    return false;
  }
  static of(flush: FlushContext, base: Mapper): DeleteAll {
    return flush.action(`delete ${base.order}`, () => new DeleteAll(base));
  }
  get order(): number {
    return this.base.order;
  }
  execute(flush: FlushContext): Op<void> | null {
    const states = flush.statesOf(this.base, true);
    return states.length === 0 ? null : flush.persister.delete(states, flush);
  }
  override *perState(flush: FlushContext): Iterable<Action> {
    const states = flush.statesOf(this.base, true);
    const saves = flush.clashes === null ? SaveAll.of(flush, this.base) : Barrier.of(flush, this.base);
    for (const state of states) {
      const action = DeleteState.of(flush, state);
      if (flush.clashes?.early.has(state) !== true) flush.order([saves, action]);
      yield action;
    }
    for (const processor of flush.processors.get(this.base) ?? [])
      processor.orderStates(flush, processor.own(states), true);
  }
  describe(): string {
    return `delete ${this.base.className}`;
  }
  view(flush: FlushContext): ActionView | null {
    const states = flush.statesOf(this.base, true);
    return states.length === 0
      ? null
      : { action: "delete", subject: this.base.className, objects: states.map((s) => s.object) };
  }
}

/** Stands between the saves of a hierarchy and its deletes where the two are broken into single objects. */
class Barrier extends Action {
  readonly rank = 1;
  constructor(readonly base: Mapper) {
    super();
  }
  static of(flush: FlushContext, base: Mapper): Barrier {
    return flush.action(`barrier ${base.order}`, () => new Barrier(base));
  }
  get order(): number {
    return this.base.order;
  }
  execute(): null {
    return null;
  }
  describe(): string {
    return `deletes of ${this.base.className}`;
  }
  view(): null {
    return null;
  }
}

export class ProcessAll extends Action {
  readonly rank = 3;
  constructor(
    readonly processor: Processor,
    readonly isDelete: boolean,
    readonly fromParent: boolean,
  ) {
    super();
  }
  static of(flush: FlushContext, processor: Processor, isDelete: boolean, fromParent = true): ProcessAll {
    const base = processor.relationship.parent.base;
    const known = flush.processors.get(base);
    if (known === undefined) flush.processors.set(base, new Set([processor]));
    else known.add(processor);
    return flush.action(
      `process ${flush.id(processor)} ${isDelete} ${fromParent}`,
      () => new ProcessAll(processor, isDelete, fromParent),
    );
  }
  override get name(): string {
    const { parent, key } = this.processor.relationship;
    return `${parent.className}_${key}`;
  }
  get order(): number {
    return this.processor.order;
  }
  #states(flush: FlushContext): readonly InstanceState[] {
    return flush.statesOfMappers(this.processor.mappers(this.fromParent), this.isDelete);
  }
  execute(flush: FlushContext): Op<void> | null {
    const states = this.#states(flush);
    return states.length === 0 ? null : runProcessor(this.processor, flush, states, this.isDelete);
  }
  /** What its objects' own actions on the circle have broken with them is only broken here where they are not on it. */
  override perState(flush: FlushContext): Iterable<Action> {
    const { base } = this.processor.relationship.parent;
    const own = this.isDelete ? DeleteAll.of(flush, base) : SaveAll.of(flush, base);
    if (!flush.cycles.has(own))
      this.processor.orderStates(flush, this.processor.own(this.#states(flush)), this.isDelete);
    return [];
  }
  describe(): string {
    return `${this.isDelete ? "unlink" : "link"} ${this.processor.relationship.label}`;
  }
  view(flush: FlushContext): ActionView | null {
    return linkView(this.processor, flush, this.#states(flush), this.isDelete);
  }
}

export class PostUpdateAll extends Action {
  readonly rank = 2;
  constructor(
    readonly base: Mapper,
    readonly isDelete: boolean,
  ) {
    super();
  }
  static of(flush: FlushContext, base: Mapper, isDelete: boolean): PostUpdateAll {
    return flush.action(`post-update ${base.order} ${isDelete}`, () => new PostUpdateAll(base, isDelete));
  }
  get order(): number {
    return this.base.order;
  }
  override get staysWhole(): boolean {
    return true;
  }
  *execute(flush: FlushContext): Op<void> {
    const entry = flush.postUpdates.get(this.base);
    if (entry === undefined) return;
    const states = [...entry.states].filter((s) => flush.isDeleted(s) === this.isDelete);
    yield* flush.persister.postUpdate(states, entry.columns);
  }
  describe(): string {
    return `post-update ${this.base.className}`;
  }
  view(flush: FlushContext): ActionView | null {
    const objects = postUpdated(flush, this.base, this.isDelete);
    return objects.length === 0 ? null : { action: "post-update", subject: this.base.className, objects };
  }
}

/** Takes the actions of a level that are like `first` and gives the objects of all. */
function gather<A extends Action & { readonly state: InstanceState }>(
  first: A,
  together: Set<Action>,
  alike: (other: Action) => other is A,
): InstanceState[] {
  const states = [first.state];
  for (const other of together) {
    if (!alike(other)) continue;
    together.delete(other);
    states.push(other.state);
  }
  return states;
}

export class ProcessState extends Action {
  readonly rank = 4;
  constructor(
    readonly processor: Processor,
    readonly isDelete: boolean,
    readonly state: InstanceState,
  ) {
    super();
  }
  static of(flush: FlushContext, processor: Processor, isDelete: boolean, state: InstanceState): ProcessState {
    return flush.action(
      `process ${flush.id(processor)} ${isDelete} of ${flush.id(state)}`,
      () => new ProcessState(processor, isDelete, state),
    );
  }
  get order(): number {
    return this.processor.order;
  }
  execute(flush: FlushContext, together: Set<Action>): Op<void> | null {
    const states = gather(
      this,
      together,
      (a): a is this => a instanceof ProcessState && a.processor === this.processor && a.isDelete === this.isDelete,
    );
    return runProcessor(this.processor, flush, states, this.isDelete);
  }
  describe(): string {
    return `${this.isDelete ? "unlink" : "link"} ${this.processor.relationship.label} of ${this.state.describe()}`;
  }
  view(flush: FlushContext): ActionView | null {
    return linkView(this.processor, flush, [this.state], this.isDelete);
  }
}

/** A processor whose rows can go before others of the same object come. */
export interface Unlinker extends Processor {
  /** Writes what members that are deleted early leave behind. */
  unlinkEarly(flush: FlushContext, states: readonly InstanceState[]): Op<void>;
}

/** Takes the rows between an object and members that are deleted early away before the rows of new members come. */
export class UnlinkState extends Action {
  readonly rank = 4;
  constructor(
    readonly processor: Unlinker,
    readonly state: InstanceState,
  ) {
    super();
  }
  static of(flush: FlushContext, processor: Unlinker, state: InstanceState): UnlinkState {
    return flush.action(`unlink ${flush.id(processor)} of ${flush.id(state)}`, () => new UnlinkState(processor, state));
  }
  get order(): number {
    return this.processor.order;
  }
  execute(flush: FlushContext, together: Set<Action>): Op<void> {
    const states = gather(this, together, (a): a is this => a instanceof UnlinkState && a.processor === this.processor);
    return this.processor.unlinkEarly(flush, states);
  }
  describe(): string {
    return `unlink ${this.processor.relationship.label} of ${this.state.describe()}`;
  }
  view(): ActionView {
    return { action: "unlink", subject: this.processor.relationship.label, objects: [this.state.object] };
  }
}

abstract class StateAction extends Action {
  readonly rank = 4;
  constructor(readonly state: InstanceState) {
    super();
  }
  get base(): Mapper {
    return (this.state.mapper as Mapper).base;
  }
  get order(): number {
    return this.base.order;
  }
}

export class SaveState extends StateAction {
  static of(flush: FlushContext, state: InstanceState): SaveState {
    return flush.action(`save state ${flush.id(state)}`, () => new SaveState(state));
  }
  execute(flush: FlushContext, together: Set<Action>): Op<void> | null {
    const states = gather(this, together, (a): a is this => a instanceof SaveState && a.base === this.base);
    return flush.persister.save(this.base, states, flush);
  }
  describe(): string {
    return `save ${this.state.describe()}`;
  }
  view(): ActionView {
    return { action: "save", subject: this.base.className, objects: [this.state.object] };
  }
}

export class DeleteState extends StateAction {
  override get needsTold(): boolean {
    return false;
  }
  static of(flush: FlushContext, state: InstanceState): DeleteState {
    return flush.action(`delete state ${flush.id(state)}`, () => new DeleteState(state));
  }
  execute(flush: FlushContext, together: Set<Action>): Op<void> {
    const states = gather(this, together, (a): a is this => a instanceof DeleteState && a.base === this.base);
    return flush.persister.delete(
      // A row that a new object took over stays.
      states.filter((s) => flush.isDeleted(s) && !s.flushLists),
      flush,
    );
  }
  describe(): string {
    return `delete ${this.state.describe()}`;
  }
  view(): ActionView {
    return { action: "delete", subject: this.base.className, objects: [this.state.object] };
  }
}

function runProcessor(
  processor: Processor,
  flush: FlushContext,
  states: readonly InstanceState[],
  isDelete: boolean,
): Op<void> | null {
  return isDelete ? processor.processDeletes(flush, states) : processor.processSaves(flush, states);
}
