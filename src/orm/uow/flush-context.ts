/**
 * One flush: which objects take part and how, which actions follow, and in which order. It knows nothing of SQL: the actions call the persistence
 * room. SQLAlchemy: `UOWTransaction`.
 */

import type { Op } from "../../engine/io.js";
import { TOLD, together } from "../../engine/together.js";
import { CircularDependencyError } from "../../sql/errors.js";
import { keepShape } from "../../sql/keep-shape.js";
import type { Warn } from "../../sql/warnings.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import type { RelationAttribute } from "../attributes/relation-attribute.js";
import type { CascadeLoader } from "../cascade-walk.js";
import type { Relationship } from "../mapping/mapper.js";
import { type Mapper, mapperOf } from "../mapping/mapper.js";
import type { InstanceState } from "../state.js";
import { NOT_IN_SESSION } from "../warnings.js";
import { FlushHistories, type HistoryLoader } from "./flush-histories.js";
import { Preparations, type Preprocessor } from "./preparations.js";
import { type Edge, findCycles, sortAsLevels } from "./topological.js";

/** What the flush asks of its session. */
export interface FlushSession extends CascadeLoader, HistoryLoader {
  contains(state: InstanceState): boolean;
  knowSource(state: InstanceState): Op<void>;
  /** Finds out what a to-one holds, as far as the object's own row and the identity map tell. */
  recallForFlush(state: InstanceState, attribute: RelationAttribute): Op<void>;
  /** All states in the identity map. */
  allStates(): Iterable<InstanceState>;
  lookupRow(state: InstanceState): InstanceState | undefined;
  readonly warn: Warn;
}

/** Writes objects; implemented by the persistence room. */
export interface Persister {
  /** Inserts or updates the rows of objects of one hierarchy. @returns null where it is done */
  save(base: Mapper, states: readonly InstanceState[], flush: FlushContext): Op<void> | null;
  /** Deletes the rows of objects of one hierarchy. */
  delete(states: readonly InstanceState[], flush: FlushContext): Op<void>;
  /** Writes these columns of rows that are there. */
  postUpdate(states: readonly InstanceState[], columns: ReadonlySet<object>): Op<void>;
  /** Writes rows of a relationship's association table. */
  associations(relationship: Relationship, changes: AssociationChanges): Op<void>;
  /** Whether somebody hears of each object of a hierarchy, before and after it is written: then nothing else is written meanwhile. */
  isHeard(base: Mapper): boolean;
}

/** How actions of the plan are told apart and shown. */
export interface ActionView {
  readonly action: "save" | "insert" | "update" | "delete" | "link" | "unlink" | "post-update";
  readonly subject: string;
  readonly objects: readonly object[];
}

export abstract class Action {
  /** Replaced by actions for single objects. */
  disabled = false;
  /** Kinds of actions in a fixed order where nothing else decides. */
  abstract readonly rank: number;
  abstract readonly order: number;
  /** Whether it may need what the database has told the actions of earlier levels: keys that it made. */
  get needsTold(): boolean {
    return true;
  }
  /** Comes before the order among actions of one kind. */
  get name(): string {
    return "";
  }

  /**
   * @param together actions of the same level that have not run; an action takes its like out and does their work too
   * @returns null where it is done
   */
  abstract execute(flush: FlushContext, together: Set<Action>): Op<void> | null;

  abstract describe(): string;

  abstract view(flush: FlushContext): ActionView | null;

  /** Whether it stays one action when it lies on a cycle; the actions of single objects then have their places before and after it. */
  get staysWhole(): boolean {
    return false;
  }

  /** The actions that replace this one when it lies on a cycle. */
  perState(_flush: FlushContext): Iterable<Action> {
    return [];
  }
}

