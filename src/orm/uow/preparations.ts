/** What the relationships of a flush do before it is ordered: each looks at the objects of its side, which may bring others in, until nothing new turns up. */
import type { Op, Soon } from "../../engine/io.js";
import type { Mapper } from "../mapping/mapper.js";
import type { InstanceState } from "../state.js";

/** The part of a relationship that prepares a flush. Most of it waits for nothing: a null says that it is done. */
export interface Preprocessor<Flush> {
  /** The mappers whose objects it works on. */
  mappers(fromParent: boolean): readonly Mapper[];
  presortDeletes(flush: Flush, states: readonly InstanceState[]): Op<void> | null;
  presortSaves(flush: Flush, states: readonly InstanceState[]): Op<void> | null;
  hasChanges(flush: Flush, states: readonly InstanceState[], isDelete: boolean): Soon<boolean>;
}

interface Preparation<P> {
  readonly processor: P;
  /** Whether it looks at the parent's objects, or at the target's. */
  readonly fromParent: boolean;
  /** How many objects of each of its mappers it has looked at. */
  readonly seen: number[];
  /** Those among them that had no part of their own yet. */
  waiting: readonly InstanceState[];
  /** Whether it has found changes, for which it sets an order. */
  ordering: boolean;
}

/** Objects that a processor has not looked at yet, by their fate. */
interface Unseen {
  deletes: InstanceState[] | null;
  saves: InstanceState[] | null;
  waiting: InstanceState[] | null;
}

const NOBODY: readonly InstanceState[] = [];

/** What takes part in a flush; it grows meanwhile. */
export interface Prepared {
  readonly byMapper: ReadonlyMap<Mapper, readonly InstanceState[]>;
  /** Whether some of a mapper's objects are not to be saved. */
  isMixed(mapper: Mapper): boolean;
}

export class Preparations<Flush extends Prepared, P extends Preprocessor<Flush>> {
  readonly #all: Preparation<P>[] = [];
  /** The processors that set an order among the actions of the flush, as they have found changes. */
  readonly ordering: P[] = [];

  constructor(private readonly flush: Flush) {}

  /** Asks for a processor's preparations, on its parent's or on its target's objects. */
  add(processor: P, fromParent: boolean): void {
    for (const known of this.#all) if (known.processor === processor && known.fromParent === fromParent) return;
    this.#all.push({ processor, fromParent, seen: [], waiting: NOBODY, ordering: false });
  }

  *run(): Op<void> {
    const { flush } = this;
    for (let again = true; again; ) {
      again = false;
      // Those that this round adds have their turn in the next.
      const count = this.#all.length;
      for (let i = 0; i < count; i++) {
        const preparation = this.#all[i];
        if (!this.#hasMore(preparation)) continue;
        const { deletes, saves, waiting } = this.#unseen(preparation);
        preparation.waiting = waiting ?? NOBODY;
        if (deletes === null && saves === null) continue;
        again = true;
        const { processor } = preparation;
        const first = deletes === null ? null : processor.presortDeletes(flush, deletes);
        if (first !== null) yield* first;
        const second = saves === null ? null : processor.presortSaves(flush, saves);
        if (second !== null) yield* second;
        if (preparation.ordering) continue;
        let changes = deletes !== null && processor.hasChanges(flush, deletes, true);
        if (!(typeof changes === "boolean" ? changes : yield* changes)) {
          changes = saves !== null && processor.hasChanges(flush, saves, false);
          if (!(typeof changes === "boolean" ? changes : yield* changes)) continue;
        }
        this.ordering.push(processor);
        preparation.ordering = true;
      }
    }
  }

  #hasMore({ processor, fromParent, seen, waiting }: Preparation<P>): boolean {
    if (waiting.length > 0) return true;
    const mappers = processor.mappers(fromParent);
    for (let i = 0; i < mappers.length; i++)
      if ((this.flush.byMapper.get(mappers[i])?.length ?? 0) > (seen[i] ?? 0)) return true;
    return false;
  }

  #unseen({ processor, fromParent, seen, waiting }: Preparation<P>): Unseen {
    const found: Unseen = { deletes: null, saves: null, waiting: null };
    for (const state of waiting) sortIn(state, found);
    const mappers = processor.mappers(fromParent);
    for (let at = 0; at < mappers.length; at++) {
      const states = this.flush.byMapper.get(mappers[at]);
      if (states === undefined) continue;
      const from = seen[at] ?? 0;
      // A list of new objects is taken as it is: it may grow meanwhile.
      if (from === 0 && found.saves === null && !this.flush.isMixed(mappers[at])) found.saves = states.slice();
      else for (let i = from; i < states.length; i++) sortIn(states[i], found);
      seen[at] = states.length;
    }
    return found;
  }
}

function sortIn(state: InstanceState, found: Unseen): void {
  if (state.flushLists) {
    found.waiting ??= [];
    found.waiting.push(state);
  } else if (state.flushDeletes) {
    found.deletes ??= [];
    found.deletes.push(state);
  } else {
    found.saves ??= [];
    found.saves.push(state);
  }
}
