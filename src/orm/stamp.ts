/**
 * The hidden link from an entity to its state: `#private` fields stamped on the instance from outside. They are not enumerable, spread and
 * `Object.assign` do not copy them, a Proxy does not forward them, and reading one costs no more than a property.
 */
import { LoadedAlike } from "./loaded-alike.js";
import type { InstanceState } from "./state.js";

/** A constructor that returns the object it is given, so that a subclass's fields are added to that object. */
const Returning = function (this: unknown, target: object) {
  return target;
} as unknown as new (
  target: object,
) => object;

/** What an object without a state has for the value of a column. */
export const UNSTAMPED: unique symbol = Symbol("unstamped");

/** What gives the value of a column that is one slot of a state. */
interface ColumnReader {
  readonly slot: number;
  get(state: InstanceState): unknown;
}

class Stamp extends Returning {
  #state: InstanceState | LoadedAlike;
  /** The values of an object that has no state yet. */
  #values: unknown[] | null;

  constructor(target: object, state: InstanceState | LoadedAlike, values: unknown[] | null) {
    super(target);
    this.#state = state;
    this.#values = values;
  }

  static read(target: object): InstanceState | undefined {
    if (!(#state in target)) return undefined;
    const state = target.#state;
    return state instanceof LoadedAlike ? Stamp.#open(target, state) : state;
  }

  static readKnown(target: object): InstanceState {
    const state = (target as Stamp).#state;
    return state instanceof LoadedAlike ? Stamp.#open(target as Stamp, state) : state;
  }

  static #open(target: Stamp, alike: LoadedAlike): InstanceState {
    const state = alike.open(target, target.#values as unknown[]);
    target.#state = state;
    target.#values = null;
    return state;
  }

  static peek(target: object): InstanceState | LoadedAlike {
    return (target as Stamp).#state;
  }

  static unopened(target: object): readonly unknown[] {
    return (target as Stamp).#values as unknown[];
  }

  static column(target: object, attribute: ColumnReader, bit: number): unknown {
    let state: InstanceState | LoadedAlike;
    try {
      state = (target as Stamp).#state;
    } catch {
      return UNSTAMPED;
    }
    if (!(state instanceof LoadedAlike)) return attribute.get(state);
    const { slot } = attribute;
    const values = (target as Stamp).#values as unknown[];
    if ((state.raw & bit) !== 0) {
      values[slot] = state.convert(slot, values[slot]);
      (target as Stamp).#state = state.afterConversion(bit);
    }
    const value = values[slot];
    return value === undefined ? attribute.get(Stamp.#open(target as Stamp, state)) : value;
  }

  static move(target: object, alike: LoadedAlike): void {
    (target as Stamp).#state = alike;
  }
}

/** Links `target` to `state`; an object is stamped once in its life. */
export function stamp(target: object, state: InstanceState): void {
  new Stamp(target, state, null);
}

/** Gives an object that was loaded its values; its state is made when it is needed. */
export function stampUnopened(target: object, alike: LoadedAlike, values: unknown[]): void {
  new Stamp(target, alike, values);
}

/** The state of an entity, made now if it was not opened yet; undefined for any other object. */
export const stateOf: (target: object) => InstanceState | undefined = Stamp.read;

/** The state of an object that is an entity: half the cost where it is read for each member of a graph. */
export const knownState: (target: object) => InstanceState = Stamp.readKnown;

/** What an entity has at present, without opening it: its state, or what it shares with others that were loaded like it. */
export const peekState: (target: object) => InstanceState | LoadedAlike = Stamp.peek;

/** The values of an entity that is not opened. */
export const unopenedValues: (target: object) => readonly unknown[] = Stamp.unopened;

/**
 * The value of a column: of an entity that is not opened as it stands in its row, converted where that was not done yet. `UNSTAMPED` for all that is no
 * entity: the access itself tells, because looking first costs as much again where a program has more than a few classes.
 */
export const readColumn: (target: object, attribute: ColumnReader, bit: number) => unknown = Stamp.column;

/** Counts an entity that is not opened among others. */
export const moveUnopened: (target: object, alike: LoadedAlike) => void = Stamp.move;

let adopter: (target: object) => InstanceState | undefined = () => undefined;

/** The mapping room tells how an instance of a mapped class gets its state at its first use. */
export function setAdopter(adopt: (target: object) => InstanceState | undefined): void {
  adopter = adopt;
}

/** The state of an instance of a mapped class, made now if this is its first use; undefined for any other object. */
export function findState(target: object): InstanceState | undefined {
  return stateOf(target) ?? adopter(target);
}