/** What a relationship does in a flush; one implementation for each direction. */
export interface Processor extends Preprocessor<FlushContext> {
  readonly relationship: Relationship;
  readonly order: number;
  /** Asks the flush for this processor's preparations. */
  prepare(flush: FlushContext): void;
  /** Those of the objects that have the relationship. */
  own(states: readonly InstanceState[]): InstanceState[];
  /** Loads what the order of single deletes depends on. */
  knowDeleted(flush: FlushContext, states: readonly InstanceState[]): Op<void>;
  /** Orders the actions of whole hierarchies. */
  orderAll(flush: FlushContext): void;
  /** Orders the actions of single objects. */
  orderStates(flush: FlushContext, states: readonly InstanceState[], isDelete: boolean): void;
  processDeletes(flush: FlushContext, states: readonly InstanceState[]): Op<void> | null;
  processSaves(flush: FlushContext, states: readonly InstanceState[]): Op<void> | null;
}

/** Rows of an association table to write, by column name. */
export interface AssociationChanges {
  readonly inserts: Map<object, unknown>[];
  readonly deletes: Map<object, unknown>[];
  readonly updates: { readonly old: Map<object, unknown>; readonly now: Map<object, unknown> }[];
}

/** Unique values that the flush frees and takes again. */
export interface UniqueClashes {
  /** Deleted objects whose rows go before the inserts. */
  readonly early: ReadonlySet<InstanceState>;
  /** Puts the actions of the hierarchies concerned into a circle, so that they are broken into single objects. */
  orderAll(flush: FlushContext): void;
  /** What frees a value comes before what takes it. */
  orderStates(flush: FlushContext): void;
}

/** Nothing runs together with an action that is alone in its level. */
const NO_ACTIONS: Set<Action> = new Set();

/** Small numbers for mappers and processors. */
const numbers = new WeakMap<object, number>();
let numbered = 0;

function numberOf(of: object): number {
  let number = numbers.get(of);
  if (number === undefined) {
    number = ++numbered;
    numbers.set(of, number);
  }
  return number;
}

/**
 * Orders that were worked out before, by the first hierarchy of the flush and what else has part in it. Actions for whole hierarchies know nothing
 * of one flush, so that they serve every flush of the same shape.
 */
const knownPlans = new WeakMap<Mapper, Map<string, Action[][]>>();

export class FlushContext extends FlushHistories<FlushSession> {
  /** The objects that take part, by their mappers, in the order in which they came in; each knows what becomes of it. */
  readonly byMapper: Map<Mapper, InstanceState[]> = new Map();
  /** The hierarchies that take part. */
  readonly #bases: Mapper[] = [];
  /** Mappers with objects that are not simply saved; the lists of all others need not be looked through for them. */
  #mixed: Set<Mapper> | null = null;
  // Objects of one class come one after another.
  #lastMapper: Mapper | null = null;
  #lastStates: InstanceState[] = [];
  #cascadedKeys: Map<InstanceState, Set<ColumnAttribute>> | null = null;
  #gone: Set<InstanceState> | null = null;

  readonly #preparations: Preparations<FlushContext, Processor> = new Preparations(this);
  #processors: Map<Mapper, Set<Processor>> | null = null;
  #actions: Map<string, Action> | null = null;
  /** What comes before what. */
  #edges: Map<Action, Set<Action>> | null = null;
  cycles: ReadonlySet<Action> = NO_ACTIONS;
  clashes: UniqueClashes | null = null;
  #postUpdates: Map<Mapper, { states: Set<InstanceState>; columns: Set<object> }> | null = null;

  #memos: Map<string, unknown> | null = null;
  #ids: Map<object, number> | null = null;

  constructor(
    session: FlushSession,
    readonly persister: Persister,
    readonly processorsOf: (mapper: Mapper) => readonly Processor[],
    readonly makeMapperActions: (flush: FlushContext, base: Mapper) => void,
    readonly findClashes: (flush: FlushContext) => UniqueClashes | null,
  ) {
    super(session);
  }

  /** The hierarchies that take part. */
  get bases(): readonly Mapper[] {
    return this.#bases;
  }

  /** Processors whose actions may have to be broken into rows, by the base mapper of their parent. */
  get processors(): Map<Mapper, Set<Processor>> {
    this.#processors ??= new Map();
    return this.#processors;
  }

