/** What has changed in the objects of a flush, as it first saw it: changes made while it is under way belong to the next one. */
import type { Op } from "../../engine/io.js";
import type { Attribute } from "../attributes/attribute.js";
import type { RelationAttribute } from "../attributes/relation-attribute.js";
import { type History, NO_HISTORY } from "../history.js";
import type { InstanceState } from "../state.js";

/** Finds out what memory does not know. */
export interface HistoryLoader {
  /** Loads an attribute as the database has it, without autoflush. */
  loadForFlush(state: InstanceState, attribute: Attribute): Op<void>;
  /** Finds out what a replaced to-one attribute held before. */
  loadOriginal(state: InstanceState, attribute: RelationAttribute): Op<void>;
}

/** The changes of one attribute as the flush first saw them. */
interface Remembered {
  readonly of: Map<InstanceState, History>;
  /** The objects for which the attribute was loaded where memory did not know it. */
  loaded: Set<InstanceState> | null;
}

const NOBODY: readonly InstanceState[] = [];

export class FlushHistories<Session extends HistoryLoader> {
  #histories: Map<Attribute, Remembered> | null = null;
  /** New objects of which a relationship was changed while the flush was under way. */
  #changed: Set<InstanceState> | null = null;

  constructor(readonly session: Session) {}

  /** Whether an object takes part. */
  has(state: InstanceState): boolean {
    return state.inFlush && (state.session as object | null) === this.session;
  }

  /**
   * Whether an object is new, and so is all that its relationships hold: then the object itself tells what a flush must know, and no history is made.
   */
  isFresh(state: InstanceState): boolean {
    return state.key === null && state.committed === null && (this.#changed === null || !this.#changed.has(state));
  }

  /** Those of the objects that are not. */
  withoutFresh(states: readonly InstanceState[]): readonly InstanceState[] {
    let others: InstanceState[] | null = null;
    for (const state of states) {
      if (this.isFresh(state)) continue;
      others ??= [];
      others.push(state);
    }
    return others ?? NOBODY;
  }

  /** An attribute is about to change while the flush is under way: the flush goes on with what it was. */
  keep(state: InstanceState, attribute: Attribute): void {
    if (!this.has(state) || this.remembers(state, attribute)) return;
    this.#remember(state, attribute, false);
    if (state.key !== null) return;
    this.#changed ??= new Set();
    this.#changed.add(state);
  }

  /** The change of an attribute as memory knows it, the same throughout the flush. */
  history(state: InstanceState, attribute: Attribute): History {
    return this.#histories?.get(attribute)?.of.get(state) ?? this.#remember(state, attribute, false);
  }

  /** Whether the change of an attribute was asked for before, or had to be kept. */
  remembers(state: InstanceState, attribute: Attribute): boolean {
    return this.#histories?.get(attribute)?.of.has(state) === true;
  }

  /** The change of a to-one that was replaced while its old value was unknown: that is loaded first. */
  *replacedHistory(state: InstanceState, attribute: RelationAttribute): Op<History> {
    yield* this.session.loadOriginal(state, attribute);
    return this.#remember(state, attribute, false);
  }

  /** The change of an attribute, loaded if memory does not know it. */
  *loadedHistory(state: InstanceState, attribute: Attribute): Op<History> {
    const remembered = this.#histories?.get(attribute);
    if (remembered?.loaded?.has(state)) return remembered.of.get(state) as History;
    const known =
      attribute.isLoaded(state) && (!state.isPartial(attribute) || state.committed?.has(attribute) === true);
    if (!known && state.key !== null) yield* this.session.loadForFlush(state, attribute);
    return this.#remember(state, attribute, true);
  }

  #remember(state: InstanceState, attribute: Attribute, loaded: boolean): History {
    this.#histories ??= new Map();
    let histories = this.#histories.get(attribute);
    if (histories === undefined) {
      histories = { of: new Map(), loaded: null };
      this.#histories.set(attribute, histories);
    }
    const history = attribute.flushHistory(state) ?? NO_HISTORY;
    histories.of.set(state, history);
    if (loaded) {
      histories.loaded ??= new Set();
      histories.loaded.add(state);
    } else histories.loaded?.delete(state);
    return history;
  }
}
