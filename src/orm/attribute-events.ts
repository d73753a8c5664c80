/** Events of attributes: a value is set, a member comes into a collection or leaves it. A handler may put another value in its place, or refuse by a throw. */
import { Dispatch, type Handler, type ListenOptions, refusePromise, registerEventTargets } from "../engine/events.js";
import type { Attribute } from "./attributes/attribute.js";
import { ColumnAttribute } from "./attributes/column-attribute.js";
import { RelationAttribute } from "./attributes/relation-attribute.js";
import { InstrumentedColumn } from "./loading/instrumented-column.js";
import { InstrumentedRelation } from "./loading/instrumented-relation.js";
import type { Mapper } from "./mapping/mapper.js";
import type { InstanceState } from "./state.js";

/** Handlers of a column, or of a relation to one. */
export interface ScalarAttributeEvents<E, T> {
  /**
   * Before a value is stored.
   * @param previous the value before, undefined where it is not loaded (`activeHistory` loads it)
   * @returns the value to store instead; nothing keeps it
   */
  set(object: E, value: T, previous: T | undefined): T | undefined | void;
  /**
   * When a column attribute of a new object is read that was never set.
   * @returns its value from then on, which is part of the INSERT; nothing leaves it unset
   */
  initScalar(object: E): T | undefined | void;
}

/** Handlers of a collection. */
export interface CollectionAttributeEvents<E, T> {
  /** Before a member is taken in. @returns the member to take instead; nothing keeps it */
  append(object: E, member: T): T | undefined | void;
  /** When a member leaves. */
  remove(object: E, member: T): void;
}

const COLUMN: ReadonlySet<string> = new Set(["set", "initScalar"]);
const REFERENCE: ReadonlySet<string> = new Set(["set"]);
const COLLECTION: ReadonlySet<string> = new Set(["append", "remove"]);

class AttributeDispatch extends Dispatch {
  #attached = false;

  constructor(
    private readonly attribute: Attribute,
    /** Objects of this class and below are heard. */
    private readonly mapper: Mapper,
    private readonly collection: boolean,
  ) {
    super(
      collection ? COLLECTION : attribute instanceof ColumnAttribute ? COLUMN : REFERENCE,
      `${mapper.className}.${attribute.key}`,
    );
  }

  override listen(name: string, handler: Handler, options?: ListenOptions): void {
    super.listen(name, handler, options);
    this.#attach();
  }

  /** The attribute calls through once somebody listens. */
  #attach(): void {
    if (this.#attached) return;
    this.#attached = true;
    const listeners = this.attribute.listen();
    if (this.collection) {
      listeners.append.push((state, value) => this.#tell("append", state, [value], 0));
      listeners.remove.push((state, value) => void this.#tell("remove", state, [value], -1));
    } else {
      listeners.set.push((state, value, previous) => this.#tell("set", state, [value, previous], 0));
      listeners.initScalar.push((state) => this.#tell("initScalar", state, [], 0));
    }
  }

  #tell(name: string, state: InstanceState, args: unknown[], at: number): unknown {
    const listeners = this.listeners(name);
    if (listeners === null || !(state.mapper as Mapper).isA(this.mapper)) return args[0];
    for (const { call } of listeners) {
      const value = call(state.object, ...args);
      refusePromise(this, name, value);
      if (value !== undefined && at >= 0) args[at] = value;
    }
    return args[0];
  }
}

const dispatches = new WeakMap<Attribute, Map<Mapper, AttributeDispatch>>();

function dispatchOf(attribute: Attribute, mapper: Mapper): AttributeDispatch {
  let known = dispatches.get(attribute);
  if (known === undefined) {
    known = new Map();
    dispatches.set(attribute, known);
  }
  let dispatch = known.get(mapper);
  if (dispatch === undefined) {
    const collection = attribute instanceof RelationAttribute && attribute.uselist;
    dispatch = new AttributeDispatch(attribute, mapper, collection);
    known.set(mapper, dispatch);
  }
  return dispatch;
}

registerEventTargets((target) => {
  if (target instanceof InstrumentedColumn)
    return target.attribute instanceof ColumnAttribute ? dispatchOf(target.attribute, target.entity.mapper) : null;
  return target instanceof InstrumentedRelation
    ? dispatchOf(target.relationship.attribute, target.entity.mapper)
    : null;
});