  /** What is done, by what it is about. Most flushes have an order that is known, and make no actions. */
  get actions(): Map<string, Action> {
    this.#actions ??= new Map();
    return this.#actions;
  }

  /** Objects with columns that are written once all rows are there, by the base mapper of the objects. */
  get postUpdates(): Map<Mapper, { states: Set<InstanceState>; columns: Set<object> }> {
    this.#postUpdates ??= new Map();
    return this.#postUpdates;
  }

  /** The parts of an object's primary key that the database changes with the key that they refer to; null for none. */
  cascadedKeys(state: InstanceState): ReadonlySet<ColumnAttribute> | null {
    return this.#cascadedKeys?.get(state) ?? null;
  }

  noteCascaded(state: InstanceState, attribute: ColumnAttribute): void {
    this.#cascadedKeys ??= new Map();
    const known = this.#cascadedKeys.get(state);
    if (known === undefined) this.#cascadedKeys.set(state, new Set([attribute]));
    else known.add(attribute);
  }

  /** Whether the row of an object is deleted before what is saved now: nobody can take it over any more. */
  isGone(state: InstanceState): boolean {
    return this.#gone?.has(state) === true;
  }

  noteGone(states: readonly InstanceState[]): void {
    if (this.clashes === null) return;
    this.#gone ??= new Set();
    for (const state of states) this.#gone.add(state);
  }

  get hasWork(): boolean {
    return this.byMapper.size > 0;
  }

  /** A small number for an object, for keys. */
  id(of: object): number {
    this.#ids ??= new Map();
    let id = this.#ids.get(of);
    if (id === undefined) {
      id = this.#ids.size + 1;
      this.#ids.set(of, id);
    }
    return id;
  }

