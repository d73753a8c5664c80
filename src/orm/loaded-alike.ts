/**
 * An object that was loaded and that nobody has looked into has no state yet: its row and what it shares with the other objects of its statement say
 * all that a state would. It is opened, and gets its state, by the first thing that needs more than the value of a column: a change, a relationship,
 * a second load. Most objects of most programs are read and forgotten before that.
 */

import { keepShape } from "../sql/keep-shape.js";
import { type IdentityKey, InstanceState, type LoadOrigin, type SessionPort, type StateMapper } from "./state.js";

/** Ties unopened objects to their session: cut once for all of them. */
export class Tie {
  constructor(public session: SessionPort | null) {}
}

/** A mapper with the root of its hierarchy, which identities are told apart by. */
export type RootedMapper = StateMapper & { readonly base: StateMapper };

/** What the unopened objects of one class that one statement loaded into one session have in common. */
export class LoadedAlike {
  /** The same with one slot converted, by its bit: few of them serve all objects. */
  private converted: Map<number, LoadedAlike> | null = null;

  constructor(
    readonly mapper: RootedMapper,
    readonly origin: LoadOrigin,
    /** Slots that hold what the driver gave and convert when first read, a bit each. */
    readonly raw: number,
    /** The slot of the primary key, which is one plain value. */
    readonly keySlot: number,
    readonly tie: Tie,
    /** What the identity map holds weakly together with these objects. */
    readonly page: object | null = null,
  ) {}

  keyOf(values: readonly unknown[]): IdentityKey {
    return values[this.keySlot] as IdentityKey;
  }

  /** The same for objects that the identity map holds weakly from now on. */
  onPage(page: object): LoadedAlike {
    return new LoadedAlike(this.mapper, this.origin, this.raw, this.keySlot, this.tie, page);
  }

  /** The same for objects of which one value more was converted. @param bit that of its slot */
  afterConversion(bit: number): LoadedAlike {
    this.converted ??= new Map();
    let next = this.converted.get(bit);
    if (next === undefined) {
      next = new LoadedAlike(this.mapper, this.origin, this.raw & ~bit, this.keySlot, this.tie, this.page);
      this.converted.set(bit, next);
    }
    return next;
  }

  /** What an attribute has for what the driver gave. */
  convert(slot: number, raw: unknown): unknown {
    const convert = this.origin.converters[slot];
    return raw === null || convert == null ? raw : convert(raw as never);
  }

  /** Makes the state of one of the objects. */
  open(object: object, values: unknown[]): InstanceState {
    const state = new InstanceState(this.mapper, object, values);
    state.raw = this.raw;
    state.key = this.keyOf(values);
    state.session = this.tie.session;
    state.origin = this.origin;
    state.page = this.page;
    return state;
  }
}

const noTie = new Tie(null);
keepShape(noTie);
keepShape(new LoadedAlike(null as never, null as never, 0, 0, noTie));
