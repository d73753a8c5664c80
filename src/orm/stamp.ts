/**
 * The hidden link from an entity to its state: a `#private` field stamped on the instance from outside. It is not enumerable, spread and
 * `Object.assign` do not copy it, a Proxy does not forward it, and reading it costs no more than a property.
 */
import type { InstanceState } from "./state.js";

/** A constructor that returns the object it is given, so that a subclass's field is added to that object. */
const Returning = function (this: unknown, target: object) {
  return target;
} as unknown as new (
  target: object,
) => object;

class Stamp extends Returning {
  #state: InstanceState;

  constructor(target: object, state: InstanceState) {
    super(target);
    this.#state = state;
  }

  static read(target: object): InstanceState | undefined {
    return #state in target ? target.#state : undefined;
  }

  static readKnown(target: object): InstanceState {
    return (target as Stamp).#state;
  }
}

/** Links `target` to `state`; an object is stamped once in its life. */
export function stamp(target: object, state: InstanceState): void {
  new Stamp(target, state);
}

/** The state of an entity, or undefined for any other object. */
export const stateOf: (target: object) => InstanceState | undefined = Stamp.read;

/** The state of an object that has one: half the cost where it is read for each member of a graph. */
export const knownState: (target: object) => InstanceState = Stamp.readKnown;

let adopter: (target: object) => InstanceState | undefined = () => undefined;

/** The mapping room tells how an instance of a mapped class gets its state at its first use. */
export function setAdopter(adopt: (target: object) => InstanceState | undefined): void {
  adopter = adopt;
}

/** The state of an instance of a mapped class, made now if this is its first use; undefined for any other object. */
export function findState(target: object): InstanceState | undefined {
  return stateOf(target) ?? adopter(target);
}