  /** What is worked out once in a flush. */
  memo<T>(key: string, make: () => T): T {
    this.#memos ??= new Map();
    if (!this.#memos.has(key)) this.#memos.set(key, make());
    return this.#memos.get(key) as T;
  }

  isDeleted(state: InstanceState): boolean {
    return state.flushDeletes && this.has(state);
  }

  /** Brings an object into the flush. */
  register(
    state: InstanceState,
    { isDelete = false, listOnly = false, cancelDelete = false, why }: RegisterOptions = {},
  ): boolean {
    if (!this.session.contains(state)) {
      if (!state.deleted && why !== undefined) {
        this.session.warn(NOT_IN_SESSION, state.describe(), `; ${why} will not proceed for it.`);
      }
      return false;
    }
    if (isDelete || listOnly) {
      this.#mixed ??= new Set();
      this.#mixed.add(mapperOf(state));
    }
    if (!state.inFlush) {
      state.enterFlush(isDelete, listOnly);
      this.#ofMapper(mapperOf(state)).push(state);
    } else if (!listOnly && (isDelete || cancelDelete)) state.changeFate(isDelete, false);
    return true;
  }

  isMixed(mapper: Mapper): boolean {
    return this.#mixed?.has(mapper) === true;
  }

  /** All objects that take part. */
  *states(): Generator<InstanceState> {
    for (const states of this.byMapper.values()) yield* states;
  }

  /** Brings in an object of the session that is not there yet, to be saved. */
  enter(state: InstanceState): void {
    state.enterFlush(false, false);
    this.#ofMapper(mapperOf(state)).push(state);
  }

  /** Lets all objects go: what becomes of them is decided. */
  release(): void {
    for (const states of this.byMapper.values()) for (const state of states) state.leaveFlush();
  }

  #ofMapper(mapper: Mapper): InstanceState[] {
    if (mapper === this.#lastMapper) return this.#lastStates;
    let states = this.byMapper.get(mapper);
    if (states === undefined) {
      states = [];
      this.byMapper.set(mapper, states);
      this.#openMapper(mapper);
    }
    this.#lastMapper = mapper;
    this.#lastStates = states;
    return states;
  }

  #openMapper(mapper: Mapper): void {
    if (!this.#bases.includes(mapper.base)) this.#bases.push(mapper.base);
    for (const processor of this.processorsOf(mapper)) processor.prepare(this);
  }

  /** Asks for a processor's preparations, run on its parent's or on its target's objects. */
  prepareWith(processor: Processor, fromParent: boolean): void {
    this.#preparations.add(processor, fromParent);
  }

  /** An action is made once for what it is about. */
  action<A extends Action>(key: string, make: () => A): A {
    let action = this.actions.get(key);
    if (action === undefined) {
      action = make();
      this.actions.set(key, action);
    }
    return action as A;
  }

  /** Of each pair the first runs before the second; a null has no say. */
  order(...edges: readonly (readonly [Action | null, Action | null])[]): void {
    for (const [before, after] of edges) {
      if (before === null || after === null) continue;
      this.#edges ??= new Map();
      const followers = this.#edges.get(before);
      if (followers === undefined) this.#edges.set(before, new Set([after]));
      else followers.add(after);
    }
  }

  registerPostUpdate(state: InstanceState, columns: Iterable<object>): void {
    const { base } = mapperOf(state);
    let entry = this.postUpdates.get(base);
    if (entry === undefined) {
      entry = { states: new Set(), columns: new Set() };
      this.postUpdates.set(base, entry);
    }
    entry.states.add(state);
    for (const column of columns) entry.columns.add(column);
  }

  /** Objects of a hierarchy with that fate. */
  statesOf(base: Mapper, isDelete: boolean): readonly InstanceState[] {
    return this.statesOfMappers(base.selfAndDescendants(), isDelete);
  }

  /** Objects of mappers with that fate. */
  statesOfMappers(mappers: readonly Mapper[], isDelete: boolean): readonly InstanceState[] {
    const found: InstanceState[] = [];
    for (const mapper of mappers) {
      const states = this.byMapper.get(mapper);
      if (states === undefined) continue;
      if (this.isMixed(mapper)) {
        for (const state of states) if (state.flushDeletes === isDelete && !state.flushLists) found.push(state);
      } else if (!isDelete) {
        if (mappers.length === 1) return states;
        for (const state of states) found.push(state);
      }
    }
    return found;
  }

  /** The actions in the order in which they run: levels of actions that may run together. */
  *plan(): Op<Action[][]> {
    yield* this.#preparations.run();
    if (this.#bases.length === 0) return [];
    this.clashes = this.findClashes(this);
    if (this.clashes !== null) return yield* this.#makeClashLevels();
    let plans = knownPlans.get(this.#bases[0]);
    if (plans === undefined) {
      plans = new Map();
      knownPlans.set(this.#bases[0], plans);
    }
    const shape = `${this.#bases.map(numberOf).join()}|${this.#preparations.ordering.map(numberOf).join()}`;
    let levels = plans.get(shape);
    if (levels === undefined) {
      levels = yield* this.#makeLevels();
      if (this.cycles.size === 0) plans.set(shape, levels);
    }
    return levels;
  }

  /** An order in which freed values come first; the ordinary one where the rows' other ties do not allow it. */
  *#makeClashLevels(): Op<Action[][]> {
    const levels = yield* this.#makeLevels();
    if (!(levels.at(-1)?.[0] instanceof Impasse)) return levels;
    this.clashes = null;
    this.cycles = NO_ACTIONS;
    this.#actions = null;
    this.#processors = null;
    this.#edges = null;
    return yield* this.#makeLevels();
  }

  *#makeLevels(): Op<Action[][]> {
    for (const base of this.#bases) this.makeMapperActions(this, base);
    for (const processor of this.#preparations.ordering) processor.orderAll(this);
    this.clashes?.orderAll(this);
    const actions = this.#sortedActions();
    const cycles = findCycles(this.#liveEdges(), actions);
    for (const action of cycles) if (action.staysWhole) cycles.delete(action);
    this.cycles = cycles;
    if (this.cycles.size > 0) {
      yield* this.#knowDeleted();
      this.#breakCycles();
    }
    const ready = this.#sortedActions().filter((action) => !this.cycles.has(action));
    const { levels, stuck } = sortAsLevels(this.#liveEdges(), ready);
    // What can be written before it is, as SQLAlchemy does: the database may have an objection of its own to that.
    if (stuck.length > 0) {
      const circle = findCycles(this.#liveEdges(), stuck);
      levels.push([new Impasse(stuck.filter((action) => circle.has(action)))]);
    }
    return levels;
  }

  #sortedActions(): Action[] {
    return [...this.actions.values()].filter((a) => !a.disabled).sort(inFixedOrder);
  }

  *#liveEdges(): Generator<Edge<Action>> {
    for (const [before, followers] of this.#edges ?? []) for (const after of followers) yield [before, after];
  }

  /** Where single rows have to be ordered, what the deleted ones refer to must be known. */
  *#knowDeleted(): Op<void> {
    for (const base of this.#bases) {
      const deleted = this.statesOf(base, true);
      if (deleted.length === 0) continue;
      for (const processor of this.processors.get(base) ?? [])
        yield* processor.knowDeleted(this, processor.own(deleted));
    }
  }

  /** Actions that depend on each other in a circle are replaced by one for each object. */
  #breakCycles(): void {
    const converted = new Map<Action, readonly Action[]>();
    for (const action of this.cycles) converted.set(action, [...new Set(action.perState(this))]);
    this.clashes?.orderStates(this);
    for (const [before, followers] of [...(this.#edges ?? [])]) {
      for (const after of [...followers]) {
        const [beforeIn, afterIn] = [this.cycles.has(before), this.cycles.has(after)];
        if (!beforeIn && !afterIn && !before.disabled && !after.disabled) continue;
        followers.delete(after);
        if (before.disabled || after.disabled || (beforeIn && afterIn)) continue;
        if (beforeIn) for (const action of converted.get(before) ?? []) this.order([action, after]);
        else for (const action of converted.get(after) ?? []) this.order([before, action]);
      }
    }
  }

  /** Runs the plan; actions of one kind in one level are run as one. */
  *execute(levels: readonly (readonly Action[])[]): Op<void> {
    yield* together(this.#executions(levels), () => !this.#bases.some((base) => this.persister.isHeard(base)));
  }

  *#executions(levels: readonly (readonly Action[])[]): Generator<Op<void> | typeof TOLD> {
    for (const level of levels) {
      const left = level.length === 1 ? NO_ACTIONS : new Set(level);
      if (level.some(({ needsTold }) => needsTold)) yield TOLD;
      for (const action of level) {
        if (level.length > 1 && !left.delete(action)) continue;
        const waiting = action.execute(this, left);
        if (waiting !== null) yield waiting;
      }
    }
  }
}

export interface RegisterOptions {
  readonly isDelete?: boolean;
  readonly listOnly?: boolean;
  readonly cancelDelete?: boolean;
  /** The operation and relationship, for the warning when the object is not in the session. */
  readonly why?: string;
}

/** By kind, and relationships by their names: where two of them write one column, the same one has the last word in every flush. */
function inFixedOrder(a: Action, b: Action): number {
  return a.rank - b.rank || (a.name < b.name ? -1 : a.name > b.name ? 1 : a.order - b.order);
}

/** Where the order ends: what is left depends on itself in a circle. */
class Impasse extends Action {
  readonly rank = 0;
  readonly order = 0;

  constructor(private readonly stuck: readonly Action[]) {
    super();
  }
  execute(): never {
    throw new CircularDependencyError(this.describe());
  }
  view(): never {
    throw new CircularDependencyError(this.describe());
  }
  describe(): string {
    const words = this.stuck.slice(0, 6).map((action) => action.describe());
    return (
      `The flush cannot be ordered: rows depend on each other in a circle (${words.join("; ")}${this.stuck.length > 6 ? "; ..." : ""}). ` +
      `Set postUpdate: true on one of the relationships, so that its foreign key is written by an UPDATE of its own.`
    );
  }
}

keepShape(new FlushContext(null as never, null as never, null as never, null as never, null as never));
